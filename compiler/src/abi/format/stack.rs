//! The text of stacks: a newline, then a line for each frame, innermost first.

use super::super::value::{FilePlace, Frame, Stack};
use super::text::TextWriter;
use crate::types::{StackMode, StackSpace};

/// What an unwinder stores where it could not go on.
const UNWIND_FAILURE: u64 = u64::MAX;

impl TextWriter<'_> {
    pub(super) fn stack(&mut self, id: u64, mode: StackMode) {
        self.push("\n");
        match self.names.stack(id) {
            Some(stack) if mode == StackMode::BuildId => stack.places.iter().for_each(|place| self.file_place(place)),
            Some(stack) => stack.frames.iter().for_each(|frame| self.frame(&stack, frame, mode)),
            None if id == 0 => {}
            None => self.push("        <lost stack>\n"),
        }
    }

    /// `ID 0xOFFSET`, or the address where there is no file.
    fn file_place(&mut self, place: &FilePlace) {
        match &place.build_id {
            Some((id, offset)) => self.push(&format!("{id} {offset:#x}\n")),
            None => self.push(&format!("{:x}\n", place.address)),
        }
    }

    fn frame(&mut self, stack: &Stack, frame: &Frame, mode: StackMode) {
        match mode {
            StackMode::Bpftrace => self.push("        "),
            StackMode::Perf => self.push("\t"),
            StackMode::Raw | StackMode::BuildId => {}
        }
        match mode {
            _ if frame.address == UNWIND_FAILURE => self.push("<unwind failure>"),
            StackMode::Bpftrace => self.plain_frame(frame),
            StackMode::Perf => self.perf_frame(stack, frame),
            StackMode::Raw | StackMode::BuildId => self.push(&format!("{:x}", frame.address)),
        }
        self.push("\n");
    }

    /// `symbol+offset`, or the address; then where in the source it is.
    fn plain_frame(&mut self, frame: &Frame) {
        if frame.inlined {
            self.push("[inlined] ");
        }
        self.symbol(frame);
        if let Some(source) = &frame.source {
            self.push("@");
            self.push_foreign(source.as_bytes());
        }
    }

    /// As `perf script` writes frames: `address symbol+offset (module)`.
    fn perf_frame(&mut self, stack: &Stack, frame: &Frame) {
        self.push(&format!("{:x} ", frame.address));
        self.symbol(frame);
        if frame.inlined {
            self.push(" (inlined)");
        } else if stack.space == StackSpace::User || frame.symbol.is_none() {
            self.push(" (");
            let module = frame.module.as_deref().filter(|_| frame.symbol.is_some()).unwrap_or("[unknown]");
            self.push_foreign(module.as_bytes());
            self.push(")");
        }
    }

    fn symbol(&mut self, frame: &Frame) {
        match &frame.symbol {
            Some(symbol) => {
                self.push_foreign(symbol.as_bytes());
                if !frame.inlined {
                    self.push(&format!("+{}", frame.offset));
                }
            }
            None => self.push(&format!("{:#x}", frame.address)),
        }
    }
}
