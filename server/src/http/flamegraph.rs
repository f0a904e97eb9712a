//! `GET /r/ID/flame.svg`: a map with stacks as inferno's interactive SVG, live or afterwards; `GET /r/ID/flame.json`: the
//! same as the tree that the page's explorer draws.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use sha2::{Digest, Sha256};
use tracedeck_compiler::manifest::MapId;
use tracedeck_compiler::types::{Aggregate, Type};

use super::error::ApiError;
use super::extract::{Path, Query};
use super::protocol::{FlameFrameInfo, FlameKind, FlameTree, Num};
use super::table::Run;
use super::{Anyone, App, past};
use crate::flame::{self, FlameError, FlameOptions, FrameKind};
use crate::session::event::MapShape;
use crate::session::hub::Hub;
use crate::session::hub::picture::MapState;

pub fn router() -> Router<App> {
    Router::new().route("/r/{id}/flame.svg", get(flame_graph)).route("/r/{id}/flame.json", get(flame_tree))
}

#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TreeParameters {
    /// With or without its `@`; the first map with stacks where nobody says.
    map: Option<String>,
    /// The state at this moment, milliseconds since the start of the run; the newest where nobody says.
    at: Option<u64>,
    /// Only what came after this moment.
    from: Option<u64>,
}

async fn flame_tree(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    Query(parameters): Query<TreeParameters>,
) -> Result<Json<FlameTree>, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let tree = app
        .computing(move |app| {
            let run = app.runs.find(&id)?;
            let map = parameters.map.as_deref();
            let (shape, version, samples) = between(app, &run, map, parameters.from, parameters.at)?;
            Ok(tree_message(version, unit(&shape), flame::tree(&samples)))
        })
        .await?;
    Ok(Json(tree))
}

/// A map's samples at a moment, or of the time after one.
fn between(
    app: &App,
    run: &Run,
    map: Option<&str>,
    from: Option<u64>,
    at: Option<u64>,
) -> Result<(MapShape, u64, flame::DetailedSamples), ApiError> {
    let before = from.map(|ms| past::until(app, run, ms)).transpose()?;
    let until = at.map(|ms| past::until(app, run, ms)).transpose()?;
    let hub = until.as_ref().map_or_else(|| &**run.hub(), |until| until.hub());
    let (shape, version, samples) = detailed(hub, map)?;
    // At the very beginning there was no map yet, and so nothing in it.
    let then = before.and_then(|before| detailed(before.hub(), map).ok());
    Ok(match then {
        Some((_, _, then)) => (shape, version, flame::since(samples, &then)),
        None => (shape, version, samples),
    })
}

/// The same for files: the map's name, its unit, its samples.
pub(super) fn samples_of(
    app: &App,
    run: &Run,
    map: Option<&str>,
    from: Option<u64>,
    at: Option<u64>,
) -> Result<(String, String, flame::DetailedSamples), ApiError> {
    let (shape, _, samples) = between(app, run, map, from, at)?;
    Ok((shape.name.clone(), unit(&shape), samples))
}

fn detailed(hub: &Hub, map: Option<&str>) -> Result<(MapShape, u64, flame::DetailedSamples), ApiError> {
    let (shape, state) = stack_map(hub, map)?;
    let (version, samples) = match &state {
        Some(state) => (state.version, flame::detailed_samples(&state.snapshot, &*hub.names())),
        None => (0, flame::DetailedSamples::default()),
    };
    Ok((shape, version, samples))
}

fn tree_message(version: u64, unit: String, tree: flame::Tree) -> FlameTree {
    let frame = |detailed: flame::DetailedFrame| FlameFrameInfo {
        name: detailed.frame.name.to_string(),
        kind: match detailed.frame.kind {
            FrameKind::Key => FlameKind::Label,
            FrameKind::User => FlameKind::User,
            FrameKind::Kernel => FlameKind::Kernel,
            FrameKind::Inlined => FlameKind::Inlined,
            FrameKind::JustInTime => FlameKind::Jit,
            FrameKind::Unresolved => FlameKind::Unresolved,
        },
        module: detailed.module.map(|module| module.to_string()),
        why: detailed.why.map(str::to_owned),
    };
    FlameTree {
        version,
        unit,
        frames: tree.frames.into_iter().map(frame).collect(),
        frame: tree.frame,
        depth: tree.depth,
        own: tree.own.into_iter().map(Num::from).collect(),
    }
}

#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// With or without its `@`; the first map with stacks where nobody says.
    map: Option<String>,
    /// The view key or that of a link, for what is opened without a login.
    k: Option<String>,
    /// Pixels.
    width: Option<u32>,
    /// Frames that contain this are marked.
    search: Option<String>,
    /// `flame` or `icicle`.
    #[serde(default)]
    kind: Kind,
    /// Innermost frames at the root.
    #[serde(default)]
    reversed: bool,
    /// Per cent of the whole that a frame must be wide.
    min_width: Option<f64>,
    /// Inferno's script keeps the focus here.
    #[serde(default, rename = "x")]
    _x: Option<String>,
    #[serde(default, rename = "y")]
    _y: Option<String>,
    #[serde(default, rename = "s")]
    _s: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Flame,
    Icicle,
}

async fn flame_graph(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let by_key =
        parameters.k.as_ref().is_some_and(|key| app.auth.is_view_key(&id, key) || app.auth.is_share_key(&id, key));
    if !by_key {
        let access = app.auth.access(&headers).ok_or_else(ApiError::not_authenticated)?;
        if !access.may_see(&id) {
            return Err(ApiError::no_such_run());
        }
    }
    let svg = app.computing(move |app| draw(&*app.runs.find(&id)?, &parameters)).await?;
    let policy = HeaderValue::from_str(&policy(&svg)).map_err(ApiError::internal)?;
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    Ok(([kind, (header::CONTENT_SECURITY_POLICY, policy)], svg).into_response())
}

/// A map with stacks and its content.
fn stack_map(hub: &Hub, map: Option<&str>) -> Result<(MapShape, Option<Arc<MapState>>), ApiError> {
    let index = stack_map_id(hub, map)?.index();
    hub.with_picture(|picture| Some((picture.shape.as_ref()?.maps[index].clone(), picture.maps[index].clone())))
        .ok_or_else(|| ApiError::no_such_map("No map of this run has stacks in its key"))
}

/// The number of a map with stacks. Before the script is compiled there is none.
pub(super) fn stack_map_id(hub: &Hub, map: Option<&str>) -> Result<MapId, ApiError> {
    let wanted = map.map(|name| name.strip_prefix('@').unwrap_or(name));
    hub.with_picture(|picture| {
        let index = picture.shape.as_ref()?.maps.iter().position(|map| {
            map.key.as_ref().is_some_and(flame::has_stack) && wanted.is_none_or(|name| map.name[1..] == *name)
        })?;
        Some(MapId(index as u32))
    })
    .ok_or_else(|| match wanted {
        Some(name) => ApiError::no_such_map(format!("There is no map @{name} with stacks in its key")),
        None => ApiError::no_such_map("No map of this run has stacks in its key"),
    })
}

/// What the weights of a map count.
fn unit(shape: &MapShape) -> String {
    match shape.value {
        Type::Aggregate(Aggregate::Count) => FlameOptions::default().count_name,
        _ => shape.name.trim_start_matches('@').to_owned(),
    }
}

fn draw(run: &Run, parameters: &Parameters) -> Result<Vec<u8>, ApiError> {
    let hub = run.hub();
    let (shape, state) = stack_map(hub, parameters.map.as_deref())?;
    let samples = match &state {
        Some(state) => flame::samples(&state.snapshot, &*hub.names()),
        None => flame::Samples::default(),
    };
    let defaults = FlameOptions::default();
    let options = FlameOptions {
        title: format!("{} · {}", run.record.title, shape.name),
        width: parameters.width,
        min_width: parameters.min_width.filter(|width| width.is_finite()).unwrap_or(defaults.min_width),
        icicle: parameters.kind == Kind::Icicle,
        reversed: parameters.reversed,
        search: parameters.search.clone(),
        count_name: unit(&shape),
    };
    flame::render(&samples, &options).map_err(|error| match error {
        FlameError::NoSamples => ApiError::no_such_map(format!("{} has no stacks yet", shape.name)),
        FlameError::Draw(error) => ApiError::internal(error),
    })
}

/// What a flame graph that is opened as a document may do: run inferno's script, which is named by its hash, and
/// nothing else; in a sandbox, so that it is a stranger to this server's pages.
fn policy(svg: &[u8]) -> String {
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src {}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts",
        script_sources(svg)
    )
}

/// Sources of scripts for a policy that allows what a drawing brings and nothing else.
pub(super) fn script_sources(svg: &[u8]) -> String {
    let script = script_text(svg).map(|text| hash_source(&text));
    // `onload="init(evt)"` on the root element starts the script.
    let start = hash_source(b"init(evt)");
    format!("'unsafe-hashes' {start} {}", script.unwrap_or_default())
}

/// The text of the first script element, without the marks of its CDATA section.
fn script_text(svg: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(svg).ok()?;
    let (_, rest) = text.split_once("<script")?;
    let (_, rest) = rest.split_once('>')?;
    let (content, _) = rest.split_once("</script>")?;
    Some(content.replace("<![CDATA[", "").replace("]]>", "").into_bytes())
}

fn hash_source(text: &[u8]) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text)))
}

/// Base64 with padding, as policies write hashes.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let filled = digit <= chunk.len();
            out.push(if filled { char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_named_by_the_hash_of_what_a_browser_runs() {
        let svg =
            b"<svg onload=\"init(evt)\"><script type=\"text/ecmascript\"><![CDATA[\nalert(1);\n]]></script></svg>";
        assert_eq!(script_text(svg).unwrap(), b"\nalert(1);\n");
        let policy = policy(svg);
        // `printf 'init(evt)' | openssl dgst -sha256 -binary | base64`
        assert!(policy.contains("'sha256-WiAVSnuYekflqQvM3Bgx4QYmF4g+iml28eRUaqE8Qeo='"), "{policy}");
        assert!(policy.ends_with("sandbox allow-scripts"));
    }
}
