//! The real server, started as a person would, and pages that watch its runs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Ends with its directory when it is dropped.
pub struct Dashboard {
    process: Child,
    address: SocketAddr,
    directory: PathBuf,
    token: String,
}

impl Dashboard {
    /// A server that answers. Tests that fail to start one have failed.
    ///
    /// # Panics
    ///
    /// Where it ends before it answers.
    #[allow(clippy::new_without_default, reason = "a process is no default")]
    pub fn new() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let directory = std::env::temp_dir().join(format!("tracedeck-test-serve-{}", address.port()));
        let process = Command::new(super::binary::tracedeck())
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tracedeck serve");
        let mut server = Self { process, address, directory, token: String::new() };
        loop {
            let token = std::fs::read_to_string(server.directory.join("api-token")).unwrap_or_default();
            server.token = token.trim().to_owned();
            if !server.token.is_empty() && server.ask("GET", "/api/runs", "").is_ok() {
                return server;
            }
            let ended = server.process.try_wait().expect("its state");
            assert!(ended.is_none(), "the server ended: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Begins a run and waits until its probes are attached; its id.
    ///
    /// # Panics
    ///
    /// Where it ends before.
    pub fn begin(&self, script: &str) -> String {
        let created = self.ask("POST", "/api/runs", &json!({ "source": script }).to_string()).expect("a run");
        let id = created["id"].as_str().expect("its id").to_owned();
        loop {
            let run = self.run(&id);
            if run["state"] == "running" && run["probes"].as_u64().is_some_and(|probes| probes > 0) {
                return id;
            }
            assert_ne!(run["state"], "ended", "{run}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the server says of a run.
    ///
    /// # Panics
    ///
    /// Where it does not answer.
    pub fn run(&self, id: &str) -> Value {
        self.ask("GET", &format!("/api/runs/{id}"), "").expect("the run")
    }

    /// Asks a run to stop; it ends soon after.
    ///
    /// # Panics
    ///
    /// Where the server refuses.
    pub fn stop(&self, id: &str) {
        self.ask("POST", &format!("/api/runs/{id}/stop"), "").expect("stopping");
    }

    /// The process that traces for a run.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn worker(&self, id: &str) -> u32 {
        let answer = self.ask("GET", "/api/box", "").expect("what is attached");
        let runs = answer["runs"].as_array().expect("runs");
        let run = runs.iter().find(|one| one["run"]["id"] == id).expect("the run");
        run["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("its process")
    }

    /// The head of a request for a WebSocket and the address to send it to.
    pub fn socket(&self) -> (String, String) {
        (format!("ws://{}/ws", self.address), format!("Bearer {}", self.token))
    }

    /// One request on a connection of its own.
    ///
    /// # Errors
    ///
    /// What was answered, where that is no success.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let told = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(self.address).map_err(told)?;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).map_err(told)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(told)?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        match answer.split_once("\r\n\r\n") {
            Some((_, body)) if status.starts_with('2') => Ok(serde_json::from_str(body).unwrap_or(Value::Null)),
            _ => Err(answer),
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
