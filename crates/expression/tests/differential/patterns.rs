//! Patterns as cases: what they find, how they split, what they replace.

use expression::pattern::exhausted_total;
use expression::{Pattern, Replacement};

use crate::random::Random;
use crate::{Oracle, classes, regexes, values};

/// A pattern, a text, and what each match is replaced by.
pub(crate) struct Case {
    pub(crate) pattern: String,
    pub(crate) text: String,
    pub(crate) template: String,
}

impl crate::Case for Case {
    const NAME: &'static str = "patterns";

    fn generate(random: &mut Random) -> Case {
        const PIECES: &[&str] = &[
            "<$0>", "$0", "$1", "$2", "<", ">", "\\$", "\\\\", "x", "${n1}", "$10", "é", "[$1]", "$0$1", "",
            "$01", "${n1}2",
        ];
        const WRONG: &[&str] = &["$", "$9", "${zz}", "\\", "${n1", "$x", "${}", "${1}"];
        let (pattern, text) = regexes::pattern(random);
        let mut template = String::new();
        for _ in 0..=random.below(3) {
            let pieces = if random.percent(97) { PIECES } else { WRONG };
            template.push_str(random.pick(pieces));
        }
        Case { pattern, text, template }
    }

    fn prologue() -> Option<String> {
        None
    }

    fn question(&self) -> String {
        self.question_with(&self.pattern, &self.template)
    }

    fn ours(&self) -> String {
        self.ours_with(&self.template)
    }

    fn agrees(ours: &str, java: &str) -> bool {
        ours == java || ours.starts_with("refused") && java == "refused"
    }

    fn class(&self, ours: &str, java: &str, oracle: &mut Oracle) -> Option<&'static str> {
        classes::of_pattern(self, ours, java, oracle)
    }

    fn shown(&self) -> String {
        format!("{:?} on {:?} to {:?}", self.pattern, self.text, self.template)
    }
}

impl Case {
    /// The line that asks Java about the text with another pattern or replacement.
    pub(crate) fn question_with(&self, pattern: &str, template: &str) -> String {
        format!(
            "P\t{}\t{}\t{}",
            values::column(pattern),
            values::column(&self.text),
            values::column(template)
        )
    }

    /// What we make of the case with another replacement.
    pub(crate) fn ours_with(&self, template: &str) -> String {
        let pattern = match Pattern::compile(&self.pattern) {
            Ok(pattern) => pattern,
            Err(problem) => return format!("refused: {problem}"),
        };
        let before = exhausted_total();
        let text = &self.text;
        let groups = pattern.groups(text);
        assert_eq!(pattern.find(text), groups.is_some(), "{} on {text}", self.pattern);
        let parts: Vec<String> = pattern.split(text).iter().map(|part| values::quoted(part)).collect();
        let replacement = Replacement::compile(template, &pattern);
        let replaced = |replace: fn(&Pattern, &str, &Replacement) -> String| match &replacement {
            Ok(replacement) => values::quoted(&replace(&pattern, text, replacement)),
            Err(_) => "failed".to_owned(),
        };
        let columns = [
            values::groups(groups.as_deref()),
            values::groups(pattern.groups_of_whole(text).as_deref()),
            format!("[{}]", parts.join(",")),
            replaced(Pattern::replace_all),
            replaced(Pattern::replace_first),
        ];
        if exhausted_total() > before {
            return "too long".to_owned();
        }
        format!("value\t{}", columns.map(|column| values::column(&column)).join("\t"))
    }
}
