//! Servers of Valkey or Redis on free ports: one, one behind Sentinel, a cluster.
//!
//! Each is a process of its own with a folder of its own, and both go when the value is dropped. Valkey is taken where
//! it is on the search path, else Redis, whose programs have other names and the same words.

use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::{Folder, eventually, until};

/// Sentinel's name for the master in [`Sentinels`].
pub const MASTER_NAME: &str = "sessions";

/// Sentinels that find their machine too slow do nothing for half a minute.
const FAILOVER_PATIENCE: Duration = Duration::from_secs(60);

/// Whether a server can be started on this machine. The build machine must have one.
pub fn is_here() -> bool {
    if is_program(SERVERS[0]) || is_program(SERVERS[1]) {
        return true;
    }
    let is_build_machine = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_build_machine, "missing: redis-server; run `cargo xtask setup`");
    eprintln!("skipped: redis-server missing on this machine; run `cargo xtask setup`");
    false
}

const SERVERS: [&str; 2] = ["valkey-server", "redis-server"];
const CLIENTS: [&str; 2] = ["valkey-cli", "redis-cli"];

fn is_program(name: &str) -> bool {
    let mut command = Command::new(name);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

fn program(names: [&'static str; 2]) -> &'static str {
    if is_program(names[0]) { names[0] } else { names[1] }
}

/// Ports that the system gives to nobody who does not ask for them by number, so that none is lost to a connection
/// between now and the start of the server.
const PORTS: Range<u16> = 20_000..32_000;

/// Processes that run at the same time begin so far from one another.
const PORTS_PER_PROCESS: u16 = 100;

/// A free port of the local interface, each time another one.
pub fn free_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    let own = u16::try_from(std::process::id() % u32::from(count / PORTS_PER_PROCESS)).unwrap_or_default();
    for _ in 0..count {
        let step = COUNT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + (own * PORTS_PER_PROCESS).wrapping_add(step) % count;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// Writes `ca.crt` and, signed by it, `server.crt` and `server.key` for 127.0.0.1 into a folder; in `server.pem` both.
pub fn write_certificates(folder: &Folder) {
    folder.write("names", "subjectAltName = IP:127.0.0.1");
    for words in [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1",
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names",
    ] {
        let mut command = Command::new("openssl");
        command.args(words.split(' ')).current_dir(folder.path()).stderr(Stdio::null());
        let status = command.status().unwrap_or_else(|error| panic!("openssl does not start: {error}"));
        assert!(status.success(), "openssl {words}");
    }
    let both = ["server.key", "server.crt"].map(|name| folder.read(name).unwrap_or_default()).concat();
    folder.write("server.pem", &both);
}

/// A running server.
#[derive(Debug)]
pub struct Redis {
    /// Where it listens.
    pub port: u16,
    arguments: Vec<String>,
    client_arguments: Vec<String>,
    process: Option<Child>,
    folder: Folder,
}

impl Redis {
    /// A server that keeps nothing on the disk, with further words of its command line.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// The same, with what the command line client needs to be let in.
    pub fn start_with(arguments: &[&str], client_arguments: &[&str]) -> Self {
        let port = free_port();
        let port_text = port.to_string();
        let all = [&["--port", &port_text, "--save", "", "--appendonly", "no"], arguments].concat();
        Self::run(port, &all, client_arguments)
    }

    /// A server whose clients must use TLS. In `folder` are `server.crt`, `server.key` and `ca.crt`. With
    /// `asks_clients`, they need a certificate, too.
    pub fn start_tls(folder: &Path, asks_clients: bool) -> Self {
        let port = free_port();
        let file = |name: &str| folder.join(name).display().to_string();
        let (certificate, key, anchor) = (file("server.crt"), file("server.key"), file("ca.crt"));
        let port_text = port.to_string();
        let clients = if asks_clients { "yes" } else { "no" };
        #[rustfmt::skip]
        let arguments = [
            "--port", "0", "--tls-port", &port_text, "--save", "", "--tls-cert-file", &certificate,
            "--tls-key-file", &key, "--tls-ca-cert-file", &anchor, "--tls-auth-clients", clients,
        ];
        let client = ["--tls", "--cacert", &anchor, "--cert", &certificate, "--key", &key];
        Self::run(port, &arguments, &client)
    }

    fn run(port: u16, arguments: &[&str], client_arguments: &[&str]) -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (arguments, client_arguments) = (owned(arguments), owned(client_arguments));
        let mut server = Self { port, arguments, client_arguments, process: None, folder: Folder::new() };
        server.start_again();
        server
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What the command line client shows for a command.
    pub fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new(program(CLIENTS));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let output = command.args(&self.client_arguments).args(words).stderr(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("the client does not start: {error}"));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends the process without a chance to say farewell.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it at the same port as before, with nothing in it.
    pub fn start_again(&mut self) {
        let mut command = Command::new(program(SERVERS));
        command.args(&self.arguments).arg("--dir").arg(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| panic!("the server does not start: {error}"));
        self.process = Some(process);
        eventually("the server answers", || (self.cli(&["PING"]) == "PONG").then_some(()));
    }

    /// Lets it hang, with its connections open.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().unwrap_or_else(|| panic!("the server does not run"));
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        let pid = pid.unwrap_or_else(|| panic!("no process has this number"));
        kill_process(pid, signal).unwrap_or_else(|error| panic!("no signal can be sent: {error}"));
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A master with a replica, and three Sentinels that watch them and choose a new master within about a second.
#[derive(Debug)]
pub struct Sentinels {
    /// The master at first, and the replica.
    pub servers: [Redis; 2],
    /// Those who watch.
    pub sentinels: Vec<Redis>,
}

impl Sentinels {
    /// Starts them and waits until they know each other. `server` are further words for master and replica, with `auth`
    /// being the password that lets replica and Sentinels in, or nothing.
    pub fn start(server: &[&str], auth: &str) -> Self {
        let client: &[&str] = if auth.is_empty() { &[] } else { &["-a", auth] };
        let master = Redis::start_with(&[server, &["--repl-diskless-sync-delay", "0"]].concat(), client);
        let port = master.port.to_string();
        let replica = Redis::start_with(&[server, &["--replicaof", "127.0.0.1", &port]].concat(), client);
        let sentinels: Vec<Redis> = (0..3).map(|_| sentinel(&port, auth)).collect();
        let all = Self { servers: [master, replica], sentinels };
        eventually("the replica follows", || {
            all.servers[1].cli(&["INFO", "replication"]).contains("master_link_status:up").then_some(())
        });
        eventually("the Sentinels know each other and the replica", || {
            let is_ready = |sentinel: &Redis| {
                let told = sentinel.cli(&["SENTINEL", "MASTER", MASTER_NAME]);
                told.contains("num-other-sentinels\n2") && told.contains("num-slaves\n1")
            };
            all.sentinels.iter().all(is_ready).then_some(())
        });
        all
    }

    /// The addresses of the Sentinels, `host:port`.
    pub fn addresses(&self) -> Vec<String> {
        self.sentinels.iter().map(Redis::address).collect()
    }

    /// Waits until the Sentinels name the server at this port as the master, and it is one.
    pub fn wait_for_master(&self, index: usize) {
        let server = &self.servers[index];
        let found = until(FAILOVER_PATIENCE, || {
            let named = self.sentinels[0].cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME]);
            let is_master = server.cli(&["ROLE"]).starts_with("master");
            (named.ends_with(&server.port.to_string()) && is_master).then_some(())
        });
        assert!(found.is_some(), "the Sentinels have chosen no other master");
    }
}

fn sentinel(master: &str, auth: &str) -> Redis {
    let (port, folder) = (free_port(), Folder::new());
    let auth =
        if auth.is_empty() { String::new() } else { format!("sentinel auth-pass {MASTER_NAME} {auth}\n") };
    folder.write(
        "sentinel.conf",
        &format!(
            "port {port}\nsentinel monitor {MASTER_NAME} 127.0.0.1 {master} 2\n{auth}\
             sentinel down-after-milliseconds {MASTER_NAME} 500\nsentinel failover-timeout {MASTER_NAME} 2000\n"
        ),
    );
    let file = folder.path().join("sentinel.conf").display().to_string();
    let arguments = vec![file, "--sentinel".to_owned()];
    let mut server = Redis { port, arguments, client_arguments: Vec::new(), process: None, folder };
    server.start_again();
    server
}

/// Three masters that share all keys, and perhaps a replica for each.
#[derive(Debug)]
pub struct Cluster(pub Vec<Redis>);

impl Cluster {
    /// Starts three masters and waits until they serve. `server` are further words for each.
    pub fn start(server: &[&str]) -> Self {
        Self::start_with(0, server)
    }

    /// The same with so many replicas for each master.
    pub fn start_with(replicas: usize, server: &[&str]) -> Self {
        let node = |_| {
            let bus = free_port().to_string();
            #[rustfmt::skip]
            let own = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "1000"];
            Redis::start(&[&own[..], server].concat())
        };
        let nodes: Vec<Redis> = (0..3 * (1 + replicas)).map(node).collect();
        let mut command = Command::new(program(CLIENTS));
        command.args(["--cluster", "create"]).args(nodes.iter().map(Redis::address));
        command.args(["--cluster-replicas", &replicas.to_string()]);
        let output = command.arg("--cluster-yes").stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("the client does not start: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let cluster = Self(nodes);
        eventually("the cluster serves", || {
            let follows = |node: &Redis| {
                let told = node.cli(&["INFO", "replication"]);
                told.contains("role:master") || told.contains("master_link_status:up")
            };
            let is_ready =
                |node: &Redis| node.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok") && follows(node);
            cluster.0.iter().all(is_ready).then_some(())
        });
        cluster
    }

    /// The addresses of all, `host:port`.
    pub fn addresses(&self) -> Vec<String> {
        self.0.iter().map(Redis::address).collect()
    }

    /// The node that has the slot of this key.
    pub fn owner(&self, key: &str) -> usize {
        let slot = self.0[0].cli(&["CLUSTER", "KEYSLOT", key]);
        let has = |node: &Redis| {
            // A replica sends us on, which is not 1.
            let told = node.cli(&["CLUSTER", "COUNTKEYSINSLOT", &slot]);
            told != "0" && node.cli(&["EXISTS", key]) == "1"
        };
        self.0.iter().position(has).unwrap_or_else(|| panic!("no node has `{key}`"))
    }

    /// The replica of a node.
    pub fn replica(&self, master: usize) -> usize {
        let line = format!("master_port:{}", self.0[master].port);
        let follows = |node: &Redis| node.cli(&["INFO", "replication"]).contains(&line);
        self.0.iter().position(follows).unwrap_or_else(|| panic!("the node has no replica"))
    }

    /// Begins to move the slot of a key to another node: its keys stay where they are, new ones are made there.
    pub fn begin_move(&self, key: &str, from: usize, to: usize) {
        let slot = self.0[0].cli(&["CLUSTER", "KEYSLOT", key]);
        let [from_id, to_id] = [from, to].map(|index| self.0[index].cli(&["CLUSTER", "MYID"]));
        self.0[to].cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
        self.0[from].cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    }

    /// Moves the slot of a key, with all keys in it, to another node.
    pub fn move_slot(&self, key: &str, from: usize, to: usize) {
        self.begin_move(key, from, to);
        let slot = self.0[0].cli(&["CLUSTER", "KEYSLOT", key]);
        let to_id = self.0[to].cli(&["CLUSTER", "MYID"]);
        let keys = self.0[from].cli(&["CLUSTER", "GETKEYSINSLOT", &slot, "1000"]);
        let port = self.0[to].port.to_string();
        for key in keys.lines() {
            self.0[from].cli(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
        }
        for node in [to, from] {
            self.0[node].cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
        }
    }
}
