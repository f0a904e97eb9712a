//! Statements that do not fit on a line: the arguments of a call are spread over several, a chain of `&&` or `||` is
//! broken before its operators. Only one-line text is broken, so nothing is rendered more than twice.

use super::{Level, Printer};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Stmt, StmtKind};

/// The longest line that is left alone, in characters.
const MAX_LINE: usize = 100;

impl Printer<'_> {
    /// The text of a statement, broken if it is too long and there is a good place to break it.
    pub(super) fn shortened(&mut self, statement: &Stmt, text: String) -> String {
        let used = 2 * self.indent;
        if text.contains('\n') || used + text.chars().count() <= MAX_LINE {
            return text;
        }
        let Some(expr) = outermost(&statement.kind) else { return text };
        let whole = self.whole(expr);
        let Some(before) = text.strip_suffix(&format!("{whole};")) else { return text };
        match self.broken(expr, before.chars().count() + used) {
            Some(broken) => format!("{before}{broken};"),
            None => text,
        }
    }

    /// An expression over several lines, the first of which starts at a column.
    fn broken(&mut self, expr: &Expr, column: usize) -> Option<String> {
        let margin = format!("{}    ", self.margin());
        match &expr.kind {
            ExprKind::Call { function, arguments } if !arguments.is_empty() => {
                let arguments: Vec<String> = arguments.iter().map(|argument| self.argument(argument)).collect();
                let mut out = format!("{}(", function.name);
                let mut column = column + out.chars().count();
                for (index, argument) in arguments.iter().enumerate() {
                    let end = if index + 1 < arguments.len() { "," } else { ");" };
                    let length = argument.chars().count();
                    if index > 0 && column + 1 + length + end.len() > MAX_LINE {
                        out.push_str(&format!("\n{margin}"));
                        column = margin.len();
                    } else if index > 0 {
                        out.push(' ');
                        column += 1;
                    }
                    out.push_str(argument);
                    out.push_str(end.trim_end_matches([')', ';']));
                    column += length + 1;
                }
                Some(out + ")")
            }
            ExprKind::Binary { operator: operator @ (BinaryOp::And | BinaryOp::Or), .. } => {
                let mut operands = Vec::new();
                let mut left = expr;
                while let ExprKind::Binary { operator: this, left: next, right } = &left.kind
                    && this == operator
                    && !self
                        .origin
                        .as_ref()
                        .is_some_and(|origin| !std::ptr::eq(left, expr) && origin.is_parenthesised(left))
                {
                    operands.push(self.expr(right, Level(operator.precedence() + 1)));
                    left = next;
                }
                operands.push(self.expr(left, Level(operator.precedence())));
                operands.reverse();
                Some(operands.join(&format!("\n{margin}{} ", operator.symbol())))
            }
            _ => None,
        }
    }
}

/// The expression with which a statement ends.
fn outermost(kind: &StmtKind) -> Option<&Expr> {
    match kind {
        StmtKind::Let { value: Some(expr), .. }
        | StmtKind::Assign { value: expr, .. }
        | StmtKind::Discard(expr)
        | StmtKind::Expr(expr)
        | StmtKind::Return(Some(expr)) => Some(expr),
        _ => None,
    }
}
