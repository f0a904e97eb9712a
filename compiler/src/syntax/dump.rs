//! The tree as indented text, one node a line: for reading it (`-d ast`) and for comparing it in tests.

use super::ast::{
    Argument, AttachPoint, Block, Else, Expr, ExprKind, Function, If, Macro, MacroParameter, Place, PlaceKind, Probe,
    Root, Script, SettingValue, Step, Stmt, StmtKind, TypeArgument, TypeName, UnaryOp,
};
use super::print::{quote, type_name};
use crate::source::Span;

/// The tree without positions, so that equal text means equal trees wherever they stand in their files.
pub fn dump(script: &Script) -> String {
    Dumper { out: String::new(), indent: 0, spans: false }.script(script)
}

/// The tree with `@start..end`, in bytes, behind every node.
pub fn dump_with_spans(script: &Script) -> String {
    Dumper { out: String::new(), indent: 0, spans: true }.script(script)
}

struct Dumper {
    out: String,
    indent: usize,
    spans: bool,
}

impl Dumper {
    fn line(&mut self, text: &str, span: Option<Span>) {
        self.out.extend(std::iter::repeat_n("  ", self.indent));
        self.out.push_str(text);
        if let (true, Some(span)) = (self.spans, span) {
            self.out.push_str(&format!(" @{}..{}", span.start, span.end));
        }
        self.out.push('\n');
    }

    /// A line, and what `children` writes below it.
    fn node(&mut self, text: &str, span: Option<Span>, children: impl FnOnce(&mut Self)) {
        self.line(text, span);
        self.indent += 1;
        children(self);
        self.indent -= 1;
    }

    fn script(mut self, script: &Script) -> String {
        for line in &script.preprocessor {
            self.line(&format!("preprocessor {}", quote(line.text.as_bytes())), Some(line.span));
        }
        for definition in &script.c_definitions {
            let name = definition.name.as_ref().map_or("(no name)", |name| &name.name);
            let text = format!("c {} {name} {}", definition.keyword.name, quote(definition.text.as_bytes()));
            self.line(&text, Some(definition.span));
        }
        if let Some(config) = &script.config {
            self.node("config", Some(config.span), |this| {
                for setting in &config.settings {
                    let value = match &setting.value {
                        SettingValue::String(bytes) => format!("string {}", quote(bytes)),
                        SettingValue::Integer(number) => format!("integer {number}"),
                        SettingValue::Word(word) => format!("word {word}"),
                    };
                    this.line(&format!("{} = {value}", setting.key.name), Some(setting.span));
                }
            });
        }
        for import in &script.imports {
            self.line(&format!("import {}", quote(&import.path)), Some(import.span));
        }
        for root in &script.roots {
            self.root(root);
        }
        self.out
    }

    fn root(&mut self, root: &Root) {
        match root {
            Root::Probe(probe) => self.probe(probe),
            Root::Macro(definition) => self.macro_definition(definition),
            Root::Function(function) => self.function(function),
            Root::MapDeclaration(map) => {
                let text = format!("map {} = {}({})", map.map.name, map.kind.name, map.entries);
                self.line(&text, Some(map.span));
            }
        }
    }

    fn probe(&mut self, probe: &Probe) {
        self.node("probe", Some(probe.span), |this| {
            for AttachPoint { label, text, span } in &probe.attach_points {
                let label = label.as_ref().map_or_else(String::new, |label| format!("{} = ", label.name));
                this.line(&format!("attach {label}{text}"), Some(*span));
            }
            if let Some(predicate) = &probe.predicate {
                this.node("predicate", None, |this| this.expr(predicate));
            }
            this.block("body", &probe.body);
        });
    }

    fn macro_definition(&mut self, definition: &Macro) {
        self.node(&format!("macro {}", definition.name.name), Some(definition.span), |this| {
            for parameter in &definition.parameters {
                let (kind, name) = match parameter {
                    MacroParameter::Variable(name) => ("variable", name),
                    MacroParameter::Map(name) => ("map", name),
                    MacroParameter::Expression(name) => ("expression", name),
                };
                this.line(&format!("parameter {kind} {}", name.name), Some(name.span));
            }
            this.block("body", &definition.body);
        });
    }

    fn function(&mut self, function: &Function) {
        self.node(&format!("function {}", function.name.name), Some(function.span), |this| {
            for (name, ty) in &function.parameters {
                this.node(&format!("parameter {}", name.name), Some(name.span), |this| this.ty(ty));
            }
            this.node("returns", None, |this| this.ty(&function.returns));
            this.block("body", &function.body);
        });
    }

    fn block(&mut self, name: &str, block: &Block) {
        self.node(name, Some(block.span), |this| {
            block.statements.iter().for_each(|statement| this.statement(statement));
            if let Some(value) = &block.value {
                this.node("value", None, |this| this.expr(value));
            }
        });
    }

    fn statement(&mut self, statement: &Stmt) {
        let span = Some(statement.span);
        match &statement.kind {
            StmtKind::Let { variable, ty, value } => self.node(&format!("let {}", variable.name), span, |this| {
                ty.iter().for_each(|ty| this.ty(ty));
                value.iter().for_each(|value| this.expr(value));
            }),
            StmtKind::Assign { target, operator, value } => {
                let operator = operator.map_or("", |operator| operator.symbol());
                self.node(&format!("assign {operator}="), span, |this| {
                    this.place(target);
                    this.expr(value);
                });
            }
            StmtKind::Discard(value) => self.node("discard", span, |this| this.expr(value)),
            StmtKind::Expr(expr) => self.node("expression", span, |this| this.expr(expr)),
            StmtKind::Break => self.line("break", span),
            StmtKind::Continue => self.line("continue", span),
            StmtKind::Return(value) => self.node("return", span, |this| value.iter().for_each(|v| this.expr(v))),
            StmtKind::While { condition, body } => self.node("while", span, |this| {
                this.expr(condition);
                this.block("body", body);
            }),
            StmtKind::Unroll { count, body } => self.node("unroll", span, |this| {
                this.expr(count);
                this.block("body", body);
            }),
            StmtKind::ForMap { variable, map, body } => {
                self.node(&format!("for {} : {}", variable.name, map.name), span, |this| this.block("body", body));
            }
            StmtKind::ForRange { variable, start, end, body } => {
                self.node(&format!("for {} : range", variable.name), span, |this| {
                    this.expr(start);
                    this.expr(end);
                    this.block("body", body);
                });
            }
            StmtKind::Import(import) => self.line(&format!("import {}", quote(&import.path)), span),
            StmtKind::Block(block) => self.block("block", block),
        }
    }

    fn place(&mut self, place: &Place) {
        match &place.kind {
            PlaceKind::Variable(name) => self.line(&format!("variable {}", name.name), Some(place.span)),
            PlaceKind::Map { name, key } => {
                self.node(&format!("map {}", name.name), Some(place.span), |this| this.exprs(key));
            }
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        let span = Some(expr.span);
        match &expr.kind {
            ExprKind::Integer { value, text } if *text == value.to_string() => {
                self.line(&format!("integer {value}"), span);
            }
            ExprKind::Integer { value, text } => self.line(&format!("integer {value} ({text})"), span),
            ExprKind::String(bytes) => self.line(&format!("string {}", quote(bytes)), span),
            ExprKind::Bool(value) => self.line(&format!("bool {value}"), span),
            ExprKind::Positional(number) => self.line(&format!("positional ${number}"), span),
            ExprKind::PositionalCount => self.line("positional $#", span),
            ExprKind::Identifier(name) => self.line(&format!("identifier {name}"), span),
            ExprKind::Place(place) => self.place(place),
            ExprKind::Call { function, arguments } => self.node(&format!("call {}", function.name), span, |this| {
                for argument in arguments {
                    match argument {
                        Argument::Expr(expr) => this.expr(expr),
                        Argument::Type(ty) => this.ty(ty),
                    }
                }
            }),
            ExprKind::Unary { operator, operand } => {
                self.node(&format!("unary {}", unary_symbol(*operator)), span, |this| this.expr(operand));
            }
            ExprKind::Binary { operator, left, right } => {
                self.node(&format!("binary {}", operator.symbol()), span, |this| {
                    this.expr(left);
                    this.expr(right);
                });
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                let name = if then.is_some() { "ternary" } else { "ternary without then" };
                self.node(name, span, |this| {
                    this.expr(condition);
                    then.iter().for_each(|then| this.expr(then));
                    this.expr(otherwise);
                });
            }
            ExprKind::If(branch) => self.if_expr(branch, span),
            ExprKind::Block(block) => self.block("block", block),
            ExprKind::Step { target, step, prefix } => {
                let side = if *prefix { "prefix" } else { "postfix" };
                self.node(&format!("{side} {}", step_symbol(*step)), span, |this| this.place(target));
            }
            ExprKind::AddressOf(place) => self.node("address of", span, |this| this.place(place)),
            ExprKind::Cast { ty, operand } => self.node("cast", span, |this| {
                this.ty(ty);
                this.expr(operand);
            }),
            ExprKind::Field { base, field, arrow } => {
                let sign = if *arrow { "->" } else { "." };
                self.node(&format!("field {sign}{}", field.name), span, |this| this.expr(base));
            }
            ExprKind::TupleField { base, index } => {
                self.node(&format!("tuple field .{index}"), span, |this| this.expr(base));
            }
            ExprKind::Index { base, index } => self.node("index", span, |this| {
                this.expr(base);
                this.expr(index);
            }),
            ExprKind::Tuple(items) => self.node("tuple", span, |this| this.exprs(items)),
            ExprKind::Record(fields) => self.node("record", span, |this| {
                for (name, value) in fields {
                    this.node(&format!("field {}", name.name), Some(name.span), |this| this.expr(value));
                }
            }),
            ExprKind::SizeOf(argument) => self.node("sizeof", span, |this| this.type_argument(argument)),
            ExprKind::TypeInfo(argument) => self.node("typeinfo", span, |this| this.type_argument(argument)),
            ExprKind::OffsetOf { of, path } => {
                let path: Vec<&str> = path.iter().map(|name| name.name.as_str()).collect();
                self.node(&format!("offsetof .{}", path.join(".")), span, |this| this.type_argument(of));
            }
            ExprKind::Comptime(inner) => self.node("comptime", span, |this| this.expr(inner)),
        }
    }

    fn if_expr(&mut self, branch: &If, span: Option<Span>) {
        self.node(if branch.comptime { "if comptime" } else { "if" }, span, |this| {
            this.expr(&branch.condition);
            this.block("then", &branch.then);
            match &branch.otherwise {
                Some(Else::Block(block)) => this.block("else", block),
                Some(Else::If(expr)) => this.node("else", None, |this| this.expr(expr)),
                None => {}
            }
        });
    }

    fn ty(&mut self, ty: &TypeName) {
        // `typeof` holds an expression, which the text of the type shows.
        self.line(&format!("type {}", type_name(ty)), Some(ty.span));
    }

    fn type_argument(&mut self, argument: &TypeArgument) {
        match argument {
            TypeArgument::Type(ty) => self.ty(ty),
            TypeArgument::Expr(expr) => self.expr(expr),
        }
    }
}

pub(super) fn unary_symbol(operator: UnaryOp) -> &'static str {
    match operator {
        UnaryOp::Not => "!",
        UnaryOp::BitNot => "~",
        UnaryOp::Neg => "-",
        UnaryOp::Deref => "*",
    }
}

pub(super) fn step_symbol(step: Step) -> &'static str {
    match step {
        Step::Increment => "++",
        Step::Decrement => "--",
    }
}
