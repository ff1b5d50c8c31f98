//! JSON, read as leniently as the configurations people have, and as strictly as safety asks.
//!
//! An own reader, because it must do three things no library does together: give every value and every byte
//! of every string its place, go on after a mistake so that all of them show in one run, and accept comments,
//! single quotes, line breaks in strings and trailing commas with a note. A text with a syntax error yields no
//! tree at all: a guess at what was meant could leave a filter out.

mod lexical;
pub(crate) mod number;
mod strings;

use std::collections::HashMap;
use std::sync::Arc;

use crate::{Diagnostic, Entry, Node, Object, Source, Span, Value, errors};

/// Arrays and objects nested deeper than this are refused.
pub const MAXIMUM_DEPTH: usize = 128;
/// Larger files are refused: 16 MiB.
pub const MAXIMUM_FILE_BYTES: usize = 16 * 1024 * 1024;
/// After this many syntax errors and as many duplicate keys, reading stops.
const MAXIMUM_ERRORS: usize = 50;

/// What [`parse`] could make of a text.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; nothing when the text has a syntax error. With duplicate keys there is a tree (it holds the
    /// first of each), so that later stages can look for more mistakes, but `diagnostics` has errors.
    pub root: Option<Node>,
    /// Errors and notes in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a JSON text. Never panics, uses bounded stack, and takes time linear in the text.
pub fn parse(source: &Arc<Source>) -> Parsed {
    let mut reader = Reader::new(source);
    let root = reader.document();
    let root = root.filter(|_| reader.syntax_errors == 0);
    let mut diagnostics = reader.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.range().start));
    Parsed { root, diagnostics }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    bytes: &'a [u8],
    at: usize,
    /// The offsets of the brackets that are open, outermost first.
    open: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
    syntax_errors: usize,
    duplicates: usize,
    /// Nothing more is read or reported: the end was reached in error, or a limit.
    stopped: bool,
    /// The remarks already made; each is made once per file, at the first place.
    remarked: Vec<u16>,
    /// The last string, if it runs over several lines: when an error follows, a quote may be missing.
    broken_string: Option<Span>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<Source>) -> Reader<'a> {
        Reader {
            source,
            bytes: source.text().as_bytes(),
            at: 0,
            open: Vec::new(),
            diagnostics: Vec::new(),
            syntax_errors: 0,
            duplicates: 0,
            stopped: false,
            remarked: Vec::new(),
            broken_string: None,
        }
    }

    fn document(&mut self) -> Option<Node> {
        if self.bytes.len() > MAXIMUM_FILE_BYTES {
            self.error(errors::file_too_large(self.bytes.len()).at(self.span(0, 0)));
            return None;
        }
        self.space();
        if self.peek().is_none() {
            self.error(errors::empty_file(self.span(0, 0)));
            return None;
        }
        let root = self.value()?;
        self.space();
        if self.peek().is_some() {
            let start = self.at;
            self.at += self.character_length();
            let diagnostic = errors::trailing_content(self.span(start, self.at));
            self.error(diagnostic);
        }
        Some(root)
    }

    /// One value; nothing when there is none here (an error was reported and the place is after it or at it).
    fn value(&mut self) -> Option<Node> {
        let start = self.at;
        let value = match self.peek()? {
            b'{' => self.bracket(Self::object),
            b'[' => self.bracket(Self::array),
            b'"' | b'\'' => self.string().map(Value::String),
            b'-' | b'+' | b'.' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        };
        Some(Node { value: value?, span: self.span(start, self.at) })
    }

    /// Opens a bracket, reads what is in it, and closes it; refuses to go too deep.
    fn bracket(&mut self, inside: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        if self.open.len() >= MAXIMUM_DEPTH {
            self.error(errors::too_deep(self.span(self.at, self.at + 1)));
            self.stop();
            return None;
        }
        self.open.push(self.at);
        self.at += 1;
        let value = inside(self);
        self.open.pop();
        value
    }

    fn array(&mut self) -> Option<Value> {
        let mut elements = Vec::new();
        let mut comma = None;
        loop {
            self.space();
            match self.end_of_bracket(b']', comma) {
                End::Closed => return Some(Value::Array(elements)),
                End::Lost => return None,
                End::NotYet => {}
            }
            match self.value() {
                Some(element) => elements.push(element),
                None => self.recover(),
            }
            comma = self.comma(']');
        }
    }

    fn object(&mut self) -> Option<Value> {
        let mut entries = Vec::new();
        let mut comma = None;
        loop {
            self.space();
            match self.end_of_bracket(b'}', comma) {
                End::Closed => return Some(Value::Object(self.unique(entries))),
                End::Lost => return None,
                End::NotYet => {}
            }
            match self.entry() {
                Some(entry) => entries.push(entry),
                None => self.recover(),
            }
            comma = self.comma('}');
        }
    }

    fn entry(&mut self) -> Option<Entry> {
        let start = self.at;
        let key = match self.peek()? {
            b'"' | b'\'' => String::from(self.string()?),
            _ => self.bare_key()?,
        };
        let key_span = self.span(start, self.at);
        self.space();
        match self.peek() {
            Some(b':') => self.at += 1,
            // Reported as a bracket that is never closed.
            None => return None,
            _ => {
                self.expected("`:`");
                match self.peek() {
                    Some(b'=') => self.at += 1,
                    Some(byte) if starts_value(byte) => {}
                    _ => return None,
                }
            }
        }
        self.space();
        match self.peek() {
            Some(b',' | b'}' | b']') => {
                self.expected("a value");
                None
            }
            _ => Some(Entry { key, key_span, value: self.value()? }),
        }
    }

    /// Whether the bracket ends here; a wrong bracket ends it too, as a syntax error.
    fn end_of_bracket(&mut self, close: u8, comma: Option<usize>) -> End {
        let start = *self.open.last().expect("called only between the opening and the end of a bracket");
        let open = self.span(start, start + 1);
        match self.peek() {
            Some(byte) if byte == close => {
                if let Some(comma) = comma {
                    self.remark(errors::trailing_comma(self.span(comma, comma + 1)));
                }
                self.at += 1;
                End::Closed
            }
            Some(b']' | b'}') => {
                let diagnostic = errors::wrong_bracket(self.span(self.at, self.at + 1), &open, close as char);
                self.error(diagnostic);
                // When an outer bracket waits for this one, the inner one was forgotten.
                let other = if close == b']' { b'{' } else { b'[' };
                if !self.open.iter().any(|&outer| self.bytes[outer] == other) {
                    self.at += 1;
                }
                End::Lost
            }
            Some(b',') => {
                self.expected(if close == b']' { "a value" } else { "a key" });
                while self.peek() == Some(b',') {
                    self.at += 1;
                    self.space();
                }
                self.end_of_bracket_after_commas(close)
            }
            Some(_) => End::NotYet,
            None => {
                self.error(errors::unclosed_bracket(open, close as char));
                self.stop();
                End::Lost
            }
        }
    }

    /// The same question once superfluous commas are skipped; there is none left to recurse on.
    fn end_of_bracket_after_commas(&mut self, close: u8) -> End {
        match self.peek() {
            Some(b',') => End::NotYet,
            _ => self.end_of_bracket(close, None),
        }
    }

    /// Skips a comma and says where it was. Anything but a comma or a bracket is an error.
    fn comma(&mut self, close: char) -> Option<usize> {
        self.space();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.broken_string = None;
                return Some(self.at - 1);
            }
            b']' | b'}' => {}
            byte => {
                self.expected(&format!("`,` or `{close}`"));
                if !starts_value(byte) {
                    self.recover();
                    return self.comma_after_recovery();
                }
            }
        }
        None
    }

    fn comma_after_recovery(&mut self) -> Option<usize> {
        let found = self.peek() == Some(b',');
        self.at += usize::from(found);
        found.then(|| self.at - 1)
    }

    /// Keeps the first entry of each key and reports the others.
    fn unique(&mut self, entries: Vec<Entry>) -> Object {
        let mut first: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
        let mut repeated = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let original = *first.entry(&entry.key).or_insert(index);
            if original != index {
                repeated.push((index, original));
            }
        }
        let mut superfluous = vec![false; entries.len()];
        for (index, original) in repeated {
            superfluous[index] = true;
            self.duplicates += 1;
            if self.duplicates <= MAXIMUM_ERRORS && !self.stopped {
                let (again, original) = (&entries[index], &entries[original]);
                let diagnostic = errors::duplicate_key(&again.key, &again.key_span, &original.key_span);
                self.diagnostics.push(diagnostic);
            }
        }
        let kept = entries.into_iter().zip(superfluous).filter(|(_, superfluous)| !superfluous);
        Object::from_unique(kept.map(|(entry, _)| entry).collect())
    }
}

/// What [`Reader::end_of_bracket`] found.
enum End {
    /// The bracket is closed.
    Closed,
    /// The bracket ended in error.
    Lost,
    /// Another value follows.
    NotYet,
}

/// Whether a value may start with this byte (words are left out: they are more often left-overs).
fn starts_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'\'' | b'-' | b'0'..=b'9')
}
