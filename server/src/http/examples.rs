//! `GET /api/examples`: the tools, ready scripts.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::error::ApiError;
use super::protocol::{ExampleInfo, ExampleList};
use super::{Anyone, App};
use crate::{examples, parameters};

pub fn router() -> Router<App> {
    Router::new().route("/api/examples", get(list))
}

async fn list(State(app): State<App>, _: Anyone) -> Result<Json<ExampleList>, ApiError> {
    // Each script is checked against this kernel, so that what cannot run says so before it is pressed.
    let examples = app
        .computing(|app| {
            let info = |example: &examples::Example| {
                let checked = examples::check(example, &*app.kernel);
                ExampleInfo {
                    id: example.id.to_owned(),
                    title: example.title.to_owned(),
                    category: example.category.to_owned(),
                    question: example.question.to_owned(),
                    script: example.script.to_owned(),
                    how_to_read: example.how_to_read.to_owned(),
                    cost: example.cost.to_owned(),
                    view: example.view,
                    parameters: parameters::of_script(example.script, &checked, example.parameters),
                    problem: examples::problem(&checked),
                }
            };
            Ok(examples::all().map(info).collect())
        })
        .await?;
    Ok(Json(ExampleList { examples }))
}
