//! Functions of the kernel's modules: probed by name, and what is said when the module goes.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use tracedeck::host::LiveKernel;
use tracedeck_compiler::kernel::{Feature, Kernel};
use tracedeck_tests::binary::{run, traced, wait_for_message};
use tracedeck_tests::kernel_module::KernelModule;
use tracedeck_tests::require_tracing;
use tracedeck_tests::skip::skip;

/// Answers the processor's description; each read of 16 bytes is one call of `cpuid_read`.
const DEVICE: &str = "/dev/cpu/0/cpuid";

fn read_device(times: usize) {
    let device = File::open(DEVICE).expect("the module's device");
    let mut answer = [0; 16];
    (0..times).for_each(|_| device.read_exact_at(&mut answer, 0).expect("16 bytes"));
}

/// The module, and only there where functions can be probed.
fn cpuid() -> Option<KernelModule> {
    let reason = match LiveKernel::shared().has(Feature::Kprobes) {
        false => "this kernel has no kprobes",
        true => match KernelModule::load("cpuid") {
            Some(module) => return Some(module),
            None => "there is no module cpuid to load",
        },
    };
    skip("modules", reason);
    None
}

#[test]
fn functions_of_a_module_are_counted_with_their_arguments_and_stacks() {
    require_tracing!();
    let Some(_module) = cpuid() else { return };
    let pid = std::process::id().to_string();
    let script = "kprobe:cpuid:cpuid_read { @n = count(); @bytes = sum(arg2); @[kstack(2)] = count(); }
        kprobe:cpuid:cpuid_* { @func[func] = count(); }
        kretprobe:cpuid:cpuid_read { @r = sum(retval); }";
    let run = traced(&["-f", "json", "-p", &pid, "--include-self"], script, |_| read_device(9));
    assert_eq!((run.map("@n"), run.map("@bytes"), run.map("@r")), (9.into(), 144.into(), 144.into()));
    assert_eq!((&run.map("@func")["cpuid_read"], &run.map("@func")["cpuid_open"]), (&9.into(), &1.into()));
    assert!(run.stdout.contains("vfs_"), "{}", run.stdout);
}

#[test]
fn a_trampoline_on_a_function_of_a_module_knows_its_types() {
    require_tracing!();
    if !LiveKernel::shared().has(Feature::Trampolines) {
        return skip("modules", "this kernel does not allow trampolines");
    }
    let Some(_module) = cpuid() else { return };
    let pid = std::process::id().to_string();
    let script = "fentry:cpuid:cpuid_read { @n = count(); @bytes = sum(args.count); }
        fexit:cpuid:cpuid_rea* { @results[probe] = sum(retval); }
        fexit:cpuid:cpuid_read /args.file->f_path.dentry->d_name.len == 5/ { @name[str(args.file->f_path.dentry->d_name.name)] = count(); }
        kprobe:cpuid:cpuid_read { @typed = sum(args.count); }";
    let run = traced(&["-f", "json", "-p", &pid, "--include-self"], script, |_| read_device(9));
    assert_eq!((run.map("@n"), run.map("@bytes"), run.map("@typed")), (9.into(), 144.into(), 144.into()));
    assert_eq!((&run.map("@results")["fexit:cpuid:cpuid_read"], &run.map("@name")["cpuid"]), (&144.into(), &9.into()));
}

#[test]
fn functions_of_a_module_are_listed_with_their_arguments() {
    require_tracing!();
    let Some(_module) = cpuid() else { return };
    let list = |pattern: &str| run(&["-lv", pattern]).expect_code(0).stdout;
    let listed = list("kprobe:cpuid:*");
    assert!(listed.contains("kprobe:cpuid:cpuid_read\n    struct file * arg0\n    char * arg1\n"), "{listed}");
    assert!(list("k:cpuid_read").starts_with("kprobe:cpuid_read\n    struct file * arg0"));
    // A type of another module that is there: the file system that the guest sees its files through.
    if Path::new("/sys/kernel/btf/9p").exists() {
        let listed = list("struct v9fs_session_info");
        assert!(listed.contains("struct v9fs_session_info\n") && listed.contains("uname; //"), "{listed}");
    }
    let listed = list("fexit:cpuid:cpuid_read");
    assert!(listed.starts_with("fexit:cpuid:cpuid_read\n    struct file * file\n"), "{listed}");
    assert!(listed.trim_end().ends_with("ssize_t retval"), "{listed}");
}

#[test]
fn a_module_that_is_unloaded_is_reported() {
    require_tracing!();
    let Some(module) = cpuid() else { return };
    let run = traced(&[], "kprobe:cpuid:cpuid_read { @ = count(); }", |tracer| {
        read_device(5);
        drop(module);
        assert!(!Path::new("/sys/module/cpuid").exists(), "the module is still there");
        let message = wait_for_message(tracer, "cpuid was unloaded");
        assert!(message.contains("kprobe:cpuid:cpuid_read fires no more"), "{message}");
    });
    assert_eq!(run.stdout.trim(), "@: 5", "{}", run.stderr);
}
