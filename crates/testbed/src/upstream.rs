//! An origin on a free port that answers as the test says, byte for byte, and remembers what it was asked.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::message::Reader;
use crate::{Message, pause};

type Answer = Box<dyn Fn(&Message, &mut Wire) + Send + Sync>;

/// An origin that answers 404 to everything; give it answers, then start it.
pub fn upstream() -> UpstreamBuilder {
    UpstreamBuilder::default()
}

/// What an origin will answer.
#[derive(Default)]
pub struct UpstreamBuilder {
    answers: Vec<(String, Answer)>,
}

impl UpstreamBuilder {
    /// Answers 200 with a text, for any method.
    #[must_use]
    pub fn get(self, path: &str, text: &str) -> Self {
        let length = text.len();
        self.answer(path, &format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}"))
    }

    /// Answers with exactly these bytes.
    #[must_use]
    pub fn answer(self, path: &str, bytes: &str) -> Self {
        let bytes = bytes.to_owned();
        self.on(path, move |request, wire| match (request.word(0), bytes.split_once("\r\n\r\n")) {
            ("HEAD", Some((head, _))) => wire.write(format!("{head}\r\n\r\n")),
            _ => wire.write(&bytes),
        })
    }

    /// Runs a script for each request to a path; `*` takes every path that has none of its own. Later
    /// requests of the connection are served unless the script closes it.
    #[must_use]
    pub fn on(mut self, path: &str, script: impl Fn(&Message, &mut Wire) + Send + Sync + 'static) -> Self {
        self.answers.push((path.to_owned(), Box::new(script)));
        self
    }

    /// Listens on a free port of 127.0.0.1.
    pub fn start(self) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            answers: self.answers,
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            is_stopped: AtomicBool::new(false),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        Upstream { address, shared }
    }
}

/// A running origin; its port closes when dropped.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Upstream {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests received so far, complete ones, in order.
    pub fn requests(&self) -> Vec<Message> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one request received.
    #[track_caller]
    pub fn only_request(&self) -> Message {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "requests: {requests:#?}");
        requests.remove(0)
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

struct Shared {
    answers: Vec<(String, Answer)>,
    requests: Mutex<Vec<Message>>,
    connections: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        // Small writes are separate packets, as a test means them to be.
        let _ = stream.set_nodelay(true);
        let mut wire = Wire { reader: Reader::new(stream), is_closed: false };
        while let Some(request) = wire.reader.request() {
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            let target = request.word(1);
            let path = target.split('?').next().unwrap_or_default();
            let named = |name: &str| self.answers.iter().find(|(known, _)| known == name);
            match named(path).or_else(|| named("*")) {
                Some((_, answer)) => answer(&request, &mut wire),
                None => wire.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            }
            if wire.is_closed {
                return;
            }
        }
    }
}

/// The origin's end of a connection.
pub struct Wire {
    reader: Reader,
    is_closed: bool,
}

impl Wire {
    /// Writes bytes. A gateway that has gone already is not this origin's concern.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.is_closed |= self.reader.stream.write_all(bytes.as_ref()).is_err();
    }

    /// Waits.
    pub fn pause(&mut self, time: Duration) {
        pause(time);
    }

    /// Whether the other side has gone.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Reads bytes that are no request: for what follows an upgrade.
    pub fn read(&mut self, length: usize) -> Vec<u8> {
        self.reader.exactly(length)
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        let _ = self.reader.stream.shutdown(Shutdown::Both);
        self.is_closed = true;
    }
}
