//! A long file as a body: one block at a time, read when the client is ready for it.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use exchange::{BodyError, Bytes};
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

const BLOCK_BYTES: usize = 64 * 1024;

/// Part of an open file. Holds at most one block in memory.
pub(super) struct FileStream {
    file: Arc<File>,
    offset: u64,
    remaining: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileStream {
    pub(super) fn new(file: Arc<File>, offset: u64, length: u64) -> Self {
        Self { file, offset, remaining: length, reading: None }
    }

    fn start_reading(&self) -> JoinHandle<io::Result<Bytes>> {
        let (file, offset) = (self.file.clone(), self.offset);
        let length = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(BLOCK_BYTES);
        tokio::task::spawn_blocking(move || {
            let mut block = vec![0; length];
            // A file that has become shorter ends the response early, which the client can tell.
            file.read_exact_at(&mut block, offset)?;
            Ok(Bytes::from(block))
        })
    }
}

impl Body for FileStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => self.start_reading(),
        };
        let Poll::Ready(outcome) = Pin::new(&mut reading).poll(task) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        let block = outcome.unwrap_or_else(|error| Err(io::Error::other(error)));
        Poll::Ready(Some(match block {
            Ok(block) => {
                self.offset += block.len() as u64;
                self.remaining -= block.len() as u64;
                Ok(Frame::data(block))
            }
            Err(error) => {
                self.remaining = 0;
                Err(BodyError::Storage(error))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
