//! Types as written in the script: `uint64`, `struct file *`, `string[16]`.

use std::sync::Arc;

use crate::builtins::stacks::DEFAULT_FRAMES;
use crate::builtins::{self, Kind};
use crate::diagnostic::Diagnostic;
use crate::kernel::{Kernel, c_names};
use crate::source::Span;
use crate::syntax::ast::{TypeArgument, TypeBase, TypeName, TypeSuffix};
use crate::types::{Aggregate, SeriesFunction, StackSpace, Type};

use super::typer::Typer;

impl Typer<'_> {
    /// The type that is written; reports an unknown one.
    pub fn type_name(&mut self, name: &TypeName) -> Option<Type> {
        let is_pointer = name.suffixes.first().is_some_and(|suffix| matches!(suffix, TypeSuffix::Pointer));
        let mut suffixes = name.suffixes.as_slice();
        let mut ty = match &name.base {
            TypeBase::Name(word) => {
                if let Some((sized, rest)) = self.sized_type(word, suffixes, name.span)? {
                    suffixes = rest;
                    sized
                } else {
                    self.named_type(word, name.span)?
                }
            }
            TypeBase::Tagged { keyword, name: tag } => self.tagged_type(keyword, tag, is_pointer, name.span)?,
            TypeBase::TypeOf(of) => self.typeof_type(of)?,
            TypeBase::Tuple(parts) => self.tuple_type(parts)?,
        };
        for suffix in suffixes {
            ty = match suffix {
                TypeSuffix::Pointer => Type::pointer(ty, self.default_space()),
                TypeSuffix::Array(Some(len)) => match u32::try_from(*len).ok().filter(|len| *len <= 1 << 20) {
                    Some(len) => Type::Array { of: Arc::new(ty), len },
                    None => {
                        return self.error(
                            "bad-array-size",
                            name.span,
                            format!("An array of {len} elements is too large"),
                        );
                    }
                },
                TypeSuffix::Array(None) => {
                    return self.error("bad-array-size", name.span, "An array type needs its size here");
                }
            };
        }
        Some(ty)
    }

    /// `string`, `string[N]`, `buffer[N]`: the size belongs to the type and is not an array's.
    #[allow(clippy::type_complexity)]
    fn sized_type<'s>(
        &mut self,
        word: &str,
        suffixes: &'s [TypeSuffix],
        span: Span,
    ) -> Option<Option<(Type, &'s [TypeSuffix])>> {
        let most = self.config.max_strlen;
        let is_string = match word {
            // An address knows itself which of the two it is.
            "inet" => match suffixes.split_first() {
                Some((TypeSuffix::Array(Some(4 | 16)), rest)) => return Some(Some((Type::Inet, rest))),
                _ => return Some(None),
            },
            "string" => true,
            "buffer" => false,
            _ => return Some(None),
        };
        let (size, rest) = match suffixes.split_first() {
            Some((TypeSuffix::Array(Some(size)), rest)) => (*size, rest),
            _ => (u64::from(if is_string { most } else { most - 4 }), suffixes),
        };
        match u32::try_from(size).ok().filter(|size| (1..=most).contains(size)) {
            Some(capacity) if is_string => Some(Some((Type::String { capacity }, rest))),
            Some(capacity) => Some(Some((Type::Buffer { capacity }, rest))),
            None => self.error("bad-array-size", span, format!("The size of a {word} is from 1 to {most}")),
        }
    }

    fn named_type(&mut self, word: &str, span: Span) -> Option<Type> {
        if let Some(ty) = self.find_type(word) {
            return Some(ty);
        }
        let diagnostic = Diagnostic::error("unknown-type", span, format!("Cannot resolve unknown type \"{word}\""))
            .with_suggestion(word, LANGUAGE_TYPES.iter().map(|(name, _)| *name));
        self.fail(diagnostic)
    }

    /// A type by its bare name: of the language, of C, or of the kernel.
    pub fn find_type(&self, word: &str) -> Option<Type> {
        LANGUAGE_TYPES
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, ty)| ty.clone())
            .or_else(|| self.stack_type(word))
            .or_else(|| aggregate_type(word))
            .or_else(|| self.kernel.named_type(word))
            .or_else(|| c_names::base_type(word))
    }

    /// `kstack_t`, `ustack_t`: stacks as the bare builtins capture them.
    fn stack_type(&self, word: &str) -> Option<Type> {
        let space = match word {
            "kstack_t" => StackSpace::Kernel,
            "ustack_t" => StackSpace::User,
            _ => return None,
        };
        Some(Type::Stack { space, mode: self.config.run.stack_mode, limit: DEFAULT_FRAMES })
    }

    /// Whether a bare word is a value.
    pub fn is_value_name(&self, word: &str) -> bool {
        builtins::find(word).is_some_and(|builtin| builtin.kind == Kind::Value)
            || self.kernel.enum_constant(word).is_some()
    }

    fn tagged_type(&mut self, keyword: &str, tag: &str, is_pointer: bool, span: Span) -> Option<Type> {
        let full = format!("{keyword} {tag}");
        if let Some(ty) = self.kernel.named_type(&full) {
            return Some(ty);
        }
        if let Some(found) = self.kernel.struct_type(&full) {
            return Some(Type::Struct { name: full.as_str().into(), size: found.size });
        }
        let names = self.kernel.struct_names();
        let tags = names.iter().filter_map(|name| name.strip_prefix(keyword)).map(str::trim_start);
        let nearest = crate::diagnostic::nearest(tag, tags).map(|tag| format!("{keyword} {tag}"));
        // A pointer to something unknown can be printed and compared, but a slip is more likely.
        let what = if is_pointer { "Cannot resolve unknown type" } else { "Unknown struct/union" };
        let mut diagnostic = Diagnostic::error("unknown-type", span, format!("{what}: '{full}'"));
        if let Some(nearest) = nearest {
            diagnostic = diagnostic.with_help(format!("Did you mean '{nearest}'?"));
        } else if names.is_empty() {
            diagnostic = diagnostic.with_help("This kernel has no BTF: its types are not known");
        }
        self.fail(diagnostic)
    }

    fn tuple_type(&mut self, parts: &[TypeName]) -> Option<Type> {
        let types: Vec<Option<Type>> = parts.iter().map(|part| self.type_name(part)).collect();
        for (part, ty) in parts.iter().zip(&types) {
            if let Some(ty @ (Type::Void | Type::Aggregate(_))) = ty {
                return self.error("variable-type", part.span, format!("A tuple cannot hold the type '{ty}'"));
            }
        }
        let types = types.into_iter().collect::<Option<Vec<_>>>()?;
        if types.iter().map(super::typer::count_parts).sum::<usize>() > super::typer::MAX_PARTS {
            let span = parts.first()?.span;
            let message = format!("A tuple has at most {} parts", super::typer::MAX_PARTS);
            return self.error("variable-type", span, message);
        }
        Some(Type::tuple(types))
    }

    fn typeof_type(&mut self, of: &TypeArgument) -> Option<Type> {
        self.type_argument(of)
    }

    /// A bare word in a type position that may be a value after all: `sizeof(pid)`.
    pub fn type_name_or_value(&mut self, name: &TypeName) -> Option<Type> {
        if let (TypeBase::Name(word), true) = (&name.base, name.suffixes.is_empty())
            && self.find_type(word).is_none()
            && !matches!(word.as_str(), "string" | "buffer")
            && self.is_value_name(word)
        {
            let value = crate::syntax::ast::Expr {
                kind: crate::syntax::ast::ExprKind::Identifier(word.clone()),
                span: name.span,
            };
            return self.operand(&value).map(|value| value.ty);
        }
        self.type_name(name)
    }
}

/// The type of an aggregation by its name. No value has one: the names are known so that messages can say so.
fn aggregate_type(word: &str) -> Option<Type> {
    let known = [Aggregate::Count, Aggregate::Hist { bits: 0 }, Aggregate::LinearHist { min: 0, max: 0, step: 1 }];
    let series = Aggregate::TimeSeries { interval_ns: 1, epochs: 1, function: SeriesFunction::Last, signed: true };
    let signed = [true, false].into_iter().flat_map(|signed| {
        [
            Aggregate::Sum { signed },
            Aggregate::Min { signed },
            Aggregate::Max { signed },
            Aggregate::Avg { signed },
            Aggregate::Stats { signed },
        ]
    });
    known.into_iter().chain([series]).chain(signed).find(|it| it.to_string() == word).map(Type::Aggregate)
}

/// What a word means without the script's own definitions: no parameter can be called like that.
pub fn meaning(kernel: &dyn Kernel, word: &str) -> Option<&'static str> {
    if builtins::find(word).is_some() {
        return Some("a builtin");
    }
    (is_language_type(word) || kernel.named_type(word).is_some()).then_some("a type")
}

/// Whether a word is a type without any kernel.
pub fn is_language_type(word: &str) -> bool {
    LANGUAGE_TYPES.iter().any(|(name, _)| *name == word)
        || matches!(word, "string" | "buffer")
        || c_names::base_type(word).is_some()
}

/// Types that the language names itself.
static LANGUAGE_TYPES: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("void", Type::Void),
    ("int8", Type::INT8),
    ("int16", Type::INT16),
    ("int32", Type::INT32),
    ("int64", Type::INT64),
    ("uint8", Type::UINT8),
    ("uint16", Type::UINT16),
    ("uint32", Type::UINT32),
    ("uint64", Type::UINT64),
    ("inet", Type::Inet),
    ("macaddr_t", Type::Mac),
    ("username_t", Type::Username),
    ("timestamp", Type::Timestamp),
    ("cgroup_path_t", Type::CgroupPath),
    ("ksym_t", Type::KernelSymbol),
    ("usym_t", Type::UserSymbol),
];
