//! User instructions per request, counted by callgrind.
//!
//! Counts hardly vary between runs, so they show a change of one per cent where time on the processor shows
//! noise. Start-up costs millions of instructions, so each server is run twice, with few and with many
//! requests, and the difference is divided by the difference of requests.

use super::configurations::{self, Gateway, Workers};
use super::process::{Server, free_ports};
use super::{Programs, load};
use crate::workspace::Scratch;
use crate::{tool, workspace};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const FEW_REQUESTS: usize = 400;
const MANY_REQUESTS: usize = 2_400;
const CONNECTIONS: usize = 8;
/// Everything is some fifty times slower under valgrind.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes the command of a server that proxies the first port (the origin) on the second.
type Make<'a> = Box<dyn Fn(&Path, u16, u16) -> Result<Command> + 'a>;

/// Prints the instructions of each server.
pub(super) fn run(programs: &Programs) -> Result<()> {
    tool::require("valgrind")?;
    let mut servers: Vec<(String, Make<'_>)> = vec![
        (
            "nginx".to_owned(),
            Box::new(|folder, origin, port| {
                configurations::nginx_proxy(programs, folder, origin, port, Workers::One)
            }),
        ),
        (
            "haproxy".to_owned(),
            Box::new(|folder, origin, port| {
                configurations::haproxy(programs, folder, origin, port, Workers::One)
            }),
        ),
    ];
    if let Some(program) = &programs.gateway {
        for filters in super::rounds::FILTER_COUNTS {
            let name = super::rounds::gateway_name(filters);
            servers.push((
                name,
                Box::new(move |folder, origin, port| {
                    let [admin_port] = free_ports()?;
                    let mut command = configurations::gateway(
                        program,
                        folder,
                        filters,
                        Gateway { port, admin_port, origin },
                    )?;
                    command.env("PORTCULLIS_WORKERS", "1");
                    Ok(command)
                }),
            ));
        }
    }
    println!("User instructions per request, 1 KiB bodies, one worker, {CONNECTIONS} connections");
    let mut failed = 0;
    for (name, make) in &servers {
        match slope(programs, name, make) {
            Ok(instructions) => println!("  {name:<26} {instructions:>8}"),
            Err(error) => {
                failed += 1;
                println!("  {name:<26} not measured: {error:#}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} servers could not be measured");
    }
    Ok(())
}

fn slope(programs: &Programs, name: &str, make: &Make<'_>) -> Result<u64> {
    let few = count(programs, name, make, FEW_REQUESTS)?;
    let many = count(programs, name, make, MANY_REQUESTS)?;
    // Callgrind does not follow a program into its children; there, nothing would seem to cost nothing.
    ensure!(many > few, "callgrind saw no work: does the program serve from another process?");
    Ok((many - few) / (MANY_REQUESTS - FEW_REQUESTS) as u64)
}

/// All instructions of one run with so many requests.
fn count(programs: &Programs, name: &str, make: &Make<'_>, requests: usize) -> Result<u64> {
    let scratch = Scratch::new("callgrind")?;
    let folder = scratch.path();
    let [origin_port, port] = free_ports()?;
    let mut origin = configurations::origin(programs, folder, origin_port)?;
    load::first_answer(origin_port, "/", Instant::now(), PATIENCE, || origin.ensure_running())?;

    let file = folder.join("callgrind.out");
    let mut command = under_callgrind(&make(folder, origin_port, port)?, &file);
    let mut server = Server::spawn(name, &mut command, folder)?;
    let calm = || {
        std::thread::sleep(Duration::from_millis(20));
        server.ensure_running()
    };
    load::first_answer(port, "/", Instant::now(), PATIENCE, calm)?;
    load::exactly(port, CONNECTIONS, requests)?;
    server.stop(PATIENCE)?;
    total(&workspace::read(&file)?)
}

fn under_callgrind(command: &Command, file: &Path) -> Command {
    let mut wrapped = Command::new("valgrind");
    wrapped.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", file.display()));
    wrapped.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        wrapped.env(name, value.unwrap_or_default());
    }
    wrapped
}

/// The sum that callgrind writes at the end: `totals: N` (or `summary: N`).
fn total(text: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    let words = line.and_then(|line| line.split_whitespace().next());
    words.and_then(|word| word.parse().ok()).context("callgrind wrote no total")
}
