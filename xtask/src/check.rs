//! `check`: everything the build machine runs, cheapest first, so that a slip is told within seconds.
//!
//! It stops at the first failure: what follows would mostly repeat it.

use crate::{generate, setup, tidy, tool};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// One step: the name that is printed, and what is done.
type Step = (&'static str, fn() -> Result<Ran>);

/// Whether a step found what it needs.
enum Ran {
    Yes,
    Skipped(&'static str),
}

const STEPS: &[Step] = &[
    ("setup", || setup::run().map(|()| Ran::Yes)),
    ("fmt", || cargo(&["fmt", "--all", "--check"])),
    ("tidy", || tidy::run().map(|()| Ran::Yes)),
    ("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("build", || cargo(&["build", "--workspace"])),
    ("gen --check", || generate::check().map(|()| Ran::Yes)),
    ("test", || cargo(&["test", "--workspace"])),
    ("doc", document),
    ("deny", deny),
];

/// Runs all steps and prints what each took.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let mut summary = Vec::new();
    for (name, work) in STEPS {
        println!("=== {name}");
        let began = Instant::now();
        let result = work();
        let took = seconds(began.elapsed());
        match &result {
            Ok(Ran::Yes) => summary.push(format!("  ok       {took:>7}  {name}")),
            Ok(Ran::Skipped(why)) => {
                println!("skipped: {why}");
                summary.push(format!("  skipped  {took:>7}  {name} ({why})"));
            }
            Err(_) => summary.push(format!("  FAILED   {took:>7}  {name}")),
        }
        if let Err(error) = result {
            print_summary(&summary, start);
            bail!("step `{name}` failed: {error:#}");
        }
    }
    print_summary(&summary, start);
    println!("check passed");
    Ok(())
}

fn print_summary(summary: &[String], start: Instant) {
    println!("=== summary, {} in all", seconds(start.elapsed()));
    for line in summary {
        println!("{line}");
    }
}

fn cargo(arguments: &[&str]) -> Result<Ran> {
    tool::run(&mut tool::cargo(arguments)).map(|()| Ran::Yes)
}

fn document() -> Result<Ran> {
    let mut command = tool::cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    tool::run(command.env("RUSTDOCFLAGS", "-D warnings")).map(|()| Ran::Yes)
}

fn deny() -> Result<Ran> {
    if tool::find("cargo-deny").is_none() {
        return Ok(Ran::Skipped("cargo-deny is not installed: `cargo install cargo-deny`"));
    }
    // Advisories need the network and change by the day; they have no place in a check of this commit.
    cargo(&["deny", "check", "bans", "licenses", "sources"])
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
