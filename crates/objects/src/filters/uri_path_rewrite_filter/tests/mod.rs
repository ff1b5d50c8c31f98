//! What `UriPathRewriteFilter` does to requests, and what it refuses. Locations are in `locations.rs`.

mod locations;

use crate::testing::{check_complaints, check_filter};
use expect_test::{Expect, expect};

const SHOP: &str = r#"{"/shop": "/web/v2/", "/shop/help": "/help", "/": "/rest"}"#;

#[track_caller]
fn check(mappings: &str, target: &str, expected: Expect) {
    check_filter(
        "UriPathRewriteFilter",
        &format!(r#"{{"mappings": {mappings}}}"#),
        &format!("GET {target}"),
        expected,
    );
}

#[test]
fn the_beginning_is_exchanged() {
    check(
        SHOP,
        "/shop/a%20b/?q=/shop",
        expect![[r#"
        GET http://app.example/web/v2/a%20b/?q=/shop

        200 OK
    "#]],
    );
    check(
        SHOP,
        "/shop",
        expect![[r#"
        GET http://app.example/web/v2

        200 OK
    "#]],
    );
    check(
        SHOP,
        "/shop/",
        expect![[r#"
        GET http://app.example/web/v2/

        200 OK
    "#]],
    );
}

#[test]
fn the_longest_mapping_wins() {
    check(
        SHOP,
        "/shop/help/me",
        expect![[r#"
        GET http://app.example/help/me

        200 OK
    "#]],
    );
    check(
        SHOP,
        "/shop/helper",
        expect![[r#"
        GET http://app.example/web/v2/helper

        200 OK
    "#]],
    );
}

#[test]
fn only_whole_segments_count() {
    check(
        r#"{"/shop": "/web"}"#,
        "/shopping",
        expect![[r#"
        GET http://app.example/shopping

        200 OK
    "#]],
    );
    check(
        r#"{"/shop": "/web"}"#,
        "/Shop",
        expect![[r#"
        GET http://app.example/Shop

        200 OK
    "#]],
    );
}

#[test]
fn the_root_maps_everything() {
    check(
        SHOP,
        "/shopping",
        expect![[r#"
        GET http://app.example/rest/shopping

        200 OK
    "#]],
    );
    check(
        SHOP,
        "/",
        expect![[r#"
        GET http://app.example/rest/

        200 OK
    "#]],
    );
    check(
        r#"{"/app": "/"}"#,
        "/app",
        expect![[r#"
        GET http://app.example/

        200 OK
    "#]],
    );
    check(
        r#"{"/app": "/"}"#,
        "/app/x",
        expect![[r#"
        GET http://app.example/x

        200 OK
    "#]],
    );
}

#[test]
fn encodings_of_one_path_are_one_path() {
    check(
        r#"{"/café x": "/tea ü"}"#,
        "/caf%c3%a9%20x/y",
        expect![[r#"
        GET http://app.example/tea%20%C3%BC/y

        200 OK
    "#]],
    );
    check(
        r#"{"/caf%C3%A9": "/tea"}"#,
        "/caf%c3%a9",
        expect![[r#"
        GET http://app.example/tea

        200 OK
    "#]],
    );
    check(
        r#"{"/admin": "/a"}"#,
        "/%61dmin/x",
        expect![[r#"
        GET http://app.example/a/x

        200 OK
    "#]],
    );
}

#[test]
fn slashes_at_the_ends_of_a_mapping_do_not_matter() {
    check(
        r#"{"shop/": "web///"}"#,
        "/shop/x",
        expect![[r#"
        GET http://app.example/web/x

        200 OK
    "#]],
    );
}

#[test]
fn both_sides_may_be_expressions() {
    check(
        r#"{"/${toLowerCase('SHOP')}": "/${join(array('web', 'v2'), '/')}"}"#,
        "/shop/x",
        expect![[r#"
        GET http://app.example/web/v2/x

        200 OK
    "#]],
    );
}

#[test]
fn the_later_of_two_equal_mappings_counts() {
    check(
        r#"{"/a": "/first", "/a/": "/second"}"#,
        "/a/x",
        expect![[r#"
        GET http://app.example/second/x

        200 OK
    "#]],
    );
}

#[test]
fn an_ambiguous_result_is_refused() {
    check(
        r#"{"/app": "/"}"#,
        "/app//evil.example/x",
        expect![[r#"
        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
    check(
        r#"{"/app": "/web"}"#,
        "/app/../admin",
        expect![[r#"
        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
    check(
        r#"{"/app": "/web"}"#,
        "/app/%2e%2e/admin",
        expect![[r#"
        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
    check(
        r#"{"/app": "/web"}"#,
        "/app/a%2Fb",
        expect![[r#"
        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn what_no_mapping_fits_is_not_this_filters_business() {
    check(
        r#"{"/app": "/web"}"#,
        "/other//x",
        expect![[r#"
        GET http://app.example/other//x

        200 OK
    "#]],
    );
}

#[test]
fn the_failure_handler_answers_instead() {
    let config =
        r#"{"mappings": {"/app": "/"}, "failureHandler": {"type": "Origin", "config": {"status": 400}}}"#;
    check_filter(
        "UriPathRewriteFilter",
        config,
        "GET /app//x",
        expect![[r#"
        GET http://app.example/app//x

        400 Bad Request
    "#]],
    );
    check_filter(
        "UriPathRewriteFilter",
        config,
        "GET /app/x",
        expect![[r#"
        GET http://app.example/x

        200 OK
    "#]],
    );
}

#[track_caller]
fn check_mistakes(config: &str, expected: Expect) {
    let filter = format!(r#"{{"type": "UriPathRewriteFilter", "config": {config}}}"#);
    check_complaints(
        &format!(
            r#"{{"handler": {{"type": "Chain", "config": {{"handler": {{"type": "Origin"}}, "filters": [{filter}]}}}}}}"#
        ),
        expected,
    );
}

#[test]
fn mistakes_are_found_at_load() {
    check_mistakes(
        "{}",
        expect![[r#"
        error[PC0303]: UriPathRewriteFilter needs the field `mappings`
         --> config.json:1:128
          |
        1 | {"handler": {"type": "Chain", "config": {"handler": {"type": "Origin"}, "filters": [{"type": "UriPathRewriteFilter", "config": {}}]}}}
          |                                                                                                                                ^^
    "#]],
    );
    check_mistakes(
        r#"{"mappings": {"/a": "http://o.example/b"}}"#,
        expect![[r#"
        error[PC0313]: `http://o.example/b` is not a path; write only the path, such as /app
         --> config.json:1:148
          |
        1 | ... "UriPathRewriteFilter", "config": {"mappings": {"/a": "http://o.example/b"}}}]}}}
          |                                                           ^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"mappings": {"/a?b": "/b"}}"#,
        expect![[r#"
        error[PC0313]: `/a?b` is not a path; write only the path, such as /app
         --> config.json:1:150
          |
        1 | ...type": "UriPathRewriteFilter", "config": {"mappings": {"/a?b": "/b"}}}]}}}
          |                                                                   ^^^^
    "#]],
    );
    check_mistakes(
        r#"{"mappings": {"/a": "/b/../c"}}"#,
        expect![[r#"
        error[PC0313]: `/b/../c` cannot be used in a mapping: the path has a `.` or `..` segment
         --> config.json:1:148
          |
        1 | ...ype": "UriPathRewriteFilter", "config": {"mappings": {"/a": "/b/../c"}}}]}}}
          |                                                                ^^^^^^^^^
    "#]],
    );
    check_mistakes(
        r#"{"mappings": {"/a": "//b"}}"#,
        expect![[r#"
        error[PC0313]: `//b` cannot be used in a mapping: the path has an empty segment (`//`)
         --> config.json:1:148
          |
        1 | ..."type": "UriPathRewriteFilter", "config": {"mappings": {"/a": "//b"}}}]}}}
          |                                                                  ^^^^^
    "#]],
    );
}

#[test]
fn expressions_are_checked_at_load() {
    check_mistakes(
        r#"{"mappings": {"${request.method}": "/b"}}"#,
        expect![[r#"
        error[PC0313]: `${request.method}` depends on the request; a mapping is fixed at load
         --> config.json:1:163
          |
        1 | ...thRewriteFilter", "config": {"mappings": {"${request.method}": "/b"}}}]}}}
          |                                                                   ^^^^
    "#]],
    );
    check_mistakes(
        r#"{"mappings": {"${nonsense(": "/b"}}"#,
        expect![[r#"
        error[PC0313]: `${nonsense(`: the expression has no closing `}` (add `}` at its end)
         --> config.json:1:157
          |
        1 | ..."UriPathRewriteFilter", "config": {"mappings": {"${nonsense(": "/b"}}}]}}}
          |                                                                   ^^^^
    "#]],
    );
    check_mistakes(
        r#"{"mappings": {"/a": "/${request.method}"}}"#,
        expect![[r#"
            error[PC0310]: `request` is not known while the configuration is read
             --> config.json:1:148
              |
            1 | ... "UriPathRewriteFilter", "config": {"mappings": {"/a": "/${request.method}"}}}]}}}
              |                                                           ^^^^^^^^^^^^^^^^^^^^
              |
              = help: this field is evaluated once, at load; use env, system, openig or properties
        "#]],
    );
}
