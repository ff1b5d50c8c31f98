//! Cuts the inside of one `${…}` into tokens.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::errors::{Problem, ProblemKind};
use crate::functions::texts;

/// A token and where it stands, in bytes of the whole text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: TokenKind<'t>,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind<'t> {
    /// A name or a reserved word.
    Word(&'t str),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction or an exponent.
    Decimal(f64),
    /// A quoted text, without quotes and escapes.
    Text(String),
    /// An operator or a bracket. `}` ends the expression.
    Symbol(&'static str),
}

/// Longest first, so that `==` is not read as two `=`.
const SYMBOLS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "}", "(", ")", "[", "]", ".", ",", "?", ":", "+", "-", "*", "/", "%",
    "<", ">", "!",
];

/// The tokens of one expression.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    /// Reads `text` from the byte after the opening `${`.
    pub(crate) fn new(text: &'t str, at: usize) -> Lexer<'t> {
        Lexer { text, at }
    }

    /// The byte after the last token.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next token; an error at the end of the text, since an expression ends with `}`.
    pub(crate) fn next(&mut self) -> Result<Token<'t>, Problem> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(texts::is_white_space).len();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Err(self.problem(start, "the expression has no closing `}`").help("add `}` at its end"));
        };
        let kind = match first {
            '\'' | '"' => self.quoted(first)?,
            '`' => {
                return Err(self
                    .problem(start, "a text cannot be quoted with back-quotes")
                    .help("use single quotes"));
            }
            _ if self.at_number(first) => self.number()?,
            _ if is_name_start(first) => self.word()?,
            _ => self.symbol(first)?,
        };
        Ok(Token { kind, range: start..self.at })
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn problem(&self, start: usize, message: &str) -> Problem {
        let end = self.rest().chars().next().map_or(self.at, |next| self.at + next.len_utf8());
        Problem::new(start..end.max(start), ProblemKind::Syntax, message)
    }

    fn quoted(&mut self, quote: char) -> Result<TokenKind<'t>, Problem> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                    // The reference refuses this; to keep the backslash is what patterns such as '\d' mean.
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                _ if character == quote => {
                    self.at = start + offset + 1;
                    return Ok(TokenKind::Text(text));
                }
                _ => text.push(character),
            }
        }
        let message = format!("the text has no closing {quote}");
        Err(Problem::new(start..self.text.len(), ProblemKind::Syntax, message)
            .help(format!("add {quote} where the text ends")))
    }

    /// A digit, or a dot before a digit.
    fn at_number(&self, first: char) -> bool {
        first.is_ascii_digit()
            || first == '.' && self.rest()[1..].starts_with(|next: char| next.is_ascii_digit())
    }

    fn number(&mut self) -> Result<TokenKind<'t>, Problem> {
        let start = self.at;
        self.digits();
        let mut whole = true;
        if self.rest().starts_with('.') {
            whole = false;
            self.at += 1;
            self.digits();
        }
        let exponent = self.rest().strip_prefix(['e', 'E']);
        let exponent = exponent.map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        if let Some(rest) = exponent.filter(|rest| rest.starts_with(|next: char| next.is_ascii_digit())) {
            whole = false;
            self.at = self.text.len() - rest.len();
            self.digits();
        }
        let digits = &self.text[start..self.at];
        let range = start..self.at;
        if whole {
            let number = digits.parse().map(TokenKind::Integer);
            return number.map_err(|_| {
                Problem::new(range, ProblemKind::Syntax, "the number does not fit into 64 bits")
                    .help("quote it to use it as text")
            });
        }
        let number = digits.parse().map(TokenKind::Decimal);
        number.map_err(|_| Problem::new(range, ProblemKind::Syntax, "this is not a number"))
    }

    fn digits(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|next: char| next.is_ascii_digit()).len();
    }

    fn word(&mut self) -> Result<TokenKind<'t>, Problem> {
        let rest = self.rest();
        let length = rest.find(|next: char| !is_name_part(next)).unwrap_or(rest.len());
        if rest.starts_with("${") {
            self.at += 1;
            return Err(self
                .problem(self.at - 1, "an expression cannot stand inside an expression")
                .help("leave out the inner `${` and `}`"));
        }
        self.at += length;
        Ok(TokenKind::Word(&rest[..length]))
    }

    fn symbol(&mut self, first: char) -> Result<TokenKind<'t>, Problem> {
        let rest = self.rest();
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            self.at += symbol.len();
            return Ok(TokenKind::Symbol(symbol));
        }
        let problem = self.problem(self.at, &format!("`{}` is not an operator", first.escape_debug()));
        Err(match first {
            '=' => problem.help("compare with `==`"),
            '&' => problem.help("write `&&` or `and`"),
            '|' => problem.help("write `||` or `or`"),
            '{' | '#' => problem.help("lists, maps and inner expressions cannot be written here"),
            _ => problem,
        })
    }
}

/// Letters, signs of currency, and what connects words.
fn is_name_start(character: char) -> bool {
    static OTHERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nl}\p{Sc}\p{Pc}]").expect("the pattern is sound"));
    if character.is_ascii() {
        return character.is_ascii_alphabetic() || matches!(character, '_' | '$');
    }
    OTHERS.is_match(character.encode_utf8(&mut [0; 4]))
}

/// The same, digits, and marks on letters.
fn is_name_part(character: char) -> bool {
    static OTHERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{Nd}\p{Mn}\p{Mc}]").expect("the pattern is sound"));
    character.is_ascii_digit()
        || is_name_start(character)
        || !character.is_ascii() && OTHERS.is_match(character.encode_utf8(&mut [0; 4]))
}
