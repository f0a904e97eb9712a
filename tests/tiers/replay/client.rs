//! Clients that say exactly what a test wants, well-formed or not.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::contract;
use super::server::Server;

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends bytes and reads until the server closes the connection.
pub async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request with these headers beside `Host` and those that frame the body.
pub async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request += &format!("Host: {}\r\n", server.address);
    }
    if !body.is_empty() {
        request += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let answer = parse(&raw(server.address, format!("{request}\r\n{body}").as_bytes()).await);
    contract::check(method, path, &answer);
    if answer.status < 300 {
        contract::check_request(method, path, body);
    }
    answer
}

fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if is_chunked { unchunk(body) } else { body.to_owned() };
    Answer { status: status.unwrap_or_else(|| panic!("no answer: {text:?}")), headers, body }
}

fn unchunk(mut body: &str) -> String {
    let mut out = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        out += &rest[..length];
        body = &rest[length + 2..];
    }
    out
}

/// As a program with the token does.
pub async fn get(server: &Server, path: &str) -> Answer {
    send(server, "GET", path, &[("Authorization", &bearer(&server.api_token))], "").await
}

pub async fn post(server: &Server, path: &str, body: &Value) -> Answer {
    send(server, "POST", path, &[("Authorization", &bearer(&server.api_token))], &body.to_string()).await
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Begins a run and returns its id.
pub async fn begin(server: &Server) -> String {
    let answer = post(server, "/api/runs", &json!({ "source": "begin { @[comm] = count(); }" })).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Makes a link to a run: what it shows, and its key.
pub async fn share(server: &Server, run: &str, wish: &Value) -> (Value, String) {
    let answer = post(server, &format!("/api/runs/{run}/shares"), wish).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let created = answer.json();
    let key = created["path"].as_str().unwrap().split_once("#v=").unwrap().1.to_owned();
    (created["share"].clone(), key)
}

/// A logged-in page.
#[derive(Debug, Clone)]
pub struct Page {
    pub cookie: String,
    pub secret: String,
}

impl Page {
    /// Logs in with a body for `/api/login`.
    pub async fn login(server: &Server, body: &Value) -> Result<Self, Answer> {
        let origin = format!("http://{}", server.address);
        let answer = send(server, "POST", "/api/login", &[("Origin", &origin)], &body.to_string()).await;
        if answer.status != 200 {
            return Err(answer);
        }
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Ok(Self { cookie, secret: answer.json()["secret"].as_str().unwrap().to_owned() })
    }

    pub async fn operator(server: &Server) -> Self {
        let token = server.app.auth.new_token().unwrap();
        Self::login(server, &json!({ "token": token })).await.unwrap()
    }

    pub async fn viewer(server: &Server, run: &str) -> Self {
        let (_, key) = share(server, run, &json!({ "frozen": false, "expires_in_seconds": 3600 })).await;
        Self::login(server, &json!({ "run": run, "view": key })).await.unwrap()
    }

    /// Somebody with an account of that role.
    pub async fn account(server: &Server, name: &str, role: &str) -> Self {
        let made = post(server, "/api/users", &json!({ "name": name, "role": role })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        Self::login(server, &json!({ "token": made.json()["token"] })).await.unwrap()
    }

    pub async fn send(&self, server: &Server, method: &str, path: &str, body: &str) -> Answer {
        let (origin, secret) = (format!("http://{}", server.address), bearer(&self.secret));
        let headers = [("Origin", &*origin), ("Cookie", &*self.cookie), ("Authorization", &*secret)];
        send(server, method, path, &headers, body).await
    }
}

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a WebSocket with these headers. An error holds the status.
pub async fn upgrade(server: &Server, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// Opens a WebSocket as a page does, without its hello.
pub async fn connect(server: &Server, page: &Page) -> Socket {
    let origin = format!("http://{}", server.address);
    upgrade(server, &[("Origin", &origin), ("Cookie", &page.cookie)]).await.unwrap()
}

pub async fn say(socket: &mut Socket, message: &Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// Watches a run as a page does.
pub async fn watch(server: &Server, page: &Page, run: &str, after: u64) -> Socket {
    let mut socket = connect(server, page).await;
    say(&mut socket, &json!({ "type": "hello", "secret": page.secret, "run": run, "after": after })).await;
    socket
}

/// The next message; None when the server closed the connection.
pub async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        match socket.next().await? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// What a page knows of its run, kept up by messages.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Picture {
    pub sequence: u64,
    /// Number and text of each line.
    pub log: Vec<(u64, String)>,
    pub maps: Vec<Value>,
    pub state: String,
    pub reason: Option<String>,
    pub snapshots: u32,
    pub skipped: u64,
    /// The server let the page go, which had read nothing for so many seconds.
    pub evicted: Option<u64>,
    pub errors: Vec<String>,
}

impl Picture {
    pub fn take(&mut self, message: &Value) {
        match message["type"].as_str().unwrap() {
            "snapshot" => {
                let snapshots = self.snapshots + 1;
                *self = Self { snapshots, ..Self::default() };
            }
            "update" => {}
            "skipped" => {
                self.skipped += message["lines"].as_u64().unwrap();
                return;
            }
            "evicted" => {
                self.evicted = message["seconds"].as_u64();
                return;
            }
            "error" => {
                self.errors.push(message["message"].as_str().unwrap().to_owned());
                return;
            }
            other => panic!("unknown message {other}"),
        }
        self.sequence = message["sequence"].as_u64().unwrap();
        for line in message["log"].as_array().into_iter().flatten() {
            self.log.push((line["sequence"].as_u64().unwrap(), line["text"].as_str().unwrap().to_owned()));
        }
        for map in message["maps"].as_array().into_iter().flatten() {
            self.maps.retain(|old| old["id"] != map["id"]);
            self.maps.push(map.clone());
        }
        if let Some(run) = message.get("run") {
            self.state = run["state"].as_str().unwrap().to_owned();
            self.reason = run["reason"].as_str().map(str::to_owned);
        }
    }

    /// Takes messages until the run has ended. False when the connection ended first.
    pub async fn follow(&mut self, socket: &mut Socket) -> bool {
        self.until(socket, |picture| picture.state == "ended").await
    }

    pub async fn until(&mut self, socket: &mut Socket, is_enough: impl Fn(&Self) -> bool) -> bool {
        while !is_enough(self) {
            let Some(message) = hear(socket).await else { return false };
            self.take(&message);
        }
        true
    }
}
