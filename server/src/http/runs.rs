//! `/api/runs`: begin, list, look at and stop runs.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::auth::Access;
use super::error::ApiError;
use super::process_filter::ProcessWish;
use super::protocol::{RunCreated, RunInfo, RunList, RunRequestBody, RunState};
use super::table::{NewRun, Run};
use super::{Anyone, App, Operator, view};
use crate::store::RunRecord;

/// The most runs in a list.
const LISTED: u32 = 200;

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/runs", get(list).post(begin))
        .route("/api/runs/{id}", get(one))
        .route("/api/runs/{id}/stop", post(stop))
}

async fn begin(
    State(app): State<App>,
    _: Operator,
    body: Result<Json<RunRequestBody>, JsonRejection>,
) -> Result<(StatusCode, Json<RunCreated>), ApiError> {
    let Json(body) = body?;
    let new = NewRun {
        source: body.source,
        parameters: body.parameters,
        processes: ProcessWish {
            pids: body.pids,
            follow: body.follow,
            cgroup: body.cgroup,
            include_self: body.include_self,
        },
        title: body.title,
        time_limit_seconds: body.time_limit_seconds,
        idempotency_key: body.idempotency_key,
    };
    let id = app.blocking(move |app| app.runs.begin(new)).await?;
    Ok((StatusCode::CREATED, Json(RunCreated { id })))
}

async fn list(State(app): State<App>, _: Operator) -> Result<Json<RunList>, ApiError> {
    let runs = app
        .blocking(|app| {
            let mut stored = app.runs.store().runs(LISTED).map_err(ApiError::internal)?;
            let mut in_memory = app.runs.in_memory();
            let mut runs: Vec<(i64, RunInfo)> = Vec::with_capacity(stored.len());
            for record in stored.drain(..) {
                let info = match in_memory.remove(&record.id) {
                    Some(run) => live_info(app, &run),
                    None => stored_info(app, &record),
                };
                runs.push((record.started_ms, info));
            }
            // A run that could not be stored is only in memory.
            runs.extend(in_memory.into_values().filter(|run| !run.is_over()).map(|run| {
                let info = live_info(app, &run);
                (run.record.started_ms, info)
            }));
            runs.sort_by_key(|(started_ms, _)| std::cmp::Reverse(*started_ms));
            Ok(runs.into_iter().map(|(_, info)| info).collect())
        })
        .await?;
    Ok(Json(RunList { runs }))
}

async fn one(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
) -> Result<Json<RunInfo>, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let info = app
        .blocking(move |app| {
            let run = app.runs.find(&id)?;
            let mut info = live_info(app, &run);
            if !matches!(access, Access::Operator) {
                info.view_key = None;
            }
            Ok(info)
        })
        .await?;
    Ok(Json(info))
}

async fn stop(State(app): State<App>, _: Operator, Path(id): Path<String>) -> Result<Json<RunInfo>, ApiError> {
    let info = app
        .blocking(move |app| {
            let run = app.runs.find(&id)?;
            run.stop();
            Ok(live_info(app, &run))
        })
        .await?;
    Ok(Json(info))
}

pub(super) fn live_info(app: &App, run: &Run) -> RunInfo {
    let (status, maps) = run.hub().with_picture(|picture| (picture.status_now(), view::shape_of(picture)));
    view::run_info(run, &status, maps, Some(app.auth.view_key(&run.record.id)))
}

/// What the table of runs tells without reading the events.
fn stored_info(app: &App, record: &RunRecord) -> RunInfo {
    let summary = record.summary.as_ref();
    RunInfo {
        id: record.id.clone(),
        title: record.title.clone(),
        source: record.source.clone(),
        parameters: record.parameters.clone(),
        state: RunState::Ended,
        reason: summary.map(|summary| summary.reason.clone()),
        ok: summary.map(|summary| summary.ok),
        started_at: view::iso_time(record.started_ms),
        duration_ms: summary.map_or(0, |summary| summary.duration_ms),
        time_limit_seconds: record.time_limit_seconds,
        probes: summary.map_or(0, |summary| summary.probes),
        attaching: None,
        watchers: 0,
        lost_total: summary.map_or(0, |summary| summary.lost),
        view_key: Some(app.auth.view_key(&record.id)),
        maps: Vec::new(),
        costs: Vec::new(),
        recording_problem: summary.and_then(|summary| summary.problem.clone()),
    }
}
