//! One WebSocket: a page that watches a run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocketUpgrade, close_code};
use axum::extract::{FromRequestParts, State};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::App;
use super::auth::{Access, Credential};
use super::error::ApiError;
use super::protocol::{ClientMessage, ServerMessage};
use super::table::Run;
use super::watching::MAX_ADDRESS;
use super::{runs, view};
use crate::session::hub::viewer::{Next, Viewer};

/// A page must say who it is within this time.
const HELLO_DEADLINE: Duration = Duration::from_secs(10);
/// A client that does not take a message within this time is let go.
pub const SEND_DEADLINE: Duration = Duration::from_secs(10);
/// How long the news of that waits, behind what was sent before, for the client to read on.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(60);
const PING_EVERY: Duration = Duration::from_secs(15);
/// Without a sign of life for so long the client is gone.
const DEAD_AFTER: Duration = Duration::from_secs(35);
/// Bytes of a message of a client.
const MAX_MESSAGE: usize = 64 << 10;
/// Messages of a client in one ping interval; a page sends a handful in its life.
const MAX_MESSAGES: u32 = 200;
/// Pages that watch at once.
pub const MAX_VIEWERS: usize = 1_000;

pub fn router() -> Router<App> {
    Router::new().route("/ws", get(upgrade))
}

async fn upgrade(State(app): State<App>, request: Request<Body>) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app)
        .await
        .map_err(|_| ApiError::bad_request("not-a-websocket", "This address takes WebSocket connections"))?;
    let permit = Arc::clone(&app.viewers)
        .try_acquire_owned()
        .map_err(|_| ApiError::unavailable("too-many-viewers", format!("{MAX_VIEWERS} pages are watching already")))?;
    let client = Client::new(&app, &parts.headers).ok_or_else(ApiError::not_authenticated)?;
    Ok(upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .write_buffer_size(128 << 10)
        .max_write_buffer_size(16 << 20)
        .on_upgrade(move |socket| async move {
            serve(socket, &app, client).await;
            drop(permit);
        }))
}

/// What the upgrade request told of the client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Programs show their token with the upgrade.
    credential: Option<Credential>,
    /// Browsers show half of their credential, and the other half in the first message.
    cookie: Option<String>,
}

impl Client {
    fn new(app: &App, headers: &HeaderMap) -> Option<Self> {
        let client = Self { credential: app.auth.credential(headers), cookie: app.auth.cookie(headers) };
        (client.credential.is_some() || client.cookie.is_some()).then_some(client)
    }
}

/// Why a connection ends.
enum End {
    /// The client went away, or cannot be reached.
    Gone,
    /// It is there, but it does not read.
    TooSlow,
    /// It is told this.
    Refused(String),
    ShuttingDown,
}

/// Serves a client until it is gone.
pub async fn serve<S>(mut socket: S, app: &App, client: Client)
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
{
    let end = match timeout(HELLO_DEADLINE, hello(&mut socket, app, &client)).await {
        Err(_) => End::Refused("The first message did not come in time".to_owned()),
        Ok(Err(end)) => end,
        Ok(Ok((credential, access, run, after))) => {
            let present = Present::arrive(&run, &access);
            let viewer = run.hub().watch(after);
            let connection = Connection { app, credential, run, present, viewer, heard: Instant::now(), messages: 0 };
            connection.serve(&mut socket, app.shutdown.clone()).await
        }
    };
    let (code, reason) = match end {
        End::Gone => return,
        End::TooSlow => return evict(&mut socket).await,
        End::Refused(message) => {
            let _ = send(&mut socket, text(view::json(&ServerMessage::Error { message }))).await;
            (close_code::POLICY, "refused")
        }
        End::ShuttingDown => (close_code::RESTART, "the server is shutting down"),
    };
    let _ = send(&mut socket, close(code, reason)).await;
}

/// Tells a client that it is let go. It counts as a viewer no more, and what it was not sent it gets when it comes back.
async fn evict<S>(socket: &mut S)
where
    S: Sink<Message, Error = axum::Error> + Unpin,
{
    let seconds = SEND_DEADLINE.as_secs();
    let farewell = [text(view::json(&ServerMessage::Evicted { seconds })), close(close_code::POLICY, "too slow")];
    let told = timeout(FAREWELL_DEADLINE, async {
        for message in farewell {
            socket.send(message).await?;
        }
        Ok::<_, axum::Error>(())
    });
    let told = matches!(told.await, Ok(Ok(())));
    tracing::info!(told, "a viewer that read nothing for {seconds} s was let go");
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }))
}

/// Waits for the first message and finds the run it asks for.
async fn hello<S>(socket: &mut S, app: &App, client: &Client) -> Result<(Credential, Access, Arc<Run>, u64), End>
where
    S: Stream<Item = Result<Message, axum::Error>> + Unpin,
{
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(message))) => {
                let Ok(ClientMessage::Hello { secret, run, after }) = serde_json::from_str(&message) else {
                    return Err(End::Refused("The first message must be a hello".to_owned()));
                };
                let credential = match (&client.credential, &client.cookie, secret) {
                    (Some(credential), _, _) => Some(credential.clone()),
                    (None, Some(cookie), Some(secret)) => app.auth.check(cookie, &secret),
                    _ => None,
                };
                let known = credential.and_then(|known| app.auth.resolve(&known).map(|access| (known, access)));
                let (credential, access) =
                    known.ok_or_else(|| End::Refused(ApiError::not_authenticated().message().to_owned()))?;
                let found = find(app, &access, run).await.map_err(|error| End::Refused(error.message().to_owned()))?;
                return Ok((credential, access, found, after));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err(End::Refused("The first message must be a hello".to_owned())),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        }
    }
}

async fn find(app: &App, access: &Access, id: String) -> Result<Arc<Run>, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    app.blocking(move |app| app.runs.find(&id)).await
}

/// Who watches is shown to all who watch.
struct Present {
    run: Arc<Run>,
    number: u64,
}

impl Present {
    fn arrive(run: &Arc<Run>, access: &Access) -> Self {
        Self { run: Arc::clone(run), number: run.watching.arrive(access) }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.run.watching.leave(self.number);
    }
}

struct Connection<'a> {
    app: &'a App,
    credential: Credential,
    run: Arc<Run>,
    /// Declared before the viewer, so dropped before: who leaves is gone from the list when the others are told.
    present: Present,
    viewer: Viewer,
    /// When the client last gave a sign of life.
    heard: Instant,
    /// Messages of the client since the last ping.
    messages: u32,
}

impl Connection<'_> {
    async fn serve<S>(mut self, socket: &mut S, mut shutdown: watch::Receiver<bool>) -> End
    where
        S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
    {
        let mut rights = self.app.auth.changes();
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                () = self.viewer.changed() => self.send_news(socket).await,
                message = socket.next() => self.receive(socket, message).await,
                _ = ping.tick() => self.ping(socket).await,
                // The sender lives as long as the server.
                _ = rights.changed() => self.access().map(drop),
                // All runs have ended by now; the page is to see how.
                () = super::shut_down(&mut shutdown) => self.send_news(socket).await.and(Err(End::ShuttingDown)),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// What the client may do now: an account may be gone, a link revoked.
    fn access(&self) -> Result<Access, End> {
        let access = self.app.auth.resolve(&self.credential);
        let access = access.filter(|access| access.may_see(&self.run.record.id));
        access.ok_or_else(|| End::Refused("Your account or link does not open this run any more".to_owned()))
    }

    /// Sends all that the viewer has not seen.
    async fn send_news<S>(&mut self, socket: &mut S) -> Result<(), End>
    where
        S: Sink<Message, Error = axum::Error> + Unpin,
    {
        let (run, hub) = (Arc::clone(&self.run), Arc::clone(self.run.hub()));
        while let Some(next) = self.viewer.next(|picture| view::snapshot(&run, &hub, picture)) {
            let (skipped, message) = match next {
                Next::Snapshot(bytes) => (0, bytes),
                Next::Delta(delta) => {
                    (delta.skipped, delta.encoded.get_or_init(|| view::update(&run, &hub, &delta)).clone())
                }
                Next::Merged(delta) => (delta.skipped, view::update(&run, &hub, &delta)),
            };
            if skipped > 0 {
                send(socket, text(view::json(&ServerMessage::Skipped { lines: skipped }))).await?;
            }
            send(socket, text(message)).await?;
        }
        Ok(())
    }

    async fn receive<S>(&mut self, socket: &mut S, message: Option<Result<Message, axum::Error>>) -> Result<(), End>
    where
        S: Sink<Message, Error = axum::Error> + Unpin,
    {
        self.heard = Instant::now();
        self.messages += 1;
        if self.messages > MAX_MESSAGES {
            return Err(End::Refused("Too many messages".to_owned()));
        }
        let refusal = match message {
            Some(Ok(Message::Text(message))) => match serde_json::from_str::<ClientMessage>(&message) {
                Ok(message) => {
                    let access = self.access()?;
                    self.obey(&access, message).await.err()
                }
                Err(error) => Some(format!("A message that is not understood: {error}")),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
            Some(Ok(Message::Binary(_))) => Some("Messages are JSON text".to_owned()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        };
        match refusal {
            Some(message) => send(socket, text(view::json(&ServerMessage::Error { message }))).await,
            None => Ok(()),
        }
    }

    /// Does what a client asks; the one place where its role decides.
    async fn obey(&mut self, access: &Access, message: ClientMessage) -> Result<(), String> {
        match message {
            ClientMessage::Hello { .. } => Err("Hello was said already".to_owned()),
            ClientMessage::Stop => {
                let (run, access) = (Arc::clone(&self.run), access.clone());
                let stopped = self.app.blocking(move |app| runs::stop_run(app, &access, &run)).await;
                stopped.map_err(|error| error.message().to_owned())
            }
            ClientMessage::Looking { address } => {
                if address.len() > MAX_ADDRESS {
                    return Err(format!("The address of a view has at most {MAX_ADDRESS} characters"));
                }
                if self.run.watching.look(self.present.number, address) {
                    let hub = self.run.hub();
                    let now_ns = hub.with_picture(|picture| picture.at_ns);
                    hub.change_status(now_ns, |status| status.moves = status.moves.wrapping_add(1));
                }
                Ok(())
            }
            ClientMessage::Subscribe { run, after } => {
                let run = find(self.app, access, run).await.map_err(|error| error.message().to_owned())?;
                self.present = Present::arrive(&run, access);
                self.viewer = run.hub().watch(after);
                self.run = run;
                Ok(())
            }
        }
    }

    async fn ping<S>(&mut self, socket: &mut S) -> Result<(), End>
    where
        S: Sink<Message, Error = axum::Error> + Unpin,
    {
        self.messages = 0;
        if self.heard.elapsed() > DEAD_AFTER {
            return Err(End::Gone);
        }
        send(socket, Message::Ping(Bytes::new())).await
    }
}

async fn send<S>(socket: &mut S, message: Message) -> Result<(), End>
where
    S: Sink<Message, Error = axum::Error> + Unpin,
{
    match timeout(SEND_DEADLINE, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::TooSlow),
    }
}

/// A text message of bytes that serde_json wrote.
fn text(json: Bytes) -> Message {
    // JSON is UTF-8; an empty message would be one that could not be encoded.
    Message::Text(Utf8Bytes::try_from(json).unwrap_or_default())
}
