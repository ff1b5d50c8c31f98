//! HTTP/2 as no library writes it: frames by hand, and what comes back.

use std::io::{Read, Write};

use transport::server::ConnectorOptions;
use transport::server::Http2Options;

use crate::h2::{Answers, clear_text};
use crate::support::{Tell, connect, read_to_close, serve_with, talk};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Fields as literals that no table remembers.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

pub(crate) fn headers(stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(1, END_STREAM | END_HEADERS, stream, &block(fields))
}

fn reset(stream: u32) -> Vec<u8> {
    frame(3, 0, stream, &8u32.to_be_bytes())
}

/// The pseudo-header fields of a GET, and others.
fn get<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")], fields].concat()
}

/// Sends frames; tells what comes back until nothing more does, or until the end of the connection.
fn exchange(options: ConnectorOptions, frames: &[u8]) -> String {
    let server = serve_with(options, Tell);
    let mut stream = connect(&server);
    let ping = frame(6, 0, 0, b"12345678");
    let _ = stream.write_all(&[PREFACE, SETTINGS, frames, &ping].concat());
    let mut told = String::new();
    let mut pings = 0;
    while let Some((kind, flags, id, payload)) = read_frame(&mut stream) {
        let code = |at: usize| {
            payload.get(at..at + 4).map_or(0, |code| u32::from_be_bytes(code.try_into().unwrap()))
        };
        match kind {
            0 => told += String::from_utf8_lossy(&payload).split('\n').next().unwrap_or_default(),
            1 => told += &format!("{id}: "),
            3 => told += &format!("{id}: RST_STREAM {}", code(0)),
            // Answers to a PING overtake the rest; that to the second one follows what the first turn yielded.
            6 if pings == 1 => return told,
            6 => {
                pings += 1;
                let _ = stream.write_all(&ping);
                continue;
            }
            7 => told += &format!("GOAWAY {}", code(4)),
            _ => continue,
        }
        if kind != 1 || flags & END_STREAM != 0 {
            told += "\n";
        }
    }
    told + "closed\n"
}

pub(crate) fn read_frame(stream: &mut impl Read) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], u32::from_be_bytes(head[5..].try_into().unwrap()), payload))
}

#[track_caller]
fn check(frames: &[u8], expected: &str) {
    assert_eq!(exchange(clear_text(), frames), expected);
}

#[test]
fn a_request_by_hand() {
    check(&headers(1, &get(&[])), "1: GET http://a/ HTTP/2.0 from 127.0.0.1\n");
    let options = [(":method", "OPTIONS"), (":scheme", "http"), (":authority", "a"), (":path", "*")];
    check(&headers(1, &options), "1: OPTIONS http://a* HTTP/2.0 from 127.0.0.1\n");
    let by_host = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "b:81")];
    check(&headers(1, &by_host), "1: GET http://b:81/ HTTP/2.0 from 127.0.0.1\n");
}

fn target(path: &str) -> Vec<u8> {
    headers(1, &[(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", path)])
}

#[test]
fn malformed_requests_end_their_stream_only() {
    let ok = headers(3, &get(&[]));
    let with = |fields: &[(&str, &str)]| headers(1, &get(fields));
    for malformed in [
        with(&[("connection", "close")]),
        with(&[("keep-alive", "5")]),
        with(&[("proxy-connection", "x")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("upgrade", "websocket")]),
        with(&[("te", "gzip")]),
        with(&[("content-length", "x")]),
        with(&[("content-length", "1")]),
        with(&[(":path", "/again")]),
        with(&[("x", "1"), (":method", "GET")]),
        with(&[(":status", "200")]),
        with(&[(":protocol", "websocket")]),
        headers(1, &[(":method", "GET"), (":path", "/"), (":authority", "a")]),
        headers(1, &[(":scheme", "http"), (":path", "/"), (":authority", "a")]),
        headers(1, &[(":method", "GET"), (":scheme", "http"), (":authority", "a")]),
        headers(1, &[(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "")]),
        headers(1, &[(":method", "GET"), (":scheme", "http"), (":authority", "a b"), (":path", "/")]),
        target("http://a/"),
        target("a"),
        // Extended CONNECT, which is not offered.
        headers(
            1,
            &[
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":authority", "a"),
                (":path", "/"),
            ],
        ),
    ] {
        let told = exchange(clear_text(), &[malformed.clone(), ok.clone()].concat());
        let expected = "1: RST_STREAM 1\n3: GET http://a/ HTTP/2.0 from 127.0.0.1\n";
        assert_eq!(told, expected, "{}", String::from_utf8_lossy(&malformed));
    }
}

#[test]
fn ambiguous_requests_are_answered_with_400() {
    for ambiguous in [
        headers(1, &get(&[("x", " padded")])),
        headers(1, &get(&[("x", "padded\t")])),
        headers(1, &get(&[("host", "a"), ("host", "a")])),
        headers(1, &get(&[("host", "b")])),
        headers(1, &get(&[("content-length", "")])),
        headers(1, &get(&[("content-length", "0"), ("content-length", "0")])),
        headers(1, &[(":method", "GET"), (":scheme", "http"), (":path", "/")]),
        headers(1, &[(":method", "GET"), (":scheme", "http"), (":authority", "a,b"), (":path", "/")]),
        target("*"),
        target("/a/../b"),
        target("/a%2fb"),
        target("/%00"),
    ] {
        let told = exchange(clear_text(), &ambiguous);
        assert_eq!(told, "1: 400 Bad Request\n", "{}", String::from_utf8_lossy(&ambiguous));
    }
}

#[test]
fn what_breaks_the_connection_ends_it() {
    // A name in capitals is no name, so the fields cannot be decoded.
    check(&headers(1, &get(&[("X-Up", "1")])), "GOAWAY 1\nclosed\n");
    check(&frame(9, END_HEADERS, 1, &block(&get(&[]))), "GOAWAY 1\nclosed\n");
    check(&headers(2, &get(&[])), "GOAWAY 1\nclosed\n");
    check(&frame(5, END_HEADERS, 1, &[0, 0, 0, 2]), "GOAWAY 1\nclosed\n");
    check(&frame(1, END_STREAM | END_HEADERS, 1, &[0x80]), "GOAWAY 1\nclosed\n");
    check(&frame(0, 0, 1, &vec![0; 16_385]), "GOAWAY 6\nclosed\n");
    check(&frame(8, 0, 0, &[0, 0, 0, 0]), "GOAWAY 1\nclosed\n");
}

#[test]
fn rapid_resets_end_the_connection() {
    let pairs = |count: u32| {
        (0..count).flat_map(|index| [headers(index * 2 + 1, &get(&[])), reset(index * 2 + 1)].concat())
    };
    let ending = |options, count| exchange(options, &pairs(count).collect::<Vec<_>>());
    assert_eq!(ending(clear_text(), 10), "", "a few are usual");
    let told = ending(clear_text(), 1000);
    assert!(told.ends_with("GOAWAY 11\nclosed\n"), "{told}");
}

#[test]
fn fields_without_end_end_the_connection() {
    let mut frames = frame(1, END_STREAM, 1, &block(&get(&[])));
    for _ in 0..1000 {
        frames.extend(frame(9, 0, 1, &block(&[("x", "y"); 100])));
    }
    let told = exchange(clear_text(), &frames);
    assert!(told.starts_with("GOAWAY ") && told.ends_with("closed\n"), "{told}");
}

#[test]
fn more_streams_than_agreed_are_refused() {
    let http2 = Http2Options { concurrent_streams_max: 2, ..clear_text().http2 };
    let open = |stream| frame(1, END_HEADERS, stream, &block(&get(&[])));
    let frames = [open(1), open(3), open(5)].concat();
    let told = exchange(ConnectorOptions { http2, ..ConnectorOptions::default() }, &frames);
    assert_eq!(told, "5: RST_STREAM 7\n");
}

#[test]
fn the_preface_may_come_in_pieces_and_other_requests_are_http_1() {
    let server = serve_with(clear_text(), Answers);
    let mut stream = connect(&server);
    for piece in [&PREFACE[..3], &PREFACE[3..18], &PREFACE[18..], SETTINGS] {
        stream.write_all(piece).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(
        read_frame(&mut stream).is_some_and(|(kind, ..)| kind == 4),
        "the server answers with its settings"
    );
    for request in ["GET / HTTP/1.1", "PUT / HTTP/1.1", "PRIME / HTTP/1.1"] {
        let answer = talk(&server, format!("{request}\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    let almost = talk(&server, b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
    assert!(almost.starts_with("HTTP/1.1 505 "), "{almost}");
    // Only at the beginning of a connection.
    let late = talk(&server, &[b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", PREFACE].concat());
    assert!(late.contains("\r\n\r\n0123456789HTTP/1.1 505 "), "{late}");
}

#[test]
fn without_the_option_clear_text_is_http_1() {
    let server = serve_with(ConnectorOptions::default(), Answers);
    let mut stream = connect(&server);
    stream.write_all(PREFACE).unwrap();
    assert!(read_to_close(&mut stream).starts_with("HTTP/1.1 505 "));
}
