//! `POST /api/import?name=FILE`: a file of another tool becomes a run that has ended.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};

use super::auth::Access;
use super::error::ApiError;
use super::extract::Query;
use super::protocol::RunCreated;
use super::{App, Operator, view};
use crate::import;

/// Bytes of a file; packed ones may grow to more.
const MAX_FILE: usize = 64 << 20;

pub fn router() -> Router<App> {
    Router::new().route("/api/import", post(take)).layer(DefaultBodyLimit::max(MAX_FILE))
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// What the file is called; the run's title.
    name: String,
}

async fn take(
    State(app): State<App>,
    Operator(person): Operator,
    Query(wanted): Query<Parameters>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<RunCreated>), ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::too_large("file-too-large", format!("A file has at most {} MiB", MAX_FILE >> 20))
        }
        _ => ApiError::bad_request("bad-body", rejection.body_text()),
    })?;
    let id = app
        .computing(move |app| {
            let file =
                import::read(&body).map_err(|error| ApiError::bad_request("not-a-profile", error.to_string()))?;
            let name = view::line_text(wanted.name.trim().as_bytes());
            let name = if name.is_empty() { "file".to_owned() } else { name };
            let id = app.runs.import(&name, file, &person.name)?;
            app.audit(&Access::Account(person), "import", Some(&id), &name, "");
            Ok(id)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(RunCreated { id })))
}
