//! `portcullis schema`: a validator that knows nothing else takes every file that the gateway takes, and finds the
//! mistakes that an editor should underline.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::{Expect, expect};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::PROGRAM;

fn schema(arguments: &[&str]) -> Value {
    let output = Command::new(PROGRAM).arg("schema").args(arguments).output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn validator(role: &str) -> Validator {
    jsonschema::draft202012::new(&schema(&["--role", role])).unwrap()
}

/// Compares what the schema of a role says of a text: a line for each mistake, with its place.
#[track_caller]
fn check(role: &str, text: &str, expected: Expect) {
    let value: Value = serde_json::from_str(text).unwrap();
    let validator = validator(role);
    let mut lines: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}\n", error.instance_path())).collect();
    lines.sort();
    expected.assert_eq(&lines.concat());
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

#[test]
fn every_example_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("src/default_config.json")];
    json_files(&root.join("../../examples"), &mut files);
    let (admin, config, route) = (validator("admin"), validator("config"), validator("route"));
    let mut counts = [0; 3];
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let (kind, validator) = match file.file_name().unwrap().to_str().unwrap() {
            "admin.json" => (0, &admin),
            "config.json" | "default_config.json" => (1, &config),
            _ if file.parent().unwrap().ends_with("routes") => (2, &route),
            other => panic!("what is `{other}`?"),
        };
        counts[kind] += 1;
        let mistakes: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(mistakes.is_empty(), "{}: {mistakes:#?}", file.display());
    }
    assert!(counts.iter().all(|count| *count >= 2), "{counts:?}");
}

#[test]
fn the_objects_that_every_instance_has_are_valid() {
    let defaults = include_str!("../../../objects/src/defaults.json");
    let objects: Vec<Value> = serde_json::from_str(defaults).unwrap();
    let validator = validator("object");
    assert!(!objects.is_empty());
    for object in &objects {
        assert!(validator.is_valid(object), "{object}");
    }
}

#[test]
fn the_example_on_the_page_of_every_object_type_is_valid() {
    let schema = schema(&["--role", "object"]);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut count = 0;
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        let Some(page) = definition["description"].as_str() else { continue };
        let Some(example) = page.split("```json").nth(1).and_then(|rest| rest.split("```").next()) else {
            continue;
        };
        let example: Value = serde_json::from_str(example).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Decorators show how they are used, in an object of another type.
        if example["type"].is_string() {
            let mistakes: Vec<String> =
                validator.iter_errors(&example).map(|error| error.to_string()).collect();
            assert!(mistakes.is_empty(), "{name}: {mistakes:?}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn mistakes_in_an_object_are_found_at_their_places() {
    let filter = |config: &str| {
        format!(
            r#"{{ "handler": {{ "type": "Chain", "config": {{ "handler": "ReverseProxyHandler", "filters": [
                {{ "type": "HeaderFilter", "config": {config} }} ] }} }} }}"#
        )
    };
    check("route", &filter(r#"{ "messageType": "REQUEST", "remove": ["x"] }"#), expect![]);
    check(
        "route",
        &filter(r#"{ "messageType": "REQUEST", "remve": ["x"] }"#),
        expect![[r#"
        /handler/config/filters/0/config: Additional properties are not allowed ('remve' was unexpected)
    "#]],
    );
    check(
        "route",
        &filter(r#"{ "messageType": "BOTH" }"#),
        expect![[r#"
        /handler/config/filters/0/config/messageType: "BOTH" is not valid under any of the schemas listed in the 'anyOf' keyword
    "#]],
    );
    check(
        "route",
        &filter(r#"{ "remove": ["x"] }"#),
        expect![[r#"
        /handler/config/filters/0/config: "messageType" is a required property
    "#]],
    );
    check(
        "route",
        &filter(r#"{ "messageType": "REQUEST", "remove": "x" }"#),
        expect![[r#"
        /handler/config/filters/0/config/remove: "x" does not match "[&$#]\{"
    "#]],
    );
    check(
        "route",
        r#"{ "handler": { "type": "ReverseProxyHandlr" } }"#,
        expect![[r#"
        /handler/type: "ReverseProxyHandlr" is not valid under any of the schemas listed in the 'anyOf' keyword
    "#]],
    );
    check(
        "route",
        r#"{ "handler": { "type": "DateHeaderFilter" } }"#,
        expect![[r#"
        /handler/type: "DateHeaderFilter" is not valid under any of the schemas listed in the 'anyOf' keyword
    "#]],
    );
    check(
        "route",
        r#"{ "handler": { "type": "Chain", "confg": {} } }"#,
        expect![[r#"
        /handler: "config" is a required property
    "#]],
    );
    check(
        "route",
        r#"{ "handler": { "config": {} } }"#,
        expect![[r#"
        /handler: "type" is a required property
    "#]],
    );
    check(
        "route",
        r#"{ "handlr": "x" }"#,
        expect![[r#"
        : "handler" is a required property
    "#]],
    );
}

#[test]
fn mistakes_in_admin_json_are_found() {
    check("admin", r#"{ "connectors": [ { "port": 8080, "vertx": { "idleTimeout": 5 } } ] }"#, expect![]);
    check(
        "admin",
        r#"{ "connectors": [ { "prt": 8080 }, { "port": 70000 }, { "port": true } ] }"#,
        expect![[r#"
            /connectors/0: "port" is a required property
            /connectors/0: Additional properties are not allowed ('prt' was unexpected)
            /connectors/1/port: 70000 is greater than the maximum of 65535
            /connectors/2/port: true is not of types "null", "integer", "string", "array", "object"
        "#]],
    );
    check(
        "admin",
        r#"{ "mode": "TEST", "connectors": [ { "port": 1, "vertx": { "ssl": true } } ] }"#,
        expect![[r#"
            /connectors/0/vertx/ssl: true is not of types "null", "string", "object"
            /mode: "TEST" is not valid under any of the schemas listed in the 'anyOf' keyword
        "#]],
    );
}

#[test]
fn what_the_loader_takes_in_other_ways_is_valid_too() {
    for text in [
        r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": "&{status|200}" } } }"#,
        r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": { "$int": "&{status}" } } } }"#,
        r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": "200" } } }"#,
        r#"{ "handler": { "type": "StaticResponseHandler", "config": "${properties.answer}" } }"#,
        r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "comment": "x", "_entity": 5 } } }"#,
        r#"{ "handler": "Main", "condition": true, "comment": "x", "_off": 1 }"#,
        r#"{ "handler": "Main", "condition": "${request.method == 'GET'}", "_id": "a", "name": "b" }"#,
        r#"{ "handler": { "type": "ClientHandler", "name": "c", "baseURI": "http://x", "capture": ["all"], "mine": 1 } }"#,
        r#"{ "baseURI": "http://x", "timer": true, "myDecorator": "y", "handler": "Main" }"#,
        r#"{ "handler": { "type": "Delegate", "config": { "delegate": "ReverseProxyHandler" } } }"#,
        r#"{ "heap": [ { "name": "a", "type": "DateHeaderFilter" } ], "properties": { "x": [1] }, "handler": "Main" }"#,
        r#"{ "heap": { "objects": [ { "name": "a", "type": "DateHeaderFilter" } ] }, "handlerObject": "Main", "handler": "Main" }"#,
        r#"{ "handler": { "type": "Chain", "config": { "handler": "Main", "filters": [
             { "type": "HeaderFilter", "config": { "messageType": "request" } },
             { "type": "SwitchFilter", "config": { "onRequest": [ { "condition": true, "handler": "Main" } ] } } ] } } }"#,
    ] {
        check("route", text, expect![""]);
    }
}

#[test]
fn old_names_are_valid_and_marked() {
    let schema = schema(&["--role", "route"]);
    let choices = &schema["$defs"]["role:Handler"]["properties"]["type"]["anyOf"];
    assert!(choices[0]["enum"].as_array().unwrap().contains(&json!("Router")));
    assert!(choices[1]["enum"].as_array().unwrap().contains(&json!("RouterHandler")));
    assert_eq!(choices[1]["deprecated"], true);
    assert_eq!(
        choices[0]["enum"].as_array().unwrap().len(),
        choices[0]["enumDescriptions"].as_array().unwrap().len()
    );
    assert_eq!(schema["$defs"]["route"]["properties"]["handlerObject"]["deprecated"], true);
    check(
        "route",
        r#"{ "handler": { "type": "RouterHandler", "config": { "directory": "x" } } }"#,
        expect![""],
    );
    check(
        "route",
        r#"{ "handler": { "type": "RouterHandler", "config": { "directry": "x" } } }"#,
        expect![[r#"
        /handler/config: Additional properties are not allowed ('directry' was unexpected)
    "#]],
    );
}

#[test]
fn every_reference_in_a_schema_leads_somewhere_and_properties_have_words() {
    fn walk(value: &Value, look: &mut impl FnMut(&serde_json::Map<String, Value>)) {
        match value {
            Value::Object(fields) => {
                look(fields);
                fields.values().for_each(|inner| walk(inner, look));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, look)),
            _ => {}
        }
    }
    let whole = schema(&[]);
    let mut references = 0;
    walk(&whole, &mut |fields| {
        if let Some(Value::String(target)) = fields.get("$ref") {
            references += 1;
            assert!(whole.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
        }
    });
    assert!(references > 100, "{references}");
    for level in ["admin", "config", "route"] {
        for (name, property) in whole["$defs"][level]["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{level}: {name}");
        }
    }
}

#[test]
fn the_reference_holds_a_small_schema_for_each_kind_of_file() {
    let folder = testbed::Folder::new();
    assert!(Command::new(PROGRAM).arg("reference").arg(folder.path()).status().unwrap().success());
    let read = |name: &str| -> Value {
        serde_json::from_str(&folder.read(&format!("schema/{name}.schema.json")).unwrap()).unwrap()
    };
    assert_eq!(read("portcullis"), schema(&[]));
    for role in ["admin", "config", "route", "object"] {
        let (small, printed) = (read(role), schema(&["--role", role]));
        assert_eq!(small["$ref"], format!("portcullis.schema.json#/$defs/{role}"));
        assert_eq!(printed["$ref"], format!("#/$defs/{role}"));
        assert_eq!((&small["title"], small.get("$defs")), (&printed["title"], None));
    }
}
