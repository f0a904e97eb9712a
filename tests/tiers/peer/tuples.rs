//! Tuples as values.

use super::harness::peers;

peers! {
    in_a_map_and_printed: r#"BEGIN { @t = (1, "two", (3, 4)); print((5, "six")); exit(); }"#;
    parts: r#"BEGIN { $t = (1, 2, 3); printf("%d %d %d\n", $t.0, $t.1, $t.2); exit(); }"#;
    parts_of_parts: r#"BEGIN { $t = (1, (2, 3), 4); printf("%d %d\n", $t.1.0, $t.1.1); exit(); }"#;
    text_as_a_part: r#"BEGIN { $t = (1, "abc"); printf("%s %d\n", $t.1, $t.0); exit(); }"#;
    parts_in_conditions: r#"BEGIN { $t = (5, 6); if ($t.0 < $t.1) { printf("less\n"); } exit(); }"#;
    parts_as_keys: r#"BEGIN { $t = (5, "k"); @[$t.0, $t.1] = 1; exit(); }"#;
    by_key: r#"BEGIN { @["a"] = (1, 2); @["b"] = (3, 4); exit(); }"#;
    printed_with_all_types: r#"BEGIN { print((1, -2, "three", (uint8)4)); exit(); }"#;
    assigned_again: r#"BEGIN { $t = (1, "a"); $t = (2, "b"); print($t); exit(); }"#;
    three_levels: r#"BEGIN { $t = (1, (2, (3, 4))); print($t); printf("%d\n", $t.1.1.0); exit(); }"#;
    computed_parts: r#"BEGIN { $i = 4; $t = ($i + 1, $i * 2); printf("%d %d\n", $t.0, $t.1); exit(); }"#;
    read_from_a_map: r#"BEGIN { @t = (7, 8); $t = @t; printf("%d\n", $t.1); clear(@t); exit(); }"#;
}
