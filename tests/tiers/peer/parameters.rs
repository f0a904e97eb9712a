//! Positional parameters.

use super::harness::{peers, script};

peers! {
    numbers: script(r#"BEGIN { printf("%d %d\n", $1, $2 + 1); exit(); }"#).parameters(&["42", "7"]);
    text: script(r#"BEGIN { printf("%s %s\n", str($1), str($2)); exit(); }"#).parameters(&["hello", "a b"]);
    a_number_as_text: script(r#"BEGIN { printf("%s\n", str($1)); exit(); }"#).parameters(&["42"]);
    how_many: script(r#"BEGIN { printf("%d\n", $#); exit(); }"#).parameters(&["a", "b", "c"]);
    none: r#"BEGIN { printf("%d\n", $#); exit(); }"#;
    other_bases: script(r#"BEGIN { printf("%d\n", $1); exit(); }"#).parameters(&["0x20"]);
    a_missing_one_is_zero: script(r#"BEGIN { printf("%d|%s|\n", $2, str($3)); exit(); }"#).parameters(&["1"]);
    in_a_condition: script(r#"BEGIN { if ($1 > 10) { printf("more\n"); } else { printf("less\n"); } exit(); }"#).parameters(&["11"]);
    as_keys: script(r#"BEGIN { @[$1] = 1; @s[str($2)] = 2; exit(); }"#).parameters(&["5", "five"]);
    in_a_predicate: script(r#"BEGIN { exit(); } END /$1 == 3/ { printf("three\n"); }"#).parameters(&["3"]);
    compared_with_text: script(r#"BEGIN { if (str($1) == "on") { printf("is on\n"); } exit(); }"#).parameters(&["on"]);
    how_often_to_unroll: script(r#"BEGIN { $i = 0; unroll($1) { $i++; } printf("%d\n", $i); exit(); }"#).parameters(&["6"]);
    in_an_attach_point: script("interval:ms:$1 /!@done/ { @done = 1; exit(); }").parameters(&["3"]);
}
