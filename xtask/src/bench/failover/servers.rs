//! The store, a master with a replica behind three Sentinels, and three gateways that share it.

use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::process::{Server, free_ports};
use crate::{tool, workspace};

/// How long a start, or the choice of another master, may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The master's name for the Sentinels.
const MASTER_NAME: &str = "sessions";
/// How long a Sentinel waits before it takes a server that is silent for dead.
const DOWN_AFTER_MS: u32 = 1000;

/// The store.
pub(super) struct Stores {
    /// `None` once it was killed.
    master: Option<Server>,
    replica_port: u16,
    sentinel_ports: [u16; 3],
    /// Held until the end.
    _others: Vec<Server>,
}

impl Stores {
    /// Starts all, and waits until they know each other.
    pub(super) fn start(folder: &Path) -> Result<Stores> {
        let program = tool::find("valkey-server").map_or_else(|| tool::require("redis-server"), Ok)?;
        let [master_port, replica_port, sentinels @ ..] = free_ports::<5>()?;
        let server = |name: &str, port: u16, more: &[&str]| {
            let mut command = Command::new(&program);
            command.args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            command.args(["--repl-diskless-sync-delay", "0"]).args(more).current_dir(folder);
            Server::spawn(name, &mut command, folder)
        };
        let master = server("master", master_port, &[])?;
        let port = master_port.to_string();
        let mut others = vec![server("replica", replica_port, &["--replicaof", "127.0.0.1", &port])?];
        wait("the replica does not follow", || {
            asked(replica_port, "INFO replication").contains("master_link_status:up")
        })?;
        for (number, port) in sentinels.iter().enumerate() {
            let file = folder.join(format!("sentinel-{number}.conf"));
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {MASTER_NAME} 127.0.0.1 {master_port} 2\n\
                 sentinel down-after-milliseconds {MASTER_NAME} {DOWN_AFTER_MS}\n\
                 sentinel failover-timeout {MASTER_NAME} 5000\n",
                folder.display()
            );
            workspace::write(&file, text)?;
            let mut command = Command::new(&program);
            command.arg(&file).arg("--sentinel").current_dir(folder);
            others.push(Server::spawn(&format!("sentinel-{number}"), &mut command, folder)?);
        }
        let question = format!("SENTINEL MASTER {MASTER_NAME}");
        wait("the Sentinels do not know each other", || {
            sentinels.iter().all(|port| {
                let told = asked(*port, &question).replace("\r\n", " ");
                told.contains("num-other-sentinels $1 2") && told.contains("num-slaves $1 1")
            })
        })?;
        Ok(Stores { master: Some(master), replica_port, sentinel_ports: sentinels, _others: others })
    }

    /// Kills the master outright.
    pub(super) fn kill_master(&mut self) -> Result<()> {
        self.master.take().context("the master has been killed already")?.kill()
    }

    /// Waits until the replica is the master.
    pub(super) fn wait_for_master(&self) -> Result<()> {
        wait("the replica does not become the master", || {
            asked(self.replica_port, "INFO replication").contains("role:master")
        })
    }

    fn configuration(&self) -> String {
        let sentinels: Vec<String> =
            self.sentinel_ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
        format!(
            r#"{{ "type": "ValkeyStore", "config": {{ "deployment": "SENTINEL", "masterName": "{MASTER_NAME}",
      "addresses": [{}] }} }}"#,
            sentinels.join(", ")
        )
    }
}

/// What a server says to a command.
fn asked(port: u16, command: &str) -> String {
    let ask = || -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let (mut bytes, mut block) = (Vec::new(), [0; 16 * 1024]);
        // The answer ends where nothing more comes; one that was cut off is asked for again.
        while let Ok(length @ 1..) = stream.read(&mut block) {
            bytes.extend_from_slice(&block[..length]);
            if length < block.len() {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    ask().unwrap_or_default()
}

/// The gateways.
pub(super) struct Gateways {
    program: PathBuf,
    folder: PathBuf,
    ports: [u16; 3],
    servers: [Option<Server>; 3],
    starts: usize,
}

impl Gateways {
    /// Starts three, each with a folder of its own.
    pub(super) fn start(program: &Path, stores: &Stores, folder: &Path) -> Result<Gateways> {
        let [one, two, three, admin @ ..] = free_ports::<6>()?;
        let ports = [one, two, three];
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut gateways = Gateways { program, folder, ports, servers: [None, None, None], starts: 0 };
        for number in 0..ports.len() {
            let instance = gateways.instance(number);
            // One that was killed has left its PID file behind.
            let admin = format!(
                r#"{{ "pidFileMode": "override", "connectors": [{{ "host": "127.0.0.1", "port": {} }}],
  "adminConnector": {{ "host": "127.0.0.1", "port": {} }} }}"#,
                ports[number], admin[number]
            );
            workspace::write(&instance.join("config/admin.json"), admin)?;
            workspace::write(&instance.join("config/config.json"), configuration(&stores.configuration()))?;
        }
        (0..ports.len()).try_for_each(|number| gateways.start_again(number))?;
        Ok(gateways)
    }

    /// Where they listen.
    pub(super) fn ports(&self) -> [u16; 3] {
        self.ports
    }

    /// Kills one outright.
    pub(super) fn kill(&mut self, number: usize) -> Result<()> {
        self.servers[number].take().context("the gateway does not run")?.kill()
    }

    /// Starts one, and waits until it listens.
    pub(super) fn start_again(&mut self, number: usize) -> Result<()> {
        self.starts += 1;
        let mut command = Command::new(&self.program);
        command.arg("start").arg(self.instance(number));
        let name = format!("portcullis-{number}-{}", self.starts);
        let mut server = Server::spawn(&name, &mut command, &self.folder)?;
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.ports[number])).is_err() {
            server.ensure_running()?;
            ensure!(started.elapsed() < PATIENCE, "a gateway does not listen within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.servers[number] = Some(server);
        Ok(())
    }

    /// An error when one has ended by itself.
    pub(super) fn ensure_running(&mut self) -> Result<()> {
        self.servers.iter_mut().flatten().try_for_each(Server::ensure_running)
    }

    fn instance(&self, number: usize) -> PathBuf {
        self.folder.join(format!("instance-{number}"))
    }
}

/// Says whose the session is, and the value that was last written to it.
fn configuration(store: &str) -> String {
    format!(
        r#"{{
  "heap": [{{ "name": "Session", "type": "SharedSessionManager", "config": {{
    "authenticatedEncryptionSecretId": "session.key",
    "secretsProvider": {{ "type": "Base64EncodedSecretStore", "config": {{ "secrets": {{
      "session.key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" }} }} }},
    "subject": "user",
    "store": {store} }} }}],
  "handler": {{ "type": "Chain", "config": {{
    "filters": [{{ "type": "AssignmentFilter", "config": {{ "onRequest": [
      {{ "condition": "${{request.uri.path == '/login'}}", "target": "${{session.user}}",
        "value": "${{request.queryParams['name'][0]}}" }},
      {{ "condition": "${{request.uri.path == '/set'}}", "target": "${{session.count}}",
        "value": "${{request.queryParams['value'][0]}}" }} ] }} }}],
    "handler": {{ "type": "StaticResponseHandler", "config": {{
      "status": 200, "entity": "${{session.user}} ${{session.count}}" }} }} }} }}
}}
"#
    )
}

fn wait(complaint: &str, mut is_done: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_done() {
        ensure!(begun.elapsed() < PATIENCE, "{complaint} within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
