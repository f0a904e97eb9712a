//! What scripts are made of beside probes and functions: one record for each construct, with an example that compiles.

/// A construct of the language.
pub struct Construct {
    /// The group that it stands in.
    pub group: &'static str,
    /// How it is written.
    pub syntax: &'static str,
    pub doc: &'static str,
    /// A script that compiles.
    pub example: &'static str,
}

const fn construct(group: &'static str, syntax: &'static str, doc: &'static str, example: &'static str) -> Construct {
    Construct { group, syntax, doc, example }
}

const SCRIPT: &str = "Scripts";
const DATA: &str = "Variables and maps";
const STATEMENTS: &str = "Statements";
const EXPRESSIONS: &str = "Expressions";
const LITERALS: &str = "Literals";
const TYPES: &str = "Types";
const FORMATS: &str = "Formats";

/// In the order of the documentation.
pub static ALL: &[Construct] = &[
    construct(
        SCRIPT,
        "probe[, probe ...] [/condition/] { statements }",
        "What to do when a probe fires. Several probes share a body; the condition is tested first.",
        "t:syscalls:sys_enter_openat, t:syscalls:sys_enter_read /pid > 1/ { @[probe] = count(); }",
    ),
    construct(
        SCRIPT,
        "config = { key = value; ... }",
        "Settings of this script; see below. The environment wins over them.",
        "config = { max_strlen = 64; stack_mode = \"perf\" } begin { print(config.max_strlen); }",
    ),
    construct(
        SCRIPT,
        "let @map = kind(entries);",
        "How many entries a map may have, and what happens when it is full: hash and percpuhash refuse more, lruhash and percpulruhash forget the least recently used ones.",
        "let @recent = lruhash(1000); t:syscalls:sys_enter_openat { @recent[tid] = nsecs; }",
    ),
    construct(
        SCRIPT,
        "struct, union and enum definitions, #define NAME value",
        "Written as in C, before all else. The kernel's own types are known without them.",
        "#define SLOW 5ms\nstruct pair { int left; int right; };\nbegin { $p = (struct pair *)0; print(sizeof(struct pair)); print(SLOW); }",
    ),
    construct(
        SCRIPT,
        "#if condition, #ifdef, #else, #endif, #include <header>",
        "Conditions as in C, before all else. BPFTRACE_HAVE_BTF is defined where the kernel describes its types; a header is then rarely needed.",
        "#ifdef BPFTRACE_HAVE_BTF\n#define HOW \"by BTF\"\n#else\n#define HOW \"by headers\"\n#endif\nbegin { print(HOW); }",
    ),
    construct(
        SCRIPT,
        "macro name(value, $variable, @map) { statements; value }",
        "Is put in where it is named. A plain parameter stands for an expression, evaluated at each use; $variable and @map are the caller's own. Other names in it never meet those of the caller; macros of one name differ by their parameters.",
        "macro add(@sums, key, n) { @sums[key] += n; @sums[key] }\nbegin { print(add(@total, \"a\", 5)); }",
    ),
    construct(
        SCRIPT,
        "fn name($parameter : type, ...) : type { statements; return value; }",
        "A function of the script: compiled once, called like a builtin. void returns nothing.",
        "fn larger($a : int64, $b : int64) : int64 { if ($a > $b) { return $a; } return $b; }\nbegin { print(larger(3, 5)); }",
    ),
    construct(
        SCRIPT,
        "import \"path\";",
        "Before all probes: a script, a C header, or all such files of a directory, looked for beside this script. Each is read once; its begin probes run first.",
        "import \"helpers.bt\";\nbegin { print(twice(21)); }",
    ),
    construct(
        SCRIPT,
        "name=probe, \"quoted part\", $1 in a probe",
        "An attach point may have a name, parts in quotes, which may hold any character, and parameters of the script.",
        "first=begin { print(1); } u:\"/bin/bash\":readline { @ = count(); }",
    ),
    construct(SCRIPT, "// and /* */", "Comments.", "// says hello\nbegin { /* once */ print(\"hello\"); }"),
    construct(
        DATA,
        "$variable = value;",
        "A variable belongs to the block that it is first assigned in, and to one event.",
        "begin { $x = 5; $x += 2; print($x); }",
    ),
    construct(
        DATA,
        "let $variable[: type][ = value];",
        "Declares a variable before it is assigned, or with a type of its own.",
        "begin { let $x: uint16 = 5; let $y; if ($x > 3) { $y = \"more\"; } print($y); }",
    ),
    construct(
        DATA,
        "@map = value; @map[key] = value;",
        "Maps belong to the whole script, keep their values between events and are printed at the end. Several expressions as a key are a tuple. A key that is missing reads as zero.",
        "t:syscalls:sys_enter_openat { @last = nsecs; @by[pid, comm] = nsecs; }",
    ),
    construct(DATA, "@ and @[key]", "The map without a name.", "t:syscalls:sys_enter_openat { @[comm] = count(); }"),
    construct(
        DATA,
        "&$variable, &@map",
        "The address of what a script keeps, while the probe runs.",
        "begin { $x = 5; $p = &$x; print(*$p); }",
    ),
    construct(
        DATA,
        "+= -= *= /= %= &= |= ^= <<= >>=  ++ --",
        "Change variables and maps in place. Not atomic between processors: count with count().",
        "begin { @opens[comm]++; @sum += 2; }",
    ),
    construct(
        STATEMENTS,
        "if condition { } else if condition { } else { }",
        "Also an expression: its value is the last expression of the block that was chosen.",
        "begin { $size = if ncpus > 4 { \"large\" } else { \"small\" }; print($size); }",
    ),
    construct(
        STATEMENTS,
        "if comptime condition { } else { }",
        "Decided when the script is compiled; the other branch need not even have matching types.",
        "begin { if comptime (sizeof(uint64) == 8) { print(\"64 bits\"); } }",
    ),
    construct(
        STATEMENTS,
        "for $i : start..end { }",
        "Numbers from start to before end. Bounds that are more than a name or a number stand in parentheses.",
        "begin { for $i : 0..(ncpus) { @ = sum($i); } }",
    ),
    construct(
        STATEMENTS,
        "for $entry : @map { }",
        "All entries of a map with keys, in no particular order: $entry.0 is the key, $entry.1 the value.",
        "begin { @m[1] = 2; for $e : @m { printf(\"%d %d\\n\", $e.0, $e.1); } }",
    ),
    construct(
        STATEMENTS,
        "while condition { }",
        "Deprecated, as in bpftrace: the compiler warns. The kernel must see that the loop ends.",
        "begin { $i = 0; while $i < 5 { $i++; } print($i); }",
    ),
    construct(
        STATEMENTS,
        "unroll(count) { }",
        "Repeats the body in the program, 1 to 100 times.",
        "begin { $i = 1; unroll(3) { $i *= 2; } print($i); }",
    ),
    construct(
        STATEMENTS,
        "break; continue;",
        "Leave a loop, or go on with its next pass.",
        "begin { for $i : 0..10 { if $i == 2 { continue; } if $i == 5 { break; } print($i); } }",
    ),
    construct(
        STATEMENTS,
        "return; return number;",
        "Leaves the probe, also out of loops. A test fails with a number other than 0.",
        "begin { if (ncpus > 100000) { return; } print(ncpus); }",
    ),
    construct(
        STATEMENTS,
        "_ = value;",
        "Evaluates something and discards it without a warning.",
        "begin { @m[1] = 1; _ = has_key(@m, 1); }",
    ),
    construct(
        EXPRESSIONS,
        "+ - * / %",
        "Arithmetic of 64 bits; division rounds towards zero and heeds the sign. By zero gives 1 and a warning.",
        "begin { $x = -7; print(($x / 2, $x % 2)); }",
    ),
    construct(
        EXPRESSIONS,
        "& | ^ ~ << >>",
        "Bits. >> keeps the sign of a signed number.",
        "begin { print((5 & 3, 1 << 4, ~0)); }",
    ),
    construct(
        EXPRESSIONS,
        "== != < <= > >=",
        "Comparisons; strings, arrays, tuples and records know == and !=.",
        "begin { print(comm == \"bash\"); print((1, \"a\") == (1, \"a\")); }",
    ),
    construct(
        EXPRESSIONS,
        "&& || !",
        "Logic; the right side is evaluated where it matters.",
        "begin { print(pid > 0 && !(uid != 0)); }",
    ),
    construct(
        EXPRESSIONS,
        "condition ? a : b,  a ?: b",
        "One of two values; the short form is a where a is true.",
        "begin { print(uid == 0 ? \"root\" : \"somebody\"); print(cpid ?: 1); }",
    ),
    construct(
        EXPRESSIONS,
        "pointer.field, pointer->field, *pointer, pointer[i]",
        "Reads memory, of the kernel or of the process, by where the pointer comes from.",
        "begin { $t = curtask; print($t.comm); print($t->real_parent.tgid); }",
    ),
    construct(
        EXPRESSIONS,
        "pointer + n, pointer - n",
        "Moves a pointer by elements of what it points to.",
        "t:syscalls:sys_enter_execve { $second = *(args.argv + 1); print(str($second)); }",
    ),
    construct(
        EXPRESSIONS,
        "(a, b) tuple.0",
        "Tuples: values that belong together, also as keys.",
        "begin { $t = (1, \"two\", (3, 4)); print($t.2.0); @[$t] = 1; }",
    ),
    construct(
        EXPRESSIONS,
        "(name = a, other = b) record.name",
        "Records: tuples whose parts have names.",
        "begin { $r = (id = 1, what = \"x\"); print($r.what); print($r); }",
    ),
    construct(
        EXPRESSIONS,
        "array[i] string[i]",
        "An element; outside of the array it is 0, and a warning.",
        "begin { $a = (uint8[4])(uint32)0x04030201; print($a[2]); print(comm[0]); }",
    ),
    construct(
        EXPRESSIONS,
        "(type)value",
        "Converts between integers, pointers, enums, arrays of the same size.",
        "begin { print((uint8)300); print((int8[])\"abc\"); }",
    ),
    construct(
        EXPRESSIONS,
        "{ statements; value }",
        "A block with a value.",
        "begin { $x = { let $y = 2; $y * 21 }; print($x); }",
    ),
    construct(
        EXPRESSIONS,
        "sizeof(type), offsetof(type, member)",
        "Bytes of a type or value, and where a member lies.",
        "begin { print((sizeof(uint32), offsetof(struct task_struct, comm))); }",
    ),
    construct(
        EXPRESSIONS,
        "typeinfo(value)",
        "What the compiler knows of a type: btf_id, base_type and full_type. Unstable: it needs its setting.",
        "config = { unstable_typeinfo = enable } begin { print(typeinfo(pid).full_type); }",
    ),
    construct(
        EXPRESSIONS,
        "a ? b : c, ||, &&, |, ^, &, == !=, < <= > >=, << >>, + -, * / %, ! ~ - * &, . -> [ ]",
        "All operators from the loosest to the tightest. Those between commas are equals and group from the left, ? : from the right.",
        "begin { print(1 + 2 * 3 == 7 && 1 << 2 + 1 == 8); }",
    ),
    construct(
        EXPRESSIONS,
        "comptime value",
        "Insists that a value is known when the script is compiled.",
        "begin { print(comptime (5 * 60)); }",
    ),
    construct(
        EXPRESSIONS,
        "$1, $2, ... $#",
        "Parameters of the script: numbers where they look like numbers, text otherwise. str($1) is always text.",
        "begin { if $# > 0 { print($1); } }",
    ),
    construct(
        LITERALS,
        "42, 0x2a, 052, 1_000, 5e6",
        "Integers: decimal, hexadecimal, octal, with separators, with an exponent. They take the type that what stands beside them needs.",
        "begin { print((42, 0x2a, 052, 1_000, 5e6)); }",
    ),
    construct(
        LITERALS,
        "250ms, 5s, 2us, 10ns, 1m, 1h, 1d",
        "Durations, in nanoseconds.",
        "begin { print((250ms, 2us)); }",
    ),
    construct(
        LITERALS,
        "\"text\"",
        "Strings, with \\n \\t \\r \\\" \\\\ \\ooo \\xhh.",
        "begin { print(\"tab:\\t, quote: \\\", A: \\x41\"); }",
    ),
    construct(LITERALS, "true, false", "Truth.", "begin { print(true); }"),
    construct(
        TYPES,
        "bool, int8 ... int64, uint8 ... uint64",
        "And the names that C has for them: char, u32, size_t, ...",
        "begin { let $x: u32 = 5; print($x); }",
    ),
    construct(
        TYPES,
        "type *, type[n]",
        "Pointers and arrays.",
        "begin { print(sizeof(uint32 *)); print(sizeof(uint32[3])); }",
    ),
    construct(
        TYPES,
        "string, string[n]",
        "Text of up to n bytes, its NUL included.",
        "begin { let $s: string[16] = comm; print($s); }",
    ),
    construct(
        TYPES,
        "struct name, union name, enum name",
        "Of the kernel or of the script. An enum prints its symbol.",
        "enum color { RED, GREEN } begin { print((enum color)1); }",
    ),
    construct(
        TYPES,
        "(type, type), record { .name = type }",
        "Tuples and records, as messages write them. They have the type of what is put into them.",
        "begin { $t = (1, \"a\"); let $u: typeof($t); $u = (2, \"b\"); print($u); }",
    ),
    construct(
        TYPES,
        "buffer, inet, macaddr_t, username_t, timestamp, cgroup_path_t, ksym_t, usym_t, kstack_t, ustack_t",
        "What buf(), ntop(), macaddr(), username, strftime(), cgroup_path(), ksym(), usym() and stacks give: kept as they are, written as text where they are printed.",
        "begin { @who = username; @when = strftime(\"%F\", nsecs); $a = ntop(pton(\"::1\")); print($a); }",
    ),
    construct(
        TYPES,
        "count_t, sum_t, min_t, max_t, avg_t, stats_t, hist_t, lhist_t, tseries_t",
        "What maps hold of aggregations. The first five are numbers where a number is needed; copies into other maps need a cast.",
        "begin { @n = count(); if (@n > 0) { @copy = (uint64)@n; } }",
    ),
    construct(
        TYPES,
        "typeof(value)",
        "The type of something, where a type is expected.",
        "begin { let $x: typeof(pid) = 5; print($x); }",
    ),
    construct(
        FORMATS,
        "%d %i %u %o %x %X",
        "Integers; without a length they are cut to 32 bits, as in C. Lengths are hh (8 bits), h (16), l, ll, j, z, t and L (64).",
        "begin { printf(\"%d %llu %x\\n\", -1, nsecs, 255); }",
    ),
    construct(
        FORMATS,
        "%-8d %08d %+d %#x %8s %.3s",
        "Flags, width and precision: to the left, with zeros, with a sign, with the base, wider, cut.",
        "begin { printf(\"%-8d|%08d|%+d|%#x|%8s|%.3s\\n\", 1, 2, 3, 255, comm, comm); }",
    ),
    construct(
        FORMATS,
        "%s and %v",
        "Any value as print() writes it: text, symbols of enums, addresses, stacks, tuples.",
        "begin { printf(\"%s %s %v\\n\", comm, (1, \"a\"), pid); }",
    ),
    construct(
        FORMATS,
        "%c %p %%",
        "One byte, an address, a percent sign.",
        "begin { printf(\"%c %p 100%%\\n\", 65, curtask); }",
    ),
    construct(
        FORMATS,
        "%r %rx %rh",
        "Bytes: as text where they can be printed and \\xNN otherwise, all as \\xNN, as hexadecimal numbers with spaces.",
        "t:syscalls:sys_enter_write { printf(\"%r %rh\\n\", buf(args.buf, 8), buf(args.buf, 8)); }",
    ),
    construct(FORMATS, "%gr", "Flags of an allocation by their names.", "begin { printf(\"%gr\\n\", 0xcc0); }"),
];
