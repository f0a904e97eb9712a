//! Prints how many milliseconds rendering a flame graph of so many different stacks takes. Used by `cargo xtask bench`.

use std::sync::Arc;
use std::time::Instant;

use tracedeck::flame::{FlameFrame, FlameOptions, FrameKind, Samples, render};

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let samples = stacks(count);
    let started = Instant::now();
    match render(&samples, &FlameOptions::default()) {
        Ok(svg) => assert!(svg.len() > 1_000, "the flame graph is empty"),
        Err(error) => panic!("{error}"),
    }
    println!("{:.3}", started.elapsed().as_secs_f64() * 1000.0);
}

/// Stacks of 12 to 41 frames that branch as those of a busy machine do, from a fixed sequence of numbers.
fn stacks(count: usize) -> Samples {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut samples = Samples::new();
    while samples.len() < count {
        let depth = 12 + next(30);
        let frames = (0..depth).map(|level| {
            // Outer frames are few, inner ones many.
            let name = format!("function_at_level_{level}_number_{}", next(2 + level * level));
            FlameFrame { name: Arc::from(name), kind: if level < 8 { FrameKind::User } else { FrameKind::Kernel } }
        });
        let frames: Vec<_> = frames.collect();
        let weight = 1 + next(100);
        samples.insert(frames, weight);
    }
    samples
}
