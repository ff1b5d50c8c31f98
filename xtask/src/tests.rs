//! `test`: the tests of the workspace, or those whose name contains a word.

use crate::tool;
use anyhow::Result;

/// Runs `cargo test` on the whole workspace. What follows the command is handed on, so that both
/// `cargo xtask test ch04` and `cargo xtask test -- --nocapture` mean what they say.
pub(crate) fn run(filter: &[&str]) -> Result<()> {
    let mut arguments = vec!["test", "--workspace"];
    arguments.extend(filter);
    tool::run(&mut tool::cargo(&arguments))
}
