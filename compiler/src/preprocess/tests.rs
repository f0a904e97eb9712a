//! Conditions and definitions in the C section of scripts and in headers.

use super::*;
use crate::source::SourceFile;
use crate::syntax::ast::Header;
use crate::syntax::{self, Limits};

fn preprocessed(text: &str, found: &mut Diagnostics) -> Preprocessed {
    let text = format!("{text}\nbegin {{ }}");
    let script = syntax::parse(&SourceFile::new("test", text.as_str()), &Limits::default()).expect("a script");
    preprocess(&script, text.len() as u32, &[("HAVE", "1")], found)
}

/// The definitions of a script, sorted.
#[track_caller]
fn defines(text: &str) -> String {
    let mut found = Diagnostics::default();
    let out = preprocessed(text, &mut found);
    assert!(found.is_empty(), "{:?}", found.into_vec());
    let mut list: Vec<String> = out.defines.iter().map(|(name, it)| format!("{name}={}", it.text)).collect();
    list.sort();
    list.join(" ")
}

fn mistakes(text: &str) -> String {
    let mut found = Diagnostics::default();
    preprocessed(text, &mut found);
    found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn branches_are_taken_by_what_is_defined() {
    assert_eq!(defines("#ifdef HAVE\n#define A 1\n#else\n#define A 2\n#endif"), "A=1 HAVE=1");
    assert_eq!(defines("#ifndef HAVE\n#define A 1\n#elif 1\n#define A 3\n#else\n#define A 2\n#endif"), "A=3 HAVE=1");
    assert_eq!(
        defines("#define N 5\n#if N > 4 && defined(HAVE) && !defined NOPE\n#define A (N + 1)\n#endif"),
        "A=(N + 1) HAVE=1 N=5"
    );
    assert_eq!(defines("#if 0\n#if 1\n#define A 1\n#endif\n#error no\n#nonsense\n#endif\n#undef HAVE"), "");
    assert_eq!(defines("#if NOT_DEFINED\n#define A\n#endif"), "HAVE=1");
}

#[test]
fn definitions_lose_comments_and_join_lines() {
    assert_eq!(
        defines("#define A /* why */ 5 // because\n#  define B \"a // b\"\n#define C 1 + \\\n 2"),
        "A=5 B=\"a // b\" C=1 +    2 HAVE=1"
    );
    let mut found = Diagnostics::default();
    let out = preprocessed("#define LONG   7\n#define F(x) x\n#define F 3", &mut found);
    assert_eq!(out.defines["LONG"].span, Span::new(15, 16));
    assert_eq!(out.defines["F"].text, "3");
    assert!(out.functions.is_empty());
    let out = preprocessed("#define F(a, b)  a + b /* c */\n#define G(...) 1\n#ifdef F\n#define H\n#endif", &mut found);
    assert_eq!((out.functions["F"].parameters.join("|"), &*out.functions["F"].body.text), ("a|b".to_owned(), "a + b"));
    assert_eq!(out.functions["F"].body.span, Span::new(17, 22));
    assert!(out.functions["G"].is_variadic && out.defines.contains_key("H"));
}

#[test]
fn names_in_declarations_are_replaced() {
    let mut found = Diagnostics::default();
    let out = preprocessed(
        "#define N (M * 2)\n#define M 4\n#define LOOP LOOP\nstruct a { int x[N]; int LOOP; };",
        &mut found,
    );
    assert_eq!(out.declarations[0].text, "struct a { int x[( 4 * 2 )]; int LOOP; };");
    let out = preprocessed("#ifdef NOPE\nstruct a { int x; };\n#endif\nstruct b { int y; };", &mut found);
    assert_eq!(out.declarations.len(), 1);
}

#[test]
fn mistakes_are_told_in_scripts_and_not_in_headers() {
    assert_eq!(mistakes("#endif"), "#endif without #if");
    assert_eq!(mistakes("#if 1"), "This condition has no #endif");
    assert_eq!(mistakes("#else"), "#else without #if");
    assert_eq!(mistakes("#if 1\n#else\n#else\n#endif"), "Nothing but #endif may follow #else");
    assert_eq!(mistakes("#if 1 +\n#endif"), "An expression ends too early");
    assert_eq!(mistakes("#error stop"), "#error stop");
    assert_eq!(mistakes("#define"), "#define needs a name");
    assert_eq!(mistakes("#frobnicate"), "Unknown directive: #frobnicate");
    assert_eq!(mistakes("#include linux"), "#include needs a file: <linux/sched.h> or \"own.h\"");
    let script = Script {
        headers: vec![Header {
            name: String::new(),
            text: "#endif\n#if 1 +\n#x\nint a;".to_owned(),
            span: Span::new(0, 24),
        }],
        ..Script::default()
    };
    let mut found = Diagnostics::default();
    preprocess(&script, 0, &[], &mut found);
    assert!(found.is_empty());
}

#[test]
fn a_header_is_one_text_with_its_guard_gone() {
    let text = "#ifndef A_H\n#define A_H\nstruct a {\n#ifdef NOPE\n int no;\n#else\n int yes; /* #endif */\n#endif\n};\n#define \\\n  BIG 9\n#endif";
    let script = Script {
        headers: vec![Header { name: String::new(), text: text.to_owned(), span: Span::new(0, text.len()) }],
        ..Script::default()
    };
    let out = preprocess(&script, 0, &[], &mut Diagnostics::default());
    assert_eq!(out.declarations[0].text.split_whitespace().collect::<Vec<_>>().join(" "), "struct a { int yes; };");
    assert_eq!(out.defines["BIG"].text, "9");
}

#[test]
fn definitions_that_grow_are_bounded() {
    let mut text = "#define A0 x x\n".to_owned();
    for level in 1..40 {
        text += &format!("#define A{level} A{0} A{0} A{0} A{0}\n", level - 1);
    }
    text += "struct a { int A39; };";
    let out = preprocessed(&text, &mut Diagnostics::default());
    assert!(out.declarations[0].text.len() < 64 << 20);
}
