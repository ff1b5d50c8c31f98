//! Load: `wrk` for long visits, and a client of our own where the number of requests must be exact.

use crate::tool;
use anyhow::{Context, Result, bail, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// Connections of one visit, all kept alive.
const CONNECTIONS: u32 = 64;

/// Sends requests to `path` as fast as answers come, and returns how many were answered.
pub(super) fn visit(port: u16, path: &str, length: Duration) -> Result<u64> {
    visit_url(&format!("http://127.0.0.1:{port}{path}"), length)
}

/// The same for a whole URL.
pub(super) fn visit_url(url: &str, length: Duration) -> Result<u64> {
    send(wrk(length)?.arg(url))
}

/// The same with a header field, `Name: value`, in each request.
pub(super) fn visit_with(port: u16, path: &str, field: &str, length: Duration) -> Result<u64> {
    send(wrk(length)?.args(["-H", field, &format!("http://127.0.0.1:{port}{path}")]))
}

fn wrk(length: Duration) -> Result<Command> {
    let mut command = Command::new(tool::require("wrk")?);
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{}s", length.as_secs())]);
    Ok(command)
}

fn send(wrk: &mut Command) -> Result<u64> {
    completed(&tool::output(wrk)?)
}

/// Reads the number of answers from wrk's report. Errors make the figures worthless, so they are errors here.
fn completed(report: &str) -> Result<u64> {
    let failure = |line: &&str| line.contains("Non-2xx") || line.contains("Socket errors");
    if let Some(line) = report.lines().find(failure) {
        bail!("some requests failed: {}", line.trim());
    }
    let line = report.lines().find(|line| line.contains(" requests in "));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
    number.filter(|number| *number > 0).with_context(|| format!("wrk reports no requests:\n{report}"))
}

/// Sends exactly `count` requests over `connections` connections, which it divides evenly.
pub(super) fn exactly(port: u16, connections: usize, count: usize) -> Result<()> {
    std::thread::scope(|scope| {
        let send = || -> Result<()> {
            let mut connection = Connection::open(port)?;
            (0..count / connections).try_for_each(|_| connection.get("/"))
        };
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(send)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("the client does not panic"))
    })
}

/// Waits until the server answers 200 at `path`, trying without pause, and returns how long it took since `start`.
///
/// `is_running` is asked after each failure; its error ends the wait.
pub(super) fn first_answer(
    port: u16,
    path: &str,
    start: Instant,
    patience: Duration,
    mut is_running: impl FnMut() -> Result<()>,
) -> Result<Duration> {
    loop {
        let answer = Connection::open(port).and_then(|mut connection| connection.get(path));
        let took = start.elapsed();
        match answer {
            Ok(()) => return Ok(took),
            Err(error) if took > patience => {
                return Err(error.context(format!("no answer within {patience:?}")));
            }
            Err(_) => is_running()?,
        }
    }
}

/// One kept-alive connection of a client that knows just enough HTTP for the origin's answers.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Connection { stream, buffer: vec![0; 16 * 1024] })
    }

    /// One exchange. The answer must be 200 with a `Content-Length` and fit the buffer.
    fn get(&mut self, path: &str) -> Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        self.stream.write_all(request.as_bytes())?;
        let mut filled = 0;
        loop {
            if let Some(length) = answer_length(&self.buffer[..filled])? {
                ensure!(length <= self.buffer.len(), "the answer is longer than expected");
                if filled == length {
                    return Ok(());
                }
            }
            let read = self.stream.read(&mut self.buffer[filled..])?;
            ensure!(read > 0, "the connection closed before the answer was whole");
            filled += read;
        }
    }
}

/// The whole length of an answer, once its head is there.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    ensure!(head.starts_with("http/1.1 200"), "the answer is {}", head.lines().next().unwrap_or_default());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("the answer has no Content-Length")?.trim().parse()?;
    Ok(Some(end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(report: &str, expected: &str) {
        let found = completed(report).map_or_else(|error| error.to_string(), |number| number.to_string());
        assert_eq!(found.lines().next(), Some(expected));
    }

    #[test]
    fn reads_the_number_of_answers() {
        check("  1234 requests in 2.00s, 1.5MB read\nRequests/sec:  617.0", "1234");
        check("  0 requests in 2.00s, 0B read", "wrk reports no requests:");
        check(
            "  9 requests in 2.00s\n  Non-2xx or 3xx responses: 3",
            "some requests failed: Non-2xx or 3xx responses: 3",
        );
        check(
            "  9 requests in 2.00s\n  Socket errors: connect 1",
            "some requests failed: Socket errors: connect 1",
        );
    }

    #[test]
    fn measures_an_answer_once_its_head_is_there() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        assert_eq!(answer_length(&head[..20]).unwrap(), None);
        assert_eq!(answer_length(head).unwrap(), Some(head.len() + 3));
        assert!(answer_length(b"HTTP/1.1 503 Busy\r\n\r\n").is_err());
        assert!(answer_length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
