//! Markup of the document: every text is escaped here, and nowhere else.

use crate::http::protocol::{Frame, KeyPart, MapKind, MapValue, MapView, Num};

/// Frames of a stack in a cell.
const FRAMES: usize = 3;

/// Text as an element's content or a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character => out.push(character),
        }
    }
    out
}

/// Digits in groups of three.
pub fn number(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::from(if value < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A table: its head, each with whether it is a column of numbers, and its rows, which are markup already.
pub fn table(head: &[(&str, bool)], rows: &str) -> String {
    let head: String = head
        .iter()
        .map(|(title, is_number)| {
            format!("<th scope=\"col\"{}>{}</th>", if *is_number { " class=\"n\"" } else { "" }, escape(title))
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

pub fn cell(text: &str) -> String {
    format!("<td class=\"mono\">{}</td>", escape(text))
}

pub fn number_cell(value: i128) -> String {
    format!("<td class=\"n\">{}</td>", number(value))
}

/// A bar of that share of the largest.
pub fn bar_cell(value: i128, most: i128) -> String {
    // A meter takes doubles; the bar is 200 pixels wide.
    format!("<td><meter value=\"{}\" max=\"{}\"></meter></td>", value.max(0), most.max(1))
}

/// A map that is no flame graph.
pub fn map(view: &MapView) -> String {
    let keys: Vec<(String, bool)> = match view.entries.first() {
        Some(entry) => entry.key.iter().map(|part| ("key".to_owned(), matches!(part, KeyPart::Number(_)))).collect(),
        None => Vec::new(),
    };
    let mut head: Vec<(&str, bool)> = keys.iter().map(|(title, is_number)| (title.as_str(), *is_number)).collect();
    match view.kind {
        MapKind::Number => head.extend([("value", true), ("", false)]),
        MapKind::Stats => head.extend([("count", true), ("average", true), ("total", true)]),
        MapKind::Histogram => head.extend([("bucket", false), ("count", true), ("", false)]),
        MapKind::Series => head.extend([("from", false), ("value", true)]),
        MapKind::Text => head.push(("value", false)),
    }
    let most = view.entries.iter().map(|entry| most_of(&entry.value)).max().unwrap_or(0);
    let mut rows = String::new();
    for entry in &view.entries {
        let key: String = entry.key.iter().map(key_cell).collect();
        for values in value_cells(&entry.value, most) {
            rows.push_str(&format!("<tr>{key}{values}</tr>"));
        }
    }
    table(&head, &rows)
}

fn most_of(value: &MapValue) -> i128 {
    match value {
        MapValue::Number { v } => v.0,
        MapValue::Histogram { buckets } => buckets.iter().map(|bucket| bucket.count.0).max().unwrap_or(0),
        MapValue::Stats { .. } | MapValue::Series { .. } | MapValue::Text { .. } => 0,
    }
}

fn key_cell(part: &KeyPart) -> String {
    match part {
        KeyPart::Text(text) => cell(text),
        KeyPart::Number(Num(value)) => format!("<td class=\"n\">{value}</td>"),
        KeyPart::Stack(frames) => cell(&stack(frames)),
    }
}

fn stack(frames: &[Frame]) -> String {
    let shown: Vec<&str> = frames.iter().take(FRAMES).map(|frame| frame.name.as_str()).collect();
    let more = frames.len().saturating_sub(FRAMES);
    shown.join(" < ") + &if more > 0 { format!(" < {more} more") } else { String::new() }
}

/// The cells of each row that a value takes.
fn value_cells(value: &MapValue, most: i128) -> Vec<String> {
    match value {
        MapValue::Number { v } => vec![number_cell(v.0) + &bar_cell(v.0, most)],
        MapValue::Stats { count, average, total } => {
            vec![[count, average, total].map(|value| number_cell(value.0)).concat()]
        }
        MapValue::Histogram { buckets } => buckets
            .iter()
            .map(|bucket| cell(&bucket.label) + &number_cell(bucket.count.0) + &bar_cell(bucket.count.0, most))
            .collect(),
        MapValue::Series { points, .. } => {
            points.iter().map(|point| cell(&point.at) + &number_cell(point.value.0)).collect()
        }
        MapValue::Text { v } => vec![cell(v)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_never_become_markup() {
        assert_eq!(
            escape("<img src=x onerror='a' title=\"&\">"),
            "&lt;img src=x onerror=&#39;a&#39; title=&quot;&amp;&quot;&gt;"
        );
        assert_eq!(cell("</td><script>"), "<td class=\"mono\">&lt;/td&gt;&lt;script&gt;</td>");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, -1_234_567].map(number), ["0", "999", "1,000", "-1,234,567"]);
    }
}
