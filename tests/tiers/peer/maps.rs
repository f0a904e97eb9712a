//! Maps: keys, values, order, printing, clearing.

use super::harness::peers;

peers! {
    sorted_by_value: r#"BEGIN { @["b"] = 2; @["a"] = 3; @["c"] = 1; exit(); }"#;
    printed_in_the_order_of_their_names: r#"BEGIN { @z = 1; @a = 2; @m = 3; exit(); }"#;
    keys_of_several_parts_are_joined: r#"BEGIN { @[1, "x"] = 7; exit(); }"#;
    the_largest_entries: r#"BEGIN { @[1] = 10; @[2] = 30; @[3] = 20; print(@, 2); clear(@); exit(); }"#;
    divided_for_printing: r#"BEGIN { @[1] = 1000; @[2] = 3500; print(@, 5, 1000); clear(@); exit(); }"#;
    an_empty_one_prints_nothing: r#"BEGIN { @[1] = 2; clear(@); print(@); printf("after\n"); exit(); }"#;
    keys_that_are_numbers_of_both_signs: r#"BEGIN { @[-1] = 5; @[3] = 6; @[-20] = 7; @[100] = 8; exit(); }"#;
    entries_that_are_zeroed: r#"BEGIN { @["k"] = 7; zero(@); exit(); }"#;
    entries_that_are_deleted: r#"BEGIN { @[1] = 1; @[2] = 2; @[3] = 3; delete(@[2]); exit(); }"#;
    an_entry_that_is_deleted_and_made_again: r#"BEGIN { @["x"] = 1; delete(@["x"]); @["x"] = 9; exit(); }"#;
    all_entries_deleted: r#"BEGIN { @["x"] = 1; delete(@["x"]); exit(); }"#;
    a_missing_entry_is_zero: r#"BEGIN { @[1] = 5; printf("%d %d\n", @[1], @[2]); clear(@); exit(); }"#;
    a_missing_text_is_empty: r#"BEGIN { @["a"] = "x"; printf("[%s][%s]\n", @["a"], @["b"]); clear(@); exit(); }"#;
    printing_between_changes: r#"BEGIN { @ = 1; print(@); exit(); } END { @ = 2; }"#;
    three_parts_of_a_key: r#"BEGIN { @[1, 2, 3] = 1; @t["a", 2, "c"] = 2; exit(); }"#;
    keys_that_are_computed: r#"BEGIN { $i = 3; @[$i * 2] = 1; @two[$i + 1, $i - 1] = 2; exit(); }"#;
    a_map_in_a_condition: r#"BEGIN { @seen[5] = 1; if (@seen[5]) { printf("seen\n"); } if (!@seen[6]) { printf("unseen\n"); } clear(@seen); exit(); }"#;
    one_map_read_into_another: r#"BEGIN { @a = 5; @b = @a; @c[1] = @a + @b; exit(); }"#;
    keys_of_a_map_of_another: r#"BEGIN { @index = 7; @[@index] = 1; exit(); }"#;
    equal_values_by_number: r#"BEGIN { @[3] = 1; exit(); }"#;
    many_entries: r#"BEGIN { $i = 0; unroll(30) { $i++; @[$i] = $i * $i; } exit(); }"#;
    the_largest_of_many: r#"BEGIN { $i = 0; unroll(30) { $i++; @[$i] = $i * $i; } print(@, 3); clear(@); exit(); }"#;
    more_wanted_than_there_are: r#"BEGIN { @[1] = 1; @[2] = 2; print(@, 10); clear(@); exit(); }"#;
    maps_that_only_the_end_fills: r#"BEGIN { exit(); } END { @at_the_end = 1; }"#;
    cleared_at_the_end: r#"BEGIN { @a = 1; @b[1] = 2; exit(); } END { clear(@a); clear(@b); printf("nothing left\n"); }"#;
    zeroed_counters: r#"BEGIN { @c["a"] = count(); @n = count(); exit(); } END { zero(@c); zero(@n); }"#;
    names_with_digits_and_underscores: r#"BEGIN { @a_1 = 1; @_b = 2; @C3 = 3; exit(); }"#;
    keys_that_are_small_types: r#"BEGIN { @[(uint8)255] = 1; @s[(int16)-2] = 2; exit(); }"#;
    values_that_are_negative_are_sorted: r#"BEGIN { @["a"] = -5; @["b"] = 3; @["c"] = -50; @["d"] = 0; exit(); }"#;
    divided_numbers_are_cut: r#"BEGIN { @["a"] = 1999; @["b"] = 2001; @["c"] = 10; print(@, 0, 1000); clear(@); exit(); }"#;
    a_map_that_is_printed_twice: r#"BEGIN { @[1] = 1; exit(); } END { print(@); }"#;
}
