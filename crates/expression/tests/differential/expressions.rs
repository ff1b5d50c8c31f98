//! Expressions as cases: what they see, and what we make of them.

use std::sync::{Arc, LazyLock};

use expression::{Bindings, EmptyScope, Root, Scope, Template, Value};
use indexmap::IndexMap;
use regex::Regex;
use serde_json::json;

use crate::random::Random;
use crate::{Case, Oracle, classes, terms, values};

/// One text of a configuration.
pub(crate) struct Expression(pub(crate) String);

impl Case for Expression {
    const NAME: &'static str = "expressions";

    fn generate(random: &mut Random) -> Expression {
        // What is left of a damaged `big` is a variable of every configuration here, and none to JUEL.
        static IG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\big\b").expect("it is a pattern"));
        loop {
            let text = terms::text(random);
            if !IG.is_match(&text) {
                return Expression(text);
            }
        }
    }

    fn prologue() -> Option<String> {
        let variables = VARIABLES
            .iter()
            .map(|(name, value)| format!("\t{name}\t{}", values::column(&values::shown(value))));
        Some(format!("V{}", variables.collect::<String>()))
    }

    fn question(&self) -> String {
        question(&self.0, "usual")
    }

    fn ours(&self) -> String {
        ours(&self.0)
    }

    /// A complaint at load and a failure at evaluation both leave nothing of the expression.
    fn agrees(ours: &str, java: &str) -> bool {
        let yields = |answer: &str| answer.starts_with("value");
        if yields(ours) || yields(java) { ours == java } else { !ours.starts_with("inconsistent") }
    }

    fn class(&self, ours: &str, java: &str, oracle: &mut Oracle) -> Option<&'static str> {
        classes::of_expression(&self.0, ours, java, oracle)
    }

    fn shown(&self) -> String {
        self.0.clone()
    }
}

/// The line that asks Java for an expression; with `wide`, all whole numbers of the variables have 64 bits.
pub(crate) fn question(text: &str, width: &str) -> String {
    format!("E\t{width}\t{}", values::column(text))
}

/// What we make of an expression: once with variables that only the request knows, and once with such that
/// are known at load, so that whatever can be worked out then is.
pub(crate) fn ours(text: &str) -> String {
    let at_request = answer(text, &AT_REQUEST, &Variables);
    let at_load = answer(text, &AT_LOAD, &EmptyScope);
    // More is known at load, so more can be complained of.
    if at_load == at_request || at_load.starts_with("refused") || at_request.starts_with("refused") {
        return at_request;
    }
    format!("inconsistent: {at_request} / {at_load}")
}

fn answer(text: &str, bindings: &Bindings, scope: &dyn Scope) -> String {
    match Template::compile(text, bindings) {
        Err(problems) => {
            let problems = problems.iter().map(|problem| format!("{} {problem}", problem.kind.code()));
            format!("refused: {}", problems.collect::<Vec<_>>().join("; "))
        }
        Ok(template) => match template.evaluate(scope) {
            Ok(value) => format!("value\t{}", values::column(&values::shown(&value))),
            Err(error) => format!("failed: {error}"),
        },
    }
}

static VARIABLES: LazyLock<Arc<IndexMap<String, Value<'static>>>> = LazyLock::new(|| {
    let json = json!({
        "s": "Hello World", "e": "", "uni": "éß", "ws": " \t a b\n", "tr": "TRUE", "csv": "a,b,,c,,",
        "größe_1$": "große Größe",
        "n": 5, "zero": 0, "neg": -3, "big": 9_007_199_254_740_993_i64, "max": i64::MAX, "min": i64::MIN,
        "dec": 2.5, "tiny": 1e-7, "huge": 1.5e300, "num": "42", "dnum": "3.5",
        "t": true, "f": false, "z": null,
        "l": [1, 2, 3], "ls": ["a", "b", "B", "1", "5"], "el": [], "em": {},
        "lm": [null, true, 1.5, "x", [1], {"k": 1}],
        "m": {"a": 1, "b": "x", "1": "one", "yes": true, "list": [10, "y"], "": "nothing"},
        "nest": {
            "x": {"y": [10, {"z": "deep"}]}, "list": [[1, 2], [3]], "true": 1, "null": "nul", "blank": " ",
            "empty": {"empty": "full"},
        },
    });
    match Value::from(json) {
        Value::Map(map) => map,
        _ => unreachable!("it is written as a map"),
    }
});

static AT_LOAD: LazyLock<Bindings> = LazyLock::new(|| {
    Bindings::new(IndexMap::new(), IndexMap::new(), IndexMap::new()).child((**VARIABLES).clone())
});

static AT_REQUEST: LazyLock<Bindings> = LazyLock::new(|| {
    Bindings::new(IndexMap::new(), IndexMap::new(), IndexMap::new())
        .with_extras(VARIABLES.keys().map(String::as_str))
});

struct Variables;

impl Scope for Variables {
    fn root(&self, _: Root) -> Value<'_> {
        Value::Null
    }

    fn extra(&self, name: &str) -> Value<'_> {
        VARIABLES.get(name).map_or(Value::Null, Value::view)
    }
}
