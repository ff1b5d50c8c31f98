//! One client's connection: wait, read a head, run the handler, answer, again.
//!
//! While requests come, the connection's state lives in one box. After a moment of silence the box and every
//! buffer are dropped and only the socket waits (parking), so that an idle client costs next to nothing.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use exchange::{Body, ClientInfo, Context, Request};
use http::uri::Authority;
use http::{Method, StatusCode, Version};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::body::{BodyChannel, Reading};
use super::handling;
use super::handshake::Presented;
use super::head::{HeadRules, parse_head};
use super::listener::{Listener, Phase};
use super::opening;
use super::refusal::Refusal;
use crate::h1::framing::Decoder;
use crate::h1::maps;
use crate::h1::scan::{HeadLimits, HeadScan};
use crate::h1::writer::{BodyWriter, Framing};
use crate::h2;
use crate::io::{Io, encode_buffer};
use crate::timer::Timer;

/// Silence after which a connection is parked.
const PARK_AFTER: Duration = Duration::from_secs(1);

/// Bytes of further requests taken in while one is handled.
const PIPELINE_BYTES_MAX: usize = 16 * 1024;

/// After a refusal the client may still be sending. This much is read and thrown away, for this long, so that
/// the answer is not lost to a reset.
const LINGER_BYTES_MAX: usize = 256 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// Serves one connection to its end.
pub(crate) async fn run(stream: TcpStream, peer: SocketAddr, local: SocketAddr, listener: Arc<Listener>) {
    let options = &listener.options;
    let opened = if options.tls.is_some() || options.proxy_protocol {
        // Boxed for the same reason as serving below.
        Box::pin(opening::open(stream, peer, local, listener)).await
    } else {
        let peer_is_trusted = options.trusts(peer.ip());
        let client = ClientInfo::direct(peer, local);
        Some(Connection::new(Io::new(stream), client, peer_is_trusted, listener))
    };
    let Some(mut connection) = opened else { return };
    if connection.presented.as_ref().is_some_and(|presented| presented.speaks_http2) {
        return Box::pin(h2::server::serve(connection)).await;
    }
    while connection.wait().await {
        // Boxed here, so that a parked connection does not carry the size of a busy one.
        match Box::pin(connection.serve()).await {
            Pause::Park => connection.buffer = BytesMut::new(),
            Pause::Close => break,
            Pause::Http2 => return Box::pin(h2::server::serve(connection)).await,
        }
    }
    connection.io.say_goodbye();
}

/// The state that outlives a request.
pub(crate) struct Connection {
    pub(crate) io: Io,
    /// What was read and not used yet.
    pub(crate) buffer: BytesMut,
    pub(crate) timer: Timer,
    pub(crate) listener: Arc<Listener>,
    pub(crate) client: Arc<ClientInfo>,
    pub(crate) peer_is_trusted: bool,
    /// With TLS: what the client asked for and got.
    pub(crate) presented: Option<Box<Presented>>,
    idle_since: Instant,
    /// Nothing has come yet that only HTTP/1 begins with, and HTTP/2 may come.
    may_be_http2: bool,
    last_host: Option<Authority>,
}

/// What decides how a request is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) is_head: bool,
    pub(crate) version: Version,
    pub(crate) keep_alive: bool,
    pub(crate) wants_upgrade: bool,
    pub(crate) accepts_gzip: bool,
}

enum Pause {
    Park,
    Close,
    /// The client begins with the preface of HTTP/2.
    Http2,
}

enum Next {
    Head(Bytes),
    Refuse(Refusal),
    Pause(Pause),
}

impl Connection {
    /// A connection in clear text, nothing of which was read.
    pub(crate) fn new(io: Io, client: ClientInfo, peer_is_trusted: bool, listener: Arc<Listener>) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
            timer: Timer::new(),
            client: Arc::new(client),
            peer_is_trusted,
            presented: None,
            idle_since: Instant::now(),
            may_be_http2: listener.options.http2.clear_text,
            last_host: None,
            listener,
        }
    }

    /// A connection whose handshake is done; `received` is what came right behind it.
    pub(crate) fn secured(
        io: Io,
        received: BytesMut,
        presented: Presented,
        client: ClientInfo,
        peer_is_trusted: bool,
        listener: Arc<Listener>,
    ) -> Self {
        let plain = Self::new(io, client, peer_is_trusted, listener);
        // Which version of HTTP is spoken has been agreed on.
        Self { buffer: received, presented: Some(Box::new(presented)), may_be_http2: false, ..plain }
    }

    /// Waits, parked, for the first byte of a request. `false` ends the connection.
    async fn wait(&mut self) -> bool {
        if !self.buffer.is_empty() {
            return true;
        }
        let idle_timeout = self.listener.options.limits.idle_timeout;
        self.timer.set_at(self.idle_since, idle_timeout);
        poll_fn(|task| {
            if self.listener.phase() != Phase::Running {
                return Poll::Ready(false);
            }
            match self.io.poll_readable(task) {
                Poll::Ready(outcome) => Poll::Ready(outcome.is_ok()),
                Poll::Pending => self.timer.poll(task).map(|()| false),
            }
        })
        .await
    }

    async fn serve(&mut self) -> Pause {
        loop {
            // A client that pipelines without end must not keep the others from being served.
            tokio::task::coop::consume_budget().await;
            match self.next_head().await {
                Next::Head(head) => {
                    if !self.exchange(&head).await {
                        return Pause::Close;
                    }
                }
                Next::Refuse(refusal) => {
                    self.refuse(refusal, true).await;
                    return Pause::Close;
                }
                Next::Pause(pause) => return pause,
            }
            self.idle_since = Instant::now();
        }
    }

    /// Reads up to the end of the next head.
    async fn next_head(&mut self) -> Next {
        let limits = &self.listener.options.limits;
        let head_limits = HeadLimits {
            first_line_bytes_max: limits.initial_line_bytes_max,
            fields_bytes_max: limits.total_headers_bytes_max,
        };
        let mut scan = HeadScan::default();
        let mut began = !self.buffer.is_empty();
        self.timer.set_at(self.idle_since, if began { limits.header_read_timeout } else { PARK_AFTER });
        poll_fn(|task| {
            loop {
                self.may_be_http2 &=
                    h2::PREFACE.starts_with(&self.buffer[..self.buffer.len().min(h2::PREFACE.len())]);
                if self.may_be_http2 && self.buffer.len() >= h2::PREFACE.len() {
                    return Poll::Ready(Next::Pause(Pause::Http2));
                }
                // The first lines of the preface look like a head.
                let scanned = if self.may_be_http2 { &[] } else { &self.buffer[..] };
                match scan.advance(scanned, head_limits) {
                    Ok(Some(span)) => {
                        self.buffer.advance(span.start);
                        let head = self.buffer.split_to(span.end - span.start).freeze();
                        return Poll::Ready(Next::Head(head));
                    }
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Next::Refuse(error.into())),
                }
                if self.buffer.is_empty() && self.listener.phase() != Phase::Running {
                    return Poll::Ready(Next::Pause(Pause::Close));
                }
                match self.io.poll_read(task, &mut self.buffer) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Next::Pause(Pause::Close)),
                    Poll::Ready(Ok(_)) if began => {}
                    Poll::Ready(Ok(_)) => {
                        began = true;
                        self.timer.set(limits.header_read_timeout);
                    }
                    Poll::Pending => break,
                }
            }
            self.timer.poll(task).map(|()| match began {
                false => Next::Pause(Pause::Park),
                true => Next::Refuse(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the head took too long")),
            })
        })
        .await
    }

    /// Serves one request. `false` ends the connection.
    async fn exchange(&mut self, bytes: &Bytes) -> bool {
        let listener = self.listener.clone();
        let options = &*listener.options;
        let rules = HeadRules::new(options, &self.client, self.peer_is_trusted);
        let head = parse_head(bytes, &rules, &mut self.last_host);
        let admitted = head.and_then(|head| {
            self.admit(&head.request, head.body.remaining())?;
            Ok(head)
        });
        let head = match admitted {
            Ok(head) => head,
            Err(refusal) => {
                self.refuse(refusal, !bytes.starts_with(b"HEAD ")).await;
                return false;
            }
        };
        let asked = Asked {
            is_head: head.request.method == Method::HEAD,
            version: head.request.version,
            keep_alive: head.keep_alive,
            wants_upgrade: head.wants_upgrade,
            accepts_gzip: options.compression.is_some()
                && super::compress::accepts_gzip(&head.request.headers),
        };
        let mut request = head.request;
        let channel = self.attach_body(&mut request, head.body, head.expects_continue);
        let mut cx = Context::new(head.told.of(&self.client));
        let client_left = |task: &mut TaskContext<'_>| self.client_left(task, channel.as_ref());
        let response = handling::handle(&listener.handler, &mut cx, &mut request, client_left).await;
        let Some(response) = response else {
            tracing::debug!(client = %self.client.remote, "The client left before the answer");
            return false;
        };
        maps::give_back(std::mem::take(&mut request.headers.0));
        self.respond(asked, response, channel).await
    }

    /// Refuses a request that is not for this connection, or that announces too large a body.
    pub(crate) fn admit(&self, request: &Request, announced: Option<u64>) -> Result<(), Refusal> {
        let options = &self.listener.options;
        if let Some(presented) = &self.presented {
            presented.check(options.sni_host_check, request.uri.authority())?;
        }
        match announced {
            Some(bytes) if bytes > options.limits.body_bytes_max.unwrap_or(u64::MAX) => {
                Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the announced body is too large"))
            }
            _ => Ok(()),
        }
    }

    /// Gives the request its body: nothing, bytes that are here already, or a stream.
    fn attach_body(&mut self, request: &mut Request, decoder: Decoder, expects: bool) -> Option<BodyChannel> {
        match decoder.remaining() {
            Some(0) => None,
            Some(length) if length <= self.buffer.len() as u64 => {
                let length = usize::try_from(length).unwrap_or(self.buffer.len());
                request.body = Body::from(self.buffer.split_to(length).freeze());
                None
            }
            _ => {
                let limits = &self.listener.options.limits;
                let buffer = std::mem::take(&mut self.buffer);
                let reading = Reading::new(
                    self.io.clone(),
                    buffer,
                    decoder,
                    limits.body_read_timeout,
                    limits.body_bytes_max,
                );
                let channel = BodyChannel::new(reading.expecting_continue(expects));
                request.body = channel.body();
                Some(channel)
            }
        }
    }

    /// Whether the client closed its side. Takes in further requests on the way; no system call is made
    /// before the kernel announces something.
    pub(crate) fn client_left(&mut self, task: &mut TaskContext<'_>, channel: Option<&BodyChannel>) -> bool {
        match channel {
            None => has_ended(&self.io, &mut self.buffer, task),
            // Before the end of its body, the body's reader finds out.
            Some(channel) => channel
                .with(|reading| reading.is_complete() && has_ended(&reading.io, &mut reading.buffer, task))
                .unwrap_or_default(),
        }
    }

    /// Answers a request that no handler saw, and closes.
    pub(crate) async fn refuse(&mut self, refusal: Refusal, with_body: bool) {
        tracing::debug!(client = %self.client.remote, status = refusal.status.as_u16(), "Refused: {}", refusal.reason);
        let mut head = encode_buffer();
        refusal.encode(&mut head, with_body, self.listener.options.strict_transport_security(&self.client));
        let mut writer = BodyWriter::new(head, Body::empty(), Framing::None);
        self.timer.set(LINGER_TIME);
        let written = poll_fn(|task| match writer.poll(&self.io, task) {
            Poll::Ready(outcome) => Poll::Ready(outcome.is_ok()),
            Poll::Pending => self.timer.poll(task).map(|()| false),
        })
        .await;
        writer.finish();
        if written {
            self.linger().await;
        }
    }

    /// Ends our side and throws away what the client still sends.
    pub(crate) async fn linger(&mut self) {
        self.io.shut_down_write();
        self.timer.set(LINGER_TIME);
        let mut thrown_away = 0;
        poll_fn(|task| {
            while thrown_away < LINGER_BYTES_MAX {
                self.buffer.clear();
                match self.io.poll_read(task, &mut self.buffer) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                    Poll::Ready(Ok(length)) => thrown_away += length,
                    Poll::Pending if self.listener.phase() == Phase::Killed => return Poll::Ready(()),
                    Poll::Pending => return self.timer.poll(task),
                }
            }
            Poll::Ready(())
        })
        .await;
    }
}

fn has_ended(io: &Io, buffer: &mut BytesMut, task: &mut TaskContext<'_>) -> bool {
    while buffer.len() < PIPELINE_BYTES_MAX {
        match io.poll_read(task, buffer) {
            Poll::Ready(Ok(0) | Err(_)) => return true,
            Poll::Ready(Ok(_)) => {}
            Poll::Pending => return false,
        }
    }
    false
}
