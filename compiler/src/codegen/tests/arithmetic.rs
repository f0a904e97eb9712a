//! What programs compute, run in a user-space machine.

use super::vm::Machine;

/// The value of an int64 expression over `@a` and `@b`.
#[track_caller]
fn value(expression: &str, a: i64, b: i64) -> i64 {
    let mut machine =
        Machine::new(&format!("begin {{ if (0) {{ @a = (int64)0; @b = (int64)0; }} @r = (int64)({expression}); }}"));
    machine.set("@a", a);
    machine.set("@b", b);
    machine.run();
    machine.get("@r").0 as i64
}

#[test]
fn arithmetic_is_that_of_64_bits() {
    assert_eq!(value("@a + @b", i64::MAX, 1), i64::MIN);
    assert_eq!(value("@a - @b", 3, 5), -2);
    assert_eq!(value("@a * @b", -3, 5), -15);
    assert_eq!(value("@a & @b | 1", 12, 10), 9);
    assert_eq!(value("@a ^ @b", 12, 10), 6);
    assert_eq!((value("-@a", 7, 0), value("~@a", 7, 0), value("!@a", 7, 0)), (-7, -8, 0));
}

#[test]
fn division_heeds_the_sign_and_rounds_towards_zero() {
    assert_eq!((value("@a / @b", 17, 5), value("@a % @b", 17, 5)), (3, 2));
    assert_eq!((value("@a / @b", -7, 2), value("@a % @b", -7, 2)), (-3, -1));
    assert_eq!((value("@a / @b", 7, -2), value("@a % @b", 7, -2)), (-3, 1));
    assert_eq!(value("(uint64)@a / (uint64)@b", -1, 2), i64::MAX);
    assert_eq!(value("@a / @b", i64::MIN, -1), i64::MIN);
}

#[test]
fn division_by_zero_yields_one_and_is_counted() {
    let mut machine = Machine::new("begin { if (0) { @a = 0; } @r = 7 / @a; @s = 7 % @a; }");
    machine.run();
    assert_eq!((machine.get("@r"), machine.get("@s")), ((1, true), (1, true)));
    assert_eq!(machine.counters().iter().sum::<u64>(), 2);
}

#[test]
fn shifting_right_heeds_the_sign() {
    assert_eq!(value("@a << @b", 3, 4), 48);
    assert_eq!(value("@a >> @b", -256, 4), -16);
    assert_eq!(value("(uint64)@a >> @b", -1, 60), 15);
}

#[test]
fn comparisons_follow_the_sign_of_the_operands() {
    assert_eq!((value("@a < @b", -1, 1), value("@a >= @b", -1, 1), value("@a == @b", 4, 4)), (1, 0, 1));
    assert_eq!(value("(uint64)@a < (uint64)@b", -1, 1), 0);
}

#[test]
fn casts_cut_and_extend_by_their_own_sign() {
    assert_eq!(value("(int8)@a", 0x1ff, 0), -1);
    assert_eq!(value("(uint8)@a", -1, 0), 255);
    assert_eq!(value("(uint32)@a", -1, 0), 0xffff_ffff);
    assert_eq!(value("(int64)(uint16)(int8)@a", -2, 0), 0xfffe);
    assert_eq!(value("(bool)@a", 256, 0), 1);
    assert_eq!(value("bswap((uint32)@a)", 0x0102_0304, 0), 0x0403_0201);
}

#[test]
fn logical_operators_evaluate_only_what_they_need() {
    let mut machine =
        Machine::new("begin { if (0) { @a = 0; } $x = 0; if (@a && $x++) { } if (@a || $x++) { } @r = $x; }");
    machine.set("@a", 1);
    machine.run();
    assert_eq!(machine.get("@r").0, 1);
}

#[test]
fn branches_and_blocks_have_the_value_of_the_way_taken() {
    assert_eq!(value("@a > 3 ? @b : 7", 4, 11), 11);
    assert_eq!(value("if @a > 3 { @b } else { 7 }", 3, 11), 7);
    assert_eq!(value("{ let $x = @a; $x++; $x + @b }", 1, 10), 12);
}

#[test]
fn steps_yield_the_value_before_or_after() {
    let mut machine = Machine::new("begin { $x = 5; @a = $x++; @b = ++$x; @c = @a--; @d = --@a; @e = @a; }");
    machine.run();
    let values = ["@a", "@b", "@c", "@d", "@e"].map(|map| machine.get(map).0 as i64);
    assert_eq!(values, [3, 7, 5, 3, 3]);
}

#[test]
fn plain_loops_break_and_continue() {
    let script =
        "begin { $i = 0; while ($i < 10) { $i++; if ($i == 3) { continue; } if ($i == 6) { break; } @ += $i; } }";
    let mut machine = Machine::new(script);
    machine.run();
    assert_eq!(machine.get("@").0, 1 + 2 + 4 + 5);
}

#[test]
fn an_index_outside_of_an_array_yields_zero_and_is_counted() {
    let script = "begin { if (0) { @i = 0; } $b = (uint8[4])(uint32)0x01020304; @r = $b[@i]; }";
    let mut machine = Machine::new(script);
    for (index, expected) in [(0, 4), (3, 1), (4, 0), (-1, 0)] {
        machine.set("@i", index);
        machine.run();
        assert_eq!(machine.get("@r").0, expected, "{index}");
    }
    assert_eq!(machine.counters().iter().sum::<u64>(), 2);
}

#[test]
fn short_strings_compare_by_their_text() {
    let script = "begin { $s = \"abcdefgh\"; $s = \"abc\"; $t = \"abc\"; @same = $s == $t; @literal = $s == \"abc\"; \
                  @prefix = $s == \"ab\"; @longer = $s == \"abcd\"; @first = strncmp($s, \"abX\", 2); \
                  @third = strncmp($s, \"abX\", 3); }";
    let mut machine = Machine::new(script);
    machine.run();
    let values = ["@same", "@literal", "@prefix", "@longer", "@first", "@third"].map(|map| machine.get(map).0);
    assert_eq!(values, [1, 1, 0, 0, 0, 1]);
}

#[test]
fn tuples_compare_by_their_parts() {
    let script = "begin { $a = ((uint8)1, \"ab\", 3); $b = ((uint8)1, \"ab\", 3); $c = ((uint8)2, \"ab\", 3); \
                  @same = $a == $b; @other = $a == $c; $a = ($a.0, \"cd\", 4); @swapped = $a.2; }";
    let mut machine = Machine::new(script);
    machine.run();
    assert_eq!(["@same", "@other", "@swapped"].map(|map| machine.get(map).0), [1, 0, 4]);
}

#[test]
fn return_leaves_the_program_with_a_value() {
    let mut machine = Machine::new("begin { @x = 1; if (@x == 1) { return 42; } @x = 2; }");
    assert_eq!((machine.run(), machine.get("@x").0), (42, 1));
}

#[test]
fn a_stopped_run_changes_nothing_but_its_end_probe() {
    let mut machine = Machine::new("begin { @x = 1; }");
    machine.stop();
    machine.run();
    assert_eq!(machine.get("@x"), (0, false));
    let mut machine = Machine::new("end { @x = 1; }");
    machine.stop();
    machine.run();
    assert_eq!(machine.get("@x"), (1, true));
}

#[test]
fn a_deleted_scalar_is_zero_and_unset() {
    let mut machine = Machine::new("begin { @x = 5; delete(@x); @y = @x; }");
    machine.run();
    assert_eq!((machine.get("@x"), machine.get("@y")), ((0, false), (0, true)));
}
