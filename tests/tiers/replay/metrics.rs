//! `/metrics`: maps that are ticked for it, while their run goes on.

use serde_json::json;
use tracedeck::session::event::Event;

use super::client::{Page, Picture, begin, get, post, send, watch};
use super::server::{Directory, Server, counts};

#[tokio::test]
async fn a_ticked_map_is_exposed_until_its_run_ends() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let stage = server.stage();
    stage.begin();
    stage.send(Event::Maps(counts(&[("bash", 3), ("\"} 9\n# EOF", 5)])));
    let page = Page::operator(&server).await;
    let mut socket = watch(&server, &page, &run, 0).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| !picture.maps.is_empty()).await);

    let text = get(&server, "/metrics").await.body;
    assert!(text.contains("\ntracedeck_runs 1\n") && text.contains("\ntracedeck_viewers 1\n"), "{text}");
    assert!(text.contains("\ntracedeck_resident_memory_bytes "), "{text}");
    assert!(text.contains(&format!("\ntracedeck_lost_events_total{{run=\"{run}\"}} 0\n")), "{text}");
    assert!(!text.contains("tracedeck_map"), "a map that nobody ticked is exposed: {text}");

    let of_run = format!("/api/runs/{run}/metrics");
    assert_eq!(post(&server, &of_run, &json!({ "map": "@", "exposed": true })).await.status, 204);
    assert_eq!(get(&server, &of_run).await.json(), json!({ "maps": ["@"] }));
    let answer = get(&server, "/metrics").await;
    assert_eq!(answer.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let lines: Vec<&str> = answer.body.lines().collect();
    assert!(lines.contains(&"# TYPE tracedeck_map_samples counter"), "{lines:?}");
    let of_bash = format!("tracedeck_map_samples_total{{run=\"{run}\",key=\"bash\"}} 3");
    assert!(lines.contains(&&*of_bash), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| **line == "# EOF").count(), 1, "a key ends the answer: {lines:?}");
    assert_eq!(lines.last(), Some(&"# EOF"));

    assert_eq!(post(&server, &of_run, &json!({ "map": "@", "exposed": false })).await.status, 204);
    assert!(!get(&server, "/metrics").await.body.contains("tracedeck_map"));
    assert_eq!(post(&server, &of_run, &json!({ "map": "@", "exposed": true })).await.status, 204);
    stage.end();
    assert!(picture.follow(&mut socket).await);
    while get(&server, "/metrics").await.body.contains(&run) {}
    let late = post(&server, &of_run, &json!({ "map": "@", "exposed": true })).await;
    assert_eq!((late.status, &late.json()["code"]), (400, &json!("run-ended")));
}

#[tokio::test]
async fn metrics_are_for_accounts_and_ticks_for_operators() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    server.stage().begin();
    assert_eq!(send(&server, "GET", "/metrics", &[], "").await.status, 401);
    let guest = Page::viewer(&server, &run).await;
    assert_eq!(guest.send(&server, "GET", "/metrics", "").await.status, 403);
    let ada = Page::account(&server, "ada", "viewer").await;
    assert_eq!(ada.send(&server, "GET", "/metrics", "").await.status, 200);
    let made = post(&server, "/api/users", &json!({ "name": "prometheus", "role": "viewer" })).await.json();
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    assert_eq!(send(&server, "GET", "/metrics", &[("Authorization", &bearer)], "").await.status, 200);
    let of_run = format!("/api/runs/{run}/metrics");
    let wish = json!({ "map": "@", "exposed": true }).to_string();
    assert_eq!(ada.send(&server, "POST", &of_run, &wish).await.status, 403);
    let other = post(&server, &of_run, &json!({ "map": "@other", "exposed": true })).await;
    assert_eq!((other.status, &other.json()["code"]), (400, &json!("no-such-map")));
}
