//! Dates and times of day, computed: no time zone files, no clock.

/// A date and time of day in the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    /// 0 is Sunday.
    pub weekday: u32,
    /// 0 is the first of January.
    pub year_day: u32,
}

const SECONDS_PER_DAY: i64 = 86_400;
/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

impl Civil {
    /// From seconds since 1970-01-01 00:00:00 of the same zone.
    pub fn new(seconds: i64) -> Self {
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
        // Counted from the first of March 2000, the leap day is the last day of its year, cycle of four and era.
        let since_march = days - 11_017;
        let era = since_march.div_euclid(DAYS_PER_ERA);
        let day_of_era = since_march.rem_euclid(DAYS_PER_ERA);
        let centuries = (day_of_era / 36_524).min(3);
        let day_of_century = day_of_era - centuries * 36_524;
        let fours = day_of_century / 1461;
        let day_of_four = day_of_century - fours * 1461;
        let years = (day_of_four / 365).min(3);
        let mut day = (day_of_four - years * 365) as u32;
        let march_year = 2000 + era * 400 + centuries * 100 + fours * 4 + years;

        const MONTH_DAYS: [u32; 12] = [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29];
        let mut month_index = 0;
        while day >= MONTH_DAYS[month_index] {
            day -= MONTH_DAYS[month_index];
            month_index += 1;
        }
        let (year, month) = match month_index as u32 {
            index @ 0..=9 => (march_year, index + 3),
            index => (march_year + 1, index - 9),
        };
        Self {
            year,
            month,
            day: day + 1,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            weekday: (days + 4).rem_euclid(7) as u32,
            year_day: year_day(year, month, day),
        }
    }

    /// `2026-01-31`
    pub fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `10:15:01`
    pub fn time(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

fn year_day(year: i64, month: u32, day_index: u32) -> u32 {
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    BEFORE[month as usize - 1] + day_index + u32::from(month > 2 && is_leap(year))
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other_through_leap_years_and_centuries() {
        let start = Civil::new(-200 * 365 * SECONDS_PER_DAY);
        let (mut year, mut month, mut day, mut weekday) = (start.year, start.month, start.day, start.weekday);
        for step in 1..=500 * 365 {
            let days_in_month = match month {
                4 | 6 | 9 | 11 => 30,
                2 if is_leap(year) => 29,
                2 => 28,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, last) if last == days_in_month => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
            weekday = (weekday + 1) % 7;
            let civil = Civil::new((step - 200 * 365) * SECONDS_PER_DAY + 3_661);
            assert_eq!((civil.year, civil.month, civil.day, civil.weekday), (year, month, day, weekday));
            assert_eq!((civil.hour, civil.minute, civil.second), (1, 1, 1));
            assert_eq!(civil.year_day == 0, (month, day) == (1, 1));
        }
    }

    #[test]
    fn the_epoch_is_a_thursday() {
        let civil = Civil::new(0);
        assert_eq!((civil.date().as_str(), civil.time().as_str(), civil.weekday), ("1970-01-01", "00:00:00", 4));
        assert_eq!(Civil::new(-1).date(), "1969-12-31");
        assert_eq!(Civil::new(1_796_083_199).date(), "2026-11-30");
    }
}
