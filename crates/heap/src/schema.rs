//! JSON Schemas of configuration types, from which the schemas for editors and the reference pages are made.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::ObjectType;

impl ObjectType {
    /// The schema of `config` as JSON, definitions inlined where they are used.
    pub fn config_schema(&self) -> Value {
        (self.schema)(&mut generator()).to_value()
    }
}

/// The schema of the fields of a level, or of any other configuration type, in the same form.
pub fn schema_of<F: JsonSchema>() -> Value {
    F::json_schema(&mut generator()).to_value()
}

fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    SchemaGenerator::new(settings)
}
