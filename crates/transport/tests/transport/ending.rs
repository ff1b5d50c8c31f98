//! Tunnels that end with a session: what both sides get, wherever they stand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use crypto::tls::ServerTls;
use exchange::{Context, EndSignal, Handler, HeaderValue, Outcome, Request, Response, StatusCode, Upgrade};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use transport::client::{Client, ClientOptions};
use transport::server::{ConnectorOptions, Server};

use crate::proxy::Pass;
use crate::support::Step::{Accept, Close, Pause, Rest, Send, Until};
use crate::support::{Step, connect, origin, read_to_close, read_until, serve_with};
use crate::tls_support::{Authority, calling, client_tls, connect_tls, serving};

const ASK: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
const HELLO: &[u8] = b"\x81\x05hello";

/// What the client gets, and the answer to it.
const CLOSE: &str = "\u{fffd}\u{f}\u{11}1session ended";
const CLIENT_CLOSE: &[u8] = b"\x88\x82mask\x7c\x50";
/// The end of what the origin gets: `session ended`, masked.
const MASKED: &str = ")?))354z?4>?>";
/// The whole of it, without the bytes that are no text.
const MASKED_CLOSE: &str = "\u{fffd}\u{fffd}ZZZZKk)?))354z?4>?>";

/// Passes on, with the end of a session in sight.
struct Ending {
    pass: Pass,
    end: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Handler for Ending {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let mut response = self.pass.handle(cx, request).await?;
        let end = self.end.lock().unwrap().take().unwrap();
        let end: EndSignal = Box::pin(async move { drop(end.await) });
        response.upgrade = response.upgrade.map(|upgrade| upgrade.until(end));
        Ok(response)
    }
}

/// A server in front of an origin, and what ends the session of its only connection.
fn serve(origin: SocketAddr, options: ConnectorOptions) -> (Server, oneshot::Sender<()>) {
    let (session, end) = oneshot::channel();
    let pass = Pass {
        client: Client::new(ClientOptions::default()),
        origin: format!("http://{origin}").parse().unwrap(),
    };
    (serve_with(options, Ending { pass, end: Mutex::new(Some(end)) }), session)
}

/// What the client and the origin got after the 101, and how long it took from the end of the session on.
struct Seen {
    client: String,
    origin: String,
    took: Duration,
}

/// Plays a WebSocket whose session ends once the client has read `before`. `act` is what the client does from
/// then on.
fn play(
    script: Vec<Step>,
    sent: &[u8],
    before: &str,
    act: impl FnOnce(&mut TcpStream, Box<dyn FnOnce()>) -> String,
) -> Seen {
    let (address, playing) =
        origin([vec![Accept, Until("\r\n\r\n"), Send(SWITCH)], script].into_iter().flatten().collect());
    let (server, session) = serve(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream.write_all(ASK.as_bytes()).unwrap();
    read_until(&mut stream, "\r\n\r\n");
    stream.write_all(sent).unwrap();
    read_until(&mut stream, before);
    let started = Instant::now();
    let client = act(&mut stream, Box::new(move || drop(session)));
    let took = started.elapsed();
    let origin = playing.join().unwrap();
    let (_, origin) = origin.split_once("\r\n\r\n").unwrap();
    Seen { client, origin: origin.to_owned(), took }
}

/// Reads the close frame, answers, and reads the end.
fn close_properly(stream: &mut TcpStream, end_session: Box<dyn FnOnce()>) -> String {
    end_session();
    let frames = read_until(stream, "session ended");
    stream.write_all(CLIENT_CLOSE).unwrap();
    frames + &read_to_close(stream)
}

#[test]
fn both_sides_are_told_and_answer() {
    let script =
        vec![Send(HELLO), Until("ping"), Send(b"\x81\x04pong"), Until(MASKED), Send(b"\x88\x00"), Close];
    let seen = play(script, b"\x81\x84\0\0\0\0ping", "pong", close_properly);
    assert_eq!(seen.client, CLOSE);
    assert_eq!(seen.origin, format!("\u{fffd}\u{fffd}\0\0\0\0ping{MASKED_CLOSE}"));
    assert!(seen.took < Duration::from_millis(900), "{:?}", seen.took);
}

#[test]
fn a_frame_in_progress_is_finished_first() {
    let script = vec![
        Send(b"\x81\x7e\x00\xc8first half"),
        Pause(Duration::from_millis(200)),
        Send(&[b'x'; 100]),
        Pause(Duration::from_millis(200)),
        Send(&[b'y'; 90]),
        Send(HELLO),
        Rest,
    ];
    let seen = play(script, b"", "half", close_properly);
    assert_eq!(seen.client, format!("{}{}{CLOSE}", "x".repeat(100), "y".repeat(90)));
    assert_eq!(seen.origin, MASKED_CLOSE);
}

#[test]
fn a_frame_that_does_not_end_is_cut() {
    let script = vec![Send(b"\x81\x0afirst"), Until(MASKED), Pause(Duration::from_millis(1500))];
    let seen = play(script, b"", "first", |stream, end| {
        end();
        read_to_close(stream)
    });
    assert_eq!((seen.client.as_str(), seen.origin.as_str()), ("", MASKED_CLOSE));
    assert!(seen.took >= Duration::from_secs(1), "{:?}", seen.took);
}

#[test]
fn an_origin_within_a_frame_is_not_told_but_left() {
    let script = vec![Until("half"), Send(HELLO), Rest];
    let seen = play(script, b"\x81\x8a\0\0\0\0half", "hello", |stream, end| {
        end();
        let frames = read_until(stream, "session ended");
        // The frame comes to its end and the answer behind it, for nobody but the gateway.
        stream.write_all(&[b"-whole", CLIENT_CLOSE].concat()).unwrap();
        frames + &read_to_close(stream)
    });
    assert_eq!((seen.client.as_str(), seen.origin.as_str()), (CLOSE, "\u{fffd}\u{fffd}\0\0\0\0half"));
    assert!(seen.took < Duration::from_millis(1900), "{:?}", seen.took);
}

#[test]
fn a_client_that_does_not_answer_is_not_waited_for() {
    let seen = play(vec![Send(HELLO), Rest], b"", "hello", |stream, end| {
        end();
        read_to_close(stream)
    });
    assert_eq!((seen.client.as_str(), seen.origin.as_str()), (CLOSE, MASKED_CLOSE));
    assert!((2..15).contains(&seen.took.as_secs()), "{:?}", seen.took);
}

#[test]
fn a_client_that_talks_on_is_not_waited_for_either() {
    let seen = play(vec![Send(HELLO), Rest], b"", "hello", |stream, end| {
        end();
        let frames = read_until(stream, "session ended");
        let talk = [b"\x82\xfe\xff\xff\0\0\0\0".as_slice(), &[0; 0xffff]].concat();
        while stream.write_all(&talk).is_ok() {}
        frames
    });
    assert_eq!((seen.client.as_str(), seen.origin.as_str()), (CLOSE, MASKED_CLOSE));
    assert!((2..15).contains(&seen.took.as_secs()), "{:?}", seen.took);
}

#[test]
fn who_is_closing_already_is_not_told_again() {
    let script = vec![Send(b"\x88\0"), Pause(Duration::from_millis(300)), Send(HELLO), Rest];
    let seen = play(script, b"", "\0", |stream, end| {
        end();
        stream.write_all(CLIENT_CLOSE).unwrap();
        read_to_close(stream)
    });
    assert_eq!(seen.client, "");
    assert!(seen.took < Duration::from_millis(1900), "{:?}", seen.took);
}

#[test]
fn other_protocols_are_cut() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nhello";
    let (address, playing) = origin(vec![Accept, Until("\r\n\r\n"), Send(switch), Rest]);
    let (server, session) = serve(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream.write_all(ASK.replace("websocket", "other").as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    drop(session);
    assert_eq!(read_to_close(&mut stream), "");
    assert!(playing.join().unwrap().ends_with("\r\n\r\n"));
}

#[test]
fn until_then_bytes_pass_as_they_are() {
    let blob: &'static [u8] = Vec::leak((0..=255).cycle().take(300_000).collect());
    let (address, playing) =
        origin(vec![Accept, Until("\r\n\r\n"), Send(SWITCH), Until("end"), Send(blob), Close]);
    let (server, session) = serve(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream.write_all(ASK.as_bytes()).unwrap();
    read_until(&mut stream, "\r\n\r\n");
    stream.write_all(b"no frames at all, to the end").unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert!(received == blob, "{} bytes", received.len());
    assert!(playing.join().unwrap().ends_with("no frames at all, to the end"));
    drop(session);
}

#[test]
fn over_tls_it_is_the_same() {
    let (address, playing) =
        origin(vec![Accept, Until("\r\n\r\n"), Send(SWITCH), Send(HELLO), Until(MASKED), Close]);
    let authority = Authority::new("authority");
    let tls = ServerTls::new();
    tls.replace(serving(&authority.issue(&["one.test"]), &[])).unwrap();
    let options = ConnectorOptions { tls: Some(tls), ..ConnectorOptions::default() };
    let (server, session) = serve(address, options);
    let mut stream = connect_tls(&server, &client_tls(calling(&authority)), "one.test");
    stream.write_all(ASK.replace("Host: a", "Host: one.test").as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    drop(session);
    assert_eq!(read_until(&mut stream, "session ended"), CLOSE);
    stream.write_all(CLIENT_CLOSE).unwrap();
    assert_eq!(read_to_close(&mut stream), "");
    playing.join().unwrap();
}

/// Reads in a task of its own what the client says, to the end.
struct Apart {
    end: Mutex<Option<oneshot::Receiver<()>>>,
    heard: mpsc::Sender<Vec<u8>>,
}

impl Handler for Apart {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        let heard = self.heard.clone();
        let upgrade = Upgrade::new(move |mut tunnel| async move {
            let reader = tokio::spawn(async move {
                let mut bytes = Vec::new();
                tunnel.write_all(HELLO).await.unwrap();
                tunnel.read_to_end(&mut bytes).await.unwrap();
                heard.send(bytes).unwrap();
            });
            reader.await.unwrap();
        });
        let end = self.end.lock().unwrap().take().unwrap();
        let mut response = Response::new(StatusCode::SWITCHING_PROTOCOLS);
        response.headers.insert("upgrade", HeaderValue::from_static("websocket"));
        response.upgrade = Some(upgrade.until(Box::pin(async move { drop(end.await) })));
        Ok(response)
    }
}

#[test]
fn a_task_that_waits_elsewhere_is_woken() {
    let (session, end) = oneshot::channel();
    let (heard, hears) = mpsc::channel();
    let server = serve_with(ConnectorOptions::default(), Apart { end: Mutex::new(Some(end)), heard });
    let mut stream = connect(&server);
    stream.write_all(ASK.as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    drop(session);
    assert_eq!(read_until(&mut stream, "session ended"), CLOSE);
    let bytes = hears.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), MASKED_CLOSE);
    stream.write_all(CLIENT_CLOSE).unwrap();
    assert_eq!(read_to_close(&mut stream), "");
}

/// The limit is the other end that a tunnel may come to; over TLS, with a session in sight, and a client that talks on.
#[test]
fn too_big_a_frame_ends_it_over_tls_as_well() {
    let script = vec![
        Accept,
        Until("\r\n\r\n"),
        Send(SWITCH),
        Send(b"\x81\x0ahello"),
        Until("ZZZZY"),
        Send(b"-late"),
        Rest,
    ];
    let (address, playing) = origin(script);
    let authority = Authority::new("authority");
    let tls = ServerTls::new();
    tls.replace(serving(&authority.issue(&["one.test"]), &[])).unwrap();
    let options = ConnectorOptions {
        tls: Some(tls),
        websocket_message_bytes_max: Some(100),
        ..ConnectorOptions::default()
    };
    let (server, session) = serve(address, options);
    let mut stream = connect_tls(&server, &client_tls(calling(&authority)), "one.test");
    stream.write_all(ASK.replace("Host: a", "Host: one.test").as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    stream.write_all(&[b"\x82\xfe\xff\xff\0\0\0\0".as_slice(), &[0; 0xffff]].concat()).unwrap();
    assert_eq!(read_to_close(&mut stream), "-late\u{fffd}\u{2}\u{3}\u{fffd}");
    drop((stream, session));
    playing.join().unwrap();
}
