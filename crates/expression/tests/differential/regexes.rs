//! Makes patterns in Java's syntax, each with a text that it is likely to match.

use crate::random::Random;

/// A pattern and a text.
pub(crate) fn pattern(random: &mut Random) -> (String, String) {
    let mut writer =
        Writer { random, left: 10, groups: 0, names: 0, pattern: String::new(), sample: String::new() };
    if writer.random.percent(12) {
        writer.flags();
    }
    writer.alternatives();
    let (mut pattern, sample) = (writer.pattern, writer.sample);
    if random.percent(8) {
        pattern = damaged(random, &pattern);
    }
    let text = subject(random, sample);
    (pattern, text)
}

const LITERALS: &[&str] = &[
    "a", "b", "c", "A", "B", "k", "s", "0", "1", "9", " ", "_", "-", "/", ",", ":", "=", "é", "É", "ß", "😀",
    "\n", "\r", "i", "I", "İ", "ſ", "K", "\u{85}", "ö", "\u{301}", "Ω", "#", "&", "~", "<", "!", "\"", "'",
    "@", "%", "]", "}",
];

/// Texts beside the sample: what classes and anchors tell apart.
const AROUND: &[&str] = &[
    "", "a", "b", "x", " ", "\n", "\r\n", "\r", "\u{85}", "\u{2028}", "aa", "ab", "É", "é", "😀", "_", "-",
    "1", "\u{301}", "ſ", "abcabc", "aaaa", "A", "\t", "\u{a0}", "İ",
];

fn subject(random: &mut Random, sample: String) -> String {
    let mut text = String::new();
    if random.percent(50) {
        text.push_str(random.pick(AROUND));
    }
    text.push_str(&sample);
    if random.percent(20) {
        text.push_str(&sample);
    }
    if random.percent(50) {
        text.push_str(random.pick(AROUND));
    }
    if random.percent(15) && !text.is_empty() {
        let characters: Vec<char> = text.chars().collect();
        let at = random.below(characters.len());
        let changed =
            characters.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, character)| *character);
        text = changed.collect();
    }
    text.chars().take(60).collect()
}

fn damaged(random: &mut Random, pattern: &str) -> String {
    const PIECES: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "*",
        "+",
        "?",
        "|",
        "\\",
        "^",
        "$",
        "(?",
        "(?<",
        "&&",
        "-",
        "{2",
        "{2,1}",
        "\\p{",
        "\\x",
        "\\u12",
        "\\k<",
        "\\1",
        "\\8",
        "\\y",
        "(?P<n>a)",
        "(?#c)",
        "\\Q",
        "\\E",
        "[[:alpha:]]",
        "[^",
        "(?i",
        "\\c",
        "\\0",
        "\\N{DIGIT ONE}",
        "\\g1",
        "\\_",
        "\\ud83d",
        "(?<1a>b)",
    ];
    let mut characters: Vec<char> = pattern.chars().collect();
    let at = random.below(characters.len() + 1);
    if at < characters.len() && random.percent(40) {
        characters.remove(at);
    } else {
        let piece = random.pick(PIECES).chars();
        characters.splice(at..at, piece);
    }
    characters.into_iter().collect()
}

struct Writer<'r> {
    random: &'r mut Random,
    /// How many more atoms may be written.
    left: usize,
    groups: usize,
    names: usize,
    pattern: String,
    sample: String,
}

impl Writer<'_> {
    fn put(&mut self, pattern: &str, sample: &str) {
        self.pattern.push_str(pattern);
        self.sample.push_str(sample);
    }

    fn flags(&mut self) {
        const FLAGS: &[&str] = &[
            "(?i)", "(?m)", "(?s)", "(?x)", "(?d)", "(?u)", "(?U)", "(?iu)", "(?im)", "(?ms)", "(?i-s)",
            "(?-i)", "(?iU)", "(?md)", "(?xi)",
        ];
        let flags = self.random.pick(FLAGS);
        self.put(flags, "");
    }

    fn alternatives(&mut self) {
        let start = self.sample.len();
        self.sequence();
        while self.left > 0 && self.random.percent(15) {
            self.pattern.push('|');
            // The text follows one of the alternatives.
            let other = self.sample.split_off(start);
            self.sequence();
            if self.random.percent(50) {
                self.sample.truncate(start);
                self.sample.push_str(&other);
            }
        }
    }

    fn sequence(&mut self) {
        let length = self.random.below(4) + usize::from(self.random.percent(97));
        for _ in 0..length {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            self.quantified();
        }
    }

    fn quantified(&mut self) {
        let (start, groups_before) = (self.sample.len(), self.groups);
        self.atom();
        let matched = self.sample[start..].to_owned();
        if !self.random.percent(35) {
            return;
        }
        const QUANTIFIERS: &[(&str, usize)] = &[
            ("*", 2),
            ("+", 2),
            ("?", 1),
            ("{2}", 2),
            ("{1,}", 1),
            ("{0,2}", 2),
            ("{1,3}", 3),
            ("{0}", 0),
            ("{0,0}", 0),
            ("{3}", 3),
            ("*", 0),
            ("?", 0),
            ("{,2}", 2),
        ];
        let at = if self.random.percent(99) {
            self.random.below(QUANTIFIERS.len() - 1)
        } else {
            QUANTIFIERS.len() - 1
        };
        let (quantifier, times) = QUANTIFIERS[at];
        self.pattern.push_str(quantifier);
        self.sample.truncate(start);
        // A repeated group that is nested deep would let the text grow without end.
        let times = if self.groups > groups_before + 1 { times.min(1) } else { times };
        self.sample.push_str(&matched.repeat(times));
        let kind = match self.random.below(10) {
            0..=1 => "?",
            2 => "+",
            _ => "",
        };
        self.pattern.push_str(kind);
    }

    fn atom(&mut self) {
        match self.random.below(100) {
            0..=33 => self.literal(),
            34..=40 => self.coded(),
            41..=52 => self.set(),
            53..=57 => {
                let sample = self.random.pick(&["a", "é", "😀", "1", "\n", "x", "\r"]).to_owned();
                self.put(".", &sample);
            }
            58..=67 => self.class(),
            68..=87 => self.group(),
            88..=91 => self.reference(),
            92..=97 => {
                const ANCHORS: &[&str] =
                    &["^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z", "^", "$", "\\G", "\\b{g}"];
                let at =
                    if self.random.percent(95) { self.random.below(9) } else { 9 + self.random.below(2) };
                self.put(ANCHORS[at], "");
            }
            98 => {
                const QUOTED: &[(&str, &str)] = &[
                    ("\\Qa.b\\E", "a.b"),
                    ("\\Q[a]\\E", "[a]"),
                    ("\\Q\\d\\E", "\\d"),
                    ("\\Q\\E", ""),
                    ("\\Q(?i)\\E", "(?i)"),
                    ("\\QaB|\\E", "aB|"),
                    ("\\Q*\\E", "*"),
                ];
                let (pattern, sample) = QUOTED[self.random.below(QUOTED.len())];
                self.put(pattern, sample);
            }
            _ => self.flags(),
        }
    }

    fn literal(&mut self) {
        let literal = self.random.pick(LITERALS).to_owned();
        let escaped = match literal.as_str() {
            "-" | "/" | "," | ":" | "=" | "#" | "&" | "~" | "<" | "!" | "\"" | "'" | "@" | "%" | "]"
            | "}" | " "
                if self.random.percent(40) =>
            {
                format!("\\{literal}")
            }
            _ => literal.clone(),
        };
        let sample = if self.random.percent(85) {
            literal
        } else {
            self.random.pick(&[&literal.to_uppercase(), &literal.to_lowercase()]).to_owned()
        };
        self.put(&escaped, &sample);
    }

    fn coded(&mut self) {
        const CODED: &[(&str, &str)] = &[
            ("\\x41", "A"),
            ("\\x{1F600}", "😀"),
            ("\\u0041", "A"),
            ("\\u00e9", "é"),
            ("\\0101", "A"),
            ("\\07", "\u{7}"),
            ("\\012", "\n"),
            ("\\0400", " 0"),
            ("\\cJ", "\n"),
            ("\\c?", "\u{7f}"),
            ("\\ca", "!"),
            ("\\t", "\t"),
            ("\\n", "\n"),
            ("\\r", "\r"),
            ("\\f", "\u{c}"),
            ("\\a", "\u{7}"),
            ("\\e", "\u{1b}"),
            ("\\.", "."),
            ("\\*", "*"),
            ("\\(", "("),
            ("\\\\", "\\"),
            ("\\$", "$"),
            ("\\[", "["),
            ("\\{", "{"),
            ("\\|", "|"),
            ("\\^", "^"),
            ("\\?", "?"),
            ("\\ud83d\\ude00", "😀"),
            ("\\x{e9}", "é"),
            ("\\u212a", "K"),
            ("\\x{10FFFF}", "\u{10ffff}"),
            ("\\é", "é"),
            ("\\x6b", "k"),
        ];
        let (pattern, sample) = CODED[self.random.below(CODED.len())];
        self.put(pattern, sample);
    }

    fn set(&mut self) {
        let (pattern, samples) = self.one_set();
        let sample = self.random.pick(samples).to_owned();
        self.put(&pattern, &sample);
    }

    fn one_set(&mut self) -> (String, &'static [&'static str]) {
        match self.random.below(10) {
            0..=5 => {
                let offered = SETS.len() - usize::from(self.random.percent(90));
                let at = self.random.below(offered);
                (SETS[at].0.to_owned(), SETS[at].1)
            }
            6 => (
                format!(
                    "\\{}{}",
                    self.random.pick(&["p", "P"]),
                    self.random.pick(&["L", "N", "P", "S", "Z", "M", "C", "X"])
                ),
                ANY,
            ),
            _ => {
                (format!("\\{}{{{}}}", self.random.pick(&["p", "p", "P"]), self.random.pick(PROPERTIES)), ANY)
            }
        }
    }

    /// A class in square brackets.
    fn class(&mut self) {
        let class = self.brackets(2);
        const SAMPLES: &[&str] = &[
            "a", "b", "c", "A", "B", "x", "z", "1", "5", "-", "]", "^", "é", " ", "_", "\n", "&", "k", "K",
            "[", "😀", "ſ",
        ];
        let sample = self.random.pick(SAMPLES).to_owned();
        self.put(&class, &sample);
    }

    fn brackets(&mut self, depth: usize) -> String {
        let mut class = if self.random.percent(25) { "[^".to_owned() } else { "[".to_owned() };
        self.members(depth, &mut class);
        while self.random.percent(15) {
            class.push_str("&&");
            self.members(depth, &mut class);
        }
        class.push(']');
        class
    }

    fn members(&mut self, depth: usize, class: &mut String) {
        const MEMBERS: &[&str] = &[
            "a", "b", "c", "z", "A", "K", "k", "s", "1", "-", "é", "_", " ", "&", ".", "*", "$", "(", "|",
            "\\]", "\\[", "\\-", "\\^", "\\\\", "\\n", "\\t", "\\x41", "\\u00e9", "\\0101", "😀", "#", "~",
            "\\Q]-\\E", "ß", "İ", "ſ", "\\é", "^",
        ];
        const RANGES: &[&str] = &[
            "a-c",
            "a-z",
            "A-Z",
            "0-9",
            "b-y",
            "A-z",
            "é-ö",
            "!-/",
            "\\x41-\\x5a",
            "a-\\x7a",
            "\\u0000-\\u00ff",
            "+--",
            "z-a",
            "α-ω",
            "K-ſ",
            "a-a",
            "\\d-z",
            "a-\\d",
            "😀-😂",
            "--/",
            "\\t-\\r",
            "-a",
            "a-",
        ];
        for _ in 0..=self.random.below(3) {
            match self.random.below(12) {
                0..=4 => class.push_str(self.random.pick(MEMBERS)),
                5..=8 => class.push_str(self.random.pick(RANGES)),
                9 | 10 => {
                    let set = self.one_set().0;
                    if !matches!(set.as_str(), "\\R" | "\\X") || self.random.percent(5) {
                        class.push_str(&set);
                    }
                }
                _ if depth > 0 => {
                    let inner = self.brackets(depth - 1);
                    class.push_str(&inner);
                }
                _ => class.push('x'),
            }
        }
    }

    fn group(&mut self) {
        let kind = self.random.below(20);
        let start = self.sample.len();
        let opening = match kind {
            0..=7 => {
                self.groups += 1;
                "(".to_owned()
            }
            8..=10 => "(?:".to_owned(),
            11 | 12 => {
                self.groups += 1;
                self.names += 1;
                format!("(?<n{}>", self.names)
            }
            13 => "(?>".to_owned(),
            14 => self
                .random
                .pick(&["(?i:", "(?s:", "(?m:", "(?-i:", "(?x:", "(?iu:", "(?U:", "(?d-s:", "(?im-s:"])
                .to_owned(),
            15 | 16 => "(?=".to_owned(),
            17 => "(?!".to_owned(),
            18 => "(?<=".to_owned(),
            _ => "(?<!".to_owned(),
        };
        self.pattern.push_str(&opening);
        self.alternatives();
        self.pattern.push(')');
        match kind {
            // What is looked at ahead comes after all; of what is looked for behind, something is there.
            15 | 16 if self.random.percent(50) => self.sample.truncate(start),
            17 | 19 => self.sample.truncate(start),
            _ => {}
        }
    }

    fn reference(&mut self) {
        let too_many = usize::from(self.groups == 0 || self.random.percent(10));
        let number = 1 + self.random.below(self.groups + too_many);
        let reference = if self.names > 0 && self.random.percent(50) {
            format!("\\k<n{}>", 1 + self.random.below(self.names))
        } else {
            format!("\\{number}")
        };
        if self.groups == 0 && self.random.percent(90) {
            return self.literal();
        }
        let sample = self.sample.chars().last().map(String::from).unwrap_or_default();
        self.put(&reference, &sample);
    }
}

const SETS: &[(&str, &[&str])] = &[
    ("\\d", &["1", "9", "٣"]),
    ("\\D", &["a", "é", "\n"]),
    ("\\w", &["a", "_", "1", "é"]),
    ("\\W", &["-", " ", "é"]),
    ("\\s", &[" ", "\t", "\n", "\u{b}", "\u{a0}"]),
    ("\\S", &["a", "\u{85}"]),
    ("\\h", &[" ", "\u{a0}", "\u{3000}"]),
    ("\\H", &["a", "\n"]),
    ("\\v", &["\n", "\r", "\u{85}"]),
    ("\\V", &["a", " "]),
    ("\\R", &["\n", "\r\n", "\r", "\u{2028}"]),
    ("\\X", &["a", "é", "e\u{301}", "\r\n"]),
];
const PROPERTIES: &[&str] = &[
    "Lower",
    "Upper",
    "ASCII",
    "Alpha",
    "Digit",
    "Alnum",
    "Punct",
    "Graph",
    "Print",
    "Blank",
    "Cntrl",
    "XDigit",
    "Space",
    "L",
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "M",
    "Mn",
    "Mc",
    "Me",
    "N",
    "Nd",
    "Nl",
    "No",
    "P",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "S",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Z",
    "Zs",
    "Zl",
    "Zp",
    "C",
    "Cc",
    "Cf",
    "Co",
    "Cn",
    "Cs",
    "LC",
    "LD",
    "L1",
    "all",
    "IsLatin",
    "IsGreek",
    "IsCyrillic",
    "IsHan",
    "IsAlphabetic",
    "IsLetter",
    "IsIdeographic",
    "IsLowercase",
    "IsUppercase",
    "IsTitlecase",
    "IsWhite_Space",
    "IsWhiteSpace",
    "IsControl",
    "IsPunctuation",
    "IsHex_Digit",
    "IsAssigned",
    "IsDigit",
    "IsNoncharacter_Code_Point",
    "IsJoin_Control",
    "IsL",
    "IsLu",
    "IsAlnum",
    "Isalphabetic",
    "IsLATIN",
    "IsEmoji",
    "script=Latin",
    "sc=Grek",
    "IsScript=Latin",
    "general_category=Lu",
    "gc=Lu",
    "blk=Greek",
    "block=BasicLatin",
    "InGreek",
    "InBasic_Latin",
    "InLATIN_1_SUPPLEMENT",
    "InCyrillic",
    "InHiragana",
    "InNoSuchBlock",
    "InArabic",
    "InLatin-1Supplement",
    "InGeneralPunctuation",
    "InEmoticons",
    "javaLowerCase",
    "javaUpperCase",
    "javaTitleCase",
    "javaLetter",
    "javaDigit",
    "javaLetterOrDigit",
    "javaAlphabetic",
    "javaDefined",
    "javaISOControl",
    "javaSpaceChar",
    "javaWhitespace",
    "javaMirrored",
    "javaIdentifierIgnorable",
    "javaJavaIdentifierStart",
    "javaJavaIdentifierPart",
    "javaUnicodeIdentifierStart",
    "javaUnicodeIdentifierPart",
    "javaIdeographic",
    "NoSuch",
    "lower",
    "lu",
];
const ANY: &[&str] = &[
    "a", "A", "b", "1", "é", "É", "ß", " ", "_", "-", "\n", "Ω", "ǅ", "ö", "$", "\u{a0}", "😀", "я", "あ",
    "\u{301}", "٣", "²", "K", "ſ",
];
