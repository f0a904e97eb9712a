//! Tables of hosts and origins: only our own pass.

use axum::http::StatusCode;

use super::*;

const PATHS: [&str; 5] = ["/", "/api/runs", "/ws", "/assets/index.js", "/r/aaaaaaaaaa"];

fn hosts() -> Hosts {
    Hosts::new(7333, ["box.example:7333".to_owned()])
}

fn request(method: Method, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn status(request: &Request<()>) -> u16 {
    hosts().check(request).map_or_else(|error| error.status(), |()| StatusCode::OK).as_u16()
}

#[test]
fn only_names_of_this_server_pass_as_host() {
    for path in PATHS {
        for host in ["127.0.0.1:7333", "localhost:7333", "[::1]:7333", "box.example:7333"] {
            assert_eq!(status(&request(Method::GET, path, &[("host", host)])), 200, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:7333",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:73330",
            "127.0.0.1:07333",
            "127.0.0.1:7333.",
            "127.0.0.1.:7333",
            "127.0.0.1:7333 ",
            "127.0.0.2:7333",
            "127.1:7333",
            "2130706433:7333",
            "0x7f000001:7333",
            "0177.0.0.1:7333",
            "0.0.0.0:7333",
            "127.0.0.1.nip.io:7333",
            "localhost",
            "localhost.:7333",
            "LOCALHOST:7333",
            "Localhost:7333",
            "localhost.evil.example:7333",
            "notlocalhost:7333",
            "localhost:7333,evil.example",
            "user@localhost:7333",
            "[::1]",
            "::1:7333",
            "[::ffff:127.0.0.1]:7333",
            "[0:0:0:0:0:0:0:1]:7333",
            "box.example",
            "xbox.example:7333",
            "http://127.0.0.1:7333",
        ] {
            assert_eq!(status(&request(Method::GET, path, &[("host", host)])), 421, "{host:?}");
        }
        assert_eq!(status(&request(Method::GET, path, &[])), 421, "no host");
        let twice = [("host", "127.0.0.1:7333"), ("host", "127.0.0.1:7333")];
        assert_eq!(status(&request(Method::GET, path, &twice)), 421, "two hosts");
    }
}

#[test]
fn a_host_in_the_request_line_must_be_the_same() {
    let host = [("host", "127.0.0.1:7333")];
    assert_eq!(status(&request(Method::GET, "http://127.0.0.1:7333/", &host)), 200);
    assert_eq!(status(&request(Method::GET, "http://evil.example/", &host)), 421);
    assert_eq!(status(&request(Method::GET, "http://localhost:7333/", &host)), 421);
}

#[test]
fn only_our_own_pages_pass_as_origin() {
    let host = ("host", "localhost:7333");
    let upgrade = ("upgrade", "websocket");
    let own = ("origin", "http://localhost:7333");
    assert_eq!(status(&request(Method::GET, "/ws", &[host, upgrade, own])), 200);
    assert_eq!(status(&request(Method::POST, "/api/runs", &[host, own])), 200);
    for origin in [
        "",
        "null",
        "http://evil.example",
        "http://localhost",
        "http://localhost:80",
        "http://localhost:733",
        "http://localhost:73330",
        "http://localhost:7333/",
        "http://localhost:7333.evil.example",
        "http://localhost.evil.example:7333",
        "http://LOCALHOST:7333",
        "https://localhost:7333",
        "ws://localhost:7333",
        "localhost:7333",
        // Ours by another name: another origin to a browser.
        "http://127.0.0.1:7333",
        "http://[::1]:7333",
        "http://localhost:7333 http://evil.example",
    ] {
        for (method, path) in
            [(Method::GET, "/ws"), (Method::POST, "/api/runs"), (Method::GET, "/api/runs"), (Method::GET, "/")]
        {
            assert_eq!(status(&request(method, path, &[host, upgrade, ("origin", origin)])), 403, "{origin:?}");
        }
    }
    assert_eq!(status(&request(Method::POST, "/api/runs", &[host, own, own])), 403, "two origins");
}

#[test]
fn what_changes_something_or_upgrades_needs_an_origin_or_a_token() {
    let host = ("host", "localhost:7333");
    for (method, path, more) in [
        (Method::POST, "/api/runs", ("x", "")),
        (Method::POST, "/api/login", ("x", "")),
        (Method::DELETE, "/api/runs/aaaaaaaaaa", ("x", "")),
        (Method::GET, "/ws", ("upgrade", "websocket")),
    ] {
        assert_eq!(status(&request(method.clone(), path, &[host, more])), 403, "{method} {path}");
        let token = ("authorization", "Bearer x");
        assert_eq!(status(&request(method.clone(), path, &[host, more, token])), 200, "{method} {path}");
        let cookie = ("cookie", "tracedeck-7333=x");
        assert_eq!(status(&request(method.clone(), path, &[host, more, token, cookie])), 403, "{method} {path}");
    }
    assert_eq!(status(&request(Method::GET, "/api/runs", &[host])), 200);
}

#[test]
fn data_is_not_given_to_other_sites() {
    let host = ("host", "localhost:7333");
    for (site, data, page) in [
        ("same-origin", 200, 200),
        ("none", 200, 200),
        ("cross-site", 403, 200),
        ("same-site", 403, 200),
        ("?", 403, 200),
    ] {
        assert_eq!(status(&request(Method::GET, "/api/runs", &[host, ("sec-fetch-site", site)])), data, "{site}");
        assert_eq!(status(&request(Method::GET, "/r/aaaaaaaaaa", &[host, ("sec-fetch-site", site)])), page, "{site}");
    }
}

#[test]
fn every_answer_carries_the_headers_and_keeps_its_own_policy() {
    let plain = harden(Response::new(()));
    assert_eq!(plain.headers()["x-content-type-options"], "nosniff");
    assert_eq!(plain.headers()["cross-origin-opener-policy"], "same-origin");
    assert_eq!(plain.headers()["cross-origin-resource-policy"], "same-origin");
    assert_eq!(plain.headers()["referrer-policy"], "no-referrer");
    assert_eq!(plain.headers()["cache-control"], "no-store");
    let policy = plain.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("require-trusted-types-for 'script'"));
    let own = harden(Response::builder().header("content-security-policy", "sandbox").body(()).unwrap());
    assert_eq!(own.headers()["content-security-policy"], "sandbox");
}
