//! Who is logged in, so that a restart of the server does not send people away.

use rusqlite::{Connection, params};

use super::Result;

/// Both halves of a credential as hashes, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub secret_hash: [u8; 32],
    pub cookie_hash: [u8; 32],
    /// The only run of a viewer; None for an operator.
    pub run: Option<String>,
    /// Wall clock, seconds since 1970.
    pub expires_s: i64,
}

pub fn add(connection: &Connection, login: &Login, now_s: i64) -> Result<()> {
    connection.execute("DELETE FROM logins WHERE expires_s < ?1", [now_s])?;
    connection.execute(
        "INSERT OR REPLACE INTO logins (secret_hash, cookie_hash, run, expires_s) VALUES (?1, ?2, ?3, ?4)",
        params![login.secret_hash, login.cookie_hash, login.run, login.expires_s],
    )?;
    Ok(())
}

pub fn load(connection: &Connection) -> Result<Vec<Login>> {
    let mut statement = connection.prepare_cached("SELECT secret_hash, cookie_hash, run, expires_s FROM logins")?;
    let logins = statement.query_map([], |row| {
        Ok(Login { secret_hash: row.get(0)?, cookie_hash: row.get(1)?, run: row.get(2)?, expires_s: row.get(3)? })
    })?;
    Ok(logins.collect::<rusqlite::Result<_>>()?)
}
