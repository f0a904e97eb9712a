//! Flame graphs at their own address.

use std::sync::Arc;

use tracedeck::session::event::{Event, MapShape, RunShape};
use tracedeck_compiler::abi::value::{Frame, MapSnapshot, Number, Stack, Value};
use tracedeck_compiler::manifest::MapId;
use tracedeck_compiler::types::{Aggregate, StackMode, StackSpace, Type};

use super::client::{begin, get, send};
use super::server::{Directory, Server, Stage};

fn frame(name: &str) -> Frame {
    Frame {
        address: 4096,
        symbol: Some(name.to_owned()),
        offset: 0,
        module: None,
        source: None,
        inlined: false,
        reason: None,
    }
}

/// A run with a stack of these frames, innermost first.
fn sample(stage: &Stage, frames: &[&str]) {
    let (space, mode) = (StackSpace::Kernel, StackMode::Bpftrace);
    stage.send(Event::Compiled(Arc::new(RunShape {
        probes: Vec::new(),
        maps: vec![
            MapShape { name: "@plain".to_owned(), key: None, value: Type::INT64 },
            MapShape {
                name: "@cpu".to_owned(),
                key: Some(Type::Stack { space, mode, limit: 127 }),
                value: Type::Aggregate(Aggregate::Count),
            },
        ],
        strings: Vec::new(),
        settings: Default::default(),
    })));
    let frames = frames.iter().map(|name| frame(name)).collect();
    stage.send(Event::Stacks(vec![Arc::new(Stack { id: 7, space, pid: 0, frames, places: Vec::new() })]));
    let entries = vec![(Some(Value::Stack { id: 7, space, mode }), Value::Number(Number::Unsigned(5)))];
    stage.send(Event::Maps(vec![(MapId(1), MapSnapshot { entries, omitted: 0 })]));
}

#[tokio::test]
async fn stacks_are_files_for_other_tools() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let hostile = "a;b\"<script>\u{1b}\n";
    sample(&server.stage(), &["inner", hostile, "outer"]);
    let folded = loop {
        let answer = get(&server, &format!("/api/runs/{run}/stacks?format=folded&map=@cpu")).await;
        if answer.status == 200 && !answer.body.is_empty() {
            break answer;
        }
    };
    assert_eq!(folded.body.lines().count(), 1, "{}", folded.body);
    assert!(folded.body.starts_with("outer_[k];") && folded.body.ends_with(";inner_[k] 5\n"), "{}", folded.body);
    assert_eq!(folded.body.matches(';').count(), 2, "{}", folded.body);
    assert!(folded.header("content-disposition").unwrap().starts_with("attachment;"));
    let file = get(&server, &format!("/api/runs/{run}/stacks?format=speedscope")).await.json();
    assert_eq!(file["profiles"][0]["weights"], serde_json::json!([5]), "{file}");
    assert_eq!(file["shared"]["frames"][0]["name"], "outer");
    assert!(!file["shared"]["frames"][1]["name"].as_str().unwrap().contains(['\u{1b}', '\n']), "{file}");
    let profile = get(&server, &format!("/api/runs/{run}/stacks?format=pprof")).await;
    assert_eq!((profile.status, profile.header("content-type")), (200, Some("application/gzip")));
    let page = get(&server, &format!("/api/runs/{run}/page.html")).await;
    assert!(page.body.contains("outer") && page.body.contains("Functions by samples"), "{}", page.body);
    assert!(!page.body.contains("<script>\u{1b}") && !page.body.contains("b\"<script>"), "{}", page.body);
    assert_eq!(get(&server, &format!("/api/runs/{run}/stacks?format=pdf")).await.status, 400);
    assert_eq!(get(&server, &format!("/api/runs/{run}/stacks?format=folded&map=@plain")).await.status, 404);
    server.stage().end();
}

#[tokio::test]
async fn a_map_with_stacks_is_drawn_and_the_key_of_the_run_opens_it() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let hostile = "<script>alert(1)</script>\"'&]]>\u{1b}";
    sample(&server.stage(), &["inner", hostile, "outer"]);
    let key = server.app.auth.view_key(&run);
    let answer = loop {
        let answer = send(&server, "GET", &format!("/r/{run}/flame.svg?map=@cpu&k={key}"), &[], "").await;
        if answer.status == 200 {
            break answer;
        }
    };
    assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
    assert!(answer.body.contains("<title>inner") && answer.body.contains("<title>outer"), "{}", answer.body);
    assert!(!answer.body.contains("<script>alert") && !answer.body.contains('\u{1b}'));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.contains("sandbox allow-scripts") && policy.contains("script-src 'unsafe-hashes' 'sha256-"),
        "{policy}"
    );
    for (query, status) in [
        ("map=cpu", 200),
        ("", 200),
        ("map=@cpu&kind=icicle&width=800&search=inner&reversed=true", 200),
        ("map=@plain", 404),
        ("map=@nothing", 404),
        ("kind=pie", 400),
        ("width=-1", 400),
    ] {
        let path = format!("/r/{run}/flame.svg?{query}");
        assert_eq!(get(&server, &path).await.status, status, "{query}");
        assert_eq!(
            send(&server, "GET", &path, &[], "").await.status.max(400),
            if status == 400 { 400 } else { 401 },
            "{query}"
        );
    }
    let wrong = send(&server, "GET", &format!("/r/{run}/flame.svg?k={key}x"), &[], "").await;
    assert_eq!(wrong.status, 401);
}

#[tokio::test]
async fn a_map_without_stacks_yet_says_so() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let run = begin(&server).await;
    let answer = get(&server, &format!("/r/{run}/flame.svg")).await;
    assert_eq!(answer.json()["code"], "no-such-map");
    sample(&server.stage(), &[]);
    loop {
        let answer = get(&server, &format!("/r/{run}/flame.svg")).await;
        if answer.status == 200 {
            assert!(answer.body.contains("[empty stack]"), "{}", answer.body);
            break;
        }
    }
}
