//! `/api/runs`: begin, list, look at and stop runs.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::auth::{Access, Person};
use super::error::ApiError;
use super::extract::Path;
use super::process_filter::ProcessWish;
use super::protocol::{PinRequest, Role, RunCreated, RunInfo, RunList, RunRequestBody, RunState};
use super::table::{NewRun, Run};
use super::{Anyone, App, Operator, view};
use crate::store::{RunRecord, runs};

/// The most runs in a list.
const LISTED: u32 = 200;

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/runs", get(list).post(begin))
        .route("/api/runs/{id}", get(one))
        .route("/api/runs/{id}/stop", post(stop))
        .route("/api/runs/{id}/pin", post(pin))
}

async fn begin(
    State(app): State<App>,
    Operator(person): Operator,
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
        started_by: person.name.clone(),
    };
    let id = app
        .blocking(move |app| {
            let (source, parameters) = (new.source.clone(), new.parameters.clone());
            let begun = app.runs.begin(new)?;
            // A second press of Run with the same key began nothing.
            if let Some(run) = &begun.fresh {
                let detail =
                    if parameters.is_empty() { source } else { format!("{source}\n# {}", parameters.join(" ")) };
                app.audit(&Access::Account(person), "run", Some(&begun.id), &run.record.title, &detail);
            }
            Ok(begun.id)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(RunCreated { id })))
}

async fn list(State(app): State<App>, Anyone(access): Anyone) -> Result<Json<RunList>, ApiError> {
    let runs = app
        .blocking(move |app| {
            let mut stored = app.runs.store().runs(LISTED).map_err(ApiError::internal)?;
            let mut in_memory = app.runs.in_memory();
            let mut runs: Vec<(i64, RunInfo)> = Vec::with_capacity(stored.len());
            for record in stored.drain(..) {
                let info = match in_memory.remove(&record.id) {
                    Some(run) => RunInfo { pinned: record.pinned, ..live_info(app, &run) },
                    None => stored_info(app, &record),
                };
                runs.push((record.started_ms, info));
            }
            // A run that could not be stored is only in memory.
            runs.extend(in_memory.into_values().filter(|run| !run.is_over() && run.record.copy_of.is_none()).map(
                |run| {
                    let info = live_info(app, &run);
                    (run.record.started_ms, info)
                },
            ));
            runs.sort_by_key(|(started_ms, _)| std::cmp::Reverse(*started_ms));
            let show = |info: RunInfo| if access.is_operator() { info } else { RunInfo { view_key: None, ..info } };
            Ok(runs.into_iter().map(|(_, info)| show(info)).collect())
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
            if !access.is_operator() {
                info.view_key = None;
            }
            Ok(info)
        })
        .await?;
    Ok(Json(info))
}

async fn stop(
    State(app): State<App>,
    Operator(person): Operator,
    Path(id): Path<String>,
) -> Result<Json<RunInfo>, ApiError> {
    let info = app
        .blocking(move |app| {
            let run = app.runs.find(&id)?;
            stop_run(app, &Access::Account(person), &run)?;
            Ok(live_info(app, &run))
        })
        .await?;
    Ok(Json(info))
}

/// Stops a run for somebody who may; tells the audit if it went on until now.
pub(super) fn stop_run(app: &App, access: &Access, run: &Run) -> Result<(), ApiError> {
    let Access::Account(person) = access else { return Err(ApiError::not_allowed(access, Role::Operator)) };
    if person.role < Role::Operator {
        return Err(ApiError::not_allowed(access, Role::Operator));
    }
    may_change(person, &run.record)?;
    if !run.is_over() {
        run.stop();
        app.audit(access, "stop", Some(&run.record.id), &run.record.title, "");
    }
    Ok(())
}

/// Runs belong to who began them; administrators may change all.
pub(super) fn may_change(person: &Person, record: &RunRecord) -> Result<(), ApiError> {
    if person.role == Role::Admin || person.name == record.started_by {
        return Ok(());
    }
    Err(ApiError::not_yours(&record.started_by))
}

async fn pin(
    State(app): State<App>,
    Operator(person): Operator,
    Path(id): Path<String>,
    body: Result<Json<PinRequest>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(PinRequest { pinned }) = body?;
    app.blocking(move |app| {
        let store = app.runs.store();
        let record = store.run(&id).map_err(ApiError::internal)?.ok_or_else(ApiError::no_such_run)?;
        let action = if pinned { "pin" } else { "unpin" };
        let run = id.clone();
        store.write(move |connection| runs::pin(connection, &run, pinned)).map_err(ApiError::internal)?;
        app.audit(&Access::Account(person), action, Some(&id), &record.title, "");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
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
        started_by: record.started_by.clone(),
        pinned: record.pinned,
        watching: Vec::new(),
        maps: Vec::new(),
        costs: Vec::new(),
        recording_problem: summary.and_then(|summary| summary.problem.clone()),
        notes: 0,
    }
}
