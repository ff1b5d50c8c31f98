//! The functions of the language, one table. A name has one function: there are no overloads.

use std::ops::RangeInclusive;

use crate::errors::{Problem, ProblemKind};
use crate::evaluate::Outcome;
use crate::methods::Kind;
use crate::pattern::{Anchor, Pattern};
use crate::syntax::Callee;
use crate::value::Value;

mod codecs;
mod files;
pub(crate) mod lists;
mod matching;
pub(crate) mod properties;
pub(crate) mod texts;
mod uris;

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) arity: RangeInclusive<usize>,
    pub(crate) run: Run,
    /// The type of every result that is not null, where methods may be called on it.
    pub(crate) returns: Option<Kind>,
    /// Whether the result depends on the arguments alone.
    pub(crate) pure: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// Takes values.
    Values(for<'a> fn(&[Value<'a>]) -> Outcome<'a>),
    /// Takes a value and a pattern.
    Pattern {
        run: for<'a> fn(&Value<'a>, &Pattern) -> Outcome<'a>,
        /// The result for a pattern that is null or malformed.
        unmatched: fn() -> Value<'static>,
    },
}

/// More arguments than these are a mistake.
const ARGUMENTS_MAX: usize = 255;

/// The function of this name.
pub(crate) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The complaint about a function that does not exist.
pub(crate) fn unknown(callee: Callee) -> Problem {
    let name = &callee.name;
    if matches!(name.as_str(), "pemCertificate" | "derCertificate") {
        let message = format!("the function `{name}` is not offered yet");
        return Problem::new(callee.range, ProblemKind::NotOffered, message)
            .help("certificates cannot be read in expressions so far");
    }
    if matches!(name.as_str(), "_token" | "_t") {
        let message = format!("the function `{name}` is not offered");
        return Problem::new(callee.range, ProblemKind::NotOffered, message)
            .help("write the property token itself: &{name|default}");
    }
    let names = FUNCTIONS.iter().map(|function| function.name);
    let help = source::nearest(name, names).map(|nearest| format!("did you mean `{nearest}`?"));
    let message = format!("there is no function `{name}`");
    Problem::new(callee.range, ProblemKind::UnknownFunction, message).maybe_help(help)
}

impl Function {
    /// How the pattern is matched, for a function that takes one.
    pub(crate) fn anchor(&self) -> Anchor {
        match self.name {
            "keyMatch" | "matchesWithRegex" => Anchor::Whole,
            _ => Anchor::Anywhere,
        }
    }

    const fn new(
        name: &'static str,
        arity: RangeInclusive<usize>,
        returns: Option<Kind>,
        run: for<'a> fn(&[Value<'a>]) -> Outcome<'a>,
    ) -> Function {
        Function { name, arity, run: Run::Values(run), returns, pure: true }
    }

    const fn with_pattern(
        name: &'static str,
        returns: Kind,
        run: for<'a> fn(&Value<'a>, &Pattern) -> Outcome<'a>,
        unmatched: fn() -> Value<'static>,
    ) -> Function {
        Function {
            name,
            arity: 2..=2,
            run: Run::Pattern { run, unmatched },
            returns: Some(returns),
            pure: true,
        }
    }

    /// A function whose result may differ next time.
    const fn impure(mut self) -> Function {
        self.pure = false;
        self
    }
}

const BOOL: Option<Kind> = Some(Kind::Bool);
const LIST: Option<Kind> = Some(Kind::List);
const NUMBER: Option<Kind> = Some(Kind::Number);
const TEXT: Option<Kind> = Some(Kind::Text);

fn null() -> Value<'static> {
    Value::Null
}

fn no() -> Value<'static> {
    Value::Bool(false)
}

/// In order of names.
static FUNCTIONS: &[Function] = &[
    Function::new("array", 0..=ARGUMENTS_MAX, LIST, lists::array),
    Function::new("bool", 1..=1, BOOL, texts::bool),
    Function::new("contains", 2..=2, BOOL, |arguments| {
        lists::contains(&arguments[0], &arguments[1]).map(Value::Bool)
    }),
    Function::new("decodeBase64", 1..=1, TEXT, codecs::decode_base64),
    Function::new("decodeBase64url", 1..=1, TEXT, codecs::decode_base64url),
    Function::new("digestSha256", 1..=1, None, codecs::digest_sha256),
    Function::new("encodeBase64", 1..=1, TEXT, codecs::encode_base64),
    Function::new("encodeBase64url", 1..=1, TEXT, codecs::encode_base64url),
    Function::new("escapeJson", 1..=1, TEXT, codecs::escape_json),
    Function::new("fileToUrl", 1..=1, TEXT, files::path_to_url).impure(),
    Function::with_pattern("find", Kind::Bool, matching::find, no),
    Function::with_pattern("findGroups", Kind::List, matching::groups, null),
    Function::new("formDecodeParameterNameOrValue", 1..=1, TEXT, uris::form_decode),
    Function::new("formEncodeParameterNameOrValue", 1..=1, TEXT, uris::form_encode),
    Function::new("indexOf", 2..=2, NUMBER, texts::index_of),
    Function::new("integer", 1..=1, NUMBER, texts::integer),
    Function::new("integerWithRadix", 2..=2, NUMBER, texts::integer_with_radix),
    Function::new("ipMatch", 2..=2, BOOL, matching::ip_match),
    Function::new("join", 2..=2, TEXT, lists::join),
    Function::with_pattern("keyMatch", Kind::Text, matching::key_match, null),
    Function::new("lastElement", 1..=1, None, lists::last_element),
    Function::new("length", 1..=1, NUMBER, lists::length),
    Function::with_pattern("matches", Kind::Bool, matching::find, no),
    Function::with_pattern("matchesWithRegex", Kind::Bool, matching::whole, no),
    Function::with_pattern("matchingGroups", Kind::List, matching::groups, null),
    Function::new("pathToUrl", 1..=1, TEXT, files::path_to_url).impure(),
    Function::new("read", 1..=1, TEXT, files::read).impure(),
    Function::new("readProperties", 1..=1, Some(Kind::Map), files::read_properties).impure(),
    Function::new("readWithCharset", 2..=2, TEXT, files::read_with_charset).impure(),
    Function::with_pattern("split", Kind::List, matching::split, null),
    Function::new("toJson", 1..=1, None, codecs::to_json),
    Function::new("toLowerCase", 1..=1, TEXT, |arguments| Ok(texts::lower(&arguments[0]))),
    Function::new("toString", 1..=1, TEXT, texts::to_string),
    Function::new("toUpperCase", 1..=1, TEXT, |arguments| Ok(texts::upper(&arguments[0]))),
    Function::new("trim", 1..=1, TEXT, |arguments| Ok(texts::part(&arguments[0], texts::trimmed))),
    Function::new("urlDecode", 1..=1, TEXT, uris::form_decode),
    Function::new("urlDecodeFragment", 1..=1, TEXT, uris::decode),
    Function::new("urlDecodePathElement", 1..=1, TEXT, uris::decode),
    Function::new("urlDecodeQueryParameterNameOrValue", 1..=1, TEXT, uris::decode),
    Function::new("urlDecodeUserInfo", 1..=1, TEXT, uris::decode),
    Function::new("urlEncode", 1..=1, TEXT, uris::form_encode),
    Function::new("urlEncodeFragment", 1..=1, TEXT, uris::encode_fragment),
    Function::new("urlEncodePathElement", 1..=1, TEXT, uris::encode_path_element),
    Function::new("urlEncodeQueryParameterNameOrValue", 1..=1, TEXT, uris::encode_query),
    Function::new("urlEncodeUserInfo", 1..=1, TEXT, uris::encode_user_info),
];
