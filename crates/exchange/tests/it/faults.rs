//! What a client sees of a fault, and what it never sees.

use std::time::Duration;

use exchange::{Fault, FaultKind, Origin, TransactionId};
use expect_test::{Expect, expect};

use crate::context;

#[track_caller]
fn check(fault: Fault, expected: Expect) {
    let cx = context();
    cx.adopt_transaction(TransactionId::from_text("t-1"));
    let response = fault.into_response(&cx);
    let mut shown = format!("{}\n", response.status);
    for (name, value) in response.headers.iter() {
        shown.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    expected.assert_eq(&format!("{shown}\n{}", response.body.text().unwrap()));
}

#[test]
fn the_client_gets_status_and_transaction_and_no_detail() {
    let cause = std::io::Error::other("secret cause");
    check(
        Fault::internal("secret detail").because(cause),
        expect![[r#"
            500 Internal Server Error
            content-type: text/plain; charset=utf-8

            500 Internal Server Error
            Transaction t-1
        "#]],
    );
}

#[test]
fn the_client_is_told_when_to_come_back_and_when_the_connection_ends() {
    check(
        Fault::new(FaultKind::Unavailable, "busy").retry_after(Duration::from_millis(29_001)),
        expect![[r#"
            503 Service Unavailable
            content-type: text/plain; charset=utf-8
            retry-after: 30

            503 Service Unavailable
            Transaction t-1
        "#]],
    );
    check(
        Fault::bad_request("broken"),
        expect![[r#"
            400 Bad Request
            content-type: text/plain; charset=utf-8
            connection: close

            400 Bad Request
            Transaction t-1
        "#]],
    );
}

#[test]
fn the_cause_stays_with_the_response() {
    let response = Fault::new(FaultKind::BadGateway, "the detail").into_response(&context());
    let cause = response.cause.unwrap();
    assert_eq!((cause.kind(), cause.detail()), (FaultKind::BadGateway, "the detail"));
}

#[test]
fn every_kind_has_a_status_and_somebody_to_blame() {
    use FaultKind as Kind;
    for (kind, status, origin) in [
        (Kind::BadRequest, 400, Origin::Client),
        (Kind::Unauthenticated, 401, Origin::Client),
        (Kind::Forbidden, 403, Origin::Client),
        (Kind::NotFound, 404, Origin::Client),
        (Kind::MethodNotAllowed, 405, Origin::Client),
        (Kind::RequestTimeout, 408, Origin::Client),
        (Kind::TooLarge, 413, Origin::Client),
        (Kind::Misdirected, 421, Origin::Client),
        (Kind::TooManyRequests, 429, Origin::Client),
        (Kind::HeadersTooLarge, 431, Origin::Client),
        (Kind::Internal, 500, Origin::Gateway),
        (Kind::BadGateway, 502, Origin::Upstream),
        (Kind::Unavailable, 503, Origin::Gateway),
        (Kind::GatewayTimeout, 504, Origin::Upstream),
    ] {
        assert_eq!((kind.status().as_u16(), kind.origin()), (status, origin));
    }
}

/// What comes of fetching an entity of nine bytes, held already, into a storage that takes `bytes_max`.
#[track_caller]
fn check_held_entity(bytes_max: u64, expected: Option<u16>) {
    let mut cx = context();
    let limits =
        exchange::StorageLimits { memory_bytes_max: 1, file_bytes_max: bytes_max, ..Default::default() };
    cx.storage = exchange::TemporaryStorage::new(limits);
    let uses = expression::Uses { request_entity: true, ..Default::default() };
    let prepared = crate::run(exchange::Prepare::request(uses, &mut cx, &mut crate::request()));
    assert_eq!(prepared.err().map(|fault| fault.kind().status().as_u16()), expected);
}

#[test]
fn an_entity_that_came_with_its_head_has_the_same_limit() {
    check_held_entity(9, None);
    check_held_entity(8, Some(413));
}
