//! Lengths of time as configuration writes them: `5 minutes`, `1h and 30m`, `unlimited`.

use std::time::Duration;

use crate::{Diagnostic, Span, Text, errors};

/// A length of time, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationValue {
    /// Never ends: `unlimited`, `indefinite`, `infinity`, `undefined`.
    Unlimited,
    /// Ends after this long; `zero` and `disabled` are zero.
    Limited(Duration),
}

impl DurationValue {
    /// The length, or nothing when it is unlimited.
    pub fn limit(self) -> Option<Duration> {
        match self {
            DurationValue::Unlimited => None,
            DurationValue::Limited(duration) => Some(duration),
        }
    }
}

/// Reads a duration: fragments of a whole number and a unit, joined by spaces, `,` or `and`, in any case.
///
/// The error says what is wrong and is meant to follow a caret; it holds no more than a few words of the text.
///
/// # Errors
/// An empty text, a fragment without number or unit, an unknown unit, a negative number, a separator too many,
/// or a sum beyond 2^64 seconds.
pub fn parse_duration(text: &str) -> Result<DurationValue, String> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "" => return Err(format!("a duration is empty; {EXPECTED}")),
        "unlimited" | "indefinite" | "infinity" | "undefined" => return Ok(DurationValue::Unlimited),
        "zero" | "disabled" => return Ok(DurationValue::Limited(Duration::ZERO)),
        _ => {}
    }
    let mut rest = text.as_str();
    let mut total = Duration::ZERO;
    loop {
        let (length, behind) = fragment(rest)?;
        total = total.checked_add(length).ok_or("the duration is too long to count")?;
        rest = behind.trim_start();
        if rest.is_empty() {
            return Ok(DurationValue::Limited(total));
        }
        rest = separator(rest).trim_start();
    }
}

/// Reads a duration out of a configuration value, with a caret under the text on error. `span` is the span of
/// the node that holds the text.
///
/// # Errors
/// As [`parse_duration`].
pub fn duration_of(text: &Text, span: &Span) -> Result<DurationValue, Diagnostic> {
    parse_duration(text).map_err(|reason| errors::invalid_duration(reason, text.span_of(0..text.len(), span)))
}

const EXPECTED: &str = "expected a number and a unit, such as `5 minutes`, or `unlimited`";

/// One number and unit at the start of `text`, and what is behind them.
fn fragment(text: &str) -> Result<(Duration, &str), String> {
    if text.is_empty() {
        return Err(format!("the duration ends where another part should follow; {EXPECTED}"));
    }
    if text.starts_with('-') {
        return Err("a duration must not be negative".to_owned());
    }
    let (digits, behind) = split(text, |character| character.is_ascii_digit());
    if digits.is_empty() {
        return Err(format!("`{}` does not start with a number; {EXPECTED}", short(text)));
    }
    let number: u64 = digits.parse().map_err(|_| format!("`{}` is too large a number", short(digits)))?;
    let (unit, behind) = split(behind.trim_start(), char::is_alphabetic);
    if unit.is_empty() {
        return Err(format!("`{}` has no unit; {EXPECTED}", short(digits)));
    }
    let length = match unit_of(unit) {
        Some(Unit::Seconds(seconds)) => number.checked_mul(seconds).map(Duration::from_secs),
        Some(Unit::Millis) => Some(Duration::from_millis(number)),
        Some(Unit::Micros) => Some(Duration::from_micros(number)),
        Some(Unit::Nanos) => Some(Duration::from_nanos(number)),
        None => {
            let known = "days, hours, minutes, seconds, milliseconds, microseconds or nanoseconds";
            return Err(format!("`{}` is not a unit of time; use {known}", short(unit)));
        }
    };
    Ok((length.ok_or("the duration is too long to count")?, behind))
}

enum Unit {
    Seconds(u64),
    Millis,
    Micros,
    Nanos,
}

fn unit_of(name: &str) -> Option<Unit> {
    Some(match name {
        "days" | "day" | "d" => Unit::Seconds(86_400),
        "hours" | "hour" | "h" => Unit::Seconds(3_600),
        "minutes" | "minute" | "min" | "m" => Unit::Seconds(60),
        "seconds" | "second" | "sec" | "s" => Unit::Seconds(1),
        "milliseconds" | "millisecond" | "millisec" | "millis" | "milli" | "ms" => Unit::Millis,
        "microseconds" | "microsecond" | "microsec" | "micros" | "micro" | "us" => Unit::Micros,
        "nanoseconds" | "nanosecond" | "nanosec" | "nanos" | "nano" | "ns" => Unit::Nanos,
        _ => return None,
    })
}

/// Drops one `,` and one `and` (a person may write both); the spaces are already gone.
fn separator(text: &str) -> &str {
    let text = text.strip_prefix(',').map_or(text, str::trim_start);
    text.strip_prefix("and").unwrap_or(text)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !belongs(character)).unwrap_or(text.len()))
}

/// The first characters, so that a message stays a message.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(24.min(text.len()))]
}

#[cfg(test)]
mod tests {
    use super::{DurationValue, parse_duration};
    use std::time::Duration;

    #[track_caller]
    fn check(text: &str, milliseconds: u64) {
        let expected = DurationValue::Limited(Duration::from_millis(milliseconds));
        assert_eq!(parse_duration(text), Ok(expected), "{text}");
    }

    #[track_caller]
    fn refuse(text: &str, expected: &expect_test::Expect) {
        expected.assert_eq(&parse_duration(text).unwrap_err());
    }

    #[test]
    fn every_unit_in_every_spelling() {
        for unit in ["days", "day", "d"] {
            check(&format!("2 {unit}"), 172_800_000);
        }
        for unit in ["hours", "hour", "h"] {
            check(&format!("2{unit}"), 7_200_000);
        }
        for unit in ["minutes", "minute", "min", "m"] {
            check(&format!("3  {unit}"), 180_000);
        }
        for unit in ["seconds", "second", "sec", "s"] {
            check(&format!("3 {unit}"), 3_000);
        }
        for unit in ["milliseconds", "millisecond", "millisec", "millis", "milli", "ms"] {
            check(&format!("7 {unit}"), 7);
        }
        for unit in ["microseconds", "microsecond", "microsec", "micros", "micro", "us"] {
            check(&format!("9000 {unit}"), 9);
        }
        for unit in ["nanoseconds", "nanosecond", "nanosec", "nanos", "nano", "ns"] {
            check(&format!("5000000 {unit}"), 5);
        }
    }

    #[test]
    fn fragments_join_by_space_comma_and_and() {
        check("1 hour and 5 minutes", 3_900_000);
        check("1h 5m", 3_900_000);
        check("1h,5m", 3_900_000);
        check("1 HOUR, and 5 Minutes AND 2s", 3_902_000);
        check("1h5m", 3_900_000);
        check("  10 ms ", 10);
    }

    #[test]
    fn words() {
        for word in ["unlimited", "Indefinite", "INFINITY", "undefined"] {
            assert_eq!(parse_duration(word), Ok(DurationValue::Unlimited));
        }
        check("zero", 0);
        check("Disabled", 0);
        check("0 s", 0);
    }

    #[test]
    fn refusals() {
        use expect_test::expect;
        refuse(
            "",
            &expect![
                "a duration is empty; expected a number and a unit, such as `5 minutes`, or `unlimited`"
            ],
        );
        refuse(
            "5",
            &expect!["`5` has no unit; expected a number and a unit, such as `5 minutes`, or `unlimited`"],
        );
        refuse(
            "minutes",
            &expect![
                "`minutes` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`"
            ],
        );
        refuse("-5 minutes", &expect!["a duration must not be negative"]);
        refuse(
            "5 fortnights",
            &expect![
                "`fortnights` is not a unit of time; use days, hours, minutes, seconds, milliseconds, microseconds or nanoseconds"
            ],
        );
        refuse(
            "1.5 hours",
            &expect!["`1` has no unit; expected a number and a unit, such as `5 minutes`, or `unlimited`"],
        );
        refuse(
            "5 m,",
            &expect![
                "the duration ends where another part should follow; expected a number and a unit, such as `5 minutes`, or `unlimited`"
            ],
        );
        refuse(
            "5 m and",
            &expect![
                "the duration ends where another part should follow; expected a number and a unit, such as `5 minutes`, or `unlimited`"
            ],
        );
        refuse(
            "unlimited and 5 m",
            &expect![
                "`unlimited and 5 m` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`"
            ],
        );
        refuse("99999999999999999999 s", &expect!["`99999999999999999999` is too large a number"]);
        refuse("18446744073709551615 d", &expect!["the duration is too long to count"]);
        refuse("18446744073709551615 s 1 s", &expect!["the duration is too long to count"]);
    }
}
