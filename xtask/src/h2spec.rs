//! `test h2spec`: a public suite of conformance with HTTP/2 against an HTTPS listener with the default settings.

use crate::bench::{Server, free_ports, https_gateway};
use crate::workspace::Scratch;
use crate::{tool, workspace};
use anyhow::{Context, Result, ensure};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What Go calls the suite, with its version.
const MODULE: &str = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";

/// A gateway that does not listen after this long does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// Where `setup` puts the suite.
fn program() -> PathBuf {
    workspace::root().join("target/tools/h2spec")
}

/// Fetches and builds the suite, if Go is here.
pub(crate) fn setup() -> Result<()> {
    if program().is_file() {
        return Ok(());
    }
    println!("setup: h2spec is missing (test h2spec)");
    let Some(go) = tool::find("go") else {
        println!("setup: it cannot be built without `go`");
        return Ok(());
    };
    let mut command = Command::new(go);
    command.args(["install", MODULE]).env("GOFLAGS", "-mod=mod");
    tool::run(command.env("GOBIN", workspace::root().join("target/tools")))
}

/// Runs the whole suite, the strict cases included; an error when one fails.
pub(crate) fn run() -> Result<()> {
    let program = program();
    ensure!(program.is_file(), "h2spec is not installed; `cargo xtask setup` builds it, if Go is here");
    tool::run(&mut tool::cargo(&["build", "--quiet", "--release", "--package", "portcullis"]))?;
    let gateway = workspace::root().join("target/release/portcullis");
    let scratch = Scratch::new("h2spec")?;
    let folder = scratch.path();
    key_store(folder)?;
    let [port] = free_ports()?;
    let mut server =
        Server::spawn("portcullis", &mut https_gateway(&gateway, folder, &[("h2spec", port)])?, folder)?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        server.ensure_running()?;
        ensure!(started.elapsed() < START_PATIENCE, "portcullis does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut suite = Command::new(program);
    suite.args(["--tls", "--insecure", "--strict", "--host", "localhost", "--port", &port.to_string()]);
    tool::run(&mut suite).context("the listener does not conform")?;
    server.ensure_running()
}

/// A key with a certificate for the host that the suite names.
fn key_store(folder: &Path) -> Result<()> {
    let at = |name: &str| folder.join(name);
    let openssl = || tool::require("openssl").map(Command::new);
    let mut make = openssl()?;
    make.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-newkey", "ec"]);
    make.args(["-pkeyopt", "ec_paramgen_curve:P-256", "-addext", "subjectAltName=DNS:localhost"]);
    tool::output(make.arg("-keyout").arg(at("key")).arg("-out").arg(at("crt")))?;
    let mut pack = openssl()?;
    pack.args(["pkcs12", "-export", "-passout", "pass:changeit", "-inkey"]).arg(at("key"));
    tool::output(pack.arg("-in").arg(at("crt")).arg("-out").arg(at("h2spec.p12"))).map(drop)
}
