//! Calls: from a name to its record, and what the records' analyses share.

use crate::builtins::{self, Analysis, Builtin, Kind};
use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind};
use crate::manifest::{MapId, SiteId, Slot, SlotPlace};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Ident, PlaceKind, TypeArgument};
use crate::types::{Aggregate, Type};

use super::evidence::literal;
use super::meant::other_word;
use super::typer::Typer;
use super::unsupported;

/// A call as written.
#[derive(Clone, Copy)]
pub struct CallSite<'s> {
    pub builtin: &'static Builtin,
    pub function: &'s Ident,
    pub arguments: &'s [Argument],
    pub span: Span,
    /// Whether anything uses the result.
    pub used: bool,
    /// Written with parentheses.
    pub called: bool,
}

impl Typer<'_> {
    pub fn call(&mut self, function: &Ident, arguments: &[Argument], span: Span, used: bool) -> Option<hir::Expr> {
        let name = function.name.as_str();
        if let Some(index) = self.find_function(name) {
            return self.function_call(index, arguments, span);
        }
        let Some(builtin) = builtins::find(name) else {
            if self.names.is_reported(name) {
                return None;
            }
            if let Some(diagnostic) = unsupported::builtin(function.span, name, &format!("{name}()")) {
                return self.fail(diagnostic);
            }
            let own = self.names.functions.iter().map(String::as_str);
            let diagnostic =
                Diagnostic::error("unknown-function", function.span, format!("Unknown function: '{name}'"));
            return self.fail(match other_word(name) {
                Some(here) => diagnostic.with_help(format!("Did you mean '{here}'?")),
                None => diagnostic.with_suggestion(name, builtins::ALL.iter().map(|builtin| builtin.name).chain(own)),
            });
        };
        self.builtin(&CallSite { builtin, function, arguments, span, used, called: true })
    }

    /// Types a call or a builtin value by its record.
    pub fn builtin(&mut self, site: &CallSite<'_>) -> Option<hir::Expr> {
        self.check_rules(site)?;
        match site.builtin.analyze {
            Analysis::Call(analyze) => analyze(self, site),
            Analysis::Aggregation(_) => {
                let name = site.builtin.name;
                let message =
                    format!("{name}() should be assigned to a map directly: @map = {}", site.builtin.signature);
                let help = match name {
                    "count" | "sum" | "min" | "max" | "avg" => {
                        "The map is a number where one is needed: @n = count(); if (@n > 5) { ... }"
                    }
                    _ => "It has no value of its own: print the map",
                };
                self.error_with("aggregation-misuse", site.span, message, help)
            }
        }
    }

    /// Whether this script and this probe may use the builtin.
    fn check_rules(&mut self, site: &CallSite<'_>) -> Option<()> {
        let Builtin { name, kind, rules, .. } = site.builtin;
        let written = if *kind == Kind::Value { (*name).to_owned() } else { format!("{name}()") };
        if rules.needs_unsafe && !self.options.allow_unsafe {
            let message = format!("{written} is an unsafe function: it is allowed only with --unsafe");
            return self.error("unsafe-function", site.span, message);
        }
        let probe = self.program.group.kind();
        if rules.probes.is_empty() || rules.probes.contains(&probe) {
            return Some(());
        }
        let message = format!("{written} cannot be used in {probe} probes");
        let help = format!("It can be used in {} probes", rules.probes.join(", "));
        self.fail(Diagnostic::error("not-in-this-probe", site.span, message).with_help(help))
    }

    /// The aggregation and the sample of a call on the right of a map assignment.
    pub fn aggregation_call(&mut self, call: &ast::Expr) -> Option<(Aggregate, Option<hir::Expr>)> {
        let (function, arguments) = match &call.kind {
            ast::ExprKind::Call { function, arguments } => (function.clone(), arguments.as_slice()),
            ast::ExprKind::Identifier(name) => {
                let message = format!("{name} is a function: call it as {name}(...)");
                return self.error("function-without-call", call.span, message);
            }
            _ => return None,
        };
        let builtin = builtins::find(&function.name)?;
        let Analysis::Aggregation(analyze) = builtin.analyze else { return None };
        let site = CallSite { builtin, function: &function, arguments, span: call.span, used: true, called: true };
        analyze(self, &site)
    }
}

impl<'s> CallSite<'s> {
    /// Checks how many arguments there are.
    pub fn expect(&self, typer: &mut Typer<'_>, range: std::ops::RangeInclusive<usize>) -> Option<()> {
        let count = self.arguments.len();
        if range.contains(&count) {
            return Some(());
        }
        let (min, max) = (*range.start(), *range.end());
        let name = self.builtin.name;
        let expected = match (min, max) {
            (0, 0) => "no arguments".to_owned(),
            _ if min == max => format!("{min} argument{}", if min == 1 { "" } else { "s" }),
            _ if count < min => format!("at least {min} argument{}", if min == 1 { "" } else { "s" }),
            _ => format!("at most {max} argument{}", if max == 1 { "" } else { "s" }),
        };
        let diagnostic =
            Diagnostic::error("argument-count", self.span, format!("{name}() takes {expected} ({count} given)"))
                .with_help(self.usage());
        typer.fail(diagnostic)
    }

    /// An argument as it is written.
    pub fn written(&self, typer: &mut Typer<'_>, index: usize) -> Option<&'s ast::Expr> {
        match self.arguments.get(index)? {
            Argument::Expr(expr) => Some(expr),
            Argument::Type(ty) => {
                let message = format!("{}() needs a value here, not a type", self.builtin.name);
                let diagnostic = Diagnostic::error("argument-type", ty.span, message).with_help(self.usage());
                typer.fail(diagnostic)
            }
        }
    }

    /// An argument that is a type: `typeof(x)`, or the name of one.
    pub fn type_argument(&self, typer: &mut Typer<'_>, index: usize) -> Option<Type> {
        match self.arguments.get(index)? {
            Argument::Type(ty) => typer.type_argument(&TypeArgument::Type(ty.clone())),
            Argument::Expr(expr) => typer.type_argument(&TypeArgument::Expr(expr.clone())),
        }
    }

    /// An argument that names a type: `struct file`, `typeof(x)`, or a bare name.
    pub fn type_name(&self, typer: &mut Typer<'_>, index: usize) -> Option<Type> {
        match self.arguments.get(index)? {
            Argument::Type(name) => typer.type_name(name),
            Argument::Expr(ast::Expr { kind: ast::ExprKind::Identifier(word), span }) => {
                let base = ast::TypeBase::Name(word.clone());
                typer.type_name(&ast::TypeName { base, suffixes: Vec::new(), span: *span })
            }
            Argument::Expr(expr) => {
                let message = format!("{}() needs the name of a type here", self.builtin.name);
                typer.error("argument-type", expr.span, message)
            }
        }
    }

    /// An argument that names a member, or a member of a member: `a.b`.
    pub fn member_path(&self, typer: &mut Typer<'_>, index: usize) -> Option<Vec<Ident>> {
        let mut path = Vec::new();
        let mut rest = match self.arguments.get(index)? {
            Argument::Expr(expr) => expr,
            Argument::Type(_) => return self.no_member(typer, index),
        };
        loop {
            match &rest.kind {
                ast::ExprKind::Field { base, field, .. } => {
                    path.push(field.clone());
                    rest = base;
                }
                ast::ExprKind::Identifier(name) => {
                    path.push(Ident { name: name.clone(), span: rest.span });
                    path.reverse();
                    return Some(path);
                }
                _ => return self.no_member(typer, index),
            }
        }
    }

    fn no_member<T>(&self, typer: &mut Typer<'_>, index: usize) -> Option<T> {
        let message = format!("{}() needs the name of a member here", self.builtin.name);
        typer.error("argument-type", self.argument_span(index), message)
    }

    /// An argument's value.
    pub fn value(&self, typer: &mut Typer<'_>, index: usize) -> Option<hir::Expr> {
        let expr = self.written(typer, index)?;
        typer.operand(expr)
    }

    /// An integer argument, 64 bits wide; its sign is its own.
    pub fn integer(&self, typer: &mut Typer<'_>, index: usize) -> Option<hir::Expr> {
        let value = self.value(typer, index)?;
        if !value.ty.is_int() {
            return self.wrong_type(typer, &value, "an integer");
        }
        let signed = value.ty.is_signed();
        typer.convert(value, &Type::Int { bytes: 8, signed })
    }

    /// An integer or pointer as a 64-bit address.
    pub fn address(&self, typer: &mut Typer<'_>, index: usize) -> Option<hir::Expr> {
        let value = self.value(typer, index)?;
        match &value.ty {
            Type::Pointer { .. } | Type::KernelSymbol => Some(super::build::cast(value, Type::UINT64)),
            ty if ty.is_int() => typer.convert(value, &Type::UINT64),
            _ => self.wrong_type(typer, &value, "an address"),
        }
    }

    pub fn wrong_type<T>(&self, typer: &mut Typer<'_>, value: &hir::Expr, expected: &str) -> Option<T> {
        let message = format!("{}() needs {expected} here, not '{}'", self.builtin.name, value.ty);
        typer.error_with("argument-type", value.span, message, self.usage())
    }

    /// How the builtin is called, as a suggestion.
    fn usage(&self) -> String {
        format!("It is called as {}", self.builtin.signature)
    }

    /// An integer that must be known now.
    pub fn literal(&self, typer: &mut Typer<'_>, index: usize) -> Option<i128> {
        let value = self.value(typer, index)?;
        match literal(&value) {
            Some(number) => Some(number),
            None => {
                let message = format!("{}() needs a literal number here", self.builtin.name);
                typer.error_with("literal-required", value.span, message, self.usage())
            }
        }
    }

    /// A string that must be known now: a literal, or a positional parameter's text.
    pub fn text(&self, typer: &mut Typer<'_>, index: usize) -> Option<(Vec<u8>, Span)> {
        let expr = self.written(typer, index)?;
        // Formats may be longer than strings: a literal is taken as it is.
        if let ast::ExprKind::String(bytes) = &expr.kind {
            return Some((bytes.clone(), expr.span));
        }
        if let ast::ExprKind::Positional(number) = expr.kind {
            return Some((typer.positional_text(number, expr.span).unwrap_or_default().into_bytes(), expr.span));
        }
        let value = typer.operand(expr)?;
        match value.kind {
            ExprKind::String(bytes) => Some((bytes, expr.span)),
            _ => {
                let message = format!("{}() needs a string literal here", self.builtin.name);
                typer.error_with("literal-required", expr.span, message, self.usage())
            }
        }
    }

    /// A bare word as an argument, such as a stack mode.
    pub fn word(&self, index: usize) -> Option<&'s str> {
        match self.arguments.get(index)? {
            Argument::Expr(ast::Expr { kind: ast::ExprKind::Identifier(word), .. }) => Some(word),
            _ => None,
        }
    }

    /// A map as a whole.
    pub fn map(&self, typer: &mut Typer<'_>, index: usize) -> Option<MapId> {
        match self.map_name(index) {
            Some((name, [])) => Some(typer.map_as_whole(name)),
            _ => {
                let (name, span) = (self.builtin.name, self.argument_span(index));
                let diagnostic = Diagnostic::error("map-required", span, format!("{name}() needs a map here"));
                typer.fail(match self.map_name(index) {
                    Some((map, _)) => {
                        let map = &map.name;
                        diagnostic.with_help(format!(
                            "{name}({map}) is for the whole map; delete({map}, key) is for one entry"
                        ))
                    }
                    None => diagnostic,
                })
            }
        }
    }

    /// The name and key of an argument that is a map.
    pub fn map_name(&self, index: usize) -> Option<(&'s Ident, &'s [ast::Expr])> {
        match self.arguments.get(index)? {
            Argument::Expr(ast::Expr { kind: ast::ExprKind::Place(place), .. }) => match &place.kind {
                PlaceKind::Map { name, key } => Some((name, key)),
                PlaceKind::Variable(_) => None,
            },
            _ => None,
        }
    }

    /// The name of an argument that is a variable.
    pub fn variable_name(&self, index: usize) -> Option<&'s Ident> {
        match self.arguments.get(index)? {
            Argument::Expr(ast::Expr { kind: ast::ExprKind::Place(place), .. }) => match &place.kind {
                PlaceKind::Variable(name) => Some(name),
                PlaceKind::Map { .. } => None,
            },
            _ => None,
        }
    }

    pub fn argument_span(&self, index: usize) -> Span {
        match self.arguments.get(index) {
            Some(Argument::Expr(expr)) => expr.span,
            Some(Argument::Type(ty)) => ty.span,
            None => self.span,
        }
    }

    /// The call as an expression of this type.
    pub fn call(&self, ty: Type, arguments: Vec<hir::Expr>) -> hir::Expr {
        self.call_with(ty, arguments, Extra::default())
    }

    /// The call as an expression, with what is not an ordinary argument.
    pub fn call_with(&self, ty: Type, arguments: Vec<hir::Expr>, extra: Extra) -> hir::Expr {
        let call = hir::Call {
            builtin: self.builtin,
            arguments,
            map: extra.map,
            site: extra.site,
            constants: extra.constants,
            result_used: self.used,
        };
        hir::Expr { kind: ExprKind::Call(call), ty, span: self.span }
    }
}

/// What a call has beside its arguments.
#[derive(Default)]
pub struct Extra {
    pub map: Option<(MapId, Option<Box<hir::Expr>>)>,
    pub site: Option<SiteId>,
    pub constants: Vec<u64>,
}

impl Extra {
    pub fn site(site: SiteId) -> Self {
        Self { site: Some(site), ..Self::default() }
    }

    pub fn constants(constants: impl Into<Vec<u64>>) -> Self {
        Self { constants: constants.into(), ..Self::default() }
    }

    pub fn map(map: MapId, key: Option<hir::Expr>) -> Self {
        Self { map: Some((map, key.map(Box::new))), ..Self::default() }
    }
}

/// The slot of a value in a record; codegen gives it its place.
pub fn slot(ty: Type) -> Slot {
    let place = match ty {
        Type::String { .. } | Type::Buffer { .. } => SlotPlace::Tail { offset: 0 },
        _ => SlotPlace::Fixed { offset: 0 },
    };
    Slot { ty, place }
}
