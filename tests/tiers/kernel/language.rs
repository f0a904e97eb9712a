//! The language in the kernel: each line is computed by the program and compared with the expected text.

use tracedeck_tests::binary::run;
use tracedeck_tests::require_tracing;

/// Runs `BEGIN { … }` and compares its lines.
#[track_caller]
pub(crate) fn prints(body: &str, expected: &[&str]) {
    script_prints(&format!("BEGIN {{ {body} }}"), expected);
}

/// Runs a script and compares its lines.
#[track_caller]
fn script_prints(script: &str, expected: &[&str]) {
    let run = run(&["-q", "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected, "{script}\nstderr: {}", run.stderr);
}

#[test]
fn macros_of_every_kind_of_parameter() {
    require_tracing!();
    script_prints(
        r#"macro twice(x) { x; x }
           macro swap($a, $b) { let $t = $a; $a = $b; $b = $t; }
           macro seen(@m, k) { @m[k] += 1; @m[k] }
           macro size(t) { sizeof(t) }
           begin {
             $i = 0; $j = 10;
             printf("%d %d\n", twice($i++), $i);
             swap($i, $j); printf("%d %d\n", $i, $j);
             printf("%d %d\n", seen(@s, 5), seen(@s, 5));
             printf("%d\n", size(typeof(uint16)) + size($i));
           }"#,
        &["1 2", "10 2", "1 2", "10", "@s[5]: 2"],
    );
}

#[test]
fn while_loops_run_to_any_bound_and_tell_when_they_are_cut_off() {
    require_tracing!();
    prints(
        r#"$n = 0; $i = 0; while ($i < 100000) { $i++; if ($i % 2 == 0) { continue; } $n++; } printf("%d %d\n", $i, $n);
           $k = 0; while (1) { $k++; if ($k == 50) { break; } } printf("%d\n", $k);
           $a = 0; while ($a < 3) { $b = 0; while ($b < 4) { $b++; @inner++; } $a++; }
           $c = 0; while ($c < 10) { $c++; if ($c == 4) { printf("left\n"); return; } } printf("never\n");"#,
        &["100000 50000", "50", "left", "@inner: 12"],
    );
    let cut = run(&["-q", "-e", "begin { $i = 0; while ($i < 9000000) { $i++; } print($i); }"]).expect_code(0);
    assert_eq!(cut.stdout.trim(), "8388608");
    assert!(cut.stderr.contains("cut off after 8388608 passes"), "{}", cut.stderr);
}

#[test]
fn definitions_and_named_parameters_reach_the_program() {
    require_tracing!();
    let script = "#define BASE 40\n#define SUM (BASE + getopt(\"more\", 1))\n#ifdef BPFTRACE_HAVE_BTF\n\
                  #define KIND \"btf\"\n#endif\nbegin { printf(\"%d %s %s\\n\", SUM, KIND, getopt(\"name\", \"none\")); }";
    let run_with = |parameters: &[&str]| {
        let arguments: Vec<&str> = ["-q", "-e", script, "--"].iter().chain(parameters).copied().collect();
        run(&arguments)
    };
    assert_eq!(run_with(&["--more=2", "--name=x"]).expect_code(0).stdout.trim(), "42 btf x");
    assert_eq!(run_with(&[]).expect_code(0).stdout.trim(), "41 btf none");
    assert!(run_with(&["--nome=x"]).expect_code(1).stderr.contains("Did you mean 'name'?"));
    assert!(run_with(&["--more=x"]).expect_code(1).stderr.contains("needs an integer, not 'x'"));
    let help = run_with(&["--help"]).expect_code(0).stdout;
    assert!(help.contains("--more=NUMBER (default: 1)") && help.contains("--name=TEXT (default: \"none\")"), "{help}");
}

#[test]
fn functions_are_called() {
    require_tracing!();
    script_prints(
        r#"fn add($a : int64, $b : uint8) : int64 { return $a + $b; }
           fn size($n : int64) : string[8] { if ($n > 1024) { return "large"; } return "small"; }
           fn longer($a : string[16], $b : string[16]) : string[16] { if (strlen($a) > strlen($b)) { return $a; } return $b; }
           fn upto($n : int64) : int64 { $s = 0; for $i : 0..100 { if ($i == $n) { return $s; } $s += $i; } return -1; }
           fn six($a : int8, $b : int16, $c : int32, $d : int64, $e : uint64, $f : string[4]) : uint64 {
             return $a + $b + $c + $d + $e + strlen($f);
           }
           fn note($n : uint32) : void { if ($n > 5) { return; } @seen[$n] = count(); }
           fn narrow($n : int64) : uint8 { return (uint8)$n; }
           begin {
             printf("%d %d\n", add(5, 6), add(add(1, 2), (uint8)add(3, 4)));
             printf("%s %s\n", size(5000), size(5));
             printf("%s\n", longer(longer("a", "abc"), longer("abcd", "xy")));
             for $k : 0..3 { @sums[$k] = upto($k * 5); }
             printf("%d %d\n", upto(4), upto(1000));
             printf("%d\n", six(1, 2, 3, 4, 5, "abc"));
             note(3); note(9); note(3);
             printf("%d\n", narrow(300));
           }"#,
        &[
            "11 10",
            "large small",
            "abcd",
            "6 -1",
            "18",
            "44",
            "@seen[3]: 2",
            "@sums[0]: 0",
            "@sums[1]: 10",
            "@sums[2]: 45",
        ],
    );
}

#[test]
fn integer_arithmetic() {
    require_tracing!();
    prints(
        r#"$a = (int64)-7; $b = (uint64)3; $c = 100;
           printf("%d %d %d\n", $a + 2, $c - 200, $c * 3);
           printf("%lu %lu\n", (uint64)10 / $b, (uint64)10 % $b);
           printf("%d %d %d\n", $c & 6, $c | 3, $c ^ 1);
           printf("%d %d %x\n", 1 << 10, 1024 >> 3, ~0);
           printf("%d %d\n", $a < 0, !$a);"#,
        &["-5 -100 300", "3 1", "4 103 101", "1024 128 ffffffff", "1 0"],
    );
}

#[test]
fn truncating_casts_and_signs() {
    require_tracing!();
    prints(
        r#"$x = (int64)nsecs; $y = $x - $x + 300;
           printf("%d %d %d\n", (uint8)$y, (int8)($y - 100), (int16)$y);
           printf("%lld\n", (int64)(int32)($y - 301));"#,
        &["44 -56 300", "-1"],
    );
}

#[test]
fn division_by_zero_gives_one_and_a_warning() {
    require_tracing!();
    let run = run(&["-q", "-e", r#"BEGIN { $z = nsecs; $z = $z - $z; printf("%d\n", 10 / $z); }"#]).expect_code(0);
    assert_eq!(run.stdout.lines().next(), Some("1"));
    assert!(run.stderr.to_lowercase().contains("by 0"), "{}", run.stderr);
}

#[test]
fn branches_loops_and_scopes() {
    require_tracing!();
    prints(
        r#"$sum = 0;
           for ($i : 0..10) { if ($i == 3) { continue; } if ($i == 7) { break; } $sum += $i; }
           printf("%d\n", $sum);
           $n = 0; while ($n < 5) { $n++; } printf("%d\n", $n);
           unroll(4) { $n += 2; } printf("%d\n", $n);
           $v = $n > 10 ? "big" : "small"; printf("%s\n", $v);
           $w = if $n == 13 { "thirteen" } else { "other" }; printf("%s\n", $w);
           if ($n == 1) { printf("no\n"); } else if ($n == 13) { printf("yes\n"); } else { printf("never\n"); }"#,
        &["18", "5", "13", "big", "thirteen", "yes"],
    );
}

#[test]
fn maps_of_every_kind_of_key() {
    require_tracing!();
    prints(
        r#"@a[1, "x"] = 5; @a[(1, "x")]++; @b["key"] = "value"; @c = (1, "two", (3, 4)); @d[-1] = -2; @e += 7; @e -= 2;
           @n[1] = 1; @n[2] = 2; @n[3] = 3; delete(@n, 2);
           printf("%d %d %d\n", has_key(@n, 1), has_key(@n, 2), len(@n));
           for ($kv : @n) { @total += $kv.0 * 10 + $kv.1; }"#,
        &[
            "1 0 2",
            "@a[1, x]: 6",
            "@b[key]: value",
            "@c: (1, two, (3, 4))",
            "@d[-1]: -2",
            "@e: 5",
            "@n[1]: 1",
            "@n[3]: 3",
            "@total: 44",
        ],
    );
}

#[test]
fn strings_compare_and_cut() {
    require_tracing!();
    prints(
        r#"$s = "hello"; printf("%d %d %d\n", $s == "hello", $s != "help", strncmp($s, "help", 3));
           printf("%s|%-8s|%8s|%.2s\n", $s, $s, $s, $s);
           @s = $s; if (@s == "hello") { printf("same\n"); } clear(@s);"#,
        &["1 1 0", "hello|hello   |   hello|he", "same"],
    );
}

#[test]
fn addresses_become_text() {
    require_tracing!();
    prints(
        r#"printf("%s\n", ntop((uint32)0x0100007f)); @[ntop((uint32)0x08080808)] = count();"#,
        &["127.0.0.1", "@[8.8.8.8]: 1"],
    );
}

#[test]
fn kernel_structures_are_read_through_curtask() {
    require_tracing!();
    prints(
        r#"$t = (struct task_struct *)curtask;
           printf("%d %d\n", $t->tgid == pid, $t.pid == tid);
           printf("%s\n", $t->comm == comm ? "same" : "different");
           printf("%d\n", $t->real_parent->tgid > 0);"#,
        &["1 1", "same", "1"],
    );
}

#[test]
fn builtins_are_what_the_process_says() {
    require_tracing!();
    let run = run(&[
        "-q",
        "-f",
        "json",
        "-e",
        r#"BEGIN { printf("%d %d %d %d %s", pid, uid, ncpus, cpu < ncpus, comm); @e = elapsed; @n = nsecs; }"#,
    ])
    .expect_code(0);
    let printed = run.printed();
    let words: Vec<&str> = printed[0].split(' ').collect();
    assert!(words[0].parse::<u32>().expect("a pid") > 0);
    assert_eq!(words[1], "0");
    assert_eq!(
        words[2],
        std::fs::read_to_string("/sys/devices/system/cpu/possible").map(|text| possible(&text)).expect("cpus")
    );
    assert_eq!(words[3], "1");
    assert!(words[4].starts_with("tracedeck"), "{words:?}");
}

/// `0-3` is four processors.
fn possible(text: &str) -> String {
    let last = text.trim().rsplit(['-', ',']).next().and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
    (last + 1).to_string()
}
