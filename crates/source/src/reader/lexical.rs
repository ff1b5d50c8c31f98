//! The reader's small pieces: spaces and comments, numbers and words, errors and the way back from them.

use super::{MAXIMUM_ERRORS, Reader, number};
use crate::{Diagnostic, Span, Value, errors};

impl Reader<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start..end)
    }

    /// The length in bytes of the character here.
    pub(super) fn character_length(&self) -> usize {
        self.source.text().get(self.at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    }

    /// Skips spaces and comments.
    pub(super) fn space(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') if matches!(self.bytes.get(self.at + 1), Some(b'/' | b'*')) => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start + 2..];
        if self.bytes[start + 1] == b'/' {
            self.at =
                rest.iter().position(|&byte| byte == b'\n').map_or(self.bytes.len(), |at| start + 2 + at);
        } else if let Some(end) = rest.windows(2).position(|pair| pair == b"*/") {
            self.at = start + 2 + end + 2;
        } else {
            self.error(errors::unclosed_comment(self.span(start, start + 2)));
            self.stop();
            return;
        }
        self.remark(errors::comment(self.span(start, start + 2)));
    }

    pub(super) fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let span = self.run(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte));
        match number::read(&self.source.text()[start..self.at]) {
            Some(number) => Some(Value::Number(number)),
            None => {
                self.error(errors::invalid_number(span));
                None
            }
        }
    }

    /// `true`, `false`, `null`; any other word or character is an error.
    pub(super) fn word(&mut self) -> Option<Value> {
        let start = self.at;
        let span = self.run(is_word);
        if self.at == start {
            self.expected("a value");
            return None;
        }
        match &self.bytes[start..self.at] {
            b"true" => Some(Value::Bool(true)),
            b"false" => Some(Value::Bool(false)),
            b"null" => Some(Value::Null),
            _ => {
                self.error(errors::unknown_word(span));
                None
            }
        }
    }

    /// A key without quotes: an error, but the entry can be read on when a `:` follows.
    pub(super) fn bare_key(&mut self) -> Option<String> {
        let span = self.run(is_word);
        if span.range().is_empty() {
            self.expected("a key in quotes");
            return None;
        }
        let key = span.text().to_owned();
        self.error(errors::unquoted_key(span));
        self.space();
        (self.peek() == Some(b':')).then_some(key)
    }

    fn run(&mut self, belongs: fn(u8) -> bool) -> Span {
        let start = self.at;
        self.at += self.bytes[start..].iter().take_while(|&&byte| belongs(byte)).count();
        self.span(start, self.at)
    }

    /// Reports that something else should stand here.
    pub(super) fn expected(&mut self, what: &str) {
        let at = self.span(self.at, self.at + self.character_length());
        let diagnostic = match at.text() {
            "“" | "”" | "„" | "‘" | "’" => errors::curly_quote(at),
            "" => errors::expected(what, "the end of the file", at),
            quote @ ("\"" | "'") => errors::expected(what, &format!("`{quote}`"), at.clone()),
            found => errors::expected(what, &format!("`{}`", found.escape_debug()), at.clone()),
        };
        match self.broken_string.take() {
            // Strings and gaps have changed places: all that follows would be noise.
            Some(string) => {
                self.error(diagnostic.also(&string, "is a quote missing in this string?"));
                self.stop();
            }
            None => self.error(diagnostic),
        }
    }

    /// Reports a syntax error, unless reading has stopped.
    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        if self.stopped {
            return;
        }
        self.syntax_errors += 1;
        let place = diagnostic.span.clone();
        self.diagnostics.push(diagnostic);
        if self.syntax_errors >= MAXIMUM_ERRORS {
            let place = place.unwrap_or_else(|| self.span(self.at, self.at));
            self.diagnostics.push(errors::too_many_errors(place, self.syntax_errors));
            self.stop();
        }
    }

    /// Remarks on something lenient, once per file and kind.
    pub(super) fn remark(&mut self, diagnostic: Diagnostic) {
        if !self.stopped && !self.remarked.contains(&diagnostic.code.number) {
            self.remarked.push(diagnostic.code.number);
            self.diagnostics.push(diagnostic);
        }
    }

    /// Ends the reading: every loop sees the end of the text, and nothing more is reported.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.at = self.bytes.len();
    }

    /// After an error: goes to the next `,` or closing bracket of the bracket we are in.
    pub(super) fn recover(&mut self) {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek() {
                None => return,
                Some(b',' | b']' | b'}') if depth == 0 => return,
                Some(b'[' | b'{') => depth += 1,
                Some(b']' | b'}') => depth -= 1,
                Some(quote @ (b'"' | b'\'')) => self.skip_string(quote),
                Some(_) => {}
            }
            self.at = (self.at + 1).min(self.bytes.len());
        }
    }

    /// Goes to the closing quote, or to the end of the line when it does not stand on it.
    fn skip_string(&mut self, quote: u8) {
        let mut at = self.at + 1;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                byte if byte == quote || byte == b'\n' => break,
                _ => {}
            }
            at += 1;
        }
        self.at = at.min(self.bytes.len());
    }
}

/// What a word without quotes may hold; bytes above 127 are parts of letters of other alphabets, except that
/// typographic quotes (`E2 80 ..`) are left to be complained about.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_$-.".contains(&byte) || (byte >= 0x80 && byte != 0xe2)
}
