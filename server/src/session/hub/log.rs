//! The log of a run as lines: what `printf` and `print` wrote, cut at newlines, and the window of it that is kept.

use std::collections::VecDeque;
use std::sync::Arc;

/// The most lines that are kept of one run.
pub const MAX_LINES: usize = 10_000;
/// The most bytes of text that are kept of one run.
pub const MAX_BYTES: usize = 4 << 20;
/// A longer line is cut; what follows is a line of its own.
pub const MAX_LINE_BYTES: usize = 16 << 10;
/// Text without a newline is shown once it is this old: a prompt, a progress dot.
const PARTIAL_NS: u64 = 250_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Error,
    Warning,
}

/// What wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Printf,
    Time,
    Join,
    Cat,
    System,
    Value,
    Map,
    Note,
}

/// One line, without its newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counts the lines of a run from 1, without gaps.
    pub number: u64,
    pub at_ns: u64,
    pub stream: Stream,
    pub source: Source,
    pub text: Vec<u8>,
}

/// The last lines of a run.
#[derive(Debug, Default)]
pub struct Log {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    last_number: u64,
    /// Text that no newline has ended yet.
    partial: Option<Line>,
}

impl Log {
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Arc<Line>> {
        self.lines.iter()
    }

    /// Lines of the whole run, kept or not.
    pub fn total(&self) -> u64 {
        self.last_number
    }

    /// Appends output and hands each line that it completes to `emit`. Newlines in `foreign` ranges of the text came
    /// from traced processes and end no line, or a process name could forge one.
    pub fn write(
        &mut self,
        at_ns: u64,
        stream: Stream,
        source: Source,
        text: &[u8],
        foreign: &[(u32, u32)],
        emit: &mut impl FnMut(Arc<Line>),
    ) {
        if self.partial.as_ref().is_some_and(|partial| partial.stream != stream || partial.source != source) {
            self.flush(emit);
        }
        let is_foreign = |at: usize| foreign.iter().any(|(start, end)| (*start as usize..*end as usize).contains(&at));
        let mut from = 0;
        for (at, byte) in text.iter().enumerate() {
            if *byte == b'\n' && !is_foreign(at) {
                self.extend(at_ns, stream, source, &text[from..at], emit);
                self.complete(at_ns, stream, source, emit);
                from = at + 1;
            }
        }
        if from < text.len() {
            self.extend(at_ns, stream, source, &text[from..], emit);
        }
    }

    /// Shows text that has waited for its newline for too long.
    pub fn advance(&mut self, now_ns: u64, emit: &mut impl FnMut(Arc<Line>)) {
        if self.partial.as_ref().is_some_and(|partial| now_ns.saturating_sub(partial.at_ns) >= PARTIAL_NS) {
            self.flush(emit);
        }
    }

    /// Ends the line that has no newline yet, if there is one.
    pub fn flush(&mut self, emit: &mut impl FnMut(Arc<Line>)) {
        if let Some(line) = self.partial.take() {
            self.push(line, emit);
        }
    }

    fn extend(&mut self, at_ns: u64, stream: Stream, source: Source, text: &[u8], emit: &mut impl FnMut(Arc<Line>)) {
        let mut rest = text;
        loop {
            let partial =
                self.partial.get_or_insert_with(|| Line { number: 0, at_ns, stream, source, text: Vec::new() });
            let room = MAX_LINE_BYTES - partial.text.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            partial.text.extend_from_slice(now);
            rest = later;
            if rest.is_empty() {
                return;
            }
            self.flush(emit);
        }
    }

    fn complete(&mut self, at_ns: u64, stream: Stream, source: Source, emit: &mut impl FnMut(Arc<Line>)) {
        let line = self.partial.take();
        self.push(line.unwrap_or(Line { number: 0, at_ns, stream, source, text: Vec::new() }), emit);
    }

    fn push(&mut self, mut line: Line, emit: &mut impl FnMut(Arc<Line>)) {
        self.last_number += 1;
        line.number = self.last_number;
        line.text.shrink_to_fit();
        self.bytes += line.text.len();
        let line = Arc::new(line);
        self.lines.push_back(Arc::clone(&line));
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some(dropped) = self.lines.pop_front() else { break };
            self.bytes -= dropped.text.len();
        }
        emit(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(parts: &[(u64, &str)]) -> Vec<(u64, String)> {
        let (mut log, mut lines) = (Log::default(), Vec::new());
        let mut emit = |line: Arc<Line>| lines.push((line.number, String::from_utf8_lossy(&line.text).into_owned()));
        for (at_ns, text) in parts {
            log.advance(*at_ns, &mut emit);
            log.write(*at_ns, Stream::Out, Source::Printf, text.as_bytes(), &[], &mut emit);
        }
        log.flush(&mut emit);
        lines
    }

    #[test]
    fn pieces_of_a_line_are_joined_until_its_newline() {
        assert_eq!(
            written(&[(0, "a"), (1, "b\n\nc"), (2, "d\n")]),
            [(1, "ab".into()), (2, String::new()), (3, "cd".into())]
        );
    }

    #[test]
    fn text_without_a_newline_is_shown_after_a_while() {
        assert_eq!(written(&[(0, "wait "), (PARTIAL_NS, "more\n")]), [(1, "wait ".into()), (2, "more".into())]);
    }

    #[test]
    fn another_stream_ends_a_line() {
        let (mut log, mut lines) = (Log::default(), Vec::new());
        let mut emit = |line: Arc<Line>| lines.push((line.stream, line.text.clone()));
        log.write(0, Stream::Out, Source::Printf, b"out", &[], &mut emit);
        log.write(0, Stream::Error, Source::Printf, b"error\n", &[], &mut emit);
        assert_eq!(lines, [(Stream::Out, b"out".to_vec()), (Stream::Error, b"error".to_vec())]);
    }

    #[test]
    fn a_newline_from_a_traced_process_ends_no_line() {
        let (mut log, mut lines) = (Log::default(), Vec::new());
        let mut emit = |line: Arc<Line>| lines.push(line.text.clone());
        log.write(0, Stream::Out, Source::Printf, b"comm a\n9999 b\n", &[(5, 12)], &mut emit);
        assert_eq!(lines, [b"comm a\n9999 b".to_vec()]);
    }

    #[test]
    fn the_window_is_bounded_in_lines_and_in_bytes() {
        let mut log = Log::default();
        let line = "x".repeat(1000) + "\n";
        for _ in 0..20_000 {
            log.write(0, Stream::Out, Source::Printf, line.as_bytes(), &[], &mut |_| {});
        }
        assert_eq!((log.total(), log.lines().count()), (20_000, MAX_BYTES / 1000));
        for _ in 0..20_000 {
            log.write(0, Stream::Out, Source::Printf, b"\n", &[], &mut |_| {});
        }
        assert_eq!((log.total(), log.lines().count()), (40_000, MAX_LINES));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let lines = written(&[(0, &"y".repeat(MAX_LINE_BYTES * 2 + 5))]);
        assert_eq!(lines.iter().map(|line| line.1.len()).collect::<Vec<_>>(), [MAX_LINE_BYTES, MAX_LINE_BYTES, 5]);
    }
}
