//! Hostile texts end in a diagnostic, on a thread with a small stack.

use super::*;

/// Half of the default of Rust's threads, which is what the limits are for.
const STACK: usize = 1 << 20;

fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

fn code_of(text: &str) -> &'static str {
    match try_parse(text) {
        Ok(_) => "parsed",
        Err(error) => {
            assert!(error.span.start <= error.span.end && error.span.end as usize <= text.len(), "{error:?}");
            error.code
        }
    }
}

#[test]
fn twenty_thousand_nested_operators_exceed_a_limit() {
    on_small_stack(|| {
        let many = |part: &str| part.repeat(20_000.min((60 << 10) / part.len()));
        for (expected, body) in [
            ("nesting-too-deep", many("1+") + "1"),
            ("nesting-too-deep", many("1*1-") + "1"),
            ("nesting-too-deep", many("(")),
            ("nesting-too-deep", many("[")),
            ("nesting-too-deep", many("{")),
            ("nesting-too-deep", many("!") + "1"),
            ("nesting-too-deep", many("-") + "1"),
            ("nesting-too-deep", many("- ") + "1"),
            ("nesting-too-deep", many("*") + "1"),
            ("nesting-too-deep", many("a?b:") + "c"),
            ("nesting-too-deep", many("a?")),
            ("nesting-too-deep", many("1?:") + "1"),
            ("nesting-too-deep", many("(u)") + "1"),
            ("nesting-too-deep", many("if ")),
            ("nesting-too-deep", many("-if ")),
            ("nesting-too-deep", many("a[")),
            ("nesting-too-deep", many("f(")),
            ("nesting-too-deep", String::from("x") + &many(".a")),
            ("nesting-too-deep", String::from("x") + &many("[1]")),
            ("nesting-too-deep", many("~") + "1"),
            ("nesting-too-deep", String::from("if a {}") + &"else if a {}".repeat(5_000)),
            ("nesting-too-deep", "comptime ".repeat(7_000) + "1"),
            ("nesting-too-deep", "sizeof(".repeat(9_000)),
            ("nesting-too-deep", "(typeof(".repeat(7_000)),
            ("nesting-too-deep", "if a {} else ".repeat(4_000) + "{}"),
        ] {
            let text = format!("begin {{ {body} }}");
            assert_eq!(code_of(&text), expected, "{}", &text[..40]);
        }
    });
}

#[test]
fn deep_nesting_outside_of_bodies_exceeds_a_limit() {
    on_small_stack(|| {
        for text in [
            format!("struct x {}", "{".repeat(20_000)),
            format!("struct __attribute__{} x", "(".repeat(20_000)),
            format!("begin /{}", "(".repeat(20_000)),
            format!("begin /{}", "a?".repeat(20_000)),
            format!("fn f($a : {}", "typeof(".repeat(9_000)),
            format!("fn f() : {}", "typeof(".repeat(9_000)),
        ] {
            assert_eq!(code_of(&text), "nesting-too-deep", "{}", &text[..40]);
        }
    });
}

#[test]
fn an_if_in_the_condition_of_each_else_if_exceeds_a_limit() {
    // Every link of the chain nests the conditions one deeper.
    on_small_stack(|| {
        let text = format!("begin {{ if a {{}} {} }}", "else if -if -if a {} ".repeat(2_900));
        assert_eq!(code_of(&text), "nesting-too-deep");
    });
}

#[test]
fn a_megabyte_is_too_large_whatever_it_holds() {
    on_small_stack(|| {
        for part in ["é", "(", "\u{0}", "begin { } ", "/*", "\"", "a?"] {
            let text = part.repeat((1 << 20) / part.len());
            assert_eq!(code_of(&text), "source-too-large");
        }
    });
}

#[test]
fn sixty_four_kilobytes_of_garbage_give_a_diagnostic() {
    on_small_stack(|| {
        for part in ["é", ")", "\u{0}", "\\", "'", "a:b,", "@", "$", "1", ";", "=", "%d\n", "struct a", "# \\\n", "\""]
        {
            let text = part.repeat((60 << 10) / part.len());
            assert_ne!(code_of(&text), "parsed", "{part}");
            let body = format!("begin {{ {}", text.replace('{', ""));
            assert_ne!(code_of(&body), "parsed", "{part}");
        }
    });
}

#[test]
fn what_is_within_the_limits_parses_on_a_small_stack() {
    on_small_stack(|| {
        let around = |open: &str, middle: &str, close: &str, times: usize| {
            format!("begin {{ {}{middle}{} }}", open.repeat(times), close.repeat(times))
        };
        for text in [
            around("(", "1", ")", 60),
            around("{", "1", "}", 60),
            around("f(", "1", ")", 60),
            around("@a[", "1", "]", 60),
            around("{ $x = ", "1", "}", 60),
            around("if 1 {", "1", "}", 30),
            around("while 1 {", "1", "}", 60),
            around("(a = ", "1", ")", 60),
            around("(1, ", "1", ")", 60),
            around("a ? ", "1", ": 2", 60),
            around("sizeof(1 + ", "1", ")", 40),
            around("(u8)(", "1", ")", 60),
            around("@a[{", "1", "}]", 30),
            around("1 + ", "1", "", 120),
            around("-!", "1", "", 60),
            around("if 1 { 1 } else ", "{ 1 }", "", 120),
        ] {
            let script = must_parse(&text);
            assert_eq!(dump(&must_parse(&print(&script))), dump(&script));
        }
    });
}

#[test]
fn mistakes_inside_sixty_brackets_are_found_without_trying_again_at_every_bracket() {
    for open in ["(", "{", "f(", "@a[", "if 1 {", "(a = ", "(1, ", "a ? ", "sizeof(1 + ", "(u8)(", "if {", "(typeof("] {
        let text = format!("begin {{ {} ; ", open.repeat(60));
        assert_ne!(code_of(&text), "parsed", "{open}");
    }
    for (before, open) in
        [("struct x ", "{ "), ("struct __attribute__ ", "( "), ("struct x { } __attribute__", "("), ("", "\"")]
    {
        let text = format!("{before}{} ; ", open.repeat(61));
        assert_ne!(code_of(&text), "parsed", "{open}");
    }
}

#[test]
fn a_script_with_more_nodes_than_allowed_is_refused() {
    let limits = Limits { max_nodes: 100, ..Limits::default() };
    let text = format!("begin {{ {} }}", "$a = 1; ".repeat(60));
    let error = parse(&SourceFile::new("test", &*text), &limits).unwrap_err();
    assert_eq!((error.code, error.message.contains("more than 100")), ("too-many-nodes", true));
}

#[test]
fn limits_are_those_that_were_given() {
    let limits = Limits { max_source_bytes: 20, max_depth: 2, ..Limits::default() };
    let parse = |text: &str| parse(&SourceFile::new("test", text), &limits).map_err(|error| error.message);
    assert!(parse("begin { (1) }").is_ok());
    assert_eq!(parse("begin { ((1)) }").unwrap_err(), "The nesting is too deep: more than 2 levels");
    assert_eq!(parse("begin { 1; 2; 3; 4; }").unwrap_err(), "The script is too large: 21 bytes, at most 20");
}
