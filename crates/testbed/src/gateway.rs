//! The real program as a child process, on free ports, with a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::{PATIENCE, until};
use crate::{Client, Folder, eventually};

/// What stands in `admin.json` unless the test says otherwise: free ports, and nothing open to the network.
const ADMIN: &str = r#"{
  "connectors": [ { "port": 0, "host": "127.0.0.1" } ],
  "adminConnector": { "port": 0, "host": "127.0.0.1" }
}"#;

/// What a started gateway says last.
const STARTED: &str = "ms on ports : [";

/// A gateway of an empty instance folder; give it files, then start it. `program` is the built binary, which
/// only the crate that builds it can name: `env!("CARGO_BIN_EXE_portcullis")`.
pub fn gateway(program: &str) -> GatewayBuilder {
    let folder = Folder::new();
    folder.write("config/admin.json", ADMIN);
    let home = Folder::new();
    let mut command = Command::new(program);
    // Nothing of the developer's own environment may change a test.
    command.env_clear().env("HOME", home.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    GatewayBuilder { command, folder, home, arguments: None }
}

/// A gateway that is not started yet.
pub struct GatewayBuilder {
    command: Command,
    folder: Folder,
    home: Folder,
    arguments: Option<Vec<String>>,
}

impl GatewayBuilder {
    /// Writes `config/admin.json`.
    #[must_use]
    pub fn admin(self, text: &str) -> Self {
        self.file("config/admin.json", text)
    }

    /// Removes `config/admin.json`, so that the defaults hold.
    #[must_use]
    pub fn without_admin(self) -> Self {
        let _ = std::fs::remove_file(self.folder.path().join("config/admin.json"));
        self
    }

    /// Writes `config/config.json`.
    #[must_use]
    pub fn config(self, text: &str) -> Self {
        self.file("config/config.json", text)
    }

    /// Writes `config/routes/NAME.json`.
    #[must_use]
    pub fn route(self, name: &str, text: &str) -> Self {
        self.file(&format!("config/routes/{name}.json"), text)
    }

    /// Writes a file of the instance folder.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        self.folder.write(path, text);
        self
    }

    /// Copies a folder over the instance folder.
    #[must_use]
    pub fn copy(self, from: &Path) -> Self {
        self.folder.copy(from);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the program with these arguments instead of `start FOLDER`.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = Some(arguments.iter().map(|argument| (*argument).to_owned()).collect());
        self
    }

    /// The instance folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The folder that is `HOME` for the program.
    pub fn home(&self) -> &Folder {
        &self.home
    }

    /// Starts it and waits until it serves.
    #[track_caller]
    pub fn start(self) -> Gateway {
        let mut gateway = self.spawn();
        let started = until(PATIENCE, || {
            let line = gateway.log().lines().find(|line| line.contains(STARTED)).map(str::to_owned);
            line.map(Ok).or_else(|| gateway.child.try_wait().ok().flatten().map(Err))
        });
        match started {
            Some(Ok(line)) => gateway.ports = ports(&line),
            Some(Err(status)) => panic!("the gateway ended with {status}:\n{}", gateway.full_log()),
            None => panic!("the gateway does not say that it started:\n{}", gateway.log()),
        }
        gateway
    }

    /// Runs it to its end, which must come by itself.
    #[track_caller]
    pub fn run(self) -> Ended {
        self.spawn().end()
    }

    /// Starts it without waiting for anything.
    pub fn spawn(mut self) -> Gateway {
        match &self.arguments {
            Some(arguments) => self.command.args(arguments),
            None => self.command.arg("start").arg(self.folder.path()),
        };
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("cannot run {:?}: {error}", self.command));
        let log = Arc::new(Mutex::new(String::new()));
        let output = child.stdout.take().map(|output| collect(output, log.clone()));
        let errors = child.stderr.take().map(|errors| collect(errors, log.clone()));
        let readers = output.into_iter().chain(errors).collect();
        Gateway { child, folder: self.folder, home: self.home, log, readers, ports: Vec::new() }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// What the program returned.
    pub status: ExitStatus,
    /// What it wrote, standard output and errors together.
    pub output: String,
}

/// A running gateway; stopped when dropped.
pub struct Gateway {
    child: Child,
    folder: Folder,
    home: Folder,
    log: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
    ports: Vec<u16>,
}

impl Gateway {
    /// The ports of the connectors, in the order of `admin.json`.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Where the first connector listens, as seen from this machine.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        let port = self.ports.first().expect("a started gateway has a port");
        SocketAddr::from((Ipv4Addr::LOCALHOST, *port))
    }

    /// A client of the first connector.
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    /// GETs a target from the first connector.
    #[track_caller]
    pub fn get(&self, target: &str) -> crate::Reply {
        self.client().get(target)
    }

    /// The instance folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The folder that is `HOME` for the program.
    pub fn home(&self) -> &Folder {
        &self.home
    }

    /// The path of the instance folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything written so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the log holds `part`.
    #[track_caller]
    pub fn wait_for_log(&self, part: &str) {
        let found = until(PATIENCE, || self.log().contains(part).then_some(()));
        assert!(found.is_some(), "`{part}` is not in the log:\n{}", self.log());
    }

    /// Asks the process to end, as an operator would, and does not wait.
    pub fn ask_to_stop(&self) {
        signal(&self.child, Signal::TERM);
    }

    /// Waits for the process to end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the process ends", || self.child.try_wait().expect("it is our child"))
    }

    /// Waits for an end that comes by itself.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        match until(PATIENCE, || self.child.try_wait().ok().flatten()) {
            Some(status) => Ended { status, output: self.full_log() },
            None => panic!("the program does not end:\n{}", self.log()),
        }
    }

    /// Asks the process to end and waits for it.
    #[track_caller]
    pub fn stop(mut self) -> Ended {
        self.ask_to_stop();
        let status = self.wait();
        Ended { status, output: self.full_log() }
    }

    /// Kills the process, so that it cannot tidy up.
    pub fn kill(&mut self) {
        // A process that has ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The log of a process that has ended, to its last line.
    fn full_log(&mut self) -> String {
        for reader in self.readers.drain(..) {
            reader.join().expect("collecting a log does not panic");
        }
        self.log()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            signal(&self.child, Signal::TERM);
            if until(PATIENCE / 4, || self.child.try_wait().ok().flatten()).is_none() {
                self.kill();
            }
        }
        if thread::panicking() {
            eprintln!("--- log of the gateway ---\n{}", self.log());
        }
    }
}

impl Deref for Ended {
    type Target = ExitStatus;
    fn deref(&self) -> &ExitStatus {
        &self.status
    }
}

fn signal(child: &Child, signal: Signal) {
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // A process that has ended already needs no signal.
    let _ = process.map(|process| kill_process(process, signal));
}

fn collect(source: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while source.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            log.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

fn ports(line: &str) -> Vec<u16> {
    let inside =
        line.split_once(STARTED).and_then(|(_, rest)| rest.split_once(']')).map(|(inside, _)| inside);
    let numbers = inside.unwrap_or_default().split(' ').map(|port| port.parse().expect("a port"));
    numbers.collect()
}
