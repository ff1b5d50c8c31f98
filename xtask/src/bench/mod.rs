//! `bench`: `proxy` and `tls` measure, `expression` measures one part alone, `session` parts and the whole, `routes` a
//! folder of many routes; `reload` changes route files under load.
//!
//! What a proxied request costs, beside nginx and haproxy on the same machine.
//!
//! Microseconds depend on the machine and on who else uses it; ratios hardly do. So all proxies run side by
//! side, every round visits each of them in turn, and what is judged is the median over the rounds of each
//! round's ratio. Requests per second are not measured at all: on a few cores they mostly tell how much the
//! load generator and the origin took.

mod cert_swap;
mod configurations;
mod failover;
mod instructions;
mod load;
mod process;
mod reload;
mod report;
mod rounds;
mod routes;
mod session;
mod startup;
mod tls;

pub(crate) use configurations::https_gateway;
pub(crate) use process::{Server, free_ports};

use crate::{tool, workspace};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
usage: cargo xtask bench proxy [OPTIONS]

  --seconds N       length of one visit (default 2)
  --rounds N        rounds after the warm-up (default 5)
  --instructions    count instructions per request under callgrind instead
  --gateway FILE    measure this program instead of building one, for example an older build
  --peers-only      nginx and haproxy only, to try the bench itself";

/// What was asked for on the command line.
struct Options {
    visit: Duration,
    rounds: usize,
    instructions: bool,
    gateway: Option<PathBuf>,
    peers_only: bool,
    routes: usize,
}

/// Programs the benchmark starts. Without a gateway, its rows are missing and its gates are not passed.
struct Programs {
    nginx: PathBuf,
    haproxy: PathBuf,
    gateway: Option<PathBuf>,
}

/// Runs the benchmark; an error when a gate is missed or could not be measured.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    if words.contains(&"--help") {
        println!("{USAGE}");
        return Ok(());
    }
    measure(&Options::parse(words)?)
}

/// `bench reload`: changes route files under load; an error when a request failed that should not have.
pub(crate) fn run_reload(words: &[&str]) -> Result<()> {
    let mut options = Options::parse(words)?;
    if !words.contains(&"--seconds") {
        options.visit = Duration::from_secs(60);
    }
    let program = gateway(&options)?;
    let programs = Programs { nginx: tool::require("nginx")?, haproxy: PathBuf::new(), gateway: None };
    tool::require("wrk")?;
    reload::run(&programs, &program, options.visit)
}

/// The gateway that `--gateway` names, or one built for release.
pub(crate) fn program(words: &[&str]) -> Result<PathBuf> {
    gateway(&Options::parse(words)?)
}

/// `test cert-swap`: replaces a certificate under load; an error when anything failed.
pub(crate) fn run_cert_swap(words: &[&str]) -> Result<()> {
    let mut options = Options::parse(words)?;
    if !words.contains(&"--seconds") {
        options.visit = Duration::from_secs(60);
    }
    let program = gateway(&options)?;
    ["curl", "openssl", "wrk"].into_iter().try_for_each(|name| tool::require(name).map(|_| ()))?;
    cert_swap::run(&program, options.visit)
}

/// `test sessions`: kills a gateway and the master of a shared store under load; an error when a session was lost.
pub(crate) fn run_failover(words: &[&str]) -> Result<()> {
    let mut options = Options::parse(words)?;
    if !words.contains(&"--seconds") {
        options.visit = Duration::from_secs(60);
    }
    failover::run(&gateway(&options)?, options.visit)
}

/// `bench tls`: an error when a gate is missed.
pub(crate) fn run_tls(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    let programs = Programs {
        nginx: tool::require("nginx")?,
        haproxy: tool::require("haproxy")?,
        gateway: if options.peers_only { None } else { Some(gateway(&options)?) },
    };
    tool::require("wrk")?;
    let missed = tls::run(&programs, &options)?;
    if missed > 0 {
        bail!("{missed} gates are missed");
    }
    Ok(())
}

/// `bench expression`: the program that measures is an example of the crate whose objects are looked into.
pub(crate) fn run_expression() -> Result<()> {
    tool::run(&mut tool::cargo(&[
        "run",
        "--quiet",
        "--release",
        "-p",
        "exchange",
        "--example",
        "expression_bench",
    ]))
}

/// `bench routes`: a folder of many routes; an error when a gate is missed.
pub(crate) fn run_routes(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    let program = gateway(&options)?;
    tool::require("wrk")?;
    let missed = routes::run(&program, &options)?;
    if missed > 0 {
        bail!("{missed} gates are missed");
    }
    Ok(())
}

/// `bench session`: an error when a gate is missed.
pub(crate) fn run_session(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    ["wrk", "curl"].into_iter().try_for_each(|name| tool::require(name).map(|_| ()))?;
    let program = gateway(&options)?;
    let programs = Programs { nginx: tool::require("nginx")?, haproxy: PathBuf::new(), gateway: None };
    let missed = session::run(&programs, &program, &options)?;
    if missed > 0 {
        bail!("{missed} gates are missed");
    }
    Ok(())
}

fn measure(options: &Options) -> Result<()> {
    let programs = Programs {
        nginx: tool::require("nginx")?,
        haproxy: tool::require("haproxy")?,
        gateway: if options.peers_only { None } else { Some(gateway(options)?) },
    };
    if options.instructions {
        return instructions::run(&programs);
    }
    tool::require("wrk")?;
    let cost = rounds::measure(&programs, options)?;
    // A gateway that did not serve the rounds need not be started again.
    let starting = programs.gateway.as_deref().filter(|_| cost.gateway_missing.is_none());
    let start = startup::measure(&programs, starting)?;
    report::print(&cost, &start);
    let missed = report::print_gates(&cost, &start);
    if missed > 0 && !options.peers_only {
        bail!("{missed} gates are missed or could not be measured");
    }
    Ok(())
}

/// The program to measure: the one that was named, else a fresh release build.
fn gateway(options: &Options) -> Result<PathBuf> {
    if let Some(path) = &options.gateway {
        return path.canonicalize().with_context(|| format!("cannot find {}", path.display()));
    }
    tool::run(&mut tool::cargo(&["build", "--release", "--package", "portcullis"]))?;
    Ok(workspace::root().join("target/release/portcullis"))
}

impl Options {
    fn parse(words: &[&str]) -> Result<Options> {
        let mut options = Options {
            visit: Duration::from_secs(2),
            rounds: 5,
            instructions: false,
            gateway: None,
            peers_only: false,
            routes: 1000,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => options.visit = Duration::from_secs(number(word, words.next())?),
                "--rounds" => options.rounds = usize::try_from(number(word, words.next())?)?,
                "--routes" => options.routes = usize::try_from(number(word, words.next())?)?,
                "--instructions" => options.instructions = true,
                "--gateway" => options.gateway = Some(words.next().context("--gateway needs a file")?.into()),
                "--peers-only" => options.peers_only = true,
                other => bail!("unknown option `{other}`\n\n{USAGE}"),
            }
        }
        Ok(options)
    }
}

fn number(option: &str, word: Option<&&str>) -> Result<u64> {
    let word = word.with_context(|| format!("{option} needs a number"))?;
    let number = word.parse().with_context(|| format!("{option}: `{word}` is not a number"))?;
    if !(1..=3600).contains(&number) {
        bail!("{option}: {number} is not between 1 and 3600");
    }
    Ok(number)
}
