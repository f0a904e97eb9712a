//! Notes to places of a run, and how long runs are kept.

use serde_json::{Value, json};

use super::client::{Page, begin, get, hear, post, share, watch};
use super::server::{Directory, Server};

fn moment(text: &str) -> Value {
    json!({ "place": { "kind": "moment", "at_ms": 1500 }, "text": text, "address": "to=1500" })
}

#[tokio::test]
async fn a_note_is_seen_by_all_who_see_the_run_and_outlives_the_server() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let stage = server.stage();
    stage.begin();
    let (_, key) = share(&server, &run, &json!({ "frozen": false, "expires_in_seconds": 3600 })).await;
    let guest = Page::login(&server, &json!({ "run": run, "view": key })).await.unwrap();
    let mut socket = watch(&server, &guest, &run, 0).await;
    assert_eq!(hear(&mut socket).await.unwrap()["run"]["notes"], 0);
    let notes = format!("/api/runs/{run}/notes");
    let frame = json!({ "place": { "kind": "frame", "map": "@", "zoom": "1f", "name": "<b>\u{202e}" }, "text": " hot since the deploy " });
    let bucket =
        json!({ "place": { "kind": "bucket", "map": "@ns", "key": "bash", "bucket": "[4, 8)" }, "text": "who?" });
    for note in [moment("here"), frame, bucket] {
        assert_eq!(post(&server, &notes, &note).await.status, 201);
    }
    // A page that watches is told that there is something to ask for.
    while hear(&mut socket).await.expect("the connection ended")["run"]["notes"] != 3 {}
    let seen = guest.send(&server, "GET", &notes, "").await.json();
    let texts: Vec<&Value> = seen["notes"].as_array().unwrap().iter().map(|note| &note["text"]).collect();
    assert_eq!(texts, ["here", "hot since the deploy", "who?"]);
    assert_eq!(seen["notes"][0]["place"], json!({ "kind": "moment", "at_ms": 1500 }));
    assert_eq!((&seen["notes"][0]["author"], &seen["notes"][0]["address"]), (&json!("root"), &json!("to=1500")));
    assert_eq!(seen["notes"][1]["place"]["name"], "<b>\u{202e}");

    let (copy, _) = share(&server, &run, &json!({ "frozen": true, "expires_in_seconds": 3600 })).await;
    let of_copy = format!("/api/runs/{}/notes", copy["run"].as_str().unwrap());
    assert_eq!(
        get(&server, &of_copy).await.json()["notes"].as_array().unwrap().len(),
        3,
        "a frozen link has its notes"
    );
    stage.end();
    server.stop().await;
    let server = Server::start(&directory).await;
    assert_eq!(get(&server, &notes).await.json(), seen);
}

#[tokio::test]
async fn notes_are_written_by_operators_and_removed_by_who_wrote_them() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    server.stage().begin();
    let notes = format!("/api/runs/{run}/notes");
    let guest = Page::viewer(&server, &run).await;
    let vera = Page::account(&server, "vera", "viewer").await;
    let (ada, bob) = (Page::account(&server, "ada", "operator").await, Page::account(&server, "bob", "operator").await);
    for page in [&guest, &vera] {
        assert_eq!(page.send(&server, "POST", &notes, &moment("no").to_string()).await.status, 403);
    }
    let mine = ada.send(&server, "POST", &notes, &moment("mine").to_string()).await.json();
    let of_note = format!("{notes}/{}", mine["id"]);
    assert_eq!(bob.send(&server, "DELETE", &of_note, "").await.status, 403);
    assert_eq!(ada.send(&server, "DELETE", &of_note, "").await.status, 204);
    assert_eq!(ada.send(&server, "DELETE", &of_note, "").await.status, 404);
    let other = bob.send(&server, "POST", &notes, &moment("other").to_string()).await.json();
    let admin = Page::operator(&server).await;
    assert_eq!(admin.send(&server, "DELETE", &format!("{notes}/{}", other["id"]), "").await.status, 204);
    assert_eq!(get(&server, &notes).await.json(), json!({ "notes": [] }));

    for (bad, status) in [
        (moment("  "), 400),
        (moment(&"x".repeat(2001)), 400),
        (json!({ "place": { "kind": "frame", "map": "@", "zoom": "1", "name": "x".repeat(5000) }, "text": "x" }), 400),
        (json!({ "place": { "kind": "planet" }, "text": "x" }), 422),
        (json!({ "text": "x" }), 422),
    ] {
        let answer = post(&server, &notes, &bad).await;
        assert_eq!(answer.status, status, "{bad}: {}", answer.body);
    }
    assert_eq!(post(&server, "/api/runs/aaaaaaaaaa/notes", &moment("x")).await.status, 404);
    assert_eq!(guest.send(&server, "GET", "/api/runs/aaaaaaaaaa/notes", "").await.status, 404);
}

#[tokio::test]
async fn an_administrator_says_how_long_runs_are_kept_and_all_see_what_is_due() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (first, _second) = (begin(&server).await, begin(&server).await);
    server.stage().begin();
    assert_eq!(post(&server, &format!("/api/runs/{first}/pin"), &json!({ "pinned": true })).await.status, 204);
    let before = get(&server, "/api/storage").await.json();
    assert_eq!((&before["keep_days"], &before["runs"], &before["due"]), (&json!(0), &json!(2), &json!(0)));
    assert!(
        before["used_bytes"].as_u64().unwrap() > 0 && before["limit_bytes"].as_u64() > before["used_bytes"].as_u64()
    );
    let ada = Page::account(&server, "ada", "operator").await;
    let thirty = json!({ "keep_days": 30 });
    assert_eq!(ada.send(&server, "POST", "/api/storage", &thirty.to_string()).await.status, 403);
    assert_eq!(post(&server, "/api/storage", &thirty).await.json()["keep_days"], 30);
    assert_eq!(ada.send(&server, "GET", "/api/storage", "").await.json()["keep_days"], 30);
    assert_eq!(post(&server, "/api/storage", &json!({ "keep_days": 99_999 })).await.status, 400);
    let audit = get(&server, "/api/audit?action=retention").await.json();
    assert_eq!(audit["entries"][0]["subject"], "30 days");
    server.stop().await;
    let server = Server::start(&directory).await;
    let after = get(&server, "/api/storage").await.json();
    assert_eq!((&after["keep_days"], &after["kept"]), (&json!(30), &json!(1)), "the pinned run is kept");
}
