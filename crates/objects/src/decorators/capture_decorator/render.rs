//! Captured messages as text: start line, header fields, entity and contexts.

use std::borrow::Cow;
use std::fmt::Write;

use exchange::{Context, Headers, Request, Response};
use expression::{Root, Scope};

use super::Settings;
use super::entity::{Seen, essence};

impl Settings {
    pub(super) fn request(&self, point: &str, cx: &Context, request: &Request, entity: &Seen) -> String {
        let uri = request.uri.to_string();
        let mut shown = format!("\n\n--- ({point}) id:{} --->\n\n", printable(cx.transaction().as_str()));
        let (method, uri) = (&request.method, printable(&self.masks.uri(&uri)).into_owned());
        let _ = writeln!(shown, "{method} {uri} {:?}", request.version);
        self.message(&mut shown, &request.headers, entity);
        self.context(&mut shown, cx, request);
        shown
    }

    pub(super) fn response(&self, point: &str, cx: &Context, response: &Response, entity: &Seen) -> String {
        let mut shown = format!("\n\n<--- ({point}) id:{} ---\n\n", printable(cx.transaction().as_str()));
        let reason = response.reason.as_deref().or(response.status.canonical_reason()).unwrap_or_default();
        let _ = writeln!(shown, "{:?} {} {}", response.version, response.status.as_u16(), printable(reason));
        self.message(&mut shown, &response.headers, entity);
        shown
    }

    fn message(&self, shown: &mut String, headers: &Headers, entity: &Seen) {
        for (name, value) in headers.iter() {
            let value = String::from_utf8_lossy(value.as_bytes());
            let _ = writeln!(shown, "{name}: {}", printable(&self.masks.header(name, &value)));
        }
        match entity {
            Seen::Nothing => {}
            Seen::Placeholder(placeholder) => {
                let _ = writeln!(shown, "\n{placeholder}");
            }
            Seen::Text { text, is_cut } => {
                let essence = essence(headers);
                let text = match essence.as_str() {
                    "application/x-www-form-urlencoded" => Cow::Owned(self.masks.parameters(text)),
                    "application/json" => self.masks.json_text(text),
                    essence if essence.ends_with("+json") => self.masks.json_text(text),
                    _ => Cow::Borrowed(text.as_str()),
                };
                shown.push('\n');
                indented(shown, &text);
                if *is_cut {
                    shown.push_str("[the entity goes on; maxEntityLength ends it here]\n");
                }
            }
        }
    }

    fn context(&self, shown: &mut String, cx: &Context, request: &Request) {
        if !self.has_context {
            return;
        }
        let scope = cx.scope(request);
        let expression::Value::Object(contexts) = scope.root(Root::Contexts) else { return };
        let contexts = contexts.get();
        let entries = contexts.keys().into_iter().map(|name| {
            let context = contexts.property(&name).to_json();
            (name, context)
        });
        let json = self.masks.json(serde_json::Value::Object(entries.collect()));
        shown.push_str("\nContexts as JSON:\n");
        let pretty = serde_json::to_string_pretty(&json).unwrap_or_default();
        indented(shown, &pretty);
    }
}

/// Text of several lines, each of them indented, so that none can be taken for a line of the log.
fn indented(shown: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(shown, "  {}", printable(line));
    }
}

/// Text in one line: what would move the cursor, end the line or turn the writing round is shown escaped.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unprintable(character) {
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

fn is_unprintable(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
