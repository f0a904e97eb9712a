//! `GET /api/runs/ID/stacks?format=…`: a map with stacks as a file for other tools.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::error::ApiError;
use super::extract::{Path, Query};
use super::flamegraph::samples_of;
use super::{Anyone, App};
use crate::flame::{self, pprof::Facts};

pub fn router() -> Router<App> {
    Router::new().route("/api/runs/{id}/stacks", get(stacks))
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    format: Format,
    /// With or without its `@`; the first map with stacks where nobody says.
    map: Option<String>,
    /// The state at this moment, milliseconds since the start of the run; the newest where nobody says.
    at: Option<u64>,
    /// Only what came after this moment.
    from: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Folded,
    Pprof,
    Speedscope,
}

async fn stacks(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    Query(wanted): Query<Parameters>,
) -> Result<Response, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let name = id.clone();
    let format = wanted.format;
    let body = app
        .computing(move |app| {
            let run = app.runs.find(&id)?;
            let (map, unit, samples) = samples_of(app, &run, wanted.map.as_deref(), wanted.from, wanted.at)?;
            Ok(match wanted.format {
                Format::Folded => flame::folded(&samples).into_bytes(),
                Format::Pprof => {
                    let facts = Facts {
                        unit: &unit,
                        began_ns: u64::try_from(run.record.started_ms).unwrap_or(0).saturating_mul(1_000_000),
                        duration_ns: run.hub().with_picture(|picture| picture.status_now()).duration_ns,
                    };
                    flame::pprof::write(&samples, &facts).map_err(ApiError::internal)?
                }
                Format::Speedscope => {
                    let unit = if ["bytes", "nanoseconds"].contains(&&*unit) { &*unit } else { "none" };
                    flame::speedscope(&samples, &format!("{map} of {id}"), unit).to_string().into_bytes()
                }
            })
        })
        .await?;
    let (kind, extension) = match format {
        Format::Folded => ("text/plain; charset=utf-8", "folded"),
        Format::Pprof => ("application/gzip", "pb.gz"),
        Format::Speedscope => ("application/json", "speedscope.json"),
    };
    let file = format!("attachment; filename=\"tracedeck-{name}.{extension}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, file)], body).into_response())
}
