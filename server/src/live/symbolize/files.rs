//! Symbols of files through blazesym, which keeps what it read of each file: tens of megabytes for a large program with
//! debug information. When nobody has asked for a while, all of that is let go; names that were found are remembered
//! elsewhere.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{Input, Symbolized, Symbolizer};
use tracedeck_compiler::manifest::RunSettings;

/// How long nobody must have asked. Reading the largest files again takes a good part of a second.
pub const REST: Duration = Duration::from_secs(5);

/// Where distributions put debug information.
const USUAL_DEBUG_DIRECTORIES: [&str; 2] = ["/usr/lib/debug", "/lib/debug"];

pub struct FileSymbols {
    debug_directories: Vec<String>,
    demangles: bool,
    shows_sources: bool,
    /// With the time of the last question. None: nothing is kept.
    blazesym: Option<(Symbolizer, Instant)>,
}

impl FileSymbols {
    /// Debug information is looked for in the usual directories, and in these.
    pub fn new(debug_directories: &[String], settings: &RunSettings) -> Self {
        Self {
            debug_directories: debug_directories.to_vec(),
            demangles: settings.cpp_demangle,
            shows_sources: settings.show_debug_info,
            blazesym: None,
        }
    }

    /// What stands at these places of a file, one answer each.
    pub fn find(&mut self, elf: Elf, places: &[u64]) -> blazesym::Result<Vec<Symbolized<'_>>> {
        let now = Instant::now();
        if self.blazesym.is_none() {
            self.blazesym = Some((self.build(), now));
        }
        let Some((blazesym, asked)) = &mut self.blazesym else { return Ok(Vec::new()) };
        *asked = now;
        blazesym.symbolize(&Source::Elf(elf), Input::FileOffset(places))
    }

    fn build(&self) -> Symbolizer {
        let mut builder = Symbolizer::builder()
            .enable_auto_reload(false)
            .enable_demangling(self.demangles)
            .enable_code_info(self.shows_sources)
            .enable_inlined_fns(self.shows_sources);
        if !self.debug_directories.is_empty() {
            let all = USUAL_DEBUG_DIRECTORIES.into_iter().chain(self.debug_directories.iter().map(String::as_str));
            builder = builder.set_debug_dirs(Some(all));
        }
        builder.build()
    }

    /// Whether anything is kept.
    pub fn is_awake(&self) -> bool {
        self.blazesym.is_some()
    }

    /// Lets go of what was read if nobody has asked for a while.
    pub fn rest(&mut self) {
        if self.blazesym.as_ref().is_some_and(|(_, asked)| asked.elapsed() >= REST) {
            self.blazesym = None;
            // What is free in the middle of the heap goes back to the system, too.
            #[cfg(target_env = "gnu")]
            // SAFETY: no memory of this program is involved but what the allocator itself considers free.
            unsafe {
                libc::malloc_trim(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_a_moment_ago_is_kept_and_what_was_let_go_is_read_again() {
        let mut files = FileSymbols::new(&[], &RunSettings::default());
        let ask = |files: &mut FileSymbols| files.find(Elf::new("/proc/self/exe"), &[0]).map(|found| found.len());
        assert!(!files.is_awake());
        assert_eq!(ask(&mut files).expect("a program"), 1);
        files.rest();
        assert!(files.is_awake());
        if let Some((_, asked)) = &mut files.blazesym {
            *asked -= REST;
        }
        files.rest();
        assert!(!files.is_awake());
        assert_eq!(ask(&mut files).expect("a program"), 1);
    }
}
