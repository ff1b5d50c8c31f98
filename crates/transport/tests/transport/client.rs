//! The client against origins that play a script.

use std::time::Duration;

use exchange::{Body, Fault, FaultKind, HeaderValue, Method, Repeat, Request, Response, header};
use expect_test::{Expect, expect};
use transport::client::{Client, ClientOptions, Forwarded, Resolver};

use crate::support::Step::{Accept, Close, Pause, Send, Until};
use crate::support::{context, lines, origin, read, run};

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
pub(crate) const END: &str = "\r\n\r\n";

pub(crate) fn options() -> ClientOptions {
    ClientOptions { forwarded: Forwarded::None, via: None, ..ClientOptions::default() }
}

/// Sends one request with a body (none when empty); shows the response or the fault.
pub(crate) async fn send(client: &Client, method: Method, uri: &str, body: &str) -> String {
    let mut request = Request::new(method, uri.parse().unwrap());
    request.body = Body::from(body.to_owned());
    show(client.send(&context(), &mut request).await).await
}

pub(crate) async fn show(outcome: Result<Response, Fault>) -> String {
    let mut response = match outcome {
        Ok(response) => response,
        Err(fault) => return format!("{:?}: {}", fault.kind(), fault.detail()),
    };
    let reason = response.reason.take().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let mut text = format!("{}{reason}\n", response.status);
    for line in lines(&response.headers) {
        text += &format!("{line}\n");
    }
    match read(response.body.take()).await {
        Ok((body, trailers)) => text + &body + &trailers.concat(),
        Err(error) => text + &format!("[{error}]"),
    }
}

/// What the client makes of a raw response, after which the origin closes.
#[track_caller]
fn check(response: &'static [u8], expected: Expect) {
    check_method(Method::GET, response, expected);
}

#[track_caller]
fn check_method(method: Method, response: &'static [u8], expected: Expect) {
    let (address, playing) = origin(vec![Accept, Until(END), Send(response), Close]);
    let shown = run(async { send(&Client::new(options()), method, &format!("http://{address}/"), "").await });
    playing.join().unwrap();
    expected.assert_eq(&shown.replace(&address.to_string(), "ORIGIN"));
}

#[test]
fn framed_responses() {
    check(
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: X-Hop, set-cookie\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\nKeep-Alive: 5\r\n\r\nabc",
        expect![[r#"
            200 OK
            content-length: 3
            set-cookie: a=b
            abc"#]],
    );
    check(b"HTTP/1.1 404 Nowhere\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n", expect![[r#"
        404 Not Found (Nowhere)
        abcx-sum: 1"#]]);
    check(
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        expect![[r#"
        200 OK
        until the end"#]],
    );
    check(
        b"HTTP/1.0 200\r\n\r\nold",
        expect![[r#"
        200 OK
        old"#]],
    );
    check(
        b"HTTP/1.1 204 No Content\r\n\r\n",
        expect![[r#"
        204 No Content
    "#]],
    );
    check(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        expect![[r#"
        304 Not Modified
        content-length: 5
    "#]],
    );
    check_method(
        Method::HEAD,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        expect![[r#"
        200 OK
        content-length: 5
    "#]],
    );
    check(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", expect![[r#"
        200 OK
        content-length: 1
        a"#]]);
}

#[test]
fn responses_that_could_be_read_in_two_ways_are_refused() {
    for response in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ] {
        let (address, playing) = origin(vec![Accept, Until(END), Send(response), Close]);
        let shown = run(async {
            send(&Client::new(options()), Method::GET, &format!("http://{address}/"), "").await
        });
        playing.join().unwrap();
        let expected = format!("BadGateway: {address} sent a response that cannot be used: ");
        assert!(shown.starts_with(&expected), "{:?} -> {shown}", String::from_utf8_lossy(response));
    }
}

#[test]
fn endless_interim_responses_are_refused() {
    let interim: &'static [u8] = Box::leak(b"HTTP/1.1 102 Processing\r\n\r\n".repeat(17).into_boxed_slice());
    check(
        interim,
        expect!["BadGateway: ORIGIN sent a response that cannot be used: too many interim responses"],
    );
}

#[test]
fn long_heads_are_refused_just_above_the_limit() {
    for (length, expected) in [(1000, "200 OK"), (1001, "BadGateway")] {
        let (address, playing) = origin(vec![
            Accept,
            Until(END),
            Send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: "),
            // The fields before and the line's own punctuation are 24 bytes.
            Send(Box::leak("x".repeat(length - 24).into_boxed_str().into_boxed_bytes())),
            Send(b"\r\n\r\n"),
            Close,
        ]);
        let options = ClientOptions { response_head_bytes_max: 1000, ..options() };
        let shown =
            run(async { send(&Client::new(options), Method::GET, &format!("http://{address}/"), "").await });
        playing.join().unwrap();
        assert!(shown.starts_with(expected), "{length} -> {shown}");
    }
}

#[test]
fn half_a_response_never_looks_whole() {
    check(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
        expect![[r#"
        200 OK
        content-length: 4
        [the peer closed the connection before the end of the body]"#]],
    );
    check(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        expect![[r#"
        200 OK
        [the peer closed the connection before the end of the body]"#]],
    );
    check(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nX",
        expect![[r#"
        200 OK
        [the body is not framed as HTTP asks: a chunk has no size]"#]],
    );
}

#[test]
fn silence() {
    let options = || ClientOptions { so_timeout: Duration::from_millis(100), ..options() };
    for (response, expected) in [
        (&b""[..], "GatewayTimeout: ORIGIN did not answer in time"),
        (b"HTTP/1.1 200", "GatewayTimeout: ORIGIN did not answer in time"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
            "200 OK\ncontent-length: 2\n[the peer sent nothing for too long]",
        ),
    ] {
        let (address, playing) =
            origin(vec![Accept, Until(END), Send(response), Pause(Duration::from_millis(400))]);
        let shown = run(async {
            send(&Client::new(options()), Method::GET, &format!("http://{address}/"), "").await
        });
        assert_eq!(shown.replace(&address.to_string(), "ORIGIN"), expected);
        playing.join().unwrap();
    }
}

#[test]
fn unreachable_origins() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        let client = Client::new(options());
        let shown = send(&client, Method::GET, &format!("http://{free}/"), "").await;
        assert_eq!(shown, format!("BadGateway: {free} is unreachable"));
        let shown = send(&client, Method::GET, &format!("https://{free}/"), "").await;
        assert_eq!(shown, format!("BadGateway: {free} is unreachable"));
        let shown = send(&client, Method::GET, "http://no-such-host.invalid/", "").await;
        assert_eq!(shown, "BadGateway: no-such-host.invalid is unreachable");
    });
}

/// Whether the fault of a request to `uri` says that it may be sent again.
async fn repeat(uri: &str, via: &'static str) -> Repeat {
    let mut request = Request::new(Method::GET, uri.parse().unwrap());
    request.headers.insert(header::VIA, HeaderValue::from_static(via));
    let options = ClientOptions {
        so_timeout: Duration::from_millis(100),
        via: Some("portcullis".to_owned()),
        ..options()
    };
    Client::new(options).send(&context(), &mut request).await.unwrap_err().repeat()
}

#[test]
fn a_fault_says_whether_the_request_may_be_sent_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        assert_eq!(repeat(&format!("http://{free}/"), "1.1 a").await, Repeat::Always);
        assert_eq!(repeat("http://no-such-host.invalid/", "1.1 a").await, Repeat::Always);
    });
    for script in [
        vec![Accept, Until(END), Close],
        vec![Accept, Until(END), Send(b"nonsense\r\n\r\n"), Close],
        vec![Accept, Until(END), Send(b"HTTP/1.1 200"), Close],
        vec![Accept, Until(END), Pause(Duration::from_millis(300))],
    ] {
        let (address, playing) = origin(script);
        assert_eq!(run(repeat(&format!("http://{address}/"), "1.1 a")), Repeat::IfIdempotent);
        playing.join().unwrap();
    }
    // Round in a circle it would go every time.
    let (address, playing) = origin(vec![Accept, Close]);
    let circle = "1.1 portcullis, 1.1 portcullis, 1.1 portcullis, 1.1 portcullis, 1.1 portcullis, 1.1 portcullis, \
                  1.1 portcullis, 1.1 portcullis, 1.1 portcullis, 1.1 portcullis";
    assert_eq!(run(repeat(&format!("http://{address}/"), circle)), Repeat::Never);
    playing.join().unwrap();
}

#[test]
fn hosts_come_before_the_system_and_every_address_is_tried() {
    let (address, playing) = origin(vec![Accept, Until(END), Send(OK)]);
    // Nothing listens on the first address.
    let hosts = "# comment\n127.0.0.2 app.example other\n127.0.0.1\tAPP.example # the one\n";
    let resolver = Resolver::new(Some(hosts), None).unwrap().into();
    let uri = format!("http://app.example:{}/", address.port());
    let shown = run(async {
        send(&Client::new(ClientOptions { resolver, ..options() }), Method::GET, &uri, "").await
    });
    assert!(shown.ends_with("ok"), "{shown}");
    assert!(playing.join().unwrap().contains(&format!("host: app.example:{}\r\n", address.port())));
    for (hosts, expected) in [
        (
            "127.0.0.1 a\nb 127.0.0.1",
            "line 2 of the hosts is not an address followed by names: `b 127.0.0.1`",
        ),
        ("::1", "line 1 of the hosts is not an address followed by names: `::1`"),
    ] {
        assert_eq!(Resolver::new(Some(hosts), None).unwrap_err().to_string(), expected);
    }
    assert!(Resolver::new(None, Some("/no/such/file".as_ref())).is_err());
}

#[test]
fn what_the_origin_is_told() {
    let (address, playing) = origin(vec![Accept, Until(END), Send(OK)]);
    run(async {
        let client = Client::new(ClientOptions::default());
        let mut request = Request::get(format!("http://user:pw@{address}/p?q").parse().unwrap());
        for (name, value) in [
            ("host", "front.example"),
            ("via", "1.0 edge"),
            ("x-forwarded-proto", "https"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
            ("content-length", "7"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("te", "gzip"),
            ("authorization", "Bearer t"),
        ] {
            request.headers.insert(name, value.parse().unwrap());
        }
        client.send(&context(), &mut request).await.unwrap();
    });
    expect![[r#"
        |GET /p?q HTTP/1.1
        host: front.example
        via: 1.0 edge
        x-forwarded-proto: https
        authorization: Bearer t
        via: 1.1 portcullis
        x-forwarded-for: 192.0.2.7
        x-forwarded-host: front.example

    "#]]
    .assert_eq(&playing.join().unwrap().replace('\r', ""));
}

#[test]
fn the_address_of_a_trusted_proxy_is_added_to_what_it_reports() {
    let (address, playing) = origin(vec![Accept, Until(END), Send(OK)]);
    run(async move {
        let client = Client::new(ClientOptions::default());
        let mut request = Request::get(format!("http://{address}/").parse().unwrap());
        for hop in ["203.0.113.9", "10.0.0.2"] {
            request.headers.append("x-forwarded-for", hop.parse().unwrap());
        }
        let mut cx = context();
        let peer = "10.0.0.3:9".parse().unwrap();
        cx.client = std::sync::Arc::new(exchange::ClientInfo { peer, ..(*cx.client).clone() });
        client.send(&cx, &mut request).await.unwrap();
    });
    let sent = playing.join().unwrap();
    let lines: Vec<&str> = sent.lines().filter(|line| line.starts_with("x-forwarded-for")).collect();
    assert_eq!(lines, ["x-forwarded-for: 203.0.113.9, 10.0.0.2, 10.0.0.3"]);
}

#[test]
fn a_circle_is_noticed() {
    run(async {
        let client = Client::new(ClientOptions::default());
        let (address, playing) = origin(vec![Accept, Until(END), Send(OK), Accept]);
        for (passes, expected) in [(9, None), (10, Some(FaultKind::BadGateway))] {
            let mut request = Request::get(format!("http://{address}/").parse().unwrap());
            request.headers.insert("via", vec!["1.1 portcullis"; passes].join(", ").parse().unwrap());
            let outcome = client.send(&context(), &mut request).await;
            assert_eq!(outcome.err().map(|fault| fault.kind()), expected);
            // The circle is noticed before anything is sent; let the origin go.
            drop(std::net::TcpStream::connect(address));
        }
        drop(playing);
    });
}
