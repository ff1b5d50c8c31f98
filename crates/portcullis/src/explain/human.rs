//! An explanation as people read it.

use std::fmt::Write;

use super::{Choice, Condition, Explanation, Outcome, ShownPart, Step};

pub(super) fn render(explanation: &Explanation) -> String {
    let mut text = format!("{}\n\n", visible(&explanation.request));
    step(&mut text, &explanation.handler, 0);
    text
}

fn step(text: &mut String, step_: &Step, depth: usize) {
    let mut title = step_.kind.clone();
    if let Some(name) = &step_.name {
        let _infallible = write!(title, " `{name}`");
    }
    if let Some(place) = &step_.place {
        let _infallible = write!(title, " ({place})");
    }
    if !step_.decorations.is_empty() {
        let _infallible = write!(title, ", decorated: {}", step_.decorations.join(", "));
    }
    if let Some(note) = &step_.note {
        let _infallible = write!(title, ": {note}");
    }
    line(text, depth, &title);
    for one in &step_.choices {
        choice(text, one, depth + 1);
    }
    for inner in &step_.steps {
        step(text, inner, depth + 1);
    }
}

fn choice(text: &mut String, choice: &Choice, depth: usize) {
    let mark = match choice.outcome {
        Outcome::Taken => "yes",
        Outcome::Closed => "yes, but broken: the answer is 503",
        Outcome::NotMatched => "no",
        Outcome::NotAsked => "not asked",
        Outcome::Broken => "cannot be told, the file is broken; see `portcullis check`",
    };
    line(text, depth, &format!("- {}: {mark}", choice.name));
    if let Some(Condition { text: condition, holds, parts: all }) = &choice.condition {
        line(text, depth + 2, &format!("{condition} = {holds}"));
        parts(text, all, depth + 3);
    } else if matches!(choice.outcome, Outcome::Taken | Outcome::Closed) {
        line(text, depth + 2, "no condition: takes every request");
    }
}

fn parts(text: &mut String, all: &[ShownPart], depth: usize) {
    for part in all {
        line(text, depth, &format!("{} = {}", part.text, part.value));
        parts(text, &part.parts, depth + 1);
    }
}

fn line(text: &mut String, depth: usize, words: &str) {
    let _infallible = writeln!(text, "{}{}", "  ".repeat(depth), visible(words));
}

/// Names and values come from files and requests: they must not send commands to the terminal.
fn visible(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
