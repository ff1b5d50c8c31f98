//! What must be true of a request before a condition can be: a few texts, each of which begins in one of a
//! few ways.
//!
//! Whoever has many conditions asks their guards first, with a search instead of an evaluation for each; a
//! request that a guard does not admit cannot make its condition true. One that it admits may still not do so.

mod derive;

use std::fmt;

use crate::cursor::Cursor;
use crate::node::Node;
use crate::scope::{Root, Scope};
use crate::value::Value;

pub(crate) use derive::{of_condition, of_constant};

/// More beginnings than these are not kept: the test is left out.
const STARTS_MAX: usize = 256;

/// What is true whenever a condition is. The default admits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    is_never: bool,
    tests: Vec<Test>,
}

/// One test of a guard: the subject is a text that begins in one of some ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    subject: Subject,
    starts: Vec<Start>,
}

/// What a condition looks at: `request.uri.path`, `request.headers['host'][0]`. It reads the very value that
/// the condition sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    root: Root,
    keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// `.name`
    Property(Box<str>),
    /// `['name']`
    Index(Box<str>),
    /// `[0]`
    Position(i64),
}

/// How a text may begin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Start {
    text: Box<[u8]>,
    is_whole: bool,
}

impl Guard {
    /// Whether the condition is false for every request.
    pub fn is_never(&self) -> bool {
        self.is_never
    }

    /// What all has to be so; nothing if every request is admitted.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Whether the condition can be true.
    pub fn admits(&self, scope: &dyn Scope) -> bool {
        !self.is_never && self.tests.iter().all(|test| test.admits(&test.subject.value(scope)))
    }

    /// Whether no request whose subjects are texts makes both conditions true, as far as the guards tell.
    pub fn is_apart_from(&self, other: &Guard) -> bool {
        let apart = |test: &Test| other.tests.iter().any(|other| test.is_apart_from(other));
        self.is_never || other.is_never || self.tests.iter().any(apart)
    }

    /// A condition that is never true.
    fn never() -> Guard {
        Guard { is_never: true, tests: Vec::new() }
    }

    fn single(subject: Subject, starts: Vec<Start>) -> Guard {
        Guard { is_never: false, tests: vec![Test { subject, starts }] }
    }

    /// All of the conditions.
    fn all(guards: impl IntoIterator<Item = Guard>) -> Guard {
        let mut all = Guard::default();
        for mut guard in guards {
            all.is_never |= guard.is_never;
            all.tests.append(&mut guard.tests);
        }
        all
    }

    /// Any of the conditions: of each subject that all of them test, what any of them wants.
    fn any(guards: impl IntoIterator<Item = Guard>) -> Guard {
        let mut possible = guards.into_iter().filter(|guard| !guard.is_never);
        let Some(mut any) = possible.next() else { return Guard::never() };
        for guard in possible {
            any.tests.retain_mut(|test| {
                let other = guard.tests.iter().find(|other| other.subject == test.subject);
                test.starts.extend(other.iter().flat_map(|other| other.starts.iter().cloned()));
                other.is_some() && test.starts.len() <= STARTS_MAX
            });
        }
        any
    }
}

impl Test {
    /// What is looked at.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// How it may begin.
    pub fn starts(&self) -> &[Start] {
        &self.starts
    }

    /// Whether a value of the subject passes. Null does not; what is neither null nor text may mean anything.
    pub fn admits(&self, value: &Value<'_>) -> bool {
        match value {
            Value::Null => false,
            Value::String(text) => self.starts.iter().any(|start| start.fits(text.as_bytes())),
            _ => true,
        }
    }

    /// Whether no text passes both tests.
    fn is_apart_from(&self, other: &Test) -> bool {
        let apart = |start: &Start| other.starts.iter().all(|other| start.is_apart_from(other));
        self.subject == other.subject && self.starts.iter().all(apart)
    }
}

impl Subject {
    /// The subject that a node reads, if it does nothing else.
    fn of(node: &Node) -> Option<Subject> {
        let mut keys = Vec::new();
        let mut node = node;
        let root = loop {
            node = match node {
                Node::Property(base, name) => {
                    keys.push(Key::Property(name.as_str().into()));
                    base
                }
                Node::Index(base, key) => {
                    keys.push(match key.constant()? {
                        Value::String(name) => Key::Index(name.as_ref().into()),
                        Value::Integer(at) => Key::Position(*at),
                        _ => return None,
                    });
                    base
                }
                Node::Root(root) => break *root,
                _ => return None,
            };
        };
        keys.reverse();
        Subject { root, keys }.settled()
    }

    /// The old root `exchange` holds today's request. Only roots whose values stay as they are while conditions
    /// are asked will do.
    fn settled(mut self) -> Option<Subject> {
        match (self.root, self.keys.first()) {
            (Root::Request | Root::Context | Root::Contexts | Root::Attributes | Root::Session, _) => {
                Some(self)
            }
            (Root::Exchange, Some(Key::Property(name) | Key::Index(name))) if &**name == "request" => {
                self.keys.remove(0);
                self.root = Root::Request;
                Some(self)
            }
            _ => None,
        }
    }

    /// The value for a request.
    pub fn value<'a>(&'a self, scope: &'a dyn Scope) -> Value<'a> {
        let start = Cursor::At(scope.root(self.root));
        let end = self.keys.iter().fold(start, |cursor, key| match key {
            Key::Property(name) => cursor.property(name),
            Key::Index(name) => cursor.index(&Value::text(name)),
            Key::Position(at) => cursor.index(&Value::Integer(*at)),
        });
        end.value()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.root.name())?;
        self.keys.iter().try_for_each(|key| match key {
            Key::Property(name) => write!(formatter, ".{name}"),
            Key::Index(name) => write!(formatter, "['{name}']"),
            Key::Position(at) => write!(formatter, "[{at}]"),
        })
    }
}

impl Start {
    /// The text begins like this.
    pub(crate) fn beginning(text: impl Into<Box<[u8]>>) -> Start {
        Start { text: text.into(), is_whole: false }
    }

    /// The text is just this.
    pub(crate) fn whole(text: impl Into<Box<[u8]>>) -> Start {
        Start { text: text.into(), is_whole: true }
    }

    /// The beginning, which may end within a character.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether nothing may follow.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether the text begins so.
    pub fn fits(&self, text: &[u8]) -> bool {
        text.starts_with(&self.text) && (!self.is_whole || text.len() == self.text.len())
    }

    /// Whether no text fits both.
    fn is_apart_from(&self, other: &Start) -> bool {
        let (shorter, longer) =
            if self.text.len() <= other.text.len() { (self, other) } else { (other, self) };
        !longer.text.starts_with(&shorter.text)
            || (shorter.is_whole && shorter.text.len() < longer.text.len())
    }
}
