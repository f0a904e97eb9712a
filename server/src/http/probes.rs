//! `GET /api/probes`: the machine's attach points, found by a few letters; `…/tree`: the same by provider and category;
//! `…/binary`: those of a program; `…/arguments`: what one can read. `GET /api/processes`: programs to choose from.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use super::error::ApiError;
use super::extract::{Path, Query};
use super::protocol::{ProbeArguments, ProbeMatches, ProbeNode, ProbeTree, ProcessFiles, ProcessInfo, ProcessList};
use super::{App, Operator};
use crate::host::bpf_holders::Holder;
use crate::host::process_list::Process;
use crate::host::search::Child;

/// The most matches in an answer, and those of a question that does not say.
const MOST_MATCHES: usize = 500;
const MATCHES: usize = 50;
/// Longer queries find nothing that shorter ones do not.
const MAX_QUERY_BYTES: usize = 200;
/// The most branches in an answer; who has more, searches.
const MOST_CHILDREN: usize = 1000;
const MAX_PATH_BYTES: usize = 4096;

/// The attach points of a machine.
pub trait Catalogue: Send + Sync {
    /// How many match, and the best of them.
    fn search(&self, query: &str, limit: usize) -> (usize, Vec<String>);
    /// C declarations of what the probe of an attach point can read.
    fn arguments(&self, attach_point: &str) -> Vec<String>;
    /// What follows a prefix up to the next colon, and how many attach points begin so.
    fn children(&self, prefix: &str) -> Vec<Child>;
    /// Functions and USDT probes of a program or library, as a process sees it, as `search`; or why there are none.
    fn of_binary(
        &self,
        path: &str,
        pid: Option<u32>,
        query: &str,
        limit: usize,
    ) -> Result<(usize, Vec<String>), String>;
    /// Processes with a program.
    fn processes(&self) -> Vec<Process>;
    /// Processes that hold BPF programs or links.
    fn bpf_holders(&self) -> Vec<Holder>;
    /// The program and the libraries of a process.
    fn files(&self, pid: u32) -> Vec<String>;
}

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/probes", get(search))
        .route("/api/probes/arguments", get(arguments))
        .route("/api/probes/tree", get(tree))
        .route("/api/probes/binary", get(binary))
        .route("/api/processes", get(processes))
        .route("/api/processes/{pid}/files", get(files))
}

#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct Search {
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

#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct OfProbe {
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

#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct Branch {
    #[serde(default)]
    prefix: String,
}

async fn tree(
    State(app): State<App>,
    _: Operator,
    Query(Branch { prefix }): Query<Branch>,
) -> Result<Json<ProbeTree>, ApiError> {
    check(&prefix)?;
    app.computing(move |app| {
        let mut children = app.probes.children(&prefix);
        let omitted = children.len().saturating_sub(MOST_CHILDREN) as u32;
        children.truncate(MOST_CHILDREN);
        // A name may end with a colon of its own: software:faults:
        let is_branch = |child: &Child| child.name.ends_with(':') && !app.probes.children(&child.name).is_empty();
        let children = children
            .into_iter()
            .map(|child| ProbeNode { is_branch: is_branch(&child), name: child.name, probes: child.count })
            .collect();
        Ok(Json(ProbeTree { children, omitted }))
    })
    .await
}

#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct OfBinary {
    path: String,
    pid: Option<u32>,
    #[serde(default)]
    query: String,
}

async fn binary(
    State(app): State<App>,
    _: Operator,
    Query(OfBinary { path, pid, query }): Query<OfBinary>,
) -> Result<Json<ProbeMatches>, ApiError> {
    check(&query)?;
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains(['*', ',', ':', '\0', '"']) {
        let message = "Give the path of one program or library, or the name of a program";
        return Err(ApiError::bad_request("bad-path", message));
    }
    app.computing(move |app| {
        let (total, names) = app
            .probes
            .of_binary(&path, pid, &query, MOST_MATCHES)
            .map_err(|message| ApiError::bad_request("no-binary", message))?;
        Ok(Json(ProbeMatches { total: total as u32, names }))
    })
    .await
}

async fn processes(State(app): State<App>, _: Operator) -> Result<Json<ProcessList>, ApiError> {
    app.blocking(|app| {
        let info = |process: Process| ProcessInfo {
            pid: process.pid,
            name: process.name,
            program: process.program.to_string_lossy().into_owned(),
        };
        Ok(Json(ProcessList { processes: app.probes.processes().into_iter().map(info).collect() }))
    })
    .await
}

async fn files(State(app): State<App>, _: Operator, Path(pid): Path<u32>) -> Result<Json<ProcessFiles>, ApiError> {
    app.blocking(move |app| Ok(Json(ProcessFiles { files: app.probes.files(pid) }))).await
}

fn check(text: &str) -> Result<(), ApiError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(ApiError::bad_request("query-too-long", format!("A query has at most {MAX_QUERY_BYTES} bytes")));
    }
    Ok(())
}
