//! `POST /api/format`: a script in the usual layout, as `tracedeck fmt` writes it.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::routing::post;
use axum::{Json, Router};
use tracedeck_compiler::source::SourceFile;
use tracedeck_compiler::syntax;

use super::error::ApiError;
use super::protocol::{FormatRequest, FormatResponse};
use super::table::check_source;
use super::{App, Operator};

pub fn router() -> Router<App> {
    Router::new().route("/api/format", post(format))
}

async fn format(
    State(app): State<App>,
    _: Operator,
    body: Result<Json<FormatRequest>, JsonRejection>,
) -> Result<Json<FormatResponse>, ApiError> {
    let Json(FormatRequest { source }) = body?;
    check_source(&source, &app.runs.limits.compile)?;
    app.computing(move |_| {
        let file = SourceFile::new("script.bt", source);
        match syntax::print::formatted(&file, &syntax::Limits::default()) {
            Ok(Some(source)) => Ok(Json(FormatResponse { source })),
            Ok(None) => Err(ApiError::internal("the new layout would mean something else")),
            Err(error) => {
                let line = file.position(error.span.start).line;
                Err(ApiError::bad_request("not-formatted", format!("Line {line}: {}", error.message)))
            }
        }
    })
    .await
}
