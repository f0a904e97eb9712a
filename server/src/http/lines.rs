//! `GET /api/runs/{id}/lines`: the log of a run beyond the window that pages have, by number and by pattern.

use std::collections::VecDeque;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::error::ApiError;
use super::extract::{Path, Query};
use super::past::unreadable;
use super::protocol::{LogLine, LogLines};
use super::view;
use super::{Anyone, App};
use crate::session::hub::delta::Delta;
use crate::session::hub::picture::Picture;
use crate::session::names::Names;

const USUAL_LINES: usize = 1000;
const MOST_LINES: usize = 5000;
const LONGEST_PATTERN: usize = 200;

pub fn router() -> Router<App> {
    Router::new().route("/api/runs/{id}/lines", get(lines))
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Only lines before the one with this number.
    before: Option<u64>,
    /// Only lines that contain a match of this regular expression, in any case; what is none is looked for as text.
    pattern: Option<String>,
    /// How many at most, the last of those there are.
    limit: Option<usize>,
}

async fn lines(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    Query(wanted): Query<Parameters>,
) -> Result<Json<LogLines>, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let pattern = wanted.pattern.as_deref().unwrap_or("").trim();
    if pattern.len() > LONGEST_PATTERN {
        let message = format!("A pattern has at most {LONGEST_PATTERN} bytes");
        return Err(ApiError::bad_request("bad-parameter", message));
    }
    let mut found = Found {
        pattern: Pattern::new(pattern),
        before: wanted.before.unwrap_or(u64::MAX),
        most: wanted.limit.unwrap_or(USUAL_LINES).clamp(1, MOST_LINES),
        matched: 0,
        lines: VecDeque::new(),
    };
    let found = app
        .computing(move |app| {
            app.runs.find(&id)?;
            let recording = app.runs.store().recording(&id).map_err(unreadable)?;
            let (mut picture, mut names) = (Picture::default(), Names::default());
            recording
                .play(|stamped| {
                    names.apply(&stamped.event);
                    let mut delta = Delta::default();
                    picture.apply(&stamped, &names, &mut delta);
                    delta.log.iter().for_each(|line| found.take(view::log_line(line)));
                })
                .map_err(unreadable)?;
            Ok(found)
        })
        .await?;
    Ok(Json(LogLines { lines: found.lines.into(), matched: found.matched }))
}

/// The last lines that are wanted, of those that were looked at.
struct Found {
    pattern: Pattern,
    before: u64,
    most: usize,
    matched: u64,
    lines: VecDeque<LogLine>,
}

impl Found {
    fn take(&mut self, line: LogLine) {
        if line.sequence >= self.before || !self.pattern.is_in(&line.text) {
            return;
        }
        self.matched += 1;
        if self.lines.len() == self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

enum Pattern {
    All,
    Expression(regex_lite::Regex),
    /// In lower case.
    Text(String),
}

impl Pattern {
    fn new(text: &str) -> Self {
        if text.is_empty() {
            return Self::All;
        }
        match regex_lite::RegexBuilder::new(text).case_insensitive(true).build() {
            Ok(expression) => Self::Expression(expression),
            Err(_) => Self::Text(text.to_lowercase()),
        }
    }

    fn is_in(&self, line: &str) -> bool {
        match self {
            Self::All => true,
            Self::Expression(expression) => expression.is_match(line),
            Self::Text(text) => line.to_lowercase().contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pattern_is_text() {
        assert!(Pattern::new("a.c").is_in("xABCx") && !Pattern::new("a.c").is_in("ac"));
        assert!(Pattern::new("f(").is_in("call of F(x)") && !Pattern::new("f(").is_in("f x"));
        assert!(Pattern::new("").is_in(""));
    }
}
