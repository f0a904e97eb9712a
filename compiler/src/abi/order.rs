//! The order of a map's entries in output: ascending, so that the biggest stand last.
//!
//! Counts, sums, min, max and plain integers go by value, avg and stats by average, histograms by their total, series by
//! the bytes of their key, all others by key. Ties go by key.

use std::cmp::Ordering;

use super::value::{MapSnapshot, Value};
use crate::types::{Aggregate, Type};

/// A decoded entry beside the bytes of its key.
#[derive(Debug, Clone)]
pub struct Entry<'b> {
    pub raw_key: &'b [u8],
    pub key: Value,
    pub value: Value,
}

/// Sorts the entries of a map whose values have the type `ty`.
pub fn sort(ty: &Type, entries: &mut [Entry<'_>]) {
    match ty {
        Type::Aggregate(Aggregate::TimeSeries { .. }) => {
            entries.sort_unstable_by(|left, right| left.raw_key.cmp(right.raw_key));
        }
        _ => entries.sort_by(|left, right| {
            rank(ty, &left.value).cmp(&rank(ty, &right.value)).then_with(|| compare_keys(&left.key, &right.key))
        }),
    }
}

/// The number by which a value is ordered; the same for all values of maps that go by key.
fn rank(ty: &Type, value: &Value) -> i128 {
    match (ty, value) {
        (Type::Aggregate(_), value) => magnitude(value),
        (Type::Int { .. } | Type::Enum { .. }, Value::Number(_) | Value::Enum { .. }) => magnitude(value),
        _ => 0,
    }
}

/// What of a value makes it big: the number, the average, the total count of a histogram; 0 for other values.
pub fn magnitude(value: &Value) -> i128 {
    match value {
        Value::Number(number) => number.wide(),
        Value::Enum { value, .. } => i128::from(*value),
        Value::Stats(stats) => stats.average().wide(),
        Value::Histogram(histogram) => histogram.buckets.iter().map(|count| i128::from(*count)).sum(),
        _ => 0,
    }
}

/// Keys: integers as signed numbers, strings bytewise, tuples part by part, first by their integers and strings alone.
/// A total order: keys that differ are never equal.
pub fn compare_keys(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Tuple(left), Value::Tuple(right)) => {
            let plain = |value: &Value| matches!(value, Value::Number(_) | Value::String { .. });
            let plain_parts = left.iter().zip(right).filter(|(left, right)| plain(left) && plain(right));
            first_difference(plain_parts)
                .then_with(|| first_difference(left.iter().zip(right)))
                .then_with(|| left.len().cmp(&right.len()))
        }
        (Value::Array(left), Value::Array(right)) => {
            first_difference(left.iter().zip(right)).then_with(|| left.len().cmp(&right.len()))
        }
        (Value::Record(left), Value::Record(right)) => {
            first_difference(left.iter().zip(right).map(|(left, right)| (&left.1, &right.1)))
                .then_with(|| left.len().cmp(&right.len()))
        }
        _ => compare_leaves(left, right),
    }
}

/// Whether two keys stand for the same entry, in whichever lengths their strings were sent.
pub fn is_same_key(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String { bytes: left, .. }, Value::String { bytes: right, .. }) => left == right,
        (Value::Tuple(left), Value::Tuple(right)) | (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same_key(left, right))
        }
        (Value::Record(left), Value::Record(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same_key(&left.1, &right.1))
        }
        (Value::Number(left), Value::Number(right)) => left.wide() == right.wide(),
        _ => left == right,
    }
}

fn first_difference<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Ordering {
    pairs.map(|(left, right)| compare_keys(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn compare_leaves(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => (left.bits() as i64).cmp(&(right.bits() as i64)),
        (Value::String { bytes: left, truncated: left_cut }, Value::String { bytes: right, truncated: right_cut }) => {
            left.cmp(right).then(left_cut.cmp(right_cut))
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Enum { value: left, .. }, Value::Enum { value: right, .. }) => left.cmp(right),
        (Value::Pointer(left), Value::Pointer(right))
        | (Value::Username(left), Value::Username(right))
        | (Value::KernelSymbol(left), Value::KernelSymbol(right))
        | (Value::Stack { id: left, .. }, Value::Stack { id: right, .. }) => left.cmp(right),
        (Value::Buffer(left), Value::Buffer(right)) => left.cmp(right),
        (Value::Inet(left), Value::Inet(right)) => left.cmp(right),
        (Value::Mac(left), Value::Mac(right)) => left.cmp(right),
        (Value::Timestamp { boot_ns: left, .. }, Value::Timestamp { boot_ns: right, .. }) => left.cmp(right),
        (Value::CgroupPath { id: left, .. }, Value::CgroupPath { id: right, .. }) => left.cmp(right),
        (
            Value::UserSymbol { address: left, pid: left_pid, .. },
            Value::UserSymbol { address: right, pid: right_pid, .. },
        ) => (left, left_pid).cmp(&(right, right_pid)),
        _ => kind(left).cmp(&kind(right)),
    }
}

/// A number for each kind of value. Keys of one map have one type, but a key that could not be decoded is `None`.
fn kind(value: &Value) -> u8 {
    match value {
        Value::None => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::Pointer(_) => 3,
        Value::String { .. } => 4,
        Value::Enum { .. } => 5,
        Value::Buffer(_) => 6,
        Value::Tuple(_) => 7,
        Value::Record(_) => 8,
        Value::Array(_) => 9,
        Value::Inet(_) => 10,
        Value::Mac(_) => 11,
        Value::Username(_) => 12,
        Value::Timestamp { .. } => 13,
        Value::CgroupPath { .. } => 14,
        Value::KernelSymbol(_) => 15,
        Value::UserSymbol { .. } => 16,
        Value::Stack { .. } => 17,
        Value::Stats(_) => 18,
        Value::Histogram(_) => 19,
        Value::Series(_) => 20,
    }
}

/// The entries that `print(@m, top)` shows: the last `top`; all of them for 0 and for series.
pub fn top<'s>(snapshot: &'s MapSnapshot, ty: &Type, top: u64) -> &'s [(Option<Value>, Value)] {
    let entries = &snapshot.entries[..];
    if top == 0 || matches!(ty, Type::Aggregate(Aggregate::TimeSeries { .. })) {
        return entries;
    }
    &entries[entries.len().saturating_sub(usize::try_from(top).unwrap_or(usize::MAX))..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::value::{Number, Stats};

    fn sorted(ty: &Type, pairs: Vec<(Value, Value)>) -> Vec<Value> {
        let mut entries: Vec<Entry<'_>> =
            pairs.into_iter().map(|(key, value)| Entry { raw_key: &[], key, value }).collect();
        sort(ty, &mut entries);
        entries.into_iter().map(|entry| entry.key).collect()
    }

    fn int(value: i64) -> Value {
        Value::Number(Number::Signed(value))
    }

    fn string(text: &str) -> Value {
        Value::String { bytes: text.into(), truncated: false }
    }

    #[test]
    fn integers_go_by_value_and_ties_by_key() {
        let order = sorted(&Type::INT64, vec![(int(5), int(1)), (int(-2), int(1)), (int(9), int(-3))]);
        assert_eq!(order, [int(9), int(-2), int(5)]);
    }

    #[test]
    fn extremes_go_by_value_with_its_sign() {
        let ty = Type::Aggregate(Aggregate::Max { signed: true });
        assert_eq!(sorted(&ty, vec![(int(1), int(3)), (int(2), int(-7))]), [int(2), int(1)]);
        let ty = Type::Aggregate(Aggregate::Min { signed: false });
        let huge = Value::Number(Number::Unsigned(u64::MAX));
        assert_eq!(sorted(&ty, vec![(int(1), huge), (int(2), int(3))]), [int(2), int(1)]);
    }

    #[test]
    fn averages_go_by_average() {
        let value = |total, count| Value::Stats(Stats { count, total: Number::Unsigned(total) });
        let ty = Type::Aggregate(Aggregate::Avg { signed: false });
        assert_eq!(sorted(&ty, vec![(int(1), value(90, 3)), (int(2), value(50, 5))]), [int(2), int(1)]);
    }

    #[test]
    fn other_values_go_by_key_with_integers_as_signed_numbers() {
        let ty = Type::String { capacity: 8 };
        let unsigned = Value::Number(Number::Unsigned(u64::MAX));
        assert_eq!(sorted(&ty, vec![(int(3), string("a")), (unsigned.clone(), string("b"))]), [unsigned, int(3)]);
    }

    #[test]
    fn a_tuple_key_goes_by_its_integers_and_strings_first() {
        let key = |pointer, text| Value::Tuple(vec![Value::Pointer(pointer), string(text)]);
        let ty = Type::Bool;
        let keys = vec![(key(1, "b"), Value::Bool(true)), (key(2, "a"), Value::Bool(true))];
        assert_eq!(sorted(&ty, keys), [key(2, "a"), key(1, "b")]);
    }

    #[test]
    fn top_keeps_the_last_entries() {
        let entries = (1..=4).map(|n| (Some(int(n)), int(n))).collect();
        let snapshot = MapSnapshot { entries, omitted: 0 };
        assert_eq!(top(&snapshot, &Type::INT64, 2), [(Some(int(3)), int(3)), (Some(int(4)), int(4))]);
        assert_eq!(top(&snapshot, &Type::INT64, 0).len(), 4);
        assert_eq!(top(&snapshot, &Type::INT64, 99).len(), 4);
    }
}
