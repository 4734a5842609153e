//! Checks answers against the OpenAPI document: status, media type and shape.

use std::sync::LazyLock;

use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(krosyn_audit::server::openapi()).expect("serialises"));

/// The document as the code makes it.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// Every documented operation: method, path template and description.
pub(crate) fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("a path's methods").iter();
        methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    });
    operations.filter(|(method, ..)| METHODS.contains(method)).collect()
}

/// The operation that answers a request, when there is one. An exact path hides the templates it would fit.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let is_exact = DOCUMENT["paths"].get(path).is_some();
    let found = operations().into_iter().find(|(known, template, _)| {
        let same_path = if is_exact { *template == path } else { fits(template, path) };
        same_path && known.eq_ignore_ascii_case(method)
    });
    found.map(|(_, _, operation)| operation)
}

fn fits(template: &str, path: &str) -> bool {
    // The one parameter that takes the rest of a path.
    if let Some(start) = template.strip_suffix("{tile}") {
        return path.strip_prefix(start).is_some_and(|tile| !tile.is_empty());
    }
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(part, given): (&&str, &&str)| part == given || part.starts_with('{') && !given.is_empty();
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

/// Describes the first undocumented part of an answer.
pub(crate) fn objection(
    method: &str,
    path: &str,
    status: u16,
    media_type: &str,
    body: &[u8],
) -> Option<String> {
    let Some(operation) = operation(method, path) else {
        let refused = matches!(status, 404 | 405);
        return (!refused).then(|| format!("{method} {path} is not documented and was answered {status}"));
    };
    let response = &operation["responses"][status.to_string()];
    if response.is_null() {
        return Some(format!("{method} {path} does not document {status}"));
    }
    let content = &response["content"][media_type];
    if content.is_null() {
        return Some(format!("{method} {path} does not document {media_type} for {status}"));
    }
    let values: Vec<Value> = match media_type {
        "application/x-ndjson" => {
            serde_json::Deserializer::from_slice(body).into_iter().map_while(Result::ok).collect()
        }
        media_type if media_type.ends_with("json") => match serde_json::from_slice(body) {
            Ok(value) => vec![value],
            // A number out of the range of floats is valid JSON, but serde_json has no value for it.
            Err(_) if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() => return None,
            Err(error) => return Some(format!("{method} {path} {status}: {error}")),
        },
        _ => return None,
    };
    values.iter().find_map(|value| {
        let fault = misfit(&content["schema"], value, "$")?;
        Some(format!("{method} {path} {status}: {fault}"))
    })
}

/// Describes where a value violates its schema: types, required and unknown members, enums.
fn misfit(schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return misfit(DOCUMENT.pointer(&reference[1..]).expect("a schema"), value, at);
    }
    if let Some(schemas) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let faults: Vec<_> = schemas.iter().map(|schema| misfit(schema, value, at)).collect();
        let fits = faults.iter().any(Option::is_none);
        return (!fits).then(|| faults.into_iter().flatten().collect::<Vec<_>>().join(" and "));
    }
    if let Some(schemas) = schema["allOf"].as_array() {
        return misfit(&merged(schemas), value, at);
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Some(format!("{at} is {value}, which is no word of {}", schema["enum"]));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    if !types.iter().any(|name| is_of_type(value, name)) {
        return Some(format!("{at} is {value} and not {types:?}"));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| misfit(&schema["items"], item, &format!("{at}[{index}]"))),
        Value::Object(members) => {
            let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(missing) =
                required.iter().find(|name| value.get(name.as_str().unwrap_or("")).is_none())
            {
                return Some(format!("{at} lacks {missing}"));
            }
            let known = schema["properties"].as_object()?;
            members.iter().find_map(|(name, member)| match known.get(name) {
                None => Some(format!("{at}.{name} is not documented")),
                Some(schema) => misfit(schema, member, &format!("{at}.{name}")),
            })
        }
        _ => None,
    }
}

/// One schema of objects instead of several that hold together.
fn merged(schemas: &[Value]) -> Value {
    let mut all = json!({"type": "object", "properties": {}, "required": []});
    for schema in schemas {
        let referred = schema["$ref"].as_str().and_then(|reference| DOCUMENT.pointer(&reference[1..]));
        let schema = referred.unwrap_or(schema);
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            all["properties"][name] = member.clone();
        }
        let required = schema["required"].as_array().into_iter().flatten().cloned();
        all["required"].as_array_mut().expect("a list").extend(required);
    }
    all
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}
