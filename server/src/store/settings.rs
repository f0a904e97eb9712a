//! What administrators set while the server runs.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;

/// Days that an ended run is kept; 0: as long as there is room.
pub const KEEP_DAYS: &str = "keep-days";

pub fn get(connection: &Connection, name: &str) -> Result<Option<String>> {
    Ok(connection.query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0)).optional()?)
}

pub fn set(connection: &Connection, name: &str, value: &str) -> Result<()> {
    connection.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        params![name, value],
    )?;
    Ok(())
}
