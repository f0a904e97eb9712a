//! What the settings of the `config` block do.

/// Name, sentence, and a value that it may have.
pub type Setting = (&'static str, &'static str, &'static str);

/// Every key but those that are accepted and ignored.
pub static ALL: &[Setting] = &[
    ("cache_user_symbols", "Accepted; symbols belong to files, whatever process maps them.", "PER_PID"),
    (
        "license",
        "The licence of the programs; the kernel offers its functions to those that are compatible with the GPL.",
        "\"Dual MIT/GPL\"",
    ),
    ("log_size", "Bytes of the log that the kernel's verifier may write about a program that it refuses.", "1000000"),
    (
        "lazy_symbolication",
        "Accepted; names are looked up when a value is printed, from what was seen when it was captured.",
        "true",
    ),
    ("cpp_demangle", "Whether names of C++ and Rust in user stacks are written as in the source.", "false"),
    ("max_bpf_progs", "The most programs that a script may become.", "2048"),
    ("max_cat_bytes", "The most bytes that cat() prints of a file.", "65536"),
    ("max_map_keys", "Entries of maps that no `let` declares.", "100000"),
    ("max_probes", "The most places that a script may be attached to.", "5000"),
    ("max_strlen", "Bytes of a string, its NUL included.", "200"),
    ("missing_probes", "What to do about probes that do not exist.", "warn"),
    (
        "on_stack_limit",
        "Bytes up to which values live on the stack of a program; larger ones have memory of their own.",
        "64",
    ),
    (
        "perf_rb_pages",
        "Pages of the buffer between kernel and user space; more keep events that would be lost in a burst.",
        "256",
    ),
    ("print_maps_on_exit", "Whether maps are printed at the end.", "false"),
    (
        "show_debug_info",
        "Whether source lines and inlined functions are shown where a file has debug information.",
        "false",
    ),
    ("stack_mode", "How stacks are written that do not say it themselves.", "perf"),
    ("str_trunc_trailer", "What is put behind strings that were cut.", "\"...\""),
    ("unstable_tseries", "Whether tseries() may be used, with a warning or without.", "enable"),
    ("unstable_typeinfo", "Whether typeinfo() may be used, with a warning or without.", "enable"),
    ("unstable_import_statement", "Whether files may be imported within a block.", "warn"),
    ("unstable_dw_ustack", "Accepted; dw_ustack() is not there.", "warn"),
    ("use_blazesym", "Accepted; there is one way to look names up.", "true"),
];
