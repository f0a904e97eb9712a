//! `/metrics`: maps that are ticked for it, and the server itself, in the format OpenMetrics.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use self::families::{Families, Family, Kind};
use super::auth::Access;
use super::error::ApiError;
use super::extract::Path;
use super::protocol::{MetricRequest, MetricsOfRun};
use super::table::Run;
use super::{App, Operator, socket};
use crate::store::metrics;

mod families;
mod maps;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const RUNS: Family<'_> = Family { name: "tracedeck_runs", kind: Kind::Gauge, help: "Runs that go on" };
const VIEWERS: Family<'_> = Family { name: "tracedeck_viewers", kind: Kind::Gauge, help: "Pages that watch a run" };
const MEMORY: Family<'_> = Family {
    name: "tracedeck_resident_memory_bytes",
    kind: Kind::Gauge,
    help: "Memory of the server, without workers",
};
const LOST: Family<'_> = Family { name: "tracedeck_lost_events", kind: Kind::Counter, help: "Events that a run lost" };
const RATE: Family<'_> =
    Family { name: "tracedeck_output_lines_per_second", kind: Kind::Gauge, help: "Lines that a run prints" };

pub fn router() -> Router<App> {
    Router::new().route("/metrics", get(scrape)).route("/api/runs/{id}/metrics", get(list).post(tick))
}

async fn scrape(State(app): State<App>) -> Result<Response, ApiError> {
    let text = app.blocking(collect).await?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

fn collect(app: &App) -> Result<String, ApiError> {
    let mut families = Families::default();
    let mut runs: Vec<_> = app.runs.in_memory().into_values().filter(|run| !run.is_over()).collect();
    runs.sort_by(|left, right| left.record.id.cmp(&right.record.id));
    families.add(RUNS, &[], runs.len());
    families.add(VIEWERS, &[], socket::MAX_VIEWERS.saturating_sub(app.viewers.available_permits()));
    if let Some(bytes) = resident_bytes() {
        families.add(MEMORY, &[], bytes);
    }
    for run in runs {
        let id = &run.record.id;
        let of_run = [("run".to_owned(), id.clone())];
        families.add(LOST, &of_run, run.hub().status().lost);
        families.add(RATE, &of_run, run.hub().rate());
        let ticked = app.runs.store().read(|connection| metrics::list(connection, id)).map_err(ApiError::internal)?;
        expose(&run, &ticked, &mut families);
    }
    Ok(families.finish())
}

fn expose(run: &Run, ticked: &[String], families: &mut Families) {
    // Cheap to copy, and writing them out must not keep the picture from taking events in.
    let (shape, states) = run.hub().with_picture(|picture| (picture.shape.clone(), picture.maps.clone()));
    let Some(shape) = shape else { return };
    let names = run.hub().names();
    for state in states.iter().flatten() {
        if let Some(map) = shape.maps.get(state.id.index()).filter(|map| ticked.contains(&map.name)) {
            maps::add(families, &run.record.id, map, &state.snapshot, &names);
        }
    }
}

/// None where `/proc` cannot be read.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

async fn list(State(app): State<App>, Path(id): Path<String>) -> Result<Json<MetricsOfRun>, ApiError> {
    app.blocking(move |app| {
        let maps = app.runs.store().read(|connection| metrics::list(connection, &id)).map_err(ApiError::internal)?;
        Ok(Json(MetricsOfRun { maps }))
    })
    .await
}

async fn tick(
    State(app): State<App>,
    Operator(person): Operator,
    Path(id): Path<String>,
    body: Result<Json<MetricRequest>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(MetricRequest { map, exposed }) = body?;
    app.blocking(move |app| {
        let run = app.runs.find(&id)?;
        if exposed {
            check(&run, &map)?;
        }
        let name = map.clone();
        app.runs
            .store()
            .write(move |connection| metrics::set(connection, &id, &name, exposed))
            .map_err(ApiError::internal)?;
        let action = if exposed { "expose" } else { "unexpose" };
        app.audit(&Access::Account(person), action, Some(&run.record.id), &map, "");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn check(run: &Run, map: &str) -> Result<(), ApiError> {
    if run.is_over() {
        return Err(ApiError::bad_request("run-ended", "The run has ended; only runs that go on have metrics"));
    }
    let shape = run.hub().with_picture(|picture| picture.shape.clone());
    let found = shape.as_ref().and_then(|shape| shape.maps.iter().find(|known| known.name == map));
    let found = found
        .ok_or_else(|| ApiError::bad_request("no-such-map", "The run has no map of this name; names begin with @"))?;
    if !maps::has_metric(found) {
        return Err(ApiError::bad_request(
            "no-metric",
            "Only maps of numbers and histograms whose keys hold no stacks become metrics",
        ));
    }
    Ok(())
}
