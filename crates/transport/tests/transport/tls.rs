//! TLS on the side of the server: what is presented, to whom, for which hosts, and what hostile clients get.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use crypto::tls::{ClientAuth, Protocol, ServerTls};
use exchange::{Body, Context, Handler, HeaderValue, Outcome, Request, Response, StatusCode};
use expect_test::{Expect, expect};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, HandshakeKind, StreamOwned};
use transport::server::{ConnectorOptions, Limits, Server, SniHostCheck};

use crate::h2_frames::{PREFACE, SETTINGS, headers, read_frame};
use crate::proxy::pass_to;
use crate::support::Step::{Accept, Close, Send, Until};
use crate::support::{PATIENCE, connect, origin, read_to_close, read_until, serve_with, talk};
use crate::tls_support::{
    Authority, TellTls, ask, calling, client_tls, connect_tls, presented, serve_tls, serving,
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n";

#[test]
fn each_name_gets_its_certificate_and_requests_are_https() {
    let ca = Authority::new("CA");
    let (one, wild) = (ca.issue(&["one.test"]), ca.issue(&["*.wild.test"]));
    let other = ca.issue(&["other.test", "127.0.0.1"]);
    let server = serve_tls(serving(&other, &[("one.test", &one), ("*.wild.test", &wild)]), |_| {});
    let tls = client_tls(calling(&ca));
    let mut text = String::new();
    for host in ["one.test", "a.wild.test", "a.b.wild.test", "other.test", "127.0.0.1"] {
        let mut stream = connect_tls(&server, &tls, host);
        let answer = ask(&mut stream, host);
        writeln!(text, "{host}: {} {answer}", presented(&stream)).unwrap();
    }
    expect![[r#"
        one.test: Certificate(CN=one.test) 200 OK: https://one.test/ secure=true certificates=0
        a.wild.test: Certificate(CN=*.wild.test) 200 OK: https://a.wild.test/ secure=true certificates=0
        a.b.wild.test: nothing [invalid peer certificate: certificate not valid for name "a.b.wild.test"; certificate is only valid for DnsName("other.test") or IpAddress(127.0.0.1)]
        other.test: Certificate(CN=other.test) 200 OK: https://other.test/ secure=true certificates=0
        127.0.0.1: Certificate(CN=other.test) 200 OK: https://127.0.0.1/ secure=true certificates=0
    "#]].assert_eq(&text);
}

#[test]
fn a_request_is_for_the_host_of_its_connection() {
    let ca = Authority::new("CA");
    let one = ca.issue(&["one.test"]);
    let other = ca.issue(&["other.test", "more.test", "*.wild.test", "127.0.0.1"]);
    let hosts = [
        "one.test",
        "ONE.test:8443",
        "other.test",
        "more.test",
        "a.wild.test",
        "wild.test",
        "none.test",
        "127.0.0.1",
    ];
    let mut text = String::new();
    for rule in [SniHostCheck::Misdirected, SniHostCheck::BadRequest, SniHostCheck::Off] {
        let server =
            serve_tls(serving(&other, &[("one.test", &one)]), |options| options.sni_host_check = rule);
        for name in ["one.test", "other.test", "none.test", "127.0.0.1"] {
            let mut settings = calling(&ca);
            settings.hostname_verifier = crypto::tls::HostnameVerifier::AllowAll;
            let tls = client_tls(settings);
            write!(text, "{rule:?}, connected for {name}:").unwrap();
            for host in hosts {
                let answer = ask(&mut connect_tls(&server, &tls, name), host);
                write!(text, " {host} {}", answer.split(' ').next().unwrap_or_default()).unwrap();
            }
            text.push('\n');
        }
    }
    expect![[r#"
        Misdirected, connected for one.test: one.test 200 ONE.test:8443 200 other.test 421 more.test 421 a.wild.test 421 wild.test 421 none.test 421 127.0.0.1 421
        Misdirected, connected for other.test: one.test 421 ONE.test:8443 421 other.test 200 more.test 200 a.wild.test 200 wild.test 421 none.test 421 127.0.0.1 200
        Misdirected, connected for none.test: one.test 421 ONE.test:8443 421 other.test 200 more.test 200 a.wild.test 200 wild.test 421 none.test 200 127.0.0.1 200
        Misdirected, connected for 127.0.0.1: one.test 421 ONE.test:8443 421 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 200 127.0.0.1 200
        BadRequest, connected for one.test: one.test 200 ONE.test:8443 200 other.test 400 more.test 400 a.wild.test 400 wild.test 400 none.test 400 127.0.0.1 400
        BadRequest, connected for other.test: one.test 400 ONE.test:8443 400 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 400 127.0.0.1 200
        BadRequest, connected for none.test: one.test 400 ONE.test:8443 400 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 400 127.0.0.1 200
        BadRequest, connected for 127.0.0.1: one.test 400 ONE.test:8443 400 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 400 127.0.0.1 200
        Off, connected for one.test: one.test 200 ONE.test:8443 200 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 200 127.0.0.1 200
        Off, connected for other.test: one.test 200 ONE.test:8443 200 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 200 127.0.0.1 200
        Off, connected for none.test: one.test 200 ONE.test:8443 200 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 200 127.0.0.1 200
        Off, connected for 127.0.0.1: one.test 200 ONE.test:8443 200 other.test 200 more.test 200 a.wild.test 200 wild.test 200 none.test 200 127.0.0.1 200
    "#]].assert_eq(&text);
}

#[test]
fn the_host_of_an_absolute_target_counts_and_the_refusal_says_why() {
    let ca = Authority::new("CA");
    let one = ca.issue(&["one.test"]);
    let tls = client_tls(calling(&ca));
    let request = b"GET https://two.test/ HTTP/1.1\r\nHost: two.test\r\n\r\n";
    let mut text = String::new();
    for rule in [SniHostCheck::Misdirected, SniHostCheck::BadRequest] {
        let server = serve_tls(serving(&one, &[]), |options| options.sni_host_check = rule);
        let mut stream = connect_tls(&server, &tls, "one.test");
        stream.write_all(request).unwrap();
        text += &read_to_close(&mut stream);
    }
    expect![[r#"
        HTTP/1.1 421 Misdirected Request
        content-type: text/plain; charset=utf-8
        content-length: 24
        connection: close

        421 Misdirected Request
        HTTP/1.1 400 Invalid SNI
        content-type: text/plain; charset=utf-8
        content-length: 16
        connection: close

        400 Invalid SNI
    "#]]
    .assert_eq(&text.replace('\r', ""));
}

#[test]
fn clients_prove_who_they_are_when_they_have_to() {
    let (ca, stranger) = (Authority::new("CA"), Authority::new("Stranger"));
    let (site, known, unknown) =
        (ca.issue(&["one.test"]), ca.issue(&["known.test"]), stranger.issue(&["unknown.test"]));
    let mut text = String::new();
    for auth in [ClientAuth::None, ClientAuth::Request, ClientAuth::Required] {
        let mut settings = serving(&site, &[]);
        (settings.client_auth, settings.trust) = (auth, ca.trust());
        let server = serve_tls(settings, |_| {});
        for (label, identity) in [("nothing", None), ("known", Some(&known)), ("unknown", Some(&unknown))] {
            let mut settings = calling(&ca);
            settings.identities = identity.into_iter().cloned().collect();
            let tls = client_tls(settings);
            for attempt in ["first", "again"] {
                let answer = ask(&mut connect_tls(&server, &tls, "one.test"), "one.test");
                writeln!(text, "{auth:?}, shows {label}, {attempt}: {answer}").unwrap();
            }
        }
    }
    expect![[r#"
        None, shows nothing, first: 200 OK: https://one.test/ secure=true certificates=0
        None, shows nothing, again: 200 OK: https://one.test/ secure=true certificates=0
        None, shows known, first: 200 OK: https://one.test/ secure=true certificates=0
        None, shows known, again: 200 OK: https://one.test/ secure=true certificates=0
        None, shows unknown, first: 200 OK: https://one.test/ secure=true certificates=0
        None, shows unknown, again: 200 OK: https://one.test/ secure=true certificates=0
        Request, shows nothing, first: 200 OK: https://one.test/ secure=true certificates=0
        Request, shows nothing, again: 200 OK: https://one.test/ secure=true certificates=0
        Request, shows known, first: 200 OK: https://one.test/ secure=true certificates=2
        Request, shows known, again: 200 OK: https://one.test/ secure=true certificates=2
        Request, shows unknown, first: [received fatal alert: UnknownCA]
        Request, shows unknown, again: [received fatal alert: UnknownCA]
        Required, shows nothing, first: [received fatal alert: CertificateRequired]
        Required, shows nothing, again: [received fatal alert: CertificateRequired]
        Required, shows known, first: 200 OK: https://one.test/ secure=true certificates=2
        Required, shows known, again: 200 OK: https://one.test/ secure=true certificates=2
        Required, shows unknown, first: [received fatal alert: UnknownCA]
        Required, shows unknown, again: [received fatal alert: UnknownCA]
    "#]]
    .assert_eq(&text);
}

/// The first bytes of a client that calls one.test.
#[test]
fn a_session_ends_with_the_certificate_of_its_client() {
    let ca = Authority::new("CA");
    let end = SystemTime::now() + Duration::from_secs(3);
    let mut settings = serving(&ca.issue(&["one.test"]), &[]);
    (settings.client_auth, settings.trust) = (ClientAuth::Required, ca.trust());
    let server = serve_tls(settings, |_| {});
    let mut settings = calling(&ca);
    settings.identities = vec![ca.issue_until(&["short.test"], Some(end))];
    let tls = client_tls(settings);
    let mut text = String::new();
    let mut attempt = || {
        let mut stream = connect_tls(&server, &tls, "one.test");
        let answer = ask(&mut stream, "one.test");
        // How a connection that is closed fails depends on who is faster.
        let answer = if answer.starts_with('[') { "no answer" } else { answer.as_str() };
        writeln!(text, "{:?} {answer}", stream.conn.handshake_kind()).unwrap();
    };
    attempt();
    attempt();
    std::thread::sleep(Duration::from_secs(5));
    attempt();
    expect![[r#"
        Some(Full) 200 OK: https://one.test/ secure=true certificates=2
        Some(Resumed) 200 OK: https://one.test/ secure=true certificates=2
        Some(Resumed) no answer
    "#]]
    .assert_eq(&text);
}

fn greeting(tls: &crypto::tls::ClientTls) -> (ClientConnection, Vec<u8>) {
    let name = ServerName::try_from("one.test").unwrap();
    let mut connection = ClientConnection::new(tls.config().unwrap(), name).unwrap();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).unwrap();
    (connection, bytes)
}

/// The same handshake message in records of one byte each.
fn fragmented(greeting: &[u8]) -> Vec<u8> {
    greeting[5..].iter().flat_map(|byte| [0x16, 3, 1, 0, 1, *byte]).collect()
}

#[test]
fn a_greeting_may_come_in_pieces() {
    let ca = Authority::new("CA");
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |_| {});
    let tls = client_tls(calling(&ca));
    for in_records in [false, true] {
        let (connection, mut bytes) = greeting(&tls);
        if in_records {
            bytes = fragmented(&bytes);
        }
        let mut socket = connect(&server);
        socket.set_nodelay(true).unwrap();
        for piece in bytes.chunks(if in_records { 6 } else { 1 }) {
            socket.write_all(piece).unwrap();
            std::thread::yield_now();
        }
        let mut stream = StreamOwned::new(connection, socket);
        let answer = ask(&mut stream, "one.test");
        assert_eq!(answer, "200 OK: https://one.test/ secure=true certificates=0");
    }
}

/// What a client gets that sends these bytes, in hexadecimal where it is no text.
#[track_caller]
fn check_hostile(bytes: &[u8], expected: Expect) {
    let ca = Authority::new("CA");
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |_| {});
    let mut socket = connect(&server);
    // The server may have refused before it has everything.
    let _ = socket.write_all(bytes);
    let mut answer = Vec::new();
    let outcome = socket.read_to_end(&mut answer);
    let reset = outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
    let shown = match answer.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        true => String::from_utf8_lossy(&answer).replace('\r', ""),
        false => answer.iter().map(|byte| format!("{byte:02x} ")).collect(),
    };
    assert!(outcome.is_ok() || reset, "{outcome:?}");
    expected.assert_eq(if answer.is_empty() { "closed" } else { &shown });
    // It costs nobody else anything.
    let answer = ask(&mut connect_tls(&server, &client_tls(calling(&ca)), "one.test"), "one.test");
    assert_eq!(answer, "200 OK: https://one.test/ secure=true certificates=0");
}

#[test]
fn http_in_clear_text_is_told_so() {
    check_hostile(
        GET,
        expect![[r#"
        HTTP/1.1 400 This port speaks HTTPS
        content-type: text/plain; charset=utf-8
        content-length: 27
        connection: close

        400 This port speaks HTTPS
    "#]],
    );
    check_hostile(
        b"G",
        expect![[r#"
        HTTP/1.1 400 This port speaks HTTPS
        content-type: text/plain; charset=utf-8
        content-length: 27
        connection: close

        400 This port speaks HTTPS
    "#]],
    );
}

#[test]
fn what_is_no_greeting_is_refused() {
    check_hostile(b"\x16\x03\x01\x00\x05hello", expect!["closed"]);
    check_hostile(b"\x80\x2e\x01\x00\x02 a greeting of SSL 2", expect!["15 03 03 00 02 02 32 "]);
    check_hostile(b"ssh", expect!["15 03 03 00 02 02 32 "]);
    let record: Vec<u8> = [&[0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff][..], &[0; 0x4000 - 4]].concat();
    check_hostile(&record.repeat(5), expect!["closed"]);
}

#[test]
fn tls_1_1_is_refused() {
    let body = [&[3, 2][..], &[7; 32], &[0, 0, 4, 0xc0, 0x13, 0xc0, 0x09, 1, 0]].concat();
    let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
    let record = [&[0x16, 3, 1, 0, u8::try_from(message.len()).unwrap()][..], &message].concat();
    // A fatal alert.
    check_hostile(&record, expect!["15 03 03 00 02 02 28 "]);
}

#[test]
fn a_handshake_that_stalls_ends_in_time() {
    let ca = Authority::new("CA");
    let limits = Limits { handshake_timeout: Duration::from_millis(300), ..Limits::default() };
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |options| options.limits = limits);
    let (_, greeting) = greeting(&client_tls(calling(&ca)));
    for bytes in [&b""[..], &greeting[..10], &greeting] {
        let mut socket = connect(&server);
        socket.write_all(bytes).unwrap();
        let started = Instant::now();
        read_to_close(&mut socket);
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(250) && took < PATIENCE, "{took:?}");
    }
}

#[test]
fn new_settings_are_for_new_connections() {
    let ca = Authority::new("CA");
    let (before, after) = (ca.issue(&["one.test"]), ca.issue(&["one.test", "renewed.test"]));
    let tls = ServerTls::new();
    tls.replace(serving(&before, &[])).unwrap();
    let options = ConnectorOptions { tls: Some(tls.clone()), ..ConnectorOptions::default() };
    let server = serve_with(options, TellTls);
    let mut settings = calling(&ca);
    settings.hostname_verifier = crypto::tls::HostnameVerifier::AllowAll;
    let caller = client_tls(settings);
    let kind = |stream: &StreamOwned<ClientConnection, TcpStream>| match stream.conn.handshake_kind() {
        Some(HandshakeKind::Resumed) => "resumed",
        _ => "full",
    };
    let mut text = String::new();
    let mut kept = connect_tls(&server, &caller, "one.test");
    writeln!(text, "{} {}", ask(&mut kept, "one.test"), kind(&kept)).unwrap();
    let mut resumed = connect_tls(&server, &caller, "one.test");
    writeln!(text, "{} {}", ask(&mut resumed, "one.test"), kind(&resumed)).unwrap();
    tls.replace(serving(&after, &[])).unwrap();
    // The connection goes on with what it began with; nothing of it is resumed.
    writeln!(text, "{}", ask(&mut kept, "one.test")).unwrap();
    let mut fresh = connect_tls(&server, &caller, "one.test");
    writeln!(text, "{} {}", ask(&mut fresh, "renewed.test"), kind(&fresh)).unwrap();
    tls.replace(serving(&before, &[("a.test", &after)])).unwrap();
    for name in ["a.test", "a.test", "one.test", "one.test"] {
        let mut stream = connect_tls(&server, &caller, name);
        writeln!(text, "{} {}", ask(&mut stream, name), kind(&stream)).unwrap();
    }
    expect![[r#"
        200 OK: https://one.test/ secure=true certificates=0 full
        200 OK: https://one.test/ secure=true certificates=0 resumed
        200 OK: https://one.test/ secure=true certificates=0
        200 OK: https://renewed.test/ secure=true certificates=0 full
        200 OK: https://a.test/ secure=true certificates=0 full
        200 OK: https://a.test/ secure=true certificates=0 resumed
        200 OK: https://one.test/ secure=true certificates=0 full
        200 OK: https://one.test/ secure=true certificates=0 resumed
    "#]]
    .assert_eq(&text);
}

#[test]
fn without_settings_nobody_is_served() {
    let options = ConnectorOptions { tls: Some(ServerTls::new()), ..ConnectorOptions::default() };
    let server = serve_with(options, TellTls);
    let ca = Authority::new("CA");
    let answer = ask(&mut connect_tls(&server, &client_tls(calling(&ca)), "one.test"), "one.test");
    assert!(answer.starts_with('['), "{answer}");
}

/// Answers with the body it got.
struct Echo;

impl Handler for Echo {
    async fn handle(&self, _: &mut Context, request: &mut Request) -> Outcome {
        let mut response = Response::new(StatusCode::OK);
        response.body = request.body.take();
        Ok(response)
    }
}

fn serve_echo(ca: &Authority) -> Server {
    let tls = ServerTls::new();
    tls.replace(serving(&ca.issue(&["one.test"]), &[])).unwrap();
    serve_with(ConnectorOptions { tls: Some(tls), ..ConnectorOptions::default() }, Echo)
}

#[test]
fn large_bodies_pass_both_ways_at_once() {
    let ca = Authority::new("CA");
    let server = serve_echo(&ca);
    for protocol in [Protocol::Tls12, Protocol::Tls13] {
        let mut settings = calling(&ca);
        settings.negotiation.protocols = vec![protocol];
        let mut stream = connect_tls(&server, &client_tls(settings), "one.test");
        let piece: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
        let pieces = 20;
        let head =
            format!("POST / HTTP/1.1\r\nHost: one.test\r\nContent-Length: {}\r\n\r\n", piece.len() * pieces);
        stream.write_all(head.as_bytes()).unwrap();
        let mut seen = vec![0; piece.len()];
        for index in 0..pieces {
            stream.write_all(&piece).unwrap();
            if index == 0 {
                let head = read_until(&mut stream, "\r\n\r\n");
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            }
            stream.read_exact(&mut seen).unwrap();
            assert!(seen == piece, "piece {index} is not what was sent");
        }
    }
}

#[test]
fn a_response_that_nobody_takes_ends_in_time() {
    let ca = Authority::new("CA");
    let tls = ServerTls::new();
    tls.replace(serving(&ca.issue(&["one.test"]), &[])).unwrap();
    let limits = Limits { write_timeout: Duration::from_millis(300), ..Limits::default() };
    let server =
        serve_with(ConnectorOptions { tls: Some(tls), limits, ..ConnectorOptions::default() }, Large);
    let mut stream = connect_tls(&server, &client_tls(calling(&ca)), "one.test");
    stream.write_all(GET).unwrap();
    stream.flush().unwrap();
    read_until(&mut stream, "\r\n\r\n");
    std::thread::sleep(Duration::from_millis(900));
    let mut rest = Vec::new();
    let outcome = stream.read_to_end(&mut rest);
    assert!(outcome.is_err() && rest.len() < LARGE_BYTES, "{outcome:?} after {}", rest.len());
}

const LARGE_BYTES: usize = 64 * 1024 * 1024;

/// Answers with more than sockets hold.
struct Large;

impl Handler for Large {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        let mut response = Response::new(StatusCode::OK);
        response.body = Body::from("x".repeat(LARGE_BYTES));
        Ok(response)
    }
}

#[test]
fn a_response_that_breaks_off_does_not_look_whole() {
    let ca = Authority::new("CA");
    let (address, playing) = origin(vec![
        Accept,
        Until("\r\n\r\n"),
        Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"),
        Close,
    ]);
    let tls = ServerTls::new();
    tls.replace(serving(&ca.issue(&["one.test"]), &[])).unwrap();
    let server = pass_to(address, ConnectorOptions { tls: Some(tls), ..ConnectorOptions::default() });
    let mut stream = connect_tls(&server, &client_tls(calling(&ca)), "one.test");
    // HTTP/1.0 has no other end of a body than that of the connection.
    stream.write_all(b"GET / HTTP/1.0\r\nHost: one.test\r\n\r\n").unwrap();
    let answer = read_to_close(&mut stream);
    assert!(answer.ends_with(']'), "this ended as if it were whole: {answer}");
    playing.join().unwrap();
}

#[test]
fn requests_in_one_record_and_requests_in_many_are_answered_in_turn() {
    let ca = Authority::new("CA");
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |_| {});
    let tls = client_tls(calling(&ca));
    let requests = [&GET.replace_close()[..], &GET.replace_close(), GET].concat();
    for piece_bytes in [requests.len(), 1] {
        let mut stream = connect_tls(&server, &tls, "one.test");
        for piece in requests.chunks(piece_bytes) {
            stream.write_all(piece).unwrap();
        }
        // The server says properly that it has ended, otherwise this would end in an error.
        let answers = read_to_close(&mut stream);
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
        assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
        assert!(answers.ends_with("\n") && !answers.contains('['), "{answers}");
    }
}

trait ReplaceClose {
    fn replace_close(&self) -> Vec<u8>;
}

impl ReplaceClose for &[u8] {
    fn replace_close(&self) -> Vec<u8> {
        String::from_utf8_lossy(self).replace("Connection: close\r\n", "").into_bytes()
    }
}

#[test]
fn an_idle_connection_is_parked_and_serves_again() {
    let ca = Authority::new("CA");
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |_| {});
    let mut stream = connect_tls(&server, &client_tls(calling(&ca)), "one.test");
    for _ in 0..2 {
        assert_eq!(ask(&mut stream, "one.test"), "200 OK: https://one.test/ secure=true certificates=0");
        // Longer than it takes to park.
        std::thread::sleep(Duration::from_millis(1300));
    }
}

#[test]
fn a_tunnel_carries_bytes_both_ways() {
    let (address, playing) = origin(vec![
        Accept,
        Until("\r\n\r\n"),
        Send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello"),
        Until("earlyping"),
        Send(b"pong"),
        Close,
    ]);
    let ca = Authority::new("CA");
    let tls = ServerTls::new();
    tls.replace(serving(&ca.issue(&["one.test"]), &[])).unwrap();
    let server = pass_to(address, ConnectorOptions { tls: Some(tls), ..ConnectorOptions::default() });
    let mut stream = connect_tls(&server, &client_tls(calling(&ca)), "one.test");
    let ask = b"GET / HTTP/1.1\r\nHost: one.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nearly";
    stream.write_all(ask).unwrap();
    assert!(read_until(&mut stream, "hello").starts_with("HTTP/1.1 101 "));
    stream.write_all(b"ping").unwrap();
    assert_eq!(read_to_close(&mut stream), "pong");
    playing.join().unwrap();
}

#[test]
fn http_2_is_agreed_on_and_keeps_the_same_rules() {
    let ca = Authority::new("CA");
    let mut settings = serving(&ca.issue(&["one.test"]), &[]);
    settings.negotiation.http2 = true;
    let server = serve_tls(settings, |_| {});
    let mut settings = calling(&ca);
    settings.negotiation.http2 = true;
    let mut stream = connect_tls(&server, &client_tls(settings), "one.test");
    let get = |stream, host| {
        headers(stream, &[(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", "/")])
    };
    stream.write_all(&[PREFACE, SETTINGS, &get(1, "one.test"), &get(3, "two.test")].concat()).unwrap();
    let mut text = String::new();
    let mut bodies = 0;
    while bodies < 2 {
        let (kind, _, id, payload) = read_frame(&mut stream).unwrap();
        if kind == 0 {
            bodies += 1;
            let body = String::from_utf8_lossy(&payload).into_owned();
            writeln!(text, "{id}: {}", body.split(" port=").next().unwrap_or_default().trim_end()).unwrap();
        }
    }
    expect![[r#"
        1: https://one.test/ secure=true certificates=0
        3: 421 Misdirected Request
    "#]]
    .assert_eq(&text);
    // A client that names no protocol gets HTTP/1.1.
    let answer = ask(&mut connect_tls(&server, &client_tls(calling(&ca)), "one.test"), "one.test");
    assert_eq!(answer, "200 OK: https://one.test/ secure=true certificates=0");
}

#[test]
fn responses_over_tls_tell_browsers_to_stay() {
    let ca = Authority::new("CA");
    let hsts = |options: &mut ConnectorOptions| {
        options.strict_transport_security = Some(HeaderValue::from_static("max-age=31536000"));
    };
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), hsts);
    let tls = client_tls(calling(&ca));
    let over_tls = |request: &[u8]| {
        let mut stream = connect_tls(&server, &tls, "one.test");
        stream.write_all(request).unwrap();
        read_to_close(&mut stream)
    };
    let header = "\r\nstrict-transport-security: max-age=31536000\r\n";
    for request in [GET, b"GET / HTTP/1.1\r\nHost: two.test\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"] {
        let answer = over_tls(request);
        assert_eq!(answer.matches(header).count(), 1, "{answer}");
    }
    let mut options = ConnectorOptions::default();
    hsts(&mut options);
    let plain = serve_with(options, TellTls);
    for request in [GET, b"GET / HTTP/1.1\r\n\r\n"] {
        let answer = talk(&plain, request);
        assert!(answer.starts_with("HTTP/1.1 ") && !answer.contains("strict-transport"), "{answer}");
    }
}

#[test]
fn what_the_handler_says_about_staying_stands() {
    let ca = Authority::new("CA");
    let tls = ServerTls::new();
    tls.replace(serving(&ca.issue(&["one.test"]), &[])).unwrap();
    let options = ConnectorOptions {
        tls: Some(tls),
        strict_transport_security: Some(HeaderValue::from_static("max-age=31536000")),
        ..ConnectorOptions::default()
    };
    let server = serve_with(options, Stay);
    let mut stream = connect_tls(&server, &client_tls(calling(&ca)), "one.test");
    stream.write_all(GET).unwrap();
    let answer = read_to_close(&mut stream);
    assert_eq!(answer.matches("strict-transport-security: ").count(), 1, "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=0\r\n"), "{answer}");
}

struct Stay;

impl Handler for Stay {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        let mut response = Response::new(StatusCode::OK);
        response
            .headers
            .insert(exchange::header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=0"));
        Ok(response)
    }
}
