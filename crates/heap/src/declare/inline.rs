//! Remembers what a configuration declares in place.
//!
//! After a mistake a configuration is read again (see `deserialize`). Declaring its inline objects again, too,
//! would double the work at each level of nesting, and objects would be there twice.

use std::collections::VecDeque;
use std::ops::Range;

use source::Span;

/// The objects that one configuration has declared in place, in the order of the file.
#[derive(Default)]
pub(crate) struct Inline {
    /// By this reading, so far.
    declared: VecDeque<(Range<usize>, usize)>,
    /// By the reading before, as far as this one has not come by.
    before: VecDeque<(Range<usize>, usize)>,
}

impl Inline {
    /// Forgets everything: another configuration is read.
    pub(crate) fn clear(&mut self) {
        self.declared.clear();
        self.before.clear();
    }

    /// The same configuration is read again from its start.
    pub(crate) fn rewind(&mut self) {
        self.declared.append(&mut self.before);
        std::mem::swap(&mut self.declared, &mut self.before);
    }

    /// The object that an earlier reading has declared at this place.
    ///
    /// Several may share a place, when an expression yields them; they come in the same order every time.
    pub(crate) fn again(&mut self, span: &Span) -> Option<usize> {
        let range = span.range();
        let position = self.before.iter().position(|(place, _)| *place == range)?;
        let found = self.before.drain(..=position).next_back()?;
        let index = found.1;
        self.declared.push_back(found);
        Some(index)
    }

    pub(crate) fn add(&mut self, span: &Span, index: usize) {
        self.declared.push_back((span.range(), index));
    }
}
