//! `portcullis schema`: JSON Schema (2020-12) of the files of an instance, for editors.
//!
//! Everything comes from the types that read the files, so what an editor offers is what the program takes. A
//! choice between object types is written as `if` and `then` instead of `oneOf`, because then an editor complains
//! about the one wrong property and not about every type there is.

mod editor;

use std::io::Write;
use std::process::ExitCode;

use clap::ValueEnum;
use heap::{Catalogue, ObjectType, Status};
use serde_json::{Map, Value, json};

use crate::gateway::GatewayFields;
use crate::server_config::AdminFields;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The file in `docs/schema` that holds all definitions.
pub(crate) const ALL: &str = "portcullis.schema.json";

/// What a schema describes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaRole {
    /// `admin.json`.
    Admin,
    /// `config.json`.
    Config,
    /// A file in the folder of a router.
    Route,
    /// One object, as it stands in a heap.
    Object,
}

impl SchemaRole {
    pub(crate) const ALL: [Self; 4] = [Self::Admin, Self::Config, Self::Route, Self::Object];

    /// The name of its definition.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Config => "config",
            Self::Route => "route",
            Self::Object => "object",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Admin => "Portcullis: admin.json",
            Self::Config => "Portcullis: config.json",
            Self::Route => "Portcullis: a route",
            Self::Object => "Portcullis: an object of a heap",
        }
    }

    /// The schema of its own fields, as the type that reads it says; nothing for an object, which has none.
    pub(crate) fn fields(self) -> Value {
        match self {
            Self::Admin => heap::schema_of::<AdminFields>(),
            Self::Config => heap::schema_of::<GatewayFields>(),
            Self::Route => objects::handlers::router::route_schema(),
            Self::Object => json!({}),
        }
    }

    /// The schema of its fields with those that every level has.
    pub(crate) fn whole(self, owner: &str) -> Value {
        level(&objects::catalogue(), self.fields(), owner)
    }

    /// A schema of this kind of file that needs no other file.
    pub(crate) fn bundled(self) -> Value {
        let mut schema = self.beside("");
        schema["$defs"] = definitions(&objects::catalogue()).into();
        schema
    }

    /// A schema that refers to the definitions in the file `definitions`.
    pub(crate) fn beside(self, definitions: &str) -> Value {
        json!({
            "$schema": DRAFT,
            "title": self.title(),
            "$ref": format!("{definitions}#/$defs/{}", self.name()),
        })
    }
}

/// The files of an instance, as complaints name them.
pub(crate) const FILES: [(SchemaRole, &str); 3] =
    [(SchemaRole::Admin, "admin.json"), (SchemaRole::Config, "config.json"), (SchemaRole::Route, "a route")];

/// Prints the schema of one kind of file, or of config.json and routes alike.
pub(crate) fn print(role: Option<SchemaRole>) -> ExitCode {
    let schema = role.map_or_else(all, SchemaRole::bundled);
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
    // Whoever read it may have gone; that is no reason to panic.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// All definitions; as a schema of its own it describes config.json and routes, whose fields may stand together.
pub(crate) fn all() -> Value {
    json!({
        "$schema": DRAFT,
        "title": "Portcullis: config.json and routes",
        "anyOf": [{ "$ref": "#/$defs/config" }, { "$ref": "#/$defs/route" }],
        "$defs": definitions(&objects::catalogue()),
    })
}

/// A definition for each kind of file, each role, and each object type.
fn definitions(catalogue: &Catalogue) -> Map<String, Value> {
    let mut definitions = Map::new();
    for (role, owner) in FILES {
        definitions.insert(role.name().into(), level(catalogue, role.fields(), owner));
    }
    definitions.insert("object".into(), json!({ "$ref": "#/$defs/role:any-object" }));
    let mut roles: Vec<&str> = catalogue.iter().map(ObjectType::role).collect();
    roles.push("any object");
    roles.sort_unstable();
    roles.dedup();
    for role in roles {
        // What stands for any object stands for one of this role, too.
        let fits = |entry: &&ObjectType| role == "any object" || [role, "any object"].contains(&entry.role());
        let entries: Vec<&ObjectType> = catalogue.iter().filter(fits).collect();
        definitions.insert(role_key(role), role_definition(catalogue, &entries));
    }
    for entry in catalogue.iter() {
        definitions.insert(entry.name.into(), type_definition(catalogue, entry));
    }
    definitions
}

/// The name of a role's definition. References are URIs, which have no spaces.
fn role_key(role: &str) -> String {
    format!("role:{}", role.replace(' ', "-"))
}

/// The fields of a whole file, with those that every level has.
fn level(catalogue: &Catalogue, fields: Value, owner: &str) -> Value {
    let mut schema = fields;
    editor::open(&mut schema, catalogue, owner);
    let object = json!({ "$ref": "#/$defs/role:any-object" });
    let heap = json!({
        "description": "Objects that are referred to by their names, here and in the routes below.",
        "type": ["array", "object"],
        "items": object,
        "properties": { "objects": { "type": "array", "items": object, "deprecated": true } },
    });
    let properties = json!({
        "description": "Values for expressions and for tokens such as `&{name}`, here and in the routes below.",
        "type": "object",
    });
    let secrets = json!({
        "description": "Older releases: declare a `SecretsProvider` and name it where secrets are needed.",
        "deprecated": true,
        "type": ["object", "string", "null"],
        "properties": { "stores": { "type": "array", "items": {
            "if": { "type": "object" }, "then": object, "else": { "type": "string" },
        } } },
    });
    let decorators = json!({
        "description": "Decorations of every object here and in the routes below.",
        "type": "object",
        "properties": decorations(catalogue),
    });
    let own = &mut schema["properties"];
    own["heap"] = heap;
    own["properties"] = properties;
    own["globalDecorators"] = decorators;
    own["secrets"] = secrets;
    if let (Some(own), Value::Object(decorations)) = (own.as_object_mut(), decorations(catalogue)) {
        own.extend(decorations);
    }
    // A decoration may have any name that a decorator of a heap has.
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("additionalProperties");
    }
    schema
}

/// The decorations that need no declaration of a decorator, with what the decorator's page says first.
fn decorations(catalogue: &Catalogue) -> Value {
    let defaults: Vec<Value> = serde_json::from_str(catalogue.defaults).unwrap_or_default();
    let mut properties = Map::new();
    for default in &defaults {
        let (Some(name), Some(object_type)) = (default["name"].as_str(), default["type"].as_str()) else {
            continue;
        };
        let entry = catalogue.iter().find(|entry| entry.name == object_type && entry.role() == "Decorator");
        if let Some(entry) = entry {
            properties.insert(name.to_owned(), json!({ "description": summary(entry) }));
        }
    }
    properties.into()
}

/// Any object of a role: its `type` settles what its `config` may hold.
fn role_definition(catalogue: &Catalogue, entries: &[&ObjectType]) -> Value {
    let is_current = |entry: &&&ObjectType| entry.status != Status::Deprecated;
    let names: Vec<&str> = entries.iter().filter(is_current).map(|entry| entry.name).collect();
    let summaries: Vec<String> = entries.iter().filter(is_current).map(|entry| summary(entry)).collect();
    let mut older: Vec<&str> = entries.iter().flat_map(|entry| entry.aliases.iter().copied()).collect();
    older.extend(entries.iter().filter(|entry| !is_current(entry)).map(|entry| entry.name));
    older.sort_unstable();
    let mut choices = vec![json!({ "enum": names, "enumDescriptions": summaries })];
    if !older.is_empty() {
        choices.push(json!({ "enum": older, "deprecated": true }));
    }
    let by_type: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let meant: Vec<&str> = std::iter::once(entry.name).chain(entry.aliases.iter().copied()).collect();
            let condition = match meant.as_slice() {
                [name] => json!({ "const": name }),
                names => json!({ "enum": names }),
            };
            json!({
                "if": { "properties": { "type": condition }, "required": ["type"] },
                "then": { "$ref": format!("#/$defs/{}", entry.name) },
            })
        })
        .collect();
    let mut properties = json!({
        "type": { "description": "What kind of object this is.", "anyOf": choices },
        "name": {
            "type": "string",
            "description": "What references call the object; in a heap every object has one.",
        },
        // The types add what it may hold.
        "config": {},
    });
    if let (Some(properties), Value::Object(decorations)) =
        (properties.as_object_mut(), decorations(catalogue))
    {
        properties.extend(decorations);
    }
    json!({ "type": "object", "required": ["type"], "properties": properties, "allOf": by_type })
}

/// What an object of a type has beside what every object has.
fn type_definition(catalogue: &Catalogue, entry: &ObjectType) -> Value {
    let mut config = entry.config_schema();
    editor::open(&mut config, catalogue, entry.name);
    let is_required = config["required"].as_array().is_some_and(|required| !required.is_empty());
    let mut definition = json!({
        "description": config["description"],
        "properties": { "config": config },
    });
    if is_required {
        definition["required"] = json!(["config"]);
    }
    if entry.status == Status::Deprecated {
        definition["deprecated"] = true.into();
    }
    definition
}

/// The first line of a type's page.
fn summary(entry: &ObjectType) -> String {
    let schema = entry.config_schema();
    let page = schema["description"].as_str().unwrap_or_default();
    page.lines().next().unwrap_or_default().to_owned()
}
