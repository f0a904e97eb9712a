//! `POST /api/login`: a one-time token, the token of an account, or the key of a link to a run, for a login.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use super::App;
use super::auth::Access;
use super::error::ApiError;
use super::protocol::{LoginRequest, LoginResponse};

pub fn router() -> Router<App> {
    Router::new().route("/api/login", post(login))
}

async fn login(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<LoginRequest>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(request) = body?;
    let (login, is_once) = app
        .blocking(move |app| {
            // An account or a link that was made a moment ago opens, too.
            app.refresh_access()?;
            let (login, stored, is_once) = match &request {
                LoginRequest::Token { token } => {
                    let made = app.auth.login_by_token(token, &headers).map_err(ApiError::internal)?;
                    made.ok_or_else(ApiError::login_refused)?
                }
                LoginRequest::View { run, view } => {
                    let made = app.auth.login_by_share(run, view, &headers).map_err(ApiError::internal)?;
                    let (login, stored) = made.map_err(ApiError::link_refused)?;
                    // The run of a link may have made room for others.
                    if !app.runs.exists(run) {
                        return Err(ApiError::gone("run-deleted", "The run of this link is not stored any more"));
                    }
                    (login, stored, false)
                }
            };
            // Not stored, it is good until the server is restarted.
            if let Err(error) = app.runs.store().add_login(stored) {
                tracing::warn!(%error, "a login was not stored");
            }
            let (run, subject) = match &login.access {
                Access::Account(_) if is_once => (None, "by the address that the server printed"),
                Access::Account(_) => (None, "by the account's token"),
                Access::Link { run, .. } => (Some(run.clone()), "by a link"),
            };
            app.audit(&login.access, "login", run.as_deref(), subject, "");
            Ok((login, is_once))
        })
        .await?;
    if is_once {
        app.token_used.notify_one();
    }
    let run = match &login.access {
        Access::Account(_) => None,
        Access::Link { run, .. } => Some(run.clone()),
    };
    let cookie = app.auth.set_cookie(&login);
    let body = LoginResponse { role: login.access.role(), run, secret: login.secret };
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}
