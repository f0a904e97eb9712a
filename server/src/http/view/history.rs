//! A run's totals over time, sampled from its recording.

use tracedeck_compiler::abi::value::{Histogram, Value};
use tracedeck_compiler::types::{Aggregate, Type};

use super::maps;
use crate::http::protocol::{HistogramHistory, HistogramPoint, History, HistoryPoint};
use crate::session::event::Stamped;
use crate::session::hub::picture::Picture;
use crate::session::replay::Replay;

/// The step of a short run. A recording has one state of a map in a second.
const FIRST_STEP_NS: u64 = 1_000_000_000;
/// With more points than that every second one goes, and the step doubles.
const MOST_POINTS: usize = 1200;

/// Lines of output and values that went into counts, histograms and statistics, so far.
pub fn events(picture: &Picture) -> u64 {
    let shapes = picture.shape.iter().flat_map(|shape| &shape.maps);
    let counted = shapes.zip(&picture.maps).filter_map(|(shape, map)| Some((shape, map.as_ref()?)));
    let counted = counted.flat_map(|(shape, map)| {
        let is_count = matches!(shape.value, Type::Aggregate(Aggregate::Count));
        map.snapshot.entries.iter().map(move |(_, value)| match value {
            Value::Number(number) if is_count => u64::try_from(number.wide()).unwrap_or(0),
            Value::Stats(stats) => stats.count,
            Value::Histogram(histogram) => {
                histogram.buckets.iter().fold(0_u64, |sum, count| sum.saturating_add(*count))
            }
            _ => 0,
        })
    });
    counted.fold(picture.log.total(), u64::saturating_add)
}

/// Samples a replay while it is played.
#[derive(Debug)]
pub struct Sampler {
    replay: Replay,
    history: History,
    step_ns: u64,
    next_ns: u64,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { replay: Replay::default(), history: History::default(), step_ns: FIRST_STEP_NS, next_ns: FIRST_STEP_NS }
    }
}

impl Sampler {
    /// Takes the next event of the recording.
    pub fn take(&mut self, stamped: &Stamped) {
        while stamped.at_ns >= self.next_ns {
            self.sample(self.next_ns / 1_000_000);
            self.next_ns += self.step_ns;
        }
        self.replay.take(stamped);
    }

    /// The history, with the state at the end as its last point.
    pub fn finish(mut self) -> History {
        let end_ms = self.replay.at_ns() / 1_000_000;
        if self.history.points.last().is_none_or(|last| last.at_ms < end_ms) {
            self.sample(end_ms);
        }
        self.history
    }

    fn sample(&mut self, at_ms: u64) {
        let history = &mut self.history;
        self.replay.hub().with_picture(|picture| {
            history.points.push(HistoryPoint { at_ms, events: events(picture), lost: picture.status.lost });
            let shapes = picture.shape.iter().flat_map(|shape| &shape.maps);
            for (shape, map) in shapes.zip(&picture.maps) {
                let Some(total) = map.as_ref().and_then(|map| sum(&map.snapshot.entries)) else { continue };
                let point = HistogramPoint { at_ms, buckets: maps::buckets(&total) };
                match history.histograms.iter_mut().find(|known| known.map == shape.name) {
                    Some(known) => known.points.push(point),
                    None => {
                        history.histograms.push(HistogramHistory { map: shape.name.clone(), points: vec![point] });
                    }
                }
            }
        });
        if history.points.len() > MOST_POINTS {
            thin(&mut history.points);
            history.histograms.iter_mut().for_each(|map| thin(&mut map.points));
            self.step_ns *= 2;
        }
    }
}

/// Keeps every second point, the newest among them.
fn thin<T>(points: &mut Vec<T>) {
    let mut left = points.len();
    points.retain(|_| {
        left -= 1;
        left.is_multiple_of(2)
    });
}

/// All histograms of a map as one; None for a map of something else.
fn sum(entries: &[(Option<Value>, Value)]) -> Option<Histogram> {
    let mut histograms = entries.iter().filter_map(|(_, value)| match value {
        Value::Histogram(histogram) => Some(histogram),
        _ => None,
    });
    let mut total = histograms.next()?.clone();
    for histogram in histograms {
        total.buckets.resize(total.buckets.len().max(histogram.buckets.len()), 0);
        for (sum, count) in total.buckets.iter_mut().zip(&histogram.buckets) {
            *sum = sum.saturating_add(*count);
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracedeck_compiler::manifest::{MapId, RunSettings};

    use super::*;
    use crate::session::event::{Event, MapShape, Output, RunShape};

    fn stamped(sequence: u64, at_ns: u64, event: Event) -> Stamped {
        Stamped { sequence, at_ns, event }
    }

    fn line(text: &str) -> Event {
        Event::Output(Output::Time(format!("{text}\n").into_bytes()))
    }

    #[test]
    fn totals_stand_at_the_seconds_and_the_last_point_is_the_end() {
        let mut sampler = Sampler::default();
        let shape = Arc::new(RunShape {
            probes: Vec::new(),
            maps: vec![MapShape { name: "@h".into(), key: None, value: Type::Aggregate(Aggregate::Hist { bits: 0 }) }],
            strings: Vec::new(),
            settings: RunSettings::default(),
        });
        sampler.take(&stamped(1, 0, Event::Compiled(shape)));
        sampler.take(&stamped(2, 500_000_000, line("a")));
        let mut buckets = vec![0; 65];
        (buckets[4], buckets[5]) = (3, 4);
        let histogram = Histogram { shape: Aggregate::Hist { bits: 0 }, buckets };
        let snapshot = tracedeck_compiler::abi::value::MapSnapshot {
            entries: vec![(None, Value::Histogram(histogram))],
            omitted: 0,
        };
        sampler.take(&stamped(3, 2_500_000_000, Event::Maps(vec![(MapId(0), snapshot)])));
        sampler.take(&stamped(4, 2_600_000_000, line("b")));
        let history = sampler.finish();
        let events: Vec<_> = history.points.iter().map(|point| (point.at_ms, point.events)).collect();
        assert_eq!(events, [(1000, 1), (2000, 1), (2600, 9)]);
        assert_eq!(history.histograms[0].points.len(), 1);
        assert_eq!(history.histograms[0].points[0].buckets.len(), 2);
    }

    #[test]
    fn a_long_run_has_fewer_points_further_apart() {
        let mut sampler = Sampler::default();
        for second in 0..5000 {
            sampler.take(&stamped(second + 1, second * 1_000_000_000, line("x")));
        }
        let points = sampler.finish().points;
        assert!(points.len() <= MOST_POINTS + 1, "{}", points.len());
        assert_eq!(points.last().map(|point| point.events), Some(5000));
        let apart: Vec<_> = points.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms).collect();
        assert!(apart[..apart.len() - 1].iter().all(|gap| *gap == apart[0]), "{apart:?}");
    }
}
