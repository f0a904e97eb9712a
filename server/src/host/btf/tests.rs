//! A small hand-made BTF, damaged copies of it, and the running kernel's own where there is one.

use tracedeck_compiler::types::{AddressSpace, Type};

use super::{Btf, Kind};

/// Writes BTF records the way the kernel's build does.
#[derive(Default)]
struct Writer {
    types: Vec<u8>,
    strings: Vec<u8>,
    count: u32,
}

impl Writer {
    fn new() -> Self {
        Self { strings: vec![0], ..Self::default() }
    }

    fn string(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.strings.len() as u32;
        self.strings.extend(text.as_bytes());
        self.strings.push(0);
        at
    }

    fn words(&mut self, words: &[u32]) {
        self.types.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }

    fn add(&mut self, kind: u32, flag: bool, name: &str, size_or_type: u32, count: u32, tail: &[u32]) -> u32 {
        let name = self.string(name);
        self.words(&[name, (u32::from(flag) << 31) | (kind << 24) | count, size_or_type]);
        self.words(tail);
        self.count += 1;
        self.count
    }

    fn int(&mut self, name: &str, size: u32, encoding: u32) -> u32 {
        self.add(1, false, name, size, 0, &[(encoding << 24) | (size * 8)])
    }

    fn aggregate(&mut self, kind: u32, name: &str, size: u32, flag: bool, members: &[(&str, u32, u32)]) -> u32 {
        let tail: Vec<u32> = members.iter().flat_map(|(name, ty, bit)| [self.string(name), *ty, *bit]).collect();
        self.add(kind, flag, name, size, members.len() as u32, &tail)
    }

    fn finish(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        let words = [24, 0, self.types.len() as u32, self.types.len() as u32, self.strings.len() as u32];
        blob.extend(0x0001_eb9f_u32.to_le_bytes());
        blob.extend(words.iter().flat_map(|word: &u32| word.to_le_bytes()));
        blob.extend(&self.types);
        blob.extend(&self.strings);
        blob
    }
}

/// Structs with all that is special, and a tracepoint `hit(struct outer *o, int n)`.
fn sample() -> Vec<u8> {
    let mut w = Writer::new();
    let int = w.int("int", 4, 1);
    let char = w.int("char", 1, 0);
    let name = w.add(3, false, "", 0, 0, &[char, int, 16]);
    let numbers = w.add(3, false, "", 0, 0, &[int, int, 3]);
    let inner = w.aggregate(5, "", 4, false, &[("left", int, 0), ("right", int, 0)]);
    let own = w.count + 1;
    let outer = w.aggregate(
        4,
        "outer",
        48,
        true,
        &[
            ("comm", name, 0),
            ("", inner, 128),
            ("low", int, (3 << 24) | 160),
            ("high", int, (5 << 24) | 163),
            ("next", own + 1, 192),
            ("numbers", numbers, 256),
            ("callback", own + 3, 352),
        ],
    );
    assert_eq!(outer, own);
    let pointer = w.add(2, false, "", outer, 0, &[]);
    let callback = w.aggregate(13, "", 0, false, &[]);
    w.add(2, false, "", callback, 0, &[]);
    let void_pointer = w.add(2, false, "", 0, 0, &[]);
    let parameters = |w: &mut Writer, names: [&str; 3]| {
        let tail: Vec<u32> =
            names.iter().zip([void_pointer, pointer, int]).flat_map(|(name, ty)| [w.string(name), ty]).collect();
        w.add(13, false, "", 0, 3, &tail)
    };
    let anonymous = parameters(&mut w, ["", "", ""]);
    let to_proto = w.add(2, false, "", anonymous, 0, &[]);
    w.add(8, false, "btf_trace_hit", to_proto, 0, &[]);
    let named = parameters(&mut w, ["__data", "o", "n"]);
    w.add(12, false, "__probestub_hit", named, 0, &[]);
    let tag = w.add(18, false, "user", char, 0, &[]);
    let user_text = w.add(2, false, "", tag, 0, &[]);
    w.add(8, false, "user_text", user_text, 0, &[]);
    let colours: Vec<u32> = [("RED", 1), ("NEGATIVE", u32::MAX)].iter().flat_map(|(n, v)| [w.string(n), *v]).collect();
    w.add(6, true, "colour", 4, 2, &colours);
    let wide: Vec<u32> = [w.string("WIDE"), 1, 1].to_vec();
    w.add(19, false, "wide", 8, 1, &wide);
    w.finish()
}

#[test]
fn members_of_anonymous_unions_are_promoted_with_their_offsets() {
    let outer = Btf::parse(sample()).unwrap().struct_type("struct outer").unwrap();
    let at = |name: &str| outer.field(name).map(|field| (field.offset, field.bits)).unwrap();
    assert_eq!(at("left"), (16, None));
    assert_eq!(at("right"), (16, None));
    assert_eq!(at("low"), (20, Some((0, 3))));
    assert_eq!(at("high"), (20, Some((3, 5))));
    assert_eq!(outer.size, 48);
}

#[test]
fn fields_have_the_types_and_declarations_of_c() {
    let outer = Btf::parse(sample()).unwrap().struct_type("struct outer").unwrap();
    let of = |name: &str| outer.field(name).map(|field| (field.ty.to_string(), field.declaration.clone())).unwrap();
    let pair = |ty: &str, text: &str| (ty.to_owned(), text.to_owned());
    assert_eq!(of("comm"), pair("string[16]", "char comm[16]"));
    assert_eq!(of("next"), pair("struct outer *", "struct outer * next"));
    assert_eq!(of("numbers"), pair("int32[3]", "int numbers[3]"));
    assert_eq!(of("low"), pair("int32", "int low:3"));
    assert_eq!(of("callback"), pair("void *", "void (*callback)(void)"));
}

#[test]
fn arguments_of_raw_tracepoints_skip_the_hidden_one_and_carry_names() {
    let arguments = Btf::parse(sample()).unwrap().raw_tracepoint_arguments("hit").unwrap();
    let list: Vec<_> = arguments.fields.iter().map(|field| (field.declaration.as_str(), field.offset)).collect();
    assert_eq!(list, [("struct outer * o", 0), ("int n", 8)]);
}

#[test]
fn a_user_tag_makes_a_user_pointer() {
    let btf = Btf::parse(sample()).unwrap();
    let id = btf.id_of_c_name("user_text").unwrap();
    assert_eq!(btf.convert(id), Type::pointer(Type::INT8, AddressSpace::User));
}

#[test]
fn constants_of_narrow_signed_and_of_wide_enums_have_their_values() {
    let btf = Btf::parse(sample()).unwrap();
    assert_eq!(btf.enum_constant("NEGATIVE").map(|found| found.1), Some(-1));
    assert_eq!(btf.enum_constant("WIDE").map(|found| found.1), Some((1 << 32) + 1));
    assert_eq!(btf.enum_constant("GREEN"), None);
    assert_eq!(btf.id_of(Kind::Enum, "colour"), Some(btf.enum_constant("RED").unwrap().0));
}

/// Asks everything of a blob; the point is that it returns.
fn ask_everything(bytes: Vec<u8>) {
    let Ok(btf) = Btf::parse(bytes) else { return };
    for id in 0..=btf.len() as u32 {
        let _ = (btf.convert(id), btf.declare(id, "x", 0));
        let _ = btf.struct_type(&format!("struct <anonymous {id}>"));
    }
    let _ = btf.struct_type("struct outer");
    let _ = btf.raw_tracepoint_arguments("hit");
    let _ = (btf.enum_constant("RED"), btf.names(Kind::Struct).count());
}

#[test]
fn damaged_blobs_neither_panic_nor_hang() {
    let good = sample();
    for at in 0..good.len() {
        for value in [0, 1, 7, 0x7f, 0x80, 0xff, good[at].wrapping_add(1)] {
            let mut bad = good.clone();
            bad[at] = value;
            ask_everything(bad);
        }
        ask_everything(good[..at].to_vec());
    }
    // A fixed linear congruential sequence: several bytes at once.
    let mut state = 1_u64;
    for _ in 0..2_000 {
        let mut bad = good.clone();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bad.len();
            bad[at] = (state >> 25) as u8;
        }
        ask_everything(bad);
    }
}

#[test]
fn a_struct_that_contains_itself_namelessly_ends() {
    let mut w = Writer::new();
    let id = w.aggregate(4, "loop", 8, false, &[("", 1, 0); 9]);
    assert_eq!(id, 1);
    let found = Btf::parse(w.finish()).unwrap().struct_type("struct loop").unwrap();
    assert!(found.fields.is_empty());
}

#[test]
fn the_running_kernels_task_struct_is_found() {
    let path = std::path::Path::new(Btf::VMLINUX);
    if !path.exists() {
        println!("skipped: the_running_kernels_task_struct_is_found: this kernel has no BTF");
        return;
    }
    let btf = Btf::read(path).unwrap();
    let task = btf.struct_type("struct task_struct").unwrap();
    assert_eq!(task.field("comm").map(|field| field.ty.clone()), Some(Type::String { capacity: 16 }));
    assert_eq!(task.field("pid").map(|field| field.declaration.as_str()), Some("pid_t pid"));
    let switch = btf.raw_tracepoint_arguments("sched_switch").unwrap();
    assert!(switch.fields.iter().any(|field| field.ty.to_string() == "struct task_struct *"));
    assert!(btf.id_of(Kind::Function, "vfs_read").is_some());
}

/// A module's types on top of [`sample`]: `struct own { struct outer *o; struct { int n; }; }` and a pointer to an
/// anonymous struct of its own.
fn split_sample(base: &Btf) -> Vec<u8> {
    let first = base.len() as u32;
    let outer = base.id_of(Kind::Struct, "outer").expect("the base's");
    let int = base.id_of(Kind::Int, "int").expect("the base's");
    let mut w = Writer { strings: Vec::new(), ..Writer::default() };
    // Strings and numbers go on where those of the base end.
    let strings_before = base.string_bytes();
    let shift = |w: &mut Writer, text: &str| {
        let at = w.strings.len() as u32;
        w.strings.extend(text.as_bytes());
        w.strings.push(0);
        strings_before + at
    };
    let (own, o, n) = (shift(&mut w, "own"), shift(&mut w, "o"), shift(&mut w, "n"));
    // first: the pointer; first + 1: the anonymous struct; first + 2: the pointer to it; first + 3: `struct own`.
    w.words(&[0, 2 << 24, outer]);
    w.words(&[0, (4 << 24) | 1, 4, n, int, 0]);
    w.words(&[0, 2 << 24, first + 1]);
    w.words(&[own, (4 << 24) | 2, 16, o, first, 0, n, first + 2, 64]);
    w.finish()
}

#[test]
fn a_module_continues_the_types_of_the_kernel() {
    let base = std::sync::Arc::new(Btf::parse(sample()).unwrap());
    let module = Btf::parse_split(split_sample(&base), &base, "mod").unwrap();
    assert_eq!((module.module(), module.len()), (Some("mod"), base.len() + 4));
    let own = module.struct_type("struct own").unwrap();
    assert_eq!(own.fields[0].ty.to_string(), "struct outer *");
    assert_eq!(own.fields[0].declaration, "struct outer * o");
    let anonymous = own.fields[1].ty.to_string();
    assert_eq!(anonymous, format!("struct <anonymous {} of mod> *", base.len() + 1));
    let anonymous = module.struct_type(anonymous.trim_end_matches(" *")).unwrap();
    assert_eq!((anonymous.size, anonymous.fields[0].name.as_str()), (4, "n"));
    // What the base has is asked of the base, and only its own is its own.
    assert_eq!(module.struct_type("struct outer"), base.struct_type("struct outer"));
    assert!(module.has_own(Kind::Struct, "own") && !module.has_own(Kind::Struct, "outer"));
    assert_eq!(base.struct_type("struct own"), None);
    // Damaged copies are refused or answer less.
    let bytes = split_sample(&base);
    for len in 0..bytes.len() {
        if let Ok(module) = Btf::parse_split(bytes[..len].to_vec(), &base, "mod") {
            let _ = module.struct_type("struct own");
        }
    }
}
