//! `\p{…}`: the classes of POSIX (ASCII in Java), of `java.lang.Character`, and of Unicode.

use crate::errors::Problem;
use crate::pattern::sets;
use crate::pattern::translate::{Flags, problem};
use crate::pattern::units::Units;

/// Translates what follows `\p` or `\P`.
pub(super) fn property(
    units: &mut Units<'_>,
    flags: Flags,
    is_negated: bool,
    start: usize,
) -> Result<String, Problem> {
    let name = if units.take('{') {
        let name = units.take_while(|character| character != '}');
        if !units.take('}') {
            return Err(problem(start..units.position(), "the property has no closing `}`"));
        }
        name
    } else {
        let letter = units.peek().map(|unit| unit.character.to_string()).unwrap_or_default();
        units.advance();
        letter
    };
    let set = set(&name, flags).ok_or_else(|| {
        let message = format!("the property `{name}` is unknown or not offered");
        problem(start..units.position(), message)
    })?;
    Ok(if is_negated { sets::negated(&set) } else { set })
}

fn set(name: &str, flags: Flags) -> Option<String> {
    if let Some((kind, value)) = name.split_once('=') {
        return match kind.to_ascii_lowercase().as_str() {
            "sc" | "script" => unicode("sc", value),
            "gc" | "general_category" => category(value, flags),
            "blk" | "block" => block(value),
            _ => None,
        };
    }
    if let Some(value) = name.strip_prefix("In") {
        return block(value);
    }
    if let Some(value) = name.strip_prefix("Is") {
        return binary(value, flags).or_else(|| category(value, flags)).or_else(|| unicode("sc", value));
    }
    let known = if flags.unicode_classes { unicode_posix(name, flags) } else { posix(name, flags) };
    known.map(str::to_owned).or_else(|| java(name, flags)).or_else(|| category(name, flags))
}

/// The classes of POSIX, which are ASCII in Java.
fn posix(name: &str, flags: Flags) -> Option<&'static str> {
    Some(match name {
        "Lower" | "Upper" if flags.ignores_case => "a-zA-Z",
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x{0}-\x{7F}",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"\x{21}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{60}\x{7B}-\x{7E}",
        "Graph" => r"\x{21}-\x{7E}",
        "Print" => r"\x{20}-\x{7E}",
        "Blank" => r"\x{9}\x{20}",
        "Cntrl" => r"\x{0}-\x{1F}\x{7F}",
        "XDigit" => "0-9a-fA-F",
        "Space" => r"\x{9}-\x{D}\x{20}",
        _ => return None,
    })
}

/// The letters of a case under the flag `i`.
const ANY_CASE: &str = r"\p{Lowercase}\p{Uppercase}\p{Lt}";

/// The same under the flag `U`, as far as Unicode has one property for each.
fn unicode_posix(name: &str, flags: Flags) -> Option<&'static str> {
    Some(match name {
        "Lower" | "Upper" if flags.ignores_case => ANY_CASE,
        "Lower" => r"\p{Lowercase}",
        "Upper" => r"\p{Uppercase}",
        "ASCII" => r"\x{0}-\x{7F}",
        "Alpha" => r"\p{Alphabetic}",
        "Digit" => r"\p{Nd}",
        "Alnum" => r"\p{Alphabetic}\p{Nd}",
        "Punct" => r"\p{P}",
        "Cntrl" => r"\p{Cc}",
        "Space" => r"\p{White_Space}",
        _ => return None,
    })
}

/// The methods of `java.lang.Character` that classes name.
fn java(name: &str, flags: Flags) -> Option<String> {
    let set = match name {
        "javaLowerCase" | "javaUpperCase" | "javaTitleCase" if flags.ignores_case => ANY_CASE,
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaTitleCase" => r"\p{Lt}",
        "javaLetter" => r"\p{L}",
        "javaDigit" => r"\p{Nd}",
        "javaLetterOrDigit" => r"\p{L}\p{Nd}",
        "javaAlphabetic" => r"\p{Alphabetic}",
        "javaDefined" => r"\P{Cn}",
        "javaISOControl" => r"\x{0}-\x{1F}\x{7F}-\x{9F}",
        "javaSpaceChar" => r"\p{Z}",
        // Line, paragraph and other separators, less those that do not break, and a few controls.
        "javaWhitespace" => {
            r"\x{9}-\x{D}\x{1C}-\x{20}\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200A}\x{2028}\x{2029}\x{205F}\x{3000}"
        }
        _ => return None,
    };
    Some(set.to_owned())
}

/// Properties of Unicode that hold or not.
fn binary(name: &str, flags: Flags) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let set = match upper.as_str() {
        "LOWERCASE" | "UPPERCASE" | "TITLECASE" if flags.ignores_case => ANY_CASE,
        "ALPHABETIC" => r"\p{Alphabetic}",
        "LETTER" => r"\p{L}",
        "IDEOGRAPHIC" => r"\p{Ideographic}",
        "LOWERCASE" => r"\p{Lowercase}",
        "UPPERCASE" => r"\p{Uppercase}",
        "TITLECASE" => r"\p{Lt}",
        "WHITE_SPACE" | "WHITESPACE" => r"\p{White_Space}",
        "CONTROL" => r"\p{Cc}",
        "PUNCTUATION" => r"\p{P}",
        // Java takes the digits of all scripts for hexadecimal.
        "HEX_DIGIT" | "HEXDIGIT" => r"\p{Hex_Digit}\p{Nd}",
        "ASSIGNED" => r"\P{Cn}",
        "DIGIT" => r"\p{Nd}",
        "JOIN_CONTROL" | "JOINCONTROL" => r"\p{Join_Control}",
        _ => return None,
    };
    Some(set.to_owned())
}

/// The general categories, and Java's names for unions of them.
fn category(name: &str, flags: Flags) -> Option<String> {
    const NAMES: &[&str] = &[
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd",
        "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf",
        "Co", "Cn",
    ];
    match name {
        "LC" => Some(r"\p{Lu}\p{Ll}\p{Lt}".to_owned()),
        "LD" => Some(r"\p{L}\p{Nd}".to_owned()),
        "L1" => Some(r"\x{0}-\x{FF}".to_owned()),
        "all" => Some(r"\x{0}-\x{10FFFF}".to_owned()),
        "Lu" | "Ll" | "Lt" if flags.ignores_case => Some(r"\p{Lu}\p{Ll}\p{Lt}".to_owned()),
        _ => NAMES.contains(&name).then(|| format!("\\p{{{name}}}")),
    }
}

/// A property with a value, if the engine's tables have it.
fn unicode(property: &str, value: &str) -> Option<String> {
    let sound = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let set = format!("\\p{{{property}={value}}}");
    (sound && regex::Regex::new(&set).is_ok()).then_some(set)
}

/// The blocks that are in use; the engines have no table of them.
const BLOCKS: &[(&str, &str)] = &[
    ("basic latin", r"\x{0}-\x{7F}"),
    ("latin-1 supplement", r"\x{80}-\x{FF}"),
    ("latin extended-a", r"\x{100}-\x{17F}"),
    ("latin extended-b", r"\x{180}-\x{24F}"),
    ("greek", r"\x{370}-\x{3FF}"),
    ("greek and coptic", r"\x{370}-\x{3FF}"),
    ("cyrillic", r"\x{400}-\x{4FF}"),
    ("armenian", r"\x{530}-\x{58F}"),
    ("hebrew", r"\x{590}-\x{5FF}"),
    ("arabic", r"\x{600}-\x{6FF}"),
    ("devanagari", r"\x{900}-\x{97F}"),
    ("thai", r"\x{E00}-\x{E7F}"),
    ("georgian", r"\x{10A0}-\x{10FF}"),
    ("hangul jamo", r"\x{1100}-\x{11FF}"),
    ("latin extended additional", r"\x{1E00}-\x{1EFF}"),
    ("greek extended", r"\x{1F00}-\x{1FFF}"),
    ("general punctuation", r"\x{2000}-\x{206F}"),
    ("currency symbols", r"\x{20A0}-\x{20CF}"),
    ("arrows", r"\x{2190}-\x{21FF}"),
    ("mathematical operators", r"\x{2200}-\x{22FF}"),
    ("cjk symbols and punctuation", r"\x{3000}-\x{303F}"),
    ("hiragana", r"\x{3040}-\x{309F}"),
    ("katakana", r"\x{30A0}-\x{30FF}"),
    ("cjk unified ideographs", r"\x{4E00}-\x{9FFF}"),
    ("hangul syllables", r"\x{AC00}-\x{D7AF}"),
];

/// A block by its name in Unicode, with blanks or without, or by the name of Java's constant.
fn block(name: &str) -> Option<String> {
    let plain = name.to_ascii_lowercase();
    let is_named = |block: &str| {
        // The constant of this one is called `GREEK`.
        let has_constant = block != "greek and coptic";
        plain == block
            || plain == block.replace(' ', "")
            || has_constant && plain == block.replace([' ', '-'], "_")
    };
    BLOCKS.iter().find(|(block, _)| is_named(block)).map(|(_, set)| (*set).to_owned())
}
