//! Who is logged in, so that a restart of the server does not send people away.

use rusqlite::{Connection, params};

use super::Result;

/// Both halves of a credential as hashes, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub secret_hash: [u8; 32],
    pub cookie_hash: [u8; 32],
    pub grant: Grant,
    /// Wall clock, seconds since 1970.
    pub expires_s: i64,
}

/// Where a login's rights come from. What they are is looked up whenever they are used, so that a role that is taken
/// away and a link that is revoked end at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// The one-time address that the server printed.
    Owner,
    /// An account, by its name.
    User(String),
    /// A share, by its id.
    Share(String),
}

pub fn add(connection: &Connection, login: &Login, now_s: i64) -> Result<()> {
    connection.execute("DELETE FROM logins WHERE expires_s < ?1", [now_s])?;
    let (user, share) = match &login.grant {
        Grant::Owner => (None, None),
        Grant::User(name) => (Some(name), None),
        Grant::Share(id) => (None, Some(id)),
    };
    connection.execute(
        "INSERT OR REPLACE INTO logins (secret_hash, cookie_hash, user, share, expires_s) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![login.secret_hash, login.cookie_hash, user, share, login.expires_s],
    )?;
    Ok(())
}

pub fn load(connection: &Connection) -> Result<Vec<Login>> {
    let mut statement =
        connection.prepare_cached("SELECT secret_hash, cookie_hash, user, share, expires_s FROM logins")?;
    let logins = statement.query_map([], |row| {
        let grant = match (row.get(2)?, row.get(3)?) {
            (Some(name), _) => Grant::User(name),
            (None, Some(id)) => Grant::Share(id),
            (None, None) => Grant::Owner,
        };
        Ok(Login { secret_hash: row.get(0)?, cookie_hash: row.get(1)?, grant, expires_s: row.get(4)? })
    })?;
    Ok(logins.collect::<rusqlite::Result<_>>()?)
}
