//! `POST /api/login`: a one-time token, or the view key of a run, for a login.

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
    let is_token = matches!(request, LoginRequest::Token { .. });
    let (login, run) = app
        .blocking(move |app| {
            let made = match &request {
                LoginRequest::Token { token } => app.auth.login_by_token(token, &headers),
                // The key of a run that is gone opens nothing.
                LoginRequest::View { run, view } if app.runs.exists(run) => {
                    app.auth.login_by_view_key(run, view, &headers)
                }
                LoginRequest::View { .. } => Ok(None),
            };
            let (login, stored) = made.map_err(ApiError::internal)?.ok_or_else(ApiError::login_refused)?;
            // Not stored, it is good until the server is restarted.
            if let Err(error) = app.runs.store().add_login(stored) {
                tracing::warn!(%error, "a login was not stored");
            }
            let run = match &login.access {
                Access::Operator => None,
                Access::Viewer { run } => Some(run.clone()),
            };
            Ok((login, run))
        })
        .await?;
    if is_token {
        app.token_used.notify_one();
    }
    tracing::info!(role = ?login.access.role(), run, "login");
    let cookie = app.auth.set_cookie(&login);
    let body = LoginResponse { role: login.access.role(), run, secret: login.secret };
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}
