//! Types in the kernel: values of each kind are made, kept, compared and printed.

use tracedeck_tests::binary::{command, run, trace};
use tracedeck_tests::require_tracing;
use tracedeck_tests::target;

use super::language::prints;

#[test]
fn constants_and_type_forms() {
    require_tracing!();
    prints(
        r#"@a = sizeof(uint32); print(sizeof(@a)); @b = 200; print(sizeof(@b)); print((uint8)300); print(-(uint8)5);
           let $k : typeof(@m); @m[1, "a"] = (uint16)3; $k = (1, "a"); print(@m[$k]); print(sizeof(@m[$k]));
           print("ab" + "cd"); print("abcd" + 2); print(offsetof(struct task_struct, comm) > 100);
           clear(@a); clear(@b); clear(@m);"#,
        &["8", "2", "44", "-5", "3", "2", "abcd", "cd", "true"],
    );
}

#[test]
fn records_compare_by_their_names() {
    require_tracing!();
    prints(
        r#"$r = (x = 1, s = "a"); $q = (s = "a", x = 1); print($r == $q); print($r); @r[$r] = 7; print(@r[$q]);
           $r = (s = "longer", x = 300); print($r); print(()); print((1,)); clear(@r);"#,
        &["true", "{ .x = 1, .s = a }", "7", "{ .x = 300, .s = longer }", "()", "(1)"],
    );
}

#[test]
fn arrays_of_bytes_and_their_bounds() {
    require_tracing!();
    let script = r#"BEGIN { $a = (uint8[4])(uint32)0x01020304; print($a); print((uint32)$a); print($a == (uint8[4])pid);
                            $i = pid % 1 + 2; print($a[$i]); print($a[$i + 2]); print((int8[])"abc"); }"#;
    let run = run(&["-q", "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["[4,3,2,1]", "16909060", "false", "2", "0", "[97,98,99,0]"]);
    assert!(run.stderr.contains("Array access out of bounds"), "{}", run.stderr);
}

#[test]
fn enums_have_names_everywhere() {
    require_tracing!();
    let script = r#"enum color { RED, GREEN = 5, BLUE }
        BEGIN { $c = (enum color)(pid % 1 + 5); print($c); @[GREEN] = 1; @m = BLUE; printf("%s %d\n", BLUE, BLUE); print(RED + 1);
                print($c == GREEN); print((RED, BLUE)); }"#;
    let run = run(&["-q", "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["GREEN", "BLUE 6", "1", "true", "(RED, BLUE)", "@[GREEN]: 1", "@m: BLUE"]);
}

#[test]
fn values_are_read_through_addresses() {
    require_tracing!();
    prints(
        r#"$x = 5; $p = &$x; $x = 7; print(*$p); $t = (1, "two"); $q = &$t; print(*$q); print($q.1);
           @s = (uint64)9; $m = &@s; @s++; print(*$m); @k[1] = 1; print((&@k).max_entries); clear(@s); clear(@k);
           for ($i : 0..2) { $y = $i * 2; $r = &$y; print(*$r); } print((uint64)$p * 2 > 0);"#,
        &["7", "(1, two)", "two", "10", "4096", "0", "2", "true"],
    );
}

#[test]
fn aggregations_are_numbers_where_they_are_cast() {
    require_tracing!();
    prints(
        r#"@c = count(); @c = count(); $x = @c; print($x + 1); @a = (int64)@c; print(@a); @k[(uint64)@c, 1] = 5; print(@k[2, 1]);
           if (@c > 1) { print((1, @c)); } print(delete(@c)); print((int64)@c); clear(@a); clear(@k);"#,
        &["3", "@a: 2", "5", "(1, 2)", "true", "0"],
    );
}

#[test]
fn strings_of_64_kibibytes() {
    require_tracing!();
    let script = r#"config = { max_strlen = 65536 }
        t:syscalls:sys_enter_execve /comm == "td_target"/ {
            $a = str(args.filename); $b = ($a, comm); @k[$a] = 1;
            printf("%s|%d|%d|%d\n", $b.0, sizeof($a), $a == "/bin/true", strlen($a)); }"#;
    let script = script.replace("t:syscalls", "let @k = hash(10);\n t:syscalls");
    let run = trace(&script, "short /bin/true");
    assert_eq!(run.printed(), ["/bin/true|65536|1|9\n"]);
    assert_eq!(run.map("@k")["/bin/true"], 1);
}

#[test]
fn all_arguments_of_a_tracepoint_are_a_record() {
    require_tracing!();
    let script = r#"t:syscalls:sys_enter_read /comm == "td_target" && args.count == 77/ { print(args); }"#;
    let output = command(&["-q", "-c", &target::command("read 77"), "-e", script]).output().expect("tracedeck");
    let run = tracedeck_tests::binary::Run::from(output).expect_code(0);
    assert!(run.stdout.starts_with("{ .__syscall_nr = 0, .fd = "), "{}", run.stdout);
    assert!(run.stdout.contains(", .count = 77 }"), "{}", run.stdout);
}

#[test]
fn an_array_of_characters_may_be_full() {
    require_tracing!();
    let script = r#"struct s { char four[4]; char rest[4]; }
        BEGIN { $x = (uint64)0x0066656464636261; $p = (struct s *)&$x; print($p.four); print($p.rest); print(*$p);
                print($p.four == "abcd"); print(sizeof($p.four)); @[$p.four] = 1; $s = *$p; print($s.four);
                print(($p.four, $p.four, $p.rest, $p.rest) == ($s.four, "abcd", "def", $s.rest)); }"#;
    let run = run(&["-q", "-e", script]).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    let structure = "{ .four = abcd, .rest = def }";
    assert_eq!(lines, ["abcd", "def", structure, "true", "5", "abcd", "true", "@[abcd]: 1"]);
}
