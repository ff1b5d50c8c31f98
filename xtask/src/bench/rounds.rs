//! The rounds: every server is visited in turn, and what its processes spent is divided by the answers.

use super::configurations::{self, Gateway, Workers};
use super::process::{Server, free_ports};
use super::{Options, Programs, load};
use crate::workspace::Scratch;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Numbers of header filters that are compared.
pub(super) const FILTER_COUNTS: [usize; 4] = [0, 1, 6, 12];

/// A server that never answers within this time does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// Connections that wrk has closed are still being cleaned up when it ends; that work belongs to the visit.
const SETTLE: Duration = Duration::from_millis(100);

/// What the rounds found. Missing rows were not measured.
pub(super) struct Cost {
    /// Microseconds of processor time per request, one figure per round, by row.
    pub(super) rows: Vec<(Row, Vec<f64>)>,
    /// Resident memory in KiB by server: after its first answer, and after all rounds.
    pub(super) resident: Vec<(String, (u64, u64))>,
    /// Why the gateway was not measured.
    pub(super) gateway_missing: Option<String>,
}

/// A row of the report: which server, which body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) server: String,
    pub(super) body: Body,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// 1 KiB.
    Small,
    /// 1 MiB.
    Large,
}

/// One server under load.
struct Target {
    name: String,
    server: Server,
    port: u16,
    bodies: &'static [Body],
}

/// The name of the gateway with this many filters.
pub(super) fn gateway_name(filters: usize) -> String {
    if filters == 0 { "portcullis".to_owned() } else { format!("portcullis, filters: {filters}") }
}

impl Body {
    fn path(self) -> &'static str {
        match self {
            Body::Small => "/",
            Body::Large => "/big",
        }
    }
}

/// Starts everything, runs the rounds, and stops everything.
pub(super) fn measure(programs: &Programs, options: &Options) -> Result<Cost> {
    let scratch = Scratch::new("bench")?;
    let [origin_port, nginx_port, haproxy_port] = free_ports()?;
    let mut origin = configurations::origin(programs, scratch.path(), origin_port)?;
    wait(&mut origin, origin_port)?;

    let folder = scratch.path();
    let nginx = configurations::nginx_proxy(programs, folder, origin_port, nginx_port, Workers::Two)?;
    let haproxy = configurations::haproxy(programs, folder, origin_port, haproxy_port, Workers::Two)?;
    let mut targets = vec![
        Target::start("nginx", nginx, folder, nginx_port, &[Body::Small, Body::Large])?,
        Target::start("haproxy", haproxy, folder, haproxy_port, &[Body::Small, Body::Large])?,
    ];
    let gateway_missing = match gateways(programs, folder, origin_port) {
        Ok(gateways) => {
            targets.extend(gateways);
            programs.gateway.is_none().then(|| "only the peers were asked for".to_owned())
        }
        Err(error) => Some(format!("{error:#}")),
    };

    std::thread::sleep(Duration::from_millis(300)); // Idle means: start-up work is done.
    let idle: Vec<u64> = targets.iter().map(|target| target.server.resident_kib()).collect();
    let rows = rounds(&mut targets, options)?;
    let resident = targets.iter().zip(idle);
    let resident = resident.map(|(target, idle)| (target.name.clone(), (idle, target.server.resident_kib())));
    Ok(Cost { rows, resident: resident.collect(), gateway_missing })
}

fn gateways(programs: &Programs, folder: &Path, origin: u16) -> Result<Vec<Target>> {
    let Some(program) = &programs.gateway else {
        return Ok(Vec::new());
    };
    let mut targets = Vec::new();
    for filters in FILTER_COUNTS {
        let [port, admin_port] = free_ports()?;
        let command =
            configurations::gateway(program, folder, filters, Gateway { port, admin_port, origin })?;
        let bodies: &[Body] = if filters == 0 { &[Body::Small, Body::Large] } else { &[Body::Small] };
        targets.push(Target::start(&gateway_name(filters), command, folder, port, bodies)?);
    }
    Ok(targets)
}

impl Target {
    fn start(
        name: &str,
        mut command: Command,
        folder: &Path,
        port: u16,
        bodies: &'static [Body],
    ) -> Result<Target> {
        let mut server = Server::spawn(name, &mut command, folder)?;
        wait(&mut server, port).with_context(|| format!("{name} does not serve"))?;
        Ok(Target { name: name.to_owned(), server, port, bodies })
    }
}

fn wait(server: &mut Server, port: u16) -> Result<()> {
    let calm = || {
        std::thread::sleep(Duration::from_millis(2));
        server.ensure_running()
    };
    load::first_answer(port, "/", Instant::now(), START_PATIENCE, calm).map(drop)
}

fn rounds(targets: &mut [Target], options: &Options) -> Result<Vec<(Row, Vec<f64>)>> {
    let mut rows: Vec<(Row, Vec<f64>)> = Vec::new();
    for round in 0..=options.rounds {
        let label =
            if round == 0 { "warm-up".to_owned() } else { format!("round {round}/{}", options.rounds) };
        println!("bench: {label}");
        for body in [Body::Small, Body::Large] {
            for target in targets.iter_mut().filter(|target| target.bodies.contains(&body)) {
                let us = visit(target, body, options.visit)?;
                if round > 0 {
                    let row = Row { server: target.name.clone(), body };
                    match rows.iter_mut().find(|(known, _)| *known == row) {
                        Some((_, rounds)) => rounds.push(us),
                        None => rows.push((row, vec![us])),
                    }
                }
            }
        }
    }
    Ok(rows)
}

fn visit(target: &mut Target, body: Body, length: Duration) -> Result<f64> {
    let cost = cost_of_visit(&mut target.server, target.port, body.path(), length);
    cost.with_context(|| target.name.clone())
}

/// Microseconds of processor time per request.
pub(super) fn cost_of_visit(server: &mut Server, port: u16, path: &str, length: Duration) -> Result<f64> {
    cost_of(server, || load::visit(port, path, length))
}

/// The same for any load, which says how many requests it was.
pub(super) fn cost_of(server: &mut Server, load: impl FnOnce() -> Result<u64>) -> Result<f64> {
    let before = server.cpu_ns();
    let answers = load()?;
    std::thread::sleep(SETTLE);
    server.ensure_running()?;
    let spent = server.cpu_ns().saturating_sub(before);
    Ok(spent as f64 / 1000.0 / answers as f64)
}
