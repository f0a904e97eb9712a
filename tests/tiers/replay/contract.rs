//! Holds every answer of the server to what `/api/openapi.json` says of its address.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};
use tracedeck::http::openapi;

use super::client::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);
/// Validators of schemas, by the schema's text: they take a while to build.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// Panics where an answer is not what the document promises. Addresses that it does not have are not looked at.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else { return };
    let responses = &operation["responses"];
    let status = answer.status.to_string();
    let is_success = answer.status < 300;
    let described = match (responses.get(&status), is_success) {
        (Some(described), _) => described,
        (None, true) => panic!("{method} {path}: {status} is not described"),
        // What is refused before the address is looked at is described for all.
        (None, false) => &responses["default"],
    };
    let Some(schema) = described.pointer("/content/application~1json/schema") else {
        let is_json = answer.header("content-type").is_some_and(|media| media.starts_with("application/json"));
        // A file may be JSON of another tool's.
        assert!(!is_json || described.get("content").is_some(), "{method} {path}: a body that is not described");
        return;
    };
    if answer.body.is_empty() {
        return;
    }
    validate(schema, &answer.json(), &format!("{method} {path}: {status}"));
}

/// Panics where a body that the server took is not what the document asks for.
pub fn check_request(method: &str, path: &str, body: &str) {
    let schema = operation(method, path).and_then(|it| it.pointer("/requestBody/content/application~1json/schema"));
    if let (Some(schema), Ok(body)) = (schema, serde_json::from_str(body)) {
        validate(schema, &body, &format!("{method} {path}: the request"));
    }
}

fn validate(schema: &Value, instance: &Value, what: &str) {
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(schema.to_string()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{what}: {error}"))
    });
    let problems: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    drop(validators);
    assert!(problems.is_empty(), "{what}: {problems:?}\n{instance}");
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let matches = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(it, part)| it == part || it.starts_with('{'))
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let (_, operations) = paths.iter().find(|(template, _)| matches(template))?;
    operations.get(method.to_ascii_lowercase())
}

#[test]
fn an_answer_of_another_shape_is_found() {
    let answer = |body: &str| Answer { status: 200, headers: Vec::new(), body: body.to_owned() };
    let me = "/api/me";
    let wrong = std::panic::catch_unwind(|| check("GET", me, &answer(r#"{"name": 7}"#)));
    assert!(wrong.is_err());
    let unknown = Answer { status: 202, ..answer("") };
    assert!(std::panic::catch_unwind(|| check("GET", me, &unknown)).is_err());
    check("GET", "/somewhere/else", &answer("no JSON"));
}
