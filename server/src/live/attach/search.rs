//! Many places with one link, of which the kernel refuses all because of one: those that are refused are searched for,
//! in halves, and left out.

use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;

/// So many refusals in a row, and it is not about single places.
const HOPELESS: usize = 64;
/// The kernel's own `ENOTSUPP`, which has no name outside: an instruction that cannot be probed.
pub const NOT_SUPPORTED: i32 = 524;

/// What came of it.
#[derive(Debug, Default)]
pub struct Found {
    pub links: Vec<OwnedFd>,
    /// Places that the kernel does not take, by their numbers, with its reasons.
    pub refused: Vec<(usize, io::Error)>,
}

impl Found {
    /// Ties all of them, in one link or, where some are refused, in several without those.
    pub fn among(
        &mut self,
        places: Range<usize>,
        tie: &mut dyn FnMut(Range<usize>) -> io::Result<OwnedFd>,
    ) -> io::Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let error = match tie(places.clone()) {
            Ok(link) => {
                self.links.push(link);
                return Ok(());
            }
            Err(error) => error,
        };
        if !is_about_a_place(&error) || self.links.is_empty() && self.refused.len() >= HOPELESS {
            return Err(error);
        }
        if places.len() == 1 {
            self.refused.push((places.start, error));
            return Ok(());
        }
        let middle = places.start + places.len() / 2;
        self.among(places.start..middle, tie)?;
        self.among(middle..places.end, tie)
    }
}

/// Whether other places may be taken where this was refused.
pub fn is_about_a_place(error: &io::Error) -> bool {
    let Some(number) = error.raw_os_error() else { return false };
    [
        libc::ESRCH,
        libc::ENOENT,
        libc::EINVAL,
        libc::EADDRNOTAVAIL,
        libc::EILSEQ,
        libc::EBUSY,
        libc::EOPNOTSUPP,
        NOT_SUPPORTED,
    ]
    .contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ties what does not hold one of the bad places; the bad ones, and the sizes of the links.
    fn searched(count: usize, bad: &[usize], errno: i32) -> (io::Result<()>, Vec<usize>, Vec<usize>) {
        let mut sizes = Vec::new();
        let mut tie = |some: Range<usize>| {
            if bad.iter().any(|place| some.contains(place)) {
                return Err(io::Error::from_raw_os_error(errno));
            }
            sizes.push(some.len());
            std::fs::File::open("/dev/null").map(OwnedFd::from)
        };
        let mut found = Found::default();
        let result = found.among(0..count, &mut tie);
        (result, found.refused.into_iter().map(|(place, _)| place).collect(), sizes)
    }

    #[test]
    fn refused_places_are_left_out_and_all_others_tied() {
        let (result, refused, sizes) = searched(6, &[1, 5], libc::ESRCH);
        assert!(result.is_ok());
        assert_eq!((refused, sizes.iter().sum::<usize>()), (vec![1, 5], 4));
        let (_, refused, sizes) = searched(3, &[], NOT_SUPPORTED);
        assert_eq!((refused.len(), sizes), (0, vec![3]));
    }

    #[test]
    fn what_is_not_about_a_place_ends_the_search() {
        let (result, refused, sizes) = searched(2, &[0], libc::EPERM);
        assert_eq!(
            (result.map_err(|it| it.raw_os_error()), refused.len(), sizes.len()),
            (Err(Some(libc::EPERM)), 0, 0)
        );
    }

    #[test]
    fn where_nothing_is_taken_the_search_is_given_up() {
        let all: Vec<usize> = (0..1000).collect();
        let (result, refused, _) = searched(1000, &all, libc::EINVAL);
        assert_eq!((result.map_err(|it| it.raw_os_error()), refused.len()), (Err(Some(libc::EINVAL)), HOPELESS));
    }
}
