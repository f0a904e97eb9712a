//! Counts, sums and histograms, each against an independent count.

use tracedeck_tests::binary::{command, run, trace};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target::{self, TemporaryPath};

#[test]
fn system_calls_are_counted_by_process() {
    require_tracing!();
    let run = trace("tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); }", "getppid 1000");
    assert_eq!(run.map("@")["td_target"], 1000);
}

#[test]
fn a_wildcard_counts_every_matching_call_once() {
    require_tracing!();
    let run =
        trace(r#"tracepoint:syscalls:sys_enter_getp* /comm == "td_target"/ { @[probe] = count(); }"#, "getppid 700");
    assert_eq!(run.map("@")["tracepoint:syscalls:sys_enter_getppid"], 700);
}

#[test]
fn the_file_name_of_exec_is_printed() {
    require_tracing!();
    let run = trace(
        r#"t:syscalls:sys_enter_execve { printf("%s|%s\n", comm, str(args.filename)); }"#,
        "short /bin/true /bin/echo",
    );
    let printed = run.printed();
    let executed: Vec<&str> = printed.iter().filter_map(|line| line.strip_prefix("td_target|")).collect();
    assert_eq!(executed, ["/bin/true\n", "/bin/echo\n"], "{printed:?}");
}

#[test]
fn the_time_of_write_is_summed_by_process() {
    require_tracing!();
    let report = TemporaryPath::new("report");
    let script = r#"
        tracepoint:syscalls:sys_enter_write /comm == "td_target"/ { @start[tid] = nsecs; }
        tracepoint:syscalls:sys_exit_write /@start[tid]/ {
            @time[comm] = sum(nsecs - @start[tid]);
            @calls[comm] = count();
            delete(@start, tid);
        }
        END { clear(@start); }
    "#;
    let output = command(&["-f", "json", "-c", &target::command("write 500 64"), "-e", script])
        .env("TARGET_REPORT", report.path())
        .output()
        .expect("tracedeck");
    let run = tracedeck_tests::binary::Run::from(output).expect_code(0);
    let said = std::fs::read_to_string(report.path()).expect("the target's report");
    let own: Vec<i64> = said.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    // The report itself is one write more, after the measured ones.
    let calls = run.map("@calls")["td_target"].as_i64().expect("a count");
    assert_eq!(calls, own[0] + 1);
    let traced = run.map("@time")["td_target"].as_i64().expect("a sum");
    assert!(traced > 0 && traced < own[1] + 50_000_000, "traced {traced} ns, the program saw {} ns", own[1]);
}

#[test]
fn a_histogram_of_return_values_has_exact_buckets() {
    require_tracing!();
    let run = trace(
        r#"tracepoint:syscalls:sys_enter_read /comm == "td_target" && args.count < 100000/ { @on[tid] = 1; }
           tracepoint:syscalls:sys_exit_read /@on[tid] == 1 && args.ret < 700/ { @ = hist(args.ret); }
           END { clear(@on); }"#,
        "read 1 2 3 4 7 8 64 100 127 600 600",
    );
    let buckets = run.map("@");
    let count = |min: i64| {
        buckets
            .as_array()
            .into_iter()
            .flatten()
            .find(|bucket| bucket["min"] == min)
            .map_or(0, |bucket| bucket["count"].as_i64().expect("a count"))
    };
    assert_eq!((count(1), count(2), count(8)), (1, 2, 1), "{buckets}");
    assert_eq!((count(4), count(64)), (2, 3), "{buckets}");
    assert!(count(512) >= 2, "{buckets}");
}

#[test]
fn a_linear_histogram_puts_its_bounds_where_they_belong() {
    require_tracing!();
    let uprobe = format!("uprobe:{}:counted_function", target::target().display());
    let run = trace(&format!("{uprobe} {{ @ = lhist(arg0, 10, 30, 5); }}"), "call 40");
    let counts: Vec<(Option<i64>, i64)> = run
        .map("@")
        .as_array()
        .expect("buckets")
        .iter()
        .map(|bucket| (bucket["min"].as_i64(), bucket["count"].as_i64().expect("a count")))
        .collect();
    assert_eq!(counts, [(None, 10), (Some(10), 5), (Some(15), 5), (Some(20), 5), (Some(25), 5), (Some(30), 10)]);
}

#[test]
fn every_aggregation_agrees_with_arithmetic() {
    require_tracing!();
    let uprobe = format!("uprobe:{}:counted_function", target::target().display());
    let script = format!(
        "{uprobe} {{ @count = count(); @sum = sum(arg0); @min = min(arg0 + 3); @max = max(arg0); @avg = avg(arg0);
                    @stats = stats(arg0); @by[arg0 % 3] = sum(arg0); @signed = sum((int64)arg0 - 50); }}"
    );
    let run = trace(&script, "call 101");
    assert_eq!(run.map("@count"), 101);
    assert_eq!(run.map("@sum"), 5050);
    assert_eq!(run.map("@min"), 3);
    assert_eq!(run.map("@max"), 100);
    assert_eq!(run.map("@avg"), 50);
    assert_eq!(run.map("@stats"), serde_json::json!({"count": 101, "average": 50, "total": 5050}));
    assert_eq!(run.map("@by"), serde_json::json!({"0": 1683, "1": 1717, "2": 1650}));
    assert_eq!(run.map("@signed"), 0);
}

#[test]
fn page_faults_are_counted_by_process() {
    require_tracing!();
    let run = trace("software:page-faults:1 { @[comm] = count(); }", "faults 2000");
    let faults = run.map("@")["td_target"].as_i64().expect("a count");
    assert!((2000..3000).contains(&faults), "{faults} faults");
}

#[test]
fn interval_prints_and_clears() {
    require_tracing!();
    let run = run(&[
        "-e",
        r#"BEGIN { @n = 0; } interval:ms:50 { @n++; @seen[@n] = count(); print(@n); clear(@seen); if (@n >= 3) { exit(); } }"#,
    ])
    .expect_code(0);
    let printed: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(printed, ["@n: 1", "@n: 2", "@n: 3", "@n: 3"], "{}", run.stdout);
}

#[test]
fn a_full_map_is_counted_not_silent() {
    require_tracing!();
    let script = format!(
        "config = {{ max_map_keys = 100 }} uprobe:{}:counted_function {{ @k[arg0] = 1; }}",
        target::target().display()
    );
    let run = run(&["-c", &target::command("keys 1000"), "-e", &script]).expect_code(0);
    let kept = run.stdout.lines().filter(|line| line.starts_with("@k[")).count();
    assert_eq!(kept, 100, "{}", run.stdout);
    assert!(run.stderr.contains("900"), "900 lost updates are reported: {}", run.stderr);
}
