//! The kernel's verifier in a person's words: which line of the script, what is wrong, what helps.

use tracedeck_compiler::manifest::{Manifest, Program};
use tracedeck_compiler::source::{SourceFile, Span};

use super::bpf::program::LoadFailure;
use super::failure::Failure;
use super::line_info::{LineColumn, line_of};
use super::load::program_span;
use super::object::LinkedProgram;

/// Lines of the log that a message quotes at most.
const QUOTED_LINES: usize = 4;

/// What a refused program means for the script.
pub fn explain(
    failure: &LoadFailure,
    program: &Program,
    linked: &LinkedProgram,
    manifest: &Manifest,
    source: &SourceFile,
) -> Failure {
    let probe = program.attach.first().and_then(|point| manifest.probes.get(point.probe.index()));
    let name = probe.map_or(program.section.as_str(), |probe| probe.name.as_str());
    let whole = program_span(manifest, program);
    let error = &failure.error;
    if failure.log.trim().is_empty() {
        return without_log(failure, name, whole, linked);
    }
    let exceeds = ["BPF program is too large", "jumps is too complex"];
    if error.raw_os_error() == Some(libc::E2BIG) || exceeds.iter().any(|text| failure.log.contains(text)) {
        return too_large(name, whole);
    }
    let place = last_instruction(&failure.log)
        .and_then(|instruction| line_of(&linked.line_info, linked.line_info_size, instruction))
        .map_or(whole, |place| span_of(place, source, whole));
    if failure.log.contains("infinite loop detected") {
        return Failure::new("endless-loop", place, "the kernel cannot see that this loop ends")
            .with_help("let a variable that the loop changes decide, such as while ($i < 100) { $i++; }")
            .with_help("or use 'for $i : 0..100', which 'break' leaves early");
    }
    if let Some(missing) = missing(&failure.log, name, place) {
        return missing;
    }
    let mut explained = Failure::new("verifier", place, format!("the kernel refused the program of {name} ({error})"));
    for line in complaint(&failure.log) {
        explained = explained.with_help(format!("the verifier says: {line}"));
    }
    explained.with_help("this is a mistake in tracedeck, not in the script; please report it with the script")
}

/// What the script needs and this kernel does not have, where the verifier is the first to say so.
fn missing(log: &str, probe: &str, place: Span) -> Option<Failure> {
    let between = |before: &str, after: &str| log.split(before).nth(1)?.split(after).next();
    if let Some(variable) = between("failed to find the address for kernel symbol '", "'") {
        let message = format!("the kernel knows no address of the variable '{variable}'");
        let help = "its symbol table lacks variables where it was built without CONFIG_KALLSYMS_ALL";
        return Some(Failure::new("no-such-symbol", place, message).with_help(help));
    }
    let helper = between("cannot use helper ", "#").or_else(|| between("unknown func ", "#"))?;
    let message = format!("this kernel does not let the program of {probe} call {helper}()");
    let help = "it was built without that function, or is locked down: see /sys/kernel/security/lockdown";
    Some(Failure::new("missing-kernel-feature", place, message).with_help(help))
}

/// The verifier was not reached.
fn without_log(failure: &LoadFailure, name: &str, span: Span, linked: &LinkedProgram) -> Failure {
    let error = &failure.error;
    match error.raw_os_error() {
        Some(libc::E2BIG) => too_large(name, span),
        _ => Failure::new(
            "program-not-loaded",
            span,
            format!("the program of {name} ({} instructions) was not loaded: {error}", linked.instructions.len() / 8),
        )
        .with_cause(error),
    }
}

fn too_large(name: &str, span: Span) -> Failure {
    Failure::new("program-too-large", span, format!("the program of {name} is too large for the kernel's verifier"))
        .with_help("unroll less, loop less often, or split the work over several probes")
}

/// The span of a line from a column to its end, within the probe where the line lies in it.
fn span_of(place: LineColumn, source: &SourceFile, fallback: Span) -> Span {
    let text = source.line(place.line);
    if text.is_empty() {
        return fallback;
    }
    // A line is a slice of the text, so its address tells its offset.
    let start = text.as_ptr() as usize - source.text().as_ptr() as usize;
    let column = (place.column.max(1) as usize - 1).min(text.len().saturating_sub(1));
    Span::new(start + column, start + text.trim_end().len().max(column + 1))
}

/// The number of the last instruction that the log lists: `12: (85) call bpf_…`.
fn last_instruction(log: &str) -> Option<u32> {
    log.lines().rev().find_map(|line| {
        let (number, rest) = line.split_once(": ")?;
        if rest.starts_with('(') { number.parse().ok() } else { None }
    })
}

/// The sentences at the end of the log: what is neither an instruction, nor a source line, nor statistics.
fn complaint(log: &str) -> Vec<&str> {
    let is_sentence = |line: &&str| {
        let statistics = ["processed ", "verification time", "stack depth", "max_states", "mark_precise", "from "];
        !line.is_empty()
            && !line.starts_with(';')
            && !line.starts_with(|first: char| first.is_ascii_digit())
            && !statistics.iter().any(|word| line.starts_with(word))
    };
    let mut lines: Vec<&str> = log.lines().map(str::trim).filter(is_sentence).rev().take(QUOTED_LINES).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "0: R1=ctx() R10=fp0\n; @ = nsecs @ script:2\n0: (85) call bpf_ktime_get_ns#5\n1: (79) r1 = *(u64 *)(r0 +0)\n\
        R0 invalid mem access 'scalar'\nprocessed 2 insns (limit 1000000)\n";

    #[test]
    fn the_complaint_is_what_remains_of_the_log_without_listing_and_statistics() {
        assert_eq!(complaint(LOG), ["R0 invalid mem access 'scalar'"]);
        assert_eq!(last_instruction(LOG), Some(1));
    }

    #[test]
    fn what_the_kernel_lacks_is_no_mistake_of_ours() {
        let said = |log: &str| missing(log, "begin", Span::default()).map(|it| it.message);
        let helper = said(
            "5: (85) call bpf_probe_write_user#36\nprogram of this type cannot use helper bpf_probe_write_user#36\n",
        );
        assert_eq!(
            helper.as_deref(),
            Some("this kernel does not let the program of begin call bpf_probe_write_user()")
        );
        let variable = said("ldimm64 failed to find the address for kernel symbol 'runqueues'.\n");
        assert_eq!(variable.as_deref(), Some("the kernel knows no address of the variable 'runqueues'"));
        assert_eq!(said(LOG), None);
    }

    #[test]
    fn a_line_of_the_script_becomes_a_span_from_the_column_to_its_end() {
        let source = SourceFile::new("stdin", "begin {\n  @ = nsecs;  \n}");
        let span = span_of(LineColumn { line: 2, column: 3 }, &source, Span::default());
        assert_eq!(source.slice(span), "@ = nsecs;");
        assert_eq!(span_of(LineColumn { line: 9, column: 1 }, &source, Span::new(1, 2)), Span::new(1, 2));
    }
}
