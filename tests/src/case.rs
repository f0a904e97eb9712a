//! Case files: scripts with what the compiler is expected to make of them, in one readable file per feature.
//!
//! ```text
//! --- script a counter needs no key
//! begin { @a = count(); }
//! --- maps
//! @a: count_t
//! ```
//!
//! A `script` section starts a case; the sections behind it are what is expected. `UPDATE=1` writes what there is now.

use std::path::{Path, PathBuf};

/// One script and its expectations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub title: String,
    pub script: String,
    /// Kind and text of each section, in the order of the file.
    pub sections: Vec<(String, String)>,
}

/// A file of cases, with the comment that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    pub path: PathBuf,
    preamble: String,
    pub cases: Vec<Case>,
}

impl CaseFile {
    /// All case files of the suite, by name.
    pub fn all() -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
        let mut paths: Vec<_> = std::fs::read_dir(directory)
            .expect("the suite")
            .map(|entry| entry.expect("a case file").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "bt"))
            .collect();
        paths.sort();
        paths
            .into_iter()
            .map(|path| Self::parse(&path, &std::fs::read_to_string(&path).expect("a case file")))
            .collect()
    }

    fn parse(path: &Path, text: &str) -> Self {
        let mut file = Self { path: path.to_owned(), preamble: String::new(), cases: Vec::new() };
        let mut target = Target::Preamble;
        for line in text.split_inclusive('\n') {
            if let Some(header) = line.trim_end().strip_prefix("--- ") {
                if let Some(title) = header.strip_prefix("script ") {
                    let title = title.to_owned();
                    file.cases.push(Case { title, script: String::new(), sections: Vec::new() });
                    target = Target::Script;
                } else if let Some(case) = file.cases.last_mut() {
                    case.sections.push((header.to_owned(), String::new()));
                    target = Target::Section;
                } else {
                    panic!("{}: a section stands before the first script", path.display());
                }
                continue;
            }
            let case = file.cases.last_mut();
            match (target, case) {
                (Target::Preamble, _) | (_, None) => file.preamble.push_str(line),
                (Target::Script, Some(case)) => case.script.push_str(line),
                (Target::Section, Some(case)) => {
                    if let Some((_, text)) = case.sections.last_mut() {
                        text.push_str(line);
                    }
                }
            }
        }
        file
    }

    /// The file as text again.
    pub fn text(&self) -> String {
        let mut text = self.preamble.clone();
        for case in &self.cases {
            text.push_str(&format!("--- script {}\n{}", case.title, case.script));
            for (kind, section) in &case.sections {
                text.push_str(&format!("--- {kind}\n{section}"));
            }
        }
        text
    }

    /// The last part of the path, for messages.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
enum Target {
    Preamble,
    Script,
    Section,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_file_is_written_as_it_was_read() {
        let text = "// About.\n--- script one\nbegin { }\n--- maps\n@a: x\n\n--- says\n--- script two\nend { }\n";
        let file = CaseFile::parse(Path::new("x.bt"), text);
        assert_eq!(file.cases.len(), 2);
        assert_eq!(file.cases[0].sections, [("maps".into(), "@a: x\n\n".into()), ("says".into(), String::new())]);
        assert_eq!(file.text(), text);
    }
}
