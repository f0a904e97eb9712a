//! A run as messages for the page: from the hub's state and deltas to the types of the protocol, and to JSON.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde::Serialize;
use tracedeck_compiler::abi::format::clock::Civil;
use tracedeck_compiler::diagnostic::render::render;
use tracedeck_compiler::diagnostic::{Diagnostic, Severity};
use tracedeck_compiler::source::{SourceFile, Span};

use super::protocol::{
    DiagnosticSeverity, DiagnosticView, LogKind, LogLine, LogStream, Loss, MapShape, ProbeCost, Progress, Replacement,
    RunInfo, RunState, ServerMessage, Snapshot, Update,
};
use super::table::Run;
use crate::session::event::RunDiagnostic;
use crate::session::hub::delta::Delta;
use crate::session::hub::log::{Line, Source, Stream};
use crate::session::hub::picture::{self, Phase, Picture, Status};
use crate::session::hub::{Hub, loss};

mod escape;
pub mod history;
pub mod maps;

pub use escape::line_text;

/// Lines and bytes of the log in a snapshot; the page is told how many came before.
const SNAPSHOT_LINES: usize = 10_000;
const SNAPSHOT_BYTES: usize = 1 << 20;

/// The message for a viewer that comes new.
pub fn snapshot(run: &Run, hub: &Hub, picture: &Picture) -> Bytes {
    let names = hub.names();
    let shape = picture.shape.as_deref();
    let mut bytes = 0;
    let mut log: Vec<LogLine> = picture
        .log
        .lines()
        .rev()
        .take(SNAPSHOT_LINES)
        .take_while(|line| {
            bytes += line.text.len();
            bytes <= SNAPSHOT_BYTES
        })
        .map(|line| log_line(line))
        .collect();
    log.reverse();
    json(&ServerMessage::Snapshot(Snapshot {
        sequence: picture.sequence,
        at_ms: milliseconds(picture.at_ns),
        run: run_info(run, &picture.status_now(), shape_of(picture), None),
        log_dropped: picture.log.total() - log.len() as u64,
        log,
        maps: picture.maps.iter().flatten().filter_map(|map| maps::view(shape, map, &names)).collect(),
        lost: picture.losses.iter().map(|loss| loss_view(loss, picture)).collect(),
        events: history::events(picture),
        diagnostics: picture.diagnostics.iter().map(|diagnostic| run_diagnostic(&run.file, diagnostic)).collect(),
    }))
}

/// The message for viewers that have all before this delta.
pub fn update(run: &Run, hub: &Hub, delta: &Delta) -> Bytes {
    let (shape, shapes) = hub.with_picture(|picture| (picture.shape.clone(), shape_of(picture)));
    let names = hub.names();
    json(&ServerMessage::Update(Update {
        sequence: delta.sequence,
        at_ms: milliseconds(delta.at_ns),
        log: delta.log.iter().map(|line| log_line(line)).collect(),
        maps: delta.maps.iter().filter_map(|map| maps::view(shape.as_deref(), map, &names)).collect(),
        lost: hub.with_picture(|picture| delta.losses.iter().map(|loss| loss_view(loss, picture)).collect()),
        run: delta.status.as_ref().map(|status| {
            // While it runs, the status holds no duration; the delta knows the time.
            let duration_ns = if status.phase == Phase::Ended { status.duration_ns } else { delta.at_ns };
            run_info(run, &Status { duration_ns, ..status.clone() }, shapes, None)
        }),
        diagnostics: delta.diagnostics.iter().map(|diagnostic| run_diagnostic(&run.file, diagnostic)).collect(),
        rate: delta.rate,
        events: hub.with_picture(history::events),
    }))
}

/// Encodes a message.
pub fn json(message: &impl Serialize) -> Bytes {
    // Only maps with keys that are not strings and failing `Serialize` impls can fail; there are none.
    Bytes::from(serde_json::to_vec(message).unwrap_or_default())
}

/// The description of a run. `view_key` is for operators only.
pub fn run_info(run: &Run, status: &Status, maps: Vec<MapShape>, view_key: Option<String>) -> RunInfo {
    let record = &run.record;
    RunInfo {
        id: record.id.clone(),
        title: record.title.clone(),
        source: record.source.clone(),
        parameters: record.parameters.clone(),
        state: match status.phase {
            Phase::Starting => RunState::Starting,
            Phase::Running => RunState::Running,
            Phase::Stopping => RunState::Stopping,
            Phase::Ended => RunState::Ended,
        },
        reason: status.end.as_ref().map(|(reason, _)| reason.sentence()),
        ok: status.end.as_ref().map(|(reason, _)| reason.is_ok()),
        started_at: iso_time(record.started_ms),
        duration_ms: milliseconds(status.duration_ns),
        time_limit_seconds: record.time_limit_seconds,
        probes: status.probes,
        attaching: status.attaching.map(|(done, total)| Progress { done, total }),
        watchers: status.watchers,
        lost_total: status.lost,
        view_key,
        started_by: record.started_by.clone(),
        pinned: record.pinned,
        watching: run.watching.list(),
        maps,
        recording_problem: status.recording_problem.clone(),
        notes: status.notes,
        costs: status.costs.iter().map(|cost| cost_of(run, cost)).collect(),
    }
}

fn cost_of(run: &Run, probe: &picture::ProbeCost) -> ProbeCost {
    ProbeCost {
        probe: probe.name.clone(),
        line: run.file.text_position(probe.span.start).line,
        probes: probe.cost.probes,
        hits: probe.cost.hits,
        nanoseconds: probe.cost.nanoseconds,
    }
}

/// The maps of a script, once it is compiled.
pub fn shape_of(picture: &Picture) -> Vec<MapShape> {
    let maps = picture.shape.iter().flat_map(|shape| &shape.maps);
    maps.enumerate()
        .map(|(id, map)| MapShape {
            id: id as u32,
            name: map.name.clone(),
            key: map.key.as_ref().map(ToString::to_string),
            value: map.value.to_string(),
        })
        .collect()
}

pub(super) fn log_line(line: &Line) -> LogLine {
    LogLine {
        sequence: line.number,
        at_ms: milliseconds(line.at_ns),
        stream: match line.stream {
            Stream::Out => LogStream::Out,
            Stream::Error => LogStream::Error,
            Stream::Warning => LogStream::Warning,
        },
        kind: match line.source {
            Source::Printf => LogKind::Printf,
            Source::Time => LogKind::Time,
            Source::Join => LogKind::Join,
            Source::Cat => LogKind::Cat,
            Source::System => LogKind::System,
            Source::Value => LogKind::Value,
            Source::Map => LogKind::Map,
            Source::Note => LogKind::Note,
        },
        text: line_text(&line.text),
    }
}

fn loss_view(loss: &loss::Loss, picture: &Picture) -> Loss {
    Loss {
        id: loss.id,
        cause: loss.name().to_owned(),
        text: loss.sentence(picture.shape.as_deref()),
        total: loss.total,
        at_ms: milliseconds(loss.at_ns),
        is_loss: loss.is_loss(),
    }
}

fn run_diagnostic(file: &SourceFile, diagnostic: &RunDiagnostic) -> DiagnosticView {
    diagnostic_view(
        file,
        diagnostic.severity,
        &diagnostic.code,
        &diagnostic.message,
        diagnostic.span,
        &diagnostic.help,
        diagnostic.rendered.clone(),
    )
}

/// A diagnostic with its place in the units of editors.
pub fn diagnostic_view(
    file: &SourceFile,
    severity: Severity,
    code: &str,
    message: &str,
    span: Span,
    help: &[String],
    rendered: String,
) -> DiagnosticView {
    let position = file.position(span.start);
    let before = file.line(position.line).get(..position.column as usize - 1);
    DiagnosticView {
        severity: match severity {
            Severity::Warning => DiagnosticSeverity::Warning,
            Severity::Error => DiagnosticSeverity::Error,
        },
        code: code.to_owned(),
        message: message.to_owned(),
        start: span.start,
        end: span.end,
        start_utf16: utf16_offset(file.text(), span.start),
        end_utf16: utf16_offset(file.text(), span.end),
        line: position.line,
        column: before.map_or(position.column, |text| text.chars().count() as u32 + 1),
        help: help.to_vec(),
        rendered,
        replacement: None,
    }
}

/// What is wrong with a script that is being written, with the edit that would mend it.
pub fn check_view(file: &SourceFile, found: &Diagnostic) -> DiagnosticView {
    let rendered = render(file, found);
    let view = diagnostic_view(file, found.severity, found.code, &found.message, found.span, &found.help, rendered);
    let replacement = found.replacement(file.text()).map(|(span, text)| Replacement {
        start: utf16_offset(file.text(), span.start),
        end: utf16_offset(file.text(), span.end),
        text: text.to_owned(),
    });
    DiagnosticView { replacement, ..view }
}

/// Counts UTF-16 code units up to a byte offset; an offset within a character counts to its start.
fn utf16_offset(text: &str, offset: u32) -> u32 {
    let mut end = (offset as usize).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].chars().map(char::len_utf16).sum::<usize>() as u32
}

/// The byte where an offset in UTF-16 code units is; within a character its start, past the end the end.
pub fn byte_offset(text: &str, utf16: u32) -> usize {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16() as u32;
        if units > utf16 {
            return at;
        }
    }
    text.len()
}

/// A wall clock time as ISO 8601 in UTC, with milliseconds.
pub fn iso_time(unix_ms: i64) -> String {
    let civil = Civil::new(unix_ms.div_euclid(1000));
    format!("{}T{}.{:03}Z", civil.date(), civil.time(), unix_ms.rem_euclid(1000))
}

/// Now, milliseconds since 1970.
pub fn unix_ms_now() -> i64 {
    let since = UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn milliseconds(nanoseconds: u64) -> u64 {
    nanoseconds / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_in_bytes_utf16_units_and_characters() {
        let file = SourceFile::new("stdin", "// ä😀\nöx");
        let view = diagnostic_view(&file, Severity::Error, "c", "m", Span::new(12, 13), &[], String::new());
        assert_eq!((view.start, view.start_utf16, view.end_utf16), (12, 8, 9));
        assert_eq!((view.line, view.column), (2, 2));
    }

    #[test]
    fn a_place_outside_the_text_is_moved_into_it() {
        let file = SourceFile::new("stdin", "é");
        let view = diagnostic_view(&file, Severity::Error, "c", "m", Span::new(1, 99), &[], String::new());
        assert_eq!((view.start_utf16, view.end_utf16), (0, 1));
    }

    #[test]
    fn editors_offsets_become_bytes() {
        let bytes: Vec<_> = (0..7).map(|offset| byte_offset("aä😀b", offset)).collect();
        assert_eq!(bytes, [0, 1, 3, 3, 7, 8, 8]);
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(iso_time(1_000), "1970-01-01T00:00:01.000Z");
        assert_eq!(iso_time(1_795_478_400_042), "2026-11-24T00:00:00.042Z");
    }
}
