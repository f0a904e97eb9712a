//! Conversions: silent ones where values meet, checked ones where they are stored, explicit casts.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast;
use crate::types::Type;

use super::build;
use super::evidence::literal;
use super::typer::Typer;

impl Typer<'_> {
    /// The expression as `to`, where that needs no cast in the script; None where it does. Strings that are shorter
    /// than the type stay as they are: storing them zeroes the rest.
    pub fn convert(&mut self, expr: hir::Expr, to: &Type) -> Option<hir::Expr> {
        if expr.ty == *to {
            return Some(expr);
        }
        if let (Some(value), Type::Int { .. }) = (literal(&expr), to) {
            return Some(build::constant(truncate(value, to), to.clone(), expr.span));
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
        if let (Some(value), Type::Int { .. }) = (literal(&expr), to)
            && !fits(value, to)
        {
            if pinned {
                return self.error("literal-too-big", span, format!("The literal {value} does not fit '{to}'"));
            }
            self.warn("lossy-cast", span, format!("The literal {value} does not fit '{to}'"));
        } else if literal(&expr).is_none() && is_lossy(&expr.ty, to) {
            let message = format!("'{}' is being cast to '{to}': values may lose their sign or width", expr.ty);
            self.warn("lossy-cast", span, message);
        }
        let from = expr.ty.clone();
        match self.convert(expr, to) {
            Some(expr) => Some(expr),
            None => {
                let message = mismatch(self, &from);
                self.error("type-mismatch", span, message)
            }
        }
    }

    /// `(type)operand`
    pub fn cast_expr(&mut self, ty: &ast::TypeName, operand: &ast::Expr, span: Span) -> Option<hir::Expr> {
        let value = self.operand(operand);
        let to = self.cast_type(ty, value.as_ref().map(|value| &value.ty));
        let (value, to) = (value?, to?);
        if value.ty == to && literal(&value).is_none() {
            // The cast that makes a number of an aggregation is not redundant.
            if self.is_aggregation(&value) {
                return Some(value);
            }
            self.warn("redundant-cast", span, format!("The expression has the type '{to}' already"));
            return Some(value);
        }
        let cast = |value: hir::Expr, to: &Type| {
            Some(hir::Expr { kind: ExprKind::Cast(Box::new(value)), ty: to.clone(), span })
        };
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
                    return self.error("enum-value", span, format!("{number} is not a value of 'enum {name}'"));
                }
                cast(value, &to)
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
                    return self.error("bad-cast", span, message);
                }
                cast(value, &to)
            }
            _ => self.error("bad-cast", span, format!("Cannot cast from '{}' to '{to}'", value.ty)),
        }
    }

    fn is_aggregation(&self, value: &hir::Expr) -> bool {
        match value.kind {
            ExprKind::MapRead { map, .. } => matches!(self.maps.get(map).value.ty(), Some(Type::Aggregate(_))),
            _ => false,
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
            return self.error("bad-cast", span, message);
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
                return self.error("bad-cast", name.span, message);
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

/// The bits of a literal in an integer type, sign-extended to 64.
fn truncate(value: i128, to: &Type) -> u64 {
    let Type::Int { bytes, signed } = to else { return value as u64 };
    match (bytes, signed) {
        (1, true) => value as i8 as u64,
        (2, true) => value as i16 as u64,
        (4, true) => value as i32 as u64,
        (1, false) => value as u8 as u64,
        (2, false) => value as u16 as u64,
        (4, false) => value as u32 as u64,
        _ => value as u64,
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
