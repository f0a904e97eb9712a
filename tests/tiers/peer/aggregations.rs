//! count, sum, min, max, avg: values, order, printing.

use super::harness::peers;

peers! {
    counts_and_sums: r#"BEGIN { @c = count(); @s = sum(5); @s = sum(7); @lo = min(3); @lo = min(2); @hi = max(4); @hi = max(9); exit(); }"#;
    averages: r#"BEGIN { @a = avg(10); @a = avg(21); exit(); }"#;
    sums_by_key_in_their_order: r#"BEGIN { @s["a"] = sum(30); @s["b"] = sum(10); @s["c"] = sum(20); @s["b"] = sum(5); exit(); }"#;
    averages_by_key_in_their_order: r#"BEGIN { @["x"] = avg(10); @["y"] = avg(3); @["y"] = avg(5); @["z"] = avg(100); exit(); }"#;
    counts_by_key: r#"BEGIN { @["a"] = count(); @["b"] = count(); @["b"] = count(); @["c"] = count(); @["c"] = count(); @["c"] = count(); exit(); }"#;
    counts_by_two_keys: r#"BEGIN { @[1, "a"] = count(); @[1, "b"] = count(); @[1, "b"] = count(); exit(); }"#;
    sums_of_negative_numbers: r#"BEGIN { @s = sum(-5); @s = sum(3); @k["x"] = sum(-10); exit(); }"#;
    the_smallest_by_key: r#"BEGIN { @["a"] = min(9); @["a"] = min(4); @["b"] = min(7); exit(); }"#;
    the_largest_by_key: r#"BEGIN { @["a"] = max(9); @["a"] = max(40); @["b"] = max(7); exit(); }"#;
    the_smallest_is_kept: r#"BEGIN { @ = min(5); @ = min(50); @ = min(6); exit(); }"#;
    the_largest_is_kept: r#"BEGIN { @ = max(5); @ = max(50); @ = max(6); exit(); }"#;
    averages_are_cut: r#"BEGIN { @ = avg(1); @ = avg(2); @ = avg(2); exit(); }"#;
    the_largest_counts_are_printed: r#"BEGIN { @["a"] = count(); @["b"] = count(); @["b"] = count(); print(@, 1); clear(@); exit(); }"#;
    sums_divided_for_printing: r#"BEGIN { @["a"] = sum(5000); @["b"] = sum(7500); print(@, 0, 1000); clear(@); exit(); }"#;
    a_counter_alone: r#"BEGIN { @ = count(); @ = count(); print(@); exit(); }"#;
    counters_that_are_cleared: r#"BEGIN { @[1] = count(); exit(); } END { clear(@); }"#;
    sums_in_a_loop: r#"BEGIN { $i = 0; unroll(10) { $i++; @s = sum($i); @lo = min($i); @hi = max($i); } exit(); }"#;
    statistics_in_json_and_text_of_averages: r#"BEGIN { @["k"] = avg(7); @["k"] = avg(8); print(@); clear(@); exit(); }"#;
    sums_of_small_types: r#"BEGIN { @s = sum((uint8)200); @s = sum((uint8)100); exit(); }"#;
    an_aggregation_under_a_condition: r#"BEGIN { $x = 5; if ($x > 3) { @["yes"] = count(); } else { @["no"] = count(); } exit(); }"#;
    deleted_counters: r#"BEGIN { @["a"] = count(); @["b"] = count(); delete(@["a"]); exit(); }"#;
}
