//! [`FrameWatch`]: where a stream of WebSocket frames stands (RFC 6455, section 5.2). It reads frame headers only.

use super::ConnectorOptions;

/// Follows the frames of one direction.
#[derive(Debug, Clone)]
pub(crate) struct FrameWatch {
    frame_bytes_max: u64,
    message_bytes_max: u64,
    message_bytes: u64,
    /// The bytes of a frame header that is not complete: at most 14.
    header: [u8; 14],
    header_bytes: usize,
    payload_left: u64,
    /// A close frame has begun.
    is_last: bool,
}

impl FrameWatch {
    /// A watch over what clients of a connector send.
    pub(crate) fn of_clients(options: &ConnectorOptions) -> Self {
        let frame_bytes_max = options.websocket_frame_bytes_max.unwrap_or(u64::MAX);
        let message_bytes_max = options.websocket_message_bytes_max.unwrap_or(u64::MAX);
        Self::new(frame_bytes_max, message_bytes_max)
    }

    fn new(frame_bytes_max: u64, message_bytes_max: u64) -> Self {
        Self {
            frame_bytes_max,
            message_bytes_max,
            message_bytes: 0,
            header: [0; 14],
            header_bytes: 0,
            payload_left: 0,
            is_last: false,
        }
    }

    /// A watch that finds nothing too big.
    pub(crate) fn unlimited() -> Self {
        Self::new(u64::MAX, u64::MAX)
    }

    /// Whether anything could be too big.
    pub(crate) fn has_limits(&self) -> bool {
        (self.frame_bytes_max, self.message_bytes_max) != (u64::MAX, u64::MAX)
    }

    /// Whether every frame that begins in `bytes` keeps the limits. Those that do not are followed as well.
    pub(crate) fn accepts(&mut self, mut bytes: &[u8]) -> bool {
        let mut are_accepted = true;
        while !bytes.is_empty() {
            let (length, is_accepted) = self.follow_frame(bytes);
            are_accepted &= is_accepted;
            bytes = &bytes[length..];
        }
        are_accepted
    }

    /// Whether the bytes so far end with a frame.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.header_bytes == 0 && self.payload_left == 0
    }

    /// Whether a close frame has begun.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_last
    }

    /// Whether a close frame has come to its end, so that nothing may follow.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_last && self.is_between_frames()
    }

    /// How many of the bytes that come next belong to the frame in progress; none between frames.
    pub(crate) fn rest_of_frame(&self, bytes: &[u8]) -> usize {
        if self.is_between_frames() { 0 } else { self.clone().follow_frame(bytes).0 }
    }

    /// Follows one frame, in progress or a new one, up to its end: the bytes it has of these, and whether it keeps
    /// the limits if it begins here.
    fn follow_frame(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut length = 0;
        while self.payload_left == 0 {
            let Some(byte) = bytes.get(length) else { return (length, true) };
            length += 1;
            self.header[self.header_bytes] = *byte;
            self.header_bytes += 1;
            if self.header_bytes == header_length(&self.header[..self.header_bytes]) {
                self.header_bytes = 0;
                let is_accepted = self.begin_frame();
                if !is_accepted || self.payload_left == 0 {
                    return (length, is_accepted);
                }
            }
        }
        let bytes_left = bytes.len() - length;
        let skipped = usize::try_from(self.payload_left).unwrap_or(usize::MAX).min(bytes_left);
        self.payload_left -= skipped as u64;
        (length + skipped, true)
    }

    /// Counts the frame whose header is complete.
    fn begin_frame(&mut self) -> bool {
        let length = |bytes: &[u8]| bytes.iter().fold(0u64, |length, byte| (length << 8) | u64::from(*byte));
        self.payload_left = match self.header[1] & 0x7f {
            126 => length(&self.header[2..4]),
            127 => length(&self.header[2..10]),
            short => u64::from(short),
        };
        self.is_last |= self.header[0] & 0x0f == 0x08;
        let is_control = self.header[0] & 0x08 != 0;
        if is_control {
            return self.payload_left <= self.frame_bytes_max;
        }
        self.message_bytes = self.message_bytes.saturating_add(self.payload_left);
        let accepted =
            self.payload_left <= self.frame_bytes_max && self.message_bytes <= self.message_bytes_max;
        let is_final = self.header[0] & 0x80 != 0;
        if is_final {
            self.message_bytes = 0;
        }
        accepted
    }
}

/// The length of a frame header that begins with these bytes; 14 until that is known.
fn header_length(header: &[u8]) -> usize {
    let [_, second, ..] = header else { return 14 };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    2 + extended + mask
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with this first byte and an unmasked or masked payload.
    fn frame(first: u8, is_masked: bool, length: usize) -> Vec<u8> {
        let mask = if is_masked { 0x80 } else { 0 };
        let mut bytes = vec![first];
        match u16::try_from(length) {
            Ok(short @ 0..=125) => bytes.push(mask | short as u8),
            Ok(length) => {
                bytes.push(mask | 126);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                bytes.push(mask | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        if is_masked {
            bytes.extend_from_slice(&[0x88, 0x88, 0x88, 0x88]);
        }
        bytes.extend(std::iter::repeat_n(0x88, length));
        bytes
    }

    /// Frames of all kinds of headers; the payload looks like a close frame on purpose.
    fn frames() -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        for is_masked in [false, true] {
            for (first, length) in [(0x81, 0), (0x01, 5), (0x89, 125), (0x80, 126), (0x82, 300)] {
                frames.push(frame(first, is_masked, length));
            }
        }
        frames
    }

    #[test]
    fn the_ends_of_frames_are_found_wherever_the_bytes_are_split() {
        let frames = frames();
        let mut ends: Vec<usize> = vec![0];
        ends.extend(frames.iter().scan(0, |end, frame| {
            *end += frame.len();
            Some(*end)
        }));
        let bytes = frames.concat();
        for split in 0..=bytes.len() {
            let mut watch = FrameWatch::unlimited();
            assert!(watch.accepts(&bytes[..split]));
            assert_eq!(watch.is_between_frames(), ends.contains(&split), "after {split}");
            let end = *ends.iter().find(|end| **end >= split).unwrap();
            let rest = &bytes[split..];
            assert_eq!(watch.rest_of_frame(rest), end - split, "of what follows {split}");
            // Of a rest that comes in two pieces, too.
            let piece = &rest[..(end - split).div_ceil(2)];
            assert_eq!(watch.rest_of_frame(piece), piece.len(), "of the next bytes after {split}");
            assert!(watch.accepts(rest));
            assert!(watch.is_between_frames() && !watch.is_closing());
        }
    }

    #[test]
    fn byte_by_byte_is_the_same() {
        let bytes = frames().concat();
        let mut watch = FrameWatch::unlimited();
        let ends = bytes.iter().filter(|byte| watch.accepts(&[**byte]) && watch.is_between_frames()).count();
        assert_eq!(ends, frames().len());
    }

    #[test]
    fn a_close_frame_is_the_last_one() {
        let close = frame(0x88, true, 2);
        let bytes = [frame(0x81, true, 70_000), close.clone()].concat();
        let begin = bytes.len() - close.len();
        for split in 0..=bytes.len() {
            let mut watch = FrameWatch::unlimited();
            watch.accepts(&bytes[..split]);
            // The header says it: first byte, length, mask.
            assert_eq!(watch.is_closing(), split >= begin + 6, "after {split}");
            assert_eq!(watch.is_closed(), split == bytes.len(), "after {split}");
        }
    }
}
