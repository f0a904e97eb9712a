//! `GET /api/examples`: ready scripts.

use axum::routing::get;
use axum::{Json, Router};

use super::protocol::{ExampleInfo, ExampleList};
use super::{Anyone, App};
use crate::examples::ALL;

pub fn router() -> Router<App> {
    Router::new().route("/api/examples", get(examples))
}

async fn examples(_: Anyone) -> Json<ExampleList> {
    let examples = ALL.iter().map(|example| ExampleInfo {
        id: example.id.to_owned(),
        title: example.title.to_owned(),
        question: example.question.to_owned(),
        script: example.script.to_owned(),
        how_to_read: example.how_to_read.to_owned(),
        view: example.view,
    });
    Json(ExampleList { examples: examples.collect() })
}
