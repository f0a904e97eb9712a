//! `GET /api/course`: the steps of the course, each with what this kernel lacks for it.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

use super::error::ApiError;
use super::protocol::{Course, CourseStep};
use super::{Anyone, App};
use crate::course;

pub fn router() -> Router<App> {
    Router::new().route("/api/course", get(steps))
}

async fn steps(State(app): State<App>, _: Anyone) -> Result<Json<Course>, ApiError> {
    app.computing(|app| {
        let info = |step: course::Step| {
            let file = SourceFile::new(step.id, step.script);
            let checked = tracedeck_compiler::check(&file, &*app.kernel, &CompileOptions::default());
            let error = checked.diagnostics.into_iter().find(|diagnostic| diagnostic.is_error());
            CourseStep {
                id: step.id.to_owned(),
                title: step.title.to_owned(),
                paragraphs: step.paragraphs.into_iter().map(str::to_owned).collect(),
                fires: step.fires.to_owned(),
                look_for: step.look_for.to_owned(),
                to_try: Some(step.to_try.to_owned()).filter(|text| !text.is_empty()),
                script: step.script.to_owned(),
                problem: error.map(|error| error.message),
            }
        };
        Ok(Json(Course { steps: course::steps().map(info).collect() }))
    })
    .await
}
