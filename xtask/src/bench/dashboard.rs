//! A dashboard of the measurement's own, and what it is asked over HTTP and WebSockets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// A server of this measurement alone.
pub struct Server {
    process: Child,
    address: SocketAddr,
    directory: PathBuf,
    token: String,
}

impl Server {
    pub fn start(program: &std::ffi::OsStr) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("tracedeck-bench-server-{}", std::process::id()));
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = std::process::Command::new(program)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self { process, address, directory, token: String::new() };
        let asked = Instant::now();
        // It listens before it has its token, and answers later still.
        loop {
            let token = std::fs::read_to_string(server.directory.join("api-token")).unwrap_or_default();
            server.token = token.trim().to_owned();
            if !server.token.is_empty() && server.get("/api/runs").is_ok() {
                return Ok(server);
            }
            if asked.elapsed() > PATIENCE || server.process.try_wait()?.is_some() {
                bail!("the server does not answer");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Milliseconds until a run has its probe attached; then it is stopped, and the next worker gets its time.
    pub fn run(&self, script: &str) -> Result<f64> {
        let (id, elapsed) = self.begin(script)?;
        self.stop(&id)?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(elapsed.as_secs_f64() * 1000.0)
    }

    /// Begins a run; its id, and how long it took until it had its probes attached.
    pub fn begin(&self, script: &str) -> Result<(String, Duration)> {
        let started = Instant::now();
        let created = self.ask("POST", "/api/runs", &json!({ "source": script }).to_string())?;
        let id = created["id"].as_str().with_context(|| format!("no run: {created}"))?.to_owned();
        loop {
            let run = self.get(&format!("/api/runs/{id}"))?;
            if run["probes"].as_u64().is_some_and(|probes| probes > 0) {
                return Ok((id, started.elapsed()));
            }
            if run["state"] == "ended" || started.elapsed() > PATIENCE {
                bail!("the run has no probes: {run}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    pub fn stop(&self, id: &str) -> Result<()> {
        self.ask("POST", &format!("/api/runs/{id}/stop"), "").map(drop)
    }

    /// A page that watches a run: messages come as frames of JSON text.
    pub fn watch(&self, run: &str) -> Result<Watching> {
        let mut stream = TcpStream::connect(self.address)?;
        // The key of RFC 6455's own example: there is no proxy between us that could be confused.
        let head = format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address, self.token
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        if !answer.starts_with(b"HTTP/1.1 101 ") {
            bail!("no WebSocket: {}", String::from_utf8_lossy(&answer));
        }
        let hello = json!({ "type": "hello", "run": run }).to_string();
        let mut frame = vec![0x81, 0x80 | u8::try_from(hello.len())?, 0, 0, 0, 0];
        frame.extend_from_slice(hello.as_bytes());
        stream.write_all(&frame)?;
        Ok(Watching(stream))
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", path, "")
    }

    /// One request on a connection of its own; what the server answers as JSON, or null.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let mut stream = TcpStream::connect(self.address)?;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        if !head.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            bail!("{method} {path}: {answer}");
        }
        Ok(serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

/// One page's connection.
pub struct Watching(TcpStream);

impl Watching {
    /// The next message of the server; pings are passed over, for no measurement lasts as long as the server's patience.
    pub fn hear(&mut self) -> Result<Value> {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head)?;
            let length = match head[1] & 0x7f {
                126 => {
                    let mut long = [0; 2];
                    self.0.read_exact(&mut long)?;
                    u64::from(u16::from_be_bytes(long))
                }
                127 => {
                    let mut long = [0; 8];
                    self.0.read_exact(&mut long)?;
                    u64::from_be_bytes(long)
                }
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length)?];
            self.0.read_exact(&mut payload)?;
            match head[0] & 0xf {
                0x1 => return Ok(serde_json::from_slice(&payload)?),
                0x8 => bail!("the server closed the connection: {}", String::from_utf8_lossy(&payload)),
                _ => {}
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::process::Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
