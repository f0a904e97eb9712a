//! Looking back into a run: `GET /api/runs/ID/history` and `GET /api/runs/ID/at?ms=N`, from its recording.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use super::error::ApiError;
use super::extract::{Path, Query};
use super::protocol::History;
use super::table::Run;
use super::{Anyone, App, view};
use crate::session::replay::Replay;
use crate::store::StoreError;

pub fn router() -> Router<App> {
    Router::new().route("/api/runs/{id}/history", get(history)).route("/api/runs/{id}/at", get(at))
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Moment {
    /// Milliseconds since the run was started.
    ms: u64,
}

async fn history(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
) -> Result<Json<History>, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let history = app
        .computing(move |app| {
            app.runs.find(&id)?;
            let mut sampler = view::history::Sampler::default();
            let recording = app.runs.store().recording(&id).map_err(unreadable)?;
            recording.play(|stamped| sampler.take(&stamped)).map_err(unreadable)?;
            Ok(sampler.finish())
        })
        .await?;
    Ok(Json(history))
}

/// The run as it was at a moment: a snapshot message.
async fn at(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    Query(moment): Query<Moment>,
) -> Result<Response, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let message = app
        .computing(move |app| {
            let run = app.runs.find(&id)?;
            let replay = until(app, &run, moment.ms)?;
            Ok(replay.hub().with_picture(|picture| view::snapshot(&run, replay.hub(), picture)))
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], message).into_response())
}

/// A run's recording, played up to a moment.
pub fn until(app: &App, run: &Run, at_ms: u64) -> Result<Replay, ApiError> {
    let at_ns = at_ms.saturating_mul(1_000_000);
    let mut replay = Replay::default();
    let recording = app.runs.store().recording(&run.record.id).map_err(unreadable)?;
    let steps = recording.play_until(at_ns, |stamped| replay.take(&stamped)).map_err(unreadable)?;
    replay.step(steps);
    Ok(replay)
}

pub(super) fn unreadable(error: StoreError) -> ApiError {
    match error {
        StoreError::Damaged(reason) => ApiError::gone("unreadable-run", reason),
        error => ApiError::internal(error),
    }
}
