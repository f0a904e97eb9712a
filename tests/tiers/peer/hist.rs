//! Histograms of both kinds.

use super::harness::peers;

peers! {
    powers_of_two: r#"BEGIN { @ = hist(0); @ = hist(1); @ = hist(3); @ = hist(5); @ = hist(6); @ = hist(900); @ = hist(2000); exit(); }"#;
    by_key: r#"BEGIN { @["x"] = hist(5); @["y"] = hist(9); @["y"] = hist(8); exit(); }"#;
    linear: r#"BEGIN { @ = lhist(0, 0, 50, 10); @ = lhist(15, 0, 50, 10); @ = lhist(17, 0, 50, 10); @ = lhist(90, 0, 50, 10); exit(); }"#;
    negatives_and_large_numbers: r#"BEGIN { @ = hist(-3); @ = hist(0); @ = hist(1048576); @ = hist(1500000); @ = hist(1073741824); exit(); }"#;
    linear_below_and_above_the_range: r#"BEGIN { @ = lhist(-5, 0, 30, 10); @ = lhist(30, 0, 30, 10); @ = lhist(29, 0, 30, 10); exit(); }"#;
    linear_in_kilobytes: r#"BEGIN { @ = lhist(1500, 0, 8192, 1024); @ = lhist(5000, 0, 8192, 1024); exit(); }"#;
    limited_for_printing: r#"BEGIN { @["a"] = hist(2); @["b"] = hist(2); @["b"] = hist(4); print(@, 1); clear(@); exit(); }"#;
    one_bucket: r#"BEGIN { @ = hist(100); exit(); }"#;
    only_zero: r#"BEGIN { @ = hist(0); @ = hist(0); exit(); }"#;
    edges_of_buckets: r#"BEGIN { @ = hist(2); @ = hist(3); @ = hist(4); @ = hist(7); @ = hist(8); @ = hist(15); @ = hist(16); exit(); }"#;
    edges_at_kilobytes: r#"BEGIN { @ = hist(1023); @ = hist(1024); @ = hist(2047); @ = hist(2048); exit(); }"#;
    bars_of_different_lengths: r#"BEGIN { unroll(7) { @ = hist(1); } unroll(3) { @ = hist(2); } @ = hist(4); exit(); }"#;
    by_number: r#"BEGIN { @[10] = hist(5); @[2] = hist(5); @[2] = hist(6); exit(); }"#;
    by_two_keys: r#"BEGIN { @["a", 1] = hist(3); @["a", 2] = hist(3); @["a", 2] = hist(300); exit(); }"#;
    printed_and_cleared: r#"BEGIN { @ = hist(5); print(@); clear(@); exit(); }"#;
    linear_by_key: r#"BEGIN { @["x"] = lhist(5, 0, 20, 5); @["y"] = lhist(12, 0, 20, 5); @["y"] = lhist(13, 0, 20, 5); exit(); }"#;
    linear_with_steps_of_two: r#"BEGIN { @ = lhist(3, 0, 10, 2); @ = lhist(5, 0, 10, 2); @ = lhist(6, 0, 10, 2); exit(); }"#;
    linear_from_another_start: r#"BEGIN { @ = lhist(150, 100, 200, 25); @ = lhist(99, 100, 200, 25); @ = lhist(100, 100, 200, 25); exit(); }"#;
    linear_above_the_range_only: r#"BEGIN { @ = lhist(1000, 0, 100, 10); exit(); }"#;
    two_histograms: r#"BEGIN { @b = hist(5); @a = lhist(5, 0, 10, 5); exit(); }"#;
    large_values: r#"BEGIN { @ = hist(268435456); @ = hist(536870912); @ = hist(1073741823); exit(); }"#;
    of_a_variable: r#"BEGIN { $i = 1; unroll(12) { @ = hist($i); $i = $i * 3; } exit(); }"#;
}
