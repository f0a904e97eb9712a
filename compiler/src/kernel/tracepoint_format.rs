//! The `format` file of a tracepoint: one line of C per field, with offset, size and sign.
//!
//! Types come from the C text. Where a slot is wider than the type (system calls store an `int` in 8 bytes) the value
//! is read with the type's own width, whose bytes come first on little-endian machines: upper halves hold whatever the
//! caller left in the register. Where a slot is narrower (`enum` in one byte) the slot's size wins.

use std::sync::Arc;

use super::{Field, TracepointField, TracepointFieldKind, TracepointFormat};
use crate::types::{AddressSpace, Type};

/// Capacity of a `__data_loc char[]` field: bpftrace 0.26's default for strings, whose length is only known at run time.
const TEXT_CAPACITY: u32 = 1024;

/// What parsing needs to know beside the text.
pub struct FormatContext<'a> {
    /// Looks a C type name up: `pid_t`, `struct sock`, `enum x`.
    pub named: &'a dyn Fn(&str) -> Option<Type>,
    /// Whose memory pointers point into: the caller's for system calls, else the kernel's.
    pub space: AddressSpace,
}

/// Parses the text of a `format` file. Lines that do not look like fields are passed over.
pub fn parse_format(text: &str, context: &FormatContext<'_>) -> TracepointFormat {
    let mut format = TracepointFormat::default();
    for line in text.lines() {
        let Some(line) = line.trim().strip_prefix("field:") else { continue };
        let Some(field) = parse_field(line, context) else { continue };
        if field.field.name.starts_with("common_") {
            continue;
        }
        let slot = number(line, "size:").unwrap_or(0);
        format.size = format.size.max(field.field.offset.saturating_add(slot));
        format.fields.push(field);
    }
    format
}

fn number(line: &str, key: &str) -> Option<u32> {
    line.split(';').find_map(|part| part.trim().strip_prefix(key))?.trim().parse().ok()
}

fn parse_field(line: &str, context: &FormatContext<'_>) -> Option<TracepointField> {
    let declaration = line.split(';').next()?.trim();
    let (offset, size) = (number(line, "offset:")?, number(line, "size:")?);
    let signed = number(line, "signed:").unwrap_or(0) != 0;

    let (text, kind) = match declaration.strip_prefix("__data_loc ") {
        Some(rest) => (rest, TracepointFieldKind::DataLocation),
        None => match declaration.strip_prefix("__rel_loc ") {
            Some(rest) => (rest, TracepointFieldKind::RelativeLocation),
            None => (declaration, TracepointFieldKind::Plain),
        },
    };
    // Dynamic arrays put the brackets behind the type (`char[] name`), fixed ones behind the name (`char name[16]`).
    let split = text.trim_end_matches(']').rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '['))?;
    let (ty_text, name_text) = text.split_at(split + 1);
    let (name, brackets) = match name_text.split_once('[') {
        Some((name, count)) => (name, Some(count.trim_end_matches(']'))),
        None => (name_text, None),
    };
    if name.is_empty() {
        return None;
    }
    let ty_text = ty_text.trim();
    let ty = match (kind, brackets) {
        (TracepointFieldKind::Plain, None) => plain(c_type(ty_text, context), size, signed),
        (TracepointFieldKind::Plain, Some(_)) => fixed_array(ty_text, size, context),
        _ => dynamic_array(ty_text.trim_end_matches(['[', ']']).trim(), context),
    };
    let field = Field { name: name.to_owned(), ty, offset, bits: None, declaration: declaration.to_owned() };
    Some(TracepointField { field, kind })
}

/// A value in place: the type's own width, unless the slot is narrower or the type is unknown.
fn plain(ty: Option<Type>, size: u32, signed: bool) -> Type {
    let slot = |signed| match size {
        1 | 2 | 4 | 8 => Type::Int { bytes: size as u8, signed },
        _ => Type::Array { of: Arc::new(Type::UINT8), len: size },
    };
    match ty {
        None => slot(signed),
        Some(Type::Int { bytes, signed }) if u32::from(bytes) > size => slot(signed),
        Some(Type::Enum { name, bytes, signed, symbols }) if u32::from(bytes) > size && size > 0 => {
            Type::Enum { name, bytes: size as u8, signed, symbols }
        }
        Some(ty) if ty.size() > size || ty == Type::Void => slot(signed),
        Some(ty) => ty,
    }
}

/// `char comm[16]` is a string of that capacity; the element count follows from the size of the field.
fn fixed_array(element: &str, size: u32, context: &FormatContext<'_>) -> Type {
    let of = c_type(element, context).filter(|ty| ty.size() > 0).unwrap_or(Type::UINT8);
    if is_char(element) && size > 0 {
        return Type::String { capacity: size };
    }
    let len = size / of.size();
    Type::Array { of: Arc::new(of), len }
}

fn dynamic_array(element: &str, context: &FormatContext<'_>) -> Type {
    if is_char(element) {
        return Type::String { capacity: TEXT_CAPACITY };
    }
    match c_type(element, context) {
        Some(ty @ Type::Struct { .. }) => ty,
        Some(ty) => Type::Array { of: Arc::new(ty), len: 0 },
        None => Type::Array { of: Arc::new(Type::UINT8), len: 0 },
    }
}

fn is_char(text: &str) -> bool {
    text.split_whitespace().filter(|word| *word != "const").eq(["char"])
}

/// A C type as format files write it: qualifiers, a name of one or more words, stars.
fn c_type(text: &str, context: &FormatContext<'_>) -> Option<Type> {
    let spaced = text.replace('*', " * ");
    let mut base = Vec::new();
    let (mut stars, mut space) = (0, context.space);
    for word in spaced.split_whitespace() {
        match word {
            "*" => stars += 1,
            "__user" => space = AddressSpace::User,
            "const" | "volatile" | "restrict" => {}
            // Address spaces and annotations: `__rcu`, `__percpu`, `__seg_gs`.
            annotation
                if annotation.starts_with("__")
                    && !matches!(base.last(), None | Some(&"struct" | &"union" | &"enum")) => {}
            word => base.push(word),
        }
    }
    let base = base.join(" ");
    if stars == 0 {
        return (context.named)(&base);
    }
    let mut ty = (context.named)(&base).unwrap_or_else(|| opaque(&base));
    for _ in 0..stars.min(8) {
        ty = Type::pointer(ty, space);
    }
    Some(ty)
}

/// What a pointer points to when the name is unknown: a struct that is only declared, or nothing.
fn opaque(base: &str) -> Type {
    if base.starts_with("struct ") || base.starts_with("union ") {
        return Type::Struct { name: base.into(), size: 0 };
    }
    Type::Void
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Option<Type> {
        match name {
            "int" | "pid_t" => Some(Type::INT32),
            "char" => Some(Type::INT8),
            "unsigned long" => Some(Type::UINT64),
            "u8" => Some(Type::UINT8),
            "void" => Some(Type::Void),
            "enum group" => {
                Some(Type::Enum { name: "group".into(), bytes: 4, signed: false, symbols: Vec::new().into() })
            }
            _ => None,
        }
    }

    fn parse(text: &str, space: AddressSpace) -> TracepointFormat {
        parse_format(text, &FormatContext { named: &named, space })
    }

    fn one(line: &str) -> TracepointField {
        parse(line, AddressSpace::Kernel).fields.into_iter().next().unwrap()
    }

    #[test]
    fn the_common_header_is_left_out_and_the_size_spans_all_fields() {
        let format = parse(
            "name: example\nID: 7\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
             \n\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n\
             \nprint fmt: \"field:x\"",
            AddressSpace::Kernel,
        );
        let names: Vec<_> = format.fields.iter().map(|field| field.field.name.as_str()).collect();
        assert_eq!((names, format.size), (vec!["pid", "comm"], 28));
        assert_eq!(format.fields[1].field.ty, Type::String { capacity: 16 });
    }

    #[test]
    fn dynamic_text_is_a_string_behind_a_location() {
        let field = one("field:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;");
        assert_eq!((field.kind, field.field.ty), (TracepointFieldKind::DataLocation, Type::String { capacity: 1024 }));
        let field = one("field:__rel_loc u8[] data;\toffset:8;\tsize:4;\tsigned:0;");
        assert_eq!(field.kind, TracepointFieldKind::RelativeLocation);
        assert_eq!(field.field.ty, Type::Array { of: Arc::new(Type::UINT8), len: 0 });
    }

    #[test]
    fn pointers_of_system_calls_point_into_user_memory() {
        let format = parse("field:const char *const * argv;\toffset:24;\tsize:8;\tsigned:0;", AddressSpace::User);
        let text = Type::pointer(Type::INT8, AddressSpace::User);
        assert_eq!(format.fields[0].field.ty, Type::pointer(text, AddressSpace::User));
    }

    #[test]
    fn an_int_in_a_wide_slot_keeps_its_own_width() {
        assert_eq!(one("field:int fd;\toffset:16;\tsize:8;\tsigned:0;").field.ty, Type::INT32);
    }

    #[test]
    fn an_enum_in_a_narrow_slot_takes_the_slots_width() {
        assert_eq!(one("field:enum group g;\toffset:16;\tsize:1;\tsigned:0;").field.ty.size(), 1);
    }

    #[test]
    fn unknown_types_take_size_and_sign_from_the_line() {
        assert_eq!(one("field:some_t x;\toffset:8;\tsize:2;\tsigned:1;").field.ty, Type::INT16);
        let opaque = one("field:struct unknown * p;\toffset:8;\tsize:8;\tsigned:0;").field.ty;
        assert_eq!(opaque.to_string(), "struct unknown *");
        assert_eq!(one("field:const void* p;\toffset:8;\tsize:8;\tsigned:0;").field.ty.to_string(), "void *");
    }

    #[test]
    fn a_tag_may_begin_with_underscores() {
        let field = one("field:const struct __kernel_timespec * rqtp;\toffset:32;\tsize:8;\tsigned:0;");
        assert_eq!(field.field.ty.to_string(), "struct __kernel_timespec *");
        let field = one("field:struct sock __rcu * sk;\toffset:32;\tsize:8;\tsigned:0;");
        assert_eq!(field.field.ty.to_string(), "struct sock *");
    }

    #[test]
    fn arrays_of_numbers_stay_arrays() {
        let field = one("field:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;");
        assert_eq!(field.field.ty, Type::Array { of: Arc::new(Type::UINT64), len: 6 });
        assert_eq!(field.field.declaration, "unsigned long args[6]");
    }

    #[test]
    fn lines_that_are_no_fields_are_passed_over() {
        for line in
            ["", "field:", "field:;", "field:int;offset:1;size:1;", "field:int x[;offset:a;size:4;", "field:[]]"]
        {
            assert!(parse(line, AddressSpace::Kernel).fields.len() <= 1);
        }
    }
}
