//! Definitions of structs, unions and enums in C, laid out as a compiler for x86-64 or arm64 would.
//!
//! Knows what scripts and headers of data need: nested and anonymous types, arrays, pointers, function pointers,
//! bit-fields, typedefs, constant expressions, `__attribute__((packed))`. What a preprocessor does is done before.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Field, StructType, c_constants};
use crate::types::{AddressSpace, Type};

/// The deepest nesting of types within types.
const MAX_DEPTH: usize = 16;

/// Types that were defined, by name with keyword.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    structs: HashMap<String, (Arc<StructType>, u32)>,
    enums: HashMap<String, Type>,
    constants: HashMap<String, (Type, i64)>,
    /// Types with their alignment, by the names that `typedef` gave them.
    typedefs: HashMap<String, (Type, u32)>,
    anonymous: u32,
}

/// Looks a type name up that the text does not define.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Type>;

impl Definitions {
    pub fn struct_type(&self, name: &str) -> Option<Arc<StructType>> {
        let found = self.structs.get(name).or_else(|| match self.typedefs.get(name) {
            Some((Type::Struct { name, .. }, _)) => self.structs.get(&**name),
            _ => None,
        });
        found.map(|(found, _)| Arc::clone(found))
    }

    /// `struct x`, `union x`, `enum x`, or what a `typedef` calls x.
    pub fn named_type(&self, name: &str) -> Option<Type> {
        match self.structs.get(name) {
            Some((found, _)) => Some(Type::Struct { name: name.into(), size: found.size }),
            None => self.enums.get(name).cloned().or_else(|| self.typedefs.get(name).map(|(ty, _)| ty.clone())),
        }
    }

    pub fn enum_constant(&self, name: &str) -> Option<(Type, i64)> {
        self.constants.get(name).cloned()
    }

    pub fn struct_names(&self) -> impl Iterator<Item = &str> {
        self.structs.keys().map(String::as_str)
    }

    /// Reads definitions, each ended by `;` or not.
    ///
    /// # Errors
    ///
    /// A sentence about the first thing that is no definition.
    pub fn read(&mut self, text: &str, lookup: Lookup<'_>) -> Result<(), String> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, at: 0, definitions: self, lookup };
        while reader.peek().is_some() {
            if !reader.take(";") {
                reader.definition(0)?;
            }
        }
        Ok(())
    }
}

impl Definitions {
    /// Reads a header: types that are understood are known afterwards, all else is passed over.
    pub fn read_header(&mut self, text: &str, lookup: Lookup<'_>) {
        let Ok(tokens) = tokens(text) else { return };
        let mut reader = Reader { tokens: &tokens, at: 0, definitions: self, lookup };
        while reader.peek().is_some() {
            let start = reader.at;
            if reader.take(";") || (reader.declaration().is_ok() && reader.at > start) {
                continue;
            }
            reader.at = start;
            reader.pass_over();
        }
    }
}

/// Words, numbers and punctuation; comments left out.
pub fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            rest = rest.trim_start();
            continue;
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or("A comment is not closed")?;
            rest = &rest[end + 2..];
            continue;
        } else if first.is_ascii_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    definitions: &'a mut Definitions,
    lookup: Lookup<'a>,
}

/// A type with what [`Type`] does not say: C structs know their alignment.
struct Aligned {
    ty: Type,
    align: u32,
}

impl Aligned {
    fn of(ty: Type) -> Self {
        let align = match &ty {
            // Structs of the kernel: nearly all hold a pointer or a long.
            Type::Struct { size, .. } if size % 8 == 0 => 8,
            Type::Struct { size, .. } if size % 4 == 0 => 4,
            ty => ty.align(),
        };
        Self { ty, align }
    }
}

/// One member: a name (none: an anonymous struct or union), its type, its width as a bit-field.
struct Member {
    name: String,
    ty: Aligned,
    bits: Option<u32>,
    declaration: String,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("A definition ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        let found = self.next()?;
        if found == token { Ok(()) } else { Err(format!("Expected '{token}' in a definition, found '{found}'")) }
    }

    /// A declaration at the top of a header: a type, a `typedef`.
    fn declaration(&mut self) -> Result<(), String> {
        if self.take("typedef") {
            let start = self.at;
            let base = self.base_type(0)?;
            let words = self.tokens[start..self.at].iter().take_while(|token| *token != "{");
            let written = words.cloned().collect::<Vec<_>>().join(" ");
            loop {
                let member = self.declarator(&base, &written)?;
                self.attributes()?;
                self.definitions.typedefs.insert(member.name, (member.ty.ty, member.ty.align));
                if self.take(";") {
                    return Ok(());
                }
                self.expect(",")?;
            }
        }
        self.definition(0)?;
        self.attributes()?;
        self.expect(";")
    }

    /// Goes behind something that is not understood: a prototype, a variable, a function with its body.
    fn pass_over(&mut self) {
        let mut depth = 0_i32;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.as_str() {
                "{" | "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "}" => {
                    depth -= 1;
                    // A body ends a function; a type goes on to its semicolon.
                    if depth <= 0 {
                        self.take(";");
                        return;
                    }
                }
                ";" if depth <= 0 => return,
                _ => {}
            }
        }
    }

    /// `__attribute__((...))`; true when it says `packed`.
    fn attributes(&mut self) -> Result<bool, String> {
        let mut packed = false;
        while self.take("__attribute__") {
            let mut depth = 0;
            loop {
                let token = self.next()?;
                depth += i32::from(token == "(") - i32::from(token == ")");
                packed |= token == "packed" || token == "__packed__";
                if depth == 0 {
                    break;
                }
            }
        }
        Ok(packed)
    }

    /// `struct x { ... }`, `union x { ... }`, `enum x { ... }`, or a reference to one without a body.
    fn definition(&mut self, depth: usize) -> Result<Aligned, String> {
        if depth > MAX_DEPTH {
            return Err("Types are nested too deeply".to_owned());
        }
        let keyword = self.next()?;
        if !matches!(keyword.as_str(), "struct" | "union" | "enum") {
            return Err(format!("Expected struct, union or enum, found '{keyword}'"));
        }
        let mut packed = self.attributes()?;
        let name = match self.peek() {
            Some(word) if word != "{" => Some(self.next()?),
            _ => None,
        };
        packed |= self.attributes()?;
        let is_reference = self.peek() != Some("{");
        let full = match name {
            Some(name) => format!("{keyword} {name}"),
            None => {
                self.definitions.anonymous += 1;
                format!("{keyword} <anonymous {}>", self.definitions.anonymous)
            }
        };
        match keyword.as_str() {
            _ if is_reference => Ok(self.reference(&full)),
            "enum" => self.enumeration(&full),
            _ => self.structure(&full, keyword == "union", packed, depth),
        }
    }

    fn reference(&self, name: &str) -> Aligned {
        if let Some((ty, align)) = self.definitions.typedefs.get(name) {
            return Aligned { ty: ty.clone(), align: *align };
        }
        if let Some((found, align)) = self.definitions.structs.get(name) {
            return Aligned { ty: Type::Struct { name: name.into(), size: found.size }, align: *align };
        }
        let known = self.definitions.named_type(name).or_else(|| (self.lookup)(name));
        Aligned::of(known.unwrap_or_else(|| Type::Struct { name: name.into(), size: 0 }))
    }

    fn enumeration(&mut self, name: &str) -> Result<Aligned, String> {
        self.expect("{")?;
        let (mut symbols, mut next) = (Vec::new(), 0_i64);
        while !self.take("}") {
            let symbol = self.next()?;
            if self.take("=") {
                next = self.constant(&symbols, &[",", "}"])?;
            }
            symbols.push((symbol, next));
            next = next.wrapping_add(1);
            if !self.take(",") && self.peek() != Some("}") {
                return Err(format!("Expected ',' or '}}' in {name}"));
            }
        }
        self.attributes()?;
        let signed = symbols.iter().any(|(_, value)| *value < 0);
        let wide = symbols.iter().any(|(_, value)| i32::try_from(*value).is_err() && u32::try_from(*value).is_err());
        let bytes = if wide { 8 } else { 4 };
        let short = name.strip_prefix("enum ").unwrap_or(name);
        let ty = Type::Enum { name: short.into(), bytes, signed, symbols: symbols.clone().into() };
        for (symbol, value) in symbols {
            self.definitions.constants.insert(symbol, (ty.clone(), value));
        }
        self.definitions.enums.insert(name.to_owned(), ty.clone());
        Ok(Aligned::of(ty))
    }

    /// A constant expression up to one of the tokens; `symbols` are those of the enum at hand.
    fn constant(&mut self, symbols: &[(String, i64)], ends: &[&str]) -> Result<i64, String> {
        let start = self.at;
        let mut depth = 0;
        while let Some(token) = self.peek() {
            match token {
                "(" => depth += 1,
                ")" if depth > 0 => depth -= 1,
                token if depth == 0 && (ends.contains(&token) || matches!(token, ";" | "{" | "}")) => break,
                _ => {}
            }
            self.at += 1;
        }
        let symbol = |word: &str| symbols.iter().rev().find(|(name, _)| name == word).map(|(_, value)| *value);
        let value_of = |word: &str| symbol(word).or_else(|| self.definitions.constants.get(word).map(|it| it.1));
        c_constants::evaluate(&self.tokens[start..self.at], &value_of)
    }

    fn structure(&mut self, name: &str, is_union: bool, packed: bool, depth: usize) -> Result<Aligned, String> {
        self.expect("{")?;
        let mut members = Vec::new();
        while !self.take("}") {
            self.members(&mut members, depth)?;
        }
        let packed = packed | self.attributes()?;
        let mut layout = Layout { is_union, packed, bits: 0, align: 1, end: 0, fields: Vec::new() };
        for member in members {
            let inner = match &member.ty.ty {
                Type::Struct { name, .. } if member.name.is_empty() => self.definitions.struct_type(name),
                _ => None,
            };
            layout.add(member, inner.as_deref());
        }
        let align = layout.align;
        let size = layout.end.div_ceil(8).next_multiple_of(align);
        let found = StructType { name: name.to_owned(), size, fields: layout.fields };
        self.definitions.structs.insert(name.to_owned(), (Arc::new(found), align));
        Ok(Aligned { ty: Type::Struct { name: name.into(), size }, align })
    }

    /// `type a, *b, c[4];`
    fn members(&mut self, members: &mut Vec<Member>, depth: usize) -> Result<(), String> {
        let start = self.at;
        let base = self.base_type(depth)?;
        let words = self.tokens[start..self.at].iter().take_while(|token| *token != "{");
        let written = words.cloned().collect::<Vec<_>>().join(" ");
        if self.take(";") {
            members.push(Member { name: String::new(), ty: base, bits: None, declaration: written });
            return Ok(());
        }
        loop {
            members.push(self.declarator(&base, &written)?);
            self.attributes()?;
            if self.take(";") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn base_type(&mut self, depth: usize) -> Result<Aligned, String> {
        let mut words: Vec<String> = Vec::new();
        loop {
            match self.peek() {
                Some("const" | "volatile" | "__user" | "__rcu" | "__percpu") => self.at += 1,
                Some("struct" | "union" | "enum") if words.is_empty() => return self.definition(depth + 1),
                // Base types have several words; a name ends at the first other word.
                Some(word) if words.is_empty() || (is_base_word(word) && words.iter().all(|it| is_base_word(it))) => {
                    words.push(word.to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        let name = words.join(" ");
        if let Some((ty, align)) = self.definitions.typedefs.get(&name) {
            return Ok(Aligned { ty: ty.clone(), align: *align });
        }
        match super::c_names::base_type(&name).or_else(|| (self.lookup)(&name)) {
            Some(ty) => Ok(Aligned::of(ty)),
            None => Err(format!("Unknown type '{name}' in a definition")),
        }
    }

    /// `**name[3][4] : 5`, or `(*name)(...)`.
    fn declarator(&mut self, base: &Aligned, written: &str) -> Result<Member, String> {
        let mut ty = Aligned { ty: base.ty.clone(), align: base.align };
        let mut stars = String::new();
        while matches!(self.peek(), Some("*" | "const" | "__user")) {
            if self.take("*") {
                ty = Aligned::of(Type::pointer(ty.ty, AddressSpace::Kernel));
                stars.push('*');
            } else {
                self.at += 1;
            }
        }
        if self.take("(") {
            return self.function_pointer(written);
        }
        let name = self.next()?;
        let mut lengths = Vec::new();
        while self.take("[") {
            let length = if self.peek() == Some("]") { 0 } else { self.constant(&[], &["]"])? };
            self.expect("]")?;
            lengths.push(u32::try_from(length).map_err(|_| format!("The array '{name}' is too large"))?);
        }
        let is_char = written.split(' ').filter(|word| *word != "const").eq(["char"]) && stars.is_empty();
        let mut suffix = String::new();
        for length in lengths.iter().rev() {
            suffix = format!("[{length}]{suffix}");
            let align = ty.align;
            let inner = match ty.ty {
                Type::Int { bytes: 1, .. } if is_char && *length > 0 => Type::String { capacity: *length },
                of => Type::Array { of: Arc::new(of), len: *length },
            };
            ty = Aligned { ty: inner, align };
        }
        if ty.ty.size() > 1 << 24 {
            return Err(format!("The member '{name}' is too large"));
        }
        let bits = match self.take(":") {
            true => {
                let width = u32::try_from(self.constant(&[], &[",", ";", "__attribute__"])?).ok();
                Some(width.filter(|width| *width <= 64).ok_or("A bit-field is too wide")?)
            }
            false => None,
        };
        let declaration = format!("{written} {stars}{name}{suffix}");
        Ok(Member { name, ty, bits, declaration })
    }

    fn function_pointer(&mut self, written: &str) -> Result<Member, String> {
        self.expect("*")?;
        let name = self.next()?;
        self.expect(")")?;
        self.expect("(")?;
        let mut depth = 1;
        while depth > 0 {
            let token = self.next()?;
            depth += i32::from(token == "(") - i32::from(token == ")");
        }
        let declaration = format!("{written} (*{name})(...)");
        let ty = Aligned::of(Type::pointer(Type::Void, AddressSpace::Kernel));
        Ok(Member { name, ty, bits: None, declaration })
    }
}

fn is_base_word(word: &str) -> bool {
    matches!(word, "unsigned" | "signed" | "long" | "short" | "int" | "char")
}

/// Places members one after another, or at the start of a union.
struct Layout {
    is_union: bool,
    packed: bool,
    /// Where the next member may start, in bits.
    bits: u32,
    align: u32,
    /// The largest end of a member, in bits.
    end: u32,
    fields: Vec<Field>,
}

impl Layout {
    /// Adds a member; `inner` is the type of an anonymous one, whose members become this struct's.
    fn add(&mut self, member: Member, inner: Option<&StructType>) {
        let size = member.ty.ty.size();
        let align = if self.packed { 1 } else { member.ty.align.max(1) };
        self.align = self.align.max(align);
        if self.is_union {
            self.bits = 0;
        }
        let (offset, bits, end) = match member.bits {
            // A bit-field does not cross a unit of its type.
            Some(width) if size > 0 => {
                let unit = size * 8;
                if self.bits / unit != (self.bits + width.max(1) - 1) / unit || width == 0 {
                    self.bits = self.bits.next_multiple_of(unit);
                }
                let start = self.bits / unit * unit;
                ((start / 8), Some(((self.bits - start) as u8, width as u8)), self.bits + width)
            }
            _ => {
                let offset = self.bits.div_ceil(8).next_multiple_of(align);
                (offset, None, (offset + size) * 8)
            }
        };
        self.bits = end;
        self.end = self.end.max(end);
        match inner {
            Some(inner) => self
                .fields
                .extend(inner.fields.iter().map(|field| Field { offset: offset + field.offset, ..field.clone() })),
            None if member.name.is_empty() => {}
            None => self.fields.push(Field {
                name: member.name,
                ty: member.ty.ty,
                offset,
                bits,
                declaration: member.declaration,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str, name: &str) -> String {
        let mut definitions = Definitions::default();
        definitions.read(text, &|_| None).expect("definitions");
        let found = definitions.struct_type(name).expect("the struct");
        let fields: Vec<String> = found
            .fields
            .iter()
            .map(|field| {
                let bits = field.bits.map_or(String::new(), |(start, width)| format!(":{start}+{width}"));
                format!("{}@{}{bits} {}", field.name, field.offset, field.ty)
            })
            .collect();
        format!("{} bytes: {}", found.size, fields.join(", "))
    }

    #[test]
    fn members_are_aligned_as_in_c() {
        let text = "struct a { char c; int n, *p; unsigned long long x; char name[5]; };";
        assert_eq!(
            layout(text, "struct a"),
            "32 bytes: c@0 int8, n@4 int32, p@8 int32 *, x@16 uint64, name@24 string[5]"
        );
    }

    #[test]
    fn packed_structs_have_no_gaps() {
        let text =
            "struct __attribute__((packed)) a { char c; int n; }; struct b { char c; int n; } __attribute__((packed));";
        assert_eq!(layout(text, "struct a"), "5 bytes: c@0 int8, n@1 int32");
        assert_eq!(layout(text, "struct b"), "5 bytes: c@0 int8, n@1 int32");
    }

    #[test]
    fn bit_fields_share_a_unit() {
        let text = "struct f { unsigned a : 3; unsigned b : 5; unsigned c : 30; };";
        assert_eq!(layout(text, "struct f"), "8 bytes: a@0:0+3 uint32, b@0:3+5 uint32, c@4:0+30 uint32");
    }

    #[test]
    fn members_of_anonymous_types_belong_to_the_outer_one() {
        let text = "struct o { int kind; union { long number; struct { short x, y; }; }; };";
        assert_eq!(layout(text, "struct o"), "16 bytes: kind@0 int32, number@8 int64, x@8 int16, y@10 int16");
    }

    #[test]
    fn structs_hold_others_by_value_and_by_pointer() {
        let text =
            "struct in { short s[2][3]; }; struct out { struct in i; struct out *next; void (*call)(int, char *); }";
        assert_eq!(layout(text, "struct out"), "32 bytes: i@0 struct in, next@16 struct out *, call@24 void *");
    }

    #[test]
    fn enumerators_count_on_from_given_values() {
        let mut definitions = Definitions::default();
        definitions.read("enum e { A, B = 5, C, D = -1 };", &|_| None).expect("definitions");
        let value = |name| definitions.enum_constant(name).map(|(ty, value)| (ty.is_signed(), value));
        assert_eq!((value("A"), value("C"), value("D")), (Some((true, 0)), Some((true, 6)), Some((true, -1))));
    }

    #[test]
    fn lengths_and_values_may_be_expressions() {
        let text = "enum n { LOW = 1 << 2, HIGH = LOW * 3, NEXT }; struct a { int x[HIGH - LOW]; char c[(NEXT)]; };";
        assert_eq!(layout(text, "struct a"), "48 bytes: x@0 int32[8], c@32 string[13]");
    }

    #[test]
    fn a_header_is_read_as_far_as_it_is_understood() {
        let mut definitions = Definitions::default();
        definitions.read_header(
            "typedef unsigned int number_t, *pointer_t; extern int errno_like; int call(struct later *p, int n[3]);\n\
             static inline int f(int x) { if (x) { return 1; } return 0; }\n\
             typedef struct { number_t n; char tag[4]; } pair_t; struct odd { what x; }; enum e { A = 3 };\n\
             typedef int (*call_t)(int); struct even { pair_t p; call_t c; pointer_t q; } __attribute__((packed));",
            &|_| None,
        );
        assert_eq!(definitions.named_type("number_t"), Some(Type::UINT32));
        assert_eq!(definitions.struct_type("pair_t").map(|it| it.size), Some(8));
        assert_eq!(definitions.struct_type("struct even").map(|it| it.size), Some(24));
        assert_eq!(definitions.enum_constant("A").map(|it| it.1), Some(3));
        assert!(definitions.struct_type("struct odd").is_none());
    }

    #[test]
    fn what_is_no_definition_is_said() {
        let mut definitions = Definitions::default();
        for text in ["struct a { what x; };", "struct a { int", "int x;", "struct a { int x[9999999999]; };", "/*"] {
            assert!(definitions.read(text, &|_| None).is_err(), "{text}");
        }
    }
}
