//! Addresses with names.

use super::{Builtin, Kind, Timing};

pub static KSYM: Builtin = Builtin {
    name: "ksym",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "ksym(address)",
    doc: "The kernel function at an address, named when it is printed.",
    example: r#"begin { print(ksym(kaddr("do_nanosleep"))); }"#,
    lower: crate::codegen::unfinished,
};

pub static USYM: Builtin = Builtin {
    name: "usym",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    signature: "usym(address)",
    doc: "The function of the current process at an address, named when it is printed.",
    example: r#"uprobe:/bin/bash:readline { print(usym(reg("ip"))); }"#,
    lower: crate::codegen::unfinished,
};

pub static KADDR: Builtin = Builtin {
    name: "kaddr",
    kind: Kind::Function,
    timing: Timing::CompileTime,
    signature: "kaddr(name)",
    doc: "The address of a kernel symbol, looked up when the script is compiled.",
    example: r#"begin { printf("%p\n", kaddr("do_nanosleep")); }"#,
    lower: crate::codegen::unfinished,
};
