//! Pages that watch runs.

use serde_json::{Value, json};
use tracedeck::session::event::{EndReason, Event};

use super::client::{Page, Picture, bearer, begin, connect, hear, say, upgrade, watch};
use super::server::{Directory, Server, counts, printf};

#[tokio::test]
async fn a_page_sees_a_run_from_its_start_to_its_end() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    let mut socket = watch(&server, &page, &run, 0).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| picture.snapshots == 1).await);
    assert_eq!(picture.state, "starting");
    let stage = server.stage();
    stage.begin();
    assert!(picture.until(&mut socket, |picture| picture.state == "running").await);
    stage.send(printf("a\tb \u{1b}[31m\nc\n"));
    stage.send(Event::Maps(counts(&[("cat", 1), ("bash", 3)])));
    assert!(picture.until(&mut socket, |picture| !picture.maps.is_empty()).await);
    stage.end();
    assert!(picture.follow(&mut socket).await);
    assert_eq!(picture.log, [(1, "a\tb \\x1b[31m".to_owned()), (2, "c".to_owned())]);
    let map = &picture.maps[0];
    assert_eq!((&map["name"], &map["sum"], &map["total_entries"]), (&json!("@"), &json!(4), &json!(2)));
    assert_eq!(map["entries"][0], json!({ "key": [{ "t": "text", "v": "bash" }], "value": { "t": "number", "v": 3 } }));
    assert_eq!((picture.snapshots, picture.reason.as_deref()), (1, Some("Finished")));
}

#[tokio::test]
async fn a_page_that_was_cut_off_resumes_where_it_was() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    let (mut steady, mut cut) = (Picture::default(), Picture::default());
    let mut steady_socket = watch(&server, &page, &run, 0).await;
    let stage = server.stage();
    stage.begin();
    for round in 0..8_u64 {
        let mut socket = watch(&server, &page, &run, cut.sequence).await;
        for line in 0..20 {
            stage.send(printf(&format!("{round} {line}\n")));
        }
        stage.send(Event::Maps(counts(&[("bash", round)])));
        let wanted = (round + 1) * 20;
        let last = |picture: &Picture| picture.log.last().map_or(0, |line| line.0);
        // Goes away in the middle of some rounds and behind others.
        let patience = if round % 2 == 0 { wanted - 10 } else { wanted };
        assert!(cut.until(&mut socket, |picture| last(picture) >= patience).await);
        drop(socket);
    }
    stage.end();
    assert!(steady.follow(&mut steady_socket).await);
    assert!(cut.follow(&mut watch(&server, &page, &run, cut.sequence).await).await);
    assert_eq!(cut.snapshots, 1, "all later ones resumed");
    assert_eq!(steady, cut);
    assert_eq!(steady.log.len(), 160);
}

#[tokio::test]
async fn two_pages_see_the_same_and_a_page_that_does_not_read_holds_nobody_up() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    let viewer = Page::viewer(&server, &run).await;
    // Says hello and never reads again.
    let _stuck = watch(&server, &viewer, &run, 0).await;
    let (mut first, mut second) = (watch(&server, &page, &run, 0).await, watch(&server, &viewer, &run, 0).await);
    let (mut seen_first, mut seen_second) = (Picture::default(), Picture::default());
    let stage = server.stage();
    stage.begin();
    let line = "x".repeat(500);
    for n in 0..20_000 {
        stage.send(printf(&format!("{n} {line}\n")));
        if n % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    stage.end();
    let both = futures_util::future::join(seen_first.follow(&mut first), seen_second.follow(&mut second));
    assert_eq!(both.await, (true, true));
    for seen in [&seen_first, &seen_second] {
        assert_eq!(seen.log.last().unwrap().0, 20_000);
        assert!(seen.log.is_sorted_by(|one, next| one.0 < next.0));
        // A page that fell so far behind that it was given a second snapshot knows what came before it from there.
        if seen.snapshots == 1 {
            assert_eq!(seen.log.len() as u64 + seen.skipped, 20_000);
        }
    }
    assert_eq!(server.app.runs.find(&run).unwrap().hub().status().watchers, 3);
}

#[tokio::test]
async fn a_page_that_reads_nothing_is_let_go_is_told_so_and_may_come_back() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    let (mut stuck, mut steady) = (watch(&server, &page, &run, 0).await, watch(&server, &page, &run, 0).await);
    let (mut behind, mut seen) = (Picture::default(), Picture::default());
    assert!(behind.until(&mut stuck, |picture| picture.snapshots == 1).await);
    assert!(seen.until(&mut steady, |picture| picture.snapshots == 1).await);
    let stage = server.stage();
    stage.begin();
    let hub = std::sync::Arc::clone(server.app.runs.find(&run).unwrap().hub());
    assert_eq!(hub.status().watchers, 2);
    let (line, mut sent) = ("x".repeat(500), 0);
    while hub.status().watchers == 2 {
        for _ in 0..200 {
            sent += 1;
            stage.send(printf(&format!("{sent} {line}\n")));
        }
        assert!(seen.until(&mut steady, |picture| picture.log.last().is_some_and(|line| line.0 == sent)).await);
    }
    assert!(behind.until(&mut stuck, |picture| picture.evicted.is_some()).await, "it was not told");
    assert_eq!(behind.evicted, Some(tracedeck::http::socket::SEND_DEADLINE.as_secs()));
    assert_eq!(hear(&mut stuck).await, None, "the connection goes on");
    assert!(behind.log.last().unwrap().0 < sent);
    let mut again = watch(&server, &page, &run, behind.sequence).await;
    stage.end();
    assert!(behind.follow(&mut again).await);
    assert_eq!(behind.log.last().unwrap().0, sent);
    if behind.snapshots == 1 {
        assert_eq!(behind.log.len() as u64 + behind.skipped, sent, "a line is neither shown nor counted");
    }
}

#[tokio::test]
async fn an_operator_stops_a_run_and_a_viewer_cannot() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    server.stage().begin();
    let viewer = Page::viewer(&server, &run).await;
    let mut socket = watch(&server, &viewer, &run, 0).await;
    let mut picture = Picture::default();
    say(&mut socket, &json!({ "type": "stop" })).await;
    assert!(picture.until(&mut socket, |picture| !picture.errors.is_empty()).await);
    assert!(picture.state != "ended" && picture.state != "stopping", "{}", picture.state);
    let mut operator = watch(&server, &page, &run, 0).await;
    say(&mut operator, &json!({ "type": "stop" })).await;
    assert!(picture.follow(&mut socket).await);
    assert_eq!(picture.reason.as_deref(), Some("Stopped by a person"));
}

#[tokio::test]
async fn a_socket_changes_runs_within_what_its_role_may_see() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let first = begin(&server).await;
    server.stage().send(printf("first\n"));
    let second = begin(&server).await;
    server.stage().send(printf("second\n"));
    let mut socket = watch(&server, &page, &first, 0).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| picture.log.last().is_some_and(|line| line.1 == "first")).await);
    say(&mut socket, &json!({ "type": "subscribe", "run": second })).await;
    assert!(picture.until(&mut socket, |picture| picture.log.last().is_some_and(|line| line.1 == "second")).await);
    let viewer = Page::viewer(&server, &first).await;
    let mut socket = watch(&server, &viewer, &first, 0).await;
    say(&mut socket, &json!({ "type": "subscribe", "run": second })).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| !picture.errors.is_empty()).await);
    assert_eq!(picture.errors, ["There is no such run"]);
}

#[tokio::test]
async fn a_socket_without_a_good_hello_is_closed() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    let other = Page::operator(&server).await;
    for hello in [
        json!({ "type": "stop" }),
        json!({ "type": "hello", "run": run }),
        json!({ "type": "hello", "run": run, "secret": "wrong" }),
        json!({ "type": "hello", "run": run, "secret": other.secret }),
        json!({ "type": "hello", "run": "aaaaaaaaaa", "secret": page.secret }),
        json!({ "type": "hello", "run": run, "secret": page.secret, "more": 1 }),
        json!({ "type": "hello", "run": run, "secret": page.secret, "after": -1 }),
        json!([]),
        Value::Null,
    ] {
        let mut socket = connect(&server, &page).await;
        say(&mut socket, &hello).await;
        assert_eq!(hear(&mut socket).await.map(|message| message["type"].clone()), Some(json!("error")), "{hello}");
        assert_eq!(hear(&mut socket).await, None, "{hello}");
    }
}

#[tokio::test]
async fn a_program_watches_with_its_token() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let mut socket = upgrade(&server, &[("Authorization", &bearer(&server.api_token))]).await.unwrap();
    say(&mut socket, &json!({ "type": "hello", "run": run })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "snapshot");
    say(&mut socket, &json!({ "type": "nonsense" })).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| !picture.errors.is_empty()).await, "the connection stays");
}

#[tokio::test]
async fn a_run_that_dies_is_shown_and_others_go_on() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let (dying, living) = (begin(&server).await, begin(&server).await);
    let mut socket = watch(&server, &page, &dying, 0).await;
    let run = server.app.runs.find(&dying).unwrap();
    run.stop();
    let mut picture = Picture::default();
    assert!(picture.follow(&mut socket).await);
    let stage = server.stage();
    stage.begin();
    stage.send(Event::Ended { reason: EndReason::WorkerDied { message: "It is gone".to_owned() }, exit_code: 1 });
    let mut picture = Picture::default();
    assert!(picture.follow(&mut watch(&server, &page, &living, 0).await).await);
    assert_eq!(picture.reason.as_deref(), Some("It is gone"));
}

#[tokio::test]
async fn pages_are_told_when_the_server_shuts_down() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    server.stage().begin();
    let mut socket = watch(&server, &page, &run, 0).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| picture.state == "running").await);
    let stopping = tokio::spawn(server.stop());
    assert!(picture.follow(&mut socket).await);
    assert_eq!(picture.reason.as_deref(), Some("The server stopped while the script ran"));
    assert_eq!(hear(&mut socket).await, None);
    stopping.await.unwrap();
}
