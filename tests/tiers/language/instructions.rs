//! How many instructions scripts become: none may grow unseen.

use object::{Object, ObjectSection, SectionKind};
use tracedeck_compiler::compile;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_tests::captured;

use super::KERNEL;

/// A script, and the most instructions of its programs and the functions in them. Who makes one shorter lowers its
/// number.
const CEILINGS: [(&str, u64); 9] = [
    ("t:raw_syscalls:sys_enter { @ = count(); }", 16),
    ("t:raw_syscalls:sys_enter { @[comm] = count(); }", 50),
    ("t:raw_syscalls:sys_enter { @ = hist(args.id); }", 67),
    ("t:raw_syscalls:sys_enter { @[pid, comm, args.id] = sum(args.id); }", 67),
    ("t:sched:sched_switch { @[args.prev_comm, args.next_comm] = count(); }", 67),
    ("profile:hz:99 { @[kstack] = count(); }", 188),
    ("profile:hz:99 { @[ustack, kstack, comm] = count(); }", 248),
    ("t:raw_syscalls:sys_enter { printf(\"%d %s %d\\n\", pid, comm, args.id); }", 43),
    ("t:raw_syscalls:sys_enter { $i = 0; while ($i < 10) { $i++; } @ = sum($i); }", 63),
];

/// Instructions of all programs of a script; a wide constant counts as two.
fn instructions(script: &str) -> u64 {
    let compiled = compile(&SourceFile::new("ceiling", script), &captured::kernel(KERNEL), &CompileOptions::default());
    let (compiled, _) = compiled.unwrap_or_else(|found| panic!("{script}\n{found:?}"));
    let of_object = |bytes: &Vec<u8>| {
        let file = object::File::parse(bytes.as_slice()).expect("an object");
        let text = file.sections().filter(|section| section.kind() == SectionKind::Text);
        text.map(|section| section.size() / 8).sum::<u64>()
    };
    compiled.objects.iter().map(of_object).sum()
}

#[test]
fn no_program_grows_unseen() {
    let counted = CEILINGS.iter().map(|(script, ceiling)| (script, instructions(script), ceiling));
    let grown = counted.filter(|(_, count, ceiling)| count > *ceiling);
    let lines: Vec<_> = grown.map(|(script, count, most)| format!("{count} instead of {most}: {script}")).collect();
    assert!(lines.is_empty(), "more instructions:\n{}", lines.join("\n"));
}
