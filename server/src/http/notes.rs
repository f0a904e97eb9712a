//! `/api/runs/ID/notes`: what people write to a moment, a frame or a bucket. Whoever may see the run reads them.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};

use super::auth::{Access, Person};
use super::error::ApiError;
use super::extract::Path;
use super::protocol::{NoteInfo, NoteList, NotePlace, NoteRequest, Role};
use super::table::Run;
use super::{App, Operator, view};
use crate::store::notes::{self, Note};
use crate::store::now_ms;

/// Notes of one run.
const MOST: u32 = 500;
const MAX_TEXT: usize = 2000;
const MAX_PLACE: usize = 4096;
const MAX_ADDRESS: usize = 2000;

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/runs/{id}/notes", get(list).post(create))
        .route("/api/runs/{id}/notes/{note}", delete(remove))
}

async fn list(State(app): State<App>, Path(id): Path<String>) -> Result<Json<NoteList>, ApiError> {
    app.blocking(move |app| {
        let notes = app.runs.store().read(|connection| notes::list(connection, &id)).map_err(ApiError::internal)?;
        Ok(Json(NoteList { notes: notes.into_iter().filter_map(info).collect() }))
    })
    .await
}

async fn create(
    State(app): State<App>,
    Operator(person): Operator,
    Path(id): Path<String>,
    body: Result<Json<NoteRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<NoteInfo>), ApiError> {
    let Json(request) = body?;
    let made = app.blocking(move |app| make(app, person, &id, request)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

fn make(app: &App, person: Person, id: &str, request: NoteRequest) -> Result<NoteInfo, ApiError> {
    let run = app.runs.find(id)?;
    let text = request.text.trim();
    if text.is_empty() {
        return Err(ApiError::bad_request("empty", "A note needs a text"));
    }
    let place = serde_json::to_string(&request.place).map_err(ApiError::internal)?;
    let sizes = [
        ("text", text.chars().count(), MAX_TEXT),
        ("place", place.len(), MAX_PLACE),
        ("address", request.address.len(), MAX_ADDRESS),
    ];
    if let Some((what, _, most)) = sizes.into_iter().find(|(_, size, most)| size > most) {
        return Err(ApiError::bad_request("too-long", format!("The {what} of a note has at most {most} characters")));
    }
    let store = app.runs.store();
    if store.read(|connection| notes::count(connection, id)).map_err(ApiError::internal)? >= MOST {
        return Err(ApiError::unavailable("too-many-notes", format!("The run has {MOST} notes; delete some")));
    }
    let mut note = Note {
        id: 0,
        run: id.to_owned(),
        place,
        address: request.address.trim_start_matches('?').to_owned(),
        text: text.to_owned(),
        author: person.name.clone(),
        created_ms: now_ms(),
    };
    let stored = note.clone();
    note.id = store.write(move |connection| notes::add(connection, &stored)).map_err(ApiError::internal)?;
    tell(&run);
    app.audit(&Access::Account(person), "note", Some(id), &words(&request.place), &note.text);
    info(note).ok_or_else(|| ApiError::internal("a note that cannot be read back"))
}

async fn remove(
    State(app): State<App>,
    Operator(person): Operator,
    Path((id, note)): Path<(String, i64)>,
) -> Result<StatusCode, ApiError> {
    app.blocking(move |app| {
        let store = app.runs.store();
        let found = store.read(|connection| notes::find(connection, &id, note)).map_err(ApiError::internal)?;
        let found = found.ok_or_else(|| ApiError::no_such("note", "There is no such note"))?;
        if person.role < Role::Admin && person.name != found.author {
            return Err(ApiError::not_yours(&found.author));
        }
        store.write(move |connection| notes::remove(connection, note)).map_err(ApiError::internal)?;
        tell(&*app.runs.find(&id)?);
        app.audit(&Access::Account(person), "note-remove", Some(&id), &found.text, "");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Pages that show the run ask for its notes anew.
fn tell(run: &Run) {
    let now_ns = run.hub().with_picture(|picture| picture.at_ns);
    run.hub().change_status(now_ns, |status| status.notes += 1);
}

fn words(place: &NotePlace) -> String {
    match place {
        NotePlace::Moment { at_ms } => format!("at {}.{:03} s", at_ms / 1000, at_ms % 1000),
        NotePlace::Frame { map, name, .. } => format!("frame {name} of {map}"),
        NotePlace::Bucket { map, key, bucket } if key.is_empty() => format!("bucket {bucket} of {map}"),
        NotePlace::Bucket { map, key, bucket } => format!("bucket {bucket} of {map}[{key}]"),
    }
}

/// None for a place that a later version wrote.
fn info(note: Note) -> Option<NoteInfo> {
    Some(NoteInfo {
        id: note.id,
        place: serde_json::from_str(&note.place).ok()?,
        address: note.address,
        text: note.text,
        author: note.author,
        created_at: view::iso_time(note.created_ms),
    })
}
