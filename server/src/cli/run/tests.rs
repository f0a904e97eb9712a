//! Options of `run`, and the loop over events.

use std::sync::Arc;
use std::sync::mpsc::channel;

use clap::Parser as _;
use tracedeck_compiler::abi::value::{MapSnapshot, Value};
use tracedeck_compiler::manifest::MapId;

use super::*;
use crate::session::event::EndReason;

fn arguments(words: &[&str]) -> RunArguments {
    RunArguments::try_parse_from(std::iter::once(&"run").chain(words)).expect("valid options")
}

#[test]
fn what_follows_the_file_belongs_to_the_script() {
    let parsed = arguments(&["-q", "x.bt", "-v", "--", "--name=1", "7"]);
    assert!(parsed.quiet && parsed.verbose == 0);
    let parameters = ScriptParameters::from_arguments(&parsed.arguments[1..]).expect("UTF-8");
    assert_eq!(parameters.positional, ["-v", "7"]);
    assert_eq!(parameters.named, [("name".to_owned(), Some("1".to_owned()))]);
}

#[test]
fn a_program_text_leaves_the_arguments_to_the_script() {
    let parsed = arguments(&["-e", "begin { }", "5", "--", "--name=1"]);
    assert_eq!(parsed.program.as_deref(), Some("begin { }"));
    let parameters = ScriptParameters::from_arguments(&parsed.arguments).expect("UTF-8");
    assert_eq!((parameters.positional.len(), parameters.named.len()), (1, 1));
    let parsed = arguments(&["-e", "begin { }", "--", "--name=1"]);
    assert_eq!(ScriptParameters::from_arguments(&parsed.arguments).expect("UTF-8").named.len(), 1);
}

#[test]
fn options_may_follow_the_pattern_of_a_list() {
    let mut parsed = arguments(&["-l", "usdt:*", "-p", "1,2", "-v"]);
    parsed.take_options_behind_pattern().expect("options");
    assert_eq!((parsed.arguments.len(), parsed.target.pid.as_slice(), parsed.verbose), (1, &[1, 2][..], 1));
    let mut parsed = arguments(&["-l", "t:*", "k:*"]);
    let error = parsed.take_options_behind_pattern().expect_err("two patterns").to_string();
    assert!(error.contains("'k:*' is another"), "{error}");
}

#[test]
fn short_options_combine() {
    let parsed = arguments(&["-lv", "t:*"]);
    assert!(parsed.list && parsed.verbose == 1);
    assert_eq!(parsed.arguments, ["t:*"]);
}

#[test]
fn a_process_and_a_command_exclude_each_other() {
    let words = ["run", "-p", "1", "-c", "true", "-e", "begin { }"];
    assert!(RunArguments::try_parse_from(words).is_err());
    assert!(RunArguments::try_parse_from(["run", "-k", "--no-warnings", "x.bt"]).is_err());
}

#[test]
fn debug_stages_have_bpftraces_names_too() {
    assert_eq!(Stage::parse_list("ast,types,codegen-opt").expect("stages"), [Stage::Ast, Stage::Hir, Stage::Optimized]);
    assert!(Stage::parse_list("sast").expect_err("no such stage").to_string().contains("bytecode"));
}

/// Counts what reaches it.
#[derive(Default)]
struct Counting {
    events: Vec<&'static str>,
    maps: usize,
}

impl Sink for Counting {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::FinalMaps(maps) = event {
            self.maps = maps.len();
        }
        self.events.push("event");
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.events.push("flush");
        Ok(())
    }
}

fn run_events(events: Vec<Event>, buffering: Buffering) -> (u8, Counting) {
    let (sender, receiver) = channel();
    events.into_iter().for_each(|event| sender.send(event).expect("a receiver"));
    drop(sender);
    let mut sink = Counting::default();
    let code = follow(&receiver, &mut sink, None, buffering).expect("no error");
    (code, sink)
}

fn attached() -> Event {
    Event::Attached { probes: 1 }
}

#[test]
fn output_is_handed_on_when_nothing_more_is_waiting() {
    let ended = || Event::Ended { reason: EndReason::Finished, exit_code: 3 };
    let (code, sink) = run_events(vec![attached(), attached(), ended()], Buffering::Line);
    assert_eq!((code, sink.events), (3, vec!["event", "event", "event", "flush"]));
    let (_, sink) = run_events(vec![attached(), ended()], Buffering::None);
    assert_eq!(sink.events, ["event", "flush", "event", "flush", "flush"]);
}

#[test]
fn a_run_that_breaks_off_without_an_end_has_failed() {
    assert_eq!(run_events(vec![attached()], Buffering::Line).0, BROKEN);
}

#[test]
fn maps_that_will_be_drawn_are_not_printed() {
    use tracedeck_compiler::manifest::RunSettings;
    use tracedeck_compiler::types::{StackMode, StackSpace, Type};

    use crate::session::event::{MapShape, RunShape};

    let stack = Type::Stack { space: StackSpace::Kernel, mode: StackMode::Bpftrace, limit: 9 };
    let map = |name: &str, key| MapShape { name: name.to_owned(), key, value: Type::INT64 };
    let shape = RunShape {
        probes: Vec::new(),
        maps: vec![map("@s", Some(stack)), map("@n", None)],
        strings: Vec::new(),
        settings: RunSettings::default(),
    };
    let snapshot = MapSnapshot { entries: vec![(None, Value::None)], omitted: 0 };
    let (sender, receiver) = channel();
    for event in [
        Event::Compiled(Arc::new(shape)),
        Event::FinalMaps(vec![(MapId(0), snapshot.clone()), (MapId(1), snapshot)]),
        Event::Ended { reason: EndReason::Finished, exit_code: 0 },
    ] {
        sender.send(event).expect("a receiver");
    }
    let mut sink = Counting::default();
    let mut flame = FlameFile::new("x.svg".into(), FlameOptions::default());
    follow(&receiver, &mut sink, Some(&mut flame), Buffering::Full).expect("no error");
    assert_eq!(sink.maps, 1);
}
