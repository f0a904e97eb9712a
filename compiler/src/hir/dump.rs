//! The typed program as text, for `-d hir` and for tests: one line per statement, a type behind every operation.

use std::fmt::Write as _;

use super::{Block, Call, Eviction, Expr, ExprKind, ProbeProgram, Program, Stmt, StmtKind, TracepointAccess, UnaryOp};
use crate::manifest::{AttachPoint, MapId};
use crate::syntax::ast::Step;
use crate::types::Type;

/// The whole program.
pub fn dump(program: &Program) -> String {
    let mut out = String::new();
    for map in &program.maps {
        let key = map.key.as_ref().map_or(String::new(), |key| format!("[{key}]"));
        let lru = if map.eviction == Eviction::LeastRecentlyUsed { " lru" } else { "" };
        let _ = writeln!(out, "map {}{key}: {} x{}{lru}", map.name, map.value, map.max_entries);
    }
    for probe in &program.programs {
        Dumper { program, probe, out: &mut out, indent: 0 }.probe();
    }
    out
}

struct Dumper<'a> {
    program: &'a Program,
    probe: &'a ProbeProgram,
    out: &'a mut String,
    indent: usize,
}

impl Dumper<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:width$}{text}", "", width = self.indent * 2);
    }

    fn probe(&mut self) {
        let names: Vec<&str> = self.probe.attach.iter().map(|point| self.attach_name(point)).collect();
        self.line(&format!("{}{} {{", names.join(", "), self.filter()));
        self.indent += 1;
        for variable in &self.probe.variables {
            self.line(&format!("var {}: {}", variable.name, variable.ty));
        }
        self.statements(&self.probe.body);
        self.indent -= 1;
        self.line("}");
        for function in &self.probe.functions {
            let parameters: Vec<&str> = function.parameters.iter().map(|id| self.variable(id.0)).collect();
            let head = format!("fn {}({}): {}", function.name, parameters.join(", "), function.returns);
            self.nested(&head, &function.body);
        }
    }

    fn filter(&self) -> String {
        let filter = &self.probe.filter;
        let pids: Vec<String> = filter.pids.iter().map(u32::to_string).collect();
        let parts = [
            (!pids.is_empty()).then(|| format!(" pid {}", pids.join(","))),
            filter.followed.then(|| " followed".to_owned()),
            filter.cgroup.then(|| " cgroup".to_owned()),
            filter.not_own.then(|| " not-own".to_owned()),
        ];
        parts.into_iter().flatten().collect()
    }

    fn attach_name(&self, point: &AttachPoint) -> &str {
        self.program.probes.get(point.probe.index()).map_or("?", |probe| &probe.name)
    }

    fn statements(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn nested(&mut self, head: &str, block: &Block) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
        self.statements(block);
        self.indent -= 1;
        self.line("}");
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Expr(expr) => {
                let text = self.expr(expr);
                self.line(&text);
            }
            StmtKind::Declare(id) => {
                let text = format!("let {}", self.variable(id.0));
                self.line(&text);
            }
            StmtKind::AssignVariable { variable, value } => {
                let text = format!("{} = {}", self.variable(variable.0), self.expr(value));
                self.line(&text);
            }
            StmtKind::AssignMap { map, key, value } => {
                let text = format!("{} = {}", self.place(*map, key.as_ref()), self.expr(value));
                self.line(&text);
            }
            StmtKind::UpdateMap { map, key, operator, operand, arithmetic } => {
                let place = self.place(*map, key.as_ref());
                let text = format!("{place} {}= {} in {arithmetic}", operator.symbol(), self.expr(operand));
                self.line(&text);
            }
            StmtKind::Aggregate { map, key, argument } => {
                let sample = argument.as_ref().map_or(String::new(), |argument| self.expr(argument));
                let text = format!("{} <- ({sample})", self.place(*map, key.as_ref()));
                self.line(&text);
            }
            StmtKind::If { condition, then, otherwise } => {
                let head = format!("if {}", self.expr(condition));
                self.nested(&head, then);
                if !otherwise.statements.is_empty() {
                    self.nested("else", otherwise);
                }
            }
            StmtKind::While { condition, body, .. } => {
                let head = format!("while {}", self.expr(condition));
                self.nested(&head, body);
            }
            StmtKind::ForRange { variable, start, end, body } => {
                let head = format!("for {} in {}..{}", self.variable(variable.0), self.expr(start), self.expr(end));
                self.nested(&head, body);
            }
            StmtKind::ForMap { variable, map, body } => {
                let head = format!("for {} in {}", self.variable(variable.0), self.map(*map));
                self.nested(&head, body);
            }
            StmtKind::Unroll { count, body } => self.nested(&format!("unroll {count}"), body),
            StmtKind::Break => self.line("break"),
            StmtKind::Continue => self.line("continue"),
            StmtKind::Return(value) => {
                let text = value.as_ref().map_or("return".to_owned(), |value| format!("return {}", self.expr(value)));
                self.line(&text);
            }
            StmtKind::Block(block) => self.nested("block", block),
        }
    }

    fn variable(&self, id: u32) -> &str {
        self.probe.variables.get(id as usize).map_or("$?", |variable| &variable.name)
    }

    fn map(&self, id: MapId) -> &str {
        self.program.maps.get(id.index()).map_or("@?", |map| &map.name)
    }

    fn place(&self, map: MapId, key: Option<&Expr>) -> String {
        key.map_or(self.map(map).to_owned(), |key| format!("{}[{}]", self.map(map), self.expr(key)))
    }

    fn list(&self, parts: &[Expr]) -> String {
        parts.iter().map(|part| self.expr(part)).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, expr: &Expr) -> String {
        let ty = &expr.ty;
        let bits =
            |bits: &Option<(u8, u8)>| bits.map_or(String::new(), |(start, width)| format!(" bits {start}+{width}"));
        match &expr.kind {
            ExprKind::Integer(value) => integer(*value, ty),
            ExprKind::String(bytes) => format!("\"{}\"", bytes.escape_ascii()),
            ExprKind::Variable(id) => self.variable(id.0).to_owned(),
            ExprKind::MapRead { map, key } => self.place(*map, key.as_deref()),
            ExprKind::StepVariable { variable, step, prefix } => stepped(self.variable(variable.0), *step, *prefix),
            ExprKind::StepMap { map, key, step, prefix } => stepped(&self.place(*map, key.as_deref()), *step, *prefix),
            ExprKind::Unary { operator, operand } => {
                let symbol = match operator {
                    UnaryOp::Not => "!",
                    UnaryOp::BitNot => "~",
                    UnaryOp::Neg => "-",
                };
                format!("{symbol}{}", self.expr(operand))
            }
            ExprKind::Binary { operator, left, right } => {
                format!("({} {} {}: {ty})", self.expr(left), operator.symbol(), self.expr(right))
            }
            ExprKind::PointerOffset { pointer, index, scale } => {
                format!("({} + {} * {scale}: {ty})", self.expr(pointer), self.expr(index))
            }
            ExprKind::Conditional { condition, then, otherwise } => {
                format!("({} ? {} : {})", self.expr(condition), self.expr(then), self.expr(otherwise))
            }
            ExprKind::Block { block, value } => {
                let mut text = String::new();
                let mut inner = Dumper { program: self.program, probe: self.probe, out: &mut text, indent: 0 };
                inner.statements(block);
                format!("{{ {}; {} }}", text.trim_end().replace('\n', "; "), self.expr(value))
            }
            ExprKind::Cast(operand) => format!("({ty}){}", self.expr(operand)),
            ExprKind::Load { pointer, offset, bits: it } => {
                format!("load({} + {offset}{}: {ty})", self.expr(pointer), bits(it))
            }
            ExprKind::AddressOfMember { pointer, offset } => format!("({} + {offset}: {ty})", self.expr(pointer)),
            ExprKind::Member { base, offset, bits: it } => {
                format!("{}.at({offset}{}: {ty})", self.expr(base), bits(it))
            }
            ExprKind::Element { base, index, len } => {
                format!("{}[{} of {len}]", self.expr(base), self.expr(index))
            }
            ExprKind::Tuple(parts) => format!("({})", self.list(parts)),
            ExprKind::Record(parts) => format!("record({})", self.list(parts)),
            ExprKind::TracepointField { offset, access } => {
                let access = match access {
                    TracepointAccess::Plain => "args",
                    TracepointAccess::DataLocation => "args.data",
                    TracepointAccess::RelativeLocation => "args.relative",
                };
                format!("{access}({offset}: {ty})")
            }
            ExprKind::RawArgument(index) => format!("args(#{index}: {ty})"),
            ExprKind::Argument(index) => format!("arg{index}"),
            ExprKind::ReturnValue => "retval".to_owned(),
            ExprKind::ProbeName => "probe".to_owned(),
            ExprKind::ContextPointer => "ctx".to_owned(),
            ExprKind::AddressOfVariable(id) => format!("&{}", self.variable(id.0)),
            ExprKind::AddressOfMap(id) => format!("&{}", self.map(*id)),
            ExprKind::Call(call) => self.call(call, ty),
            ExprKind::CallFunction { function, arguments } => {
                let name = self.probe.functions.get(function.0 as usize).map_or("?", |it| it.name.as_str());
                format!("{name}({})", self.list(arguments))
            }
        }
    }

    fn call(&self, call: &Call, ty: &Type) -> String {
        let mut parts = Vec::new();
        if let Some((map, key)) = &call.map {
            parts.push(self.place(*map, key.as_deref()));
        }
        parts.extend(call.arguments.iter().map(|argument| self.expr(argument)));
        parts.extend(call.constants.iter().map(|constant| format!("={constant}")));
        if let Some(site) = call.site {
            parts.push(format!("site {}", site.0));
        }
        let ty = if *ty == Type::Void { String::new() } else { format!(": {ty}") };
        format!("{}({}){ty}", call.builtin.name, parts.join(", "))
    }
}

/// A constant with its type, as `5:int8`; booleans as words.
fn integer(value: u64, ty: &Type) -> String {
    match ty {
        Type::Bool => (value != 0).to_string(),
        _ if ty.is_signed() => format!("{}:{ty}", value as i64),
        _ => format!("{value}:{ty}"),
    }
}

fn stepped(place: &str, step: Step, prefix: bool) -> String {
    let symbol = if step == Step::Increment { "++" } else { "--" };
    if prefix { format!("{symbol}{place}") } else { format!("{place}{symbol}") }
}
