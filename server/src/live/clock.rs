//! The clocks of a run: what programs stamp against what people read.
#![allow(unsafe_code)]

use nix::time::{ClockId, clock_gettime};

/// Offsets between clocks, taken once when a run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Wall time minus boot clock, nanoseconds.
    pub boot_to_wall_ns: i64,
    pub tai_minus_utc: i32,
    /// Seconds.
    pub local_minus_utc: i32,
}

impl Clocks {
    pub fn read() -> Self {
        let wall = nanoseconds(ClockId::CLOCK_REALTIME);
        let tai_minus_utc = (nanoseconds(ClockId::CLOCK_TAI) - wall + 500_000_000).div_euclid(1_000_000_000);
        Self {
            boot_to_wall_ns: wall - nanoseconds(ClockId::CLOCK_BOOTTIME),
            tai_minus_utc: tai_minus_utc as i32,
            local_minus_utc: local_minus_utc(wall.div_euclid(1_000_000_000)),
        }
    }
}

/// Now, nanoseconds of the boot clock.
pub fn boot_ns() -> u64 {
    nanoseconds(ClockId::CLOCK_BOOTTIME) as u64
}

/// Now, nanoseconds of the clock that stops in suspend: the one that perf events can be stamped with.
pub fn monotonic_ns() -> u64 {
    nanoseconds(ClockId::CLOCK_MONOTONIC) as u64
}

/// Now, nanoseconds since 1970-01-01 UTC.
pub fn wall_ns() -> i64 {
    nanoseconds(ClockId::CLOCK_REALTIME)
}

fn nanoseconds(clock: ClockId) -> i64 {
    // A kernel without the clock would not run BPF; 0 is as good as an error nobody can act on.
    clock_gettime(clock).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}

/// By the time zone that the C library finds for this process.
fn local_minus_utc(seconds: i64) -> i32 {
    // SAFETY: both pointers are to live values of the right types for the length of the call; an all-zero `tm` is a
    // value of that plain C struct.
    unsafe {
        let mut local: libc::tm = std::mem::zeroed();
        if libc::localtime_r(&seconds, &mut local).is_null() {
            return 0;
        }
        local.tm_gmtoff as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_and_its_offset_give_the_time_of_day() {
        let clocks = Clocks::read();
        let wall = boot_ns() as i64 + clocks.boot_to_wall_ns;
        let difference = (wall - wall_ns()).abs();
        assert!(difference < 60_000_000_000, "{difference} ns");
    }
}
