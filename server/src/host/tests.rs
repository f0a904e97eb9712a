//! What the running machine answers; each test says so when the machine has nothing to ask.

use super::*;

fn skip(name: &str, reason: &str) {
    println!("skipped: {name}: {reason}");
}

#[test]
fn sched_switch_has_the_fields_that_scripts_use() {
    let kernel = LiveKernel::shared();
    let Some(format) = kernel.tracepoint_format("sched", "sched_switch") else {
        return skip("sched_switch_has_the_fields_that_scripts_use", "tracefs cannot be read");
    };
    let ty =
        |name: &str| format.fields.iter().find(|field| field.field.name == name).map(|field| field.field.ty.clone());
    assert_eq!(ty("prev_comm"), Some(Type::String { capacity: 16 }));
    assert_eq!(ty("next_pid"), Some(Type::INT32));
    assert_eq!(ty("common_pid"), None);
    assert!(kernel.tracepoint_id("sched", "sched_switch").is_ok_and(|id| id > 0));
}

#[test]
fn the_file_name_of_openat_is_a_user_pointer_to_text() {
    let kernel = LiveKernel::shared();
    let Some(format) = kernel.tracepoint_format("syscalls", "sys_enter_openat") else {
        return skip("the_file_name_of_openat_is_a_user_pointer_to_text", "tracefs cannot be read");
    };
    let name = format.fields.iter().find(|field| field.field.name == "filename").unwrap();
    assert_eq!(name.field.ty, Type::pointer(Type::INT8, AddressSpace::User));
}

#[test]
fn every_format_of_this_kernel_parses_within_its_record() {
    let kernel = LiveKernel::shared();
    for (category, event) in kernel.tracepoints("*", "sched_*").into_iter().chain(kernel.tracepoints("xfs", "*")) {
        let format = kernel.tracepoint_format(&category, &event).unwrap();
        for field in &format.fields {
            let end = field.field.offset
                + if field.kind == tracedeck_compiler::kernel::TracepointFieldKind::Plain {
                    field.field.ty.size()
                } else {
                    4
                };
            assert!(end <= format.size, "{category}:{event}.{}", field.field.name);
        }
    }
}

#[test]
fn names_with_slashes_reach_no_file() {
    let kernel = LiveKernel::shared();
    assert_eq!(kernel.tracepoint_format("..", "../../../proc/self"), None);
    assert!(kernel.tracepoint_id("sched/sched_switch", "..").is_err());
}

#[test]
fn base_types_need_no_btf() {
    let kernel = LiveKernel::shared();
    assert_eq!(kernel.named_type("unsigned long"), Some(Type::UINT64));
    assert_eq!(kernel.named_type("no_such_type"), None);
}

#[test]
fn bash_and_libc_are_found_by_their_bare_names() {
    let kernel = LiveKernel::shared();
    match kernel.binary("sh", None) {
        Ok(path) => assert!(path.ends_with("sh"), "{path:?}"),
        Err(error) => panic!("{error}"),
    }
    let libc = kernel.binary("libc", None).unwrap();
    let malloc = kernel.user_symbols(&libc, "malloc").unwrap();
    assert_eq!(malloc.iter().map(|symbol| symbol.name.as_str()).collect::<Vec<_>>(), ["malloc"]);
    assert_eq!(kernel.binary("libc", Some(std::process::id())).map(|path| path.ends_with("libc.so.6")), Ok(true));
    assert_eq!(kernel.binary("no such program", None), Err(BinaryError::NotFound("no such program".to_owned())));
}

#[test]
fn kernel_functions_match_by_pattern_and_by_name() {
    let kernel = LiveKernel::shared();
    if kernel.btf().is_none() {
        return skip("kernel_functions_match_by_pattern_and_by_name", "this kernel has no BTF");
    }
    assert_eq!(kernel.kernel_functions("vfs_read"), ["vfs_read"]);
    let all = kernel.kernel_functions("vfs_*");
    assert!(all.len() > 10 && all.is_sorted() && all.contains(&"vfs_write".to_owned()));
}

#[test]
fn constants_of_enums_carry_their_type() {
    let kernel = LiveKernel::shared();
    if kernel.btf().is_none() {
        return skip("constants_of_enums_carry_their_type", "this kernel has no BTF");
    }
    let (ty, value) = kernel.enum_constant("PIDTYPE_TGID").unwrap();
    assert_eq!((ty.to_string().as_str(), value), ("enum pid_type", 1));
    assert_eq!(kernel.enum_constant("PIDTYPE_NONE"), None);
}
