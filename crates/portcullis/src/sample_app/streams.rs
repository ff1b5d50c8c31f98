//! Bodies that take their time: server-sent events and long downloads, made as they are read.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use exchange::{Body, BodyError};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Interval, MissedTickBehavior};

/// A shorter interval would only burn processor time.
const INTERVAL_MIN: Duration = Duration::from_millis(1);

/// What a download is made of: lines of 64 bytes, so that a cut can be seen.
const BLOCK_BYTES: usize = 64 * 1024;

/// Numbered events, the first one at once (HTML Standard, section 9.2).
pub(super) struct Events {
    sent: u64,
    count: u64,
    interval: Interval,
}

impl Events {
    /// `count` events, one each `interval`.
    pub(super) fn new(count: u64, interval: Duration) -> Self {
        let mut interval = tokio::time::interval(interval.max(INTERVAL_MIN));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { sent: 0, count, interval }
    }
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.sent >= self.count {
            return Poll::Ready(None);
        }
        ready!(self.interval.poll_tick(task));
        self.sent += 1;
        let event = format!("id: {number}\ndata: tick {number}\n\n", number = self.sent);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(event)))))
    }
}

/// A download of a known length.
pub(super) struct Large {
    block: Bytes,
    bytes_left: u64,
}

impl Large {
    /// A download of `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        let line = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
        Self { block: Bytes::from(line.repeat(BLOCK_BYTES / line.len())), bytes_left: bytes }
    }
}

impl HttpBody for Large {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.bytes_left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.bytes_left).unwrap_or(usize::MAX).min(self.block.len());
        self.bytes_left -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(self.block.slice(..length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes_left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes_left)
    }
}

/// Reads a body to its end and says how long it was.
pub(super) async fn length(mut body: Body) -> Result<u64, BodyError> {
    let mut length = 0;
    while let Some(frame) = std::future::poll_fn(|task| Pin::new(&mut body).poll_frame(task)).await {
        length += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(length)
}
