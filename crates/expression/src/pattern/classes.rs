//! Character classes and the escapes that stand for one character or a set of them.

use crate::errors::{Problem, ProblemKind};
use crate::pattern::translate::{Flags, PATTERN_DEPTH_MAX, problem};
use crate::pattern::units::Units;
use crate::pattern::{properties, sets};

/// What an escape stands for.
pub(super) enum Escaped {
    Character(char),
    /// A set, written as an item that may stand inside a class.
    Set(String),
}

/// Translates the class whose `[` is next.
pub(super) fn class(units: &mut Units<'_>, flags: Flags) -> Result<String, Problem> {
    units.advance();
    let start = units.position().saturating_sub(1);
    members(units, flags, start, 1)
}

/// A character that means itself.
pub(super) fn literal(character: char, flags: Flags) -> String {
    if flags.ignores_case && (flags.unicode_case || character.is_ascii_alphabetic()) {
        format!("[{}]", sets::range(character, character, flags))
    } else {
        written(character)
    }
}

/// Translates the escape whose backslash is next, inside a class or outside.
pub(super) fn escape(units: &mut Units<'_>, flags: Flags) -> Result<Escaped, Problem> {
    let start = units.position();
    units.advance();
    let Some(unit) = units.peek() else {
        return Err(problem(start..start + 1, "a backslash at the end of the pattern escapes nothing"));
    };
    units.advance();
    let set = |set: &str| Ok(Escaped::Set(set.to_owned()));
    match unit.character {
        't' => Ok(Escaped::Character('\t')),
        'n' => Ok(Escaped::Character('\n')),
        'r' => Ok(Escaped::Character('\r')),
        'f' => Ok(Escaped::Character('\x0c')),
        'a' => Ok(Escaped::Character('\x07')),
        'e' => Ok(Escaped::Character('\x1b')),
        '0' => octal(units, start),
        'x' | 'u' | 'c' => coded(units, unit.character, start),
        'd' => set(sets::digit(flags)),
        'D' => set(&sets::negated(sets::digit(flags))),
        'w' => set(sets::word(flags)),
        'W' => set(&sets::negated(sets::word(flags))),
        's' => set(sets::space(flags)),
        'S' => set(&sets::negated(sets::space(flags))),
        'h' => set(sets::HORIZONTAL),
        'H' => set(&sets::negated(sets::HORIZONTAL)),
        'v' => set(sets::VERTICAL),
        'V' => set(&sets::negated(sets::VERTICAL)),
        'p' | 'P' => properties::property(units, flags, unit.character == 'P', start).map(Escaped::Set),
        letter if letter.is_ascii_alphanumeric() => {
            let message = format!("`\\{letter}` has no meaning here, or one that is not offered");
            Err(problem(start..start + 2, message))
        }
        plain => Ok(Escaped::Character(plain)),
    }
}

/// A character in a form that both engines read alike, inside a class and outside.
pub(super) fn written(character: char) -> String {
    if character.is_ascii_alphanumeric() || matches!(character, '/' | '_') {
        character.to_string()
    } else {
        format!("\\x{{{:X}}}", u32::from(character))
    }
}

/// What stands in a class up to its `]`, which is taken too.
fn members(units: &mut Units<'_>, flags: Flags, start: usize, depth: usize) -> Result<String, Problem> {
    let negated = units.take('^');
    let set = union(units, flags, start, depth)?;
    if !units.take(']') {
        return Err(problem(start..start + 1, "the class has no closing `]`"));
    }
    Ok(if negated { format!("[^{set}]") } else { format!("[{set}]") })
}

/// Items up to the `]`, which is left; with `&&`, the intersection of what is left and right of it.
fn union(units: &mut Units<'_>, flags: Flags, start: usize, depth: usize) -> Result<String, Problem> {
    if depth > PATTERN_DEPTH_MAX {
        let message = format!("the pattern is nested more than {PATTERN_DEPTH_MAX} levels deep");
        return Err(Problem::new(start..start + 1, ProblemKind::TooLarge, message));
    }
    let mut set = String::new();
    loop {
        units.skip_comments(flags);
        let Some(unit) = units.peek() else {
            return Ok(set);
        };
        if unit.is(']') && !set.is_empty() {
            return Ok(set);
        }
        if unit.is('&') && units.peek_second().is_some_and(|second| second.is('&')) {
            return intersection(units, flags, set, start, depth);
        }
        if unit.is('[') {
            units.advance();
            set.push_str(&members(units, flags, unit.at, depth + 1)?);
            continue;
        }
        set.push_str(&item(units, flags)?);
    }
}

fn intersection(
    units: &mut Units<'_>,
    flags: Flags,
    left: String,
    start: usize,
    depth: usize,
) -> Result<String, Problem> {
    let at = units.position();
    units.advance();
    units.advance();
    units.skip_comments(flags);
    let begins_with_class = units.peek().is_some_and(|unit| unit.is('['));
    if units.peek().is_none_or(|unit| unit.is(']') || unit.is('&')) || left.is_empty() {
        return Err(problem(at..at + 2, "`&&` needs a set on both sides"));
    }
    let right = if begins_with_class {
        classes_only(units, flags, start, depth)?
    } else {
        union(units, flags, start, depth + 1)?
    };
    Ok(format!("[{left}]&&[{right}]"))
}

/// Classes side by side behind `&&`. Java drops them when plain characters follow, so that is refused.
fn classes_only(units: &mut Units<'_>, flags: Flags, start: usize, depth: usize) -> Result<String, Problem> {
    let mut set = String::new();
    loop {
        units.skip_comments(flags);
        match units.peek() {
            Some(unit) if unit.is('[') => {
                units.advance();
                set.push_str(&members(units, flags, unit.at, depth + 1)?);
            }
            Some(unit) if unit.is(']') => return Ok(set),
            Some(unit) if unit.is('&') && units.peek_second().is_some_and(|second| second.is('&')) => {
                return intersection(units, flags, set, start, depth + 1);
            }
            Some(unit) => {
                let message = "behind `&&` stand either classes in brackets or plain characters, not both";
                return Err(
                    problem(unit.at..unit.at + 1, message).help("put the plain characters into brackets too")
                );
            }
            None => return Ok(set),
        }
    }
}

/// One character, set or range.
fn item(units: &mut Units<'_>, flags: Flags) -> Result<String, Problem> {
    let start = units.position();
    let first = match member(units, flags, false)? {
        Escaped::Character(character) => character,
        Escaped::Set(set) => return Ok(set),
    };
    units.skip_comments(flags);
    let is_range = units.peek().is_some_and(|unit| unit.is('-'))
        && units.peek_second().is_some_and(|end| !end.is(']') && !end.is('['));
    if !is_range {
        return Ok(sets::range(first, first, flags));
    }
    units.advance();
    units.skip_comments(flags);
    match member(units, flags, true)? {
        Escaped::Character(last) if last >= first => Ok(sets::range(first, last, flags)),
        Escaped::Character(_) => {
            Err(problem(start..units.position(), "the greater end of a range comes last"))
        }
        Escaped::Set(_) => {
            Err(problem(start..units.position(), "a range ends with a character, not with a set")
                .help("write `\\-` to mean the hyphen plainly"))
        }
    }
}

fn member(units: &mut Units<'_>, flags: Flags, ends_range: bool) -> Result<Escaped, Problem> {
    if units.peek().is_some_and(|unit| unit.is('\\'))
        && units.after_backslash() == Some('v')
        && (ends_range || units.peek_third().is_some_and(|third| third.character == '-'))
    {
        // At either end of a range Java takes it for the one character that it was before it was a set.
        units.advance();
        units.advance();
        return Ok(Escaped::Character('\x0b'));
    }
    match units.peek() {
        Some(unit) if unit.is('\\') => escape(units, flags),
        Some(unit) => {
            units.advance();
            Ok(Escaped::Character(unit.character))
        }
        None => {
            let at = units.position();
            Err(problem(at..at, "the class ends too early"))
        }
    }
}

/// `\0n`, `\0nn` or `\0mnn`, at most `\0377`.
fn octal(units: &mut Units<'_>, start: usize) -> Result<Escaped, Problem> {
    let mut code = 0;
    let mut digits = 0;
    while let Some(digit) =
        units.peek().filter(|unit| !unit.quoted).and_then(|unit| unit.character.to_digit(8))
    {
        if digits == 3 || code * 8 + digit > 0o377 {
            break;
        }
        code = code * 8 + digit;
        digits += 1;
        units.advance();
    }
    match char::from_u32(code).filter(|_| digits > 0) {
        Some(character) => Ok(Escaped::Character(character)),
        None => Err(problem(start..units.position(), "`\\0` is followed by one to three octal digits")),
    }
}

/// `\xhh`, `\x{h…}`, `\uhhhh` and `\cX`.
fn coded(units: &mut Units<'_>, letter: char, start: usize) -> Result<Escaped, Problem> {
    let character = match letter {
        'c' => {
            // Java writes a backslash before what `\Q` quotes, but not before letters.
            let is_plain = |letter: char| !letter.is_ascii() || letter.is_ascii_alphabetic();
            let control = units.peek().filter(|unit| !unit.quoted || is_plain(unit.character));
            let control = control.map(|unit| u32::from(unit.character) ^ 64);
            control.and_then(char::from_u32).inspect(|_| units.advance())
        }
        'u' => utf16(units),
        _ if units.take('{') => {
            let digits = units.take_while(|digit| digit.is_ascii_hexdigit());
            let closed = units.take('}');
            u32::from_str_radix(&digits, 16).ok().filter(|_| closed).and_then(char::from_u32)
        }
        _ => hexadecimal(units, 2).and_then(char::from_u32),
    };
    character.map(Escaped::Character).ok_or_else(|| {
        let message = format!("`\\{letter}` is not followed by the code of a character");
        problem(start..units.position().max(start + 2), message)
    })
}

/// `\uhhhh`, or two of them that make one character.
fn utf16(units: &mut Units<'_>) -> Option<char> {
    let high = hexadecimal(units, 4)?;
    if !(0xD800..0xDC00).contains(&high) {
        return char::from_u32(high);
    }
    let escapes = units.take('\\') && units.take('u');
    let low = hexadecimal(units, 4).filter(|low| escapes && (0xDC00..0xE000).contains(low))?;
    char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

/// Exactly so many hexadecimal digits.
fn hexadecimal(units: &mut Units<'_>, count: usize) -> Option<u32> {
    let mut code = 0;
    for _ in 0..count {
        let digit = units.peek().filter(|unit| !unit.quoted)?.character.to_digit(16)?;
        code = code * 16 + digit;
        units.advance();
    }
    Some(code)
}
