//! Files of an instance in; what they add to `admin.json`, and the complaints, out.

use heap::{Document, InstancePaths, Services};
use serde_json::{Value as Json, json};
use source::{Number, Value};
use testbed::Folder;

use crate::{dialects, instance};

/// Shows what an `admin.json` with this text becomes by the files (`path`, text).
pub(super) fn translated(admin: &str, files: &[(&str, &str)]) -> String {
    translated_with_profile(None, admin, files)
}

/// The same for one of the profiles of the instance.
pub(super) fn translated_with_profile(profile: Option<&str>, admin: &str, files: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    for (path, text) in files {
        folder.write(path, text);
    }
    let (mut process, mut diagnostics) = (heap::ProcessSettings::default(), Vec::new());
    process.env.insert("FROM_ENVIRONMENT".into(), "environment".into());
    process.system.extend(profile.map(|profile| (dialects::PROFILE.to_owned(), profile.to_owned())));
    dialects::settle(folder.path(), &mut process, &mut diagnostics);
    let paths = InstancePaths::below(folder.path());
    let environment = instance::environment(paths, process, Services::default(), None);
    let mut document = Document::parse(&environment, "admin.json", admin.as_bytes(), None);
    dialects::translate(&environment, &mut document);
    diagnostics.append(&mut document.diagnostics);
    let mut shown = String::new();
    for entry in document.root.iter().filter_map(|root| root.as_object()).flatten() {
        for part in entry.value.as_array().unwrap_or(std::slice::from_ref(&entry.value)) {
            shown.push_str(&format!("{}: {}\n", entry.key, json_of(&part.value)));
        }
    }
    for diagnostic in diagnostics {
        shown.push_str(&format!("{diagnostic}\n"));
    }
    shown.replace(&folder.path().display().to_string(), "INSTANCE")
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(Number::Integer(number)) => json!(number),
        Value::Number(Number::Decimal(number)) => json!(number),
        Value::String(text) => json!(text.as_str()),
        Value::Array(items) => items.iter().map(|item| json_of(&item.value)).collect(),
        Value::Object(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), json_of(&entry.value.value))).collect()
        }
    }
}
