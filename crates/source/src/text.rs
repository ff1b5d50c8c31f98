//! Strings that remember where each of their bytes was written.
//!
//! An expression inside a JSON string is compiled from the *decoded* text: escapes are gone and tokens are
//! replaced. A mistake in it must still be underlined in the file, at the characters the person typed. So a
//! [`Text`] carries a list of segments. A segment is either copied byte for byte from the file, where offsets
//! map one to one, or it stands for something else (an escape, a token), where every offset maps to the whole
//! of what was written.

use std::fmt;
use std::ops::{Deref, Range};

use crate::Span;

/// A decoded string and the map from its bytes to the file.
///
/// A text made from a plain string (`Text::from("…")`) has no map; its places are the whole span.
#[derive(Clone, Default)]
pub struct Text {
    text: String,
    /// In order of `at`, without gaps when the text has a map at all.
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Where the segment starts in the decoded text.
    at: usize,
    /// What it was written as: byte offsets in the file.
    start: usize,
    end: usize,
    /// Whether the decoded bytes are the written ones.
    verbatim: bool,
}

impl Text {
    /// The decoded string.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The place in the file where `range` of this text was written.
    ///
    /// `whole` is the span of the node that holds the text: it names the file, and is the answer when the
    /// text has no map. A range within an escape or a token answers the whole escape or token.
    pub fn span_of(&self, range: Range<usize>, whole: &Span) -> Span {
        if self.segments.is_empty() {
            return whole.clone();
        }
        let range = self.written(range);
        Span::new(whole.source(), range)
    }

    /// A part of this text, with its map; `range` must lie on character boundaries, else it is widened.
    pub fn slice(&self, range: Range<usize>) -> Text {
        let mut builder = TextBuilder::default();
        builder.push_slice(self, range);
        builder.finish()
    }

    /// Several texts as one, a newline between them; each keeps its map.
    pub fn joined_lines<'a>(lines: impl IntoIterator<Item = &'a Text>) -> Text {
        let mut builder = TextBuilder::default();
        for (index, line) in lines.into_iter().enumerate() {
            if index > 0 {
                // The newline was written nowhere; the end of the line before it is the nearest place.
                let end = builder.text.segments.last().map_or(0, |last| last.end);
                builder.push_opaque("\n", end..end);
            }
            builder.push_slice(line, 0..line.len());
        }
        builder.finish()
    }

    /// Where `range` was written; only for a text with a map.
    fn written(&self, range: Range<usize>) -> Range<usize> {
        let start = self.offset(range.start, Edge::Start);
        match range.is_empty() {
            true => start..start,
            false => start..self.offset(range.end, Edge::End).max(start),
        }
    }

    /// The file offset of a text offset: at a seam, a start belongs to what follows, an end to what precedes.
    fn offset(&self, at: usize, edge: Edge) -> usize {
        let at = at.min(self.text.len());
        let following = match edge {
            Edge::Start => self.segments.partition_point(|segment| segment.at <= at),
            Edge::End => self.segments.partition_point(|segment| segment.at < at),
        };
        let Some(segment) = self.segments.get(following.saturating_sub(1)) else { return 0 };
        match (segment.verbatim, edge) {
            (true, _) => (segment.start + (at - segment.at.min(at))).min(segment.end),
            // Past the last byte of the text, the place is behind the segment.
            (false, Edge::Start) if at == self.text.len() && at > segment.at => segment.end,
            (false, Edge::Start) => segment.start,
            (false, Edge::End) => segment.end,
        }
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text { text, segments: Vec::new() }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::from(text.to_owned())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.text
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text, formatter)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

/// Equal when the strings are; where they were written does not matter.
impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.text == other.text
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

/// Builds a [`Text`] piece by piece.
#[derive(Default)]
pub(crate) struct TextBuilder {
    text: Text,
}

impl TextBuilder {
    /// Appends bytes copied from the file, the first of which stands at file offset `start`.
    pub(crate) fn push_verbatim(&mut self, piece: &str, start: usize) {
        if !piece.is_empty() {
            self.push(piece, start..start + piece.len(), true);
        }
    }

    /// Appends a piece that was written as something else, at `written` in the file.
    pub(crate) fn push_opaque(&mut self, piece: &str, written: Range<usize>) {
        if !piece.is_empty() {
            self.push(piece, written, false);
        }
    }

    /// Appends a part of another text and its map. A text without a map lends none.
    pub(crate) fn push_slice(&mut self, text: &Text, range: Range<usize>) {
        let start = text.text.floor_char_boundary(range.start.min(text.len()));
        let end = text.text.ceil_char_boundary(range.end.clamp(start, text.len()));
        if text.segments.is_empty() {
            self.text.text.push_str(&text.text[start..end]);
            return;
        }
        let first = text.segments.partition_point(|segment| segment.at <= start).saturating_sub(1);
        for (index, segment) in text.segments.iter().enumerate().skip(first) {
            let next = text.segments.get(index + 1).map_or(text.len(), |next| next.at);
            let (from, to) = (segment.at.max(start), next.min(end));
            if from >= to {
                break;
            }
            let piece = &text.text[from..to];
            match segment.verbatim {
                true => self.push_verbatim(piece, segment.start + (from - segment.at)),
                false => self.push_opaque(piece, segment.start..segment.end),
            }
        }
    }

    /// Appends a piece that stands for `range` of another text.
    pub(crate) fn push_for(&mut self, piece: &str, text: &Text, range: Range<usize>) {
        match text.segments.is_empty() {
            true => self.text.text.push_str(piece),
            false => self.push_opaque(piece, text.written(range)),
        }
    }

    /// The finished text.
    pub(crate) fn finish(self) -> Text {
        self.text
    }

    fn push(&mut self, piece: &str, written: Range<usize>, verbatim: bool) {
        let at = self.text.text.len();
        self.text.text.push_str(piece);
        if let Some(last) = self.text.segments.last_mut()
            && (last.verbatim && verbatim && last.end == written.start)
        {
            last.end = written.end;
            return;
        }
        self.text.segments.push(Segment { at, start: written.start, end: written.end, verbatim });
    }
}

/// Carries the map of `inner`, a text that was read out of `outer`, over to the file `outer` stands in.
pub(crate) fn relocate(inner: &Text, outer: &Text) -> Text {
    let mut builder = TextBuilder::default();
    for (index, segment) in inner.segments.iter().enumerate() {
        let next = inner.segments.get(index + 1).map_or(inner.len(), |next| next.at);
        match segment.verbatim {
            true => builder.push_slice(outer, segment.start..segment.end),
            false => builder.push_for(&inner.text[segment.at..next], outer, segment.start..segment.end),
        }
    }
    builder.finish()
}
