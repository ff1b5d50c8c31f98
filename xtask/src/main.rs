//! The project's own commands, run as `cargo xtask …`.
//!
//! Everything a maintainer or the build machine does has one word here, so that both do the same thing.
//! The crate depends on next to nothing: it is compiled first and must never be what is waited for.
#![expect(clippy::print_stdout, reason = "these commands talk to a person at a terminal")]

mod bench;
mod check;
mod differential;
mod fuzz;
mod generate;
mod h2spec;
mod hostile;
mod new;
mod setup;
mod tests;
mod tidy;
mod tls_scan;
mod tool;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check                        everything the build machine runs, in its order
  setup                        install the programs that tests and benchmarks need
  tidy                         rules of the house that no compiler knows
  gen [--check]                write the generated pages, or say which are stale
  new filter FooFilter         a filter from a template, registered, with a failing test and an example
  new handler FooHandler       the same for a handler
  test [FILTER]                the tests whose name contains FILTER
  test cert-swap [OPTIONS]     replace a certificate under load (--seconds, --gateway)
  test sessions [OPTIONS]      kill a gateway and the master of a shared store under load (--seconds, --gateway)
  test h2spec                  a public suite of conformance with HTTP/2 against an HTTPS listener
  test hostile [OPTIONS]       raw requests made to be misread, before an origin that writes them down (--gateway)
  test tls-scan                testssl.sh against an HTTPS listener with the default settings
  differential [OPTIONS]       compare with Java's own engines (--expressions N, --patterns N, --seed N)
  fuzz TARGET SECONDS          run one fuzz target
  bench proxy [OPTIONS]        cost of a proxied request beside nginx and haproxy (--help lists the options)
  bench tls [OPTIONS]          cost of TLS beside nginx and haproxy (--rounds, --seconds, --gateway)
  bench expression             cost of evaluating expressions, beside the same in Rust
  bench session [OPTIONS]      cost of sessions, and of the whole identity path beside nginx (--rounds, --seconds, --gateway)
  bench reload [OPTIONS]       edit, break, mend, rename and remove routes under load (--seconds, --gateway)
  bench routes [OPTIONS]       check, start and ask a folder of many routes (--routes, --rounds, --seconds, --gateway)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<()> {
    match words {
        ["check"] => check::run(),
        ["setup"] => setup::run(),
        ["tidy"] => tidy::run(),
        ["gen"] => generate::write(),
        ["gen", "--check"] => generate::check(),
        ["new", role, name] => new::run(role, name),
        ["test", "cert-swap", options @ ..] => bench::run_cert_swap(options),
        ["test", "sessions", options @ ..] => bench::run_failover(options),
        ["test", "h2spec"] => h2spec::run(),
        ["test", "hostile", options @ ..] => hostile::run(options),
        ["test", "tls-scan"] => tls_scan::run(),
        ["test", filter @ ..] => tests::run(filter),
        ["differential", options @ ..] => differential::run(options),
        ["fuzz", target, seconds] => fuzz::run(target, seconds),
        ["bench", "proxy", options @ ..] => bench::run(options),
        ["bench", "expression"] => bench::run_expression(),
        ["bench", "tls", options @ ..] => bench::run_tls(options),
        ["bench", "session", options @ ..] => bench::run_session(options),
        ["bench", "routes", options @ ..] => bench::run_routes(options),
        ["bench", "reload", options @ ..] => bench::run_reload(options),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command `{}`\n\n{USAGE}", words.join(" ")),
    }
}
