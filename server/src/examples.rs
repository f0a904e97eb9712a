//! Ready scripts for people who do not know yet how to ask. The scripts are files in `server/examples`.

use crate::http::protocol::ExampleView;

/// A script with the words around it.
pub struct Example {
    pub id: &'static str,
    pub title: &'static str,
    /// What a person wants to know who picks it.
    pub question: &'static str,
    pub script: &'static str,
    pub how_to_read: &'static str,
    /// What shows the answer best.
    pub view: ExampleView,
}

macro_rules! example {
    ($id:literal, $title:literal, $view:ident, $question:literal, $how_to_read:literal) => {
        Example {
            id: $id,
            title: $title,
            question: $question,
            script: include_str!(concat!("../examples/", $id, ".bt")),
            how_to_read: $how_to_read,
            view: ExampleView::$view,
        }
    };
}

/// Every example, in the order of the start page.
pub static ALL: &[Example] = &[
    example!(
        "cpu-flame-graph",
        "CPU flame graph",
        Flame,
        "Where do the CPUs spend their time?",
        "Each box is a function; its width is its share of CPU time. What it called stands on it. Wide boxes at the top edge are where the time goes."
    ),
    example!(
        "syscalls-by-process",
        "System calls by process",
        Table,
        "Who talks to the kernel most?",
        "One row for each process name, with the number of system calls it has made since the start."
    ),
    example!(
        "new-processes",
        "New processes",
        Log,
        "Which programs are being started?",
        "One line for each program: who started it, the process id, and the file."
    ),
    example!(
        "files-opened",
        "Files opened",
        Log,
        "Which files are being opened, and by whom?",
        "One line for each attempt to open a file, whether it succeeds or not."
    ),
    example!(
        "write-latency",
        "Write latency",
        Histogram,
        "How long do writes take?",
        "A histogram for each process. Buckets are microseconds from entering write() to its return; two hills mean two kinds of writes."
    ),
    example!(
        "read-sizes",
        "Read sizes",
        Histogram,
        "How much does a read return?",
        "Buckets are bytes that read() returned; the bucket below zero counts errors. Many small reads cost more than a few large ones."
    ),
    example!(
        "context-switches",
        "Context switches",
        Table,
        "Who is switched off the CPU most?",
        "One row for each process that had to leave a CPU. Many switches of one process mean short waits: locks, pipes, small I/O."
    ),
    example!(
        "page-faults",
        "Page faults flame graph",
        Flame,
        "What touches new memory?",
        "Widths are page faults. Read it like a CPU flame graph: the code at the top edge touched a page for the first time."
    ),
    example!(
        "process-rate",
        "Processes per second",
        Log,
        "How fast are processes created?",
        "Every second a table of who created how many processes and threads in that second."
    ),
    example!(
        "run-queue-latency",
        "Run queue latency",
        Histogram,
        "How long do threads wait for a CPU?",
        "Microseconds from being ready to run until running. More than a millisecond often means there are more threads ready than CPUs."
    ),
    example!(
        "off-cpu-time",
        "Off-CPU time flame graph",
        Flame,
        "What do threads wait for?",
        "Widths are microseconds that threads were not running, by the code that gave the CPU away. Idle servers wait a lot: that is normal."
    ),
    example!(
        "bash-readline",
        "Commands typed into bash",
        Log,
        "What is typed into interactive shells?",
        "One line for each command line that a bash on this machine has read, from any session."
    ),
    example!(
        "block-io-size",
        "Disk I/O sizes",
        Histogram,
        "How large are the requests to the disks?",
        "Kilobytes of each request, by process. Small sizes with a busy disk: look for synchronous writes or random reads."
    ),
    example!(
        "syscall-errors",
        "System calls that fail",
        Table,
        "Which system calls fail, and whose?",
        "One row for each process, system call number and error number. Errors 2 (no such file) and 11 (try again) are everyday; others deserve a look."
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_have_ids_of_their_own_and_whole_sentences() {
        let mut ids: Vec<_> = ALL.iter().map(|example| example.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        assert_eq!(ALL[0].id, "cpu-flame-graph");
        for example in ALL {
            assert!(example.question.ends_with('?'), "{}", example.id);
            assert!(example.how_to_read.ends_with('.'), "{}", example.id);
            assert!(example.script.ends_with('\n') && example.script.starts_with("//"), "{}", example.id);
        }
    }
}
