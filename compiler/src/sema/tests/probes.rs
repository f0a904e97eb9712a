//! Attach points: expansion, grouping, and what is wrong with them.

use super::{all_say, kernel, said, said_by, typed, without};
use crate::hir::Context;
use crate::kernel::Feature;
use crate::manifest::{AttachSpec, PerfCounter, Period, ProgramKind, SoftwareEvent};
use crate::options::{CompileOptions, Limits, ProcessFilter};
use crate::source::SourceFile;

fn specs(script: &str) -> Vec<AttachSpec> {
    let (program, _) = crate::analyze(&SourceFile::new("test", script), &kernel(), &CompileOptions::default()).unwrap();
    program.programs.into_iter().flat_map(|it| it.attach).map(|it| it.spec).collect()
}

fn programs(script: &str) -> Vec<String> {
    typed(script).lines().filter(|line| line.ends_with('{') && !line.starts_with(' ')).map(str::to_owned).collect()
}

#[test]
fn rates_are_written_in_many_ways() {
    let profile = |period| AttachSpec::Profile { period, cpu: None };
    assert_eq!(
        specs("p:hz:99, profile:s:2, p:ms:10, P:us:5, p:10ms, p:1e6, p:5000 { @ = 1; }"),
        [
            profile(Period::Hertz(99)),
            profile(Period::Nanoseconds(2_000_000_000)),
            profile(Period::Nanoseconds(10_000_000)),
            profile(Period::Nanoseconds(5000)),
            profile(Period::Nanoseconds(10_000_000)),
            profile(Period::Nanoseconds(1_000_000)),
            profile(Period::Nanoseconds(5000)),
        ]
    );
    all_say(&[
        ("p:hz:0 { }", "error bad-rate `p:hz:0`: The rate of profile probes must be greater than zero"),
        ("i:hx:1 { }", "error bad-rate `i:hx:1`: hx is not an accepted unit | Did you mean 'hz'?"),
        (
            "i:999 { }",
            "error bad-rate `i:999`: The period of interval probes is at least 1us | A number alone is nanoseconds; seconds are interval:s:999",
        ),
        (
            "i:s:99999999999999 { }",
            "error bad-rate `i:s:99999999999999`: The period of this interval probe is too long",
        ),
        (
            "i:s { }",
            "error malformed-attach-point `i:s`: interval needs a unit and a number | An attach point of this kind is written interval:s|ms|us|hz:N or interval:10ms",
        ),
    ]);
}

#[test]
fn software_events_have_names_aliases_and_defaults() {
    let event = |event, count| AttachSpec::Counter { counter: PerfCounter::Software(event), count, pids: Vec::new() };
    assert_eq!(
        specs("s:faults, software:page-faults:7, s:cs: { @ = 1; }"),
        [
            event(SoftwareEvent::PageFaults, 100),
            event(SoftwareEvent::PageFaults, 7),
            event(SoftwareEvent::ContextSwitches, 1000),
        ]
    );
    all_say(&[
        ("s:fault { }", "error no-such-probe `s:fault`: Software event not found: 'fault' | Did you mean 'faults'?"),
        (
            "s:f* { }",
            "error malformed-attach-point `s:f*`: software takes the name of one event, not a pattern | An attach point of this kind is written software:EVENT[:COUNT]",
        ),
    ]);
}

#[test]
fn matches_share_a_program_where_the_body_is_the_same() {
    assert_eq!(programs("t:syscalls:sys_enter_r*, t:syscalls:sys_enter_w* { @ = 1; }").len(), 1);
    assert_eq!(
        programs("t:syscalls:sys_exit_* { @ = args.ret; }"),
        ["tracepoint:syscalls:sys_exit_openat, tracepoint:syscalls:sys_exit_read {"]
    );
    assert_eq!(
        programs("t:syscalls:sys_enter_open* { print(str(args.filename)); }"),
        ["tracepoint:syscalls:sys_enter_open {", "tracepoint:syscalls:sys_enter_openat {"]
    );
    assert_eq!(
        programs("t:syscalls:sys_exit_* { @[probe] = args.ret; }"),
        ["tracepoint:syscalls:sys_exit_openat {", "tracepoint:syscalls:sys_exit_read {"]
    );
}

#[test]
fn a_pattern_of_functions_is_one_attach_point_with_many_places() {
    let script = "u:bash:read* { @ = 1; }";
    let (program, _) = crate::analyze(&SourceFile::new("test", script), &kernel(), &CompileOptions::default()).unwrap();
    assert_eq!(program.programs[0].kind, ProgramKind::Kprobe { multi: true });
    // Before Linux 6.6 each place has an event of its own.
    let older = kernel().without(Feature::UprobeMulti);
    let (on_older, _) = crate::analyze(&SourceFile::new("test", script), &older, &CompileOptions::default()).unwrap();
    assert_eq!(on_older.programs[0].kind, ProgramKind::Kprobe { multi: false });
    assert_eq!(program.programs[0].context, Context::Registers { is_return: false });
    let AttachSpec::Uprobe(spec) = &program.programs[0].attach[0].spec else { panic!("a uprobe") };
    let places: Vec<_> = spec.places.iter().map(|place| (place.symbol.as_str(), place.file_offset)).collect();
    assert_eq!((spec.path.as_str(), places), ("/bin/bash", vec![("read_command", 0x1100), ("readline", 0x1000)]));
    assert_eq!(
        programs("u:bash:read* { @[probe] = 1; }"),
        ["uprobe:/bin/bash:read_command {", "uprobe:/bin/bash:readline {"]
    );
}

#[test]
fn functions_are_found_by_offset_and_address() {
    let offset = |script| match &specs(script)[0] {
        AttachSpec::Uprobe(spec) => spec.places[0].file_offset,
        other => panic!("{other:?}"),
    };
    assert_eq!(offset("u:/bin/bash:readline+4 { @ = 1; }"), 0x1004);
    assert_eq!(offset("u:/bin/bash:readline+0x10 { @ = 1; }"), 0x1010);
    assert_eq!(offset("u:/bin/bash:0x1102 { @ = 1; }"), 0x1102);
    all_say(&[
        ("u:/bin/zsh:main { }", "error no-such-binary `u:/bin/zsh:main`: No such file: '/bin/zsh'"),
        (
            "u:bash:readlin { }",
            "error no-such-probe `u:bash:readlin`: Function not found in '/bin/bash': 'readlin' | Did you mean 'readline'?",
        ),
        (
            "u:bash:main+16 { }",
            "error offset-outside-function `u:bash:main+16`: Offset 16 is outside of 'main', which has 16 bytes",
        ),
        (
            "ur:bash:main+1 { }",
            "error malformed-attach-point `ur:bash:main+1`: uretprobe cannot be attached at an offset: a function returns as a whole | An attach point of this kind is written uretprobe:BINARY:FUNCTION or uretprobe:BINARY:cpp:\"NAME\"",
        ),
        (
            "u:bash:0x9000 { }",
            "error no-such-probe `u:bash:0x9000`: No function of '/bin/bash' covers the address 0x9000",
        ),
    ]);
}

#[test]
fn unknown_attach_points_are_said_with_the_nearest() {
    all_say(&[
        ("bgin { }", "error unknown-probe-type `bgin`: Invalid probe type: bgin | Did you mean 'begin'?"),
        (
            "t:sched:sched_swich { }",
            "error no-such-probe `t:sched:sched_swich`: Tracepoint not found: 'sched:sched_swich' | Did you mean 'sched_switch'?",
        ),
        (
            "t:syscalls:sched_switch { }",
            "error no-such-probe `t:syscalls:sched_switch`: Tracepoint not found: 'syscalls:sched_switch' | Did you mean 'sched:sched_switch'?",
        ),
        ("t:sched:nope_* { }", "error no-such-probe `t:sched:nope_*`: No tracepoint matches 'sched:nope_*'"),
        (
            "t:sched { }",
            "error malformed-attach-point `t:sched`: The tracepoint is not complete: both a category and an event are needed | An attach point of this kind is written tracepoint:CATEGORY:EVENT",
        ),
        (
            "begin:x { }",
            "error malformed-attach-point `begin:x`: begin takes no target | An attach point of this kind is written begin",
        ),
        (
            "rt:sched_swich { }",
            "error no-such-probe `rt:sched_swich`: Raw tracepoint not found: 'sched_swich' | Did you mean 'sched_switch'?",
        ),
    ]);
}

#[test]
fn what_a_kernel_lacks_is_said() {
    let help = " | Linux has what kprobe probes need since 4.17";
    assert_eq!(
        said_by("k:f { }", &without(Feature::Kprobes), &CompileOptions::default()),
        format!(
            "error probe-not-supported `k:f`: kprobe probes need kprobes, which this kernel does not have (CONFIG_KPROBE_EVENTS){help}"
        )
    );
}

#[test]
fn too_many_probes_and_programs_have_their_own_errors() {
    let options = |probes, programs| CompileOptions {
        limits: Limits { max_probes: probes, max_programs: programs, ..Limits::default() },
        ..CompileOptions::default()
    };
    let said =
        |probes, programs| said_by("t:syscalls:* { @[probe] = (uint64)ctx; }", &kernel(), &options(probes, programs));
    assert!(said(3, 99).starts_with("error too-many-probes"), "{}", said(3, 99));
    assert!(said(99, 3).starts_with("error too-many-programs"), "{}", said(99, 3));
}

#[test]
fn a_long_body_for_many_matches_is_refused_before_it_is_typed() {
    let mut kernel = kernel();
    for index in 0..600 {
        kernel = kernel.with_tracepoint("many", &format!("event{index}"), "");
    }
    let script = format!("t:many:* {{ @[probe] = count(); {} }}", "@x = 1; ".repeat(500));
    let said = said_by(&script, &kernel, &CompileOptions::default());
    assert_eq!(
        said,
        "error too-many-programs `t:many:*`: The script needs 600 programs, which is too much for probes as long as these | Without 'probe' in the body, the matches of a wildcard can share one program"
    );
}

#[test]
fn one_process_can_be_singled_out() {
    let options = CompileOptions { processes: ProcessFilter::one(7), ..CompileOptions::default() };
    let file = SourceFile::new("test", "begin { @ = 1; } t:sched:sched_switch, p:hz:9, i:s:1, u:bash:main { @ = 2; }");
    let (program, _) = crate::analyze(&file, &kernel(), &options).unwrap();
    let pids: Vec<&[u32]> = program.programs.iter().map(|it| it.filter.pids.as_slice()).collect();
    assert_eq!(pids, [&[][..], &[7], &[7], &[], &[7]]);
}

#[test]
fn a_script_without_a_probe_is_refused() {
    let said = said("config = { max_strlen = 64 } let @a = hash(1);");
    assert!(said.starts_with("error no-probe"), "{said}");
}
