//! An origin that writes down what it is asked, and reads nothing in two ways: a request that is not framed as plainly
//! as can be is written down as such.

use anyhow::Result;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// A connection that is silent for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// The origin.
pub(super) struct Origin {
    port: u16,
    seen: Receiver<String>,
}

impl Origin {
    /// Listens on a free port until the process ends.
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (sender, seen) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream, &sender));
            }
        });
        Ok(Self { port, seen })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What it has been asked since it was asked for this the last time.
    pub(super) fn seen(&self) -> Vec<String> {
        // A request whose response has come back was written down before; one without gets a moment.
        let mut lines: Vec<String> = self.seen.try_iter().collect();
        while let Ok(line) = self.seen.recv_timeout(Duration::from_millis(20)) {
            lines.push(line);
        }
        lines
    }
}

fn serve(stream: TcpStream, seen: &Sender<String>) {
    let _ = stream.set_read_timeout(Some(IDLE));
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    loop {
        match request(&mut reader) {
            None => return,
            Some(line) => {
                let is_whole = !line.contains(" !");
                let is_head = line.starts_with("HEAD ");
                if seen.send(line).is_err() || !is_whole {
                    return;
                }
                let body: &[u8] = if is_head { b"" } else { b"ok" };
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
                if writer.write_all(&[head, body].concat()).is_err() {
                    return;
                }
            }
        }
    }
}

/// Reads a request; `None` when there is no further one.
fn request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let line = line(reader)?;
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words.as_slice() else { return Some(format!("{line} !request line")) };
    let begin = format!("{method} {target}");
    let (mut length, mut chunked, mut hosts) = (None, false, 0);
    loop {
        let Some(field) = self::line(reader) else { return Some(format!("{begin} !head ends early")) };
        if field.is_empty() {
            break;
        }
        let Some((name, value)) = field.split_once(": ") else {
            return Some(format!("{begin} !field {field}"));
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" if length.is_some() => return Some(format!("{begin} !two lengths")),
            "content-length" => match value.parse::<usize>() {
                Ok(value) => length = Some(value),
                Err(_) => return Some(format!("{begin} !length {value}")),
            },
            "transfer-encoding" if value == "chunked" && !chunked => chunked = true,
            "transfer-encoding" => return Some(format!("{begin} !coding {value}")),
            "host" => hosts += 1,
            "connection" | "upgrade" | "keep-alive" | "te" | "proxy-connection" => {
                return Some(format!("{begin} !hop {name}: {value}"));
            }
            _ => {}
        }
    }
    let body = match (length, chunked, hosts) {
        (Some(_), true, _) => return Some(format!("{begin} !length beside chunks")),
        (_, _, 1) if chunked => chunks(reader),
        (_, _, 1) => exact(reader, length.unwrap_or_default()),
        _ => return Some(format!("{begin} !{hosts} hosts")),
    };
    Some(body.map_or_else(|| format!("{begin} !body ends early"), |bytes| format!("{begin} {bytes}")))
}

/// The number of bytes of a chunked body.
fn chunks(reader: &mut BufReader<TcpStream>) -> Option<usize> {
    let mut total = 0;
    loop {
        let size = usize::from_str_radix(&line(reader)?, 16).ok()?;
        if size == 0 {
            while !line(reader)?.is_empty() {}
            return Some(total);
        }
        exact(reader, size)?;
        line(reader).filter(String::is_empty)?;
        total += size;
    }
}

fn exact(reader: &mut BufReader<TcpStream>, length: usize) -> Option<usize> {
    let copied = std::io::copy(&mut reader.take(length as u64), &mut std::io::sink()).ok()?;
    (copied == length as u64).then_some(length)
}

/// A line that ends with CR and LF, without them.
fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    reader.take(1 << 20).read_until(b'\n', &mut bytes).ok()?;
    let bytes = bytes.strip_suffix(b"\r\n")?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}
