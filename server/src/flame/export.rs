//! Stacks for other tools: folded lines, and speedscope's JSON.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::{DetailedFrame, DetailedSamples, FlameFrame, folded_line};

/// A line for each stack, as flame graph tools read them.
pub fn folded(samples: &DetailedSamples) -> String {
    samples.iter().fold(String::new(), |mut text, (stack, weight)| {
        let frames: Vec<FlameFrame> = stack.iter().map(|frame| frame.frame.clone()).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", folded_line(&frames, *weight));
        text
    })
}

/// The file format of speedscope: one sampled profile. `unit` is one of its own: `none`, `nanoseconds`, `bytes`.
pub fn speedscope(samples: &DetailedSamples, name: &str, unit: &str) -> Value {
    let mut places: HashMap<&DetailedFrame, usize> = HashMap::new();
    let mut frames: Vec<Value> = Vec::new();
    let mut stacks: Vec<Vec<usize>> = Vec::with_capacity(samples.len());
    for stack in samples.keys() {
        let indices = stack.iter().map(|frame| {
            *places.entry(frame).or_insert_with(|| {
                frames.push(match &frame.module {
                    Some(module) => json!({ "name": &*frame.frame.name, "file": &**module }),
                    None => json!({ "name": &*frame.frame.name }),
                });
                frames.len() - 1
            })
        });
        stacks.push(indices.collect());
    }
    let total = samples.values().fold(0u64, |sum, weight| sum.saturating_add(*weight));
    json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": concat!("tracedeck ", env!("CARGO_PKG_VERSION")),
        "name": name,
        "activeProfileIndex": 0,
        "shared": { "frames": frames },
        "profiles": [{
            "type": "sampled",
            "name": name,
            "unit": unit,
            "startValue": 0,
            "endValue": total,
            "samples": stacks,
            "weights": samples.values().collect::<Vec<_>>(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::super::FrameKind;
    use super::*;

    fn frame(name: &str, module: Option<&str>) -> DetailedFrame {
        let frame = FlameFrame { name: name.into(), kind: FrameKind::User };
        DetailedFrame { frame, module: module.map(Into::into), why: None }
    }

    #[test]
    fn frames_are_shared_and_weights_add_up() {
        let (main, read) = (frame("main", Some("/bin/cat")), frame("read", None));
        let samples = DetailedSamples::from([(vec![main.clone()], 2), (vec![main, read], 5)]);
        let file = speedscope(&samples, "@cpu", "none");
        assert_eq!(file["shared"]["frames"], json!([{ "name": "main", "file": "/bin/cat" }, { "name": "read" }]));
        let profile = &file["profiles"][0];
        assert_eq!((&profile["samples"], &profile["weights"]), (&json!([[0], [0, 1]]), &json!([2, 5])));
        assert_eq!(profile["endValue"], 7);
        assert_eq!(folded(&samples), "main 2\nmain;read 5\n");
    }

    #[test]
    fn nothing_is_a_file_too() {
        let file = speedscope(&DetailedSamples::default(), "@", "bytes");
        assert_eq!((&file["profiles"][0]["endValue"], folded(&DetailedSamples::default())), (&json!(0), String::new()));
    }
}
