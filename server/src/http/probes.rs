//! `GET /api/probes`: the machine's attach points, found by a few letters; `GET /api/probes/arguments`: what one can read.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use super::error::ApiError;
use super::protocol::{ProbeArguments, ProbeMatches};
use super::{App, Operator};

/// The most matches in an answer, and those of a question that does not say.
const MOST_MATCHES: usize = 500;
const MATCHES: usize = 50;
/// Longer queries find nothing that shorter ones do not.
const MAX_QUERY_BYTES: usize = 200;

/// The attach points of a machine.
pub trait Catalogue: Send + Sync {
    /// How many match, and the best of them.
    fn search(&self, query: &str, limit: usize) -> (usize, Vec<String>);
    /// C declarations of what the probe of an attach point can read.
    fn arguments(&self, attach_point: &str) -> Vec<String>;
}

pub fn router() -> Router<App> {
    Router::new().route("/api/probes", get(search)).route("/api/probes/arguments", get(arguments))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    query: String,
    limit: Option<usize>,
}

async fn search(
    State(app): State<App>,
    _: Operator,
    Query(Search { query, limit }): Query<Search>,
) -> Result<Json<ProbeMatches>, ApiError> {
    check(&query)?;
    app.computing(move |app| {
        let (total, names) = app.probes.search(&query, limit.unwrap_or(MATCHES).min(MOST_MATCHES));
        Ok(Json(ProbeMatches { total: total as u32, names }))
    })
    .await
}

#[derive(Deserialize)]
struct OfProbe {
    name: String,
}

async fn arguments(
    State(app): State<App>,
    _: Operator,
    Query(OfProbe { name }): Query<OfProbe>,
) -> Result<Json<ProbeArguments>, ApiError> {
    check(&name)?;
    app.computing(move |app| Ok(Json(ProbeArguments { arguments: app.probes.arguments(&name) }))).await
}

fn check(text: &str) -> Result<(), ApiError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(ApiError::bad_request("query-too-long", format!("A query has at most {MAX_QUERY_BYTES} bytes")));
    }
    Ok(())
}
