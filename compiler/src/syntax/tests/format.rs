//! The formatter: one layout, nothing lost.

use super::super::print::format;
use super::{CORPUS, dump, must_parse};
use crate::source::SourceFile;

fn formatted(text: &str) -> String {
    format(&SourceFile::new("test", text), &must_parse(text))
}

/// Checks what must hold for every script, and the text that one becomes.
#[track_caller]
fn check(text: &str, expected: &str) {
    let once = formatted(text);
    assert_eq!(once, expected, "{text}\nbecame\n{once}");
    assert_eq!(dump(&must_parse(&once)), dump(&must_parse(text)));
    assert_eq!(formatted(&once), once, "a second time");
}

#[test]
fn comments_stay_where_they_belong() {
    check(
        "#!/usr/bin/env bpftrace\n// What it does.\n//\n/* And why.\n * Two lines. */\n\nconfig={ // keys\nmax_strlen=64 // short\n;// rest\n}\nbegin{ // now\n@a=1;// one\n/* two */ @b=2;\n\n\n\n// three\n\n@c=3 // last\n// end\n}\n// after\n",
        "#!/usr/bin/env bpftrace\n// What it does.\n//\n/* And why.\n * Two lines. */\n\nconfig = {\n  // keys\n  max_strlen = 64; // short\n  // rest\n}\n\nbegin { // now\n  @a = 1; // one\n  /* two */\n  @b = 2;\n\n  // three\n\n  @c = 3; // last\n  // end\n}\n// after\n",
    );
}

#[test]
fn a_comment_in_the_middle_keeps_its_statement_as_it_is() {
    check(
        "begin {\n      $x = 1+ // one\n        2;\n  if ($x /* so */ == 3) { print( /* it */ $x ) }\n}",
        "begin {\n  $x = 1+ // one\n    2;\n  if ($x /* so */ == 3) {\n    print( /* it */ $x )\n  }\n}\n",
    );
}

#[test]
fn parentheses_around_a_condition_with_a_comment_do_not_grow() {
    check("begin { if (( 1 /* ) */ )) { @=1 } }", "begin {\n  if (( 1 /* ) */ )) {\n    @ = 1;\n  }\n}\n");
}

#[test]
fn attach_points_keep_their_comments() {
    check(
        "kprobe:a, // first\n// second\nkprobe:b /* both */ { }\nuprobe:/bin//sh:main{}",
        "kprobe:a, // first\n// second\nkprobe:b /* both */\n{}\n\nuprobe:/bin//sh:main {}\n",
    );
}

#[test]
fn a_block_with_nothing_but_a_comment_is_not_empty() {
    check("begin { /* nothing */ }\nend {\n// later\n}", "begin {\n  /* nothing */\n}\n\nend {\n  // later\n}\n");
}

#[test]
fn strings_and_clear_parentheses_stay() {
    check(
        r#"begin { $x = (1 & 2) + (3); printf("\x41\t%d // no comment\n", ($x)); }"#,
        "begin {\n  $x = (1 & 2) + 3;\n  printf(\"\\x41\\t%d // no comment\\n\", $x);\n}\n",
    );
    check("begin { $y = (1 * 2) + 3; }", "begin {\n  $y = (1 * 2) + 3;\n}\n");
}

#[test]
fn long_calls_and_conditions_are_broken() {
    let word = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    check(
        &format!(
            "begin {{ printf(\"{word} {word}\", {word}, {word}, {word}); @x = {word} && {word} && {word} && {word}; }}"
        ),
        &format!(
            "begin {{\n  printf(\"{word} {word}\",\n      {word}, {word}, {word});\n  \
             @x = {word}\n      && {word}\n      && {word}\n      && {word};\n}}\n"
        ),
    );
}

#[test]
fn map_declarations_and_imports_stand_together_unless_somebody_parted_them() {
    check(
        "let @a = hash(1);\nlet @b = hash(2);\n\nlet @c = hash(3);\nbegin {}",
        "let @a = hash(1);\nlet @b = hash(2);\n\nlet @c = hash(3);\n\nbegin {}\n",
    );
}

#[test]
fn every_script_keeps_its_tree_and_a_second_time_changes_nothing() {
    for (name, text) in CORPUS {
        let once = formatted(text);
        assert_eq!(dump(&must_parse(&once)), dump(&must_parse(text)), "{name} became\n{once}");
        assert_eq!(formatted(&once), once, "{name}");
    }
}

/// A comment between any two tokens, of both kinds: none is lost.
#[test]
fn a_comment_anywhere_survives() {
    for (name, text) in CORPUS {
        let mut places: Vec<usize> = Vec::new();
        for (at, _) in text.char_indices().filter(|(_, c)| matches!(c, ' ' | ';' | ',' | ')' | '{' | '}')) {
            places.push(at);
        }
        for at in places.into_iter().step_by(11) {
            for comment in ["/* here */", "// here\n"] {
                let with = format!("{}{comment}{}", &text[..at], &text[at..]);
                let file = SourceFile::new("test", with.as_str());
                let Ok(script) = super::try_parse(&with) else { continue };
                if dump(&script) != dump(&must_parse(text)) {
                    // Part of a string or of raw text.
                    continue;
                }
                let once = format(&file, &script);
                assert_eq!(once.matches("here").count(), with.matches("here").count(), "{name} {at}\n{once}");
                assert_eq!(dump(&must_parse(&once)), dump(&script), "{name} {at}\n{once}");
                assert_eq!(formatted(&once), once, "{name} {at}");
            }
        }
    }
}
