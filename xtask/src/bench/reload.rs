//! `bench reload`: route files are edited, broken, mended, renamed and removed while the gateway is under
//! load. No request that the last good version could have served may fail, and no broken version may serve.

use super::configurations::{self, Gateway};
use super::process::{Server, free_ports};
use super::{Programs, load};
use crate::workspace::{self, Scratch};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The gateway looks at its files this often, so that many changes fit into one run.
const SCAN_INTERVAL: &str = "200 ms";
/// Longer than a scan and the time it takes to load a route on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a change that must not take effect is watched.
const WATCH: Duration = Duration::from_millis(800);

/// Changes files for `length`, under the load of `wrk`.
pub(super) fn run(programs: &Programs, program: &Path, length: Duration) -> Result<()> {
    let scratch = Scratch::new("reload")?;
    let folder = scratch.path();
    let [origin, port, admin_port] = free_ports()?;
    let mut upstream = configurations::origin(programs, folder, origin)?;
    load::first_answer(origin, "/", Instant::now(), PATIENCE, || upstream.ensure_running())?;
    let ports = Gateway { port, admin_port, origin };
    let mut command = configurations::gateway(program, folder, 0, ports)?;
    command.env("IG_ROUTER_SCAN_INTERVAL", SCAN_INTERVAL);
    let routes = Routes { folder: folder.join("gateway-0/config/routes"), origin };
    fs::remove_file(routes.folder.join("bench.json"))?;
    routes.write("app.json", &routes.good(0))?;
    routes.write("other.json", &routes.other())?;
    let mut server = Server::spawn("portcullis", &mut command, folder)?;
    load::first_answer(port, "/", Instant::now(), PATIENCE, || server.ensure_running())?;

    println!("bench: changing routes for {} s under load", length.as_secs());
    let (answered, changes) = std::thread::scope(|scope| -> Result<_> {
        let load = scope.spawn(|| load::visit(port, "/", length));
        let end = Instant::now() + length - Duration::from_secs(1);
        let mut changes = 0;
        while Instant::now() < end {
            changes += routes.round(port, changes)?;
        }
        let answered = load.join().expect("the load does not panic")?;
        Ok((answered, changes))
    })?;
    server.ensure_running()?;
    println!("{answered} requests answered with 200, none failed, over {changes} changes of route files");
    Ok(())
}

/// The route files under change.
struct Routes {
    folder: PathBuf,
    origin: u16,
}

impl Routes {
    /// Each kind of change once; the number of changes made.
    fn round(&self, port: u16, seed: usize) -> Result<usize> {
        let generation = seed + 1;
        self.write("app.json", &self.good(generation))?;
        self.wait_for(port, generation)?;
        for broken in BROKEN {
            self.write("app.json", &broken.replace("GENERATION", "999999"))?;
            self.watch(port, generation)?;
        }
        self.write("app.json", &self.good(generation + 1))?;
        self.wait_for(port, generation + 1)?;
        fs::rename(self.folder.join("app.json"), self.folder.join("renamed.json"))?;
        self.watch(port, generation + 1)?;
        fs::rename(self.folder.join("renamed.json"), self.folder.join("app.json"))?;
        fs::remove_file(self.folder.join("other.json"))?;
        self.watch(port, generation + 1)?;
        self.write("other.json", &self.other())?;
        Ok(BROKEN.len() + 6)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        workspace::write(&self.folder.join(name), text)
    }

    /// A route that takes every request but those for `/other`, and tells its generation.
    fn good(&self, generation: usize) -> String {
        format!(
            r#"{{
  "name": "app",
  "condition": "${{find(request.uri.path, '^/(?!other)')}}",
  "baseURI": "http://127.0.0.1:{}",
  "handler": {{ "type": "Chain", "config": {{
    "filters": [
      {{ "type": "HeaderFilter", "config": {{ "messageType": "RESPONSE", "add": {{ "X-Generation": ["{generation}"] }} }} }}
    ],
    "handler": "ReverseProxyHandler"
  }} }}
}}
"#,
            self.origin
        )
    }

    fn other(&self) -> String {
        self.good(0).replace("\"app\"", "\"other\"").replace("'^/(?!other)'", "'^/other'")
    }

    /// Waits until requests are served by a generation.
    fn wait_for(&self, port: u16, generation: usize) -> Result<()> {
        let start = Instant::now();
        while probe(port)? != generation {
            if start.elapsed() > PATIENCE {
                bail!("generation {generation} did not take effect within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Makes sure that a generation keeps serving.
    fn watch(&self, port: u16, generation: usize) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < WATCH {
            let serving = probe(port)?;
            ensure!(serving == generation, "generation {serving} serves in the place of {generation}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// What people do to files: half a file, a misspelt type, a filter that does not exist, a wrong value.
const BROKEN: [&str; 4] = [
    r#"{ "name": "app", "condition": "${find(request.uri.path, '^/')}", "handler": { "type": "#,
    r#"{ "name": "app", "handler": { "type": "StaticResponseHandlr", "config": { "status": 200 } } }"#,
    r#"{ "name": "app", "handler": { "type": "Chain", "config": { "filters": ["Missing"], "handler": "ReverseProxyHandler" } } }"#,
    r#"{ "name": "app", "handler": { "type": "StaticResponseHandler", "config": { "status": "GENERATION" } } }"#,
];

/// The generation that answers `/` now. Any other answer than 200 is an error.
fn probe(port: u16) -> Result<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    ensure!(head.starts_with("HTTP/1.1 200 "), "the answer is {}", head.lines().next().unwrap_or("nothing"));
    let generation = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-generation").then(|| value.trim().to_owned())
    });
    generation.context("the answer names no generation")?.parse().context("the generation is not a number")
}
