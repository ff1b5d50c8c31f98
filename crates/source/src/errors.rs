//! Every complaint this crate can make, worded in one place.

use crate::codes::*;
use crate::{Diagnostic, Span, nearest};

/// The longest quotation of a file in a message, in characters.
const QUOTED: usize = 40;

// JSON.

pub(crate) fn expected(expected: &str, found: &str, at: Span) -> Diagnostic {
    Diagnostic::error(&SYNTAX, format!("expected {expected}, found {found}"))
        .at(at)
        .label(format!("expected {expected}"))
}

pub(crate) fn curly_quote(at: Span) -> Diagnostic {
    Diagnostic::error(&SYNTAX, format!("`{}` is a typographic quote", at.text()))
        .help("use the straight quote `\"`")
        .at(at)
}

pub(crate) fn not_utf8(place: &str, utf16: bool) -> Diagnostic {
    let help = match utf16 {
        true => "it looks like UTF-16; save it as UTF-8",
        false => "save it as UTF-8",
    };
    Diagnostic::error(&NOT_UTF8, format!("the text is not UTF-8 at {place}")).help(help)
}

pub(crate) fn file_too_large(length: usize) -> Diagnostic {
    let message = format!("the file has {length} bytes; the limit is {}", crate::MAXIMUM_FILE_BYTES);
    Diagnostic::error(&FILE_TOO_LARGE, message)
        .help("divide it into several files, or take it out of the folder")
}

pub(crate) fn too_deep(at: Span) -> Diagnostic {
    let message = format!("brackets are nested more than {} levels deep", crate::MAXIMUM_DEPTH);
    Diagnostic::error(&TOO_DEEP, message).at(at).help("move inline objects into the `heap`")
}

pub(crate) fn unclosed_string(at: Span) -> Diagnostic {
    Diagnostic::error(&UNCLOSED_STRING, "this string is never closed")
        .at(at)
        .label("starts here and runs to the end of the file")
        .help("add the closing quote")
}

pub(crate) fn unclosed_bracket(at: Span, close: char) -> Diagnostic {
    Diagnostic::error(&UNCLOSED_BRACKET, format!("this `{}` is never closed", at.text()))
        .at(at)
        .label(format!("has no `{close}`"))
}

pub(crate) fn wrong_bracket(at: Span, open: &Span, close: char) -> Diagnostic {
    Diagnostic::error(&UNCLOSED_BRACKET, format!("expected `{close}`, found `{}`", at.text()))
        .at(at)
        .label(format!("expected `{close}`"))
        .also(open, "to close this")
}

pub(crate) fn invalid_escape(at: Span, character: char) -> Diagnostic {
    let message = match character {
        'u' => "`\\u` needs four hexadecimal digits, and surrogates must come in pairs".to_owned(),
        other => format!("`\\{}` is not an escape in JSON", other.escape_debug()),
    };
    let diagnostic = Diagnostic::error(&INVALID_ESCAPE, message).at(at);
    match character {
        'u' => diagnostic,
        '&' => diagnostic.help("to keep `&{` from being a token write `\\\\&{`"),
        other => diagnostic.help(format!("to mean a backslash write two: `\\\\{}`", other.escape_debug())),
    }
}

pub(crate) fn invalid_number(at: Span) -> Diagnostic {
    let text = at.text().to_owned();
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_start_matches(['-', '+']);
    let help = if digits.starts_with("0x") {
        "write the number in decimal digits"
    } else if text.starts_with('+') {
        "leave out the `+`"
    } else if digits.starts_with('.') || digits.ends_with('.') {
        "write a digit on both sides of the `.`"
    } else if digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") {
        "leave out the leading zero"
    } else if digits.parse::<f64>().is_ok_and(f64::is_infinite) {
        "the number is too large"
    } else {
        "put text in quotes"
    };
    Diagnostic::error(&INVALID_NUMBER, format!("`{}` is not a number JSON knows", quote(&text)))
        .at(at)
        .help(help)
}

pub(crate) fn unknown_word(at: Span) -> Diagnostic {
    let word = at.text().to_owned();
    let help = match nearest(&word, ["true", "false", "null"]) {
        Some(known) => format!("did you mean `{known}`?"),
        None if ["none", "nil", "undefined"].contains(&word.to_ascii_lowercase().as_str()) => {
            "did you mean `null`?".to_owned()
        }
        None => format!("put text in quotes: `\"{}\"`", quote(&word)),
    };
    Diagnostic::error(&UNKNOWN_WORD, format!("unknown word `{}`", quote(&word))).at(at).help(help)
}

pub(crate) fn unquoted_key(at: Span) -> Diagnostic {
    let word = quote(at.text());
    Diagnostic::error(&UNKNOWN_WORD, format!("the key `{word}` has no quotes"))
        .at(at)
        .help(format!("write `\"{word}\"`"))
}

pub(crate) fn duplicate_key(key: &str, at: &Span, first: &Span) -> Diagnostic {
    Diagnostic::error(&DUPLICATE_KEY, format!("the key `{}` stands twice in this object", quote(key)))
        .at(at)
        .label("again here")
        .also(first, "first here")
        .help("remove or rename one of the two")
}

pub(crate) fn empty_file(at: Span) -> Diagnostic {
    Diagnostic::error(&EMPTY_FILE, "the file holds no value").at(at).help("write an object: `{ … }`")
}

pub(crate) fn trailing_content(at: Span) -> Diagnostic {
    Diagnostic::error(&TRAILING_CONTENT, "something follows the end of the value")
        .at(at)
        .label("not expected here")
        .help("remove it, or look for a bracket that closes too early")
}

pub(crate) fn too_many_errors(at: Span, count: usize) -> Diagnostic {
    Diagnostic::error(&TOO_MANY_ERRORS, format!("reading stopped after {count} mistakes"))
        .at(at)
        .help("mend the first ones and check again")
}

pub(crate) fn unclosed_comment(at: Span) -> Diagnostic {
    Diagnostic::error(&UNCLOSED_COMMENT, "this comment is never closed").at(at).help("add `*/`")
}

pub(crate) fn comment(at: Span) -> Diagnostic {
    Diagnostic::note(&COMMENT, "comments are accepted, but are not JSON").at(at)
}

pub(crate) fn single_quotes(at: Span) -> Diagnostic {
    Diagnostic::note(&SINGLE_QUOTES, "single quotes are accepted, but are not JSON").at(at)
}

pub(crate) fn raw_control(byte: u8, at: Span) -> Diagnostic {
    let what = match byte {
        b'\n' | b'\r' => "line breaks",
        b'\t' => "tabs",
        _ => "control characters",
    };
    Diagnostic::note(&RAW_CONTROL, format!("{what} inside a string are accepted, but are not JSON")).at(at)
}

pub(crate) fn trailing_comma(at: Span) -> Diagnostic {
    Diagnostic::note(&TRAILING_COMMA, "a comma before the closing bracket is accepted, but is not JSON")
        .at(at)
}

// Tokens.

pub(crate) fn unresolved_token(name: &str, near: Option<&str>, at: Span) -> Diagnostic {
    let variable = name.to_uppercase().replace(['.', '-'], "_");
    let help = match near {
        Some(near) => format!("did you mean `&{{{near}}}`?"),
        None => format!(
            "set the environment variable `{}`, or give a default: `&{{{}|…}}`",
            quote(&variable),
            quote(name)
        ),
    };
    Diagnostic::error(&UNRESOLVED_TOKEN, format!("the token `{}` has no value", quote(name)))
        .at(at)
        .label("no value and no default")
        .help(help)
}

pub(crate) fn unclosed_token(at: Span) -> Diagnostic {
    Diagnostic::error(&UNCLOSED_TOKEN, "this token is never closed")
        .at(at)
        .label("has no `}`")
        .help("add the `}`; to mean the characters `&{` themselves write `\\\\&{`")
}

pub(crate) fn empty_token(at: Span) -> Diagnostic {
    Diagnostic::error(&EMPTY_TOKEN, "this token has no name")
        .at(at)
        .help("write `&{name}` or `&{name|default}`")
}

pub(crate) fn tokens_too_deep(at: Span) -> Diagnostic {
    let message = format!("tokens are nested more than {} levels deep", crate::MAXIMUM_TOKEN_DEPTH);
    Diagnostic::error(&TOKENS_TOO_DEEP, message).at(at).help("give the inner part a property of its own")
}

pub(crate) fn expansion_too_large(at: Span) -> Diagnostic {
    let message = format!("the values of the tokens exceed {} bytes", crate::MAXIMUM_EXPANSION_BYTES);
    Diagnostic::error(&EXPANSION_TOO_LARGE, message).at(at).help("look at the size of this token's value")
}

// Coercions.

pub(crate) fn coercion_input(name: &str, needs: &str, found: &str, at: &Span) -> Diagnostic {
    Diagnostic::error(&COERCION_INPUT, format!("`{name}` needs {needs}, found {found}"))
        .at(at)
        .label(format!("not {needs}"))
}

pub(crate) fn unknown_coercion(name: &str, near: Option<&str>, at: &Span) -> Diagnostic {
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "rename the key if it is meant as an ordinary one".to_owned(),
    };
    let message = format!("`{}` is not a coercion; the object stays as it is", quote(name));
    Diagnostic::warning(&UNKNOWN_COERCION, message).at(at).help(help)
}

pub(crate) fn unknown_charset(found: &str, at: &Span) -> Diagnostic {
    Diagnostic::error(
        &UNKNOWN_CHARSET,
        format!("`$charset` needs the name of a character set, found {found}"),
    )
    .at(at)
    .help("use `UTF-8`, `US-ASCII`, `ISO-8859-1`, `UTF-16BE` or `UTF-16LE`")
}

// Values.

pub(crate) fn invalid_duration(reason: String, at: Span) -> Diagnostic {
    Diagnostic::error(&INVALID_DURATION, reason).at(at).label("not a duration")
}

/// A quotation short enough for a message.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
