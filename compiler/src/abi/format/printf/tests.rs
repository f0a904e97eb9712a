//! printf against the C library for what both know, and what only this language has.
#![allow(unsafe_code)]

use super::*;
use crate::abi::format::fixture::FixtureNames;
use crate::abi::value::Number;

const PLAIN: Spec = Spec {
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

fn one(spec: Spec, value: Value) -> String {
    let printed = printf(&Format { pieces: vec![Piece::Spec(spec)] }, &[value], &FixtureNames::default());
    String::from_utf8_lossy(&printed.text).into_owned()
}

fn int(value: i64) -> Value {
    Value::Number(Number::Signed(value))
}

fn string(bytes: &[u8]) -> Value {
    Value::String { bytes: bytes.to_vec(), truncated: false }
}

/// What the C library makes of a spec; `conversion` is its letter.
fn c_library(spec: &Spec, conversion: char, value: i64) -> String {
    let flag = |on, text| if on { text } else { "" };
    let mut format = format!(
        "%{}{}{}{}{}",
        flag(spec.left, "-"),
        flag(spec.plus, "+"),
        flag(spec.space, " "),
        flag(spec.alternate, "#"),
        flag(spec.zero, "0")
    );
    if let Some(width) = spec.width {
        format.push_str(&width.to_string());
    }
    if let Some(precision) = spec.precision {
        format.push_str(&format!(".{precision}"));
    }
    format.push_str(match spec.length {
        Length::Int => "",
        Length::Char => "hh",
        Length::Short => "h",
        Length::Long => "l",
    });
    format.push(conversion);
    let format = std::ffi::CString::new(format).expect("no NUL");
    let mut buffer = [0_u8; 128];
    // SAFETY: the buffer's size is passed; the format takes one integer of the size that its length modifier says.
    let length = unsafe {
        if spec.length == Length::Long {
            libc::snprintf(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr(), value)
        } else {
            libc::snprintf(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr(), value as i32)
        }
    };
    String::from_utf8_lossy(&buffer[..length as usize]).into_owned()
}

#[test]
fn integers_are_written_as_the_c_library_writes_them() {
    let conversions = [
        ('d', Conversion::Signed),
        ('u', Conversion::Unsigned),
        ('o', Conversion::Octal),
        ('x', Conversion::Hex),
        ('X', Conversion::HexUpper),
    ];
    let values = [0, 1, -1, 7, 255, -128, 65_536, i64::from(i32::MIN), i64::MAX, i64::MIN, 0x1_2345_6789];
    let mut compared = 0;
    for flags in 0..32_u32 {
        let [left, plus, space, alternate, zero] = [1, 2, 4, 8, 16].map(|bit| flags & bit != 0);
        for width in [None, Some(1), Some(9), Some(30)] {
            for precision in [None, Some(0), Some(3), Some(25)] {
                for length in [Length::Int, Length::Char, Length::Short, Length::Long] {
                    for (letter, conversion) in conversions {
                        let spec = Spec { left, plus, space, alternate, zero, width, precision, length, conversion };
                        for value in values {
                            let expected = c_library(&spec, letter, value);
                            assert_eq!(one(spec.clone(), int(value)), expected, "{spec:?} of {value}");
                            compared += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(compared, 32 * 4 * 4 * 4 * 5 * 11);
}

#[test]
fn without_a_modifier_integers_are_cut_to_32_bits() {
    assert_eq!(one(PLAIN, int(0x1_0000_0005)), "5");
    assert_eq!(one(Spec { length: Length::Long, ..PLAIN }, int(0x1_0000_0005)), "4294967301");
    assert_eq!(one(Spec { conversion: Conversion::Text, ..PLAIN }, int(0x1_0000_0005)), "4294967301");
}

#[test]
fn text_takes_a_width_and_is_cut_at_its_precision() {
    let text = |width, precision, left| Spec { width, precision, left, conversion: Conversion::Text, ..PLAIN };
    assert_eq!(one(text(Some(6), None, false), string(b"abc")), "   abc");
    assert_eq!(one(text(Some(6), None, true), string(b"abc")), "abc   ");
    assert_eq!(one(text(Some(4), Some(2), false), string(b"abc")), "  ab");
    assert_eq!(one(text(Some(7), None, true), Value::Tuple(vec![int(1), string(b"x")])), "(1, x) ");
    assert_eq!(one(text(Some(1), None, true), Value::Bool(true)), "true");
}

#[test]
fn a_cut_string_ends_with_the_trailer() {
    let value = Value::String { bytes: b"long".to_vec(), truncated: true };
    assert_eq!(one(Spec { conversion: Conversion::Text, ..PLAIN }, value), "long..");
}

#[test]
fn buffers_have_three_forms() {
    let form = |conversion| one(Spec { conversion, ..PLAIN }, Value::Buffer(b"a\n\xff \\".to_vec()));
    assert_eq!(form(Conversion::Buffer), r"a\x0a\xff \");
    assert_eq!(form(Conversion::BufferHex), r"\x61\x0a\xff\x20\x5c");
    assert_eq!(form(Conversion::BufferHexSpaced), "61 0a ff 20 5c");
}

#[test]
fn pointers_and_characters() {
    assert_eq!(
        one(Spec { conversion: Conversion::Pointer, ..PLAIN }, Value::Pointer(0xffff_0000_0000_0010)),
        "0xffff000000000010"
    );
    assert_eq!(one(Spec { conversion: Conversion::Pointer, width: Some(6), ..PLAIN }, int(31)), "  0x1f");
    assert_eq!(one(Spec { conversion: Conversion::Char, width: Some(3), ..PLAIN }, int(65)), "  A");
}

#[test]
fn what_cannot_be_formatted_says_why_in_its_place() {
    assert_eq!(one(PLAIN, string(b"abc")), "!{not a number}");
    let format =
        Format { pieces: vec![Piece::Literal(b"[".to_vec()), Piece::Spec(PLAIN), Piece::Literal(b"]".to_vec())] };
    assert_eq!(printf(&format, &[], &FixtureNames::default()).text, b"[!{missing argument}]");
}

#[test]
fn bytes_of_values_that_a_terminal_could_act_on_are_marked() {
    let text = Spec { conversion: Conversion::Text, width: Some(5), ..PLAIN };
    let pieces = vec![
        Piece::Literal(b"\x1b[1m".to_vec()),
        Piece::Spec(text.clone()),
        Piece::Spec(text.clone()),
        Piece::Literal(b"\n".to_vec()),
    ];
    let printed = printf(&Format { pieces }, &[string(b"a\nb"), string("wör".as_bytes())], &FixtureNames::default());
    assert_eq!(printed.text, "\x1b[1m  a\nb wör\n".as_bytes());
    assert_eq!(printed.foreign, [(6, 9)], "neither the script's own escape nor harmless UTF-8");
}

#[test]
fn a_precision_cuts_the_marked_range_too() {
    let spec = Spec { conversion: Conversion::Text, precision: Some(2), ..PLAIN };
    let printed =
        printf(&Format { pieces: vec![Piece::Spec(spec)] }, &[string(b"\x1b\x1b\x1b")], &FixtureNames::default());
    assert_eq!((printed.text.len(), printed.foreign), (2, vec![(0, 2)]));
}

#[test]
fn a_width_is_bounded() {
    let spec = Spec { width: Some(u32::MAX), zero: true, ..PLAIN };
    assert_eq!(one(spec, int(1)).len(), MAX_WIDTH);
}
