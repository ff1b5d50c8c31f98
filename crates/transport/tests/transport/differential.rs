//! hyper as the oracle: what it refuses we refuse, and what both take means the same to both.
//!
//! Requests are made from a seed, so that a failure can be repeated. hyper is more lenient in places, so the
//! other direction does not hold.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use exchange::Bytes;
use hyper::rt::ReadBufCursor;
use hyper::service::service_fn;
use transport::server::{ConnectorOptions, NormalizePath};

use crate::support::{Tell, lines, serve_with, talk};

/// A connection that has received everything and takes everything.
struct Memory(Vec<u8>);

impl hyper::rt::Read for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.0.len().min(into.remaining());
        if length == 0 {
            return Poll::Pending;
        }
        into.put_slice(&self.0.drain(..length).collect::<Vec<u8>>());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Memory {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// An empty body; hyper's own lives in another crate.
struct Empty;

impl http_body::Body for Empty {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

/// How hyper reads the first request; `None` when it refuses the head or the body.
fn hyper_reads(request: &[u8]) -> Option<String> {
    let seen = Rc::new(RefCell::new(None));
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let seen = seen.clone();
        async move {
            let (head, mut body) = request.into_parts();
            let mut bytes = Vec::new();
            while let Some(frame) = std::future::poll_fn(|task| {
                use http_body::Body;
                Pin::new(&mut body).poll_frame(task)
            })
            .await
            {
                match frame {
                    Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                    Err(_) => return Ok(hyper::Response::new(Empty)),
                }
            }
            let target = head.uri.path_and_query().map_or("", |target| target.as_str());
            let fields: Vec<String> =
                lines(&head.headers).into_iter().filter(|line| !is_ours(line)).collect();
            let body = String::from_utf8_lossy(&bytes);
            *seen.borrow_mut() =
                Some(format!("{} {target} {:?}\n{}\n{body}", head.method, head.version, fields.join("\n")));
            Ok::<_, Infallible>(hyper::Response::new(Empty))
        }
    });
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(Memory(request.to_vec()), service);
    let mut serving = std::pin::pin!(serving);
    // Everything is in memory, so whatever has not happened after a few polls never will.
    for _ in 0..16 {
        if serving.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_ready() {
            break;
        }
    }
    seen.take()
}

/// Fields that end at a gateway.
fn is_ours(line: &str) -> bool {
    ["connection:", "transfer-encoding:", "te:", "keep-alive:", "expect:", "upgrade:"]
        .iter()
        .any(|name| line.starts_with(name))
}

/// How our listener reads it, in the same words.
fn we_read(server: &transport::server::Server, request: &[u8]) -> Option<String> {
    let response = talk(server, request);
    let (head, rest) =
        response.split_once("\r\n\r\n").filter(|(head, _)| head.starts_with("HTTP/1.1 200"))?;
    let length = head.split_once("content-length: ")?.1.lines().next()?;
    // What follows belongs to the next request, if the mutation made one.
    let told = rest.get(..length.parse().ok()?)?;
    if told.contains("\n[") {
        return None;
    }
    let (line, rest) = told.split_once('\n')?;
    let mut words = line.split(' ');
    let (method, uri, version) = (words.next()?, words.next()?, words.next()?);
    let target = uri.splitn(4, '/').nth(3).map(|rest| format!("/{rest}"))?;
    let (fields, body) = rest.split_once("\n\n").unwrap_or((rest.trim_end_matches('\n'), ""));
    let fields: Vec<&str> = fields.lines().filter(|line| !is_ours(line)).collect();
    Some(format!(
        "{method} {target} {version}\n{}\n{}",
        fields.join("\n"),
        body.strip_suffix('\n').unwrap_or(body)
    ))
}

/// A small generator of numbers (xorshift), the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }
}

fn valid_request(dice: &mut Dice) -> String {
    let method =
        dice.pick(&["GET", "POST", "PUT", "DELETE", "PATCH", "HEADS", "M-SEARCH", "get", "x!#$%&'*+.^_`|~"]);
    let target = dice.pick(&[
        "/",
        "/a/b",
        "/a?b=c&d",
        "/%20x",
        "/a;b=c,d",
        "/~u/@:!$&'()*+=",
        "http://a.example/x?y",
        "/?",
        "/a?/?",
    ]);
    let version = dice.pick(&["1.1", "1.1", "1.1", "1.0"]);
    let mut request = format!("{method} {target} HTTP/{version}\r\nHost: a.example\r\nConnection: close\r\n");
    for _ in 0..dice.roll(6) {
        let name =
            dice.pick(&["Accept", "cookie", "X-A", "x-b_c", "ETag", "User-Agent", "!#$%&'*+-.^_`|~09"]);
        let space = dice.pick(&["", " ", "\t ", "   "]);
        let value = dice.pick(&["", "a", "a b\tc", "\"quoted\\\"\"", "a,b;c=d", "\u{e9}", "(~!@#$%^&*)"]);
        request += &format!("{name}:{space}{value}{}\r\n", dice.pick(&["", " ", "\t"]));
    }
    match dice.roll(if version == "1.1" { 3 } else { 2 }) {
        0 => request += "\r\n",
        1 => request += "Content-Length: 5\r\n\r\nhello",
        _ => {
            request += &format!(
                "Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
                dice.pick(&["", "5\r\nhello\r\n", "1;a=b\r\nh\r\nA\r\n0123456789\r\n"])
            )
        }
    }
    request
}

#[test]
fn valid_requests_mean_the_same() {
    let server = serve_with(
        ConnectorOptions {
            normalize_path: NormalizePath::Off,
            preserve_original_query_string: true,
            ..ConnectorOptions::default()
        },
        Tell,
    );
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..400 {
        let request = valid_request(&mut dice);
        let (ours, theirs) = (we_read(&server, request.as_bytes()), hyper_reads(request.as_bytes()));
        assert!(ours.is_some(), "{request:?}");
        assert_eq!(ours, theirs, "{request:?}");
    }
}

#[test]
fn what_hyper_refuses_we_refuse() {
    let server = serve_with(
        ConnectorOptions {
            normalize_path: NormalizePath::Off,
            preserve_original_query_string: true,
            ..ConnectorOptions::default()
        },
        Tell,
    );
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let (mut refused_by_both, mut refused_by_us, mut taken) = (0, 0, 0);
    for _ in 0..1500 {
        let mut request = valid_request(&mut dice).into_bytes();
        for _ in 0..=dice.roll(2) {
            let at = dice.roll(request.len());
            let bytes = b"\r\n \t:;,\0\x7f\xff/?#%-+0aA\"{}";
            let byte = bytes[dice.roll(bytes.len())];
            match dice.roll(3) {
                0 => request[at] = byte,
                1 => request.insert(at, byte),
                _ => drop(request.remove(at)),
            }
        }
        // What is missing never comes.
        request.extend_from_slice(b"\r\n\r\n");
        let (ours, theirs) = (we_read(&server, &request), hyper_reads(&request));
        let shown = String::from_utf8_lossy(&request).into_owned();
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => {
                assert_eq!(ours, theirs, "{shown:?}");
                taken += 1;
            }
            (None, Some(_)) => refused_by_us += 1,
            (None, None) => refused_by_both += 1,
            (Some(ours), None) => panic!("hyper refuses {shown:?}; we read {ours}"),
        }
    }
    // The test means something only if all three happen.
    assert!(
        taken > 100 && refused_by_us > 20 && refused_by_both > 100,
        "{taken} {refused_by_us} {refused_by_both}"
    );
}
