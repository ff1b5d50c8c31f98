//! What a handler sees and what a client gets.

use std::io::Write;
use std::time::Duration;

use expect_test::{Expect, expect};
use transport::server::{ConnectorOptions, Limits};

use crate::responses::GET;
use crate::support::{Tell, connect, read_to_close, read_until, serve, serve_with, status, talk};

/// The raw response to a raw request; the last of the requests must close.
#[track_caller]
fn check(request: &str, expected: Expect) {
    check_with(ConnectorOptions::default(), request, expected);
}

#[track_caller]
fn check_with(options: ConnectorOptions, request: &str, expected: Expect) {
    let response = talk(&serve_with(options, Tell), request.as_bytes());
    expected.assert_eq(&response.replace('\r', ""));
}

#[test]
fn a_plain_request() {
    check(
        "GET /a?b=c HTTP/1.1\r\nHost: a.example:81\r\nX-One: 1\r\nx-one: 2\r\nConnection: close\r\n\r\n",
        expect![[r#"
        HTTP/1.1 200 OK
        content-type: text/plain
        content-length: 91
        connection: close

        GET http://a.example:81/a?b=c HTTP/1.1 from 127.0.0.1
        host: a.example:81
        x-one: 1
        x-one: 2
    "#]],
    );
}

#[test]
fn pipelined_requests_are_served_in_order() {
    check(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
         POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nde\r\n1\r\nf\r\n0\r\nX-Sum: 7\r\nHost: evil\r\n\r\n\
         GET /3 HTTP/1.0\r\nHost: a\r\n\r\n",
        expect![[r#"
            HTTP/1.1 200 OK
            content-type: text/plain
            content-length: 71

            POST http://a/1 HTTP/1.1 from 127.0.0.1
            content-length: 3
            host: a

            abc
            HTTP/1.1 200 OK
            content-type: text/plain
            content-length: 70

            POST http://a/2 HTTP/1.1 from 127.0.0.1
            host: a

            def
            trailer x-sum: 7
            HTTP/1.1 200 OK
            content-type: text/plain
            content-length: 47
            connection: close

            GET http://a/3 HTTP/1.0 from 127.0.0.1
            host: a
        "#]],
    );
}

#[test]
fn hop_by_hop_fields_end_here_and_protected_ones_do_not() {
    check(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop, Cookie, host, authorization\r\nX-Hop: 1\r\nCookie: c\r\n\
         Authorization: d\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: h2c\r\n\r\n",
        expect![[r#"
            HTTP/1.1 200 OK
            content-type: text/plain
            content-length: 73
            connection: close

            GET http://a/ HTTP/1.1 from 127.0.0.1
            authorization: d
            cookie: c
            host: a
        "#]],
    );
}

const FORWARDED: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
    X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.0.0.2\r\nX_Forwarded_User: root\r\nx-forwarded-URI: /open\r\n\
    Forwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Original-URL: /x\r\nX_Rewrite-URL: /x\r\nTrue-Client-IP: 1\r\n\
    X-Other: stays\r\n\r\n";

#[test]
fn forwarded_fields_of_strangers_are_removed() {
    check(
        FORWARDED,
        expect![[r#"
        HTTP/1.1 200 OK
        content-type: text/plain
        content-length: 61
        connection: close

        GET http://a/ HTTP/1.1 from 127.0.0.1
        host: a
        x-other: stays
    "#]],
    );
}

#[test]
fn a_trusted_peer_says_whether_its_client_came_over_tls() {
    let asked = |trusted: &str, fields: &str| {
        let trusted_peers = vec![trusted.parse().unwrap()];
        let server = serve_with(ConnectorOptions { trusted_peers, ..ConnectorOptions::default() }, Tell);
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\nConnection: close\r\n\r\n");
        let answer = talk(&server, request.as_bytes());
        answer.split("GET ").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default().to_owned()
    };
    for (fields, scheme) in [
        ("X-Forwarded-Proto: https", "https"),
        ("X-Forwarded-Proto: HTTPS", "https"),
        ("X-Forwarded-Proto: http", "http"),
        ("X-Forwarded-Proto: http, https", "https"),
        ("X-Forwarded-Proto: https, http", "http"),
        ("X-Forwarded-Proto: httpsx", "http"),
        ("Forwarded: for=9.9.9.9;proto=https", "https"),
        ("Forwarded: for=9.9.9.9;proto=https, for=10.0.0.1;proto=http", "http"),
        ("Forwarded: for=9.9.9.9;proto=https, for=10.0.0.1", "http"),
        ("Forwarded: proto=https\r\nX-Forwarded-Proto: http", "http"),
        ("X-Forwarded-Ssl: on", "http"),
    ] {
        assert_eq!(asked("127.0.0.0/8", fields), scheme, "{fields}");
        assert_eq!(asked("10.0.0.0/8", fields), "http", "{fields}");
    }
}

#[test]
fn forwarded_fields_of_trusted_peers_name_the_last_untrusted_hop() {
    let trusted_peers = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    let options = ConnectorOptions { trusted_peers, ..ConnectorOptions::default() };
    check_with(
        options.clone(),
        FORWARDED,
        expect![[r#"
        HTTP/1.1 200 OK
        content-type: text/plain
        content-length: 260
        connection: close

        GET http://a/ HTTP/1.1 from 198.51.100.1
        forwarded: for=1.2.3.4
        host: a
        true-client-ip: 1
        x-forwarded-for: 203.0.113.9, 198.51.100.1, 10.0.0.2
        x-forwarded-uri: /open
        x-original-url: /x
        x-other: stays
        x-real-ip: 1.2.3.4
        x_forwarded_user: root
        x_rewrite-url: /x
    "#]],
    );
    for (field, remote) in [
        ("X-Forwarded-For: 1.1.1.1, unknown, 10.0.0.9", "10.0.0.9"),
        ("X-Forwarded-For: unknown", "127.0.0.1"),
        ("X-Forwarded-For: 10.1.1.1, 10.0.0.9", "10.1.1.1"),
        ("X-Forwarded-For: [2001:db8::1]:99", "2001:db8::1"),
        ("X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 10.0.0.9", "9.9.9.9"),
        ("Forwarded: for=1.1.1.1, For=\"[2001:db8::2]:80\";proto=http", "2001:db8::2"),
        ("X-Real-IP: 1.1.1.1", "127.0.0.1"),
    ] {
        let server = serve_with(options.clone(), Tell);
        let response = talk(
            &server,
            format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{field}\r\n\r\n").as_bytes(),
        );
        assert!(response.contains(&format!(" from {remote}\n")), "{field} -> {response}");
    }
}

#[test]
fn queries() {
    let preserving = ConnectorOptions { preserve_original_query_string: true, ..ConnectorOptions::default() };
    let (encoding, preserving) = (serve(), serve_with(preserving, Tell));
    for (query, encoded, preserved) in [
        ("a=b&c=%20+%26", "a=b&c=%20+%26", "a=b&c=%20+%26"),
        ("a=%27%7e", "a='~", "a=%27%7e"),
        ("a=\"{}|", "a=%22%7B%7D%7C", "400"),
        ("a=[1]^`\\", "a=%5B1%5D%5E%60%5C", "a=[1]^`\\"),
        ("a=%e2%82%ac", "a=%E2%82%AC", "a=%e2%82%ac"),
        ("a=%2526%23%3d", "a=%2526%23%3D", "a=%2526%23%3d"),
        ("a=%zz", "400", "a=%zz"),
        ("a=<b>", "a=%3Cb%3E", "400"),
        ("?/", "?/", "?/"),
        ("", "", ""),
    ] {
        let request = format!("GET /p?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        for (server, expected) in [(&encoding, encoded), (&preserving, preserved)] {
            let response = talk(server, request.as_bytes());
            match expected {
                "400" => assert_eq!(status(&response), "400", "{query}"),
                query => assert!(
                    response.contains(&format!("GET http://a/p?{query} HTTP")),
                    "{query} -> {response}"
                ),
            }
        }
    }
}

#[test]
fn http_1_0() {
    let server = serve();
    let mut stream = connect(&server);
    stream.write_all(b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap();
    let first = read_until(&mut stream, "from 127.0.0.1\n");
    assert!(first.contains("\r\nconnection: keep-alive\r\n"), "{first}");
    stream.write_all(b"GET /2 HTTP/1.0\r\nHost: b\r\n\r\n").unwrap();
    let second = read_to_close(&mut stream);
    assert!(second.contains("GET http://b/2 HTTP/1.0"), "{second}");
}

#[test]
fn expect_continue_is_answered_when_the_body_is_wanted() {
    let server = serve();
    let mut stream = connect(&server);
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    assert!(read_to_close(&mut stream).ends_with("\nabc\n"));
}

#[test]
fn limits_on_connections() {
    let limits = Limits { connections_per_address_max: Some(2), ..Limits::default() };
    let server = serve_with(ConnectorOptions { limits, ..ConnectorOptions::default() }, Tell);
    let open = || {
        let mut stream = connect(&server);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        stream
    };
    let (mut first, mut second, mut third) = (open(), open(), open());
    assert!(read_until(&mut first, "host: a\n").contains("200 OK"));
    assert!(read_until(&mut second, "host: a\n").contains("200 OK"));
    assert!(!read_to_close(&mut third).contains("200 OK"));
    drop(first);
    // The place becomes free once the server has noticed.
    let again = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let mut stream = connect(&server);
        let _ = stream.write_all(GET.as_bytes());
        read_to_close(&mut stream).contains("200 OK")
    });
    assert!(again);
}
