//! `Delegate`: another name for an object, to be decorated on its own.

use heap::{AnyObject, Builder, ObjectConfig, Ref};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Stands for another object of any type.
///
/// Decorations of the delegate apply only where the delegate is used, so that an object that is used in
/// several places can be decorated in one of them.
///
/// ```json
/// {
///   "name": "capturedClient",
///   "type": "Delegate",
///   "config": { "delegate": "ForgeRockClientHandler" },
///   "capture": "all"
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delegate {
    /// The object that does the work.
    delegate: Ref<AnyObject>,
}

impl ObjectConfig for Delegate {
    const TYPE: &'static str = "Delegate";
    type Object = AnyObject;

    fn build(self, b: &mut Builder<'_>) -> Result<AnyObject, Diagnostic> {
        Ok(b.get(&self.delegate))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, check_handler, check_level};
    use expect_test::expect;

    #[test]
    fn a_handler_in_place() {
        check_handler(
            "Delegate",
            r#"{"delegate": {"type": "Origin"}}"#,
            "GET /a",
            expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
        );
    }

    #[test]
    fn a_filter_of_the_heap_through_two_delegates() {
        check_level(
            r#"{
  "heap": [
    {"name": "outer", "type": "Delegate", "config": {"delegate": "inner"}},
    {"name": "inner", "type": "Delegate", "config": {"delegate": "filter"}},
    {"name": "filter", "type": "HeaderFilter", "config": {"messageType": "REQUEST", "add": {"x": ["1"]}}}
  ],
  "handler": {"type": "Chain", "config": {"filters": ["outer"], "handler": {"type": "Origin"}}}
}"#,
            "GET /",
            expect![[r#"
                GET http://app.example/
                x: 1

                200 OK
            "#]],
        );
    }

    #[test]
    fn keeps_the_role_of_what_it_stands_for() {
        check_complaints(
            r#"{
  "heap": [{"name": "storage", "type": "Delegate", "config": {"delegate": "TemporaryStorage"}}],
  "handler": "storage"
}"#,
            expect![[r#"
                error[PC0307]: `storage` is a TemporaryStorage, but a Handler is needed here
                 --> config.json:3:14
                  |
                3 |   "handler": "storage"
                  |              ^^^^^^^^^
            "#]],
        );
    }

    #[test]
    fn cannot_stand_for_itself() {
        check_complaints(
            r#"{
  "heap": [{"name": "d", "type": "Delegate", "config": {"delegate": "d"}}],
  "handler": "d"
}"#,
            expect![[r#"
                error[PC0309]: these objects refer to one another in a circle: d → d
                 --> config.json:2:21
                  |
                2 |   "heap": [{"name": "d", "type": "Delegate", "config": {"delegate": "d"}}],
                  |                     ^^^
                  |
                  = help: one of the references has to go
            "#]],
        );
    }
}
