//! The time of an evaluation, as expressions see it. The clock itself is read by whoever makes the scope.

use std::borrow::Cow;

use crate::types::{Bean, Property, Type};
use crate::value::{Object, Value};

const DAY_SECONDS: i64 = 86_400;

/// An instant. Its properties are `epochSeconds`, `epochMillis` and `rfc1123`; its methods add and subtract:
/// `${now.plusDays(1).rfc1123}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    epoch_millis: i64,
}

impl Now {
    /// The instant so many milliseconds after the first of January 1970, UTC.
    pub fn from_epoch_millis(epoch_millis: i64) -> Now {
        Now { epoch_millis }
    }

    /// The instant as the Internet writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn rfc1123(&self) -> String {
        let seconds = self.epoch_millis.div_euclid(1000);
        let Date { weekday, day, month, year, time } = Date::of(seconds);
        format!("{weekday}, {day:02} {month} {year:04} {time} GMT")
    }
}

/// [`Now`], for the static check and the reference.
pub static NOW: Bean = Bean {
    name: "now",
    about: "An instant. In a text it is written as its `rfc1123`.",
    properties: &[
        Property::new("epochSeconds", Type::Number, "seconds since 1970"),
        Property::new("epochMillis", Type::Number, "milliseconds since 1970"),
        Property::new("rfc1123", Type::Text, "as the Internet writes it: `Sun, 06 Nov 1994 08:49:37 GMT`"),
    ],
    methods: &[
        ("plusDays", Type::Object(&NOW)),
        ("plusHours", Type::Object(&NOW)),
        ("plusMinutes", Type::Object(&NOW)),
        ("plusSeconds", Type::Object(&NOW)),
        ("plusMillis", Type::Object(&NOW)),
        ("minusDays", Type::Object(&NOW)),
        ("minusHours", Type::Object(&NOW)),
        ("minusMinutes", Type::Object(&NOW)),
        ("minusSeconds", Type::Object(&NOW)),
        ("minusMillis", Type::Object(&NOW)),
    ],
    others: None,
};

impl Object for Now {
    fn type_name(&self) -> &'static str {
        "Now"
    }

    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "epochSeconds" => Value::Integer(self.epoch_millis.div_euclid(1000)),
            "epochMillis" => Value::Integer(self.epoch_millis),
            "rfc1123" => Value::owned_text(self.rfc1123()),
            _ => Value::Null,
        }
    }

    fn call(&self, method: &str, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        let [amount] = arguments else {
            return None;
        };
        let (sign, unit) = match method.strip_prefix("plus") {
            Some(unit) => (1, unit),
            None => (-1, method.strip_prefix("minus")?),
        };
        let millis = match unit {
            "Days" => DAY_SECONDS * 1000,
            "Hours" => 3_600_000,
            "Minutes" => 60_000,
            "Seconds" => 1000,
            "Millis" => 1,
            _ => return None,
        };
        let change = amount.to_integer().ok()?.checked_mul(millis)?.checked_mul(sign)?;
        let epoch_millis = self.epoch_millis.checked_add(change)?;
        Some(Value::shared(std::sync::Arc::new(Now { epoch_millis })))
    }

    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.rfc1123()))
    }

    fn snapshot(&self) -> Value<'static> {
        Value::shared(std::sync::Arc::new(*self))
    }
}

/// An instant as `java.util.Date` writes it where the clock shows UTC: `Sun Nov 06 08:49:37 UTC 1994`.
pub(crate) fn java_date(epoch_seconds: i64) -> String {
    let Date { weekday, day, month, year, time } = Date::of(epoch_seconds);
    format!("{weekday} {month} {day:02} {time} UTC {year:04}")
}

/// The parts of which dates are put together.
struct Date {
    weekday: &'static str,
    day: i64,
    month: &'static str,
    year: i64,
    time: String,
}

impl Date {
    fn of(epoch_seconds: i64) -> Date {
        let days = epoch_seconds.div_euclid(DAY_SECONDS);
        let of_day = epoch_seconds.rem_euclid(DAY_SECONDS);
        let (year, month, day) = civil(days);
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days.rem_euclid(7) as usize];
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let time = format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
        Date { weekday, day, month: months[month - 1], year, time }
    }
}

/// Year, month and day of the Gregorian calendar from days since 1970.
///
/// The year is taken to begin in March, so that the leap day is its last; eras are of 400 years.
fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1), day)
}
