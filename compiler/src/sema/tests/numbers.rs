//! Integer types: literals, operators, conversions.

use super::{all_say, begin, said, typed};

#[test]
fn arithmetic_is_done_in_64_bits_with_the_sign_of_its_operands() {
    assert_eq!(begin("@ = pid + 1;"), "@ = ((uint64)pid(): uint32 + 1:uint64: uint64)");
    assert_eq!(begin("@ = pid + (int8)pid;"), "@ = ((int64)pid(): uint32 + (int64)(int8)pid(): uint32: int64)");
    assert_eq!(begin("@ = pid * -1;"), "@ = ((int64)pid(): uint32 * -1:int64: int64)");
    assert_eq!(begin("@ = pid - 1;"), "@ = ((int64)pid(): uint32 - 1:int64: int64)");
}

#[test]
fn shifts_keep_the_sign_of_what_is_shifted() {
    assert_eq!(begin("@ = pid >> 3;"), "@ = ((uint64)pid(): uint32 >> 3:uint64: uint64)");
    assert_eq!(begin("@ = (int32)pid >> cpu;"), "@ = ((int64)(int32)pid(): uint32 >> (int64)cpu(): uint64: int64)");
}

#[test]
fn literals_fold() {
    assert_eq!(begin("@ = (2 + 3) * 4 - 100 / 7;"), "@ = 6:int8");
    assert_eq!(begin("@ = 1 << 40 | 0xff;"), "@ = 1099511628031:int64");
    assert_eq!(begin("@ = -9223372036854775808;"), "@ = -9223372036854775808:int64");
    assert_eq!(begin("@ = 0xffffffffffffffff;"), "@ = 18446744073709551615:uint64");
    assert_eq!(begin("@ = ~5; @b = !3; @c = 2 > 1;"), "@ = -6:int8\n@b = false\n@c = true");
    assert_eq!(begin(r#"@ = "ab" + "cd"; @b = "abcd" + 2;"#), "@ = \"abcd\"\n@b = \"cd\"");
}

#[test]
fn comparisons_unify_their_operands() {
    assert_eq!(begin("@ = pid == 5;"), "@ = (pid(): uint32 == 5:uint32: bool)");
    assert_eq!(begin("@ = pid < -5;"), "@ = ((int64)pid(): uint32 < -5:int64: bool)");
    assert_eq!(begin("@ = (uint8)pid < 300;"), "@ = ((uint16)(uint8)pid(): uint32 < 300:uint16: bool)");
}

#[test]
fn a_variable_takes_the_type_that_holds_all_its_values() {
    let first_line = |body| begin(body).lines().next().unwrap().to_owned();
    assert_eq!(first_line("$x = 1; $x = pid;"), "var $x: uint32");
    assert_eq!(first_line("$x = pid; $x = -1;"), "var $x: int64");
    assert_eq!(first_line("$x = (uint8)pid; $x = (int16)pid;"), "var $x: int16");
    assert_eq!(first_line("$x = 0; unroll(5) { $x++; }"), "var $x: int64");
    assert_eq!(first_line("$x = 0; $x += pid;"), "var $x: int64");
}

#[test]
fn a_type_flows_through_other_variables() {
    assert_eq!(
        begin("$a = 1; $b = $a; @m = $b; $a = pid;"),
        "var $a: uint32\nvar $b: uint32\n$a = 1:uint32\n$b = $a\n@m = $b\n$a = pid(): uint32"
    );
}

#[test]
fn conditions_of_any_scalar_become_bool() {
    assert_eq!(begin("if (pid) { }"), "if (pid(): uint32 != 0:uint32: bool) {\n}");
    assert_eq!(begin("@ = !pid && curtask;").lines().count(), 1);
}

#[test]
fn results_that_fit_no_integer_are_errors() {
    all_say(&[
        (
            "begin { @ = 5 / 0; }",
            "error division-by-zero `5 / 0`: Division by zero | A divisor that turns out to be 0 when the script runs gives 1 and a warning",
        ),
        (
            "begin { @ = pid % 0; }",
            "error division-by-zero `0`: Division by zero | A divisor that turns out to be 0 when the script runs gives 1 and a warning",
        ),
        (
            "begin { @ = 1 << 64; }",
            "error shift-count `1 << 64`: A shift by 64 bits is outside of 0 to 63 | A number has 64 bits: a shift by more leaves nothing of it",
        ),
        (
            "begin { @ = pid << 70; }",
            "error shift-count `70`: A shift by 70 bits is outside of 0 to 63 | A number has 64 bits: a shift by more leaves nothing of it",
        ),
        (
            "begin { @ = 0xffffffffffffffff + 1; }",
            "error number-too-big `0xffffffffffffffff + 1`: 18446744073709551615 + 1 does not fit 64 bits | Numbers are from -9223372036854775808 to 18446744073709551615",
        ),
        (
            "begin { @ = -18446744073709551615; }",
            "error number-too-big `-18446744073709551615`: -18446744073709551615 does not fit 64 bits | Numbers are from -9223372036854775808 to 18446744073709551615",
        ),
    ]);
}

#[test]
fn operators_refuse_operands_that_have_no_meaning_for_them() {
    all_say(&[
        (
            r#"begin { @ = "a" < "b"; }"#,
            r#"error operator-type `"a" < "b"`: The < operator cannot be used on strings | Strings know == and != only"#,
        ),
        (
            r#"begin { @ = pid == "a"; }"#,
            r#"error comparison-types `pid == "a"`: Type mismatch for '==': comparing 'uint32' with 'string[2]' | A number never equals text: use str(p) for the text at an address, and "..." for text"#,
        ),
        (
            "begin { @ = curtask * 2; }",
            "error operator-type `curtask * 2`: The * operator cannot be used on expressions of types 'struct task_struct *' and 'int8' | Pointers can be compared, and moved by integers; for other arithmetic cast them: (uint64)p",
        ),
        (
            "begin { if (comm) { } }",
            "error condition-type `(comm)`: Invalid condition: an integer, bool or pointer is needed, not 'string[16]' | Compare it: text != \"\"",
        ),
        (
            "begin { @ = -comm; }",
            "error operator-type `-comm`: The - operator cannot be used on type 'string[16]' | Strings know == and != only",
        ),
    ]);
}

#[test]
fn pointers_move_by_the_size_of_what_they_point_to() {
    assert_eq!(
        begin("@ = (uint32 *)pid + 2; @b = 1 + (uint32 *)pid; @c = (uint32 *)pid - cpu;"),
        "@ = ((uint32 *)(uint64)pid(): uint32 + 2:int64 * 4: uint32 *)\n\
         @b = ((uint32 *)(uint64)pid(): uint32 + 1:int64 * 4: uint32 *)\n\
         @c = ((uint32 *)(uint64)pid(): uint32 + (int64)cpu(): uint64 * -4: uint32 *)"
    );
}

#[test]
fn comparing_huge_values_of_both_signs_is_warned_of() {
    assert_eq!(
        said("begin { @ = nsecs > (int64)pid; }"),
        "warning mixed-signs `nsecs > (int64)pid`: Comparison of integers of different signs: 'uint64' and 'int64' | Cast one to the type of the other: huge unsigned numbers count as negative here"
    );
}

#[test]
fn casts_convert_between_scalars_and_bytes() {
    assert_eq!(begin("@ = (uint8)nsecs;"), "@ = (uint8)nsecs(=0): uint64");
    assert_eq!(begin("@ = (uint8[])pid;"), "@ = (uint8[4])pid(): uint32");
    assert_eq!(begin(r#"@ = (int8[])"abc";"#), "@ = (int8[4])\"abc\"");
    assert_eq!(begin("@ = (bool)pid;"), "@ = (pid(): uint32 != 0:uint32: bool)");
    assert_eq!(begin("@ = (username_t)pid;"), "@ = (username_t)(uint64)pid(): uint32");
    assert_eq!(begin("@ = (enum color)5;"), "@ = 5:enum color");
    all_say(&[
        (
            "begin { @ = (uint8[3])pid; }",
            "error bad-cast `(uint8[3])pid`: Cannot cast from 'uint32' to 'uint8[3]': they have 4 and 3 bytes | Leave the length out to get as many elements as there are: (uint8[])...",
        ),
        (
            "begin { @ = (uint8)comm; }",
            "error bad-cast `(uint8)comm`: Cannot cast from 'string[16]' to 'uint8' | The bytes of a string are (int8[])s, its first one s[0]",
        ),
        (
            "begin { @ = (enum color)3; }",
            "error enum-value `(enum color)3`: 3 is not a value of 'enum color' | Its values are RED (0), GREEN (5)",
        ),
        (
            "begin { @ = (uint32)pid; }",
            "warning redundant-cast `(uint32)pid`: The expression has the type 'uint32' already | Leave the cast out",
        ),
        ("begin { @ = (foo)pid; }", "error unknown-type `foo`: Cannot resolve unknown type \"foo\""),
    ]);
}

#[test]
fn a_word_in_parentheses_that_is_a_value_is_no_cast() {
    assert!(begin("@ = (pid)*2; @b = (cpu) - 1;").contains("@b = ((int64)cpu(): uint64 - 1:int64: int64)"));
    assert!(typed("#define STEP 4\nbegin { $x = 9; @ = (STEP) - 1; @b = -(STEP) * $x; }").contains("@ = 3:int8"));
    assert_eq!(
        said("begin { @ = (retcode)5; }"),
        "error unknown-type `retcode`: Cannot resolve unknown type \"retcode\""
    );
}

#[test]
fn sizes_and_offsets_are_constants() {
    assert_eq!(
        begin("@a = sizeof(struct path); @b = sizeof(pid); @c = offsetof(struct file, f_path.dentry);"),
        "@a = 16:uint64\n@b = 4:uint64\n@c = 8:uint64"
    );
}
