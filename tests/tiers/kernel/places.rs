//! Every kind of value in every place: sema refuses it with a sentence, or the kernel takes it. Nothing in between.

use tracedeck::host::LiveKernel;
use tracedeck::live::verify_load;
use tracedeck_compiler::compile;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::SourceFile;
use tracedeck_tests::require_tracing;

/// What the values are made of.
const BEFORE: &str = "let $v = (uint16)5; $s = str(1); @agg = count(); @kagg[1] = sum(5); @str[1] = comm; \
                      @tup[1] = (1, comm); @one = 5; @cnt = 1; @h = hist(3);";

/// One of each kind of type, in registers, in memory, in maps.
const VALUES: &[&str] = &[
    "5",
    "(uint8)pid",
    "true",
    "nsecs",
    "comm",
    "\"text\"",
    "str(0)",
    "str(5, 10)",
    "(1, comm)",
    "(a = 1, b = comm)",
    "()",
    "(uint8[4])pid",
    "(int8[])comm",
    "curtask",
    "*curtask.real_cred",
    "curtask.se.load",
    "curtask.comm",
    "curtask.cpus_mask",
    "(int32 *)5",
    "kstack",
    "ustack(3)",
    "ksym(5)",
    "usym(5)",
    "ntop(5)",
    "username",
    "strftime(\"%H\", nsecs)",
    "buf(curtask, 200)",
    "PIDTYPE_TGID",
    "(enum pid_type)pid",
    "sizeof(pid)",
    "@agg",
    "(int64)@kagg[1]",
    "@str[1]",
    "@tup[2]",
    "@h",
    "&$v",
    "((1, (2, comm)), (x = (uint8[4])pid))",
    "@cnt++",
    "(comm, comm, comm, comm)",
];

/// Places for a value, written `E`.
const PLACES: &[&str] = &[
    "$x = E; print($x);",
    "@m = E; print(@m);",
    "@m[1] = E; print(@m[1]); print(@m[2]);",
    "@m[E] = 1; print(@m[E]);",
    "@m[E, 1] = 1; delete(@m, (E, 1));",
    "$t = (E, (uint8)5); @m[$t] = $t; print($t.0); print(has_key(@m, $t));",
    "printf(\"%s %d\", E, 1);",
    "@m[1] = E; for ($kv : @m) { print($kv.1); $q = $kv; @n = $kv.0; }",
    "$x = pid > 5 ? E : E; print($x);",
    "$r = (f = E, g = 1); print($r.f); @m = $r;",
    "print(E == E);",
    "if (E) { print(1); }",
    "$i = pid % 3; print((E)[$i]);",
    "print((E)[0]);",
    "print(!E); print(E && true);",
    "print(E + 1);",
    "print((uint64)E * 3);",
    "print(-E);",
    "print(E < E);",
    "for ($i : 0..3) { $x = E; print($x); @m[$i] = $x; }",
    "$x = E; for ($i : 0..3) { print($x); @m[$x] = $i; }",
    "@c[E] = count(); for ($kv : @c) { print($kv); }",
    "let $x : typeof(E); print($x); $x = E;",
    "@m[comm] = E; @m[\"a\"] = E; @p[@m[\"a\"]] = 1;",
    "$a = (E, comm); $b = (E, \"x\"); print($a == $b);",
    "print((string[2000])E);",
    "@m[1] += E; @m[2]++; print(@m[1]);",
    "@n = sum(E);",
    "printf(\"%d %x %c\", E, E, E);",
    "$x = if pid > 3 { E } else { E }; print($x);",
    "print(*(E)); print((E)[pid]);",
    "unroll(2) { @m[E, 5] = E; }",
];

/// Codes of errors that only code generation has: sema let something pass that it should have refused.
const LATE: [&str; 3] = ["internal", "target-limit", "unsupported"];

fn failure(kernel: &LiveKernel, value: &str, place: &str) -> Option<String> {
    // The word E, not the letter in other words.
    let words = place.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let body: String =
        words.map(|word| word.strip_prefix('E').map_or(word.to_owned(), |rest| format!("{value}{rest}"))).collect();
    let script = format!("begin {{ {BEFORE} {body} }}");
    match compile(&SourceFile::new("test", script.as_str()), kernel, &CompileOptions::default()) {
        Ok((compiled, _)) => verify_load(&compiled).err().map(|text| format!("{body}\n{text}")),
        Err(diagnostics) => {
            let late = diagnostics.iter().find(|it| it.is_error() && LATE.contains(&it.code))?;
            Some(format!("{body}\n{}", late.message))
        }
    }
}

#[test]
fn every_value_in_every_place_is_refused_by_a_sentence_or_taken_by_the_kernel() {
    require_tracing!();
    let kernel = LiveKernel::shared();
    let mut failures = Vec::new();
    for value in VALUES {
        failures.extend(PLACES.iter().filter_map(|place| failure(&kernel, value, place)));
    }
    assert!(failures.is_empty(), "{} scripts\n{}", failures.len(), failures.join("\n\n"));
}
