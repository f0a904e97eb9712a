//! The web side: HTTP API, WebSocket and the page's files.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tracedeck_compiler::kernel::Kernel;

use self::auth::{Access, Auth};
use self::error::ApiError;
use self::probes::Catalogue;
use self::protocol::HostInfo;
use self::table::RunTable;

pub mod accept;
mod assets;
pub mod auth;
mod check;
mod complete;
mod course;
mod document;
pub mod error;
mod examples;
mod flamegraph;
mod format;
pub mod guard;
mod host;
mod import;
mod language;
mod login;
mod on_this_box;
mod output;
mod past;
pub mod probes;
mod process_filter;
pub mod protocol;
mod runs;
pub mod socket;
mod stacks;
pub mod table;
pub mod view;

/// Bytes of a request's body.
const MAX_BODY: usize = 1 << 20;
/// For the whole body of a request to come.
const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// For an answer to begin.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// What all requests share.
#[derive(Clone)]
pub struct App {
    pub runs: Arc<RunTable>,
    pub auth: Arc<Auth>,
    /// Facts for checking scripts while they are typed.
    pub kernel: Arc<dyn Kernel>,
    /// Attach points to choose from.
    pub probes: Arc<dyn Catalogue>,
    pub host: Arc<HostInfo>,
    /// One permit for each page that watches.
    pub viewers: Arc<Semaphore>,
    /// One permit for each check or drawing under way: they use a CPU each.
    pub workers: Arc<Semaphore>,
    /// Turns true when the server shuts down.
    pub shutdown: watch::Receiver<bool>,
    /// Told when a one-time token was used, so that the next one can be had.
    pub token_used: Arc<tokio::sync::Notify>,
}

impl App {
    /// Does something that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let app = self.clone();
        tokio::task::spawn_blocking(move || work(&app)).await.map_err(ApiError::internal)?
    }

    /// Does something that uses a CPU for a while, a few at once.
    async fn computing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit = Arc::clone(&self.workers).acquire_owned().await.map_err(ApiError::internal)?;
        let result = self.blocking(work).await;
        drop(permit);
        result
    }
}

/// Returns when the server shuts down.
pub async fn shut_down(shutdown: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same. The guard must not live on: it is not `Send`.
    drop(shutdown.wait_for(|down| *down).await);
}

/// Every address of the server.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .merge(login::router())
        .merge(host::router())
        .merge(language::router())
        .merge(examples::router())
        .merge(check::router())
        .merge(complete::router())
        .merge(course::router())
        .merge(document::router())
        .merge(format::router())
        .merge(flamegraph::router())
        .merge(import::router())
        .merge(on_this_box::router())
        .merge(output::router())
        .merge(past::router())
        .merge(probes::router())
        .merge(runs::router())
        .merge(stacks::router())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY_DEADLINE))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_DEADLINE))
        .layer(CompressionLayer::new());
    Router::new()
        .merge(api)
        .merge(socket::router())
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(CatchPanicLayer::custom(|_| axum::response::IntoResponse::into_response(ApiError::internal("a panic"))))
        .with_state(app)
}

/// Whoever is logged in, in any role.
pub struct Anyone(pub Access);

/// An operator.
pub struct Operator;

impl FromRequestParts<App> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.auth.access(&parts.headers).map(Self).ok_or_else(ApiError::not_authenticated)
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match Anyone::from_request_parts(parts, app).await?.0 {
            Access::Operator => Ok(Self),
            Access::Viewer { .. } => Err(ApiError::operators_only()),
        }
    }
}
