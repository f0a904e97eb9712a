//! What the script editor asks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `POST /api/complete`: what may stand at a place of a script that need not be finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteRequest {
    pub source: String,
    /// Where the cursor is, in UTF-16 code units.
    pub offset: u32,
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub parameters: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct CompleteResponse {
    /// Whose members they are: a type or a probe; empty for variables.
    pub of: String,
    /// Fields after a dot or an arrow, variables after a `$`; empty where nothing is known.
    pub members: Vec<Declared>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Declared {
    pub name: String,
    /// The declaration in C, or the type.
    pub declaration: String,
}

/// `POST /api/format`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormatRequest {
    pub source: String,
}

/// The script in the usual layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct FormatResponse {
    pub source: String,
}
