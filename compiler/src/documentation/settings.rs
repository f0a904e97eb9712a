//! What the settings of the `config` block do.

/// Name and sentence, for every key that has an effect here.
pub static ALL: &[(&str, &str)] = &[
    (
        "license",
        "The licence of the programs; the kernel offers its functions to those that are compatible with the GPL.",
    ),
    ("log_size", "Accepted; the verifier's log is as long as it needs to be."),
    (
        "lazy_symbolication",
        "Accepted; names are always looked up when the value is printed, from what was seen when it was captured.",
    ),
    ("cpp_demangle", "Accepted; names of C++ and Rust are always written as in the source."),
    ("max_bpf_progs", "The most programs that a script may become."),
    ("max_cat_bytes", "The most bytes that cat() prints of a file."),
    ("max_map_keys", "Entries of maps that no `let` declares."),
    ("max_probes", "The most places that a script may be attached to."),
    ("max_strlen", "Bytes of a string, its NUL included."),
    ("missing_probes", "What to do about probes that do not exist."),
    ("on_stack_limit", "Accepted; where values live is decided by the compiler."),
    (
        "perf_rb_pages",
        "Pages of the buffer between kernel and user space; more keep events that would be lost in a burst.",
    ),
    ("print_maps_on_exit", "Whether maps are printed at the end."),
    ("show_debug_info", "Accepted; source lines are shown where a file has them."),
    ("stack_mode", "How stacks are written that do not say it themselves."),
    ("str_trunc_trailer", "What is put behind strings that were cut."),
    ("unstable_tseries", "Whether tseries() may be used, with a warning or without."),
    ("use_blazesym", "Accepted; there is one way to look names up."),
];
