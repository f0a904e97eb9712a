//! The dashboard's server: from the request that pressing Run sends until the run says that its probe is attached, and a
//! search in the index of all probes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Bench;
use super::table::{Table, Unit, median};

const PROBE: &str = "tracepoint:sched:sched_switch { @[comm] = count(); }";
/// Letters of a function and of a tracepoint, as one types them, and a word.
const QUERIES: [&str; 4] = ["tcpsnd", "sysentopen", "switch", "vfs read"];
const PATIENCE: Duration = Duration::from_secs(30);

pub fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let Some(tool) = bench.tools.first() else { return Ok(()) };
    let server = Server::start(tool.command(&[]).get_program())?;
    let (mut known, mut new) = (Vec::new(), Vec::new());
    // The first run has the server's spare worker started.
    server.run(PROBE)?;
    for round in 0..bench.rounds {
        known.push(server.run(PROBE)?);
        new.push(server.run(&format!("{PROBE} // {round} {}", std::process::id()))?);
    }
    table.add("server: Run to attached, script known", Unit::Milliseconds, &[median(known)]);
    table.add("server: Run to attached, new script", Unit::Milliseconds, &[median(new)]);
    let mut searches = Vec::new();
    server.get("/api/probes?query=x")?;
    for _ in 0..bench.rounds {
        for query in QUERIES {
            let started = Instant::now();
            server.get(&format!("/api/probes?query={}", query.replace(' ', "%20")))?;
            searches.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    table.add("server: search in all probes", Unit::Milliseconds, &[median(searches)]);
    Ok(())
}

/// A server of this measurement alone.
struct Server {
    process: Child,
    address: SocketAddr,
    directory: PathBuf,
    token: String,
}

impl Server {
    fn start(program: &std::ffi::OsStr) -> Result<Self> {
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
    fn run(&self, script: &str) -> Result<f64> {
        let started = Instant::now();
        let created = self.ask("POST", "/api/runs", &json!({ "source": script }).to_string())?;
        let id = created["id"].as_str().with_context(|| format!("no run: {created}"))?.to_owned();
        let elapsed = loop {
            let run = self.get(&format!("/api/runs/{id}"))?;
            if run["probes"].as_u64().is_some_and(|probes| probes > 0) {
                break started.elapsed();
            }
            if run["state"] == "ended" || started.elapsed() > PATIENCE {
                bail!("the run has no probes: {run}");
            }
            std::thread::sleep(Duration::from_micros(500));
        };
        self.ask("POST", &format!("/api/runs/{id}/stop"), "")?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(elapsed.as_secs_f64() * 1000.0)
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", path, "")
    }

    /// One request on a connection of its own; what the server answers as JSON, or null.
    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value> {
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::process::Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
