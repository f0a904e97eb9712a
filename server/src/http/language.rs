//! `GET /api/language`: what the editor completes and explains.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use tracedeck_compiler::probes::{self, ProbeKind};
use tracedeck_compiler::sema::config;
use tracedeck_compiler::{builtins, syntax};

use super::error::ApiError;
use super::protocol::{BuiltinInfo, ConfigKeyInfo, LanguageInfo, ProbeTypeInfo};
use super::{Anyone, App};

pub fn router() -> Router<App> {
    Router::new().route("/api/language", get(language))
}

async fn language(State(app): State<App>, _: Anyone) -> Result<Json<LanguageInfo>, ApiError> {
    // The first question about a facility may read a file.
    app.blocking(|app| {
        Ok(Json(LanguageInfo {
            keywords: syntax::KEYWORDS.iter().map(|word| (*word).to_owned()).collect(),
            builtins: builtins::ALL
                .iter()
                .map(|builtin| BuiltinInfo {
                    name: builtin.name.to_owned(),
                    signature: builtin.signature.to_owned(),
                    doc: builtin.doc.to_owned(),
                    example: builtin.example.to_owned(),
                })
                .collect(),
            probes: probes::ALL.iter().map(|kind| probe_type(app, kind)).collect(),
            config: config::keys().map(|(name, values)| ConfigKeyInfo { name: name.to_owned(), values }).collect(),
        }))
    })
    .await
}

fn probe_type(app: &App, kind: &ProbeKind) -> ProbeTypeInfo {
    let reason = kind.support.missing(&*app.kernel);
    ProbeTypeInfo {
        names: std::iter::once(&kind.name).chain(kind.aliases).map(|name| (*name).to_owned()).collect(),
        syntax: kind.syntax.to_owned(),
        doc: kind.doc.to_owned(),
        available: reason.is_none(),
        reason,
    }
}
