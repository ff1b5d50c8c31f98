//! From the start of the program to its first proxied answer.

use super::configurations::{self, Gateway, Workers};
use super::process::{Server, free_ports};
use super::{Programs, load, report};
use crate::workspace::Scratch;
use anyhow::Result;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Starts of each program; the median is reported.
const STARTS: usize = 15;
const PATIENCE: Duration = Duration::from_secs(20);

/// Milliseconds to the first answer, medians. `None` when the gateway does not serve.
pub(super) struct Start {
    pub(super) nginx_ms: f64,
    pub(super) gateway_ms: Option<f64>,
}

/// Starts nginx and the gateway in turn.
pub(super) fn measure(programs: &Programs, gateway: Option<&Path>) -> Result<Start> {
    println!("bench: {STARTS} starts");
    let scratch = Scratch::new("start")?;
    let folder = scratch.path();
    let [origin] = free_ports()?;
    let mut server = configurations::origin(programs, folder, origin)?;
    load::first_answer(origin, "/", Instant::now(), PATIENCE, || server.ensure_running())?;

    let mut nginx_ms = Vec::new();
    let mut gateway_ms = Vec::new();
    for _ in 0..STARTS {
        let [port, admin_port] = free_ports()?;
        let command = configurations::nginx_proxy(programs, folder, origin, port, Workers::Two)?;
        nginx_ms.push(once("nginx", command, folder, port)?);
        if let Some(program) = gateway {
            let ports = Gateway { port, admin_port, origin };
            let command = configurations::gateway(program, folder, 0, ports)?;
            gateway_ms.push(once("portcullis", command, folder, port)?);
        }
    }
    let gateway_ms = gateway.map(|_| report::median(&gateway_ms));
    Ok(Start { nginx_ms: report::median(&nginx_ms), gateway_ms })
}

fn once(name: &str, mut command: Command, folder: &Path, port: u16) -> Result<f64> {
    let start = Instant::now();
    let mut server = Server::spawn(name, &mut command, folder)?;
    let took = load::first_answer(port, "/", start, PATIENCE, || server.ensure_running())?;
    Ok(took.as_secs_f64() * 1000.0)
}
