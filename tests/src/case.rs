//! Case files: several scripts in one file, with the diagnostics that are expected of each.
//!
//! ```text
//! --- name hir manifest           a case begins; the stages whose text is compared with a golden file
//! //! args 5 abc                  options of the compilation, before the script
//! begin { print(com); }
//! // error: 15-18 Unknown identifier: 'com'
//! // help: Did you mean 'comm'?
//! ```
//!
//! An expectation stands below the line that it is about and is no part of the script. Its columns count from 1, the
//! second is the first column behind; `9-+2:5` ends two lines further down. Its words are a part of the message.
//!
//! A case may also say what a running kernel makes of it, one line of the standard output or a part of the standard
//! error at a time; the kernel tier runs such cases.
//!
//! ```text
//! --- name
//! //! target getppid 3            the program to trace, and its arguments
//! begin { print(1 + 1); print(pid / 0 == 1); }
//! //> 2
//! //? by 0
//! ```

use std::path::Path;

use tracedeck_compiler::diagnostic::{Diagnostic, Severity};
use tracedeck_compiler::kernel::Feature;
use tracedeck_compiler::kernel::fixture::FixtureKernel;
use tracedeck_compiler::options::{CompileOptions, Purpose};
use tracedeck_compiler::source::SourceFile;

use crate::captured::{files, home, read};
use crate::{binary, target};

/// One script of a case file.
#[derive(Debug, Clone)]
pub struct Case {
    /// `FILE/NAME`, with the file's path below `tests/suite` without its ending.
    pub name: String,
    pub stages: Vec<String>,
    /// The lines `//! …`.
    pub directives: Vec<String>,
    /// Without expectations.
    pub script: String,
    pub expected: Vec<Expectation>,
    /// The lines of a run's standard output that are not empty; none: the case is only compiled.
    pub printed: Vec<String>,
    /// What the standard error of a run has in it.
    pub told: Vec<String>,
}

/// A diagnostic that a case expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Line of the script, from 1.
    pub line: usize,
    /// `error` or `warning`.
    pub severity: String,
    pub columns: String,
    pub message: String,
    pub help: Vec<String>,
}

/// Every case below `tests/suite`.
pub fn all() -> Vec<Case> {
    files(&home().join("suite"), "bt").iter().flat_map(|path| parse(&stem(path), &read(path))).collect()
}

/// The path of a case file below `tests/suite` without its ending.
pub fn stem(path: &Path) -> String {
    let relative = path.strip_prefix(home().join("suite")).unwrap_or(path);
    relative.with_extension("").display().to_string()
}

/// The cases in the text of a file.
///
/// # Panics
///
/// On text that is no case file.
pub fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("--- ") {
            let mut words = header.split_whitespace().map(str::to_owned);
            let name = words.next().unwrap_or_else(|| panic!("{file}: a case without a name"));
            let name = format!("{file}/{name}");
            assert!(cases.iter().all(|case| case.name != name), "{name} is there twice");
            let stages = words.collect();
            cases.push(Case {
                name,
                stages,
                directives: vec![],
                script: String::new(),
                expected: vec![],
                printed: vec![],
                told: vec![],
            });
            continue;
        }
        let Some(case) = cases.last_mut() else {
            assert!(line.is_empty() || line.starts_with('#'), "{file}: text before the first case: {line}");
            continue;
        };
        read_line(case, line);
    }
    for case in &mut cases {
        // The line that separates two cases is no part of the first.
        if case.script.ends_with("\n\n") {
            case.script.pop();
        }
    }
    cases
}

fn read_line(case: &mut Case, line: &str) {
    if let Some(directive) = line.strip_prefix("//! ") {
        return case.directives.push(directive.to_owned());
    }
    if let Some(line) = line.strip_prefix("//> ") {
        return case.printed.push(line.to_owned());
    }
    if let Some(text) = line.strip_prefix("//? ") {
        return case.told.push(text.to_owned());
    }
    for severity in ["error", "warning"] {
        if let Some(rest) = line.trim_start().strip_prefix(&format!("// {severity}: ")) {
            let (columns, message) = rest.split_once(' ').unwrap_or((rest, ""));
            return case.expected.push(Expectation {
                line: case.script.lines().count(),
                severity: severity.to_owned(),
                columns: columns.to_owned(),
                message: message.to_owned(),
                help: vec![],
            });
        }
    }
    if let (Some(help), Some(last)) = (line.trim_start().strip_prefix("// help: "), case.expected.last_mut()) {
        return last.help.push(help.to_owned());
    }
    case.script.push_str(line);
    case.script.push('\n');
}

impl Case {
    pub fn source(&self) -> SourceFile {
        SourceFile::new("case", self.script.clone())
    }

    pub fn expects_errors(&self) -> bool {
        self.expected.iter().any(|it| it.severity == "error")
    }

    /// Whether the case says what a run of it prints.
    pub fn is_run(&self) -> bool {
        !self.printed.is_empty() || !self.told.is_empty()
    }

    fn directive(&self, word: &str) -> Option<&str> {
        self.directives.iter().find_map(|it| it.strip_prefix(word)?.strip_prefix(' '))
    }

    /// What is wrong with a run of the case on this machine: its output against what is expected.
    pub fn run(&self) -> Result<(), String> {
        let child = self.directive("target").map(target::command);
        let mut arguments = vec!["-q"];
        arguments.extend(self.directives.iter().any(|it| it == "unsafe").then_some("--unsafe"));
        arguments.extend(self.directive("options").unwrap_or_default().split_whitespace());
        arguments.extend(child.iter().flat_map(|child| ["-c", child]));
        arguments.extend(["-e", &self.script]);
        arguments.extend(self.directive("args").unwrap_or_default().split_whitespace());
        let run = binary::run(&arguments);
        let code = self.directive("code").map_or(0, |code| code.parse().expect("an exit status"));
        let printed: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
        let is_told =
            self.told.iter().all(|text| run.stderr.contains(text)) && self.told.is_empty() == run.stderr.is_empty();
        let warned = self.expected.iter().any(|it| it.severity == "warning");
        if run.code == Some(code) && printed == self.printed && (is_told || warned) {
            return Ok(());
        }
        let Self { name, script, printed, told, .. } = self;
        Err(format!("{name}: {script}expected {code} {printed:#?} {told:?}\nbut was {run:#?}"))
    }

    /// The options and the kernel that the directives ask for.
    ///
    /// # Panics
    ///
    /// On a directive that is not known.
    pub fn setting(&self, mut kernel: FixtureKernel) -> (CompileOptions, FixtureKernel) {
        let mut options = CompileOptions::default();
        for directive in &self.directives {
            let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
            let number = || rest.parse().unwrap_or_else(|_| panic!("{}: {word} needs a number", self.name));
            match word {
                "args" => options.positional = rest.split_whitespace().map(str::to_owned).collect(),
                "named" => {
                    let named = |word: &str| match word.split_once('=') {
                        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                        None => (word.to_owned(), None),
                    };
                    options.named = rest.split_whitespace().map(named).collect();
                }
                "pid" => options.processes.pids.push(number() as u32),
                "follow" => options.processes.follow = true,
                "cgroup" => options.processes.cgroup = Some(rest.to_owned()),
                "without-own" => options.processes.without_own = true,
                "child" => options.has_child = true,
                "test" => options.purpose = Purpose::Test,
                "bench" => options.purpose = Purpose::Bench,
                "unsafe" => options.allow_unsafe = true,
                "environment" => {
                    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
                    options.environment.push((key.to_owned(), value.to_owned()));
                }
                "pid-namespace" => {
                    let (device, inode) = rest.split_once(' ').unwrap_or((rest, ""));
                    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{}: {text}", self.name));
                    kernel = kernel.with_pid_namespace(number(device), number(inode));
                }
                "release" => kernel = kernel.with_release(rest),
                "without" => kernel = kernel.without(feature(rest)),
                "max-source-bytes" => options.limits.max_source_bytes = number() as usize,
                "max-depth" => options.limits.max_depth = number() as usize,
                "max-nodes" => options.limits.max_nodes = number() as usize,
                "max-probes" => options.limits.max_probes = number() as usize,
                "max-programs" => options.limits.max_programs = number() as usize,
                "target" => options.has_child = true,
                // What the test of costs looks at, and what a run needs.
                "ir-has" | "ir-lacks" | "options" | "code" => {}
                "max-map-bytes" => options.limits.max_map_bytes = number(),
                _ => panic!("{}: unknown directive: {directive}", self.name),
            }
        }
        (options, kernel)
    }

    /// Compares what was said about the script with what is expected; the difference as text.
    pub fn compare(&self, said: &[Diagnostic]) -> Result<(), String> {
        let file = self.source();
        let mut said: Vec<Expectation> = said.iter().map(|diagnostic| expectation(&file, diagnostic)).collect();
        let mut missing = Vec::new();
        for expected in &self.expected {
            match said.iter().position(|actual| expected.is_met_by(actual)) {
                Some(index) => drop(said.remove(index)),
                None => missing.push(expected),
            }
        }
        if missing.is_empty() && said.is_empty() {
            return Ok(());
        }
        let lines = |sign: &str, list: Vec<&Expectation>| -> String {
            list.iter().map(|it| format!("  {sign} line {}\n{}", it.line, it.text())).collect()
        };
        Err(format!("{}\n{}{}", self.name, lines("missing:", missing), lines("unexpected:", said.iter().collect())))
    }
}

impl Expectation {
    fn is_met_by(&self, actual: &Self) -> bool {
        (self.line, &self.severity, &self.columns) == (actual.line, &actual.severity, &actual.columns)
            && actual.message.contains(&self.message)
            && self.help.iter().all(|help| actual.help.iter().any(|line| line.contains(help)))
    }

    /// As it is written in a case file.
    pub fn text(&self) -> String {
        let help: String = self.help.iter().map(|help| format!("// help: {help}\n")).collect();
        format!("// {}: {} {}\n{help}", self.severity, self.columns, self.message)
    }
}

/// The expectation that a diagnostic meets.
pub fn expectation(file: &SourceFile, diagnostic: &Diagnostic) -> Expectation {
    let (start, end) = (file.position(diagnostic.span.start), file.position(diagnostic.span.end));
    let columns = match end.line - start.line {
        0 => format!("{}-{}", start.column, end.column),
        further => format!("{}-+{further}:{}", start.column, end.column),
    };
    Expectation {
        line: start.line as usize,
        severity: if diagnostic.severity == Severity::Error { "error" } else { "warning" }.to_owned(),
        columns,
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
    }
}

fn feature(name: &str) -> Feature {
    match name {
        "instructions-v4" => Feature::InstructionsV4,
        "loop" => Feature::Loop,
        "for-each-map-element" => Feature::ForEachMapElement,
        "lookup-percpu-element" => Feature::LookupPerCpuElement,
        "uprobe-multi" => Feature::UprobeMulti,
        "kprobe-multi" => Feature::KprobeMulti,
        "kprobe-session" => Feature::KprobeSession,
        "kprobes" => Feature::Kprobes,
        "trampolines" => Feature::Trampolines,
        "hardware-events" => Feature::HardwareEvents,
        "btf" => Feature::Btf,
        "send-signal" => Feature::SendSignal,
        "jiffies" => Feature::Jiffies,
        "tai-clock" => Feature::TaiClock,
        "uprobe-function-address" => Feature::UprobeFunctionAddress,
        "override-return" => Feature::OverrideReturn,
        _ => panic!("unknown feature: {name}"),
    }
}

/// A case file with the expectations that the compiler meets now, for `UPDATE=1`. `said` finds what is said by name.
pub fn rewrite(file: &str, text: &str, said: &dyn Fn(&str) -> Vec<Diagnostic>) -> String {
    let mut out = String::new();
    for line in text.lines().take_while(|line| !line.starts_with("--- ")) {
        out.push_str(line);
        out.push('\n');
    }
    for (index, case) in parse(file, text).iter().enumerate() {
        if index > 0 && !out.ends_with("\n\n") {
            out.push('\n');
        }
        let short = case.name.rsplit('/').next().unwrap_or(&case.name);
        let stages: String = case.stages.iter().map(|stage| format!(" {stage}")).collect();
        out.push_str(&format!("--- {short}{stages}\n"));
        case.directives.iter().for_each(|directive| out.push_str(&format!("//! {directive}\n")));
        let source = case.source();
        let found: Vec<Expectation> = said(&case.name).iter().map(|it| expectation(&source, it)).collect();
        let lines: Vec<&str> = case.script.lines().collect();
        for number in 0..=lines.len() {
            if number > 0 {
                out.push_str(lines[number - 1]);
                out.push('\n');
            }
            let last = number == lines.len();
            let here = found.iter().filter(|it| it.line == number || (last && it.line > number));
            here.for_each(|it| out.push_str(&it.text()));
        }
        case.printed.iter().for_each(|line| out.push_str(&format!("//> {line}\n")));
        case.told.iter().for_each(|text| out.push_str(&format!("//? {text}\n")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# about
--- one hir
//! args 5
begin { print(com); }
// error: 15-18 Unknown
// help: 'comm'

--- two
end { }
";

    #[test]
    fn a_case_is_its_script_and_what_is_expected_of_it() {
        let cases = parse("x", FILE);
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["x/one", "x/two"]);
        assert_eq!((cases[0].script.as_str(), cases[1].script.as_str()), ("begin { print(com); }\n", "end { }\n"));
        assert_eq!((cases[0].stages.join(" "), cases[0].directives.join(" ")), ("hir".to_owned(), "args 5".to_owned()));
        assert_eq!(cases[0].expected[0].text(), "// error: 15-18 Unknown\n// help: 'comm'\n");
    }

    #[test]
    fn an_expectation_holds_for_its_place_only() {
        let case = &parse("x", FILE)[0];
        let at = |start, end| {
            let span = tracedeck_compiler::source::Span::new(start, end);
            Diagnostic::error("unknown-identifier", span, "Unknown identifier: 'com'").with_help("Mean 'comm'?")
        };
        assert_eq!(case.compare(&[at(14, 17)]), Ok(()));
        assert!(case.compare(&[at(14, 18)]).is_err());
        assert!(case.compare(&[]).is_err());
        assert!(case.compare(&[at(14, 17), at(14, 17)]).is_err());
    }
}
