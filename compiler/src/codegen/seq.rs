//! `printf` of an iterator that is left behind: the text goes to whoever reads the file, so the kernel formats it.

use crate::abi::format::{Conversion, Format, Piece, Spec};
use crate::hir::Expr;
use crate::manifest::AttachSpec;
use crate::types::Type;

use super::error::CodegenError;
use super::function::FunctionBuilder;

/// `MAX_BPRINTF_VARARGS` of the kernel.
const MOST_ARGUMENTS: usize = 12;

impl<'ctx> FunctionBuilder<'_, 'ctx> {
    /// Whether nobody empties the ring: the program outlives the run.
    pub fn is_left_behind(&self) -> bool {
        let pinned = |spec: &AttachSpec| matches!(spec, AttachSpec::Iterator(iterator) if iterator.pin.is_some());
        self.state.probe.attach.iter().any(|point| pinned(&point.spec))
    }

    /// What cannot be done without a run around the program.
    pub fn needs_run(&self, what: &str) -> CodegenError {
        let message = format!("{what} needs a run: an iterator that is left behind can only call printf()");
        CodegenError::limit(self.span, message)
    }

    /// Writes formatted text to the file that is being read.
    pub fn seq_printf(&mut self, format: &Format, arguments: &[Expr]) -> Result<(), CodegenError> {
        if arguments.len() > MOST_ARGUMENTS {
            let message = format!("An iterator that is left behind prints at most {MOST_ARGUMENTS} values at once");
            return Err(CodegenError::limit(self.span, message));
        }
        let mut text = Vec::new();
        let mut values = arguments.iter();
        for piece in &format.pieces {
            match piece {
                Piece::Literal(literal) => {
                    literal.iter().for_each(|byte| {
                        text.extend(if *byte == b'%' { &b"%%"[..] } else { std::slice::from_ref(byte) })
                    });
                }
                Piece::Spec(spec) => {
                    let Some(value) = values.next() else { break };
                    let kernel = kernel_format(spec, &value.ty).ok_or_else(|| {
                        let message = format!(
                            "A value of type '{}' cannot be printed like this by an iterator that is left behind",
                            value.ty
                        );
                        CodegenError::limit(value.span, message)
                            .with_help("The kernel formats it: integers, characters, addresses and strings")
                    })?;
                    text.extend(kernel.into_bytes());
                }
            }
        }
        text.push(0);
        let words = self.scratch_memory(8 * arguments.len().max(1) as u32)?;
        for (index, value) in arguments.iter().enumerate() {
            let word = match &value.ty {
                Type::String { capacity } => {
                    let memory = self.memory(value)?;
                    // Text that fills its buffer has no NUL, which the kernel looks for.
                    let last = self.ir.offset(memory.place.pointer, capacity.saturating_sub(1));
                    self.ir.store(last, self.ir.constant(0), 1);
                    self.ir.address(memory.place.pointer)
                }
                _ => self.register(value)?,
            };
            self.ir.store(self.ir.offset(words.pointer, 8 * index as u32), word, 8);
        }
        // `ctx->meta->seq`
        let meta = self.ir.pointer(self.context_load(0, 8, false)?);
        let file = self.ir.load_context(self.unit.keep_offset, meta, (0, 8), false);
        let size = self.ir.constant(text.len() as u64);
        let format = self.table(&format!("format{}_{}_", self.span.start, self.span.end), 1, &text);
        let bytes = self.ir.constant(8 * arguments.len() as u64);
        self.ir.seq_printf(file, format, size, words.pointer, bytes);
        Ok(())
    }
}

/// A conversion as `bpf_seq_printf` takes it; None for what the kernel cannot format.
fn kernel_format(spec: &Spec, ty: &Type) -> Option<String> {
    if spec.precision.is_some() || spec.alternate {
        return None;
    }
    let is_text = matches!(ty, Type::String { .. });
    let is_number = ty.is_int() || matches!(ty, Type::Pointer { .. } | Type::Enum { .. } | Type::Bool);
    let conversion = match spec.conversion {
        Conversion::Text if is_text => "s",
        Conversion::Natural if is_text => "s",
        Conversion::Signed if is_number => "lld",
        Conversion::Unsigned if is_number => "llu",
        Conversion::Hex if is_number => "llx",
        Conversion::HexUpper if is_number => "llX",
        Conversion::Char if is_number => "c",
        Conversion::Pointer if is_number => return Some("0x%llx".to_owned()),
        Conversion::Natural if is_number && ty.is_signed() => "lld",
        Conversion::Natural if is_number => "llu",
        _ => return None,
    };
    let mut text = "%".to_owned();
    for (flag, sign) in [(spec.left, '-'), (spec.plus, '+'), (spec.space, ' '), (spec.zero, '0')] {
        text.extend(flag.then_some(sign));
    }
    text.extend(spec.width.filter(|width| *width > 0).map(|width| width.to_string()));
    Some(text + conversion)
}
