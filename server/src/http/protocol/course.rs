//! The course.

use schemars::JsonSchema;
use serde::Serialize;
use ts_rs::TS;

/// `GET /api/course`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct Course {
    pub steps: Vec<CourseStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, JsonSchema)]
pub struct CourseStep {
    pub id: String,
    pub title: String,
    pub paragraphs: Vec<String>,
    /// What makes it fire.
    pub fires: String,
    pub look_for: String,
    /// A change to make.
    pub to_try: Option<String>,
    pub script: String,
    /// Why it cannot run on this machine; null when it can.
    pub problem: Option<String>,
}
