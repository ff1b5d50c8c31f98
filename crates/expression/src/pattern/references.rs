//! References to groups, `\1` and `\k<name>`, and which of them can be carried over.
//!
//! When what follows a group fails, Java takes the text of the group back, as the engines do; but not if the
//! group stands in a look-around, in a part that gives nothing back, or within rounds of a loop. The text is
//! then seen by references in other alternatives, and even at later places of the same search. A reference
//! to such a group is let through only where the group has matched anew on every way to it.

use std::ops::{Range, RangeInclusive};

use crate::errors::Problem;
use crate::pattern::translate::{Flags, Translator, problem};

/// What is known of the texts of groups at a place in the pattern.
#[derive(Default)]
pub(super) struct GroupTexts {
    /// The groups around the place.
    pub(super) open: Vec<usize>,
    /// The groups that have matched on every way to the place.
    pub(super) matched: Vec<usize>,
    /// The groups whose text after rounds that match nothing is another in Java.
    pub(super) uncertain: Vec<usize>,
    /// The groups whose text may be another in Java even after they matched, as of a round that failed.
    pub(super) lost: Vec<usize>,
    /// The groups whose text Java may keep after what follows has failed.
    kept: Vec<usize>,
    /// References to groups that need not have matched.
    loose: Vec<(usize, Range<usize>)>,
}

impl GroupTexts {
    /// Ends a part after which Java keeps the texts of the groups in it, even if what follows fails.
    pub(super) fn keep(&mut self, groups: RangeInclusive<usize>) -> Result<(), Problem> {
        if let Some((number, range)) = self.loose.iter().find(|(number, _)| groups.contains(number)) {
            return Err(unsure(*number, range));
        }
        self.kept.extend(groups);
        Ok(())
    }

    /// Refuses a reference that may see a text that the engines do not keep.
    fn check(&mut self, number: usize, range: &Range<usize>) -> Result<(), Problem> {
        let is_matched = self.matched.contains(&number);
        if self.lost.contains(&number) || !is_matched && self.kept.contains(&number) {
            return Err(unsure(number, range));
        }
        if !is_matched {
            self.loose.push((number, range.clone()));
        }
        Ok(())
    }
}

fn unsure(number: usize, range: &Range<usize>) -> Problem {
    problem(range.clone(), format!("group {number} may hold the text of an attempt that failed"))
        .help("refer to a group that always matches before, with no loop around it")
}

impl Translator<'_> {
    pub(super) fn named_reference(&mut self, start: usize, flags: Flags) -> Result<String, Problem> {
        self.units.advance();
        self.units.advance();
        let name = if self.units.take('<') { self.units.name() } else { None };
        let name = name.filter(|_| self.units.take('>'));
        let range = start..self.units.position();
        let Some(name) = name else {
            return Err(problem(range, "a reference to a named group is written `\\k<name>`"));
        };
        match self.names.iter().find(|(known, _)| *known == name).map(|(_, number)| *number) {
            Some(number) => self.reference(number, range, flags),
            None => Err(problem(range, format!("no group before this place is named `{name}`"))),
        }
    }

    /// Takes digits as long as there is such a group, as Java does.
    pub(super) fn numbered_reference(&mut self, start: usize, flags: Flags) -> Result<String, Problem> {
        self.units.advance();
        let mut number = 0;
        while let Some(digit) = self.units.peek().and_then(|unit| unit.character.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if number > 0 && longer > self.groups {
                break;
            }
            number = longer;
            self.units.advance();
        }
        let range = start..self.units.position();
        if number > self.groups {
            let message = format!("the pattern has no group {number} before this place");
            return Err(problem(range, message));
        }
        self.reference(number, range, flags)
    }

    fn reference(&mut self, number: usize, range: Range<usize>, flags: Flags) -> Result<String, Problem> {
        if self.texts.open.contains(&number) {
            return Err(problem(range, format!("the reference to group {number} stands inside of it")));
        }
        if self.texts.uncertain.contains(&number) {
            let message =
                format!("group {number} is repeated and may have matched nothing in the last round");
            return Err(problem(range, message).help("refer to a group around the repetition"));
        }
        self.texts.check(number, &range)?;
        if flags.ignores_case {
            let message = "a reference to a group under the flag `i` is not offered";
            return Err(problem(range, message).help("switch the flag off around it: `(?-i:…)`"));
        }
        self.looks_around();
        Ok(format!("(?:\\{number})"))
    }
}
