//! Makes the texts of expressions: type by type, with a mistake now and then.

use crate::random::Random;

/// What a part of an expression should yield. One in twelve yields something else.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    Bool,
    List,
    Map,
}

const KINDS: [Kind; 5] = [Kind::Number, Kind::Text, Kind::Bool, Kind::List, Kind::Map];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "42",
    "007",
    "08",
    "2147483647",
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "0.0",
    "0.1",
    "1.5",
    "2.5",
    ".5",
    "1.",
    "1e3",
    "1.5E-3",
    "2e+2",
    ".5e1",
    "1.e2",
    "1e400",
    "12345678.9",
    "0.00012",
    "1e16",
    "100.0",
    "3.0",
];

const NUMERIC_TEXTS: &[&str] = &[
    "'5'",
    "'10'",
    "'1.5'",
    "'-3'",
    "'+4'",
    "''",
    "'1e2'",
    "' 7'",
    "'7 '",
    "' 1.5 '",
    "'0x10'",
    "'1f'",
    "'2d'",
    "'1_0'",
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "'.5'",
    "'5.'",
    "'9223372036854775807'",
    "'9223372036854775808'",
    "'٣'",
    "'1E400'",
    "'-0'",
    "'-0.0'",
    "'0x1p3'",
    "'1L'",
    "'e'",
    "'.'",
    "'1.5.2'",
    "'-'",
    "'e5'",
];

const TEXTS: &[&str] = &[
    "'a'",
    "'b'",
    "\"b\"",
    "'hello'",
    "'Hello World'",
    "'true'",
    "'TRUE'",
    "'false'",
    "''",
    "\"\"",
    "'it\\'s'",
    "\"q\\\"q\"",
    "'\\\\'",
    "\"it's\"",
    "'q\"q'",
    "'\\\"'",
    "'é'",
    "'😀'",
    "'ß'",
    "' x '",
    "'}'",
    "'${'",
    "'#'",
    "'a,b,,c,,'",
    "'line\nend'",
    "'İ'",
    "'ǅ'",
    "'\u{ffff}'",
    "'a.b'",
    "'\u{a0}x\u{2003}'",
    "'empty'",
    "'not'",
];

/// A backslash that JUEL refuses. See the class `backslashes`.
const LOOSE_TEXTS: &[&str] = &["'\\d+'", "'a\\.b'", "\"\\s\"", "'\\n'"];

const NUMBER_NAMES: &[&str] =
    &["n", "big", "max", "min", "neg", "dec", "tiny", "huge", "zero", "num", "dnum", "m.a"];
const TEXT_NAMES: &[&str] =
    &["s", "e", "uni", "ws", "tr", "m.b", "m['1']", "nest.x.y[1].z", "ls[1]", "csv", "größe_1$"];
const BOOL_NAMES: &[&str] = &["t", "f", "tr", "m.yes", "lm[1]"];
const LIST_NAMES: &[&str] = &["l", "ls", "lm", "el", "nest.x.y", "nest.list", "m.list"];
const MAP_NAMES: &[&str] = &["m", "em", "nest", "nest.x", "lm[5]", "nest.x.y[1]"];

const NAMES: &[&str] = &[
    "z",
    "m.absent",
    "s.absent",
    "n.absent",
    "l.absent",
    "l.empty",
    "s.empty",
    "s.bytes",
    "m.empty",
    "t.absent",
    "z.absent",
    "em.empty",
    "el.empty",
    "nest.true",
    "nest.null",
    "nest.blank",
    "nest.empty",
    "nest.empty.empty",
    "nest['']",
    "unknown",
    "absent.x",
];

const PATTERN_TEXTS: &[&str] =
    &["'o'", "'l+'", "','", "'(a)(b)?'", "'[a-z]+'", "' '", "''", "'.*'", "'x*'", "'('", "'^h'", "s", "e"];
const TEMPLATES: &[&str] = &["'-'", "'[$0]'", "'$1'", "''", "'\\\\$'", "'$9'", "'$'", "s", "n"];

/// One text of a configuration, with expressions in it.
pub(crate) fn text(random: &mut Random) -> String {
    if random.percent(80) {
        return expression(random);
    }
    const PLAIN: &[&str] = &[
        "a", " ", "$", "#", "{", "}", "\\", "\\\\", "\\${x}", "\\#{", "é😀", "$$", "''", "text ", "\\$",
        "\\{", "#$",
    ];
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        match random.below(3) {
            0 => text.push_str(&expression(random)),
            _ => text.push_str(random.pick(PLAIN)),
        }
    }
    text
}

fn expression(random: &mut Random) -> String {
    let mut terms = Terms { random, left: 24 };
    let kind = terms.kind();
    let mut inside = terms.top(kind);
    if random.percent(2) {
        inside = damaged(random, &inside);
    }
    let opening = if random.percent(4) { "#{" } else { "${" };
    format!("{opening}{inside}}}")
}

/// The text with something missing, doubled or put in.
fn damaged(random: &mut Random, text: &str) -> String {
    const PIECES: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        "''",
        "\"",
        "?",
        ":",
        "=",
        "&",
        "|",
        "!",
        " not ",
        "instanceof",
        " true ",
        "}",
        "{",
        ";",
        "+=",
        "-",
        "\\",
        "`",
        "@",
        "~",
        "1",
        "x",
        "\u{a0}",
        "\u{3}",
        "€",
        "..",
        "e5",
    ];
    let mut characters: Vec<char> = text.chars().collect();
    let at = random.below(characters.len() + 1);
    match random.below(3) {
        0 if at < characters.len() => {
            characters.remove(at);
        }
        1 if at < characters.len() => characters.insert(at, characters[at]),
        _ => {
            let piece = random.pick(PIECES).chars();
            characters.splice(at..at, piece);
        }
    }
    characters.into_iter().collect()
}

struct Terms<'r> {
    random: &'r mut Random,
    /// How many more parts may be added.
    left: usize,
}

impl Terms<'_> {
    fn kind(&mut self) -> Kind {
        KINDS[self.random.below(KINDS.len())]
    }

    /// A whole expression: with less care for brackets, so that the strength of operators shows.
    fn top(&mut self, kind: Kind) -> String {
        match self.random.below(5) {
            0 => self.chain(),
            1 => self.conditional(kind),
            _ => self.term(kind),
        }
    }

    /// Operands and operators in a row.
    fn chain(&mut self) -> String {
        const OPERATORS: &[&str] = &[
            "+", "-", "*", "/", " div ", "%", " mod ", "<", ">", "<=", ">=", " lt ", " gt ", " le ", " ge ",
            "==", "!=", " eq ", " ne ", "&&", "||", " and ", " or ", " + ", " - ", " == ", " && ", "?1:",
        ];
        let kind = if self.random.percent(60) { Kind::Number } else { self.kind() };
        let mut text = self.operand(kind);
        for _ in 0..=self.random.below(4) {
            text.push_str(self.random.pick(OPERATORS));
            text.push_str(&self.operand(kind));
        }
        text
    }

    fn conditional(&mut self, kind: Kind) -> String {
        let condition = self.term(Kind::Bool);
        let (yes, no) = (self.term(kind), self.term(kind));
        match self.random.below(3) {
            0 => format!("{condition} ? {yes} : {no}"),
            1 => format!("{condition}?{yes}:{condition}?{no}:{yes}"),
            _ => format!("({condition}) ? {yes} : ({no})"),
        }
    }

    /// Something that may stand beside an operator.
    fn operand(&mut self, kind: Kind) -> String {
        let sign = match self.random.below(12) {
            0 => "-",
            1 => "!",
            2 => " not ",
            3 => " empty ",
            4 => "- ",
            5 => "--",
            _ => "",
        };
        let operand = self.simple(kind);
        format!("{sign}{operand}")
    }

    /// A literal, a name or something in brackets.
    fn simple(&mut self, kind: Kind) -> String {
        if self.left > 0 && self.random.percent(40) {
            self.left -= 1;
            let inner = self.top(kind);
            return format!("({inner})");
        }
        self.leaf(kind)
    }

    fn leaf(&mut self, kind: Kind) -> String {
        let kind = if self.random.percent(8) { self.kind() } else { kind };
        match self.random.below(40) {
            0 => return "null".to_owned(),
            1 | 2 => return self.random.pick(NAMES).to_owned(),
            _ => {}
        }
        let random = &mut *self.random;
        let choices = match (kind, random.below(10)) {
            (Kind::Number, 0..=4) => NUMBERS,
            (Kind::Number, 5 | 6) => NUMERIC_TEXTS,
            (Kind::Number, _) => NUMBER_NAMES,
            (Kind::Text, 0) if random.percent(5) => LOOSE_TEXTS,
            (Kind::Text, 0..=5) => TEXTS,
            (Kind::Text, _) => TEXT_NAMES,
            (Kind::Bool, 0..=3) => &["true", "false"],
            (Kind::Bool, 4) => &["'true'", "'TRUE'", "'no'", "''"],
            (Kind::Bool, _) => BOOL_NAMES,
            (Kind::List, _) => LIST_NAMES,
            (Kind::Map, _) => MAP_NAMES,
        };
        random.pick(choices).to_owned()
    }

    fn term(&mut self, kind: Kind) -> String {
        if self.left == 0 || self.random.percent(25) {
            return self.leaf(kind);
        }
        self.left -= 1;
        match kind {
            Kind::Number => self.number(),
            Kind::Text => self.some_text(),
            Kind::Bool => self.condition(),
            Kind::List => self.list(),
            Kind::Map => self.map(),
        }
    }

    fn number(&mut self) -> String {
        match self.random.below(9) {
            0..=3 => {
                let operator =
                    self.random.pick(&["+", "-", "*", "/", " div ", "%", " mod ", " + ", " - "]).to_owned();
                let (left, right) = (self.operand(Kind::Number), self.operand(Kind::Number));
                format!("{left}{operator}{right}")
            }
            4 => format!("{}.length()", self.base(Kind::Text)),
            5 => {
                let (base, wanted) = (self.base(Kind::Text), self.term(Kind::Text));
                match self.random.below(4) {
                    0 => format!("{base}.indexOf({wanted})"),
                    1 => format!("{base}.lastIndexOf({wanted})"),
                    2 => format!("{base}.indexOf({wanted}, {})", self.leaf(Kind::Number)),
                    _ => format!("{base}.compareTo({wanted})"),
                }
            }
            6 => {
                let (base, wanted) = (self.base(Kind::List), self.leaf(Kind::Number));
                match self.random.below(3) {
                    0 => format!("{base}.size()"),
                    1 => format!("{base}.indexOf({wanted})"),
                    _ => format!("{base}[{wanted}]"),
                }
            }
            7 => {
                let base = self.base(Kind::Number);
                let method = self.random.pick(&[
                    "intValue()",
                    "longValue()",
                    "doubleValue()",
                    "compareTo(",
                    "hashCode()",
                ]);
                let argument =
                    if method.ends_with('(') { self.leaf(Kind::Number) + ")" } else { String::new() };
                format!("{base}.{method}{argument}")
            }
            _ => match self.random.below(3) {
                0 => format!("{}.hashCode()", self.base(Kind::Text)),
                1 => format!("{}.size()", self.base(Kind::Map)),
                _ => format!("-{}", self.simple(Kind::Number)),
            },
        }
    }

    /// Something whose methods or elements can be asked for.
    fn base(&mut self, kind: Kind) -> String {
        if self.left > 0 && self.random.percent(25) {
            self.left -= 1;
            let inner = self.term(kind);
            return format!("({inner})");
        }
        let mut base = self.leaf(kind);
        if matches!(kind, Kind::Number) || base.contains(['-', ' ']) && !base.starts_with(['\'', '"']) {
            base = format!("({base})");
        }
        base
    }

    fn some_text(&mut self) -> String {
        let base = self.base(Kind::Text);
        match self.random.below(12) {
            0 => format!("{base}.concat({})", self.term(Kind::Text)),
            1 => format!("{base}.substring({})", self.leaf(Kind::Number)),
            2 => format!("{base}.substring({}, {})", self.leaf(Kind::Number), self.leaf(Kind::Number)),
            3 => format!("{base}.charAt({})", self.random.pick(&["0", "1", "2", "n", "9", "'1'", "-1"])),
            4 => format!("{base}.replace({}, {})", self.leaf(Kind::Text), self.leaf(Kind::Text)),
            5 => {
                let method = self.random.pick(&["replaceAll", "replaceFirst"]).to_owned();
                format!(
                    "{base}.{method}({}, {})",
                    self.random.pick(PATTERN_TEXTS),
                    self.random.pick(TEMPLATES)
                )
            }
            6 => {
                let kind = self.kind();
                format!("{}.toString()", self.base(kind))
            }
            7 => {
                let (base, key) = (self.base(Kind::Map), self.key());
                match self.random.below(3) {
                    0 => format!("{base}.get({key})"),
                    1 => format!("{base}.getOrDefault({key}, {})", self.leaf(Kind::Text)),
                    _ => format!("{base}[{key}]"),
                }
            }
            8 => {
                let (base, at) = (self.base(Kind::List), self.leaf(Kind::Number));
                match self.random.below(2) {
                    0 => format!("{base}.get({at})"),
                    _ => format!("{base}[{at}]"),
                }
            }
            _ => {
                const METHODS: &[&str] =
                    &["toLowerCase()", "toUpperCase()", "trim()", "strip()", "toString()"];
                format!("{base}.{}", self.random.pick(METHODS))
            }
        }
    }

    fn key(&mut self) -> String {
        const KEYS: &[&str] = &[
            "'a'", "'b'", "'1'", "1", "'absent'", "null", "'x'", "'list'", "t", "'true'", "n", "''",
            "'empty'", "s", "1.0",
        ];
        self.random.pick(KEYS).to_owned()
    }

    fn condition(&mut self) -> String {
        match self.random.below(8) {
            0 | 1 => {
                let kind = self.kind();
                let other = if self.random.percent(70) { kind } else { self.kind() };
                const OPERATORS: &[&str] = &[
                    "<", ">", "<=", ">=", " lt ", " gt ", " le ", " ge ", "==", "!=", " eq ", " ne ", " == ",
                ];
                let (left, right) = (self.operand(kind), self.operand(other));
                format!("{left}{}{right}", self.random.pick(OPERATORS))
            }
            2 => {
                let (left, right) = (self.operand(Kind::Bool), self.operand(Kind::Bool));
                format!("{left}{}{right}", self.random.pick(&["&&", "||", " and ", " or ", " && "]))
            }
            3 => format!("{}{}", self.random.pick(&["!", "not ", "! "]), self.simple(Kind::Bool)),
            4 => {
                let kind = self.kind();
                format!("empty {}", self.simple(kind))
            }
            5 | 6 => self.question(),
            _ => {
                let (base, key) = (self.base(Kind::Map), self.key());
                match self.random.below(4) {
                    0 => format!("{base}.containsKey({key})"),
                    1 => format!("{base}.containsValue({})", self.leaf(Kind::Text)),
                    2 => format!("{base}.isEmpty()"),
                    _ => format!("{}.equals({})", base, self.leaf(Kind::Map)),
                }
            }
        }
    }

    /// A method of a text or list that yields true or false.
    fn question(&mut self) -> String {
        if self.random.percent(25) {
            let kind = self.kind();
            let (base, wanted) = (self.base(Kind::List), self.leaf(kind));
            return match self.random.below(3) {
                0 => format!("{base}.isEmpty()"),
                1 => format!("{base}.equals({wanted})"),
                _ => format!("{base}.contains({wanted})"),
            };
        }
        let kind = if self.random.percent(85) { Kind::Text } else { self.kind() };
        let (base, wanted) = (self.base(Kind::Text), self.term(kind));
        match self.random.below(9) {
            0 => format!("{base}.contains({wanted})"),
            1 => format!("{base}.startsWith({wanted})"),
            2 => format!("{base}.endsWith({wanted})"),
            3 => format!("{base}.equals({wanted})"),
            4 => format!("{base}.equalsIgnoreCase({wanted})"),
            5 => format!("{base}.isEmpty()"),
            6 => format!("{base}.isBlank()"),
            7 => format!("{base}.startsWith({wanted}, {})", self.leaf(Kind::Number)),
            _ => format!("{base}.matches({})", self.random.pick(PATTERN_TEXTS)),
        }
    }

    fn list(&mut self) -> String {
        match self.random.below(4) {
            0 => format!("{}.split({})", self.base(Kind::Text), self.random.pick(PATTERN_TEXTS)),
            1 => format!("{}.{}()", self.base(Kind::Map), self.random.pick(&["keySet", "values"])),
            2 => format!("{}[{}]", self.base(Kind::Map), self.random.pick(&["'list'", "'y'", "'x'"])),
            _ => self.leaf(Kind::List),
        }
    }

    fn map(&mut self) -> String {
        match self.random.below(3) {
            0 => format!("{}[{}]", self.base(Kind::Map), self.random.pick(&["'x'", "'absent'"])),
            1 => format!("{}[{}]", self.base(Kind::List), self.random.pick(&["5", "1", "'5'"])),
            _ => self.leaf(Kind::Map),
        }
    }
}
