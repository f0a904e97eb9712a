//! `/api/shares`: links that show one run to people without an account.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};

use super::auth::{Access, Person};
use super::error::ApiError;
use super::extract::Path;
use super::protocol::{Role, ShareCreated, ShareInfo, ShareList, ShareRequest, ShareState};
use super::table::Run;
use super::{App, Operator, table, view};
use crate::store::shares::{self, Share, Standing};
use crate::store::users::hash;
use crate::store::{RunRecord, now_ms, runs, secrets};

/// A link is open for at most so long, except where an administrator says otherwise.
const LONGEST: u64 = 90 * 24 * 3600;
/// Links of one person that are open at once.
const MOST: u32 = 200;
/// Events reach the database once a second.
const RECORDED_WITHIN: Duration = Duration::from_millis(2500);
const MAX_TITLE: usize = 120;
const MAX_NOTE: usize = 2000;
const MAX_ADDRESS: usize = 2000;

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/shares", get(all))
        .route("/api/shares/{share}", delete(revoke))
        .route("/api/runs/{id}/shares", get(of_run).post(create))
}

async fn all(State(app): State<App>, _: Operator) -> Result<Json<ShareList>, ApiError> {
    list(app, |_| true).await
}

async fn of_run(State(app): State<App>, _: Operator, Path(id): Path<String>) -> Result<Json<ShareList>, ApiError> {
    list(app, move |share| share.source_run == id).await
}

async fn list(app: App, is_wanted: impl Fn(&Share) -> bool + Send + 'static) -> Result<Json<ShareList>, ApiError> {
    let shares = app.blocking(|app| app.runs.store().read(shares::list).map_err(ApiError::internal)).await?;
    Ok(Json(ShareList { shares: shares.into_iter().filter(is_wanted).map(info).collect() }))
}

async fn create(
    State(app): State<App>,
    Operator(person): Operator,
    Path(id): Path<String>,
    body: Result<Json<ShareRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<ShareCreated>), ApiError> {
    let Json(request) = body?;
    check(&request, &person)?;
    let created = app.blocking(move |app| make(app, person, &id, request)).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

fn check(request: &ShareRequest, person: &Person) -> Result<(), ApiError> {
    match request.expires_in_seconds {
        None if person.role < Role::Admin => {
            return Err(ApiError::bad_request("expiry", "A link that never expires takes an admin; choose an end"));
        }
        Some(seconds) if seconds == 0 || seconds > LONGEST => {
            return Err(ApiError::bad_request("expiry", "A link is open for a second at least and 90 days at most"));
        }
        _ => {}
    }
    let sizes = [
        ("title", request.title.chars().count(), MAX_TITLE),
        ("note", request.note.chars().count(), MAX_NOTE),
        ("address", request.address.len(), MAX_ADDRESS),
    ];
    match sizes.into_iter().find(|(_, size, most)| size > most) {
        Some((what, _, most)) => {
            Err(ApiError::bad_request("too-long", format!("The {what} of a link has at most {most} characters")))
        }
        None => Ok(()),
    }
}

fn make(app: &App, person: Person, id: &str, request: ShareRequest) -> Result<ShareCreated, ApiError> {
    let run = app.runs.find(id)?;
    let store = app.runs.store();
    if store.read(|connection| shares::count_open(connection, &person.name)).map_err(ApiError::internal)? >= MOST {
        return Err(ApiError::unavailable("too-many-links", format!("{MOST} links of yours are open; revoke some")));
    }
    let title = Some(request.title.trim()).filter(|title| !title.is_empty()).unwrap_or(&run.record.title);
    let key = secrets::random_token().map_err(ApiError::internal)?;
    let mut share = Share {
        id: table::new_id().map_err(ApiError::internal)?,
        key_hash: hash(&key),
        run: id.to_owned(),
        source_run: id.to_owned(),
        frozen: request.frozen,
        address: request.address.trim_start_matches('?').to_owned(),
        title: title.to_owned(),
        note: request.note.trim().to_owned(),
        created_by: person.name.clone(),
        created_ms: now_ms(),
        expires_s: request.expires_in_seconds.map(|seconds| now_ms() / 1000 + seconds as i64),
        revoked_ms: None,
    };
    if request.frozen {
        let copy = RunRecord {
            id: table::new_id().map_err(ApiError::internal)?,
            idempotency_key: None,
            copy_of: Some(id.to_owned()),
            pinned: false,
            summary: None,
            ..run.record.clone()
        };
        share.run.clone_from(&copy.id);
        wait_for_recording(app, &run)?;
        let stored = share.clone();
        store.write(move |connection| shares::add_frozen(connection, &stored, &copy)).map_err(ApiError::internal)?;
    } else {
        let stored = share.clone();
        store.write(move |connection| shares::add(connection, &stored)).map_err(ApiError::internal)?;
    }
    app.refresh_access()?;
    let kind = if share.frozen { "frozen" } else { "live" };
    app.audit(&Access::Account(person), "share", Some(id), &format!("{kind} link {}: {}", share.id, share.title), "");
    let query = if share.address.is_empty() { String::new() } else { format!("?{}", share.address) };
    let path = format!("/r/{}{query}#v={key}", share.run);
    Ok(ShareCreated { share: info(share), path })
}

/// Waits until all that is seen of a run now is in its recording, or until that is not to be expected any more.
fn wait_for_recording(app: &App, run: &Run) -> Result<(), ApiError> {
    let seen = run.hub().with_picture(|picture| picture.sequence);
    let deadline = Instant::now() + RECORDED_WITHIN;
    while Instant::now() < deadline {
        let id = &run.record.id;
        let last =
            app.runs.store().read(|connection| runs::last_recorded(connection, id)).map_err(ApiError::internal)?;
        if last >= seen {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

async fn revoke(
    State(app): State<App>,
    Operator(person): Operator,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.blocking(move |app| {
        let store = app.runs.store();
        let share = store.read(|connection| shares::find(connection, &id)).map_err(ApiError::internal)?;
        let share = share.ok_or_else(|| ApiError::no_such("link", "There is no such link"))?;
        if person.role < Role::Admin && person.name != share.created_by {
            return Err(ApiError::not_yours(&share.created_by));
        }
        let changed = store.write(move |connection| shares::revoke(connection, &id)).map_err(ApiError::internal)?;
        app.refresh_access()?;
        if share.frozen {
            app.runs.forget(&share.run);
        }
        if changed {
            let subject = format!("link {}: {}", share.id, share.title);
            app.audit(&Access::Account(person), "revoke", Some(&share.source_run), &subject, "");
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn info(share: Share) -> ShareInfo {
    let state = match share.standing(now_ms() / 1000) {
        Standing::Open => ShareState::Open,
        Standing::Expired => ShareState::Expired,
        Standing::Revoked => ShareState::Revoked,
    };
    ShareInfo {
        id: share.id,
        run: share.run,
        source_run: share.source_run,
        frozen: share.frozen,
        title: share.title,
        note: share.note,
        created_by: share.created_by,
        created_at: view::iso_time(share.created_ms),
        expires_at: share.expires_s.map(|seconds| view::iso_time(seconds * 1000)),
        state,
    }
}
