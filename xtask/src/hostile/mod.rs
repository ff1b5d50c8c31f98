//! `test hostile`: raw requests and frames of HTTP/2 that were made to be misread, against the real program before a recording origin.
//!
//! The corpus is text (`xtask/hostile`): what is sent, what has to come back, and what the origin has to have seen.
//! `UPDATE_EXPECT=1` writes the last two anew, to be reviewed like code. Whatever the corpus says, a request for
//! `/smuggled` that reaches the origin is a failure: such a request stands only where no reader may find one.

mod case;
mod exchange;
mod frames;
mod origin;

use crate::bench::{self, Server, free_ports};
use crate::workspace::{self, Scratch};
use anyhow::{Result, bail, ensure};
use case::{Case, Seen};
use origin::Origin;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A gateway that does not listen after this long does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// A target that a request inside of another one has.
const SMUGGLED: &str = "/smuggled";

/// Plays both corpora.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let program = bench::program(options)?;
    let scratch = Scratch::new("hostile")?;
    let origin = Origin::start()?;
    let (mut server, [plain, h2]) = gateway(&program, scratch.path(), origin.port())?;
    let mut failed = corpus("requests", |case| exchange::play(&case.lines, plain, &origin))?;
    failed += corpus("frames", |case| frames::play(&case.lines, &case.expected, h2, &origin))?;
    server.ensure_running()?;
    ensure!(failed == 0, "{failed} of them were not answered as they have to be");
    Ok(())
}

/// Plays a corpus, and counts what is not as it has to be.
fn corpus(name: &str, play: impl Fn(&Case) -> Result<Seen>) -> Result<usize> {
    let path = workspace::root().join(format!("xtask/hostile/{name}.txt"));
    let mut cases = case::read(&workspace::read(&path)?)?;
    let is_update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut failed = 0;
    for case in &mut cases {
        let seen = play(case)?;
        if seen.origin.iter().any(|line| line.contains(SMUGGLED)) {
            failed += 1;
            println!("hostile: {}: smuggled\n{}", case.name, seen.text());
        } else if is_update {
            case.expected = seen;
        } else if case.expected != seen {
            failed += 1;
            println!("hostile: {}: expected\n{}but saw\n{}", case.name, case.expected.text(), seen.text());
        }
    }
    if is_update {
        workspace::write(&path, case::write(&cases))?;
    }
    let forwarded = cases.iter().filter(|case| !case.expected.origin.is_empty()).count();
    println!("hostile: {} {name} played; {forwarded} reach the origin, in one reading each", cases.len());
    Ok(failed)
}

/// Starts a gateway with the default settings before the origin: a connector for HTTP/1, and one that takes HTTP/2, too.
fn gateway(program: &Path, folder: &Path, origin: u16) -> Result<(Server, [u16; 2])> {
    let [port, h2_port, admin_port] = free_ports()?;
    let instance = folder.join("instance");
    let admin = format!(
        r#"{{ "connectors": [{{ "host": "127.0.0.1", "port": {port} }},
               {{ "host": "127.0.0.1", "port": {h2_port}, "vertx": {{ "http2ClearTextEnabled": true }} }}],
             "adminConnector": {{ "host": "127.0.0.1", "port": {admin_port} }} }}"#
    );
    workspace::write(&instance.join("config/admin.json"), admin)?;
    let config = format!(
        r#"{{ "handler": {{ "type": "ReverseProxyHandler", "baseURI": "http://127.0.0.1:{origin}" }} }}"#
    );
    workspace::write(&instance.join("config/config.json"), config)?;
    let mut server = Server::spawn("portcullis", Command::new(program).arg("start").arg(&instance), folder)?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        server.ensure_running()?;
        if started.elapsed() > START_PATIENCE {
            bail!("portcullis does not listen");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((server, [port, h2_port]))
}
