//! One case on one connection.

use super::case::{self, Seen};
use super::origin::Origin;
use anyhow::Result;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Between two pieces of a case.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// A connection on which nothing comes for so long is open.
pub(super) const SILENCE: Duration = Duration::from_millis(150);

/// More than any case gets back.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Sends a case and sees what happens.
pub(super) fn play(lines: &[String], port: u16, origin: &Origin) -> Result<Seen> {
    drop(origin.seen());
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    for (index, piece) in case::pieces(lines)?.into_iter().enumerate() {
        if index > 0 {
            std::thread::sleep(PAUSE);
        }
        // A gateway may refuse and close before it has read everything.
        if stream.write_all(&piece).is_err() {
            break;
        }
    }
    let (answer, is_closed) = read(&mut stream)?;
    let _ = stream.shutdown(Shutdown::Both);
    let mut words = statuses(&answer);
    words.push(if is_closed { "close".to_owned() } else { "open".to_owned() });
    Ok(Seen { answer: words.join(" "), origin: origin.seen() })
}

/// Everything that comes back, and whether the connection was closed behind it.
fn read(stream: &mut TcpStream) -> Result<(Vec<u8>, bool)> {
    stream.set_read_timeout(Some(SILENCE))?;
    let mut answer = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while answer.len() < ANSWER_BYTES_MAX {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((answer, true)),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok((answer, false));
            }
            Err(_) => return Ok((answer, true)),
        }
    }
    Ok((answer, false))
}

/// The statuses of the responses, whose bodies have a length.
fn statuses(mut answer: &[u8]) -> Vec<String> {
    let mut statuses = Vec::new();
    while let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        answer = &answer[end + 4..];
        let Some(status) = head.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3)) else {
            statuses.push("garbage".to_owned());
            break;
        };
        statuses.push(status.to_owned());
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
        answer = answer.get(length..).unwrap_or_default();
    }
    if !answer.is_empty() {
        statuses.push("garbage".to_owned());
    }
    statuses
}
