//! Conversions: silent ones where values meet, checked ones where they are stored, explicit casts.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind};
use crate::manifest::MapId;
use crate::source::Span;
use crate::syntax::ast;
use crate::types::{AddressSpace, Type};

use super::build;
use super::evidence::{flexible, literal};
use super::typer::Typer;

impl Typer<'_> {
    /// The expression as `to`, where that needs no cast in the script; None where it does. Strings that are shorter
    /// than the type stay as they are: storing them zeroes the rest.
    pub fn convert(&mut self, expr: hir::Expr, to: &Type) -> Option<hir::Expr> {
        if expr.ty == *to {
            return Some(expr);
        }
        if let (Some(value), Type::Int { .. }) = (literal(&expr), to) {
            return Some(build::typed(value, to.clone(), expr.span));
        }
        if let (Some(0), Type::Pointer { .. }) = (literal(&expr), to) {
            return Some(build::constant(0, to.clone(), expr.span));
        }
        match (&expr.ty, to) {
            (from, Type::Int { .. }) if from.is_int() => Some(build::cast(expr, to.clone())),
            (Type::Pointer { to: a, .. }, Type::Pointer { to: b, .. })
                if a == b || **a == Type::Void || **b == Type::Void =>
            {
                Some(build::cast(expr, to.clone()))
            }
            (Type::String { capacity: from }, Type::String { capacity }) if from <= capacity => Some(expr),
            (Type::Buffer { capacity: from }, Type::Buffer { capacity }) if from <= capacity => Some(expr),
            (Type::Tuple(from), Type::Tuple(parts)) if from.len() == parts.len() => {
                let order: Vec<usize> = (0..parts.len()).collect();
                let parts = parts.to_vec();
                self.convert_parts(expr, to, &order, &parts)
            }
            (Type::Record(from), Type::Record(fields)) if from.len() == fields.len() => {
                let order: Vec<usize> = fields
                    .iter()
                    .map(|field| from.iter().position(|other| other.name == field.name))
                    .collect::<Option<_>>()?;
                let parts: Vec<Type> = fields.iter().map(|field| field.ty.clone()).collect();
                self.convert_parts(expr, to, &order, &parts)
            }
            _ => None,
        }
    }

    /// A tuple or record part by part; `order` says where each part of the result comes from.
    fn convert_parts(&mut self, expr: hir::Expr, to: &Type, order: &[usize], types: &[Type]) -> Option<hir::Expr> {
        let span = expr.span;
        let (before, parts) = match expr.kind {
            ExprKind::Tuple(parts) | ExprKind::Record(parts) => (None, parts),
            _ => {
                // A value in memory: read it once, then take it apart.
                let (assign, read) = self.temporary(expr);
                let offsets = read.ty.offsets();
                let parts = read.ty.parts().into_iter().zip(offsets).map(|(ty, offset)| hir::Expr {
                    kind: ExprKind::Member { base: Box::new(read.clone()), offset, bits: None },
                    ty: ty.clone(),
                    span,
                });
                (Some(assign), parts.collect())
            }
        };
        let mut converted = Vec::new();
        for (from, ty) in order.iter().zip(types) {
            converted.push(self.convert(parts.get(*from)?.clone(), ty)?);
        }
        let kind = if matches!(to, Type::Record(_)) { ExprKind::Record(converted) } else { ExprKind::Tuple(converted) };
        let value = hir::Expr { kind, ty: to.clone(), span };
        Some(match before {
            None => value,
            Some(assign) => {
                let block = hir::Block { statements: vec![assign] };
                hir::Expr { kind: ExprKind::Block { block, value: Box::new(value) }, ty: to.clone(), span }
            }
        })
    }

    /// The expression as the type of the variable or map it is stored in, with errors and warnings. `mismatch` words
    /// the error for the type that does not fit.
    pub fn store(
        &mut self,
        expr: hir::Expr,
        to: &Type,
        pinned: bool,
        mismatch: impl FnOnce(&Self, &Type) -> String,
    ) -> Option<hir::Expr> {
        let span = expr.span;
        let known = literal(&expr).is_some();
        self.store_else(expr, to, pinned, |typer, from| {
            let diagnostic = Diagnostic::error("type-mismatch", span, mismatch(typer, from));
            match how_to_fit(from, to, known) {
                Some(help) => diagnostic.with_help(help),
                None => diagnostic,
            }
        })
    }

    /// As [`Self::store`]; `mismatch` makes the whole error.
    pub fn store_else(
        &mut self,
        expr: hir::Expr,
        to: &Type,
        pinned: bool,
        mismatch: impl FnOnce(&Self, &Type) -> Diagnostic,
    ) -> Option<hir::Expr> {
        let span = expr.span;
        if let (Some(value), Type::Int { .. }) = (literal(&expr), to)
            && !fits(value, to)
        {
            if pinned {
                let message = format!("The literal {value} does not fit '{to}'");
                let wider = super::evidence::wider_type(value, to.is_signed());
                let help = format!("Declare it as '{wider}', or write a cast: ({to}){value}");
                return self.error_with("literal-too-big", span, message, help);
            }
            let warning = Diagnostic::warning("lossy-cast", span, format!("The literal {value} does not fit '{to}'"))
                .with_help(format!("Write a cast if that is meant: ({to})..."));
            self.report(warning);
        } else if literal(&expr).is_none() && is_lossy(&expr.ty, to) {
            let message = format!("'{}' is being cast to '{to}': values may lose their sign or width", expr.ty);
            let warning = Diagnostic::warning("lossy-cast", span, message)
                .with_help(format!("Write a cast if that is meant: ({to})..."));
            self.report(warning);
        }
        self.warn_of_spaces(&expr.ty, to, span);
        let from = expr.ty.clone();
        match self.convert(expr, to) {
            Some(expr) => Some(expr),
            None => {
                let diagnostic = mismatch(self, &from);
                self.fail(diagnostic)
            }
        }
    }

    /// Warns where a pointer into one memory is taken for one into another: it would be read by the wrong helper.
    pub fn warn_of_spaces(&mut self, from: &Type, to: &Type, span: Span) {
        let (Some(a), Some(b)) = (memory_of(from), memory_of(to)) else { return };
        if a == b {
            return;
        }
        let message = format!("Address space mismatch: a pointer into {a} memory meets one into {b} memory");
        let warning =
            Diagnostic::warning("address-space", span, message).with_help("Say which is meant: kptr(p) or uptr(p)");
        self.report(warning);
    }

    /// `(type)operand`
    pub fn cast_expr(&mut self, ty: &ast::TypeName, operand: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let value = self.operand(operand);
        let to = self.cast_type(ty, value.as_ref().map(|value| &value.ty));
        let (value, to) = (value?, to?);
        let cast = |value: hir::Expr, to: &Type| {
            Some(hir::Expr { kind: ExprKind::Cast(Box::new(value)), ty: to.clone(), span })
        };
        if value.ty == to && literal(&value).is_none() {
            // The cast that makes a number of an aggregation is not redundant.
            if self.read_aggregation(&value).is_some() {
                return cast(value, &to);
            }
            let warning =
                Diagnostic::warning("redundant-cast", span, format!("The expression has the type '{to}' already"))
                    .with_help("Leave the cast out");
            self.report(warning);
            return Some(value);
        }
        if let (Some(number), Type::Int { .. }) = (known_number(&value), &to) {
            let constant = build::typed(number, to.clone(), span);
            // What looks like a literal would adapt like one.
            return if flexible(&constant).is_some() { cast(value, &to) } else { Some(constant) };
        }
        match (&value.ty, &to) {
            (from, Type::Int { .. }) if from.is_int() => cast(value, &to),
            (Type::Pointer { .. } | Type::KernelSymbol | Type::Username, Type::Int { .. }) => cast(value, &to),
            (from, Type::Bool) if from.is_int() || matches!(from, Type::Pointer { .. }) => self.as_condition(value),
            (from, Type::Pointer { .. }) if from.is_int() => {
                let value = self.convert(value, &Type::UINT64)?;
                cast(value, &to)
            }
            (Type::Pointer { .. }, Type::Pointer { .. }) => cast(value, &to),
            (from, Type::Enum { name, symbols, .. }) if from.is_int() => {
                if let Some(number) = literal(&value)
                    && !symbols.iter().any(|(_, known)| i128::from(*known) == number)
                {
                    let known: Vec<String> = symbols.iter().take(8).map(|(name, n)| format!("{name} ({n})")).collect();
                    let message = format!("{number} is not a value of 'enum {name}'");
                    let more = if symbols.len() > known.len() { ", ..." } else { "" };
                    let help = format!("Its values are {}{more}", known.join(", "));
                    return self.fail(Diagnostic::error("enum-value", span, message).with_help(help));
                }
                match known_number(&value) {
                    Some(number) => Some(build::typed(number, to, span)),
                    None => cast(value, &to),
                }
            }
            (from, Type::Username) if from.is_int() => {
                let value = self.convert(value, &Type::UINT64)?;
                cast(value, &to)
            }
            (from, Type::Array { of, .. }) if from.is_int() && of.is_int() => self.same_size(value, &to, span),
            (Type::Array { of, .. }, Type::Int { .. } | Type::Array { .. }) if of.is_int() => {
                self.same_size(value, &to, span)
            }
            (Type::String { .. }, Type::Array { of, .. }) if of.size() == 1 => self.same_size(value, &to, span),
            (Type::String { capacity: from }, Type::String { capacity }) => {
                if from > capacity {
                    let message = format!("Cannot cast '{}' to the smaller '{to}'", value.ty);
                    let help = "Strings only get longer; to cut one off, read it anew: str(p, length)";
                    return self.error_with("bad-cast", span, message, help);
                }
                cast(value, &to)
            }
            (from, _) => {
                let (message, help) = (format!("Cannot cast from '{from}' to '{to}'"), how_to_cast(from, &to));
                self.error_with("bad-cast", span, message, help)
            }
        }
    }

    /// The map of an aggregation that an expression reads as it is, without a cast; in parts of tuples and records too.
    pub fn read_aggregation(&self, value: &hir::Expr) -> Option<MapId> {
        match &value.kind {
            ExprKind::MapRead { map, .. } => {
                matches!(self.maps.get(*map).value.ty(), Some(Type::Aggregate(_))).then_some(*map)
            }
            ExprKind::Tuple(parts) | ExprKind::Record(parts) => {
                parts.iter().find_map(|part| self.read_aggregation(part))
            }
            _ => None,
        }
    }

    fn same_size(&mut self, value: hir::Expr, to: &Type, span: Span) -> Option<hir::Expr> {
        if value.ty.size() != to.size() {
            let message = format!(
                "Cannot cast from '{}' to '{to}': they have {} and {} bytes",
                value.ty,
                value.ty.size(),
                to.size()
            );
            let help = "Leave the length out to get as many elements as there are: (uint8[])...";
            return self.error_with("bad-cast", span, message, help);
        }
        Some(hir::Expr { kind: ExprKind::Cast(Box::new(value)), ty: to.clone(), span })
    }

    /// The type of a cast: `T[]` takes its length from the operand, pointers the operand's address space.
    fn cast_type(&mut self, name: &ast::TypeName, operand: Option<&Type>) -> Option<Type> {
        let open = matches!(name.suffixes.last(), Some(ast::TypeSuffix::Array(None)));
        let ty = if open {
            let inner = ast::TypeName {
                base: name.base.clone(),
                suffixes: name.suffixes[..name.suffixes.len() - 1].to_vec(),
                span: name.span,
            };
            let of = self.cast_target(&inner)?;
            let bytes = operand?.size();
            if of.size() == 0 || !bytes.is_multiple_of(of.size()) {
                let message = format!("{bytes} bytes are no whole number of elements of '{of}'");
                return self.error_with("bad-cast", name.span, message, "Any number of bytes is one of uint8");
            }
            Type::Array { len: bytes / of.size(), of: Arc::new(of) }
        } else {
            self.cast_target(name)?
        };
        Some(match (ty, operand) {
            (Type::Pointer { to, .. }, Some(Type::Pointer { space, .. })) => Type::Pointer { to, space: *space },
            (ty, _) => ty,
        })
    }

    fn cast_target(&mut self, name: &ast::TypeName) -> Option<Type> {
        if let ast::TypeName { base: ast::TypeBase::Name(word), suffixes, span } = name
            && suffixes.is_empty()
            && self.find_type(word).is_none()
            && self.is_value_name(word)
        {
            let diagnostic =
                Diagnostic::error("unknown-type", *span, format!("'{word}' is a value, not a type to cast to"))
                    .with_help(format!("Write {word} without parentheses"));
            return self.fail(diagnostic);
        }
        self.type_name(name)
    }
}

/// Whose memory a pointer points into, as messages call it.
fn memory_of(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Pointer { space: AddressSpace::User, .. } => Some("user"),
        Type::Pointer { .. } => Some("kernel"),
        _ => None,
    }
}

/// What to write so that a value of one type can be kept as another.
pub(super) fn how_to_fit(from: &Type, to: &Type, known: bool) -> Option<String> {
    match (from, to) {
        (Type::String { capacity }, Type::String { .. }) => {
            Some(format!("Strings only get longer: declare it as string[{capacity}]"))
        }
        (Type::Int { .. } | Type::Pointer { .. }, Type::Pointer { .. } | Type::Bool)
        | (Type::Pointer { .. }, Type::Int { .. }) => Some(format!("Write a cast: ({to})...")),
        (Type::Int { .. }, Type::Enum { .. }) if !known => Some(format!("Write a cast: ({to})...")),
        (Type::Int { .. }, Type::String { .. }) => {
            Some("A number has no text form in the kernel: print it with %d".to_owned())
        }
        (Type::Tuple(_) | Type::Record(_), Type::Tuple(_) | Type::Record(_)) => {
            Some("All values need the same parts, each of a type that fits".to_owned())
        }
        _ => Some("Use another variable or map for values of another type".to_owned()),
    }
}

/// What to do instead of a cast that does not exist.
fn how_to_cast(from: &Type, to: &Type) -> &'static str {
    match (from, to) {
        (Type::String { .. }, Type::Int { .. } | Type::Pointer { .. }) => {
            "The bytes of a string are (int8[])s, its first one s[0]"
        }
        (_, Type::String { .. }) => "The text at an address is str(p)",
        (_, Type::Struct { .. }) => "Cast to a pointer to it and use its fields: ((struct NAME *)p).field",
        (Type::Struct { .. } | Type::Tuple(_) | Type::Record(_), _) => "Cast one of its parts",
        _ => "Casts exist between integers, bool, enums, pointers, and integer arrays of the same size",
    }
}

/// A number, truth value or enum constant that is known now.
fn known_number(value: &hir::Expr) -> Option<i128> {
    match (&value.kind, &value.ty) {
        (ExprKind::Integer(bits), ty) if ty.is_int() => {
            Some(if ty.is_signed() { i128::from(*bits as i64) } else { i128::from(*bits) })
        }
        _ => None,
    }
}

fn fits(value: i128, to: &Type) -> bool {
    let Type::Int { bytes, signed } = to else { return true };
    let bits = u32::from(*bytes) * 8;
    if *signed {
        value >= -(1_i128 << (bits - 1)) && value < 1_i128 << (bits - 1)
    } else {
        value >= 0 && value < 1_i128 << bits
    }
}

/// Whether an integer type has values that another cannot hold.
fn is_lossy(from: &Type, to: &Type) -> bool {
    let (Type::Int { .. } | Type::Enum { .. }, Type::Int { bytes, signed }) = (from, to) else { return false };
    let from_bytes = from.size() as u8;
    match (from.is_signed(), signed) {
        (true, true) | (false, false) => from_bytes > *bytes,
        (true, false) => true,
        (false, true) => from_bytes >= *bytes,
    }
}
