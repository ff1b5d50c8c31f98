//! Sequences of HTTP/2 frames as text, and what comes back for them.
//!
//! ```text
//! # name
//! headers 1 eh GET /x                a request: stream, flags (`e` ends the stream, `h` the block), fields
//! headers 1 eh :method=GET|:path=/x  the same kind of frame with exactly these fields
//! continuation 1 h a=b               the rest of a block
//! data 1 e 3                         so many bytes
//! frame 4 0 0 000300000064           type, flags and stream in decimal, payload in hex
//! settings 4=0,5=1                   by number
//! window 1 1000
//! rst 1 8
//! ping
//! 1000* ping ; rst {i} 8             frames many times; `{i}` is 1, 3, 5 …
//! ...                                waits
//! = 1:200 open                       streams with their status, `rst` or `goaway` with its code, the connection
//! > GET /x 0                         what the origin saw
//! ```
//!
//! A case whose answer begins with `ends` says how the connection ends and nothing of single streams: how many are
//! answered before a flood is noticed is a matter of time.

use super::case::Seen;
use super::exchange::{PAUSE, SILENCE};
use super::origin::Origin;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of the head of a frame.
const HEAD: usize = 9;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// The pieces of a case, after the preface and our settings.
pub(super) fn pieces(lines: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut pieces = vec![[PREFACE, &frame(4, 0, 0, &[])].concat()];
    for line in lines {
        if line == "..." {
            pieces.push(Vec::new());
            continue;
        }
        let (times, line) = match line.split_once("* ") {
            Some((times, line)) if times.bytes().all(|byte| byte.is_ascii_digit()) => (times.parse()?, line),
            _ => (1_u32, line.as_str()),
        };
        for time in 0..times {
            let line = line.replace("{i}", &(2 * time + 1).to_string());
            for line in line.split(" ; ") {
                let bytes = encoded(line).with_context(|| format!("in `{line}`"))?;
                pieces.last_mut().context("there is a piece")?.extend(bytes);
            }
        }
    }
    Ok(pieces)
}

fn encoded(line: &str) -> Result<Vec<u8>> {
    let words: Vec<&str> = line.splitn(4, ' ').collect();
    let be = |number: &str| -> Result<[u8; 4]> { Ok(number.parse::<u32>()?.to_be_bytes()) };
    Ok(match words.as_slice() {
        ["headers", stream, flags, fields] => frame(1, bits(flags), stream.parse()?, &block(fields)?),
        ["continuation", stream, flags, fields] => frame(9, bits(flags), stream.parse()?, &block(fields)?),
        ["data", stream, flags, count] => frame(0, bits(flags), stream.parse()?, &vec![b'a'; count.parse()?]),
        ["rst", stream, code] => frame(3, 0, stream.parse()?, &be(code)?),
        ["window", stream, bytes] => frame(8, 0, stream.parse()?, &be(bytes)?),
        ["ping"] => frame(6, 0, 0, &[0; 8]),
        ["settings", settings] => {
            let mut payload = Vec::new();
            for setting in settings.split(',') {
                let (id, value) = setting.split_once('=').context("a setting is `number=value`")?;
                payload.extend(id.parse::<u16>()?.to_be_bytes());
                payload.extend(be(value)?);
            }
            frame(4, 0, 0, &payload)
        }
        ["frame", kind, flags, rest] => {
            let (stream, payload) = rest.split_once(' ').unwrap_or((rest, ""));
            frame(kind.parse()?, flags.parse()?, stream.parse()?, &hex(payload)?)
        }
        ["raw", rest @ ..] => hex(&rest.concat())?,
        _ => bail!("this is no line of a sequence"),
    })
}

fn bits(flags: &str) -> u8 {
    let bit = |letter, bit| if flags.contains(letter) { bit } else { 0 };
    bit('e', END_STREAM) | bit('h', END_HEADERS)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

fn hex(digits: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b' ').collect();
    let pairs = digits.chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    pairs.collect()
}

/// Fields as literals that no table remembers (RFC 7541, section 6.2.2). `GET /x` stands for the four of a request.
fn block(fields: &str) -> Result<Vec<u8>> {
    if let Some(digits) = fields.strip_prefix("hpack ") {
        return hex(digits);
    }
    let (request, further) = fields.split_once('|').unwrap_or((fields, ""));
    let fields = match request.split_once(' ') {
        Some((method, path)) if !request.contains('=') => {
            format!(":method={method}|:scheme=http|:authority=a.example|:path={path}|{further}")
        }
        _ => fields.to_owned(),
    };
    let mut block = Vec::new();
    for field in fields.split('|').filter(|field| !field.is_empty()) {
        let begin = field.get(1..).and_then(|rest| rest.find('=')).context("a field is `name=value`")? + 1;
        let (name, value) = (&field[..begin], &field[begin + 1..]);
        block.push(0);
        for text in [name, value] {
            let mut text = text.as_bytes().to_vec();
            if let Some(count) = text.strip_prefix(b"a*") {
                text = vec![b'a'; std::str::from_utf8(count)?.parse()?];
            }
            block.extend(integer(text.len()));
            block.extend(text);
        }
    }
    Ok(block)
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn integer(mut number: usize) -> Vec<u8> {
    if number < 127 {
        return vec![u8::try_from(number).unwrap_or(0)];
    }
    let mut bytes = vec![127];
    number -= 127;
    while number >= 128 {
        bytes.push(u8::try_from(number % 128).unwrap_or(0) | 128);
        number /= 128;
    }
    bytes.push(u8::try_from(number).unwrap_or(0));
    bytes
}

/// Sends a sequence and sees what happens.
pub(super) fn play(lines: &[String], expected: &Seen, port: u16, origin: &Origin) -> Result<Seen> {
    drop(origin.seen());
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = stream.try_clone()?;
    let collecting = std::thread::spawn(move || collect(&mut reader));
    for (index, piece) in pieces(lines)?.into_iter().enumerate() {
        if index > 0 {
            std::thread::sleep(PAUSE);
        }
        // A gateway may close before it has read everything.
        if stream.write_all(&piece).is_err() {
            break;
        }
    }
    let Ok(told) = collecting.join() else { bail!("the reader panicked") };
    let _ = stream.shutdown(Shutdown::Both);
    let is_brief = expected.answer.starts_with("ends");
    let mut seen = Seen { answer: told.text(is_brief), origin: origin.seen() };
    // Streams run side by side.
    seen.origin.sort();
    if is_brief {
        seen.origin.retain(|line| line.contains(super::SMUGGLED) || line.contains('!'));
        seen.origin.retain(|line| !line.ends_with("!body ends early"));
    }
    Ok(seen)
}

/// What came back.
#[derive(Default)]
struct Told {
    streams: BTreeMap<u32, String>,
    goaway: Option<u32>,
    is_closed: bool,
}

impl Told {
    fn text(&self, is_brief: bool) -> String {
        let mut words: Vec<String> = Vec::new();
        if is_brief {
            words.push("ends".to_owned());
        } else {
            words.extend(self.streams.iter().map(|(stream, told)| format!("{stream}:{told}")));
        }
        words.extend(self.goaway.map(|code| format!("goaway {code}")));
        words.push(if self.is_closed { "close" } else { "open" }.to_owned());
        words.join(" ")
    }
}

/// Reads until the end, or until nothing has come for a while.
fn collect(stream: &mut TcpStream) -> Told {
    let _ = stream.set_read_timeout(Some(SILENCE * 2));
    let (mut told, mut bytes, mut buffer) = (Told::default(), Vec::new(), vec![0; 64 * 1024]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => told.is_closed = true,
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                while let Some(length) = complete(&bytes) {
                    note(&mut told, &bytes[..length]);
                    bytes.drain(..length);
                }
                continue;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => told.is_closed = true,
        }
        return told;
    }
}

/// The length of the first frame, if all of it is there.
fn complete(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..HEAD)?;
    let length = HEAD + (usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]));
    (bytes.len() >= length).then_some(length)
}

fn note(told: &mut Told, frame: &[u8]) {
    let (head, payload) = frame.split_at(HEAD);
    let number = |at: usize| {
        payload.get(at..at + 4).map_or(0, |bytes| bytes.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
    };
    let stream = head[5..].iter().fold(0, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    let mut add = |word: String| {
        let entry = told.streams.entry(stream).or_default();
        if !entry.is_empty() {
            entry.push('+');
        }
        entry.push_str(&word);
    };
    match head[3] {
        1 => add(status(payload)),
        3 => add(format!("rst{}", number(0))),
        7 => told.goaway = Some(number(4)),
        _ => {}
    }
}

/// The status at the beginning of a block, as encoders write it (RFC 7541, appendices A and B); `?` when it is
/// written in another way.
fn status(block: &[u8]) -> String {
    const INDEXED: [&str; 7] = ["200", "204", "206", "304", "400", "404", "500"];
    match block {
        [first @ 0x88..=0x8e, ..] => INDEXED[usize::from(first - 0x88)].to_owned(),
        [0x08 | 0x48, length, rest @ ..] if length & 0x80 == 0 => {
            String::from_utf8_lossy(rest.get(..usize::from(*length)).unwrap_or_default()).into_owned()
        }
        [0x08 | 0x48, length, rest @ ..] => {
            digits(rest.get(..usize::from(length & 0x7f)).unwrap_or_default())
        }
        _ => "?".to_owned(),
    }
}

/// Three digits in Huffman's code: 0 to 2 have five bits, the others six.
fn digits(bytes: &[u8]) -> String {
    let bits: Vec<u32> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1))).collect();
    let value = |at: usize, count: usize| {
        bits.get(at..at + count).map(|bits| bits.iter().fold(0, |n, bit| n << 1 | bit))
    };
    let (mut at, mut text) = (0, String::new());
    while text.len() < 3 {
        let (digit, count) = match (value(at, 5), value(at, 6)) {
            (Some(short @ 0..=2), _) => (short, 5),
            (_, Some(long @ 25..=31)) => (long - 22, 6),
            _ => return "?".to_owned(),
        };
        at += count;
        text += &digit.to_string();
    }
    text
}
