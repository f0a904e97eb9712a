//! How large the ring buffer is: it holds what programs send until somebody looks.

use std::cell::Cell;

use crate::hir;
use crate::manifest::{AttachSpec, KernelMap, KernelMapKind, Period, RING_MAP, SiteKind};

/// Unless the script chooses, or cannot send that much: 8 MB hold a burst of 100,000 short lines.
pub const USUAL_BYTES: u32 = 8 << 20;
/// At least. Enough for scripts that send nothing but orders such as `print(@)` and `exit()`.
const BYTES_LEAST: u32 = 256 << 10;
/// The most that a script may ask for.
const BYTES_MOST: u32 = 256 << 20;
const PAGE: u32 = 4096;

/// The ring of so many bytes, a power of two of pages.
pub fn map(bytes: u32) -> KernelMap {
    KernelMap {
        symbol: RING_MAP.to_owned(),
        kind: KernelMapKind::RingBuffer,
        key_size: 0,
        value_size: 0,
        max_entries: bytes,
        no_prealloc: false,
        mmapable: false,
    }
}

/// What one firing of a program may send.
#[derive(Debug, Clone, Copy, Default)]
struct Burst {
    bytes: u64,
    /// It sends from a loop or a function that it may call any number of times.
    repeats: bool,
}

/// What the programs of a script send, gathered while they are lowered.
#[derive(Debug, Default)]
pub struct Traffic {
    is_used: Cell<bool>,
    /// Of the program that is being lowered.
    burst: Cell<Burst>,
    /// Bytes in a second of the programs whose rate is known.
    rate: Cell<u64>,
    /// Some program sends as much as there are events.
    is_unbounded: Cell<bool>,
    stacks: Cell<bool>,
}

impl Traffic {
    /// Whether any stack is sent.
    pub fn has_stacks(&self) -> bool {
        self.stacks.get()
    }

    pub fn add_stacks(&self) {
        self.stacks.set(true);
    }

    /// A record of at most this many bytes is sent here.
    pub fn add(&self, bytes: u64) {
        self.is_used.set(true);
        let burst = self.burst.get();
        self.burst.set(Burst { bytes: burst.bytes.saturating_add(bytes), ..burst });
    }

    /// What the program sends, it may send many times.
    pub fn repeat(&self) {
        self.burst.set(Burst { repeats: true, ..self.burst.get() });
    }

    pub fn begin_program(&self) {
        self.burst.set(Burst::default());
    }

    /// The program is lowered, and this is what makes it run.
    pub fn end_program(&self, probe: &hir::ProbeProgram, cpus: u32) {
        let Burst { bytes, repeats } = self.burst.get();
        match firings(probe, cpus) {
            _ if bytes == 0 => {}
            Some(firings) if !repeats => self.rate.set(self.rate.get().saturating_add(firings.saturating_mul(bytes))),
            _ => self.is_unbounded.set(true),
        }
    }

    /// Bytes of the ring, a power of two of pages as the kernel wants it; None: nothing is sent.
    pub fn ring(&self, program: &hir::Program) -> Option<u32> {
        if !self.is_used.get() {
            return None;
        }
        let is_rare = !self.stacks.get() && program.sites.iter().all(|site| is_rare(&site.kind));
        let bytes = match program.settings.ring_pages {
            Some(pages) => pages.saturating_mul(PAGE).clamp(PAGE, BYTES_MOST),
            None if is_rare => BYTES_LEAST,
            None if self.is_unbounded.get() => USUAL_BYTES,
            // A reader that is held up for a second still loses nothing.
            None => u32::try_from(self.rate.get()).unwrap_or(u32::MAX).clamp(BYTES_LEAST, USUAL_BYTES),
        };
        Some(bytes.next_power_of_two())
    }
}

/// How often a program runs in a second on all processors at most; None: as often as it pleases the machine.
fn firings(probe: &hir::ProbeProgram, cpus: u32) -> Option<u64> {
    probe.attach.iter().try_fold(0_u64, |sum, point| Some(sum.saturating_add(rate(&point.spec, cpus)?)))
}

fn rate(spec: &AttachSpec, cpus: u32) -> Option<u64> {
    match spec {
        AttachSpec::Begin | AttachSpec::End | AttachSpec::Test { .. } => Some(1),
        AttachSpec::Interval { period } => Some(hertz(*period)),
        AttachSpec::Profile { period, cpu: Some(_) } => Some(hertz(*period)),
        AttachSpec::Profile { period, cpu: None } => Some(hertz(*period).saturating_mul(u64::from(cpus))),
        _ => None,
    }
}

fn hertz(period: Period) -> u64 {
    match period {
        Period::Hertz(hertz) => hertz,
        Period::Nanoseconds(nanoseconds) => 1_000_000_000_u64.div_ceil(nanoseconds.max(1)),
    }
}

/// A call that no script makes for each event: nobody prints a map or clears it a hundred thousand times a second.
fn is_rare(kind: &SiteKind) -> bool {
    matches!(
        kind,
        SiteKind::PrintMap { .. }
            | SiteKind::PrintEntry { .. }
            | SiteKind::Clear { .. }
            | SiteKind::Zero { .. }
            | SiteKind::Exit
    )
}
