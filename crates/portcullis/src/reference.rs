//! `portcullis reference`: the reference pages and the JSON Schema, written from the object types themselves.
//!
//! The pages hold what the doc comments and field types say, so they cannot drift from the code: a check
//! compares them with what this command writes.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use heap::{Catalogue, ObjectType, Status};
use serde_json::Value;
use source::Code;

use crate::language;
use crate::schema::{self, SchemaRole};

/// Writes `reference/` and `schema/` into a folder.
pub(crate) fn write(directory: &Path) -> ExitCode {
    match try_write(directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the reference cannot be written to `{}`: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}

fn try_write(directory: &Path) -> io::Result<()> {
    let catalogue = objects::catalogue();
    let reference = directory.join("reference");
    for entry in catalogue.iter() {
        put(&reference.join(folder(entry)).join(format!("{}.md", entry.name)), &page(entry))?;
    }
    for (role, owner) in schema::FILES {
        put(&reference.join("files").join(format!("{}.md", role.name())), &file_page(role, owner))?;
    }
    for code in codes() {
        put(&reference.join("diagnostics").join(format!("{code}.md")), &code_page(code))?;
    }
    put(&reference.join("functions.md"), &language::functions())?;
    put(&reference.join("scope.md"), &language::scope())?;
    put(&reference.join("expressions.md"), expression::DIFFERENCES)?;
    put(&reference.join("README.md"), &index(&catalogue))?;
    put(&reference.join("older-names.md"), &older_names(&catalogue))?;
    let schemas = directory.join("schema");
    put_json(&schemas.join(schema::ALL), &schema::all())?;
    for role in SchemaRole::ALL {
        put_json(&schemas.join(format!("{}.schema.json", role.name())), &role.beside(schema::ALL))?;
    }
    Ok(())
}

/// The page of a diagnostic.
pub(crate) fn code_page(code: &Code) -> String {
    format!("# {code}: {}\n\n{}\n", code.name.replace('-', " "), code.explanation.trim_end())
}

/// Every code of every crate, in the order of the numbers.
pub(crate) fn codes() -> Vec<&'static Code> {
    let crates = [source::CODES, expression::CODES, heap::CODES, crate::errors::CODES, crate::keys::CODES];
    let all = crates.iter().chain(objects::CODES).copied();
    let mut codes: Vec<&Code> = all.flatten().copied().collect();
    codes.sort_by_key(|code| code.number);
    codes
}

fn put_json(path: &Path, value: &Value) -> io::Result<()> {
    put(path, &(serde_json::to_string_pretty(value).map_err(io::Error::other)? + "\n"))
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn folder(entry: &ObjectType) -> &'static str {
    match entry.role() {
        "Handler" => "handlers",
        "Filter" => "filters",
        "Decorator" => "decorators",
        _ => "services",
    }
}

fn index(catalogue: &Catalogue) -> String {
    let mut text =
        String::from("# Reference\n\nWritten by `cargo xtask gen` from the object types; do not edit.\n");
    text.push_str("\n## Files\n\n");
    for (role, owner) in schema::FILES {
        let _ = writeln!(text, "- [{owner}](files/{}.md)", role.name());
    }
    for chapter in ["handlers", "filters", "decorators", "services"] {
        let _ = write!(text, "\n## {}{}\n\n", chapter[..1].to_uppercase(), &chapter[1..]);
        let mut entries: Vec<_> = catalogue.iter().filter(|entry| folder(entry) == chapter).collect();
        entries.sort_by_key(|entry| entry.name);
        for entry in entries {
            let schema = entry.config_schema();
            let summary = description(&schema).lines().next().unwrap_or_default();
            let _ = writeln!(text, "- [{0}]({chapter}/{0}.md): {summary}", entry.name);
        }
    }
    text.push_str("\n[Older names](older-names.md): what releases since OpenIG 2 called things.\n");
    text.push_str(
        "\n## Expressions\n\n- [Functions](functions.md): what can be called\n- [What expressions see](scope.md): \
         the request and its surroundings\n\
         - [Differences](expressions.md): where expressions and patterns differ from Java's\n",
    );
    text.push_str("\n## Diagnostics\n\n");
    for code in codes() {
        let _ = writeln!(text, "- [{code}](diagnostics/{code}.md): {}", code.name.replace('-', " "));
    }
    text
}

/// What older releases called things, and what is written today.
fn older_names(catalogue: &Catalogue) -> String {
    let mut types: Vec<(&str, String)> = Vec::new();
    for entry in catalogue.iter() {
        types.extend(entry.aliases.iter().map(|alias| (*alias, format!("`{}`", entry.name))));
    }
    let own_word = |name: &str| catalogue.old_names.types.iter().any(|old| old.name == name);
    types.retain(|(name, _)| !own_word(name));
    types.extend(catalogue.old_names.types.iter().map(|old| (old.name, old.today.to_owned())));
    types.sort();
    let mut text = String::from(
        "# Older names\n\nWritten by `cargo xtask gen` from the tables that the warnings `PC0311` and `PC0314` come \
         from; do not edit.\n\n## Object types\n\n| older name | today |\n|---|---|\n",
    );
    for (name, today) in types {
        let _ = writeln!(text, "| `{name}` | {today} |");
    }
    text.push_str("\n## Fields\n\n| older name | of | today |\n|---|---|---|\n");
    text.push_str("| `objects` | a heap | the array as `heap` itself |\n");
    for old in catalogue.old_names.fields {
        let owner = if old.owner.is_empty() { "every object" } else { old.owner };
        let ignored = if old.is_ignored { "nothing: " } else { "" };
        let _ = writeln!(text, "| `{}` | {owner} | {ignored}{} |", old.name, old.today);
    }
    text
}

/// The page of a kind of file.
fn file_page(role: SchemaRole, owner: &str) -> String {
    let mut text = format!("# The fields of {owner}\n\n");
    if role != SchemaRole::Admin {
        text.push_str("Any other field that is the name of a decorator decorates the handler.\n\n");
    }
    // The own fields as their types have them; what every level has beside them as editors are told.
    let mut schema = role.whole(owner);
    if let (Some(Value::Object(all)), Value::Object(own)) =
        (schema.get_mut("properties"), role.fields()["properties"].take())
    {
        all.extend(own);
    }
    properties(&mut text, &schema, "");
    text
}

fn page(entry: &ObjectType) -> String {
    let schema = entry.config_schema();
    let mut text = format!("# {}\n\n", entry.name);
    let _ = write!(text, "{}{}\n\n", entry.role(), badge(entry.status));
    text.push_str(description(&schema));
    text.push_str("\n\n");
    if !entry.aliases.is_empty() {
        let _ = write!(text, "Older names: {}.\n\n", entry.aliases.join(", "));
    }
    text.push_str("## Properties\n\n");
    properties(&mut text, &schema, "");
    let _ = write!(text, "\nWritten from the module `objects::{}::{}`.\n", folder(entry), module(entry.name));
    text
}

fn badge(status: Status) -> &'static str {
    match status {
        Status::Stable => "",
        Status::Experimental => " · experimental: it may change in any version",
        Status::Deprecated => " · deprecated: another object replaces it",
        Status::Addition => " · an addition: the original product does not have it",
    }
}

/// The rows of an object's properties, and below them those of the objects in it.
fn properties(text: &mut String, schema: &Value, prefix: &str) {
    let Some(fields) =
        schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty())
    else {
        if prefix.is_empty() {
            text.push_str("None.\n");
        }
        return;
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if prefix.is_empty() {
        text.push_str("| property | type | required or default | meaning |\n| --- | --- | --- | --- |\n");
    }
    for (name, field) in fields {
        let presence = if required.contains(&name.as_str()) {
            "required".to_owned()
        } else {
            match field.get("default").filter(|default| !default.is_null()) {
                Some(default) => format!("`{default}`"),
                None => "optional".to_owned(),
            }
        };
        let meaning = description(field).replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(text, "| `{prefix}{name}` | {} | {presence} | {meaning} |", type_name(field));
        properties(text, inner(field), &format!("{prefix}{name}."));
    }
}

/// The schema of what a list or an optional field holds.
fn inner(field: &Value) -> &Value {
    let item = field.get("items").unwrap_or(field);
    let first = item
        .get("anyOf")
        .and_then(Value::as_array)
        .and_then(|options| options.iter().find(|option| option.get("properties").is_some()));
    first.unwrap_or(item)
}

fn type_name(field: &Value) -> String {
    if let Some(role) = field.get("x-role").and_then(Value::as_str) {
        return format!("{role} reference");
    }
    if let Some(special) = field.get("x-type").and_then(Value::as_str) {
        return special.to_owned();
    }
    let evaluated =
        field.get("x-evaluated").and_then(Value::as_str).map(|when| format!(", evaluated {when}"));
    let plain = match (field.get("type"), field.get("anyOf").or_else(|| field.get("oneOf"))) {
        _ if field.get("enum").is_some() || field.get("const").is_some() => constants(field),
        (Some(Value::String(name)), _) if name == "array" => match field.get("items") {
            Some(items) => format!("array of {}", type_name(items)),
            None => "array".to_owned(),
        },
        (Some(Value::String(name)), _) if name == "object" => match field.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("map to {}", type_name(values)),
            _ => "object".to_owned(),
        },
        (Some(Value::String(name)), _) => name.clone(),
        (Some(Value::Array(names)), _) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
        (None, Some(Value::Array(options))) => {
            let mut names: Vec<String> = options
                .iter()
                .filter(|option| option.get("type").and_then(Value::as_str) != Some("null"))
                .map(type_name)
                .collect();
            names.dedup();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    };
    plain + &evaluated.unwrap_or_default()
}

fn constants(field: &Value) -> String {
    let values = field.get("enum").and_then(Value::as_array).cloned();
    let values = values.or_else(|| field.get("const").map(|value| vec![value.clone()])).unwrap_or_default();
    values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// `HeaderFilter` is in `header_filter`.
fn module(name: &str) -> String {
    let mut module = String::new();
    for (index, character) in name.char_indices() {
        if character.is_ascii_uppercase() && index > 0 {
            module.push('_');
        }
        module.extend(character.to_lowercase());
    }
    module
}
