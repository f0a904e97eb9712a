//! Scripts that neither takes: an error on the standard error, nothing on the other, the same status.

use super::harness::{peers, script};

peers! {
    an_unknown_variable: script("BEGIN { @ = $x; exit(); }").fails();
    an_unknown_function: script("BEGIN { nonsense(1); exit(); }").fails();
    an_unknown_word: script("BEGIN { @ = nonsense; exit(); }").fails();
    a_missing_bracket: script("BEGIN { @ = 1; ").fails();
    a_missing_parenthesis: script("BEGIN { printf(\"x\"; }").fails();
    no_script: script("").fails();
    too_few_arguments_of_a_format: script(r#"BEGIN { printf("%d %d\n", 1); exit(); }"#).fails();
    too_many_arguments_of_a_format: script(r#"BEGIN { printf("%d\n", 1, 2); exit(); }"#).fails();
    text_where_a_number_is_formatted: script(r#"BEGIN { printf("%d\n", "text"); exit(); }"#).fails();
    a_map_of_two_types: script(r#"BEGIN { @ = 1; @ = "text"; exit(); }"#).fails();
    keys_of_two_types: script(r#"BEGIN { @[1] = 1; @["text"] = 1; exit(); }"#).fails();
    a_map_with_and_without_keys: script("BEGIN { @ = 1; @[1] = 1; exit(); }").fails();
    two_aggregations_of_one_map: script("BEGIN { @ = count(); @ = sum(5); exit(); }").fails();
    an_aggregation_of_a_variable: script("BEGIN { $x = count(); exit(); }").fails();
    comparing_text_with_a_number: script(r#"BEGIN { if ("a" == 1) { exit(); } exit(); }"#).fails();
    too_many_arguments: script("BEGIN { @ = count(1, 2, 3); exit(); }").fails();
    unsafe_functions_need_a_permission: script(r#"BEGIN { system("echo no"); exit(); }"#).fails();
    unrolling_too_often: script("BEGIN { unroll(1000) { @++; } exit(); }").fails();
    unrolling_never: script("BEGIN { unroll(0) { @++; } exit(); }").fails();
    an_unknown_field: script("tracepoint:syscalls:sys_enter_getppid { @ = args->nonsense; }").fails();
    an_unknown_tracepoint: script("tracepoint:nonsense:nothing { @ = 1; }").fails();
    an_unknown_file: script("uprobe:/no/such/file:main { @ = 1; }").fails();
    no_rate: script("profile:hz:0 { @ = 1; }").fails();
    arguments_where_there_are_none: script("interval:s:1 { @ = arg0; }").fails();
    the_result_where_there_is_none: script("uprobe:TARGET:counted_function { @ = retval; }").fails();
    a_part_that_is_not_there: script("BEGIN { $t = (1, 2); printf(\"%d\\n\", $t.5); exit(); }").fails();
    a_linear_histogram_without_a_range: script("BEGIN { @ = lhist(1, 10, 5, 1); exit(); }").fails();
    an_unknown_type: script("BEGIN { $x = (struct nonsense *)0; @ = $x->field; exit(); }").fails();
    break_outside_of_a_loop: script("BEGIN { break; }").fails();
    a_format_that_is_no_literal: script(r#"BEGIN { $f = "x"; printf($f); exit(); }"#).fails();
    assigning_text_to_a_number: script(r#"BEGIN { $x = 1; $x = "text"; exit(); }"#).fails();
}
