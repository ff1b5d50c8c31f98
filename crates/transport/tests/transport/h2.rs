//! HTTP/2: what a handler sees, what a client gets, and what is refused.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exchange::{
    Body, Bytes, Context, Fault, FaultKind, Handler, HeaderMap, Outcome, Request, Response, StatusCode,
};
use expect_test::{Expect, expect};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use tokio::net::TcpStream;
use transport::server::{ConnectorOptions, Http2Options, Limits, Server};

use crate::support::{Tell, lines, run, serve_with};

/// Options of a connector that speaks HTTP/2 in clear text.
pub(crate) fn clear_text() -> ConnectorOptions {
    let http2 = Http2Options { clear_text: true, ..Http2Options::default() };
    ConnectorOptions { http2, ..ConnectorOptions::default() }
}

fn limited(limits: Limits) -> ConnectorOptions {
    ConnectorOptions { limits, ..clear_text() }
}

async fn connected(server: &Server) -> (SendRequest<Bytes>, h2::client::Connection<TcpStream>) {
    let stream = TcpStream::connect(("127.0.0.1", server.ports()[0])).await.unwrap();
    h2::client::handshake(stream).await.unwrap()
}

/// Opens a connection that a task of the test's runtime drives.
async fn open(server: &Server) -> SendRequest<Bytes> {
    let (send, connection) = connected(server).await;
    tokio::spawn(connection);
    send
}

/// `METHOD target` and lines of fields.
fn request(text: &str) -> http::Request<()> {
    let mut lines = text.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = http::Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

async fn start(send: &SendRequest<Bytes>, text: &str, ended: bool) -> (ResponseFuture, SendStream<Bytes>) {
    let mut send = send.clone().ready().await.unwrap();
    send.send_request(request(text), ended).unwrap()
}

/// The response as text, with its trailers, or how the stream ended instead.
async fn shown(response: ResponseFuture) -> String {
    let response = match response.await {
        Ok(response) => response,
        Err(error) => return format!("[{}]\n", ending(&error)),
    };
    let mut text = format!("{}\n", response.status().as_u16());
    for line in lines(response.headers()) {
        text += &format!("{line}\n");
    }
    let (body, end) = read(response.into_body()).await;
    if !body.is_empty() {
        text += &format!("\n{}", String::from_utf8_lossy(&body));
    }
    text + &end
}

async fn read(mut body: RecvStream) -> (Vec<u8>, String) {
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                body.flow_control().release_capacity(data.len()).unwrap();
                bytes.extend_from_slice(&data);
            }
            Err(error) => return (bytes, format!("[{}]\n", ending(&error))),
        }
    }
    let trailers = body.trailers().await.unwrap().unwrap_or_default();
    (bytes, lines(&trailers).iter().map(|line| format!("trailer {line}\n")).collect())
}

fn ending(error: &h2::Error) -> String {
    match error.reason() {
        Some(reason) if error.is_go_away() => format!("GOAWAY {reason:?}"),
        Some(reason) => format!("RST_STREAM {reason:?}"),
        None => "connection closed".to_owned(),
    }
}

/// What a request without a body gets.
fn ask_with(options: ConnectorOptions, handler: impl Handler, text: &str) -> String {
    let server = serve_with(options, handler);
    run(async {
        let send = open(&server).await;
        shown(start(&send, text, true).await.0).await
    })
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&ask_with(clear_text(), Tell, text));
}

#[test]
fn a_plain_request() {
    check(
        "GET http://A.example:81/a?b=c\nx-one: 1\nx-one: 2",
        expect![[r#"
        200
        content-length: 91
        content-type: text/plain

        GET http://A.example:81/a?b=c HTTP/2.0 from 127.0.0.1
        host: A.example:81
        x-one: 1
        x-one: 2
    "#]],
    );
}

#[test]
fn the_host_may_stand_beside_the_authority_if_both_agree() {
    check(
        "GET http://a.example/\nhost: A.example",
        expect![[r#"
        200
        content-length: 62
        content-type: text/plain

        GET http://A.example/ HTTP/2.0 from 127.0.0.1
        host: A.example
    "#]],
    );
    check(
        "GET http://a.example/\nhost: b.example",
        expect![[r#"
        400
        content-length: 16
        content-type: text/plain; charset=utf-8

        400 Bad Request
    "#]],
    );
    check(
        "GET http://a@a.example/",
        expect![[r#"
        400
        content-length: 16
        content-type: text/plain; charset=utf-8

        400 Bad Request
    "#]],
    );
}

#[test]
fn the_scheme_is_that_of_the_connection_unless_a_trusted_proxy_says_another() {
    check(
        "GET https://a.example/",
        expect![[r#"
        400
        content-length: 16
        content-type: text/plain; charset=utf-8

        400 Bad Request
    "#]],
    );
    let trusted_peers = vec!["127.0.0.0/8".parse().unwrap()];
    let options = ConnectorOptions { trusted_peers, ..clear_text() };
    expect![[r#"
        200
        content-length: 93
        content-type: text/plain

        GET http://a.example/ HTTP/2.0 from 203.0.113.9
        host: a.example
        x-forwarded-for: 203.0.113.9
    "#]]
    .assert_eq(&ask_with(options, Tell, "GET https://a.example/\nx-forwarded-for: 203.0.113.9"));
}

#[test]
fn crumbs_of_cookies_are_one_field() {
    check(
        "GET http://a/\ncookie: a=1\ncookie: b=2\ncookie: c=3\nx-forwarded-for: 1.2.3.4\nx_real-ip: 1",
        expect![[r#"
            200
            content-length: 68
            content-type: text/plain

            GET http://a/ HTTP/2.0 from 127.0.0.1
            cookie: a=1; b=2; c=3
            host: a
        "#]],
    );
}

#[test]
fn ambiguous_paths_and_tunnels_are_refused() {
    check(
        "GET http://a/a%2fb",
        expect![[r#"
        400
        content-length: 16
        content-type: text/plain; charset=utf-8

        400 Bad Request
    "#]],
    );
    check(
        "CONNECT a:443",
        expect![[r#"
        501
        content-length: 20
        content-type: text/plain; charset=utf-8

        501 Not Implemented
    "#]],
    );
    check(
        "OPTIONS http://a",
        expect![[r#"
        200
        content-length: 50
        content-type: text/plain

        OPTIONS http://a/ HTTP/2.0 from 127.0.0.1
        host: a
    "#]],
    );
}

#[test]
fn limits_of_the_head() {
    let fields = |count: usize| (0..count).map(|index| format!("\nx-{index}: 1")).collect::<String>();
    let line = "GET http://a/".to_owned();
    let status = |text: &str| {
        let limits =
            Limits { initial_line_bytes_max: 100, total_headers_bytes_max: 1000, ..Limits::default() };
        ask_with(limited(limits), Tell, text).lines().next().unwrap().to_owned()
    };
    for (text, expected) in [
        (line.clone() + &fields(100), "200"),
        (line.clone() + &fields(101), "431"),
        // Many crumbs are one field.
        (line.clone() + &"\ncookie: a".repeat(90) + &fields(1), "200"),
        (line.clone() + &"\ncookie: a".repeat(80) + &fields(20), "200"),
        (line.clone() + "\nx: " + &"y".repeat(995), "200"),
        (line.clone() + "\nx: " + &"y".repeat(996), "431"),
        (line.clone() + "\nx: " + &"y".repeat(10_000), "431"),
        ("GET http://a/".to_owned() + &"p".repeat(86), "200"),
        ("GET http://a/".to_owned() + &"p".repeat(87), "414"),
    ] {
        assert_eq!(status(&text), expected, "{:.60} ({} bytes)", text, text.len());
    }
}

/// Sends a body in pieces, and trailers if there are any.
async fn send_body(
    stream: &mut SendStream<Bytes>,
    pieces: &[&'static str],
    trailers: &[(&'static str, &'static str)],
) {
    for (index, piece) in pieces.iter().enumerate() {
        let ends = index + 1 == pieces.len() && trailers.is_empty();
        stream.send_data(Bytes::from_static(piece.as_bytes()), ends).unwrap();
    }
    if !trailers.is_empty() {
        let trailers = trailers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        stream.send_trailers(trailers.collect()).unwrap();
    }
}

/// What a request with a body gets.
fn post(
    options: ConnectorOptions,
    text: &str,
    pieces: &[&'static str],
    trailers: &[(&'static str, &'static str)],
) -> String {
    let server = serve_with(options, Tell);
    run(async {
        let send = open(&server).await;
        let (response, mut stream) = start(&send, text, false).await;
        send_body(&mut stream, pieces, trailers).await;
        shown(response).await
    })
}

#[test]
fn bodies_and_trailers() {
    let answer = post(clear_text(), "POST http://a/\ncontent-length: 6", &["abc", "def"], &[]);
    expect![[r#"
        200
        content-length: 73
        content-type: text/plain

        POST http://a/ HTTP/2.0 from 127.0.0.1
        content-length: 6
        host: a

        abcdef
    "#]]
    .assert_eq(&answer);
    let trailers = [("x-sum", "7"), ("host", "evil"), ("authorization", "evil")];
    expect![[r#"
        200
        content-length: 69
        content-type: text/plain

        POST http://a/ HTTP/2.0 from 127.0.0.1
        host: a

        abc
        trailer x-sum: 7
    "#]]
    .assert_eq(&post(clear_text(), "POST http://a/\nte: trailers", &["abc"], &trailers));
}

#[test]
fn a_body_that_is_not_as_long_as_announced_resets_its_stream() {
    expect![[r#"
        [RST_STREAM PROTOCOL_ERROR]
    "#]]
    .assert_eq(&post(clear_text(), "POST http://a/\ncontent-length: 5", &["abc", "def"], &[]));
    expect![[r#"
        [RST_STREAM PROTOCOL_ERROR]
    "#]]
    .assert_eq(&post(clear_text(), "POST http://a/\ncontent-length: 7", &["abc", "def"], &[]));
    expect![[r#"
        400
        content-length: 16
        content-type: text/plain; charset=utf-8

        400 Bad Request
    "#]]
    .assert_eq(&post(
        clear_text(),
        "POST http://a/\ncontent-length: 6\ncontent-length: 6",
        &["abc", "def"],
        &[],
    ));
}

#[test]
fn bodies_beyond_the_limit() {
    let options = || limited(Limits { body_bytes_max: Some(5), ..Limits::default() });
    expect![[r#"
        413
        content-length: 22
        content-type: text/plain; charset=utf-8

        413 Payload Too Large
    "#]]
    .assert_eq(&post(options(), "POST http://a/\ncontent-length: 6", &["abcdef"], &[]));
    expect![[r#"
        200
        content-length: 75
        content-type: text/plain

        POST http://a/ HTTP/2.0 from 127.0.0.1
        host: a

        [the body exceeds 5 bytes]
    "#]]
    .assert_eq(&post(options(), "POST http://a/", &["abc", "def"], &[]));
    expect![[r#"
        200
        content-length: 54
        content-type: text/plain

        POST http://a/ HTTP/2.0 from 127.0.0.1
        host: a

        abcde
    "#]]
    .assert_eq(&post(options(), "POST http://a/", &["abc", "de"], &[]));
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let limits = Limits { body_read_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = serve_with(limited(limits), Tell);
    let text = run(async {
        let send = open(&server).await;
        let (response, mut stream) = start(&send, "POST http://a/", false).await;
        stream.send_data(Bytes::from_static(b"abc"), false).unwrap();
        shown(response).await
    });
    expect![[r#"
        200
        content-length: 85
        content-type: text/plain

        POST http://a/ HTTP/2.0 from 127.0.0.1
        host: a

        [the peer sent nothing for too long]
    "#]]
    .assert_eq(&text);
}

#[test]
fn expect_continue_is_answered_when_the_body_is_wanted() {
    let server = serve_with(clear_text(), Tell);
    run(async {
        let send = open(&server).await;
        let (mut response, mut stream) = start(&send, "POST http://a/\nexpect: 100-continue", false).await;
        let interim = poll_fn(|task| response.poll_informational(task)).await.unwrap().unwrap();
        assert_eq!(interim.status(), StatusCode::CONTINUE);
        stream.send_data(Bytes::from_static(b"abc"), true).unwrap();
        assert!(shown(response).await.ends_with("\nabc\n"));
        let (response, _stream) = start(&send, "POST http://a/\nexpect: coffee", false).await;
        assert!(shown(response).await.starts_with("417\n"));
    });
}

/// The codes of resets that arrive within a moment, after a response to a body that nobody reads.
fn resets_after(pieces: &'static [&'static str], ends: bool) -> Option<Reason> {
    let server = serve_with(clear_text(), Answers);
    run(async {
        let send = open(&server).await;
        let (response, mut stream) = start(&send, "POST http://a/", false).await;
        assert!(shown(response).await.ends_with("0123456789"));
        for (index, piece) in pieces.iter().enumerate() {
            // The stream may have been reset by now.
            let _ = stream.send_data(Bytes::from_static(piece.as_bytes()), ends && index + 1 == pieces.len());
        }
        let reset = poll_fn(|task| stream.poll_reset(task));
        tokio::time::timeout(Duration::from_millis(500), reset).await.ok()?.ok()
    })
}

#[test]
fn a_short_body_that_nobody_reads_is_no_failure_and_a_long_one_is_stopped() {
    const LONG: &str = match std::str::from_utf8(&[b'x'; 65_537]) {
        Ok(text) => text,
        Err(_) => "",
    };
    assert_eq!(resets_after(&["abc", "def"], true), None);
    assert_eq!(resets_after(&[LONG], false), Some(Reason::NO_ERROR));
}

/// Answers as its path says.
pub(crate) struct Answers;

impl Handler for Answers {
    async fn handle(&self, _: &mut Context, request: &mut Request) -> Outcome {
        let mut response = Response::text(StatusCode::OK, "text/plain", "0123456789");
        match request.uri.raw_path() {
            "/fields" => {
                for name in
                    ["connection", "keep-alive", "proxy-connection", "upgrade", "te", "transfer-encoding"]
                {
                    response.headers.insert(name, exchange::HeaderValue::from_static("x"));
                }
                response.reason = Some("Fine".to_owned());
            }
            "/trailers" => response.body = frames(None, vec![Ok("abc"), Err(Some("x-sum"))]),
            "/half" => response.body = frames(None, vec![Ok("abc"), Err(None)]),
            "/short" => response.body = frames(Some(5), vec![Ok("abc")]),
            "/long" => response.body = frames(Some(2), vec![Ok("abc")]),
            "/early" => response.body = frames(None, vec![Err(None)]),
            "/empty" => response.body = frames(None, vec![]),
            "/none" => response = Response::new(StatusCode::NO_CONTENT),
            "/unchanged" => {
                response.status = StatusCode::NOT_MODIFIED;
                response.headers.insert("content-length", exchange::HeaderValue::from_static("99"));
            }
            "/early-hints" => response.status = StatusCode::EARLY_HINTS,
            "/switch" => response.status = StatusCode::SWITCHING_PROTOCOLS,
            "/panic" => panic!("on purpose"),
            "/fault" => return Err(Fault::new(FaultKind::BadRequest, "no").closing()),
            "/slow" => tokio::time::sleep(Duration::from_millis(300)).await,
            _ => {}
        }
        Ok(response)
    }
}

/// `Ok` is data, `Err(Some)` a trailer, `Err(None)` a failure.
pub(crate) type Script = Vec<Result<&'static str, Option<&'static str>>>;

pub(crate) fn frames(length: Option<u64>, mut script: Script) -> Body {
    script.reverse();
    Body::stream(Box::pin(Frames(length, script)))
}

struct Frames(Option<u64>, Script);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = exchange::BodyError;
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.1.pop().map(|step| match step {
            Ok(data) => Ok(http_body::Frame::data(Bytes::from_static(data.as_bytes()))),
            Err(Some(name)) => {
                let mut trailers = HeaderMap::new();
                trailers.insert(name, exchange::HeaderValue::from_static("7"));
                trailers.insert("content-length", exchange::HeaderValue::from_static("7"));
                Ok(http_body::Frame::trailers(trailers))
            }
            Err(None) => Err(exchange::BodyError::Incomplete),
        }))
    }
    fn size_hint(&self) -> http_body::SizeHint {
        self.0.map(http_body::SizeHint::with_exact).unwrap_or_default()
    }
}

#[test]
fn responses() {
    let server = serve_with(clear_text(), Answers);
    let mut text = String::new();
    run(async {
        // All on one connection: what goes wrong on a stream concerns no other.
        let send = open(&server).await;
        for path in [
            "GET /fields",
            "HEAD /fields",
            "GET /trailers",
            "GET /half",
            "GET /short",
            "GET /long",
            "GET /early",
            "GET /empty",
            "GET /none",
            "GET /unchanged",
            "GET /early-hints",
            "GET /switch",
            "GET /panic",
            "GET /fault",
        ] {
            let answer = shown(start(&send, &path.replace(' ', " http://a"), true).await.0).await;
            let answer = answer.lines().filter(|line| !line.starts_with("Transaction "));
            text += &format!("{path}: {}\n", answer.collect::<Vec<_>>().join(" | "));
        }
    });
    expect![[r#"
        GET /fields: 200 | content-length: 10 | content-type: text/plain |  | 0123456789
        HEAD /fields: 200 | content-length: 10 | content-type: text/plain
        GET /trailers: 200 | content-type: text/plain |  | abctrailer x-sum: 7
        GET /half: [RST_STREAM INTERNAL_ERROR]
        GET /short: [RST_STREAM INTERNAL_ERROR]
        GET /long: [RST_STREAM INTERNAL_ERROR]
        GET /early: 502 | content-length: 16 | content-type: text/plain; charset=utf-8 |  | 502 Bad Gateway
        GET /empty: 200 | content-type: text/plain
        GET /none: 204
        GET /unchanged: 304 | content-length: 99 | content-type: text/plain
        GET /early-hints: 502 | content-length: 16 | content-type: text/plain; charset=utf-8 |  | 502 Bad Gateway
        GET /switch: 502 | content-length: 16 | content-type: text/plain; charset=utf-8 |  | 502 Bad Gateway
        GET /panic: 500 | content-length: 75 | content-type: text/plain; charset=utf-8 |  | 500 Internal Server Error
        GET /fault: 400 | content-length: 65 | content-type: text/plain; charset=utf-8 |  | 400 Bad Request
    "#]].assert_eq(&text);
}

#[test]
fn streams_run_side_by_side() {
    let server = serve_with(clear_text(), Answers);
    run(async {
        let send = open(&server).await;
        let started = Instant::now();
        let mut open = Vec::new();
        for _ in 0..50 {
            open.push(start(&send, "GET http://a/slow", true).await.0);
        }
        for response in open {
            assert_eq!(response.await.unwrap().status(), 200);
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    });
}

/// Waits for ever, and counts those that were begun and those that were dropped.
struct Forever(Arc<AtomicUsize>, Arc<AtomicUsize>);

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Handler for Forever {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        self.0.fetch_add(1, Ordering::SeqCst);
        let _counted = Counted(self.1.clone());
        std::future::pending::<()>().await;
        Ok(Response::new(StatusCode::OK))
    }
}

async fn wait_for(count: &AtomicUsize, wanted: usize) {
    for _ in 0..2000 {
        if count.load(Ordering::SeqCst) >= wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} of {wanted}", count.load(Ordering::SeqCst));
}

#[test]
fn a_reset_stream_drops_its_handler_and_too_many_resets_end_the_connection() {
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let http2 = Http2Options { resets_max: 3, ..clear_text().http2 };
    let options = ConnectorOptions { http2, ..ConnectorOptions::default() };
    let server = serve_with(options, Forever(begun.clone(), dropped.clone()));
    run(async {
        let (send, connection) = connected(&server).await;
        let driving = tokio::spawn(connection);
        for count in 1..=4 {
            let (response, mut stream) = start(&send, "GET http://a/", true).await;
            wait_for(&begun, count).await;
            stream.send_reset(Reason::CANCEL);
            wait_for(&dropped, count).await;
            drop(response);
        }
        let ended = driving.await.unwrap().unwrap_err();
        assert_eq!(ending(&ended), "GOAWAY ENHANCE_YOUR_CALM");
    });
}

#[test]
fn a_client_that_leaves_drops_its_handlers() {
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = serve_with(clear_text(), Forever(begun.clone(), dropped.clone()));
    run(async {
        let (send, connection) = connected(&server).await;
        let driving = tokio::spawn(connection);
        let (_response, _stream) = start(&send, "GET http://a/", true).await;
        wait_for(&begun, 1).await;
        driving.abort();
        wait_for(&dropped, 1).await;
    });
}

#[test]
fn more_streams_than_agreed_are_refused() {
    let http2 = Http2Options { concurrent_streams_max: 2, ..clear_text().http2 };
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::default());
    let server = serve_with(
        ConnectorOptions { http2, ..ConnectorOptions::default() },
        Forever(begun.clone(), dropped),
    );
    run(async {
        let send = open(&server).await;
        // The client of these tests keeps the limit once it knows it; two streams in, it does.
        let (_first, _second) =
            (start(&send, "GET http://a/", true).await, start(&send, "GET http://a/", true).await);
        wait_for(&begun, 2).await;
        assert_eq!(send.current_max_send_streams(), 2);
    });
}

/// Content without end, or of some bytes.
struct Zeros(usize);

impl Handler for Zeros {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        let mut response = Response::new(StatusCode::OK);
        response.body = Body::from(Bytes::from(vec![0; self.0]));
        Ok(response)
    }
}

#[test]
fn large_responses_follow_the_windows() {
    let server = serve_with(clear_text(), Zeros(3_000_000));
    run(async {
        let send = open(&server).await;
        let (first, second) =
            (start(&send, "GET http://a/", true).await.0, start(&send, "GET http://a/", true).await.0);
        let whole = async |response: ResponseFuture| read(response.await.unwrap().into_body()).await;
        for (body, end) in <[_; 2]>::from(tokio::join!(whole(first), whole(second))) {
            assert_eq!((body.len(), end.as_str()), (3_000_000, ""));
        }
    });
}

#[test]
fn a_client_whose_window_stays_closed_is_given_up() {
    let limits = Limits { write_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = serve_with(limited(limits), Zeros(3_000_000));
    run(async {
        let send = open(&server).await;
        let (response, _stream) = start(&send, "GET http://a/", true).await;
        let mut body = response.await.unwrap().into_body();
        let mut received = 0;
        let end = loop {
            match body.data().await.unwrap() {
                Ok(data) => received += data.len(),
                Err(error) => break ending(&error),
            }
        };
        assert_eq!((received, end.as_str()), (65_535, "RST_STREAM CANCEL"));
        // The connection goes on.
        let (body, _) = read(start(&send, "HEAD http://a/", true).await.0.await.unwrap().into_body()).await;
        assert!(body.is_empty());
    });
}

#[test]
fn a_drain_lets_streams_finish() {
    let server = serve_with(clear_text(), Answers);
    run(async {
        let (send, connection) = connected(&server).await;
        let driving = tokio::spawn(connection);
        let (response, _stream) = start(&send, "GET http://a/slow", true).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let idle = open(&server).await;
        let started = Instant::now();
        let draining = tokio::spawn(server.shutdown());
        assert!(shown(response).await.ends_with("0123456789"));
        // GOAWAY with NO_ERROR ends both connections in order.
        driving.await.unwrap().unwrap();
        draining.await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(10));
        drop(idle);
    });
}

#[test]
fn an_idle_connection_is_closed_in_time() {
    let limits = Limits { idle_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = serve_with(limited(limits), Answers);
    run(async {
        let (send, connection) = connected(&server).await;
        let driving = tokio::spawn(connection);
        // Longer than the timeout: a stream that is open keeps the connection.
        assert!(shown(start(&send, "GET http://a/slow", true).await.0).await.starts_with("200\n"));
        driving.await.unwrap().unwrap();
    });
}
