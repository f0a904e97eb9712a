//! The same script through `bpftrace` and through tracedeck: what both print, text and JSON, must be the same.
//!
//! Only scripts whose output does not depend on the machine and did not change between versions of bpftrace.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tracedeck_tests::{binary, require_tracing, skip};

/// `BPFTRACE` of the environment, or the one in `PATH`.
fn bpftrace() -> Option<PathBuf> {
    let path = std::env::var_os("BPFTRACE").map_or_else(|| PathBuf::from("bpftrace"), PathBuf::from);
    Command::new(&path).arg("--version").stdout(Stdio::null()).status().ok().map(|_| path)
}

/// The lines that the script printed. Older versions announce on standard output what newer ones say on standard error,
/// and put a space behind the names of histograms.
fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output)
        .lines()
        .filter(|line| !line.starts_with("Attaching ") && !line.contains("attached_probes"))
        .map(|line| line.trim_end().to_owned())
        .skip_while(String::is_empty)
        .collect()
}

/// Runs the script in both and compares what they print.
#[track_caller]
fn agree(name: &str, script: &str) {
    let Some(bpftrace) = bpftrace() else {
        skip::skip(name, "bpftrace is not installed");
        return;
    };
    for format in ["text", "json"] {
        let theirs = Command::new(&bpftrace)
            .args(["-f", format, "-e", script])
            .stdin(Stdio::null())
            .output()
            .expect("starting bpftrace");
        assert!(theirs.status.success(), "{script}\n{}", String::from_utf8_lossy(&theirs.stderr));
        let ours = binary::run(&["-f", format, "-e", script]).expect_code(0);
        let (ours, mut theirs) = (lines(ours.stdout.as_bytes()), lines(&theirs.stdout));
        if format == "json" {
            // Same values, whatever the spaces. Older versions print the blank lines of the text form here, too.
            theirs.retain(|line| !line.is_empty());
            let parse = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap_or_default();
            assert_eq!(
                ours.iter().map(parse).collect::<Vec<_>>(),
                theirs.iter().map(parse).collect::<Vec<_>>(),
                "{script}"
            );
            continue;
        }
        // Blank lines at the very end differ between versions.
        while theirs.last().is_some_and(String::is_empty) {
            theirs.pop();
        }
        let mut ours = ours;
        while ours.last().is_some_and(String::is_empty) {
            ours.pop();
        }
        assert_eq!(ours.join("\n"), theirs.join("\n"), "{script}");
    }
}

/// One test for each script, named after what it claims.
macro_rules! peers {
    ($($name:ident: $script:expr;)*) => {
        $(#[test]
        fn $name() {
            require_tracing!();
            agree(stringify!($name), $script);
        })*
    };
}

peers! {
    printf_lays_numbers_and_text_out_alike: r#"BEGIN { printf("%d|%5d|%-5d|%05d|%x|%s|%-6s|%6s|%c\n", -3, 42, 42, 42, 255, "abc", "ab", "ab", 65); exit(); }"#;
    integers_of_64_bits_print_whole: r#"BEGIN { printf("%lu %ld %llx\n", (uint64)18446744073709551615, -9223372036854775807, 81985529216486895); exit(); }"#;
    maps_are_sorted_by_value: r#"BEGIN { @["b"] = 2; @["a"] = 3; @["c"] = 1; exit(); }"#;
    maps_are_printed_in_the_order_of_their_names: r#"BEGIN { @z = 1; @a = 2; @m = 3; exit(); }"#;
    keys_of_several_parts_are_joined: r#"BEGIN { @[1, "x"] = 7; exit(); }"#;
    counts_and_sums: r#"BEGIN { @c = count(); @s = sum(5); @s = sum(7); @lo = min(3); @lo = min(2); @hi = max(4); @hi = max(9); exit(); }"#;
    averages: r#"BEGIN { @a = avg(10); @a = avg(21); exit(); }"#;
    histograms_of_powers_of_two: r#"BEGIN { @ = hist(0); @ = hist(1); @ = hist(3); @ = hist(5); @ = hist(6); @ = hist(900); @ = hist(2000); exit(); }"#;
    histograms_by_key: r#"BEGIN { @["x"] = hist(5); @["y"] = hist(9); @["y"] = hist(8); exit(); }"#;
    linear_histograms: r#"BEGIN { @ = lhist(0, 0, 50, 10); @ = lhist(15, 0, 50, 10); @ = lhist(17, 0, 50, 10); @ = lhist(90, 0, 50, 10); exit(); }"#;
    tuples: r#"BEGIN { @t = (1, "two", (3, 4)); print((5, "six")); exit(); }"#;
    the_largest_entries_of_a_map: r#"BEGIN { @[1] = 10; @[2] = 30; @[3] = 20; print(@, 2); clear(@); exit(); }"#;
    values_divided_for_printing: r#"BEGIN { @[1] = 1000; @[2] = 3500; print(@, 5, 1000); clear(@); exit(); }"#;
    bytes_as_text: r#"BEGIN { printf("%r\n", buf("a\tb", 3)); exit(); }"#;
    addresses_of_the_net: r#"BEGIN { printf("%s\n", ntop(0x0100007f)); exit(); }"#;
    loops_and_conditions: r#"BEGIN { $i = 0; while ($i < 5) { if ($i % 2 == 0) { printf("%d ", $i); } $i++; } printf("\n"); exit(); }"#;
    end_runs_before_the_maps_are_printed: r#"BEGIN { @x = 1; exit(); } END { printf("end\n"); }"#;
    flags_widths_and_bases: r#"BEGIN { printf("%08x|%X|%o|%-8d|%8u|%.3s|%-6.2s|%8.3s\n", 48879, 48879, 8, 7, 7, "abcdef", "xyz", "abcdef"); exit(); }"#;
    bytes_and_shorts: r#"BEGIN { printf("%hhd %hu %hhx\n", 127, 65535, 255); exit(); }"#;
    histograms_of_negatives_and_of_large_numbers: r#"BEGIN { @ = hist(-3); @ = hist(0); @ = hist(1048576); @ = hist(1500000); @ = hist(1073741824); exit(); }"#;
    linear_histograms_below_and_above_their_range: r#"BEGIN { @ = lhist(-5, 0, 30, 10); @ = lhist(30, 0, 30, 10); @ = lhist(29, 0, 30, 10); exit(); }"#;
    linear_histograms_in_kilobytes: r#"BEGIN { @ = lhist(1500, 0, 8192, 1024); @ = lhist(5000, 0, 8192, 1024); exit(); }"#;
    sums_by_key_in_their_order: r#"BEGIN { @s["a"] = sum(30); @s["b"] = sum(10); @s["c"] = sum(20); @s["b"] = sum(5); exit(); }"#;
    averages_by_key_in_their_order: r#"BEGIN { @["x"] = avg(10); @["y"] = avg(3); @["y"] = avg(5); @["z"] = avg(100); exit(); }"#;
    histograms_divided_and_limited: r#"BEGIN { @["a"] = hist(2); @["b"] = hist(2); @["b"] = hist(4); print(@, 1); clear(@); exit(); }"#;
    an_empty_map_prints_nothing: r#"BEGIN { @[1] = 2; clear(@); print(@); printf("after\n"); exit(); }"#;
    keys_that_are_numbers_of_both_signs: r#"BEGIN { @[-1] = 5; @[3] = 6; @[-20] = 7; @[100] = 8; exit(); }"#;
    strings_as_values: r#"BEGIN { @["k"] = "value"; @name = "x y"; exit(); }"#;
    entries_that_are_zeroed: r#"BEGIN { @["k"] = 7; zero(@); exit(); }"#;
    hexadecimal_bytes: r#"BEGIN { printf("%rx %rh\n", buf("a\xff", 2), buf("ab", 2)); exit(); }"#;
    ternaries_and_logic: r#"BEGIN { $x = 5; printf("%d %d %d\n", $x > 3 ? 1 : 2, $x > 3 && $x < 5, !$x); exit(); }"#;
}
