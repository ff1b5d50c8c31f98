//! How the texts begin in which a pattern can match: `^/(a|b)/` matches only behind `/a/` or `/b/`.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind, Look};

use crate::guard::Start;
use crate::pattern::shortcut::Shortcut;
use crate::pattern::{Anchor, Pattern};

/// More beginnings than these, of `(?i)` for example, are cut short until they are fewer.
const STARTS_MAX: usize = 64;

impl Pattern {
    /// How a text in which the pattern matches begins; nothing if that cannot be told.
    pub(crate) fn starts(&self, anchor: Anchor) -> Option<Vec<Start>> {
        let is_whole = anchor == Anchor::Whole;
        match &self.0.shortcut {
            Some(Shortcut::StartsWith(text)) if !is_whole => {
                return Some(vec![Start::beginning(text.as_bytes())]);
            }
            Some(Shortcut::Contains(_)) if !is_whole => return None,
            Some(Shortcut::StartsWith(text) | Shortcut::Contains(text)) => {
                return Some(vec![Start::whole(text.as_bytes())]);
            }
            None => {}
        }
        let engines = if is_whole { &self.0.whole } else { &self.0.anywhere };
        // The program for a terminator at the end differs in what it takes there, not in how it begins.
        let regex = engines.as_ref()?.usual.linear()?;
        starts_of(&regex_syntax::parse(regex).ok()?, is_whole)
    }
}

fn starts_of(hir: &Hir, is_whole: bool) -> Option<Vec<Start>> {
    if !hir.properties().look_set_prefix().contains(Look::Start) {
        return None;
    }
    let sequence = Extractor::new().limit_total(STARTS_MAX).extract(hir);
    let literals = sequence.literals()?;
    let is_all = is_whole && is_plain(hir) && literals.iter().all(|literal| literal.is_exact());
    if !is_all && literals.iter().any(|literal| literal.as_bytes().is_empty()) {
        return None;
    }
    let start = if is_all { Start::whole } else { Start::beginning };
    Some(literals.iter().map(|literal| start(literal.as_bytes())).collect())
}

/// Whether nothing but the anchors around it looks at where it stands. The literals leave out such looks.
fn is_plain(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else { return false };
    let [first, parts @ .., last] = parts.as_slice() else { return false };
    let is_look = |part: &Hir, look| matches!(part.kind(), HirKind::Look(found) if *found == look);
    let is_free = |part: &Hir| part.properties().look_set().is_empty();
    is_look(first, Look::Start) && is_look(last, Look::End) && parts.iter().all(is_free)
}
