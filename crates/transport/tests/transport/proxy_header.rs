//! What a load balancer says about its client before the first request, and who is listened to.

use std::io::Write;
use std::time::{Duration, Instant};

use transport::server::{ConnectorOptions, Server};

use crate::support::{Tell, connect, read_to_close, read_until, serve_with, status, talk};

const REQUEST: &[u8] = b"GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A server whose load balancers stand at these networks.
fn serve(trusted: &[&str]) -> Server {
    let mut options = ConnectorOptions { proxy_protocol: true, ..ConnectorOptions::default() };
    options.trusted_peers = trusted.iter().map(|network| network.parse().unwrap()).collect();
    options.limits.handshake_timeout = Duration::from_secs(2);
    serve_with(options, Tell)
}

/// A header in binary: version and command, family and protocol, what follows.
fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    header.extend(rest);
    header
}

/// From 198.51.100.7:4711 to 192.0.2.1:443.
const IPV4: [u8; 12] = [198, 51, 100, 7, 192, 0, 2, 1, 0x12, 0x67, 1, 187];

/// From [2001:db8::7]:4711 to [2001:db8::1]:443.
fn ipv6() -> Vec<u8> {
    let mut ends = vec![0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    ends.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x12, 0x67, 1, 187]);
    ends
}

/// Sends a header and a request in one piece, then in single bytes. Expects the same answer, which tells whom
/// the request is from.
#[track_caller]
fn check(header: &[u8], remote: &str) {
    let server = serve(&["127.0.0.0/8"]);
    let expected = format!("GET http://a/after HTTP/1.1 from {remote}\n");
    let bytes = [header, REQUEST].concat();
    let answer = talk(&server, &bytes);
    assert!(answer.contains(&expected), "{expected}{answer}");
    let mut stream = connect(&server);
    stream.set_nodelay(true).unwrap();
    for byte in &bytes {
        stream.write_all(&[*byte]).unwrap();
        std::thread::yield_now();
    }
    let answer = read_to_close(&mut stream);
    assert!(answer.contains(&expected), "{expected}{answer}");
}

#[test]
fn the_client_of_a_trusted_load_balancer_is_the_one_that_it_names() {
    check(b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n", "198.51.100.7");
    check(b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7");
    check(b"PROXY TCP6 ::ffff:198.51.100.7 ::ffff:192.0.2.1 4711 443\r\n", "198.51.100.7");
    check(&binary(0x21, 0x11, &IPV4), "198.51.100.7");
    check(&binary(0x21, 0x21, &ipv6()), "2001:db8::7");
}

#[test]
fn what_a_load_balancer_adds_is_skipped() {
    let note = [IPV4.to_vec(), vec![0x04, 0, 3, 1, 2, 3, 0xea, 0, 1, 9]].concat();
    check(&binary(0x21, 0x11, &note), "198.51.100.7");
    let long = [IPV4.to_vec(), vec![7; 4096 - 12]].concat();
    check(&binary(0x21, 0x11, &long), "198.51.100.7");
}

#[test]
fn without_a_named_client_the_peer_is_the_client() {
    check(b"PROXY UNKNOWN\r\n", "127.0.0.1");
    check(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1");
    check(&binary(0x20, 0x00, b""), "127.0.0.1");
    // A health check of the load balancer, whatever else it says.
    check(&binary(0x20, 0x11, &IPV4), "127.0.0.1");
    check(&binary(0x20, 0xff, b"abc"), "127.0.0.1");
    check(&binary(0x21, 0x00, &IPV4), "127.0.0.1");
    // Datagrams and local sockets have no address of use.
    check(&binary(0x21, 0x12, &IPV4), "127.0.0.1");
    check(&binary(0x21, 0x31, &[b'/'; 216]), "127.0.0.1");
}

#[test]
fn a_trusted_peer_without_a_good_header_is_closed_without_an_answer() {
    let server = serve(&["127.0.0.1/32"]);
    let too_long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
    let just = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
    assert_eq!((too_long.len(), just.len()), (108, 107));
    assert_eq!(status(&talk(&server, &[just.as_bytes(), REQUEST].concat())), "200");
    let refused: &[&[u8]] = &[
        b"",
        too_long.as_bytes(),
        &[b'x'; 200],
        b"proxy TCP4 198.51.100.7 192.0.2.1 4711 443\r\n",
        b" PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n",
        b"PROXY  TCP4 198.51.100.7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 4711\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 65536\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 04711 443\r\n",
        b"PROXY TCP4 198.51.100.07 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n",
        b"PROXY TCP6 198.51.100.7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443 \r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\n",
        b"PROXY TCP4\r198.51.100.7 192.0.2.1 4711 443\r\n",
        b"PROXY UDP4 198.51.100.7 192.0.2.1 4711 443\r\n",
        b"PROXY TCP4 \xff 192.0.2.1 4711 443\r\n",
        b"PROXY\r\n",
        &binary(0x11, 0x11, &IPV4),
        &binary(0x22, 0x11, &IPV4),
        &binary(0x21, 0x41, &IPV4),
        &binary(0x21, 0x13, &IPV4),
        &binary(0x21, 0x11, &IPV4[..11]),
        &binary(0x21, 0x21, &IPV4),
        &binary(0x21, 0x11, &[7; 4097]),
        &binary(0x21, 0x11, &[7; 65535]),
        b"\r\n\r\n\0\r\nQUIT\r",
    ];
    for header in refused {
        let answer = talk(&server, &[header, REQUEST].concat());
        assert!(matches!(answer.as_str(), "" | "[reset]"), "{header:?}: {answer}");
    }
}

#[test]
fn a_second_header_is_no_header() {
    let server = serve(&["127.0.0.1/32"]);
    let header = b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n";
    assert_eq!(status(&talk(&server, &[header, &header[..], REQUEST].concat())), "505");
}

#[test]
fn nobody_else_is_listened_to() {
    let answers =
        |server: &Server, header: &[u8]| status(&talk(server, &[header, REQUEST].concat())).to_owned();
    let text = b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n";
    let off = ConnectorOptions { trusted_peers: vec!["127.0.0.1/32".parse().unwrap()], ..Default::default() };
    for server in [serve(&[]), serve(&["10.0.0.0/8"]), serve_with(off, Tell)] {
        // As a line of a request, it ends with a version that is none.
        assert_eq!(answers(&server, text), "505");
        assert_eq!(answers(&server, &binary(0x21, 0x11, &IPV4)), "400");
        assert!(talk(&server, REQUEST).contains("from 127.0.0.1\n"));
    }
}

#[test]
fn fields_about_earlier_hops_are_the_word_of_the_client_that_is_named() {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n";
    let server = serve(&["127.0.0.1/32", "10.0.0.0/8"]);
    let answer = |header: &[u8]| talk(&server, &[header, request].concat());
    let stranger = answer(b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n");
    assert!(stranger.contains("from 198.51.100.7\n") && !stranger.contains("203.0.113.9"), "{stranger}");
    let unknown = answer(b"PROXY UNKNOWN\r\n");
    assert!(unknown.contains("from 127.0.0.1\n") && !unknown.contains("203.0.113.9"), "{unknown}");
    let proxy = answer(b"PROXY TCP4 10.1.2.3 192.0.2.1 4711 443\r\n");
    assert!(proxy.contains("from 203.0.113.9\nhost: a\nx-forwarded-for: 203.0.113.9\n"), "{proxy}");
}

#[test]
fn a_header_that_takes_too_long_ends_the_connection() {
    let server = serve(&["127.0.0.1/32"]);
    for begun in [&b""[..], b"PROXY TCP4 198.51", &binary(0x21, 0x11, &IPV4)[..20]] {
        let began = Instant::now();
        let mut stream = connect(&server);
        stream.write_all(begun).unwrap();
        assert_eq!(read_to_close(&mut stream), "");
        assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[test]
fn a_named_client_lasts_for_the_connection() {
    let server = serve(&["127.0.0.1/32"]);
    let mut stream = connect(&server);
    stream.write_all(b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n").unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        read_until(&mut stream, "from 198.51.100.7\n");
    }
}

#[test]
fn a_stop_does_not_wait_for_a_header() {
    let server = serve(&["127.0.0.1/32"]);
    let mut stream = connect(&server);
    stream.write_all(b"PROXY ").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    server.shutdown_blocking();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
