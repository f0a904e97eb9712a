//! Scripts with macros: what they become, and what is said about them.

use crate::options::CompileOptions;
use crate::sema::tests::{all_say, kernel, said, typed};
use crate::source::SourceFile;

/// What two scripts have in common: the same typed program.
#[track_caller]
fn same(script: &str, plain: &str) {
    assert_eq!(typed(script), typed(plain), "{script}");
}

#[test]
fn an_expression_stands_for_the_use() {
    same("macro us(ns) { ns / 1000 } begin { print(us(5000)); }", "begin { print(5000 / 1000); }");
    same("macro five() { 5 } begin { print(five + five()); }", "begin { print(5 + 5); }");
    same("macro a(x) { x + 1 } macro b(x) { a(x) * 2 } begin { print(b(3)); }", "begin { print((3 + 1) * 2); }");
}

#[test]
fn arguments_are_evaluated_at_every_use() {
    same("macro twice(x) { x; x } begin { $i = 0; print(twice($i++)); }", "begin { $i = 0; print({ $i++; $i++ }); }");
}

#[test]
fn locals_are_those_of_the_macro() {
    let text = typed("macro m(x) { let $a = x; $a + 1 } begin { $a = 5; print(m($a)); print(m($a)); }");
    assert!(text.contains("var $a: int8\n") && text.contains("var $a#1: int8") && text.contains("$a#1 = $a"), "{text}");
}

#[test]
fn variables_and_maps_are_passed_by_reference() {
    same(
        "macro inc($x) { $x += 1; } begin { $i = 0; inc($i); print($i); }",
        "begin { $i = 0; { $i += 1; } print($i); }",
    );
    same("macro put(@m, k) { @m[k] = 1; } begin { put(@seen, 5); }", "begin { { @seen[5] = 1; } }");
    let text = typed("macro all(@m) { for $kv : @m { print($kv.0); } } begin { @a[1] = 1; all(@a); }");
    assert!(text.contains("for $kv#1 in @a"), "{text}");
}

#[test]
fn overloads_are_chosen_by_count_and_kind() {
    let overloads = "macro f(x) { 1 } macro f($x) { 2 } macro f(@x) { 3 } macro f(x, y) { 4 } ";
    same(
        &format!("{overloads} begin {{ $v = 9; @m = 9; print((f(1), f($v), f(@m), f(1, 2), f($v + 1))); }}"),
        "begin { $v = 9; @m = 9; print((1, 2, 3, 4, 1)); }",
    );
}

#[test]
fn a_builtin_of_the_same_name_is_left_for_other_arguments() {
    same(
        "macro strlen(a, b) { 7 } begin { print(strlen(1, 2)); print(strlen(comm)); }",
        "begin { print(7); print(strlen(comm)); }",
    );
}

#[test]
fn types_are_passed_too() {
    let script = "macro first(p, t) { ((t *)p)->prio } begin { print(first(4096, typeof(struct task_struct))); }";
    same(script, "begin { print(((struct task_struct *)4096)->prio); }");
    same(
        "macro at(t) { (sizeof(t), offsetof(t, pid)) } begin { print(at(typeof(struct task_struct))); }",
        "begin { print((sizeof(struct task_struct), offsetof(struct task_struct, pid))); }",
    );
    same("macro size(x) { sizeof(x) } begin { print(size((uint16)5)); }", "begin { print(sizeof((uint16)5)); }");
}

#[test]
fn a_macro_can_be_the_call_of_an_aggregation() {
    same("macro c() { count() } begin { @ = c(); }", "begin { @ = count(); }");
}

#[test]
fn comptime_conditions_decide_within_macros() {
    same(
        "macro pick(n) { if comptime (n > 5) { \"big\" } else { n } } begin { print(pick(9)); print(pick(1)); }",
        "begin { print(\"big\"); print(1); }",
    );
}

#[test]
fn mistakes_in_definitions_are_told_without_a_use() {
    all_say(&[
        (
            "macro m() { return 5; } begin { print(1); }",
            "error macro-control `return 5;`: return would leave the macro 'm' | A macro ends at its last expression: \
             let it yield a value, and decide where it is used",
        ),
        (
            "macro m() { @x = 1; } begin { print(1); }",
            "error undefined-map `@x`: Undefined map: @x. A macro reaches only maps that are passed to it | \
             Make it a parameter: macro m(..., @x)",
        ),
        (
            "macro m(pid) { pid } begin { print(1); }",
            "error macro-parameter `pid`: A parameter cannot be called 'pid': that is a builtin",
        ),
        (
            "macro m(uint64) { uint64 } begin { print(1); }",
            "error macro-parameter `uint64`: A parameter cannot be called 'uint64': that is a type",
        ),
        ("macro m(a, a) { a } begin { print(1); }", "error macro-parameter `a`: Parameter 'a' occurs twice"),
        (
            "macro m(a) { a } macro m(b) { b } begin { print(1); }",
            "error duplicate-macro `m`: Macro 'm' is defined twice with the same parameters",
        ),
    ]);
    assert!(said("macro m() { exit(); } begin { print(1); }").contains("exit() would leave the macro"));
    assert!(said("macro m() { if (1) { break; } } begin { print(1); }").contains("break would leave the macro"));
    assert_eq!(said("macro m() { unroll(2) { break; } } begin { m(); }"), "");
}

#[test]
fn mistakes_in_uses_are_told_at_the_use() {
    all_say(&[
        (
            "macro m($a) { $a } begin { print(m(1)); }",
            "error macro-arguments `1`: Argument 1 of macro 'm' must be a variable: it is passed by reference | \
             It is defined as m($a)",
        ),
        (
            "macro m(a, b) { a + b } begin { print(m(1)); }",
            "error macro-arguments `m(1)`: Macro 'm' does not take 1 argument | It is defined as m(a, b)",
        ),
        (
            "macro m(a) { a } begin { print(m); }",
            "error function-without-call `m`: 'm' is a macro that needs arguments | It is defined as m(a)",
        ),
        ("macro m() { m() } begin { print(m()); }", "error macro-recursion `m()`: Macro 'm' uses itself"),
        (
            "macro a() { b() } macro b() { a() } begin { print(a()); }",
            "error macro-recursion `a()`: Macro 'a' uses itself: a -> b -> a",
        ),
        (
            "macro a() { b() } macro b() { a() } begin { print(a()); print(b()); print(a()); }",
            "error macro-recursion `a()`: Macro 'a' uses itself: a -> b -> a",
        ),
        (
            "macro thing() { 5 } begin { print(thnig()); }",
            "error unknown-function `thnig`: Unknown function: 'thnig' | Did you mean 'thing'?",
        ),
    ]);
}

#[test]
fn a_mistake_in_a_body_names_the_uses_that_led_there() {
    let script = "macro bad(x) { x + comm } macro outer(y) { bad(y) } begin { print(outer(1)); }";
    let file = SourceFile::new("test", script);
    let found = crate::check(&file, &kernel(), &CompileOptions::default()).diagnostics;
    let [error] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(file.slice(error.span), "x + comm");
    let chain: Vec<_> = error.labels.iter().map(|label| (file.slice(label.span), label.text.as_str())).collect();
    assert_eq!(chain, [("bad(y)", "expanded from 'bad'"), ("outer(1)", "expanded from 'outer'")]);
}

#[test]
fn bombs_are_refused() {
    let mut script = "macro m0(x) { x + x }\n".to_owned();
    for level in 1..40 {
        script += &format!("macro m{level}(x) {{ m{0}(x) + m{0}(x) }}\n", level - 1);
    }
    script += "begin { print(m39(pid)); }";
    assert!(said(&script).contains("error too-many-nodes"), "{}", said(&script));

    let mut script = "macro m0(x) { x }\n".to_owned();
    for level in 1..80 {
        script += &format!("macro m{level}(x) {{ m{}((x)) }}\n", level - 1);
    }
    script += "begin { print(m79(pid)); }";
    assert!(said(&script).contains("error nesting-too-deep"), "{}", said(&script));

    let mut script = "macro d(x) { x + x }\nbegin { print(".to_owned();
    script += &"d(".repeat(30);
    script += "pid";
    script += &")".repeat(30);
    script += "); }";
    assert!(said(&script).contains("error too-many-nodes"), "{}", said(&script));
}

/// Words of macros in any order: diagnostics, never a panic, and only about the script's own text.
#[test]
fn nonsense_gets_diagnostics() {
    let words = [
        "x; ",
        "x",
        "$x",
        "$x + 1",
        "m(1)",
        "m(x); ",
        "n($x, @m); ",
        "n(x, @m)",
        "let $y = x; ",
        "let $x; ",
        "@m[x] = 1; ",
        "@m",
        "return; ",
        "break; ",
        "if comptime (x) { 1 } else { 2 }",
        "sizeof(x)",
        "typeof(x)",
        "print(x); ",
        "print($y); ",
        "{ x }",
        "m(typeof(x))",
        "(x)1",
        "$x = x; ",
        "_ = m; ",
        "; ",
        "(",
        "}",
        "macro ",
        "1 + ",
        "",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    let mut accepted = 0;
    for _ in 0..3000 {
        let mut body = |length: usize| (0..length).map(|_| words[below(words.len())]).collect::<String>();
        let script = format!("macro m(x) {{ {} }} macro n($x, @m) {{ {} }} begin {{ {} }}", body(2), body(2), body(2));
        let file = SourceFile::new("test", script.as_str());
        let found = crate::check(&file, &kernel(), &CompileOptions::default()).diagnostics;
        accepted += usize::from(found.iter().all(|it| !it.is_error()));
        for diagnostic in &found {
            assert!(script.get(..diagnostic.span.end as usize).is_some(), "{script}: {diagnostic:?}");
            assert!(!diagnostic.message.contains("$x#"), "{diagnostic:?}");
        }
    }
    assert!(accepted > 0, "no script was right");
}
