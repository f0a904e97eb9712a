//! Tests and benchmarks: a report of each instead of what a script says.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracedeck_compiler::abi::json::JsonWriter;
use tracedeck_compiler::manifest::PrintfStream;

use super::text::TextSink;
use super::{Desk, Sink, Streams, Verbosity};
use crate::session::event::{Event, Output, Trial};

/// The least characters of a benchmark's name, and those of the time beside it.
const NAME_WIDTH: usize = 40;
const TIME_WIDTH: usize = 15;

/// Writes the report of a run with `--test` or `--bench`.
pub struct TrialSink {
    desk: Desk,
    as_json: bool,
    has_color: bool,
    /// What the trial at hand says, in the layout of the terminal.
    said: TextSink,
    buffer: Buffer,
    complained: bool,
    passed: u32,
    failed: Vec<String>,
    total_ns: u64,
    /// Of benchmarks.
    name_width: usize,
}

impl TrialSink {
    /// `has_color` is about the standard output.
    pub fn new(desk: Desk, as_json: bool, has_color: bool) -> Self {
        let buffer = Buffer::default();
        let streams = Streams {
            out: Box::new(buffer.clone()),
            err: Box::new(buffer.clone()),
            out_is_terminal: desk.streams.out_is_terminal,
            err_is_terminal: desk.streams.out_is_terminal,
            err_has_color: false,
        };
        let said = TextSink::new(Desk::new(desk.source.clone(), streams, Verbosity::default()));
        Self {
            desk,
            as_json,
            has_color: has_color && !as_json,
            said,
            buffer,
            complained: false,
            passed: 0,
            failed: Vec::new(),
            total_ns: 0,
            name_width: NAME_WIDTH,
        }
    }

    fn begin(&mut self, probes: &[String]) -> io::Result<()> {
        if self.as_json {
            return Ok(());
        }
        let tests = probes.iter().filter(|name| name.starts_with("test:")).count();
        let benches: Vec<usize> = probes.iter().filter_map(|name| Some(name.strip_prefix("bench:")?.len())).collect();
        if tests > 0 {
            let text = format!("Running {tests} test{}.\n", if tests == 1 { "" } else { "s" });
            return self.tagged(true, "==========", &text);
        }
        self.name_width = benches.iter().copied().max().unwrap_or(0).max(NAME_WIDTH);
        let head = self.row("Benchmark", "Time(ns)", "Iterations");
        self.desk.streams.out.write_all(head.as_bytes())?;
        let rule = "-".repeat(head.trim_end().len());
        writeln!(self.desk.streams.out, "{rule}")
    }

    fn row(&self, name: &str, time: &str, iterations: &str) -> String {
        format!("{name:<name_width$}{time:<TIME_WIDTH$}{iterations}\n", name_width = self.name_width + 1)
    }

    fn tagged(&mut self, good: bool, tag: &str, text: &str) -> io::Result<()> {
        let (on, off) = match (self.has_color, good) {
            (false, _) => ("", ""),
            (true, true) => ("\x1b[32m", "\x1b[0m"),
            (true, false) => ("\x1b[31m", "\x1b[0m"),
        };
        write!(self.desk.streams.out, "{on}[{tag}]{off} {text}")
    }

    fn trial(&mut self, trial: &Trial) -> io::Result<()> {
        match trial {
            Trial::Started { name } => {
                self.buffer.take();
                self.complained = false;
                if self.as_json || self.is_bench() {
                    return Ok(());
                }
                self.tagged(true, " RUN      ", &format!("{name}\n"))
            }
            Trial::Tested { name, duration_ns, returned, exit_code } => {
                self.said.flush()?;
                let said = self.buffer.take();
                let passed = *returned == 0 && *exit_code == 0 && !self.complained;
                self.total_ns += duration_ns;
                match passed {
                    true => self.passed += 1,
                    false => self.failed.push(name.clone()),
                }
                if self.as_json {
                    return self.json_test(name, *duration_ns, passed, &said);
                }
                if !passed {
                    self.desk.streams.out.write_all(&said)?;
                }
                let tag = if passed { "       OK " } else { "  FAILED  " };
                self.tagged(passed, tag, &format!("{name} ({} us)\n", duration_ns / 1000))
            }
            Trial::Measured { returned: 1.., .. } => Ok(()),
            Trial::Measured { name, average_ns, iterations, .. } => {
                if self.as_json {
                    let data = format!("{{\"average\": {average_ns}, \"iters\": {iterations}}}");
                    return self.json("benchmark_result", name, |json| json.raw(&data));
                }
                let row = self.row(name, &average_ns.to_string(), &iterations.to_string());
                self.desk.streams.out.write_all(row.as_bytes())
            }
        }
    }

    fn is_bench(&self) -> bool {
        self.desk.shape().is_some_and(|shape| shape.probes.iter().any(|probe| probe.name.starts_with("bench:")))
    }

    fn json_test(&mut self, name: &str, duration_ns: u64, passed: bool, said: &[u8]) -> io::Result<()> {
        self.json("test_result", name, |json| {
            json.raw(&format!("{{\"duration\": {duration_ns}, \"passed\": {passed}, \"output\": "));
            json.string(said);
            json.raw("}");
        })
    }

    fn json(&mut self, kind: &str, name: &str, data: impl FnOnce(&mut JsonWriter<'_>)) -> io::Result<()> {
        let mut json = JsonWriter::new(&self.desk.names);
        json.raw(&format!("{{\"type\": \"{kind}\", \"data\": {{"));
        json.string(name.as_bytes());
        json.raw(": ");
        data(&mut json);
        json.raw("}}\n");
        let line = json.finish();
        self.desk.streams.out.write_all(line.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        let count = self.passed + self.failed.len() as u32;
        if self.as_json || count == 0 {
            return Ok(());
        }
        let plural = |count: u32| format!("{count} test{}", if count == 1 { "" } else { "s" });
        let text = format!("{} ran. ({} us total)\n", plural(count), self.total_ns / 1000);
        self.tagged(true, "==========", &text)?;
        self.tagged(true, "  PASSED  ", &format!("{}.\n", plural(self.passed)))?;
        if self.failed.is_empty() {
            return Ok(());
        }
        let failed = std::mem::take(&mut self.failed);
        self.tagged(false, "  FAILED  ", &format!("{}, listed below:\n", plural(failed.len() as u32)))?;
        failed.iter().try_for_each(|name| self.tagged(false, "  FAILED  ", &format!("{name}\n")))?;
        self.failed = failed;
        Ok(())
    }
}

impl Sink for TrialSink {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.desk.note(event);
        match event {
            Event::Compiled(shape) => {
                self.said.event(event)?;
                let names: Vec<String> = shape.probes.iter().map(|probe| probe.name.clone()).collect();
                self.begin(&names)
            }
            Event::Trial(trial) => self.trial(trial),
            Event::Output(output) => {
                self.complained |= matches!(output, Output::Printf { stream: PrintfStream::Error, .. });
                self.said.event(event)
            }
            Event::Names(_) | Event::Stacks(_) | Event::Lost { .. } => self.said.event(event),
            Event::Diagnostic(diagnostic) => self.desk.diagnostic(diagnostic),
            Event::Warning { message } => self.desk.warning(message),
            Event::Ended { reason, .. } => {
                self.end()?;
                self.desk.ended(reason)
            }
            Event::Attached { .. }
            | Event::Attaching { .. }
            | Event::Maps(_)
            | Event::FinalMaps(_)
            | Event::Costs(_) => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.desk.flush()
    }

    fn exit_code(&self, of_run: u8) -> u8 {
        if of_run == 0 && !self.failed.is_empty() { 1 } else { of_run }
    }
}

/// Bytes that wait for the verdict.
#[derive(Debug, Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
