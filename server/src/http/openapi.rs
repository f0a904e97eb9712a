//! `GET /api/openapi.json`: the HTTP API as an OpenAPI document, made from the table of permissions, the one of bodies
//! and the types of the protocol.

use axum::routing::get;
use axum::{Json, Router};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use self::bodies::{Answer, BODIES, Bodies, Content};
use super::App;
use super::permissions::{Needs, RULES, Rule};
use super::protocol::ErrorBody;

mod bodies;

pub fn router() -> Router<App> {
    Router::new().route("/api/openapi.json", get(async || Json(document())))
}

/// The document.
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = Map::new();
    // A WebSocket is nothing that OpenAPI describes.
    for rule in RULES.iter().filter(|rule| rule.path != "/ws") {
        let bodies = BODIES.iter().find(|bodies| bodies.path == rule.path && bodies.method == rule.method);
        let operations = paths.entry(rule.path).or_insert_with(|| json!({}));
        operations[rule.method.to_ascii_lowercase()] = operation(rule, bodies, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "tracedeck", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The token of an account, or of the file api-token" },
            },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn operation(rule: &Rule, bodies: Option<&Bodies>, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = rule
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if let Some(query) = bodies.and_then(|bodies| bodies.query) {
        parameters.extend(query_parameters(query, generator));
    }
    let error = generator.subschema_for::<ErrorBody>();
    let refusal = |why: &str| json!({ "description": why, "content": { "application/json": { "schema": error } } });
    let mut operation = json!({
        "summary": rule.does,
        "description": needs(rule.needs),
        "parameters": parameters,
        "responses": {
            "401": refusal("Nobody who is known"),
            "403": refusal("Somebody who may not do this"),
            "default": refusal("What went wrong, in a sentence"),
        },
    });
    let is_open = rule.needs == Needs::Nothing;
    operation["security"] = if is_open { json!([]) } else { json!([{ "token": [] }]) };
    let Some(bodies) = bodies else { return operation };
    if let Some(request) = &bodies.request {
        operation["requestBody"] = json!({ "required": true, "content": content(request, generator) });
    }
    let (status, answer) = match &bodies.answer {
        Answer::With(status, what) => (status, json!({ "description": "Done", "content": content(what, generator) })),
        Answer::Nothing(status) => (status, json!({ "description": "Done" })),
    };
    operation["responses"][status.to_string()] = answer;
    operation
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Value {
    match content {
        Content::Json(describe) => json!({ "application/json": { "schema": describe(generator) } }),
        Content::Other(media) => json!({ *media: {} }),
    }
}

/// The fields of a struct as parameters behind the `?`.
fn query_parameters(describe: fn(&mut SchemaGenerator) -> Schema, generator: &mut SchemaGenerator) -> Vec<Value> {
    let reference = describe(generator).to_value();
    let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    // It is no body: its fields stand in the operation.
    let Some(schema) = generator.definitions_mut().remove(name) else { return Vec::new() };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = schema["properties"].as_object().into_iter().flatten();
    // Inferno's script keeps the focus of a drawing in parameters of one letter.
    let fields = fields.filter(|(name, _)| !matches!(name.as_str(), "x" | "y" | "s"));
    let parameter = |(name, schema): (&String, &Value)| {
        let is_required = required.contains(&name.as_str());
        let mut schema = schema.clone();
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({ "name": name, "in": "query", "required": is_required, "schema": schema });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        parameter
    };
    fields.map(parameter).collect()
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

    #[test]
    fn every_address_says_what_travels() {
        let of_rules: Vec<_> = RULES.iter().map(|rule| (rule.method, rule.path)).filter(|it| it.1 != "/ws").collect();
        let of_bodies: Vec<_> = BODIES.iter().map(|bodies| (bodies.method, bodies.path)).collect();
        assert_eq!(of_rules, of_bodies);
    }

    #[test]
    fn bodies_have_schemas_that_are_there() {
        let document = document();
        let begin = &document["paths"]["/api/runs"]["post"];
        let body = &begin["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(*body, "#/components/schemas/RunRequestBody");
        let at = &document["paths"]["/api/runs/{id}/at"]["get"]["parameters"][1];
        assert_eq!((&at["name"], &at["in"], &at["required"]), (&json!("ms"), &json!("query"), &json!(true)));
        assert!(at["description"].as_str().unwrap().starts_with("Milliseconds"));
        for path in ["/api/audit", "/api/audit.jsonl"] {
            assert_eq!(document["paths"][path]["get"]["parameters"].as_array().unwrap().len(), 6, "{path}");
        }
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
