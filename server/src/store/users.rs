//! Accounts: a name, a role, and the hash of the token that opens them.

use rusqlite::{Connection, OptionalExtension, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ts_rs::TS;

use super::{Result, StoreError, now_ms, secrets};

/// What somebody may do. Each role may do all that the ones before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks at runs.
    Viewer,
    /// Runs scripts, and so may read everything on the machine.
    Operator,
    /// Stops what others run, makes accounts, reads the audit.
    Admin,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin].into_iter().find(|role| role.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub role: Role,
    pub token_hash: [u8; 32],
    pub created_ms: i64,
}

/// Why a name cannot be one of an account; None when it can.
pub fn refuse_name(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_plain) {
        return Some("A name has 1 to 40 letters, digits and . _ - @, such as ada or ada@example.org".to_owned());
    }
    (name == "root")
        .then(|| "root is what the server's own address and token are called; choose another name".to_owned())
}

/// Makes an account, or gives an existing one a new role and a new token; the token, which is kept nowhere.
pub fn put(connection: &Connection, name: &str, role: Role) -> Result<String> {
    let token = secrets::random_token().map_err(|error| StoreError::Damaged(error.to_string()))?;
    connection.execute(
        "INSERT INTO users (name, role, token_hash, created_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET role = ?2, token_hash = ?3",
        params![name, role.name(), hash(&token), now_ms()],
    )?;
    // Whoever was signed in under the old token signs in anew.
    connection.execute("DELETE FROM logins WHERE user = ?1", [name])?;
    Ok(token)
}

/// False when there was none.
pub fn remove(connection: &Connection, name: &str) -> Result<bool> {
    connection.execute("DELETE FROM logins WHERE user = ?1", [name])?;
    Ok(connection.execute("DELETE FROM users WHERE name = ?1", [name])? > 0)
}

pub fn find(connection: &Connection, name: &str) -> Result<Option<User>> {
    let mut statement =
        connection.prepare_cached("SELECT name, role, token_hash, created_ms FROM users WHERE name = ?1")?;
    Ok(statement.query_row([name], from_row).optional()?)
}

pub fn list(connection: &Connection) -> Result<Vec<User>> {
    let mut statement =
        connection.prepare_cached("SELECT name, role, token_hash, created_ms FROM users ORDER BY name")?;
    Ok(statement.query_map([], from_row)?.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<User> {
    let role: String = row.get(1)?;
    Ok(User {
        name: row.get(0)?,
        // A role that this version does not know allows as little as possible.
        role: Role::from_name(&role).unwrap_or(Role::Viewer),
        token_hash: row.get(2)?,
        created_ms: row.get(3)?,
    })
}

/// What is kept of a secret.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["ada", "ada@example.org", "a.b_c-1"] {
            assert_eq!(refuse_name(name), None, "{name}");
        }
        for name in ["", "root", "a b", "<b>", "a\n", "é", &"a".repeat(41)] {
            assert!(refuse_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn roles_are_ordered_and_named() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }
}
