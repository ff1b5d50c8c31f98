//! Reads a configuration struct from a spanned tree, with serde.
//!
//! What serde alone cannot do happens here: references are declared and expressions compiled on the way,
//! values of plain fields are evaluated first, and unknown fields are reported. Serde gives up at the first
//! mistake; here the offending value is then replaced by a stand-in and reading starts again, so that one pass
//! over a file finds every mistake in it.

mod access;
mod evaluate;
mod reader;
mod stand_in;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use source::{Node, Value};

pub(crate) use evaluate::{evaluate_now, has_expression, value_now};

use crate::declare::Declarer;
use crate::errors;
use crate::failure::{Failure, FailureKind, Step};
use reader::{Owner, Reader};

/// Mistakes reported per configuration before reading gives up.
const MISTAKES_MAX: usize = 50;

/// Reads `T`, reporting every mistake. `None` if there was one that leaves no `T`.
pub(crate) fn read<T: DeserializeOwned>(
    declarer: &mut Declarer<'_>,
    node: &Node,
    what: &'static str,
) -> Option<T> {
    declarer.frame().inline.clear();
    let mut attempt = Cow::Borrowed(node);
    let mut recovery = Recovery::default();
    let budget = declarer.budget;
    for _ in 0..=MISTAKES_MAX {
        // What is read again replaces what was read before.
        declarer.budget = budget;
        declarer.frame().inline.rewind();
        let is_again = matches!(attempt, Cow::Owned(_));
        let mut reader = Reader { declarer, node: &attempt, owner: Owner::new(what), is_again };
        let failure = match T::deserialize(&mut reader) {
            // A value that holds stand-ins must not leave this function.
            Ok(value) => return (!is_again).then_some(value),
            Err(failure) => failure,
        };
        let outcome = recovery.set_aside(attempt.to_mut(), &failure);
        if outcome.is_news && !matches!(failure.kind, FailureKind::Told) {
            declarer.report(errors::failure(failure, what, &node.span));
        }
        if !outcome.goes_on {
            return None;
        }
    }
    None
}

/// Removes mistakes from a tree, so that what stands behind them can be looked at.
#[derive(Default)]
struct Recovery {
    /// Where a stand-in did not help.
    hopeless: Vec<Vec<Step>>,
}

struct Outcome {
    /// Whether the mistake is one of the file. What fails at a stand-in is none.
    is_news: bool,
    /// Whether reading again would get any further.
    goes_on: bool,
}

impl Recovery {
    /// Replaces what failed, or adds what is missing.
    fn set_aside(&mut self, root: &mut Node, failure: &Failure) -> Outcome {
        let mut path: Vec<Step> = failure.path.iter().rev().cloned().collect();
        if let FailureKind::Missing(field) = failure.kind {
            path.push(Step::Key(field.to_owned()));
        }
        if self.hopeless.contains(&path) {
            // A field that must be there and has no stand-in takes what it belongs to along.
            path.pop();
            return Outcome { is_news: false, goes_on: self.replace(root, path).goes_on };
        }
        self.replace(root, path)
    }

    fn replace(&mut self, root: &mut Node, path: Vec<Step>) -> Outcome {
        if path.is_empty() {
            return Outcome { is_news: true, goes_on: false };
        }
        match put(root, &path) {
            Put::Done => Outcome { is_news: true, goes_on: true },
            Put::WasStandIn(place) => {
                let goes_on = !self.hopeless.contains(&place) && remove(root, &place);
                self.hopeless.push(place);
                Outcome { is_news: false, goes_on }
            }
        }
    }
}

enum Put {
    Done,
    WasStandIn(Vec<Step>),
}

/// Puts a stand-in at the end of `path`, or as near to it as the tree goes: what an expression yields is not
/// in the tree, only the expression is.
fn put(root: &mut Node, path: &[Step]) -> Put {
    let mut node = root;
    for (depth, step) in path.iter().enumerate() {
        let is_last = depth + 1 == path.len();
        if is_last
            && let (Step::Key(key), Value::Object(object)) = (step, &mut node.value)
            && !object.contains(key)
        {
            let span = node.span.clone();
            object.insert(source::Entry {
                key: key.clone(),
                key_span: span.clone(),
                value: stand_in::node(&span),
            });
            return Put::Done;
        }
        if child(node, step).is_none() {
            return replace(node, &path[..depth]);
        }
        node = child(node, step).expect("it was there a moment ago");
    }
    replace(node, path)
}

fn replace(node: &mut Node, path: &[Step]) -> Put {
    if stand_in::is_stand_in(node) {
        return Put::WasStandIn(path.to_vec());
    }
    *node = stand_in::node(&node.span);
    Put::Done
}

fn child<'n>(node: &'n mut Node, step: &Step) -> Option<&'n mut Node> {
    match (step, &mut node.value) {
        (Step::Key(key), Value::Object(object)) => object.get_mut(key),
        (Step::Index(index), Value::Array(items)) => items.get_mut(*index),
        _ => None,
    }
}

/// Takes the value at the end of `path` out of the tree; whether it was there.
fn remove(root: &mut Node, path: &[Step]) -> bool {
    let [above @ .., last] = path else { return false };
    let mut node = root;
    for step in above {
        let Some(below) = child(node, step) else { return false };
        node = below;
    }
    match (last, &mut node.value) {
        (Step::Key(key), Value::Object(object)) => object.remove(key).is_some(),
        (Step::Index(index), Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}
