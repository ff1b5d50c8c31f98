//! [`Decoder`]: where a body ends, and its bytes without the framing.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::names::allowed_in_trailer;
use super::scan::{HeadLimits, HeadScan};

/// Bytes of chunk extensions accepted in one body; nobody uses them but attackers (CVE-2023-39326).
const EXTENSION_BYTES_MAX: usize = 4096;

/// Bytes of a trailer section.
const TRAILER_BYTES_MAX: usize = 8192;

/// Fields of a trailer section.
pub(crate) const TRAILER_FIELDS_MAX: usize = 64;

/// Sixteen digits are a 64-bit number.
const SIZE_DIGITS_MAX: u8 = 16;

/// Reads one body.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// This many bytes are left.
    Length(u64),
    /// Chunks (RFC 9112, section 7.1).
    Chunked(Chunked),
    /// Everything until the peer closes.
    UntilClose,
    /// Nothing is left.
    Done,
}

/// One step of a [`Decoder`].
#[derive(Debug)]
pub(crate) enum Decoded {
    /// Content.
    Data(Bytes),
    /// The fields after the last chunk. Nothing follows.
    Trailers(HeaderMap),
    /// The buffer is used up; read more.
    More,
    /// The body is complete.
    End,
}

/// Why a body cannot be read.
pub(crate) type FramingError = &'static str;

#[derive(Debug, Default)]
pub(crate) struct Chunked {
    state: ChunkState,
    extension_bytes: usize,
    trailer: HeadScan,
}

#[derive(Debug, Clone, Copy)]
enum ChunkState {
    Size { value: u64, digits: u8 },
    Extension { size: u64 },
    SizeLineFeed { size: u64 },
    Data { left: u64 },
    DataCarriageReturn,
    DataLineFeed,
    Trailer,
}

impl Default for ChunkState {
    fn default() -> Self {
        Self::Size { value: 0, digits: 0 }
    }
}

impl Decoder {
    /// A body of chunks.
    pub(crate) fn chunked() -> Self {
        Self::Chunked(Chunked::default())
    }

    /// A body of a known length.
    pub(crate) fn length(length: u64) -> Self {
        if length == 0 { Self::Done } else { Self::Length(length) }
    }

    /// Whether nothing is left to decode.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// The bytes that are left, if that is known.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Done => Some(0),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// Takes the next piece out of `buffer`.
    pub(crate) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Decoded, FramingError> {
        match self {
            Self::Done => Ok(Decoded::End),
            Self::Length(_) | Self::UntilClose if buffer.is_empty() => Ok(Decoded::More),
            Self::UntilClose => Ok(Decoded::Data(buffer.split().freeze())),
            Self::Length(left) => {
                let data = take(buffer, left);
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(Decoded::Data(data))
            }
            Self::Chunked(chunked) => {
                let decoded = chunked.decode(buffer)?;
                if matches!(decoded, Decoded::End | Decoded::Trailers(_)) {
                    *self = Self::Done;
                }
                Ok(decoded)
            }
        }
    }

    /// Whether the body is complete when the peer closes now.
    pub(crate) fn may_end_by_close(&self) -> bool {
        matches!(self, Self::UntilClose | Self::Done)
    }
}

impl Chunked {
    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Decoded, FramingError> {
        loop {
            match &mut self.state {
                ChunkState::Data { left } => {
                    if buffer.is_empty() {
                        return Ok(Decoded::More);
                    }
                    let data = take(buffer, left);
                    if *left == 0 {
                        self.state = ChunkState::DataCarriageReturn;
                    }
                    return Ok(Decoded::Data(data));
                }
                ChunkState::Trailer => return self.decode_trailer(buffer),
                _ => {
                    if buffer.is_empty() {
                        return Ok(Decoded::More);
                    }
                    let byte = buffer.get_u8();
                    self.step(byte)?;
                }
            }
        }
    }

    /// One byte of the lines between the data.
    fn step(&mut self, byte: u8) -> Result<(), FramingError> {
        self.state = match (self.state, byte) {
            (ChunkState::Size { digits: SIZE_DIGITS_MAX, .. }, byte) if byte.is_ascii_hexdigit() => {
                return Err("a chunk size has more than 16 digits");
            }
            (ChunkState::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                ChunkState::Size { value: (value << 4) | u64::from(digit), digits: digits + 1 }
            }
            (ChunkState::Size { digits: 0, .. }, _) => return Err("a chunk has no size"),
            (ChunkState::Size { value, .. } | ChunkState::Extension { size: value }, b'\r') => {
                ChunkState::SizeLineFeed { size: value }
            }
            (ChunkState::Size { value, .. }, b';') => ChunkState::Extension { size: value },
            (ChunkState::Size { .. }, _) => return Err("a chunk size is not hexadecimal"),
            (ChunkState::Extension { size }, byte) => {
                if byte.is_ascii_control() && byte != b'\t' {
                    return Err("a chunk extension has a control character");
                }
                self.extension_bytes += 1;
                if self.extension_bytes > EXTENSION_BYTES_MAX {
                    return Err("the chunk extensions are too long");
                }
                ChunkState::Extension { size }
            }
            (ChunkState::SizeLineFeed { size: 0 }, b'\n') => ChunkState::Trailer,
            (ChunkState::SizeLineFeed { size }, b'\n') => ChunkState::Data { left: size },
            (ChunkState::SizeLineFeed { .. }, _) => return Err("a chunk size ends with a bare CR"),
            (ChunkState::DataCarriageReturn, b'\r') => ChunkState::DataLineFeed,
            (ChunkState::DataLineFeed, b'\n') => ChunkState::default(),
            (ChunkState::DataCarriageReturn | ChunkState::DataLineFeed, _) => {
                return Err("a chunk is longer than its size");
            }
            (state @ (ChunkState::Data { .. } | ChunkState::Trailer), _) => state,
        };
        Ok(())
    }

    fn decode_trailer(&mut self, buffer: &mut BytesMut) -> Result<Decoded, FramingError> {
        match &buffer[..] {
            [] | [b'\r'] => return Ok(Decoded::More),
            [b'\r', b'\n', ..] => {
                buffer.advance(2);
                return Ok(Decoded::End);
            }
            _ => {}
        }
        let limits =
            HeadLimits { first_line_bytes_max: TRAILER_BYTES_MAX, fields_bytes_max: TRAILER_BYTES_MAX };
        let span =
            self.trailer.advance(buffer, limits).map_err(|_| "the trailer is malformed or too long")?;
        let Some(span) = span else { return Ok(Decoded::More) };
        let section = buffer.split_to(span.end).freeze();
        parse_trailer(&section).map(Decoded::Trailers)
    }
}

fn parse_trailer(section: &Bytes) -> Result<HeaderMap, FramingError> {
    let mut fields = [httparse::EMPTY_HEADER; TRAILER_FIELDS_MAX];
    let Ok(httparse::Status::Complete((_, fields))) = httparse::parse_headers(section, &mut fields) else {
        return Err("the trailer is malformed or has too many fields");
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields.iter().filter(|field| allowed_in_trailer(field.name)) {
        let name =
            HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| "a trailer has an invalid name")?;
        let value = HeaderValue::from_maybe_shared(section.slice_ref(field.value))
            .map_err(|_| "a trailer has an invalid value")?;
        trailers.append(name, value);
    }
    Ok(trailers)
}

/// Splits off what is there of the next `left` bytes.
fn take(buffer: &mut BytesMut, left: &mut u64) -> Bytes {
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
    *left -= length as u64;
    buffer.split_to(length).freeze()
}
