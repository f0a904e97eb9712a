//! Builtin values and functions: one record each, in a file for itself or for a tight family, and the table of all.

/// A builtin value (`pid`) or function (`str()`).
pub struct Builtin {
    pub name: &'static str,
    /// How it is called, for help texts: `str(pointer[, length])`.
    pub signature: &'static str,
    /// What it is for, one or two sentences.
    pub doc: &'static str,
    /// A script that compiles; tests run it through the compiler.
    pub example: &'static str,
}

/// Every builtin, in the order of the documentation.
pub static ALL: &[&Builtin] = &[];

/// The builtin of that name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    ALL.iter().copied().find(|builtin| builtin.name == name)
}
