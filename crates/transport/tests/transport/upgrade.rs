//! Connections that leave HTTP.

use std::io::Write;
use std::time::{Duration, Instant};

use transport::server::ConnectorOptions;

use crate::proxy::pass_to;
use crate::support::Step::{Accept, Close, Pause, Rest, Send, Until};
use crate::support::{Step, connect, origin, read_to_close, read_until, serve, status, talk};

const ASK: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: s\r\n\r\nhello";
/// The same, for those who look at frames.
const SWITCH_FRAMED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: s\r\n\r\n\x81\x05hello";

#[test]
fn a_tunnel_carries_bytes_both_ways_from_the_first_one() {
    let (address, playing) = origin(vec![
        Accept,
        Until("\r\n\r\n"),
        Send(SWITCH),
        Until("early"),
        Until("ping"),
        Send(b"pong"),
        Close,
    ]);
    let server = pass_to(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream.write_all(format!("{ASK}early").as_bytes()).unwrap_or_default();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert_eq!(
        head,
        "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: s\r\nupgrade: WebSocket\r\nconnection: upgrade\r\n\r\n"
    );
    assert_eq!(read_until(&mut stream, "hello"), "hello");
    stream.write_all(b"ping").unwrap();
    assert_eq!(read_to_close(&mut stream), "pong");
    let received = playing.join().unwrap();
    assert!(received.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"), "{received}");
}

#[test]
fn only_one_harmless_protocol_can_be_asked_for() {
    let server = serve();
    for (request, passed) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: H2C\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: TLS/1.0\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket, h2c\r\n\r\n", false),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: a\r\nUpgrade: b\r\nUpgrade: c\r\n\r\n",
            false,
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n", false),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx",
            false,
        ),
        ("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n", false),
    ] {
        let response = talk(&server, request.as_bytes());
        assert_eq!(response.contains("\nupgrade: "), passed, "{request} -> {response}");
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    for answer in [
        &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"[..],
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n",
    ] {
        let (address, playing) = origin(vec![Accept, Until("\r\n\r\n"), Send(answer)]);
        let server = pass_to(address, ConnectorOptions::default());
        let mut stream = connect(&server);
        stream.write_all(ASK.replace("keep-alive", "close").as_bytes()).unwrap();
        assert_eq!(status(&read_to_close(&mut stream)), "502");
        playing.join().unwrap();
    }
    let (address, playing) =
        origin(vec![Accept, Until("\r\n\r\n"), Send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")]);
    let server = pass_to(address, ConnectorOptions::default());
    assert_eq!(status(&talk(&server, ASK.replace("keep-alive", "close").as_bytes())), "403");
    playing.join().unwrap();
}

/// A masked frame of a client.
fn frame(first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(length) {
        Ok(length @ ..=125) => bytes.push(0x80 | length as u8),
        Ok(length) => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(b"mask");
    bytes.extend(std::iter::repeat_n(b'x', length));
    bytes
}

#[test]
fn websocket_frames_and_messages_keep_their_limits() {
    const TEXT: u8 = 0x81;
    const BEGINS: u8 = 0x01;
    const CONTINUES: u8 = 0x00;
    const ENDS: u8 = 0x80;
    const PING: u8 = 0x89;
    for (frames, passes) in [
        (vec![(TEXT, 200), (TEXT, 200), (TEXT, 3)], true),
        (vec![(TEXT, 201)], false),
        (vec![(TEXT, 70_000)], false),
        (vec![(BEGINS, 200), (PING, 9), (ENDS, 100), (TEXT, 200)], true),
        (vec![(BEGINS, 200), (CONTINUES, 100), (ENDS, 1)], false),
        (vec![(TEXT, 0), (TEXT, 126)], true),
    ] {
        let shown = format!("{frames:?}");
        let bytes: Vec<u8> = frames.into_iter().flat_map(|(first, length)| frame(first, length)).collect();
        let (address, playing) =
            origin(vec![Accept, Until("\r\n\r\n"), Send(SWITCH_FRAMED), Until("end"), Send(b"bye"), Close]);
        let options = ConnectorOptions {
            websocket_frame_bytes_max: Some(200),
            websocket_message_bytes_max: Some(300),
            ..ConnectorOptions::default()
        };
        let server = pass_to(address, options);
        let mut stream = connect(&server);
        stream.write_all(ASK.as_bytes()).unwrap();
        read_until(&mut stream, "hello");
        // In pieces, so that frame headers are cut anywhere.
        for piece in bytes.chunks(61) {
            let _ = stream.write_all(piece);
        }
        if passes {
            let mut end = frame(TEXT, 0);
            end[1] |= 3;
            end.extend_from_slice(b"end");
            stream.write_all(&end).unwrap();
            assert_eq!(read_until(&mut stream, "bye"), "bye", "{shown}");
            playing.join().unwrap();
        } else {
            let closed = read_to_close(&mut stream);
            assert!(closed.starts_with("\u{fffd}\u{2}\u{3}\u{fffd}"), "{shown} -> {closed:?}");
        }
    }
}

/// Lets a client send too big a message, behind `rest`, once it has read `before`. What it reads from then on, what
/// the origin got after the 101, and how long it took.
fn exceed(script: Vec<Step>, sent: &[u8], before: &str, rest: &[u8]) -> (String, String, Duration) {
    let (address, playing) = origin(
        [vec![Accept, Until("\r\n\r\n"), Send(SWITCH_FRAMED)], script].into_iter().flatten().collect(),
    );
    let options = ConnectorOptions { websocket_frame_bytes_max: Some(200), ..ConnectorOptions::default() };
    let server = pass_to(address, options);
    let mut stream = connect(&server);
    stream.write_all(ASK.as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    stream.write_all(sent).unwrap();
    read_until(&mut stream, before);
    let started = Instant::now();
    stream.write_all(&[rest, &frame(0x82, 201)].concat()).unwrap();
    let read = read_to_close(&mut stream);
    let took = started.elapsed();
    // The client closes, too; nobody waits for more.
    drop(stream);
    let seen = playing.join().unwrap();
    (read, seen.split_once("\r\n\r\n").unwrap().1.to_owned(), took)
}

/// The close frame with 1009, and how the origin gets it.
const TOO_BIG: &str = "\u{fffd}\u{2}\u{3}\u{fffd}";
const MASKED_TOO_BIG: &str = "\u{fffd}\u{fffd}ZZZZY\u{fffd}";

#[test]
fn a_client_that_exceeds_a_limit_gets_the_frame_in_progress_first() {
    let script = vec![
        Send(b"\x81\x7e\x00\xc8first half"),
        Pause(Duration::from_millis(200)),
        Send(&[b'x'; 100]),
        Pause(Duration::from_millis(200)),
        Send(&[b'y'; 90]),
        Send(b"\x81\x05later"),
        Rest,
    ];
    let (read, origin, took) = exceed(script, b"", "half", b"");
    assert_eq!(read, format!("{}{}{TOO_BIG}", "x".repeat(100), "y".repeat(90)));
    assert_eq!(origin, MASKED_TOO_BIG);
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

#[test]
fn it_does_not_wait_for_a_frame_without_an_end() {
    let script = vec![Send(b"\x81\x0afirst"), Until("ZZZZY"), Pause(Duration::from_millis(1500))];
    let (read, origin, took) = exceed(script, b"", "first", b"");
    // The script stops reading before the last byte.
    assert_eq!((read.as_str(), origin.as_str()), ("", "\u{fffd}\u{fffd}ZZZZY"));
    assert!((1..10).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn an_origin_within_a_frame_is_only_left() {
    let half = b"\x81\x8a\0\0\0\0half";
    let script = vec![Until("half"), Send(b"\x81\x04seen"), Rest];
    let (read, origin, _) = exceed(script, half, "seen", b"-whole");
    assert_eq!(read, TOO_BIG);
    assert_eq!(origin, "\u{fffd}\u{fffd}\0\0\0\0half");
}

#[test]
fn a_tunnel_ends_with_the_grace_period() {
    let (address, _playing) = origin(vec![Accept, Until("\r\n\r\n"), Send(SWITCH), Until("never")]);
    let grace_period = Duration::from_millis(100);
    let server = pass_to(address, ConnectorOptions { grace_period, ..ConnectorOptions::default() });
    let mut stream = connect(&server);
    stream.write_all(ASK.as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    let started = Instant::now();
    server.shutdown_blocking();
    assert!(started.elapsed() >= grace_period && started.elapsed() < Duration::from_secs(10));
    read_to_close(&mut stream);
}
