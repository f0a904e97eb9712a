//! BTF types as the compiler sees them: `Type`, `StructType`, arguments of functions and raw tracepoints.

use std::sync::Arc;

use tracedeck_compiler::kernel::{Field, FunctionType, StructType};
use tracedeck_compiler::types::{AddressSpace, Type};

use super::reader::Record;
use super::{Btf, CHAIN_LIMIT, Kind, enumerator_value};

/// Members of one struct, those of its anonymous members included; the kernel's largest have a few hundred.
const MEMBER_LIMIT: u32 = 16_384;
/// Anonymous structs within anonymous structs.
const NESTING_LIMIT: u32 = 16;

impl Btf {
    /// A type by id. `char` arrays become strings of that capacity (bpftrace 0.26 treats them alike); function
    /// pointers point to `void`; a struct that is only declared has size 0.
    pub fn convert(&self, id: u32) -> Type {
        self.convert_within(id, CHAIN_LIMIT)
    }

    fn convert_within(&self, id: u32, depth: u32) -> Type {
        let (id, typedef) = self.strip(id);
        let (Some(record), Some(depth)) = (self.record(id), depth.checked_sub(1)) else { return Type::Void };
        match record.kind {
            Kind::Int => self.int(&record),
            Kind::Float => bytes(record.size_or_type),
            Kind::Enum | Kind::Enum64 => self.enumeration(&record, typedef),
            Kind::Struct | Kind::Union | Kind::Forward => self.structure(id, &record, typedef),
            Kind::Pointer => {
                Type::pointer(self.convert_within(record.size_or_type, depth), self.address_space(record.size_or_type))
            }
            Kind::Array => self.array(&record, depth),
            _ => Type::Void,
        }
    }

    fn int(&self, record: &Record) -> Type {
        let encoding = (self.blob.u32(record.tail) >> 24) & 0xf;
        if encoding & 4 != 0 && record.size_or_type == 1 {
            return Type::Bool;
        }
        match record.size_or_type {
            size @ (1 | 2 | 4 | 8) => Type::Int {
                bytes: size as u8,
                // The kernel is built with unsigned `char` since 6.2; in scripts characters are int8.
                signed: encoding & 1 != 0 || self.blob.name_bytes(record.name) == b"char",
            },
            size => bytes(size),
        }
    }

    fn enumeration(&self, record: &Record, typedef: Option<u32>) -> Type {
        let entries = (0..record.count).map(|index| self.blob.entry(record, index));
        let symbols: Vec<_> =
            entries.map(|entry| (self.blob.name(entry.0).to_owned(), enumerator_value(record, entry))).collect();
        let name = self.blob.name(if record.name == 0 { typedef.unwrap_or(0) } else { record.name });
        let bytes = if matches!(record.size_or_type, 1 | 2 | 4 | 8) { record.size_or_type as u8 } else { 4 };
        Type::Enum { name: name.into(), bytes, signed: record.flag, symbols: symbols.into() }
    }

    fn structure(&self, id: u32, record: &Record, typedef: Option<u32>) -> Type {
        let union = record.kind == Kind::Union || (record.kind == Kind::Forward && record.flag);
        let keyword = if union { "union" } else { "struct" };
        let name = match (self.blob.name(record.name), typedef.map_or("", |name| self.blob.name(name))) {
            ("", "") => format!("{keyword} {}", self.anonymous_name(id)),
            ("", typedef) => typedef.to_owned(),
            (name, _) => format!("{keyword} {name}"),
        };
        let size = if record.kind == Kind::Forward { 0 } else { record.size_or_type };
        Type::Struct { name: name.into(), size }
    }

    fn array(&self, record: &Record, depth: u32) -> Type {
        let (of, _, len) = self.blob.entry(record, 0);
        let (of_stripped, _) = self.strip(of);
        let is_char = self
            .record(of_stripped)
            .is_some_and(|element| element.kind == Kind::Int && self.blob.name_bytes(element.name) == b"char");
        if is_char && len > 0 {
            return Type::String { capacity: len };
        }
        Type::Array { of: Arc::new(self.convert_within(of, depth)), len }
    }

    /// `__user` reaches BTF as a type tag on what the pointer points to (kernels built with clang, or GCC 16).
    fn address_space(&self, mut target: u32) -> AddressSpace {
        for _ in 0..CHAIN_LIMIT {
            match self.record(target) {
                Some(record) if record.kind == Kind::TypeTag && self.blob.name_bytes(record.name) == b"user" => {
                    return AddressSpace::User;
                }
                Some(record)
                    if matches!(record.kind, Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag) =>
                {
                    target = record.size_or_type;
                }
                _ => break,
            }
        }
        AddressSpace::Kernel
    }

    /// What structs are called that C does not name: `<anonymous ID>`, and of a module `<anonymous ID of MODULE>`.
    fn anonymous_name(&self, id: u32) -> String {
        match self.module().filter(|_| id >= self.first) {
            Some(module) => format!("<anonymous {id} of {module}>"),
            None => format!("<anonymous {id}>"),
        }
    }

    fn anonymous_id(&self, tag: &str) -> Option<u32> {
        let (id, module) = match tag.strip_prefix("<anonymous ")?.strip_suffix('>')?.split_once(" of ") {
            Some((id, module)) => (id, Some(module)),
            None => (tag.strip_prefix("<anonymous ")?.strip_suffix('>')?, None),
        };
        let id = id.parse().ok()?;
        let home = self.module().filter(|_| id >= self.first);
        (home == module).then_some(id)
    }

    /// The id that a C name stands for: `struct file`, `union x`, `enum y`, a typedef or a base type.
    pub fn id_of_c_name(&self, name: &str) -> Option<u32> {
        match name.split_once(' ') {
            Some((keyword @ ("struct" | "union"), tag)) => {
                let kind = if keyword == "union" { Kind::Union } else { Kind::Struct };
                self.id_of(kind, tag).or_else(|| self.id_of(Kind::Forward, tag)).or_else(|| self.anonymous_id(tag))
            }
            Some(("enum", tag)) => self.id_of(Kind::Enum, tag).or_else(|| self.id_of(Kind::Enum64, tag)),
            _ => self.id_of(Kind::Typedef, name).or_else(|| self.id_of(Kind::Int, name)),
        }
    }

    /// A struct or union with its fields, by its name with keyword, or a typedef of one.
    pub fn struct_type(&self, name: &str) -> Option<StructType> {
        let (id, _) = self.strip(self.id_of_c_name(name)?);
        let record = self.record(id)?;
        if !matches!(record.kind, Kind::Struct | Kind::Union) {
            return None;
        }
        let mut fields = Vec::new();
        self.members(&record, 0, &mut fields, (NESTING_LIMIT, &mut { MEMBER_LIMIT }));
        Some(StructType { name: name.to_owned(), size: record.size_or_type, fields })
    }

    /// Appends the members, those of anonymous members in their place. Offsets are relative to the outermost type.
    fn members(&self, record: &Record, base_bits: u32, fields: &mut Vec<Field>, (depth, left): (u32, &mut u32)) {
        for index in 0..record.count {
            let Some(rest) = left.checked_sub(1) else { return };
            *left = rest;
            let (name, id, placement) = self.blob.entry(record, index);
            let (bit, width) = if record.flag { (placement & 0x00ff_ffff, placement >> 24) } else { (placement, 0) };
            let bit = base_bits.saturating_add(bit);
            if name == 0 {
                let (inner, _) = self.strip(id);
                if let (Some(inner), Some(depth)) = (self.record(inner), depth.checked_sub(1))
                    && matches!(inner.kind, Kind::Struct | Kind::Union)
                {
                    self.members(&inner, bit, fields, (depth, left));
                }
                continue;
            }
            let name = self.blob.name(name);
            let (ty, offset, bits) = placed(self.convert(id), bit, width);
            fields.push(Field { name: name.to_owned(), ty, offset, bits, declaration: self.declare(id, name, width) });
        }
    }

    /// The arguments of a raw tracepoint, `offset` = 8 * index. Types from the typedef `btf_trace_NAME`, names from
    /// the stub function of the same tracepoint, since typedefs of functions carry none.
    pub fn raw_tracepoint_arguments(&self, name: &str) -> Option<StructType> {
        let typedef = self.record(self.id_of(Kind::Typedef, &format!("btf_trace_{name}"))?)?;
        let (pointer, _) = self.strip(typedef.size_or_type);
        let (proto, _) = self.strip(self.record(pointer)?.size_or_type);
        let proto = self.record(proto).filter(|proto| proto.kind == Kind::FunctionProto)?;
        let named = ["__probestub_", "__traceiter_"].iter().find_map(|prefix| {
            let function = self.record(self.id_of(Kind::Function, &format!("{prefix}{name}"))?)?;
            self.record(function.size_or_type).filter(|named| {
                named.kind == Kind::FunctionProto
                    && named.count == proto.count
                    && (0..proto.count).all(|index| self.blob.entry(named, index).1 == self.blob.entry(&proto, index).1)
            })
        });
        let names = named.unwrap_or(proto);
        // The first parameter is the `void *__data` of the tracepoint machinery.
        let fields = self.parameters(&proto, &names, 1);
        Some(StructType { name: String::new(), size: 8 * fields.len() as u32, fields })
    }

    /// The parameters of a kernel function and what it returns, for listings. `None` where BTF has no such function.
    pub fn function(&self, name: &str) -> Option<(StructType, String)> {
        let function = self.record(self.id_of(Kind::Function, name)?)?;
        let proto = self.record(function.size_or_type).filter(|proto| proto.kind == Kind::FunctionProto)?;
        let fields = self.parameters(&proto, &proto, 0);
        let parameters = StructType { name: name.to_owned(), size: 8 * fields.len() as u32, fields };
        Some((parameters, self.declare(proto.size_or_type, "", 0)))
    }

    /// A kernel function as its callers see it.
    pub fn function_type(&self, name: &str) -> Option<FunctionType> {
        let function = self.record(self.id_of(Kind::Function, name)?)?;
        let proto = self.record(function.size_or_type).filter(|proto| proto.kind == Kind::FunctionProto)?;
        // Arguments without a type stand for the dots at the end.
        let is_variadic = proto.count > 0 && self.blob.entry(&proto, proto.count - 1).1 == 0;
        let mut fields = self.parameters(&proto, &proto, 0);
        if is_variadic {
            fields.pop();
        }
        let parameters = StructType { name: name.to_owned(), size: 0, fields };
        Some(FunctionType::new(parameters, self.convert(proto.size_or_type), is_variadic))
    }

    fn parameters(&self, proto: &Record, names: &Record, skip: u32) -> Vec<Field> {
        let parameter = |index: u32| {
            let id = self.blob.entry(proto, index).1;
            let name = match self.blob.name(self.blob.entry(names, index).0) {
                "" => format!("arg{}", index - skip),
                name => name.to_owned(),
            };
            let declaration = self.declare(id, &name, 0);
            Field { ty: self.convert(id), offset: 8 * (index - skip), bits: None, declaration, name }
        };
        (skip..proto.count).map(parameter).collect()
    }
}

fn bytes(len: u32) -> Type {
    Type::Array { of: Arc::new(Type::UINT8), len }
}

/// Byte offset of a member, and its bits within the unit that is loaded. The unit is the declared type at a multiple of
/// its size, as compilers lay bit-fields out; a packed one that crosses it is read from its first byte with a wider type.
fn placed(ty: Type, bit: u32, width: u32) -> (Type, u32, Option<(u8, u8)>) {
    let unit = ty.size().clamp(1, 8) * 8;
    if width == 0 || width > 64 {
        return (ty, bit / 8, None);
    }
    let start = bit / unit * unit;
    if bit - start + width <= unit {
        return (ty, start / 8, Some(((bit - start) as u8, width as u8)));
    }
    let shift = bit % 8;
    let bytes = (shift + width).div_ceil(8).next_power_of_two().min(8) as u8;
    (Type::Int { bytes, signed: ty.is_signed() }, bit / 8, Some((shift as u8, width as u8)))
}
