//! `test hostile`: raw requests that were made to be misread, against the real program before a recording origin.
//!
//! The corpus is text (`xtask/hostile`): what is sent, what has to come back, and what the origin has to have seen.
//! `UPDATE_EXPECT=1` writes the last two anew, to be reviewed like code. Whatever the corpus says, a request for
//! `/smuggled` that reaches the origin is a failure: such a request stands only where no reader may find one.

mod case;
mod exchange;
mod origin;

use crate::bench::{self, Server, free_ports};
use crate::workspace::{self, Scratch};
use anyhow::{Result, bail, ensure};
use origin::Origin;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A gateway that does not listen after this long does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// A target that a request inside of another one has.
const SMUGGLED: &str = "/smuggled";

/// Plays the whole corpus.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let program = bench::program(options)?;
    let scratch = Scratch::new("hostile")?;
    let origin = Origin::start()?;
    let (mut server, port) = gateway(&program, scratch.path(), origin.port())?;
    let path = workspace::root().join("xtask/hostile/requests.txt");
    let mut cases = case::read(&workspace::read(&path)?)?;
    let is_update = std::env::var_os("UPDATE_EXPECT").is_some();
    let (mut played, mut failed) = (0, 0);
    for case in &mut cases {
        let seen = exchange::play(case, port, &origin)?;
        played += 1;
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
    server.ensure_running()?;
    if is_update {
        workspace::write(&path, case::write(&cases))?;
    }
    let forwarded = cases.iter().filter(|case| !case.expected.origin.is_empty()).count();
    println!(
        "hostile: {played} of {} requests played; {forwarded} reach the origin, in one reading each",
        cases.len()
    );
    ensure!(failed == 0, "{failed} of them were not answered as they have to be");
    Ok(())
}

/// Starts a gateway with the default settings before the origin.
fn gateway(program: &Path, folder: &Path, origin: u16) -> Result<(Server, u16)> {
    let [port, admin_port] = free_ports()?;
    let instance = folder.join("instance");
    let admin = format!(
        r#"{{ "connectors": [{{ "host": "127.0.0.1", "port": {port} }}],
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
    Ok((server, port))
}
