//! What somebody meant who wrote a name that nobody knows: a sign left out, a field of `args`, a word of another tool.

use super::Typer;
use crate::probes::Data;
use crate::types::Aggregate;

/// Names of DTrace, SystemTap, C and BCC, and what they are here.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("bpf_get_current_comm", "comm"),
    ("bpf_get_current_pid_tgid", "pid"),
    ("bpf_get_current_task", "curtask"),
    ("bpf_ktime_get_ns", "nsecs"),
    ("bpf_trace_printk", "printf"),
    ("copyinstr", "str"),
    ("cpu_id", "cpu"),
    ("curthread", "curtask"),
    ("echo", "print"),
    ("execname", "comm"),
    ("gettimeofday_ns", "nsecs"),
    ("log", "print"),
    ("lquantize", "lhist"),
    ("println", "print"),
    ("probefunc", "func"),
    ("procname", "comm"),
    ("puts", "print"),
    ("quantize", "hist"),
    ("stack", "kstack"),
    ("stringof", "str"),
    ("time_ns", "nsecs"),
    ("timestamp", "nsecs"),
    ("tracemem", "buf"),
    ("user_string", "str"),
    ("walltimestamp", "strftime"),
];

/// What a word of another tool is called here.
pub fn other_word(name: &str) -> Option<&'static str> {
    OTHER_WORDS.iter().find(|(word, _)| *word == name).map(|(_, here)| *here)
}

/// How a sample is added to an aggregation.
pub fn how_to_add(aggregate: &Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Count => "count()",
        Aggregate::Sum { .. } => "sum(n)",
        Aggregate::Min { .. } => "min(n)",
        Aggregate::Max { .. } => "max(n)",
        Aggregate::Avg { .. } => "avg(n)",
        Aggregate::Stats { .. } => "stats(n)",
        Aggregate::Hist { .. } => "hist(n)",
        Aggregate::LinearHist { .. } => "lhist(n, min, max, step)",
        Aggregate::TimeSeries { .. } => "tseries(n, interval, count)",
    }
}

impl Typer<'_> {
    /// The variable or map that the name becomes with its sign.
    pub fn with_sign(&self, name: &str) -> Option<String> {
        let variable = format!("${name}");
        if self.program.scopes.iter().any(|scope| scope.contains_key(&variable)) {
            return Some(variable);
        }
        let map = format!("@{name}");
        self.maps.iter().any(|it| it.name == map).then_some(map)
    }

    /// Also a field of `args`, or a word of another tool.
    pub fn meant(&self, name: &str) -> Option<String> {
        let field = || {
            let is_there = match &self.program.group.data {
                Data::Tracepoint(Some(format)) => format.fields.iter().any(|it| it.field.name == name),
                Data::RawTracepoint(Some(arguments)) => arguments.field(name).is_some(),
                Data::KernelEntry(Some(function))
                | Data::TrampolineEntry(function)
                | Data::TrampolineReturn(function) => function.parameters.field(name).is_some(),
                _ => false,
            };
            is_there.then(|| format!("args.{name}"))
        };
        self.with_sign(name).or_else(field).or_else(|| other_word(name).map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins;

    #[test]
    fn words_of_other_tools_lead_to_builtins_and_are_none() {
        assert!(OTHER_WORDS.is_sorted());
        for (word, here) in OTHER_WORDS {
            assert!(builtins::find(word).is_none(), "{word}");
            assert!(builtins::find(here).is_some() || crate::aggregations::find(here).is_some(), "{here}");
        }
    }
}
