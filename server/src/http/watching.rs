//! Who watches a run, and what each shows of it: presence, and whom one can follow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::auth::Access;
use super::protocol::Watcher;

/// Bytes of the query part of an address.
pub const MAX_ADDRESS: usize = 2000;

/// The pages that watch one run.
#[derive(Debug, Default)]
pub struct Watching(Mutex<Vec<Page>>);

#[derive(Debug)]
struct Page {
    number: u64,
    name: String,
    guest: bool,
    /// What it shows, with a number that is higher the later it said so.
    looking: Option<(u64, String)>,
}

impl Watching {
    /// Notes that somebody watches from now on; the number is the page's.
    pub fn arrive(&self, access: &Access) -> u64 {
        let guest = matches!(access, Access::Link { .. });
        let number = next();
        self.lock().push(Page { number, name: access.name().to_owned(), guest, looking: None });
        number
    }

    pub fn leave(&self, number: u64) {
        self.lock().retain(|page| page.number != number);
    }

    /// Notes what a page shows now. False: the others need not be told.
    pub fn look(&self, number: u64, address: String) -> bool {
        let mut pages = self.lock();
        // Guests of all links have one name: nobody could tell whom of them to follow.
        let Some(page) = pages.iter_mut().find(|page| page.number == number && !page.guest) else { return false };
        page.looking = Some((next(), address));
        pages.len() > 1
    }

    /// Who watches now, each name once.
    pub fn list(&self) -> Vec<Watcher> {
        let pages = self.lock();
        let mut pages: Vec<&Page> = pages.iter().collect();
        // The page of a person that moved last has the last word.
        pages.sort_by_key(|page| page.looking.as_ref().map(|(when, _)| *when));
        let mut found: BTreeMap<(&str, bool), Watcher> = BTreeMap::new();
        for page in pages {
            let none = || Watcher { name: page.name.clone(), guest: page.guest, tabs: 0, at: None };
            let watcher = found.entry((&page.name, page.guest)).or_insert_with(none);
            watcher.tabs += 1;
            watcher.at = page.looking.as_ref().map(|(_, address)| address.clone()).or(watcher.at.take());
        }
        found.into_values().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Orders pages and what they say.
fn next() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
