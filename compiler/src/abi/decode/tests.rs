//! Layouts read back, and any bytes at all.

use super::*;
use crate::manifest::{FieldLayout, Site, SiteKind};
use crate::source::Span;
use crate::types::{AddressSpace, Aggregate, RecordField, StackMode};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn ty(&mut self, depth: u32) -> Type {
        let kinds = if depth == 0 { 15 } else { 19 };
        match self.below(kinds) {
            0 => Type::Bool,
            1 => Type::Int { bytes: 1 << self.below(4), signed: self.below(2) == 0 },
            2 => Type::pointer(Type::Void, AddressSpace::Kernel),
            3 => Type::String { capacity: self.below(20) as u32 },
            4 => Type::Buffer { capacity: self.below(20) as u32 },
            5 => Type::Struct { name: "struct pair".into(), size: self.below(24) as u32 },
            6 => Type::Enum { name: "e".into(), bytes: 4, signed: true, symbols: [("ONE".to_owned(), 1)].into() },
            7 => Type::Inet,
            8 => Type::Mac,
            9 => Type::Username,
            10 => Type::Timestamp,
            11 => Type::CgroupPath,
            12 => Type::KernelSymbol,
            13 => Type::UserSymbol,
            14 => Type::Stack { space: StackSpace::User, mode: StackMode::Perf, limit: 5 },
            15 => Type::Tuple((0..self.below(4)).map(|_| self.ty(depth - 1)).collect()),
            16 => Type::Array { of: std::sync::Arc::new(self.ty(depth - 1)), len: self.below(4) as u32 },
            17 => Type::Record(
                (0..self.below(4)).map(|n| RecordField { name: format!("f{n}"), ty: self.ty(depth - 1) }).collect(),
            ),
            _ => Type::Void,
        }
    }
}

fn pair_layout() -> StructLayout {
    let field = |name: &str, ty, offset, bits| FieldLayout { name: name.to_owned(), ty, offset, bits };
    StructLayout {
        name: "struct pair".to_owned(),
        fields: vec![
            field("left", Type::INT32, 0, None),
            field("low", Type::UINT16, 4, Some((0, 3))),
            field("high", Type::INT16, 4, Some((3, 13))),
            // A struct cannot hold itself; a damaged manifest may say so.
            field("self", Type::Struct { name: "struct pair".into(), size: 8 }, 0, None),
        ],
    }
}

#[test]
fn random_bytes_of_random_types_never_panic() {
    let manifest = Manifest { structs: vec![pair_layout()], ..Manifest::default() };
    let decoder = Decoder::new(&manifest);
    let mut random = Random(3);
    for _ in 0..5000 {
        let ty = random.ty(2);
        let length = random.below(80) as usize;
        let value = decoder.value(&ty, &random.bytes(length));
        if length < ty.size() as usize {
            assert_eq!(value, Value::None, "{ty} from {length} bytes");
        }
    }
}

#[test]
fn random_records_never_panic() {
    let mut random = Random(4);
    for _ in 0..2000 {
        let mut fixed = 0;
        let arguments: Vec<Slot> = (0..random.below(5))
            .map(|_| {
                let ty = random.ty(1);
                let offset = random.below(40) as u32;
                fixed = fixed.max(offset);
                let in_tail = matches!(ty, Type::String { .. } | Type::Buffer { .. });
                Slot { ty, place: if in_tail { SlotPlace::Tail { offset } } else { SlotPlace::Fixed { offset } } }
            })
            .collect();
        let count = arguments.len();
        let kind = SiteKind::Join { separator: ",".to_owned(), arguments: arguments.clone() };
        let site = Site { kind, span: Span::default(), expanded_from: Vec::new(), fixed_size: fixed };
        let manifest = Manifest { sites: vec![site], ..Manifest::default() };
        let length = random.below(90) as usize;
        let mut bytes = random.bytes(length);
        if bytes.len() >= 4 {
            bytes[..4].copy_from_slice(&[random.below(4) as u8, 0, random.below(2) as u8, 0]);
        }
        let decoder = Decoder::new(&manifest);
        let _ = decoder.record(&bytes);
        assert_eq!(decoder.slots(&arguments, fixed, &bytes).len(), count);
    }
}

#[test]
fn integers_extend_by_their_sign() {
    let manifest = Manifest::default();
    let decoder = Decoder::new(&manifest);
    let bytes = [0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0];
    assert_eq!(decoder.value(&Type::INT8, &bytes), Value::Number(Number::Signed(-2)));
    assert_eq!(decoder.value(&Type::UINT16, &bytes), Value::Number(Number::Unsigned(0xfffe)));
    assert_eq!(decoder.value(&Type::INT32, &bytes), Value::Number(Number::Signed(-2)));
    assert_eq!(decoder.value(&Type::UINT64, &bytes), Value::Number(Number::Unsigned(0x1_ffff_fffe)));
}

#[test]
fn text_without_a_nul_was_cut() {
    let manifest = Manifest::default();
    let decoder = Decoder::new(&manifest);
    let string = |bytes: &[u8], truncated| Value::String { bytes: bytes.to_vec(), truncated };
    let ty = Type::String { capacity: 4 };
    assert_eq!(decoder.value(&ty, b"ab\0zrest"), string(b"ab", false));
    assert_eq!(decoder.value(&ty, b"abcdrest"), string(b"abcd", true));
}

#[test]
fn a_tuple_is_read_at_its_offsets() {
    let manifest = Manifest::default();
    let ty = Type::tuple([Type::UINT8, Type::UINT32, Type::Inet]);
    let mut bytes = vec![7, 0, 0, 0, 1, 2, 0, 0];
    bytes.extend([2, 0, 0, 0, 10, 1, 2, 3]);
    bytes.extend([0; 12]);
    assert_eq!(
        Decoder::new(&manifest).value(&ty, &bytes),
        Value::Tuple(vec![
            Value::Number(Number::Unsigned(7)),
            Value::Number(Number::Unsigned(0x201)),
            Value::Inet([10, 1, 2, 3].into()),
        ])
    );
}

#[test]
fn bit_fields_are_cut_out_of_their_unit() {
    let mut layout = pair_layout();
    layout.fields.pop();
    let manifest = Manifest { structs: vec![layout], ..Manifest::default() };
    let unit = ((-5_i16 as u16) << 3) | 6;
    let mut bytes = 9_i32.to_ne_bytes().to_vec();
    bytes.extend(unit.to_ne_bytes());
    let ty = Type::Struct { name: "struct pair".into(), size: 6 };
    assert_eq!(
        Decoder::new(&manifest).value(&ty, &bytes),
        Value::Record(vec![
            ("left".to_owned(), Value::Number(Number::Signed(9))),
            ("low".to_owned(), Value::Number(Number::Unsigned(6))),
            ("high".to_owned(), Value::Number(Number::Signed(-5))),
        ])
    );
}

#[test]
fn strings_in_the_tail_follow_each_other() {
    let string = |offset| Slot { ty: Type::String { capacity: 3 }, place: SlotPlace::Tail { offset } };
    let number = Slot { ty: Type::UINT64, place: SlotPlace::Fixed { offset: 8 } };
    let arguments = vec![string(0), number, string(4)];
    let kind = SiteKind::Join { separator: "+".to_owned(), arguments };
    let site = Site { kind, span: Span::default(), expanded_from: Vec::new(), fixed_size: 16 };
    let manifest = Manifest { sites: vec![site], ..Manifest::default() };
    let mut record = Header { kind: RecordKind::Site, site: 0, extra: 0 }.word().to_ne_bytes().to_vec();
    record.extend(2_u32.to_ne_bytes());
    record.extend(3_u32.to_ne_bytes());
    record.extend(5_u64.to_ne_bytes());
    record.extend(b"hixyz");
    let Ok(RawEvent::Call { call: Call::Join { text }, .. }) = Decoder::new(&manifest).record(&record) else {
        panic!("a join")
    };
    assert_eq!(text, b"hi++xyz\n");
    assert_eq!(
        Decoder::new(&manifest).record(&record[..20]),
        Err(DecodeError::TooShort { site: 0, needed: 16, got: 12 })
    );
}

#[test]
fn a_stack_has_as_many_frames_as_its_bytes_allow() {
    let mut record = Header { kind: RecordKind::Stack, site: 0, extra: 9 }.word().to_ne_bytes().to_vec();
    record.extend(77_u64.to_ne_bytes());
    record.extend(1234_u32.to_ne_bytes());
    record.extend(STACK_USER.to_ne_bytes());
    record.extend([0x1000_u64, 0x2000].iter().flat_map(|frame| frame.to_ne_bytes()));
    let manifest = Manifest::default();
    assert_eq!(
        Decoder::new(&manifest).record(&record),
        Ok(RawEvent::Stack(RawStack { id: 77, space: StackSpace::User, pid: 1234, frames: vec![0x1000, 0x2000] }))
    );
}

#[test]
fn a_scalar_map_is_empty_until_something_was_stored() {
    let scalar = |name: &str, storage, value| ScriptMap {
        name: name.to_owned(),
        storage,
        key: None,
        value,
        span: Span::default(),
    };
    let manifest = Manifest {
        maps: vec![
            scalar("@a", MapStorage::Global { offset: 32 }, Type::INT32),
            scalar("@c", MapStorage::PerCpuGlobal { offset: 8 }, Type::Aggregate(Aggregate::Count)),
        ],
        globals: GlobalsLayout { shared_size: 64, slot_size: 64, cpus: 2, has_own_pids: false },
        ..Manifest::default()
    };
    let decoder = Decoder::new(&manifest);
    let mut globals = vec![0; 192];
    assert_eq!(decoder.scalar_map(MapId(0), &globals), Some(MapSnapshot::default()));
    assert_eq!(decoder.scalar_map(MapId(1), &globals), Some(MapSnapshot::default()));
    globals[32] = 1;
    globals[40..44].copy_from_slice(&(-6_i32).to_ne_bytes());
    globals[64 + 8] = 4;
    globals[128 + 8] = 5;
    let entry = |number| Some(MapSnapshot { entries: vec![(None, Value::Number(number))], omitted: 0 });
    assert_eq!(decoder.scalar_map(MapId(0), &globals), entry(Number::Signed(-6)));
    assert_eq!(decoder.scalar_map(MapId(1), &globals), entry(Number::Unsigned(9)));
}
