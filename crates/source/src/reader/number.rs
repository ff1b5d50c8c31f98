//! Numbers by JSON's grammar (RFC 8259, section 6), which is narrower than what `str::parse` accepts.

use crate::Number;

/// The number `text` writes, or nothing when it is not one in JSON, or beyond what a double can hold.
pub(crate) fn read(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (integer, rest) = digits(unsigned)?;
    if integer.len() > 1 && integer.starts_with('0') {
        return None;
    }
    let (has_fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => (true, digits(rest)?.1),
        None => (false, rest),
    };
    let (has_exponent, rest) = match rest.strip_prefix(['e', 'E']) {
        Some(rest) => (true, digits(rest.strip_prefix(['+', '-']).unwrap_or(rest))?.1),
        None => (false, rest),
    };
    if !rest.is_empty() {
        return None;
    }
    if !has_fraction
        && !has_exponent
        && let Ok(integer) = text.parse()
    {
        return Some(Number::Integer(integer));
    }
    text.parse().ok().filter(|decimal: &f64| decimal.is_finite()).map(Number::Decimal)
}

/// At least one digit, and the rest.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}
