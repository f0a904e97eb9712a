//! Any function or event: what the person names.

use super::{Example, Parameter};

pub static ALL: &[Example] = &[
    example! {
        id: "funccount",
        title: "Calls by pattern",
        category: "Any function or event",
        view: Table,
        cost: "as often as it is reached: about 100 ns for each call",
        question: "Which functions of a subsystem are called, and how often?",
        how_to_read: "One line for each function or event that was reached at least once; the rate is beside it. Take the busiest to stackcount or funclatency.",
        parameters: [Parameter {
            name: "pattern",
            default: "",
            example: Some("tracepoint:sched:*"),
            doc: "Attach points, with stars: kprobe:vfs_*, uprobe:libc:str*, tracepoint:sched:*"
        }],
        needs: None,
    },
    example! {
        id: "stackcount",
        title: "Stacks that lead somewhere",
        category: "Any function or event",
        view: Flame,
        cost: "as often as it is reached: about 2 µs for each call",
        question: "Which code calls a function, or causes an event?",
        how_to_read: "Widths are calls. What is called stands on its caller; the box at the top of each tower is what was asked for.",
        parameters: [Parameter {
            name: "pattern",
            default: "",
            example: Some("tracepoint:sched:sched_process_fork"),
            doc: "Attach points, with stars: kprobe:tcp_sendmsg, uprobe:libc:malloc"
        }],
        needs: None,
    },
    example! {
        id: "funclatency",
        title: "Time in kernel functions",
        category: "Any function or event",
        view: Histogram,
        cost: "as often as it is called: about 500 ns for each call",
        question: "How long do functions of the kernel take?",
        how_to_read: "Microseconds by function, with the time it waited. Two humps are often two ways through the function: cached and not.",
        parameters: [Parameter {
            name: "function",
            default: "",
            example: Some("vfs_read"),
            doc: "Name of a function of the kernel, with stars: vfs_read, tcp_*msg"
        }],
        needs: Some("kprobes"),
    },
    example! {
        id: "ufunclatency",
        title: "Time in a program's function",
        category: "Any function or event",
        view: Histogram,
        cost: "as often as it is called: about 2 µs for each call",
        question: "How long does a function of a program or a library take?",
        how_to_read: "Nanoseconds by process, with the time it waited and about 1 µs for being traced.",
        parameters: [Parameter {
            name: "function",
            default: "",
            example: Some("libc:fopen"),
            doc: "Binary and function: libc:fopen, /usr/bin/app:handle, nginx:ngx_http_process_request"
        }],
        needs: None,
    },
    example! {
        id: "valuedist",
        title: "Values that a function returns",
        category: "Any function or event",
        view: Histogram,
        cost: "as often as it returns: about 1 µs for each return",
        question: "What does a function of a program or a library return?",
        how_to_read: "Returned values by process, as powers of two: sizes, counts, and errors, which are below zero.",
        parameters: [Parameter {
            name: "function",
            default: "",
            example: Some("libc:read"),
            doc: "Binary and function, with stars: libc:read, /usr/bin/app:send*"
        }],
        needs: None,
    },
];
