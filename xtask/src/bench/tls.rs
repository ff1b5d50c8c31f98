//! `bench tls`: what TLS costs, beside nginx and haproxy with the same certificates.
//!
//! The same method as for `bench proxy`: everything runs side by side, each round visits every server in turn, and
//! the medians of the rounds' ratios are judged. The connections come from an example of the transport, so that
//! this program needs no TLS of its own.

use super::configurations;
use super::process::{Server, free_ports};
use super::report::{Gate, median, verdicts};
use super::{Options, Programs, load};
use crate::workspace::Scratch;
use crate::{tool, workspace};
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Connections of one visit that does handshakes.
const HANDSHAKES: usize = 1_600;
/// Connections that stay open while memory is measured.
const IDLE_CONNECTIONS: usize = 2_000;
/// After this long an idle connection holds what it holds for good.
const IDLE_TIME: Duration = Duration::from_secs(4);
/// A server that never answers within this time does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Connections that were closed are still being cleaned up; that work belongs to the visit.
const SETTLE: Duration = Duration::from_millis(100);

/// The ports of one server: with an ECDSA certificate on P-256, and with one of RSA with 2048 bits.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    pub(super) ecdsa: u16,
    pub(super) rsa: u16,
}

impl Ports {
    /// With what the files of their certificates are called.
    pub(super) fn by_certificate(self) -> [(&'static str, u16); 2] {
        [("ecdsa", self.ecdsa), ("rsa", self.rsa)]
    }
}

/// What a visit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Requests,
    FullEcdsa,
    ResumedEcdsa,
    FullRsa,
    ResumedRsa,
}

const WORKS: [(Work, &str, f64); 5] = [
    (Work::Requests, "request, keep-alive", 0.95),
    (Work::FullEcdsa, "full handshake, ECDSA P-256", 0.55),
    (Work::ResumedEcdsa, "resumed handshake, ECDSA P-256", 0.55),
    (Work::FullRsa, "full handshake, RSA-2048", 0.75),
    (Work::ResumedRsa, "resumed handshake, RSA-2048", 0.55),
];

struct Target {
    name: &'static str,
    server: Server,
    ports: Ports,
}

/// Runs the benchmark; the number of gates that are missed.
pub(super) fn run(programs: &Programs, options: &Options) -> Result<usize> {
    tool::run(&mut tool::cargo(&[
        "build",
        "--quiet",
        "--release",
        "-p",
        "transport",
        "--example",
        "tls_load",
    ]))?;
    let client = workspace::root().join("target/release/examples/tls_load");
    let scratch = Scratch::new("bench-tls")?;
    let folder = scratch.path();
    certificate(folder, "ecdsa", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])?;
    certificate(folder, "rsa", &["-newkey", "rsa:2048"])?;
    let [origin_port] = free_ports()?;
    let _origin = configurations::origin(programs, folder, origin_port)?;
    let mut targets = start(programs, folder, origin_port, &client)?;
    let rounds = rounds(&mut targets, options, &client)?;
    let memory = targets.iter_mut().map(|target| idle(target, &client)).collect::<Result<Vec<_>>>()?;
    Ok(report(&targets, &rounds, &memory))
}

/// A certificate with its key, as PEM for the peers and as PKCS#12 for the gateway.
fn certificate(folder: &Path, name: &str, key: &[&str]) -> Result<()> {
    let at = |ending: &str| folder.join(format!("{name}.{ending}"));
    let mut make = Command::new(tool::require("openssl")?);
    make.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost"]).args(key);
    make.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    make.arg("-keyout").arg(at("key")).arg("-out").arg(at("crt"));
    tool::output(&mut make)?;
    let mut pack = Command::new(tool::require("openssl")?);
    pack.args(["pkcs12", "-export", "-name", "bench", "-passout", "pass:changeit"]);
    pack.arg("-inkey").arg(at("key")).arg("-in").arg(at("crt")).arg("-out").arg(at("p12"));
    tool::output(&mut pack)?;
    // haproxy wants both in one file.
    let both = workspace::read(&at("crt"))? + &workspace::read(&at("key"))?;
    workspace::write(&at("pem"), both)
}

fn start(programs: &Programs, folder: &Path, origin: u16, client: &Path) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    let mut add = |name, mut command: Command, ports: Ports| -> Result<()> {
        let mut server = Server::spawn(name, &mut command, folder)?;
        let started = Instant::now();
        while connect(client, "full", ports.ecdsa, 1).is_err() {
            server.ensure_running()?;
            ensure!(started.elapsed() < START_PATIENCE, "{name} does not serve");
            std::thread::sleep(Duration::from_millis(50));
        }
        targets.push(Target { name, server, ports });
        Ok(())
    };
    let ports = || free_ports().map(|[ecdsa, rsa]| Ports { ecdsa, rsa });
    let nginx = ports()?;
    add("nginx", configurations::nginx_tls(programs, folder, origin, nginx)?, nginx)?;
    let haproxy = ports()?;
    add("haproxy", configurations::haproxy_tls(programs, folder, origin, haproxy)?, haproxy)?;
    if let Some(program) = &programs.gateway {
        let gateway = ports()?;
        add("portcullis", configurations::gateway_tls(program, folder, origin, gateway)?, gateway)?;
    }
    Ok(targets)
}

/// Makes so many connections and closes them.
fn connect(client: &Path, kind: &str, port: u16, count: usize) -> Result<()> {
    let mut command = Command::new(client);
    tool::output(command.args([kind, &port.to_string(), &count.to_string()])).map(drop)
}

/// Microseconds by work, target and round.
type Rounds = Vec<(Work, Vec<Vec<f64>>)>;

fn rounds(targets: &mut [Target], options: &Options, client: &Path) -> Result<Rounds> {
    let mut rows: Rounds = WORKS.map(|(work, ..)| (work, vec![Vec::new(); targets.len()])).into();
    for round in 0..=options.rounds {
        match round {
            0 => println!("bench: warm-up"),
            round => println!("bench: round {round}/{}", options.rounds),
        }
        for (work, row) in &mut rows {
            for (target, figures) in targets.iter_mut().zip(row) {
                let us = visit(target, *work, options.visit, client).context(target.name)?;
                if round > 0 {
                    figures.push(us);
                }
            }
        }
    }
    Ok(rows)
}

/// Microseconds of processor time for each request or connection.
fn visit(target: &mut Target, work: Work, length: Duration, client: &Path) -> Result<f64> {
    let Ports { ecdsa, rsa } = target.ports;
    let before = target.server.cpu_ns();
    let count = match work {
        Work::Requests => load::visit_url(&format!("https://localhost:{ecdsa}/"), length)?,
        _ => {
            let (kind, port) = match work {
                Work::ResumedEcdsa => ("resumed", ecdsa),
                Work::ResumedRsa => ("resumed", rsa),
                Work::FullRsa => ("full", rsa),
                Work::FullEcdsa | Work::Requests => ("full", ecdsa),
            };
            connect(client, kind, port, HANDSHAKES)?;
            HANDSHAKES as u64
        }
    };
    std::thread::sleep(SETTLE);
    target.server.ensure_running()?;
    let spent = target.server.cpu_ns().saturating_sub(before);
    Ok(spent as f64 / 1000.0 / count as f64)
}

/// KiB of resident memory that an idle connection adds.
fn idle(target: &mut Target, client: &Path) -> Result<f64> {
    let before = target.server.resident_kib();
    let mut command = Command::new(client);
    command.args(["idle", &target.ports.ecdsa.to_string(), &IDLE_CONNECTIONS.to_string()]);
    let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(holder.stdout.take().context("the client has no output")?).read_line(&mut line)?;
    std::thread::sleep(IDLE_TIME);
    let after = target.server.resident_kib();
    // The end of its input lets the client go.
    drop(holder.stdin.take());
    let status = holder.wait()?;
    if !status.success() || line.trim() != "open" {
        bail!("{}: {IDLE_CONNECTIONS} idle connections could not be opened", target.name);
    }
    Ok(after.saturating_sub(before) as f64 / IDLE_CONNECTIONS as f64)
}

/// Prints the tables and judges.
fn report(targets: &[Target], rounds: &Rounds, memory: &[f64]) -> usize {
    let mut gates = Vec::new();
    for ((_, what, limit), (_, row)) in WORKS.iter().zip(rounds) {
        println!("\n{what:<36} CPU µs   per CPU second   x nginx");
        for (target, figures) in targets.iter().zip(row) {
            let ratios: Vec<f64> = figures.iter().zip(&row[0]).map(|(own, nginx)| own / nginx).collect();
            let us = median(figures);
            println!("  {:<34} {us:>7.1} {:>16.0} {:>9.2}", target.name, 1e6 / us, median(&ratios));
            if target.name == "portcullis" {
                gates.push(Gate { what, found: Some(median(&ratios)), limit: *limit, unit: "x nginx" });
            }
        }
    }
    println!("\nResident memory per idle connection     KiB");
    for (target, kib) in targets.iter().zip(memory) {
        println!("  {:<34} {kib:>7.1}", target.name);
    }
    if let [_, haproxy, gateway] = memory {
        let found = Some(gateway / haproxy);
        gates.push(Gate { what: "memory per idle connection", found, limit: 1.3, unit: "x haproxy" });
    }
    verdicts(&gates)
}
