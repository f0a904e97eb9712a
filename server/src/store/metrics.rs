//! Which maps of which runs are exposed at `/metrics`.

use rusqlite::{Connection, params};

use super::Result;

pub fn set(connection: &Connection, run: &str, map: &str, exposed: bool) -> Result<()> {
    let statement = if exposed {
        "INSERT OR IGNORE INTO metrics (run, map) VALUES (?1, ?2)"
    } else {
        "DELETE FROM metrics WHERE run = ?1 AND map = ?2"
    };
    connection.execute(statement, params![run, map])?;
    Ok(())
}

/// Their names with `@`, by name.
pub fn list(connection: &Connection, run: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT map FROM metrics WHERE run = ?1 ORDER BY map")?;
    Ok(statement.query_map([run], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}
