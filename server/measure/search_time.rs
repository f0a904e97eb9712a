//! Prints how many milliseconds it takes to look for a few letters among all functions and tracepoints of this kernel,
//! which are 60,000 names and more: a line for the index and one for each query, a tab, what it is. The median of so
//! many rounds. Used by `cargo xtask bench`.

use std::time::Instant;

use tracedeck::host::LiveKernel;
use tracedeck::host::search::Index;
use tracedeck_compiler::kernel::Kernel;

/// What a big machine's kernel has.
const LEAST_NAMES: usize = 60_000;
const PROVIDERS: [&str; 4] = ["kprobe", "kretprobe", "fentry", "fexit"];
const QUERIES: [&str; 5] = ["vfs read", "tcpsnd", "e", "sched switch", "nothing is called so"];
/// As many as the page shows.
const SHOWN: usize = 50;

fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20);
    let kernel = LiveKernel::shared();
    let mut names: Vec<String> =
        kernel.tracepoints("*", "*").iter().map(|(category, event)| format!("tracepoint:{category}:{event}")).collect();
    let functions = kernel.kernel_functions("*");
    for provider in PROVIDERS {
        if names.len() < LEAST_NAMES {
            names.extend(functions.iter().map(|function| format!("{provider}:{function}")));
        }
    }
    let count = names.len();
    let started = Instant::now();
    let index = Index::new(names);
    println!("{:.3}\tan index of {count} probes", milliseconds(started));
    for query in QUERIES {
        let mut times: Vec<f64> = (0..rounds)
            .map(|_| {
                let started = Instant::now();
                std::hint::black_box(index.search(query, SHOWN));
                milliseconds(started)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{:.3}\t'{query}' among {count} probes", times.get(times.len() / 2).copied().unwrap_or(0.0));
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
