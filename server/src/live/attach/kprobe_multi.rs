//! One link for many kernel functions. The kernel refuses all of them because of one that it cannot probe, and of
//! functions that share a name it takes one: so refused ones are searched for and left out, and shared names are
//! replaced by addresses.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;

use tracedeck_compiler::manifest::{KprobePlace, KprobeSpec};

use super::super::bpf::link::{self, Functions};
use super::{AttachError, Link, Place, Tied};
use crate::host::symbols::kallsyms::Kallsyms;

/// So many refusals in a row, and it is not about single functions.
const HOPELESS: usize = 64;

pub fn attach(place: &Place<'_>, spec: &KprobeSpec) -> Result<Tied, AttachError> {
    let mut tie = |functions: Functions<'_>| link::kprobe_multi(place.program, functions, place.cookie, spec.is_return);
    let (names, addresses) = targets(spec, &Kallsyms::read().unwrap_or_default())?;
    let doing = || format!("probing {} functions", spec.places.len());
    let (mut links, mut refused) = (Vec::new(), Vec::new());
    let mut search = Search { tie: &mut tie, links: &mut links, refused: &mut refused };
    search.among(Functions::Named(&names)).map_err(|error| AttachError::new(doing(), error))?;
    let among_addresses = search.among(Functions::At(&addresses));
    among_addresses.map_err(|error| AttachError::new(doing(), error))?;
    // Of functions that share a name some may be no place for a probe, without anybody missing them.
    let refused = refused.into_iter().filter_map(|refusal| match refusal.what {
        What::Name(name) => Some((name, refusal.error)),
        What::Address => None,
    });
    let refused: Vec<(String, io::Error)> = refused.collect();
    if links.is_empty() {
        let error = refused.into_iter().next().map_or_else(|| io::Error::from_raw_os_error(libc::EINVAL), |it| it.1);
        return Err(AttachError::new(format!("{}: the kernel takes none of them", doing()), error));
    }
    let links = links.into_iter().map(|link| Link::new(link, None)).collect();
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

struct Refusal {
    what: What,
    error: io::Error,
}

enum What {
    Name(String),
    Address,
}

struct Search<'s> {
    tie: &'s mut dyn FnMut(Functions<'_>) -> io::Result<OwnedFd>,
    links: &'s mut Vec<OwnedFd>,
    refused: &'s mut Vec<Refusal>,
}

impl Search<'_> {
    /// Ties all of them, in one link or, where some are refused, in several without those.
    fn among(&mut self, functions: Functions<'_>) -> io::Result<()> {
        if functions.count() == 0 {
            return Ok(());
        }
        let error = match (self.tie)(functions) {
            Ok(link) => {
                self.links.push(link);
                return Ok(());
            }
            Err(error) => error,
        };
        if !is_about_a_function(&error) || self.links.is_empty() && self.refused.len() >= HOPELESS {
            return Err(error);
        }
        if functions.count() == 1 {
            let what = match functions {
                Functions::Named(names) => What::Name(names.first().map_or("", |it| text(it)).to_owned()),
                Functions::At(_) => What::Address,
            };
            self.refused.push(Refusal { what, error });
            return Ok(());
        }
        functions.split_at(functions.count() / 2).into_iter().try_for_each(|half| self.among(half))
    }
}

fn text(name: &CStr) -> &str {
    name.to_str().unwrap_or("a function")
}

/// Whether other functions may be taken where this was refused.
pub fn is_about_a_function(error: &io::Error) -> bool {
    let Some(number) = error.raw_os_error() else { return false };
    [libc::ESRCH, libc::ENOENT, libc::EINVAL, libc::EADDRNOTAVAIL, libc::EILSEQ, libc::EBUSY, libc::EOPNOTSUPP]
        .contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ties what does not hold one of the bad names; the bad ones, and the sizes of the links.
    fn searched(names: &[&str], bad: &[&str], errno: i32) -> (io::Result<()>, Vec<String>, Vec<usize>) {
        let names: Vec<CString> = names.iter().map(|name| CString::new(*name).expect("a name")).collect();
        let (mut links, mut refused, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let mut tie = |functions: Functions<'_>| {
            let Functions::Named(some) = functions else { panic!("names were asked for") };
            if some.iter().any(|name| bad.contains(&text(name))) {
                return Err(io::Error::from_raw_os_error(errno));
            }
            sizes.push(some.len());
            std::fs::File::open("/dev/null").map(OwnedFd::from)
        };
        let result = Search { tie: &mut tie, links: &mut links, refused: &mut refused }.among(Functions::Named(&names));
        let refused = refused.into_iter().map(|refusal| match refusal.what {
            What::Name(name) => name,
            What::Address => String::new(),
        });
        (result, refused.collect(), sizes)
    }

    #[test]
    fn refused_functions_are_left_out_and_all_others_tied() {
        let (result, refused, sizes) = searched(&["a", "b", "c", "d", "e", "f"], &["b", "f"], libc::ESRCH);
        assert!(result.is_ok());
        assert_eq!((refused, sizes.iter().sum::<usize>()), (vec!["b".to_owned(), "f".to_owned()], 4));
        let (_, refused, sizes) = searched(&["a", "b", "c"], &[], libc::ESRCH);
        assert_eq!((refused.len(), sizes), (0, vec![3]));
    }

    #[test]
    fn what_is_not_about_a_function_ends_the_search() {
        let (result, refused, sizes) = searched(&["a", "b"], &["a"], libc::EPERM);
        assert_eq!(
            (result.map_err(|it| it.raw_os_error()), refused.len(), sizes.len()),
            (Err(Some(libc::EPERM)), 0, 0)
        );
    }

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
