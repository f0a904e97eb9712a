//! What travels with each request: parameters behind the `?`, what is sent, what is answered.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::super::protocol::*;
use super::super::{document, flamegraph, import, lines, past, probes, sample_times, stacks};
use crate::store::audit;

/// Describes a type.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What travels with requests to an address.
pub struct Bodies {
    pub method: &'static str,
    pub path: &'static str,
    /// Parameters behind the `?`.
    pub query: Option<Describe>,
    pub request: Option<Content>,
    pub answer: Answer,
}

pub enum Content {
    Json(Describe),
    /// Its media type.
    Other(&'static str),
}

pub enum Answer {
    /// With this status.
    With(u16, Content),
    /// A status alone.
    Nothing(u16),
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const fn get(path: &'static str, answer: Describe) -> Bodies {
    Bodies { method: "GET", path, query: None, request: None, answer: Answer::With(200, Content::Json(answer)) }
}

const fn file(path: &'static str, media: &'static str) -> Bodies {
    Bodies { method: "GET", path, query: None, request: None, answer: Answer::With(200, Content::Other(media)) }
}

const fn post(path: &'static str, request: Describe, answer: Answer) -> Bodies {
    Bodies { method: "POST", path, query: None, request: Some(Content::Json(request)), answer }
}

const fn delete(path: &'static str) -> Bodies {
    Bodies { method: "DELETE", path, query: None, request: None, answer: Answer::Nothing(204) }
}

const fn json(answer: Describe) -> Answer {
    Answer::With(200, Content::Json(answer))
}

const fn made(answer: Describe) -> Answer {
    Answer::With(201, Content::Json(answer))
}

impl Bodies {
    const fn asked(self, query: Describe) -> Self {
        Self { query: Some(query), ..self }
    }
}

pub static BODIES: &[Bodies] = &[
    post("/api/login", of::<LoginRequest>, json(of::<LoginResponse>)),
    get("/api/me", of::<Me>),
    get("/api/openapi.json", of::<serde_json::Map<String, serde_json::Value>>),
    get("/api/host", of::<HostInfo>),
    get("/api/language", of::<LanguageInfo>),
    get("/api/examples", of::<ExampleList>),
    get("/api/course", of::<Course>),
    post("/api/check", of::<CheckRequest>, json(of::<CheckResponse>)),
    post("/api/complete", of::<CompleteRequest>, json(of::<CompleteResponse>)),
    post("/api/format", of::<FormatRequest>, json(of::<FormatResponse>)),
    get("/api/probes", of::<ProbeMatches>).asked(of::<probes::Search>),
    get("/api/probes/arguments", of::<ProbeArguments>).asked(of::<probes::OfProbe>),
    get("/api/probes/tree", of::<ProbeTree>).asked(of::<probes::Branch>),
    get("/api/probes/binary", of::<ProbeMatches>).asked(of::<probes::OfBinary>),
    get("/api/processes", of::<ProcessList>),
    get("/api/processes/{pid}/files", of::<ProcessFiles>),
    get("/api/box", of::<OnThisBox>),
    get("/api/runs", of::<RunList>),
    post("/api/runs", of::<RunRequestBody>, made(of::<RunCreated>)),
    get("/api/runs/{id}", of::<RunInfo>),
    Bodies { request: None, ..post("/api/runs/{id}/stop", of::<()>, json(of::<RunInfo>)) },
    post("/api/runs/{id}/pin", of::<PinRequest>, Answer::Nothing(204)),
    get("/api/runs/{id}/metrics", of::<MetricsOfRun>),
    post("/api/runs/{id}/metrics", of::<MetricRequest>, Answer::Nothing(204)),
    get("/api/runs/{id}/notes", of::<NoteList>),
    post("/api/runs/{id}/notes", of::<NoteRequest>, made(of::<NoteInfo>)),
    delete("/api/runs/{id}/notes/{note}"),
    get("/api/storage", of::<StorageInfo>),
    post("/api/storage", of::<StorageRequest>, json(of::<StorageInfo>)),
    file("/metrics", "application/openmetrics-text"),
    get("/api/runs/{id}/history", of::<History>),
    get("/api/runs/{id}/at", of::<ServerMessage>).asked(of::<past::Moment>),
    get("/api/runs/{id}/samples", of::<SampleTimes>).asked(of::<sample_times::Parameters>),
    get("/api/runs/{id}/lines", of::<LogLines>).asked(of::<lines::Parameters>),
    file("/api/runs/{id}/output.txt", "text/plain"),
    file("/api/runs/{id}/output.jsonl", "application/jsonl"),
    file("/api/runs/{id}/stacks", "application/octet-stream").asked(of::<stacks::Parameters>),
    file("/api/runs/{id}/page.html", "text/html").asked(of::<document::Parameters>),
    Bodies {
        request: Some(Content::Other("application/octet-stream")),
        ..post("/api/import", of::<()>, made(of::<RunCreated>)).asked(of::<import::Parameters>)
    },
    file("/r/{id}/flame.svg", "image/svg+xml").asked(of::<flamegraph::Parameters>),
    get("/r/{id}/flame.json", of::<FlameTree>).asked(of::<flamegraph::TreeParameters>),
    get("/api/runs/{id}/shares", of::<ShareList>),
    post("/api/runs/{id}/shares", of::<ShareRequest>, made(of::<ShareCreated>)),
    get("/api/shares", of::<ShareList>),
    delete("/api/shares/{share}"),
    get("/api/users", of::<UserList>),
    post("/api/users", of::<UserRequest>, made(of::<UserToken>)),
    delete("/api/users/{name}"),
    get("/api/audit", of::<AuditList>).asked(of::<audit::Filter>),
    file("/api/audit.jsonl", "application/jsonl").asked(of::<audit::Filter>),
];
