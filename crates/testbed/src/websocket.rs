//! A WebSocket client: enough of RFC 6455 to hold a conversation.

use crate::Connection;

/// Any four bytes mask a frame; a test needs no unpredictable ones.
const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;

/// An open WebSocket.
#[derive(Debug)]
pub struct WebSocket(Connection);

impl WebSocket {
    /// Shakes hands on a connection; anything but a 101 fails the test.
    #[track_caller]
    pub(crate) fn open(mut connection: Connection, target: &str, fields: &[(&str, &str)]) -> Self {
        let handshake = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        connection.request("GET", target, &[&handshake, fields].concat(), b"");
        let reply = connection.reply();
        assert_eq!(reply.status, 101, "{reply}");
        assert_eq!(reply.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{reply}");
        Self(connection)
    }

    /// Sends a text message.
    pub fn send_text(&mut self, text: &str) {
        self.send(TEXT, text.as_bytes());
    }

    /// Reads a text message; anything else fails the test.
    #[track_caller]
    pub fn read_text(&mut self) -> String {
        let (opcode, payload) = self.read();
        assert_eq!(opcode, TEXT, "expected a text message, got {payload:?}");
        String::from_utf8(payload).expect("a text message is UTF-8")
    }

    /// Waits until so many bytes of what comes next are here.
    #[track_caller]
    pub fn wait_for_bytes(&mut self, length: usize) {
        while self.0.reader.buffer.len() < length {
            assert!(self.0.reader.more(), "the peer closed");
        }
    }

    /// Says good-bye.
    pub fn send_close(&mut self, code: u16) {
        self.send(CLOSE, &code.to_be_bytes());
    }

    /// Reads a close frame and the end of the connection; returns the status code.
    #[track_caller]
    pub fn read_close(&mut self) -> Option<u16> {
        let (opcode, payload) = self.read();
        assert_eq!(opcode, CLOSE, "expected a close frame, got {payload:?}");
        assert_eq!(self.0.read_to_end(), b"", "nothing follows a close frame");
        payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }

    /// Reads a close frame, answers it as browsers do, and reads the end of the connection; returns code and reason.
    #[track_caller]
    pub fn answer_close(&mut self) -> (u16, String) {
        let (opcode, payload) = self.read();
        assert_eq!(opcode, CLOSE, "expected a close frame, got {payload:?}");
        let (code, reason) = payload.split_first_chunk().expect("a close frame with a code");
        let code = u16::from_be_bytes(*code);
        self.send_close(code);
        assert_eq!(self.0.read_to_end(), b"", "nothing follows a close frame");
        (code, String::from_utf8(reason.to_vec()).expect("a reason is UTF-8"))
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match u8::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length),
            _ => {
                frame.push(0xff);
                frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.0.send(&frame);
    }

    #[track_caller]
    fn read(&mut self) -> (u8, Vec<u8>) {
        let reader = &mut self.0.reader;
        let head = reader.exactly(2);
        let extended = match head[1] {
            126 => reader.exactly(2),
            127 => reader.exactly(8),
            length => vec![length],
        };
        let length = extended.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
        (head[0] & 0x0f, reader.exactly(length))
    }
}
