//! Scripts of many programs, in two parts at a time: nearly all that compiling takes is LLVM's, whose modules have
//! nothing to do with each other.
//!
//! Both threads lower all programs, which is a twentieth of the work: so they agree on the layout of the globals, on
//! records and counters, without a word. Then each drops what is the other's. Which part a program is in follows from
//! the script alone, as everything here, and not from how many processors there are.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::thread;

use inkwell::module::{Linkage, Module};
use inkwell::values::FunctionValue;

use crate::diagnostic::Diagnostic;

use super::prologue::Prologue;
use super::sessions::Session;

/// From this many programs on the thread and the second lowering are worth it.
pub const MIN_PROGRAMS: usize = 12;
/// LLVM recurses; this is room for the deepest script that the limits allow.
const STACK: usize = 16 << 20;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    First,
    Second,
}

type Outcome<T> = Result<T, Vec<Diagnostic>>;

/// What `work` makes of both parts, or the mistakes of both.
pub fn both<T: Send>(work: impl Fn(Part) -> Outcome<T> + Sync) -> Outcome<(T, T)> {
    let (first, second) = thread::scope(|scope| {
        let builder = thread::Builder::new().name("compile-part".to_owned()).stack_size(STACK);
        let second = builder.spawn_scoped(scope, || work(Part::Second));
        let first = work(Part::First);
        let second = match second {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // A process that may have no more threads takes longer.
            Err(_) => work(Part::Second),
        };
        (first, second)
    });
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(mut errors), Err(others)) => {
            // What lowering finds is found twice.
            let new: Vec<_> = others.into_iter().filter(|other| !errors.contains(other)).collect();
            errors.extend(new);
            Err(errors)
        }
        (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => Err(errors),
    }
}

/// Whether each program, by its number, is in a part: about half of all instructions are.
pub fn programs(prologues: &[Prologue<'_>], sessions: &[Session], part: Part) -> Vec<bool> {
    let count = prologues.iter().map(|prologue| prologue.program as usize + 1).max().unwrap_or(0);
    let mut sizes = vec![0; count];
    for prologue in prologues {
        let blocks = prologue.function.value.get_basic_block_iter();
        sizes[prologue.program as usize] += blocks.map(|block| block.get_instructions().count()).sum::<usize>();
    }
    // What is called by one program is where the program is.
    for session in sessions {
        sizes[session.entry] += std::mem::take(&mut sizes[session.exit]);
    }
    let mut parts = balance(&sizes);
    for session in sessions {
        parts[session.exit] = parts[session.entry];
    }
    parts.into_iter().map(|it| it == part).collect()
}

/// The largest first, each to the part that has less.
fn balance(sizes: &[usize]) -> Vec<Part> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(sizes[*index]));
    let mut parts = vec![Part::First; sizes.len()];
    let (mut first, mut second) = (0, 0);
    for index in order {
        let (part, total) = if first <= second { (Part::First, &mut first) } else { (Part::Second, &mut second) };
        parts[index] = part;
        *total += sizes[index];
    }
    parts
}

/// Lets the optimizer drop all functions but these.
pub fn keep<'ctx>(module: &Module<'ctx>, kept: HashSet<FunctionValue<'ctx>>) {
    let others =
        module.get_functions().filter(|function| function.count_basic_blocks() > 0 && !kept.contains(function));
    others.for_each(|function| function.set_linkage(Linkage::Internal));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_about_as_large_as_each_other() {
        let sizes = [100, 20, 100, 20, 100, 20, 100, 20];
        let parts = balance(&sizes);
        let of = |part| sizes.iter().zip(&parts).filter(|(_, it)| **it == part).map(|(size, _)| size).sum::<usize>();
        assert_eq!((of(Part::First), of(Part::Second)), (240, 240));
    }

    #[test]
    fn one_heavy_program_is_alone() {
        let (first, second) = (Part::First, Part::Second);
        assert_eq!(balance(&[1, 1, 100, 1]), [second, second, first, second]);
        assert_eq!(balance(&[]), []);
    }

    #[test]
    fn what_both_find_wrong_is_said_once() {
        let error = |text: &str| Diagnostic::error("test", crate::source::Span::default(), text.to_owned());
        let found = both::<()>(|part| Err(vec![error("both"), error(&format!("{part:?}"))])).expect_err("errors");
        let texts: Vec<_> = found.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(texts, ["both", "First", "Second"]);
    }
}
