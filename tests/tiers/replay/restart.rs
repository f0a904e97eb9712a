//! What is there after the server was stopped or killed.

use tracedeck::session::event::Event;

use super::client::{Page, Picture, begin, get, watch};
use super::server::{Directory, Server, counts, printf};

#[tokio::test]
async fn an_ended_run_looks_the_same_after_a_restart() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (page, run) = (Page::operator(&server).await, begin(&server).await);
    let stage = server.stage();
    stage.begin();
    stage.send(printf("kept\n"));
    stage.send(Event::FinalMaps(counts(&[("cat", 1), ("bash", 3)])));
    stage.end();
    let mut before = Picture::default();
    assert!(before.follow(&mut watch(&server, &page, &run, 0).await).await);
    server.stop().await;

    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let mut after = Picture::default();
    // With a sequence number of the live run, as a page has that reconnects.
    assert!(after.follow(&mut watch(&server, &page, &run, before.sequence).await).await);
    assert_eq!(after, Picture { snapshots: 1, ..before.clone() });
    assert_eq!((before.log.len(), before.maps.len()), (1, 1));
    let listed = get(&server, "/api/runs").await.json();
    assert_eq!(listed["runs"][0]["reason"], "Finished");
}

#[tokio::test]
async fn a_run_that_was_under_way_is_there_up_to_the_last_second() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let stage = server.stage();
    stage.begin();
    stage.send(printf("early\n"));
    stage.send(Event::Maps(counts(&[("bash", 3)])));
    while !get(&server, &format!("/api/runs/{run}/output.txt")).await.body.contains("early") {}
    stage.send(printf("late\n"));
    server.vanish().await;

    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let mut picture = Picture::default();
    assert!(picture.follow(&mut watch(&server, &page, &run, 0).await).await);
    assert_eq!(picture.reason.as_deref(), Some("The server stopped while the script ran"));
    assert_eq!(picture.log, [(1, "early".to_owned())]);
    assert_eq!(picture.maps[0]["sum"], 3);
    assert_eq!(get(&server, &format!("/api/runs/{run}")).await.json()["ok"], false);
}

#[tokio::test]
async fn pages_stay_logged_in_over_a_restart() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (operator, run) = (Page::operator(&server).await, begin(&server).await);
    let viewer = Page::viewer(&server, &run).await;
    server.stop().await;
    let mut server = Server::start(&directory).await;
    // The cookie's name holds the port, which is another one here; browsers keep it for the same one.
    let port = server.address.port();
    let renamed = |page: &Page| {
        let (_, value) = page.cookie.split_once('=').unwrap();
        Page { cookie: format!("tracedeck-{port}={value}"), ..page.clone() }
    };
    assert_eq!(renamed(&operator).send(&server, "GET", "/api/runs", "").await.status, 200);
    assert_eq!(renamed(&viewer).send(&server, "GET", "/api/runs", "").await.status, 403);
    assert_eq!(renamed(&viewer).send(&server, "GET", &format!("/api/runs/{run}"), "").await.status, 200);
    server.api_token.clear();
}
