//! One reversible escape for bytes that people should see but no terminal, page or file should act on.
//!
//! `\` becomes `\\`, newline, tab and carriage return `\n`, `\t`, `\r`; every other control character, every
//! character that reorders text, and every byte that is not UTF-8 becomes `\xHH` byte by byte.

use std::borrow::Cow;

/// Printable UTF-8 that [`unescape`] turns back into the same bytes.
pub fn escape(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.chars().all(|c| c != '\\' && is_harmless(c))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    escape_into(&mut out, bytes);
    Cow::Owned(out)
}

/// Appends the escaped form.
pub fn escape_into(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if is_harmless(c) => out.push(c),
                c => push_bytes(out, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        push_bytes(out, chunk.invalid());
    }
}

fn push_bytes(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push_str("\\x");
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Whether bytes hold anything that a terminal could act on, or are not UTF-8.
pub fn is_foreign(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or(true, |text| !text.chars().all(is_harmless))
}

/// Not a control character (C0, DEL, C1), line or paragraph separator, nor one that changes the direction of text.
fn is_harmless(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    !c.is_control() && !reorders && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// The bytes that [`escape`] wrote; None for text that it cannot have written.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(byte) = rest.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        out.push(match rest.next()? {
            b'\\' => b'\\',
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'x' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_anything_special_stays_as_it_is() {
        assert!(matches!(escape("nginx: wörker".as_bytes()), Cow::Borrowed("nginx: wörker")));
    }

    #[test]
    fn control_bytes_invalid_bytes_and_reordering_are_visible() {
        assert_eq!(escape(b"<b>\x1b[31m\xff\xc3\n\\"), r"<b>\x1b[31m\xff\xc3\n\\");
        assert_eq!(escape("a\u{202e}b\u{9b}".as_bytes()), r"a\xe2\x80\xaeb\xc2\x9b");
    }

    #[test]
    fn every_string_of_bytes_comes_back() {
        let mut state = 1_u64;
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // Favour the bytes that matter: controls, backslash, the start of two-byte characters.
                    [(state >> 40) as u8, b'\\', 0xc2, 0x85, b'x', 0x1b, b'n', b'1'][(state >> 33) as usize % 8]
                })
                .collect();
            let text = escape(&bytes);
            assert!(!is_foreign(text.as_bytes()), "{text:?}");
            assert_eq!(unescape(&text).as_deref(), Some(&bytes[..]), "{text:?}");
        }
    }

    #[test]
    fn text_that_no_escape_wrote_is_refused() {
        for text in ["\\", "\\q", "\\x4", "\\xzz"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }
}
