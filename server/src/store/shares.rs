//! Links that show one run to people without an account.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Result, now_ms, runs};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    pub id: String,
    /// Of the key in the link, which is kept nowhere.
    pub key_hash: [u8; 32],
    /// What it shows.
    pub run: String,
    /// The run it was made from: the same, except where the link is frozen.
    pub source_run: String,
    pub frozen: bool,
    /// The query of the page's address: panel, chart, zoom.
    pub address: String,
    pub title: String,
    pub note: String,
    pub created_by: String,
    pub created_ms: i64,
    /// Wall clock, seconds since 1970; None: until it is revoked.
    pub expires_s: Option<i64>,
    pub revoked_ms: Option<i64>,
}

/// Whether a link opens its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Open,
    Expired,
    Revoked,
}

impl Share {
    pub fn standing(&self, now_s: i64) -> Standing {
        match (self.revoked_ms, self.expires_s) {
            (Some(_), _) => Standing::Revoked,
            (None, Some(expires_s)) if expires_s <= now_s => Standing::Expired,
            _ => Standing::Open,
        }
    }
}

const COLUMNS: &str =
    "id, key_hash, run, source_run, frozen, address, title, note, created_by, created_ms, expires_s, revoked_ms";

pub fn add(connection: &Connection, share: &Share) -> Result<()> {
    connection.execute(
        &format!("INSERT INTO shares ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"),
        params![
            share.id,
            share.key_hash,
            share.run,
            share.source_run,
            share.frozen,
            share.address,
            share.title,
            share.note,
            share.created_by,
            share.created_ms,
            share.expires_s,
            share.revoked_ms
        ],
    )?;
    Ok(())
}

/// Makes a link useless. The copy of a frozen one goes with it. False when there is no such link that is not revoked.
pub fn revoke(connection: &Connection, id: &str) -> Result<bool> {
    let transaction = connection.unchecked_transaction()?;
    let Some(share) = find(&transaction, id)? else { return Ok(false) };
    let changed = transaction
        .execute("UPDATE shares SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL", params![id, now_ms()])?;
    transaction.execute("DELETE FROM logins WHERE share = ?1", [id])?;
    if share.frozen {
        transaction.execute("DELETE FROM runs WHERE id = ?1 AND copy_of IS NOT NULL", [share.run])?;
    }
    transaction.commit()?;
    Ok(changed > 0)
}

pub fn find(connection: &Connection, id: &str) -> Result<Option<Share>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM shares WHERE id = ?1"))?;
    Ok(statement.query_row([id], from_row).optional()?)
}

/// The newest first.
pub fn list(connection: &Connection) -> Result<Vec<Share>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM shares ORDER BY created_ms DESC, rowid DESC"))?;
    Ok(statement.query_map([], from_row)?.collect::<rusqlite::Result<_>>()?)
}

/// How many links of one person are open.
pub fn count_open(connection: &Connection, name: &str) -> Result<u32> {
    let now_s = now_ms() / 1000;
    Ok(connection.query_row(
        "SELECT count(*) FROM shares WHERE created_by = ?1 AND revoked_ms IS NULL AND (expires_s IS NULL OR expires_s > ?2)",
        params![name, now_s],
        |row| row.get(0),
    )?)
}

/// Forgets links that have been useless for so long that nobody asks why, and copies that no open link shows.
pub fn forget_old(connection: &Connection, before_ms: i64) -> Result<()> {
    connection.execute("DELETE FROM shares WHERE coalesce(revoked_ms, expires_s * 1000) < ?1", [before_ms])?;
    connection.execute(
        "DELETE FROM runs WHERE copy_of IS NOT NULL AND id NOT IN
           (SELECT run FROM shares WHERE revoked_ms IS NULL AND (expires_s IS NULL OR expires_s > ?1))",
        [now_ms() / 1000],
    )?;
    Ok(())
}

/// Stores a frozen link and the copy that it shows, or neither.
pub fn add_frozen(connection: &Connection, share: &Share, copy: &runs::RunRecord) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    runs::copy(&transaction, copy)?;
    add(&transaction, share)?;
    transaction.commit()?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Share> {
    Ok(Share {
        id: row.get(0)?,
        key_hash: row.get(1)?,
        run: row.get(2)?,
        source_run: row.get(3)?,
        frozen: row.get(4)?,
        address: row.get(5)?,
        title: row.get(6)?,
        note: row.get(7)?,
        created_by: row.get(8)?,
        created_ms: row.get(9)?,
        expires_s: row.get(10)?,
        revoked_ms: row.get(11)?,
    })
}
