//! Integer and string literals: from their text to their value.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The value of an integer literal: decimal, octal (`017`), hexadecimal (`0x1f`), exponent (`5e6`), with `_` between
/// digits, C suffixes (ignored) and units of time (nanoseconds).
pub(super) fn integer(text: &str, span: Span) -> Result<u64, Diagnostic> {
    let invalid = |message: String| Diagnostic::error("invalid-integer", span, message);
    let too_large = || {
        Diagnostic::error(
            "integer-too-large",
            span,
            format!("Integer '{text}' is too large: it needs more than 64 bits"),
        )
    };
    let (radix, digits, rest) = split(text);
    if digits.is_empty() {
        return Err(invalid(format!("'{text}' has no digits after '0x'")));
    }
    if digits.ends_with('_') || digits.starts_with('_') {
        return Err(invalid(format!("'_' in '{text}' must stand between digits")));
    }
    let mut value: u64 = 0;
    for digit in digits.chars().filter(|c| *c != '_') {
        let digit = digit.to_digit(radix).ok_or_else(|| {
            invalid(format!("'{digit}' in '{text}' is not an octal digit"))
                .with_help("A number that begins with 0 is octal; remove the leading 0 for a decimal number")
        })?;
        value = value.checked_mul(radix.into()).and_then(|v| v.checked_add(digit.into())).ok_or_else(too_large)?;
    }
    let factor = match suffix(rest) {
        Some(factor) => factor,
        None if radix == 10 && rest.starts_with(['e', 'E']) => {
            power(text, digits, &rest[1..], span)?.ok_or_else(too_large)?
        }
        None => {
            return Err(invalid(format!("'{text}' is not a number: unknown suffix '{rest}'"))
                .with_help("Suffixes are ns, us, ms, s, m, h, d for times, and u, l, ul, ll, ull"));
        }
    };
    value.checked_mul(factor).ok_or_else(too_large)
}

/// Radix, digits with their underscores, and what follows them.
fn split(text: &str) -> (u32, &str, &str) {
    let at = |text: &str, is_digit: fn(&char) -> bool| {
        text.char_indices().find(|(_, c)| *c != '_' && !is_digit(c)).map_or(text.len(), |(at, _)| at)
    };
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let (digits, rest) = hex.split_at(at(hex, char::is_ascii_hexdigit));
        return (16, digits, rest);
    }
    let (digits, rest) = text.split_at(at(text, char::is_ascii_digit));
    let octal = digits.len() > 1 && digits.starts_with('0');
    (if octal { 8 } else { 10 }, digits, rest)
}

/// The factor of a suffix; nanoseconds for units of time.
fn suffix(text: &str) -> Option<u64> {
    Some(match text {
        "" | "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return matches!(text.to_ascii_lowercase().as_str(), "u" | "l" | "ul" | "ll" | "ull").then_some(1),
    })
}

/// Ten to the exponent; `None` when it does not fit.
fn power(text: &str, digits: &str, exponent: &str, span: Span) -> Result<Option<u64>, Diagnostic> {
    let one_digit = digits.len() == 1 && digits != "0";
    let number = exponent.bytes().all(|b| b.is_ascii_digit()) && !exponent.is_empty() && !exponent.starts_with('0');
    if !one_digit || !number {
        let message =
            format!("'{text}' is not a number: the exponent form is one digit from 1 to 9, 'e', and an exponent");
        return Err(Diagnostic::error("invalid-integer", span, message).with_help("For example 5e6, which is 5000000"));
    }
    Ok(exponent.parse().ok().and_then(|exponent: u32| 10u64.checked_pow(exponent)))
}

/// The bytes of a string literal, given with its quotes.
pub(super) fn string(quoted: &str, span: Span) -> Result<Vec<u8>, Diagnostic> {
    let bytes = quoted.as_bytes();
    let end = bytes.len().saturating_sub(1);
    let mut out = Vec::with_capacity(end);
    let mut at = 1;
    while at < end {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let (byte, length) = escape(&quoted[at..end], span.start as usize + at)?;
        out.push(byte);
        at += length;
    }
    Ok(out)
}

/// The byte of an escape sequence and the sequence's length; `offset` is where it stands in the file.
fn escape(text: &str, offset: usize) -> Result<(u8, usize), Diagnostic> {
    let digits = |from: usize, most: usize, is_digit: fn(&u8) -> bool| {
        text.as_bytes()[from..].iter().take(most).take_while(|b| is_digit(b)).count()
    };
    let simple = match text.as_bytes().get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'"') => b'"',
        Some(b'\\') => b'\\',
        Some(b'0'..=b'7') => {
            let length = 1 + digits(1, 3, |b| (b'0'..=b'7').contains(b));
            return u8::from_str_radix(&text[1..length], 8).map(|byte| (byte, length)).map_err(|_| {
                let span = Span::new(offset, offset + length);
                let message = format!("Escape '{}' is larger than a byte (at most \\377)", &text[..length]);
                Diagnostic::error("unknown-escape", span, message)
            });
        }
        Some(b'x') if digits(2, 2, u8::is_ascii_hexdigit) > 0 => {
            let length = 2 + digits(2, 2, u8::is_ascii_hexdigit);
            return Ok((u8::from_str_radix(&text[2..length], 16).unwrap_or_default(), length));
        }
        _ => {
            let escaped = text.chars().nth(1).map_or(1, |c| 1 + c.len_utf8());
            let message = format!("Unknown escape '{}' in string", &text[..escaped]);
            return Err(Diagnostic::error("unknown-escape", Span::new(offset, offset + escaped), message).with_help(
                "Known are \\n \\t \\r \\\" \\\\, octal \\101 and hexadecimal \\x41; write \\\\ for a backslash",
            ));
        }
    };
    Ok((simple, 2))
}
