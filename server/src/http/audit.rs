//! `/api/audit`: who did what and when, for administrators.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use super::error::ApiError;
use super::extract::Query;
use super::protocol::{AuditEntry, AuditList};
use super::{Admin, App, view};
use crate::store::audit::{self, Entry, Filter};

/// Entries of one answer.
const PAGE: u32 = 200;
/// Entries of a download: the newest.
const MOST: u32 = 100_000;

pub fn router() -> Router<App> {
    Router::new().route("/api/audit", get(list)).route("/api/audit.jsonl", get(lines))
}

async fn list(State(app): State<App>, _: Admin, Query(filter): Query<Filter>) -> Result<Json<AuditList>, ApiError> {
    let mut entries = read(&app, filter, PAGE + 1).await?;
    let more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    Ok(Json(AuditList { entries: entries.into_iter().map(info).collect(), more }))
}

/// The oldest first, as a log is read.
async fn lines(State(app): State<App>, _: Admin, Query(filter): Query<Filter>) -> Result<Response, ApiError> {
    let entries = read(&app, filter, MOST).await?;
    let mut body = Vec::new();
    for entry in entries.into_iter().rev() {
        serde_json::to_writer(&mut body, &info(entry)).map_err(ApiError::internal)?;
        body.push(b'\n');
    }
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"tracedeck-audit.jsonl\""),
    ];
    Ok((headers, body).into_response())
}

async fn read(app: &App, filter: Filter, at_most: u32) -> Result<Vec<Entry>, ApiError> {
    app.blocking(move |app| {
        app.runs.store().read(|connection| audit::list(connection, &filter, at_most)).map_err(ApiError::internal)
    })
    .await
}

fn info(entry: Entry) -> AuditEntry {
    AuditEntry {
        id: entry.id,
        at: view::iso_time(entry.at_ms),
        who: entry.who,
        role: entry.role,
        action: entry.action,
        run: entry.run,
        subject: entry.subject,
        detail: entry.detail,
    }
}
