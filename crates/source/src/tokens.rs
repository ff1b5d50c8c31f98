//! Property tokens: `&{name}` and `&{name|default}` in strings, replaced before anything else looks at them.
//!
//! A token is recognised only in what the file says, never in the value of another token; so a value that
//! contains `&{…}` stays as it is and nothing can loop. Tokens may stand within the name or the default of
//! another one. `\&{` is the characters `&{`.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::text::TextBuilder;
use crate::{Diagnostic, Span, Text, errors, nearest};

/// Tokens within tokens deeper than this are refused.
pub const MAXIMUM_TOKEN_DEPTH: usize = 32;
/// The values of all tokens of one file may not be larger together: 16 MiB.
pub const MAXIMUM_EXPANSION_BYTES: usize = 16 * 1024 * 1024;
/// After this many mistakes in one tree the next ones are not reported: each costs a search for a near name.
const MAXIMUM_MISTAKES: usize = 50;

/// Where the values of tokens come from: environment, system properties, files, properties, in the order of
/// whoever implements this.
pub trait Tokens {
    /// The value of a name, if it has one.
    fn get(&self, name: &str) -> Option<String>;

    /// The known names, for hints. May be incomplete.
    fn names(&self) -> Vec<String>;
}

impl Tokens for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

impl Tokens for HashMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        HashMap::get(self, name).cloned()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.keys().cloned().collect();
        names.sort();
        names
    }
}

/// Replaces the tokens in one text; `span` is the span of the node that holds it. With an error, the text
/// comes back as it was.
pub fn interpolate(text: &Text, span: &Span, tokens: &dyn Tokens, diagnostics: &mut Vec<Diagnostic>) -> Text {
    Interpolator::new(tokens, MAXIMUM_EXPANSION_BYTES, diagnostics)
        .text(text, span)
        .unwrap_or_else(|| text.clone())
}

/// Replaces tokens in one text after another, counting what they add up to.
pub(crate) struct Interpolator<'a> {
    tokens: &'a dyn Tokens,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Bytes that the values of tokens may still add.
    pub(crate) budget: usize,
    mistakes: usize,
}

impl<'a> Interpolator<'a> {
    pub(crate) fn new(
        tokens: &'a dyn Tokens,
        budget: usize,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Interpolator<'a> {
        Interpolator { tokens, diagnostics, budget, mistakes: 0 }
    }

    /// Adds a complaint, unless there are so many that they hide the first one.
    pub(crate) fn report(&mut self, complaint: impl FnOnce() -> Diagnostic) {
        self.mistakes += 1;
        if self.mistakes > MAXIMUM_MISTAKES {
            return;
        }
        let diagnostic = complaint();
        let place = diagnostic.span.clone();
        self.diagnostics.push(diagnostic);
        if let (MAXIMUM_MISTAKES, Some(place)) = (self.mistakes, place) {
            self.diagnostics.push(errors::too_many_errors(place, MAXIMUM_MISTAKES));
        }
    }

    /// Takes the size of a text that has been made out of the budget; whether there was enough.
    pub(crate) fn charge(&mut self, bytes: usize) -> bool {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.unwrap_or(0);
        left.is_some()
    }

    /// The text with its tokens replaced, or nothing after an error.
    pub(crate) fn text(&mut self, text: &Text, span: &Span) -> Option<Text> {
        if !text.contains("&{") {
            return Some(text.clone());
        }
        let mut scanner = Scanner { text, at: 0 };
        let pieces = match scanner.pieces(Part::Text, 0) {
            Ok(pieces) => pieces,
            Err(problem) => {
                self.report(|| problem.diagnostic(text, span));
                return None;
            }
        };
        let mut result = TextBuilder::default();
        let site = Site { text, span };
        // All pieces are looked at, so that all unresolved tokens of a string are reported.
        let failed = pieces.iter().filter(|piece| self.piece(piece, &site, &mut result).is_none()).count();
        (failed == 0).then(|| result.finish())
    }

    fn piece(&mut self, piece: &Piece, site: &Site<'_>, result: &mut TextBuilder) -> Option<()> {
        match piece {
            Piece::Plain(range) => result.push_slice(site.text, range.clone()),
            Piece::Escaped(range) => result.push_for("&{", site.text, range.clone()),
            Piece::Token { range, name, default } => {
                return self.token(range, name, default.as_deref(), site, result);
            }
        }
        Some(())
    }

    fn token(
        &mut self,
        range: &Range<usize>,
        name: &[Piece],
        default: Option<&[Piece]>,
        site: &Site<'_>,
        result: &mut TextBuilder,
    ) -> Option<()> {
        let place = || site.text.span_of(range.clone(), site.span);
        let mut full_name = TextBuilder::default();
        name.iter().try_for_each(|piece| self.piece(piece, site, &mut full_name))?;
        let full_name = full_name.finish();
        match (self.tokens.get(&full_name), default) {
            (Some(value), _) => {
                if !self.charge(value.len()) {
                    self.report(|| errors::expansion_too_large(place()));
                    return None;
                }
                result.push_for(&value, site.text, range.clone());
                Some(())
            }
            (None, Some(default)) => default.iter().try_for_each(|piece| self.piece(piece, site, result)),
            (None, None) => {
                let tokens = self.tokens;
                self.report(|| {
                    let names = tokens.names();
                    let near = nearest(&full_name, names.iter().map(String::as_str));
                    errors::unresolved_token(&full_name, near, place())
                });
                None
            }
        }
    }
}

/// The text the pieces are ranges of, and the span of its node.
struct Site<'a> {
    text: &'a Text,
    span: &'a Span,
}

/// What a text consists of; ranges are byte offsets in it.
enum Piece {
    Plain(Range<usize>),
    Escaped(Range<usize>),
    Token { range: Range<usize>, name: Vec<Piece>, default: Option<Vec<Piece>> },
}

/// Which part of a text is being read, which decides where it ends.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// The string itself: to its end.
    Text,
    /// A token's name: to `|` or `}`.
    Name,
    /// A token's default: to the `}` that has no `{` in the default.
    Default,
}

enum Problem {
    Unclosed(Range<usize>),
    Empty(Range<usize>),
    TooDeep(Range<usize>),
}

impl Problem {
    fn diagnostic(self, text: &Text, span: &Span) -> Diagnostic {
        match self {
            Problem::Unclosed(range) => errors::unclosed_token(text.span_of(range, span)),
            Problem::Empty(range) => errors::empty_token(text.span_of(range, span)),
            Problem::TooDeep(range) => errors::tokens_too_deep(text.span_of(range, span)),
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// The pieces up to the end of the part, before the character that ends it. Depth bounds the recursion.
    fn pieces(&mut self, part: Part, depth: usize) -> Result<Vec<Piece>, Problem> {
        let mut pieces = Vec::new();
        let mut plain = self.at;
        let mut braces = 0_usize;
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            let rest = &self.text.as_bytes()[self.at..];
            let special = if rest.starts_with(b"\\&{") {
                braces += 1;
                self.at += 3;
                Piece::Escaped(self.at - 3..self.at)
            } else if rest.starts_with(b"&{") {
                let start = self.at;
                let token = self.token(depth)?;
                if plain < start {
                    pieces.push(Piece::Plain(plain..start));
                }
                plain = self.at;
                pieces.push(token);
                continue;
            } else {
                match (byte, part) {
                    (b'}' | b'|', Part::Name) => break,
                    (b'}', Part::Default) if braces == 0 => break,
                    (b'{', _) => braces += 1,
                    (b'}', _) => braces = braces.saturating_sub(1),
                    _ => {}
                }
                self.at += 1;
                continue;
            };
            if plain < self.at - 3 {
                pieces.push(Piece::Plain(plain..self.at - 3));
            }
            plain = self.at;
            pieces.push(special);
        }
        if plain < self.at {
            pieces.push(Piece::Plain(plain..self.at));
        }
        Ok(pieces)
    }

    /// One token, from its `&{` to behind its `}`.
    fn token(&mut self, depth: usize) -> Result<Piece, Problem> {
        let start = self.at;
        let opening = start..start + 2;
        if depth >= MAXIMUM_TOKEN_DEPTH {
            return Err(Problem::TooDeep(opening));
        }
        self.at += 2;
        let name = self.pieces(Part::Name, depth + 1)?;
        let default = match self.text.as_bytes().get(self.at) {
            Some(b'|') => {
                self.at += 1;
                Some(self.pieces(Part::Default, depth + 1)?)
            }
            _ => None,
        };
        if self.text.as_bytes().get(self.at) != Some(&b'}') {
            return Err(Problem::Unclosed(opening));
        }
        self.at += 1;
        match name.is_empty() {
            true => Err(Problem::Empty(start..self.at)),
            false => Ok(Piece::Token { range: start..self.at, name, default }),
        }
    }
}
