//! Names of C++ and Rust as their sources write them.

use cpp_demangle::{DemangleOptions, Symbol};

use crate::kernel::matches_pattern;

/// A function's name as the source has it, of C++ with the types of its parameters: `shop::Cart::add(int, char const*)`.
/// None for names that nothing was added to.
pub fn demangle(name: &str) -> Option<String> {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // Without the hash, which changes from build to build.
        return Some(format!("{rust:#}"));
    }
    if !name.starts_with("_Z") {
        return None;
    }
    // Only templates tell what they return; nobody writes it to name one.
    Symbol::new(name).ok()?.demangle_with_options(&DemangleOptions::new().no_return_type()).ok()
}

/// Whether a pattern matches a demangled name: with its parameters, or without them all of its overloads.
pub fn is_meant(pattern: &str, demangled: &str) -> bool {
    matches_pattern(pattern, demangled) || matches_pattern(pattern, without_parameters(demangled))
}

/// The name without what follows it from the parameters on.
pub fn without_parameters(demangled: &str) -> &str {
    let mut depth = 0_u32;
    let bytes = demangled.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            // `operator()` and `(anonymous namespace)` belong to the name.
            b'(' if depth == 0
                && !demangled[..at].ends_with("operator")
                && !demangled[at..].starts_with("(anonymous namespace)") =>
            {
                return &demangled[..at];
            }
            _ => {}
        }
    }
    demangled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpp_has_parameters_and_rust_has_no_hash() {
        assert_eq!(demangle("_ZN4shop4Cart3addEiPKc").as_deref(), Some("shop::Cart::add(int, char const*)"));
        assert_eq!(demangle("_ZN4shop4cart3add17h0123456789abcdefE").as_deref(), Some("shop::cart::add"));
        assert_eq!(demangle("_ZN4shop5twiceIlEET_S1_").as_deref(), Some("shop::twice<long>(long)"));
        assert_eq!(demangle("_RNvC4shop3add").as_deref(), Some("shop::add"));
        assert_eq!((demangle("main"), demangle("_Zork")), (None, None));
    }

    #[test]
    fn parameters_begin_behind_the_whole_name() {
        assert_eq!(without_parameters("shop::Cart::add(int)"), "shop::Cart::add");
        assert_eq!(without_parameters("f<void (int)>(long)"), "f<void (int)>");
        assert_eq!(without_parameters("(anonymous namespace)::f(int)"), "(anonymous namespace)::f");
        assert_eq!(without_parameters("shop::Less::operator()(int)"), "shop::Less::operator()");
        assert_eq!(without_parameters("shop::add"), "shop::add");
    }
}
