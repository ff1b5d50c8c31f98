//! Requests that two servers could read in two ways, and those beyond the limits: refused in full, closed,
//! never seen by a handler.

use transport::server::{ConnectorOptions, Limits, NormalizePath, Server};

use crate::support::{Tell, serve, serve_with, status, talk};

/// Sends a request followed by one that would be served if the first left bytes behind.
#[track_caller]
fn check_on(server: &Server, request: &[u8], expected: &str) {
    let shown = String::from_utf8_lossy(request).into_owned();
    let mut bytes = request.to_vec();
    bytes.extend_from_slice(b"GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let response = talk(server, &bytes);
    assert_eq!(status(&response), expected, "{shown:?} -> {response:?}");
    if expected != "200" {
        assert!(response.contains("\r\nconnection: close\r\n"), "{shown:?} -> {response:?}");
        assert_eq!(response.matches("HTTP/1.1 ").count(), 1, "{shown:?} -> {response:?}");
        assert!(response.ends_with("\n") && !response.contains("from 127"), "{shown:?} -> {response:?}");
    }
}

fn check(cases: &[(&[u8], &str)]) {
    let server = serve();
    for (request, expected) in cases {
        check_on(&server, request, expected);
    }
    // The worker lives on.
    check_on(&server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200");
}

#[test]
fn ambiguous_lengths() {
    check(&[
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 4\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 3\r\n\r\nabc", "400"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer_encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400"),
    ]);
}

#[test]
fn transfer_codings_other_than_chunked() {
    check(&[
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", "400"),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "200"),
    ]);
}

#[test]
fn line_ends_and_field_lines() {
    check(&[
        (b"GET / HTTP/1.1\nHost: a\n\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\rHost: a\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n folded\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\tfolded\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA\t: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA(: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA\xc3\xa9: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA\0: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\x7f\r\n\r\n", "400"),
        (b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: \xc3\xa9\t b\r\n\r\n", "200"),
    ]);
}

#[test]
fn request_lines() {
    check(&[
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "505"),
        (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400"),
        (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET / \r\nHost: a\r\n\r\n", "505"),
        (b"GET /\r\nHost: a\r\n\r\n", "400"),
        (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505"),
        (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505"),
        (b"GET / http/1.1\r\nHost: a\r\n\r\n", "505"),
        (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        (b"M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
    ]);
}

#[test]
fn targets_and_hosts() {
    check(&[
        (b"GET / HTTP/1.1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: [::zz]\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", "400"),
        (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "400"),
        (b"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "501"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", "417"),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        (b"GET http://A/x HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        (b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "200"),
        (b"GET / HTTP/1.1\r\nHost: a_b.example:65535\r\n\r\n", "200"),
    ]);
}

#[test]
fn ambiguous_paths() {
    let paths =
        ["/a/../b", "/a%2fb", "/%2e%2e/", "//a", "/a\\b", "/%00", "/a%252e", "/%zz", "/%c0%af", "/a/%2E"];
    let canonical = ["200", "400", "200", "200", "400", "400", "400", "400", "400", "200"];
    let with =
        |normalize_path| serve_with(ConnectorOptions { normalize_path, ..ConnectorOptions::default() }, Tell);
    let (reject, rewrite, off) = (serve(), with(NormalizePath::Canonical), with(NormalizePath::Off));
    for (path, canonical) in paths.iter().zip(canonical) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        check_on(&reject, request.as_bytes(), "400");
        check_on(&rewrite, request.as_bytes(), canonical);
        check_on(&off, request.as_bytes(), "200");
    }
    let response = talk(&rewrite, b"GET /a/../b?c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(response.contains("GET http://a/b?c "), "{response}");
}

/// A chunked body that is not what it says never looks complete to the handler.
#[test]
fn broken_chunks() {
    let server = serve();
    for chunks in [
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        ";x\r\nabc\r\n0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "3;a\nb\r\nabc\r\n0\r\n\r\n",
        "3;\x01\r\nabc\r\n0\r\n\r\n",
        "3\rXabc\r\n0\r\n\r\n",
        "ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
        "00000000000000003\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nA: b\nC: d\r\n\r\n",
        "3\r\nabc\r\n0\r\nA : b\r\n\r\n",
        "3\r\nabc\r\n0\r\n folded\r\n\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        let response = talk(&server, (request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        assert!(response.contains("[the body is not framed as HTTP asks"), "{chunks:?} -> {response:?}");
        assert_eq!(response.matches("HTTP/1.1 200").count(), 1, "{chunks:?} -> {response:?}");
    }
    let long = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(5000));
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{long}");
    assert!(talk(&server, request.as_bytes()).contains("[the body is not framed"));
    let long = format!("1\r\na\r\n0\r\nA: {}\r\n\r\n", "x".repeat(9000));
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{long}");
    assert!(talk(&server, request.as_bytes()).contains("[the body is not framed"));
}

#[test]
fn limits_just_below_and_just_above() {
    let limits = Limits {
        initial_line_bytes_max: 100,
        total_headers_bytes_max: 200,
        header_count_max: 5,
        body_bytes_max: Some(10),
        ..Limits::default()
    };
    let server = serve_with(ConnectorOptions { limits, ..ConnectorOptions::default() }, Tell);
    // "GET /" and " HTTP/1.1" are 14 bytes, "Host: a" with its end 9, "A: " with its end 5.
    let line = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - 14));
    let fields =
        |length: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "x".repeat(length - 14));
    let count = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(count - 1));
    let body = |length: usize| {
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length))
    };
    for (request, below, above) in [
        (&line as &dyn Fn(usize) -> String, (100, "200"), (101, "414")),
        (&line, (99, "200"), (5000, "414")),
        (&fields, (200, "200"), (201, "431")),
        (&fields, (199, "200"), (5000, "431")),
        (&count, (5, "200"), (6, "431")),
        (&count, (4, "200"), (60, "431")),
        (&body, (10, "200"), (11, "413")),
    ] {
        check_on(&server, request(below.0).as_bytes(), below.1);
        check_on(&server, request(above.0).as_bytes(), above.1);
    }
    let chunked = |length: usize| {
        let body = format!("{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length));
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{body}")
    };
    assert!(talk(&server, chunked(10).as_bytes()).ends_with("\nxxxxxxxxxx\n"));
    assert!(talk(&server, chunked(11).as_bytes()).contains("[the body exceeds 10 bytes]"));
    // A line that never ends is refused before it does.
    assert_eq!(status(&talk(&server, "x".repeat(103).as_bytes())), "414");
}

#[test]
fn slow_heads_are_refused() {
    let limits = Limits { header_read_timeout: std::time::Duration::from_millis(50), ..Limits::default() };
    let server = serve_with(ConnectorOptions { limits, ..ConnectorOptions::default() }, Tell);
    assert_eq!(status(&talk(&server, b"GET / HTTP/1.1\r\nHos")), "408");
}
