//! Where a USDT probe's arguments are: the operands that the assembler wrote into the file's note, `-4@%eax 8@16(%rsp)`.

use crate::builtins::registers::register_value;
use crate::diagnostic::Diagnostic;
use crate::hir::{self, ExprKind};
use crate::kernel::UsdtLocation;
use crate::sema::{CallSite, Typer, build};
use crate::syntax::ast::BinaryOp;
use crate::types::{AddressSpace, Type};

/// One argument of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Bytes.
    size: u32,
    signed: bool,
    /// The error is a sentence that says why it cannot be read.
    place: Result<Place, String>,
}

/// Where the value is. Registers have the names of `reg()`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Constant(i64),
    /// The address so far from the probe's own.
    Near(i64),
    /// From this bit of a register.
    Register(&'static str, u32),
    /// The sum of what is given, an address of the traced process.
    Memory {
        base: Option<&'static str>,
        index: Option<(&'static str, u64)>,
        displacement: i64,
    },
}

/// Parts of the general registers: the name for 64 bits, for 32, for 16, for the low byte; and `reg()`'s name.
const GENERAL: [(&str, &str, &str, &str, &str); 16] = [
    ("rax", "eax", "ax", "al", "ax"),
    ("rbx", "ebx", "bx", "bl", "bx"),
    ("rcx", "ecx", "cx", "cl", "cx"),
    ("rdx", "edx", "dx", "dl", "dx"),
    ("rsi", "esi", "si", "sil", "si"),
    ("rdi", "edi", "di", "dil", "di"),
    ("rbp", "ebp", "bp", "bpl", "bp"),
    ("rsp", "esp", "sp", "spl", "sp"),
    ("r8", "r8d", "r8w", "r8b", "r8"),
    ("r9", "r9d", "r9w", "r9b", "r9"),
    ("r10", "r10d", "r10w", "r10b", "r10"),
    ("r11", "r11d", "r11w", "r11b", "r11"),
    ("r12", "r12d", "r12w", "r12b", "r12"),
    ("r13", "r13d", "r13w", "r13b", "r13"),
    ("r14", "r14d", "r14w", "r14b", "r14"),
    ("r15", "r15d", "r15w", "r15b", "r15"),
];
/// The second bytes of registers.
const HIGH: [(&str, &str); 4] = [("ah", "ax"), ("bh", "bx"), ("ch", "cx"), ("dh", "dx")];

/// The arguments of a location; `symbol` knows the addresses of the file's variables.
pub fn parse(location: &UsdtLocation, symbol: &dyn Fn(&str) -> Option<u64>) -> Vec<Argument> {
    location.arguments.split_ascii_whitespace().map(|text| argument(text, location.address, symbol)).collect()
}

fn argument(text: &str, address: u64, symbol: &dyn Fn(&str) -> Option<u64>) -> Argument {
    let (size, operand) = text.split_once('@').unwrap_or(("8", text));
    let signed = size.starts_with('-');
    let size = size.trim_start_matches('-');
    if size.ends_with('f') {
        return Argument { size: 8, signed: false, place: Err("it is a floating-point number".to_owned()) };
    }
    match size.parse() {
        Ok(size @ (1 | 2 | 4 | 8)) => Argument { size, signed, place: place(operand, address, symbol) },
        _ => Argument { size: 8, signed, place: Err(format!("its description is not understood: '{text}'")) },
    }
}

fn place(operand: &str, address: u64, symbol: &dyn Fn(&str) -> Option<u64>) -> Result<Place, String> {
    let strange = || format!("its description is not understood: '{operand}'");
    if let Some(constant) = operand.strip_prefix('$') {
        let (number, named) = sum(constant, symbol)?;
        // The address of a variable moves with the file it is in, as the probe does.
        return Ok(match named {
            true => Place::Near(number.wrapping_sub(address as i64)),
            false => Place::Constant(number),
        });
    }
    if let Some(name) = operand.strip_prefix('%') {
        let (register, shift) = register(name)?;
        return Ok(Place::Register(register, shift));
    }
    let (displacement, registers) = match operand.split_once('(') {
        Some((displacement, rest)) => (displacement, Some(rest.strip_suffix(')').ok_or_else(strange)?)),
        None => (operand, None),
    };
    if displacement.contains([':', '%']) {
        return Err(format!("it is relative to a segment: '{operand}'"));
    }
    let (displacement, named) = if displacement.is_empty() { (0, false) } else { sum(displacement, symbol)? };
    let mut parts = registers.unwrap_or_default().split(',').map(str::trim);
    let whole = |name: &str| {
        let name = name.strip_prefix('%').ok_or_else(strange)?;
        register(name).map(|(register, _)| register)
    };
    let base = parts.next().filter(|base| !base.is_empty());
    let index = parts.next().filter(|index| !index.is_empty());
    let scale = parts.next().map_or(Ok(1), str::parse).map_err(|_| strange())?;
    if parts.next().is_some() {
        return Err(strange());
    }
    if base == Some("%rip") || (named && base.is_none()) {
        // A variable: as far from the probe in memory as it is in the file.
        if !named || index.is_some() {
            return Err(strange());
        }
        let displacement = displacement.wrapping_sub(address as i64);
        return Ok(Place::Memory { base: Some("ip"), index: None, displacement });
    }
    if named {
        return Err(format!("it is in an array of a program that is not position-independent: '{operand}'"));
    }
    let base = base.map(whole).transpose()?;
    let index = index.map(whole).transpose()?.map(|register| (register, scale));
    Ok(Place::Memory { base, index, displacement })
}

fn register(name: &str) -> Result<(&'static str, u32), String> {
    if let Some((_, register)) = HIGH.iter().find(|(high, _)| *high == name) {
        return Ok((register, 8));
    }
    let found = GENERAL.iter().find(|it| [it.0, it.1, it.2, it.3].contains(&name));
    match found {
        Some((.., register)) => Ok((register, 0)),
        None if name == "rip" || name == "eip" => Ok(("ip", 0)),
        None => Err(format!("it is in the register {name}, which probes cannot read")),
    }
}

/// A sum of numbers and names of variables, `array+4`; whether there was a name.
fn sum(text: &str, symbol: &dyn Fn(&str) -> Option<u64>) -> Result<(i64, bool), String> {
    let (mut total, mut named) = (0_i64, false);
    let mut rest = text;
    while !rest.is_empty() {
        let negative = rest.starts_with('-');
        let term = rest.trim_start_matches(['-', '+']);
        let end = term.find(['-', '+']).unwrap_or(term.len());
        let (word, after) = term.split_at(end);
        let value = match number(word) {
            Some(value) => value,
            None => {
                named = true;
                symbol(word).ok_or_else(|| format!("it is in the variable '{word}', which the file does not name"))?
                    as i64
            }
        };
        total = if negative { total.wrapping_sub(value) } else { total.wrapping_add(value) };
        rest = after;
    }
    Ok((total, named))
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(|value| value as i64),
        None => text.parse().ok().or_else(|| text.parse::<u64>().ok().map(|value| value as i64)),
    }
}

/// `argN` of a location.
pub fn read(typer: &mut Typer<'_>, site: &CallSite<'_>, arguments: &[Argument], index: u32) -> Option<hir::Expr> {
    let span = site.span;
    let Some(argument) = arguments.get(index as usize) else {
        let message = match arguments.len() {
            0 => format!("arg{index} does not exist: this probe has no arguments"),
            1 => format!("arg{index} does not exist: this probe has one argument, arg0"),
            count => format!("arg{index} does not exist: arguments are arg0 to arg{}", count - 1),
        };
        return typer.error("argument-index", span, message);
    };
    let ty = Type::Int { bytes: argument.size as u8, signed: argument.signed };
    let value = match &argument.place {
        Ok(Place::Constant(value)) => build::constant(*value as u64, Type::UINT64, span),
        Ok(Place::Near(distance)) => {
            let distance = build::constant(*distance as u64, Type::UINT64, span);
            build::binary(BinaryOp::Add, register_value(site, "ip")?, distance, Type::UINT64, span)
        }
        Ok(Place::Register(name, shift)) => {
            let value = register_value(site, name)?;
            match shift {
                0 => value,
                bits => {
                    let bits = build::constant(u64::from(*bits), Type::UINT64, span);
                    build::binary(BinaryOp::Shr, value, bits, Type::UINT64, span)
                }
            }
        }
        Ok(Place::Memory { base, index, displacement }) => {
            let mut address = build::constant(*displacement as u64, Type::UINT64, span);
            let sum = |left, right| build::binary(BinaryOp::Add, left, right, Type::UINT64, span);
            if let Some(base) = base {
                address = sum(register_value(site, base)?, address);
            }
            if let Some((index, scale)) = index {
                let scale = build::constant(*scale, Type::UINT64, span);
                let scaled = build::binary(BinaryOp::Mul, register_value(site, index)?, scale, Type::UINT64, span);
                address = sum(address, scaled);
            }
            let pointer = build::cast(address, Type::pointer(ty.clone(), AddressSpace::User));
            let kind = ExprKind::Load { pointer: Box::new(pointer), offset: 0, bits: None };
            let value = hir::Expr { kind, ty, span };
            return Some(build::cast(value, Type::UINT64));
        }
        Err(reason) => {
            let message = format!("arg{index} of this probe cannot be read: {reason}");
            return typer.fail(Diagnostic::error("unreadable-argument", span, message));
        }
    };
    // Only so many bits belong to the argument; its sign extends.
    Some(build::cast(build::cast(value, ty), Type::UINT64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<Argument> {
        let location = UsdtLocation { arguments: text.to_owned(), address: 0x1000, ..UsdtLocation::default() };
        parse(&location, &|name| (name == "counter").then_some(0x4010))
    }

    fn one(text: &str) -> (u32, bool, Result<Place, String>) {
        let argument = parsed(text).remove(0);
        (argument.size, argument.signed, argument.place)
    }

    #[test]
    fn operands_of_every_form_are_understood() {
        let memory = |base, index, displacement| Ok(Place::Memory { base, index, displacement });
        assert_eq!(one("-4@$-7"), (4, true, Ok(Place::Constant(-7))));
        assert_eq!(one("8@$0xff"), (8, false, Ok(Place::Constant(255))));
        assert_eq!(one("-4@%eax"), (4, true, Ok(Place::Register("ax", 0))));
        assert_eq!(one("1@%ah"), (1, false, Ok(Place::Register("ax", 8))));
        assert_eq!(one("%r10"), (8, false, Ok(Place::Register("r10", 0))));
        assert_eq!(one("-4@-20(%rbp)"), (4, true, memory(Some("bp"), None, -20)));
        assert_eq!(one("8@(%rax,%rdx,8)").2, memory(Some("ax"), Some(("dx", 8)), 0));
        assert_eq!(one("8@16(,%rdx,4)").2, memory(None, Some(("dx", 4)), 16));
        assert_eq!(one("2@counter(%rip)").2, memory(Some("ip"), None, 0x3010));
        assert_eq!(one("2@counter+4(%rip)").2, memory(Some("ip"), None, 0x3014));
        assert_eq!(one("2@-4+counter(%rip)").2, memory(Some("ip"), None, 0x300c));
        assert_eq!(one("8@$counter").2, Ok(Place::Near(0x3010)));
        assert_eq!(parsed("-4@%edi 8@%rsi").len(), 2);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let reason = |text| one(text).2.unwrap_err();
        assert!(reason("8f@%xmm0").contains("floating-point"));
        assert!(reason("8@%xmm0").contains("register xmm0"));
        assert!(reason("8@%fs:16").contains("not understood") || reason("8@%fs:16").contains("register"));
        assert!(reason("4@missing(%rip)").contains("variable 'missing'"));
        assert!(reason("3@%eax").contains("not understood"));
        assert!(reason("4@8(%rax").contains("not understood"));
        assert!(reason("4@8(%rip)").contains("not understood"));
    }
}
