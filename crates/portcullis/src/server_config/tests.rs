//! A text of `admin.json` in; what differs from the default options, and the complaints, out.

use expect_test::{Expect, expect};
use heap::{Document, Environment, InstancePaths, ProcessSettings};

use super::*;

fn declared(admin: &str) -> heap::Declared<AdminFields> {
    let paths = InstancePaths::below(Path::new("/nonexistent"));
    let environment = Environment::new(objects::catalogue(), paths, ProcessSettings::default());
    let mut document = Document::parse(&environment, "admin.json", admin.as_bytes(), None);
    modernise(&mut document);
    heap::declare(&environment, document, None, "admin.json", true)
}

#[track_caller]
fn check(admin: &str, expected: Expect) {
    expected.assert_eq(&shown(admin));
}

fn shown(admin: &str) -> String {
    let declared = declared(admin);
    let mut diagnostics = declared.diagnostics;
    let mut shown = String::new();
    if let Some(level) = &declared.level {
        let server = level.fields.server(&mut diagnostics);
        for connector in &server.connectors {
            shown.push_str(&format!("connector{}\n", differences(connector)));
        }
        let admin = server.admin.unwrap_or_else(|| level.fields.default_admin());
        shown.push_str(&format!("admin{}\n", differences(&admin)));
    }
    for diagnostic in diagnostics {
        shown.push_str(&format!("{diagnostic}\n"));
    }
    shown
}

/// What is not as it is by default.
fn differences(connector: &Connector) -> String {
    let flat = |options: &ConnectorOptions| -> Vec<String> {
        let text = format!("{options:?}")
            .replace("ConnectorOptions { ", "")
            .replace("limits: Limits { ", "")
            .replace(['{', '}'], "");
        text.split(", ").map(|part| part.trim().to_owned()).collect()
    };
    let default = flat(&ConnectorOptions::default());
    let own = flat(&connector.options).into_iter().filter(|part| !default.contains(part));
    own.map(|part| format!(" {part}")).collect()
}

/// One connector with these further fields.
#[track_caller]
fn check_connector(fields: &str, expected: Expect) {
    let text = format!(r#"{{"connectors": [{{"port": 1, {fields}}}]}}"#);
    let shown = shown(&text);
    let lines = shown.lines().filter(|line| !line.starts_with("admin "));
    expected.assert_eq(&lines.map(|line| format!("{line}\n")).collect::<String>());
}

/// As [`check_connector`], where there is nothing to complain about.
#[track_caller]
fn check_option(fields: &str, expected: &str) {
    let shown = shown(&format!(r#"{{"connectors": [{{"port": 1, {fields}}}]}}"#));
    let lines: Vec<&str> = shown.lines().filter(|line| !line.starts_with("admin ")).collect();
    assert_eq!(lines, [format!("connector {expected}")]);
}

#[test]
fn nothing_is_needed() {
    check(
        "{}",
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
    "#]],
    );
}

#[test]
fn connectors() {
    check(
        r#"{"connectors": [{"port": 8080}, {"port": [1, "2"], "host": "::1"}, {"port": "3"}]}"#,
        expect![[r#"
            connector ports: [8080]
            connector host: "::1" ports: [1 2]
            connector ports: [3]
            admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        "#]],
    );
    check(
        r#"{"connectors": []}"#,
        expect![[r#"
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        admin.json:1:16: error[PC0502]: `connectors` is empty, so nothing would listen
    "#]],
    );
    check(
        r#"{"connectors": [{}]}"#,
        expect![[r#"
        admin.json:1:17: error[PC0303]: an entry in `connectors` of admin.json needs the field `port`
    "#]],
    );
    check(
        r#"{"connectors": [{"port": 65536}]}"#,
        expect![[r#"
        admin.json:1:26: error[PC0302]: admin.json: a port is a number from 0 to 65535, found `65536`
    "#]],
    );
    check(
        r#"{"connectors": [{"port": "http"}]}"#,
        expect![[r#"
        admin.json:1:26: error[PC0302]: admin.json: a port is a number from 0 to 65535, found `http`
    "#]],
    );
    check(
        r#"{"connectors": [{"port": -1}]}"#,
        expect![[r#"
        admin.json:1:26: error[PC0302]: admin.json: a port is a number from 0 to 65535, found `-1`
    "#]],
    );
}

#[test]
fn the_fields_of_a_connector() {
    check_option(r#""maxTotalHeadersSize": 9000"#, r#"ports: [1] total_headers_bytes_max: 9000"#);
    check_option(r#""gracePeriod": "5 s""#, r#"ports: [1] grace_period: 5s"#);
    check_option(r#""gracePeriod": "disabled""#, r#"ports: [1] grace_period: 0ns"#);
    check_option(
        r#""gracePeriod": "unlimited""#,
        r#"ports: [1] grace_period: 18446744073709551615.999999999s"#,
    );
    check_option(r#""normalizePath": "canonical""#, r#"ports: [1] normalize_path: Canonical"#);
    check_option(r#""normalizePath": "off""#, r#"ports: [1] normalize_path: Off"#);
    check_connector(
        r#""normalizePath": "maybe""#,
        expect![[r#"
        admin.json:1:46: error[PC0302]: admin.json: `maybe` is not one of `reject`, `canonical`, `off`
    "#]],
    );
    check_connector(
        r#""trustedProxies": ["10.0.0.0/8", "::1", "x"]"#,
        expect![[r#"
            connector ports: [1] trusted_peers: [10.0.0.0/8 ::1/128]
            admin.json:1:69: error[PC0502]: `x` is neither an address nor a network such as 10.0.0.0/8
        "#]],
    );
    check_option(
        r#""maxConnections": 5, "maxConnectionsPerAddress": 2"#,
        r#"ports: [1] connections_max: 5 connections_per_address_max: Some(2)"#,
    );
    check_connector(
        r#""tls": {"type": "ServerTlsOptions"}"#,
        expect![[r#"
            connector ports: [1]
            admin.json:1:36: error[PC0502]: TLS is not offered by this version, so the connector would be open in clear text
        "#]],
    );
}

#[test]
fn the_options_of_vertx() {
    check_option(
        r#""vertx": {"maxWebSocketFrameSize": 10, "maxWebSocketMessageSize": 20}"#,
        r#"ports: [1] websocket_frame_bytes_max: Some(10) websocket_message_bytes_max: Some(20)"#,
    );
    check_option(r#""vertx": {"compressionSupported": true}"#, r#"ports: [1] compression: Some(6)"#);
    check_option(
        r#""vertx": {"compressionSupported": true, "compressionLevel": 9}"#,
        r#"ports: [1] compression: Some(9)"#,
    );
    check_option(r#""vertx": {"compressionLevel": 9}"#, r#"ports: [1]"#);
    check_connector(
        r#""vertx": {"compressionLevel": 10}"#,
        expect![[r#"
            connector ports: [1]
            admin.json:1:59: error[PC0502]: a compression level is a number from 1 to 9
        "#]],
    );
}

#[test]
fn the_limits_of_vertx() {
    check_option(r#""vertx": {"idleTimeout": 7}"#, r#"ports: [1] idle_timeout: 7s"#);
    check_option(
        r#""vertx": {"idleTimeout": 0}"#,
        r#"ports: [1] idle_timeout: 18446744073709551615.999999999s"#,
    );
    check_option(
        r#""vertx": {"maxInitialLineLength": 5000, "acceptBacklog": 5}"#,
        r#"ports: [1] initial_line_bytes_max: 5000 accept_backlog: 5"#,
    );
    check_option(
        r#""vertx": {"soLinger": 1, "initialSettings": {}, "maxFormAttributeSize": 1}"#,
        r#"ports: [1]"#,
    );
}

#[test]
fn what_belongs_elsewhere_is_refused_in_vertx() {
    for name in [
        "port",
        "useAlpn",
        "ssl",
        "enabledCipherSuites",
        "enabledSecureTransportProtocols",
        "jdkSslEngineOptions",
        "keyStoreOptions",
        "openSslEngineOptions",
        "pemKeyCertOptions",
        "pemTrustOptions",
        "pfxKeyCertOptions",
        "pfxTrustOptions",
        "trustStoreOptions",
        "clientAuth",
    ] {
        let text = format!(r#"{{"connectors": [{{"port": 1, "vertx": {{"{name}": true}}}}]}}"#);
        let refused = declared(&text).diagnostics.iter().any(|diagnostic| {
            diagnostic.is_error() && diagnostic.to_string().contains("cannot be set in `vertx`")
        });
        assert!(refused, "{name}");
    }
}

#[test]
fn the_admin_connector() {
    check(
        r#"{"adminConnector": {"port": 1, "host": "0.0.0.0", "gracePeriod": "9 s"}}"#,
        expect![[r#"
        connector ports: [8080]
        admin ports: [1] grace_period: 9s
    "#]],
    );
    check(
        r#"{"adminConnector": {"port": 1}, "adminMaxBodyLength": 3, "maxBodyLength": 4}"#,
        expect![[r#"
        connector ports: [8080] body_bytes_max: Some(4)
        admin host: "127.0.0.1" ports: [1] body_bytes_max: Some(3) grace_period: 1s
    "#]],
    );
    check(
        r#"{"adminMaxBodyLength": 3, "maxBodyLength": -1}"#,
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] body_bytes_max: Some(3) grace_period: 1s
    "#]],
    );
}

#[test]
fn the_whole_server() {
    check(
        r#"{"preserveOriginalQueryString": true, "streamingEnabled": true, "gatewayUnits": 2}"#,
        expect![[r#"
            connector ports: [8080] preserve_original_query_string: true
            admin host: "127.0.0.1" ports: [8085] preserve_original_query_string: true grace_period: 1s
        "#]],
    );
    check(
        r#"{"vertx": {"metricsEnabled": true, "addressResolverOptions": {"hostsValue": "1.2.3.4 a"}}}"#,
        expect![[r#"
            connector ports: [8080]
            admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        "#]],
    );
    check(
        r#"{"vertx": {"addressResolverOptions": {"hostsValue": "nonsense"}}}"#,
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        admin.json:1:53: error[PC0502]: line 1 of the hosts is not an address followed by names: `nonsense`
    "#]],
    );
    check(
        r#"{"vertx": {"addressResolverOptions": {"hostsPath": "/nonexistent/hosts"}}}"#,
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        admin.json:1:52: error[PC0502]: cannot read the hosts file /nonexistent/hosts
    "#]],
    );
    check(
        r#"{"mode": "STAGING"}"#,
        expect![[r#"
        admin.json:1:10: error[PC0302]: admin.json: `STAGING` is not one of `DEVELOPMENT`, `EVALUATION`, `PRODUCTION`
    "#]],
    );
}

/// The mode that this text asks for.
#[track_caller]
fn check_mode(admin: &str, expected: Option<Mode>) {
    let level = declared(admin).level.unwrap();
    assert_eq!(level.fields.mode, expected, "{admin}");
}

#[test]
fn modes() {
    check_mode("{}", None);
    check_mode(r#"{"mode": "DEVELOPMENT"}"#, Some(Mode::Development));
    check_mode(r#"{"mode": "development"}"#, Some(Mode::Development));
    check_mode(r#"{"mode": "EVALUATION"}"#, Some(Mode::Development));
    check_mode(r#"{"mode": "PRODUCTION"}"#, Some(Mode::Production));
}

/// Every shape of `session` ends as the declaration of a manager, or as a complaint.
#[track_caller]
fn check_session(session: &str, expected: Expect) {
    let declared = declared(&format!("{{{session}}}"));
    let mut shown = match &declared.level {
        Some(level) => format!("session: {}\n", level.fields.session.is_some()),
        None => String::new(),
    };
    for diagnostic in &declared.diagnostics {
        shown.push_str(&format!("{diagnostic}\n"));
    }
    expected.assert_eq(&shown);
}

#[test]
fn names_of_older_releases() {
    check_connector(
        r#""vertx": {"maxHeaderSize": 1}"#,
        expect![[r#"
        connector ports: [1] total_headers_bytes_max: 1
        admin.json:1:39: warning[PC0314]: `maxHeaderSize` of `vertx` of admin.json is a name of older releases; write `maxTotalHeadersSize` beside `vertx`
    "#]],
    );
    check_connector(
        r#""vertx": {"maxHeaderSize": 1}, "maxTotalHeadersSize": 2"#,
        expect![[r#"
        connector ports: [1] total_headers_bytes_max: 2
        admin.json:1:39: warning[PC0314]: `maxHeaderSize` of `vertx` of admin.json is a name of older releases; write `maxTotalHeadersSize` beside `vertx`
    "#]],
    );
    check_connector(
        r#""vertx": {"host": "10.0.0.1"}"#,
        expect![[r#"
        connector host: "10.0.0.1" ports: [1]
        admin.json:1:39: warning[PC0314]: `host` of `vertx` of admin.json is a name of older releases; write `host` beside `vertx`
    "#]],
    );
    check(
        r#"{"prefix": "gateway"}"#,
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        admin.json:1:2: warning[PC0314]: `prefix` of admin.json is a name of older releases; write `adminConnector`, which gives the admin endpoints a port of their own
    "#]],
    );
    check(
        r#"{"streamingEnabled": true, "serveDeprecatedPrometheusEndpoint": true}"#,
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
    "#]],
    );
}

/// Before they had fields of their own, they were found by their names.
#[test]
fn protection_filters_of_older_releases() {
    let filter = r#"{"type": "ConditionEnforcementFilter", "config": {"condition": true}}"#;
    let named = |name: &str| filter.replacen('{', &format!(r#"{{"name": "{name}", "#), 1);
    let heap =
        [named("ApiProtectionFilter"), named("MetricsProtectionFilter"), named("StudioProtectionFilter")]
            .join(", ");
    for (admin, is_protected) in [
        (format!(r#"{{"heap": [{heap}]}}"#), true),
        (format!(r#"{{"heap": {{"objects": [{heap}]}}}}"#), true),
        (format!(r#"{{"heap": [{}]}}"#, named("other")), false),
    ] {
        let level = declared(&admin).level.expect("sound");
        assert_eq!(level.fields.api_protection_filter.is_some(), is_protected, "{admin}");
        assert_eq!(level.fields.metrics_protection_filter.is_some(), is_protected, "{admin}");
        assert_eq!(level.fields.studio_protection_filter.is_some(), is_protected, "{admin}");
    }
    check(
        &format!(r#"{{"heap": [{heap}]}}"#),
        expect![[r#"
        connector ports: [8080]
        admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        admin.json:1:20: warning[PC0314]: `ApiProtectionFilter` is found by its name as in older releases; write `apiProtectionFilter` with its name
        admin.json:1:122: warning[PC0314]: `MetricsProtectionFilter` is found by its name as in older releases; write `metricsProtectionFilter` with its name
        admin.json:1:228: warning[PC0314]: `StudioProtectionFilter` is found by its name as in older releases; write `studioProtectionFilter` with its name
    "#]],
    );
    check(
        r#"{"heap": [{"name": "ApiProtectionFilter", "type": "ClientHandler"}], "apiProtectionFilter": null}"#,
        expect![[r#"
            admin.json:1:20: warning[PC0314]: `ApiProtectionFilter` is found by its name as in older releases; write `apiProtectionFilter` with its name
            admin.json:1:20: error[PC0307]: `ApiProtectionFilter` is a Handler (ClientHandler), but a Filter is needed here
        "#]],
    );
    check(
        &format!(
            r#"{{"heap": [{}, {}], "apiProtectionFilter": "other"}}"#,
            named("ApiProtectionFilter"),
            named("other")
        ),
        expect![[r#"
            connector ports: [8080]
            admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        "#]],
    );
}

#[test]
fn whole_objects_come_from_properties() {
    check(
        r#"{
          "properties": {"v": {"maxWebSocketFrameSize": 10, "idleTimeout": 7}, "c": {"port": [1, 2], "vertx": "${v}"}},
          "connectors": [{"port": 8080, "vertx": "${v}"}, "${c}"]
        }"#,
        expect![[r#"
            connector ports: [8080] idle_timeout: 7s websocket_frame_bytes_max: Some(10)
            connector ports: [1 2] idle_timeout: 7s websocket_frame_bytes_max: Some(10)
            admin host: "127.0.0.1" ports: [8085] grace_period: 1s
        "#]],
    );
}

#[test]
fn sessions_of_either_age() {
    check_session(
        "",
        expect![[r#"
        session: true
    "#]],
    );
    check_session(
        r#""session": null"#,
        expect![[r#"
        session: true
    "#]],
    );
    check_session(
        r#""session": {"cookie": {"name": "SID"}, "timeout": "1 hour"}"#,
        expect![[r#"
            session: true
            admin.json:1:41: warning[PC0314]: `timeout` of InMemorySessionManager is a name of older releases; write `sessionTimeout`
        "#]],
    );
    check_session(
        r#""session": {"cookie": {"name": 1}, "timeout": "soon"}"#,
        expect![[r#"
            admin.json:1:33: error[PC0302]: InMemorySessionManager: a string is needed here, found `1`
            admin.json:1:37: warning[PC0314]: `timeout` of InMemorySessionManager is a name of older releases; write `sessionTimeout`
            admin.json:1:48: error[PC0302]: InMemorySessionManager: `soon` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`
        "#]],
    );
    check_session(
        r#""session": {"type": "InMemorySessionManager"}"#,
        expect![[r#"
        session: true
    "#]],
    );
    check_session(
        r#""session": "Missing""#,
        expect![[r#"
        admin.json:1:13: error[PC0306]: no object is named `Missing`
    "#]],
    );
    check_session(
        r#""session": 5"#,
        expect![[r#"
        admin.json:1:13: error[PC0301]: the name of a SessionManager, or a SessionManager declared in place, is needed here, found a number
    "#]],
    );
}
