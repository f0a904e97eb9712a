//! Functions of the script: their calls, their bodies, and what is wrong with them.

use super::{all_say, said, typed};

#[test]
fn arguments_and_values_take_the_types_of_the_signature() {
    assert_eq!(
        typed("fn add($a : int64, $b : uint8) : uint16 { return (uint16)($a + $b); } begin { @ = add(5, 6); }"),
        "map @: uint16 x1\n\
         begin {\n  var $a: int64\n  var $b: uint8\n  @ = add(5:int64, 6:uint8)\n}\n\
         fn add($a, $b): uint16 {\n  return (uint16)($a + (int64)$b: int64)\n}\n"
    );
}

#[test]
fn strings_are_passed_and_returned() {
    let text = typed(
        "fn name($s : string[16], $n : int32) : string[8] { if ($n > 1) { return \"many\"; } else { return \"one\"; } } \
         begin { print(name(comm, 3)); }",
    );
    assert!(text.contains("print(name(comm(): string[16], 3:int32), site 0)"), "{text}");
    assert!(text.contains("return \"many\""), "{text}");
}

#[test]
fn functions_call_functions_and_those_that_nobody_calls_are_left_out() {
    let text = typed(
        "fn a() : void { b(); } fn b() : void { @ = 1; return; } fn c() : void { @ = 2; } begin { a(); } end { b(); }",
    );
    assert_eq!(text.matches("fn a()").count(), 1, "{text}");
    assert_eq!(text.matches("fn b()").count(), 2, "{text}");
    assert!(!text.contains("fn c()"), "{text}");
}

#[test]
fn what_is_wrong_with_a_function_is_told_once() {
    all_say(&[
        (
            "fn f() : int64 { if (pid) { return 1; } } begin { f(); } end { f(); }",
            "error missing-return `}`: Function 'f' may end without a return of 'int64' | \
             Its last statement must be a return, or an if with a return in every branch\n\
             warning discarded-value `f()`: Return value discarded | Assign it, or write _ = ... to discard it\n\
             warning discarded-value `f()`: Return value discarded | Assign it, or write _ = ... to discard it",
        ),
        (
            "fn f() : int64 { return 1; } fn f() : void { } begin { _ = f(); }",
            "error duplicate-function `f`: Function 'f' is defined twice",
        ),
        (
            "fn strlen() : int64 { return 1; } begin { print(1); }",
            "error duplicate-function `strlen`: A function cannot be called 'strlen': that is a builtin",
        ),
        (
            "fn f($a : int64) : int64 { return f($a); } begin { print(f(1)); }",
            "error function-recursion `f`: Function 'f' calls itself | The kernel runs no recursive programs: use a loop",
        ),
        (
            "fn a() : void { b(); } fn b() : void { a(); } begin { a(); }",
            "error function-recursion `a`: Function 'a' calls itself: a -> b -> a | \
             The kernel runs no recursive programs: use a loop",
        ),
        (
            "fn f() : void { return 1; } begin { f(); }",
            "error return-type `1`: Function 'f' is void: it returns no value",
        ),
        (
            "fn f() : int64 { return; } begin { _ = f(); }",
            "error return-type `return;`: Function 'f' returns 'int64': a value is missing here",
        ),
        (
            "fn f() : int64 { return comm; } begin { _ = f(); }",
            "error type-mismatch `comm`: Function 'f' returns 'int64', not 'string[16]' | \
             Use another variable or map for values of another type",
        ),
        (
            "fn f($a : int64) : void { } begin { f(); f(comm); }",
            "error argument-count `f()`: f() takes 1 argument (0 given)\n\
             error argument-type `comm`: Argument 1 of f(), $a, must be 'int64', not 'string[16]' | \
             Pass a value of 'int64', or declare it as $a : string[16]",
        ),
        (
            "fn f($a : void) : nonsense { } begin { print(1); }",
            "error variable-type `$a`: A parameter cannot have the type 'void'\n\
             error unknown-type `nonsense`: Cannot resolve unknown type \"nonsense\"",
        ),
        (
            "fn f() : void { print(args.dfd); } t:syscalls:sys_enter_openat { f(); }",
            "error context-in-function `args.dfd`: args cannot be read in a function: it is the probe's | \
             Pass what is needed as a parameter",
        ),
        (
            "fn f() : void { exit(); } begin { f(); }",
            "error exit-in-function `exit()`: exit() cannot be used in a function: the probe that calls it would go on",
        ),
        (
            "fn f($x : int8) : void { $x = 5; let $x; } begin { f(1); }",
            "error shadowed-variable `$x`: Variable $x was already declared | \
             Choose another name, or assign to it without let",
        ),
        ("fn f() : void { } begin { f; }", "error function-without-call `f`: f is a function: call it as f(...)"),
    ]);
    let deep: String = (0..8).map(|n| format!("fn f{n}() : void {{ f{}(); }} ", n + 1)).collect();
    assert!(said(&format!("{deep} fn f8() : void {{ }} begin {{ f0(); }}")).contains("error call-depth"));
}
