//! `/api/users`: accounts, for administrators.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};

use super::auth::Access;
use super::error::ApiError;
use super::extract::Path;
use super::protocol::{UserInfo, UserList, UserRequest, UserToken};
use super::{Admin, App, view};
use crate::store::users;

pub fn router() -> Router<App> {
    Router::new().route("/api/users", get(list).post(save)).route("/api/users/{name}", delete(remove))
}

async fn list(State(app): State<App>, _: Admin) -> Result<Json<UserList>, ApiError> {
    let users = app.blocking(|app| app.runs.store().read(users::list).map_err(ApiError::internal)).await?;
    let info =
        |user: users::User| UserInfo { name: user.name, role: user.role, created_at: view::iso_time(user.created_ms) };
    Ok(Json(UserList { users: users.into_iter().map(info).collect() }))
}

async fn save(
    State(app): State<App>,
    Admin(person): Admin,
    body: Result<Json<UserRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<UserToken>), ApiError> {
    let Json(UserRequest { name, role }) = body?;
    if let Some(why) = users::refuse_name(&name) {
        return Err(ApiError::bad_request("bad-name", why));
    }
    let made = app
        .blocking(move |app| {
            let of = name.clone();
            let token = app.runs.store().write(move |connection| users::put(connection, &of, role));
            let token = token.map_err(ApiError::internal)?;
            app.refresh_access()?;
            app.audit(&Access::Account(person), "user-add", None, &format!("{name}, {}", role.name()), "");
            Ok(UserToken { name, role, token })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn remove(
    State(app): State<App>,
    Admin(person): Admin,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.blocking(move |app| {
        let of = name.clone();
        let was_there = app.runs.store().write(move |connection| users::remove(connection, &of));
        if !was_there.map_err(ApiError::internal)? {
            return Err(ApiError::no_such("user", "There is no such account"));
        }
        app.refresh_access()?;
        app.audit(&Access::Account(person), "user-remove", None, &name, "");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
