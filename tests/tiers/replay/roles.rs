//! Every address under every role; accounts; who may change what; the audit.

use serde_json::json;
use tracedeck::http::permissions::{Needs, RULES, Rule};
use tracedeck::http::protocol::Role;

use super::client::{Page, Picture, begin, get, hear, post, say, send, watch};
use super::server::{Directory, Server};

/// The address of a rule with something in its placeholders. Nothing there is destroyed: the account and the link are
/// not there.
fn address(rule: &Rule, run: &str) -> String {
    let query = match rule.path {
        "/api/probes/binary" => "?path=/bin/bash",
        "/api/runs/{id}/stacks" => "?format=folded",
        "/api/runs/{id}/at" => "?ms=0",
        _ => "",
    };
    let path = rule.path.replace("{id}", run).replace("{pid}", "7").replace("{name}", "nobody");
    path.replace("{share}", "aaaaaaaaaa") + query
}

/// Whether somebody may come so far; links are to the run of the address.
fn may(needs: Needs, role: Option<Role>) -> bool {
    match needs {
        Needs::Nothing | Needs::Own | Needs::Anyone | Needs::Run => true,
        Needs::Role(least) => role.is_some_and(|role| role >= least),
    }
}

#[tokio::test]
async fn every_address_is_open_to_the_roles_of_the_table_and_to_nobody_else() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let mut people = vec![("link", None, Page::viewer(&server, &run).await)];
    for (name, role) in [("viewer", Role::Viewer), ("operator", Role::Operator), ("admin", Role::Admin)] {
        people.push((name, Some(role), Page::account(&server, name, name).await));
    }
    for rule in RULES.iter().filter(|rule| !matches!(rule.needs, Needs::Nothing) && rule.path != "/ws") {
        let address = address(rule, &run);
        let origin = format!("http://{}", server.address);
        // Not what any of them takes: whoever is let in is told so, and nothing happens.
        let body = if rule.method == "POST" { "{}" } else { "" };
        let nobody = send(&server, rule.method, &address, &[("Origin", &origin)], body).await;
        assert_eq!(nobody.status, 401, "nobody {} {address}", rule.method);
        for (name, role, page) in &people {
            let answer = page.send(&server, rule.method, &address, body).await;
            assert_ne!(answer.status, 401, "{name} {} {address}", rule.method);
            assert_ne!(answer.status, 500, "{name} {} {address}: {}", rule.method, answer.body);
            let refused = answer.status == 403 && answer.json()["code"] != "not-yours";
            assert_eq!(!refused, may(rule.needs, *role), "{name} {} {address}: {}", rule.method, answer.body);
        }
        if rule.needs == Needs::Run {
            let other = begin(&server).await;
            let link = &people[0].2;
            let elsewhere = link.send(&server, rule.method, &address.replace(&run, &other), body).await;
            assert_eq!(elsewhere.status, 404, "a link to another run opens {address}");
        }
    }
}

#[tokio::test]
async fn an_operator_stops_its_own_runs_and_an_admin_all() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (ada, bob) = (Page::account(&server, "ada", "operator").await, Page::account(&server, "bob", "operator").await);
    let body = json!({ "source": "begin { @[comm] = count(); }" }).to_string();
    let id = ada.send(&server, "POST", "/api/runs", &body).await.json()["id"].as_str().unwrap().to_owned();
    server.stage().begin();
    assert_eq!(get(&server, &format!("/api/runs/{id}")).await.json()["started_by"], "ada");
    let stop = format!("/api/runs/{id}/stop");
    let refused = bob.send(&server, "POST", &stop, "{}").await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("not-yours")));
    // The same over a socket.
    let mut socket = watch(&server, &bob, &id, 0).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "snapshot");
    say(&mut socket, &json!({ "type": "stop" })).await;
    let mut picture = Picture::default();
    assert!(picture.until(&mut socket, |picture| !picture.errors.is_empty()).await);
    assert!(picture.errors[0].contains("ada"), "{:?}", picture.errors);
    assert_eq!(ada.send(&server, "POST", &stop, "{}").await.status, 200);
    assert!(picture.follow(&mut socket).await);
    let theirs = bob.send(&server, "POST", "/api/runs", &body).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(post(&server, &format!("/api/runs/{theirs}/stop"), &json!({})).await.status, 200);
}

#[tokio::test]
async fn an_account_that_is_removed_is_out_at_once() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let ada = Page::account(&server, "ada", "viewer").await;
    let mut socket = watch(&server, &ada, &run, 0).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "snapshot");
    let admin = Page::operator(&server).await;
    assert_eq!(admin.send(&server, "DELETE", "/api/users/ada", "").await.status, 204);
    let mut picture = Picture::default();
    assert!(!picture.until(&mut socket, |_| false).await, "the connection goes on");
    assert_eq!(picture.errors.len(), 1, "{:?}", picture.errors);
    assert_eq!(ada.send(&server, "GET", "/api/me", "").await.status, 401);
    assert_eq!(admin.send(&server, "DELETE", "/api/users/ada", "").await.status, 404);
    assert_eq!(get(&server, "/api/users").await.json()["users"], json!([]));
}

#[tokio::test]
async fn tokens_of_accounts_are_kept_as_hashes_alone() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let made = post(&server, "/api/users", &json!({ "name": "ada", "role": "viewer" })).await.json();
    let token = made["token"].as_str().unwrap().to_owned();
    let run = begin(&server).await;
    let (_, key) = super::client::share(&server, &run, &json!({ "frozen": false, "expires_in_seconds": 60 })).await;
    server.stop().await;
    for entry in std::fs::read_dir(&directory.0).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [&token, &key] {
            assert!(
                !content.windows(secret.len()).any(|part| part == secret.as_bytes()),
                "a secret is stored as it is"
            );
        }
    }
}

#[tokio::test]
async fn bad_accounts_are_refused_with_a_sentence() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    for (body, status) in [
        (json!({ "name": "a b", "role": "viewer" }), 400),
        (json!({ "name": "root", "role": "viewer" }), 400),
        (json!({ "name": "ada", "role": "god" }), 422),
        (json!({ "name": "ada" }), 422),
    ] {
        let answer = post(&server, "/api/users", &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        assert!(answer.json()["message"].as_str().unwrap().len() > 20, "{body}");
    }
}

#[tokio::test]
async fn the_audit_tells_who_ran_stopped_and_shared_what() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let ada = Page::account(&server, "ada", "operator").await;
    let source = "begin { printf(\"hidden later\") }";
    let body = json!({ "source": source, "title": "Files", "idempotency_key": "one press" }).to_string();
    let id = ada.send(&server, "POST", "/api/runs", &body).await.json()["id"].as_str().unwrap().to_owned();
    // The same press again is the same run, and is not told twice.
    ada.send(&server, "POST", "/api/runs", &body).await;
    server.stage().begin();
    let shares = format!("/api/runs/{id}/shares");
    let wish = json!({ "frozen": false, "expires_in_seconds": 60 }).to_string();
    let share = ada.send(&server, "POST", &shares, &wish).await.json()["share"]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.send(&server, "DELETE", &format!("/api/shares/{share}"), "").await.status, 204);
    ada.send(&server, "POST", &format!("/api/runs/{id}/stop"), "{}").await;
    ada.send(&server, "POST", &format!("/api/runs/{id}/stop"), "{}").await;

    let of_ada = get(&server, "/api/audit?who=ada").await.json();
    let actions: Vec<&str> =
        of_ada["entries"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions.iter().rev().copied().collect::<Vec<_>>(), ["login", "run", "share", "revoke", "stop"]);
    let ran = &get(&server, "/api/audit?who=ada&action=run").await.json()["entries"][0];
    assert_eq!((&ran["subject"], &ran["detail"], &ran["run"]), (&json!("Files"), &json!(source), &json!(id)));
    assert_eq!(get(&server, "/api/audit?text=HIDDEN%20later").await.json()["entries"].as_array().unwrap().len(), 1);
    let first = of_ada["entries"][4]["id"].as_i64().unwrap();
    let older = get(&server, &format!("/api/audit?before={first}")).await.json();
    assert_eq!(older["entries"][0]["action"], "user-add");
    let lines = get(&server, "/api/audit.jsonl?who=ada").await;
    assert_eq!(lines.header("content-type"), Some("application/jsonl; charset=utf-8"));
    let last: serde_json::Value = serde_json::from_str(lines.body.lines().last().unwrap()).unwrap();
    assert_eq!((lines.body.lines().count(), &last["action"]), (5, &json!("stop")));
}
