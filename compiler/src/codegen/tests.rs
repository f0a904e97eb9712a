//! Scripts through code generation: the shape of objects and manifests here, what programs compute in [`arithmetic`].

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

use crate::Compiled;
use crate::builtins::{self, Kind};
use crate::diagnostic::Diagnostic;
use crate::kernel::fixture::FixtureKernel;
use crate::kernel::{Feature, Kernel as _};
use crate::manifest::{CounterCause, KERNEL_VARIABLE_PREFIX, MapStorage, RING_MAP, SlotPlace, VALUE_SUFFIX};
use crate::options::CompileOptions;
use crate::sema::tests::kernel;
use crate::source::SourceFile;

mod arithmetic;
mod cells;
mod vm;

fn compile_for(script: &str, kernel: &FixtureKernel) -> Result<Compiled, Vec<Diagnostic>> {
    let options = CompileOptions { has_child: true, allow_unsafe: true, ..CompileOptions::default() };
    crate::compile(&SourceFile::new("test", script), kernel, &options).map(|(compiled, _)| compiled)
}

#[track_caller]
fn compiled(script: &str) -> Compiled {
    compile_for(script, &kernel()).unwrap_or_else(|errors| panic!("{script}\n{errors:#?}"))
}

#[track_caller]
fn refused(script: &str) -> Diagnostic {
    let mut errors = compile_for(script, &kernel()).expect_err(script);
    errors.retain(Diagnostic::is_error);
    assert_eq!(errors.len(), 1, "{script}\n{errors:#?}");
    errors.remove(0)
}

fn bytecode(script: &str) -> String {
    let file = SourceFile::new("test", script);
    let options = CompileOptions::default();
    let (program, _) = crate::analyze(&file, &kernel(), &options).expect(script);
    super::dump(&program, &kernel(), &file).expect(script).bytecode
}

/// The helpers that a script's programs call, in order.
fn helpers(script: &str) -> Vec<u32> {
    let calls = |line: &str| line.trim().strip_prefix("call ").and_then(|number| number.parse().ok());
    bytecode(script).lines().filter_map(calls).collect()
}

/// What a loader relies on: a section for each program, and no symbol that is not a map of the manifest.
#[track_caller]
fn check_object(script: &str, compiled: &Compiled) {
    let object = object::File::parse(compiled.objects[0].as_slice()).expect(script);
    for program in &compiled.manifest.programs {
        let section = object.section_by_name(&program.section).expect(script);
        assert!(section.size() >= 16, "{script}");
    }
    for symbol in object.symbols().filter(|symbol| symbol.is_undefined()) {
        let name = symbol.name().expect(script);
        let map = name.strip_suffix(VALUE_SUFFIX).unwrap_or(name);
        let of_kernel = map.starts_with("bpf_") || map.starts_with(KERNEL_VARIABLE_PREFIX);
        let known =
            map.is_empty() || of_kernel || compiled.manifest.kernel_maps.iter().any(|known| known.symbol == map);
        assert!(known, "{script}: {name}");
    }
}

#[test]
fn the_example_of_every_builtin_becomes_an_object_that_a_loader_understands() {
    for builtin in builtins::ALL {
        match compile_for(builtin.example, &kernel()) {
            Ok(compiled) => check_object(builtin.example, &compiled),
            // Of a probe type that is not there yet.
            Err(errors) if errors.iter().any(|error| error.code == "probe-not-supported") => {}
            Err(errors) => panic!("{}\n{errors:#?}", builtin.example),
        }
    }
    assert!(builtins::ALL.iter().any(|builtin| builtin.kind == Kind::Aggregation));
}

#[test]
fn the_same_script_becomes_the_same_bytes() {
    let script = "t:syscalls:sys_enter_openat { @[str(args.filename), comm] = count(); printf(\"%d\\n\", pid); }";
    assert_eq!(compiled(script).objects, compiled(script).objects);
}

/// The instructions of each program.
fn programs(compiled: &Compiled) -> Vec<(&str, Vec<u8>)> {
    let objects: Vec<_> =
        compiled.objects.iter().map(|bytes| object::File::parse(bytes.as_slice()).expect("an object")).collect();
    let section = |name| objects.iter().filter_map(move |object| object.section_by_name(name)).collect::<Vec<_>>();
    let bytes = |name| match section(name).as_slice() {
        [section] => section.data().expect("its bytes").to_vec(),
        found => panic!("{name} is in {} objects", found.len()),
    };
    compiled.manifest.programs.iter().map(|program| (program.section.as_str(), bytes(&program.section))).collect()
}

#[test]
fn many_programs_are_in_two_objects_and_the_same_as_in_one() {
    // A function, a callback and a string among them, and a body that is much longer than the others.
    let body = |number: usize| match number % 3 {
        0 => format!("@[comm, {number}] = count(); print(sum_of({number}, pid));"),
        1 => format!("for $i : 0..{number} {{ @n[$i] = hist(nsecs); }}"),
        _ => "@s[kstack, ustack, str(args.filename)] = count();".to_owned(),
    };
    let probe = |number| format!("t:syscalls:sys_enter_openat /pid != {number}/ {{ {} }}\n", body(number));
    let script = (0..super::parts::MIN_PROGRAMS).map(probe).collect::<String>();
    let script = format!("fn sum_of($a : uint64, $b : uint64) : uint64 {{ return $a + $b; }}\n{script}");
    let file = SourceFile::new("test", script.as_str());
    let split = compiled(&script);
    let (whole, _) = crate::compile_to_one_object(&file, &kernel(), &CompileOptions::default()).expect(&script);
    assert_eq!((split.objects.len(), whole.objects.len()), (2, 1));
    assert!(programs(&split) == programs(&whole), "the programs differ");
    let manifests = [&split, &whole].map(|it| serde_json::to_string(&it.manifest).expect("a manifest"));
    assert_eq!(manifests[0], manifests[1]);
    assert_eq!(split.objects, compiled(&script).objects);
}

#[test]
fn what_is_wrong_with_one_of_many_programs_is_said_once() {
    let probes = "t:syscalls:sys_enter_openat { @ = count(); }\n".repeat(super::parts::MIN_PROGRAMS);
    let variables: String = (0..40).map(|index| format!("$s{index} = str(args.filename); ")).collect();
    let script = format!("config = {{ max_strlen = 65536 }} {probes} t:syscalls:sys_enter_openat {{ {variables} }}");
    let whole = crate::compile_to_one_object(&SourceFile::new("test", script.as_str()), &kernel(), &Default::default());
    let told = |errors: &[crate::diagnostic::Diagnostic]| {
        errors.iter().map(|error| (error.code, error.span, error.message.clone())).collect::<Vec<_>>()
    };
    let whole = told(&whole.map(|_| ()).expect_err("too large"));
    assert_eq!(told(&compile_for(&script, &kernel()).map(|_| ()).expect_err("too large")), whole);
    assert_eq!(whole.len(), 1, "{whole:?}");
}

#[test]
fn an_older_kernel_gets_the_same_program_without_the_newest_instructions() {
    let script = "begin { @x = (int8)@y; print(@x); @y = 3; }";
    let older = compile_for(script, &kernel().without(Feature::InstructionsV4)).expect(script);
    check_object(script, &older);
}

#[test]
fn counting_calls_no_helper_but_the_processor_id() {
    assert_eq!(helpers("t:syscalls:sys_enter_openat { @ = count(); }"), [8]);
    assert_eq!(helpers("t:syscalls:sys_exit_read { @ = hist(args.ret); @s = stats(args.ret); }"), [8]);
}

#[test]
fn a_keyed_aggregation_looks_its_key_up_once_and_creates_it_on_a_miss() {
    // Pid, processor, lookup; update and another lookup where the key is new.
    let calls = helpers("t:syscalls:sys_enter_openat { @[pid] = count(); }");
    assert_eq!(calls.iter().filter(|number| **number == 2).count(), 1);
    assert_eq!(calls.iter().filter(|number| **number == 1).count(), 2);
}

#[test]
fn cells_and_counters_have_places_of_their_own() {
    let manifest = compiled("begin { @a = count(); @b = avg(3); @c = hist(1); @d[1] = 5; @x = 7; }").manifest;
    let mut taken: Vec<(u32, u32)> = Vec::new();
    for map in &manifest.maps {
        match &map.storage {
            MapStorage::PerCpuGlobal { offset } => taken.push((*offset, super::layout::value_size(&map.value))),
            MapStorage::Global { offset } => assert!(offset + 16 <= manifest.globals.shared_size),
            MapStorage::Hash { symbol } | MapStorage::PerCpuHash { symbol } => {
                assert!(manifest.kernel_maps.iter().any(|known| known.symbol == *symbol));
            }
        }
    }
    taken.extend(manifest.counters.iter().map(|counter| (counter.offset, 8)));
    taken.sort_unstable();
    assert!(taken.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "{taken:?}");
    let end = taken.last().map_or(0, |(offset, size)| offset + size);
    assert!(end <= manifest.globals.slot_size && manifest.globals.slot_size.is_multiple_of(64));
    assert!(manifest.counters.iter().any(|counter| matches!(counter.cause, CounterCause::MapFull { .. })));
}

#[test]
fn long_strings_travel_at_the_end_of_a_record_and_short_ones_in_place() {
    let manifest = compiled("t:syscalls:sys_enter_openat { printf(\"%s %s\", comm, str(args.filename)); }").manifest;
    let crate::manifest::SiteKind::Printf { arguments, .. } = &manifest.sites[0].kind else { panic!("printf") };
    assert_eq!(arguments[0].place, SlotPlace::Fixed { offset: 0 });
    assert_eq!(arguments[1].place, SlotPlace::Tail { offset: 16 });
    assert_eq!(manifest.sites[0].fixed_size, 24);
}

#[test]
fn the_ring_is_as_large_as_what_the_script_may_send() {
    let ring = |script: &str| {
        let maps = compiled(script).manifest.kernel_maps;
        maps.iter().find(|map| map.symbol == RING_MAP).map(|map| map.max_entries)
    };
    assert_eq!(ring("begin { @ = 1; }"), None);
    assert_eq!(ring("begin { print(@a); @a[1] = 1; exit(); }"), Some(256 << 10));
    assert_eq!(ring(r#"t:sched:sched_switch { printf("x"); }"#), Some(8 << 20));
    assert_eq!(ring(r#"begin { printf("x"); }"#), Some(256 << 10));
    // Loops and functions send any number of times.
    assert_eq!(ring(r#"begin { for $i : 0..100000 { printf("x"); } }"#), Some(8 << 20));
    assert_eq!(ring(r#"begin { $i = 0; while ($i < 9) { printf("x"); $i++; } }"#), Some(8 << 20));
    assert_eq!(ring(r#"fn f($x : int64) : void { printf("%d", $x); } begin { f(1); }"#), Some(8 << 20));
    // A second of stacks: 99 of up to 127 frames on each of the processors.
    let cpus = u64::from(kernel().possible_cpus());
    let stacks = (99 * (24 + 127 * 8) * cpus).next_power_of_two().clamp(256 << 10, 8 << 20) as u32;
    assert_eq!(ring("profile:hz:99 { @[kstack] = count(); }"), Some(stacks));
    assert_eq!(ring("profile:us:10 { @[kstack] = count(); }"), Some(8 << 20));
    assert_eq!(ring(r#"config = { perf_rb_pages = 3 } begin { printf("x"); }"#), Some(16384));
}

#[test]
fn a_map_that_no_cpu_could_hold_a_value_of_is_refused() {
    let error = refused("begin { @ = tseries(1, 1s, 100000); }");
    assert_eq!((error.code, error.message.contains("2400000 bytes")), ("target-limit", true));
}

#[test]
fn more_strings_than_a_cpu_has_memory_for_are_refused() {
    let variables: String = (0..40).map(|index| format!("$s{index} = str(args.filename); ")).collect();
    let error = refused(&format!("config = {{ max_strlen = 65536 }} t:syscalls:sys_enter_openat {{ {variables} }}"));
    assert_eq!((error.code, error.help.len()), ("target-limit", 1));
}

#[test]
fn a_loop_on_a_kernel_without_it_is_refused_by_name() {
    let script = "begin { for $i : 0..3 { @ = count(); } }";
    let errors = compile_for(script, &kernel().without(Feature::Loop)).expect_err(script);
    assert!(errors.iter().any(|error| error.message.contains("5.17")), "{errors:?}");
}

#[test]
fn a_loop_body_is_a_function_of_its_program() {
    let compiled = compiled("begin { for $i : 0..3 { @ = count(); } }");
    let object = object::File::parse(compiled.objects[0].as_slice()).expect("an object");
    let names: Vec<&str> = object.symbols().filter_map(|symbol| symbol.name().ok()).collect();
    assert!(names.contains(&"run0") && names.contains(&"run0_loop0"), "{names:?}");
}

#[test]
fn an_error_of_the_back_end_is_a_limit_of_the_probe_it_names() {
    let script = "begin { @ = 1; } end { @ = 2; }";
    let (program, _) =
        crate::analyze(&SourceFile::new("test", script), &kernel(), &CompileOptions::default()).expect(script);
    let text = "in function run1 i64 (ptr): Looks like the BPF stack limit is exceeded.";
    let limit = super::limit_of_target(&program, text);
    assert_eq!((limit.code, limit.span), ("target-limit", program.programs[1].span));
    assert!(limit.message.contains("512 bytes of stack"), "{}", limit.message);
}

#[test]
fn llvm_says_what_is_wrong_instead_of_ending_the_process() {
    use inkwell::context::Context;
    super::warm_up();
    let context = Context::create();
    let messages = super::Messages::install(&context);
    let module = context.create_module("too_much_stack");
    let machine = super::emit::machine_for(&kernel()).expect("the BPF target");
    super::emit::prepare(&module, &machine);
    let i64 = context.i64_type();
    let pointer = context.ptr_type(inkwell::AddressSpace::default());
    let function = module.add_function("run0", i64.fn_type(&[pointer.into()], false), None);
    let ir = super::ir::Ir::new(module.get_context(), function);
    let entry = ir.block("entry");
    ir.position(entry);
    let memory = ir.stack_memory(1024, "memory");
    ir.map_lookup(memory, memory);
    ir.return_value(ir.constant(0));
    super::emit::write(&module, &machine, inkwell::targets::FileType::Object).expect("an object, of no use");
    assert!(messages.errors().iter().any(|text| text.contains("stack")), "{:?}", messages.errors());
    super::Messages::uninstall(&context);
}
