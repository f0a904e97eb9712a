//! Maps: keys, values, aggregations, declarations.

use super::{all_say, begin, said, said_by, typed, without};
use crate::kernel::Feature;
use crate::options::{CompileOptions, Limits};

fn map_lines(script: &str) -> Vec<String> {
    typed(script).lines().filter(|line| line.starts_with("map ")).map(str::to_owned).collect()
}

#[test]
fn several_keys_are_a_tuple() {
    assert_eq!(map_lines("begin { @[1, comm] = 1; @[(2, comm)] = 3; }"), ["map @[(int8,string[16])]: int8 x4096"]);
}

#[test]
fn all_uses_of_a_key_decide_its_type() {
    assert_eq!(map_lines("begin { @[1] = 1; } end { print(@[pid]); }"), ["map @[uint32]: int8 x4096"]);
    assert_eq!(map_lines(r#"begin { @["a"] = 1; @["abc"] = 2; }"#), ["map @[string[4]]: int8 x4096"]);
    assert_eq!(
        said(r#"begin { @[1] = 1; @["a"] = 2; }"#),
        "error map-key-type `\"a\"`: Argument mismatch for @: trying to access with arguments: 'string[2]' when map expects arguments: 'int8' | Use another map for keys of another type"
    );
}

#[test]
fn a_map_has_keys_always_or_never() {
    all_say(&[
        (
            "begin { @a = 1; @a[1] = 2; }",
            "error scalar-and-keyed `@a[1]`: @a used as a map with a key, but it is used without one elsewhere",
        ),
        (
            "begin { @a[1] = 2; print(@a + 1); }",
            "error scalar-and-keyed `@a`: @a used as a map without a key, but it is used with one elsewhere | For one of its entries write @a[key]",
        ),
    ]);
}

#[test]
fn a_map_that_nothing_is_stored_in_is_undefined() {
    all_say(&[
        // What was refused already may be all that stores in it.
        ("nope:x { @n = 1; } begin { print(@n); }", "error unknown-probe-type `nope:x`: Invalid probe type: nope"),
        ("begin { print(@nope); }", "error undefined-map `@nope`: Undefined map: @nope"),
        ("begin { clear(@nope); }", "error undefined-map `@nope`: Undefined map: @nope"),
        (
            "begin { @bytes = 1; print(@byets); }",
            "error undefined-map `@byets`: Undefined map: @byets | Did you mean '@bytes'?",
        ),
    ]);
}

#[test]
fn a_map_may_be_read_before_the_probe_that_fills_it() {
    assert_eq!(map_lines("begin { print(@x); } end { @x = pid; }"), ["map @x: uint32 x1"]);
}

#[test]
fn a_map_made_of_itself_has_no_type() {
    assert_eq!(
        said("begin { @x = (1, @x); }"),
        "error type-does-not-settle `@x`: The type of @x is not known: its only values are made of itself"
    );
}

#[test]
fn types_that_grow_without_end_are_refused() {
    let said = said("begin { for $kv : @m { @n = $kv.0; } @n = (1, 2); @m[(@n, @n)] = 1; }");
    assert!(said.starts_with("error type-does-not-settle"), "{said}");
    let numbers = "1, ".repeat(129);
    let said = super::said(&format!("begin {{ @ = ({numbers}); }}"));
    assert!(said.contains("A tuple or record has at most 128 parts, not 129"), "{said}");
}

#[test]
fn types_settle_along_long_rows_of_variables() {
    let row = |from: i32| (from..from + 150).map(|n| format!("$v{n} = $v{};", n - 1)).collect::<String>();
    let text = begin(&format!("$v0 = 1; {} $v0 = nsecs;", row(1)));
    assert!(text.contains("var $v150: uint64"), "{text}");
    let maps: String = (0..60).map(|n| format!("@v{n} = @v{};", n + 1)).collect();
    assert!(typed(&format!("begin {{ {maps} @v60 = pid; }}")).contains("map @v0: uint32 x1"));
}

#[test]
fn steps_and_updates_count_in_64_bits() {
    assert_eq!(
        map_lines("begin { @++; @a = 5; @a++; @b = (uint8)pid; @b++; }"),
        ["map @: int64 x1", "map @a: int64 x1", "map @b: uint64 x1"]
    );
    assert_eq!(begin("@[pid] += cpu; @b -= 1;"), "@[pid(): uint32] += cpu(): uint64 in uint64\n@b -= 1:int64 in int64");
}

#[test]
fn aggregations_take_their_sign_from_the_sample() {
    assert_eq!(
        map_lines("begin { @a = sum(pid); @b = sum(-1); @c = max(nsecs); @d = avg((int32)pid); }"),
        ["map @a: usum_t x1", "map @b: sum_t x1", "map @c: umax_t x1", "map @d: avg_t x1"]
    );
}

#[test]
fn an_aggregation_is_the_whole_right_side() {
    all_say(&[
        (
            "begin { @ = 1 + count(); }",
            "error aggregation-misuse `count()`: count() should be assigned to a map directly: @map = count() | The map is a number where one is needed: @n = count(); if (@n > 5) { ... }",
        ),
        (
            "begin { $x = sum(5); }",
            "error aggregation-misuse `sum(5)`: sum() should be assigned to a map directly: @map = sum(n) | The map is a number where one is needed: @n = count(); if (@n > 5) { ... }",
        ),
        ("begin { @ = count; }", "error function-without-call `count`: count is a function: call it as count(...)"),
    ]);
}

#[test]
fn a_map_holds_one_aggregation_with_the_same_parameters() {
    all_say(&[
        (
            "begin { @ = count(); @ = sum(1); }",
            "error type-mismatch `@ = sum(1);`: Type mismatch for @: trying to assign value of type 'sum_t' when map already has a type 'count_t' | Use another map for values of another type",
        ),
        (
            "begin { @ = count(); @ = 5; }",
            "error type-mismatch `5`: Type mismatch for @: trying to assign value of type 'int8' when map already has a type 'count_t' | Use another variable or map for values of another type",
        ),
        (
            "begin { @ = lhist(1, 0, 10, 1); @ = lhist(1, 0, 20, 1); }",
            "error aggregation-parameters `@ = lhist(1, 0, 20, 1);`: @: all calls of lhist() for one map need the same parameters",
        ),
        (
            "begin { @ = count(); @++; }",
            "error aggregation-misuse `@++`: @ holds 'count_t': it can only be assigned to | Each use adds to it: @ = count()",
        ),
        (
            "begin { @ = count(); @ += 1; }",
            "error aggregation-misuse `@ += 1;`: @ holds 'count_t': it can only be assigned to | Each use adds to it: @ = count()",
        ),
    ]);
}

#[test]
fn parameters_of_aggregations_are_checked() {
    all_say(&[
        ("begin { @ = hist(1, 6); }", "error argument-range `6`: hist(): the bits are from 0 to 5, not 6"),
        ("begin { @ = lhist(1, 0, 10, 0); }", "error argument-range `0`: lhist(): the step must be greater than zero"),
        (
            "begin { @ = lhist(1, 9, 9, 1); }",
            "error argument-range `lhist(1, 9, 9, 1)`: lhist(): min must be less than max: 9 and 9 | It is called as lhist(n, min, max, step)",
        ),
        (
            "begin { @ = lhist(1, pid, 9, 1); }",
            "error literal-required `pid`: lhist() needs a literal number here | It is called as lhist(n, min, max, step)",
        ),
        (
            "begin { @ = lhist(1, 0, 5000, 1); }",
            "error argument-range `lhist(1, 0, 5000, 1)`: lhist() has too many buckets: 5000, the most is 1000 | Use a step of at least 5",
        ),
        (
            r#"begin { @ = tseries(1, 1s, 5, "mean"); }"#,
            "error argument-type `\"mean\"`: tseries(): unknown function 'mean': it is avg, max, min or sum",
        ),
        (
            "begin { @ = sum(comm); }",
            "error argument-type `comm`: sum() needs an integer here, not 'string[16]' | It is called as sum(n)",
        ),
    ]);
}

#[test]
fn aggregations_with_one_number_are_integers_in_expressions() {
    assert_eq!(
        begin("@c = count(); @a = avg(pid); if (@c > 5) { print(@a / 2); }"),
        "@c <- ()\n@a <- ((uint64)pid(): uint32)\nif (@c > 5:int64: bool) {\n  print((@a / 2:uint64: uint64), site 0)\n}"
    );
    assert_eq!(
        said("begin { @h = hist(1); @x = @h; }"),
        "error aggregation-misuse `@h`: @h holds 'hist_t', which has no value in an expression: print the map"
    );
    assert_eq!(
        said("begin { @h[1] = stats(1); print(@h[1], 2); }"),
        "error argument-count `print(@h[1], 2)`: print() takes 'top' and 'divisor' for whole maps only"
    );
}

#[test]
fn reading_keyed_aggregations_needs_a_kernel_that_can() {
    let said = said_by(
        "begin { @[1] = count(); print(@[1] + 1); }",
        &without(Feature::LookupPerCpuElement),
        &CompileOptions::default(),
    );
    assert!(said.starts_with("error missing-kernel-feature `@[1]`: Reading @ in a probe needs"), "{said}");
}

#[test]
fn declarations_set_kind_and_size() {
    assert_eq!(
        map_lines("let @a = lruhash(10); let @b = percpuhash(5); begin { @a[1] = 1; @b[1] = count(); }"),
        ["map @a[int8]: int8 x10 lru", "map @b[int8]: count_t x5"]
    );
    all_say(&[
        ("let @a = hash(10); begin { }", "warning unused-map `let @a = hash(10);`: Unused map: @a"),
        (
            "let @a = lruhsh(10); begin { @a[1] = 1; }",
            "error unknown-map-kind `lruhsh`: Invalid bpf map type: lruhsh | Did you mean 'lruhash'? | Map types are hash, lruhash, percpuhash, percpulruhash",
        ),
        (
            "let @a = hash(0); begin { @a[1] = 1; }",
            "error bad-map-size `let @a = hash(0);`: The number of entries of @a must be from 1 to 4294967295",
        ),
        (
            "let @a = percpuhash(9); begin { @a[1] = 1; }",
            "error per-cpu-map `let @a = percpuhash(9);`: @a: a per-CPU map holds aggregations only, not 'int8'",
        ),
        (
            "let @a = hash(9); begin { @a = 1; }",
            "error scalar-and-keyed `let @a = hash(9);`: @a is declared with 9 entries, but is used without a key",
        ),
        (
            "let @a = hash(9); let @a = hash(8); begin { @a[1] = 1; }",
            "error map-declared-twice `let @a = hash(8);`: Map @a is declared twice",
        ),
    ]);
}

#[test]
fn maps_that_need_too_much_memory_are_refused() {
    let options =
        CompileOptions { limits: Limits { max_map_bytes: 1 << 20, ..Limits::default() }, ..CompileOptions::default() };
    let said = said_by("begin { @[comm] = hist(1); }", &super::kernel(), &options);
    assert!(said.starts_with("error map-memory `@`: The maps may need"), "{said}");
    assert!(said.ends_with("Declare it smaller: let @ = hash(1000);"), "{said}");
}

#[test]
fn zero_is_the_null_pointer() {
    let text = typed("t:syscalls:sys_enter_openat { @name[tid] = args.filename; @name[tid] = 0; }");
    assert!(text.starts_with("map @name[uint32]: int8 * x4096"), "{text}");
    assert!(text.contains("@name[tid(): uint32] = 0:int8 *"), "{text}");
}

#[test]
fn the_context_is_not_kept_in_maps() {
    let message = "A pointer to the context or to a variable cannot be kept in a map: it is valid only while the probe runs | Keep what it points to: *p, or a field";
    all_say(&[
        ("p:hz:9 { @[ctx] = 1; }", &format!("error context-in-map `ctx`: {message}")),
        ("p:hz:9 { @ = (1, ctx); }", &format!("error context-in-map `(1, ctx)`: {message}")),
    ]);
}

#[test]
fn a_cast_of_an_aggregation_is_not_redundant() {
    assert_eq!(said("begin { @c = count(); @a = (int64)@c; }"), "");
}
