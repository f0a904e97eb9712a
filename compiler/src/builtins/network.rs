//! Network addresses and byte order.

use super::{Builtin, Kind, Timing};

pub static NTOP: Builtin = Builtin {
    name: "ntop",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "ntop([family, ]address)",
    doc: "An IPv4 or IPv6 address as text; the family is 2 or 10 and follows from the size of the address.",
    example: r#"begin { print(ntop(0x0100007f)); }"#,
    lower: crate::codegen::unfinished,
};

pub static MACADDR: Builtin = Builtin {
    name: "macaddr",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "macaddr(bytes)",
    doc: "Six bytes as the text of a MAC address.",
    example: r#"begin { $bytes = (uint8[8])(uint64)1; print(macaddr($bytes)); }"#,
    lower: crate::codegen::unfinished,
};

pub static BSWAP: Builtin = Builtin {
    name: "bswap",
    kind: Kind::Function,
    timing: Timing::Kernel,
    signature: "bswap(n)",
    doc: "The integer with its bytes in reverse order.",
    example: r#"begin { $port = (uint16)0x5000; print(bswap($port)); }"#,
    lower: crate::codegen::unfinished,
};
