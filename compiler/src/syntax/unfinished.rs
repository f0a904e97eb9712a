//! Scripts that are being written: what is missing for the text before the cursor to be a script.

use super::limits::Limits;
use super::scan;

/// Words whose parentheses a block follows.
const WITH_BLOCK: [&str; 4] = ["if", "while", "for", "unroll"];

/// What closes all that is open at the end of a text; None within a string or a comment.
pub fn ending(text: &str, limits: &Limits) -> Option<String> {
    let scan = scan::scan_to(text, text.len(), limits);
    if scan.mistake.is_some_and(|mistake| mistake.code.starts_with("unterminated")) {
        return None;
    }
    let mut ending = String::new();
    for (bracket, at) in scan.brackets.into_iter().rev() {
        ending.push(char::from(scan::closing(bracket)));
        let before = text[..at].trim_end();
        if bracket == b'(' && WITH_BLOCK.contains(&last_word(before)) {
            ending.push_str(" {}");
        }
    }
    if scan.in_predicate {
        ending.push_str("/ {}");
    }
    Some(ending)
}

/// The identifier that a text ends with; empty where it ends with something else.
pub fn last_word(text: &str) -> &str {
    let word = text.bytes().rev().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    &text[text.len() - word..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: Option<&str>) {
        assert_eq!(ending(text, &Limits::default()).as_deref(), wanted, "{text}");
    }

    #[test]
    fn what_is_open_is_closed_from_the_inside() {
        check("begin { @x[(args.", Some(")]}"));
        check("begin { if (args.", Some(") {}}"));
        check("kprobe:f /args.", Some("/ {}"));
        check("uprobe:/bin/bash:readline { $x", Some("}"));
        check("begin { }", Some(""));
    }

    #[test]
    fn nothing_is_completed_in_strings_and_comments() {
        check("begin { printf(\"args.", None);
        check("begin { /* args.", None);
    }
}
