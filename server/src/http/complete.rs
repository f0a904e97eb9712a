//! `POST /api/complete`: what may stand at the editor's cursor, as far as it follows from types.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::routing::post;
use axum::{Json, Router};
use tracedeck_compiler::completion;
use tracedeck_compiler::source::SourceFile;

use super::error::ApiError;
use super::protocol::{CompleteRequest, CompleteResponse, Declared};
use super::table::{check_parameters, check_source, compile_options};
use super::view::byte_offset;
use super::{App, Operator};

pub fn router() -> Router<App> {
    Router::new().route("/api/complete", post(complete))
}

async fn complete(
    State(app): State<App>,
    _: Operator,
    body: Result<Json<CompleteRequest>, JsonRejection>,
) -> Result<Json<CompleteResponse>, ApiError> {
    let Json(request) = body?;
    check_source(&request.source, &app.runs.limits.compile)?;
    check_parameters(&request.parameters)?;
    app.computing(move |app| Ok(Json(answer(app, request)))).await
}

fn answer(app: &App, request: CompleteRequest) -> CompleteResponse {
    let offset = byte_offset(&request.source, request.offset);
    let file = SourceFile::new("script.bt", request.source);
    let options = compile_options(&app.runs.limits.compile, &request.parameters);
    let found = completion::members(&file, offset, &*app.kernel, &options).unwrap_or_default();
    let declared = |it: completion::Member| Declared { name: it.name, declaration: it.declaration };
    CompleteResponse { of: found.of, members: found.members.into_iter().map(declared).collect() }
}
