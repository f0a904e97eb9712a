//! Events in, folded lines out.

use std::sync::Arc;

use tracedeck_compiler::abi::value::{Frame, Stack, Value};
use tracedeck_compiler::manifest::PrintfStream;
use tracedeck_compiler::source::Span;
use tracedeck_compiler::types::{Aggregate, StackMode, StackSpace, Type};

use super::*;
use crate::flame::tests::{count, stack, string};
use crate::output::Verbosity;
use crate::output::fixture::written;

#[test]
fn only_stacks_reach_the_output() {
    let stack_type = Type::Stack { space: StackSpace::Kernel, mode: StackMode::Bpftrace, limit: 127 };
    let maps = [
        ("@s", Some(Type::tuple([Type::String { capacity: 16 }, stack_type])), Type::Aggregate(Aggregate::Count)),
        ("@n", None, Type::INT64),
    ];
    let frame = |symbol: &str| Frame {
        address: 1,
        symbol: Some(symbol.to_owned()),
        offset: 3,
        module: None,
        source: None,
        inlined: false,
        reason: None,
    };
    let frames = vec![frame("leaf"), frame("root")];
    let key = Value::Tuple(vec![string(b"sh\n;"), stack(5, StackSpace::Kernel)]);
    let events = [
        Event::Attached { probes: 1 },
        Event::Output(Output::Printf {
            stream: PrintfStream::Out,
            text: b"hello\n".to_vec(),
            foreign: Vec::new(),
            span: Span::default(),
            expanded_from: Vec::new(),
        }),
        Event::Stacks(vec![Arc::new(Stack { id: 5, space: StackSpace::Kernel, pid: 0, frames, places: Vec::new() })]),
        Event::FinalMaps(vec![
            (MapId(0), MapSnapshot { entries: vec![(Some(key), count(4))], omitted: 0 }),
            (MapId(1), MapSnapshot { entries: vec![(None, count(1))], omitted: 0 }),
        ]),
    ];
    let said = written(&maps, false, Verbosity::default(), FoldedSink::new, &events);
    assert_eq!(said.out, "sh\\n\\x3b;root_[k];leaf_[k] 4\n");
    assert_eq!(said.err, "Attached 1 probe\nhello\n");
}
