//! Under which name the cache keeps a compiled script: a hash of all that the compilation starts from and of all about
//! the machine that stays as it is between two boots.
//!
//! Within one boot, with the same modules, at the same level of lockdown, the kernel's types, symbols and features do
//! not change. What does is asked again, see [`super::facts`].

use serde::Serialize;
use tracedeck_compiler::options::CompileOptions;
use tracedeck_compiler::source::Part;

use crate::cache::boot::{self, Key};
use crate::session::driver::RunRequest;

/// What the compiler is told. Not what the run does with the result: `-c`, limits of time.
#[derive(Serialize)]
struct Input<'a> {
    source_name: &'a str,
    imported: &'a Option<Vec<Part>>,
    source: &'a str,
    options: &'a CompileOptions,
}

/// None where the machine or the program cannot be told from others.
pub fn key(request: &RunRequest) -> Option<Key> {
    let RunRequest { source_name, source, imported, options, .. } = request;
    let input = postcard::to_stdvec(&Input { source_name, imported, source, options }).ok()?;
    boot::key(&input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_the_script_and_its_options_and_not_what_the_run_does_with_them() {
        let request = |source: &str| RunRequest {
            source_name: "stdin".to_owned(),
            imported: None,
            source: source.to_owned(),
            options: CompileOptions::default(),
            command: None,
            dry_run: false,
            live_maps: false,
            live_map_entries: 0,
            time_limit_seconds: 0,
            measure: false,
            server: None,
            debug_directories: Vec::new(),
        };
        let Some(first) = key(&request("begin { }")) else {
            println!("skipped: the_key_follows_the_script: this machine does not tell its boot");
            return;
        };
        assert_eq!(key(&request("begin { }")), Some(first.clone()));
        assert_eq!(key(&RunRequest { dry_run: true, ..request("begin { }") }), Some(first.clone()));
        assert_ne!(key(&request("begin {  }")), Some(first.clone()));
        let options = CompileOptions { positional: vec!["1".to_owned()], ..CompileOptions::default() };
        assert_ne!(key(&RunRequest { options, ..request("begin { }") }), Some(first));
    }
}
