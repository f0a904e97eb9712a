//! `GET /api/runs/ID/page.html`: a run as one file that opens offline: facts, flame graph, tables, output, script.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use self::html::{cell, escape, number, number_cell, table};
use super::error::ApiError;
use super::extract::{Path, Query};
use super::flamegraph::{base64, samples_of, script_sources};
use super::protocol::{MapView, RunInfo};
use super::table::Run;
use super::{Anyone, App, past, view};
use crate::flame::{self, FlameError, FlameOptions};
use crate::session::hub::log::Log;

mod html;

/// The style of the file, in the file.
const STYLE: &str = include_str!("document/style.css");
/// Functions in the table under a flame graph.
const FUNCTIONS: usize = 200;
/// Lines of output; JSON lines have all.
const LINES: usize = 5000;

pub fn router() -> Router<App> {
    Router::new().route("/api/runs/{id}/page.html", get(document))
}

#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// The map that is drawn as a flame graph; the first with stacks where nobody says.
    map: Option<String>,
    /// The state at this moment, milliseconds since the start of the run; the newest where nobody says.
    at: Option<u64>,
    /// Only what came after this moment, for the flame graph.
    from: Option<u64>,
}

async fn document(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    Query(wanted): Query<Parameters>,
) -> Result<Response, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let name = id.clone();
    let (body, policy) = app.computing(move |app| assemble(app, &*app.runs.find(&id)?, &wanted)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"tracedeck-{name}.html\"")),
        (header::CONTENT_SECURITY_POLICY, format!("{policy}; sandbox allow-scripts")),
    ];
    Ok((headers, body).into_response())
}

/// The file and the policy that it states itself.
fn assemble(app: &App, run: &Run, wanted: &Parameters) -> Result<(String, String), ApiError> {
    let until = wanted.at.map(|ms| past::until(app, run, ms)).transpose()?;
    let hub = until.as_ref().map_or_else(|| &**run.hub(), |until| until.hub());
    let (info, maps, output) = hub.with_picture(|picture| {
        let names = hub.names();
        let shape = picture.shape.as_deref();
        let maps: Vec<MapView> =
            picture.maps.iter().flatten().filter_map(|map| view::maps::view(shape, map, &names)).collect();
        (view::run_info(run, &picture.status_now(), Vec::new(), None), maps, lines(&picture.log))
    });
    let flame = match maps.iter().any(|map| map.has_stack) {
        true => Some(flame_graph(app, run, wanted)?),
        false => None,
    };
    let drawn = flame.as_ref().map(|flame| flame.map.as_str());

    let mut body = head(&info, wanted);
    if let Some(flame) = &flame {
        body.push_str(&flame.markup);
    }
    for map in maps.iter().filter(|map| Some(map.name.as_str()) != drawn && !map.entries.is_empty()) {
        let _ = write!(body, "<h2>{}</h2>{}", escape(&map.name), html::map(map));
        if map.omitted > 0 {
            let (shown, all) = (map.entries.len() as i128, i128::from(map.total_entries));
            let _ = write!(body, "<p class=\"quiet\">The largest {} of {} keys.</p>", number(shown), number(all));
        }
    }
    if let Some(output) = output {
        let _ = write!(body, "<h2>Output</h2><pre tabindex=\"0\">{}</pre>", escape(&output));
    }
    let _ = write!(body, "<h2>Script</h2><pre tabindex=\"0\">{}</pre>", escape(&info.source));
    if !info.parameters.is_empty() {
        let _ = write!(body, "<p>Parameters: {}</p>", escape(&info.parameters.join(" ")));
    }
    Ok(whole(&info.title, flame.as_ref().map_or("", |flame| &flame.scripts), &body))
}

fn whole(title: &str, scripts: &str, body: &str) -> (String, String) {
    // What a drawing carries in attributes is not known by a hash.
    let (style, scripts) = match scripts {
        "" => (hash(STYLE), String::new()),
        sources => ("'unsafe-inline'".to_owned(), format!("; script-src {sources}")),
    };
    let policy = format!("default-src 'none'; base-uri 'none'; form-action 'none'; style-src {style}{scripts}");
    let file = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n",
        escape(&visible(title))
    );
    (file, policy)
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text)))
}

fn visible(text: &str) -> String {
    view::line_text(text.as_bytes())
}

/// Title, state, time, and what was lost.
fn head(info: &RunInfo, wanted: &Parameters) -> String {
    let state = info.reason.as_deref().unwrap_or("Running");
    let mut out = format!(
        "<h1>{}</h1><p class=\"quiet\">Run {}, started {}, {} s. {}.</p>",
        escape(&visible(&info.title)),
        escape(&info.id),
        escape(&info.started_at),
        info.duration_ms / 1000,
        escape(&visible(state))
    );
    if let Some(at) = wanted.at {
        let from = wanted.from.map_or_else(String::new, |from| format!(", the flame graph from {from} ms on"));
        let _ = write!(out, "<p class=\"quiet\">As it was {at} ms after the start{from}.</p>");
    }
    if info.lost_total > 0 {
        let _ = write!(out, "<p class=\"lost\">{} lost</p>", number(i128::from(info.lost_total)));
    }
    out
}

/// The last lines of the log, as they are kept.
fn lines(log: &Log) -> Option<String> {
    let mut text: Vec<String> = log.lines().rev().take(LINES).map(|line| view::line_text(&line.text)).collect();
    text.reverse();
    let missing = log.total() - text.len() as u64;
    let note = if missing > 0 { format!("({} lines before)\n", number(i128::from(missing))) } else { String::new() };
    (!text.is_empty()).then(|| note + &text.join("\n"))
}

/// A drawing with its table of functions, and the scripts that it runs.
struct Flame {
    map: String,
    markup: String,
    scripts: String,
}

fn flame_graph(app: &App, run: &Run, wanted: &Parameters) -> Result<Flame, ApiError> {
    let (map, unit, samples) = samples_of(app, run, wanted.map.as_deref(), wanted.from, wanted.at)?;
    // The root at the top: what is above it in a tall drawing nobody scrolls past.
    let options =
        FlameOptions { title: map.clone(), count_name: unit.clone(), icicle: true, ..FlameOptions::default() };
    let svg = match flame::render(&flame::without_details(&samples), &options) {
        Ok(svg) => svg,
        Err(FlameError::NoSamples) => {
            let markup = format!("<h2>{}</h2><p class=\"quiet\">No stacks.</p>", escape(&map));
            return Ok(Flame { map, markup, scripts: String::new() });
        }
        Err(FlameError::Draw(error)) => return Err(ApiError::internal(error)),
    };
    let scripts = script_sources(&svg);
    let svg = String::from_utf8(svg).map_err(ApiError::internal)?;
    // Without the declarations of an XML file.
    let drawing = svg.find("<svg").map_or("", |start| &svg[start..]);
    let mut rows = String::new();
    let all = flame::functions(&samples);
    for row in all.iter().take(FUNCTIONS) {
        let module = row.frame.module.as_deref().unwrap_or("");
        let numbers = [row.own, row.total].map(|value| number_cell(i128::from(value))).concat();
        let _ = write!(rows, "<tr>{}{numbers}{}</tr>", cell(&row.frame.frame.name), cell(module));
    }
    let functions = table(&[("function", false), ("self", true), ("total", true), ("module", false)], &rows);
    let shown = match all.len().saturating_sub(FUNCTIONS) {
        0 => String::new(),
        rest => format!("<p class=\"quiet\">{} functions that weigh less are left out.</p>", number(rest as i128)),
    };
    let markup = format!(
        "<h2>{}</h2><div class=\"flame\">{drawing}</div><h2>Functions by {}</h2>{functions}{shown}",
        escape(&map),
        escape(&unit)
    );
    Ok(Flame { map, markup, scripts })
}
