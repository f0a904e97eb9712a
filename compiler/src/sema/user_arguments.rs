//! `args.x` and `retval` of functions of programs: where the System V ABI for x86-64 passes what debug information
//! describes.

use crate::codegen::ARGUMENT_REGISTERS;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprKind};
use crate::kernel::{Field, FunctionType};
use crate::source::Span;
use crate::syntax::ast::Ident;
use crate::types::Type;

use super::build;
use super::typer::Typer;

/// How a parameter is passed.
enum Passing {
    Register,
    /// Numbers with a fraction have registers of their own, and large ones are in memory: they take none of the others.
    Elsewhere,
    /// A struct in memory or in one or two registers, which its members and its class decide.
    Unknown,
}

fn passing(parameter: &Field) -> Passing {
    match &parameter.ty {
        ty if ty.is_scalar() => Passing::Register,
        // No parameter is an array in C: these are the bytes of a float or double.
        Type::Array { .. } => Passing::Elsewhere,
        _ => Passing::Unknown,
    }
}

/// Which register has a parameter when the function is entered, counted from the first.
fn register(parameters: &[Field], index: usize) -> Option<u32> {
    let mut registers = 0;
    for (at, parameter) in parameters.iter().enumerate() {
        match passing(parameter) {
            Passing::Register if at == index => {
                return (registers < ARGUMENT_REGISTERS.len()).then_some(registers as u32);
            }
            Passing::Register => registers += 1,
            Passing::Elsewhere if at == index => return None,
            Passing::Elsewhere => {}
            Passing::Unknown => return None,
        }
    }
    None
}

impl Typer<'_> {
    /// `args.name` of a uprobe.
    pub fn user_argument(&mut self, function: &FunctionType, field: &Ident, span: Span) -> Option<Expr> {
        let fields = &function.parameters.fields;
        let Some(index) = fields.iter().position(|it| it.name == field.name) else {
            return self.unknown_argument(field, fields.iter());
        };
        let Some(register) = register(fields, index) else {
            let message = format!("The argument '{}' is not in a register when the function is entered", field.name);
            let help = "Integers and pointers are, the first six of them, unless a struct by value comes before";
            return self.fail(Diagnostic::error("no-arguments", span, message).with_help(help));
        };
        let ty = self.member_type(fields[index].ty.clone(), self.default_space());
        let whole = Expr { kind: ExprKind::Argument(register), ty: Type::UINT64, span };
        Some(narrowed(whole, ty))
    }

    /// `args` of a uprobe without debug information.
    pub fn no_user_arguments<T>(&mut self, span: Span) -> Option<T> {
        let message = format!("The names of the arguments of {} are not known", self.program.group.name());
        let diagnostic = Diagnostic::error("no-arguments", span, message)
            .with_help("They are in debug information: compile the program with -g, or use arg0, arg1, ...")
            .with_help("A wildcard knows them where all of its functions take the same");
        self.fail(diagnostic)
    }

    /// `retval` of a uretprobe: of an integer the part that the function sets. An address stays the number that it
    /// is without debug information, so that what a script does with it does not depend on how a program was built.
    pub fn register_result(&mut self, result: &Type, span: Span) -> Expr {
        let whole = Expr { kind: ExprKind::ReturnValue, ty: Type::UINT64, span };
        match result {
            Type::Pointer { .. } => whole,
            _ if result.is_scalar() => narrowed(whole, self.member_type(result.clone(), self.default_space())),
            _ => whole,
        }
    }
}

/// The part of a register that a value of the type takes: what is above is not defined.
fn narrowed(whole: Expr, ty: Type) -> Expr {
    match &ty {
        Type::Bool => build::cast(build::cast(whole, Type::UINT8), ty),
        _ => build::cast(whole, ty),
    }
}
