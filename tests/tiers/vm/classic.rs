//! Probes that every kernel has, on a kernel of another age: other instructions, other helpers, other record layouts.

use tracedeck_tests::binary::{run, trace};
use tracedeck_tests::require_tracing;

#[test]
fn system_calls_and_aggregations_are_the_same_everywhere() {
    require_tracing!();
    let run = trace(
        r#"tracepoint:syscalls:sys_enter_getppid /comm == "td_target"/ {
               @ = count();
               @half = lhist(@n / 2, 0, 10, 5);
               @n -= 3;
               @thirds[@n / 3, @n % 4] = 1;
           }
           rawtracepoint:sched_process_exit /comm == "td_target"/ { @exits++; }"#,
        "getppid 12",
    );
    assert_eq!((run.map("@"), run.map("@exits")), (12.into(), 1.into()));
    // -1, 0, 0, 1, ... would be unsigned nonsense without signed division.
    assert_eq!(run.map("@thirds")["-12,0"], 1, "{}", run.stdout);
    let buckets: Vec<i64> =
        run.map("@half").as_array().expect("buckets").iter().filter_map(|it| it["count"].as_i64()).collect();
    assert_eq!(buckets.iter().sum::<i64>(), 12);
}

#[test]
fn timers_tick_everywhere() {
    require_tracing!();
    // The run ends with its third tick: a machine that is slow only takes longer.
    let run = run(&["-f", "json", "-e", "interval:ms:50 { @ticks++; if (@ticks == 3) { exit(); } }"]).expect_code(0);
    assert_eq!(run.map("@ticks"), 3);
}
