//! Reading HTTP/1.1 messages from a socket, as both the client and the origin of a test do.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::ops::Deref;

/// Nothing in a test has a longer head.
const HEAD_BYTES_MAX: usize = 1024 * 1024;

/// Bytes asked for at a time.
const BLOCK_BYTES: usize = 16 * 1024;

/// A message: its first line, its fields in the order and spelling of the wire, its body without framing.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The request line or status line.
    pub first_line: String,
    /// The fields, repeated ones included.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
    /// The fields behind a chunked body.
    pub trailers: Vec<(String, String)>,
}

impl Message {
    /// The first value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.fields.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A word of the first line, counted from 0: the method, the target.
    pub fn word(&self, index: usize) -> &str {
        self.first_line.split(' ').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.first_line)?;
        for (name, value) in &self.fields {
            writeln!(formatter, "{name}: {value}")?;
        }
        write!(formatter, "\n{}", self.text())
    }
}

/// A response.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    message: Message,
}

impl Deref for Reply {
    type Target = Message;
    fn deref(&self) -> &Message {
        &self.message
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(formatter)
    }
}

/// A socket and what was read from it too early.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) stream: TcpStream,
    pub(crate) buffer: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Reads a request with its body; `None` when the peer ends before the next one begins.
    pub(crate) fn request(&mut self) -> Option<Message> {
        let mut message = self.head()?;
        self.body(&mut message, false);
        Some(message)
    }

    /// Reads a response. `asked` is the method it answers.
    pub(crate) fn reply(&mut self, asked: &str) -> Option<Reply> {
        let mut message = self.head()?;
        let status =
            message.word(1).parse().unwrap_or_else(|_| panic!("not a status line: {}", message.first_line));
        let has_no_body = asked == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        if !has_no_body {
            self.body(&mut message, true);
        }
        Some(Reply { status, message })
    }

    /// Reads up to the empty line behind a head.
    pub(crate) fn head(&mut self) -> Option<Message> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            assert!(self.buffer.len() < HEAD_BYTES_MAX, "a head of more than {HEAD_BYTES_MAX} bytes");
            if !self.more() {
                let left = String::from_utf8_lossy(&self.buffer);
                assert!(left.is_empty(), "the peer closed within a head: {left:?}");
                return None;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(&head[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        Some(Message { first_line, fields: lines.map(field).collect(), ..Message::default() })
    }

    fn body(&mut self, message: &mut Message, until_end: bool) {
        let is_chunked =
            message.field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length: Option<usize> =
            message.field("content-length").map(|length| length.parse().expect("a number"));
        message.body = match length {
            _ if is_chunked => self.chunks(&mut message.trailers),
            Some(length) => self.exactly(length),
            None if until_end => self.rest(),
            None => Vec::new(),
        };
    }

    fn chunks(&mut self, trailers: &mut Vec<(String, String)>) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = self.line();
            let length = line.split(';').next().unwrap_or_default().trim();
            let length =
                usize::from_str_radix(length, 16).unwrap_or_else(|_| panic!("not a chunk: {line:?}"));
            if length == 0 {
                break;
            }
            body.extend(self.exactly(length));
            assert_eq!(self.exactly(2), b"\r\n", "a chunk ends with CRLF");
        }
        loop {
            match self.line() {
                line if line.is_empty() => return body,
                line => trailers.push(field(&line)),
            }
        }
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            assert!(self.more(), "the peer closed within a chunked body");
        }
    }

    pub(crate) fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.more(), "the peer closed after {} of {length} bytes", self.buffer.len());
        }
        self.buffer.drain(..length).collect()
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.buffer)
    }

    /// Reads some more; `false` at the end. A reset counts as an end, silence beyond the socket's time-out is
    /// a failed test.
    pub(crate) fn more(&mut self) -> bool {
        let mut block = [0; BLOCK_BYTES];
        loop {
            match self.stream.read(&mut block) {
                Ok(0) => return false,
                Ok(length) => {
                    self.buffer.extend_from_slice(&block[..length]);
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the peer is silent; read so far: {:?}", String::from_utf8_lossy(&self.buffer))
                }
                Err(_) => return false,
            }
        }
    }
}

fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a header field: {line:?}"));
    (name.to_owned(), value.trim().to_owned())
}
