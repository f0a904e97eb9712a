//! The tools: ready scripts for people who do not know yet how to ask. The scripts are files in `server/examples`; the
//! words around them are tables, one for each subject, in the folder beside this file.

use tracedeck_compiler::Checked;
use tracedeck_compiler::kernel::Kernel;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;

use crate::http::protocol::ExampleView;

/// A script with the words around it.
pub struct Example {
    /// What it is called on the command line; the name that people know, where there is one.
    pub id: &'static str,
    pub title: &'static str,
    pub category: &'static str,
    /// What a person wants to know who picks it.
    pub question: &'static str,
    pub script: &'static str,
    pub how_to_read: &'static str,
    /// How much it disturbs, in words.
    pub cost: &'static str,
    /// What shows the answer best.
    pub view: ExampleView,
    /// `$1`, `$2`, …
    pub parameters: &'static [Parameter],
    /// What not every kernel has.
    pub needs: Option<&'static str>,
}

/// A positional parameter of a script.
pub struct Parameter {
    pub name: &'static str,
    /// What stands for a parameter that is not given.
    pub default: &'static str,
    /// Where the script cannot do without it: a value that can stand there.
    pub example: Option<&'static str>,
    pub doc: &'static str,
}

macro_rules! example {
    {
        id: $id:literal,
        title: $title:literal,
        category: $category:literal,
        view: $view:ident,
        cost: $cost:literal,
        question: $question:literal,
        how_to_read: $how_to_read:literal,
        parameters: [$($parameter:expr),*],
        needs: $needs:expr,
    } => {
        Example {
            id: $id,
            title: $title,
            category: $category,
            question: $question,
            script: include_str!(concat!("../../examples/", $id, ".bt")),
            how_to_read: $how_to_read,
            cost: $cost,
            view: crate::http::protocol::ExampleView::$view,
            parameters: &[$($parameter),*],
            needs: $needs,
        }
    };
}

mod any;
mod cpu;
mod disk;
pub mod document;
mod files;
mod locks;
mod memory;
mod network;
mod processes;

/// What people ask first, in the order of the start page.
const FIRST: [&str; 8] =
    ["profile", "syscount", "biolatency", "tcpconnect", "faults", "runqlat", "execsnoop", "opensnoop"];

const TABLES: [&[Example]; 8] =
    [cpu::ALL, processes::ALL, files::ALL, disk::ALL, network::ALL, memory::ALL, locks::ALL, any::ALL];

/// Every tool, by subject.
pub fn by_subject() -> impl Iterator<Item = &'static Example> {
    TABLES.into_iter().flatten()
}

/// Every tool, those first that people ask for first.
pub fn all() -> impl Iterator<Item = &'static Example> {
    let first = FIRST.into_iter().filter_map(find);
    first.chain(by_subject().filter(|example| !FIRST.contains(&example.id)))
}

/// The tool of that name.
pub fn find(id: &str) -> Option<&'static Example> {
    by_subject().find(|example| example.id == id)
}

impl Example {
    /// What the script is compiled with to see whether it can run: something for each parameter that it needs.
    pub fn sample(&self) -> CompileOptions {
        let positional = self.parameters.iter().map(|it| it.example.unwrap_or(it.default).to_owned()).collect();
        CompileOptions { positional, ..CompileOptions::default() }
    }
}

/// What a machine makes of a tool's script.
pub fn check(example: &Example, kernel: &dyn Kernel) -> Checked {
    let file = SourceFile::new(example.id, example.script);
    tracedeck_compiler::check(&file, kernel, &example.sample())
}

/// Why a tool cannot run on the machine that checked it, as a sentence; None when it can.
pub fn problem(checked: &Checked) -> Option<String> {
    checked.diagnostics.iter().find(|diagnostic| diagnostic.is_error()).map(|error| error.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_have_names_of_their_own_and_whole_sentences() {
        let mut ids: Vec<_> = by_subject().map(|example| example.id).collect();
        assert!(ids.len() >= 45, "only {} tools", ids.len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), all().count()), (by_subject().count(), by_subject().count()));
        assert_eq!(all().map(|example| example.id).take(8).collect::<Vec<_>>(), FIRST);
        for example in by_subject() {
            assert!(
                example.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{}",
                example.id
            );
            assert!(example.question.ends_with('?'), "{}", example.id);
            assert!(example.how_to_read.ends_with('.'), "{}", example.id);
            assert!(!example.cost.is_empty() && !example.cost.ends_with('.'), "{}", example.id);
            assert!(example.script.ends_with('\n') && example.script.starts_with("//"), "{}", example.id);
        }
    }

    #[test]
    fn every_script_in_the_folder_is_a_tool_and_takes_the_parameters_it_says() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
        let files = std::fs::read_dir(folder).unwrap().filter(|entry| entry.is_ok()).count();
        assert_eq!(files, by_subject().count());
        for example in by_subject() {
            let used = (1..=9).rev().find(|number| example.script.contains(&format!("${number}"))).unwrap_or(0);
            assert_eq!(example.parameters.len(), used, "{}", example.id);
        }
    }
}
