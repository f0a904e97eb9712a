//! Which address takes what right: the one table that decides. What is not in it is refused, and a test compares it with
//! the routers.

use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use super::auth::Access;
use super::error::ApiError;
use super::protocol::Role;

/// The least right that an address takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it is how one gets a right.
    Nothing,
    /// It looks at credentials of its own kind itself.
    Own,
    /// An account, or any link.
    Anyone,
    /// An account, or a link to the run in the address.
    Run,
    /// An account of this role or a higher one.
    Role(Role),
}

/// An address with its method.
#[derive(Debug)]
pub struct Rule {
    pub method: &'static str,
    /// With the router's placeholders.
    pub path: &'static str,
    pub needs: Needs,
    /// A sentence without a full stop: what it does.
    pub does: &'static str,
}

const fn get(path: &'static str, needs: Needs, does: &'static str) -> Rule {
    Rule { method: "GET", path, needs, does }
}

const fn post(path: &'static str, needs: Needs, does: &'static str) -> Rule {
    Rule { method: "POST", path, needs, does }
}

const fn delete(path: &'static str, needs: Needs, does: &'static str) -> Rule {
    Rule { method: "DELETE", path, needs, does }
}

const VIEWER: Needs = Needs::Role(Role::Viewer);
const OPERATOR: Needs = Needs::Role(Role::Operator);
const ADMIN: Needs = Needs::Role(Role::Admin);

pub static RULES: &[Rule] = &[
    post("/api/login", Needs::Nothing, "Exchanges a token, or the key of a link, for a login of a browser"),
    get("/ws", Needs::Own, "A WebSocket that follows a run"),
    get("/api/me", Needs::Anyone, "Who is asking, with which role"),
    get("/api/openapi.json", Needs::Anyone, "This document"),
    get("/api/host", Needs::Anyone, "The machine, and what tracedeck can do on it"),
    get("/api/language", Needs::Anyone, "Keywords, functions, probe types and settings of the language"),
    get("/api/examples", Needs::Anyone, "The ready scripts"),
    get("/api/course", Needs::Anyone, "The steps of the course"),
    post("/api/check", OPERATOR, "Looks for mistakes in a script without running it"),
    post("/api/complete", OPERATOR, "What may stand at a place of a script"),
    post("/api/format", OPERATOR, "Lays a script out"),
    get("/api/probes", OPERATOR, "Attach points by a few letters"),
    get("/api/probes/arguments", OPERATOR, "What can be read at an attach point"),
    get("/api/probes/tree", OPERATOR, "Attach points below a prefix"),
    get("/api/probes/binary", OPERATOR, "Attach points of a program or library"),
    get("/api/processes", OPERATOR, "Processes of the machine"),
    get("/api/processes/{pid}/files", OPERATOR, "Programs and libraries of a process"),
    get("/api/box", OPERATOR, "All that is attached to the machine, and what it costs"),
    get("/api/runs", VIEWER, "Runs, the newest first"),
    post("/api/runs", OPERATOR, "Begins a run"),
    get("/api/runs/{id}", Needs::Run, "The state of a run"),
    post("/api/runs/{id}/stop", OPERATOR, "Stops a run; who began it, and administrators"),
    post("/api/runs/{id}/pin", OPERATOR, "Keeps a run when others make room, or no longer"),
    get("/api/runs/{id}/metrics", Needs::Run, "Maps of a run that are exposed at /metrics"),
    post("/api/runs/{id}/metrics", OPERATOR, "Exposes a map of a run at /metrics, or no longer"),
    get("/api/runs/{id}/notes", Needs::Run, "What people wrote to places of a run"),
    post("/api/runs/{id}/notes", OPERATOR, "Writes a note to a moment, a frame or a bucket"),
    delete("/api/runs/{id}/notes/{note}", OPERATOR, "Removes a note; who wrote it, and administrators"),
    get("/api/storage", VIEWER, "How long runs are kept, and how much room they take"),
    post("/api/storage", ADMIN, "Says how many days runs are kept"),
    get("/metrics", VIEWER, "Ticked maps of runs that go on, and the server, as OpenMetrics text"),
    get("/api/runs/{id}/history", Needs::Run, "Totals of a run over its time"),
    get("/api/runs/{id}/at", Needs::Run, "A run as it was at a moment"),
    get("/api/runs/{id}/samples", Needs::Run, "When the samples of a map with stacks came, in tenths of a second"),
    get("/api/runs/{id}/lines", Needs::Run, "Lines of the log, the last of those before a number and with a pattern"),
    get("/api/runs/{id}/output.txt", Needs::Run, "What a terminal would have printed"),
    get("/api/runs/{id}/output.jsonl", Needs::Run, "The same as JSON lines"),
    get("/api/runs/{id}/stacks", Needs::Run, "A map with stacks as a file for other tools"),
    get("/api/runs/{id}/page.html", Needs::Run, "A run as one HTML file that opens offline"),
    post("/api/import", OPERATOR, "Makes a run of a file of another tool"),
    get("/r/{id}/flame.svg", Needs::Own, "A map with stacks as an interactive SVG"),
    get("/r/{id}/flame.json", Needs::Run, "A map with stacks as a tree"),
    get("/api/runs/{id}/shares", OPERATOR, "Links to a run"),
    post("/api/runs/{id}/shares", OPERATOR, "Makes a link to a run, live or frozen"),
    get("/api/shares", OPERATOR, "All links"),
    delete("/api/shares/{share}", OPERATOR, "Revokes a link; who made it, and administrators"),
    get("/api/users", ADMIN, "The accounts"),
    post("/api/users", ADMIN, "Makes an account, or gives it a new role and a new token"),
    delete("/api/users/{name}", ADMIN, "Removes an account; its pages are signed out at once"),
    get("/api/audit", ADMIN, "Who did what, the newest first"),
    get("/api/audit.jsonl", ADMIN, "The same as JSON lines"),
];

/// Lets a request pass that may, with what it may do in its extensions.
pub async fn require(
    State(app): State<App>,
    path: MatchedPath,
    parameters: RawPathParams,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    let rule = RULES.iter().find(|rule| rule.path == path.as_str() && rule.method == method);
    let rule = rule.ok_or_else(ApiError::method_not_allowed)?;
    if matches!(rule.needs, Needs::Nothing | Needs::Own) {
        return Ok(next.run(request).await);
    }
    let access = app.auth.access(request.headers()).ok_or_else(ApiError::not_authenticated)?;
    let run = parameters.iter().find(|(name, _)| *name == "id").map(|(_, value)| value);
    allow(rule.needs, &access, run)?;
    request.extensions_mut().insert(access);
    Ok(next.run(request).await)
}

fn allow(needs: Needs, access: &Access, run: Option<&str>) -> Result<(), ApiError> {
    match needs {
        Needs::Nothing | Needs::Own | Needs::Anyone => Ok(()),
        Needs::Run => match run {
            Some(run) if access.may_see(run) => Ok(()),
            _ => Err(ApiError::no_such_run()),
        },
        Needs::Role(role) => match access {
            Access::Account(person) if person.role >= role => Ok(()),
            _ => Err(ApiError::not_allowed(access, role)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// `(method, path)` of every `.route(…)` in the sources beside this one.
    fn routed() -> BTreeSet<(String, String)> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
        let mut found = BTreeSet::new();
        let mut open = vec![directory];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                for route in text.split(".route(").skip(1) {
                    let Some(address) = route.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
                    else {
                        continue;
                    };
                    let methods = route.split("\n}").next().unwrap_or_default();
                    for (word, method) in [("get(", "GET"), ("post(", "POST"), ("delete(", "DELETE"), ("put(", "PUT")] {
                        if methods.split(&['\n', '}'][..]).any(|line| {
                            line.match_indices(word)
                                .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                        }) {
                            found.insert((method.to_owned(), address.to_owned()));
                        }
                    }
                }
            }
        }
        found
    }

    #[test]
    fn every_route_has_a_rule_and_every_rule_a_route() {
        let ruled: BTreeSet<(String, String)> =
            RULES.iter().map(|rule| (rule.method.to_owned(), rule.path.to_owned())).collect();
        assert_eq!(ruled.len(), RULES.len(), "a route stands twice in the table");
        assert_eq!(routed(), ruled);
    }
}
