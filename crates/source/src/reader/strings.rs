//! Strings: escapes decoded, every byte still knowing its place.

use super::Reader;
use crate::text::TextBuilder;
use crate::{Text, errors};

impl Reader<'_> {
    /// A string in quotes of either kind, from its opening quote.
    pub(super) fn string(&mut self) -> Option<Text> {
        let start = self.at;
        let quote = self.bytes[start];
        if quote == b'\'' {
            self.remark(errors::single_quotes(self.span(start, start + 1)));
        }
        self.at += 1;
        self.broken_string = None;
        let mut has_break = false;
        let mut text = TextBuilder::default();
        let mut plain = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                byte if byte == quote => {
                    text.push_verbatim(&self.source.text()[plain..self.at], plain);
                    self.at += 1;
                    self.broken_string = has_break.then(|| self.span(start, start + 1));
                    return Some(text.finish());
                }
                b'\\' => {
                    text.push_verbatim(&self.source.text()[plain..self.at], plain);
                    self.escape(quote, &mut text);
                    plain = self.at;
                }
                0..=0x1f => {
                    has_break |= byte == b'\n';
                    // A caret under a line break would be drawn over two lines: it stands before it.
                    let end = self.at + usize::from(!matches!(byte, b'\n' | b'\r'));
                    self.remark(errors::raw_control(byte, self.span(self.at, end)));
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        self.error(errors::unclosed_string(self.span(start, start + 1)));
        self.stop();
        None
    }

    /// One escape, from its backslash. A bad one is reported and skipped; the string goes on.
    fn escape(&mut self, quote: u8, text: &mut TextBuilder) {
        let start = self.at;
        self.at += 1;
        let character = self.source.text()[self.at..].chars().next();
        self.at += character.map_or(0, char::len_utf8);
        let decoded = match character {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some(same @ ('"' | '\\' | '/')) => Some(same),
            Some('\'') if quote == b'\'' => Some('\''),
            Some('u') => self.unicode(),
            Some(_) => None,
            // The text ends here, which is reported as an unclosed string.
            None => return,
        };
        match (decoded, character) {
            (Some(decoded), _) => text.push_opaque(decoded.encode_utf8(&mut [0; 4]), start..self.at),
            (None, Some(character)) => {
                let diagnostic = errors::invalid_escape(self.span(start, self.at), character);
                self.error(diagnostic);
            }
            (None, None) => {}
        }
    }

    /// The character of `\uXXXX`, from behind the `u`; two of them for one beyond the basic plane.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return None;
        }
        self.at += 2;
        let second = self.hexadecimal()?;
        (0xdc00..0xe000)
            .contains(&second)
            .then(|| char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)))?
    }

    /// Four hexadecimal digits; on a bad one, the place stays before it.
    fn hexadecimal(&mut self) -> Option<u32> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = (self.peek()? as char).to_digit(16)?;
            number = number * 16 + digit;
            self.at += 1;
        }
        Some(number)
    }
}
