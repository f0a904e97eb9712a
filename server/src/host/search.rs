//! Looking for attach points by a few letters: an index of all names, searched in a few milliseconds.
//!
//! A word of the query matches a name that has its letters in order; the better they hold together and the more of
//! them begin a part of the name, the further in front it comes. Every word of the query must match.

use std::collections::BTreeMap;

/// Names with what makes the search fast: lower case, and which letters each has.
#[derive(Debug, Default)]
pub struct Index {
    names: Vec<String>,
    /// All names in lower case, one after another; names are ASCII but for a few of user programs.
    lower: Vec<u8>,
    /// Where each name ends in `lower`.
    ends: Vec<u32>,
    /// One bit for each letter that a name has.
    letters: Vec<u64>,
}

/// A name that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'i> {
    pub name: &'i str,
    /// The larger, the better.
    pub score: i32,
}

/// A branch of the tree that colons make of all names, or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    pub name: String,
    pub count: u32,
}

/// What a match is worth: a whole word of the name, its beginning, letters in a row; and what letters between cost.
const WHOLE: i32 = 200;
const START: i32 = 60;
const BOUNDARY: i32 = 12;
const IN_A_ROW: i32 = 8;
const LETTER: i32 = 4;
const GAP: i32 = 1;
const MOST_GAP: i32 = 12;

impl Index {
    pub fn new(names: Vec<String>) -> Self {
        let mut index = Self { names, ..Self::default() };
        for name in &index.names {
            let lower = name.bytes().map(|byte| byte.to_ascii_lowercase());
            index.letters.push(lower.clone().map(letter).fold(0, |all, bit| all | bit));
            index.lower.extend(lower);
            index.ends.push(index.lower.len() as u32);
        }
        index
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// What follows a prefix up to the next colon, in alphabetical order: names as far as that, and how many have it.
    pub fn children(&self, prefix: &str) -> Vec<Child> {
        let mut found: BTreeMap<&str, u32> = BTreeMap::new();
        for name in self.names.iter().filter(|name| name.starts_with(prefix) && name.len() > prefix.len()) {
            let rest = &name[prefix.len()..];
            let end = rest.find(':').map_or(name.len(), |colon| prefix.len() + colon + 1);
            *found.entry(&name[..end]).or_default() += 1;
        }
        found.into_iter().map(|(name, count)| Child { name: name.to_owned(), count }).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How many names match, and the best of them, best first; of equal ones the shorter, then in alphabetical order.
    pub fn search(&self, query: &str, limit: usize) -> (usize, Vec<Found<'_>>) {
        let words: Vec<Vec<u8>> =
            query.split_whitespace().map(|word| word.bytes().map(|byte| byte.to_ascii_lowercase()).collect()).collect();
        let wanted = words.iter().flatten().fold(0, |all, byte| all | letter(*byte));
        let mut matches: Vec<(i32, u32)> = Vec::new();
        let mut start = 0;
        for (number, end) in self.ends.iter().enumerate() {
            let name = &self.lower[start..*end as usize];
            start = *end as usize;
            if self.letters[number] & wanted != wanted {
                continue;
            }
            if let Some(score) = words.iter().map(|word| score(name, word)).try_fold(0, |sum, it| Some(sum + it?)) {
                matches.push((score, number as u32));
            }
        }
        let total = matches.len();
        let order = |left: &(i32, u32), right: &(i32, u32)| {
            let name = |of: &(i32, u32)| &self.names[of.1 as usize];
            (right.0, name(left).len(), name(left)).cmp(&(left.0, name(right).len(), name(right)))
        };
        if limit < matches.len() && limit > 0 {
            matches.select_nth_unstable_by(limit - 1, order);
        }
        matches.truncate(limit);
        matches.sort_unstable_by(order);
        (total, matches.iter().map(|(score, at)| Found { name: &self.names[*at as usize], score: *score }).collect())
    }
}

/// A bit for a byte; bytes that are neither letters nor digits share one.
fn letter(byte: u8) -> u64 {
    match byte {
        b'a'..=b'z' => 1 << (byte - b'a'),
        b'0'..=b'9' => 1 << (26 + byte - b'0'),
        b'_' => 1 << 36,
        b':' => 1 << 37,
        _ => 1 << 38,
    }
}

fn is_boundary(name: &[u8], at: usize) -> bool {
    at == 0 || !name[at - 1].is_ascii_alphanumeric()
}

/// What a word is worth in a name; None where its letters are not there in order.
fn score(name: &[u8], word: &[u8]) -> Option<i32> {
    if let Some(at) = find(name, word) {
        let end = at + word.len();
        let ends = end == name.len() || !name[end].is_ascii_alphanumeric();
        let mut value = (LETTER + IN_A_ROW) * word.len() as i32;
        if is_boundary(name, at) {
            value += START + if ends { WHOLE } else { 0 };
            // The last part is what a probe is called.
            value += if at == 0 || name[at - 1] == b':' { BOUNDARY } else { 0 };
        }
        return Some(value);
    }
    let (mut value, mut from) = (0, 0);
    let mut last: Option<usize> = None;
    for (number, letter) in word.iter().enumerate() {
        let next = from + name[from..].iter().position(|byte| byte == letter)?;
        // A letter that begins a part is meant rather than the next of its kind, if the others fit behind it.
        let begins = (next..name.len()).find(|at| name[*at] == *letter && is_boundary(name, *at));
        let at = match begins {
            Some(at) if last.is_none_or(|last| last + 1 != next) && fits(&name[at + 1..], &word[number + 1..]) => at,
            _ => next,
        };
        value += LETTER + if is_boundary(name, at) { BOUNDARY } else { 0 };
        match last {
            Some(last) if last + 1 == at => value += IN_A_ROW,
            Some(last) => value -= ((at - last - 1) as i32 * GAP).min(MOST_GAP),
            None => {}
        }
        last = Some(at);
        from = at + 1;
    }
    Some(value)
}

/// Whether all letters are there in order.
fn fits(name: &[u8], letters: &[u8]) -> bool {
    let mut rest = name.iter();
    letters.iter().all(|letter| rest.any(|byte| byte == letter))
}

/// The best place of a word in a name: one where a part begins, else the first.
fn find(name: &[u8], word: &[u8]) -> Option<usize> {
    let (first, rest) = word.split_first()?;
    let mut found = None;
    for at in 0..(name.len() + 1).saturating_sub(word.len()) {
        if name[at] == *first && name[at + 1..].starts_with(rest) {
            if is_boundary(name, at) {
                return Some(at);
            }
            found = found.or(Some(at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(query: &str) -> Vec<String> {
        let names = [
            "kprobe:tcp_v4_connect",
            "kprobe:tcp_connect",
            "kprobe:tcp_connect_init",
            "tracepoint:sched:sched_switch",
            "rawtracepoint:sched_switch",
            "tracepoint:syscalls:sys_enter_openat",
            "tracepoint:syscalls:sys_enter_openat2",
            "software:context-switches:",
        ];
        let index = Index::new(names.map(str::to_owned).to_vec());
        index.search(query, 10).1.into_iter().map(|found| found.name.to_owned()).collect()
    }

    #[test]
    fn colons_make_a_tree_of_the_names() {
        let names = ["t:a:x", "t:a:y", "t:b:x", "s:faults:", "t"].map(str::to_owned);
        let children = |prefix: &str| -> Vec<_> {
            let found = Index::new(names.to_vec()).children(prefix);
            found.into_iter().map(|child| (child.name, child.count)).collect()
        };
        assert_eq!(children(""), [("s:".to_owned(), 1), ("t".to_owned(), 1), ("t:".to_owned(), 3)]);
        assert_eq!(children("t:"), [("t:a:".to_owned(), 2), ("t:b:".to_owned(), 1)]);
        assert_eq!(children("t:a:"), [("t:a:x".to_owned(), 1), ("t:a:y".to_owned(), 1)]);
        assert_eq!(children("s:"), [("s:faults:".to_owned(), 1)]);
        assert_eq!(children("nothing"), []);
    }

    #[test]
    fn whole_words_come_first_then_beginnings() {
        assert_eq!(best("tcp_connect")[..2], ["kprobe:tcp_connect", "kprobe:tcp_connect_init"]);
        assert_eq!(best("openat")[0], "tracepoint:syscalls:sys_enter_openat");
        assert_eq!(best("switch")[0], "rawtracepoint:sched_switch");
    }

    #[test]
    fn letters_in_order_are_enough_and_beginnings_of_parts_count() {
        assert_eq!(best("tv4c"), ["kprobe:tcp_v4_connect"]);
        assert_eq!(best("SchSw")[..2], ["rawtracepoint:sched_switch", "tracepoint:sched:sched_switch"]);
        assert!(best("xyz").is_empty());
    }

    #[test]
    fn every_word_must_match_in_any_order() {
        assert_eq!(best("connect v4"), ["kprobe:tcp_v4_connect"]);
        assert_eq!(best("open tracepoint").len(), 2);
        assert_eq!(best("").len(), 8);
    }

    #[test]
    fn the_number_of_all_matches_is_told_beside_the_best() {
        let index = Index::new((0..60_000).map(|number| format!("kprobe:function_{number}_of_many")).collect());
        let (total, best) = index.search("fun 59999", 5);
        assert_eq!((total, best.len()), (1, 1));
        let (total, best) = index.search("function", 7);
        assert_eq!((total, best.len(), best[0].name), (60_000, 7, "kprobe:function_0_of_many"));
    }

    #[test]
    fn any_bytes_are_searched_without_a_panic() {
        let index = Index::new(vec!["uprobe:/bin/ü:größe".to_owned(), String::new()]);
        for query in ["ß", "\u{0}", ":::", "ü g", " "] {
            let _ = index.search(query, 3);
        }
    }
}
