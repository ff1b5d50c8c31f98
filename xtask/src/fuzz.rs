//! `fuzz`: runs one fuzz target for some seconds.
//!
//! Fuzzing needs a nightly compiler and `cargo-fuzz`, which `setup` does not force on everybody.

use crate::{tool, workspace};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Runs `target` for `seconds`; a crash is an error and leaves its input in `fuzz/artifacts`.
pub(crate) fn run(target: &str, seconds: &str) -> Result<()> {
    let seconds: u32 = seconds.parse().with_context(|| format!("`{seconds}` is not a number of seconds"))?;
    let folder = workspace::root().join("fuzz");
    if !folder.join("Cargo.toml").is_file() {
        bail!("there is no fuzz/Cargo.toml: no fuzz target has been written yet");
    }
    let toolchains = tool::output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    if !toolchains.lines().any(|line| line.starts_with("nightly")) {
        bail!("fuzzing needs a nightly compiler: rustup toolchain install nightly");
    }
    if tool::find("cargo-fuzz").is_none() {
        bail!("fuzzing needs cargo-fuzz: cargo install cargo-fuzz");
    }
    let limit = format!("-max_total_time={seconds}");
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz", "run", target, "--", &limit]);
    tool::run(command.current_dir(workspace::root()))
}
