//! A client that sends exactly the bytes it is given.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::message::Reader;
use crate::wait::PATIENCE;
use crate::{Reply, WebSocket};

/// Sends requests to one address.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    address: SocketAddr,
}

impl Client {
    /// A client of this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// GETs a target and reads the answer.
    #[track_caller]
    pub fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[], b"")
    }

    /// POSTs a body and reads the answer.
    #[track_caller]
    pub fn post(&self, target: &str, body: &[u8]) -> Reply {
        self.send("POST", target, &[], body)
    }

    /// Sends a request on a connection of its own and reads the answer. `Host` and `Content-Length` are added
    /// unless given.
    #[track_caller]
    pub fn send(&self, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut connection = self.connect();
        connection.request(method, target, fields, body);
        connection.reply_to(method)
    }

    /// Sends a text as it is and reads one answer.
    #[track_caller]
    pub fn send_text(&self, text: &str) -> Reply {
        let mut connection = self.connect();
        connection.send(text.as_bytes());
        connection.reply_to(text.split(' ').next().unwrap_or_default())
    }

    /// Opens a connection.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        self.try_connect().unwrap_or_else(|error| panic!("cannot connect to {}: {error}", self.address))
    }

    /// Opens a connection, if somebody listens.
    pub fn try_connect(&self) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection { address: self.address, reader: Reader::new(stream) })
    }

    /// Opens a WebSocket.
    #[track_caller]
    pub fn websocket(&self, target: &str) -> WebSocket {
        self.websocket_with(target, &[])
    }

    /// Opens a WebSocket with these fields in its handshake.
    #[track_caller]
    pub fn websocket_with(&self, target: &str, fields: &[(&str, &str)]) -> WebSocket {
        WebSocket::open(self.connect(), target, fields)
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    pub(crate) reader: Reader,
}

impl Connection {
    /// Sends bytes as they are. A peer that has closed already is found out when its answer is read.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.reader.stream.write_all(bytes);
    }

    /// Sends a request. `Host` and `Content-Length` are added unless given.
    pub fn request(&mut self, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) {
        let given = |name: &str| fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        if !given("host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let takes_body = !body.is_empty() || !matches!(method, "GET" | "HEAD");
        if takes_body && !given("content-length") && !given("transfer-encoding") {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat());
    }

    /// GETs a target on this connection.
    #[track_caller]
    pub fn get(&mut self, target: &str) -> Reply {
        self.request("GET", target, &[], b"");
        self.reply()
    }

    /// Reads one answer.
    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        self.reply_to("GET")
    }

    /// Reads one answer to a request with this method.
    #[track_caller]
    pub fn reply_to(&mut self, method: &str) -> Reply {
        self.try_reply_to(method).unwrap_or_else(|| panic!("the peer closed without an answer"))
    }

    /// Reads one answer; `None` when the peer closes without one.
    pub fn try_reply_to(&mut self, method: &str) -> Option<Reply> {
        self.reader.reply(method)
    }

    /// Reads the head of an answer and leaves the body.
    #[track_caller]
    pub fn head(&mut self) -> crate::Message {
        self.reader.head().unwrap_or_else(|| panic!("the peer closed without an answer"))
    }

    /// Reads until the bytes read hold `part`; takes out everything up to its end.
    #[track_caller]
    pub fn read_until(&mut self, part: &str) -> String {
        loop {
            let found = self.reader.buffer.windows(part.len()).position(|window| window == part.as_bytes());
            if let Some(at) = found {
                let read = self.reader.exactly(at + part.len());
                return String::from_utf8_lossy(&read).into_owned();
            }
            assert!(
                self.reader.more(),
                "the peer closed before `{part}` came; it sent {:?}",
                String::from_utf8_lossy(&self.reader.buffer)
            );
        }
    }

    /// Reads everything up to the end of the connection; fails when it does not end.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Vec<u8> {
        self.reader.rest()
    }

    /// Says that nothing more comes.
    pub fn end_writing(&mut self) {
        // A peer that has gone already is no failure.
        let _ = self.reader.stream.shutdown(Shutdown::Write);
    }
}
