//! What a run lost, and the sentences that say so.

use std::collections::HashMap;

use tracedeck_compiler::manifest::{CounterCause, MapId};
use tracedeck_compiler::source::{SourceFile, Span};

use crate::session::event::RunShape;

/// Totals of every cause at every place.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    totals: HashMap<(CounterCause, At), u64>,
}

/// A place of the script. Two uses of a macro share the span, not the uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct At {
    pub span: Span,
    pub expanded_from: Vec<(Span, String)>,
}

/// What a new total means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increase {
    /// More than last time.
    pub by: u64,
    pub is_first: bool,
}

impl Losses {
    /// Takes in a total; None where it did not grow.
    pub fn increase(&mut self, cause: &CounterCause, at: &At, total: u64) -> Option<Increase> {
        let known = self.totals.entry((cause.clone(), at.clone())).or_insert(0);
        let by = total.checked_sub(*known).filter(|by| *by > 0)?;
        let is_first = *known == 0;
        *known = total;
        Some(Increase { by, is_first })
    }

    /// Lost events, all places together.
    pub fn lost_events(&self) -> u64 {
        self.totals.iter().filter(|((cause, _), _)| *cause == CounterCause::RingFull).map(|(_, total)| *total).sum()
    }

    /// One sentence for each cause that happened more than once, in the order of the script.
    pub fn totals(&self, source: &SourceFile) -> Vec<String> {
        let mut repeated: Vec<_> =
            self.totals.iter().filter(|((cause, _), total)| **total > 1 && *cause != CounterCause::RingFull).collect();
        repeated.sort_by_key(|((cause, at), _)| {
            let uses: Vec<_> = at.expanded_from.iter().rev().map(|(span, _)| (span.start, span.end)).collect();
            (at.span.start, at.span.end, format!("{cause:?}"), uses)
        });
        let mut sentences: Vec<String> = repeated
            .into_iter()
            .map(|((cause, place), total)| {
                // What tells the uses of a macro apart is where they stand.
                let start = place.expanded_from.last().map_or(place.span.start, |(span, _)| span.start);
                let at = source.position(start);
                format!("{}:{}:{}: {}: {total} times in all", source.name_at(start), at.line, at.column, short(cause))
            })
            .collect();
        let lost = self.lost_events();
        if lost > 0 {
            sentences.push(format!("Lost {lost} events in all"));
        }
        sentences
    }
}

/// What happened, in a few words.
fn short(cause: &CounterCause) -> &'static str {
    match cause {
        CounterCause::RingFull => "events lost",
        CounterCause::MapFull { .. } => "map full",
        CounterCause::StackFailed => "stack not captured",
        CounterCause::NotFollowed => "process not followed",
        CounterCause::DivisionByZero => "division by zero",
        CounterCause::LoopCut => "loop cut off",
        CounterCause::ArrayBounds => "array index out of bounds",
        CounterCause::MissingKey { .. } => "missing key",
        CounterCause::ReadFailed => "memory not readable",
        CounterCause::LookupFailed { .. } => "no such key",
    }
}

/// What happened and what to do about it.
pub fn sentence(cause: &CounterCause, shape: Option<&RunShape>) -> String {
    let name =
        |map: &MapId| shape.and_then(|shape| shape.maps.get(map.index())).map_or("the map", |map| map.name.as_str());
    match cause {
        CounterCause::RingFull => "Events were lost: the script makes output faster than it can be read".to_owned(),
        CounterCause::MapFull { map } => {
            let name = name(map);
            format!(
                "{name} is full and an update was lost. Raise max_map_keys or declare the map with a size: let {name} = hash(100000);"
            )
        }
        CounterCause::StackFailed => "A stack could not be captured".to_owned(),
        CounterCause::NotFollowed => "A process that was started could not be followed".to_owned(),
        CounterCause::DivisionByZero => "Division or modulo by 0 detected. The result is 1".to_owned(),
        CounterCause::LoopCut => "A while loop was cut off after 8388608 passes, the kernel's limit".to_owned(),
        CounterCause::ArrayBounds => "Array access out of bounds. The value is 0".to_owned(),
        CounterCause::MissingKey { map } => format!("{} has no such key, so nothing was deleted", name(map)),
        CounterCause::ReadFailed => "Memory could not be read. The value is 0".to_owned(),
        CounterCause::LookupFailed { map } => format!("{} has no such key. The value is 0", name(map)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_become_differences_and_the_first_is_known() {
        let mut losses = Losses::default();
        let span = At { span: Span::new(3, 5), expanded_from: Vec::new() };
        let mut next = |total| losses.increase(&CounterCause::RingFull, &span, total);
        assert_eq!(next(4), Some(Increase { by: 4, is_first: true }));
        assert_eq!(next(4), None);
        assert_eq!(next(9), Some(Increase { by: 5, is_first: false }));
        assert_eq!(losses.lost_events(), 9);
    }

    #[test]
    fn the_end_repeats_what_happened_more_than_once() {
        let mut losses = Losses::default();
        losses.increase(&CounterCause::DivisionByZero, &At { span: Span::new(8, 9), expanded_from: Vec::new() }, 3);
        losses.increase(&CounterCause::ArrayBounds, &At { span: Span::new(2, 3), expanded_from: Vec::new() }, 1);
        losses.increase(&CounterCause::RingFull, &At { span: Span::default(), expanded_from: Vec::new() }, 12);
        let file = SourceFile::new("stdin", "begin { 1 / $x }");
        assert_eq!(losses.totals(&file), ["stdin:1:9: division by zero: 3 times in all", "Lost 12 events in all"]);
    }
}
