//! strftime in the C locale, over a computed date: the same on every machine and in replays.

use std::fmt::Write;

use super::clock::Civil;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// An instant in a time zone of a fixed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    /// Since 1970-01-01 UTC.
    pub seconds: i64,
    pub nanoseconds: u32,
    /// Local time minus UTC, seconds.
    pub offset: i32,
}

impl Instant {
    /// From nanoseconds since 1970-01-01 UTC.
    pub fn from_nanoseconds(nanoseconds: i128, offset: i32) -> Self {
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        Self {
            seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
            nanoseconds: nanoseconds.rem_euclid(1_000_000_000) as u32,
            offset,
        }
    }

    pub fn local(&self) -> Civil {
        Civil::new(self.seconds.saturating_add(i64::from(self.offset)))
    }

    /// `2026-01-31T10:15:01.000000000`, the form of a timestamp without a format.
    pub fn iso(&self) -> String {
        let civil = self.local();
        format!("{}T{}.{:09}", civil.date(), civil.time(), self.nanoseconds)
    }
}

/// Formats an instant. Beside what C knows: `%f` microseconds, `%l` milliseconds, `%k` nanoseconds.
/// Unknown conversions are kept as they are written.
pub fn strftime(format: &str, instant: Instant) -> String {
    let civil = instant.local();
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut conversion = rest.next();
        // `E` and `O` ask for a locale's alternative form; the C locale has none.
        if matches!(conversion, Some('E' | 'O')) {
            conversion = rest.next();
        }
        match conversion {
            Some(conversion) => convert(&mut out, conversion, &civil, instant),
            None => out.push('%'),
        }
    }
    out
}

fn convert(out: &mut String, conversion: char, civil: &Civil, instant: Instant) {
    // Writing to a String cannot fail.
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        let _ = out.write_fmt(arguments);
    };
    let month = MONTHS[(civil.month as usize + 11) % 12];
    let day = DAYS[civil.weekday as usize % 7];
    let hour12 = (civil.hour + 11) % 12 + 1;
    let half = if civil.hour < 12 { "AM" } else { "PM" };
    match conversion {
        'a' => put(format_args!("{}", &day[..3])),
        'A' => put(format_args!("{day}")),
        'b' | 'h' => put(format_args!("{}", &month[..3])),
        'B' => put(format_args!("{month}")),
        'c' => put(format_args!("{} {} {:2} {} {}", &day[..3], &month[..3], civil.day, civil.time(), civil.year)),
        'C' => put(format_args!("{:02}", civil.year.div_euclid(100))),
        'd' => put(format_args!("{:02}", civil.day)),
        'D' | 'x' => put(format_args!("{:02}/{:02}/{:02}", civil.month, civil.day, civil.year.rem_euclid(100))),
        'e' => put(format_args!("{:2}", civil.day)),
        'f' => put(format_args!("{:06}", instant.nanoseconds / 1000)),
        'F' => put(format_args!("{}", civil.date())),
        'g' => put(format_args!("{:02}", iso_week(civil).0.rem_euclid(100))),
        'G' => put(format_args!("{}", iso_week(civil).0)),
        'H' => put(format_args!("{:02}", civil.hour)),
        'I' => put(format_args!("{hour12:02}")),
        'j' => put(format_args!("{:03}", civil.year_day + 1)),
        'k' => put(format_args!("{:09}", instant.nanoseconds)),
        'l' => put(format_args!("{:03}", instant.nanoseconds / 1_000_000)),
        'm' => put(format_args!("{:02}", civil.month)),
        'M' => put(format_args!("{:02}", civil.minute)),
        'n' => put(format_args!("\n")),
        'p' => put(format_args!("{half}")),
        'P' => put(format_args!("{}", half.to_ascii_lowercase())),
        'r' => put(format_args!("{hour12:02}:{:02}:{:02} {half}", civil.minute, civil.second)),
        'R' => put(format_args!("{:02}:{:02}", civil.hour, civil.minute)),
        's' => put(format_args!("{}", instant.seconds)),
        'S' => put(format_args!("{:02}", civil.second)),
        't' => put(format_args!("\t")),
        'T' | 'X' => put(format_args!("{}", civil.time())),
        'u' => put(format_args!("{}", (civil.weekday + 6) % 7 + 1)),
        'U' => put(format_args!("{:02}", (civil.year_day + 7 - civil.weekday) / 7)),
        'V' => put(format_args!("{:02}", iso_week(civil).1)),
        'w' => put(format_args!("{}", civil.weekday)),
        'W' => put(format_args!("{:02}", (civil.year_day + 7 - (civil.weekday + 6) % 7) / 7)),
        'y' => put(format_args!("{:02}", civil.year.rem_euclid(100))),
        'Y' => put(format_args!("{}", civil.year)),
        'z' => {
            let minutes = instant.offset.unsigned_abs() / 60;
            put(format_args!("{}{:02}{:02}", if instant.offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60));
        }
        'Z' if instant.offset == 0 => put(format_args!("UTC")),
        'Z' => convert(out, 'z', civil, instant),
        '%' => put(format_args!("%")),
        other => put(format_args!("%{other}")),
    }
}

/// Year and week of ISO 8601: weeks start on Monday, week 1 holds the year's first Thursday.
fn iso_week(civil: &Civil) -> (i64, u32) {
    let thursday = i64::from(civil.year_day) + 3 - i64::from((civil.weekday + 6) % 7);
    let days_in = |year| if super::clock::is_leap(year) { 366 } else { 365 };
    let (year, day) = match thursday {
        day if day < 0 => (civil.year - 1, day + days_in(civil.year - 1)),
        day if day >= days_in(civil.year) => (civil.year + 1, day - days_in(civil.year)),
        day => (civil.year, day),
    };
    (year, (day / 7) as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31 10:15:01.004005006 in a zone 5:30 east of UTC.
    const INSTANT: Instant = Instant { seconds: 1_769_834_701, nanoseconds: 4_005_006, offset: 19_800 };

    #[test]
    fn the_conversions_of_c_and_the_three_fractions() {
        assert_eq!(strftime("%Y-%m-%d %H:%M:%S", INSTANT), "2026-01-31 10:15:01");
        assert_eq!(strftime("%a %A %b %B %e %j %u %w", INSTANT), "Sat Saturday Jan January 31 031 6 6");
        assert_eq!(strftime("%f %l %k %z %I%p %%%Q", INSTANT), "004005 004 004005006 +0530 10AM %%Q");
        assert_eq!(strftime("%c|%D|%R|%V|%G", INSTANT), "Sat Jan 31 10:15:01 2026|01/31/26|10:15|05|2026");
        assert_eq!(strftime("ends in %", INSTANT), "ends in %");
    }

    #[test]
    fn weeks_at_the_turn_of_a_year_belong_to_the_year_of_their_thursday() {
        let at = |seconds| strftime("%G-W%V", Instant { seconds, nanoseconds: 0, offset: 0 });
        assert_eq!(at(1_735_516_800), "2025-W01", "2024-12-30 is a Monday");
        assert_eq!(at(1_609_459_200), "2020-W53", "2021-01-01 is a Friday");
    }

    #[test]
    fn the_default_form_is_iso() {
        assert_eq!(INSTANT.iso(), "2026-01-31T10:15:01.004005006");
        assert_eq!(Instant::from_nanoseconds(-1, 0).iso(), "1969-12-31T23:59:59.999999999");
    }
}
