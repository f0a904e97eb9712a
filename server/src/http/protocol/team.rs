//! Accounts, links, and who did what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Role;

/// `GET /api/me`: who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Me {
    pub name: String,
    pub role: Role,
    /// The link by which a guest came; null for accounts.
    pub link: Option<MyLink>,
}

/// What a guest is told of its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct MyLink {
    /// The only run it shows.
    pub run: String,
    /// A copy that new data does not change.
    pub frozen: bool,
    pub title: String,
    pub note: String,
    pub created_by: String,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC; null: until it is revoked.
    pub expires_at: Option<String>,
}

/// `GET /api/users`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct UserList {
    pub users: Vec<UserInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct UserInfo {
    pub name: String,
    pub role: Role,
    /// ISO 8601, UTC.
    pub created_at: String,
}

/// `POST /api/users`: a new account; for a name that is there a new role and a new token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    pub name: String,
    pub role: Role,
}

/// Shown this once: the server keeps a hash of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct UserToken {
    pub name: String,
    pub role: Role,
    /// Opens the page as `/#k=TOKEN`, and the API as `Authorization: Bearer TOKEN`.
    pub token: String,
}

/// `POST /api/runs/ID/shares`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    /// A copy of what there is now, instead of the run as it goes on.
    pub frozen: bool,
    /// Seconds until it opens nothing any more; null: until it is revoked, which takes an admin.
    #[ts(type = "number | null")]
    pub expires_in_seconds: Option<u64>,
    /// Shown to those who open it; the run's title where it is empty.
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub note: String,
    /// The query of the page's address, which says what is shown: panel, chart, zoom.
    #[serde(default)]
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ShareCreated {
    pub share: ShareInfo,
    /// The path of the link. The key in it is shown this once: the server keeps a hash of it.
    pub path: String,
}

/// `GET /api/shares` and `GET /api/runs/ID/shares`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ShareList {
    pub shares: Vec<ShareInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct ShareInfo {
    pub id: String,
    /// What it shows: the run, or its copy.
    pub run: String,
    /// The run it was made from.
    pub source_run: String,
    pub frozen: bool,
    pub title: String,
    pub note: String,
    pub created_by: String,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC; null: until it is revoked.
    pub expires_at: Option<String>,
    pub state: ShareState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShareState {
    Open,
    Expired,
    Revoked,
}

/// `GET /api/audit`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct AuditList {
    pub entries: Vec<AuditEntry>,
    /// Whether there are older ones; `before` the id of the last asks for them.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct AuditEntry {
    #[ts(type = "number")]
    pub id: i64,
    /// ISO 8601, UTC.
    pub at: String,
    pub who: String,
    pub role: String,
    /// `run`, `stop`, `share`, `revoke`, `login`, …
    pub action: String,
    pub run: Option<String>,
    /// What it was done to, in words.
    pub subject: String,
    /// The text of a script.
    pub detail: String,
}
