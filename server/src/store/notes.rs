//! What people write at a frame, a bucket or a moment of a run.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Result;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    pub id: String,
    pub run: String,
    /// JSON; what it means is between pages.
    pub place: String,
    pub text: String,
    pub author: String,
    /// Wall clock, milliseconds since 1970.
    pub created_ms: i64,
}

pub fn add(connection: &Connection, note: &Note) -> Result<()> {
    connection.execute(
        "INSERT INTO notes (id, run, place, text, author, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![note.id, note.run, note.place, note.text, note.author, note.created_ms],
    )?;
    Ok(())
}

/// The oldest first. A frozen copy has those that were there when it was made.
pub fn list(connection: &Connection, run: &str) -> Result<Vec<Note>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, run, place, text, author, created_ms FROM notes WHERE run = ?1 ORDER BY created_ms, rowid",
    )?;
    Ok(statement.query_map([run], from_row)?.collect::<rusqlite::Result<_>>()?)
}

pub fn find(connection: &Connection, id: &str) -> Result<Option<Note>> {
    let mut statement =
        connection.prepare_cached("SELECT id, run, place, text, author, created_ms FROM notes WHERE id = ?1")?;
    Ok(statement.query_row([id], from_row).optional()?)
}

pub fn remove(connection: &Connection, id: &str) -> Result<()> {
    connection.execute("DELETE FROM notes WHERE id = ?1", [id])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Note> {
    Ok(Note {
        id: row.get(0)?,
        run: row.get(1)?,
        place: row.get(2)?,
        text: row.get(3)?,
        author: row.get(4)?,
        created_ms: row.get(5)?,
    })
}
