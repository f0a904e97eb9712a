//! What is said about mistakes, and where it points.

use super::*;

/// Code, marked text, sentence.
fn mistake(text: &str) -> (&'static str, String, String) {
    let error = try_parse(text).expect_err(text);
    assert!(crate::syntax::CODES.contains(&error.code), "{error:?}");
    let marked = text[error.span.start as usize..error.span.end as usize].to_owned();
    (error.code, marked, error.message)
}

/// Script, code, marked text, sentence.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (text, code, marked, message) in cases {
        assert_eq!(mistake(text), (*code, (*marked).to_owned(), (*message).to_owned()), "{text}");
    }
}

#[test]
fn statements_that_do_not_end_or_begin() {
    check(&[
        ("begin { $x = 1 $y = 2 }", "syntax", "1", "Expected ';' or '}' after this statement"),
        ("begin { ; }", "syntax", ";", "Empty statement"),
        ("begin { print(1);; }", "syntax", ";", "Empty statement"),
        ("begin { $1x = 2; }", "syntax", "$1x", "Expected a statement, found '$1x'"),
        ("begin { foo bar; }", "syntax", "foo", "Expected ';' or '}' after this statement"),
        ("begin { return 1 2; }", "syntax", "1", "Expected ';' or '}' after this statement"),
        ("begin { break 1; }", "syntax", "break", "Expected ';' or '}' after this statement"),
        ("import \"x\"\nbegin { }", "syntax", r#""x""#, "Expected ';' after this import"),
        ("begin { print(1) print(2) }", "syntax", ")", "Expected ';' or '}' after this statement"),
        ("begin { print(1)\n  print(2) }", "syntax", ")", "Expected ';' or '}' after this statement"),
        ("begin { é }", "syntax", "é", "Expected a statement, found 'é'"),
        ("begin { $x = 1 } end { $y = @ @; }", "syntax", "@", "Expected ';' or '}' after this statement"),
        ("begin { delete @x[1]; }", "syntax", "delete", "Expected ';' or '}' after this statement"),
        (r#"begin { "a" "b" }"#, "syntax", r#""a""#, "Expected ';' or '}' after this statement"),
    ]);
}

#[test]
fn expressions_that_stop_short() {
    check(&[
        ("begin { $x = ; }", "syntax", ";", "Expected an expression, found ';'"),
        ("begin { $x = 1 + ; }", "syntax", ";", "Expected an expression, found ';'"),
        (r#"begin { printf("x"; }"#, "syntax", ";", "Expected ',' or ')', found ';'"),
        (r#"begin { printf("x", ); }"#, "syntax", ")", "Expected an expression, found ')'"),
        ("kprobe:f /pid = 1/ { }", "syntax", "=", "'=' cannot stand inside an expression"),
        ("begin { if ($x = 1) { } }", "syntax", "=", "'=' cannot stand inside an expression"),
        ("begin { for ($i : 1..) { } }", "syntax", ")", "Expected an expression, found ')'"),
        ("begin { @x[ = 1; }", "syntax", "=", "Expected an expression, found '='"),
        ("begin { @x[1 = 1; }", "syntax", "=", "'=' cannot stand inside an expression"),
        ("begin { @x[] = 1; }", "syntax", "]", "Expected an expression, found ']'"),
        ("begin { $x = 'c'; }", "syntax", "'", "' does not begin a string"),
        ("begin { $x = a ? b; }", "syntax", ";", "Expected ':' and a second value for '?', found ';'"),
        ("begin { print(x y); }", "syntax", "y", "Expected ',' or ')', found 'y'"),
        ("begin { $x = (struct foo *) ; }", "syntax", ";", "Expected an expression after this cast, found ';'"),
        ("begin { $x = sizeof(); }", "syntax", ")", "Expected a type or an expression, found ')'"),
        ("begin { $x = (1 2); }", "syntax", "2", "Expected ',' or ')', found '2'"),
        ("begin { $x = %1; }", "syntax", "%", "Expected an expression, found '%'"),
        ("begin { if }", "syntax", "}", "Expected an expression, found '}'"),
        ("begin { $if = 1; if = 2; }", "syntax", "=", "Expected an expression, found '='"),
        (
            r#"BEGIN { printf("a"); } tracepoint:syscalls:sys_enter_open { printf("%s\n" str(args->filename)); }"#,
            "syntax",
            "str",
            "Expected ',' or ')', found 'str'",
        ),
        ("begin { a ? b ? c : d }", "syntax", "}", "Expected ':' and a second value for '?', found '}'"),
    ]);
}

#[test]
fn brackets_that_do_not_match() {
    check(&[
        (r#"begin { printf("x" }"#, "unbalanced-bracket", "}", "Expected ')' before '}'"),
        ("begin { if (x) { print(1); }", "unbalanced-bracket", "}", "Missing '}' at the end of the script"),
        ("begin }", "unbalanced-bracket", "}", "Unexpected '}': there is no bracket that it closes"),
        ("begin { } }", "unbalanced-bracket", "}", "Unexpected '}': there is no bracket that it closes"),
        ("begin { break }} ", "unbalanced-bracket", "}", "Unexpected '}': there is no bracket that it closes"),
        (
            r#"begin { printf("%d\n", 1) ) }"#,
            "unbalanced-bracket",
            ")",
            "Unexpected ')': there is no bracket that it closes",
        ),
        ("struct x { begin { }", "unbalanced-bracket", "}", "Missing '}' at the end of the script"),
        ("begin { return 1;", "unbalanced-bracket", ";", "Missing '}' at the end of the script"),
        ("end { $a[ }", "unbalanced-bracket", "}", "Expected ']' before '}'"),
        ("begin { f(", "unbalanced-bracket", "(", "Missing ')' at the end of the script"),
        ("begin { f()", "unbalanced-bracket", ")", "Missing '}' at the end of the script"),
    ]);
}

#[test]
fn strings_and_comments_that_never_end() {
    check(&[
        (r#"begin { printf("x) }"#, "unterminated-string", r#""x) }"#, "Unterminated string"),
        ("begin { /* foo }", "unterminated-comment", "/*", "Unterminated comment"),
        ("begin { \"a\nb\" }", "unterminated-string", r#""a"#, "Unterminated string"),
        (r#"uprobe:"/bin/a:f { }"#, "unterminated-string", r#"""#, "Unterminated string"),
        ("struct x { /* }", "unterminated-comment", "/*", "Unterminated comment"),
    ]);
}

#[test]
fn literals_that_have_no_value() {
    check(&[
        (r#"begin { printf("\q") }"#, "unknown-escape", r#"\q"#, r#"Unknown escape '\q' in string"#),
        (
            "begin { $x = 99999999999999999999; }",
            "integer-too-large",
            "99999999999999999999",
            "Integer '99999999999999999999' is too large: it needs more than 64 bits",
        ),
        ("begin { $x = 12ab; }", "invalid-integer", "12ab", "'12ab' is not a number: unknown suffix 'ab'"),
        (r#"begin { "\400" }"#, "unknown-escape", r#"\400"#, r#"Escape '\400' is larger than a byte (at most \377)"#),
        (r#"begin { "\x" }"#, "unknown-escape", r#"\x"#, r#"Unknown escape '\x' in string"#),
        ("begin { 08 }", "invalid-integer", "08", "'8' in '08' is not an octal digit"),
        ("begin { 0x }", "invalid-integer", "0x", "'0x' has no digits after '0x'"),
        ("begin { 1_ }", "invalid-integer", "1_", "'_' in '1_' must stand between digits"),
        (
            "begin { 15e3 }",
            "invalid-integer",
            "15e3",
            "'15e3' is not a number: the exponent form is one digit from 1 to 9, 'e', and an exponent",
        ),
        ("begin { 5e30 }", "integer-too-large", "5e30", "Integer '5e30' is too large: it needs more than 64 bits"),
        (
            "begin { 400000d }",
            "integer-too-large",
            "400000d",
            "Integer '400000d' is too large: it needs more than 64 bits",
        ),
        ("begin { $0 }", "invalid-positional", "$0", "There is no parameter $0; the first one is $1"),
        ("begin { $t.99999999999 }", "integer-too-large", "99999999999", "Tuple index '99999999999' is too large"),
    ]);
}

#[test]
fn heads_of_probes() {
    check(&[
        ("begin", "syntax", "", "Expected '{' to open the probe's body"),
        ("begin print(1)", "syntax", "print", "Expected '{' to open the probe's body"),
        ("kprobe:f /pid == 1 { }", "syntax", "{", "Expected '/' to close the predicate, found '{'"),
        ("kprobe:f pid == 1/ { }", "syntax", "pid", "Expected '{' to open the probe's body"),
        ("{ }", "syntax", "{", "Expected an attach point before '{'"),
        ("kprobe:f,, { }", "syntax", ",", "Expected an attach point after ',', found ','"),
        ("kprobe: f { }", "syntax", "f", "Expected '{' to open the probe's body"),
        ("begin / pid { }", "syntax", "{", "Expected '/' to close the predicate, found '{'"),
    ]);
}

#[test]
fn other_forms() {
    check(&[
        ("begin { if $x print(1); }", "syntax", "print", "Expected '{' to open the body, found 'print'"),
        ("begin { while ($x) print(1); }", "syntax", "print", "Expected '{' to open the body, found 'print'"),
        ("begin { for $i in 0..10 { } }", "syntax", "in", "Expected ':' after the loop's variable"),
        ("begin { for (i : 0..10) { } }", "syntax", "i", "Expected a variable such as $x, found 'i'"),
        ("begin { for $kv : @m[1] { } }", "syntax", "[", "A loop runs over a whole map or over a range such as 0..10"),
        ("begin { unroll { } }", "syntax", "}", "Expected '{' to open the body, found '}'"),
        ("begin { else { } }", "syntax", "else", "'else' without an 'if' before it"),
        ("begin { if (1) { } else print(1); }", "syntax", "print", "Expected '{' or 'if' after 'else', found 'print'"),
        ("begin { x.1a }", "syntax", "1a", "Expected the name of a field, found '1a'"),
        ("begin { x. }", "syntax", "}", "Expected the name of a field, found '}'"),
        ("macro x { }", "syntax", "{", "Expected '(', found '{'"),
        ("macro (a) { }", "syntax", "(", "Expected a name, found '('"),
        ("fn f($a) : int { }", "syntax", ")", "Expected ':', found ')'"),
        ("fn f($a : int) { }", "syntax", "{", "Expected ':', found '{'"),
        ("import x;", "syntax", "x", "Expected a string, found 'x'"),
        ("config = { a 1 }", "syntax", "1", "Expected '=', found '1'"),
        ("config = { a = }", "syntax", "}", "Expected a word, a number or a string, found '}'"),
        ("config { a = 1 }", "syntax", "{", "Expected '=', found '{'"),
        ("begin { $x = offsetof(struct x); }", "syntax", ")", "Expected ',', found ')'"),
        ("begin { $x = (a = 1, b); }", "syntax", ")", "Expected '=', found ')'"),
        ("begin { let x = 1; }", "syntax", "x", "Expected a variable such as $x, found 'x'"),
        ("begin { let; }", "syntax", ";", "Expected a variable such as $x, found ';'"),
        ("begin { let $x : = 1; }", "syntax", "=", "Expected a type, found '='"),
        (r#"let @x = hash("a");"#, "syntax", r#"""#, r#"Expected a number, found '"'"#),
        ("let @x = hash();", "syntax", ")", "Expected a number, found ')'"),
        ("begin { $x->; }", "syntax", ";", "Expected the name of a field, found ';'"),
        ("begin { $x[1, 2] }", "syntax", "[1, 2]", "Only a map takes several values between '[' and ']'"),
        ("macro m(1) { }", "syntax", "1", "Expected a name, a variable such as $x, a map such as @x or ')', found '1'"),
        ("begin { #define x\n }", "syntax", "#", "Preprocessor lines cannot stand inside a block"),
        ("begin { for $kv : $x { } }", "syntax", "$x", "A loop runs over a map or over a range such as 0..10"),
        ("begin { let if = 1; }", "syntax", "if", "Expected a variable such as $x, found 'if'"),
        ("macro if() { }", "syntax", "if", "'if' is a keyword and cannot be used as a name"),
    ]);
}

#[test]
fn things_at_the_root_that_are_out_of_place() {
    check(&[
        ("begin { let @x = 1; }", "syntax", "@x", "A map is declared at the root of the script, not inside a block"),
        ("let $x = 1;", "syntax", "$x", "Only maps can be declared at the root of the script"),
        (
            "begin { } config = { a = 1 }",
            "section-order",
            "config",
            "The config block must stand before probes, macros, functions and map declarations",
        ),
        (
            "begin { } struct x { int a; };",
            "section-order",
            "struct",
            "C definitions must stand before config, imports and probes",
        ),
        (
            "begin { } #include <x>",
            "section-order",
            "#",
            "Preprocessor lines must stand before config, imports and probes",
        ),
        (
            "config = { a = 1 } struct x { int a; };",
            "section-order",
            "struct",
            "C definitions must stand before config, imports and probes",
        ),
        (", kprobe:f { }", "syntax", ",", "Expected a probe, found ','"),
        ("begin { }; end { }", "syntax", ";", "Unexpected ';' between probes"),
        ("#include <x>", "empty-script", "", "Empty program: it has no probe"),
        ("// only a comment", "empty-script", "", "Empty program"),
        ("config = { } config = { } begin { }", "duplicate-config", "config = { }", "Only one config block is allowed"),
        (
            "begin { macro m() { } }",
            "syntax",
            "macro",
            "'macro' cannot stand inside a block; it belongs at the root of the script",
        ),
    ]);
}

#[test]
fn what_parses_but_cannot_be() {
    check(&[
        ("begin { 1 = 2; }", "not-assignable", "1", "Only variables and maps can be assigned to"),
        ("begin { 5++; }", "not-assignable", "5", "Only variables and maps can be incremented"),
        ("begin { a.b.c = 1 }", "not-assignable", "a.b.c", "Only variables and maps can be assigned to"),
        ("begin { (a = 1, a = 2) }", "duplicate-field", "a", "Field 'a' occurs twice in this record"),
        ("begin { &5 }", "not-assignable", "5", "Only the address of a variable or a map can be taken"),
        ("begin { --f() }", "not-assignable", "f()", "Only variables and maps can be decremented"),
        ("begin { f() = 1 }", "not-assignable", "f()", "Only variables and maps can be assigned to"),
    ]);
}

/// The sentence with its labels and hints, as the terminal shows it.
fn rendered(text: &str) -> String {
    render(&SourceFile::new("stdin", text), &try_parse(text).expect_err(text))
}

#[test]
fn a_missing_brace_points_at_the_one_that_is_open() {
    let text = "begin {\n  if (pid) {\n}";
    assert_eq!(
        rendered(text),
        "stdin:3:1-2: ERROR: Missing '}' at the end of the script\n}\n~\n\
         stdin:1:7-8: This '{' is not closed\nbegin {\n      ~\n",
    );
}

#[test]
fn an_earlier_mistake_comes_before_a_missing_brace_and_still_names_the_open_one() {
    assert_eq!(
        rendered("begin { $x = ; if (pid) { "),
        "stdin:1:14-15: ERROR: Expected an expression, found ';'\n\
         begin { $x = ; if (pid) { \n             ~\n\
         stdin:1:25-26: This '{' is not closed\n\
         begin { $x = ; if (pid) { \n                        ~\n"
    );
}

#[test]
fn an_assignment_in_a_predicate_is_met_with_a_hint_about_comparing() {
    assert_eq!(
        rendered("kprobe:f /pid = 1/ { }"),
        "stdin:1:15-16: ERROR: '=' cannot stand inside an expression\n\
         kprobe:f /pid = 1/ { }\n              ~\nHINT: Use '==' to compare\n"
    );
}

#[test]
fn characters_that_cannot_be_seen_are_named() {
    let (_, marked, message) = mistake("begin {\u{a0}f(); }");
    assert_eq!(
        (&*marked, &*message),
        ("\u{a0}", "Expected a statement, found the character U+00A0, which cannot be seen")
    );
}

#[test]
fn quotes_of_word_processors_are_met_with_a_hint() {
    assert!(rendered("begin { printf(“hello”); }").contains("Strings stand in double quotes"));
}
