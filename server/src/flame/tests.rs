//! Folding, and drawings with hostile names.

use tracedeck_compiler::abi::value::Number;
use tracedeck_compiler::types::StackMode;

use super::*;
use crate::session::event::Event;
use crate::session::names::Names as RunNames;

/// Names with one stack for each list of symbols, innermost first; ids count from 1.
pub(crate) fn names_with(space: StackSpace, stacks: &[&[&str]]) -> RunNames {
    let mut names = RunNames::default();
    let stacks = stacks.iter().enumerate().map(|(index, symbols)| {
        let frame = |symbol: &&str| Frame {
            address: 16,
            symbol: Some((*symbol).to_owned()),
            offset: 1,
            module: None,
            source: None,
            inlined: false,
            reason: None,
        };
        Arc::new(Stack {
            id: index as u64 + 1,
            space,
            pid: 0,
            frames: symbols.iter().map(frame).collect(),
            places: Vec::new(),
        })
    });
    names.apply(&Event::Stacks(stacks.collect()));
    names
}

pub(crate) fn stack(id: u64, space: StackSpace) -> Value {
    Value::Stack { id, space, mode: StackMode::Bpftrace }
}

pub(crate) fn string(bytes: &[u8]) -> Value {
    Value::String { bytes: bytes.to_vec(), truncated: false }
}

pub(crate) fn count(number: u64) -> Value {
    Value::Number(Number::Unsigned(number))
}

fn folded(names: &RunNames, entries: Vec<(Value, Value)>) -> Vec<String> {
    let entries = entries.into_iter().map(|(key, value)| (Some(key), value)).collect();
    samples(&MapSnapshot { entries, omitted: 0 }, names)
        .iter()
        .map(|(frames, weight)| folded_line(frames, *weight))
        .collect()
}

#[test]
fn the_other_parts_of_a_key_are_the_outermost_frames() {
    let names = names_with(StackSpace::Kernel, &[&["read", "syscall"]]);
    let key = Value::Tuple(vec![stack(1, StackSpace::Kernel), string(b"my app"), count(7)]);
    assert_eq!(folded(&names, vec![(key, count(3))]), ["my app;7;syscall_[k];read_[k] 3"]);
}

#[test]
fn user_frames_stand_outside_of_kernel_frames() {
    let mut names = names_with(StackSpace::Kernel, &[&["do_read"]]);
    let frame = Frame {
        address: 1,
        symbol: Some("main".to_owned()),
        offset: 0,
        module: None,
        source: None,
        inlined: false,
        reason: None,
    };
    let user = Stack { id: 9, space: StackSpace::User, pid: 4, frames: vec![frame], places: Vec::new() };
    names.apply(&Event::Stacks(vec![Arc::new(user)]));
    let key = Value::Tuple(vec![stack(1, StackSpace::Kernel), stack(9, StackSpace::User)]);
    assert_eq!(folded(&names, vec![(key, count(2))]), ["main;do_read_[k] 2"]);
}

#[test]
fn equal_stacks_are_added_up() {
    let names = names_with(StackSpace::User, &[&["f", "g"], &["f", "g"]]);
    let entries = vec![(stack(1, StackSpace::User), count(2)), (stack(2, StackSpace::User), count(5))];
    assert_eq!(folded(&names, entries), ["g;f 7"]);
}

#[test]
fn a_name_cannot_forge_frames_lines_or_counts() {
    let names = names_with(StackSpace::User, &[&["a;b\nc 9", " lead 12", ""]]);
    let lines = folded(&names, vec![(stack(1, StackSpace::User), count(1))]);
    assert_eq!(lines, ["[empty];\\x20lead\\x2012;a\\x3bb\\nc\\x209 1"]);
}

#[test]
fn names_are_shown_as_they_are() {
    let names = names_with(StackSpace::User, &[&["map<int; char>", "operator() 9", "bell\x07"]]);
    let snapshot = MapSnapshot { entries: vec![(Some(stack(1, StackSpace::User)), count(1))], omitted: 0 };
    let tree = tree(&detailed_samples(&snapshot, &names));
    let shown: Vec<&str> = tree.frames.iter().map(|frame| &*frame.frame.name).collect();
    assert_eq!(shown, ["all", "bell\\x07", "operator() 9", "map<int; char>"]);
}

/// Counts elements and text of well-formed XML; panics where it is not.
fn check_xml(svg: &[u8]) -> String {
    let text = std::str::from_utf8(svg).expect("UTF-8");
    for c in text.chars() {
        assert!(!c.is_control() || matches!(c, '\n' | '\t' | '\r'), "control character {c:?}");
    }
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut titles = String::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            quick_xml::events::Event::Eof => return titles,
            quick_xml::events::Event::Text(text) => titles.push_str(&text.decode().expect("text")),
            quick_xml::events::Event::GeneralRef(reference) => {
                titles.push_str(&format!("&{};", reference.decode().expect("a reference")));
            }
            _ => {}
        }
    }
}

#[test]
fn hostile_names_leave_the_drawing_well_formed() {
    let hostile = ["<script>alert(1)</script>", "\u{1b}[31m\0", "\" onload=\"x", "a&b", "]]>", "_[k]", "\u{202e}x"];
    let names = names_with(StackSpace::User, &[&hostile]);
    let key = Value::Tuple(vec![string(b"\xff\xfe;\n"), stack(1, StackSpace::User)]);
    let snapshot = MapSnapshot { entries: vec![(Some(key), count(4))], omitted: 0 };
    let options = FlameOptions { title: "<\u{1b}&".to_owned(), ..FlameOptions::default() };
    let svg = render(&samples(&snapshot, &names), &options).expect("a drawing");
    let text = check_xml(&svg);
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt; (4 samples"), "{text}");
    assert!(text.contains(r"\x1b[31m\x00"), "{text}");
    assert!(text.contains(r"\xff\xfe\x3b\n"), "{text}");
}

#[test]
fn a_function_whose_name_begins_another_is_drawn_once() {
    // As text, `f 1` < `f(int);g 1` < `f;g 1`: sorted like that, `f` would be drawn twice.
    let names = names_with(StackSpace::User, &[&["f"], &["g", "f(int)"], &["g", "f"]]);
    let entries = (1..=3).map(|id| (Some(stack(id, StackSpace::User)), count(1))).collect();
    let svg = render(&samples(&MapSnapshot { entries, omitted: 0 }, &names), &FlameOptions::default());
    let text = check_xml(&svg.expect("a drawing"));
    assert!(text.contains("f (2 samples"), "{text}");
}

#[test]
fn reversed_graphs_begin_with_the_innermost_frame() {
    let names = names_with(StackSpace::User, &[&["leaf", "a"], &["leaf", "b"]]);
    let entries = (1..=2).map(|id| (Some(stack(id, StackSpace::User)), count(3))).collect();
    let options = FlameOptions { reversed: true, icicle: true, ..FlameOptions::default() };
    let svg = render(&samples(&MapSnapshot { entries, omitted: 0 }, &names), &options).expect("a drawing");
    assert!(check_xml(&svg).contains("leaf (6 samples, 100.00%)"));
}

#[test]
fn huge_weights_keep_their_proportion() {
    let names = names_with(StackSpace::User, &[&["a"], &["b"]]);
    let entries = (1..=2).map(|id| (Some(stack(id, StackSpace::User)), count(u64::MAX))).collect();
    let svg = render(&samples(&MapSnapshot { entries, omitted: 0 }, &names), &FlameOptions::default());
    let text = check_xml(&svg.expect("a drawing"));
    assert!(text.contains("50.00%)"), "{text}");
}

#[test]
fn without_samples_there_is_nothing_to_draw() {
    assert!(matches!(render(&Samples::new(), &FlameOptions::default()), Err(FlameError::NoSamples)));
}

#[test]
fn found_frames_are_marked() {
    let names = names_with(StackSpace::User, &[&["needle", "hay"]]);
    let entries = vec![(Some(stack(1, StackSpace::User)), count(3))];
    let options = FlameOptions { search: Some("need".to_owned()), ..FlameOptions::default() };
    let svg = render(&samples(&MapSnapshot { entries, omitted: 0 }, &names), &options).expect("a drawing");
    let svg = String::from_utf8(svg).expect("UTF-8");
    assert_eq!(svg.matches("fill=\"rgb(230,0,230)\"").count(), 1);
}

#[test]
fn a_drawing_says_the_kind_of_each_frame() {
    let names = names_with(StackSpace::Kernel, &[&["read", "<b> \"x\"\ty"]]);
    let key = Value::Tuple(vec![stack(1, StackSpace::Kernel), string(b"my app")]);
    let samples = samples(&MapSnapshot { entries: vec![(Some(key), count(3))], omitted: 0 }, &names);
    let drawing = String::from_utf8(render(&samples, &FlameOptions::default()).unwrap()).unwrap();
    assert_eq!(drawing.matches(r#"<g class="kernel">"#).count(), 2, "{drawing}");
    assert_eq!(drawing.matches(r#"<g class="label">"#).count(), 1, "{drawing}");
}
