//! `tracedeck tools` and `tracedeck tool NAME`: the ready scripts in the terminal.

use std::ffi::OsString;
use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::{Arg, Args, Command, CommandFactory, FromArgMatches};

use super::run::{self, RunArguments};
use crate::examples::{self, Example};
use crate::host::LiveKernel;
use crate::http::protocol::{ParameterKind, ScriptParameter};
use crate::parameters;

#[derive(Debug, Args)]
#[command(
    long_about = "List the ready scripts: what they answer and what they cost.\n\n\
                  A word shows only the tools that are about it. What this kernel cannot run says why.",
    after_help = "EXAMPLES:\n  \
                  tracedeck tools\n  \
                  tracedeck tools latency\n  \
                  tracedeck tool opensnoop\n  \
                  tracedeck tool runqslower 5000"
)]
pub struct ToolsArguments {
    /// Only tools with this word
    word: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    long_about = "Run a ready script in the terminal. Its parameters follow its name; options of `tracedeck run` may stand \
                  before them.\n\nWithout parameters, each has its default. `--about` tells what the tool is for.",
    after_help = "EXAMPLES:\n  \
                  tracedeck tool biolatency\n  \
                  tracedeck tool syslat postgres\n  \
                  tracedeck tool execsnoop -f json\n  \
                  tracedeck tool profile --flame cpu.svg\n  \
                  tracedeck tool runqslower --about"
)]
#[command(disable_help_flag = true, arg_required_else_help = true)]
pub struct ToolArguments {
    /// A name that `tracedeck tools` lists
    name: Option<String>,
    /// Print help, behind a name that of the tool
    #[arg(long, short)]
    help: bool,
    /// Tell what the tool is for, how to read it, and its script
    #[arg(long)]
    about: bool,
    /// Options of `tracedeck run`, and the script's parameters
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Lists the tools by subject.
pub fn list(arguments: &ToolsArguments) -> Result<u8> {
    let kernel = LiveKernel::shared();
    let word = arguments.word.as_deref().unwrap_or("").to_lowercase();
    let is_about = |tool: &&Example| {
        [tool.id, tool.title, tool.question, tool.category].iter().any(|text| text.to_lowercase().contains(&word))
    };
    let found: Vec<_> = examples::by_subject().filter(is_about).collect();
    if found.is_empty() {
        bail!("no tool is about '{word}'; `tracedeck tools` lists all");
    }
    let mut out = io::stdout().lock();
    let mut subject = "";
    for tool in found {
        if tool.category != subject {
            let gap = if subject.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}{}", tool.category)?;
            subject = tool.category;
        }
        writeln!(out, "  {:<16} {}", tool.id, tool.question)?;
        if let Some(problem) = examples::problem(&examples::check(tool, &*kernel)) {
            writeln!(out, "  {:<16} not on this machine: {problem}", "")?;
        }
    }
    Ok(0)
}

/// Runs a tool as `tracedeck run` would, or tells about it.
pub fn run(arguments: ToolArguments) -> Result<u8> {
    let Some(name) = arguments.name else {
        ToolArguments::augment_args(Command::new("tracedeck tool")).print_long_help()?;
        return Ok(0);
    };
    let Some(tool) = examples::find(&name) else {
        bail!("there is no tool '{name}'{}; `tracedeck tools` lists all", suggestion(&name));
    };
    if arguments.about || arguments.arguments.iter().any(|argument| argument == "--about") {
        io::stdout().lock().write_all(about(tool).as_bytes())?;
        return Ok(0);
    }
    let takes = parameters::of_script(tool.script, &examples::check(tool, &*LiveKernel::shared()), tool.parameters);
    let mut before = arguments.arguments.iter().take_while(|argument| *argument != "--");
    if arguments.help || before.any(|argument| argument == "--help" || argument == "-h") {
        io::stdout().lock().write_all(help(tool, &takes).as_bytes())?;
        return Ok(0);
    }
    let given = named_last(arguments.arguments, &takes);
    let words = ["tracedeck tool", "-e", tool.script].map(OsString::from).into_iter().chain(given);
    // The name of a tool says that what follows is for it: its options may stand behind its parameters.
    let anywhere =
        |argument: Arg| argument.trailing_var_arg(false).allow_hyphen_values(false).allow_negative_numbers(true);
    let command = RunArguments::command()
        .name("tracedeck tool")
        .override_usage(usage(tool, &takes))
        .mut_arg("arguments", anywhere);
    let matches = command.try_get_matches_from(words);
    match matches.and_then(|matches| RunArguments::from_arg_matches(&matches)) {
        Ok(parsed) => {
            require(tool, parsed.positional()?)?;
            run::run(parsed)
        }
        Err(error) => {
            let _ = error.print();
            Ok(if error.use_stderr() { super::FAILURE } else { 0 })
        }
    }
}

/// Refuses a run without a parameter that the script cannot do without.
fn require(tool: &Example, given: usize) -> Result<()> {
    let Some((lacking, example)) = tool.parameters.iter().skip(given).find_map(|it| Some((it, it.example?))) else {
        return Ok(());
    };
    bail!("{0} needs its {1}: `tracedeck tool {0} '{example}'` ({2})", tool.id, lacking.name, lacking.doc)
}

/// Arguments with the script's named parameters behind `--`, where `tracedeck run` takes them.
fn named_last(arguments: Vec<OsString>, takes: &[ScriptParameter]) -> Vec<OsString> {
    let is_named = |argument: &OsString| {
        let text = argument.to_string_lossy();
        text.strip_prefix("--").is_some_and(|text| {
            let name = text.split_once('=').map_or(text, |(name, _)| name);
            takes.iter().any(|parameter| parameter.kind != ParameterKind::Positional && parameter.name == name)
        })
    };
    let place = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let (before, behind) = arguments.split_at(place);
    let (named, others): (Vec<_>, Vec<_>) = before.iter().cloned().partition(is_named);
    let separator = (!named.is_empty() && behind.is_empty()).then(|| OsString::from("--"));
    let (first, rest) = behind.split_at(behind.len().min(1));
    others.into_iter().chain(separator).chain(first.iter().cloned()).chain(named).chain(rest.iter().cloned()).collect()
}

/// How a tool is called; in brackets what may be left out.
fn usage(tool: &Example, takes: &[ScriptParameter]) -> String {
    let words = takes.iter().map(|parameter| match (parameters::help_line(parameter).0, &parameter.example) {
        (word, Some(_)) => format!(" {word}"),
        (word, None) => format!(" [{word}]"),
    });
    format!("tracedeck tool {} [OPTIONS]{}", tool.id, words.collect::<String>())
}

/// What `--help` says: the form that the page shows, as text.
fn help(tool: &Example, takes: &[ScriptParameter]) -> String {
    let lines: Vec<(String, String)> = takes.iter().map(parameters::help_line).collect();
    let mut text = format!("{}\n\nUsage: {}\n", tool.question, usage(tool, takes));
    if !lines.is_empty() {
        let width = lines.iter().map(|(usage, _)| usage.len()).max().unwrap_or(0);
        text.push_str("\nParameters:\n");
        for (usage, doc) in &lines {
            text.push_str(&format!("  {usage:<width$}  {doc}\n"));
        }
    }
    text.push_str("\nOptions are those of `tracedeck run`: -f json, -o FILE, -p PID, -c COMMAND, --flame FILE, ...\n");
    text.push_str("--about tells what the tool is for, how to read it, and its script.\n");
    text
}

fn about(tool: &Example) -> String {
    let mut text =
        format!("{} - {}\n\n{}\n{}\n\nCost: {}\n", tool.id, tool.title, tool.question, tool.how_to_read, tool.cost);
    if let Some(needs) = tool.needs {
        text.push_str(&format!("Needs: {needs}\n"));
    }
    for parameter in tool.parameters {
        let otherwise = match (parameter.example, parameter.default) {
            (Some(example), _) => format!("needed, such as {example}"),
            (None, "") => "empty without it".to_owned(),
            (None, default) => format!("{default} without it"),
        };
        text.push_str(&format!("Parameter {}: {} ({otherwise})\n", parameter.name, parameter.doc));
    }
    text.push_str(&format!("\n{}", tool.script));
    text
}

/// A tool whose name holds the word, or the other way round.
fn suggestion(word: &str) -> String {
    let is_near = |tool: &&Example| tool.id.contains(word) || word.contains(tool.id);
    examples::by_subject().find(is_near).map_or_else(String::new, |tool| format!(", did you mean '{}'?", tool.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_tells_what_it_is_for_and_what_its_parameters_are() {
        let text = about(examples::find("runqslower").expect("a tool"));
        assert!(text.starts_with("runqslower - Slow run queue waits\n"), "{text}");
        assert!(text.contains("Parameter limit: Microseconds; only longer waits are printed (10000 without it)\n"));
        assert!(text.contains("tracepoint:sched:sched_switch"));
    }

    fn takes() -> Vec<ScriptParameter> {
        let parameter = |name: &str, kind, default: &str, doc: &str| ScriptParameter {
            name: name.to_owned(),
            kind,
            default: default.to_owned(),
            example: None,
            doc: doc.to_owned(),
        };
        vec![
            parameter("limit", ParameterKind::Positional, "10000", "Microseconds"),
            parameter("comm", ParameterKind::Text, "", "Name of a program"),
            parameter("all", ParameterKind::Flag, "", ""),
        ]
    }

    #[test]
    fn help_lists_what_the_form_in_the_page_has() {
        let text = help(examples::find("runqslower").expect("a tool"), &takes());
        assert!(text.contains("Usage: tracedeck tool runqslower [OPTIONS] [LIMIT] [--comm=TEXT] [--all]\n"), "{text}");
        assert!(text.contains("  LIMIT        Microseconds (default: 10000)\n"), "{text}");
    }

    #[test]
    fn named_parameters_of_a_tool_need_no_dashes_before_them() {
        let arranged = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            named_last(words, &takes())
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(arranged("-f json --comm=bash 5"), "-f json 5 -- --comm=bash");
        assert_eq!(arranged("--all -- --comm=a"), "-- --all --comm=a");
        assert_eq!(arranged("--flame x"), "--flame x");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_mended() {
        assert_eq!(suggestion("opensnoop2"), ", did you mean 'opensnoop'?");
        assert_eq!(suggestion("zzz"), "");
    }
}
