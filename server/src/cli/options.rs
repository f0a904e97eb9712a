//! The options of `tracedeck run` as the document of the language has them: how they are written, what they do, a command.

use clap::CommandFactory as _;
use tracedeck_compiler::documentation::CommandOption;

use super::run::RunArguments;

/// The long name of an option, or its letter, and the arguments of a command that uses it.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("e", &["-e", "begin { print(1); exit(); }"]),
    ("pid", &["-p", "1234", "trace.bt"]),
    ("cmd", &["-c", "/bin/ls /tmp", "trace.bt"]),
    ("follow", &["--follow", "-c", "/bin/sh -c ls", "trace.bt"]),
    ("cgroup", &["--cgroup", "system.slice", "trace.bt"]),
    ("include-self", &["--include-self", "trace.bt"]),
    ("format", &["-f", "json", "trace.bt"]),
    ("flame", &["--flame", "cpu.svg", "profile.bt"]),
    ("output", &["-o", "trace.txt", "trace.bt"]),
    ("B", &["-B", "full", "trace.bt"]),
    ("list", &["-l", "tracepoint:sched:*"]),
    ("verbose", &["-lv", "tracepoint:sched:sched_switch"]),
    ("stats", &["--stats", "trace.bt"]),
    ("quiet", &["-q", "trace.bt"]),
    ("yes", &["--yes", "-e", "uprobe:libc:p* { @ = count(); }"]),
    ("warnings", &["-k", "trace.bt"]),
    ("no-warnings", &["--no-warnings", "trace.bt"]),
    ("unsafe", &["--unsafe", "-e", "interval:s:1 { system(\"date\"); }"]),
    ("dry-run", &["--dry-run", "trace.bt"]),
    ("debug", &["-d", "ast,hir", "trace.bt"]),
    ("info", &["--info"]),
    ("I", &["-I", "include", "trace.bt"]),
    ("include", &["--include", "types.h", "trace.bt"]),
    ("probe-filter", &["--probe-filter", "sys_enter_.*at$", "trace.bt"]),
    ("no-feature", &["--no-feature", "kprobe_multi,uprobe_multi", "trace.bt"]),
    ("traceable-functions", &["--traceable-functions", "functions.txt", "trace.bt"]),
    ("no-cache", &["--no-cache", "trace.bt"]),
    ("mode", &["--mode", "test", "tests.bt"]),
    ("test", &["--test", "tests.bt"]),
    ("bench", &["--bench", "benchmarks.bt"]),
    ("fmt", &["--fmt", "trace.bt"]),
    ("emit-elf", &["--emit-elf", "trace.o", "trace.bt"]),
    ("emit-llvm", &["--emit-llvm", "trace", "trace.bt"]),
    ("debuginfo", &["--debuginfo", "/usr/lib/debug", "trace.bt"]),
];

/// Every option that is not hidden, in the order of the help text.
pub fn run_options() -> Vec<CommandOption> {
    let command = RunArguments::command();
    let options = command.get_arguments().filter(|argument| !argument.is_positional() && !argument.is_hide_set());
    options
        .map(|argument| {
            let short = argument.get_short().map(|letter| format!("-{letter}"));
            let long = argument.get_long().map(|name| format!("--{name}"));
            let mut written: Vec<String> = short.into_iter().chain(long).collect();
            let takes_value = argument.get_action().takes_values();
            if let (true, Some(names), Some(last)) = (takes_value, argument.get_value_names(), written.last_mut()) {
                names.iter().for_each(|name| last.push_str(&format!(" {name}")));
            }
            let doc = argument.get_help().map(ToString::to_string).unwrap_or_default();
            (written.join(", "), doc, example(argument).map(line).unwrap_or_default())
        })
        .collect()
}

fn example(argument: &clap::Arg) -> Option<&'static [&'static str]> {
    let letter = argument.get_short().map(String::from);
    let name = argument.get_long().or(letter.as_deref())?;
    EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// The words as they are typed into a shell.
fn line(words: &[&str]) -> String {
    let quoted = |word: &&str| {
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_./,:=".contains(letter);
        if word.chars().all(is_plain) { (*word).to_owned() } else { format!("'{word}'") }
    };
    format!("tracedeck run {}", words.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn every_option_has_an_example_that_is_understood() {
        for argument in RunArguments::command().get_arguments() {
            if argument.is_positional() || argument.is_hide_set() || argument.get_id() == "help" {
                continue;
            }
            let words = example(argument).unwrap_or_else(|| panic!("no example for {}", argument.get_id()));
            let used = |sign: String| words.iter().any(|word| *word == sign);
            let letter = argument.get_short().map(|letter| {
                words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
            });
            assert!(
                letter == Some(true) || argument.get_long().is_some_and(|name| used(format!("--{name}"))),
                "{words:?} does not use {}",
                argument.get_id()
            );
            let parsed = RunArguments::try_parse_from(["run"].iter().chain(words));
            assert!(parsed.is_ok(), "{words:?}: {}", parsed.err().map(|it| it.to_string()).unwrap_or_default());
        }
    }

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        assert_eq!(line(&["-e", "begin { }", "a.bt"]), "tracedeck run -e 'begin { }' a.bt");
    }
}
