//! `GET /api/me`: who is asking.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::auth::Access;
use super::error::ApiError;
use super::protocol::{Me, MyLink};
use super::{Anyone, App, view};
use crate::store::shares;

pub fn router() -> Router<App> {
    Router::new().route("/api/me", get(me))
}

async fn me(State(app): State<App>, Anyone(access): Anyone) -> Result<Json<Me>, ApiError> {
    let (name, role) = (access.name().to_owned(), access.role());
    let Access::Link { share, .. } = access else { return Ok(Json(Me { name, role, link: None })) };
    let share = app
        .blocking(move |app| {
            app.runs.store().read(|connection| shares::find(connection, &share)).map_err(ApiError::internal)
        })
        .await?
        .ok_or_else(ApiError::not_authenticated)?;
    let link = MyLink {
        run: share.run,
        frozen: share.frozen,
        title: share.title,
        note: share.note,
        created_by: share.created_by,
        created_at: view::iso_time(share.created_ms),
        expires_at: share.expires_s.map(|seconds| view::iso_time(seconds * 1000)),
    };
    Ok(Json(Me { name, role, link: Some(link) }))
}
