//! `GET /api/runs/ID/samples`: when the samples of a map with stacks came, in tenths of a second, from the recording.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use regex_lite::Regex;
use tracedeck_compiler::abi::format::Names as _;
use tracedeck_compiler::abi::value::Value;
use tracedeck_compiler::types::StackSpace;

use super::error::ApiError;
use super::extract::{Path, Query};
use super::past::unreadable;
use super::protocol::SampleTimes;
use super::table::Run;
use super::{Anyone, App};
use crate::flame;
use crate::session::event::Event;
use crate::session::replay::Replay;
use crate::session::steps::Step;

/// Snapshots of maps are so far apart.
const STEP_NS: u64 = 100_000_000;
/// A day; what comes after that is in no cell.
const MOST_CELLS: usize = 864_000;

/// Functions in which a CPU waits for work; the explorer's `idle.ts` has the same.
const IDLE: &str = r"^(?:(?:pv_)?native_safe_halt|default_idle(?:_call)?|arch_cpu_idle|cpuidle_\w+|intel_idle\w*|mwait_idle\w*|acpi_(?:idle_\w+|safe_halt|processor_ffh_cstate_enter)|poll_idle|haltpoll_\w+|do_idle|cpu_idle_poll|cpu_startup_entry|tdx_safe_halt|hv_\w*idle\w*|call_cpuidle)$";

pub fn router() -> Router<App> {
    Router::new().route("/api/runs/{id}/samples", get(samples))
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// With or without its `@`; the first map with stacks where nobody says.
    map: Option<String>,
    /// With the samples of CPUs that had nothing to do.
    #[serde(default)]
    idle: bool,
}

async fn samples(
    State(app): State<App>,
    Anyone(access): Anyone,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<SampleTimes>, ApiError> {
    if !access.may_see(&id) {
        return Err(ApiError::no_such_run());
    }
    let times = app.computing(move |app| gather(app, &*app.runs.find(&id)?, &parameters)).await?;
    Ok(Json(times))
}

fn gather(app: &App, run: &Run, parameters: &Parameters) -> Result<SampleTimes, ApiError> {
    let map = super::flamegraph::stack_map_id(run.hub(), parameters.map.as_deref())?;
    let mut times = Times { idle: (!parameters.idle).then(Idle::new).transpose()?, ..Times::default() };
    let recording = app.runs.store().recording(&run.record.id).map_err(unreadable)?;
    // Of the events only those that name stacks are needed.
    let mut names = Replay::default();
    let mut end_ns = 0;
    recording
        .play_closely(|events, steps| {
            end_ns = events.last().map_or(end_ns, |last| last.at_ns);
            for event in events {
                if matches!(event.event, Event::Compiled(_) | Event::Stacks(_) | Event::Names(_)) {
                    names.take(&event);
                }
            }
            steps.into_iter().filter(|step| step.map == map).for_each(|step| times.take(step, &names));
        })
        .map_err(unreadable)?;
    let mut samples = times.cells;
    samples.resize(cells_until(end_ns), 0.0);
    Ok(SampleTimes { step_ms: (STEP_NS / 1_000_000) as u32, samples })
}

fn cells_until(end_ns: u64) -> usize {
    usize::try_from(end_ns.div_ceil(STEP_NS)).unwrap_or(MOST_CELLS).min(MOST_CELLS)
}

/// How much came in each tenth of a second.
#[derive(Default)]
struct Times {
    cells: Vec<f64>,
    weights: HashMap<Option<Value>, u64>,
    at_ns: u64,
    idle: Option<Idle>,
}

impl Times {
    fn take(&mut self, step: Step, names: &Replay) {
        let mut added = 0_u64;
        if step.whole {
            // What the script took away did not come in.
            let left: HashSet<&Option<Value>> = step.entries.iter().map(|(key, _)| key).collect();
            self.weights.retain(|key, _| left.contains(key));
        }
        for (key, value) in step.entries {
            let is_idle = self.idle.as_mut().zip(key.as_ref()).is_some_and(|(idle, key)| idle.is_idle(key, names));
            let weight = flame::weight(&value).unwrap_or(0);
            let before = self.weights.insert(key, weight).unwrap_or(0);
            if !is_idle {
                added = added.saturating_add(weight.saturating_sub(before));
            }
        }
        // A map that did not change for long was looked at all the same: what is new came since the last look.
        let from = self.at_ns.max(step.at_ns.saturating_sub(STEP_NS)).min(step.at_ns);
        self.spread(from, step.at_ns, added as f64);
        self.at_ns = step.at_ns;
    }

    /// Divides what came between two moments among the cells that the time between them touches.
    fn spread(&mut self, from: u64, to: u64, added: f64) {
        let last = cells_until(to).max(1);
        if self.cells.len() < last {
            self.cells.resize(last, 0.0);
        }
        if from == to {
            self.cells[last - 1] += added;
            return;
        }
        for cell in (from / STEP_NS) as usize..last.min(self.cells.len()) {
            let (start, end) = (cell as u64 * STEP_NS, (cell as u64 + 1) * STEP_NS);
            let within = to.min(end).saturating_sub(from.max(start));
            self.cells[cell] += added * within as f64 / (to - from) as f64;
        }
    }
}

/// Knows the stacks of CPUs that have nothing to do.
struct Idle {
    function: Regex,
    stacks: HashMap<u64, bool>,
}

impl Idle {
    fn new() -> Result<Self, ApiError> {
        Ok(Self { function: Regex::new(IDLE).map_err(ApiError::internal)?, stacks: HashMap::new() })
    }

    fn is_idle(&mut self, key: &Value, names: &Replay) -> bool {
        match key {
            Value::Tuple(parts) => parts.iter().any(|part| self.is_idle(part, names)),
            Value::Stack { id, .. } => {
                let function = &self.function;
                *self.stacks.entry(*id).or_insert_with(|| {
                    let stack = names.hub().names().stack(*id);
                    let stack = stack.filter(|stack| stack.space == StackSpace::Kernel);
                    let innermost = stack.as_ref().and_then(|stack| stack.frames.first()?.symbol.as_deref());
                    innermost.is_some_and(|symbol| function.is_match(symbol))
                })
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use tracedeck_compiler::abi::value::Number;
    use tracedeck_compiler::manifest::MapId;

    use super::*;

    fn step(at_ms: u64, whole: bool, counts: &[(u64, u64)]) -> Step {
        let entry = |(key, count): &(u64, u64)| (Some(Value::Pointer(*key)), Value::Number(Number::Unsigned(*count)));
        Step { at_ns: at_ms * 1_000_000, map: MapId(0), whole, entries: counts.iter().map(entry).collect() }
    }

    #[test]
    fn samples_stand_in_the_tenths_in_which_they_came() {
        let mut times = Times::default();
        let names = Replay::default();
        times.take(step(100, false, &[(1, 10)]), &names);
        // Half of the time since the last look lies in the second tenth, half in the third.
        times.take(step(150, false, &[(1, 12)]), &names);
        times.take(step(250, false, &[(1, 14), (2, 8)]), &names);
        // Long after: within the tenth before it.
        times.take(step(1000, false, &[(2, 9)]), &names);
        assert_eq!(times.cells, [10.0, 7.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_a_script_takes_away_is_not_counted_and_begins_anew() {
        let mut times = Times::default();
        let names = Replay::default();
        times.take(step(100, false, &[(1, 10)]), &names);
        times.take(step(200, true, &[]), &names);
        times.take(step(300, false, &[(1, 3)]), &names);
        assert_eq!(times.cells, [10.0, 0.0, 3.0]);
    }
}
