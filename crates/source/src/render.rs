//! How a diagnostic looks: with the line and a caret for people, as one line of JSON for programs.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::{Diagnostic, Severity, Span};

/// Places further apart than this many bytes are not drawn in one picture.
const MAXIMUM_WINDOW: usize = 8 * 1024;
/// Of a line longer than this many bytes only the surroundings of the place are drawn.
const MAXIMUM_LINE: usize = 512;
/// How much of an overlong line is drawn before and behind the place, in bytes.
const SURROUNDINGS: usize = 100;
/// The width in columns at which the picture is trimmed.
const WIDTH: usize = 140;

impl Diagnostic {
    /// The diagnostic as `rustc` would print it, without a line break at the end.
    ///
    /// `color` adds terminal colours. Control characters of the file are shown as symbols, so a file cannot
    /// send commands to the terminal.
    pub fn render(&self, color: bool) -> String {
        let message = visible(&self.message);
        let id = self.code.to_string();
        let level = level(self.severity);
        let mut report = vec![level.primary_title(message).id(id).elements(Vec::<Element<'_>>::new())];
        if let Some(span) = &self.span {
            let mut picture = Picture::new(span, self.label.as_deref());
            let mut apart = Vec::new();
            for (place, words) in &self.notes {
                if !picture.add(place, words) {
                    apart.push((place, words));
                }
            }
            report = vec![picture.draw(report.remove(0))];
            for (place, words) in apart {
                let title = Level::NOTE.secondary_title(visible(words));
                report.push(Picture::new(place, None).draw(Group::with_title(title)));
            }
        }
        if let Some(help) = &self.help {
            let last = report.pop().expect("the report starts with one group and only grows");
            report.push(last.element(Level::HELP.message(visible(help))));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH).render(&report)
    }

    /// The diagnostic as one line of JSON with the members `code`, `name`, `severity`, `message`, `file`,
    /// `line`, `column`, `endLine`, `endColumn`, `help`; what is not known is `null`.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        write_string(&mut json, "code", &self.code.to_string());
        write_string(&mut json, "name", self.code.name);
        write_string(&mut json, "severity", self.severity.as_str());
        write_string(&mut json, "message", &self.message);
        match &self.span {
            Some(span) => {
                let ((line, column), (end_line, end_column)) = (span.line_column(), span.end_line_column());
                write_string(&mut json, "file", span.file());
                let _infallible = write!(
                    json,
                    r#""line":{line},"column":{column},"endLine":{end_line},"endColumn":{end_column},"#
                );
            }
            None => {
                json.push_str(r#""file":null,"line":null,"column":null,"endLine":null,"endColumn":null,"#)
            }
        }
        match &self.help {
            Some(help) => write_string(&mut json, "help", help),
            None => json.push_str(r#""help":null,"#),
        }
        json.pop();
        json.push('}');
        json
    }
}

/// The lines of one file around one or several places in it.
struct Picture<'a> {
    primary: &'a Span,
    label: Option<&'a str>,
    others: Vec<(&'a Span, &'a str)>,
    /// The lines drawn, as byte offsets in the file.
    window: Range<usize>,
}

impl<'a> Picture<'a> {
    fn new(primary: &'a Span, label: Option<&'a str>) -> Picture<'a> {
        let window = lines(primary, primary.range());
        let window = match window.len() > MAXIMUM_WINDOW {
            true => first_line(primary),
            false => window,
        };
        Picture { primary, label, others: Vec::new(), window }
    }

    /// Adds a place, unless it is in another file or too far away.
    fn add(&mut self, place: &'a Span, words: &'a str) -> bool {
        let lines = lines(place, place.range());
        let window = self.window.start.min(lines.start)..self.window.end.max(lines.end);
        let near = self.primary.same_file(place) && window.len() <= MAXIMUM_WINDOW && self.whole_lines();
        if near {
            self.window = window;
            self.others.push((place, words));
        }
        near
    }

    /// Whether the window starts at the start of a line: an overlong line is cut, and then stands alone.
    fn whole_lines(&self) -> bool {
        let line = self.primary.source().line_column(self.window.start).0;
        self.primary.source().line_start(line) == self.window.start && self.window.len() <= MAXIMUM_WINDOW
    }

    fn draw(self, group: Group<'a>) -> Group<'a> {
        let source = self.primary.source();
        let (line, column) = self.primary.line_column();
        let origin = Origin::path(visible(self.primary.file())).line(line).char_column(column);
        let window = &self.window;
        let within = |span: &Span| {
            let range = span.range();
            let start = range.start.clamp(window.start, window.end);
            start - window.start..range.end.clamp(start, window.end) - window.start
        };
        let primary = AnnotationKind::Primary.span(within(self.primary)).label(self.label.map(visible));
        let others = self
            .others
            .iter()
            .map(|(place, words)| AnnotationKind::Context.span(within(place)).label(visible(words)));
        let first_line = source.line_column(window.start).0;
        let snippet = Snippet::source(&source.text()[window.clone()])
            .line_start(first_line)
            .annotation(primary)
            .annotations(others);
        group.element(origin).element(snippet)
    }
}

/// The whole lines that hold a range, without the last line break.
fn lines(span: &Span, range: Range<usize>) -> Range<usize> {
    let text = span.source().text();
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at);
    start..end
}

/// The first line of a place that is too large to draw, cut when the line itself is too long.
fn first_line(span: &Span) -> Range<usize> {
    let start = span.range().start;
    let line = lines(span, start..start);
    if line.len() <= MAXIMUM_LINE {
        return line;
    }
    let text = span.source().text();
    let from = text.ceil_char_boundary(start.saturating_sub(SURROUNDINGS).max(line.start));
    let to = text.floor_char_boundary((start + SURROUNDINGS).min(line.end));
    from.min(start)..to.max(start)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// Messages quote what files and clients wrote: control characters become harmless.
fn visible(text: &str) -> String {
    text.replace(|character: char| character.is_control() && character != '\n', "\u{fffd}")
}

/// Writes `"name":"value",`.
fn write_string(json: &mut String, name: &str, value: &str) {
    let _infallible = write!(json, "\"{name}\":\"");
    for character in value.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            character if character.is_control() => {
                let _infallible = write!(json, "\\u{:04x}", character as u32);
            }
            character => json.push(character),
        }
    }
    json.push_str("\",");
}
