//! Access to parts: struct fields through pointers, `args.x`, tuple and record fields, elements.

use std::sync::Arc;

use crate::builtins;
use crate::codegen::ARGUMENT_REGISTERS;
use crate::completion::Member;
use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind, TracepointAccess};
use crate::kernel::{Field, FunctionType, TracepointFieldKind, TracepointFormat};
use crate::probes::Data;
use crate::source::Span;
use crate::syntax::ast::{self, Ident};
use crate::types::{AddressSpace, RecordField, Type};

use super::build;
use super::evidence::literal;
use super::offer::{declared, numbered};
use super::typer::Typer;

/// Arrays up to this size are copied to be indexed at run time; larger ones are read element by element.
const MAX_COPIED_ARRAY: u32 = 256;

/// Types that are written longer than this are left out of messages.
const LONG_TYPE: usize = 100;

/// Where a part is before it is read.
enum Part {
    /// Already a value.
    Value(hir::Expr),
    /// In memory, `offset` bytes behind a pointer.
    Memory { pointer: hir::Expr, offset: u32, ty: Type, bits: Option<(u8, u8)> },
}

impl Typer<'_> {
    /// `a.b`, `a->b`, `t.0`, `x[i]` and `*p`.
    pub fn member(&mut self, expr: &ast::Expr) -> Option<hir::Expr> {
        let part = self.part(expr)?;
        Some(load(part, expr.span))
    }

    fn part(&mut self, expr: &ast::Expr) -> Option<Part> {
        match &expr.kind {
            ast::ExprKind::Field { base, field, .. } => {
                if matches!(&base.kind, ast::ExprKind::Identifier(name) if name == "args") {
                    return self.argument_field(field, expr.span).map(Part::Value);
                }
                let base = self.part(base)?;
                self.field(base, field, expr.span)
            }
            ast::ExprKind::TupleField { base, index } => {
                let base = self.part(base)?;
                self.tuple_field(base, i128::from(*index), expr.span)
            }
            ast::ExprKind::Index { base, index } => {
                let base = self.part(base);
                let index = self.operand(index);
                self.element(base?, index?, expr.span)
            }
            ast::ExprKind::Unary { operator: ast::UnaryOp::Deref, operand } => {
                let pointer = self.operand(operand)?;
                self.dereference(pointer, expr.span)
            }
            _ => self.operand(expr).map(Part::Value),
        }
    }

    /// `*p`; an integer is the address of a uint64.
    fn dereference(&mut self, pointer: hir::Expr, span: Span) -> Option<Part> {
        match &pointer.ty {
            Type::Pointer { to, .. } if **to == Type::Void => {
                self.error("deref-void", span, "Cannot dereference 'void *': cast it to another pointer type first")
            }
            Type::Pointer { to, .. } => {
                let ty = (**to).clone();
                Some(Part::Memory { pointer, offset: 0, ty, bits: None })
            }
            ty if ty.is_int() => {
                let address = self.convert(pointer, &Type::UINT64)?;
                let pointer = build::cast(address, Type::pointer(Type::UINT64, self.default_space()));
                Some(Part::Memory { pointer, offset: 0, ty: Type::UINT64, bits: None })
            }
            ty => {
                let message = format!("Cannot dereference type '{ty}' (expected a pointer or an integer)");
                self.error_with("deref-type", span, message, "Leave the * out: it is a value already")
            }
        }
    }

    /// A field of a struct, of what a pointer points to, or of a record.
    fn field(&mut self, base: Part, field: &Ident, span: Span) -> Option<Part> {
        match base {
            Part::Memory { pointer, offset, ty: ty @ Type::Struct { .. }, .. } => {
                let found = self.struct_field(&ty, field)?;
                let ty = self.member_type(found.ty, pointer_space(&pointer.ty));
                Some(Part::Memory { pointer, offset: offset + found.offset, ty, bits: found.bits })
            }
            Part::Memory { ref ty, .. } if matches!(ty, Type::Pointer { .. }) => {
                let value = load(base, span);
                self.field_of_value(value, field, span)
            }
            Part::Memory { ty, .. } => self.no_fields(&ty, field),
            Part::Value(value) => self.field_of_value(value, field, span),
        }
    }

    fn field_of_value(&mut self, value: hir::Expr, field: &Ident, span: Span) -> Option<Part> {
        match &value.ty {
            Type::Pointer { to, space } if matches!(**to, Type::Struct { .. }) => {
                let space = *space;
                let found = self.struct_field(&to.clone(), field)?;
                let ty = self.member_type(found.ty, space);
                Some(Part::Memory { pointer: value, offset: found.offset, ty, bits: found.bits })
            }
            Type::Pointer { to, .. } if matches!(**to, Type::Record(_)) => {
                let record = self.dereference(value, span)?;
                self.field_of_value(load(record, span), field, span)
            }
            Type::Struct { .. } => {
                let found = self.struct_field(&value.ty.clone(), field)?;
                let ty = self.member_type(found.ty, self.default_space());
                let kind = ExprKind::Member { base: Box::new(value), offset: found.offset, bits: found.bits };
                let with_nul = terminated(ty.clone());
                Some(Part::Value(build::cast(hir::Expr { kind, ty, span }, with_nul)))
            }
            Type::Record(fields) => {
                let Some(index) = fields.iter().position(|it| it.name == field.name) else {
                    let whole = value.ty.to_string();
                    let of = |it: &RecordField| Member { name: it.name.clone(), declaration: it.ty.to_string() };
                    self.offer(&field.name, || whole.clone(), || fields.iter().map(of).collect());
                    // The type of a large record tells less than the names that are near.
                    let record =
                        if whole.len() > LONG_TYPE { "The record".to_owned() } else { format!("Record '{whole}'") };
                    let message = format!("{record} has no field '{}'", field.name);
                    let names: Vec<String> = fields.iter().map(|it| it.name.clone()).collect();
                    let diagnostic = Diagnostic::error("unknown-field", field.span, message)
                        .with_suggestion(&field.name, names.iter().map(String::as_str));
                    return self.fail(diagnostic);
                };
                Some(Part::Value(part_of(value, index, span)?))
            }
            ty => {
                let ty = ty.clone();
                self.no_fields(&ty, field)
            }
        }
    }

    fn no_fields<T>(&mut self, ty: &Type, field: &Ident) -> Option<T> {
        if let Type::Tuple(parts) = ty {
            self.offer(&field.name, || ty.to_string(), || numbered(parts));
        }
        let message = format!("Cannot access field '{}' on expression of type '{ty}'", field.name);
        let mut diagnostic = Diagnostic::error("field-access", field.span, message);
        if ty.is_int() {
            diagnostic = diagnostic.with_help("Cast it to a pointer first: ((struct NAME *)value).field");
        }
        self.fail(diagnostic)
    }

    /// A field of a struct type by name.
    pub fn struct_field(&mut self, ty: &Type, field: &Ident) -> Option<Field> {
        let Type::Struct { name, .. } = ty else { return self.no_fields(ty, field) };
        let Some(found) = self.kernel.struct_type(name) else {
            let message = format!("The fields of '{ty}' are not known: it is only declared");
            let help = "Define it at the top of the script: struct NAME { ... };";
            return self.error_with("incomplete-type", field.span, message, help);
        };
        if let Some(field) = found.field(&field.name) {
            return Some(field.clone());
        }
        self.offer(&field.name, || name.to_string(), || declared(&found.fields));
        let message = format!("'{ty}' does not contain a field named '{}'", field.name);
        let diagnostic = Diagnostic::error("unknown-field", field.span, message)
            .with_suggestion(&field.name, found.fields.iter().map(|it| it.name.as_str()));
        self.fail(diagnostic)
    }

    /// The type of a field where it is read: pointers point into the memory that the struct is in.
    pub fn member_type(&self, ty: Type, space: AddressSpace) -> Type {
        match ty {
            Type::Pointer { to, space: AddressSpace::Kernel } => Type::Pointer { to, space: behind(space) },
            ty => ty,
        }
    }

    /// The fields of that path behind a pointer to a struct, one pointer after another.
    pub fn load_path(&mut self, pointer: hir::Expr, path: &[&str], span: Span) -> Option<hir::Expr> {
        let mut part = Part::Value(pointer);
        for name in path {
            part = self.field(part, &Ident { name: (*name).to_owned(), span }, span)?;
        }
        Some(load(part, span))
    }

    /// `t.1` and `t[1]`: the index is constant.
    fn tuple_field(&mut self, base: Part, index: i128, span: Span) -> Option<Part> {
        let mut value = load(base, span);
        if matches!(&value.ty, Type::Pointer { to, .. } if matches!(**to, Type::Tuple(_))) {
            value = load(self.dereference(value, span)?, span);
        }
        let Type::Tuple(parts) = &value.ty else {
            if matches!(value.kind, ExprKind::Integer(_)) {
                let message = "The language has no floating-point numbers";
                let help = "Calculate in smaller units, such as n * 5 / 10";
                return self.error_with("field-access", span, message, help);
            }
            let message = format!("Cannot access index {index} on expression of type '{}'", value.ty);
            return self.error_with("field-access", span, message, "Only tuples have numbered parts: t.0, t.1");
        };
        let count = parts.len();
        match usize::try_from(index).ok().filter(|index| *index < count) {
            Some(index) => Some(Part::Value(part_of(value, index, span)?)),
            None => {
                let message = format!("Invalid tuple index: {index}. Found {count} elements in the tuple");
                let help =
                    if count == 0 { "It is empty".to_owned() } else { format!("Its parts are .0 to .{}", count - 1) };
                self.error_with("tuple-index", span, message, help)
            }
        }
    }

    /// `x[i]` of an array, pointer, string or tuple.
    fn element(&mut self, base: Part, index: hir::Expr, span: Span) -> Option<Part> {
        let ty = match &base {
            Part::Value(value) => value.ty.clone(),
            Part::Memory { ty, .. } => ty.clone(),
        };
        let constant = literal(&index);
        if matches!(ty, Type::Tuple(_)) {
            let Some(constant) = constant else {
                let help = "The parts of a tuple differ in type: write .0, .1, ...";
                return self.error_with("tuple-index", index.span, "The index of a tuple must be a literal", help);
            };
            return self.tuple_field(base, constant, span);
        }
        if !index.ty.is_int() {
            let message = format!("An index must be an integer, not '{}'", index.ty);
            return self.error_with("index-type", index.span, message, "Count from 0: a[0]");
        }
        let (of, len) = match &ty {
            Type::Array { of, len } => ((**of).clone(), *len),
            Type::String { capacity } => (Type::INT8, *capacity),
            Type::Pointer { .. } => {
                let pointer = load(base, span);
                return self.pointer_element(pointer, index, span);
            }
            ty => {
                let message = format!("The array index operator [] cannot be used on type '{ty}'");
                return self.error_with("index-type", span, message, "It is for arrays, pointers, strings and tuples");
            }
        };
        let Some(constant) = constant else { return self.run_time_element(base, of, len, index, span) };
        let Some(at) = u32::try_from(constant).ok().filter(|at| *at < len) else {
            let message = format!("The index {constant} is out of bounds for an array of {len} elements");
            let help = format!("Indices are from 0 to {}", len.saturating_sub(1));
            return self.error_with("index-out-of-range", index.span, message, help);
        };
        let start = at * of.size();
        let ty = self.member_type(of, self.default_space());
        Some(match base {
            Part::Memory { pointer, offset, .. } => Part::Memory { pointer, offset: offset + start, ty, bits: None },
            Part::Value(value) => {
                let kind = ExprKind::Member { base: Box::new(value), offset: start, bits: None };
                Part::Value(hir::Expr { kind, ty, span })
            }
        })
    }

    /// An element at an index known at run time, checked against the length.
    fn run_time_element(&mut self, base: Part, of: Type, len: u32, index: hir::Expr, span: Span) -> Option<Part> {
        let size = of.size().saturating_mul(len);
        match base {
            Part::Memory { pointer, offset, .. } if size > MAX_COPIED_ARRAY || !of.is_scalar() => {
                // The first element's address, moved; outside of the array the first element's copy is not read: 0.
                let space = pointer_space(&pointer.ty);
                let first = hir::Expr {
                    kind: ExprKind::AddressOfMember { pointer: Box::new(pointer), offset },
                    ty: Type::pointer(of.clone(), space),
                    span,
                };
                let moved = self.offset_pointer(first, index.clone(), 1, span);
                let element = load(Part::Memory { pointer: moved, offset: 0, ty: of.clone(), bits: None }, span);
                if !of.is_scalar() {
                    return Some(Part::Value(element));
                }
                let index = build::cast(index, Type::UINT64);
                let within = build::binary(
                    ast::BinaryOp::Lt,
                    index,
                    build::constant(u64::from(len), Type::UINT64, span),
                    Type::Bool,
                    span,
                );
                let kind = ExprKind::Conditional {
                    condition: Box::new(within),
                    then: Box::new(element),
                    otherwise: Box::new(build::constant(0, of.clone(), span)),
                };
                Some(Part::Value(hir::Expr { kind, ty: of, span }))
            }
            base => {
                let base = Box::new(load(base, span));
                let index = Box::new(self.convert(index, &Type::INT64)?);
                Some(Part::Value(hir::Expr { kind: ExprKind::Element { base, index, len }, ty: of, span }))
            }
        }
    }

    /// `p[i]` is `*(p + i)`.
    fn pointer_element(&mut self, pointer: hir::Expr, index: hir::Expr, span: Span) -> Option<Part> {
        if literal(&index) == Some(0) {
            return self.dereference(pointer, span);
        }
        let moved = self.offset_pointer(pointer, index, 1, span);
        self.dereference(moved, span)
    }

    /// `args.name`
    fn argument_field(&mut self, field: &Ident, span: Span) -> Option<hir::Expr> {
        self.check_context("args", span)?;
        match self.program.group.data.clone() {
            Data::Tracepoint(Some(format)) => self.tracepoint_field(&format, field, span),
            Data::RawTracepoint(Some(arguments)) => {
                let Some(index) = arguments.fields.iter().position(|it| it.name == field.name) else {
                    return self.unknown_argument(field, arguments.fields.iter());
                };
                let ty = self.member_type(arguments.fields[index].ty.clone(), self.default_space());
                Some(hir::Expr { kind: ExprKind::RawArgument(index as u32), ty, span })
            }
            Data::Tracepoint(None) => {
                let message =
                    format!("The arguments of {} could not be read from the kernel", self.program.group.name());
                self.error("no-arguments", span, message)
            }
            Data::RawTracepoint(None) => {
                let diagnostic =
                    Diagnostic::error("no-arguments", span, "The names of a raw tracepoint's arguments need BTF")
                        .with_help("Use arg0, arg1, ...");
                self.fail(diagnostic)
            }
            Data::FunctionEntry(Some(function)) => self.user_argument(&function, field, span),
            Data::FunctionEntry(None) => self.no_user_arguments(span),
            Data::Usdt(_) => {
                let message = "args cannot be used in usdt probes";
                self.fail(Diagnostic::error("not-in-this-probe", span, message).with_help("Use arg0, arg1, ..."))
            }
            Data::Iterator(_) => {
                let message = "args cannot be used in iter probes";
                let help = "What an iterator visits is a field of ctx";
                self.fail(Diagnostic::error("not-in-this-probe", span, message).with_help(help))
            }
            Data::KernelEntry(Some(function)) => self.register_argument(&function, field, span),
            Data::TrampolineEntry(function) | Data::TrampolineReturn(function) => {
                let Some(found) = function.parameters.field(&field.name) else {
                    return self.unknown_argument(field, function.parameters.fields.iter());
                };
                let ty = self.member_type(found.ty.clone(), self.default_space());
                Some(hir::Expr { kind: ExprKind::RawArgument(found.offset / 8), ty, span })
            }
            Data::KernelEntry(None) => {
                let message = "The names of a function's arguments need the kernel's type information, which does not describe it";
                let diagnostic = Diagnostic::error("no-arguments", span, message).with_help("Use arg0, arg1, ...");
                self.fail(diagnostic)
            }
            Data::ProgramEntry | Data::ProgramReturn => {
                let message = "args cannot be used where a BPF program is traced";
                let help = "What a program gets is not described; fexit has what it returns: retval";
                self.fail(Diagnostic::error("not-in-this-probe", span, message).with_help(help))
            }
            Data::FunctionInside | Data::KernelInside => {
                let message = "Within a function its arguments may be anywhere: args can be read at its start";
                self.error("no-arguments", span, message)
            }
            Data::FunctionReturn(_) | Data::KernelReturn | Data::None => self.not_in_this_probe("args", span),
        }
    }

    /// `args` alone: a record of all arguments.
    pub fn whole_arguments(&mut self, span: Span) -> Option<hir::Expr> {
        let names: Vec<String> = match &self.program.group.data {
            Data::Tracepoint(Some(format)) => format.fields.iter().map(|it| it.field.name.clone()).collect(),
            Data::RawTracepoint(Some(arguments)) => arguments.fields.iter().map(|it| it.name.clone()).collect(),
            Data::KernelEntry(Some(function))
            | Data::FunctionEntry(Some(function))
            | Data::TrampolineEntry(function)
            | Data::TrampolineReturn(function) => function.parameters.fields.iter().map(|it| it.name.clone()).collect(),
            // The errors are those of any argument.
            _ => vec![String::new()],
        };
        let mut parts = Vec::new();
        for name in &names {
            parts.push(self.argument_field(&Ident { name: name.clone(), span }, span)?);
        }
        let fields = names.into_iter().zip(&parts);
        let fields = fields.map(|(name, part)| RecordField { name, ty: part.ty.clone() }).collect();
        Some(hir::Expr { kind: ExprKind::Record(parts), ty: Type::Record(fields), span })
    }

    /// `args.name` of a kprobe: integers and pointers are in registers, one after the other.
    fn register_argument(&mut self, function: &FunctionType, field: &Ident, span: Span) -> Option<hir::Expr> {
        let fields = &function.parameters.fields;
        let Some(index) = fields.iter().position(|it| it.name == field.name) else {
            return self.unknown_argument(field, fields.iter());
        };
        if !fields[..=index].iter().all(|it| it.ty.is_scalar()) || index >= ARGUMENT_REGISTERS.len() {
            let message = format!("The argument '{}' is not in a register when the function is entered", field.name);
            let diagnostic = Diagnostic::error("no-arguments", span, message)
                .with_help("fentry probes can read arguments that are passed on the stack");
            return self.fail(diagnostic);
        }
        let ty = self.member_type(fields[index].ty.clone(), self.default_space());
        Some(hir::Expr { kind: ExprKind::Argument(index as u32), ty, span })
    }

    /// `retval` of a fexit probe: the word behind the arguments.
    pub fn function_result(&mut self, function: &FunctionType, span: Span) -> Option<hir::Expr> {
        if function.result == Type::Void {
            let message = format!("retval cannot be read: {} returns nothing", self.program.group.name());
            return self.error("no-value", span, message);
        }
        let ty = self.member_type(function.result.clone(), self.default_space());
        Some(hir::Expr { kind: ExprKind::RawArgument(function.words()), ty, span })
    }

    fn tracepoint_field(&mut self, format: &Arc<TracepointFormat>, field: &Ident, span: Span) -> Option<hir::Expr> {
        let Some(found) = format.fields.iter().find(|it| it.field.name == field.name) else {
            return self.unknown_argument(field, format.fields.iter().map(|it| &it.field));
        };
        let space = self.default_space();
        let (access, ty) = match found.kind {
            TracepointFieldKind::Plain => {
                let ty = match &found.field.ty {
                    // The record says nothing of address spaces; those of system calls are the process's.
                    Type::Pointer { to, .. } => Type::Pointer { to: to.clone(), space },
                    ty => self.member_type(ty.clone(), space),
                };
                (TracepointAccess::Plain, terminated(ty))
            }
            kind => {
                let is_text = match &found.field.ty {
                    Type::Array { of, .. } => of.size() == 1 && of.is_signed(),
                    ty => matches!(ty, Type::String { .. } | Type::Int { bytes: 1, .. }),
                };
                let capacity = self.config.max_strlen;
                let ty = if is_text {
                    Type::String { capacity }
                } else {
                    Type::Buffer { capacity: capacity.saturating_sub(4).max(1) }
                };
                let access = match kind {
                    TracepointFieldKind::DataLocation => TracepointAccess::DataLocation,
                    _ => TracepointAccess::RelativeLocation,
                };
                (access, ty)
            }
        };
        let whole = ExprKind::TracepointField { offset: found.field.offset, access };
        if let Some(bits) = found.field.bits {
            let base = hir::Expr { kind: whole, ty: ty.clone(), span };
            let kind = ExprKind::Member { base: Box::new(base), offset: 0, bits: Some(bits) };
            return Some(hir::Expr { kind, ty, span });
        }
        Some(hir::Expr { kind: whole, ty, span })
    }

    pub fn unknown_argument<'f, T>(
        &mut self,
        field: &Ident,
        arguments: impl Iterator<Item = &'f Field> + Clone,
    ) -> Option<T> {
        let probe = self.program.group.name().to_owned();
        self.offer(&field.name, || probe.clone(), || declared(arguments.clone()));
        let names: Vec<String> = arguments.map(|it| it.name.clone()).collect();
        let message = format!("{probe} has no argument '{}'", field.name);
        let mut diagnostic = Diagnostic::error("unknown-field", field.span, message)
            .with_suggestion(&field.name, names.iter().map(String::as_str));
        if let Some(common) = field.name.strip_prefix("common_").filter(|it| builtins::find(it).is_some()) {
            diagnostic.help = vec![format!("Did you mean '{common}'?")];
        }
        if diagnostic.help.is_empty() && !names.is_empty() {
            diagnostic = diagnostic.with_help(format!("Its arguments are {}", names.join(", ")));
        }
        self.fail(diagnostic)
    }

    /// Refuses a builtin that this probe type does not offer.
    pub fn not_in_this_probe<T>(&mut self, name: &str, span: Span) -> Option<T> {
        let kind = self.program.group.kind();
        let message = format!("{name} cannot be used in {kind} probes");
        let is_return = matches!(kind, "kretprobe" | "uretprobe");
        let help = match name {
            "retval" if !is_return => "What a function returns is known to kretprobe, uretprobe and fexit probes",
            name if is_return && name.starts_with("arg") => {
                "Arguments are gone when a function returns: keep them at its start, @arg[tid] = arg0"
            }
            _ => return self.error("not-in-this-probe", span, message),
        };
        self.error_with("not-in-this-probe", span, message, help)
    }

    /// The probe's context does not reach into the body of a `for` loop, which is a function of its own, and functions
    /// of the script belong to no probe.
    pub fn check_context(&mut self, name: &str, span: Span) -> Option<()> {
        self.program.context_reads += 1;
        if self.program.function.is_some() {
            let message = format!("{name} cannot be read in a function: it is the probe's");
            let diagnostic =
                Diagnostic::error("context-in-function", span, message).with_help("Pass what is needed as a parameter");
            return self.fail(diagnostic);
        }
        if !self.in_callback() {
            return Some(());
        }
        let message = format!("{name} cannot be read inside a for loop");
        let diagnostic =
            Diagnostic::error("context-in-loop", span, message).with_help("Copy it to a variable before the loop");
        self.fail(diagnostic)
    }
}

/// Reads a part.
fn load(part: Part, span: Span) -> hir::Expr {
    match part {
        Part::Value(value) => value,
        Part::Memory { pointer, offset, ty, bits } => {
            // What a pointer to text points to ends by its own capacity.
            let is_text = matches!(&pointer.ty, Type::Pointer { to, .. } if **to == ty);
            let ty = if is_text { ty } else { terminated(ty) };
            hir::Expr { kind: ExprKind::Load { pointer: Box::new(pointer), offset, bits }, ty, span }
        }
    }
}

/// Part `index` of a tuple or record value.
fn part_of(value: hir::Expr, index: usize, span: Span) -> Option<hir::Expr> {
    if let ExprKind::Tuple(parts) | ExprKind::Record(parts) = &value.kind
        && parts.iter().all(|part| matches!(part.kind, ExprKind::Integer(_) | ExprKind::String(_)))
    {
        // Parts that are known stay known: typeinfo(x).base_type == "int".
        return parts.get(index).cloned();
    }
    let offset = *value.ty.offsets().get(index)?;
    let ty = (*value.ty.parts().get(index)?).clone();
    Some(hir::Expr { kind: ExprKind::Member { base: Box::new(value), offset, bits: None }, ty, span })
}

/// An array of characters as a value: text with a NUL of its own, since an array may be full.
fn terminated(ty: Type) -> Type {
    match ty {
        Type::String { capacity } => Type::String { capacity: capacity + 1 },
        ty => ty,
    }
}

fn pointer_space(ty: &Type) -> AddressSpace {
    match ty {
        Type::Pointer { space, .. } => *space,
        _ => AddressSpace::Kernel,
    }
}

/// Where a pointer that was read from memory points: not tracked by the verifier any more.
fn behind(space: AddressSpace) -> AddressSpace {
    match space {
        AddressSpace::Trusted => AddressSpace::Kernel,
        other => other,
    }
}
