//! [`Body`]: the content of a message, streamed unless somebody needs the whole of it.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::TemporaryStorage;
use crate::storage::Stored;

/// A stream of data and trailers, as transport makes them.
pub type BodyStream = Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError> + Send + Sync>>;

/// Why a body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It exceeds a limit: 413 towards a client that sends it.
    #[error("the body exceeds {bytes_max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        bytes_max: u64,
    },
    /// The peer stopped before the announced end.
    #[error("the peer closed the connection before the end of the body")]
    Incomplete,
    /// The peer sent nothing for too long.
    #[error("the peer sent nothing for too long")]
    TimedOut,
    /// The framing is broken.
    #[error("the body is not framed as HTTP asks: {0}")]
    Malformed(String),
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] io::Error),
    /// The temporary storage failed.
    #[error("the temporary storage failed")]
    Storage(#[source] io::Error),
}

/// The content of a message.
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Stored {
        stored: Stored,
        offset: u64,
        trailers: Option<Box<http::HeaderMap>>,
    },
    Stream(BodyStream),
}

/// Bytes handed on at a time from a stored entity.
const READ_BLOCK_BYTES: usize = 64 * 1024;

/// An expression sees at most this much of an entity as text.
const EXPRESSION_BYTES_MAX: u64 = 16 * 1024 * 1024;

impl Body {
    /// No content.
    pub fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Content that arrives over time.
    pub fn stream(stream: BodyStream) -> Self {
        Self(Kind::Stream(stream))
    }

    /// Moves the content out; an empty body stays.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Another reader of the same content, from its beginning. `None` for a stream.
    pub fn duplicate(&self) -> Option<Self> {
        match &self.0 {
            Kind::Empty => Some(Self::empty()),
            Kind::Stored { stored, trailers, .. } => {
                Some(Self(Kind::Stored { stored: stored.clone(), offset: 0, trailers: trailers.clone() }))
            }
            Kind::Stream(_) => None,
        }
    }

    /// Whether nothing is or will be there.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Stored { stored, .. } => stored.length() == 0,
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    /// Whether the whole content is held, so that it can be read and sent again.
    pub fn is_buffered(&self) -> bool {
        !matches!(self.0, Kind::Stream(_))
    }

    /// The exact length in bytes, if it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Empty => Some(0),
            Kind::Stored { stored, trailers: None, offset } => Some(stored.length() - offset),
            Kind::Stored { .. } => None,
            Kind::Stream(stream) => stream.size_hint().exact(),
        }
    }

    /// The content, if it is buffered. At most 16 MiB of it.
    pub fn bytes(&self) -> Option<Bytes> {
        match &self.0 {
            Kind::Empty => Some(Bytes::new()),
            Kind::Stored { stored, .. } => {
                let length = usize::try_from(stored.length().min(EXPRESSION_BYTES_MAX)).ok()?;
                stored.read(0, length).ok()
            }
            Kind::Stream(_) => None,
        }
    }

    /// The content as text, if it is buffered. Bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> Option<String> {
        self.bytes().map(|bytes| match String::from_utf8_lossy(&bytes) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        })
    }

    /// Reads the whole content into `storage`, unless it is held already.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] beyond the storage's file limit; whatever the stream fails with.
    pub async fn buffer(&mut self, storage: &TemporaryStorage) -> Result<(), BodyError> {
        let Kind::Stream(stream) = &mut self.0 else { return Ok(()) };
        let mut writer = storage.writer();
        let mut trailers = None;
        while let Some(frame) = std::future::poll_fn(|task| stream.as_mut().poll_frame(task)).await {
            match frame?.into_data() {
                Ok(data) => writer.write(&data)?,
                Err(frame) => trailers = frame.into_trailers().ok().map(Box::new),
            }
        }
        self.0 = Kind::Stored { stored: writer.finish(), offset: 0, trailers };
        Ok(())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            return Self::empty();
        }
        Self(Kind::Stored { stored: Stored::Memory(bytes), offset: 0, trailers: None })
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Stored { stored, offset, trailers } => {
                if *offset >= stored.length() {
                    return Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(*trailers))));
                }
                let block = match stored {
                    Stored::Memory(_) => usize::MAX,
                    Stored::File(..) => READ_BLOCK_BYTES,
                };
                let block = stored.read(*offset, block).map_err(BodyError::Storage)?;
                *offset += block.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(block))))
            }
            Kind::Stream(stream) => stream.as_mut().poll_frame(task),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Stored { stored, offset, trailers } => trailers.is_none() && *offset >= stored.length(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Stream(stream) => stream.size_hint(),
            _ => self.length().map(SizeHint::with_exact).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Empty => f.write_str("Body::Empty"),
            Kind::Stored { stored, .. } => write!(f, "Body::Stored({} bytes)", stored.length()),
            Kind::Stream(_) => f.write_str("Body::Stream"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StorageLimits;

    struct Blocks(Vec<&'static [u8]>);

    impl HttpBody for Blocks {
        type Data = Bytes;
        type Error = BodyError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut TaskContext<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            Poll::Ready(self.0.pop().map(|block| Ok(Frame::data(Bytes::from_static(block)))))
        }
    }

    /// Buffers ten bytes in three blocks under the given limits.
    async fn check(memory_bytes_max: u64, file_bytes_max: u64) -> Result<String, String> {
        let storage = TemporaryStorage::new(StorageLimits {
            memory_bytes_max,
            file_bytes_max,
            ..StorageLimits::default()
        });
        let mut body = Body::stream(Box::pin(Blocks(vec![b"89", b"4567", b"0123"])));
        body.buffer(&storage).await.map_err(|error| error.to_string())?;
        assert_eq!(body.length(), Some(10));
        let mut again = body.duplicate().unwrap();
        let mut read = Vec::new();
        while let Some(frame) = std::future::poll_fn(|task| Pin::new(&mut again).poll_frame(task)).await {
            read.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        assert_eq!(body.text().unwrap().as_bytes(), read);
        Ok(body.text().unwrap())
    }

    #[tokio::test]
    async fn waits_in_memory_then_in_a_file_then_nowhere() {
        assert_eq!(check(10, 10).await.unwrap(), "0123456789");
        assert_eq!(check(9, 10).await.unwrap(), "0123456789");
        assert_eq!(check(3, 9).await.unwrap_err(), "the body exceeds 9 bytes");
    }
}
