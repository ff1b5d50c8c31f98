//! Files as people know them, and places in them.
//!
//! A [`Span`] holds its file by reference count, so a place found at load time can still be shown with its
//! line and caret long after the loader has gone. Offsets are 32 bits wide: no accepted file is larger.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text and the name people know it by.
pub struct Source {
    name: String,
    text: String,
    /// The byte offset at which each line starts; the first is always 0.
    line_starts: Vec<u32>,
}

impl Source {
    /// Wraps a text. `name` is what messages print, for example `config/routes/10-app.json`.
    ///
    /// A byte order mark at the start is dropped, so that columns agree with what editors show. A text too
    /// long for 32-bit offsets is cut at 4 GiB; [`parse`](crate::parse) refuses such a file long before.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        let mut text: String = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        if u32::try_from(text.len()).is_err() {
            text.truncate(text.floor_char_boundary(u32::MAX as usize));
        }
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| narrow(at + 1))).collect();
        Arc::new(Source { name: name.into(), text, line_starts })
    }

    /// The name given at creation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line (from 1) and the column (from 1, in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let line = self.line_starts.partition_point(|&start| start as usize <= offset);
        // There are as many lines as line starts, the first of which is 0: `line` is at least 1.
        let start = self.line_starts[line - 1] as usize;
        let column = self.text[start..offset].chars().count() + 1;
        (line, column)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Source({:?}, {} bytes)", self.name, self.text.len())
    }
}

/// A stretch of one file: byte offsets `start..end` that always lie on character boundaries.
#[derive(Clone)]
pub struct Span {
    source: Arc<Source>,
    start: u32,
    end: u32,
}

impl Span {
    /// A span over `range` of `source`. A range outside the text, backwards, or inside a character is
    /// widened or cut to the nearest sound one, so that no caller can make a span that panics later.
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Span {
        let text = source.text();
        let start = text.floor_char_boundary(range.start.min(text.len()));
        let end = text.ceil_char_boundary(range.end.clamp(start, text.len()));
        Span { source: Arc::clone(source), start: narrow(start), end: narrow(end) }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// The file itself.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The byte offsets in the file.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The line and the column of the first character, both from 1; columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        self.source.line_column(self.start as usize)
    }

    /// The line and the column just past the last character, both from 1.
    pub fn end_line_column(&self) -> (usize, usize) {
        self.source.line_column(self.end as usize)
    }

    /// The text under the span.
    pub fn text(&self) -> &str {
        &self.source.text()[self.range()]
    }

    /// A part of this span; `range` counts bytes from this span's start and is cut to this span's end.
    pub fn sub(&self, range: Range<usize>) -> Span {
        let length = (self.end - self.start) as usize;
        let start = self.start as usize;
        Span::new(&self.source, start + range.start.min(length)..start + range.end.min(length))
    }

    /// From this span's start to `other`'s end; this span itself when the two are of different files.
    pub fn to(&self, other: &Span) -> Span {
        match self.same_file(other) {
            true => Span::new(&self.source, self.start as usize..other.end.max(self.end) as usize),
            false => self.clone(),
        }
    }

    /// Whether both are places in the very same text.
    pub(crate) fn same_file(&self, other: &Span) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }
}

/// `file:line:column`, the form editors and terminals turn into a link.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(formatter, "{}:{line}:{column}", self.file())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Equal when the offsets are equal and the file is the same one (not merely of the same name).
impl PartialEq for Span {
    fn eq(&self, other: &Span) -> bool {
        self.same_file(other) && (self.start, self.end) == (other.start, other.end)
    }
}

impl Eq for Span {}

/// Offsets fit: `Source::new` cuts every text to what 32 bits can address.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
