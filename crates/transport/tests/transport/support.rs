//! A server with a handler that tells what it saw, an origin that plays a script, and plain sockets.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use exchange::{
    Body, BodyError, ClientInfo, Context, Handler, HandlerRef, Outcome, Request, Response, StatusCode,
};
use http_body::Body as _;
use transport::server::{ConnectorOptions, Server, bind};

/// Longer than any step of a test takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Serves `handler` on a free port of the loopback with one worker.
pub(crate) fn serve_with(mut options: ConnectorOptions, handler: impl Handler) -> Server {
    options.host = "127.0.0.1".into();
    options.ports = vec![0];
    Server::start(vec![(bind(options).unwrap(), HandlerRef::new(handler))], 1).unwrap()
}

/// Serves [`Tell`] with the default options.
pub(crate) fn serve() -> Server {
    serve_with(ConnectorOptions::default(), Tell)
}

/// Answers with what it saw.
pub(crate) struct Tell;

impl Handler for Tell {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let (body, trailers) = match read(request.body.take()).await {
            Ok((body, trailers)) => (body, trailers),
            Err(error) => (format!("[{error}]"), Vec::new()),
        };
        let text = tell(request, cx.client.remote.ip().to_string().as_str(), &body, &trailers);
        Ok(Response::text(StatusCode::OK, "text/plain", text))
    }
}

/// What a handler saw, one line per fact; fields sorted.
pub(crate) fn tell(request: &Request, remote: &str, body: &str, trailers: &[String]) -> String {
    let mut text = format!("{} {} {:?} from {remote}\n", request.method, request.uri, request.version);
    for line in lines(&request.headers) {
        text += &format!("{line}\n");
    }
    if !body.is_empty() {
        text += &format!("\n{body}\n");
    }
    for line in trailers {
        text += &format!("trailer {line}\n");
    }
    text
}

/// Fields as sorted lines.
pub(crate) fn lines(headers: &exchange::HeaderMap) -> Vec<String> {
    let line = |(name, value): (&exchange::HeaderName, &exchange::HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let mut lines: Vec<String> = headers.iter().map(line).collect();
    lines.sort();
    lines
}

/// Reads a body to its end.
pub(crate) async fn read(mut body: Body) -> Result<(String, Vec<String>), BodyError> {
    let mut bytes = Vec::new();
    let mut trailers = Vec::new();
    while let Some(frame) = poll_fn(|task| Pin::new(&mut body).poll_frame(task)).await {
        match frame?.into_data() {
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => trailers = lines(&frame.into_trailers().unwrap()),
        }
    }
    Ok((String::from_utf8_lossy(&bytes).into_owned(), trailers))
}

/// Connects to a server.
pub(crate) fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.ports()[0])).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends raw bytes and returns everything until the server closes.
pub(crate) fn talk(server: &Server, request: &[u8]) -> String {
    let mut stream = connect(server);
    // The server may refuse before it has everything.
    let _ = stream.write_all(request);
    read_to_close(&mut stream)
}

/// Everything until the peer closes; says so when it never does or resets.
pub(crate) fn read_to_close(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let outcome = stream.read_to_end(&mut bytes);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    match outcome {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => text += "[reset]",
        Err(error) => text += &format!("[{error}]"),
    }
    text
}

/// Reads until `end` has come.
pub(crate) fn read_until(stream: &mut impl Read, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            outcome => panic!("{outcome:?} after {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of a raw response, `none` when there is none.
pub(crate) fn status(response: &str) -> &str {
    response.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or("none")
}

/// One step of an origin's script.
pub(crate) enum Step {
    /// Accept the next connection.
    Accept,
    /// Read until these bytes have come.
    Until(&'static str),
    /// Read until the gateway closes.
    Rest,
    /// Send.
    Send(&'static [u8]),
    /// Wait.
    Pause(Duration),
    /// Close the connection.
    Close,
    /// Close it with a reset.
    Reset,
}

/// An origin that plays a script and then tells what it received, connections separated by `|`.
pub(crate) fn origin(script: Vec<Step>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let playing = std::thread::spawn(move || {
        let mut received = String::new();
        let mut stream: Option<TcpStream> = None;
        for step in script {
            match step {
                Step::Accept => {
                    let accepted = listener.accept().unwrap().0;
                    accepted.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream = Some(accepted);
                    received += "|";
                }
                Step::Until(end) => received += &read_until(stream.as_mut().unwrap(), end),
                Step::Rest => received += &read_to_close(stream.as_mut().unwrap()),
                // The gateway may have closed already.
                Step::Send(bytes) => drop(stream.as_mut().unwrap().write_all(bytes)),
                Step::Pause(time) => std::thread::sleep(time),
                Step::Close => drop(stream.take().unwrap().shutdown(Shutdown::Both)),
                Step::Reset => {
                    let stream = stream.take().unwrap();
                    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                }
            }
        }
        received
    });
    (address, playing)
}

/// A context as the listener makes it.
pub(crate) fn context() -> Context {
    let address = "192.0.2.7:4711".parse().unwrap();
    Context::new(Arc::new(ClientInfo::direct(address, address)))
}

/// Runs a future on a runtime like a worker's.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
