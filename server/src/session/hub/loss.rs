//! What was lost in a run, by cause and place, in words.

use tracedeck_compiler::manifest::CounterCause;
use tracedeck_compiler::source::Span;

use crate::session::event::RunShape;

/// Total of one cause at one place of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Index in the order of first appearance.
    pub id: u32,
    pub cause: CounterCause,
    pub span: Span,
    /// The uses of macros that led there.
    pub expanded_from: Vec<(Span, String)>,
    pub total: u64,
    /// When it was last seen to grow.
    pub at_ns: u64,
}

impl Loss {
    /// A stable name of the cause.
    pub fn name(&self) -> &'static str {
        match self.cause {
            CounterCause::RingFull => "ring-full",
            CounterCause::MapFull { .. } => "map-full",
            CounterCause::StackFailed => "stack-failed",
            CounterCause::NotFollowed => "not-followed",
            CounterCause::DivisionByZero => "division-by-zero",
            CounterCause::LoopCut => "loop-cut",
            CounterCause::ArrayBounds => "array-bounds",
            CounterCause::MissingKey { .. } => "missing-key",
            CounterCause::ReadFailed => "read-failed",
            CounterCause::LookupFailed { .. } => "lookup-failed",
        }
    }

    /// Data is missing because of it. The other causes tell of the script: a division by zero, a key that was not there.
    pub fn is_loss(&self) -> bool {
        match self.cause {
            CounterCause::RingFull
            | CounterCause::MapFull { .. }
            | CounterCause::StackFailed
            | CounterCause::NotFollowed => true,
            CounterCause::DivisionByZero
            | CounterCause::LoopCut
            | CounterCause::ArrayBounds
            | CounterCause::MissingKey { .. }
            | CounterCause::ReadFailed
            | CounterCause::LookupFailed { .. } => false,
        }
    }

    /// A sentence without a full stop.
    pub fn sentence(&self, shape: Option<&RunShape>) -> String {
        let (n, s) = (self.total, if self.total == 1 { "" } else { "s" });
        let map = |id: &tracedeck_compiler::manifest::MapId| {
            shape.and_then(|shape| shape.maps.get(id.index())).map_or("a map", |map| map.name.as_str())
        };
        match &self.cause {
            CounterCause::RingFull => format!("{n} event{s} lost: the ring buffer was full"),
            CounterCause::MapFull { map: id } => format!("{n} update{s} lost: {} was full", map(id)),
            CounterCause::StackFailed => format!("{n} stack{s} could not be taken"),
            CounterCause::NotFollowed => format!("{n} process{} could not be followed", if n == 1 { "" } else { "es" }),
            CounterCause::DivisionByZero => format!("{n} division{s} by zero gave 1"),
            CounterCause::LoopCut => format!("{n} loop{s} ended after 8388608 passes, the kernel's limit"),
            CounterCause::ArrayBounds => {
                format!("{n} access{} beyond the end of an array gave 0", if n == 1 { "" } else { "es" })
            }
            CounterCause::MissingKey { map: id } => format!("{n} deletion{s} from {} found no such key", map(id)),
            CounterCause::ReadFailed => format!("{n} read{s} of memory failed"),
            CounterCause::LookupFailed { map: id } => format!("{n} read{s} of {} found no such key", map(id)),
        }
    }
}
