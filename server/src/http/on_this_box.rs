//! `GET /api/box`: what is attached to this machine now, by this server and by others, and what it costs.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::error::ApiError;
use super::protocol::{BoxRun, BpfHolder, BpfPrograms, OnThisBox};
use super::runs::live_info;
use super::{App, Operator};
use crate::host::bpf_holders::{self, Holder};

pub fn router() -> Router<App> {
    Router::new().route("/api/box", get(on_this_box))
}

async fn on_this_box(State(app): State<App>, _: Operator) -> Result<Json<OnThisBox>, ApiError> {
    // Reads the descriptors of all processes.
    app.computing(|app| Ok(Json(look(app)))).await
}

fn look(app: &App) -> OnThisBox {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    let at_ms = BEGUN.get_or_init(Instant::now).elapsed().as_millis() as u64;
    let measured = bpf_holders::is_measured();
    let holders = app.probes.bpf_holders();
    let kernel_ms = |holder: &Holder| measured.then_some(holder.run_time_ns / 1_000_000);
    let mut runs: Vec<BoxRun> = Vec::new();
    for run in app.runs.in_memory().into_values().filter(|run| !run.is_over()) {
        let pid = run.process();
        let holder = holders.iter().find(|holder| Some(holder.pid) == pid);
        runs.push(BoxRun {
            run: live_info(app, &run),
            pid,
            cpu_ms: pid.and_then(bpf_holders::cpu_ns).unwrap_or(0) / 1_000_000,
            kernel_ms: holder.and_then(kernel_ms),
        });
    }
    runs.sort_by(|left, right| right.run.started_at.cmp(&left.run.started_at));
    let own = std::process::id();
    // Workers are children of the server; they hold nothing that a run does not.
    let others = holders.iter().filter(|holder| holder.pid != own && holder.parent != own);
    let others = others.map(|holder| BpfHolder {
        pid: holder.pid,
        name: holder.name.clone(),
        user: holder.user.clone(),
        programs: holder
            .kinds()
            .into_iter()
            .map(|(kind, count)| BpfPrograms { kind: kind.to_owned(), count })
            .collect(),
        links: holder.links,
        cpu_ms: holder.cpu_ns / 1_000_000,
        kernel_ms: kernel_ms(holder),
    });
    OnThisBox { at_ms, runs, others: others.collect(), measured }
}
