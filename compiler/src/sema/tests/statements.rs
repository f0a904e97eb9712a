//! Branches, loops, and leaving them.

use super::{all_say, begin, said};

#[test]
fn if_has_a_value_where_one_is_wanted() {
    assert_eq!(
        begin(r#"$v = if pid { "yes" } else if (cpu) { "no" } else { $n = 1; "perhaps" }; print($v);"#),
        "var $n: int8\nvar $v: string[8]\n\
         $v = ((pid(): uint32 != 0:uint32: bool) ? \"yes\" : ((cpu(): uint64 != 0:uint64: bool) ? \"no\" : { $n = 1:int8; \"perhaps\" }))\n\
         print($v, site 0)"
    );
    all_say(&[
        ("begin { $v = if (pid) { 1 }; }", "error no-value `if (pid) { 1 }`: This if has no value: it has no else"),
        (
            r#"begin { $v = pid ? 1 : "a"; }"#,
            "error branch-types `pid ? 1 : \"a\"`: Both values must have compatible types: have 'int8' and 'string[2]' | Make both the same kind of value, for example with a cast",
        ),
    ]);
}

#[test]
fn a_ternary_of_calls_is_a_branch() {
    assert_eq!(
        begin("pid ? print(1) : print(2);"),
        "if (pid(): uint32 != 0:uint32: bool) {\n  print(1:int8, site 0)\n}\nelse {\n  print(2:int8, site 1)\n}"
    );
}

#[test]
fn a_default_is_evaluated_once() {
    assert_eq!(
        begin("@ = rand ?: 7;"),
        "var $temporary0: uint32\n@ = { $temporary0 = rand(): uint32; (($temporary0 != 0:uint32: bool) ? $temporary0 : 7:uint32) }"
    );
}

#[test]
fn exit_leaves_the_program() {
    assert_eq!(
        begin("if (pid) { exit(3); }"),
        "if (pid(): uint32 != 0:uint32: bool) {\n  exit(3:uint64, site 0)\n  return\n}"
    );
    assert_eq!(said("begin { exit(); print(1); }"), "warning unreachable `print(1);`: Unreachable code");
}

#[test]
fn while_is_deprecated_and_must_be_able_to_end() {
    let deprecated = "while is deprecated | Write for $i : 0..100 { ... }, which break leaves early";
    assert_eq!(
        said("begin { while (@ < 9) { @++; } }"),
        format!("warning deprecated-while `while (@ < 9) {{ @++; }}`: {deprecated}")
    );
    for body in ["@++;", "if (@) { while (1) { break; } }"] {
        assert!(
            said(&format!("begin {{ @ = 1; while (1) {{ {body} }} }}")).contains("error endless-loop `(1)`"),
            "{body}"
        );
    }
    for body in ["break;", "if (@) { return; }", "if (@) { exit(); }", "for $i : 0..3 { return; }"] {
        let said = said(&format!("begin {{ @ = 1; while (1) {{ {body} }} }}"));
        assert!(!said.contains("error"), "{body}: {said}");
    }
}

#[test]
fn loops_have_bodies_that_can_be_left() {
    assert_eq!(
        begin("unroll(2) { @++; if (@ == 5) { continue; } break; }"),
        "unroll 2 {\n  @++\n  if (@ == 5:int64: bool) {\n    continue\n  }\n  break\n}"
    );
    all_say(&[
        ("begin { break; }", "error outside-loop `break;`: break statement outside of a loop"),
        ("begin { if (pid) { continue; } }", "error outside-loop `continue;`: continue statement outside of a loop"),
        (
            "begin { unroll(100) { unroll(100) { unroll(100) { @++; } } } }",
            "error unroll-count `(100)`: The unrolled body is too large: use a for or while loop",
        ),
        ("begin { unroll(101) { } }", "error unroll-count `(101)`: unroll repeats from 1 to 100 times, not 101"),
        (
            "begin { unroll(pid) { } }",
            "error literal-required `(pid)`: unroll needs a literal or a positional parameter",
        ),
    ]);
}

#[test]
fn ranges_count_in_int64() {
    assert_eq!(
        begin("for $i : 0..(pid + 1) { @[$i] = 1; }"),
        "var $i: int64\nfor $i in 0:int64..(int64)((uint64)pid(): uint32 + 1:uint64: uint64) {\n  @[$i] = 1:int8\n}"
    );
    assert_eq!(
        said(r#"begin { for $i : 0.."a" { } }"#),
        "error range-bound `\"a\"`: The bound of a range must be an integer, not 'string[2]'"
    );
}

#[test]
fn walking_a_map_yields_keys_and_values() {
    assert_eq!(
        begin("@[comm, 1] = count(); for $kv : @ { print($kv.0.0); print($kv.1); }"),
        "var $kv: ((string[16],int8),int64)\n@[(comm(): string[16], 1:int8)] <- ()\nfor $kv in @ {\n  \
         print($kv.at(0: (string[16],int8)).at(0: string[16]), site 0)\n  print($kv.at(24: int64), site 1)\n}"
    );
    all_say(&[
        ("begin { @s = 1; for $kv : @s { } }", "error iteration `@s`: @s has no keys to iterate over"),
        (
            "begin { @h[1] = hist(1); for $kv : @h { } }",
            "error iteration `@h`: Iteration over a map of 'hist_t' is not possible",
        ),
    ]);
}

#[test]
fn bodies_of_for_loops_cannot_reach_the_context_or_end_the_run() {
    all_say(&[
        ("begin { for $i : 0..3 { exit(); } }", "error exit-in-loop `exit()`: exit() cannot be used inside a for loop"),
        (
            "u:/bin/bash:main { for $i : 0..3 { print(arg0); } }",
            "error context-in-loop `arg0`: arg0 cannot be read inside a for loop | Copy it to a variable before the loop",
        ),
        (
            "begin { @a[1] = 1; for $i : 0..3 { print(@a); } }",
            "warning print-in-loop `print(@a)`: print() of a map is asynchronous: in a loop it may print the same values every time",
        ),
    ]);
}

#[test]
fn a_predicate_is_a_return_at_the_start() {
    let text = super::typed("begin /pid == 1/ { @ = 1; }");
    assert!(text.contains("  if !(pid(): uint32 == 1:uint32: bool) {\n    return\n  }\n  @ = 1:int8"), "{text}");
}

#[test]
fn values_that_nobody_uses_are_warned_of() {
    all_say(&[
        (
            "begin { 5; }",
            "warning discarded-value `5`: Return value discarded | Assign it, or write _ = ... to discard it",
        ),
        (
            "begin { pid; }",
            "warning discarded-value `pid`: Return value discarded | Assign it, or write _ = ... to discard it",
        ),
        ("begin { _ = 5; _ = pid; @x[1] = 1; delete(@x, 1); @x[1]++; }", ""),
        (
            "begin { return \"a\"; }",
            "error return-type `\"a\"`: A probe returns an integer, not 'string[2]' | Leave the value out, or return a number",
        ),
    ]);
}

#[test]
fn the_untaken_branch_of_a_comptime_if_is_not_looked_at() {
    assert_eq!(begin("if comptime (1 > 2) { print(nope); } else { print(5); }"), "block {\n  print(5:int8, site 0)\n}");
    assert_eq!(
        said("begin { @ = comptime pid; }"),
        "error not-constant `pid`: comptime needs an expression that is constant | Literals, sizeof, offsetof and typeinfo are constant, and what is computed from them"
    );
}

/// As deep and as long as the parser allows, on a stack as small as a thread's may be.
#[test]
fn the_deepest_scripts_fit_a_small_stack() {
    let parentheses = format!("begin {{ @ = {}pid{}; }}", "(".repeat(60), ")".repeat(60));
    let chain = format!("begin {{ @ = pid{}; }}", " + pid".repeat(120));
    let blocks = format!("begin {{ {} @++; {} }}", "if (pid) {".repeat(30), "}".repeat(30));
    let ternaries = format!("begin {{ @ = {}1{}; }}", "pid ? (".repeat(20), ") : 2".repeat(20));
    let arms = format!("begin {{ @ = {}1; }}", "pid ? 2 : ".repeat(50));
    for script in [parentheses, chain, blocks, ternaries, arms] {
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || said(&script));
        assert_eq!(thread.unwrap().join().unwrap(), "");
    }
}
