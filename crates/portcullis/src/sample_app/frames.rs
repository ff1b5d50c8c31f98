//! WebSocket frames (RFC 6455, section 5), as a server reads and writes them. Pure: bytes in, frames out.

use bytes::{Buf, BytesMut};

/// Bytes of one frame's payload, and of one message.
pub(super) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A control frame carries no more (section 5.5).
const CONTROL_BYTES_MAX: usize = 125;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// The status code, if one was given.
    Close(Option<u16>),
}

/// Why a connection cannot go on: the status code to close it with (section 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Violation(pub(super) u16);

const PROTOCOL_ERROR: Violation = Violation(1002);
const NOT_TEXT: Violation = Violation(1007);
const TOO_BIG: Violation = Violation(1009);

/// Puts frames together into messages.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Opcode and payload of a message that has begun.
    begun: Option<(u8, Vec<u8>)>,
}

impl Reader {
    /// The next message of `buffer`; `None` when more bytes are needed.
    pub(super) fn read(&mut self, buffer: &mut BytesMut) -> Result<Option<Message>, Violation> {
        while let Some((is_final, opcode, payload)) = read_frame(buffer)? {
            if let Some(message) = self.accept(is_final, opcode, payload)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn accept(&mut self, is_final: bool, opcode: u8, payload: Vec<u8>) -> Result<Option<Message>, Violation> {
        let (opcode, payload) = match (opcode, self.begun.take()) {
            (CLOSE | PING | PONG, begun) => {
                self.begun = begun;
                return control(opcode, payload).map(Some);
            }
            (TEXT | BINARY, None) => (opcode, payload),
            (CONTINUATION, Some((opcode, mut before))) => {
                if before.len() + payload.len() > MESSAGE_BYTES_MAX {
                    return Err(TOO_BIG);
                }
                before.extend(payload);
                (opcode, before)
            }
            _ => return Err(PROTOCOL_ERROR),
        };
        if !is_final {
            self.begun = Some((opcode, payload));
            return Ok(None);
        }
        match opcode {
            TEXT => Ok(Some(Message::Text(String::from_utf8(payload).map_err(|_| NOT_TEXT)?))),
            _ => Ok(Some(Message::Binary(payload))),
        }
    }
}

fn control(opcode: u8, payload: Vec<u8>) -> Result<Message, Violation> {
    match (opcode, payload.as_slice()) {
        (PING, _) => Ok(Message::Ping(payload)),
        (PONG, _) => Ok(Message::Pong),
        (_, []) => Ok(Message::Close(None)),
        (_, [_]) => Err(PROTOCOL_ERROR),
        (_, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            // Codes that only stand for something inside an endpoint are never sent (section 7.4).
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(PROTOCOL_ERROR);
            }
            std::str::from_utf8(reason).map_err(|_| NOT_TEXT)?;
            Ok(Message::Close(Some(code)))
        }
    }
}

/// One frame from a client: whether it ends its message, the opcode, the payload.
fn read_frame(buffer: &mut BytesMut) -> Result<Option<(bool, u8, Vec<u8>)>, Violation> {
    let [first, second, rest @ ..] = &buffer[..] else { return Ok(None) };
    let (is_final, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0f);
    let is_masked = second & 0x80 != 0;
    let short_length = second & 0x7f;
    // A client masks every frame, and nothing was agreed that would use the reserved bits (section 5.1, 5.2).
    if reserved != 0 || !is_masked || !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
        return Err(PROTOCOL_ERROR);
    }
    if opcode >= CLOSE && (!is_final || usize::from(short_length) > CONTROL_BYTES_MAX) {
        return Err(PROTOCOL_ERROR);
    }
    let extended_bytes = match short_length {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(extended) = rest.get(..extended_bytes) else { return Ok(None) };
    let length = match extended_bytes {
        0 => u64::from(short_length),
        _ => extended.iter().fold(0, |length, byte| (length << 8) | u64::from(*byte)),
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= MESSAGE_BYTES_MAX).ok_or(TOO_BIG)?;
    let Some(mask) = rest.get(extended_bytes..extended_bytes + 4) else { return Ok(None) };
    let mask = [mask[0], mask[1], mask[2], mask[3]];
    let header_bytes = 2 + extended_bytes + 4;
    if buffer.len() < header_bytes + length {
        return Ok(None);
    }
    buffer.advance(header_bytes);
    let payload = buffer.split_to(length);
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Ok(Some((is_final, opcode, payload)))
}

/// The answer to a message, as a frame of the server; an echo.
pub(super) fn answer(message: &Message) -> Vec<u8> {
    match message {
        Message::Text(text) => frame(TEXT, text.as_bytes()),
        Message::Binary(bytes) => frame(BINARY, bytes),
        Message::Ping(bytes) => frame(PONG, bytes),
        Message::Pong => Vec::new(),
        Message::Close(None) => frame(CLOSE, &[]),
        Message::Close(Some(code)) => close(*code),
    }
}

/// A frame that closes the connection.
pub(super) fn close(code: u16) -> Vec<u8> {
    frame(CLOSE, &code.to_be_bytes())
}

/// A frame that is final and, as a server's must be, not masked.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..=125 => frame.push(u8::try_from(length).expect("the pattern bounds it")),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(length).expect("the pattern bounds it").to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads everything, byte by byte, and prints what came out.
    fn check(bytes: &[u8], expected: &str) {
        let mut reader = Reader::default();
        let mut buffer = BytesMut::new();
        let mut found = Vec::new();
        for byte in bytes {
            buffer.extend_from_slice(&[*byte]);
            match reader.read(&mut buffer) {
                Ok(None) => {}
                Ok(Some(message)) => found.push(format!("{message:?}")),
                Err(Violation(code)) => {
                    found.push(format!("closed with {code}"));
                    break;
                }
            }
        }
        assert_eq!(found.join(", "), expected);
    }

    #[test]
    fn reads_the_masked_hello_of_the_specification() {
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        check(&hello, r#"Text("Hello")"#);
    }

    #[test]
    fn puts_fragments_together_around_a_ping() {
        let (begin, ping, end) =
            ([0x01, 0x81, 0, 0, 0, 0, b'a'], [0x89, 0x80, 0, 0, 0, 0], [0x80, 0x81, 0, 0, 0, 0, b'b']);
        check(&[&begin[..], &ping, &end].concat(), r#"Ping([]), Text("ab")"#);
    }

    #[test]
    fn refuses_what_the_specification_forbids() {
        check(&[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], "closed with 1002"); // not masked
        check(&[0xc1, 0x80, 0, 0, 0, 0], "closed with 1002"); // a reserved bit
        check(&[0x83, 0x80, 0, 0, 0, 0], "closed with 1002"); // an unknown opcode
        check(&[0x80, 0x80, 0, 0, 0, 0], "closed with 1002"); // a continuation of nothing
        check(&[0x09, 0x80, 0, 0, 0, 0], "closed with 1002"); // a control frame in parts
        check(&[0x88, 0x81, 0, 0, 0, 0, 3], "closed with 1002"); // half a status code
        check(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], "closed with 1002"); // 1005 is never sent
        check(&[0x81, 0x81, 0, 0, 0, 0, 0xff], "closed with 1007"); // not UTF-8
        check(&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1], "closed with 1009"); // 1 MiB and a byte
    }

    #[test]
    fn a_message_in_parts_has_the_limit_of_a_whole_one() {
        let part = |first: u8| {
            let mut frame = vec![first, 0xff];
            frame.extend_from_slice(&(MESSAGE_BYTES_MAX as u64).to_be_bytes());
            frame.extend_from_slice(&[0; 4]);
            frame.resize(frame.len() + MESSAGE_BYTES_MAX, 0);
            frame
        };
        let mut reader = Reader::default();
        let mut buffer = BytesMut::from(&part(0x02)[..]);
        assert_eq!(reader.read(&mut buffer), Ok(None));
        buffer.extend_from_slice(&[0x80, 0x81, 0, 0, 0, 0, 0]);
        assert_eq!(reader.read(&mut buffer), Err(TOO_BIG));
    }

    #[test]
    fn writes_each_form_of_length() {
        assert_eq!(answer(&Message::Text("Hello".to_owned())), [0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(answer(&Message::Binary(vec![0; 256]))[..4], [0x82, 126, 1, 0]);
        assert_eq!(answer(&Message::Binary(vec![0; 65536]))[..10], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(close(1009), [0x88, 2, 0x03, 0xf1]);
    }
}
