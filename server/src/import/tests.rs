//! Files of other tools, and files that are none.

use tracedeck_compiler::types::Aggregate;
use tracedeck_compiler::types::Type;

use super::*;
use crate::flame;
use crate::session::event::Stamped;
use crate::session::replay::Replay;

/// What is drawn of the first map with stacks, and the text of all maps as a terminal would print them.
fn folded(import: Import) -> String {
    let shapes: Vec<MapShape> = import.maps.iter().map(|(shape, _)| shape.clone()).collect();
    let stack_map = shapes.iter().position(|shape| shape.key.as_ref().is_some_and(flame::has_stack)).unwrap();
    let snapshot = import.maps[stack_map].1.clone();
    let mut replay = Replay::default();
    for (index, event) in import.events().into_iter().enumerate() {
        replay.take(&Stamped { sequence: index as u64 + 1, at_ns: 0, event });
    }
    let names = replay.hub().names();
    flame::folded(&flame::detailed_samples(&snapshot, &*names))
}

#[test]
fn folded_stacks_come_back_as_they_were() {
    let text = "bash;main;do_syscall_64_[k];vfs_read_[k] 7\nbash;main;inlined_[i] 3\nmain 1\n";
    assert_eq!(folded(read(text.as_bytes()).unwrap()), text);
    // The same stack twice adds up; lines may end as they do elsewhere.
    assert_eq!(folded(read(b"a;b 1\r\n\r\na;b 2\r\n").unwrap()), "a;b 3\n");
    let error = read(b"a;b 1\na;b many\n").unwrap_err();
    assert_eq!(error.to_string(), "Line 2 is not a stack, a space and a number, as the lines before it are");
}

#[test]
fn samples_of_perf_add_up_by_process_and_stack() {
    let text = "\
# ========
Web Content 1234/1240 [002] 12345.678901:     250000 cycles:u:
\t    7f0123456789 std::map<int, (anonymous namespace)::T>::find(int)+0x19 (/usr/lib/libfoo.so)
\t    55d000000100 main+0x10 (/usr/bin/foo)

swapper     0 [000] 12345.700000: cycles:u:
\tffffffff81a2b3c4 native_safe_halt+0x4 ([kernel.kallsyms])
\tffffffff81000000 [unknown] ([unknown])

Web Content 1234/1240 [002] 12345.9: 1 cycles:u:
\t    7f0123456790 std::map<int, (anonymous namespace)::T>::find(int)+0x20 (/usr/lib/libfoo.so)
\t    55d000000100 main+0x10 (/usr/bin/foo)
";
    let import = read(text.as_bytes()).unwrap();
    assert_eq!((import.kind, import.maps.len(), import.maps[0].0.name.as_str()), ("perf script", 1, "@cycles_u"));
    let text = folded(import);
    assert!(text.contains("Web Content;main;std::map<int, (anonymous namespace)::T>::find(int) 2\n"), "{text}");
    assert!(text.contains(";native_safe_halt_[k] 1\n") && text.starts_with("Web Content;"), "{text}");
}

#[test]
fn maps_of_bpftrace_keep_their_kinds() {
    let text = "\
Attached 3 probes
hello 5
@reads[bash, 12]: 3
@reads[cat, 7]: 40
@total: 43
@size[cat]: count 4, average 512, total 2048
@usecs:
[0]                    2 |@@                                                  |
[1]                    0 |                                                    |
[2, 4)                 9 |@@@@@@@@@                                           |
[1K, 2K)               1 |@                                                   |

@lin[a b]:
(..., 0)               1 |@                                                   |
[0, 10)                4 |@@@@                                                |
[10, 20)               9 |@@@@@@@@@                                           |
[20, ...)              2 |@@                                                  |

@[
    vfs_read+12
    do_syscall_64+89
,
    read+25
    0x55d0
, bash]: 12
@last: text of its own
";
    let import = read(text.as_bytes()).unwrap();
    assert_eq!(import.output, b"Attached 3 probes\nhello 5\n");
    let shapes: Vec<String> = import
        .maps
        .iter()
        .map(|(shape, _)| {
            format!("{} {} {}", shape.name, shape.key.as_ref().map_or(String::new(), ToString::to_string), shape.value)
        })
        .collect();
    let words: Vec<&str> = shapes.iter().map(|shape| shape.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["@reads", "@total", "@size", "@usecs", "@lin", "@", "@last"]);
    assert!(matches!(import.maps[2].0.value, Type::Aggregate(Aggregate::Stats { .. })), "{shapes:?}");
    assert!(matches!(import.maps[3].0.value, Type::Aggregate(Aggregate::Hist { bits: 0 })), "{shapes:?}");
    let linear = Type::Aggregate(Aggregate::LinearHist { min: 0, max: 20, step: 10 });
    assert_eq!(import.maps[4].0.value, linear);
    assert_eq!(folded(import), "bash;[unknown];read;do_syscall_64_[k];vfs_read_[k] 12\n");
}

#[test]
fn a_profile_that_was_exported_is_imported() {
    let samples = {
        let frame = |name: &str, kind, module: Option<&str>| flame::DetailedFrame {
            frame: flame::FlameFrame { name: name.into(), kind },
            module: module.map(Into::into),
            why: None,
        };
        let main = frame("main", flame::FrameKind::User, Some("/bin/cat"));
        flame::DetailedSamples::from([
            (vec![main.clone()], 2),
            (vec![main, frame("vfs_read", flame::FrameKind::Kernel, None)], 5),
        ])
    };
    let facts = flame::pprof::Facts { unit: "nanoseconds", ..Default::default() };
    let import = read(&flame::pprof::write(&samples, &facts).unwrap()).unwrap();
    assert_eq!((import.kind, import.maps[0].0.name.as_str()), ("pprof", "@nanoseconds"));
    assert_eq!(folded(import), flame::folded(&samples));
}

#[test]
fn what_is_no_profile_says_what_would_be() {
    let message = |file: &[u8]| read(file).unwrap_err().to_string();
    assert_eq!(message(b" \n"), "The file is empty");
    assert!(message(b"PERFILE2\0\0").ends_with("run `perf script -i perf.data` and import what it prints"));
    assert!(message(b"{\"a\": 1}").ends_with("This is JSON"));
    assert!(message(b"\x7fELF\0").ends_with("This is a program or library"));
    assert!(message(b"Dear all,\nthe meeting is at ten.\n").starts_with("This is no profile that tracedeck reads"));
    assert!(message(b"\x1f\x8b\x08\0rubbish").starts_with("This looks like a pprof file, but it cannot be unpacked"));
    for garbage in [&b"@"[..], b"@[", b"@x[\n  a\n", b"@x:\n[1, 2)", b";;; 1", b" 7", b"@x: 1\n@x[a]: 2\n@x[a, b]: 3"] {
        // Whatever it is taken for: no panic.
        let _ = read(garbage).map(Import::events);
    }
}
