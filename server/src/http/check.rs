//! `POST /api/check`: what is wrong with a script, while it is typed. No LLVM, no attach, and limits on all it takes.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::routing::post;
use axum::{Json, Router};
use tracedeck_compiler::source::SourceFile;

use super::error::ApiError;
use super::protocol::{CheckRequest, CheckResponse, CheckedMap, Declared};
use super::table::{check_parameters, check_source, compile_options};
use super::{App, Operator, view};
use crate::parameters;

/// What the script is called in rendered diagnostics.
const NAME: &str = "script.bt";

pub fn router() -> Router<App> {
    Router::new().route("/api/check", post(check))
}

async fn check(
    State(app): State<App>,
    _: Operator,
    body: Result<Json<CheckRequest>, JsonRejection>,
) -> Result<Json<CheckResponse>, ApiError> {
    let Json(request) = body?;
    check_source(&request.source, &app.runs.limits.compile)?;
    check_parameters(&request.parameters)?;
    app.computing(move |app| Ok(Json(answer(app, request)))).await
}

fn answer(app: &App, request: CheckRequest) -> CheckResponse {
    let file = SourceFile::new(NAME, request.source);
    let options = compile_options(&app.runs.limits.compile, &request.parameters);
    let checked = tracedeck_compiler::check(&file, &*app.kernel, &options);
    CheckResponse {
        diagnostics: checked.diagnostics.iter().map(|found| view::check_view(&file, found)).collect(),
        probes: checked.places.all,
        many_functions: if checked.places.has_many_functions() { checked.places.functions } else { 0 },
        maps: checked
            .maps
            .iter()
            .map(|map| CheckedMap {
                name: map.name.clone(),
                key: map.key.as_ref().map(ToString::to_string),
                value: map.value.to_string(),
            })
            .collect(),
        variables: checked
            .variables
            .iter()
            .map(|variable| Declared { name: variable.name.clone(), declaration: variable.ty.to_string() })
            .collect(),
        parameters: parameters::of_script(file.text(), &checked, &[]),
    }
}
