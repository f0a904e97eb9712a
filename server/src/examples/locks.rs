//! Locks: Who waits for whom.

use super::Example;

pub static ALL: &[Example] = &[
    example! {
        id: "futexlat",
        title: "Waits for user locks",
        category: "Locks",
        view: Histogram,
        cost: "medium: every futex call",
        question: "How long do threads wait for locks?",
        how_to_read: "Microseconds in futex calls by process. Long waits are often threads that have nothing to do; the short ones are contention.",
        parameters: [],
        needs: None,
    },
    example! {
        id: "futexstacks",
        title: "User locks flame graph",
        category: "Locks",
        view: Flame,
        cost: "medium: every futex call",
        question: "Which code waits for locks?",
        how_to_read: "Widths are futex calls by the code that made them.",
        parameters: [],
        needs: None,
    },
    example! {
        id: "klockstat",
        title: "Contended kernel locks",
        category: "Locks",
        view: Flame,
        cost: "medium: every lock that is not free",
        question: "Which kernel locks are fought over?",
        how_to_read: "Widths are nanoseconds spent waiting for kernel locks, by the code that waited.",
        parameters: [],
        needs: None,
    },
];
