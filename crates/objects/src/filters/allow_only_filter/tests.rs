//! Each part of a rule, and what is refused at load.

use std::sync::Arc;

use crate::testing::{check_complaints, check_filter, with_object};
use exchange::{
    ClientInfo, Context, FilterRef, Handler, HandlerRef, Next, Outcome, Request, Response, StatusCode,
};
use expect_test::{Expect, expect};
use expression::{Object, Value};

#[track_caller]
fn check(config: &str, request: &str, expected: Expect) {
    check_filter("AllowOnlyFilter", config, request, expected);
}

/// Whether a request passes the rules: from `address`, with the subject of its certificate if it has one.
#[track_caller]
fn passes(rules: &str, address: &str, subject: Option<&'static str>, request: &str) -> bool {
    struct Reached;
    impl Handler for Reached {
        async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
            Ok(Response::new(StatusCode::OK))
        }
    }
    let declaration =
        format!(r#"{{"name": "Gate", "type": "AllowOnlyFilter", "config": {{"rules": {rules}}}}}"#);
    let mut status = StatusCode::IM_A_TEAPOT;
    with_object(&declaration, "Gate", |filter: FilterRef| {
        let address = std::net::SocketAddr::new(address.parse().unwrap(), 50_000);
        let local = "192.0.2.9:8080".parse().unwrap();
        let mut cx = Context::new(Arc::new(ClientInfo::direct(address, local)));
        if let Some(subject) = subject {
            cx.add("client", Arc::new(Client(subject)));
        }
        let (method, uri) = request.split_once(' ').unwrap();
        let mut request = Request::new(method.parse().unwrap(), uri.parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let end = HandlerRef::new(Reached);
        let filters = [filter];
        let response = runtime.block_on(Next::new(&filters, &end).run(&mut cx, &mut request));
        status = response.status;
    });
    assert!([StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&status));
    status == StatusCode::OK
}

/// `contexts.client` as it is when the sender has shown a certificate.
struct Client(&'static str);

impl Object for Client {
    fn type_name(&self) -> &'static str {
        "client"
    }
    fn property(&self, name: &str) -> Value<'_> {
        let subject = [("subjectDN".to_owned(), Value::text(self.0))];
        match name {
            "certificates" => Value::list(vec![Value::map(subject.into_iter().collect())]),
            _ => Value::Null,
        }
    }
}

#[track_caller]
fn check_addresses(list: &str, inside: &[&str], outside: &[&str]) {
    let rules = format!(r#"[{{"from": [{{"ip": {{"list": {list}}}}}]}}]"#);
    for address in inside {
        assert!(passes(&rules, address, None, "GET http://a/"), "{address} is in {list}");
    }
    for address in outside {
        assert!(!passes(&rules, address, None, "GET http://a/"), "{address} is not in {list}");
    }
}

#[test]
fn one_rule_that_matches_is_enough() {
    let rules = r#"{"rules": [
        {"name": "writers", "destination": [{"methods": ["POST"]}]},
        {"name": "readers", "destination": [{"paths": ["/public/.*"]}]}
    ]}"#;
    check(
        rules,
        "GET /public/a",
        expect![[r#"
            GET http://app.example/public/a

            200 OK
        "#]],
    );
    check(
        rules,
        "POST /private",
        expect![[r#"
        POST http://app.example/private

        200 OK
    "#]],
    );
    check(
        rules,
        "GET /private",
        expect![[r#"
        401 Unauthorized
    "#]],
    );
}

#[test]
fn the_failure_handler_answers_instead() {
    check(
        r#"{"rules": [{"when": "${false}"}], "failureHandler": {"type": "Origin", "config": {"status": 404}}}"#,
        "GET /a",
        expect![[r#"
            GET http://app.example/a

            404 Not Found
        "#]],
    );
}

#[test]
fn every_part_of_a_rule_must_match() {
    let rules = r#"[{"from": [{"ip": {"list": ["192.0.2.1"]}}], "destination": [{"paths": ["/a"]}],
        "when": "${request.method == 'GET'}"}]"#;
    assert!(passes(rules, "192.0.2.1", None, "GET http://x/a"));
    assert!(!passes(rules, "192.0.2.2", None, "GET http://x/a"));
    assert!(!passes(rules, "192.0.2.1", None, "GET http://x/b"));
    assert!(!passes(rules, "192.0.2.1", None, "POST http://x/a"));
}

#[test]
fn addresses_networks_and_ranges() {
    check_addresses(r#"["192.0.2.1"]"#, &["192.0.2.1"], &["192.0.2.2", "::1"]);
    check_addresses(r#"["192.0.2.0/30"]"#, &["192.0.2.0", "192.0.2.3"], &["192.0.2.4", "192.0.1.255"]);
    check_addresses(r#"["192.0.2.2 - 192.0.2.4"]"#, &["192.0.2.2", "192.0.2.4"], &["192.0.2.1", "192.0.2.5"]);
    check_addresses(r#"["192.0.2.1", "10.0.0.0/8"]"#, &["192.0.2.1", "10.9.9.9"], &["11.0.0.0"]);
    check_addresses(r#"["0.0.0.0/0"]"#, &["0.0.0.0", "255.255.255.255"], &["::", "2001:db8::1"]);
}

#[test]
fn addresses_of_ipv6() {
    check_addresses(
        r#"["2001:db8::/32"]"#,
        &["2001:db8::", "2001:db8:ffff::1"],
        &["2001:db9::", "32.1.13.184"],
    );
    check_addresses(r#"["[2001:DB8:0::1]"]"#, &["2001:db8::1"], &["2001:db8::2"]);
    check_addresses(r#"["2001:db8::1-2001:db8::ff"]"#, &["2001:db8::ff"], &["2001:db8::100"]);
    check_addresses(r#"["::/0"]"#, &["::", "ffff::"], &["192.0.2.1"]);
}

#[test]
fn a_mapped_address_is_one_of_ipv4() {
    check_addresses(r#"["192.0.2.0/24"]"#, &["::ffff:192.0.2.7"], &["::ffff:192.0.3.7", "::192.0.2.7"]);
    check_addresses(r#"["::ffff:192.0.2.0/120"]"#, &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.3.7"]);
    check_addresses(r#"["::ffff:192.0.2.1"]"#, &["192.0.2.1"], &["192.0.2.2"]);
}

#[test]
fn header_fields_do_not_name_the_sender() {
    let config = r#"{"rules": [{"from": [{"ip": {"list": ["203.0.113.9"]}}]}]}"#;
    check(
        config,
        "GET /\nX-Forwarded-For: 203.0.113.9\nForwarded: for=203.0.113.9",
        expect![[r#"
            401 Unauthorized
        "#]],
    );
}

#[test]
fn a_resolver_names_the_sender() {
    let config = r#"{"rules": [{"from": [{"ip": {"list": ["203.0.113.0/24", "2001:db8::1"],
        "resolver": "${request.headers['x-real-ip'][0]}"}}]}]}"#;
    check(
        config,
        "GET /\nX-Real-IP: 203.0.113.9",
        expect![[r#"
            GET http://app.example/
            x-real-ip: 203.0.113.9

            200 OK
        "#]],
    );
    check(
        config,
        "GET /\nX-Real-IP: [2001:db8::1%eth0]",
        expect![[r#"
        GET http://app.example/
        x-real-ip: [2001:db8::1%eth0]

        200 OK
    "#]],
    );
    check(
        config,
        "GET /\nX-Real-IP: 192.0.2.1",
        expect![[r#"
        401 Unauthorized
    "#]],
    );
}

#[test]
fn an_address_that_is_none_is_refused() {
    let config = r#"{"rules": [{"from": [{"ip": {"list": ["0.0.0.0/0", "::/0"],
        "resolver": "${request.headers['x-real-ip'][0]}"}}]}]}"#;
    check(
        config,
        "GET /",
        expect![[r#"
        401 Unauthorized
    "#]],
    );
    check(
        config,
        "GET /\nX-Real-IP: somebody",
        expect![[r#"
        401 Unauthorized
    "#]],
    );
    check(
        config,
        "GET /\nX-Real-IP: 192.0.2.1, 192.0.2.2",
        expect![[r#"
        401 Unauthorized
    "#]],
    );
}

#[test]
fn certificates_match_by_subject() {
    let rules = r#"[{"from": [{"certificate": {"subjectDNs": ["CN=alice,.*", "CN=bob"]}}]}]"#;
    let passes = |subject| passes(rules, "192.0.2.1", subject, "GET http://a/");
    assert!(passes(Some("CN=alice,O=Example")));
    assert!(passes(Some("CN=bob")));
    assert!(!passes(Some("CN=bobby")));
    assert!(!passes(Some("O=Example,CN=bob")));
    assert!(!passes(Some("")));
}

#[test]
fn without_a_certificate_no_pattern_matches() {
    let rules = r#"[{"from": [{"certificate": {"subjectDNs": [".*"]}}]}]"#;
    assert!(!passes(rules, "192.0.2.1", None, "GET http://a/"));
}

#[test]
fn address_and_certificate_must_both_match() {
    let rules = r#"[{"from": [
        {"ip": {"list": ["192.0.2.1"]}, "certificate": {"subjectDNs": ["CN=alice"]}},
        {"ip": {"list": ["192.0.2.2"]}}
    ]}]"#;
    assert!(passes(rules, "192.0.2.1", Some("CN=alice"), "GET http://a/"));
    assert!(!passes(rules, "192.0.2.1", Some("CN=bob"), "GET http://a/"));
    assert!(!passes(rules, "192.0.2.1", None, "GET http://a/"));
    assert!(passes(rules, "192.0.2.2", None, "GET http://a/"));
}

#[test]
fn hosts_match_in_any_case_and_as_a_whole() {
    let rules = r#"[{"destination": [{"hosts": ["API[.]Example|\\[::1\\]"]}]}]"#;
    let passes = |request| passes(rules, "192.0.2.1", None, request);
    assert!(passes("GET http://api.example:8080/"));
    assert!(passes("GET http://Api.EXAMPLE/"));
    assert!(passes("GET http://[::1]/"));
    assert!(!passes("GET http://api.example.org/"));
    assert!(!passes("GET http://evil-api.example/"));
}

#[test]
fn ports_are_those_of_the_scheme_unless_written() {
    let rules = r#"[{"destination": [{"ports": ["80", 443, "8000:8002"]}]}]"#;
    let passes = |request| passes(rules, "192.0.2.1", None, request);
    assert!(passes("GET http://a/"));
    assert!(passes("GET https://a/"));
    assert!(passes("GET http://a:8000/"));
    assert!(passes("GET http://a:8002/"));
    assert!(!passes("GET http://a:8003/"));
    assert!(!passes("GET https://a:7999/"));
}

#[test]
fn methods_are_compared_as_they_are() {
    let rules = r#"[{"destination": [{"methods": ["GET", "PURGE"]}]}]"#;
    assert!(passes(rules, "192.0.2.1", None, "PURGE http://a/"));
    assert!(!passes(rules, "192.0.2.1", None, "get http://a/"));
    assert!(!passes(rules, "192.0.2.1", None, "POST http://a/"));
}

#[test]
fn paths_are_compared_decoded_and_as_a_whole() {
    let rules = r#"[{"destination": [{"paths": ["/a b", "/docs(/.*)?"]}]}]"#;
    let passes = |request| passes(rules, "192.0.2.1", None, request);
    assert!(passes("GET http://x/a%20b?q"));
    assert!(passes("GET http://x/docs"));
    assert!(passes("GET http://x/docs/1"));
    assert!(!passes("GET http://x/docs2"));
    assert!(!passes("GET http://x/v1/docs"));
}

#[test]
fn every_list_of_a_destination_must_match() {
    let rules = r#"[{"destination": [
        {"hosts": ["a"], "ports": ["80"], "methods": ["GET"], "paths": ["/x"]}, {"hosts": ["b"]}]}]"#;
    let passes = |request| passes(rules, "192.0.2.1", None, request);
    assert!(passes("GET http://a/x"));
    assert!(!passes("GET http://c/x"));
    assert!(!passes("GET http://a:81/x"));
    assert!(!passes("HEAD http://a/x"));
    assert!(!passes("GET http://a/y"));
    assert!(passes("PUT http://b:81/y"));
}

#[test]
fn a_condition_that_fails_is_not_true() {
    for condition in [
        "${attributes.missing}",
        "${lastElement(split(request.method, ' '))}",
        "${request.uri.path / 0 == 1}",
    ] {
        let rules = format!(r#"[{{"when": "{condition}"}}]"#);
        assert!(!passes(&rules, "192.0.2.1", None, "GET http://a/"), "{condition}");
    }
}

/// The complaints about a filter with these rules.
#[track_caller]
fn check_rules(rules: &str, expected: Expect) {
    check_complaints(
        &format!(
            "{{\"handler\": {{\"type\": \"Chain\", \"config\": {{\"handler\": {{\"type\": \"Origin\"}}, \"filters\": [\
             {{\"type\": \"AllowOnlyFilter\", \"config\": {{\"rules\":\n{rules}\n}}}}]}}}}}}"
        ),
        expected,
    );
}

#[test]
fn mistakes_are_found_at_load() {
    check_rules(
        r#"[
{"from": [{"ip": {"list": ["192.0.2.0/33", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "everybody"]}}]},
{"from": [{"ip": {}}]},
{"from": [{"certificate": {"subjectDNs": ["CN=("]}}]},
{"destination": [{"hosts": ["["], "ports": ["80-90", "90:80", 70000], "paths": "/a", "method": ["GET"]}]}
]"#,
        expect![[r#"
            error[PC0302]: AllowOnlyFilter: `192.0.2.0/33` is no address (`192.0.2.1`), network (`192.0.2.0/24`) or range (`192.0.2.1-192.0.2.9`)
             --> config.json:3:28
              |
            3 | {"from": [{"ip": {"list": ["192.0.2.0/33", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "everybody"]}}]},
              |                            ^^^^^^^^^^^^^^
            error[PC0303]: `ip` of AllowOnlyFilter needs the field `list`
             --> config.json:4:18
              |
            4 | {"from": [{"ip": {}}]},
              |                  ^^
            error[PC0302]: AllowOnlyFilter: the group has no closing `)`
             --> config.json:5:43
              |
            5 | {"from": [{"certificate": {"subjectDNs": ["CN=("]}}]},
              |                                           ^^^^^^
            error[PC0302]: AllowOnlyFilter: the class has no closing `]`
             --> config.json:6:29
              |
            6 | {"destination": [{"hosts": ["["], "ports": ["80-90", "90:80", 70000], "paths": "/a", "method": ["GET"]}]}
              |                             ^^^
            error[PC0302]: AllowOnlyFilter: `80-90` is no port (`80`) and no range of ports (`8000:8099`)
             --> config.json:6:45
              |
            6 | {"destination": [{"hosts": ["["], "ports": ["80-90", "90:80", 70000], "paths": "/a", "method": ["GET"]}]}
              |                                             ^^^^^^^
            error[PC0302]: AllowOnlyFilter: an array is needed here, found "/a"
             --> config.json:6:80
              |
            6 | {"destination": [{"hosts": ["["], "ports": ["80-90", "90:80", 70000], "paths": "/a", "method": ["GET"]}]}
              |                                                                                ^^^^
            warning[PC0304]: an entry in `destination` of AllowOnlyFilter has no field `method`; it is ignored
             --> config.json:6:86
              |
            6 | {"destination": [{"hosts": ["["], "ports": ["80-90", "90:80", 70000], "paths": "/a", "method": ["GET"]}]}
              |                                                                                      ^^^^^^^^
              |
              = help: did you mean `methods`?
        "#]],
    );
}

#[test]
fn a_rule_that_says_nothing_is_refused() {
    check(
        r#"{"rules": []}"#,
        "GET /",
        expect![[r#"
        config.json:1:102: error[PC0313]: `rules` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"name": "open"}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:103: error[PC0313]: a rule without `from`, `destination` and `when` would let everything pass
    "#]],
    );
    check(
        r#"{"rules": [{"from": []}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:112: error[PC0313]: `from` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"from": [{}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:113: error[PC0313]: an entry of `from` needs `ip` or `certificate`
    "#]],
    );
    check(
        r#"{"rules": [{"from": [{"ip": {"list": []}}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:129: error[PC0313]: `list` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"from": [{"certificate": {"subjectDNs": []}}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:144: error[PC0313]: `subjectDNs` has no entry, so that nothing can match
    "#]],
    );
}

#[test]
fn a_destination_that_says_nothing_is_refused() {
    check(
        r#"{"rules": [{"destination": []}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:119: error[PC0313]: `destination` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"destination": [{}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:120: error[PC0313]: an entry of `destination` needs `hosts`, `ports`, `methods` or `paths`
    "#]],
    );
    check(
        r#"{"rules": [{"destination": [{"hosts": []}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:130: error[PC0313]: `hosts` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"destination": [{"ports": []}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:130: error[PC0313]: `ports` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"destination": [{"methods": []}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:132: error[PC0313]: `methods` has no entry, so that nothing can match
    "#]],
    );
    check(
        r#"{"rules": [{"destination": [{"paths": []}]}]}"#,
        "GET /",
        expect![[r#"
        config.json:1:130: error[PC0313]: `paths` has no entry, so that nothing can match
    "#]],
    );
}
