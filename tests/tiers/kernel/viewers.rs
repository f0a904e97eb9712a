//! Many pages on one run and many runs at once, through the real server: who watches changes nothing in the kernel.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tracedeck::host::bpf_holders;
use tracedeck_tests::require_tracing;
use tracedeck_tests::serve::Dashboard;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Counts, and says each number.
const SCRIPT: &str = "interval:ms:50 { printf(\"tick %d\\n\", ++@n); }";

async fn watch(address: &str, authorization: &str, run: &str) -> Socket {
    let mut request = address.into_client_request().expect("a request");
    request.headers_mut().insert("Authorization", authorization.parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("a WebSocket");
    let hello = json!({ "type": "hello", "run": run }).to_string();
    socket.send(Message::Text(hello.into())).await.expect("hello");
    socket
}

/// Reads on until the run has said so many numbers, in their order, each once.
async fn until(socket: &mut Socket, seen: &mut u64, enough: u64) {
    while *seen < enough {
        let message = socket.next().await.expect("the server goes on").expect("a message");
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        for line in message["log"].as_array().into_iter().flatten() {
            *seen += 1;
            assert_eq!(line["text"], format!("tick {seen}"), "a line is missing, or comes twice");
        }
    }
}

/// The programs that a process holds.
fn programs(pid: u32) -> Vec<u32> {
    let holder = bpf_holders::list().into_iter().find(|holder| holder.pid == pid);
    holder.map(|holder| holder.programs.into_keys().collect()).unwrap_or_default()
}

#[test]
fn two_hundred_pages_watch_one_program() {
    require_tracing!();
    let server = Dashboard::new();
    let run = server.begin(SCRIPT);
    let worker = server.worker(&run);
    let before = programs(worker);
    assert!(!before.is_empty(), "the run has no program");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (address, authorization) = server.socket();
        let mut pages = Vec::new();
        for _ in 0..200 {
            pages.push((watch(&address, &authorization, &run).await, 0));
        }
        let all = pages.iter_mut().map(|(socket, seen)| until(socket, seen, 20));
        futures_util::future::join_all(all).await;
        assert_eq!(server.run(&run)["watchers"], 200);
        assert_eq!((server.worker(&run), programs(worker)), (worker, before), "watching changed what is attached");
        // From here all of them see the same.
        let furthest = pages.iter().map(|(_, seen)| *seen).max().unwrap_or_default();
        let all = pages.iter_mut().map(|(socket, seen)| until(socket, seen, furthest + 10));
        futures_util::future::join_all(all).await;
    });
    assert_eq!(server.run(&run)["lost_total"], 0);
    server.stop(&run);
}

#[test]
fn twenty_runs_go_on_at_once_and_none_is_left() {
    require_tracing!();
    let server = Dashboard::new();
    let runs: Vec<String> = (0..20).map(|_| server.begin(SCRIPT)).collect();
    let workers: Vec<u32> = runs.iter().map(|run| server.worker(run)).collect();
    assert!(workers.iter().all(|worker| !programs(*worker).is_empty()), "a run has no program");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (address, authorization) = server.socket();
        let mut pages = Vec::new();
        for run in &runs {
            pages.push((watch(&address, &authorization, run).await, 0));
        }
        futures_util::future::join_all(pages.iter_mut().map(|(socket, seen)| until(socket, seen, 30))).await;
    });
    for run in &runs {
        assert_eq!(server.run(run)["lost_total"], 0);
        server.stop(run);
    }
    while runs.iter().any(|run| server.run(run)["state"] != "ended") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    while workers.iter().any(|worker| !programs(*worker).is_empty()) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
