//! Where instructions begin: a probe within one would overwrite the middle of it, and the program would run garbage.

use std::path::Path;

use iced_x86::{Decoder, DecoderOptions, Instruction};

use crate::diagnostic::Diagnostic;
use crate::kernel::UserSymbol;
use crate::probes::Expander;

/// The starts of the instructions next to an offset that none begins at.
#[derive(Debug, PartialEq, Eq)]
struct Neighbours {
    before: u64,
    after: u64,
}

/// Reports a place in a function where no instruction begins. Code that cannot be read or decoded is not judged.
pub fn check(expander: &mut Expander<'_>, path: &Path, symbol: &UserSymbol, offset: u64) -> Option<()> {
    if offset == 0 || expander.options.allow_unsafe {
        return Some(());
    }
    // The instruction at the offset may be 15 bytes long.
    let len = usize::try_from(offset).ok()?.checked_add(16)?;
    let code = expander.kernel.user_code(path, symbol.file_offset, len);
    let Some(Neighbours { before, after }) = code.and_then(|code| between(&code, offset)) else { return Some(()) };
    let message = format!("No instruction begins at '{}+{offset}': it is within one", symbol.name);
    let at = |offset: u64| format!("+{offset} ({:#x})", symbol.address + offset);
    let help = format!("The nearest ones begin at {} and {}", at(before), at(after));
    expander.error(Diagnostic::error("within-instruction", expander.span, message).with_help(help));
    None
}

/// None where an instruction begins at the offset, or the code is no code.
fn between(code: &[u8], offset: u64) -> Option<Neighbours> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut before = 0;
    while decoder.can_decode() {
        let start = decoder.ip();
        if start == offset {
            return None;
        }
        if start > offset {
            return Some(Neighbours { before, after: start });
        }
        decoder.decode_out(&mut instruction);
        if instruction.is_invalid() {
            return None;
        }
        before = start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// push rbp; mov rbp, rsp; sub rsp, 16; ret
    const CODE: [u8; 9] = [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0xc3];

    #[test]
    fn a_start_is_told_from_a_middle() {
        assert_eq!(between(&CODE, 1), None);
        assert_eq!(between(&CODE, 4), None);
        assert_eq!(between(&CODE, 2), Some(Neighbours { before: 1, after: 4 }));
        assert_eq!(between(&CODE, 7), Some(Neighbours { before: 4, after: 8 }));
    }

    #[test]
    fn what_is_no_code_is_not_judged() {
        assert_eq!(between(&[0x06, 0x06, 0x06], 1), None);
        assert_eq!(between(&[], 1), None);
    }
}
