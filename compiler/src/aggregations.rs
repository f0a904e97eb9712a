//! The aggregations: one record each, in a file for itself or for a tight family, and the table of all.
//!
//! Every CPU has a cell of its own, a fixed number of 64-bit words. Cells of one aggregation form a commutative monoid:
//! [`combine`](Aggregation::combine) is associative and commutative and the all-zero cell changes nothing. So per-CPU
//! cells, and later the cells of several hosts, merge in any order, and `zero(@m)` is a fill with zeros.

use crate::abi::value::Value;
use crate::codegen::Update;
use crate::types::Aggregate;

pub mod avg;
pub mod count;
pub mod hist;
pub mod lhist;
pub mod min_max;
pub mod stats;
pub mod sum;
pub mod tseries;

/// An aggregating function: `@m = count()`.
pub struct Aggregation {
    pub name: &'static str,
    /// How it is called, for help texts: `hist(value[, bits])`.
    pub signature: &'static str,
    /// What it is for, one or two sentences.
    pub doc: &'static str,
    /// A script that compiles; tests run it through the compiler.
    pub example: &'static str,
    /// Emits the instructions that add a sample to a cell.
    pub update: Update,
    /// Number of 64-bit words in one CPU's cell.
    pub words: fn(&Aggregate) -> usize,
    /// Adds the second cell to the first; both have `words` words.
    pub combine: fn(&Aggregate, &mut [u64], &[u64]),
    /// What a merged cell means; it has `words` words.
    pub value: fn(&Aggregate, &[u64]) -> Value,
}

/// Every aggregation, in the order of the documentation.
pub static ALL: &[&Aggregation] = &[
    &count::COUNT,
    &sum::SUM,
    &min_max::MIN,
    &min_max::MAX,
    &avg::AVG,
    &stats::STATS,
    &hist::HIST,
    &lhist::LHIST,
    &tseries::TSERIES,
];

/// The aggregation of that name.
pub fn find(name: &str) -> Option<&'static Aggregation> {
    ALL.iter().copied().find(|aggregation| aggregation.name == name)
}

/// The record of an aggregate type.
pub fn of(aggregate: &Aggregate) -> &'static Aggregation {
    match aggregate {
        Aggregate::Count => &count::COUNT,
        Aggregate::Sum { .. } => &sum::SUM,
        Aggregate::Min { .. } => &min_max::MIN,
        Aggregate::Max { .. } => &min_max::MAX,
        Aggregate::Avg { .. } => &avg::AVG,
        Aggregate::Stats { .. } => &stats::STATS,
        Aggregate::Hist { .. } => &hist::HIST,
        Aggregate::LinearHist { .. } => &lhist::LHIST,
        Aggregate::TimeSeries { .. } => &tseries::TSERIES,
    }
}

/// Bytes of one CPU's cell, a multiple of 8.
pub fn cell_size(aggregate: &Aggregate) -> usize {
    (of(aggregate).words)(aggregate) * 8
}

/// The cells of all CPUs as one. Words that a cell lacks count as 0, bytes it has too many are ignored.
pub fn merge_cells<'a>(aggregate: &Aggregate, cells: impl IntoIterator<Item = &'a [u8]>) -> Vec<u64> {
    let record = of(aggregate);
    let mut merged = vec![0; (record.words)(aggregate)];
    let mut words = vec![0; merged.len()];
    for cell in cells {
        words.fill(0);
        for (word, bytes) in words.iter_mut().zip(cell.as_chunks::<8>().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        (record.combine)(aggregate, &mut merged, &words);
    }
    merged
}

/// The value that the cells of all CPUs stand for; without cells, the aggregation's zero.
pub fn merge(aggregate: &Aggregate, cells: &[&[u8]]) -> Value {
    (of(aggregate).value)(aggregate, &merge_cells(aggregate, cells.iter().copied()))
}

/// Word by word addition, the combination of every aggregation that only counts.
fn add_words(_: &Aggregate, into: &mut [u64], cell: &[u64]) {
    for (total, word) in into.iter_mut().zip(cell) {
        *total = total.wrapping_add(*word);
    }
}

/// Whether the samples are signed.
fn is_signed(aggregate: &Aggregate) -> bool {
    match aggregate {
        Aggregate::Count | Aggregate::Hist { .. } | Aggregate::LinearHist { .. } => false,
        Aggregate::Sum { signed }
        | Aggregate::Min { signed }
        | Aggregate::Max { signed }
        | Aggregate::Avg { signed }
        | Aggregate::Stats { signed }
        | Aggregate::TimeSeries { signed, .. } => *signed,
    }
}

#[cfg(test)]
mod tests;
