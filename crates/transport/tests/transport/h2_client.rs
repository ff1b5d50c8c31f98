//! HTTP/2 towards origins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exchange::{
    Bytes, Context, Handler, HeaderMap, HeaderValue, Method, Outcome, Request, Response, Scheme, StatusCode,
    Uri, Version,
};
use expect_test::{Expect, expect};
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::uri::PathAndQuery;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transport::client::{Client, ClientHttp2Options, ClientOptions, Forwarded, Resolver};
use transport::server::{ConnectorOptions, Http2Options, Server};

use crate::client::{options, send, show};
use crate::h2::{Answers, clear_text, frames};
use crate::support::{Tell, context, run, serve_with};
use crate::tls_support::{Authority, calling, client_tls, serve_tls, serving};

/// Options of a client that knows that its origins speak HTTP/2.
fn knowing() -> ClientOptions {
    let http2 = ClientHttp2Options { prior_knowledge: true, ..ClientHttp2Options::default() };
    ClientOptions { http2, ..options() }
}

fn url(server: &Server, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", server.ports()[0])
}

#[test]
fn a_request_arrives_as_it_is() {
    let server = serve_with(clear_text(), Tell);
    let client = Client::new(ClientOptions {
        forwarded: Forwarded::XForwarded,
        via: Some("gateway".to_owned()),
        ..knowing()
    });
    let shown = run(async {
        let mut request = Request::new(Method::POST, url(&server, "/a?b=c").parse().unwrap());
        request.version = Version::HTTP_2;
        for (name, value) in
            [("host", "a.example:81"), ("x-one", "1"), ("connection", "close"), ("expect", "100-continue")]
        {
            request.headers.insert(name, HeaderValue::from_static(value));
        }
        request.body = frames(None, vec![Ok("abc"), Err(Some("x-sum"))]);
        show(client.send(&context(), &mut request).await).await
    });
    expect![[r#"
        200 OK
        content-length: 122
        content-type: text/plain
        POST http://a.example:81/a?b=c HTTP/2.0 from 127.0.0.1
        host: a.example:81
        via: 2.0 gateway
        x-one: 1

        abc
        trailer x-sum: 7
    "#]]
    .assert_eq(&shown);
    let authority = format!("127.0.0.1:{}", server.ports()[0]).parse().unwrap();
    let asterisk = Uri::from_parts(Scheme::Http, authority, PathAndQuery::from_static("*"));
    let mut request = Request::new(Method::OPTIONS, asterisk);
    let shown = run(async { show(client.send(&context(), &mut request).await).await });
    assert!(shown.contains("\nOPTIONS http://127.0.0.1:"), "{shown}");
}

#[test]
fn responses_arrive_as_they_are() {
    let server = serve_with(clear_text(), Answers);
    let client = Client::new(knowing());
    let mut text = String::new();
    run(async {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::HEAD, "/"),
            (Method::GET, "/trailers"),
            (Method::GET, "/none"),
            (Method::GET, "/unchanged"),
            (Method::GET, "/empty"),
            (Method::GET, "/half"),
            (Method::GET, "/short"),
        ] {
            let shown = send(&client, method.clone(), &url(&server, path), "").await.replace('\n', " | ");
            text += &format!("{method} {path}: {shown}\n").replace(&server.ports()[0].to_string(), "PORT");
        }
    });
    expect![[r#"
        GET /: 200 OK | content-length: 10 | content-type: text/plain | 0123456789
        HEAD /: 200 OK | content-length: 10 | content-type: text/plain | 
        GET /trailers: 200 OK | content-type: text/plain | abcx-sum: 7
        GET /none: 204 No Content | 
        GET /unchanged: 304 Not Modified | content-length: 99 | content-type: text/plain | 
        GET /empty: 200 OK | content-type: text/plain | 
        GET /half: BadGateway: 127.0.0.1:PORT reset the stream
        GET /short: BadGateway: 127.0.0.1:PORT reset the stream
    "#]]
    .assert_eq(&text);
}

/// Tells from which port it is asked, and counts requests that run at the same time.
#[derive(Default)]
struct Crowd(Arc<AtomicUsize>, Arc<AtomicUsize>);

impl Handler for Crowd {
    async fn handle(&self, cx: &mut Context, _: &mut Request) -> Outcome {
        let now = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.1.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(30)).await;
        self.0.fetch_sub(1, Ordering::SeqCst);
        Ok(Response::text(StatusCode::OK, "text/plain", format!("port {}", cx.client.remote.port())))
    }
}

/// From how many ports twenty requests at once come, and how many of them run at the same time at most.
fn crowd(client_options: ClientOptions, concurrent_streams_max: u32) -> (usize, usize) {
    let crowd = Crowd::default();
    let most = crowd.1.clone();
    let http2 = Http2Options { concurrent_streams_max, ..clear_text().http2 };
    let server = serve_with(ConnectorOptions { http2, ..ConnectorOptions::default() }, crowd);
    let client = Client::new(client_options);
    let ports = run(async {
        let url = url(&server, "/");
        // The first request tells the client of the limit.
        send(&client, Method::GET, &url, "").await;
        let asking = futures_util::future::join_all((0..20).map(|_| send(&client, Method::GET, &url, "")));
        let mut ports: Vec<String> = asking.await;
        assert!(ports.iter().all(|text| text.starts_with("200 OK\n")), "{ports:?}");
        ports.sort();
        ports.dedup();
        ports.len()
    });
    (ports, most.load(Ordering::SeqCst))
}

#[test]
fn one_connection_carries_many_requests_and_no_more_than_both_sides_allow() {
    assert_eq!(crowd(knowing(), 100), (1, 20));
    let narrow = |connections, streams_max| {
        let http2 = ClientHttp2Options { connections: Some(connections), streams_max, ..knowing().http2 };
        ClientOptions { http2, ..knowing() }
    };
    assert_eq!(crowd(narrow(1, 100), 3), (1, 3), "the origin's limit");
    assert_eq!(crowd(narrow(1, 4), 100), (1, 4), "our limit");
    assert_eq!(crowd(narrow(2, 4), 100), (2, 8), "a second connection");
    let impatient = ClientOptions { wait_queue_size: 1, ..narrow(1, 1) };
    let server = serve_with(clear_text(), Crowd::default());
    let client = Client::new(impatient);
    let refused = run(async {
        let url = url(&server, "/");
        let asking = futures_util::future::join_all((0..3).map(|_| send(&client, Method::GET, &url, "")));
        asking
            .await
            .into_iter()
            .filter(|text| text.starts_with("Unavailable: Too many requests wait"))
            .count()
    });
    assert_eq!(refused, 1);
}

/// What an origin does with its next request.
#[derive(Clone, Copy)]
enum Deed {
    Answer,
    /// Reset the stream.
    Reset(Reason),
    /// Answer, and take no more requests on this connection.
    AnswerAndLeave,
    /// Close the connection without an answer.
    Close,
    /// Say nothing.
    Nothing,
    /// A part of the body, then a reset.
    Half,
    /// Fields that no response may have.
    TwoLengths,
}

/// An origin that does one deed per request, and then tells how many connections it had.
async fn origin(deeds: &[Deed]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (connections, deeds) = (Arc::new(AtomicUsize::new(0)), deeds.to_vec());
    let counted = connections.clone();
    tokio::spawn(async move {
        let mut deeds = deeds.into_iter();
        while let Ok((socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while let Some(Ok((request, answer))) = connection.accept().await {
                if !act(deeds.next().unwrap_or(Deed::Answer), &mut connection, request, answer) {
                    break;
                }
            }
        }
    });
    (url, connections)
}

fn act(
    deed: Deed,
    connection: &mut Connection<TcpStream, Bytes>,
    request: http::Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
) -> bool {
    let mut head = http::Response::new(());
    match deed {
        Deed::Answer | Deed::AnswerAndLeave => {
            let mut stream = answer.send_response(head, false).unwrap();
            stream.send_data(Bytes::from(format!("{} done", request.method())), true).unwrap();
            if let Deed::AnswerAndLeave = deed {
                connection.graceful_shutdown();
            }
        }
        Deed::Reset(reason) => answer.send_reset(reason),
        Deed::Close => return false,
        Deed::Nothing => std::mem::forget((request, answer)),
        Deed::Half => {
            let mut stream = answer.send_response(head, false).unwrap();
            stream.send_data(Bytes::from_static(b"half"), false).unwrap();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                stream.send_reset(Reason::INTERNAL_ERROR);
            });
        }
        Deed::TwoLengths => {
            let mut headers = HeaderMap::new();
            headers.append("content-length", HeaderValue::from_static("4"));
            headers.append("content-length", HeaderValue::from_static("4"));
            *head.headers_mut() = headers;
            let mut stream = answer.send_response(head, false).unwrap();
            stream.send_data(Bytes::from_static(b"four"), true).unwrap();
        }
    }
    true
}

/// What requests yield of an origin that does these deeds, and how many connections that took.
#[track_caller]
fn check(deeds: &[Deed], requests: &[(Method, &str)], expected: Expect) {
    let shown = run(async {
        let (url, connections) = origin(deeds).await;
        let client = Client::new(ClientOptions { so_timeout: Duration::from_millis(300), ..knowing() });
        let mut text = String::new();
        for (method, body) in requests {
            let shown = send(&client, method.clone(), &url, body).await.replace('\n', " | ");
            text += &format!("{method}: {shown}\n").replace(&url[7..url.len() - 1], "ORIGIN");
        }
        text + &format!("{} connections\n", connections.load(Ordering::SeqCst))
    });
    expected.assert_eq(&shown);
}

const GET: (Method, &str) = (Method::GET, "");
const POST: (Method, &str) = (Method::POST, "abc");

#[test]
fn a_refused_stream_is_asked_for_again_whatever_the_method() {
    check(
        &[Deed::Reset(Reason::REFUSED_STREAM)],
        &[POST],
        expect![[r#"
        POST: 200 OK | POST done
        1 connections
    "#]],
    );
    check(
        &[Deed::Reset(Reason::REFUSED_STREAM); 2],
        &[POST],
        expect![[r#"
        POST: BadGateway: ORIGIN reset the stream
        1 connections
    "#]],
    );
    check(
        &[Deed::Reset(Reason::INTERNAL_ERROR)],
        &[GET, GET],
        expect![[r#"
        GET: BadGateway: ORIGIN reset the stream
        GET: 200 OK | GET done
        1 connections
    "#]],
    );
}

#[test]
fn an_origin_that_wants_http_1_gets_it() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(listener.accept().await.unwrap().0).await.unwrap();
            let (_request, mut answer) = connection.accept().await.unwrap().unwrap();
            answer.send_reset(Reason::HTTP_1_1_REQUIRED);
            let ending = connection.accept();
            let serving = async {
                let (mut socket, _) = listener.accept().await.unwrap();
                for _ in 0..2 {
                    let mut head = Vec::new();
                    while !head.ends_with(b"abc") {
                        head.push(socket.read_u8().await.unwrap());
                    }
                    socket.write_all(crate::client::OK).await.unwrap();
                }
            };
            tokio::join!(ending, serving);
        });
        let client = Client::new(knowing());
        for _ in 0..2 {
            let shown = send(&client, Method::POST, &url, "abc").await;
            assert_eq!(shown, "200 OK\ncontent-length: 2\nok");
        }
    });
}

#[test]
fn an_origin_that_goes_away_is_called_anew() {
    check(
        &[Deed::AnswerAndLeave],
        &[GET, POST],
        expect![[r#"
        GET: 200 OK | GET done
        POST: 200 OK | POST done
        2 connections
    "#]],
    );
    check(
        &[Deed::Close],
        &[GET],
        expect![[r#"
        GET: BadGateway: ORIGIN closed the connection before its response
        1 connections
    "#]],
    );
    check(
        &[Deed::Answer, Deed::Close],
        &[GET, GET],
        expect![[r#"
        GET: 200 OK | GET done
        GET: 200 OK | GET done
        2 connections
    "#]],
    );
    check(
        &[Deed::Answer, Deed::Close],
        &[GET, POST],
        expect![[r#"
        GET: 200 OK | GET done
        POST: BadGateway: ORIGIN closed the connection before its response
        1 connections
    "#]],
    );
}

#[test]
fn a_silent_origin_is_given_up_and_its_connection_not_used_again() {
    check(
        &[Deed::Nothing],
        &[GET, GET],
        expect![[r#"
        GET: GatewayTimeout: ORIGIN did not answer in time
        GET: 200 OK | GET done
        2 connections
    "#]],
    );
}

#[test]
fn half_and_ambiguous_responses_are_told_from_whole_ones() {
    check(
        &[Deed::Half, Deed::TwoLengths],
        &[GET, GET, GET],
        expect![[r#"
        GET: 200 OK | [the peer closed the connection before the end of the body]
        GET: BadGateway: ORIGIN sent a response that cannot be used: it has more than one Content-Length
        GET: 200 OK | GET done
        1 connections
    "#]],
    );
}

#[test]
fn an_idle_connection_is_closed() {
    run(async {
        let (url, connections) = origin(&[]).await;
        let http2 = ClientHttp2Options { idle_timeout: Duration::from_millis(100), ..knowing().http2 };
        let client = Client::new(ClientOptions { http2, ..knowing() });
        send(&client, Method::GET, &url, "").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        send(&client, Method::GET, &url, "").await;
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_response_that_nobody_reads_any_more_ends_its_stream() {
    let server = serve_with(clear_text(), Crowd::default());
    let client = Client::new(knowing());
    run(async {
        let mut request = Request::get(url(&server, "/").parse().unwrap());
        let (cx, url) = (context(), url(&server, "/"));
        let given_up = tokio::time::timeout(Duration::from_millis(10), client.send(&cx, &mut request)).await;
        assert!(given_up.is_err());
        assert!(send(&client, Method::GET, &url, "").await.starts_with("200 OK\n"));
    });
}

/// What a client gets over TLS: the version of the response.
fn version(client_options: ClientOptions, server_offers: bool, upgrade: bool) -> String {
    let ca = Authority::new("CA");
    let mut settings = serving(&ca.issue(&["one.test"]), &[]);
    settings.negotiation.http2 = server_offers;
    let server = serve_tls(settings, |_| {});
    let resolver = Resolver::new(Some("127.0.0.1 one.test"), None).unwrap();
    let tls = client_tls(calling(&ca));
    let client = Client::new(ClientOptions { tls, resolver: Arc::new(resolver), ..client_options });
    let uri: Uri = format!("https://one.test:{}/", server.ports()[0]).parse().unwrap();
    run(async {
        let mut versions = Vec::new();
        for _ in 0..2 {
            let mut request = Request::get(uri.clone());
            if upgrade {
                request.headers.insert("upgrade", HeaderValue::from_static("websocket"));
                request.headers.insert("connection", HeaderValue::from_static("upgrade"));
            }
            let response = client.send(&context(), &mut request).await.unwrap();
            versions.push(format!("{} {:?}", response.status.as_u16(), response.version));
        }
        versions.join(", ")
    })
}

#[test]
fn over_tls_both_sides_agree_on_the_version() {
    assert_eq!(version(options(), true, false), "200 HTTP/2.0, 200 HTTP/2.0");
    assert_eq!(version(options(), false, false), "200 HTTP/1.1, 200 HTTP/1.1");
    let http2 = ClientHttp2Options { offered: false, ..ClientHttp2Options::default() };
    assert_eq!(version(ClientOptions { http2, ..options() }, true, false), "200 HTTP/1.1, 200 HTTP/1.1");
    // Another protocol can only be switched to from HTTP/1.
    assert_eq!(version(options(), true, true), "200 HTTP/1.1, 200 HTTP/1.1");
}

#[test]
fn what_arrives_at_once_shares_a_connection_although_nobody_knew() {
    let ca = Authority::new("CA");
    let mut settings = serving(&ca.issue(&["one.test"]), &[]);
    settings.negotiation.http2 = true;
    let server = serve_tls(settings, |_| {});
    let resolver = Resolver::new(Some("127.0.0.1 one.test"), None).unwrap();
    let tls = client_tls(calling(&ca));
    let client = Client::new(ClientOptions { tls, resolver: Arc::new(resolver), ..options() });
    let url = format!("https://one.test:{}/", server.ports()[0]);
    run(async {
        let asking = || futures_util::future::join_all((0..10).map(|_| send(&client, Method::GET, &url, "")));
        assert!(asking().await.iter().all(|text| text.starts_with("200 OK\n")));
        let mut ports: Vec<String> =
            asking().await.iter().map(|text| text.rsplit_once("port=").unwrap().1.to_owned()).collect();
        ports.dedup();
        assert_eq!(ports.len(), 1, "{ports:?}");
    });
}
