//! `avg(n)`: the mean of all samples.
//!
//! Cell: i64 or u64 total, then u64 number of samples.

use super::{Aggregation, add_words, stats};

pub static AVG: Aggregation = Aggregation {
    name: "avg",
    signature: "avg(value)",
    doc: "The average of the samples: total divided by count, rounded towards zero.",
    example: "tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @size[comm] = avg(args.ret); }",
    update: stats::update,
    words: |_| 2,
    combine: add_words,
    value: stats::value,
};
