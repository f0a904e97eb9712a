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

use self::auth::{Access, Auth, Person};
use self::error::ApiError;
use self::probes::Catalogue;
use self::protocol::{HostInfo, Role};
use self::table::RunTable;
use crate::store::shares::list as shares_in_store;
use crate::store::users::list as users_in_store;

pub mod accept;
mod account;
mod assets;
mod audit;
pub mod auth;
mod check;
mod complete;
mod course;
mod document;
pub mod error;
mod examples;
mod extract;
mod flamegraph;
mod format;
pub mod guard;
mod host;
pub mod housekeeping;
mod import;
mod language;
mod lines;
mod login;
mod metrics;
mod notes;
mod on_this_box;
pub mod openapi;
mod output;
mod past;
pub mod permissions;
pub mod probes;
mod process_filter;
pub mod protocol;
mod runs;
mod sample_times;
mod shares;
pub mod socket;
mod stacks;
mod storage;
pub mod table;
mod users;
pub mod view;
mod watching;

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

impl App {
    /// Reads accounts and links anew, so that what was changed holds from now on.
    pub fn refresh_access(&self) -> Result<(), ApiError> {
        let store = self.runs.store();
        let users = store.read(users_in_store).map_err(ApiError::internal)?;
        let shares = store.read(shares_in_store).map_err(ApiError::internal)?;
        self.auth.refresh(users, shares);
        Ok(())
    }

    /// Writes down who did what. What cannot be written is in the log at least.
    fn audit(&self, who: &Access, action: &str, run: Option<&str>, subject: &str, detail: &str) {
        let entry = crate::store::audit::Entry {
            who: who.name().to_owned(),
            role: match who {
                Access::Account(person) => person.role.name().to_owned(),
                Access::Link { share, .. } => format!("link {share}"),
            },
            action: action.to_owned(),
            run: run.map(str::to_owned),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            ..Default::default()
        };
        tracing::info!(who = entry.who, action, run, subject = %view::line_text(subject.as_bytes()), "audit");
        let written = self.runs.store().write(move |connection| crate::store::audit::add(connection, &entry));
        if let Err(error) = written {
            tracing::error!(%error, "the audit was not written");
        }
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
        .merge(account::router())
        .merge(audit::router())
        .merge(login::router())
        .merge(host::router())
        .merge(metrics::router())
        .merge(notes::router())
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
        .merge(lines::router())
        .merge(openapi::router())
        .merge(output::router())
        .merge(past::router())
        .merge(sample_times::router())
        .merge(probes::router())
        .merge(runs::router())
        .merge(shares::router())
        .merge(stacks::router())
        .merge(storage::router())
        .merge(users::router())
        .route_layer(axum::middleware::from_fn_with_state(app.clone(), permissions::require))
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

/// Whoever is logged in, with an account or by a link. Who may come so far is in the table of [`permissions`].
pub struct Anyone(pub Access);

/// Somebody who may run scripts.
pub struct Operator(pub Person);

/// Somebody who may do everything.
pub struct Admin(pub Person);

impl FromRequestParts<App> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        parts.extensions.get::<Access>().cloned().map(Self).ok_or_else(ApiError::not_authenticated)
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        person(parts, app, Role::Operator).await.map(Self)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        person(parts, app, Role::Admin).await.map(Self)
    }
}

async fn person(parts: &mut Parts, app: &App, at_least: Role) -> Result<Person, ApiError> {
    match Anyone::from_request_parts(parts, app).await?.0 {
        Access::Account(person) if person.role >= at_least => Ok(person),
        access => Err(ApiError::not_allowed(&access, at_least)),
    }
}
