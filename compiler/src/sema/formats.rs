//! printf formats: from their text to typed pieces, and the check of the arguments against them.

use crate::abi::format::{Conversion, Format, Length, Piece, Spec};
use crate::diagnostic::Diagnostic;
use crate::hir;
use crate::source::Span;
use crate::types::Type;

use super::calls::{CallSite, slot};
use super::typer::Typer;
use crate::manifest::Slot;

/// The most arguments of one printf.
const MAX_ARGUMENTS: usize = 127;

/// The format at an argument of a call, with the arguments that follow it.
pub fn formatted(typer: &mut Typer<'_>, site: &CallSite<'_>, at: usize) -> Option<(Format, Vec<Slot>, Vec<hir::Expr>)> {
    let text = site.text(typer, at);
    let values: Vec<_> = (at + 1..site.arguments.len()).map(|index| site.value(typer, index)).collect();
    let (text, span) = text?;
    let format = match parse(&text) {
        Ok(format) => format,
        Err(message) => return typer.error("bad-format", span, message),
    };
    let values: Vec<hir::Expr> = values.into_iter().collect::<Option<_>>()?;
    check(typer, site, &format, &values, span)?;
    let slots = values.iter().map(|value| slot(value.ty.clone())).collect();
    Some((format, slots, values))
}

fn check(typer: &mut Typer<'_>, site: &CallSite<'_>, format: &Format, values: &[hir::Expr], span: Span) -> Option<()> {
    let name = site.builtin.name;
    let specs: Vec<&Spec> = format
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Spec(spec) => Some(spec),
            Piece::Literal(_) => None,
        })
        .collect();
    if values.len() > MAX_ARGUMENTS {
        let message = format!("{name}() takes at most {MAX_ARGUMENTS} values ({} given)", values.len());
        return typer.error("argument-count", site.span, message);
    }
    if specs.len() != values.len() {
        let (more, less) = if specs.len() > values.len() { ("format", "arguments") } else { ("arguments", "format") };
        let message = format!(
            "{name}: the number of values does not match the format: it has {}, {} given",
            counted(specs.len(), "specifier"),
            if values.len() == 1 { "1 value was".to_owned() } else { format!("{} values were", values.len()) }
        );
        let help = format!("There is more in the {more} than in the {less}");
        return typer.fail(Diagnostic::error("format-arguments", span, message).with_help(help));
    }
    let mut fits = Some(());
    for (spec, value) in specs.iter().zip(values) {
        let is_text =
            matches!(&value.ty, Type::Pointer { to, .. } if matches!(**to, Type::Int { bytes: 1, signed: true }));
        if spec.conversion == Conversion::Text && is_text {
            let message = "%s prints this address, not the text that is there";
            typer.report(Diagnostic::warning("pointer-as-text", value.span, message).with_help("Its text is str(p)"));
        }
        if !accepts(spec.conversion, &value.ty) {
            let (letter, expected) = describe(spec.conversion);
            let message = format!("{name}: %{letter} expects {expected}, but the value has type '{}'", value.ty);
            let mut diagnostic = Diagnostic::error("format-type", value.span, message);
            if spec.conversion != Conversion::Buffer {
                diagnostic = diagnostic.with_help("%s and %v print a value of any type");
            }
            fits = typer.fail(diagnostic);
        }
    }
    fits
}

fn accepts(conversion: Conversion, ty: &Type) -> bool {
    let number = ty.is_int() || matches!(ty, Type::Pointer { .. } | Type::Username | Type::KernelSymbol);
    match conversion {
        Conversion::Signed
        | Conversion::Unsigned
        | Conversion::Octal
        | Conversion::Hex
        | Conversion::HexUpper
        | Conversion::Pointer => number,
        Conversion::Char | Conversion::GfpFlags => ty.is_int(),
        Conversion::Text | Conversion::Natural => true,
        Conversion::Buffer | Conversion::BufferHex | Conversion::BufferHexSpaced => matches!(ty, Type::Buffer { .. }),
    }
}

fn describe(conversion: Conversion) -> (&'static str, &'static str) {
    match conversion {
        Conversion::Signed => ("d", "an integer"),
        Conversion::Unsigned => ("u", "an integer"),
        Conversion::Octal => ("o", "an integer"),
        Conversion::Hex => ("x", "an integer"),
        Conversion::HexUpper => ("X", "an integer"),
        Conversion::Pointer => ("p", "a pointer or an integer"),
        Conversion::Char => ("c", "an integer"),
        Conversion::GfpFlags => ("gr", "an integer"),
        Conversion::Text => ("s", "any value"),
        Conversion::Natural => ("v", "any value"),
        Conversion::Buffer => ("r", "a buffer"),
        Conversion::BufferHex => ("rx", "a buffer"),
        Conversion::BufferHexSpaced => ("rh", "a buffer"),
    }
}

/// Takes a format apart.
///
/// # Errors
///
/// A sentence that says which specifier is wrong.
pub fn parse(text: &[u8]) -> Result<Format, String> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            literal.push(byte);
            rest = after;
        } else if after.first() == Some(&b'%') {
            literal.push(b'%');
            rest = &after[1..];
        } else {
            let (spec, after) = specifier(after)?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Spec(spec));
            rest = after;
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(Format { pieces })
}

/// One specifier behind its `%`, and what follows it.
fn specifier(text: &[u8]) -> Result<(Spec, &[u8]), String> {
    let mut spec = Spec {
        left: false,
        plus: false,
        space: false,
        alternate: false,
        zero: false,
        width: None,
        precision: None,
        length: Length::Int,
        conversion: Conversion::Signed,
    };
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'-' => spec.left = true,
            b'+' => spec.plus = true,
            b' ' => spec.space = true,
            b'#' => spec.alternate = true,
            b'0' => spec.zero = true,
            _ => break,
        }
        rest = after;
    }
    (spec.width, rest) = size(rest)?;
    if let Some(after) = rest.strip_prefix(b".") {
        let (precision, after) = size(after)?;
        (spec.precision, rest) = (Some(precision.unwrap_or(0)), after);
    }
    (spec.length, rest) = length(rest);
    let (conversion, rest) = conversion(rest)?;
    spec.conversion = conversion;
    Ok((spec, rest))
}

/// The widest field: no line of output is longer for a reason.
const MAX_WIDTH: u32 = 4096;

/// A width or precision.
fn size(text: &[u8]) -> Result<(Option<u32>, &[u8]), String> {
    if text.first() == Some(&b'*') {
        return Err("'*' as a width or precision is not supported: write a number".to_owned());
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Ok((None, text));
    }
    let (number, rest) = text.split_at(digits);
    let number = number.iter().fold(0_u32, |all, digit| all.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    if number > MAX_WIDTH {
        return Err(format!("A width or precision of {number} is too large: the most is {MAX_WIDTH}"));
    }
    Ok((Some(number), rest))
}

fn length(text: &[u8]) -> (Length, &[u8]) {
    for (prefix, length) in [
        (&b"hh"[..], Length::Char),
        (b"h", Length::Short),
        (b"ll", Length::Long),
        (b"l", Length::Long),
        (b"j", Length::Long),
        (b"z", Length::Long),
        (b"t", Length::Long),
        (b"L", Length::Long),
    ] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return (length, rest);
        }
    }
    (Length::Int, text)
}

/// What may end a specifier; where one begins with another, the longer one comes first.
pub static CONVERSIONS: &[(&str, Conversion)] = &[
    ("rx", Conversion::BufferHex),
    ("rh", Conversion::BufferHexSpaced),
    ("r", Conversion::Buffer),
    ("gr", Conversion::GfpFlags),
    ("d", Conversion::Signed),
    ("i", Conversion::Signed),
    ("u", Conversion::Unsigned),
    ("o", Conversion::Octal),
    ("x", Conversion::Hex),
    ("X", Conversion::HexUpper),
    ("c", Conversion::Char),
    ("p", Conversion::Pointer),
    ("s", Conversion::Text),
    ("v", Conversion::Natural),
];

fn conversion(text: &[u8]) -> Result<(Conversion, &[u8]), String> {
    for (letters, conversion) in CONVERSIONS {
        if let Some(rest) = text.strip_prefix(letters.as_bytes()) {
            return Ok((*conversion, rest));
        }
    }
    Err(match text.first() {
        None => "The format ends in an incomplete specifier".to_owned(),
        Some(b'f' | b'F' | b'e' | b'E' | b'g' | b'G' | b'a' | b'A') => {
            "The language has no floating-point numbers: %f, %e, %g and %a cannot be used; two numbers make a fraction: \
             \"%d.%02d\", n / 100, n % 100"
                .to_owned()
        }
        Some(other) => format!("Unknown format specifier: %{}", other.escape_ascii()),
    })
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        match parse(text.as_bytes()).expect("a format").pieces.remove(0) {
            Piece::Spec(spec) => spec,
            Piece::Literal(text) => panic!("a literal: {text:?}"),
        }
    }

    #[test]
    fn text_and_specifiers_alternate() {
        let pieces = parse(b"a %d%% %s\n").expect("a format").pieces;
        assert_eq!(pieces.len(), 5);
        assert_eq!((&pieces[0], &pieces[2]), (&Piece::Literal(b"a ".to_vec()), &Piece::Literal(b"% ".to_vec())));
    }

    #[test]
    fn flags_width_precision_and_length_are_read() {
        let it = spec("%-#012.5llx");
        assert!(it.left && it.alternate && it.zero && !it.plus);
        assert_eq!(
            (it.width, it.precision, it.length, it.conversion),
            (Some(12), Some(5), Length::Long, Conversion::Hex)
        );
        assert_eq!(
            (spec("%hhd").length, spec("%hu").length, spec("%zu").length),
            (Length::Char, Length::Short, Length::Long)
        );
    }

    #[test]
    fn buffers_have_specifiers_of_two_letters() {
        assert_eq!(
            (spec("%r").conversion, spec("%rx").conversion, spec("%rh").conversion, spec("%gr").conversion),
            (Conversion::Buffer, Conversion::BufferHex, Conversion::BufferHexSpaced, Conversion::GfpFlags)
        );
    }

    #[test]
    fn what_is_no_specifier_is_said() {
        assert!(parse(b"%").is_err_and(|message| message.contains("incomplete")));
        assert!(parse(b"%f").is_err_and(|message| message.contains("floating-point")));
        assert!(parse(b"%y").is_err_and(|message| message.contains("%y")));
        assert!(parse(b"%9999d").is_err_and(|message| message.contains("too large")));
    }
}
