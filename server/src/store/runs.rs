//! The table of runs.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Result, StoreError};
use crate::session::event::{EndReason, Event, Stamped};
use crate::session::replay::Replay;

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunRecord {
    pub id: String,
    pub title: String,
    pub source: String,
    pub parameters: Vec<String>,
    /// 0: no limit.
    pub time_limit_seconds: u64,
    pub idempotency_key: Option<String>,
    /// Wall clock, milliseconds since 1970.
    pub started_ms: i64,
    /// The name of who began it.
    pub started_by: String,
    /// Kept when others make room.
    pub pinned: bool,
    /// The run that this is a frozen copy of.
    pub copy_of: Option<String>,
    /// None while it runs.
    pub summary: Option<RunSummary>,
}

/// What is known of a run after its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunSummary {
    pub reason: String,
    pub ok: bool,
    pub duration_ms: u64,
    pub probes: u32,
    pub lost: u64,
    /// Why not all of it is recorded.
    pub problem: Option<String>,
}

const COLUMNS: &str = "id, title, source, parameters, time_limit_seconds, idempotency_key, started_ms, ended, reason, ok, \
                       duration_ms, probes, lost, problem, started_by, pinned, copy_of";

pub fn insert(connection: &Connection, record: &RunRecord) -> Result<()> {
    let parameters = serde_json::Value::from(record.parameters.clone()).to_string();
    connection.execute(
        "INSERT INTO runs (id, title, source, parameters, time_limit_seconds, idempotency_key, event_format, started_ms, \
         started_by, pinned, copy_of) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            record.id,
            record.title,
            record.source,
            parameters,
            to_signed(record.time_limit_seconds),
            record.idempotency_key,
            super::chunk::FORMAT,
            record.started_ms,
            record.started_by,
            record.pinned,
            record.copy_of
        ],
    )?;
    Ok(())
}

pub fn finish(connection: &Connection, run: &str, summary: &RunSummary) -> Result<()> {
    connection.execute(
        "UPDATE runs SET ended = 1, reason = ?2, ok = ?3, duration_ms = ?4, probes = ?5, lost = ?6, problem = ?7 WHERE id = ?1",
        params![
            run,
            summary.reason,
            summary.ok,
            to_signed(summary.duration_ms),
            summary.probes,
            to_signed(summary.lost),
            summary.problem
        ],
    )?;
    Ok(())
}

/// Marks runs that no server is running any more. Their duration is that of the last recorded event.
pub fn mark_interrupted(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction()?;
    let open: Vec<String> = {
        let mut statement = transaction.prepare("SELECT id FROM runs WHERE ended = 0")?;
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    for run in open {
        let mut replay = Replay::default();
        let result =
            super::chunk::load(&transaction, &run).and_then(|recording| recording.play(|event| replay.take(&event)));
        if let Err(error) = result {
            // It still gets its end.
            tracing::warn!(%run, %error, "an interrupted run cannot be read");
        }
        finish(&transaction, &run, &RunSummary::of(&replay.into_hub().status()))?;
    }
    transaction.commit()?;
    Ok(())
}

impl RunSummary {
    /// The summary of a run that has this status at its end.
    pub fn of(status: &crate::session::hub::picture::Status) -> Self {
        let reason = status.end.as_ref().map(|(reason, _)| reason);
        Self {
            reason: reason.map_or_else(String::new, crate::session::event::EndReason::sentence),
            ok: reason.is_some_and(crate::session::event::EndReason::is_ok),
            duration_ms: status.duration_ns / 1_000_000,
            probes: status.probes,
            lost: status.lost,
            problem: status.recording_problem.clone(),
        }
    }
}

pub fn load(connection: &Connection, id: &str) -> Result<Option<RunRecord>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"))?;
    Ok(statement.query_row([id], from_row).optional()?)
}

pub fn list(connection: &Connection, at_most: u32) -> Result<Vec<RunRecord>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM runs WHERE copy_of IS NULL ORDER BY started_ms DESC, rowid DESC LIMIT ?1"
    ))?;
    Ok(statement.query_map([at_most], from_row)?.collect::<rusqlite::Result<_>>()?)
}

pub fn by_idempotency_key(connection: &Connection, key: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT id FROM runs WHERE idempotency_key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Deletes the oldest run that has ended and that nobody wants kept: neither pinned nor behind a link that is open.
/// False when there is none.
pub fn delete_oldest(connection: &Connection) -> Result<bool> {
    let deleted = connection.execute(
        &format!("DELETE FROM runs WHERE id = (SELECT id FROM runs WHERE {EXPENDABLE} ORDER BY started_ms LIMIT 1)"),
        [super::now_ms() / 1000],
    )?;
    Ok(deleted > 0)
}

/// Deletes what ended before a moment, except what somebody wants kept; how many.
pub fn delete_older(connection: &Connection, before_ms: i64) -> Result<usize> {
    Ok(connection.execute(
        &format!("DELETE FROM runs WHERE {EXPENDABLE} AND started_ms + duration_ms < ?2"),
        params![super::now_ms() / 1000, before_ms],
    )?)
}

/// What is recorded, as one looks at it to decide how long to keep it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Runs without the copies behind links.
    pub all: u32,
    /// Those that are deleted neither by age nor to make room.
    pub wanted: u32,
    /// Those that ended before the given moment and may be deleted.
    pub due: u32,
    pub oldest_ms: Option<i64>,
}

/// `before_ms` None: no run is too old.
pub fn kept(connection: &Connection, before_ms: Option<i64>) -> Result<Kept> {
    let now_s = super::now_ms() / 1000;
    let row = connection.query_row(
        &format!(
            "SELECT count(*), count(*) FILTER (WHERE ended = 1 AND NOT ({EXPENDABLE})),
                    count(*) FILTER (WHERE {EXPENDABLE} AND started_ms + duration_ms < ?2), min(started_ms)
             FROM runs WHERE copy_of IS NULL"
        ),
        params![now_s, before_ms.unwrap_or(i64::MIN)],
        |row| Ok(Kept { all: row.get(0)?, wanted: row.get(1)?, due: row.get(2)?, oldest_ms: row.get(3)? }),
    )?;
    Ok(row)
}

/// Runs that may be deleted. `?1` is now, in seconds.
const EXPENDABLE: &str = "ended = 1 AND pinned = 0 AND NOT EXISTS (SELECT 1 FROM shares WHERE shares.run = runs.id \
                          AND revoked_ms IS NULL AND (expires_s IS NULL OR expires_s > ?1))";

/// Keeps a run from being deleted, or no longer.
pub fn pin(connection: &Connection, id: &str, pinned: bool) -> Result<bool> {
    Ok(connection.execute("UPDATE runs SET pinned = ?2 WHERE id = ?1", params![id, pinned])? > 0)
}

/// Copies a run with all that is recorded of it so far. What the original records later is not in the copy.
pub fn copy(connection: &Connection, record: &RunRecord) -> Result<()> {
    let from = record.copy_of.as_deref().unwrap_or_default();
    insert(connection, record)?;
    connection.execute(
        "INSERT INTO chunks (run, number, last_sequence, events)
         SELECT ?1, number, last_sequence, events FROM chunks WHERE run = ?2",
        params![record.id, from],
    )?;
    connection.execute(
        "INSERT INTO steps (run, number, steps) SELECT ?1, number, steps FROM steps WHERE run = ?2",
        params![record.id, from],
    )?;
    connection.execute(
        "INSERT INTO final_maps (run, name, content) SELECT ?1, name, content FROM final_maps WHERE run = ?2",
        params![record.id, from],
    )?;
    super::notes::copy(connection, from, &record.id)?;
    let mut replay = Replay::default();
    let mut end = None;
    super::chunk::load(connection, from)?.play(|event| {
        if let Event::Ended { .. } = event.event {
            end = Some(event.sequence);
        }
        replay.take(&event);
    })?;
    if end.is_none() {
        let event = Event::Ended { reason: EndReason::Frozen, exit_code: 0 };
        let frozen = Stamped { sequence: replay.sequence() + 1, at_ns: replay.at_ns(), event };
        connection.execute(
            "INSERT INTO chunks (run, number, last_sequence, events)
             SELECT ?1, coalesce(max(number), -1) + 1, ?2, ?3 FROM chunks WHERE run = ?1",
            params![record.id, to_signed(frozen.sequence), super::chunk::encode_one(&frozen)?],
        )?;
        replay.take(&frozen);
    }
    finish(connection, &record.id, &RunSummary::of(&replay.into_hub().status()))
}

/// The last event of a run that is in the database; 0: none.
pub fn last_recorded(connection: &Connection, id: &str) -> Result<u64> {
    let last =
        connection
            .query_row("SELECT coalesce(max(last_sequence), 0) FROM chunks WHERE run = ?1", [id], |row| row.get(0))?;
    Ok(to_unsigned(last))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let parameters: String = row.get(3)?;
    let summary = if row.get(7)? {
        Some(RunSummary {
            reason: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            ok: row.get::<_, Option<bool>>(9)?.unwrap_or_default(),
            duration_ms: to_unsigned(row.get(10)?),
            probes: row.get(11)?,
            lost: to_unsigned(row.get(12)?),
            problem: row.get(13)?,
        })
    } else {
        None
    };
    Ok(RunRecord {
        id: row.get(0)?,
        title: row.get(1)?,
        source: row.get(2)?,
        parameters: serde_json::from_str(&parameters).unwrap_or_default(),
        time_limit_seconds: to_unsigned(row.get(4)?),
        idempotency_key: row.get(5)?,
        started_ms: row.get(6)?,
        started_by: row.get(14)?,
        pinned: row.get(15)?,
        copy_of: row.get(16)?,
        summary,
    })
}

/// SQLite's integers are signed.
fn to_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn to_unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The version of the encoding of a run's events.
pub fn event_format(connection: &Connection, id: &str) -> Result<i64> {
    connection
        .query_row("SELECT event_format FROM runs WHERE id = ?1", [id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::Damaged(format!("there is no run {id}")))
}
