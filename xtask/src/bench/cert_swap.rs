//! `test cert-swap`: the certificate of a listener is replaced, and broken, again and again while clients keep
//! connections open, make new ones and resume old sessions. No request and no handshake may fail, and a new
//! certificate has to be seen soon.

use super::load;
use super::process::{Server, free_ports};
use crate::tool;
use crate::workspace::{self, Scratch};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The gateway looks at its keys every second; the rest is what a busy machine takes to start `openssl`.
const SEEN_WITHIN: Duration = Duration::from_secs(3);
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a broken file is left alone.
const WATCH: Duration = Duration::from_secs(2);

/// Swaps certificates for `length`.
pub(super) fn run(program: &Path, length: Duration) -> Result<()> {
    let scratch = Scratch::new("cert-swap")?;
    let [port, admin_port] = free_ports()?;
    let listener = Listener { folder: scratch.path().to_owned(), port };
    listener.make(0)?;
    let mut command = listener.gateway(program, admin_port)?;
    let mut server = Server::spawn("portcullis", &mut command, scratch.path())?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        server.ensure_running()?;
        ensure!(started.elapsed() < PATIENCE, "the gateway does not listen within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("test: replacing the certificate for {} s under load", length.as_secs());
    let is_over = AtomicBool::new(false);
    let (answered, opened, reconnected, swaps) = std::thread::scope(|scope| -> Result<_> {
        let kept = scope.spawn(|| load::visit_url(&format!("https://127.0.0.1:{port}/"), length));
        let new = scope.spawn(|| until(&is_over, || listener.request()));
        let resumed = scope.spawn(|| until(&is_over, || listener.reconnect()));
        let swaps = listener.swap(length);
        is_over.store(true, Ordering::Relaxed);
        let join = "the load does not panic";
        let (kept, new, resumed) =
            (kept.join().expect(join), new.join().expect(join), resumed.join().expect(join));
        Ok((kept.context("kept connections")?, new.context("new connections")?, resumed?, swaps?))
    })?;
    server.ensure_running()?;
    println!(
        "{answered} requests on kept connections, {opened} on new ones and {reconnected} handshakes of s_client \
         -reconnect: none failed"
    );
    println!(
        "{} certificates were replaced, and {} times broken; the slowest was seen after {} ms",
        swaps.replaced,
        swaps.broken,
        swaps.slowest.as_millis()
    );
    Ok(())
}

/// What was done to the file of the key.
#[derive(Default)]
struct Swaps {
    replaced: usize,
    broken: usize,
    slowest: Duration,
}

/// The listener under change.
struct Listener {
    folder: PathBuf,
    port: u16,
}

impl Listener {
    fn gateway(&self, program: &Path, admin_port: u16) -> Result<Command> {
        let instance = self.folder.join("instance");
        let admin = format!(
            r#"{{
  "connectors": [{{ "host": "127.0.0.1", "port": {}, "tls": "Tls" }}],
  "adminConnector": {{ "host": "127.0.0.1", "port": {admin_port} }},
  "heap": [{{ "name": "Tls", "type": "ServerTlsOptions", "config": {{ "keyManager": {{ "type": "KeyManager",
    "config": {{ "keystore": {{ "type": "KeyStore",
      "config": {{ "url": "file://{}/key.p12", "password": "changeit" }} }} }} }} }} }}]
}}
"#,
            self.port,
            self.folder.display()
        );
        workspace::write(&instance.join("config/admin.json"), admin)?;
        let config = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "hello" } } }"#;
        workspace::write(&instance.join("config/config.json"), config)?;
        let mut command = Command::new(program);
        command.arg("start").arg(instance);
        Ok(command)
    }

    /// Replaces the certificate by one that names its generation. The file changes at once.
    fn make(&self, generation: usize) -> Result<()> {
        let subject = format!("/CN=generation-{generation}");
        self.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            &subject,
            "-keyout",
            "k.pem",
            "-out",
            "c.pem",
        ])?;
        self.openssl(&[
            "pkcs12",
            "-export",
            "-name",
            "key",
            "-passout",
            "pass:changeit",
            "-in",
            "c.pem",
            "-inkey",
            "k.pem",
            "-out",
            "draft.p12",
        ])?;
        Ok(fs::rename(self.folder.join("draft.p12"), self.folder.join("key.p12"))?)
    }

    /// Replaces the certificate, and every third time breaks the file first, until the time is over.
    fn swap(&self, length: Duration) -> Result<Swaps> {
        let end = Instant::now() + length.saturating_sub(SEEN_WITHIN);
        let mut swaps = Swaps::default();
        while Instant::now() < end {
            if swaps.replaced % 3 == 2 {
                workspace::write(&self.folder.join("key.p12"), "nothing")?;
                self.watch(swaps.replaced)?;
                swaps.broken += 1;
            }
            self.make(swaps.replaced + 1)?;
            let changed = Instant::now();
            while self.presented()? != swaps.replaced + 1 {
                ensure!(
                    changed.elapsed() < SEEN_WITHIN,
                    "a new certificate is not seen within {SEEN_WITHIN:?}"
                );
                std::thread::sleep(Duration::from_millis(20));
            }
            swaps.slowest = swaps.slowest.max(changed.elapsed());
            swaps.replaced += 1;
        }
        Ok(swaps)
    }

    /// Makes sure that a certificate stays in use.
    fn watch(&self, generation: usize) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < WATCH {
            let presented = self.presented()?;
            ensure!(
                presented == generation,
                "generation {presented} is presented in the place of {generation}"
            );
        }
        Ok(())
    }

    /// The generation of the certificate that a new handshake gets.
    fn presented(&self) -> Result<usize> {
        let said = self.openssl(&["s_client", "-connect", &format!("127.0.0.1:{}", self.port)])?;
        let (_, rest) = said.split_once("generation-").context("no certificate was presented")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Ok(digits.parse()?)
    }

    /// A request on a connection of its own.
    fn request(&self) -> Result<u64> {
        let mut command = Command::new(tool::require("curl")?);
        command.args([
            "--silent",
            "--show-error",
            "--fail",
            "--insecure",
            "--max-time",
            "10",
            "--noproxy",
            "*",
        ]);
        let answer = tool::output(command.arg(format!("https://127.0.0.1:{}/", self.port)))?;
        if answer != "hello" {
            bail!("the answer is {answer}");
        }
        Ok(1)
    }

    /// A handshake, and five that offer its session.
    fn reconnect(&self) -> Result<u64> {
        let said = self.openssl(&[
            "s_client",
            "-reconnect",
            "-tls1_2",
            "-connect",
            &format!("127.0.0.1:{}", self.port),
        ])?;
        let handshakes =
            said.lines().filter(|line| line.starts_with("New, ") || line.starts_with("Reused, "));
        let count = handshakes.count() as u64;
        ensure!(count == 6, "{count} of 6 handshakes succeeded:\n{said}");
        Ok(count)
    }

    fn openssl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(tool::require("openssl")?);
        tool::output(command.args(arguments).current_dir(&self.folder).stdin(std::process::Stdio::null()))
    }
}

/// Repeats a piece of load until it is over, and adds up.
fn until(is_over: &AtomicBool, mut load: impl FnMut() -> Result<u64>) -> Result<u64> {
    let mut total = 0;
    while !is_over.load(Ordering::Relaxed) {
        total += load()?;
    }
    Ok(total)
}
