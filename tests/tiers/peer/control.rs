//! Branches, loops, ends, predicates.

use super::harness::peers;

peers! {
    loops_and_conditions: r#"BEGIN { $i = 0; while ($i < 5) { if ($i % 2 == 0) { printf("%d ", $i); } $i++; } printf("\n"); exit(); }"#;
    the_end_runs_before_the_maps_are_printed: r#"BEGIN { @x = 1; exit(); } END { printf("end\n"); }"#;
    else_if: r#"BEGIN { $x = 5; if ($x < 3) { printf("small\n"); } else if ($x < 6) { printf("middle\n"); } else { printf("large\n"); } exit(); }"#;
    branches_in_branches: r#"BEGIN { $x = 5; $y = 2; if ($x > 3) { if ($y > 3) { printf("both\n"); } else { printf("first\n"); } } exit(); }"#;
    a_condition_that_is_a_number: r#"BEGIN { $x = 0; if ($x) { printf("yes\n"); } else { printf("no\n"); } if (7) { printf("seven\n"); } exit(); }"#;
    break_ends_a_loop: r#"BEGIN { $i = 0; while ($i < 100) { if ($i == 4) { break; } printf("%d ", $i); $i++; } printf("\n"); exit(); }"#;
    continue_skips_the_rest: r#"BEGIN { $i = 0; while ($i < 6) { $i++; if ($i % 3 == 0) { continue; } printf("%d ", $i); } printf("\n"); exit(); }"#;
    loops_in_loops: r#"BEGIN { $i = 0; while ($i < 3) { $j = 0; while ($j < 3) { printf("%d%d ", $i, $j); $j++; } $i++; } printf("\n"); exit(); }"#;
    break_ends_the_inner_loop: r#"BEGIN { $i = 0; while ($i < 3) { $j = 0; while ($j < 9) { if ($j > $i) { break; } printf("%d%d ", $i, $j); $j++; } $i++; } printf("\n"); exit(); }"#;
    a_loop_that_never_starts: r#"BEGIN { while (0) { printf("never\n"); } printf("after\n"); exit(); }"#;
    unrolled: r#"BEGIN { $i = 0; unroll(4) { printf("%d ", $i); $i++; } printf("\n"); exit(); }"#;
    unrolled_in_unrolled: r#"BEGIN { $i = 0; unroll(3) { unroll(2) { $i++; } printf("%d ", $i); } printf("\n"); exit(); }"#;
    return_leaves_the_probe: r#"BEGIN { printf("before\n"); exit(); } END { if (1) { printf("end\n"); return; } printf("never\n"); }"#;
    exit_ends_the_probe: r#"BEGIN { printf("one\n"); exit(); printf("never\n"); }"#;
    exit_in_a_branch: r#"BEGIN { $x = 3; if ($x == 3) { printf("three\n"); exit(); } printf("never\n"); exit(); }"#;
    a_predicate_that_holds: r#"BEGIN /1 == 1/ { printf("holds\n"); exit(); }"#;
    a_predicate_of_a_timer: r#"BEGIN { @n = 0; } interval:ms:1 /@n < 3/ { @n++; if (@n == 3) { printf("three\n"); exit(); } }"#;
    logic_stops_early: r#"BEGIN { @c = 0; $a = 0; if ($a && @c++) { printf("no\n"); } if (1 || @c++) { printf("yes %d\n", @c); } clear(@c); exit(); }"#;
    comments: "// one\nBEGIN { /* two */ printf(\"three\\n\"); // four\n exit(); }";
    statements_on_many_lines: "BEGIN\n{\n  $x = 1\n    + 2;\n  printf(\"%d\\n\",\n    $x);\n  exit();\n}\n";
    a_loop_over_a_map_by_number: r#"BEGIN { @[0] = 5; @[1] = 6; @[2] = 7; $i = 0; while ($i < 3) { printf("%d ", @[$i]); $i++; } printf("\n"); clear(@); exit(); }"#;
    a_variable_of_several_branches: r#"BEGIN { $x = 2; $y = 0; if ($x == 1) { $y = 10; } else { $y = 20; } printf("%d\n", $y); exit(); }"#;
    only_an_end: r#"BEGIN { exit(); } END { printf("bye\n"); }"#;
    an_empty_beginning: r#"BEGIN { } interval:ms:1 { exit(); }"#;
}
