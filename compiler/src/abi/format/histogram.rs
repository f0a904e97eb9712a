//! Histograms as rows of bars, and the bounds of their buckets.

use std::ops::RangeInclusive;

use super::super::value::Histogram;
use super::text::TextWriter;
use crate::aggregations::{hist, lhist};
use crate::types::Aggregate;

/// Columns of the longest bar.
const BAR_WIDTH: u64 = 52;

impl TextWriter<'_> {
    /// A row for each bucket from the first to the last that is not empty. Counts are divided by `div`, bars are not.
    pub(super) fn histogram(&mut self, histogram: &Histogram, div: u64) {
        let most = histogram.buckets.iter().copied().max().unwrap_or(0);
        for index in used_buckets(histogram) {
            let count = histogram.buckets[index];
            let bar = (u128::from(count) * u128::from(BAR_WIDTH) / u128::from(most.max(1))) as usize;
            let bar = "@".repeat(bar);
            self.push(&format!("{:<16}{:>8} |{bar:<52}|\n", label(&histogram.shape, index), count / div.max(1)));
        }
    }
}

/// The indices from the first bucket with a count to the last; empty for a histogram without counts.
pub fn used_buckets(histogram: &Histogram) -> std::ops::Range<usize> {
    let is_used = |count: &u64| *count != 0;
    match (histogram.buckets.iter().position(is_used), histogram.buckets.iter().rposition(is_used)) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}

/// The samples of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounds {
    /// All below this number.
    Below(u64),
    Within(RangeInclusive<u64>),
    /// This number and all above.
    From(u64),
}

/// What a bucket of a histogram counts.
pub fn bounds(shape: &Aggregate, index: usize) -> Bounds {
    match shape {
        Aggregate::LinearHist { min, max, step } => {
            let low = min.saturating_add((index as u64).saturating_sub(1).saturating_mul(*step));
            match index {
                0 => Bounds::Below(*min),
                _ if index + 1 >= lhist::bucket_count(*min, *max, *step) => Bounds::From(low),
                _ => Bounds::Within(low..=low.saturating_add(step.saturating_sub(1))),
            }
        }
        Aggregate::Hist { bits } => match hist::bucket_bounds(index, *bits) {
            Some((low, high)) => Bounds::Within(low..=high),
            None => Bounds::Below(0),
        },
        _ => Bounds::From(0),
    }
}

/// The label of a bucket: `[4, 8)`, `[1K, 2K)`, `[0]`, `(..., 0)`, `[50, ...)`.
pub fn label(shape: &Aggregate, index: usize) -> String {
    match (shape, bounds(shape, index)) {
        (Aggregate::LinearHist { step, .. }, bounds) => match bounds {
            Bounds::Below(end) => format!("(..., {})", scaled(end, *step)),
            Bounds::From(start) => format!("[{}, ...)", scaled(start, *step)),
            Bounds::Within(_) if *step == 1 => format!("[{}]", linear_start(shape, index)),
            Bounds::Within(_) => {
                let (start, end) = (linear_start(shape, index), linear_start(shape, index + 1));
                format!("[{}, {})", scaled(start, *step), scaled(end, *step))
            }
        },
        (_, Bounds::Below(end)) => format!("(..., {end})"),
        (_, Bounds::From(start)) => format!("[{start}, ...)"),
        (_, Bounds::Within(range)) if range.start() == range.end() => format!("[{}]", range.start()),
        (Aggregate::Hist { bits }, Bounds::Within(_)) => {
            format!("[{}, {})", power_label(index - 1, *bits), power_label(index, *bits))
        }
        (_, Bounds::Within(range)) => format!("[{}, {}]", range.start(), range.end()),
    }
}

fn linear_start(shape: &Aggregate, index: usize) -> u64 {
    match shape {
        Aggregate::LinearHist { min, step, .. } => {
            min.saturating_add((index as u64).saturating_sub(1).saturating_mul(*step))
        }
        _ => 0,
    }
}

/// A bound of a linear histogram, in K or M where the steps are whole multiples of 1024.
fn scaled(number: u64, step: u64) -> String {
    const KILO: u64 = 1 << 10;
    const MEGA: u64 = 1 << 20;
    match number {
        _ if step == 0 || !step.is_multiple_of(KILO) => number.to_string(),
        0 => "0".to_owned(),
        _ if number.is_multiple_of(MEGA) => format!("{}M", number / MEGA),
        _ if number.is_multiple_of(KILO) => format!("{}K", number / KILO),
        _ => number.to_string(),
    }
}

/// The lower bound of a bucket (counted without the one for negative samples): base * 2^power, where each whole 2^10 of
/// the power becomes a suffix. So with no bits 1024 is `1K`, with two bits it is `1024` and 4096 is `4K`.
fn power_label(position: usize, bits: u8) -> String {
    const SUFFIXES: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];
    let bits = u32::from(bits.min(hist::MAX_BITS));
    if position < 1 << bits {
        return position.to_string();
    }
    let power = (position >> bits) - 1;
    let base = (1_u64 << bits) + (position as u64 & ((1 << bits) - 1));
    format!("{}{}", base << (power % 10), SUFFIXES.get(power / 10).copied().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_counts_the_power_and_not_the_number() {
        let label_of = |sample, bits| label(&Aggregate::Hist { bits }, hist::bucket_index(sample, bits));
        assert_eq!(label_of(1000, 0), "[512, 1K)");
        assert_eq!(label_of(1024, 0), "[1K, 2K)");
        assert_eq!(label_of(3 << 30, 0), "[2G, 4G)");
        assert_eq!(label_of(1024, 2), "[1024, 1280)");
        assert_eq!(label_of(4096, 2), "[4K, 5K)");
        assert_eq!(label_of(4095, 2), "[3584, 4K)");
        assert_eq!(label_of(7, 2), "[7]");
        assert_eq!(label_of(-9, 3), "(..., 0)");
        assert_eq!(label_of(i64::MAX, 0), "[4E, 8E)");
    }

    #[test]
    fn linear_labels_scale_with_steps_of_whole_kilobytes() {
        let shape = Aggregate::LinearHist { min: 0, max: 2 << 20, step: 512 << 10 };
        let labels: Vec<String> = (0..6).map(|index| label(&shape, index)).collect();
        assert_eq!(labels, ["(..., 0)", "[0, 512K)", "[512K, 1M)", "[1M, 1536K)", "[1536K, 2M)", "[2M, ...)"]);
        let shape = Aggregate::LinearHist { min: 6, max: 8, step: 1 };
        assert_eq!((label(&shape, 1), label(&shape, 3)), ("[6]".to_owned(), "[8, ...)".to_owned()));
    }

    #[test]
    fn the_labels_of_neighbours_meet() {
        for bits in 0..=hist::MAX_BITS {
            let shape = Aggregate::Hist { bits };
            for index in (2 << bits) + 2..hist::bucket_count(bits) {
                let (left, right) = (label(&shape, index - 1), label(&shape, index));
                let end = left.trim_end_matches(')').split(", ").nth(1).expect("an end").to_owned();
                assert!(right.starts_with(&format!("[{end}, ")), "{left} {right}");
            }
        }
    }
}
