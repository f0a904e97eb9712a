//! `GET /api/host`: the machine and what tracedeck can do on it.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::protocol::HostInfo;
use super::{Anyone, App};

pub fn router() -> Router<App> {
    Router::new().route("/api/host", get(host))
}

async fn host(State(app): State<App>, _: Anyone) -> Json<Arc<HostInfo>> {
    Json(app.host)
}
