//! Finds the number of something in the kernel's BTF: what tracing programs are attached to, functions and variables
//! that programs use.

use std::io;

const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";
const BTF_DIRECTORY: &str = "/sys/kernel/btf";
/// `BTF_KIND_TYPEDEF`, `BTF_KIND_FUNC` and `BTF_KIND_VAR` of linux/btf.h.
const TYPEDEF: u32 = 8;
const FUNCTION: u32 = 12;
const VARIABLE: u32 = 14;

/// The type information of the kernel proper, or of a module, whose numbers go on where the kernel's end.
pub struct KernelBtf {
    bytes: Vec<u8>,
    /// The number of the first type here.
    first: u32,
    /// Bytes of the strings before those here.
    strings_before: u32,
}

impl KernelBtf {
    pub fn read() -> io::Result<Self> {
        std::fs::read(KERNEL_BTF).map(|bytes| Self { bytes, first: 1, strings_before: 0 })
    }

    /// That of a module, on top of the kernel's own.
    pub fn read_module(module: &str, base: &KernelBtf) -> io::Result<Self> {
        let bytes = std::fs::read(format!("{BTF_DIRECTORY}/{module}"))?;
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let strings_before = base.word(20).ok_or_else(damaged)?;
        Ok(Self { bytes, first: base.end().ok_or_else(damaged)?, strings_before })
    }

    /// The number behind the last type.
    fn end(&self) -> Option<u32> {
        self.walk(|_, _| false).err()
    }

    /// The number of a typedef.
    pub fn typedef(&self, name: &str) -> Option<u32> {
        self.find(TYPEDEF, name)
    }

    /// The number of a function.
    pub fn function(&self, name: &str) -> Option<u32> {
        self.find(FUNCTION, name)
    }

    /// The number of a variable.
    pub fn variable(&self, name: &str) -> Option<u32> {
        self.find(VARIABLE, name)
    }

    /// One pass over all types: a few milliseconds.
    fn find(&self, wanted: u32, name: &str) -> Option<u32> {
        let strings = self.word(4)? as usize + self.word(16)? as usize;
        let is_meant = |kind: u32, at: usize| {
            kind == wanted
                && self
                    .word(at)
                    .and_then(|offset| offset.checked_sub(self.strings_before))
                    .is_some_and(|own| self.is_string(strings + own as usize, name))
        };
        self.walk(is_meant).ok()
    }

    /// The number of the first type, by its kind and where its record is, that is meant; else the number behind the last.
    fn walk(&self, is_meant: impl Fn(u32, usize) -> bool) -> Result<u32, u32> {
        let header = |at| self.word(at).unwrap_or(0) as usize;
        let mut at = header(4) + header(8);
        let types_end = at + header(12);
        let mut id = self.first;
        while at < types_end {
            let Some(info) = self.word(at + 4) else { break };
            let kind = info >> 24 & 0x1f;
            if is_meant(kind, at) {
                return Ok(id);
            }
            let Some(extra) = extra_bytes(kind, (info & 0xffff) as usize) else { break };
            at += 12 + extra;
            id += 1;
        }
        Err(id)
    }

    fn word(&self, at: usize) -> Option<u32> {
        self.bytes.get(at..at + 4).map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn is_string(&self, at: usize, name: &str) -> bool {
        self.bytes
            .get(at..)
            .is_some_and(|rest| rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)))
    }
}

/// Bytes that follow the common 12 of a type, by kind and number of members (linux/btf.h).
fn extra_bytes(kind: u32, members: usize) -> Option<usize> {
    Some(match kind {
        // INT, VAR, DECL_TAG
        1 | 14 | 17 => 4,
        // ARRAY
        3 => 12,
        // STRUCT, UNION, DATASEC, ENUM64
        4 | 5 | 15 | 19 => 12 * members,
        // ENUM, FUNC_PROTO
        6 | 13 => 8 * members,
        // PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG
        2 | 7..=12 | 16 | 18 => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::KernelBtf;

    #[test]
    fn a_typedef_is_found_behind_types_of_other_sizes() {
        let strings = b"\0int\0btf_trace_x\0";
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        // int (1, 4 bytes more), a struct of one member (4, 12 more), the typedef.
        let types =
            [words(&[1, 1 << 24, 4, 32]), words(&[0, 4 << 24 | 1, 4, 0, 1, 0]), words(&[5, 8 << 24, 1])].concat();
        let header = words(&[0x0001_eb9f, 24, 0, types.len() as u32, types.len() as u32, strings.len() as u32]);
        let bytes = [header, types, strings.to_vec()].concat();
        let btf = KernelBtf { bytes, first: 1, strings_before: 0 };
        assert_eq!(btf.typedef("btf_trace_x"), Some(3));
        assert_eq!(btf.typedef("btf_trace"), None);
        assert_eq!(btf.function("int"), None);
        assert_eq!(btf.end(), Some(4));
        // A module's typedef, with a name of its own behind those of the kernel.
        let types = words(&[strings.len() as u32, 8 << 24, 1]);
        let header = words(&[0x0001_eb9f, 24, 0, 12, 12, 2]);
        let bytes = [header, types, b"y\0".to_vec()].concat();
        let module = KernelBtf { bytes, first: 4, strings_before: strings.len() as u32 };
        assert_eq!((module.typedef("y"), module.typedef("int")), (Some(4), None));
    }
}
