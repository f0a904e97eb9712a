//! `GET /api/runs/ID/output.txt` and `output.jsonl`: what a terminal would have printed.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracedeck_compiler::source::SourceFile;

use super::error::ApiError;
use super::extract::Path;
use super::{Anyone, App};
use crate::output::json::JsonSink;
use crate::output::text::TextSink;
use crate::output::{Desk, Sink, Streams, Verbosity};
use crate::store::{RunRecord, StoreError, chunk::Recording};

/// A client that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are sent at once, and how many of those wait for the client.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;

pub fn router() -> Router<App> {
    Router::new()
        .route(
            "/api/runs/{id}/output.txt",
            get(async |state, anyone, path| output(state, anyone, path, Format::Text).await),
        )
        .route(
            "/api/runs/{id}/output.jsonl",
            get(async |state, anyone, path| output(state, anyone, path, Format::Json).await),
        )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

async fn output(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    format: Format,
) -> Result<Response, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let (record, recording) = app
        .blocking(move |app| {
            let store = app.runs.store();
            let record = store.run(&id).map_err(ApiError::internal)?.ok_or_else(ApiError::no_such_run)?;
            let recording = store.recording(&id).map_err(|error| match error {
                StoreError::Damaged(reason) => ApiError::gone("unreadable-run", reason),
                error => ApiError::internal(error),
            })?;
            Ok((record, recording))
        })
        .await?;

    let name = record.id.clone();
    let (sender, receiver) = mpsc::channel(PIECES);
    let pipe = Pipe { sender, runtime: Handle::current() };
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(record, recording, format, &pipe) {
            tracing::debug!(%error, "output was not sent to its end");
        }
    });
    let pieces = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Bytes>| {
        receiver.recv().await.map(|piece| (Ok::<_, io::Error>(piece), receiver))
    });
    let (kind, extension) = match format {
        Format::Text => ("text/plain; charset=utf-8", "txt"),
        Format::Json => ("application/jsonl; charset=utf-8", "jsonl"),
    };
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, kind.to_owned()),
        // What a traced process wrote is for a file, not for this window.
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"tracedeck-{name}.{extension}\"")),
    ];
    // Compression asks once more after the end, which an unfold does not take.
    Ok((headers, Body::from_stream(pieces.fuse())).into_response())
}

fn write(record: RunRecord, recording: Recording, format: Format, pipe: &Pipe) -> io::Result<()> {
    let out = Box::new(BufWriter::with_capacity(PIECE, pipe.clone()));
    let err: Box<dyn Write + Send> = match format {
        Format::Text => Box::new(pipe.clone()),
        // Every line is JSON.
        Format::Json => Box::new(io::sink()),
    };
    let streams = Streams { out, err, out_is_terminal: false, err_is_terminal: false, err_has_color: false };
    let desk = Desk::new(SourceFile::new("script.bt", record.source), streams, Verbosity::default());
    let mut sink: Box<dyn Sink> = match format {
        Format::Text => Box::new(TextSink::new(desk)),
        Format::Json => Box::new(JsonSink::new(desk)),
    };
    let mut result = Ok(());
    recording
        .play(|stamped| {
            if result.is_ok() {
                result = sink.event(&stamped.event);
            }
        })
        .map_err(io::Error::other)?;
    result?;
    sink.flush()
}

/// Hands bytes from a thread that may wait to a response.
#[derive(Debug, Clone)]
struct Pipe {
    sender: mpsc::Sender<Bytes>,
    runtime: Handle,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        match self.runtime.block_on(timeout(PATIENCE, self.sender.send(piece))) {
            Ok(Ok(())) => Ok(bytes.len()),
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
