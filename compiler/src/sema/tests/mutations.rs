//! Scripts with words exchanged, dropped and doubled: nonsense of every kind gets diagnostics, never a panic.

use super::kernel;
use crate::builtins;
use crate::options::CompileOptions;
use crate::source::SourceFile;

/// A sequence of numbers that is the same in every run.
struct Sequence(u64);

impl Sequence {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Words and single characters.
fn words(script: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
    words
}

#[test]
fn nonsense_gets_diagnostics() {
    let scripts: Vec<Vec<&str>> = builtins::ALL.iter().map(|builtin| words(builtin.example)).collect();
    let (kernel, options) = (kernel(), CompileOptions { has_child: true, ..CompileOptions::default() });
    let mut sequence = Sequence(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for _ in 0..2000 {
        let mut script = scripts[sequence.below(scripts.len())].clone();
        for _ in 0..=sequence.below(3) {
            let other = &scripts[sequence.below(scripts.len())];
            let (at, word) = (sequence.below(script.len()), other[sequence.below(other.len())]);
            match sequence.below(4) {
                0 if script.len() > 1 => drop(script.remove(at)),
                1 => script.insert(at, word),
                2 => script.swap(at, 0),
                _ => script[at] = word,
            }
        }
        let text = script.concat();
        let file = SourceFile::new("test", text.as_str());
        match crate::analyze(&file, &kernel, &options) {
            Ok((program, _)) => assert!(!program.programs.is_empty(), "{text}"),
            Err(diagnostics) => {
                refused += 1;
                assert!(diagnostics.iter().any(|it| it.is_error()), "{text}");
                assert!(diagnostics.iter().all(|it| file.text().get(..it.span.end as usize).is_some()), "{text}");
            }
        }
    }
    assert!(refused > 1000, "only {refused} scripts were nonsense");
}
