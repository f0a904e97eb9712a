//! What people write to a moment, a frame or a bucket of a run.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    pub id: i64,
    pub run: String,
    /// What it is about, as JSON.
    pub place: String,
    /// The query of the page's address that shows the place.
    pub address: String,
    pub text: String,
    pub author: String,
    pub created_ms: i64,
}

const COLUMNS: &str = "id, run, place, address, text, author, created_ms";

/// Its number; the one in `note` is not looked at.
pub fn add(connection: &Connection, note: &Note) -> Result<i64> {
    connection.execute(
        "INSERT INTO notes (run, place, address, text, author, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![note.run, note.place, note.address, note.text, note.author, note.created_ms],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Notes of a run, the oldest first.
pub fn list(connection: &Connection, run: &str) -> Result<Vec<Note>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM notes WHERE run = ?1 ORDER BY id"))?;
    Ok(statement.query_map([run], from_row)?.collect::<rusqlite::Result<_>>()?)
}

pub fn find(connection: &Connection, run: &str, id: i64) -> Result<Option<Note>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM notes WHERE run = ?1 AND id = ?2"))?;
    Ok(statement.query_row(params![run, id], from_row).optional()?)
}

pub fn count(connection: &Connection, run: &str) -> Result<u32> {
    Ok(connection.query_row("SELECT count(*) FROM notes WHERE run = ?1", [run], |row| row.get(0))?)
}

pub fn remove(connection: &Connection, id: i64) -> Result<bool> {
    Ok(connection.execute("DELETE FROM notes WHERE id = ?1", [id])? > 0)
}

/// A copy of a run has the notes that the run had.
pub fn copy(connection: &Connection, from: &str, to: &str) -> Result<()> {
    connection.execute(
        "INSERT INTO notes (run, place, address, text, author, created_ms)
         SELECT ?1, place, address, text, author, created_ms FROM notes WHERE run = ?2 ORDER BY id",
        params![to, from],
    )?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Note> {
    Ok(Note {
        id: row.get(0)?,
        run: row.get(1)?,
        place: row.get(2)?,
        address: row.get(3)?,
        text: row.get(4)?,
        author: row.get(5)?,
        created_ms: row.get(6)?,
    })
}
