//! Finds the number of something in the kernel's BTF: what tracing programs are attached to, functions and variables
//! that programs use.

use std::io;

const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";
/// `BTF_KIND_TYPEDEF`, `BTF_KIND_FUNC` and `BTF_KIND_VAR` of linux/btf.h.
const TYPEDEF: u32 = 8;
const FUNCTION: u32 = 12;
const VARIABLE: u32 = 14;

/// The type information of the kernel proper.
pub struct KernelBtf(Vec<u8>);

impl KernelBtf {
    pub fn read() -> io::Result<Self> {
        std::fs::read(KERNEL_BTF).map(Self)
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
        let (header, types_at) = (self.word(4)? as usize, self.word(8)? as usize);
        let types_end = header + types_at + self.word(12)? as usize;
        let strings = header + self.word(16)? as usize;
        let mut at = header + types_at;
        let mut id = 1;
        while at < types_end {
            let info = self.word(at + 4)?;
            let kind = info >> 24 & 0x1f;
            if kind == wanted && self.is_string(strings + self.word(at)? as usize, name) {
                return Some(id);
            }
            at += 12 + extra_bytes(kind, (info & 0xffff) as usize)?;
            id += 1;
        }
        None
    }

    fn word(&self, at: usize) -> Option<u32> {
        self.0.get(at..at + 4).map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn is_string(&self, at: usize, name: &str) -> bool {
        self.0
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
        let btf = KernelBtf([header, types, strings.to_vec()].concat());
        assert_eq!(btf.typedef("btf_trace_x"), Some(3));
        assert_eq!(btf.typedef("btf_trace"), None);
        assert_eq!(btf.function("int"), None);
    }
}
