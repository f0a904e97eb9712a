//! Clocks and timers, as far as they are the same in every run.

use super::harness::{peers, script};

peers! {
    a_literal_through_time: r#"BEGIN { time("at noon\n"); exit(); }"#;
    the_century: r#"BEGIN { time("%C\n"); exit(); }"#;
    percent_in_a_time: r#"BEGIN { time("100%%\n"); exit(); }"#;
    the_century_of_an_event: r#"BEGIN { printf("%s\n", strftime("%C", nsecs)); exit(); }"#;
    time_goes_forward: r#"BEGIN { $a = nsecs; $b = nsecs; printf("%d %d\n", $b >= $a, $a > 0); exit(); }"#;
    little_time_has_passed: r#"BEGIN { printf("%d\n", elapsed < 1000000000000); exit(); }"#;
    ticks_are_counted: r#"interval:ms:2 /@ < 4/ { @++; if (@ == 4) { exit(); } }"#;
    two_timers: r#"interval:ms:1 /@fast < 2/ { @fast++; } interval:ms:2 /@fast >= 2 && !@done/ { @done = 1; exit(); }"#;
    seconds: r#"interval:s:1 /!@done/ { @done = 1; printf("a second\n"); exit(); }"#;
    microseconds: r#"interval:us:500 /!@done/ { @done = 1; printf("ticked\n"); exit(); }"#;
    samples: r#"profile:hz:99 /!@done/ { @done = 1; exit(); }"#;
    samples_by_time: r#"profile:ms:5 /@n < 1/ { @n++; exit(); }"#;
    a_process_that_sleeps: script(r#"tracepoint:syscalls:sys_enter_clock_nanosleep /pid == cpid/ { @start = nsecs; } tracepoint:syscalls:sys_exit_clock_nanosleep /@start && pid == cpid/ { @[nsecs - @start > 900000 ? "long enough" : "too short"] = count(); @start = 0; }"#).child("nap 5");
}
