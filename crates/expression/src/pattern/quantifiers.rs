//! Quantifiers: `*`, `+`, `?` and counts, greedy, lazy and possessive.

use crate::errors::Problem;
use crate::pattern::groups::not_behind;
use crate::pattern::translate::{Flags, LINE_BREAK, Piece, Translator, Width, problem};

/// `\R` with a quantifier. No round does so.
const LINE_BREAK_REPEATED: &str = r"(?>\x{D}\x{A}|[\x{A}-\x{D}\x{85}\x{2028}\x{2029}])";

struct Quantifier {
    text: String,
    least: u32,
    /// Nothing for no bound.
    most: Option<u32>,
}

impl Quantifier {
    /// Whether there may be a round after the first.
    fn repeats(&self) -> bool {
        self.most.is_none_or(|most| most > 1)
    }

    /// How much is taken by what is repeated.
    fn width(&self, round: Width) -> Width {
        match round {
            Width::Always(0) => round,
            Width::Always(width) if self.most == Some(self.least) => {
                Width::Always(width.saturating_mul(self.least as usize))
            }
            _ => Width::Varies,
        }
    }
}

impl Translator<'_> {
    /// The piece with the quantifier behind it, if there is one. The groups after `groups_before` are inside.
    pub(super) fn quantified(
        &mut self,
        mut piece: Piece,
        flags: Flags,
        groups_before: usize,
    ) -> Result<Piece, Problem> {
        self.units.skip_comments(flags);
        let start = self.units.position();
        let Some(quantifier) = self.quantifier()? else {
            return Ok(piece);
        };
        let range = start..self.units.position();
        if quantifier.most.is_none() && self.look_behinds > 0 {
            return Err(problem(range, "a look-behind has no bound here").help("use `{n,m}` instead"));
        }
        if quantifier.repeats() && piece.prefers_nothing {
            // Java leaves the loop at a round that matches nothing; the engines try what comes after it.
            let message = "what is repeated here prefers to match nothing";
            return Err(problem(range, message)
                .help("put the alternative that can match nothing last, or leave it out"));
        }
        if quantifier.repeats() && piece.is_nullable {
            self.texts.uncertain.extend(groups_before + 1..=self.groups);
            if piece.has_alternatives && (quantifier.least > 1 || quantifier.most.is_some()) {
                // There it leaves the loop as well, where the engines count the round and go on.
                let message = "what is repeated here so many times can match nothing";
                return Err(problem(range, message).help("repeat it with `*` or `+`"));
            }
        }
        if piece.text == LINE_BREAK {
            self.looks_around();
            piece.text = LINE_BREAK_REPEATED.to_owned();
        }
        self.units.skip_comments(flags);
        self.follow_texts(&piece, &quantifier, groups_before)?;
        let is_optional = quantifier.least == 0;
        if takes_nothing(&piece.text) {
            return Ok(self.looked_at(piece, is_optional));
        }
        piece.is_nullable |= is_optional;
        piece.width = quantifier.width(piece.width);
        if self.units.take('+') {
            if self.look_behinds > 0 {
                return Err(not_behind(range));
            }
            // Java does not go back into a round of a possessive loop either.
            self.is_linear = false;
            piece.text = format!("(?>(?>{}){})", piece.text, quantifier.text);
            return Ok(piece);
        }
        piece.text.push_str(&quantifier.text);
        if self.units.take('?') {
            piece.prefers_nothing |= is_optional;
            piece.text.push('?');
        }
        Ok(piece)
    }

    /// What the quantifier, whose `+` may be next, means for the texts of the groups in the piece.
    fn follow_texts(
        &mut self,
        piece: &Piece,
        quantifier: &Quantifier,
        groups_before: usize,
    ) -> Result<(), Problem> {
        let is_possessive = self.units.peek().is_some_and(|unit| unit.is('+'));
        let inner = groups_before + usize::from(captures(&piece.text));
        if is_possessive {
            self.texts.keep(groups_before + 1..=self.groups)?;
        } else if quantifier.text != "?" {
            // Java takes the text of the repeated group back, but not of those in it.
            self.texts.keep(inner + 1..=self.groups)?;
        }
        if quantifier.repeats() && quantifier.most != Some(quantifier.least) {
            self.texts.lost.extend(inner + 1..=self.groups);
        }
        if quantifier.least == 0 {
            self.texts.matched.retain(|group| *group <= groups_before);
        }
        Ok(())
    }

    /// A look at a place with a quantifier, which not every engine takes: to look again changes nothing.
    fn looked_at(&mut self, look: Piece, is_optional: bool) -> Piece {
        let is_lazy = self.units.take('?');
        let opening = if !is_lazy && self.units.take('+') { "(?>" } else { "(?:" };
        self.is_linear &= opening == "(?:";
        match (is_optional, is_lazy) {
            (false, _) => look,
            (true, false) => Piece { text: format!("{opening}{}|)", look.text), ..look },
            (true, true) => Piece { text: format!("(?:|{})", look.text), ..look },
        }
    }

    fn quantifier(&mut self) -> Result<Option<Quantifier>, Problem> {
        let (text, least, most) =
            match self.units.peek().filter(|unit| !unit.quoted).map(|unit| unit.character) {
                Some('*') => ("*", 0, None),
                Some('+') => ("+", 1, None),
                Some('?') => ("?", 0, Some(1)),
                Some('{') => return self.count().map(Some),
                _ => return Ok(None),
            };
        self.units.advance();
        Ok(Some(Quantifier { text: text.to_owned(), least, most }))
    }

    /// `{n}`, `{n,}` or `{n,m}`.
    fn count(&mut self) -> Result<Quantifier, Problem> {
        let start = self.units.position();
        self.units.advance();
        let least = self.units.number();
        let mut most = least;
        if self.units.take(',') {
            most = self.units.number();
        }
        let closed = self.units.take('}');
        let range = start..self.units.position();
        let Some(least) = least.filter(|_| closed) else {
            return Err(problem(range, "a count of repetitions is `{n}`, `{n,}` or `{n,m}`")
                .help("write `\\{` to mean the bracket plainly"));
        };
        if most.is_some_and(|most| most < least) {
            return Err(problem(range, "the greater count of repetitions comes last"));
        }
        let text = match most {
            Some(most) if most == least => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        };
        Ok(Quantifier { text, least, most })
    }
}

/// Whether a part only looks around, or is empty.
fn takes_nothing(text: &str) -> bool {
    text == "(?:)" || ["(?:(?=", "(?:(?!", "(?:(?<"].iter().any(|look| text.starts_with(look))
}

/// Whether a part is a capturing group.
fn captures(text: &str) -> bool {
    text.starts_with("(?P<") || text.starts_with('(') && !text.starts_with("(?")
}
