//! Forms that look at types: `sizeof`, `offsetof`, `typeof`, `typeinfo`. Their operands are typed, never evaluated.

use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, Ident, PlaceKind, TypeArgument};
use crate::types::{RecordField, Type};

use super::build;
use super::config::Unstable;
use super::typer::Typer;

impl Typer<'_> {
    /// The type that `sizeof`, `offsetof` and `typeof` look at.
    pub fn type_argument(&mut self, of: &TypeArgument) -> Option<Type> {
        self.in_type += 1;
        let ty = match of {
            TypeArgument::Type(ty) => self.type_name_or_value(ty),
            TypeArgument::Expr(expr) => self.type_of(expr),
        };
        self.in_type -= 1;
        ty
    }

    /// The type of an expression; of a keyed map as a whole, the type of its keys.
    fn type_of(&mut self, expr: &ast::Expr) -> Option<Type> {
        if let ast::ExprKind::Place(ast::Place { kind: PlaceKind::Map { name, key }, .. }) = &expr.kind
            && key.is_empty()
        {
            let id = self.map_as_whole(name);
            if self.maps.get(id).keyed.is_some() {
                return self.maps.get(id).key.ty();
            }
        }
        self.operand(expr).map(|value| value.ty)
    }

    pub fn size_of(&mut self, of: &TypeArgument, span: Span) -> Option<hir::Expr> {
        let ty = self.type_argument(of)?;
        Some(build::constant(u64::from(ty.size()), Type::UINT64, span))
    }

    pub fn offset_of(&mut self, of: &TypeArgument, path: &[Ident], span: Span) -> Option<hir::Expr> {
        let mut ty = self.type_argument(of)?;
        if let Type::Pointer { to, .. } = &ty {
            ty = (**to).clone();
        }
        let offset = self.member_offset(&ty, path)?;
        Some(build::constant(u64::from(offset), Type::UINT64, span))
    }

    /// The offset of a member of a struct or record, or of a member of a member.
    pub fn member_offset(&mut self, of: &Type, path: &[Ident]) -> Option<u32> {
        let (mut ty, mut offset) = (of.clone(), 0);
        for part in path {
            let found = match &ty {
                Type::Record(fields) => fields
                    .iter()
                    .position(|field| field.name == part.name)
                    .map(|at| (ty.offsets()[at], ty.parts()[at].clone())),
                _ => None,
            };
            let (start, part_type) = match found {
                Some(found) => found,
                None => {
                    let field = self.struct_field(&ty, part)?;
                    if field.bits.is_some() {
                        let message = format!("'{}' is a bit-field: it has no offset in bytes", part.name);
                        return self.error("field-access", part.span, message);
                    }
                    (field.offset, field.ty)
                }
            };
            offset += start;
            ty = part_type;
        }
        Some(offset)
    }

    /// `typeinfo(x)`: a record of what is known about a type at compile time.
    pub fn type_info(&mut self, of: &TypeArgument, span: Span) -> Option<hir::Expr> {
        let help = "Set it in the script: config = { unstable_typeinfo = enable }";
        match self.config.unstable_typeinfo {
            Unstable::Enable => {}
            Unstable::Warn => {
                let warning = Diagnostic::warning("unstable", span, "typeinfo is an unstable feature and may change");
                self.report(warning.with_help(help));
            }
            Unstable::Error => {
                let message = "typeinfo is an unstable feature: it needs unstable_typeinfo=enable";
                return self.fail(Diagnostic::error("unstable", span, message).with_help(help));
            }
        }
        let ty = self.type_argument(of)?;
        let id = match &ty {
            Type::Struct { name, .. } => self.kernel.type_id(name),
            Type::Enum { name, .. } => self.kernel.type_id(&format!("enum {name}")),
            _ => None,
        };
        let text = |text: String| build::string(text.into_bytes(), span);
        let parts = vec![
            build::constant(u64::from(id.unwrap_or(0)), Type::UINT64, span),
            text(base_type(&ty).to_owned()),
            text(ty.to_string()),
        ];
        let names = ["btf_id", "base_type", "full_type"];
        let fields = names.into_iter().zip(&parts);
        let fields = fields.map(|(name, part)| RecordField { name: name.to_owned(), ty: part.ty.clone() }).collect();
        Some(hir::Expr { kind: ExprKind::Record(parts), ty: Type::Record(fields), span })
    }
}

/// The word for a kind of types, whatever their sizes.
fn base_type(ty: &Type) -> &'static str {
    match ty {
        Type::Void => "void",
        Type::Bool => "bool",
        Type::Int { .. } => "int",
        Type::Pointer { .. } => "pointer",
        Type::Array { .. } => "array",
        Type::String { .. } => "string",
        Type::Buffer { .. } => "buffer",
        Type::Struct { name, .. } if name.starts_with("union ") => "union",
        Type::Struct { .. } => "struct",
        Type::Enum { .. } => "enum",
        Type::Tuple(_) => "tuple",
        Type::Record(_) => "record",
        Type::Inet => "inet",
        Type::Mac => "macaddr_t",
        Type::Username => "username_t",
        Type::Timestamp => "timestamp",
        Type::CgroupPath => "cgroup_path_t",
        Type::KernelSymbol => "ksym_t",
        Type::UserSymbol => "usym_t",
        Type::Stack { space: crate::types::StackSpace::Kernel, .. } => "kstack_t",
        Type::Stack { space: crate::types::StackSpace::User, .. } => "ustack_t",
        Type::Aggregate(_) => "aggregation",
    }
}
