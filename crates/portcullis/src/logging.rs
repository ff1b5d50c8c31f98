//! Logs: one line per event on standard output, in the columns operators of the original product know:
//! `HH:mm:ss:SSS | LEVEL | thread | logger | message`. The time is UTC.
//!
//! Much of what is logged comes from clients. So that nobody can forge a line or drive a terminal, control
//! characters and characters that turn the writing round are escaped, and the further lines of a message of
//! several lines are indented.

use std::fmt::{self, Write as _};
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The variable that says what is shown: `info`, `debug`, `transport=trace`.
const FILTER: &str = "PORTCULLIS_LOG";

/// Before every line of a message but the first.
const INDENTATION: &str = "    ";

/// Starts logging; `PORTCULLIS_LOG` sets what is shown, `info` by default.
pub(crate) fn start() {
    let wanted = std::env::var(FILTER).ok().filter(|wanted| !wanted.is_empty());
    let parsed = wanted.as_deref().map(EnvFilter::try_new).transpose();
    let (filter, complaint) = match parsed {
        Ok(filter) => (filter, None),
        Err(error) => (None, Some(error)),
    };
    // A second call (the demo starts two parts in one process) leaves the first in place.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new("info")))
        .with_ansi(std::io::stdout().is_terminal())
        // A reader of the log that has gone is no reason to write, and fail, elsewhere.
        .log_internal_errors(false)
        .event_format(Columns)
        .try_init();
    if let Some(error) = complaint {
        tracing::warn!(%error, "{FILTER} cannot be read; logging at level info.");
    }
}

struct Columns;

impl<S, N> FormatEvent<S, N> for Columns
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        let mut found = Found::default();
        event.record(&mut found);
        let thread = std::thread::current();
        write_time(&mut out, SystemTime::now())?;
        out.write_str(" | ")?;
        write_level(&mut out, *metadata.level())?;
        write!(out, " | {} | ", thread.name().unwrap_or("-"))?;
        write_escaped(&mut out, found.logger.as_deref().unwrap_or(metadata.target()))?;
        out.write_str(" | ")?;
        let message = found.message.trim_end();
        let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
        write_escaped(&mut out, first)?;
        out.write_str(&found.fields)?;
        for line in rest.lines() {
            out.write_char('\n')?;
            out.write_str(if line.is_empty() { "" } else { INDENTATION })?;
            write_escaped(&mut out, line)?;
        }
        out.write_char('\n')
    }
}

/// The parts of an event, in the order in which a line shows them.
#[derive(Default)]
struct Found {
    /// Stands in for the target: objects of the configuration log under names of their own.
    logger: Option<String>,
    message: String,
    /// ` name=value` for each of the others, escaped.
    fields: String,
}

impl Found {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        match field.name() {
            "message" => self.message = value.to_string(),
            "logger" => self.logger = Some(value.to_string()),
            name => {
                // Writing to a text cannot fail.
                let _ = write!(self.fields, " {name}=");
                let _ = write!(Escaped(&mut self.fields), "{value}");
            }
        }
    }
}

impl Visit for Found {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" | "logger" => self.add(field, &value),
            _ if value.is_empty() || value.contains([' ', '=', '"', '|']) => {
                self.add(field, &format_args!("{value:?}"));
            }
            _ => self.add(field, &value),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, &value);
    }
}

fn write_time(out: &mut impl fmt::Write, now: SystemTime) -> fmt::Result {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since_epoch.as_secs();
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    write!(out, "{hours:02}:{minutes:02}:{:02}:{:03}", seconds % 60, since_epoch.subsec_millis())
}

fn write_level(out: &mut Writer<'_>, level: Level) -> fmt::Result {
    let color = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG | Level::TRACE => 34,
    };
    match out.has_ansi_escapes() {
        true => write!(out, "\u{1b}[{color}m{level:<5}\u{1b}[0m"),
        false => write!(out, "{level:<5}"),
    }
}

/// Escapes what is written through it, see [`write_escaped`].
struct Escaped<'t>(&'t mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_escaped(self.0, text)
    }
}

/// Writes text of which no character ends the line or moves the cursor.
fn write_escaped(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    // Nearly all there is to log is plain.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return out.write_str(text);
    }
    let mut plain = 0;
    for (at, character) in text.char_indices().filter(|(_, character)| is_unprintable(*character)) {
        write!(out, "{}{}", &text[plain..at], character.escape_default())?;
        plain = at + character.len_utf8();
    }
    out.write_str(&text[plain..])
}

fn is_unprintable(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use expect_test::{Expect, expect};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written while `log` runs, without the time.
    #[track_caller]
    fn check(log: impl FnOnce() + Send, expected: Expect) {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .event_format(Columns)
            .finish();
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("worker-7".to_owned());
            let run = || tracing::subscriber::with_default(subscriber, log);
            thread.spawn_scoped(scope, run).unwrap().join().unwrap();
        });
        let shown = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = shown.split_at("00:00:00:000".len());
        assert!(time.split(':').all(|part| part.parse::<u32>().is_ok()), "{shown}");
        expected.assert_eq(rest.trim_start());
    }

    #[test]
    fn a_line_has_five_columns() {
        check(
            || tracing::info!(target: "Router", "Loaded."),
            expect![[r#"
                 | INFO  | worker-7 | Router | Loaded.
            "#]],
        );
        check(
            || tracing::error!(target: "Timer", logger = "Timer.timer.end", "Took {} ms.", 3),
            expect![[r#"
                 | ERROR | worker-7 | Timer.timer.end | Took 3 ms.
            "#]],
        );
    }

    #[test]
    fn fields_follow_the_message() {
        let error = io::Error::other("no\nluck");
        check(
            || {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(target: "t", id = "a b", port = 80, plain = "x", shown = %"y z", error, "Failed.");
            },
            expect![[r#"
                 | WARN  | worker-7 | t | Failed. id="a b" port=80 plain=x shown=y z error=no\nluck
            "#]],
        );
    }

    #[test]
    fn no_line_can_be_forged() {
        check(
            || {
                let forged = "a\r\n12:00:00:000 | INFO  | main | Router | all is well\u{1b}[2J\u{202e}";
                tracing::info!(target: "t", forged, logger = "l\nm", "Path {forged}");
            },
            expect![[r#"
                | INFO  | worker-7 | l\nm | Path a\r forged="a\r\n12:00:00:000 | INFO  | main | Router | all is well\u{1b}[2J\u{202e}"
                    12:00:00:000 | INFO  | main | Router | all is well\u{1b}[2J\u{202e}
            "#]],
        );
    }

    #[test]
    fn a_message_of_several_lines_stays_readable() {
        check(
            || tracing::info!(target: "t", n = 1, "error: no\n --> a.json\n\n  | x\n"),
            expect![[r#"
                | INFO  | worker-7 | t | error: no n=1
                     --> a.json

                      | x
            "#]],
        );
    }

    #[test]
    fn the_time_is_of_the_day() {
        let mut shown = String::new();
        write_time(&mut shown, UNIX_EPOCH + Duration::from_millis(86_400_000 + 3_661_002)).unwrap();
        assert_eq!(shown, "01:01:01:002");
    }
}
