//! The content of a map for the page: the largest entries, with names for numbers.

use tracedeck_compiler::abi::format::Names as _;
use tracedeck_compiler::abi::format::histogram::{Bounds, bounds, label, used_buckets};
use tracedeck_compiler::abi::format::text::TextWriter;
use tracedeck_compiler::abi::order;
use tracedeck_compiler::abi::value::{self, Histogram, Number, Series, Unresolved, Value};
use tracedeck_compiler::types::{Aggregate, StackSpace, Type};

use super::line_text;
use crate::flame;
use crate::http::protocol::{Bucket, Frame, FrameKind, KeyPart, MapEntry, MapKind, MapValue, MapView, Num, Point};
use crate::session::event::RunShape;
use crate::session::hub::picture::{MapState, holds_stack};
use crate::session::names::Names;

/// The most entries that are sent of one map.
const MAX_ENTRIES: usize = 500;
/// The same where keys hold stacks.
const MAX_STACK_ENTRIES: usize = 100;

/// A map as the page shows it. None for a map that the script's description does not name.
pub fn view(shape: Option<&RunShape>, state: &MapState, names: &Names) -> Option<MapView> {
    let map = shape?.maps.get(state.id.index())?;
    let kind = kind_of(&map.value);
    let entries = &state.snapshot.entries;
    let has_stack = map.key.as_ref().is_some_and(holds_stack) || holds_stack(&map.value);

    let mut order: Vec<usize> = (0..entries.len()).collect();
    match kind {
        // The snapshot is in the order of output, which is by key where values have no size.
        MapKind::Text | MapKind::Series => {}
        MapKind::Number | MapKind::Stats | MapKind::Histogram => {
            order.sort_by_key(|index| std::cmp::Reverse(order::magnitude(&entries[*index].1)));
        }
    }
    order.truncate(if has_stack { MAX_STACK_ENTRIES } else { MAX_ENTRIES });

    let key_types = match &map.key {
        Some(Type::Tuple(parts)) => parts.to_vec(),
        Some(key) => vec![key.clone()],
        None => Vec::new(),
    };
    Some(MapView {
        id: state.id.0,
        name: map.name.clone(),
        version: state.version,
        kind,
        scalar: map.key.is_none(),
        key_parts: key_types.iter().map(ToString::to_string).collect(),
        has_stack,
        total_entries: entries.len() as u64 + state.snapshot.omitted,
        omitted: (entries.len() - order.len()) as u64 + state.snapshot.omitted,
        sum: sum(&map.value, entries.iter().map(|(_, value)| value)),
        entries: order.iter().map(|index| entry(&map.value, &entries[*index], names)).collect(),
    })
}

fn kind_of(value: &Type) -> MapKind {
    match value {
        Type::Aggregate(aggregate) => match aggregate {
            Aggregate::Count
            | Aggregate::Sum { .. }
            | Aggregate::Min { .. }
            | Aggregate::Max { .. }
            | Aggregate::Avg { .. } => MapKind::Number,
            Aggregate::Stats { .. } => MapKind::Stats,
            Aggregate::Hist { .. } | Aggregate::LinearHist { .. } => MapKind::Histogram,
            Aggregate::TimeSeries { .. } => MapKind::Series,
        },
        Type::Int { .. } => MapKind::Number,
        _ => MapKind::Text,
    }
}

/// The sum of all values, where they are parts of a whole.
fn sum<'v>(ty: &Type, values: impl Iterator<Item = &'v Value>) -> Option<Num> {
    match ty {
        Type::Aggregate(Aggregate::Count | Aggregate::Sum { .. }) => Some(Num(values.map(order::magnitude).sum())),
        _ => None,
    }
}

fn entry(ty: &Type, (key, value): &(Option<Value>, Value), names: &Names) -> MapEntry {
    let key = match key {
        Some(Value::Tuple(parts)) => parts.iter().map(|part| key_part(part, names)).collect(),
        Some(key) => vec![key_part(key, names)],
        None => Vec::new(),
    };
    MapEntry { key, value: map_value(ty, value, names) }
}

fn key_part(value: &Value, names: &Names) -> KeyPart {
    match value {
        Value::Number(number) => KeyPart::Number(Num::from(*number)),
        Value::Stack { id, .. } => KeyPart::Stack(frames(*id, names)),
        value => KeyPart::Text(text(value, names)),
    }
}

fn map_value(ty: &Type, value: &Value, names: &Names) -> MapValue {
    match (ty, value) {
        (Type::Aggregate(Aggregate::Avg { .. }), Value::Stats(stats)) => {
            MapValue::Number { v: Num::from(stats.average()) }
        }
        (_, Value::Stats(stats)) => MapValue::Stats {
            count: Num::from(stats.count),
            average: Num::from(stats.average()),
            total: Num::from(stats.total),
        },
        (_, Value::Number(number)) => MapValue::Number { v: Num::from(*number) },
        (_, Value::Histogram(histogram)) => MapValue::Histogram { buckets: buckets(histogram) },
        (_, Value::Series(series)) => {
            MapValue::Series { points: points(series, names), interval_ms: series.interval_ns / 1_000_000 }
        }
        (_, value) => MapValue::Text { v: text(value, names) },
    }
}

/// One line.
pub fn text(value: &Value, names: &Names) -> String {
    let mut writer = TextWriter::new(names);
    writer.value(value);
    line_text(&writer.finish())
}

/// The buckets from the first that holds something to the last.
pub fn buckets(histogram: &Histogram) -> Vec<Bucket> {
    let shape = &histogram.shape;
    used_buckets(histogram)
        .map(|index| {
            let (low, high) = match bounds(shape, index) {
                Bounds::Below(end) => (None, Some(Num::from(end))),
                Bounds::From(start) => (Some(Num::from(start)), None),
                Bounds::Within(range) => (Some(Num::from(*range.start())), Some(Num(i128::from(*range.end()) + 1))),
            };
            Bucket { label: label(shape, index), low, high, count: Num::from(histogram.buckets[index]) }
        })
        .collect()
}

fn points(series: &Series, names: &Names) -> Vec<Point> {
    let at = |epoch: u64| {
        let tai_ns = epoch.saturating_mul(series.interval_ns);
        let (seconds, _) = names.tai_to_wall(tai_ns);
        super::iso_time(seconds * 1000 + (tai_ns % 1_000_000_000 / 1_000_000) as i64)
    };
    let point = |(epoch, value): &(u64, Number)| Point { at: at(*epoch), value: Num::from(*value) };
    series.points.iter().map(point).collect()
}

fn frames(id: u64, names: &Names) -> Vec<Frame> {
    let Some(stack) = names.stack(id) else {
        return match id {
            0 => Vec::new(),
            _ => vec![Frame { name: "[lost stack]".to_owned(), module: None, kind: FrameKind::Unresolved, why: None }],
        };
    };
    stack.frames.iter().map(|frame| self::frame(stack.space, frame)).collect()
}

fn frame(space: StackSpace, frame: &value::Frame) -> Frame {
    let is_generated = frame.reason == Some(Unresolved::JustInTime);
    let kind = match (frame.symbol.is_some(), frame.inlined, space) {
        (false, _, _) => FrameKind::Unresolved,
        (true, true, _) => FrameKind::Inlined,
        (true, false, StackSpace::Kernel) => FrameKind::Kernel,
        (true, false, StackSpace::User) if is_generated => FrameKind::Jit,
        (true, false, StackSpace::User) => FrameKind::User,
    };
    let name = frame.symbol.as_ref().map_or_else(|| format!("{:#x}", frame.address), |name| line_text(name.as_bytes()));
    let module = frame.module.as_ref().map(|module| line_text(module.as_bytes()));
    Frame { name, module, kind, why: flame::why(frame).map(str::to_owned) }
}
