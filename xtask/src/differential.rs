//! `differential`: the full comparison of expressions and patterns with the engines of Java.
//!
//! The comparison itself is a test of the expression crate, which runs a part of it among the others.

use crate::tool;
use anyhow::{Context, Result, bail};

/// The options, the variables that the test reads, and how many cases a full run has.
const OPTIONS: [(&str, &str, &str); 3] = [
    ("--expressions", "DIFFERENTIAL_EXPRESSIONS", "200000"),
    ("--patterns", "DIFFERENTIAL_PATTERNS", "100000"),
    ("--seed", "DIFFERENTIAL_SEED", "1"),
];

/// Runs the comparison; an unexplained difference is an error, and so is a machine without Java.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let mut command = tool::cargo(&["test", "--release", "-p", "expression", "--test", "differential"]);
    command.args(["--", "--nocapture"]).env("CI", "true");
    for (_, variable, usual) in OPTIONS {
        command.env(variable, usual);
    }
    for pair in options.chunks(2) {
        let &[option, value] = pair else { bail!("`{}` is not followed by a number", pair[0]) };
        let known = OPTIONS.iter().find(|(name, ..)| *name == option);
        let (_, variable, _) = known.with_context(|| format!("unknown option `{option}`"))?;
        let number: u32 = value.parse().with_context(|| format!("`{value}` is not a number"))?;
        command.env(variable, number.to_string());
    }
    tool::run(&mut command)
}
