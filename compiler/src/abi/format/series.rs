//! Time series as a graph that runs down the page, one line for each interval.

use super::super::value::{Number, Series};
use super::clock::Civil;
use super::text::TextWriter;

/// Columns of the graph, its borders included.
const WIDTH: usize = 53;
/// Columns of the smallest value above and below the graph; the largest takes the rest.
const LEFT_WIDTH: usize = 21;
const RIGHT_WIDTH: usize = WIDTH - LEFT_WIDTH;

impl TextWriter<'_> {
    pub(super) fn series(&mut self, series: &Series) {
        let (Some((first, _)), Some((last, _))) = (series.points.first(), series.points.last()) else {
            return self.push("<no data>\n");
        };
        let scale = Scale::of(series);
        let digits = fraction_digits(series.interval_ns);
        let header = match digits {
            0 => "hh:mm:ss",
            3 => "hh:mm:ss.ms",
            6 => "hh:mm:ss.us",
            _ => "hh:mm:ss.ns",
        };
        let margin = if digits == 0 { 8 } else { 9 + digits } + 1;
        let bounds = format!("{:margin$}{:<LEFT_WIDTH$}{:>RIGHT_WIDTH$}\n", "", scale.label_low, scale.label_high);
        let line = "_".repeat(WIDTH - 2);
        self.push(&bounds);
        self.push(&format!("{header:<margin$}|{line}|\n"));

        let value_width = series.points.iter().map(|(_, value)| value.wide().to_string().len()).max().unwrap_or(1);
        let mut points = series.points.iter().peekable();
        for epoch in *first..=*last {
            let value = points.next_if(|(at, _)| *at == epoch).map(|(_, value)| *value);
            let time = self.interval_start(epoch, series.interval_ns, digits);
            let text = value.map_or("-".to_owned(), |value| value.wide().to_string());
            self.push(&format!("{time:<margin$}{} {text:>value_width$}\n", scale.row(value)));
        }
        self.push(&format!("{:margin$}v{line}v\n", ""));
        self.push(&bounds);
    }

    /// The local time at which an interval starts.
    fn interval_start(&self, epoch: u64, interval_ns: u64, digits: usize) -> String {
        let tai_ns = epoch.saturating_mul(interval_ns);
        let (seconds, offset) = self.names.tai_to_wall(tai_ns);
        let civil = Civil::new(seconds.saturating_add(i64::from(offset)));
        let clock = format!("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
        let nanoseconds = format!("{:09}", tai_ns % 1_000_000_000);
        if digits == 0 { clock } else { format!("{clock}.{}", &nanoseconds[..digits]) }
    }
}

/// Digits of the fraction of a second that intervals of this length need.
fn fraction_digits(interval_ns: u64) -> usize {
    match interval_ns {
        0..1_000 => 9,
        1_000..1_000_000 => 6,
        1_000_000..1_000_000_000 => 3,
        _ => 0,
    }
}

/// Where values stand between the smallest and the largest.
struct Scale {
    low: i128,
    high: i128,
    label_low: String,
    label_high: String,
}

impl Scale {
    fn of(series: &Series) -> Self {
        let values = series.points.iter().map(|(_, value)| value.wide());
        let (mut low, mut high) = (values.clone().min().unwrap_or(0), values.max().unwrap_or(0));
        if low == high {
            low -= 1;
            high += 1;
        }
        Self { low, high, label_low: low.to_string(), label_high: high.to_string() }
    }

    fn column(&self, value: i128) -> usize {
        ((WIDTH as i128 - 1) * (value - self.low) / (self.high - self.low)) as usize
    }

    /// The graph's line: borders, a dot at zero where the range has both signs, the point on top.
    fn row(&self, value: Option<Number>) -> String {
        let mut row = [b' '; WIDTH];
        row[0] = b'|';
        row[WIDTH - 1] = b'|';
        if self.low < 0 && self.high > 0 {
            row[self.column(0)] = b'.';
        }
        if let Some(value) = value {
            row[self.column(value.wide())] = b'*';
        }
        row.iter().map(|byte| char::from(*byte)).collect()
    }
}
