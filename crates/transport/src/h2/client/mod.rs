//! The client side: connections to an origin that carry many requests each, and the requests on them.

mod attempt;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::SEND_BUFFER_BYTES_MAX;
use super::socket::Socket;
use crate::client::ClientOptions;
use crate::client::wire::Wire;

pub(crate) use attempt::run;

/// A connection that carries many requests at once. When the last handle on it is gone, it closes.
#[derive(Debug)]
pub(crate) struct Multiplexed {
    send: SendRequest<Bytes>,
    open: AtomicUsize,
    /// It takes no more requests: it has ended, or the origin did not answer on it.
    retired: Arc<AtomicBool>,
    freed: Arc<Notify>,
    created: Instant,
    idle_since: Mutex<Instant>,
    /// The generation of the settings of TLS it was made with.
    generation: Option<u64>,
}

/// The right to one stream of a connection.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    connection: Arc<Multiplexed>,
    /// The connection has carried a request before, so the origin may have closed it meanwhile.
    reused: bool,
}

impl Multiplexed {
    /// Begins to speak HTTP/2 on a connection. A task of this thread's runtime drives it until it ends.
    pub(crate) async fn open(
        wire: Wire,
        freed: Arc<Notify>,
        options: &ClientOptions,
    ) -> Result<Arc<Self>, h2::Error> {
        let generation = wire.io.is_tls().then_some(wire.generation);
        let head_bytes_max = u32::try_from(options.response_head_bytes_max).unwrap_or(u32::MAX);
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .max_header_list_size(head_bytes_max)
            .initial_window_size(options.http2.stream_window_bytes)
            .initial_connection_window_size(options.http2.connection_window_bytes)
            .max_send_buffer_size(SEND_BUFFER_BYTES_MAX);
        let socket = Socket::new(wire.io, wire.buffer, options.so_timeout);
        let (send, driving) = builder.handshake(socket).await?;
        let retired = Arc::new(AtomicBool::new(false));
        let (ended, told) = (retired.clone(), freed.clone());
        tokio::spawn(async move {
            if let Err(error) = driving.await {
                tracing::debug!(%error, "A connection to an origin ended with an error");
            }
            ended.store(true, Ordering::Relaxed);
            told.notify_waiters();
        });
        Ok(Arc::new(Self {
            send,
            open: AtomicUsize::new(0),
            retired,
            freed,
            created: wire.created,
            idle_since: Mutex::new(Instant::now()),
            generation,
        }))
    }

    /// The right to its first stream.
    pub(crate) fn enter_first(self: &Arc<Self>) -> StreamPermit {
        self.open.fetch_add(1, Ordering::Relaxed);
        StreamPermit { connection: self.clone(), reused: false }
    }

    /// The right to one more stream, if both sides allow one.
    pub(crate) fn enter(self: &Arc<Self>, options: &ClientOptions) -> Option<StreamPermit> {
        let streams_max = options.http2.streams_max.max(1).min(self.send.current_max_send_streams());
        if self.open.load(Ordering::Relaxed) >= streams_max {
            return None;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(StreamPermit { connection: self.clone(), reused: true })
    }

    /// Whether it may carry further requests.
    pub(crate) fn is_usable(&self, options: &ClientOptions) -> bool {
        let too_old =
            options.connection_time_to_live.is_some_and(|age_max| self.created.elapsed() >= age_max);
        let outdated = self.generation.is_some_and(|generation| generation != options.tls.generation());
        !too_old && !outdated && !self.retired.load(Ordering::Relaxed)
    }

    /// Whether nothing has been sent on it for this long.
    pub(crate) fn is_idle_for(&self, time: Duration) -> bool {
        let idle_since = *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
        self.retired.load(Ordering::Relaxed)
            || (self.open.load(Ordering::Relaxed) == 0 && idle_since.elapsed() >= time)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let connection = &self.connection;
        *connection.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        connection.open.fetch_sub(1, Ordering::Relaxed);
        connection.freed.notify_one();
    }
}
