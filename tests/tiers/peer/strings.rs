//! Text: comparison, keys, values, functions.

use super::harness::peers;

peers! {
    equal_and_unequal_text: r#"BEGIN { $a = "abc"; if ($a == "abc") { printf("equal\n"); } if ($a != "abd") { printf("unequal\n"); } if ($a == "ab") { printf("wrong\n"); } exit(); }"#;
    the_first_bytes_of_text: r#"BEGIN { $a = "tracepoint"; printf("%d %d\n", strncmp($a, "trace", 5) == 0, strncmp($a, "trade", 5) == 0); exit(); }"#;
    as_many_bytes_as_both_have: r#"BEGIN { $a = "same"; printf("%d %d\n", strncmp($a, "same", 10) == 0, strncmp($a, "samx", 3) == 0); exit(); }"#;
    text_in_a_ternary: r#"BEGIN { $n = 3; $s = $n > 2 ? "many" : "few"; printf("%s\n", $s); exit(); }"#;
    text_in_variables: r#"BEGIN { $a = "first"; $b = $a; $a = "later"; printf("%s %s\n", $a, $b); exit(); }"#;
    text_as_keys: r#"BEGIN { $k = "key"; @[$k] = 1; @["other"] = 2; printf("%d\n", @["key"]); exit(); }"#;
    text_as_values: r#"BEGIN { @["k"] = "value"; @name = "x y"; exit(); }"#;
    shorter_text_over_longer: r#"BEGIN { @s = "a longer text"; @s = "short"; exit(); }"#;
    keys_of_text_and_number: r#"BEGIN { @["a", 1] = 10; @["a", 2] = 20; @["b", 1] = 30; exit(); }"#;
    text_with_quotes_in_a_map: r#"BEGIN { @["say \"hi\""] = 1; @v = "back\\slash"; exit(); }"#;
    text_with_tabs_and_lines: r#"BEGIN { @v = "a\tb"; printf("%s|%s\n", @v, "x\ny"); clear(@v); exit(); }"#;
    text_that_is_empty_in_a_map: r#"BEGIN { @e = ""; @[""] = 1; exit(); }"#;
    text_that_is_printed_by_itself: r#"BEGIN { $s = "alone"; print($s); @m = "in a map"; print(@m); clear(@m); exit(); }"#;
    bytes_of_text: r#"BEGIN { printf("%r|%r\n", buf("hello", 5), buf("hello", 2)); exit(); }"#;
    bytes_that_cannot_be_printed: r#"BEGIN { printf("%r\n", buf("a\x01\x7f\n", 4)); exit(); }"#;
    text_of_every_process: r#"BEGIN { @[comm == "nobody-has-this" ? "yes" : "no"] = 1; exit(); }"#;
    characters_that_json_escapes: r#"BEGIN { printf("\"\\\t\n"); exit(); }"#;
    comparison_of_two_maps: r#"BEGIN { @a = "x"; @b = "x"; printf("%d\n", @a == @b); clear(@a); clear(@b); exit(); }"#;
}
