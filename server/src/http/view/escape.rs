//! Text of lines and keys for the page: printable UTF-8 from which the bytes can be had back.

use tracedeck_compiler::abi::escape;

/// A line of output: as [`escape::escape`], but a tab stays a tab, for columns.
pub fn line_text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for (index, part) in bytes.split(|byte| *byte == b'\t').enumerate() {
        if index > 0 {
            out.push('\t');
        }
        escape::escape_into(&mut out, part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_are_visible_and_tabs_stay() {
        assert_eq!(line_text(b"a\tb\x1b[31m\xff\\\n"), "a\tb\\x1b[31m\\xff\\\\\\n");
        assert_eq!(line_text("käse \u{202e}".as_bytes()), "käse \\xe2\\x80\\xae");
    }
}
