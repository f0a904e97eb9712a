//! Output that bypasses user space.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::abi::format::{Conversion, Length, Piece};
use crate::hir::{Expr, ExprKind};
use crate::sema::{CallSite, Typer, formats};
use crate::types::Type;

pub static DEBUGF: Builtin = Builtin {
    name: "debugf",
    kind: Kind::Function,
    timing: Timing::Kernel,
    rules: Rules::NONE,
    signature: "debugf(format, ...)",
    doc: "Writes a line with up to three values to the kernel's trace_pipe, for looking into tracing itself: it is slow and everybody's lines mix there.",
    example: r#"begin { debugf("started by %d", pid); }"#,
    analyze: Analysis::Call(debugf),
    lower: calls::output::debug,
};

/// What bpf_trace_printk takes.
const MOST_VALUES: usize = 3;

/// The call's arguments are the format as a string, then the values.
fn debugf(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 1..=1 + MOST_VALUES)?;
    let (text, span) = site.text(typer, 0)?;
    let (format, _, values) = formats::formatted(typer, site, 0)?;
    let specs = format.pieces.iter().filter_map(|piece| if let Piece::Spec(spec) = piece { Some(spec) } else { None });
    for spec in specs {
        let plain = spec.width.is_none() && spec.precision.is_none() && !(spec.left || spec.plus || spec.space);
        let known = matches!(
            spec.conversion,
            Conversion::Signed | Conversion::Unsigned | Conversion::Hex | Conversion::Pointer | Conversion::Text
        );
        if !(plain && known && matches!(spec.length, Length::Int | Length::Long)) {
            let message = "debugf() knows only %d, %u, %x, %p and %s, each with l or ll: the kernel formats it";
            return typer.error("bad-format", span, message);
        }
    }
    let texts = format.pieces.iter().filter_map(|piece| match piece {
        Piece::Spec(spec) => Some(spec.conversion == Conversion::Text),
        Piece::Literal(_) => None,
    });
    for (value, is_text) in values.iter().zip(texts) {
        if is_text != matches!(value.ty, Type::String { .. }) {
            let expected = if is_text { "a string for %s" } else { "a number for this specifier" };
            return site.wrong_type(typer, value, expected);
        }
    }
    typer.warn("debug-output", site.span, "debugf() writes to the kernel's trace_pipe, not to the output of this run");
    let ty = Type::String { capacity: text.len() as u32 + 1 };
    let mut arguments = vec![Expr { kind: ExprKind::String(text), ty, span }];
    arguments.extend(values);
    Some(site.call(Type::Void, arguments))
}
