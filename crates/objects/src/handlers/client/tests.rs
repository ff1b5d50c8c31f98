//! What the two handlers send to an origin over a real socket, and what becomes of its answer or silence.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use expect_test::{Expect, expect};

use crate::testing::{check_complaints, play};

/// Sends `request` (method, path, header lines) by a handler to an origin that answers with `answer`, and
/// compares what the origin saw and what the client got. `PORT` stands for the origin's port.
#[track_caller]
fn check(object_type: &str, config: &str, request: &str, answer: &'static str, expected: Expect) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let origin = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            let mut block = [0; 1024];
            match stream.read(&mut block).unwrap() {
                0 => break,
                length => seen.extend_from_slice(&block[..length]),
            }
        }
        stream.write_all(answer.as_bytes()).unwrap();
        if answer.is_empty() {
            // A silent origin stays until the client gives up.
            let _ = stream.read(&mut [0; 1]);
        }
        String::from_utf8(seen).unwrap().replace('\r', "")
    });
    let (method, rest) = request.split_once(' ').unwrap();
    let config = format!(r#"{{"handler": {{"type": "{object_type}", "config": {config}}}}}"#);
    let shown = play(&config, &format!("{method} http://127.0.0.1:{port}{rest}")).unwrap();
    let seen = origin.join().unwrap();
    expected.assert_eq(&format!("{seen}{shown}").replace(&port.to_string(), "PORT"));
}

/// The same with nobody at the other end.
#[track_caller]
fn check_unreachable(object_type: &str, expected: Expect) {
    // Bound and given up, so that nobody listens there.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let config = format!(r#"{{"handler": {{"type": "{object_type}"}}}}"#);
    expected.assert_eq(&play(&config, &format!("GET http://127.0.0.1:{port}/")).unwrap());
}

#[track_caller]
fn check_refused(config: &str, expected: Expect) {
    let config = format!("{{\"handler\": {{\"type\": \"ReverseProxyHandler\",\n \"config\": {config}}}}}");
    check_complaints(&config, expected);
}

const ANSWER: &str = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\nx: y\r\n\r\nhi";

#[test]
fn a_proxy_tells_about_the_client() {
    check(
        "ReverseProxyHandler",
        "{}",
        "GET /a?b\nx: z",
        ANSWER,
        expect![[r#"
        GET /a?b HTTP/1.1
        host: 127.0.0.1:PORT
        x: z
        via: 1.1 portcullis
        x-forwarded-for: 192.0.2.1
        x-forwarded-proto: http
        x-forwarded-host: 127.0.0.1:PORT

        201 Created
        content-length: 2
        x: y

        hi
    "#]],
    );
}

#[test]
fn a_client_does_not() {
    check(
        "ClientHandler",
        "{}",
        "GET /a?b\nx: z",
        ANSWER,
        expect![[r#"
        GET /a?b HTTP/1.1
        host: 127.0.0.1:PORT
        x: z
        via: 1.1 portcullis

        201 Created
        content-length: 2
        x: y

        hi
    "#]],
    );
}

#[test]
fn unreachable_is_502_for_a_proxy_and_500_for_a_client() {
    check_unreachable(
        "ReverseProxyHandler",
        expect![[r#"
        502 Bad Gateway
        content-type: text/plain; charset=utf-8

        502 Bad Gateway
        Transaction transaction-1

    "#]],
    );
    check_unreachable(
        "ClientHandler",
        expect![[r#"
        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn silent_is_504_for_a_proxy_and_500_for_a_client() {
    let config = r#"{"soTimeout": "50 ms"}"#;
    check(
        "ReverseProxyHandler",
        config,
        "GET /",
        "",
        expect![[r#"
        GET / HTTP/1.1
        host: 127.0.0.1:PORT
        via: 1.1 portcullis
        x-forwarded-for: 192.0.2.1
        x-forwarded-proto: http
        x-forwarded-host: 127.0.0.1:PORT

        504 Gateway Timeout
        content-type: text/plain; charset=utf-8

        504 Gateway Timeout
        Transaction transaction-1

    "#]],
    );
    check(
        "ClientHandler",
        config,
        "GET /",
        "",
        expect![[r#"
        GET / HTTP/1.1
        host: 127.0.0.1:PORT
        via: 1.1 portcullis

        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
}

const WEBSOCKET: &str = "GET /\nconnection: upgrade\nupgrade: WebSocket";
const WEBSOCKETS_ALLOWED: &str = r#"{"websocket": {"enabled": true}}"#;

#[test]
fn websockets_pass_where_they_are_allowed() {
    check(
        "ReverseProxyHandler",
        "{}",
        WEBSOCKET,
        ANSWER,
        expect![[r#"
        GET / HTTP/1.1
        host: 127.0.0.1:PORT
        via: 1.1 portcullis
        x-forwarded-for: 192.0.2.1
        x-forwarded-proto: http
        x-forwarded-host: 127.0.0.1:PORT

        201 Created
        content-length: 2
        x: y

        hi
    "#]],
    );
    check(
        "ReverseProxyHandler",
        WEBSOCKETS_ALLOWED,
        WEBSOCKET,
        ANSWER,
        expect![[r#"
        GET / HTTP/1.1
        host: 127.0.0.1:PORT
        connection: upgrade
        upgrade: WebSocket
        via: 1.1 portcullis
        x-forwarded-for: 192.0.2.1
        x-forwarded-proto: http
        x-forwarded-host: 127.0.0.1:PORT

        201 Created
        content-length: 2
        x: y

        hi
    "#]],
    );
}

#[test]
fn another_version_of_http_is_no_upgrade() {
    check(
        "ReverseProxyHandler",
        WEBSOCKETS_ALLOWED,
        "GET /\nconnection: upgrade\nupgrade: h2c",
        ANSWER,
        expect![[r#"
        GET / HTTP/1.1
        host: 127.0.0.1:PORT
        via: 1.1 portcullis
        x-forwarded-for: 192.0.2.1
        x-forwarded-proto: http
        x-forwarded-host: 127.0.0.1:PORT

        201 Created
        content-length: 2
        x: y

        hi
    "#]],
    );
    check(
        "ClientHandler",
        WEBSOCKETS_ALLOWED,
        WEBSOCKET,
        ANSWER,
        expect![[r#"
        GET / HTTP/1.1
        host: 127.0.0.1:PORT
        via: 1.1 portcullis

        201 Created
        content-length: 2
        x: y

        hi
    "#]],
    );
}

#[test]
fn properties_of_all_ages_are_accepted() {
    check_refused(
        r#"{
  "connections": 8, "waitQueueSize": -1, "soTimeout": "unlimited", "connectionTimeout": "2 seconds",
  "connectionTimeToLive": "1 minute", "disableRetries": true, "disableReuseConnection": true,
  "protocolVersion": "HTTP/1.1", "http2PriorKnowledge": false, "temporaryStorage": "TemporaryStorage",
  "asyncBehavior": "streaming", "stateTrackingEnabled": false, "numberOfWorkers": 4,
  "proxyOptions": {"type": "NoProxyOptions"}, "systemProxy": false, "circuitBreaker": {"enabled": false},
  "retries": {"enabled": true, "count": 3, "delay": "1 second"}, "tls": null,
  "vertx": {"maxHeaderSize": 8192, "keepAliveTimeout": 5, "keepAlive": true, "maxWebSocketFrameSize": 1}
}"#,
        expect![[""]],
    );
}

#[test]
fn what_vertx_does_not_have_or_the_product_refuses_is_reported() {
    check_refused(
        r#"{"vertx": {"trustAll": true, "keepAliveTimout": 1}}"#,
        expect![[r#"
        warning[PC0304]: `vertx` of ReverseProxyHandler has no field `trustAll`; it is ignored
         --> config.json:2:23
          |
        2 |  "config": {"vertx": {"trustAll": true, "keepAliveTimout": 1}}}}
          |                       ^^^^^^^^^^
        warning[PC0304]: `vertx` of ReverseProxyHandler has no field `keepAliveTimout`; it is ignored
         --> config.json:2:41
          |
        2 |  "config": {"vertx": {"trustAll": true, "keepAliveTimout": 1}}}}
          |                                         ^^^^^^^^^^^^^^^^^
          |
          = help: did you mean `keepAliveTimeout`?
    "#]],
    );
}

#[test]
fn tls_on_the_handler_itself_is_heeded_and_reported() {
    check_refused(
        r#"{"hostnameVerifier": "ALLOW_ALL", "trustManager": {"type": "TrustAllManager"}}"#,
        expect![[r#"
            warning[PC0314]: `hostnameVerifier` of ReverseProxyHandler is a name of older releases; write it in the `ClientTlsOptions` that `tls` names
             --> config.json:2:13
              |
            2 |  "config": {"hostnameVerifier": "ALLOW_ALL", "trustManager": {"type": "TrustAllManager"}}}}
              |             ^^^^^^^^^^^^^^^^^^
            warning[PC0434]: the certificate of any name is taken: whoever has one can stand in for the server
             --> config.json:2:33
              |
            2 |  "config": {"hostnameVerifier": "ALLOW_ALL", "trustManager": {"type": "TrustAllManager"}}}}
              |                                 ^^^^^^^^^^^
            warning[PC0314]: `trustManager` of ReverseProxyHandler is a name of older releases; write it in the `ClientTlsOptions` that `tls` names
             --> config.json:2:46
              |
            2 |  "config": {"hostnameVerifier": "ALLOW_ALL", "trustManager": {"type": "TrustAllManager"}}}}
              |                                              ^^^^^^^^^^^^^^
            warning[PC0434]: every certificate is believed: this is for tests only
             --> config.json:2:62
              |
            2 |  "config": {"hostnameVerifier": "ALLOW_ALL", "trustManager": {"type": "TrustAllManager"}}}}
              |                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
    check_refused(
        r#"{"keyManager": {"type": "KeyManager", "config": {"keystore": {"type": "KeyStore", "config": {"url": "a"}}}}}"#,
        expect![[r#"
            error[PC0430]: the key store `/nonexistent/a` cannot be read: No such file or directory (os error 2)
             --> config.json:2:112
              |
            2 |  "config": {"keyManager": {"type": "KeyManager", "config": {"keystore": {"type": "KeyStore", "config": {"url": "a"}}}}}}}
              |                                                                                                                ^^^
        "#]],
    );
    check_refused(
        r#"{"sslEnabledProtocols": ["TLSv1"]}"#,
        expect![[r#"
        warning[PC0314]: `sslEnabledProtocols` of ReverseProxyHandler is a name of older releases; write it in the `ClientTlsOptions` that `tls` names
         --> config.json:2:13
          |
        2 |  "config": {"sslEnabledProtocols": ["TLSv1"]}}}
          |             ^^^^^^^^^^^^^^^^^^^^^
        error[PC0433]: none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can
         --> config.json:2:36
          |
        2 |  "config": {"sslEnabledProtocols": ["TLSv1"]}}}
          |                                    ^^^^^^^^^
    "#]],
    );
    check_refused(
        r#"{"tls": {"type": "ClientTlsOptions"}, "hostnameVerifier": "STRICT", "sslCipherSuites": ["TLS_AES_128_GCM_SHA256"]}"#,
        expect![[r#"
            warning[PC0314]: `hostnameVerifier` of ReverseProxyHandler is a name of older releases; write it in the `ClientTlsOptions` that `tls` names
             --> config.json:2:50
              |
            2 |  "config": {"tls": {"type": "ClientTlsOptions"}, "hostnameVerifier": "STRICT", "sslCipherSuites": ["TLS_AES_128_GCM_SHA256"]}}}
              |                                                  ^^^^^^^^^^^^^^^^^^
            warning[PC0314]: `sslCipherSuites` of ReverseProxyHandler is a name of older releases; write it in the `ClientTlsOptions` that `tls` names
             --> config.json:2:80
              |
            2 |  "config": {"tls": {"type": "ClientTlsOptions"}, "hostnameVerifier": "STRICT", "sslCipherSuites": ["TLS_AES_128_GCM_SHA256"]}}}
              |                                                                                ^^^^^^^^^^^^^^^^^
            warning[PC0433]: `sslCipherSuites` is ignored, because `tls` is there
             --> config.json:2:99
              |
            2 |  "config": {"tls": {"type": "ClientTlsOptions"}, "hostnameVerifier": "STRICT", "sslCipherSuites": ["TLS_AES_128_GCM_SHA256"]}}}
              |                                                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn what_would_be_less_safe_if_it_were_ignored_is_refused() {
    check_refused(
        r#"{"proxyOptions": {"type": "CustomProxyOptions"}}"#,
        expect![[r#"
        error[PC0313]: a proxy on the way to origins is not offered by this version
         --> config.json:2:29
          |
        2 |  "config": {"proxyOptions": {"type": "CustomProxyOptions"}}}}
          |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: what uses it stays closed; remove it or wait for a version that offers it
    "#]],
    );
    check_refused(
        r#"{"proxy": {"uri": "http://proxy.example"}}"#,
        expect![[r#"
        error[PC0313]: a proxy on the way to origins is not offered by this version
         --> config.json:2:22
          |
        2 |  "config": {"proxy": {"uri": "http://proxy.example"}}}}
          |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: what uses it stays closed; remove it or wait for a version that offers it
    "#]],
    );
}

#[test]
fn other_ways_to_an_origin_are_refused() {
    check_refused(
        r#"{"systemProxy": true}"#,
        expect![[r#"
        error[PC0313]: a proxy on the way to origins is not offered by this version
         --> config.json:2:28
          |
        2 |  "config": {"systemProxy": true}}}
          |                            ^^^^
          |
          = help: what uses it stays closed; remove it or wait for a version that offers it
    "#]],
    );
}

/// How a handler begins to speak to an origin in clear text.
fn first_line(config: &str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let origin = thread::spawn(move || {
        let mut line = [0; 14];
        listener.accept().unwrap().0.read_exact(&mut line).unwrap();
        String::from_utf8_lossy(&line).into_owned()
    });
    let config = format!(r#"{{"handler": {{"type": "ReverseProxyHandler", "config": {config}}}}}"#);
    play(&config, &format!("GET http://127.0.0.1:{port}/")).unwrap();
    origin.join().unwrap()
}

#[test]
fn clear_text_is_http_2_only_for_those_who_know() {
    for (config, expected) in [
        ("{}", "GET / HTTP/1.1"),
        (r#"{"protocolVersion": "HTTP/2"}"#, "GET / HTTP/1.1"),
        (r#"{"http2PriorKnowledge": true}"#, "PRI * HTTP/2.0"),
        (r#"{"protocolVersion": "HTTP/2", "http2PriorKnowledge": true}"#, "PRI * HTTP/2.0"),
        (r#"{"protocolVersion": "HTTP/1.1", "http2PriorKnowledge": true}"#, "GET / HTTP/1.1"),
    ] {
        assert_eq!(first_line(config), expected, "{config}");
    }
}

#[test]
fn the_numbers_of_http_2_are_checked() {
    check_refused(
        r#"{"vertx": {"http2MaxPoolSize": 2, "http2MultiplexingLimit": -1, "http2KeepAliveTimeout": 5,
            "http2ConnectionWindowSize": 65535, "initialSettings": {"initialWindowSize": 1, "pushEnabled": false}}}"#,
        expect![[""]],
    );
    for wrong in [
        r#""http2MaxPoolSize": 0"#,
        r#""http2MultiplexingLimit": 0"#,
        r#""http2ConnectionWindowSize": 65534"#,
        r#""initialSettings": {"initialWindowSize": 2147483648}"#,
    ] {
        let config = format!(
            r#"{{"handler": {{"type": "ReverseProxyHandler", "config": {{"vertx": {{{wrong}}}}}}}}}"#
        );
        let errors = play(&config, "GET http://127.0.0.1:1/").unwrap_err();
        assert!(errors[0].to_string().contains(" is a number from "), "{wrong}: {errors:?}");
    }
}

#[test]
fn mistakes_are_found_at_load() {
    check_refused(
        r#"{"protocolVersion": "SPDY"}"#,
        expect![[r#"
        error[PC0313]: a protocolVersion is `HTTP/1.1` or `HTTP/2`
         --> config.json:2:32
          |
        2 |  "config": {"protocolVersion": "SPDY"}}}
          |                                ^^^^^^
    "#]],
    );
    check_refused(
        r#"{"connections": 0}"#,
        expect![[r#"
        error[PC0313]: connections must be at least 1
         --> config.json:2:28
          |
        2 |  "config": {"connections": 0}}}
          |                            ^
    "#]],
    );
    check_refused(
        r#"{"soTimeout": "soon"}"#,
        expect![[r#"
        error[PC0302]: ReverseProxyHandler: `soon` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`
         --> config.json:2:26
          |
        2 |  "config": {"soTimeout": "soon"}}}
          |                          ^^^^^^
    "#]],
    );
    check_refused(
        r#"{"vertx": {"maxHeaderSize": 0}}"#,
        expect![[r#"
        error[PC0313]: maxHeaderSize must be at least 1
         --> config.json:2:40
          |
        2 |  "config": {"vertx": {"maxHeaderSize": 0}}}}
          |                                        ^
    "#]],
    );
}

#[test]
fn a_circuit_breaker_needs_its_limits() {
    check_refused(
        r#"{"circuitBreaker": {"maxFailures": 5}}"#,
        expect![[r#"
        error[PC0313]: a circuitBreaker needs `maxFailures`, `openDuration` and `slidingCounter`
         --> config.json:2:31
          |
        2 |  "config": {"circuitBreaker": {"maxFailures": 5}}}}
          |                               ^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check_refused(
        r#"{"circuitBreaker": {"maxFailures": 5, "openDuration": "1 s", "slidingCounter": {"size": 5}}}"#,
        expect![[r#"
            error[PC0313]: size must be greater than maxFailures and at most 1000000
             --> config.json:2:100
              |
            2 |  "config": {"circuitBreaker": {"maxFailures": 5, "openDuration": "1 s", "slidingCounter": {"size": 5}}}}}
              |                                                                                                    ^
        "#]],
    );
    check_refused(r#"{"circuitBreaker": {"enabled": false, "maxFailures": 0}}"#, expect![[""]]);
}

#[test]
fn every_property_of_breaker_and_retries_is_accepted() {
    check_refused(
        r#"{"circuitBreaker": {"enabled": true, "maxFailures": 5, "openDuration": "1 s",
  "slidingCounter": {"size": 10}, "openHandler": {"type": "Origin"},
  "failureCondition": "${response.status.code == 500}", "executor": "ScheduledExecutorService"},
 "retries": {"enabled": true, "condition": "${response.status.code == 502}", "count": 360, "delay": "10 s",
  "runtimeExceptionCondition": "${true}", "executor": "ScheduledExecutorService"}}"#,
        expect![[""]],
    );
}

#[test]
fn retries_without_end_are_refused() {
    check_refused(
        r#"{"retries": {"count": 361}}"#,
        expect![[r#"
            error[PC0313]: retries may be 1000 at most, and all their delays together an hour
             --> config.json:2:34
              |
            2 |  "config": {"retries": {"count": 361}}}}
              |                                  ^^^
        "#]],
    );
    check_refused(
        r#"{"retries": {"count": 2, "delay": "31 minutes"}}"#,
        expect![[r#"
            error[PC0313]: retries may be 1000 at most, and all their delays together an hour
             --> config.json:2:46
              |
            2 |  "config": {"retries": {"count": 2, "delay": "31 minutes"}}}}
              |                                              ^^^^^^^^^^^^
        "#]],
    );
    check_refused(
        r#"{"retries": {"count": 1001, "delay": "0 s"}}"#,
        expect![[r#"
        error[PC0313]: retries may be 1000 at most, and all their delays together an hour
         --> config.json:2:49
          |
        2 |  "config": {"retries": {"count": 1001, "delay": "0 s"}}}}
          |                                                 ^^^^^
    "#]],
    );
    check_refused(
        r#"{"retries": {"delay": "unlimited"}}"#,
        expect![[r#"
            error[PC0313]: retries may be 1000 at most, and all their delays together an hour
             --> config.json:2:34
              |
            2 |  "config": {"retries": {"delay": "unlimited"}}}}
              |                                  ^^^^^^^^^^^
        "#]],
    );
    check_refused(
        r#"{"retries": {"count": -1, "condition": "sometimes"}}"#,
        expect![[r#"
        error[PC0302]: ReverseProxyHandler: a whole number from 0 to 4294967295 is needed here, found `-1`
         --> config.json:2:34
          |
        2 |  "config": {"retries": {"count": -1, "condition": "sometimes"}}}}
          |                                  ^^
        error[PC0302]: ReverseProxyHandler: a condition is `true`, `false` or one expression such as `${request.method == 'GET'}`; text is never true
         --> config.json:2:51
          |
        2 |  "config": {"retries": {"count": -1, "condition": "sometimes"}}}}
          |                                                   ^^^^^^^^^^^
    "#]],
    );
}
