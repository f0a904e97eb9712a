//! Names of C types that mean the same on every machine, for kernels without BTF and for spellings BTF does not know.

use crate::types::Type;

/// Base types in any spelling (`unsigned long`, `long unsigned int`) and the kernel's and C's fixed-width names.
pub fn base_type(name: &str) -> Option<Type> {
    Some(match name {
        "void" => Type::Void,
        "bool" | "_Bool" => Type::Bool,
        "s8" | "__s8" | "int8_t" | "int8" => Type::INT8,
        "s16" | "__s16" | "int16_t" | "int16" => Type::INT16,
        "s32" | "__s32" | "int32_t" | "int32" | "pid_t" => Type::INT32,
        "s64" | "__s64" | "int64_t" | "int64" | "ssize_t" | "loff_t" | "off_t" => Type::INT64,
        "u8" | "__u8" | "uint8_t" | "uint8" => Type::UINT8,
        "u16" | "__u16" | "uint16_t" | "uint16" | "umode_t" => Type::UINT16,
        "u32" | "__u32" | "uint32_t" | "uint32" | "uid_t" | "gid_t" | "dev_t" | "uint" => Type::UINT32,
        "u64" | "__u64" | "uint64_t" | "uint64" | "size_t" | "uintptr_t" | "ino_t" | "sector_t" => Type::UINT64,
        _ => return words(name),
    })
}

/// `unsigned long int` and all its permutations.
fn words(name: &str) -> Option<Type> {
    let (mut unsigned, mut signed, mut longs, mut short, mut char, mut int) = (0, 0, 0, 0, 0, 0);
    for word in name.split_whitespace() {
        match word {
            "unsigned" => unsigned += 1,
            "signed" => signed += 1,
            "long" => longs += 1,
            "short" => short += 1,
            "char" => char += 1,
            "int" => int += 1,
            "const" | "volatile" => {}
            _ => return None,
        }
    }
    if unsigned + signed > 1 || int > 1 || unsigned + signed + longs + short + char + int == 0 {
        return None;
    }
    let bytes = match (longs, short, char) {
        (0, 0, 1) if int == 0 => 1,
        (0, 1, 0) => 2,
        (0, 0, 0) => 4,
        (1 | 2, 0, 0) => 8,
        _ => return None,
    };
    Some(Type::Int { bytes, signed: unsigned == 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_the_words_of_a_base_type_is_known() {
        for name in ["unsigned long", "long unsigned int", "unsigned long long", "long int unsigned"] {
            assert_eq!(base_type(name), Some(Type::UINT64), "{name}");
        }
        assert_eq!(base_type("char"), Some(Type::INT8));
        assert_eq!(base_type("unsigned"), Some(Type::UINT32));
        assert_eq!(base_type("short int"), Some(Type::INT16));
        for name in ["", "unsigned signed", "long short", "long long long", "float", "struct long"] {
            assert_eq!(base_type(name), None, "{name}");
        }
    }
}
