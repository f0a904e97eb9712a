//! Scratch variables: scopes, declarations, assignments; tuples and records.

use super::{all_say, begin, said, typed};

#[test]
fn a_variable_belongs_to_its_block() {
    all_say(&[
        (
            "begin { if (pid) { $x = 1; } print($x); }",
            "error undeclared-variable `$x`: Undefined or undeclared variable: $x | $x belongs to an inner block: declare it before that block with let $x;",
        ),
        (
            "begin { $count = 1; print($conut); }",
            "error undeclared-variable `$conut`: Undefined or undeclared variable: $conut | Did you mean '$count'?",
        ),
        (
            "begin { $x = $x + 1; }",
            "error undeclared-variable `$x`: Undefined or undeclared variable: $x | A variable belongs to its probe; what probes share is a map: @x",
        ),
        (
            "begin { let $x = 1; if (pid) { let $x = 2; } }",
            "error shadowed-variable `$x`: Variable $x was already declared | Choose another name, or assign to it without let",
        ),
        (
            "begin { $i = 1; for $i : 0..3 { } }",
            "error shadowed-variable `$i`: Variable $i was already declared | Choose another name, or assign to it without let",
        ),
    ]);
    assert!(begin("let $x; if (pid) { $x = 1; } print($x);").starts_with("var $x: int8\nlet $x\nif"));
}

#[test]
fn equal_names_in_separate_blocks_are_separate_variables() {
    assert_eq!(
        begin(r#"if (pid) { $x = 1; } else { $x = "a"; }"#),
        "var $x: int8\nvar $x: string[2]\nif (pid(): uint32 != 0:uint32: bool) {\n  $x = 1:int8\n}\nelse {\n  $x = \"a\"\n}"
    );
}

#[test]
fn a_declared_type_is_kept() {
    assert!(begin("let $x : uint16 = 5; $x = 7;").contains("$x = 7:uint16"));
    all_say(&[
        (
            "begin { let $x : uint8 = 300; }",
            "error literal-too-big `300`: The literal 300 does not fit 'uint8' | Declare it as 'uint16', or write a cast: (uint8)300",
        ),
        (
            "begin { let $x : uint8 = pid; }",
            "warning lossy-cast `pid`: 'uint32' is being cast to 'uint8': values may lose their sign or width | Write a cast if that is meant: (uint8)...",
        ),
        (
            r#"begin { let $x : string[3] = "abcdef"; }"#,
            "error type-mismatch `\"abcdef\"`: Type mismatch for $x: trying to assign value of type 'string[7]' when variable already has a type 'string[3]' | Strings only get longer: declare it as string[7]",
        ),
        (
            "begin { let $x : void; }",
            "error variable-type `$x`: A variable cannot have the type 'void' | A pointer to anything is void *",
        ),
    ]);
}

#[test]
fn a_type_cannot_change() {
    assert_eq!(
        said(r#"begin { $x = 1; $x = "a"; print($x); }"#),
        "error type-mismatch `\"a\"`: Type mismatch for $x: trying to assign value of type 'string[2]' when variable already has a type 'int8' | Use another variable or map for values of another type"
    );
}

#[test]
fn unused_and_unset_variables_are_warned_of() {
    all_say(&[
        ("begin { let $x; }", "warning never-assigned `$x`: Variable $x is never assigned"),
        (
            "begin { let $x; print($x); $x = 1; }",
            "warning used-before-assigned `$x`: Variable used before it was assigned: $x",
        ),
    ]);
}

#[test]
fn an_error_in_a_value_causes_no_errors_where_it_is_used() {
    assert_eq!(
        said("begin { $x = nope; print($x + 1); @m[$x] = $x; print(@m[1]); }"),
        "error unknown-identifier `nope`: Unknown identifier: 'nope'"
    );
}

#[test]
fn strings_of_several_lengths_share_the_largest() {
    assert!(begin(r#"$s = "a"; $s = comm; print($s);"#).starts_with("var $s: string[16]"));
}

#[test]
fn tuples_widen_part_by_part_and_are_read_by_index() {
    assert_eq!(
        begin(r#"$t = (1, "a"); $t = (pid, "abc"); print($t.1); print($t[0]);"#),
        "var $t: (uint32,string[4])\n$t = (1:uint32, \"a\")\n$t = (pid(): uint32, \"abc\")\n\
         print($t.at(4: string[4]), site 0)\nprint($t.at(0: uint32), site 1)"
    );
    all_say(&[
        (
            "begin { $t = (1, 2); print($t.2); }",
            "error tuple-index `$t.2`: Invalid tuple index: 2. Found 2 elements in the tuple | Its parts are .0 to .1",
        ),
        (
            "begin { $t = (1, 2); print($t[pid]); }",
            "error tuple-index `pid`: The index of a tuple must be a literal | The parts of a tuple differ in type: write .0, .1, ...",
        ),
    ]);
}

#[test]
fn a_tuple_in_memory_is_taken_apart_to_be_widened() {
    let text = begin("$t = (1, 2); @m = $t; @m = (300, 3);");
    assert!(
        text.contains("@m = { $temporary1 = $t; ((int16)$temporary1.at(0: int8), $temporary1.at(1: int8)) }"),
        "{text}"
    );
}

#[test]
fn records_are_compatible_in_any_order() {
    let text = begin("$r = (x = 1, y = pid); $r = (y = 5, x = 300); print($r.x);");
    assert!(text.starts_with("var $r: record { .x = int16, .y = uint32 }"), "{text}");
    assert!(text.contains("$r = record(300:int16, 5:uint32)"), "{text}");
    assert_eq!(
        said("begin { $r = (left = 1, right = 2); print($r.lfet); }"),
        "error unknown-field `lfet`: Record 'record { .left = int8, .right = int8 }' has no field 'lfet' | Did you mean 'left'?"
    );
}

#[test]
fn variables_of_programs_do_not_meet() {
    let text = typed(r#"begin { $x = 1; } end { $x = "a"; }"#);
    assert!(text.contains("var $x: int8") && text.contains("var $x: string[2]"));
}
