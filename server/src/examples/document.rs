//! `docs/tools.md`: every tool with its question, its parameters and how its answer is read.

use std::fmt::Write;

use super::{Example, Parameter, by_subject};

const HEAD: &str = "# Tools

Ready scripts, by subject. On the page they are under Tools; in the terminal `tracedeck tools` lists them,
`tracedeck tool NAME` runs one, and `tracedeck tool NAME --about` shows its script. Parameters follow the name, and options
of `tracedeck run` work with all of them (`-f json`, `--flame FILE.svg`, `-p PID`). This file is generated from the tables
in `server/src/examples` by `cargo xtask codegen`.
";

/// The text of the document, in Markdown.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    let mut subject = "";
    for tool in by_subject() {
        if tool.category != subject {
            subject = tool.category;
            text.push_str(&format!("\n## {subject}\n"));
        }
        describe(tool, &mut text);
    }
    text
}

fn describe(tool: &Example, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n### {}\n\n**{}** {}\n", tool.id, tool.question, tool.how_to_read);
    let names: String = tool.parameters.iter().map(usage).collect();
    let _ = writeln!(text, "- `tracedeck tool {}{names}`", tool.id);
    for parameter in tool.parameters {
        let default = match (parameter.example, parameter.default) {
            (Some(example), _) => format!("such as `{example}`"),
            (None, "") => "without it: all".to_owned(),
            (None, default) => format!("without it: `{default}`"),
        };
        let _ = writeln!(text, "- `{}`: {} ({default})", parameter.name, parameter.doc);
    }
    let _ = writeln!(text, "- Cost: {}", tool.cost);
    if let Some(needs) = tool.needs {
        let _ = writeln!(text, "- Needs: {needs}");
    }
}

/// A parameter behind the name of its tool; in brackets where it may be left out.
fn usage(parameter: &Parameter) -> String {
    let name = parameter.name;
    if parameter.example.is_some() { format!(" {name}") } else { format!(" [{name}]") }
}
