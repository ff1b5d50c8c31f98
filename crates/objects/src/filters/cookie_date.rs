//! Dates in cookies, which servers write in more ways than HTTP allows (RFC 6265, section 5.1.1).

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// Years before this one are mistakes.
const YEAR_MIN: i64 = 1601;

/// The date as seconds since 1970; `None` for what is no date. Parts may stand in any order, and what is
/// neither time, day, month nor year is overlooked.
pub(crate) fn parse_cookie_date(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)) {
        // Whatever is found first counts, and a token is one thing only.
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some((found, _)) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some((found, _)) = number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let (day, month) = (day?, month?);
    let year = match year? {
        short @ 70..=99 => 1900 + short,
        short @ 0..=69 => 2000 + short,
        year => year,
    };
    let is_date = year >= YEAR_MIN && (1..=days_in(month, year)).contains(&day);
    is_date.then_some(days_since_1970(year, month, day) * 86_400 + time?)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// The number at the start of a token, of so many digits, and what stands behind it.
fn number(token: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = token.split_at(digits);
    let value = || number.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    (least..=most).contains(&digits).then(|| (value(), rest))
}

/// `hours:minutes:seconds` as seconds.
fn time_of(token: &[u8]) -> Option<i64> {
    let (hours, rest) = number(token, 1, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let (seconds, _) = number(rest.strip_prefix(b":")?, 1, 2)?;
    (hours < 24 && minutes < 60 && seconds < 60).then_some((hours * 60 + minutes) * 60 + seconds)
}

/// The month, 1 to 12, whose name the token begins with.
fn month_of(token: &[u8]) -> Option<i64> {
    let start = token.get(..3)?.to_ascii_lowercase();
    (1..).zip(MONTHS).find(|(_, name)| *name == start).map(|(month, _)| month)
}

fn days_in(month: i64, year: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counted in years that begin with March, so that a leap day is the last day of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_BEFORE_1970: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let days_in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + days_in_year - DAYS_BEFORE_1970
}

#[cfg(test)]
mod tests {
    use super::parse_cookie_date;

    #[track_caller]
    fn check(text: &str, seconds: Option<i64>) {
        assert_eq!(parse_cookie_date(text.as_bytes()), seconds, "{text}");
    }

    #[test]
    fn every_usual_form_is_understood() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "8:49:37 6 november 1994 of nothing",
        ] {
            check(text, Some(784_111_777));
        }
        check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
        check("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199));
        check("01 Mar 2000 00:00:00", Some(951_868_800));
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799));
        check("1 Jan 69 0:0:0", Some(3_124_224_000));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "tomorrow",
            "Thu, 29 Feb 2023 00:00:00 GMT",
            "32 Jan 2023 00:00:00",
            "0 Jan 2023 00:00:00",
            "1 Jan 2023 24:00:00",
            "1 Jan 2023 00:60:00",
            "1 Jan 2023",
            "1 Jan 1600 00:00:00",
            "1 Jan 12345 00:00:00",
            "1 Foo 2023 00:00:00",
        ] {
            check(text, None);
        }
    }
}
