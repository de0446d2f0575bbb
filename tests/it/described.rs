//! What the server answers is what `docs/openapi.json` describes: its status, its type, and each
//! member of its body. What it accepts is described as well. Every request of these tests is checked.
//!
//! This is as much of JSON Schema 2020-12 as the document uses, and stricter in one way: an object of
//! an answer has no member that its schema does not name. A keyword that is not known here is an
//! error, so that the document says nothing that is not checked.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::pattern;

/// A request, as it was sent.
pub struct Asked<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub kind: &'a str,
    pub body: Option<&'a str>,
}

/// The head of a response, and its body if it was read.
pub struct Told<'a> {
    pub status: u16,
    pub kind: &'a str,
    pub body: Option<&'a [u8]>,
}

pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap());

/// Statuses that an operation names itself, so that its clients know that they happen.
const NAMED: [u16; 9] = [401, 403, 404, 409, 410, 413, 415, 422, 429];

/// What every server may answer to any request: one that names no host or another one, a wrong path
/// or method, and a message that is not HTTP.
const ALWAYS: [u16; 5] = [400, 404, 405, 408, 421];

/// Panics if the document does not describe this answer to this request.
pub fn check(asked: &Asked<'_>, told: &Told<'_>) {
    let path = path_of(asked.target);
    if let Err(why) = described(asked, told, path) {
        let body = told.body.map(String::from_utf8_lossy).unwrap_or_default();
        panic!("{} {path}, {}: {why}; the body is {body}", asked.method, told.status);
    }
}

fn path_of(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    path.split('?').next().unwrap_or_default()
}

fn described(asked: &Asked<'_>, told: &Told<'_>, path: &str) -> Result<(), String> {
    let is_api = ["/api/", "/dl/", "/m/"].iter().any(|begin| path.starts_with(begin));
    if !is_api || path == "/api/openapi.json" {
        return Ok(());
    }
    let method = if asked.method == "HEAD" { "get" } else { &asked.method.to_lowercase() };
    let Some((template, operation)) = operation(path, method) else {
        return unless(ALWAYS.contains(&told.status), || "no such operation".to_owned());
    };
    let status = told.status.to_string();
    let responses = &operation["responses"];
    let is_default = responses[&status].is_null();
    let response = if is_default { &responses["default"] } else { &responses[&status] };
    let is_known = !is_default || told.status >= 400 && !NAMED.contains(&told.status);
    unless(is_known, || "the operation does not name this status".to_owned())?;
    if asked.method != "HEAD" {
        content(response, told)?;
    }
    match told.status {
        200..300 => accepted(asked, template, operation),
        _ => Ok(()),
    }
}

/// Returns the operation at a path, with the path as the document has it.
fn operation(path: &str, method: &str) -> Option<(&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (mut left, mut right) = (template.split('/'), path.split('/'));
        loop {
            match (left.next(), right.next()) {
                (None, None) => return true,
                (Some(one), Some(other)) if one == other => {}
                (Some(one), Some(other)) if one.starts_with('{') && !other.is_empty() => {}
                _ => return false,
            }
        }
    };
    // `/api/messages/batch` comes before `/api/messages/{ref}`.
    let found = paths.iter().filter(|(template, _)| fits(template));
    let (template, item) = found.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method).map(|operation| (template.as_str(), operation))
}

/// Checks the type and the body of a response.
fn content(response: &Value, told: &Told<'_>) -> Result<(), String> {
    let Some(kinds) = response["content"].as_object() else {
        let is_empty = told.body.is_none_or(<[u8]>::is_empty);
        return unless(is_empty, || "the document says that there is no body".to_owned());
    };
    let bare = told.kind.split(';').next().unwrap_or_default();
    let is = |kind: &str| match kind.strip_suffix("/*") {
        Some("*") => true,
        Some(begin) => bare.split('/').next() == Some(begin),
        None => bare == kind,
    };
    let found = kinds.iter().find(|(kind, _)| is(kind));
    let (kind, content) = found.ok_or_else(|| format!("the type {:?} is not named", told.kind))?;
    let Some(body) = told.body.filter(|_| kind.ends_with("json")) else { return Ok(()) };
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    whole(&content["schema"], &value, "")
}

/// Checks that the document allows a request that was accepted.
fn accepted(asked: &Asked<'_>, template: &str, operation: &Value) -> Result<(), String> {
    let none = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&none);
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    let given: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    // An operation without parameters does not look at the query.
    let looks = parameters.iter().any(|one| one["in"] == "query");
    for (name, text) in given.iter().filter(|_| looks) {
        let known = parameters.iter().find(|one| one["in"] == "query" && one["name"] == *name);
        let known = known.ok_or_else(|| format!("the parameter {name} is not named"))?;
        whole(&known["schema"], &typed(&known["schema"], text), &format!("?{name}"))?;
    }
    for one in parameters.iter().filter(|one| one["in"] == "query" && one["required"] == true) {
        let is_given = given.iter().any(|(name, _)| one["name"] == *name);
        unless(is_given, || format!("{} is required, and was not given", one["name"]))?;
    }
    let parts = template.split('/').zip(path_of(asked.target).split('/'));
    for (name, text) in parts.filter(|(name, _)| name.starts_with('{')) {
        let name = name.trim_matches(['{', '}']);
        let known = parameters.iter().find(|one| one["in"] == "path" && one["name"] == *name);
        let known = known.ok_or_else(|| format!("{name} is not named"))?;
        whole(&known["schema"], &typed(&known["schema"], text), name)?;
    }
    let body = &operation["requestBody"];
    match asked.body.filter(|_| asked.kind == "application/json") {
        Some(text) if !body.is_null() => {
            let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
            whole(&body["content"]["application/json"]["schema"], &value, "request:")
        }
        Some(_) => Ok(()),
        None => unless(body["required"] != true || asked.body.is_some(), || {
            "a body is required, and was not given".to_owned()
        }),
    }
}

/// Returns the value of a parameter, which is written as text.
fn typed(schema: &Value, text: &str) -> Value {
    let schema = resolved(schema);
    let is = |kind: &str| schema["type"] == kind || schema["type"] == json!([kind, "null"]);
    match text.parse::<u64>() {
        Ok(number) if is("integer") => json!(number),
        _ if is("boolean") => json!(text == "true"),
        _ => json!(text),
    }
}

fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(pointer) => at_pointer(pointer),
        None => schema,
    }
}

fn at_pointer(pointer: &str) -> &'static Value {
    DOCUMENT.pointer(&pointer[1..]).expect("the document has what it names")
}

fn unless(is_right: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(why()) }
}

/// The names of the members that a schema says something about.
type Named = BTreeSet<String>;

/// Checks a value as a whole: no member of an object is left that nobody named.
fn whole(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let named = applied(schema, value, at)?;
    let Some(object) = value.as_object() else { return Ok(()) };
    match object.keys().find(|name| !named.contains(*name)) {
        Some(name) => Err(format!("{at}/{name} is not described")),
        None => Ok(()),
    }
}

/// Checks a value by each keyword of a schema.
fn applied(schema: &Value, value: &Value, at: &str) -> Result<Named, String> {
    let schema = schema.as_object().ok_or_else(|| format!("{at}: there is no schema"))?;
    let mut named = Named::new();
    for (keyword, wanted) in schema {
        let found = match keyword.as_str() {
            "$ref" => applied(at_pointer(wanted.as_str().unwrap()), value, at)?,
            "allOf" => all_of(wanted, value, at)?,
            "oneOf" => one_of(wanted, value, at)?,
            "properties" => properties(wanted, value, at)?,
            // These look at what the others named.
            "additionalProperties" | "unevaluatedProperties" => continue,
            _ => {
                let fits = simple(keyword, wanted, value).map_err(|why| format!("{at}: {why}"))?;
                unless(fits, || format!("{at}: {value} does not fit {keyword} {wanted}"))?;
                items(keyword, wanted, value, at)?;
                continue;
            }
        };
        named.extend(found);
    }
    rest(schema, value, &mut named, at)?;
    Ok(named)
}

fn all_of(wanted: &Value, value: &Value, at: &str) -> Result<Named, String> {
    let mut named = Named::new();
    for one in wanted.as_array().unwrap() {
        named.extend(applied(one, value, at)?);
    }
    Ok(named)
}

fn one_of(wanted: &Value, value: &Value, at: &str) -> Result<Named, String> {
    let tried = wanted.as_array().unwrap().iter().map(|one| applied(one, value, at));
    let (right, wrong): (Vec<_>, Vec<_>) = tried.partition(Result::is_ok);
    match right.len() {
        1 => right.into_iter().next().unwrap(),
        count => Err(format!("{at}: {count} of the kinds fit: {wrong:?}")),
    }
}

fn properties(wanted: &Value, value: &Value, at: &str) -> Result<Named, String> {
    let (Some(wanted), Some(object)) = (wanted.as_object(), value.as_object()) else {
        return Ok(Named::new());
    };
    let there = wanted.iter().filter(|(name, _)| object.contains_key(*name));
    let mut named = Named::new();
    for (name, schema) in there {
        whole(schema, &object[name], &format!("{at}/{name}"))?;
        named.insert(name.clone());
    }
    Ok(named)
}

/// Checks the members that no other keyword named.
fn rest(
    schema: &Map<String, Value>,
    value: &Value,
    named: &mut Named,
    at: &str,
) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    for keyword in ["additionalProperties", "unevaluatedProperties"] {
        let Some(wanted) = schema.get(keyword) else { continue };
        for (name, value) in object.iter().filter(|(name, _)| !named.contains(*name)) {
            unless(*wanted != false, || format!("{at}/{name} is one too many"))?;
            whole(wanted, value, &format!("{at}/{name}"))?;
        }
        named.extend(object.keys().cloned());
    }
    Ok(())
}

fn items(keyword: &str, wanted: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(list) = value.as_array().filter(|_| keyword == "items") else { return Ok(()) };
    list.iter()
        .enumerate()
        .try_for_each(|(index, one)| whole(wanted, one, &format!("{at}/{index}")))
}

/// Whether a value fits a keyword that looks at nothing else.
fn simple(keyword: &str, wanted: &Value, value: &Value) -> Result<bool, String> {
    let number = value.as_f64().zip(wanted.as_f64());
    let length = value.as_str().map(|text| text.chars().count() as u64).zip(wanted.as_u64());
    let count = value.as_array().map(|list| list.len() as u64).zip(wanted.as_u64());
    Ok(match keyword {
        "description" | "default" | "title" | "items" => true,
        "type" => match wanted.as_array() {
            Some(any) => any.iter().any(|kind| is_of(kind, value)),
            None => is_of(wanted, value),
        },
        "enum" => wanted.as_array().unwrap().contains(value),
        "required" => match value.as_object() {
            Some(object) => {
                let names = wanted.as_array().unwrap().iter();
                names.map(|name| name.as_str().unwrap()).all(|name| object.contains_key(name))
            }
            None => true,
        },
        "propertyNames" => match value.as_object() {
            Some(object) => object.keys().all(|name| whole(wanted, &json!(name), "").is_ok()),
            None => true,
        },
        "minimum" => number.is_none_or(|(value, least)| value >= least),
        "maximum" => number.is_none_or(|(value, most)| value <= most),
        "minLength" => length.is_none_or(|(length, least)| length >= least),
        "maxLength" => length.is_none_or(|(length, most)| length <= most),
        "minItems" => count.is_none_or(|(count, least)| count >= least),
        "maxItems" => count.is_none_or(|(count, most)| count <= most),
        "pattern" => {
            value.as_str().is_none_or(|text| pattern::fits(wanted.as_str().unwrap(), text))
        }
        "format" => is_in_format(wanted.as_str().unwrap(), value)?,
        other => return Err(format!("the keyword {other} is not known here")),
    })
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    }
}

fn is_in_format(format: &str, value: &Value) -> Result<bool, String> {
    let bits = |signed: u32| value.as_i64().is_none_or(|number| number.abs() < 1 << signed);
    Ok(match format {
        "date-time" => value.as_str().is_none_or(|text| {
            let parsed = postern::clock::Timestamp::parse_rfc3339(text);
            parsed.is_some() && text.ends_with('Z')
        }),
        "int32" => bits(32),
        "int64" | "password" | "binary" | "double" => true,
        other => return Err(format!("the format {other} is not known here")),
    })
}
