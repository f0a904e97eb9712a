//! Maps as families of metrics.

use tracedeck_compiler::abi::format::histogram::{Bounds, bounds, used_buckets};
use tracedeck_compiler::abi::value::{Histogram, MapSnapshot, Number, Value};
use tracedeck_compiler::types::{Aggregate, Type};

use super::families::{Families, Family, Kind, Label};
use crate::http::view::maps::text;
use crate::session::event::MapShape;
use crate::session::hub::picture::holds_stack;
use crate::session::names::Names;

/// Whether a map becomes metrics. A stack is no label: each would be a series of its own.
pub fn has_metric(map: &MapShape) -> bool {
    let is_number = match &map.value {
        Type::Aggregate(aggregate) => !matches!(aggregate, Aggregate::TimeSeries { .. }),
        Type::Int { .. } => true,
        _ => false,
    };
    is_number && !map.key.as_ref().is_some_and(holds_stack)
}

pub fn add(families: &mut Families, run: &str, map: &MapShape, snapshot: &MapSnapshot, names: &Names) {
    if !has_metric(map) {
        return;
    }
    for (key, value) in &snapshot.entries {
        let mut labels = vec![("run".to_owned(), run.to_owned())];
        labels.extend(key_labels(key.as_ref(), names));
        entry(families, map, &labels, value);
    }
}

fn key_labels(key: Option<&Value>, names: &Names) -> Vec<Label> {
    match key {
        None => Vec::new(),
        Some(Value::Tuple(parts)) => {
            parts.iter().enumerate().map(|(index, part)| (format!("key{}", index + 1), text(part, names))).collect()
        }
        Some(key) => vec![("key".to_owned(), text(key, names))],
    }
}

fn entry(families: &mut Families, map: &MapShape, labels: &[Label], value: &Value) {
    // The end tells the kind, so that maps of one name in several runs never disagree about it.
    let mut one = |end: &str, kind: Kind, number: Number| {
        let name = name(&map.name, end);
        families.add(Family { name: &name, kind, help: &help(map) }, labels, number.wide());
    };
    let total = |number: Number| match number {
        Number::Unsigned(_) => ("sum", Kind::Counter),
        // May fall.
        Number::Signed(_) => ("net", Kind::Gauge),
    };
    match (&map.value, value) {
        (_, Value::Stats(stats)) => {
            one("samples", Kind::Counter, Number::Unsigned(stats.count));
            let (end, kind) = total(stats.total);
            one(end, kind, stats.total);
            one("avg", Kind::Gauge, stats.average());
        }
        (_, Value::Histogram(histogram)) => {
            let (buckets, total) = cumulative(histogram);
            let name = name(&map.name, "distribution");
            let family = Family { name: &name, kind: Kind::Histogram, help: &help(map) };
            families.add_histogram(family, labels, &buckets, total);
        }
        (Type::Aggregate(Aggregate::Count), Value::Number(number)) => one("samples", Kind::Counter, *number),
        (Type::Aggregate(Aggregate::Sum { .. }), Value::Number(number)) => {
            let (end, kind) = total(*number);
            one(end, kind, *number);
        }
        (Type::Aggregate(Aggregate::Min { .. }), Value::Number(number)) => one("min", Kind::Gauge, *number),
        (Type::Aggregate(Aggregate::Max { .. }), Value::Number(number)) => one("max", Kind::Gauge, *number),
        (_, Value::Number(number)) => one("value", Kind::Gauge, *number),
        _ => {}
    }
}

fn name(map: &str, end: &str) -> String {
    match map.trim_start_matches('@') {
        "" => format!("tracedeck_map_{end}"),
        name => format!("tracedeck_map_{name}_{end}"),
    }
}

/// Of the name alone: runs whose maps have one name share a family.
fn help(map: &MapShape) -> String {
    format!("Map {}", map.name)
}

/// Upper bounds with the samples up to them, from the bucket before the first that holds something, so that the first has
/// a lower end too; and all samples.
fn cumulative(histogram: &Histogram) -> (Vec<(i128, u64)>, u64) {
    let used = used_buckets(histogram);
    let mut total: u64 = 0;
    let mut buckets = Vec::new();
    for index in used.start.saturating_sub(1)..used.end {
        total = total.saturating_add(histogram.buckets[index]);
        match bounds(&histogram.shape, index) {
            // Samples are whole numbers.
            Bounds::Below(end) => buckets.push((i128::from(end) - 1, total)),
            Bounds::Within(range) => buckets.push((i128::from(*range.end()), total)),
            // Only `+Inf` holds these.
            Bounds::From(_) => {}
        }
    }
    (buckets, total)
}

#[cfg(test)]
mod tests {
    use tracedeck_compiler::abi::value::Stats;

    use super::*;

    fn exposed(aggregate: Aggregate, key: Option<Value>, value: Value) -> String {
        let map = MapShape { name: "@io".to_owned(), key: None, value: Type::Aggregate(aggregate) };
        let mut families = Families::default();
        let snapshot = MapSnapshot { entries: vec![(key, value)], omitted: 0 };
        add(&mut families, "r", &map, &snapshot, &Names::default());
        families.finish()
    }

    #[test]
    fn buckets_are_cumulative_and_end_with_infinity() {
        let shape = Aggregate::LinearHist { min: 10, max: 40, step: 10 };
        let histogram = Histogram { shape, buckets: vec![1, 0, 3, 0, 5] };
        assert_eq!(
            exposed(shape, None, Value::Histogram(histogram)),
            "# TYPE tracedeck_map_io_distribution histogram\n# HELP tracedeck_map_io_distribution Map @io\n\
             tracedeck_map_io_distribution_bucket{run=\"r\",le=\"9.0\"} 1\n\
             tracedeck_map_io_distribution_bucket{run=\"r\",le=\"19.0\"} 1\n\
             tracedeck_map_io_distribution_bucket{run=\"r\",le=\"29.0\"} 4\n\
             tracedeck_map_io_distribution_bucket{run=\"r\",le=\"39.0\"} 4\n\
             tracedeck_map_io_distribution_bucket{run=\"r\",le=\"+Inf\"} 9\n# EOF\n"
        );
    }

    #[test]
    fn stats_are_samples_total_and_average_by_the_parts_of_the_key() {
        let name = Value::String { bytes: b"a\"b".to_vec(), truncated: false };
        let key = Value::Tuple(vec![name, Value::Number(Number::Signed(-1))]);
        let stats = Stats { count: 4, total: Number::Signed(-8) };
        let text = exposed(Aggregate::Stats { signed: true }, Some(key), Value::Stats(stats));
        let labels = "{run=\"r\",key1=\"a\\\"b\",key2=\"-1\"}";
        for line in [
            format!("tracedeck_map_io_samples_total{labels} 4"),
            format!("tracedeck_map_io_net{labels} -8"),
            format!("tracedeck_map_io_avg{labels} -2"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn the_total_of_a_sum_counts_only_where_it_cannot_fall() {
        let text = exposed(Aggregate::Sum { signed: false }, None, Value::Number(Number::Unsigned(5)));
        assert!(text.contains("# TYPE tracedeck_map_io_sum counter\n") && text.contains("_sum_total{run=\"r\"} 5\n"));
        let text = exposed(Aggregate::Sum { signed: true }, None, Value::Number(Number::Signed(-5)));
        assert!(text.contains("# TYPE tracedeck_map_io_net gauge\n") && text.contains("_net{run=\"r\"} -5\n"));
    }
}
