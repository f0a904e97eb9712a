//! Links: live and frozen, until they expire or are revoked.

use serde_json::{Value, json};
use tracedeck::session::event::Event;

use super::client::{Page, Picture, begin, get, hear, post, say, share, watch};
use super::server::{Directory, Server, counts, printf};

fn live() -> Value {
    json!({ "frozen": false, "expires_in_seconds": 3600 })
}

#[tokio::test]
async fn a_guest_is_told_what_it_sees_and_others_that_it_watches() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    server.stage().begin();
    let wish = json!({ "frozen": false, "expires_in_seconds": 3600, "title": "Look here", "note": "the second hump", "address": "show=%40&zoom=1" });
    let created = post(&server, &format!("/api/runs/{run}/shares"), &wish).await.json();
    let path = created["path"].as_str().unwrap();
    assert!(path.starts_with(&format!("/r/{run}?show=%40&zoom=1#v=")), "{path}");
    let key = path.split_once("#v=").unwrap().1;
    let guest = Page::login(&server, &json!({ "run": run, "view": key })).await.unwrap();
    let me = guest.send(&server, "GET", "/api/me", "").await.json();
    assert_eq!((&me["name"], &me["role"]), (&json!("guest"), &json!("viewer")));
    assert_eq!(
        (&me["link"]["title"], &me["link"]["note"], &me["link"]["created_by"]),
        (&json!("Look here"), &json!("the second hump"), &json!("root"))
    );
    let ada = Page::account(&server, "ada", "viewer").await;
    let _first = watch(&server, &ada, &run, 0).await;
    let _second = watch(&server, &ada, &run, 0).await;
    let mut socket = watch(&server, &guest, &run, 0).await;
    let everybody = json!([{ "name": "ada", "guest": false, "tabs": 2, "at": null }, { "name": "guest", "guest": true, "tabs": 1, "at": null }]);
    while hear(&mut socket).await.expect("the connection ended")["run"]["watching"] != everybody {}
    drop((_first, _second));
    let alone = json!([{ "name": "guest", "guest": true, "tabs": 1, "at": null }]);
    while hear(&mut socket).await.expect("the connection ended")["run"]["watching"] != alone {}
    let listed = get(&server, "/api/shares").await;
    assert_eq!(listed.json()["shares"][0]["state"], "open");
    assert!(!listed.body.contains(key), "the list tells the key");
}

#[tokio::test]
async fn who_watches_is_told_where_the_others_look() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    server.stage().begin();
    let (_, key) = share(&server, &run, &live()).await;
    let guest = Page::login(&server, &json!({ "run": run, "view": key })).await.unwrap();
    let (ada, vera) = (Page::account(&server, "ada", "operator").await, Page::account(&server, "vera", "viewer").await);
    let mut first = watch(&server, &ada, &run, 0).await;
    let mut second = watch(&server, &ada, &run, 0).await;
    let mut looking = watch(&server, &vera, &run, 0).await;
    let mut by_link = watch(&server, &guest, &run, 0).await;
    let look = |address: &str| json!({ "type": "looking", "address": address });
    // The tab that moved last tells; where a guest looks is not told.
    say(&mut by_link, &look("show=log")).await;
    for (is_first, address) in [(true, "show=%40&zoom=1"), (false, "show=log"), (true, "find=read")] {
        say(if is_first { &mut first } else { &mut second }, &look(address)).await;
        let ada = json!({ "name": "ada", "guest": false, "tabs": 2, "at": address });
        let others = [
            json!({ "name": "guest", "guest": true, "tabs": 1, "at": null }),
            json!({ "name": "vera", "guest": false, "tabs": 1, "at": null }),
        ];
        let wanted = json!([ada, others[0], others[1]]);
        while hear(&mut looking).await.expect("the connection ended")["run"]["watching"] != wanted {}
    }
    drop(first);
    let left = json!({ "name": "ada", "guest": false, "tabs": 1, "at": "show=log" });
    while hear(&mut looking).await.expect("the connection ended")["run"]["watching"][0] != left {}
    say(&mut looking, &look(&"x".repeat(2001))).await;
    let refusal = loop {
        let message = hear(&mut looking).await.expect("the connection ended");
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!(refusal["message"], "The address of a view has at most 2000 characters");
}

#[tokio::test]
async fn a_link_that_is_revoked_ends_at_once_and_says_so() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let (made, key) = share(&server, &run, &live()).await;
    let login = json!({ "run": run, "view": key });
    let guest = Page::login(&server, &login).await.unwrap();
    let mut socket = watch(&server, &guest, &run, 0).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "snapshot");
    let admin = Page::operator(&server).await;
    let of_share = format!("/api/shares/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.send(&server, "DELETE", &of_share, "").await.status, 204);
    let mut picture = Picture::default();
    assert!(!picture.until(&mut socket, |_| false).await, "the connection goes on");
    assert_eq!(picture.errors.len(), 1, "{:?}", picture.errors);
    assert_eq!(guest.send(&server, "GET", &format!("/api/runs/{run}"), "").await.status, 401);
    let refused = Page::login(&server, &login).await.unwrap_err();
    assert_eq!((refused.status, &refused.json()["code"]), (410, &json!("link-revoked")));
    assert_eq!(get(&server, &format!("/api/runs/{run}/shares")).await.json()["shares"][0]["state"], "revoked");
}

#[tokio::test]
async fn a_link_that_has_expired_says_so() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let (_, key) = share(&server, &run, &json!({ "frozen": false, "expires_in_seconds": 1 })).await;
    let login = json!({ "run": run, "view": key });
    let refused = loop {
        match Page::login(&server, &login).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(refused) => break refused,
        }
    };
    assert_eq!((refused.status, &refused.json()["code"]), (410, &json!("link-expired")));
}

#[tokio::test]
async fn a_frozen_link_shows_what_there_was_and_new_data_does_not_change_it() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let stage = server.stage();
    stage.begin();
    stage.send(printf("before\n"));
    stage.send(Event::Maps(counts(&[("bash", 3)])));
    let page = Page::operator(&server).await;
    let mut seen = Picture::default();
    let mut socket = watch(&server, &page, &run, 0).await;
    assert!(seen.until(&mut socket, |seen| seen.maps.first().is_some_and(|map| map["sum"] == 3)).await);
    let (made, key) = share(&server, &run, &json!({ "frozen": true, "expires_in_seconds": 3600 })).await;
    let copy = made["run"].as_str().unwrap().to_owned();
    assert_ne!(copy, run);
    stage.send(printf("after\n"));
    stage.send(Event::Maps(counts(&[("bash", 50)])));
    stage.end();
    assert!(seen.follow(&mut socket).await);

    let guest = Page::login(&server, &json!({ "run": copy, "view": key })).await.unwrap();
    let mut picture = Picture::default();
    assert!(picture.follow(&mut watch(&server, &guest, &copy, 0).await).await);
    assert_eq!(picture.log, [(1, "before".to_owned())]);
    assert_eq!(picture.maps[0]["sum"], 3);
    assert_eq!(picture.reason.as_deref(), Some("A frozen copy; the run went on"));
    assert_eq!(guest.send(&server, "GET", &format!("/api/runs/{run}"), "").await.status, 404, "the run itself is open");
    let text = guest.send(&server, "GET", &format!("/api/runs/{copy}/output.txt"), "").await.body;
    assert!(text.contains("before") && !text.contains("after"), "{text}");
    // It is no run of its own in the list, and goes with its link.
    assert_eq!(get(&server, "/api/runs").await.json()["runs"].as_array().unwrap().len(), 1);
    let of_share = format!("/api/shares/{}", made["id"].as_str().unwrap());
    assert_eq!(page.send(&server, "DELETE", &of_share, "").await.status, 204);
    assert_eq!(get(&server, &format!("/api/runs/{copy}")).await.status, 404);
    assert_eq!(get(&server, &format!("/api/runs/{run}")).await.status, 200);
}

#[tokio::test]
async fn links_are_limited_and_belong_to_who_made_them() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let (ada, bob) = (Page::account(&server, "ada", "operator").await, Page::account(&server, "bob", "operator").await);
    let shares = format!("/api/runs/{run}/shares");
    for wish in [
        json!({ "frozen": false, "expires_in_seconds": null }),
        json!({ "frozen": false, "expires_in_seconds": 0 }),
        json!({ "frozen": false, "expires_in_seconds": 91 * 24 * 3600 }),
        json!({ "frozen": false, "expires_in_seconds": 60, "note": "x".repeat(2001) }),
    ] {
        assert_eq!(ada.send(&server, "POST", &shares, &wish.to_string()).await.status, 400, "{wish}");
    }
    assert_eq!(post(&server, &shares, &json!({ "frozen": false, "expires_in_seconds": null })).await.status, 201);
    let made = ada.send(&server, "POST", &shares, &live().to_string()).await.json();
    let of_share = format!("/api/shares/{}", made["share"]["id"].as_str().unwrap());
    assert_eq!(bob.send(&server, "DELETE", &of_share, "").await.status, 403);
    assert_eq!(ada.send(&server, "DELETE", &of_share, "").await.status, 204);
}
