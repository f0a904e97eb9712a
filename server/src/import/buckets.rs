//! Histograms by the labels of their buckets.

use std::collections::HashMap;

use tracedeck_compiler::abi::format::histogram::label;
use tracedeck_compiler::abi::value::Histogram;
use tracedeck_compiler::aggregations::{hist, lhist};
use tracedeck_compiler::types::Aggregate;

/// The most bits that `hist` takes.
const MAX_BITS: u8 = 5;

/// A row of a histogram: `[4, 8)                20 |@@@@    |`.
pub fn row(line: &str) -> Option<(&str, u64)> {
    let (head, _) = line.split_once('|')?;
    let head = head.trim_end();
    let (label, count) = head.rsplit_once(' ')?;
    let label = label.trim_end();
    (label.starts_with(['[', '(']) && label.ends_with([']', ')'])).then_some(())?;
    Some((label, count.parse().ok()?))
}

/// The histogram that has buckets with these labels; None when none has.
pub fn histogram(rows: &[(String, u64)]) -> Option<Histogram> {
    let logarithmic = (0..=MAX_BITS).map(|bits| (Aggregate::Hist { bits }, hist::bucket_count(bits)));
    let shapes = logarithmic.chain(linear(rows));
    shapes.into_iter().find_map(|(shape, count)| {
        let places: HashMap<String, usize> = (0..count).map(|index| (label(&shape, index), index)).collect();
        let mut buckets = vec![0; count];
        for (label, count) in rows {
            buckets[*places.get(label)?] = *count;
        }
        Some(Histogram { shape, buckets })
    })
}

/// What a linear histogram must be like to have these buckets.
fn linear(rows: &[(String, u64)]) -> Option<(Aggregate, usize)> {
    let bounds: Vec<(Option<u64>, Option<u64>)> = rows.iter().map(|(label, _)| bounds(label)).collect::<Option<_>>()?;
    let step = bounds.iter().find_map(|bounds| match bounds {
        (Some(low), Some(high)) if high > low => Some(high - low),
        _ => None,
    });
    let step = step.unwrap_or(1);
    let min = bounds.iter().filter_map(|(low, high)| low.or(*high)).min()?;
    // The lowest bucket that is shown need not be the first there is: what lies below stays empty.
    let max = bounds.iter().filter_map(|(low, high)| match (low, high) {
        (Some(low), None) => Some(*low),
        (_, high) => *high,
    });
    let max = max.max()?;
    let count = lhist::bucket_count(min, max, step);
    Some((Aggregate::LinearHist { min, max, step }, count))
}

fn bounds(label: &str) -> Option<(Option<u64>, Option<u64>)> {
    let inner = label.strip_prefix(['[', '('])?.strip_suffix([')', ']'])?;
    match inner.split_once(", ") {
        Some(("...", high)) => Some((None, Some(number(high)?))),
        Some((low, "...")) => Some((Some(number(low)?), None)),
        Some((low, high)) => Some((Some(number(low)?), Some(number(high)?))),
        None => {
            let only = number(inner)?;
            Some((Some(only), Some(only + 1)))
        }
    }
}

fn number(text: &str) -> Option<u64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
