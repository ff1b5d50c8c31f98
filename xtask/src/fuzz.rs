//! `fuzz`: runs one fuzz target for some seconds.
//!
//! Fuzzing needs `cargo-fuzz`, which `setup` does not force on everybody, and options of the compiler that a
//! stable one only takes when it is told to (`RUSTC_BOOTSTRAP`); a nightly one is used where there is one.
//!
//! Seeds are kept small and in `fuzz/corpus`. What a run finds on its way goes to a folder below `fuzz/target`,
//! so that fuzzing changes no file that is kept.

use crate::{tool, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// One input may take this long; more is a finding.
const INPUT_SECONDS_MAX: u32 = 10;

/// Runs `target` for `seconds`; a crash is an error and leaves its input in `fuzz/artifacts`.
pub(crate) fn run(target: &str, seconds: &str) -> Result<()> {
    let seconds: u32 = seconds.parse().with_context(|| format!("`{seconds}` is not a number of seconds"))?;
    let folder = workspace::root().join("fuzz");
    let known = targets(&folder)?;
    if !known.iter().any(|name| name == target) {
        bail!("there is no fuzz target `{target}`; there are {}", known.join(", "));
    }
    if tool::find("cargo-fuzz").is_none() {
        bail!("fuzzing needs cargo-fuzz: cargo install cargo-fuzz");
    }
    let found = folder.join("target/corpus").join(target);
    fs::create_dir_all(&found)?;
    let mut command = compiler();
    command.args(["fuzz", "run", target]).arg(&found).arg(folder.join("corpus").join(target));
    command.args(["--", "-print_final_stats=1", "-rss_limit_mb=2048"]);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    let words = folder.join("dictionaries").join(format!("{target}.dict"));
    if words.is_file() {
        command.arg(format!("-dict={}", words.display()));
    }
    tool::run(command.current_dir(workspace::root()))
}

/// The names of the targets, sorted.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Cargo of a nightly toolchain, or of this one made to take the same options.
fn compiler() -> Command {
    let toolchains = tool::output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    if toolchains.lines().any(|line| line.starts_with("nightly")) {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly", "cargo"]);
        return command;
    }
    let mut command = Command::new("cargo");
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}
