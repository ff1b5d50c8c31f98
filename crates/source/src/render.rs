//! How a diagnostic looks: with the line and a caret for people, as one line of JSON for programs.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::{Diagnostic, Severity, Span};

/// Lines longer together than this many bytes are not drawn: the work grows with them.
const MAXIMUM_WINDOW: usize = 64 * 1024;
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
        let mut first = Group::with_title(level.primary_title(message).id(id));
        let mut apart = Vec::new();
        if let Some(span) = &self.span {
            let mut picture = Picture::new(span, self.label.as_deref());
            apart.extend(self.notes.iter().filter(|(place, words)| !picture.add(place, words)));
            first = picture.draw(first);
        }
        if let Some(help) = &self.help {
            first = first.element(Level::HELP.message(visible(help)));
        }
        let apart = apart.into_iter().map(|(place, words)| {
            let title = Level::NOTE.secondary_title(visible(words));
            Picture::new(place, None).draw(Group::with_title(title))
        });
        let report: Vec<Group<'_>> = std::iter::once(first).chain(apart).collect();
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
    /// The lines drawn, as byte offsets in the file; nothing when even one line is too long.
    window: Option<Range<usize>>,
}

impl<'a> Picture<'a> {
    fn new(primary: &'a Span, label: Option<&'a str>) -> Picture<'a> {
        let range = primary.range();
        // Of a place that is too tall, the first line is drawn.
        let windows = [range.clone(), range.start..range.start].map(|range| lines(primary, range));
        let window = windows.into_iter().find(|window| window.len() <= MAXIMUM_WINDOW);
        Picture { primary, label, others: Vec::new(), window }
    }

    /// Adds a place, unless it is in another file or too far away.
    fn add(&mut self, place: &'a Span, words: &'a str) -> bool {
        let Some(window) = self.window.clone().filter(|_| self.primary.same_file(place)) else {
            return false;
        };
        let lines = lines(place, place.range());
        let window = window.start.min(lines.start)..window.end.max(lines.end);
        let near = window.len() <= MAXIMUM_WINDOW;
        if near {
            self.window = Some(window);
            self.others.push((place, words));
        }
        near
    }

    fn draw(self, group: Group<'a>) -> Group<'a> {
        let source = self.primary.source();
        let file = visible(self.primary.file());
        let Some(window) = &self.window else {
            let (line, column) = self.primary.line_column();
            let words = self.label.map_or_else(|| "the line is too long to show".to_owned(), visible);
            let origin = Origin::path(file).line(line).char_column(column);
            return group.element(origin).element(Level::NOTE.message(words));
        };
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
        let snippet = Snippet::source(&source.text()[window.clone()])
            .path(file)
            .line_start(source.line_column(window.start).0)
            .annotation(primary)
            .annotations(others);
        group.element(snippet)
    }
}

/// The whole lines that hold a range, without the last line break.
fn lines(span: &Span, range: Range<usize>) -> Range<usize> {
    let text = span.source().text();
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at);
    start..end
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
