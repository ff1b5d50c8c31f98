//! Reads and plays the transcripts of `examples/`; `examples/README.md` describes their form.

use std::time::Duration;

use testbed::{Client, Gateway, Reply, until};

/// How long `eventually` may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One fenced block: the words behind the fence, the lines inside, the line it starts at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    words: Vec<String>,
    lines: Vec<String>,
    line: usize,
}

/// The fenced blocks of a transcript, in order.
pub(crate) fn parse(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(words) => {
                is_inside = true;
                let words = words.split_whitespace().map(str::to_owned).collect();
                blocks.push(Block { words, lines: Vec::new(), line: index + 1 });
            }
            None if is_inside => {
                blocks.last_mut().expect("a fence has opened one").lines.push(line.to_owned());
            }
            None => {}
        }
    }
    assert!(!is_inside, "a fence is not closed");
    blocks
}

/// Plays a transcript against a gateway; panics where it is not kept.
pub(crate) fn play(name: &str, blocks: &[Block], gateway: &Gateway) {
    let mut blocks = blocks.iter();
    while let Some(block) = blocks.next() {
        let place = format!("{name}, line {}", block.line);
        let word = |index: usize| block.words.get(index).map(String::as_str);
        let path = || word(1).unwrap_or_else(|| panic!("{place}: a path is missing"));
        match word(0) {
            Some("request") => {
                let response =
                    blocks.next().filter(|next| next.words.first().is_some_and(|word| word == "response"));
                let response = response.unwrap_or_else(|| panic!("{place}: no response follows"));
                exchange(&place, block, response, gateway.client(), word(1) == Some("eventually"));
            }
            Some("websocket") => converse(&place, &block.lines, gateway.client(), path()),
            Some("file") => gateway.folder().write(path(), &(block.lines.join("\n") + "\n")),
            Some("remove") => std::fs::remove_file(gateway.path().join(path())).unwrap(),
            Some("log") => {
                let expected = &block.lines;
                let found = until(PATIENCE, || missing(expected, &gateway.log()).is_none().then_some(()));
                let log = gateway.log();
                assert!(found.is_some(), "{place}: {}:\n{log}", missing(expected, &log).unwrap_or_default());
            }
            other => panic!("{place}: `{other:?}` is no kind of block"),
        }
    }
}

fn exchange(place: &str, request: &Block, response: &Block, client: Client, is_repeated: bool) {
    let (first_line, fields, body) = message(&request.lines);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|field| field.split_once(':').unwrap_or_else(|| panic!("{place}: `{field}` is no field")))
        .map(|(name, value)| (name, value.trim()))
        .collect();
    let (method, target) = first_line.split_once(' ').unwrap_or_else(|| panic!("{place}: no request line"));
    let body = body.join("\n");
    let attempt = || {
        let reply = client.send(method, target, &fields, body.as_bytes());
        (difference(&response.lines, &reply), reply)
    };
    let patience = if is_repeated { PATIENCE } else { Duration::ZERO };
    if until(patience, || attempt().0.is_none().then_some(())).is_none()
        && let (Some(difference), reply) = attempt()
    {
        panic!("{place}: {difference} in the answer\n{reply}");
    }
}

/// What is expected and not there, or there and not expected.
fn difference(expected: &[String], reply: &Reply) -> Option<String> {
    let (status, fields, body) = message(expected);
    if status != reply.status.to_string() {
        return Some(format!("the status is {}, not {status},", reply.status));
    }
    for field in fields {
        let complaint = match field.strip_prefix('!') {
            Some(name) => reply.field(name).map(|_| format!("the field `{name}` is")),
            None => {
                let (name, value) = field.split_once(':').expect("an expected field has a colon");
                let fits = reply.values(name).any(|found| is_match(value.trim(), found));
                (!fits).then(|| format!("`{field}` is not"))
            }
        };
        if complaint.is_some() {
            return complaint;
        }
    }
    missing(body, &reply.text())
}

/// The first expected line that does not occur in its order, or the first unwanted text that occurs.
fn missing(expected: &[String], text: &str) -> Option<String> {
    let mut lines = text.lines();
    for line in expected.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        if let Some(unwanted) = line.strip_prefix('!') {
            if text.contains(unwanted) {
                return Some(format!("`{unwanted}` occurs"));
            }
        } else if !lines.any(|found| is_match(&format!("*{line}*"), found)) {
            return Some(format!("`{line}` does not occur, or not at its place,"));
        }
    }
    None
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn is_match(pattern: &str, text: &str) -> bool {
    let (mut parts, mut rest) = (pattern.split('*').peekable(), text);
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    if parts.peek().is_none() {
        return after.is_empty();
    }
    rest = after;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// The first line, the fields, and the lines behind the first empty one.
fn message(lines: &[String]) -> (&str, &[String], &[String]) {
    let Some((first, rest)) = lines.split_first() else { panic!("an empty message") };
    let end = rest.iter().position(String::is_empty).unwrap_or(rest.len());
    (first, &rest[..end], rest.get(end + 1..).unwrap_or_default())
}

fn converse(place: &str, lines: &[String], client: Client, target: &str) {
    let mut socket = client.websocket(target);
    for line in lines {
        match line.split_once(' ') {
            Some((">", text)) => socket.send_text(text),
            Some(("<", text)) => assert_eq!(socket.read_text(), text, "{place}"),
            _ => panic!("{place}: `{line}` is neither sent nor received"),
        }
    }
    socket.send_close(1000);
    assert_eq!(socket.read_close(), Some(1000), "{place}");
}

#[test]
fn a_star_stands_for_anything() {
    for (pattern, text, expected) in [
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("a*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "acb", false),
        ("*b*", "abc", true),
        ("*b*", "ac", false),
        ("*", "", true),
        ("a*a", "a", false),
    ] {
        assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(missing(&lines("one\nthree"), "one\ntwo\nthree\n"), None);
    assert!(missing(&lines("three\none"), "one\ntwo\nthree\n").unwrap().contains("`one`"));
    assert!(missing(&lines("!two"), "one\ntwo\n").unwrap().contains("`two` occurs"));
}
