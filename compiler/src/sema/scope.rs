//! Scratch variables: declared in blocks, typed over the whole program.

use crate::diagnostic::Diagnostic;
use crate::hir::{self, VariableId};
use crate::source::Span;
use crate::syntax::ast::{Ident, Place, PlaceKind};
use crate::types::{AddressSpace, Type};

use super::evidence::Evidence;
use super::typer::{Slot, Typer, Variable};

impl Typer<'_> {
    /// The variable of that name that is visible here.
    pub fn lookup(&self, name: &str) -> Option<VariableId> {
        self.program.scopes.iter().rev().find_map(|scope| scope.get(name)).copied()
    }

    /// Declares a variable in the innermost block; reports one that is visible already.
    pub fn declare(&mut self, name: &Ident) -> Option<VariableId> {
        if let Some(other) = self.lookup(&name.name) {
            let first = self.program.variables[other.0 as usize].declared;
            return self.fail(
                Diagnostic::error(
                    "shadowed-variable",
                    name.span,
                    format!("Variable {} was already declared", name.name),
                )
                .with_label(first, "declared here first")
                .with_help("Choose another name, or assign to it without let"),
            );
        }
        let id = VariableId(self.program.variables.len() as u32);
        let key = (self.program.index, name.span.start);
        self.program.variables.push(Variable {
            name: name.name.clone(),
            declared: name.span,
            key,
            assigned: false,
            read: None,
        });
        self.variables.entry(key).or_default();
        if let Some(scope) = self.program.scopes.last_mut() {
            scope.insert(name.name.clone(), id);
        }
        Some(id)
    }

    fn slot(&mut self, id: VariableId) -> &mut Slot {
        let key = self.program.variables[id.0 as usize].key;
        self.variables.entry(key).or_default()
    }

    /// Fixes the type of a variable.
    pub fn pin(&mut self, id: VariableId, ty: Type) {
        *self.slot(id) = Slot::pinned(ty);
    }

    pub fn learn_variable(&mut self, id: VariableId, evidence: Evidence) {
        self.slot(id).learn(evidence);
    }

    /// Notes what is assigned to a variable, and brings it to the variable's type.
    pub fn variable_value(&mut self, id: VariableId, value: hir::Expr) -> Option<hir::Expr> {
        if !self.storable(&value, "the value of a variable") {
            return None;
        }
        self.slot(id).learn(Evidence::of(&value));
        let to = self.slot(id).ty()?;
        let pinned = self.slot(id).is_pinned();
        self.store(value, &to, pinned, |typer, from| {
            format!(
                "Type mismatch for {}: trying to assign value of type '{from}' when variable already has a type '{to}'",
                typer.program.variables[id.0 as usize].name
            )
        })
    }

    /// The value of a variable; None without a message where its type is not known (yet).
    pub fn read_variable(&mut self, name: &Ident) -> Option<hir::Expr> {
        let Some(id) = self.lookup(&name.name) else {
            self.offer_variables(&name.name);
            let mut diagnostic = Diagnostic::error(
                "undeclared-variable",
                name.span,
                format!("Undefined or undeclared variable: {}", name.name),
            );
            if self.program.variables.iter().any(|variable| variable.name == name.name) {
                diagnostic = diagnostic.with_help(format!(
                    "{} belongs to an inner block: declare it before that block with let {};",
                    name.name, name.name
                ));
            } else {
                let names: Vec<String> = self.program.scopes.iter().flat_map(|scope| scope.keys().cloned()).collect();
                diagnostic = diagnostic.with_suggestion(&name.name, names.iter().map(String::as_str));
                if diagnostic.help.is_empty() {
                    let map = name.name.replacen('$', "@", 1);
                    diagnostic = diagnostic
                        .with_help(format!("A variable belongs to its probe; what probes share is a map: {map}"));
                }
            }
            return self.fail(diagnostic);
        };
        let in_type = self.in_type > 0;
        let variable = &mut self.program.variables[id.0 as usize];
        variable.read.get_or_insert(name.span);
        if !variable.assigned && self.program.loops.is_empty() && !in_type {
            let message = format!("Variable used before it was assigned: {}", name.name);
            self.warn("used-before-assigned", name.span, message);
        }
        let ty = match self.slot(id).ty() {
            Some(ty) => ty,
            None if !self.program.variables[id.0 as usize].assigned => Type::INT64,
            None => return None,
        };
        Some(hir::Expr { kind: hir::ExprKind::Variable(id), ty, span: name.span })
    }

    /// `&$x` and `&@m`: read through it like through any pointer; it is valid while the probe runs.
    pub fn address_of(&mut self, place: &Place, span: Span) -> Option<hir::Expr> {
        match &place.kind {
            PlaceKind::Variable(name) => {
                let variable = self.read_variable(name)?;
                let ty = Type::pointer(variable.ty, AddressSpace::Trusted);
                let kind = hir::ExprKind::AddressOfVariable(self.lookup(&name.name)?);
                Some(hir::Expr { kind, ty, span })
            }
            PlaceKind::Map { name, key } if key.is_empty() => {
                let id = self.map_as_whole(name);
                let value = self.map_value_type(id, place.span)?;
                let to = if self.maps.get(id).keyed.is_some() {
                    self.find_type("struct bpf_map").unwrap_or(Type::Void)
                } else {
                    self.maps.get_mut(id).scalar.get_or_insert(place.span);
                    if matches!(value, Type::Aggregate(_)) { Type::Void } else { value }
                };
                let ty = Type::pointer(to, AddressSpace::Trusted);
                Some(hir::Expr { kind: hir::ExprKind::AddressOfMap(id), ty, span })
            }
            PlaceKind::Map { name, .. } => {
                let message = format!("An entry of {} has no address: it may be deleted at any time", name.name);
                let diagnostic = Diagnostic::error("address-of", span, message)
                    .with_help("Copy it to a variable and take that one's address");
                self.fail(diagnostic)
            }
        }
    }

    /// Warns about variables that are declared and never assigned.
    pub fn report_unused_variables(&mut self) {
        let unassigned: Vec<_> = self
            .program
            .variables
            .iter()
            .filter(|variable| !variable.assigned && variable.read.is_none())
            .map(|variable| (variable.declared, format!("Variable {} is never assigned", variable.name)))
            .collect();
        for (span, message) in unassigned {
            self.warn("never-assigned", span, message);
        }
    }
}
