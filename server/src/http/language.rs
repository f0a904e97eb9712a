//! `GET /api/language`: what the editor completes and explains.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use tracedeck_compiler::builtins;

use super::protocol::{BuiltinInfo, LanguageInfo};
use super::{Anyone, App};

pub fn router() -> Router<App> {
    Router::new().route("/api/language", get(language))
}

async fn language(State(_app): State<App>, _: Anyone) -> Json<LanguageInfo> {
    Json(LanguageInfo {
        keywords: KEYWORDS.iter().map(|word| (*word).to_owned()).collect(),
        builtins: builtins::ALL
            .iter()
            .map(|builtin| BuiltinInfo {
                name: builtin.name.to_owned(),
                signature: builtin.signature.to_owned(),
                doc: builtin.doc.to_owned(),
                example: builtin.example.to_owned(),
            })
            .collect(),
        probes: Vec::new(),
    })
}

/// Words with a meaning of their own in the grammar.
const KEYWORDS: [&str; 24] = [
    "if", "else", "while", "for", "in", "unroll", "let", "return", "break", "continue", "sizeof", "offsetof", "struct",
    "union", "enum", "config", "fn", "macro", "import", "begin", "end", "true", "false", "comptime",
];
