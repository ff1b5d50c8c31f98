//! Finds the first route that takes a request without asking them all.
//!
//! Most conditions can only be true if a text of the request, mostly its path, begins in a certain way: their
//! guard says how. The beginnings are kept in order, so that one search among them yields the routes that are
//! left to be asked. Each of those is still asked for its condition, in the order of the table: the index
//! leaves out what could not be true, and decides nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use expression::{Guard, Scope, Subject, Test, Value};

/// Texts of a request that are searched for; routes that look at others only are always asked.
const SUBJECTS_MAX: usize = 4;

/// Fewer routes are asked sooner than their subject is searched for.
const ROUTES_MIN: usize = 8;

/// Positions that the lists of one subject may hold. Beginnings that contain one another make them long, and
/// beyond this the routes of the subject are always asked.
const POSITIONS_MAX: usize = 1 << 20;

/// Which routes can take which request.
#[derive(Default)]
pub(super) struct Index {
    subjects: Vec<Indexed>,
    /// Routes that can only be asked, in order.
    rest: Vec<usize>,
}

/// The routes that look at one text of the request.
struct Indexed {
    subject: Subject,
    /// In order of their texts.
    beginnings: Vec<Beginning>,
    /// Lists of routes, each in order, for the beginnings to point at.
    lists: Vec<usize>,
    /// All of the routes.
    all: Vec<usize>,
}

/// A beginning that some route wants.
struct Beginning {
    text: Box<[u8]>,
    /// The longest beginning that this one begins with.
    parent: Option<usize>,
    /// The routes that can take a text which goes on after this beginning.
    longer: Range<usize>,
    /// The routes that can take a text which is just this.
    whole: Range<usize>,
}

impl Index {
    /// An index of routes with these guards.
    pub(super) fn new(guards: &[Guard]) -> Index {
        let guards = || guards.iter().enumerate().filter(|(_, guard)| !guard.is_never());
        let subjects = common_subjects(guards().map(|(_, guard)| guard));
        let mut wanted: HashMap<&[u8], usize> = HashMap::new();
        let starts = guards().flat_map(|(_, guard)| guard.tests()).flat_map(Test::starts);
        starts.for_each(|start| *wanted.entry(start.text()).or_default() += 1);
        let mut chosen: Vec<Vec<(usize, &Test)>> = vec![Vec::new(); subjects.len()];
        let mut rest = Vec::new();
        for (position, guard) in guards() {
            // Of two tests the one that tells the route from more of the others.
            let cost = |test: &Test| test.starts().iter().map(|start| wanted[start.text()]).sum::<usize>();
            let known = guard.tests().iter().filter_map(|test| {
                let at = subjects.iter().position(|subject| *subject == test.subject())?;
                Some((at, test))
            });
            match known.min_by_key(|(_, test)| cost(test)) {
                Some((at, test)) => chosen[at].push((position, test)),
                None => rest.push(position),
            }
        }
        let mut indexed = Vec::new();
        for (subject, tests) in subjects.into_iter().zip(chosen) {
            match Indexed::new(subject, &tests) {
                Some(new) => indexed.push(new),
                None => rest.extend(tests.iter().map(|(position, _)| position)),
            }
        }
        rest.sort_unstable();
        Index { subjects: indexed, rest }
    }

    /// The first route that takes the request, asking only those that can.
    pub(super) fn first(&self, scope: &dyn Scope, mut takes: impl FnMut(usize) -> bool) -> Option<usize> {
        if self.subjects.is_empty() {
            return self.rest.iter().copied().find(|position| takes(*position));
        }
        // A route is in one of the lists, and all lists are in the order of the table.
        let mut lists: [&[usize]; SUBJECTS_MAX + 1] = [&[]; SUBJECTS_MAX + 1];
        lists[SUBJECTS_MAX] = &self.rest;
        for (list, indexed) in lists.iter_mut().zip(&self.subjects) {
            *list = indexed.candidates(scope);
        }
        loop {
            let next = lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0])?;
            let position = next[0];
            if takes(position) {
                return Some(position);
            }
            *next = &next[1..];
        }
    }
}

/// What many conditions look at, the most frequent first.
fn common_subjects<'g>(guards: impl Iterator<Item = &'g Guard>) -> Vec<&'g Subject> {
    let mut counts: Vec<(&Subject, usize)> = Vec::new();
    let mut places: HashMap<&Subject, usize> = HashMap::new();
    for test in guards.flat_map(Guard::tests) {
        let place = *places.entry(test.subject()).or_insert(counts.len());
        if place == counts.len() {
            counts.push((test.subject(), 0));
        }
        counts[place].1 += 1;
    }
    counts.retain(|(_, count)| *count >= ROUTES_MIN);
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.truncate(SUBJECTS_MAX);
    counts.into_iter().map(|(subject, _)| subject).collect()
}

/// The routes that want one beginning.
#[derive(Default)]
struct Wanted {
    as_beginning: Vec<usize>,
    as_whole: Vec<usize>,
}

impl Indexed {
    /// Nothing if the lists grow too long.
    fn new(subject: &Subject, tests: &[(usize, &Test)]) -> Option<Indexed> {
        let mut wanted: BTreeMap<&[u8], Wanted> = BTreeMap::new();
        for (position, test) in tests {
            for start in test.starts() {
                let wanted = wanted.entry(start.text()).or_default();
                let routes = if start.is_whole() { &mut wanted.as_whole } else { &mut wanted.as_beginning };
                routes.push(*position);
            }
        }
        let all = tests.iter().map(|(position, _)| *position).collect();
        let mut indexed =
            Indexed { subject: subject.clone(), beginnings: Vec::new(), lists: Vec::new(), all };
        // The beginnings that the present one begins with, shortest first.
        let mut parents: Vec<usize> = Vec::new();
        for (text, wanted) in wanted {
            while parents.pop_if(|parent| !text.starts_with(&indexed.beginnings[*parent].text)).is_some() {}
            let parent = parents.last().copied();
            let inherited = parent.map_or(0..0, |parent| indexed.beginnings[parent].longer.clone());
            let longer = indexed.extended(inherited, &wanted.as_beginning);
            let whole = indexed.extended(longer.clone(), &wanted.as_whole);
            if indexed.lists.len() > POSITIONS_MAX {
                return None;
            }
            parents.push(indexed.beginnings.len());
            indexed.beginnings.push(Beginning { text: text.into(), parent, longer, whole });
        }
        Some(indexed)
    }

    /// A list with more routes: the same one if there are none.
    fn extended(&mut self, list: Range<usize>, more: &[usize]) -> Range<usize> {
        if more.is_empty() {
            return list;
        }
        let mut routes = [&self.lists[list], more].concat();
        routes.sort_unstable();
        routes.dedup();
        let start = self.lists.len();
        self.lists.append(&mut routes);
        start..self.lists.len()
    }

    /// The routes whose guards admit the request.
    fn candidates(&self, scope: &dyn Scope) -> &[usize] {
        match self.subject.value(scope) {
            Value::Null => &[],
            Value::String(text) => self.find(text.as_bytes()).map_or(&[], |list| &self.lists[list]),
            // Not what the guards were made for: the conditions know better.
            _ => &self.all,
        }
    }

    fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        // The longest beginning of the text is the last one up to it in order, or one that this begins with.
        let after = self.beginnings.partition_point(|beginning| *beginning.text <= *text);
        let mut beginning = self.beginnings.get(after.checked_sub(1)?)?;
        let shared = beginning.text.iter().zip(text).take_while(|(one, other)| one == other).count();
        while beginning.text.len() > shared {
            beginning = &self.beginnings[beginning.parent?];
        }
        let is_whole = beginning.text.len() == text.len();
        Some(if is_whole { beginning.whole.clone() } else { beginning.longer.clone() })
    }
}

#[cfg(test)]
mod tests;
