//! `GET /api/openapi.json`: the HTTP API as an OpenAPI document, made from the table of permissions.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::App;
use super::permissions::{Needs, RULES, Rule};

pub fn router() -> Router<App> {
    Router::new().route("/api/openapi.json", get(async || Json(document())))
}

fn document() -> Value {
    let mut paths = Map::new();
    // A WebSocket is nothing that OpenAPI describes.
    for rule in RULES.iter().filter(|rule| rule.path != "/ws") {
        let operations = paths.entry(rule.path).or_insert_with(|| json!({}));
        operations[rule.method.to_ascii_lowercase()] = operation(rule);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "tracedeck", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The token of an account, or of the file api-token" },
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": { "code": { "type": "string" }, "message": { "type": "string" } },
                },
            },
        },
    })
}

fn operation(rule: &Rule) -> Value {
    let parameters: Vec<Value> = rule
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let refusal = |why: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        json!({ "description": why, "content": { "application/json": { "schema": schema } } })
    };
    let mut operation = json!({
        "summary": rule.does,
        "description": needs(rule.needs),
        "parameters": parameters,
        "responses": {
            "2XX": { "description": "Done" },
            "401": refusal("Nobody who is known"),
            "403": refusal("Somebody who may not do this"),
            "default": refusal("What went wrong, in a sentence"),
        },
    });
    let is_open = rule.needs == Needs::Nothing;
    operation["security"] = if is_open { json!([]) } else { json!([{ "token": [] }]) };
    if rule.method == "POST" {
        operation["requestBody"] = json!({ "content": { "application/json": { "schema": { "type": "object" } } } });
    }
    operation
}

fn needs(needs: Needs) -> String {
    match needs {
        Needs::Nothing => "For everybody".to_owned(),
        Needs::Own => "For accounts, and for keys in the address".to_owned(),
        Needs::Anyone => "For accounts and links".to_owned(),
        Needs::Run => "For accounts, and for links to this run".to_owned(),
        Needs::Role(role) => format!("For accounts with the role {} or a higher one", role.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_described_with_its_placeholders_and_who_may_use_it() {
        let document = document();
        let stop = &document["paths"]["/api/runs/{id}/stop"]["post"];
        assert_eq!(stop["parameters"][0]["name"], "id");
        assert_eq!(stop["description"], "For accounts with the role operator or a higher one");
        let count: usize =
            document["paths"].as_object().unwrap().values().map(|one| one.as_object().unwrap().len()).sum();
        assert_eq!(count, RULES.len() - 1, "all but the WebSocket");
    }
}
