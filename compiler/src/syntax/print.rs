//! The tree as source text in one layout: two spaces of indentation, braces on the line of what opens them, a statement a
//! line. Parsing the text gives the same tree again. Comments are not part of the tree: [`print`] loses them, [`format`]
//! takes them from the text that the tree was read from.

use super::ast::{
    AttachPoint, BinaryOp, Block, ConfigBlock, Expr, ExprKind, Import, MacroParameter, Probe, Root, Script,
    SettingValue, Stmt, StmtKind, TypeName,
};
use super::dump::dump;
use super::{Limits, parse};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use trivia::Origin;

mod expression;
mod long;
mod trivia;

/// The longest `attach point /predicate/ {` that stays on one line, in bytes.
const MAX_HEAD: usize = 100;
/// The longest block expression that stays on one line, in bytes without its braces.
const MAX_INLINE: usize = 60;

/// A script as source text; ends with a newline unless it is empty.
pub fn print(script: &Script) -> String {
    Printer::default().script(script)
}

/// The script of a file in the printer's layout, with its comments, the blank lines between statements, and strings as
/// they are written. Text around which a comment stands in the middle of a statement stays as it is.
pub fn format(file: &SourceFile, script: &Script) -> String {
    Printer { indent: 0, origin: Some(Origin::new(file.text(), script)) }.script(script)
}

/// The text of a file in the printer's layout; None where the new text would mean something else, which is a mistake of
/// the printer's.
///
/// # Errors
///
/// What keeps the text from being parsed.
pub fn formatted(file: &SourceFile, limits: &Limits) -> Result<Option<String>, Diagnostic> {
    let script = parse(file, limits)?;
    let text = format(file, &script);
    let again = parse(&SourceFile::new(file.name(), text.as_str()), limits);
    Ok(again.is_ok_and(|again| dump(&again) == dump(&script)).then_some(text))
}

/// An expression as source text.
pub fn expression(expr: &Expr) -> String {
    Printer::default().expr(expr, Level::TERNARY)
}

/// A type as source text: `struct sock *`, `uint8[16]`.
pub fn type_name(ty: &TypeName) -> String {
    Printer::default().ty(ty)
}

/// How tightly an expression binds: from [`Level::TERNARY`] over [`BinaryOp::precedence`] to [`Level::PRIMARY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Level(u8);

impl Level {
    const TERNARY: Self = Self(0);
    const PREFIX: Self = Self(11);
    const POSTFIX: Self = Self(12);
    const PRIMARY: Self = Self(13);

    fn of(operator: BinaryOp) -> Self {
        Self(operator.precedence())
    }
}

#[derive(Default)]
struct Printer<'s> {
    indent: usize,
    /// Where comments come from.
    origin: Option<Origin<'s>>,
}

/// What stands at the root of a script.
enum Item<'t> {
    C(&'t str),
    Config(&'t ConfigBlock),
    Import(&'t Import),
    Root(&'t Root),
}

impl Item<'_> {
    /// Items that stand together without an empty line between them have the same number.
    fn group(&self) -> Option<u8> {
        match self {
            Self::C(_) => Some(0),
            Self::Import(_) => Some(1),
            Self::Root(Root::MapDeclaration(_)) => Some(2),
            Self::Config(_) | Self::Root(_) => None,
        }
    }
}

/// In the order of the text: that of preprocessor lines and definitions among each other matters.
fn items(script: &Script) -> Vec<(Span, Item<'_>)> {
    let mut items: Vec<(Span, Item<'_>)> = Vec::new();
    items.extend(script.preprocessor.iter().map(|line| (line.span, Item::C(&line.text))));
    items.extend(script.c_definitions.iter().map(|definition| (definition.span, Item::C(&definition.text))));
    items.extend(script.config.iter().map(|config| (config.span, Item::Config(config))));
    items.extend(script.imports.iter().map(|import| (import.span, Item::Import(import))));
    items.extend(script.roots.iter().map(|root| {
        let span = match root {
            Root::Probe(probe) => probe.span,
            Root::Macro(definition) => definition.span,
            Root::Function(function) => function.span,
            Root::MapDeclaration(map) => map.span,
        };
        (span, Item::Root(root))
    }));
    items.sort_by_key(|(span, _)| span.start);
    items
}

impl Printer<'_> {
    fn margin(&self) -> String {
        "  ".repeat(self.indent)
    }

    fn script(mut self, script: &Script) -> String {
        let shebang = self.origin.as_ref().and_then(Origin::shebang);
        let mut out = shebang.map_or_else(String::new, |line| format!("{line}\n"));
        let mut group = None;
        for (span, item) in items(script) {
            let has_blank =
                self.origin.as_ref().is_some_and(|origin| origin.has_blank_before(origin.begin(span.start)));
            let is_first =
                out.is_empty() || (group.is_none() && shebang.is_some_and(|line| out.len() == line.len() + 1));
            let is_together = group.is_some() && group == Some(item.group()) && item.group().is_some();
            if has_blank && !out.is_empty() || !is_together && !is_first {
                out.push('\n');
            }
            group = Some(item.group());
            let mut text = String::new();
            self.lead(&mut text, span.start);
            self.blank(&mut text, span.start);
            out.push_str(&text);
            out.push_str(&self.item(&item));
            out.push_str(&self.behind(span));
            out.push('\n');
        }
        let end = self.origin.as_ref().map_or(0, Origin::end);
        let first = self.origin.as_ref().map_or(0, |origin| origin.begin(end));
        if first < end {
            self.blank(&mut out, first);
            let mut rest = String::new();
            self.lead(&mut rest, end);
            out.push_str(&rest);
        }
        // Moved to where the text begins it would become what tells the kernel which program runs the file.
        if shebang.is_none() && out.starts_with("#!") {
            out.insert(0, '\n');
        }
        out
    }

    fn item(&mut self, item: &Item<'_>) -> String {
        match item {
            Item::C(text) => (*text).to_owned(),
            Item::Config(config) => self.config(config),
            Item::Import(import) => format!("import {};", quote(&import.path)),
            Item::Root(root) => self.root(root),
        }
    }

    fn config(&mut self, config: &ConfigBlock) -> String {
        self.indent += 1;
        let mut lines = String::new();
        for setting in &config.settings {
            let value = match &setting.value {
                SettingValue::String(bytes) => quote(bytes),
                SettingValue::Integer(number) => number.to_string(),
                SettingValue::Word(word) => word.clone(),
            };
            self.lead(&mut lines, setting.span.start);
            self.blank(&mut lines, setting.span.start);
            lines.push_str(&format!("  {} = {value};{}\n", setting.key.name, self.behind(setting.span)));
        }
        self.lead(&mut lines, config.span.end.saturating_sub(1));
        self.indent -= 1;
        format!("config = {{\n{lines}}}")
    }

    /// Appends the comments before an offset.
    fn lead(&mut self, out: &mut String, at: u32) {
        let margin = self.margin();
        if let Some(origin) = &mut self.origin {
            origin.lead(out, at, &margin);
        }
    }

    /// Appends an empty line where there is one before an offset, except at the beginning.
    fn blank(&self, out: &mut String, at: u32) {
        if !out.is_empty() && self.origin.as_ref().is_some_and(|origin| origin.has_blank_before(at)) {
            out.push('\n');
        }
    }

    /// The comments behind something on its line.
    fn behind(&mut self, span: Span) -> String {
        let margin = self.margin();
        self.origin.as_mut().map_or_else(String::new, |origin| origin.behind(origin.tight(span).end, &margin))
    }

    fn verbatim(&mut self, span: Span) -> String {
        let margin = self.margin();
        self.origin.as_mut().map_or_else(String::new, |origin| origin.verbatim(span, &margin))
    }

    fn root(&mut self, root: &Root) -> String {
        match root {
            Root::Probe(probe) => self.probe(probe),
            Root::Macro(definition) => {
                let parameters: Vec<&str> = definition
                    .parameters
                    .iter()
                    .map(|parameter| match parameter {
                        MacroParameter::Variable(name)
                        | MacroParameter::Map(name)
                        | MacroParameter::Expression(name) => name.name.as_str(),
                    })
                    .collect();
                let body = self.block(&definition.body);
                format!("macro {}({}) {body}", definition.name.name, parameters.join(", "))
            }
            Root::Function(function) => {
                let parameters: Vec<String> =
                    function.parameters.iter().map(|(name, ty)| format!("{} : {}", name.name, self.ty(ty))).collect();
                let returns = self.ty(&function.returns);
                let body = self.block(&function.body);
                format!("fn {}({}) : {returns} {body}", function.name.name, parameters.join(", "))
            }
            Root::MapDeclaration(map) => format!("let {} = {}({});", map.map.name, map.kind.name, map.entries),
        }
    }

    fn probe(&mut self, probe: &Probe) -> String {
        let points: Vec<String> = probe
            .attach_points
            .iter()
            .map(|AttachPoint { label, text, .. }| match label {
                Some(label) => format!("{} = {text}", label.name),
                None => text.clone(),
            })
            .collect();
        let head = Span { end: probe.body.span.start, ..probe.span };
        let body_start = probe.body.span.start;
        let inner = probe.predicate.as_ref().map_or(Span { start: body_start, end: body_start }, |it| it.span);
        let is_commented = self.origin.as_ref().is_some_and(|origin| {
            origin.has_comment(Span { end: inner.start, ..head })
                || origin.has_comment(Span { start: inner.end, ..head })
        });
        if is_commented {
            return self.commented_probe(probe, &points);
        }
        let predicate = probe.predicate.as_ref().map(|predicate| self.predicate(predicate));
        let body = self.block(&probe.body);
        let one_line = [points.join(", "), predicate.clone().unwrap_or_default()].join(" ");
        if points.len() == 1 && one_line.len() <= MAX_HEAD && !one_line.contains('\n') {
            return format!("{} {body}", one_line.trim_end());
        }
        match predicate {
            Some(predicate) => format!("{}\n{predicate}\n{body}", points.join(",\n")),
            None => format!("{}\n{body}", points.join(",\n")),
        }
    }

    fn predicate(&mut self, predicate: &Expr) -> String {
        let text = self.expr(predicate, Level::TERNARY);
        // `/*` would open a comment.
        let space = if text.starts_with('*') { " " } else { "" };
        format!("/{space}{text}/")
    }

    /// A probe whose attach points have comments: each part on a line of its own.
    fn commented_probe(&mut self, probe: &Probe, points: &[String]) -> String {
        let mut out = String::new();
        for (index, (point, text)) in probe.attach_points.iter().zip(points).enumerate() {
            self.lead(&mut out, point.span.start);
            let comma = if index + 1 < points.len() { "," } else { "" };
            out.push_str(&format!("{text}{comma}{}\n", self.behind(point.span)));
        }
        if let Some(predicate) = &probe.predicate {
            self.lead(&mut out, predicate.span.start);
            out.push_str(&format!("{}{}\n", self.predicate(predicate), self.behind(predicate.span)));
        }
        self.lead(&mut out, probe.body.span.start);
        out + &self.block(&probe.body)
    }

    /// A block over several lines; the opening brace stands where the caller put it.
    fn block(&mut self, block: &Block) -> String {
        let margin = self.margin();
        let opening =
            self.origin.as_mut().map_or_else(String::new, |origin| origin.behind_brace(block.span.start, &margin));
        self.indent += 1;
        let inner = self.margin();
        let mut lines = String::new();
        for (at, statement) in block.statements.iter().enumerate() {
            let is_last = at + 1 == block.statements.len() && block.value.is_none();
            self.lead(&mut lines, statement.span.start);
            self.blank(&mut lines, statement.span.start);
            let text = self.statement_lines(statement, is_last);
            lines.push_str(&format!("{inner}{text}{}\n", self.behind(statement.span)));
        }
        if let Some(value) = &block.value {
            self.lead(&mut lines, value.span.start);
            self.blank(&mut lines, value.span.start);
            let text = self.value(value);
            lines.push_str(&format!("{inner}{text}{}\n", self.behind(value.span)));
        }
        self.lead(&mut lines, block.span.end.saturating_sub(1));
        self.indent -= 1;
        if lines.is_empty() && opening.is_empty() {
            return "{}".to_owned();
        }
        format!("{{{opening}\n{lines}{margin}}}")
    }

    /// The block of an expression: on one line when all it has is a short value.
    fn value_block(&mut self, block: &Block) -> String {
        let (true, Some(value)) = (block.statements.is_empty(), &block.value) else { return self.block(block) };
        // Rendered once, for the deeper margin; rendering again would double the work at every level.
        self.indent += 1;
        let text = self.value(value);
        let margin = self.margin();
        self.indent -= 1;
        if text.len() <= MAX_INLINE && !text.contains('\n') {
            return format!("{{ {text} }}");
        }
        format!("{{\n{margin}{text}\n{}}}", self.margin())
    }

    /// An expression where a statement could stand.
    fn value(&mut self, value: &Expr) -> String {
        match &value.kind {
            ExprKind::If(branch) => self.if_expr(branch, Self::block),
            _ => self.expr(value, Level::TERNARY),
        }
    }

    /// A statement; one with a comment inside stays as it was written, one that is too long is broken.
    fn statement_lines(&mut self, statement: &Stmt, is_last: bool) -> String {
        let Some(origin) = &self.origin else { return self.statement(statement, is_last) };
        let span = origin.tight(statement.span);
        if is_simple(&statement.kind) && origin.has_comment(span) {
            let text = self.verbatim(span);
            return if text.ends_with(';') { text } else { text + ";" };
        }
        let text = self.statement(statement, is_last);
        self.shortened(statement, text)
    }

    /// `is_last`: nothing follows in the block, where only a `;` tells a statement from the block's value.
    fn statement(&mut self, statement: &Stmt, is_last: bool) -> String {
        match &statement.kind {
            StmtKind::Let { variable, ty, value } => {
                let ty = ty.as_ref().map_or_else(String::new, |ty| format!(" : {}", self.ty(ty)));
                let value = value.as_ref().map_or_else(String::new, |v| format!(" = {}", self.whole(v)));
                format!("let {}{ty}{value};", variable.name)
            }
            StmtKind::Assign { target, operator, value } => {
                let operator = operator.map_or("", |operator| operator.symbol());
                format!("{} {operator}= {};", self.place(target), self.whole(value))
            }
            StmtKind::Discard(value) => format!("_ = {};", self.whole(value)),
            StmtKind::Expr(Expr { kind: ExprKind::If(branch), .. }) => {
                let end = if is_last && branch.has_value() { ";" } else { "" };
                self.if_expr(branch, Self::block) + end
            }
            StmtKind::Expr(expr @ Expr { kind: ExprKind::Block(_), .. }) => format!("({});", self.whole(expr)),
            StmtKind::Expr(expr) => format!("{};", self.whole(expr)),
            StmtKind::Break => "break;".to_owned(),
            StmtKind::Continue => "continue;".to_owned(),
            StmtKind::Return(Some(value)) => format!("return {};", self.whole(value)),
            StmtKind::Return(None) => "return;".to_owned(),
            StmtKind::While { condition, body } => format!("while {} {}", self.condition(condition), self.block(body)),
            StmtKind::Unroll { count, body } => format!("unroll {} {}", self.condition(count), self.block(body)),
            StmtKind::ForMap { variable, map, body } => {
                format!("for ({} : {}) {}", variable.name, map.name, self.block(body))
            }
            StmtKind::ForRange { variable, start, end, body } => {
                let (start, end) = (self.expr(start, Level::PRIMARY), self.expr(end, Level::PRIMARY));
                format!("for ({} : {start}..{end}) {}", variable.name, self.block(body))
            }
            StmtKind::Import(import) => format!("import {};", quote(&import.path)),
            StmtKind::Block(block) => {
                let end = if is_last && block.value.is_some() { ";" } else { "" };
                self.block(block) + end
            }
        }
    }
}

/// Whether a statement is one line unless it is long: all but those that hold blocks.
fn is_simple(kind: &StmtKind) -> bool {
    match kind {
        StmtKind::While { .. }
        | StmtKind::Unroll { .. }
        | StmtKind::ForMap { .. }
        | StmtKind::ForRange { .. }
        | StmtKind::Block(_) => false,
        StmtKind::Expr(expr) => !matches!(expr.kind, ExprKind::If(_)),
        _ => true,
    }
}

/// Bytes as a string literal. Control characters, invalid UTF-8 and characters that change the direction of text are
/// escaped.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if c.is_control()
                    || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
                {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
                }
                c => out.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out.push('"');
    out
}
