//! The JSON Schema of the whole catalogue, for editors, and the data of the reference pages.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::{Catalogue, ObjectType};

impl ObjectType {
    /// The schema of `config` as JSON, definitions inlined where they are used once.
    pub fn config_schema(&self) -> Value {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        let mut generator = SchemaGenerator::new(settings);
        (self.schema)(&mut generator).to_value()
    }
}

impl Catalogue {
    /// A schema for `config.json` and route files: every object type, with its documentation.
    pub fn schema(&self) -> Value {
        let mut definitions = Map::new();
        let mut roles: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for entry in self.iter() {
            let declaration = json!({
                "type": "object",
                "required": ["type"],
                "properties": {
                    "name": { "type": "string" },
                    "type": { "const": entry.name },
                    "config": entry.config_schema(),
                },
            });
            definitions.insert(entry.name.to_owned(), declaration);
            let reference = json!({ "$ref": format!("#/$defs/{}", entry.name) });
            roles.entry(entry.role()).or_default().push(reference.clone());
            if entry.role() != "any object" {
                roles.entry("any object").or_default().push(reference);
            }
        }
        for (role, types) in roles {
            definitions.insert(format!("role:{role}"), json!({ "oneOf": types }));
        }
        // A role that a field asks for and no type provides yet must still resolve.
        for role in ["Handler", "Filter", "any object"] {
            definitions.entry(format!("role:{role}")).or_insert_with(|| json!({}));
        }
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Portcullis configuration: config.json and routes",
            "type": "object",
            "properties": {
                "name": { "type": "string" },
                "condition": { "type": ["string", "boolean"] },
                "handler": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/role:Handler" }] },
                "heap": { "type": "array", "items": { "$ref": "#/$defs/role:any object" } },
                "properties": { "type": "object" },
                "globalDecorators": { "type": "object" },
            },
            "$defs": definitions,
        })
    }
}
