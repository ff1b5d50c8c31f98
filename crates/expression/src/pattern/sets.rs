//! Sets of characters, written as items that may stand inside a class of either engine.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::pattern::classes::written;
use crate::pattern::translate::Flags;

/// `\h`: horizontal white space.
pub(super) const HORIZONTAL: &str =
    r"\x{9}\x{20}\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";

/// `\v`: vertical white space.
pub(super) const VERTICAL: &str = r"\x{A}-\x{D}\x{85}\x{2028}\x{2029}";

/// `\d`: ASCII, unless the flag `U` says otherwise.
pub(super) fn digit(flags: Flags) -> &'static str {
    if flags.unicode_classes { r"\p{Nd}" } else { "0-9" }
}

/// `\w`
pub(super) fn word(flags: Flags) -> &'static str {
    if flags.unicode_classes { r"\w" } else { "a-zA-Z0-9_" }
}

/// `\s`
pub(super) fn space(flags: Flags) -> &'static str {
    if flags.unicode_classes { r"\p{White_Space}" } else { r"\x{9}-\x{D}\x{20}" }
}

/// All characters that are not in a set.
pub(super) fn negated(set: &str) -> String {
    format!("[^{set}]")
}

/// The characters from `first` to `last`. Where case is ignored, a letter is in if one is that differs from
/// it in case only: ASCII letters, or under the flag `u` all.
pub(super) fn range(first: char, last: char, flags: Flags) -> String {
    if !flags.ignores_case {
        return span(first, last);
    }
    if flags.unicode_case {
        return folded(first, last);
    }
    let mut set = span(first, last);
    for (from, to, shift) in [('a', 'z', 'A'), ('A', 'Z', 'a')] {
        let (low, high) = (first.max(from), last.min(to));
        if low <= high {
            let other = |letter: char| char::from(letter as u8 - from as u8 + shift as u8);
            set.push_str(&span(other(low), other(high)));
        }
    }
    set
}

/// A range with the letters that Java finds in it under the flags `i` and `u`: it looks a letter up in upper
/// case, and that again in lower case. Unicode's own folding also goes the other way, and keeps the Turkish
/// letters i apart.
fn folded(first: char, last: char) -> String {
    const LETTERS_I: [char; 4] = ['i', 'I', '\u{130}', '\u{131}'];
    if first == last && first.to_uppercase().nth(1).is_some() {
        // `ß` becomes two letters, and so has no counterpart among characters.
        return span(first, last);
    }
    let plain = ClassUnicode::new([ClassUnicodeRange::new(first, last)]);
    let mut others = plain.clone();
    others.case_fold_simple();
    others.union(&ClassUnicode::new(LETTERS_I.map(|letter| ClassUnicodeRange::new(letter, letter))));
    others.difference(&plain);
    let is_found = |letter: &char| {
        let (high, low) = (upper(*letter), lower(upper(*letter)));
        if first == last {
            let wanted = lower(upper(first));
            *letter == wanted || low == wanted
        } else {
            (first..=last).contains(&high) || (first..=last).contains(&low)
        }
    };
    let others = others.iter().flat_map(|range| range.start()..=range.end()).filter(is_found);
    others.fold(span(first, last), |set, letter| set + &written(letter))
}

/// The one letter in upper case; itself where Unicode has several.
fn upper(letter: char) -> char {
    let mut letters = letter.to_uppercase();
    letters.next().filter(|_| letters.next().is_none()).unwrap_or(letter)
}

/// The one letter in lower case. The Turkish `İ` has a dot besides, which Java leaves out.
fn lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn span(first: char, last: char) -> String {
    if (first, last) == (':', ':') {
        // The slower engine reads `[\x{3A}alpha\x{3A}]` in a class as `[:alpha:]`.
        return r"[\x{3A}]".to_owned();
    }
    if first == last { written(first) } else { format!("{}-{}", written(first), written(last)) }
}
