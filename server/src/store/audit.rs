//! Who did what and when. Rows are added and never changed.

use rusqlite::{Connection, params};

use super::{Result, now_ms};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Counts all entries from 1, without gaps.
    pub id: i64,
    /// Wall clock, milliseconds since 1970.
    pub at_ms: i64,
    pub who: String,
    pub role: String,
    /// A stable name, such as `run` or `share`.
    pub action: String,
    pub run: Option<String>,
    /// What it was done to, in words.
    pub subject: String,
    /// The text of a script, for one.
    pub detail: String,
}

/// Which entries are wanted; what is empty restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    pub who: String,
    pub action: String,
    /// Part of the subject, the detail or the id of a run.
    pub text: String,
    /// Only entries before this one: the next page of a list.
    pub before: Option<i64>,
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
}

pub fn add(connection: &Connection, entry: &Entry) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at_ms, who, role, action, run, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![now_ms(), entry.who, entry.role, entry.action, entry.run, entry.subject, entry.detail])?;
    Ok(())
}

/// The newest first.
pub fn list(connection: &Connection, filter: &Filter, at_most: u32) -> Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, at_ms, who, role, action, run, subject, detail FROM audit
         WHERE (?1 = '' OR who = ?1) AND (?2 = '' OR action = ?2)
           AND (?3 = '' OR instr(lower(subject || char(10) || detail || char(10) || coalesce(run, '')), lower(?3)) > 0)
           AND (?4 IS NULL OR id < ?4) AND (?5 IS NULL OR at_ms >= ?5) AND (?6 IS NULL OR at_ms <= ?6)
         ORDER BY id DESC LIMIT ?7",
    )?;
    let values = params![filter.who, filter.action, filter.text, filter.before, filter.from_ms, filter.to_ms, at_most];
    let entries = statement.query_map(values, |row| {
        Ok(Entry {
            id: row.get(0)?,
            at_ms: row.get(1)?,
            who: row.get(2)?,
            role: row.get(3)?,
            action: row.get(4)?,
            run: row.get(5)?,
            subject: row.get(6)?,
            detail: row.get(7)?,
        })
    })?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}
