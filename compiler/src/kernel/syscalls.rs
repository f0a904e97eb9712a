//! Numbers of system calls on x86-64, by the names that their tracepoints have.

use std::collections::HashMap;
use std::sync::OnceLock;

/// `NUMBER NAME` a line, the names of asm/unistd_64.h.
pub const TABLE: &str = include_str!("syscalls.txt");

/// Tracepoints are called after the kernel's functions, and some of those otherwise than the call.
const OTHERWISE: [(&str, &str); 6] = [
    ("newstat", "stat"),
    ("newfstat", "fstat"),
    ("newlstat", "lstat"),
    ("newuname", "uname"),
    ("sendfile64", "sendfile"),
    ("umount", "umount2"),
];

/// The number of the system call that `sys_enter_NAME` is about.
pub fn number(name: &str) -> Option<u32> {
    static NUMBERS: OnceLock<HashMap<&str, u32>> = OnceLock::new();
    let numbers = NUMBERS.get_or_init(|| {
        let line = |line: &'static str| {
            let (number, name) = line.split_once(' ')?;
            Some((name, number.parse().ok()?))
        };
        TABLE.lines().filter_map(line).collect()
    });
    let name = OTHERWISE.iter().find(|(traced, _)| *traced == name).map_or(name, |(_, call)| call);
    numbers.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names_of_calls_and_of_functions_have_numbers() {
        assert_eq!((number("read"), number("openat"), number("newstat")), (Some(0), Some(257), Some(4)));
        assert_eq!((number("umount"), number("execveat"), number("nothing")), (Some(166), Some(322), None));
    }
}
