//! Listener and client together: what passes through a gateway that only passes on.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use exchange::{BaseUri, Context, Handler, Outcome, Request};
use transport::client::{Client, ClientOptions, Forwarded};
use transport::server::{ConnectorOptions, Server};

use crate::support::Step::{Accept, Close, Pause, Send, Until};
use crate::support::{Step, connect, origin, read_to_close, read_until, serve_with, status, talk};

/// Sends everything to one origin.
pub(crate) struct Pass {
    pub(crate) client: Client,
    pub(crate) origin: BaseUri,
}

impl Handler for Pass {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        request.uri.rebase(&self.origin);
        self.client.send(cx, request).await
    }
}

pub(crate) fn pass_to(origin: SocketAddr, options: ConnectorOptions) -> Server {
    let client = ClientOptions {
        forwarded: Forwarded::None,
        via: None,
        so_timeout: Duration::from_secs(2),
        ..ClientOptions::default()
    };
    let origin = format!("http://{origin}").parse().unwrap();
    serve_with(options, Pass { client: Client::new(client), origin })
}

/// What the origin received and what the client got.
fn play(script: Vec<Step>, request: &str) -> (String, String) {
    let (address, playing) = origin(script);
    let server = pass_to(address, ConnectorOptions::default());
    let response = talk(&server, request.as_bytes());
    (playing.join().unwrap().replace('\r', ""), response.replace('\r', ""))
}

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn chunks_pass_both_ways_with_their_trailers() {
    let (received, response) = play(
        vec![
            Accept,
            Until("\r\n0\r\nx-in: 1\r\n\r\n"),
            Send(b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            Pause(Duration::from_millis(20)),
            Send(b"2\r\nde\r\n0\r\nX-Out: 2\r\n\r\n"),
        ],
        "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-In: 1\r\n\r\n",
    );
    assert_eq!(received, "|POST /x HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\n2\nhi\n0\nx-in: 1\n\n");
    assert_eq!(
        response,
        "HTTP/1.1 200 Fine\ntransfer-encoding: chunked\nconnection: close\n\n3\nabc\n2\nde\n0\nx-out: 2\n\n"
    );
}

#[test]
fn bodies_without_a_length_end_with_the_connection_for_http_1_0() {
    let script = || vec![Accept, Until("\r\n\r\n"), Send(b"HTTP/1.1 200 OK\r\n\r\nabc"), Close];
    let (_, response) = play(script(), "GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(response, "HTTP/1.1 200 OK\nconnection: close\n\nabc");
    let (_, response) = play(script(), GET);
    assert_eq!(response, "HTTP/1.1 200 OK\ntransfer-encoding: chunked\nconnection: close\n\n3\nabc\n0\n\n");
}

#[test]
fn a_broken_response_is_never_whole_for_the_client() {
    for (sent, request) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"[..], GET),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", GET),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX", GET),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "GET /x HTTP/1.0\r\nHost: a\r\n\r\n",
        ),
    ] {
        // The pause lets the first bytes reach the client before the failure.
        let (_, response) = play(
            vec![Accept, Until("\r\n\r\n"), Send(sent), Pause(Duration::from_millis(50)), Close],
            request,
        );
        let whole =
            response.ends_with("0\n\n") || !(response.ends_with("[reset]") || status(&response) == "502");
        assert!(!whole, "{response}");
    }
    let (_, response) = play(vec![Accept, Until("\r\n\r\n"), Send(b"nonsense\r\n\r\n")], GET);
    assert_eq!(status(&response), "502");
}

#[test]
fn large_bodies_pass_unchanged() {
    let megabytes: &'static [u8] = Box::leak(
        (0..3_000_000u32)
            .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect::<Vec<u8>>()
            .into_boxed_slice(),
    );
    let head: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", megabytes.len()).into_boxed_str());
    let (address, playing) = origin(vec![Accept, Until("\r\n\r\n"), Send(head.as_bytes()), Send(megabytes)]);
    let server = pass_to(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream.write_all(GET.as_bytes()).unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert!(head.contains(&format!("content-length: {}\r\n", megabytes.len())), "{head}");
    let mut body = Vec::new();
    stream.read_to_end(&mut body).unwrap();
    assert!(body == megabytes);
    playing.join().unwrap();
}

#[test]
fn uploads_stream_and_a_broken_one_is_the_clients_fault() {
    let (address, playing) = origin(vec![
        Accept,
        Until("first"),
        Until("second"),
        Send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ]);
    let server = pass_to(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 11\r\n\r\nfirst")
        .unwrap();
    std::thread::sleep(Duration::from_millis(30));
    stream.write_all(b"second").unwrap();
    assert_eq!(status(&read_to_close(&mut stream)), "200");
    playing.join().unwrap();
    let (address, playing) = origin(vec![Accept]);
    let server = pass_to(address, ConnectorOptions::default());
    let response = talk(&server, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nbad\n");
    assert_eq!(status(&response), "400");
    playing.join().unwrap();
}

#[test]
fn an_early_response_is_relayed_while_the_upload_goes_on() {
    let (address, playing) = origin(vec![
        Accept,
        Until("first"),
        Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n"),
        Until("second"),
        Send(b"4\r\nlate\r\n0\r\n\r\n"),
    ]);
    let server = pass_to(address, ConnectorOptions::default());
    let mut stream = connect(&server);
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 11\r\n\r\nfirst")
        .unwrap();
    assert!(read_until(&mut stream, "early\r\n").contains("200 OK"));
    stream.write_all(b"second").unwrap();
    assert_eq!(read_to_close(&mut stream), "4\r\nlate\r\n0\r\n\r\n");
    playing.join().unwrap();
}

/// The origin learns at once that nobody waits any more.
#[test]
fn a_client_that_leaves_ends_the_request() {
    for begun in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let playing = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            read_until(&mut stream, "\r\n\r\n");
            stream.write_all(begun).unwrap();
            sender.send(()).unwrap();
            stream.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
            stream.read(&mut [0]).unwrap_or_default()
        });
        let server = pass_to(address, ConnectorOptions::default());
        let mut stream = connect(&server);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        receiver.recv().unwrap();
        if !begun.is_empty() {
            read_until(&mut stream, "abc");
        }
        let left = std::time::Instant::now();
        drop(stream);
        assert_eq!(playing.join().unwrap(), 0);
        assert!(left.elapsed() < Duration::from_secs(1), "only the timeout ended it");
    }
}
