//! What single constructs become.

use super::*;

/// The dump on one line: children in parentheses behind their parent.
fn compact(dump: &str) -> String {
    let mut out = String::new();
    let mut depth: usize = 0;
    for line in dump.lines() {
        let indent = (line.len() - line.trim_start().len()) / 2 + 1;
        out.push_str(&")".repeat((depth + 1).saturating_sub(indent)));
        out.push_str(" (");
        out.push_str(line.trim_start());
        depth = indent;
    }
    out.push_str(&")".repeat(depth));
    out.trim_start().to_owned()
}

/// The tree of an expression.
fn expression(text: &str) -> String {
    let tree = compact(&dump(&must_parse(&format!("begin {{ {text} }}"))));
    let tree = tree.strip_prefix("(probe (attach begin) (body (value ").unwrap_or_else(|| panic!("{text}: {tree}"));
    tree.strip_suffix(")))").unwrap().to_owned()
}

/// The tree of what stands in a probe's body.
fn body(text: &str) -> String {
    let tree = compact(&dump(&must_parse(&format!("begin {{ {text} }}"))));
    let tree = tree.strip_prefix("(probe (attach begin) (body").unwrap_or_else(|| panic!("{text}: {tree}"));
    tree.strip_suffix("))").unwrap().trim_start().to_owned()
}

fn script(text: &str) -> String {
    compact(&dump(&must_parse(text)))
}

fn check(cases: &[(&str, &str)], tree: fn(&str) -> String) {
    for (text, expected) in cases {
        assert_eq!(tree(text), *expected, "{text}");
    }
}

#[test]
fn binary_operators_bind_by_precedence_and_group_to_the_left() {
    check(
        &[
            ("1 + 2 * 3", "(binary + (integer 1) (binary * (integer 2) (integer 3)))"),
            ("1 * 2 + 3", "(binary + (binary * (integer 1) (integer 2)) (integer 3))"),
            ("1 - 2 - 3", "(binary - (binary - (integer 1) (integer 2)) (integer 3))"),
            ("(1 - 2) - 3", "(binary - (binary - (integer 1) (integer 2)) (integer 3))"),
            ("1 - (2 - 3)", "(binary - (integer 1) (binary - (integer 2) (integer 3)))"),
            (
                "a || b && c | d ^ e & f == g < h << i + j * k",
                "(binary || (identifier a) (binary && (identifier b) (binary | (identifier c) (binary ^ (identifier d) (binary & (identifier e) (binary == (identifier f) (binary < (identifier g) (binary << (identifier h) (binary + (identifier i) (binary * (identifier j) (identifier k)))))))))))",
            ),
            (
                "a * b + c << d < e == f & g ^ h | i && j || k",
                "(binary || (binary && (binary | (binary ^ (binary & (binary == (binary < (binary << (binary + (binary * (identifier a) (identifier b)) (identifier c)) (identifier d)) (identifier e)) (identifier f)) (identifier g)) (identifier h)) (identifier i)) (identifier j)) (identifier k))",
            ),
        ],
        expression,
    );
}

#[test]
fn ternaries_group_to_the_right() {
    check(
        &[
            (
                "a ? b : c ? d : e",
                "(ternary (identifier a) (identifier b) (ternary (identifier c) (identifier d) (identifier e)))",
            ),
            (
                "(a ? b : c) ? d : e",
                "(ternary (ternary (identifier a) (identifier b) (identifier c)) (identifier d) (identifier e))",
            ),
            (
                "a ? b ? c : d : e",
                "(ternary (identifier a) (ternary (identifier b) (identifier c) (identifier d)) (identifier e))",
            ),
            ("a ?: b", "(ternary without then (identifier a) (identifier b))"),
            ("a ? : b", "(ternary without then (identifier a) (identifier b))"),
            (
                "a || b ? c : d + 1",
                "(ternary (binary || (identifier a) (identifier b)) (identifier c) (binary + (identifier d) (integer 1)))",
            ),
        ],
        expression,
    );
}

#[test]
fn prefix_operators_bind_tighter_than_binary_and_looser_than_postfix() {
    check(
        &[
            ("-a.b", "(unary - (field .b (identifier a)))"),
            ("!a == b", "(binary == (unary ! (identifier a)) (identifier b))"),
            ("- -a", "(unary - (unary - (identifier a)))"),
            ("*$p++", "(unary * (postfix ++ (variable $p)))"),
            ("++$x", "(prefix ++ (variable $x))"),
            ("$x--", "(postfix -- (variable $x))"),
            ("++@a[1]", "(prefix ++ (map @a (integer 1)))"),
            ("&$x", "(address of (variable $x))"),
            ("a & &$x", "(binary & (identifier a) (address of (variable $x)))"),
            ("!~-*a", "(unary ! (unary ~ (unary - (unary * (identifier a)))))"),
            ("comptime a + b", "(binary + (comptime (identifier a)) (identifier b))"),
        ],
        expression,
    );
}

#[test]
fn a_parenthesised_word_is_a_cast_only_before_an_operand() {
    check(
        &[
            ("(uint8)$a * 2", "(binary * (cast (type uint8) (variable $a)) (integer 2))"),
            ("(uint8)-1", "(cast (type uint8) (unary - (integer 1)))"),
            ("(struct task_struct *)curtask", "(cast (type struct task_struct *) (identifier curtask))"),
            (r#"(int8[])"abc""#, r#"(cast (type int8[]) (string "abc"))"#),
            ("(uint8[4])(uint32)1", "(cast (type uint8[4]) (cast (type uint32) (integer 1)))"),
            ("(typeof($a))1", "(cast (type typeof($a)) (integer 1))"),
            ("(struct a*[4])p", "(cast (type struct a *[4]) (identifier p))"),
            ("(pid) * 2", "(binary * (identifier pid) (integer 2))"),
            ("(nsecs) - 1", "(binary - (identifier nsecs) (integer 1))"),
            ("(arg0) - 1", "(binary - (identifier arg0) (integer 1))"),
            ("(word) - 1", "(cast (type word) (unary - (integer 1)))"),
            ("(word) + 1", "(binary + (identifier word) (integer 1))"),
            ("(word) & 1", "(binary & (identifier word) (integer 1))"),
            ("(word) && 1", "(binary && (identifier word) (integer 1))"),
            ("(word) == 1", "(binary == (identifier word) (integer 1))"),
            ("(word) ? 1 : 2", "(ternary (identifier word) (integer 1) (integer 2))"),
            ("(a[1]) + 2", "(binary + (index (identifier a) (integer 1)) (integer 2))"),
            ("(a)->b", "(field ->b (identifier a))"),
            ("(uint64)&$x", "(cast (type uint64) (address of (variable $x)))"),
            ("(T)++$x", "(cast (type T) (prefix ++ (variable $x)))"),
        ],
        expression,
    );
}

#[test]
fn postfix_operators_chain() {
    check(
        &[
            (
                "args.a->b.0[1].if",
                "(field .if (index (tuple field .0 (field ->b (field .a (identifier args)))) (integer 1)))",
            ),
            ("$x.0.1", "(tuple field .1 (tuple field .0 (variable $x)))"),
        ],
        expression,
    );
}

#[test]
fn the_first_brackets_after_a_map_are_its_key() {
    check(
        &[
            ("@", "(map @)"),
            ("@[1]", "(map @ (integer 1))"),
            ("@m[1, 2]", "(map @m (integer 1) (integer 2))"),
            ("@m[(1, 2)]", "(map @m (tuple (integer 1) (integer 2)))"),
            ("@m[1][2]", "(index (map @m (integer 1)) (integer 2))"),
            ("(@m)[1]", "(index (map @m) (integer 1))"),
            ("$x[1]", "(index (variable $x) (integer 1))"),
        ],
        expression,
    );
}

#[test]
fn parentheses_are_groups_tuples_or_records() {
    check(
        &[
            ("()", "(tuple)"),
            ("(1)", "(integer 1)"),
            ("(1,)", "(tuple (integer 1))"),
            ("(1, 2)", "(tuple (integer 1) (integer 2))"),
            ("(a = 1)", "(record (field a (integer 1)))"),
            ("(a == 1)", "(binary == (identifier a) (integer 1))"),
            ("(a = 1, b = (c = 2))", "(record (field a (integer 1)) (field b (record (field c (integer 2)))))"),
        ],
        expression,
    );
}

#[test]
fn words_are_names_or_calls() {
    check(
        &[
            ("f()", "(call f)"),
            (
                r#"f(1, "x", typeof(int *), typeof(x))"#,
                r#"(call f (integer 1) (string "x") (type typeof(int *)) (type typeof(x)))"#,
            ),
            ("f (1)", "(call f (integer 1))"),
            ("pid", "(identifier pid)"),
        ],
        expression,
    );
}

#[test]
fn bare_words_are_types_in_sizeof() {
    check(
        &[
            ("sizeof(int)", "(sizeof (type int))"),
            ("sizeof((int))", "(sizeof (identifier int))"),
            ("sizeof(x.y)", "(sizeof (field .y (identifier x)))"),
            ("sizeof(x[2])", "(sizeof (type x[2]))"),
            ("sizeof((x[2]))", "(sizeof (index (identifier x) (integer 2)))"),
            ("sizeof(struct x *)", "(sizeof (type struct x *))"),
            ("sizeof(x * y)", "(sizeof (binary * (identifier x) (identifier y)))"),
            ("typeinfo(@m)", "(typeinfo (map @m))"),
            ("offsetof(struct x, a.b.if)", "(offsetof .a.b.if (type struct x))"),
            ("offsetof($x, a)", "(offsetof .a (variable $x))"),
        ],
        expression,
    );
}

#[test]
fn literals_have_their_values() {
    check(
        &[
            (r#""a\n\"\\\x41\101""#, r#"(string "a\n\"\\AA")"#),
            (r#""\xff\x1""#, r#"(string "\xff\x01")"#),
            ("true", "(bool true)"),
            ("$1", "(positional $1)"),
            ("$#", "(positional $#)"),
            ("1_000", "(integer 1000 (1_000))"),
            ("0x1F", "(integer 31 (0x1F))"),
            ("017", "(integer 15 (017))"),
            ("0", "(integer 0)"),
            ("5e6", "(integer 5000000 (5e6))"),
            ("250ms", "(integer 250000000 (250ms))"),
            ("1d", "(integer 86400000000000 (1d))"),
            ("7ull", "(integer 7 (7ull))"),
            ("18446744073709551615", "(integer 18446744073709551615)"),
        ],
        expression,
    );
}

#[test]
fn if_and_blocks_are_expressions() {
    check(
        &[
            ("if a { 1 } else { 2 }", "(if (identifier a) (then (value (integer 1))) (else (value (integer 2))))"),
            (
                "if a { 1 } else if b { 2 } else { 3 }",
                "(if (identifier a) (then (value (integer 1))) (else (if (identifier b) (then (value (integer 2))) (else (value (integer 3))))))",
            ),
            (
                "1 + if (a) { 1 } else { 2 }",
                "(binary + (integer 1) (if (identifier a) (then (value (integer 1))) (else (value (integer 2)))))",
            ),
            ("{ $x = 1; $x }", "(block (assign = (variable $x) (integer 1)) (value (variable $x)))"),
        ],
        expression,
    );
}

#[test]
fn layout_and_comments_do_not_matter() {
    check(
        &[
            ("1 /* a */ + /* b */ 2", "(binary + (integer 1) (integer 2))"),
            ("a / b / c", "(binary / (binary / (identifier a) (identifier b)) (identifier c))"),
            ("1 <2", "(binary < (integer 1) (integer 2))"),
            ("a<<b>>c", "(binary >> (binary << (identifier a) (identifier b)) (identifier c))"),
            ("a-b", "(binary - (identifier a) (identifier b))"),
        ],
        expression,
    );
}

#[test]
fn let_declares_with_type_and_value_or_without() {
    check(
        &[
            ("let $x;", "(let $x)"),
            ("let $x : int64;", "(let $x (type int64))"),
            ("let $x : struct a * = b;", "(let $x (type struct a *) (identifier b))"),
            ("let $x = 1", "(let $x (integer 1))"),
        ],
        body,
    );
}

#[test]
fn places_are_assigned_to() {
    check(
        &[
            ("$x = 1", "(assign = (variable $x) (integer 1))"),
            ("@ = 1; @m[1] += 2;", "(assign = (map @) (integer 1)) (assign += (map @m (integer 1)) (integer 2))"),
            (
                "$x <<= 1; $x >>= 1; $x &= 1; $x |= 1; $x ^= 1; $x %= 1; $x /= 1; $x *= 1; $x -= 1;",
                "(assign <<= (variable $x) (integer 1)) (assign >>= (variable $x) (integer 1)) (assign &= (variable $x) (integer 1)) (assign |= (variable $x) (integer 1)) (assign ^= (variable $x) (integer 1)) (assign %= (variable $x) (integer 1)) (assign /= (variable $x) (integer 1)) (assign *= (variable $x) (integer 1)) (assign -= (variable $x) (integer 1))",
            ),
        ],
        body,
    );
}

#[test]
fn a_last_expression_without_semicolon_is_the_value() {
    check(
        &[
            ("$x == 1", "(value (binary == (variable $x) (integer 1)))"),
            ("_ = f();", "(discard (call f))"),
            ("f()", "(value (call f))"),
            ("f();", "(expression (call f))"),
            ("if a { f() }", "(value (if (identifier a) (then (value (call f)))))"),
            ("if a { f(); }", "(expression (if (identifier a) (then (expression (call f)))))"),
            ("if a { f() };", "(expression (if (identifier a) (then (value (call f)))))"),
            ("if a { f() } g();", "(expression (if (identifier a) (then (value (call f))))) (expression (call g))"),
            (
                "if (a) { } else if (b) { } else { }",
                "(expression (if (identifier a) (then) (else (if (identifier b) (then) (else)))))",
            ),
            ("if comptime (a) { }", "(expression (if comptime (identifier a) (then)))"),
            ("{ f() }", "(value (block (value (call f))))"),
            ("{ f() };", "(block (value (call f)))"),
            ("{ f(); }", "(block (expression (call f)))"),
            ("({ f() });", "(expression (block (value (call f))))"),
        ],
        body,
    );
}

#[test]
fn loops_have_heads_with_and_without_parentheses() {
    check(
        &[
            ("while (a) { break; continue }", "(while (identifier a) (body (break) (continue)))"),
            ("while a { }", "(while (identifier a) (body))"),
            ("unroll(3) { f() }", "(unroll (integer 3) (body (value (call f))))"),
            ("unroll $1 { }", "(unroll (positional $1) (body))"),
            ("for $i : 0..10 { }", "(for $i : range (integer 0) (integer 10) (body))"),
            ("for ($i : $a..f(1)) { }", "(for $i : range (variable $a) (call f (integer 1)) (body))"),
            (
                "for $i : (a + 1)..b { };",
                "(for $i : range (binary + (identifier a) (integer 1)) (identifier b) (body))",
            ),
            ("for $kv : @m { }", "(for $kv : @m (body))"),
            ("for ($kv : @) { }", "(for $kv : @ (body))"),
        ],
        body,
    );
}

#[test]
fn other_statements() {
    check(
        &[
            ("return", "(return)"),
            ("return;", "(return)"),
            ("return 1 + 2", "(return (binary + (integer 1) (integer 2)))"),
            (r#"import "x""#, r#"(import "x")"#),
            ("$x++; --@;", "(expression (postfix ++ (variable $x))) (expression (prefix -- (map @)))"),
        ],
        body,
    );
}

#[test]
fn attach_points_are_raw_text() {
    check(
        &[
            ("kprobe:a,kprobe:b { }", "(probe (attach kprobe:a) (attach kprobe:b) (body))"),
            ("kprobe:a,kprobe:b,/1/{ }", "(probe (attach kprobe:a) (attach kprobe:b) (predicate (integer 1)) (body))"),
            (
                "uprobe:/bin/a/b:f /pid == 1/ { }",
                "(probe (attach uprobe:/bin/a/b:f) (predicate (binary == (identifier pid) (integer 1))) (body))",
            ),
            ("begin/1/{ }", "(probe (attach begin) (predicate (integer 1)) (body))"),
            ("begin /1/2/ { }", "(probe (attach begin) (predicate (binary / (integer 1) (integer 2))) (body))"),
            (
                "begin / a / b > 1 / { }",
                "(probe (attach begin) (predicate (binary > (binary / (identifier a) (identifier b)) (integer 1))) (body))",
            ),
            ("kprobe:f+0x10@a/b.c:12 { }", "(probe (attach kprobe:f+0x10@a/b.c:12) (body))"),
            (
                r#"uprobe:"/a b/{c},d":"f(int, \"x\")" { }"#,
                r#"(probe (attach uprobe:"/a b/{c},d":"f(int, \"x\")") (body))"#,
            ),
            ("name=kprobe:f { }", "(probe (attach name = kprobe:f) (body))"),
            (
                "name = kprobe:f, other=kprobe:g { }",
                "(probe (attach name = kprobe:f) (attach other = kprobe:g) (body))",
            ),
            ("usdt:$1:a:$2 { }", "(probe (attach usdt:$1:a:$2) (body))"),
            ("*:* { }", "(probe (attach *:*) (body))"),
            ("BEGIN{}END{}", "(probe (attach BEGIN) (body)) (probe (attach END) (body))"),
            ("begin /*//*/ { } //", "(probe (attach begin) (body))"),
            ("begin /* comment */ { }", "(probe (attach begin) (body))"),
        ],
        script,
    );
}

#[test]
fn declarations_stand_at_the_root() {
    check(
        &[
            ("macro m() { }", "(macro m (body))"),
            (
                "macro m(a, $b, @c) { a }",
                "(macro m (parameter expression a) (parameter variable $b) (parameter map @c) (body (value (identifier a))))",
            ),
            ("fn f() : void { }", "(function f (returns (type void)) (body))"),
            (
                "fn f($a : int64, $b : struct x *) : uint8[4] { return 1; }",
                "(function f (parameter $a (type int64)) (parameter $b (type struct x *)) (returns (type uint8[4])) (body (return (integer 1))))",
            ),
            ("let @m = hash(10);", "(map @m = hash(10))"),
            ("let @ = lruhash(0x10) begin { }", "(map @ = lruhash(16)) (probe (attach begin) (body))"),
        ],
        script,
    );
}

#[test]
fn config_and_imports_stand_before_probes() {
    check(
        &[
            (r#"import "a"; import "b\n";"#, r#"(import "a") (import "b\n")"#),
            (
                r#"config = { a = 1; b = "c"; BPFTRACE_D = true; e = word } begin { }"#,
                r#"(config (a = integer 1) (b = string "c") (BPFTRACE_D = word true) (e = word word)) (probe (attach begin) (body))"#,
            ),
            ("config = { } begin { }", "(config) (probe (attach begin) (body))"),
        ],
        script,
    );
}

#[test]
fn c_definitions_and_preprocessor_lines_are_raw_text() {
    let tree = script(
        "#include <a.h>\n#define X \\\n  1\nstruct a { char c; /* } */ struct { int x; } y; };\n\
         struct __attribute__((packed)) b { } __attribute__((aligned(8)));\nenum { RED } begin { }",
    );
    let expected = [
        r##"(preprocessor "#include <a.h>")"##,
        r##"(preprocessor "#define X \\\n  1")"##,
        r#"(c struct a "struct a { char c; /* } */ struct { int x; } y; };")"#,
        r#"(c struct b "struct __attribute__((packed)) b { } __attribute__((aligned(8)));")"#,
        r#"(c enum (no name) "enum { RED }")"#,
        "(probe (attach begin) (body))",
    ];
    assert_eq!(tree, expected.join(" "));
}

#[test]
fn a_line_that_begins_with_hash_and_exclamation_mark_is_skipped() {
    assert_eq!(script("#!/usr/bin/env tracedeck\nbegin { }"), "(probe (attach begin) (body))");
}

#[test]
fn spans_cover_the_text_of_each_node_and_no_more() {
    let text = "begin  /pid == 1/  { $x = (1 + 2) ;  print( $x , \"é\" ) ; if a { 1 }  else  { 2 }  }  ";
    let tree = dump_with_spans(&must_parse(text));
    let covered: Vec<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let (node, span) = line.trim().rsplit_once(" @")?;
            let (start, end) = span.split_once("..")?;
            Some((node, &text[start.parse().unwrap()..end.parse().unwrap()]))
        })
        .collect();
    let expected = [
        ("probe", text.trim_end()),
        ("attach begin", "begin"),
        ("binary ==", "pid == 1"),
        ("identifier pid", "pid"),
        ("integer 1", "1"),
        ("body", &text[19..text.len() - 2]),
        ("assign =", "$x = (1 + 2) ;"),
        ("variable $x", "$x"),
        ("binary +", "(1 + 2)"),
        ("integer 1", "1"),
        ("integer 2", "2"),
        ("expression", "print( $x , \"é\" ) ;"),
        ("call print", "print( $x , \"é\" )"),
        ("variable $x", "$x"),
        ("string \"é\"", "\"é\""),
        ("if", "if a { 1 }  else  { 2 }"),
        ("identifier a", "a"),
        ("then", "{ 1 }"),
        ("integer 1", "1"),
        ("else", "{ 2 }"),
        ("integer 2", "2"),
    ];
    assert_eq!(covered, expected);
}
