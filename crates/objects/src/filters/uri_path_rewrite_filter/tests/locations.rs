//! What `UriPathRewriteFilter` does to locations.

use crate::testing::check_level;
use expect_test::{Expect, expect};

/// Shows what becomes of a location of an origin that stands at `http://origin.example:8081`.
#[track_caller]
fn check_location(filter: &str, location: &str, expected: Expect) {
    let filter = format!(r#"{{"type": "UriPathRewriteFilter", "config": {filter}}}"#);
    let origin = format!(
        r#"{{"type": "Origin", "baseURI": "http://origin.example:8081",
            "config": {{"status": 302, "headers": {{"Location": "{location}", "Content-Location": "/web/c"}}}}}}"#
    );
    check_level(
        &format!(
            r#"{{"heap": [{{"name": "baseURI", "type": "BaseUriDecorator"}}],
                "handler": {{"type": "Chain", "config": {{"filters": [{filter}], "handler": {origin}}}}}}}"#
        ),
        "GET /shop/a",
        expected,
    );
}

const WEB: &str = r#"{"mappings": {"/shop": "/web"}}"#;

#[test]
fn locations_are_rewritten_back() {
    check_location(
        WEB,
        "/web/b?c=/web#d",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: /shop/b?c=/web#d
        content-location: /shop/c
    "#]],
    );
    check_location(
        WEB,
        "http://ORIGIN.example:8081/web",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: http://ORIGIN.example:8081/shop
        content-location: /shop/c
    "#]],
    );
    check_location(
        WEB,
        "//origin.example:8081/web/b",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: //origin.example:8081/shop/b
        content-location: /shop/c
    "#]],
    );
}

#[test]
fn locations_elsewhere_stay() {
    check_location(
        WEB,
        "http://origin.example/web",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: http://origin.example/web
        content-location: /shop/c
    "#]],
    );
    check_location(
        WEB,
        "https://origin.example:8081/web",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: https://origin.example:8081/web
        content-location: /shop/c
    "#]],
    );
    check_location(
        WEB,
        "web/b",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: web/b
        content-location: /shop/c
    "#]],
    );
    check_location(
        WEB,
        "/website",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: /website
        content-location: /shop/c
    "#]],
    );
    check_location(
        WEB,
        "mailto:/web",
        expect![[r#"
        GET http://origin.example:8081/web/a

        302 Found
        location: mailto:/web
        content-location: /shop/c
    "#]],
    );
}

#[test]
fn a_location_without_a_path_has_that_of_the_root() {
    check_location(
        r#"{"mappings": {"/shop": "/"}}"#,
        "http://origin.example:8081?a",
        expect![[r#"
        GET http://origin.example:8081/a

        302 Found
        location: http://origin.example:8081/shop/?a
        content-location: /shop/web/c
    "#]],
    );
}

#[test]
fn a_location_must_not_turn_into_another_host() {
    check_location(
        r#"{"mappings": {"/": "/web"}}"#,
        "/web//evil.example/",
        expect![[r#"
        GET http://origin.example:8081/web/shop/a

        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
    let handled =
        r#"{"mappings": {"/": "/web"}, "failureHandler": {"type": "Origin", "config": {"status": 503}}}"#;
    check_location(
        handled,
        "/web//evil.example/",
        expect![[r#"
        GET http://origin.example:8081/web/shop/a

        GET http://origin.example:8081/web/shop/a

        503 Service Unavailable
    "#]],
    );
}
