//! One link for many kernel functions. Of functions that share a name the kernel takes one: such names are replaced by
//! addresses.

use std::ffi::{CStr, CString};
use std::io;

use tracedeck_compiler::manifest::{KprobePlace, KprobeSpec, ProgramKind};

use super::super::bpf::link::{self, End, Functions};
use super::search::Found;
use super::{AttachError, Link, Place, Tied};
use crate::host::symbols::kallsyms::Kallsyms;

pub fn attach(place: &Place<'_>, spec: &KprobeSpec) -> Result<Tied, AttachError> {
    let end = match (place.kind, spec.is_return) {
        // Its program is at the return since it was tied to the entry.
        (ProgramKind::KprobeSession, true) => return Ok(Tied { links: Vec::new(), left_out: Vec::new() }),
        (ProgramKind::KprobeSession, false) => End::Both,
        (_, true) => End::Return,
        (_, false) => End::Entry,
    };
    let tie = |functions: Functions<'_>| link::kprobe_multi(place.program, functions, place.cookie, end);
    let (names, addresses) = targets(spec, &Kallsyms::read().unwrap_or_default())?;
    let failed = |error| AttachError::new(format!("probing {} functions", spec.places.len()), error);
    let mut found = Found::default();
    found.among(0..names.len(), &mut |some| tie(Functions::Named(&names[some]))).map_err(failed)?;
    let refused = std::mem::take(&mut found.refused);
    // Of functions that share a name some may be no place for a probe, without anybody missing them.
    found.among(0..addresses.len(), &mut |some| tie(Functions::At(&addresses[some]))).map_err(failed)?;
    let refused: Vec<(&str, io::Error)> =
        refused.into_iter().map(|(number, error)| (text(&names[number]), error)).collect();
    if found.links.is_empty() {
        let error = refused.into_iter().next().map_or_else(|| io::Error::from_raw_os_error(libc::EINVAL), |it| it.1);
        let doing = format!("probing {} functions: the kernel takes none of them", spec.places.len());
        return Err(AttachError::new(doing, error));
    }
    let links = found.links.into_iter().map(|link| Link::new(link, None)).collect();
    Ok(Tied { links, left_out: refused.into_iter().map(|(name, error)| format!("{name} ({error})")).collect() })
}

/// Functions that one name stands for by that name, others by all their addresses.
fn targets(spec: &KprobeSpec, symbols: &Kallsyms) -> Result<(Vec<CString>, Vec<u64>), AttachError> {
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    for place in &spec.places {
        match place {
            KprobePlace::Symbol { name, .. } => {
                let (module, bare) =
                    name.split_once(':').map_or((None, name.as_str()), |(module, it)| (Some(module), it));
                let all = symbols.addresses(module, bare);
                // The link finds functions of modules by their bare names, too.
                if all.is_empty() || symbols.homes(bare).len() == 1 {
                    names.push(super::kprobe::c_name(bare)?);
                } else {
                    addresses.extend(all);
                }
            }
            KprobePlace::Address(address) => addresses.push(*address),
        }
    }
    Ok((names, addresses))
}

fn text(name: &CStr) -> &str {
    name.to_str().unwrap_or("a function")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_functions_share_becomes_their_addresses() {
        let symbols = Kallsyms::parse(
            b"ffffffff81000000 t one\nffffffff81000100 t two\nffffffff81000200 t two\n\
            ffffffffc0000000 t two\t[m]\nffffffffc0000100 t three\t[m]\n",
        );
        let place = |name: &str| KprobePlace::Symbol { name: name.to_owned(), offset: 0 };
        let of = |names: &[&str]| {
            let spec = KprobeSpec { places: names.iter().map(|name| place(name)).collect(), is_return: false };
            targets(&spec, &symbols).expect("names")
        };
        let name = |name: &str| CString::new(name).expect("a name");
        assert_eq!(of(&["one", "two"]), (vec![name("one")], vec![0xffff_ffff_8100_0100, 0xffff_ffff_8100_0200]));
        assert_eq!(of(&["m:two", "m:three"]), (vec![name("three")], vec![0xffff_ffff_c000_0000]));
        assert_eq!(of(&["unknown"]), (vec![name("unknown")], vec![]));
    }
}
