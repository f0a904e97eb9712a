//! What goes wrong in a request, as a status and a JSON body.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::auth::{Access, Refusal};
use super::protocol::{ErrorBody, Role};

/// An error with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The request was not for this server.
    pub fn misdirected() -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "wrong-host", "This server does not answer to that host name")
    }

    pub fn wrong_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "wrong-origin", "Requests from other sites are refused")
    }

    pub fn not_authenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not-authenticated", "Open the URL that tracedeck printed when it started")
    }

    /// One-time tokens and view keys that are unknown, used or expired look the same.
    pub fn login_refused() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "login-refused",
            "This link is not valid: the address that the server prints works once and for ten minutes",
        )
    }

    /// Somebody is known and may not do this.
    pub fn not_allowed(access: &Access, at_least: Role) -> Self {
        match access {
            Access::Link { .. } => {
                Self::new(StatusCode::FORBIDDEN, "link-only", "This link allows to watch one run, and nothing else")
            }
            Access::Account(person) => Self::new(
                StatusCode::FORBIDDEN,
                "role-too-low",
                format!("{} is a {} here; this takes an {}", person.name, person.role.name(), at_least.name()),
            ),
        }
    }

    /// Only who began a run and administrators may stop or change it.
    pub fn not_yours(owner: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-yours",
            format!("{owner} began this; only {owner} or an admin may do that"),
        )
    }

    /// A link whose key is right and that opens nothing any more.
    pub fn link_refused(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::login_refused(),
            Refusal::Expired => Self::gone("link-expired", "This link has expired. Ask whoever sent it for a new one"),
            Refusal::Revoked => Self::gone("link-revoked", "This link was revoked. Ask whoever sent it for a new one"),
        }
    }

    /// Runs that do not exist and runs that one may not see look the same.
    pub fn no_such_run() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-such-run", "There is no such run")
    }

    pub fn no_such(what: &str, message: &str) -> Self {
        let code = if what == "user" { "no-such-user" } else { "no-such-link" };
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this address")
    }

    pub fn no_such_map(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-such-map", message)
    }

    pub fn gone(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, code, message)
    }

    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "This address does not take that method")
    }

    pub fn too_large(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
    }

    /// Something that is not the client's doing. What exactly is logged, not told.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed to do this; its log says why")
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody { code: self.code.to_owned(), message: self.message };
        (self.status, Json(body)).into_response()
    }
}

impl From<axum::extract::rejection::JsonRejection> for ApiError {
    fn from(rejection: axum::extract::rejection::JsonRejection) -> Self {
        let status = rejection.status();
        let code = if status == StatusCode::PAYLOAD_TOO_LARGE { "body-too-large" } else { "bad-body" };
        Self::new(status, code, rejection.body_text())
    }
}
