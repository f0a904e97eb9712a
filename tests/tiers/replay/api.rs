//! Beginning, listing, stopping and reading runs over HTTP.

use serde_json::json;
use tracedeck::http::table::RunLimits;
use tracedeck::session::event::Event;

use super::client::{begin, get, post, send};
use super::server::{Directory, Server, counts, printf};

#[tokio::test]
async fn a_run_is_begun_with_what_the_page_says() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let body = json!({
        "source": "// Reads\nbegin { printf(\"%d\", $1); }",
        "parameters": ["5", "--comm=nginx"],
        "time_limit_seconds": 60,
    });
    let id = post(&server, "/api/runs", &body).await.json()["id"].as_str().unwrap().to_owned();
    let request = server.stage().request;
    assert_eq!(request.options.positional, ["5"]);
    assert_eq!(request.options.named, [("comm".to_owned(), Some("nginx".to_owned()))]);
    assert!(!request.options.allow_unsafe && request.live_maps);
    assert_eq!(request.time_limit_seconds, 60);
    let info = get(&server, &format!("/api/runs/{id}")).await.json();
    assert_eq!((info["title"].as_str(), info["state"].as_str()), (Some("Reads"), Some("starting")));
    assert_eq!(info["source"], body["source"]);
}

#[tokio::test]
async fn a_run_is_listed_stopped_and_listed_as_ended() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let (first, second) = (begin(&server).await, begin(&server).await);
    let list = get(&server, "/api/runs").await.json();
    let ids: Vec<_> = list["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&*second, &*first]);
    server.stage().begin();
    let stopped = post(&server, &format!("/api/runs/{second}/stop"), &json!({})).await;
    assert_eq!(stopped.status, 200);
    let info = loop {
        let info = get(&server, &format!("/api/runs/{second}")).await.json();
        if info["state"] == "ended" {
            break info;
        }
    };
    assert_eq!(
        (&info["ok"], &info["reason"], &info["probes"]),
        (&json!(true), &json!("Stopped by a person"), &json!(2))
    );
    // Again is no mistake.
    assert_eq!(post(&server, &format!("/api/runs/{second}/stop"), &json!({})).await.status, 200);
    assert_eq!(get(&server, &format!("/api/runs/{first}")).await.json()["state"], "starting");
}

#[tokio::test]
async fn fifty_presses_of_run_with_one_key_make_one_run() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let body = json!({ "source": "begin {}", "idempotency_key": "one press" });
    let presses = (0..50).map(|_| post(&server, "/api/runs", &body));
    let mut ids: Vec<_> =
        futures_util::future::join_all(presses).await.iter().map(|answer| answer.json()["id"].clone()).collect();
    ids.dedup();
    assert_eq!((ids.len(), server.stage_count()), (1, 1));
}

#[tokio::test]
async fn each_limit_has_its_own_error() {
    let directory = Directory::new();
    let limits = RunLimits { runs_at_once: 1, time_limit_seconds: 60, ..RunLimits::default() };
    let server = Server::start_with(&directory, limits).await;
    let long = "x".repeat(100_000);
    for (body, status, code) in [
        (json!({ "source": long }), 413, "source-too-large"),
        (json!({ "source": "x", "parameters": vec!["p"; 65] }), 413, "parameters-too-large"),
        (json!({ "source": "x", "parameters": [long] }), 413, "parameters-too-large"),
        (json!({ "source": "x", "time_limit_seconds": 61 }), 400, "time-limit"),
        (json!({ "source": "x", "time_limit_seconds": 0 }), 400, "time-limit"),
        (json!({ "source": "x", "idempotency_key": "" }), 400, "bad-idempotency-key"),
        (json!({ "source": "x".repeat(2_000_000) }), 413, "body-too-large"),
        (json!({ "source": 5 }), 422, "bad-body"),
        (json!({ "sauce": "x" }), 422, "bad-body"),
    ] {
        let answer = post(&server, "/api/runs", &body).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{}", answer.body);
    }
    assert_eq!(server.stage_count(), 0);
    begin(&server).await;
    let answer = post(&server, "/api/runs", &json!({ "source": "x" })).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("too-many-runs")));
    server.stage().end();
    while post(&server, "/api/runs", &json!({ "source": "x" })).await.status != 201 {}
}

#[tokio::test]
async fn mistakes_are_found_while_typing() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let answer = post(&server, "/api/check", &json!({ "source": "begin { $é = conut(); }" })).await.json();
    let first = &answer["diagnostics"][0];
    assert_eq!(first["severity"], "error", "{answer}");
    assert!(first["line"] == 1 && first["rendered"].as_str().unwrap().starts_with("script.bt:1:"), "{answer}");
    let answer = post(&server, "/api/check", &json!({ "source": "begin { @a[pid] = count(); }" })).await.json();
    assert_eq!((&answer["diagnostics"], &answer["probes"]), (&json!([]), &json!(1)), "{answer}");
    assert_eq!(answer["maps"][0]["name"], "@a");
    for source in ["", "{", "\u{0}", &"(".repeat(30_000), &"begin {} ".repeat(6000), "begin { @ = \"\\xff"] {
        let answer = post(&server, "/api/check", &json!({ "source": source })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!answer.json()["diagnostics"].as_array().unwrap().is_empty() || source.contains("begin {} "));
    }
}

#[tokio::test]
async fn a_slip_comes_with_the_edit_that_mends_it() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let answer = post(&server, "/api/check", &json!({ "source": "/* é */ begin { @ = conut(); }" })).await.json();
    assert_eq!(answer["diagnostics"][0]["replacement"], json!({ "start": 20, "end": 25, "text": "count" }), "{answer}");
}

#[tokio::test]
async fn a_script_that_is_not_finished_is_completed() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let ask = async |source: &str, offset: usize| {
        post(&server, "/api/complete", &json!({ "source": source, "offset": offset })).await.json()
    };
    let script = "/* 😀 */ begin { $name = comm; print($";
    let answer = ask(script, script.encode_utf16().count()).await;
    assert_eq!(answer, json!({ "of": "", "members": [{ "name": "$name", "declaration": "string[16]" }] }));
    for (source, offset) in
        [("", 0), ("begin {", 900), ("begin { $x.", 11), ("\u{0}", 1), ("😀", 1), (&*"(".repeat(30_000), 9)]
    {
        assert_eq!(ask(source, offset).await, json!({ "of": "", "members": [] }), "{source}");
    }
}

#[tokio::test]
async fn a_script_is_laid_out_or_its_mistake_is_told() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let answer = post(&server, "/api/format", &json!({ "source": "begin{@x=1;// one\n}" })).await;
    assert_eq!(answer.json()["source"], "begin {\n  @x = 1; // one\n}\n", "{}", answer.body);
    let answer = post(&server, "/api/format", &json!({ "source": "\nbegin {" })).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("not-formatted")), "{}", answer.body);
    assert!(answer.json()["message"].as_str().unwrap().starts_with("Line 2: "), "{}", answer.body);
}

#[tokio::test]
async fn output_is_what_a_terminal_would_have_printed() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let id = begin(&server).await;
    let stage = server.stage();
    stage.begin();
    stage.send(printf("hello\n"));
    stage.send(Event::FinalMaps(counts(&[("cat", 1), ("bash", 3)])));
    stage.end();
    let text = loop {
        let answer = get(&server, &format!("/api/runs/{id}/output.txt")).await;
        if answer.body.contains("bash") {
            break answer;
        }
    };
    assert_eq!(text.body, "Attached 2 probes\nhello\n\n\n@[cat]: 1\n@[bash]: 3\n");
    let disposition = format!("attachment; filename=\"tracedeck-{id}.txt\"");
    assert_eq!(text.header("content-disposition"), Some(&*disposition));
    let lines = get(&server, &format!("/api/runs/{id}/output.jsonl")).await.body;
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.contains(&json!({ "type": "printf", "data": "hello\n" })), "{lines:?}");
    assert!(lines.contains(&json!({ "type": "map", "data": { "@": { "cat": 1, "bash": 3 } } })), "{lines:?}");
}

#[tokio::test]
async fn runs_that_do_not_exist_are_not_found() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    for id in ["aaaaaaaaaa", ":id", "%00", "..%2f..%2fetc%2fpasswd", "%25", "'", "a".repeat(5000).as_str()] {
        let answer = get(&server, &format!("/api/runs/{id}")).await;
        assert!(matches!(answer.status, 404 | 400), "{id}: {}", answer.status);
    }
    let answer = send(&server, "GET", "/api/runs/aaaaaaaaaa", &[], "").await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn examples_language_and_host_are_told() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let examples = get(&server, "/api/examples").await.json();
    assert_eq!(examples["examples"][0]["id"], "profile");
    let language = get(&server, "/api/language").await.json();
    let has = |list: &str, name: &str| language[list].as_array().unwrap().iter().any(|entry| entry["name"] == name);
    assert!(has("builtins", "kstack") && has("builtins", "count"));
    let probes = language["probes"].as_array().unwrap();
    assert!(probes.iter().any(|probe| probe["names"][0] == "tracepoint" && probe["available"] == true));
    let hardware = probes.iter().find(|probe| probe["names"][0] == "hardware").unwrap();
    assert!(hardware["available"] == false && hardware["reason"].as_str().unwrap().contains("PMU"), "{hardware}");
    assert_eq!(get(&server, "/api/host").await.json()["hostname"], "box");
}

#[tokio::test]
async fn probes_are_a_tree_and_programs_have_theirs() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let tree = get(&server, "/api/probes/tree?prefix=tracepoint:").await.json();
    assert_eq!(tree["children"], json!([{ "name": "tracepoint:sched:", "probes": 1, "is_branch": true }]));
    let tree = get(&server, "/api/probes/tree?prefix=software:").await.json();
    assert_eq!(tree["children"], json!([{ "name": "software:faults:", "probes": 1, "is_branch": false }]));
    let found = get(&server, "/api/probes/binary?path=/bin/bash&pid=7&query=main").await.json();
    assert_eq!(found["names"], json!(["uprobe:/bin/bash:main"]));
    for (path, code) in [("/no/such", "no-binary"), ("", "bad-path"), ("/bin/*", "bad-path"), ("/a,b:c", "bad-path")] {
        let answer = get(&server, &format!("/api/probes/binary?path={path}")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some(code)), "{}", answer.body);
    }
    assert_eq!(get(&server, "/api/processes").await.json()["processes"][0]["pid"], 7);
    assert_eq!(get(&server, "/api/processes/x/files").await.status, 400);
}

#[tokio::test]
async fn the_box_tells_of_runs_and_of_others() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let id = begin(&server).await;
    let answer = get(&server, "/api/box").await.json();
    assert_eq!((&answer["runs"][0]["run"]["id"], &answer["others"][0]["name"]), (&json!(id), &json!("cilium-agent")));
    assert_eq!(answer["others"][0]["programs"], json!([{ "kind": "tracing", "count": 1 }]), "{answer}");
    server.stage().end();
    while get(&server, "/api/box").await.json()["runs"] != json!([]) {}
}

#[tokio::test]
async fn probes_are_found_by_a_few_letters() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let found = get(&server, "/api/probes?query=schsw&limit=5").await.json();
    assert_eq!((&found["total"], &found["names"][0]), (&1.into(), &"tracepoint:sched:sched_switch".into()));
    assert_eq!(get(&server, "/api/probes").await.json()["total"], 2);
    let arguments = get(&server, "/api/probes/arguments?name=tracepoint:sched:sched_switch").await.json();
    assert_eq!(arguments["arguments"][0], "char prev_comm[16]");
    let long = format!("/api/probes?query={}", "a".repeat(300));
    assert_eq!(get(&server, &long).await.json()["code"], "query-too-long");
}

#[tokio::test]
async fn lines_beyond_the_window_are_found_by_number_and_pattern() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let id = begin(&server).await;
    let stage = server.stage();
    stage.begin();
    (0..3000).for_each(|number| stage.send(printf(&format!("line {number} of {}\n", number % 10))));
    stage.end();
    let at = |query: &str| format!("/api/runs/{id}/lines{query}");
    let all = loop {
        let answer = get(&server, &at("?limit=5000")).await.json();
        if answer["matched"] == 3000 {
            break answer;
        }
    };
    assert_eq!((&all["lines"][0]["text"], &all["lines"][0]["sequence"]), (&json!("line 0 of 0"), &json!(1)));
    let texts = |answer: &serde_json::Value| -> Vec<String> {
        let lines = answer["lines"].as_array().unwrap().iter();
        lines.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    };
    // The last ones before a number, and how many there are.
    let some = get(&server, &at("?before=1001&limit=2")).await.json();
    assert_eq!((texts(&some), &some["matched"]), (vec!["line 998 of 8".into(), "line 999 of 9".into()], &json!(1000)));
    let found = get(&server, &at("?before=101&pattern=OF%20%5B37%5D%24&limit=3")).await.json();
    assert_eq!(
        (texts(&found), &found["matched"]),
        (vec!["line 87 of 7".into(), "line 93 of 3".into(), "line 97 of 7".into()], &json!(20))
    );
    // What is no expression is text.
    let none = get(&server, &at("?pattern=of%20(")).await.json();
    assert_eq!((texts(&none).len(), &none["matched"]), (0, &json!(0)));
    assert_eq!(get(&server, &at("?before=x")).await.status, 400);
    assert_eq!(get(&server, "/api/runs/nothing/lines").await.status, 404);
}
