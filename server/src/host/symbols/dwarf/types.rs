//! Functions and types of programs, as the compiler sees them.
//!
//! A struct's name ends in what finds it again: `struct cart@1a2b:/usr/bin/shop`, its entry's offset and the file.

use std::path::Path;
use std::sync::Arc;

use gimli::{AttributeValue, DebugInfoOffset, UnitOffset, constants as dw};
use tracedeck_compiler::kernel::{Field, FunctionType, StructType};
use tracedeck_compiler::types::{AddressSpace, Type};

use super::{CHAIN_LIMIT, Entry, Unit, along, children, find_unit, referred, text, with_dwarf};

/// Members of one struct, those of its bases and anonymous members included.
const MEMBER_LIMIT: usize = 4096;

/// See `Kernel::user_function_type`.
pub fn function_type(path: &Path, address: u64) -> Option<FunctionType> {
    with_dwarf(path, |dwarf| {
        find_unit(dwarf, |unit| {
            if !covers(&unit, address) {
                return None;
            }
            let mut entries = unit.entries();
            while let Ok(Some(entry)) = entries.next_dfs() {
                if entry.tag() == dw::DW_TAG_subprogram && starts_at(&unit, entry, address) {
                    return Some(Reader { unit, path }.function(&entry.clone()));
                }
            }
            None
        })
    })
}

/// A struct by the name that [`function_type`] gave it.
pub fn struct_type(name: &str) -> Option<StructType> {
    let (_, place) = name.split_once('@')?;
    let (offset, path) = place.split_once(':')?;
    let offset = DebugInfoOffset(usize::from_str_radix(offset, 16).ok()?);
    let path = Path::new(path);
    with_dwarf(path, |dwarf| {
        find_unit(dwarf, |unit| {
            let offset = offset.to_unit_offset(&unit.header)?;
            let reader = Reader { unit, path };
            let entry = reader.unit.entry(offset).ok()?;
            let mut fields = Vec::new();
            reader.members(&entry, 0, &mut fields, CHAIN_LIMIT);
            let size = reader.size(&entry);
            (!entry.has_attr(dw::DW_AT_declaration)).then(|| StructType { name: name.to_owned(), size, fields })
        })
    })
}

fn covers(unit: &Unit<'_, '_>, address: u64) -> bool {
    let Ok(mut ranges) = unit.unit_ranges() else { return true };
    let mut some = false;
    while let Ok(Some(range)) = ranges.next() {
        some = true;
        if (range.begin..range.end).contains(&address) {
            return true;
        }
    }
    // A unit that does not say where its code is may have it anywhere.
    !some
}

fn starts_at<'a>(unit: &Unit<'_, 'a>, entry: &Entry<'a>, address: u64) -> bool {
    let low = entry.attr_value(dw::DW_AT_low_pc).and_then(|value| unit.attr_address(value).ok().flatten());
    // A function in pieces is entered through the first of them.
    let first = || unit.die_ranges(entry).ok().and_then(|mut ranges| ranges.next().ok().flatten());
    low.or_else(|| first().map(|range| range.begin)) == Some(address)
}

struct Reader<'u, 'a> {
    unit: Unit<'u, 'a>,
    path: &'u Path,
}

impl<'a> Reader<'_, 'a> {
    fn function(&self, entry: &Entry<'a>) -> FunctionType {
        let unit = &self.unit;
        let mut parameters = StructType::default();
        // An instance of an inline function may have its parameters only in the original.
        let wanted = [dw::DW_TAG_formal_parameter];
        let found = along(
            unit,
            entry,
            &|it: &Entry<'a>| Some(children(unit, it.offset(), &wanted)).filter(|found| !found.is_empty()),
            CHAIN_LIMIT,
        );
        for (index, parameter) in found.unwrap_or_default().iter().enumerate() {
            let name = along(unit, parameter, &|it| text(unit, it, dw::DW_AT_name), CHAIN_LIMIT);
            let name = name.unwrap_or_else(|| format!("arg{index}"));
            let ty = along(unit, parameter, &|it| referred(unit, it, dw::DW_AT_type), CHAIN_LIMIT);
            parameters.fields.push(Field {
                declaration: declare(&self.written(ty, CHAIN_LIMIT), &name),
                ty: self.convert(ty, CHAIN_LIMIT),
                name,
                offset: 0,
                bits: None,
            });
        }
        let result = along(unit, entry, &|it| referred(unit, it, dw::DW_AT_type), CHAIN_LIMIT);
        let is_variadic = !children(unit, entry.offset(), &[dw::DW_TAG_unspecified_parameters]).is_empty();
        FunctionType::new(parameters, self.convert(result, CHAIN_LIMIT), is_variadic)
    }

    /// A type; no reference is `void`.
    fn convert(&self, at: Option<UnitOffset>, depth: u32) -> Type {
        let (Some(at), Some(depth)) = (at, depth.checked_sub(1)) else { return Type::Void };
        let Ok(entry) = self.unit.entry(at) else { return Type::Void };
        let next = || referred(&self.unit, &entry, dw::DW_AT_type);
        match entry.tag() {
            dw::DW_TAG_typedef
            | dw::DW_TAG_const_type
            | dw::DW_TAG_volatile_type
            | dw::DW_TAG_restrict_type
            | dw::DW_TAG_atomic_type => self.convert(next(), depth),
            dw::DW_TAG_pointer_type | dw::DW_TAG_reference_type | dw::DW_TAG_rvalue_reference_type => {
                Type::pointer(self.convert(next(), depth), AddressSpace::User)
            }
            dw::DW_TAG_base_type => self.base(&entry),
            dw::DW_TAG_enumeration_type => self.enumeration(&entry),
            dw::DW_TAG_structure_type | dw::DW_TAG_class_type | dw::DW_TAG_union_type => {
                let name = text(&self.unit, &entry, dw::DW_AT_name).unwrap_or_else(|| "<anonymous>".to_owned());
                let keyword = if entry.tag() == dw::DW_TAG_union_type { "union" } else { "struct" };
                let base = self.unit.header.debug_info_offset().map_or(0, |offset| offset.0);
                let name = format!("{keyword} {name}@{:x}:{}", base + at.0, self.path.display());
                Type::Struct { name: name.into(), size: self.size(&entry) }
            }
            dw::DW_TAG_array_type => self.array(&entry, depth),
            _ => Type::Void,
        }
    }

    fn size(&self, entry: &Entry<'a>) -> u32 {
        let size = entry.attr_value(dw::DW_AT_byte_size).and_then(|value| value.udata_value());
        size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0)
    }

    fn base(&self, entry: &Entry<'a>) -> Type {
        let size = self.size(entry);
        let Some(AttributeValue::Encoding(encoding)) = entry.attr_value(dw::DW_AT_encoding) else { return Type::Void };
        match (encoding, size) {
            (dw::DW_ATE_boolean, 1) => Type::Bool,
            (dw::DW_ATE_float | dw::DW_ATE_complex_float | dw::DW_ATE_decimal_float, _) => {
                Type::Array { of: Arc::new(Type::UINT8), len: size }
            }
            (_, 1 | 2 | 4 | 8) => {
                let signed = matches!(encoding, dw::DW_ATE_signed | dw::DW_ATE_signed_char);
                Type::Int { bytes: size as u8, signed }
            }
            // 128 bits: two registers, which a struct of the same size takes as well.
            _ => {
                let name = text(&self.unit, entry, dw::DW_AT_name).unwrap_or_default();
                Type::Struct { name: name.into(), size }
            }
        }
    }

    fn enumeration(&self, entry: &Entry<'a>) -> Type {
        let unit = &self.unit;
        let symbols: Vec<(String, i64)> = children(unit, entry.offset(), &[dw::DW_TAG_enumerator])
            .iter()
            .filter_map(|it| {
                let value = it.attr(dw::DW_AT_const_value)?;
                let value = value.sdata_value().or_else(|| value.udata_value().map(|it| it as i64))?;
                Some((text(unit, it, dw::DW_AT_name)?, value))
            })
            .collect();
        let bytes = match self.size(entry) {
            size @ (1 | 2 | 4 | 8) => size as u8,
            _ => 4,
        };
        let signed = symbols.iter().any(|(_, value)| *value < 0);
        let name = text(unit, entry, dw::DW_AT_name).unwrap_or_else(|| "<anonymous>".to_owned());
        Type::Enum { name: name.into(), bytes, signed, symbols: symbols.into() }
    }

    fn array(&self, entry: &Entry<'a>, depth: u32) -> Type {
        let of = referred(&self.unit, entry, dw::DW_AT_type);
        let mut lengths: Vec<u32> = children(&self.unit, entry.offset(), &[dw::DW_TAG_subrange_type])
            .iter()
            .map(|it| {
                let number = |name| it.attr(name).and_then(|value| value.udata_value());
                let len = number(dw::DW_AT_count).or_else(|| number(dw::DW_AT_upper_bound).map(|last| last + 1));
                len.and_then(|len| u32::try_from(len).ok()).unwrap_or(0)
            })
            .collect();
        let element = self.convert(of, depth);
        // Arrays of characters are strings, as in the kernel's types.
        let mut ty = match lengths.last() {
            Some(len) if *len > 0 && element == Type::INT8 => {
                let capacity = *len;
                lengths.pop();
                Type::String { capacity }
            }
            _ => element,
        };
        while let Some(len) = lengths.pop() {
            ty = Type::Array { of: Arc::new(ty), len };
        }
        ty
    }

    /// Appends the members of a struct; those of its bases and of anonymous members stand in their place.
    fn members(&self, of: &Entry<'a>, base: u32, fields: &mut Vec<Field>, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let wanted = [dw::DW_TAG_member, dw::DW_TAG_inheritance];
        for member in children(&self.unit, of.offset(), &wanted) {
            if fields.len() >= MEMBER_LIMIT || member.has_attr(dw::DW_AT_external) {
                continue;
            }
            let number = |name| {
                let value = member.attr(name).and_then(|value| value.udata_value());
                value.and_then(|value| u32::try_from(value).ok())
            };
            let ty = referred(&self.unit, &member, dw::DW_AT_type);
            let offset = base + number(dw::DW_AT_data_member_location).unwrap_or(0);
            let name = text(&self.unit, &member, dw::DW_AT_name);
            let Some(name) = name.filter(|_| member.tag() == dw::DW_TAG_member) else {
                if let Some(inner) = ty.and_then(|ty| self.unit.entry(self.resolved(ty)).ok()) {
                    self.members(&inner, offset, fields, depth);
                }
                continue;
            };
            let declaration = declare(&self.written(ty, CHAIN_LIMIT), &name);
            let ty = self.convert(ty, CHAIN_LIMIT);
            let (offset, bits) = match (number(dw::DW_AT_data_bit_offset), number(dw::DW_AT_bit_size)) {
                (Some(bit), Some(width)) => {
                    // The unit of the member's type that holds the bits.
                    let unit = ty.size().max(1) * 8;
                    (base + bit / unit * ty.size().max(1), Some(((bit % unit) as u8, width as u8)))
                }
                _ => (offset, None),
            };
            fields.push(Field { name, ty, offset, bits, declaration });
        }
    }

    /// Behind typedefs and qualifiers.
    fn resolved(&self, mut at: UnitOffset) -> UnitOffset {
        for _ in 0..CHAIN_LIMIT {
            let Ok(entry) = self.unit.entry(at) else { break };
            if !matches!(entry.tag(), dw::DW_TAG_typedef | dw::DW_TAG_const_type | dw::DW_TAG_volatile_type) {
                break;
            }
            let Some(next) = referred(&self.unit, &entry, dw::DW_AT_type) else { break };
            at = next;
        }
        at
    }

    /// A type as C writes it in front of a name.
    fn written(&self, at: Option<UnitOffset>, depth: u32) -> String {
        let (Some(at), Some(depth)) = (at, depth.checked_sub(1)) else { return "void".to_owned() };
        let Ok(entry) = self.unit.entry(at) else { return "void".to_owned() };
        let next = || self.written(referred(&self.unit, &entry, dw::DW_AT_type), depth);
        let name = || text(&self.unit, &entry, dw::DW_AT_name).unwrap_or_else(|| "<anonymous>".to_owned());
        match entry.tag() {
            dw::DW_TAG_pointer_type => declare(&next(), "*"),
            dw::DW_TAG_reference_type => declare(&next(), "&"),
            dw::DW_TAG_rvalue_reference_type => declare(&next(), "&&"),
            dw::DW_TAG_const_type => match next() {
                pointer if pointer.ends_with(['*', '&']) => format!("{pointer} const"),
                plain => format!("const {plain}"),
            },
            dw::DW_TAG_volatile_type | dw::DW_TAG_restrict_type | dw::DW_TAG_atomic_type => next(),
            dw::DW_TAG_structure_type | dw::DW_TAG_class_type => format!("struct {}", name()),
            dw::DW_TAG_union_type => format!("union {}", name()),
            dw::DW_TAG_enumeration_type => format!("enum {}", name()),
            dw::DW_TAG_array_type => format!("{}[]", next()),
            dw::DW_TAG_subroutine_type => format!("{}()", next()),
            _ => name(),
        }
    }
}

fn declare(ty: &str, name: &str) -> String {
    // As in the kernel's declarations: `struct sock * sk`, `char ** argv`.
    if name == "*" && ty.ends_with('*') { format!("{ty}*") } else { format!("{ty} {name}") }
}
