//! `FapiInteractionIdFilter`: one id for a request and its answer, by which both sides find it in their logs.

use exchange::{Context, Filter, FilterRef, HeaderName, HeaderValue, Next, Outcome, Request};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use uuid::Uuid;

const FIELD: HeaderName = HeaderName::from_static("x-fapi-interaction-id");

/// Gives requests an interaction id and repeats it in their responses, as the Financial-grade API asks.
///
/// The id is that of the field `x-fapi-interaction-id`. A request without one, or with anything that is not
/// one UUID, goes on with a new id. The response has the same id, whatever the application answers.
///
/// ```json
/// { "type": "FapiInteractionIdFilter" }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FapiInteractionIdFilter {}

impl ObjectConfig for FapiInteractionIdFilter {
    const TYPE: &'static str = "FapiInteractionIdFilter";
    type Object = FilterRef;

    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::new(InteractionId))
    }
}

struct InteractionId;

impl Filter for InteractionId {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let id = given(request).unwrap_or_else(random);
        request.headers.insert(FIELD, id.clone());
        let mut response = next.run(cx, request).await;
        response.headers.insert(FIELD, id);
        Ok(response)
    }
}

/// The id of the request, if it has exactly one.
fn given(request: &Request) -> Option<HeaderValue> {
    let mut values = request.headers.get_all(FIELD).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let is_hyphenated = value.len() == uuid::fmt::Hyphenated::LENGTH;
    (is_hyphenated && Uuid::try_parse_ascii(value.as_bytes()).is_ok()).then(|| value.clone())
}

fn random() -> HeaderValue {
    let id = Uuid::new_v4().to_string();
    HeaderValue::try_from(id).expect("an id is made of digits, letters and hyphens")
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_filter, play};
    use expect_test::expect;

    const ID: &str = "9f8E7D6c-0000-4000-8000-00000000abcd";

    #[test]
    fn an_id_is_repeated_as_it_came() {
        check_filter(
            "FapiInteractionIdFilter",
            "{}",
            &format!("GET /\nX-FAPI-Interaction-ID: {ID}"),
            expect![[r#"
                GET http://app.example/
                x-fapi-interaction-id: 9f8E7D6c-0000-4000-8000-00000000abcd

                200 OK
                x-fapi-interaction-id: 9f8E7D6c-0000-4000-8000-00000000abcd
            "#]],
        );
    }

    #[test]
    fn the_response_has_the_id_of_the_request_alone() {
        let other = r#"{"type": "HeaderFilter", "config": {"messageType": "RESPONSE",
            "add": {"x-fapi-interaction-id": ["other", "and another"]}}}"#;
        check_filter(
            "ChainOfFilters",
            &format!(r#"{{"filters": [{{"type": "FapiInteractionIdFilter"}}, {other}]}}"#),
            &format!("GET /\nx-fapi-interaction-id: {ID}"),
            expect![[r#"
                GET http://app.example/
                x-fapi-interaction-id: 9f8E7D6c-0000-4000-8000-00000000abcd

                200 OK
                x-fapi-interaction-id: 9f8E7D6c-0000-4000-8000-00000000abcd
            "#]],
        );
    }

    #[test]
    fn a_missing_or_unusable_id_is_replaced_by_a_random_one() {
        let config = r#"{"handler": {"type": "Chain", "config": {
            "filters": [{"type": "FapiInteractionIdFilter"}], "handler": {"type": "Origin"}}}}"#;
        let field = "\nx-fapi-interaction-id: ";
        let simple = ID.replace('-', "");
        let several = format!("{field}{ID}{field}{ID}");
        for fields in ["", field, &format!("{field}17"), &format!("{field}{simple}"), &several] {
            let shown = play(config, &format!("GET /{fields}")).unwrap();
            let ids: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix(&field[1..])).collect();
            let [seen, got] = ids[..] else { panic!("{shown}") };
            assert_eq!(seen, got);
            assert_ne!(seen, ID);
            assert_eq!((seen.len(), seen.as_bytes()[14]), (36, b'4'), "{seen}");
        }
    }
}
