//! The classes of differences that are left. Each is told by what makes it: mostly Java is asked again, for
//! the same with that one thing put right, and must then agree.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::patterns::Case;
use crate::{Case as _, Oracle, expressions, values};

/// Words that may follow a dot here, but not in JUEL.
const RESERVED: &str = "and|or|not|eq|ne|lt|gt|le|ge|true|false|null|instanceof|empty|div|mod";

/// The same expression in a form that JUEL understands, the name of the class, and how Java resolves it.
struct Rewrite {
    class: &'static str,
    width: &'static str,
    text: Option<String>,
}

pub(crate) fn of_expression(text: &str, ours: &str, java: &str, oracle: &mut Oracle) -> Option<&'static str> {
    if let Some(class) = refusal(ours) {
        return Some(class);
    }
    if ours.starts_with("refused: PC0200") && text.chars().any(|letter| letter.is_control() && letter != '\n')
    {
        return Some("control characters in names");
    }
    if same_digits(ours, java) {
        return Some("digits of decimals");
    }
    if ours.contains("is not a number") || ours.contains("is not a whole number") {
        let has_other_digits = text.chars().any(|letter| letter.is_numeric() && !letter.is_ascii());
        if has_other_digits {
            return Some("digits of other scripts");
        }
        if text.contains("'0x1") {
            return Some("hexadecimal decimals");
        }
    }
    let rewrites = [
        Rewrite { class: "reserved words", width: "usual", text: outside_quotes(text, &dotted) },
        Rewrite { class: "backslashes in quoted texts", width: "usual", text: doubled_backslashes(text) },
        Rewrite { class: "both forms in one text", width: "usual", text: one_form(text) },
        Rewrite { class: "arrays", width: "plain", text: text.contains(".split(").then(|| text.to_owned()) },
        Rewrite {
            class: "views of maps",
            width: "plain",
            text: (text.contains(".keySet()") || text.contains(".values()")).then(|| text.to_owned()),
        },
        Rewrite {
            class: "characters",
            width: "plain",
            text: text.contains(".charAt(").then(|| text.to_owned()),
        },
        Rewrite {
            class: "bytes as text",
            width: "plain",
            text: text.contains(".bytes").then(|| text.replace(".bytes", ".toString()")),
        },
        Rewrite { class: "widths of whole numbers", width: "wide", text: Some(text.to_owned()) },
    ];
    let mut agrees = |width: &str, text: &str| {
        let again = oracle.ask(&expressions::question(text, width));
        let same = |ours: &str| expressions::Expression::agrees(ours, &again) || same_digits(ours, &again);
        // What is escaped is text, which the rewriting has changed on our side as well.
        same(ours) || text.contains("\\${") && same(&expressions::ours(text))
    };
    for rewrite in &rewrites {
        if rewrite.text.as_ref().is_some_and(|text| agrees(rewrite.width, text)) {
            return Some(rewrite.class);
        }
    }
    // Several at once.
    let mut all = text.to_owned();
    for change in
        [&|text: &str| outside_quotes(text, &dotted), &doubled_backslashes as &dyn Fn(&str) -> _, &one_form]
    {
        all = change(&all).unwrap_or(all);
    }
    if agrees("wide plain", &all) || agrees("wide plain", &all.replace(".bytes", ".toString()")) {
        return Some("several of these");
    }
    if !text.contains('😀') {
        return None;
    }
    // Two characters in its place are as long as it is to Java.
    let text = text.replace('😀', "xy");
    let (ours, java) = (expressions::ours(&text), oracle.ask(&expressions::question(&text, "plain")));
    let agrees = expressions::Expression::agrees(&ours, &java);
    if agrees { Some("half characters") } else { of_expression(&text, &ours, &java, oracle) }
}

/// What is refused here though Java would yield something.
fn refusal(ours: &str) -> Option<&'static str> {
    let complaint = ours.strip_prefix("refused: ").or_else(|| ours.strip_prefix("failed: "))?;
    if complaint.contains("has no method `") || complaint.contains("PC0204 the method `") {
        return Some("methods");
    }
    let class = |problem: &str| match problem.split(' ').next() {
        Some("PC0203") => Some("unknown names"),
        Some("PC0206") => Some("malformed patterns"),
        _ => None,
    };
    let mut classes =
        complaint.split("; PC").map(|problem| class(&format!("PC{}", problem.trim_start_matches("PC"))));
    let first = classes.next().flatten();
    first.filter(|_| classes.all(|class| class.is_some()))
}

/// Whether `\b` may take a character of the text otherwise: it is a letter, digit or mark in one of the worlds only.
fn is_word_in_one_world(text: &str, version: u32) -> bool {
    static OURS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\w$").expect("it is a pattern"));
    static JAVA: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}_]$").expect("it is a pattern"));
    text.chars().map(String::from).any(|character| {
        // From version 19 on, the letters of Java's boundaries are those of ASCII.
        OURS.is_match(&character) != (JAVA.is_match(&character) && (version < 19 || character.is_ascii()))
    })
}

fn half_a_character(java: &str) -> bool {
    static HALF: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\\u\{d[89a-f][0-9a-f]{2}\}").expect("it is a pattern"));
    HALF.is_match(java)
}

/// Whether two texts differ only in how they write the same decimals.
fn same_digits(ours: &str, java: &str) -> bool {
    static DECIMAL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[0-9]+\.[0-9]+(E-?[0-9]+)?").expect("it is a pattern"));
    let plain = |text: &str| {
        let mut numbers = Vec::new();
        let rest = DECIMAL.replace_all(text, |found: &Captures<'_>| {
            numbers.push(found[0].parse::<f64>().map(f64::to_bits));
            "0"
        });
        (rest.into_owned(), numbers)
    };
    ours.starts_with("value\t\"") && plain(ours) == plain(java)
}

/// `.empty` as `['empty']`.
fn dotted(text: &str) -> String {
    static DOTTED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!(r"([^0-9])\.\s*({RESERVED})\b")).expect("it is a pattern"));
    let mut text = text.to_owned();
    while DOTTED.is_match(&text) {
        text = DOTTED.replace_all(&text, "$1['$2']").into_owned();
    }
    text
}

/// Changes what stands outside of quotes; nothing if that changes nothing.
fn outside_quotes(text: &str, change: &dyn Fn(&str) -> String) -> Option<String> {
    let mut changed = String::new();
    let mut start = 0;
    for found in QUOTED.find_iter(text) {
        changed.push_str(&change(&text[start..found.start()]));
        changed.push_str(found.as_str());
        start = found.end();
    }
    changed.push_str(&change(&text[start..]));
    (changed != text).then_some(changed)
}

/// A backslash that escapes nothing, doubled, and none before the other kind of quote.
fn doubled_backslashes(text: &str) -> Option<String> {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\\([\\'"])?"#).expect("it is a pattern"));
    let changed = QUOTED.replace_all(text, |quoted: &Captures<'_>| {
        let escapes = ESCAPE.replace_all(&quoted[0], |escape: &Captures<'_>| match escape.get(1) {
            None => r"\\".to_owned(),
            Some(other) if other.as_str() != r"\" && !quoted[0].starts_with(other.as_str()) => {
                other.as_str().to_owned()
            }
            Some(_) => escape[0].to_owned(),
        });
        escapes.into_owned()
    });
    (changed != text).then(|| changed.into_owned())
}

/// A quoted text of an expression.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*""#).expect("it is a pattern"));

/// `#{` as `${`.
fn one_form(text: &str) -> Option<String> {
    static OPENING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(^|[^\\])#\{").expect("it is a pattern"));
    let is_mixed = OPENING.is_match(text) && text.contains("${");
    is_mixed.then(|| OPENING.replace_all(text, "$1$${").into_owned())
}

pub(crate) fn of_pattern(case: &Case, ours: &str, java: &str, oracle: &mut Oracle) -> Option<&'static str> {
    if let Some(complaint) = ours.strip_prefix("refused: ") {
        if complaint.contains("repeats nothing") && case.pattern.contains("x") && case.pattern.contains("( ?")
        {
            return Some("quantifiers behind blanks");
        }
        return NOT_OFFERED.iter().find(|(part, _)| complaint.contains(part)).map(|(_, class)| *class);
    }
    if java == "broken" {
        return Some("Java fails");
    }
    if java == "too long" {
        return Some("Java gives up");
    }
    if ours == "too long" {
        return Some("budget");
    }
    if half_a_character(java) {
        return Some("half characters");
    }
    if java == "refused" {
        let ahead = case.pattern.replace("(?<=", "(?=").replace("(?<!", "(?!");
        let is_behind = ahead != case.pattern && oracle.ask(&case.question_with(&ahead, "")) != "refused";
        return is_behind.then_some("look-behind that Java refuses");
    }
    if (case.pattern.contains("\\b") || case.pattern.contains("\\B"))
        && is_word_in_one_world(&case.text, oracle.version)
    {
        return Some("boundaries of words");
    }
    if case.pattern.contains("(?<") && case.text.chars().any(|letter| letter.len_utf16() > 1) {
        return Some("look-behind at half characters");
    }
    let columns = |answer: &str| answer.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (columns(ours), columns(java));
    if left.len() == 6
        && right.len() == 6
        && left[..4] == right[..4]
        && left[1] == "none"
        && left[4] == "failed"
    {
        return Some("replacements that are never used");
    }
    // The same places and no other texts in groups: then the matches without their groups agree.
    let without_groups = columns(&oracle.ask(&case.question_with(&case.pattern, "<$0>")));
    let ours_without = columns(&case.ours_with("<$0>"));
    let whole = |column: &str| values::from_column(column).split(',').next().map(str::to_owned);
    let same_places = ours_without.len() == 6
        && without_groups.len() == 6
        && ours_without[3..] == without_groups[3..]
        && (1..3).all(|at| whole(&ours_without[at]) == whole(&without_groups[at]));
    (same_places && case.pattern.contains('(')).then_some("texts in groups")
}

/// What a refusal says, and its class.
const NOT_OFFERED: &[(&str, &str)] = &[
    ("(`\\X`)", "grapheme clusters"),
    ("boundaries of grapheme clusters", "grapheme clusters"),
    ("(`\\G`)", "the end of the previous match"),
    ("under the flag `i` is not offered", "references that ignore case"),
    ("look-behind has no bound", "look-behind without bound"),
    ("is not offered in a look-behind", "look-behind that gives nothing back"),
    ("cannot itself look around or back", "look-behind that looks around"),
    ("so many times can match nothing", "repeated preference for nothing"),
    ("prefers to match nothing", "repeated preference for nothing"),
    ("behind `&&` stand either", "plain characters behind classes in intersections"),
    ("is unknown or not offered", "properties"),
    ("the pattern cannot be used", "engine"),
    ("`\\N` has no meaning", "names of characters"),
    ("`\\u` is not followed by", "half characters"),
    ("stands inside of it", "references to groups whose text is uncertain"),
    ("may have matched nothing", "references to groups whose text is uncertain"),
    ("of an attempt that failed", "references to groups whose text is uncertain"),
    ("has no group", "references to groups that come later"),
    ("`&&` needs a set on both sides", "intersections of nothing"),
];
