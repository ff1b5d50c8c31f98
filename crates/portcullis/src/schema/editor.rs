//! Makes of the schema of a type the schema of what may stand in a file.
//!
//! A file has more ways to say a value than its type: property tokens, expressions, `$int` and the other
//! coercions, constants in any case. And it has fewer: a property that nobody reads is a mistake.

use heap::Catalogue;
use serde_json::{Map, Value, json};

use super::role_key;

/// A string with a token or an expression in it.
const COMPUTED: &str = r"[&$#]\{";
/// Fields that are remarks, or switched off.
const REMARKS: &str = "^(_.*|comments?)$";
/// The one key of a coercion.
const COERCION: &str = r"^\$";

/// Changes a schema in place. `owner` is whose fields they are, in the words of complaints.
pub(super) fn open(schema: &mut Value, catalogue: &Catalogue, owner: &str) {
    let Value::Object(fields) = schema else { return };
    fields.remove("format");
    mark_ignored(fields);
    if fields.contains_key("x-role") {
        open_reference(fields);
    } else if let Some(constants) = constants(fields) {
        open_constants(fields, &constants);
    } else if let Some(Value::Array(choices)) = fields.remove("anyOf") {
        open_choices(fields, choices, catalogue, owner);
    } else {
        open_plain(fields, catalogue, owner);
    }
}

/// What is accepted for old configurations is shown as not to be written any more.
fn mark_ignored(fields: &mut Map<String, Value>) {
    let is_ignored = fields
        .get("description")
        .and_then(Value::as_str)
        .is_some_and(|text| text.starts_with("Accepted") || text.starts_with("Older name"));
    if is_ignored {
        fields.insert("deprecated".into(), true.into());
    }
}

/// The name of an object, or the object in place.
fn open_reference(fields: &mut Map<String, Value>) {
    let role = fields.remove("x-role");
    fields.remove("anyOf");
    let role = role.as_ref().and_then(Value::as_str).unwrap_or("any object");
    fields.insert("if".into(), json!({ "type": "object" }));
    fields.insert("then".into(), json!({ "$ref": format!("#/$defs/{}", role_key(role)) }));
    fields.insert("else".into(), json!({ "type": ["string", "null"] }));
}

/// The constants of an enumeration, whether they stand together or each with words of its own.
fn constants(fields: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let described = |choice: &Value| {
        let name = choice.get("const")?.as_str()?.to_owned();
        Some((name, choice.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()))
    };
    if let Some(Value::Array(names)) = fields.get("enum") {
        return names.iter().map(|name| Some((name.as_str()?.to_owned(), String::new()))).collect();
    }
    match fields.get("oneOf") {
        Some(Value::Array(choices)) => choices
            .iter()
            .map(|choice| match choice.get("enum") {
                Some(Value::Array(_)) => constants(choice.as_object()?),
                _ => Some(vec![described(choice)?]),
            })
            .collect::<Option<Vec<_>>>()
            .map(|lists| lists.concat()),
        _ => described(&Value::Object(fields.clone())).map(|constant| vec![constant]),
    }
}

fn open_constants(fields: &mut Map<String, Value>, constants: &[(String, String)]) {
    for key in ["enum", "oneOf", "const", "type"] {
        fields.remove(key);
    }
    let (names, words): (Vec<&String>, Vec<&String>) =
        constants.iter().map(|(name, words)| (name, words)).unzip();
    let any_case = names.iter().map(|name| in_any_case(name)).collect::<Vec<_>>().join("|");
    let mut exact = json!({ "enum": names });
    if words.iter().any(|words| !words.is_empty()) {
        exact["enumDescriptions"] = json!(words);
    }
    let loose = json!({
        "type": ["string", "object", "null"],
        "pattern": format!("^({any_case})$|{COMPUTED}"),
        "propertyNames": { "pattern": COERCION },
    });
    fields.insert("anyOf".into(), json!([exact, loose]));
}

/// `[Gg][Ee][Tt]`: patterns of JSON Schema have no flags.
fn in_any_case(name: &str) -> String {
    let mut pattern = String::new();
    for character in name.chars() {
        if character.is_ascii_alphabetic() {
            pattern.extend(['[', character.to_ascii_uppercase(), character.to_ascii_lowercase(), ']']);
        } else {
            if !character.is_alphanumeric() {
                pattern.push('\\');
            }
            pattern.push(character);
        }
    }
    pattern
}

fn open_choices(fields: &mut Map<String, Value>, choices: Vec<Value>, catalogue: &Catalogue, owner: &str) {
    let is_null = |choice: &Value| choice.get("type").and_then(Value::as_str) == Some("null");
    let (nulls, mut choices): (Vec<Value>, Vec<Value>) = choices.into_iter().partition(is_null);
    for choice in &mut choices {
        open(choice, catalogue, owner);
    }
    // One choice beside null needs no alternatives: a mistake in it is then told as what it is.
    match <[Value; 1]>::try_from(choices) {
        Ok([Value::Object(only)]) => {
            for (key, value) in only {
                fields.entry(key).or_insert(value);
            }
        }
        Ok([only]) => {
            fields.insert("anyOf".into(), json!([only]));
        }
        Err(mut choices) => {
            choices.extend(nulls);
            fields.insert("anyOf".into(), choices.into());
        }
    }
}

/// A value of some plain types, or a list or a map.
fn open_plain(fields: &mut Map<String, Value>, catalogue: &Catalogue, owner: &str) {
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        for property in properties.values_mut() {
            open(property, catalogue, owner);
        }
        add_old_fields(properties, catalogue, owner);
        if !fields.contains_key("additionalProperties") {
            fields.insert("additionalProperties".into(), false.into());
            fields.insert("patternProperties".into(), json!({ REMARKS: {}, COERCION: {} }));
        }
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(inner) {
            open(inner, catalogue, owner);
        }
    }
    open_types(fields);
}

/// Fields of older releases that are still read.
fn add_old_fields(properties: &mut Map<String, Value>, catalogue: &Catalogue, owner: &str) {
    for old in catalogue.old_names.fields.iter().filter(|old| old.owner == owner || old.owner.is_empty()) {
        let words = match old.is_ignored {
            true => format!("Older releases; ignored: {}.", old.today),
            false => format!("Older releases: write {}.", old.today),
        };
        let schema = json!({ "description": words, "deprecated": true });
        properties.entry(old.name).or_insert(schema);
    }
}

/// Lets a value of any type be computed.
fn open_types(fields: &mut Map<String, Value>) {
    let mut types: Vec<String> = match fields.get("type") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return,
    };
    let has = |types: &[String], name: &str| types.iter().any(|known| known == name);
    if !has(&types, "string") {
        let literal = match (has(&types, "boolean"), has(&types, "integer") || has(&types, "number")) {
            (true, _) => r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$|",
            (_, true) => r"^\s*[+-]?[0-9.eE+-]+\s*$|",
            _ => "",
        };
        fields.insert("pattern".into(), format!("{literal}{COMPUTED}").into());
        types.push("string".into());
    }
    if !has(&types, "object") {
        fields.insert("propertyNames".into(), json!({ "pattern": COERCION }));
        types.push("object".into());
    }
    if !has(&types, "null") {
        types.push("null".into());
    }
    fields.insert("type".into(), types.into());
}
