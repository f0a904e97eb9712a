//! BTF types as C writes them, for listings: `struct sock * sk`, `int (*release)(struct inode *)`.

use std::fmt::Write;

use super::{Btf, CHAIN_LIMIT, Kind};

/// Types looked at for one declaration; the kernel's longest function pointers need about 60.
const STEP_LIMIT: u32 = 500;

impl Btf {
    /// The declaration of `name` with a type; an empty name yields the type alone. `width` > 0 is a bit-field's.
    pub fn declare(&self, id: u32, name: &str, width: u32) -> String {
        let mut text = self.declarator(id, name.to_owned(), CHAIN_LIMIT, &mut { STEP_LIMIT });
        if width > 0 {
            let _ = write!(text, ":{width}");
        }
        text
    }

    /// C declarations grow around the name: pointers before it, arrays and parameters behind it.
    fn declarator(&self, id: u32, inner: String, depth: u32, steps: &mut u32) -> String {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), steps.checked_sub(1)) else {
            return joined("...", &inner);
        };
        *steps = left;
        let Some(record) = self.record(id) else { return joined("void", &inner) };
        let name = self.blob.name(record.name);
        match record.kind {
            Kind::Pointer => {
                let target = self.record(record.size_or_type).map(|target| target.kind);
                let inner = match target {
                    Some(Kind::FunctionProto | Kind::Array) => format!("(*{inner})"),
                    _ => joined("*", &inner),
                };
                self.declarator(record.size_or_type, inner, depth, steps)
            }
            Kind::Array => {
                let (of, _, len) = self.blob.entry(&record, 0);
                let len = if len == 0 { String::new() } else { len.to_string() };
                self.declarator(of, format!("{inner}[{len}]"), depth, steps)
            }
            Kind::FunctionProto => {
                let mut parameters = Vec::new();
                for index in 0..record.count.min(64) {
                    let (name, id, _) = self.blob.entry(&record, index);
                    parameters.push(match id {
                        0 => "...".to_owned(),
                        id => self.declarator(id, self.blob.name(name).to_owned(), depth.min(6), steps),
                    });
                }
                let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
                self.declarator(record.size_or_type, format!("{inner}({parameters})"), depth, steps)
            }
            Kind::Const => self.qualified("const", record.size_or_type, inner, depth, steps),
            Kind::Volatile => self.qualified("volatile", record.size_or_type, inner, depth, steps),
            Kind::Restrict | Kind::TypeTag => self.declarator(record.size_or_type, inner, depth, steps),
            Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 | Kind::Forward => {
                let keyword = match record.kind {
                    Kind::Enum | Kind::Enum64 => "enum",
                    Kind::Union => "union",
                    Kind::Forward if record.flag => "union",
                    _ => "struct",
                };
                if name.is_empty() {
                    joined(&format!("{keyword} {{ ... }}"), &inner)
                } else {
                    joined(&format!("{keyword} {name}"), &inner)
                }
            }
            _ => joined(if name.is_empty() { "void" } else { c_spelling(name) }, &inner),
        }
    }

    /// A qualifier of a pointer stands behind the star, one of a plain type before it.
    fn qualified(&self, word: &str, id: u32, inner: String, depth: u32, steps: &mut u32) -> String {
        if self.record(id).is_some_and(|target| target.kind == Kind::Pointer) {
            self.declarator(id, joined(word, &inner), depth, steps)
        } else {
            format!("{word} {}", self.declarator(id, inner, depth, steps))
        }
    }
}

fn joined(left: &str, right: &str) -> String {
    match right.as_bytes().first() {
        None => left.to_owned(),
        Some(b'[' | b')') => format!("{left}{right}"),
        Some(_) => format!("{left} {right}"),
    }
}

/// DWARF and so BTF write base types their own way round.
fn c_spelling(name: &str) -> &str {
    match name {
        "long unsigned int" => "unsigned long",
        "long long unsigned int" => "unsigned long long",
        "long long int" => "long long",
        "long int" => "long",
        "short int" => "short",
        "short unsigned int" => "unsigned short",
        "_Bool" => "bool",
        _ => name,
    }
}
