//! `/api/storage`: what the server keeps, for how long, and how much room there is.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::routing::get;
use axum::{Json, Router};

use super::auth::Access;
use super::error::ApiError;
use super::protocol::{StorageInfo, StorageRequest};
use super::{Admin, Anyone, App, housekeeping, view};
use crate::store::{runs, settings};

/// Ten years: more is a slip of the keyboard.
const MAX_DAYS: u32 = 3660;

pub fn router() -> Router<App> {
    Router::new().route("/api/storage", get(look).post(change))
}

async fn look(State(app): State<App>, _: Anyone) -> Result<Json<StorageInfo>, ApiError> {
    app.blocking(|app| info(app).map(Json)).await
}

async fn change(
    State(app): State<App>,
    Admin(person): Admin,
    body: Result<Json<StorageRequest>, JsonRejection>,
) -> Result<Json<StorageInfo>, ApiError> {
    let Json(StorageRequest { keep_days }) = body?;
    if keep_days > MAX_DAYS {
        return Err(ApiError::bad_request(
            "keep-days",
            format!("Runs are kept for {MAX_DAYS} days at most; 0 is without end"),
        ));
    }
    app.blocking(move |app| {
        app.runs
            .store()
            .write(move |connection| settings::set(connection, settings::KEEP_DAYS, &keep_days.to_string()))
            .map_err(ApiError::internal)?;
        let words = if keep_days == 0 { "without end".to_owned() } else { format!("{keep_days} days") };
        app.audit(&Access::Account(person), "retention", None, &words, "");
        info(app).map(Json)
    })
    .await
}

fn info(app: &App) -> Result<StorageInfo, ApiError> {
    let store = app.runs.store();
    let keep_days = housekeeping::keep_days(app)?;
    let before_ms = housekeeping::too_old(keep_days);
    let kept = store.read(|connection| runs::kept(connection, before_ms)).map_err(ApiError::internal)?;
    Ok(StorageInfo {
        keep_days,
        used_bytes: store.used_bytes().map_err(ApiError::internal)?,
        limit_bytes: store.limit_bytes(),
        runs: kept.all,
        kept: kept.wanted,
        due: kept.due,
        oldest: kept.oldest_ms.map(view::iso_time),
    })
}
