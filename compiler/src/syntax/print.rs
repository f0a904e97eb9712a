//! The tree as source text in one layout: two spaces of indentation, braces on the line of what opens them, a statement a
//! line. Parsing the text gives the same tree again. Comments are not part of the tree, so they are lost.

use super::ast::{
    Argument, AttachPoint, BinaryOp, Block, Else, Expr, ExprKind, If, MacroParameter, Place, PlaceKind, Probe, Root,
    Script, SettingValue, Stmt, StmtKind, TypeArgument, TypeBase, TypeName, TypeSuffix,
};
use super::dump::{step_symbol, unary_symbol};

/// The longest `attach point /predicate/ {` that stays on one line, in bytes.
const MAX_HEAD: usize = 100;
/// The longest block expression that stays on one line, in bytes without its braces.
const MAX_INLINE: usize = 60;

/// A script as source text; ends with a newline unless it is empty.
pub fn print(script: &Script) -> String {
    let mut printer = Printer::default();
    let mut sections: Vec<String> = Vec::new();
    // The order of preprocessor lines and definitions among each other matters (`#ifdef` around a struct).
    let mut c_section: Vec<(u32, &str)> = script.preprocessor.iter().map(|l| (l.span.start, l.text.as_str())).collect();
    c_section.extend(script.c_definitions.iter().map(|d| (d.span.start, d.text.as_str())));
    c_section.sort_by_key(|(start, _)| *start);
    if !c_section.is_empty() {
        sections.push(c_section.iter().map(|(_, text)| format!("{text}\n")).collect());
    }
    if let Some(config) = &script.config {
        let mut text = String::from("config = {\n");
        for setting in &config.settings {
            let value = match &setting.value {
                SettingValue::String(bytes) => quote(bytes),
                SettingValue::Integer(number) => number.to_string(),
                SettingValue::Word(word) => word.clone(),
            };
            text.push_str(&format!("  {} = {value};\n", setting.key.name));
        }
        sections.push(text + "}\n");
    }
    if !script.imports.is_empty() {
        sections.push(script.imports.iter().map(|import| format!("import {};\n", quote(&import.path))).collect());
    }
    let mut after_map = false;
    for root in &script.roots {
        let is_map = matches!(root, Root::MapDeclaration(_));
        let text = printer.root(root) + "\n";
        match sections.last_mut() {
            // Map declarations stand together.
            Some(last) if is_map && after_map => last.push_str(&text),
            _ => sections.push(text),
        }
        after_map = is_map;
    }
    sections.join("\n")
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
struct Printer {
    indent: usize,
}

impl Printer {
    fn margin(&self) -> String {
        "  ".repeat(self.indent)
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
        let predicate = probe.predicate.as_ref().map(|predicate| {
            let text = self.expr(predicate, Level::TERNARY);
            // `/*` would open a comment.
            let space = if text.starts_with('*') { " " } else { "" };
            format!("/{space}{text}/")
        });
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

    /// A block over several lines; the opening brace stands where the caller put it.
    fn block(&mut self, block: &Block) -> String {
        if block.statements.is_empty() && block.value.is_none() {
            return "{}".to_owned();
        }
        self.indent += 1;
        let margin = self.margin();
        let mut out = String::from("{\n");
        for (at, statement) in block.statements.iter().enumerate() {
            let is_last = at + 1 == block.statements.len() && block.value.is_none();
            out.push_str(&format!("{margin}{}\n", self.statement(statement, is_last)));
        }
        if let Some(value) = &block.value {
            out.push_str(&format!("{margin}{}\n", self.value(value)));
        }
        self.indent -= 1;
        out.push_str(&self.margin());
        out.push('}');
        out
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
            StmtKind::While { condition, body } => format!("while ({}) {}", self.whole(condition), self.block(body)),
            StmtKind::Unroll { count, body } => format!("unroll ({}) {}", self.whole(count), self.block(body)),
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

    /// An expression where nothing around it can bind.
    fn whole(&mut self, expr: &Expr) -> String {
        self.expr(expr, Level::TERNARY)
    }

    fn list(&mut self, exprs: &[Expr]) -> String {
        exprs.iter().map(|expr| self.whole(expr)).collect::<Vec<_>>().join(", ")
    }

    fn place(&mut self, place: &Place) -> String {
        match &place.kind {
            PlaceKind::Variable(name) => name.name.clone(),
            PlaceKind::Map { name, key } if key.is_empty() => name.name.clone(),
            PlaceKind::Map { name, key } => format!("{}[{}]", name.name, self.list(key)),
        }
    }

    /// An expression, in parentheses if it binds less tightly than its place asks for.
    fn expr(&mut self, expr: &Expr, at_least: Level) -> String {
        let (text, level) = self.bare(expr);
        if level < at_least { format!("({text})") } else { text }
    }

    /// An expression without parentheses, and how tightly it binds.
    fn bare(&mut self, expr: &Expr) -> (String, Level) {
        let primary = |text: String| (text, Level::PRIMARY);
        match &expr.kind {
            ExprKind::Integer { value, text } if text.is_empty() => primary(value.to_string()),
            ExprKind::Integer { text, .. } => primary(text.clone()),
            ExprKind::String(bytes) => primary(quote(bytes)),
            ExprKind::Bool(value) => primary(value.to_string()),
            ExprKind::Positional(number) => primary(format!("${number}")),
            ExprKind::PositionalCount => primary("$#".to_owned()),
            ExprKind::Identifier(name) => primary(name.clone()),
            ExprKind::Place(place) => {
                let keyed = matches!(&place.kind, PlaceKind::Map { key, .. } if !key.is_empty());
                (self.place(place), if keyed { Level::POSTFIX } else { Level::PRIMARY })
            }
            ExprKind::Call { function, arguments } => {
                let arguments: Vec<String> = arguments
                    .iter()
                    .map(|argument| match argument {
                        Argument::Expr(expr) => self.whole(expr),
                        Argument::Type(ty) => self.ty(ty),
                    })
                    .collect();
                primary(format!("{}({})", function.name, arguments.join(", ")))
            }
            // As operands, `if` and blocks always stand in parentheses, so that no statement begins with them by accident.
            ExprKind::If(branch) => (self.if_expr(branch, Self::value_block), Level::TERNARY),
            ExprKind::Block(block) => (self.value_block(block), Level::TERNARY),
            ExprKind::Tuple(items) if items.len() == 1 => primary(format!("({},)", self.list(items))),
            ExprKind::Tuple(items) => primary(format!("({})", self.list(items))),
            ExprKind::Record(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{} = {}", name.name, self.whole(value))).collect();
                primary(format!("({})", fields.join(", ")))
            }
            ExprKind::SizeOf(argument) => primary(format!("sizeof({})", self.type_argument(argument))),
            ExprKind::TypeInfo(argument) => primary(format!("typeinfo({})", self.type_argument(argument))),
            ExprKind::OffsetOf { of, path } => {
                let path: Vec<&str> = path.iter().map(|name| name.name.as_str()).collect();
                primary(format!("offsetof({}, {})", self.type_argument(of), path.join(".")))
            }
            ExprKind::Unary { .. }
            | ExprKind::Comptime(_)
            | ExprKind::Cast { .. }
            | ExprKind::AddressOf(_)
            | ExprKind::Step { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Ternary { .. }
            | ExprKind::Field { .. }
            | ExprKind::TupleField { .. }
            | ExprKind::Index { .. } => self.operation(expr),
        }
    }

    /// An expression that is made of operators: those that `bare` hands over.
    fn operation(&mut self, expr: &Expr) -> (String, Level) {
        match &expr.kind {
            ExprKind::Unary { operator, operand } => (self.prefixed(unary_symbol(*operator), operand), Level::PREFIX),
            ExprKind::Comptime(operand) => (format!("comptime {}", self.expr(operand, Level::PREFIX)), Level::PREFIX),
            ExprKind::Cast { ty, operand } => {
                (format!("({}){}", self.ty(ty), self.expr(operand, Level::PREFIX)), Level::PREFIX)
            }
            ExprKind::AddressOf(place) => (format!("&{}", self.place(place)), Level::PREFIX),
            ExprKind::Step { target, step, prefix: true } => {
                (format!("{}{}", step_symbol(*step), self.place(target)), Level::PREFIX)
            }
            ExprKind::Step { target, step, prefix: false } => {
                (format!("{}{}", self.place(target), step_symbol(*step)), Level::POSTFIX)
            }
            ExprKind::Binary { operator, left, right } => {
                let level = Level::of(*operator);
                let (left, right) = (self.expr(left, level), self.expr(right, Level(level.0 + 1)));
                (format!("{left} {} {right}", operator.symbol()), level)
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                let condition = self.expr(condition, Level(Level::TERNARY.0 + 1));
                let otherwise = match otherwise.kind {
                    ExprKind::If(_) | ExprKind::Block(_) => self.expr(otherwise, Level::PRIMARY),
                    _ => self.whole(otherwise),
                };
                let text = match then {
                    Some(then) => format!("{condition} ? {} : {otherwise}", self.whole(then)),
                    None => format!("{condition} ?: {otherwise}"),
                };
                (text, Level::TERNARY)
            }
            ExprKind::Field { base, field, arrow } => {
                let sign = if *arrow { "->" } else { "." };
                (format!("{}{sign}{}", self.expr(base, Level::POSTFIX), field.name), Level::POSTFIX)
            }
            ExprKind::TupleField { base, index } => {
                (format!("{}.{index}", self.expr(base, Level::POSTFIX)), Level::POSTFIX)
            }
            ExprKind::Index { base, index } => {
                // `@m[k]` is a map and its key; `(@m)[k]` indexes the value of a scalar map.
                let is_map = matches!(&base.kind, ExprKind::Place(Place { kind: PlaceKind::Map { key, .. }, .. }) if key.is_empty());
                let base = if is_map { format!("({})", self.whole(base)) } else { self.expr(base, Level::POSTFIX) };
                (format!("{base}[{}]", self.whole(index)), Level::POSTFIX)
            }
            _ => self.bare(expr),
        }
    }

    /// An operator and its operand; a space keeps `-` and `-x` from becoming `--x`.
    fn prefixed(&mut self, symbol: &str, operand: &Expr) -> String {
        let operand = self.expr(operand, Level::PREFIX);
        let space = if symbol == "-" && operand.starts_with('-') { " " } else { "" };
        format!("{symbol}{space}{operand}")
    }

    fn if_expr(&mut self, branch: &If, print_block: fn(&mut Self, &Block) -> String) -> String {
        let comptime = if branch.comptime { "comptime " } else { "" };
        let condition = self.whole(&branch.condition);
        let mut out = format!("if {comptime}({condition}) {}", print_block(self, &branch.then));
        match &branch.otherwise {
            Some(Else::Block(block)) => out.push_str(&format!(" else {}", print_block(self, block))),
            Some(Else::If(next)) => match &next.kind {
                ExprKind::If(next) => {
                    out.push_str(" else ");
                    out.push_str(&self.if_expr(next, print_block));
                }
                _ => out.push_str(&format!(" else {{ {} }}", self.whole(next))),
            },
            None => {}
        }
        out
    }

    fn ty(&mut self, ty: &TypeName) -> String {
        let mut out = match &ty.base {
            TypeBase::Name(name) => name.clone(),
            TypeBase::Tagged { keyword, name } => format!("{keyword} {name}"),
            TypeBase::TypeOf(argument) => format!("typeof({})", self.type_argument(argument)),
        };
        let mut after_pointer = false;
        for suffix in &ty.suffixes {
            match suffix {
                TypeSuffix::Pointer => out.push_str(if after_pointer { "*" } else { " *" }),
                TypeSuffix::Array(Some(length)) => out.push_str(&format!("[{length}]")),
                TypeSuffix::Array(None) => out.push_str("[]"),
            }
            after_pointer = matches!(suffix, TypeSuffix::Pointer);
        }
        out
    }

    fn type_argument(&mut self, argument: &TypeArgument) -> String {
        match argument {
            TypeArgument::Type(ty) => self.ty(ty),
            // A bare word would be read as a type.
            TypeArgument::Expr(expr) if reads_as_type(expr) => format!("({})", self.whole(expr)),
            TypeArgument::Expr(expr) => self.whole(expr),
        }
    }
}

/// `word`, `word[4]`, `word[4][2]`
fn reads_as_type(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Identifier(_) => true,
        ExprKind::Index { base, .. } => reads_as_type(base),
        _ => false,
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
