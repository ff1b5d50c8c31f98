//! In which order objects are built: each after those it refers to.

use super::{Resolved, Settled};
use crate::declare::Declarer;
use crate::errors;
use crate::role::role_name;

/// Objects may refer to one another so many steps deep. Requests give up far earlier; this keeps the last
/// owner of such a chain from dropping it with one stack frame per object.
const REFERENCES_DEEP_MAX: usize = 2_000;
/// More circles than this are not reported at once.
const CIRCLES_MAX: usize = 20;

/// For each object, the objects of this level that it refers to.
pub(super) fn needs(declarer: &Declarer<'_>, sites: &[Option<Resolved>]) -> Vec<Vec<usize>> {
    let local = |site: &usize| match sites.get(*site) {
        Some(Some(Resolved::Local(target))) => Some(*target),
        _ => None,
    };
    declarer.objects.iter().map(|object| object.sites.iter().filter_map(local).collect()).collect()
}

/// Orders the objects; `None` when they refer to one another in circles, which are reported.
pub(super) fn build_order(
    declarer: &mut Declarer<'_>,
    needs: &[Vec<usize>],
    roles: &[Settled],
) -> Option<Vec<usize>> {
    let mut search = Search::new(needs);
    // Services come first, because objects may ask for them by their well-known names, without a reference.
    let is_service = |index: &usize| !["Handler", "Filter"].contains(&role_name(roles[*index].0));
    (0..needs.len()).filter(is_service).for_each(|start| search.visit(start));
    (0..needs.len()).for_each(|start| search.visit(start));
    let Search { order, circles, .. } = search;
    for circle in &circles {
        let circle = from_the_top(declarer, circle);
        let names: Vec<String> = circle.iter().map(|index| declarer.objects[*index].name.clone()).collect();
        let span = declarer.objects[circle[0]].span.clone();
        declarer.report(errors::cycle(&names, &span));
    }
    if circles.is_empty() {
        report_depth(declarer, needs, &order);
    }
    circles.is_empty().then_some(order)
}

/// The circle as it starts at the object that stands first in the file, and ends there.
fn from_the_top(declarer: &Declarer<'_>, circle: &[usize]) -> Vec<usize> {
    let place = |index: &usize| declarer.objects[*index].span.range().start;
    let first = circle.iter().enumerate().min_by_key(|(_, index)| place(index)).map_or(0, |(first, _)| first);
    let (tail, head) = circle.split_at(first);
    head.iter().chain(tail).chain(head.first()).copied().collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    No,
    Open,
    Done,
}

/// A search in depth with a stack of its own: a configuration may chain more objects than a thread's stack
/// holds frames.
struct Search<'n> {
    needs: &'n [Vec<usize>],
    visits: Vec<Visit>,
    order: Vec<usize>,
    /// Each object of a circle once.
    circles: Vec<Vec<usize>>,
}

impl<'n> Search<'n> {
    fn new(needs: &'n [Vec<usize>]) -> Self {
        let visits = vec![Visit::No; needs.len()];
        Self { needs, visits, order: Vec::with_capacity(needs.len()), circles: Vec::new() }
    }

    fn visit(&mut self, start: usize) {
        if self.visits[start] != Visit::No {
            return;
        }
        let mut stack = vec![(start, 0)];
        self.visits[start] = Visit::Open;
        while let Some((index, next)) = stack.last_mut() {
            let Some(&target) = self.needs[*index].get(*next) else {
                self.visits[*index] = Visit::Done;
                self.order.push(*index);
                stack.pop();
                continue;
            };
            *next += 1;
            match self.visits[target] {
                Visit::No => {
                    self.visits[target] = Visit::Open;
                    stack.push((target, 0));
                }
                Visit::Open if self.circles.len() < CIRCLES_MAX => {
                    let circle = stack.iter().map(|(index, _)| *index).skip_while(|index| *index != target);
                    self.circles.push(circle.collect());
                }
                Visit::Open | Visit::Done => {}
            }
        }
    }
}

fn report_depth(declarer: &mut Declarer<'_>, needs: &[Vec<usize>], order: &[usize]) {
    let mut depths = vec![1; needs.len()];
    for &index in order {
        depths[index] = 1 + needs[index].iter().map(|target| depths[*target]).max().unwrap_or(0);
        if depths[index] > REFERENCES_DEEP_MAX {
            let span = declarer.objects[index].span.clone();
            declarer.report(errors::too_deep(REFERENCES_DEEP_MAX, &span));
            return;
        }
    }
}
