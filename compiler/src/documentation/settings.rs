//! What the settings of the `config` block do.

/// Name and sentence, for every key that has an effect here.
pub static ALL: &[(&str, &str)] = &[
    ("cache_user_symbols", "Accepted; symbols belong to files, whatever process maps them."),
    (
        "license",
        "The licence of the programs; the kernel offers its functions to those that are compatible with the GPL.",
    ),
    ("log_size", "Bytes of the log that the kernel's verifier may write about a program that it refuses."),
    (
        "lazy_symbolication",
        "Accepted; names are looked up when a value is printed, from what was seen when it was captured.",
    ),
    ("cpp_demangle", "Whether names of C++ and Rust in user stacks are written as in the source."),
    ("max_bpf_progs", "The most programs that a script may become."),
    ("max_cat_bytes", "The most bytes that cat() prints of a file."),
    ("max_map_keys", "Entries of maps that no `let` declares."),
    ("max_probes", "The most places that a script may be attached to."),
    ("max_strlen", "Bytes of a string, its NUL included."),
    ("missing_probes", "What to do about probes that do not exist."),
    (
        "on_stack_limit",
        "Bytes up to which values live on the stack of a program; larger ones have memory of their own.",
    ),
    (
        "perf_rb_pages",
        "Pages of the buffer between kernel and user space; more keep events that would be lost in a burst.",
    ),
    ("print_maps_on_exit", "Whether maps are printed at the end."),
    ("show_debug_info", "Whether source lines and inlined functions are shown where a file has debug information."),
    ("stack_mode", "How stacks are written that do not say it themselves."),
    ("str_trunc_trailer", "What is put behind strings that were cut."),
    ("unstable_tseries", "Whether tseries() may be used, with a warning or without."),
    ("unstable_typeinfo", "Whether typeinfo() may be used, with a warning or without."),
    ("unstable_import_statement", "Whether files may be imported within a block."),
    ("unstable_dw_ustack", "Accepted; dw_ustack() is not there."),
    ("use_blazesym", "Accepted; there is one way to look names up."),
];
