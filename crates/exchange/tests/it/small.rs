//! Header helpers and transaction ids.

use exchange::{HeaderName, HeaderValue, Headers, TransactionId};

fn headers(values: &[&'static str]) -> Headers {
    let mut headers = Headers::default();
    for value in values {
        headers.append("x", HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

#[track_caller]
fn check_token(values: &[&'static str], expected: bool) {
    assert_eq!(headers(values).has_token(&HeaderName::from_static("x"), "close"), expected, "{values:?}");
}

#[test]
fn tokens_are_found_in_lists_of_any_case() {
    check_token(&["close"], true);
    check_token(&["keep-alive, Close"], true);
    check_token(&["keep-alive", "\tCLOSE ,x"], true);
    check_token(&[], false);
    check_token(&["closed"], false);
    check_token(&["not close"], false);
    check_token(&["é, close"], false);
}

#[test]
fn the_first_value_is_text_if_it_is_visible_ascii() {
    assert_eq!(headers(&["a", "b"]).text("x"), Some("a"));
    assert_eq!(headers(&["é"]).text("x"), None);
    assert_eq!(headers(&[]).text("x"), None);
}

#[test]
fn all_values_are_replaced() {
    let mut fields = headers(&["a", "b"]);
    let name = HeaderName::from_static("x");
    fields.replace_all(&name, ["c", "d"].map(HeaderValue::from_static));
    assert_eq!(fields.get_all(&name).iter().collect::<Vec<_>>(), ["c", "d"]);
    fields.replace_all(&name, []);
    assert!(!fields.contains_key(&name));
}

#[test]
fn outgoing_calls_are_counted_whoever_makes_them() {
    let id = TransactionId::from_text("abc");
    let copy = id.clone();
    assert_eq!([id.next_call(), copy.next_call(), id.next_call()], ["abc/0", "abc/1", "abc/2"]);
}

#[test]
fn ids_are_random_and_the_first_one_stays() {
    assert_ne!(TransactionId::random().as_str(), TransactionId::random().as_str());
    let cx = crate::context();
    let first = cx.transaction().to_string();
    cx.adopt_transaction(TransactionId::from_text("late"));
    assert_eq!(cx.transaction().to_string(), first);
}
