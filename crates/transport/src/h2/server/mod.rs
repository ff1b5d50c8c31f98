//! One client's connection: accept streams, run them side by side, end when the client, the idle timeout or the
//! listener says so.
//!
//! All streams of a connection run in its task: nothing of them outlives it, and a response leaves with the same
//! turn in which its handler finished.

mod head;
mod incoming;
mod stream;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::{Builder, Connection as Http2, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use http::uri::Authority;
use tokio::time::{Instant, timeout};

use self::head::read_head;
use self::stream::{Ended, Opened, Shared};
use super::SEND_BUFFER_BYTES_MAX;
use super::socket::Socket;
use crate::server::ConnectorOptions;
use crate::server::connection::Connection;
use crate::server::head::HeadRules;
use crate::server::listener::Phase;
use crate::timer::Timer;

/// Streams that were reset before we knew of them. More in one breath are an attack (CVE-2023-44487).
const UNSEEN_RESETS_MAX: usize = 20;

/// A client that was told to go away may take this long to go, once no stream is open.
const FAREWELL_TIME: Duration = Duration::from_secs(2);

/// Serves a connection whose client speaks HTTP/2, to its end.
pub(crate) async fn serve(mut connection: Connection) {
    let listener = connection.listener.clone();
    let limits = &listener.options.limits;
    let leftover = std::mem::take(&mut connection.buffer);
    let socket = Socket::new(connection.io.clone(), leftover, limits.write_timeout);
    let beginning = settings(&listener.options).handshake(socket);
    let Ok(Ok(http2)) = timeout(limits.header_read_timeout, beginning).await else {
        tracing::debug!(client = %connection.client.remote, "A connection did not begin as HTTP/2 does");
        return;
    };
    match run(&connection, http2).await {
        // Nothing that is said arrives any more, and what was said must not look complete.
        Err(error) if error.is_io() => connection.io.abort(),
        outcome => {
            if let Err(error) = outcome {
                tracing::debug!(client = %connection.client.remote, %error, "HTTP/2 ended with an error");
            }
            connection.linger().await;
        }
    }
}

fn settings(options: &ConnectorOptions) -> Builder {
    let http2 = &options.http2;
    let limits = &options.limits;
    // The fields of HTTP/1 and its request line, and what each field counts more in HTTP/2.
    let fields_bytes = limits.total_headers_bytes_max + limits.initial_line_bytes_max;
    let header_list_bytes = fields_bytes + limits.header_count_max * 32;
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(http2.concurrent_streams_max)
        .max_header_list_size(
            http2.header_list_bytes_max.unwrap_or(u32::try_from(header_list_bytes).unwrap_or(u32::MAX)),
        )
        .initial_window_size(http2.stream_window_bytes)
        .initial_connection_window_size(http2.connection_window_bytes)
        .max_frame_size(http2.frame_bytes_max)
        .header_table_size(http2.header_table_bytes)
        .max_send_buffer_size(SEND_BUFFER_BYTES_MAX)
        .max_pending_accept_reset_streams(UNSEEN_RESETS_MAX)
        .max_local_error_reset_streams(Some(http2.resets_max));
    builder
}

/// Runs until the connection ends.
async fn run(connection: &Connection, http2: Http2<Socket, Bytes>) -> Result<(), h2::Error> {
    let shared =
        Arc::new(Shared { listener: connection.listener.clone(), client: connection.client.clone() });
    let mut driver = Driver {
        connection,
        http2,
        last_host: None,
        timer: Timer::new(),
        idle: false,
        leaving: false,
        resets: 0,
        resets_since: Instant::now(),
    };
    let mut streams = FuturesUnordered::new();
    poll_fn(|task| {
        loop {
            while let Poll::Ready(Some(ended)) = streams.poll_next_unpin(task) {
                driver.note(ended);
            }
            let mut opened = false;
            loop {
                match driver.poll_opened(task) {
                    Poll::Ready(Some(Ok(accepted))) => {
                        opened = true;
                        streams.push(stream::run(shared.clone(), accepted));
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending => break,
                }
            }
            // New streams run at once, so that what they answer leaves with this turn.
            if opened {
                continue;
            }
            match ready!(driver.poll_rest(task, streams.is_empty())) {
                Rest::Continue => {}
                Rest::End => return Poll::Ready(Ok(())),
            }
        }
    })
    .await
}

struct Driver<'a> {
    connection: &'a Connection,
    http2: Http2<Socket, Bytes>,
    last_host: Option<Authority>,
    timer: Timer,
    /// No stream is open, and the timer runs.
    idle: bool,
    /// The client has been told to go away.
    leaving: bool,
    resets: usize,
    resets_since: Instant,
}

/// What a connection does that has nothing to do.
enum Rest {
    Continue,
    End,
}

impl Driver<'_> {
    /// Moves the connection on; yields the next stream.
    fn poll_opened(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Opened, h2::Error>>> {
        let accepted = ready!(self.http2.poll_accept(task));
        Poll::Ready(accepted.map(|accepted| accepted.map(|(request, answer)| self.open(request, answer))))
    }

    fn open(&mut self, request: Request<RecvStream>, answer: SendResponse<Bytes>) -> Opened {
        let (parts, receive) = request.into_parts();
        let options = &*self.connection.listener.options;
        let rules = HeadRules::new(options, &self.connection.client, self.connection.peer_is_trusted);
        let method = parts.method.clone();
        let head = read_head(parts, !receive.is_end_stream(), &rules, &mut self.last_host);
        let head = head.and_then(|head| {
            self.connection.admit(&head.request, head.length)?;
            Ok(head)
        });
        Opened { method, head, receive, answer }
    }

    /// Counts the streams that the client resets: opening and resetting costs it nothing and us a handler.
    fn note(&mut self, ended: Ended) {
        if ended != Ended::ByClient {
            return;
        }
        let options = &self.connection.listener.options.http2;
        if self.resets_since.elapsed() >= options.resets_window {
            self.resets = 0;
            self.resets_since = Instant::now();
        }
        self.resets += 1;
        if self.resets > options.resets_max {
            tracing::debug!(client = %self.connection.client.remote, "Too many streams were reset");
            self.http2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        }
    }

    /// Waits while nothing else is to be done: for the end of the listener, and for the end of an idle time.
    fn poll_rest(&mut self, task: &mut Context<'_>, is_idle: bool) -> Poll<Rest> {
        if !self.leaving && self.connection.listener.phase() != Phase::Running {
            return self.leave();
        }
        if !is_idle {
            self.idle = false;
            return Poll::Pending;
        }
        if !std::mem::replace(&mut self.idle, true) {
            let idle_timeout = self.connection.listener.options.limits.idle_timeout;
            self.timer.set(if self.leaving { FAREWELL_TIME } else { idle_timeout });
        }
        ready!(self.timer.poll(task));
        match self.leaving {
            true => Poll::Ready(Rest::End),
            false => self.leave(),
        }
    }

    /// Tells the client to open no more streams. Those that are open, or on their way, are served.
    fn leave(&mut self) -> Poll<Rest> {
        self.http2.graceful_shutdown();
        self.leaving = true;
        self.idle = false;
        Poll::Ready(Rest::Continue)
    }
}
