//! Who gets in, and how far.

use serde_json::json;

use super::client::{Page, bearer, begin, get, raw, send, share, upgrade};
use super::server::{Directory, Server};

/// Every address, with a method it takes.
const ADDRESSES: [(&str, &str); 23] = [
    ("GET", "/api/me"),
    ("GET", "/api/users"),
    ("GET", "/api/audit"),
    ("GET", "/api/host"),
    ("GET", "/api/language"),
    ("GET", "/api/examples"),
    ("GET", "/api/course"),
    ("GET", "/api/box"),
    ("GET", "/api/probes/tree"),
    ("GET", "/api/probes/binary?path=/bin/bash"),
    ("GET", "/api/processes"),
    ("GET", "/api/processes/7/files"),
    ("GET", "/api/runs"),
    ("POST", "/api/runs"),
    ("POST", "/api/check"),
    ("POST", "/api/complete"),
    ("POST", "/api/format"),
    ("GET", "/api/runs/RUN"),
    ("POST", "/api/runs/RUN/stop"),
    ("GET", "/api/runs/RUN/output.txt"),
    ("GET", "/api/runs/RUN/output.jsonl"),
    ("GET", "/r/RUN/flame.svg"),
    ("GET", "/api/runs/RUN/stacks?format=folded"),
];

const BODY: &str = r#"{"source": "begin { exit() }"}"#;

fn body_for(method: &str, path: &str) -> &'static str {
    match (method, path) {
        ("POST", "/api/complete") => r#"{"source": "begin { exit() }", "offset": 0}"#,
        ("POST", _) => BODY,
        _ => "",
    }
}

#[tokio::test]
async fn nothing_is_given_to_those_who_are_not_logged_in() {
    let (directory, page) = (Directory::new(), |server| async move { Page::operator(server).await });
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let page = page(&server).await;
    let origin = format!("http://{}", server.address);
    let secret = bearer(&page.secret);
    for (method, path) in ADDRESSES {
        let path = path.replace("RUN", &run);
        for credentials in [
            vec![("Origin", &*origin)],
            vec![("Origin", &*origin), ("Cookie", &*page.cookie)],
            vec![("Origin", &*origin), ("Authorization", &*secret)],
            vec![("Origin", &*origin), ("Authorization", "Bearer wrong")],
            vec![("Origin", &*origin), ("Authorization", "Basic wrong"), ("Cookie", &*page.cookie)],
        ] {
            let answer = send(&server, method, &path, &credentials, body_for(method, &path)).await;
            assert_eq!(answer.status, 401, "{method} {path} {credentials:?}");
            assert_eq!(answer.json()["code"], "not-authenticated", "{method} {path}");
            assert!(!answer.body.contains(&run), "{method} {path}");
        }
    }
    assert_eq!(server.stage_count(), 1);
}

#[tokio::test]
async fn a_page_with_both_halves_gets_everything() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let run = begin(&server).await;
    for (method, path) in ADDRESSES {
        let answer = page.send(&server, method, &path.replace("RUN", &run), body_for(method, path)).await;
        // There is no flame graph of a run without stacks.
        let expected: &[u16] =
            if path.ends_with("flame.svg") || path.contains("/stacks") { &[404] } else { &[200, 201] };
        assert!(expected.contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
    }
}

#[tokio::test]
async fn a_viewer_sees_its_run_and_nothing_else() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (run, other) = (begin(&server).await, begin(&server).await);
    let viewer = Page::viewer(&server, &run).await;
    for (method, path, status) in [
        ("GET", "/api/host", 200),
        ("GET", "/api/language", 200),
        ("GET", "/api/examples", 200),
        ("GET", "/api/runs", 403),
        ("POST", "/api/runs", 403),
        ("POST", "/api/check", 403),
        ("GET", "/api/probes/tree", 403),
        ("GET", "/api/probes/binary?path=/bin/bash", 403),
        ("GET", "/api/processes", 403),
        ("GET", "/api/box", 403),
        ("GET", "/api/processes/7/files", 403),
        ("POST", "/api/complete", 403),
        ("POST", "/api/format", 403),
        ("GET", "/api/runs/RUN", 200),
        ("POST", "/api/runs/RUN/stop", 403),
        ("GET", "/api/runs/RUN/output.txt", 200),
        ("GET", "/api/runs/OTHER", 404),
        ("POST", "/api/runs/OTHER/stop", 403),
        ("GET", "/api/runs/OTHER/output.txt", 404),
        ("GET", "/r/OTHER/flame.svg", 404),
        ("GET", "/api/runs/aaaaaaaaaa", 404),
    ] {
        let at = path.replace("RUN", &run).replace("OTHER", &other);
        let answer = viewer.send(&server, method, &at, body_for(method, path)).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(!answer.body.contains(&other), "{method} {path}");
    }
    let info = viewer.send(&server, "GET", &format!("/api/runs/{run}"), "").await.json();
    assert!(info["view_key"].is_null(), "a viewer cannot pass the key on");
    assert_eq!(get(&server, &format!("/api/runs/{run}")).await.json()["view_key"], server.app.auth.view_key(&run));
    assert_eq!(server.stage_count(), 2);
}

#[tokio::test]
async fn links_that_are_not_valid_all_look_the_same() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let (_, key) = share(&server, &run, &json!({ "frozen": false, "expires_in_seconds": 60 })).await;
    let used = server.app.auth.new_token().unwrap();
    Page::login(&server, &json!({ "token": used })).await.unwrap();
    let mut bodies = Vec::new();
    for body in [
        json!({ "token": used }),
        json!({ "token": "" }),
        json!({ "token": key }),
        json!({ "run": run, "view": "" }),
        json!({ "run": run, "view": format!("{key}x") }),
        json!({ "run": "aaaaaaaaaa", "view": key }),
        json!({ "run": run, "view": server.app.auth.view_key(&run) }),
        json!({ "run": "../../etc", "view": key }),
        json!({ "run": "%", "view": key }),
    ] {
        let answer = Page::login(&server, &body).await.unwrap_err();
        assert_eq!(answer.status, 401, "{body}");
        assert_eq!(answer.header("set-cookie"), None, "{body}");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let token = bearer(&server.api_token);
    let authorized = [("Authorization", &*token)];
    for (method, path, headers, status) in [
        ("GET", "/api/host", &authorized[..], 200),
        ("GET", "/api/host", &[], 401),
        ("GET", "/api/nothing", &authorized, 404),
        ("GET", "/assets/nothing.js", &[], 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", &[], 404),
        ("GET", "/assets/..%2f..%2fetc%2fpasswd", &[], 404),
        ("DELETE", "/api/host", &authorized, 405),
        ("POST", "/api/runs", &authorized, 415),
        ("GET", "/ws", &authorized, 400),
        ("GET", "/", &[("Host", "evil.example")], 421),
        ("POST", "/api/login", &[("Origin", "http://evil.example")], 403),
        ("GET", "/api/host", &[("Sec-Fetch-Site", "cross-site")], 403),
    ] {
        let answer = send(&server, method, path, headers, "").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{method} {path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{method} {path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{method} {path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn a_socket_is_opened_for_our_own_pages_and_for_programs_alone() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let (own, token) = (format!("http://{}", server.address), bearer(&server.api_token));
    let cookie = ("Cookie", &*page.cookie);
    assert!(upgrade(&server, &[("Origin", &own), cookie]).await.is_ok());
    assert!(upgrade(&server, &[("Authorization", &token)]).await.is_ok());
    let port = server.address.port();
    for origin in [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}0"),
        format!("http://127.0.0.1.evil.example:{port}"),
        "http://127.0.0.1".to_owned(),
    ] {
        assert_eq!(upgrade(&server, &[("Origin", &origin), cookie]).await.err(), Some(403), "{origin}");
        assert_eq!(
            upgrade(&server, &[("Origin", &origin), ("Authorization", &token)]).await.err(),
            Some(403),
            "{origin}"
        );
    }
    assert_eq!(upgrade(&server, &[cookie]).await.err(), Some(403), "no origin");
    assert_eq!(upgrade(&server, &[("Origin", &own)]).await.err(), Some(401), "no cookie");
    assert_eq!(upgrade(&server, &[("Authorization", "Bearer wrong")]).await.err(), Some(401), "a wrong token");
}

#[tokio::test]
async fn two_hosts_in_a_request_are_none() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let host = server.address;
    let request = format!("GET /api/host HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert!(raw(host, request.as_bytes()).await.starts_with("HTTP/1.1 421 "));
    let request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answer = raw(host, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 421 ") || answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
