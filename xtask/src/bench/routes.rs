//! `bench routes`: a folder of many routes. How long it takes to check and to start it, what the scans cost that
//! find nothing new, and what a request to the last route costs beside one to the first.

use super::process::{Server, ended_children_ms, free_ports};
use super::report::{self, Gate, median};
use super::{Options, configurations, load, rounds};
use crate::workspace::{self, Scratch};
use anyhow::{Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Checks and starts; the medians are reported.
const REPEATS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the folder is scanned while scans are measured, and for how long.
const SCAN_INTERVAL: Duration = Duration::from_millis(200);
const SCANNING: Duration = Duration::from_secs(4);

/// Prints what was measured and returns how many gates are not passed.
pub(super) fn run(program: &Path, options: &Options) -> Result<usize> {
    let scratch = Scratch::new("routes")?;
    let folder = Folder { path: scratch.path().to_owned(), program, routes: options.routes };
    for number in 0..folder.routes {
        let file = folder.path.join(format!("config/routes/app-{number}.json"));
        workspace::write(&file, route(number))?;
    }
    let check = repeated("checks", || folder.check())?;
    let start = repeated("starts", || {
        let (server, _, took) = folder.start()?;
        Ok(Took { wall_ms: millis(took), cpu_ms: server.cpu_ns() as f64 / 1e6 })
    })?;
    let scan_ms = folder.scan_cost()?;
    let costs = folder.request_costs(options)?;
    let ratios: Vec<f64> = costs.iter().map(|(first, last)| last / first).collect();

    let shown = |at: fn(&(f64, f64)) -> f64| median(&costs.iter().map(at).collect::<Vec<_>>());
    println!("\n{} routes, each with a condition on its path", folder.routes);
    println!("  CPU of a check                {:>8.1} ms", check.cpu_ms);
    println!("  CPU up to the first answer    {:>8.1} ms", start.cpu_ms);
    println!("  CPU per scan without changes  {scan_ms:>8.1} ms");
    println!("  CPU per request, first route  {:>8.2} µs", shown(|(first, _)| *first));
    println!("  CPU per request, last route   {:>8.2} µs", shown(|(_, last)| *last));
    let gate = |what, found, limit, unit| Gate { what, found: Some(found), limit, unit };
    Ok(report::verdicts(&[
        gate("check", check.wall_ms, 1000.0, "ms"),
        gate("start to first answer", start.wall_ms, 2000.0, "ms"),
        gate("last route, CPU", median(&ratios), 1.5, "x first"),
    ]))
}

/// How long something took. On a busy machine only the time on the processor tells much.
struct Took {
    wall_ms: f64,
    cpu_ms: f64,
}

/// The medians of some runs.
fn repeated(what: &str, mut run: impl FnMut() -> Result<Took>) -> Result<Took> {
    println!("bench: {REPEATS} {what}");
    let runs = (0..REPEATS).map(|_| run()).collect::<Result<Vec<Took>>>()?;
    let median = |at: fn(&Took) -> f64| median(&runs.iter().map(at).collect::<Vec<_>>());
    Ok(Took { wall_ms: median(|took| took.wall_ms), cpu_ms: median(|took| took.cpu_ms) })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// An instance folder with its routes.
struct Folder<'p> {
    path: std::path::PathBuf,
    program: &'p Path,
    routes: usize,
}

impl Folder<'_> {
    fn check(&self) -> Result<Took> {
        let (start, before) = (Instant::now(), ended_children_ms()?);
        let mut command = Command::new(self.program);
        let status =
            command.arg("check").arg(&self.path).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        ensure!(status.success(), "the folder has mistakes: {status}");
        Ok(Took { wall_ms: millis(start.elapsed()), cpu_ms: (ended_children_ms()? - before) as f64 })
    }

    /// A server that answers for its last route, its port, and how long that took.
    fn start(&self) -> Result<(Server, u16, Duration)> {
        self.start_with(|_| {})
    }

    fn start_with(&self, prepare: impl Fn(&mut Command)) -> Result<(Server, u16, Duration)> {
        let [port, admin_port] = free_ports()?;
        configurations::instance_folder(&self.path, port, admin_port)?;
        let mut command = Command::new(self.program);
        prepare(command.arg("start").arg(&self.path));
        let start = Instant::now();
        let mut server = Server::spawn("portcullis", &mut command, &self.path)?;
        let last = self.path_of(self.routes - 1);
        let took = load::first_answer(port, &last, start, PATIENCE, || server.ensure_running())?;
        Ok((server, port, took))
    }

    /// Milliseconds of processor time for a scan that finds nothing new; all else that an idle gateway does counts.
    fn scan_cost(&self) -> Result<f64> {
        println!("bench: scans for {} s", SCANNING.as_secs());
        let interval = format!("{} ms", SCAN_INTERVAL.as_millis());
        let (server, ..) = self.start_with(|command| {
            command.env("IG_ROUTER_SCAN_INTERVAL", &interval);
        })?;
        std::thread::sleep(SCAN_INTERVAL);
        let before = server.cpu_ns();
        std::thread::sleep(SCANNING);
        let spent = server.cpu_ns().saturating_sub(before);
        Ok(spent as f64 / 1e6 / (SCANNING.as_secs_f64() / SCAN_INTERVAL.as_secs_f64()))
    }

    /// Microseconds per request to the first and to the last route, a pair per round.
    fn request_costs(&self, options: &Options) -> Result<Vec<(f64, f64)>> {
        let (mut server, port, _) = self.start()?;
        let mut costs = Vec::new();
        for round in 0..=options.rounds {
            let label =
                if round == 0 { "warm-up".to_owned() } else { format!("round {round}/{}", options.rounds) };
            println!("bench: {label}");
            let mut visit =
                |route| rounds::cost_of_visit(&mut server, port, &self.path_of(route), options.visit);
            let pair = (visit(0)?, visit(self.routes - 1)?);
            if round > 0 {
                costs.push(pair);
            }
        }
        Ok(costs)
    }

    /// A path of the route that stands at this place. Routes are in order of their names, not of their numbers.
    fn path_of(&self, place: usize) -> String {
        let mut names: Vec<String> = (0..self.routes).map(|number| format!("app-{number}")).collect();
        names.sort_unstable();
        format!("/{}/", names[place])
    }
}

fn route(number: usize) -> String {
    format!(
        r#"{{
  "condition": "${{find(request.uri.path, '^/app-{number}/')}}",
  "handler": {{ "type": "Chain", "config": {{
    "filters": [
      {{ "type": "HeaderFilter", "config": {{ "messageType": "RESPONSE", "add": {{ "X-App": ["{number}"] }} }} }}
    ],
    "handler": {{ "type": "StaticResponseHandler", "config": {{ "status": 200, "entity": "app {number}" }} }}
  }} }}
}}
"#
    )
}
