//! Ports, workers, the drain.

use std::io::Write;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use exchange::{
    Body, BodyError, Bytes, Context, Handler, HandlerRef, Outcome, Request, Response, StatusCode,
};
use transport::server::{ConnectorOptions, Limits, Server, bind};

use crate::support::{Tell, connect, read_to_close, read_until, serve, serve_with, status, talk};

fn on(ports: &[u16]) -> ConnectorOptions {
    ConnectorOptions { host: "127.0.0.1".into(), ports: ports.to_vec(), ..ConnectorOptions::default() }
}

#[test]
fn a_port_in_use_is_found_although_workers_share_theirs() {
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = foreign.local_addr().unwrap().port();
    let expected =
        format!("port {port} is in use on 127.0.0.1; stop what listens there or choose another port");
    assert_eq!(bind(on(&[0, port])).unwrap_err().to_string(), expected);
    let own = bind(on(&[0])).unwrap();
    let port = own.addresses()[0].port();
    assert!(bind(on(&[port])).unwrap_err().to_string().contains("is in use"));
    drop(own);
    assert!(bind(on(&[port])).is_ok());
    assert!(bind(on(&[port, port])).unwrap_err().to_string().contains("is in use"));
    assert_eq!(bind(on(&[])).unwrap_err().to_string(), "the connector for 127.0.0.1 has no port");
    let nowhere = ConnectorOptions { host: "no-such-host.invalid".into(), ..on(&[0]) };
    assert!(bind(nowhere).unwrap_err().to_string().contains("cannot be resolved"));
}

#[test]
fn ports_come_in_the_configured_order_and_every_worker_serves_them() {
    let (first, second) = (bind(on(&[0, 0])).unwrap(), bind(on(&[0])).unwrap());
    let expected: Vec<u16> =
        first.addresses().iter().chain(second.addresses()).map(|address| address.port()).collect();
    let handler = || HandlerRef::new(Tell);
    let server = Server::start(vec![(first, handler()), (second, handler())], 3).unwrap();
    assert_eq!(server.ports(), expected);
    for port in &expected {
        // The kernel spreads connections over the workers' sockets; enough of them reach each worker.
        for _ in 0..20 {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", *port)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            assert_eq!(status(&read_to_close(&mut stream)), "200");
        }
    }
    server.shutdown_blocking();
    assert!(std::net::TcpStream::connect(("127.0.0.1", expected[0])).is_err());
}

/// Answers after a while, and counts those it has begun.
struct Slow(Arc<AtomicUsize>, Duration);

impl Handler for Slow {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.1).await;
        Ok(Response::text(StatusCode::OK, "text/plain", "done\n"))
    }
}

fn wait_for(count: &AtomicUsize) {
    while count.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_drain_lets_requests_finish_and_closes_idle_connections() {
    let begun = Arc::new(AtomicUsize::new(0));
    let server = serve_with(ConnectorOptions::default(), Slow(begun.clone(), Duration::from_millis(300)));
    let (mut busy, mut idle, mut fresh) = (connect(&server), connect(&server), connect(&server));
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    read_until(&mut idle, "done\n");
    begun.store(0, Ordering::SeqCst);
    busy.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    wait_for(&begun);
    let port = server.ports()[0];
    let started = Instant::now();
    let draining = std::thread::spawn(move || server.shutdown_blocking());
    assert_eq!(read_to_close(&mut idle), "");
    assert_eq!(read_to_close(&mut fresh), "");
    assert!(started.elapsed() < Duration::from_millis(250), "idle connections close at once");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    let response = read_to_close(&mut busy);
    assert!(response.contains("connection: close\r\n") && response.ends_with("done\n"), "{response}");
    draining.join().unwrap();
}

#[test]
fn the_grace_period_ends_what_is_too_slow() {
    let begun = Arc::new(AtomicUsize::new(0));
    let grace_period = Duration::from_millis(100);
    let options = ConnectorOptions { grace_period, ..ConnectorOptions::default() };
    let server = serve_with(options, Slow(begun.clone(), Duration::from_secs(60)));
    let mut stream = connect(&server);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    wait_for(&begun);
    let started = Instant::now();
    server.shutdown_blocking();
    assert!(started.elapsed() >= grace_period && started.elapsed() < Duration::from_secs(10));
    assert!(!read_to_close(&mut stream).contains("200"));
}

#[test]
fn an_idle_connection_is_parked_serves_again_and_closes_in_time() {
    let limits = Limits { idle_timeout: Duration::from_millis(2500), ..Limits::default() };
    let server = serve_with(ConnectorOptions { limits, ..ConnectorOptions::default() }, Tell);
    let mut stream = connect(&server);
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        read_until(&mut stream, "host: a\n");
        // Longer than it takes to park, shorter than the timeout.
        std::thread::sleep(Duration::from_millis(1300));
    }
    let started = Instant::now();
    assert_eq!(read_to_close(&mut stream), "");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_dropped_server_closes() {
    let server = serve();
    let mut stream = connect(&server);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    read_until(&mut stream, "host: a\n");
    drop(server);
    assert_eq!(read_to_close(&mut stream).replace("[reset]", ""), "");
}

/// Content without end, which tells when it is dropped.
struct Endless(Arc<AtomicUsize>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = BodyError;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BodyError>>> {
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&[b'x'; 100_000])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Handler for Endless {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        let mut response = Response::new(StatusCode::OK);
        response.body = Body::stream(Box::pin(Self(self.0.clone())));
        Ok(response)
    }
}

#[test]
fn a_client_that_takes_nothing_is_let_go() {
    let limits = Limits { write_timeout: Duration::from_millis(200), ..Limits::default() };
    let dropped = Arc::new(AtomicUsize::new(0));
    let server =
        serve_with(ConnectorOptions { limits, ..ConnectorOptions::default() }, Endless(dropped.clone()));
    let mut stream = connect(&server);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    wait_for(&dropped);
    assert!(read_to_close(&mut stream).ends_with("[reset]"));
    assert_eq!(status(&talk(&server, b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")), "200");
}
