//! The store against real servers: what it does on each kind of them, and what becomes of it when they fail.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use expect_test::{Expect, expect};
use testbed::redis::{self, Cluster, MASTER_NAME, Redis, Sentinels};
use testbed::{Folder, eventually, until};
use tokio::runtime::Runtime;

use super::*;
use crate::sessions::SharedStoreRef;
use crate::sessions::shared_store::Onto;
use crate::sessions::store_contract::{self, all_keys, change, shown};
use crate::testing::{brief, with_running_object};

const LONG: Duration = Duration::from_secs(100);

/// Servers that find their machine too slow put off choosing a new master.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store as a configuration makes it, with its background work.
struct Gateway {
    runtime: Runtime,
    store: Arc<dyn SharedStore>,
}

impl Gateway {
    fn start(config: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (runtime, mut made) = (runtime.unwrap(), None);
        let declaration = format!(r#"{{"name": "s", "type": "ValkeyStore", "config": {config}}}"#);
        with_running_object(&declaration, "s", Some(runtime.handle().clone()), |store: SharedStoreRef| {
            made = Some(store.0);
        });
        Self { runtime, store: made.unwrap() }
    }

    /// What a worker gets: a thread with a runtime of its own, which ends.
    fn on_worker<T: Send>(&self, work: impl AsyncFnOnce(&dyn SharedStore) -> T + Send) -> T {
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(work(&*self.store))
            });
            worker.join().unwrap()
        })
    }

    fn check_contract(&self) {
        self.on_worker(async |store| store_contract::check(store).await);
    }

    fn write(&self, key: &str, value: &str) {
        let change = change(Onto::New, &[("a", value)], LONG);
        assert!(self.on_worker(async move |store| store.write(key, change).await).unwrap(), "{key}");
    }

    fn read(&self, key: &str) -> String {
        shown(self.on_worker(async |store| store.read(key, Some(LONG)).await))
    }

    /// How a read fails, with `port` instead of the port, and how long it takes.
    fn failure(&self, port: u16) -> (String, Duration) {
        let start = Instant::now();
        let shown = self.read("s:1").replace(&port.to_string(), "PORT");
        (shown, start.elapsed())
    }

    #[track_caller]
    fn eventually_reads(&self, key: &str, expected: &str) {
        let mut last = String::new();
        let found = until(PATIENCE, || {
            last = self.read(key);
            (last == expected).then_some(())
        });
        assert!(found.is_some(), "it reads {last} all the time");
    }
}

/// The limits are generous, where a test does not set its own: the machine may be busy.
fn config_of(addresses: &[String], more: &str) -> String {
    let limits = r#", "connectTimeout": "5 s", "timeout": "5 s""#;
    let more = if more.contains("imeout") { more.to_owned() } else { format!("{more}{limits}") };
    format!(r#"{{"addresses": {addresses:?} {more}}}"#)
}

fn standalone(server: &Redis, more: &str) -> Gateway {
    Gateway::start(&config_of(&[server.address()], more))
}

/// Where a password stands, `secret` by its id.
fn password(base64: &str) -> String {
    format!(
        r#", "passwordSecretId": "secret", "secretsProvider":
            {{"type": "Base64EncodedSecretStore", "config": {{"secrets": {{"secret": "{base64}"}}}}}}"#
    )
}

/// `open sesame`, and what it is in base64.
const PASSWORD: [&str; 2] = ["opensesame", "b3BlbnNlc2FtZQ=="];

const TRUST: &str = r#""trustManager": {"type": "SecretsTrustManager", "config":
    {"verificationSecretId": "ca.crt", SECRETS}}"#;

const KEY: &str = r#""keyManager": {"type": "SecretsKeyManager", "config":
    {"signingSecretId": "server.pem", SECRETS}}"#;

/// TLS with these managers, whose secrets are files of the folder.
fn tls(folder: &Folder, managers: &str) -> String {
    let secrets = format!(
        r#""secretsProvider": {{"type": "FileSystemSecretStore", "config":
            {{"directory": "{}", "format": {{"type": "PemPropertyFormat"}}}}}}"#,
        folder.path().display()
    );
    let managers = managers.replace("SECRETS", &secrets);
    format!(r#", "tls": {{"type": "ClientTlsOptions", "config": {{{managers}}}}}"#)
}

#[test]
fn one_server_keeps_the_contract() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let gateway = standalone(&server, "");
    gateway.check_contract();
    assert_eq!(server.cli(&["EXISTS", "portcullis:n:1"]), "1");
    let other = standalone(&server, r#", "keyPrefix": "other:", "database": 0"#);
    other.check_contract();
    let elsewhere = standalone(&server, r#", "database": 7"#);
    elsewhere.check_contract();
    assert_eq!(server.cli(&["-n", "7", "EXISTS", "portcullis:n:1"]), "1");
}

#[test]
fn a_record_grows_no_larger_than_what_is_read() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let gateway = standalone(&server, "");
    gateway.write("s:1", "1");
    let grown = gateway.on_worker(async |store| {
        let mut outcomes = Vec::new();
        for name in ["b", "c", "d", "b", "e"] {
            let large = Change {
                set: vec![(name.as_bytes().to_vec(), vec![7; 400 * 1024])],
                remove: if name == "e" { vec![b"c".to_vec()] } else { Vec::new() },
                ..change(Onto::Existing, &[], LONG)
            };
            outcomes.push(match store.write("s:1", large).await {
                Ok(is_made) => is_made.to_string(),
                Err(StoreError::Refused(_)) => "refused".to_owned(),
                Err(error) => error.to_string(),
            });
        }
        let fields = store.read("s:1", None).await.unwrap().unwrap().len();
        (outcomes.join(" "), fields)
    });
    assert_eq!(grown, ("true true refused true true".to_owned(), 3));
}

#[test]
fn an_access_list_needs_to_allow_what_the_manual_says() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let manual = include_str!("config.rs").lines().find(|line| line.contains("~portcullis:*")).unwrap();
    let allowed = manual.split('`').find(|words| words.starts_with('~')).unwrap();
    let rule = format!(">{}", PASSWORD[0]);
    let words = ["ACL", "SETUSER", "gate", "on", &rule].into_iter().chain(allowed.split(' '));
    assert_eq!(server.cli(&words.collect::<Vec<_>>()), "OK");
    standalone(&server, &format!(r#", "username": "gate" {}"#, password(PASSWORD[1]))).check_contract();
}

#[test]
fn a_server_behind_tls_keeps_the_contract_and_has_to_prove_who_it_is() {
    if !redis::is_here() {
        return;
    }
    let folder = Folder::new();
    redis::write_certificates(&folder);
    let server = Redis::start_tls(folder.path(), false);
    standalone(&server, &tls(&folder, TRUST)).check_contract();
    for (what, gateway, expected) in [
        (
            "no trust",
            standalone(&server, &tls(&folder, "")),
            expect!["no trust: error: 127.0.0.1:PORT: TLS: invalid peer certificate: UnknownIssuer"],
        ),
        (
            "no TLS",
            standalone(&server, ""),
            expect!["no TLS: error: 127.0.0.1:PORT: Connection reset by peer (os error 104)"],
        ),
        (
            "another name",
            Gateway::start(&config_of(&[format!("localhost:{}", server.port)], &tls(&folder, TRUST))),
            expect![[
                r#"another name: error: localhost:PORT: TLS: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for IpAddress(127.0.0.1)"#
            ]],
        ),
    ] {
        let (failure, _) = gateway.failure(server.port);
        expected.assert_eq(&format!("{what}: {failure}"));
    }
    let strict = Redis::start_tls(folder.path(), true);
    standalone(&strict, &tls(&folder, &format!("{TRUST}, {KEY}"))).check_contract();
    let (failure, _) = standalone(&strict, &tls(&folder, TRUST)).failure(strict.port);
    assert!(failure.starts_with("error: "), "{failure}");
}

#[test]
fn what_sentinel_names_keeps_the_contract() {
    if !redis::is_here() {
        return;
    }
    let servers = Sentinels::start(&[], "");
    sentinel(&servers, "").check_contract();
}

fn sentinel(servers: &Sentinels, more: &str) -> Gateway {
    let more = format!(r#", "deployment": "SENTINEL", "masterName": "{MASTER_NAME}" {more}"#);
    Gateway::start(&config_of(&servers.addresses(), &more))
}

#[test]
fn a_cluster_keeps_the_contract() {
    if !redis::is_here() {
        return;
    }
    let cluster = Cluster::start(&[]);
    // One node is enough to find the others.
    Gateway::start(&config_of(&cluster.addresses()[1..2], r#", "deployment": "CLUSTER""#)).check_contract();
}

#[test]
fn a_server_that_is_not_there_is_an_error_at_once() {
    if !redis::is_here() {
        return;
    }
    let mut server = Redis::start(&[]);
    let gateway = standalone(&server, "");
    gateway.write("s:1", "1");
    server.kill();
    let (failure, time) = gateway.failure(server.port);
    expect!["error: 127.0.0.1:PORT: Connection refused (os error 111)"].assert_eq(&failure);
    assert!(time < Duration::from_secs(1), "{time:?}");
}

#[test]
fn the_first_request_after_a_restart_of_the_server_works() {
    if !redis::is_here() {
        return;
    }
    let mut server = Redis::start(&[]);
    let gateway = standalone(&server, "");
    gateway.write("s:1", "1");
    server.kill();
    server.start_again();
    // The connection is dead, the script is forgotten, and so is the record.
    assert_eq!(gateway.read("s:1"), "none");
    gateway.write("s:1", "2");
    assert_eq!(gateway.read("s:1"), "[a=2]");
}

#[test]
fn a_store_that_comes_later_is_used_then() {
    if !redis::is_here() {
        return;
    }
    let mut server = Redis::start(&[]);
    server.kill();
    let gateway = standalone(&server, "");
    assert!(gateway.read("s:1").starts_with("error"));
    server.start_again();
    assert_eq!(gateway.read("s:1"), "none");
}

#[test]
fn a_server_that_hangs_is_an_error_within_the_time_limits() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let gateway = standalone(&server, r#", "timeout": "300 ms", "connectTimeout": "500 ms""#);
    gateway.write("s:1", "1");
    server.freeze();
    for _ in 0..3 {
        let (failure, time) = gateway.failure(server.port);
        assert!(failure.starts_with("error: 127.0.0.1:PORT: no "), "{failure}");
        assert!(time < Duration::from_millis(1500), "{time:?}");
    }
    // Many at a time wait for the same attempt to connect, not one after another.
    let start = Instant::now();
    let reads: Vec<_> = (0..50)
        .map(|at| {
            let store = gateway.store.clone();
            gateway.runtime.spawn(async move { store.read(&format!("s:{at}"), None).await.is_err() })
        })
        .collect();
    let all = async {
        for read in reads {
            assert!(read.await.unwrap());
        }
    };
    gateway.runtime.block_on(all);
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    server.thaw();
    gateway.eventually_reads("s:1", "[a=1]");
}

#[test]
fn a_wrong_password_is_told_with_user_and_server_only() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start_with(&["--requirepass", PASSWORD[0]], &["-a", PASSWORD[0]]);
    let right = standalone(&server, &password(PASSWORD[1]));
    assert_eq!(right.read("s:1"), "none");
    let wrong = standalone(&server, &password("d3Jvbmc="));
    let (failure, _) = wrong.failure(server.port);
    expect!["error: 127.0.0.1:PORT: the user `default` is not let in: Password authentication failed - AuthenticationFailed"].assert_eq(&failure);
    let none = standalone(&server, "");
    let (failure, _) = none.failure(server.port);
    expect![[r#"error: 127.0.0.1:PORT: "NOAUTH": Authentication required."#]].assert_eq(&failure);
    let unknown = password(PASSWORD[1]).replace(r#"Id": "secret""#, r#"Id": "never""#);
    let (failure, _) = standalone(&server, &unknown).failure(server.port);
    expect!["error: 127.0.0.1:PORT: there is no password: no store has the secret `never`"]
        .assert_eq(&failure);
    // The password is changed to what the second store has.
    server.cli(&["CONFIG", "SET", "requirepass", "wrong"]);
    assert_eq!(wrong.read("s:1"), "none");
}

#[test]
fn a_master_that_becomes_a_replica_is_an_error_while_it_is_one() {
    if !redis::is_here() {
        return;
    }
    let (server, other) = (Redis::start(&[]), Redis::start(&[]));
    let gateway = standalone(&server, "");
    gateway.write("s:1", "1");
    server.cli(&["REPLICAOF", "127.0.0.1", &other.port.to_string()]);
    let change = change(Onto::New, &[], LONG);
    let refused = gateway.on_worker(async move |store| store.write("s:2", change).await);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("can't write against a read only replica"), "{refused}");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    gateway.write("s:2", "1");
}

#[test]
fn sentinel_names_another_master() {
    if !redis::is_here() {
        return;
    }
    let (word, base64) = (PASSWORD[0], PASSWORD[1]);
    let server = ["--requirepass", word, "--masterauth", word];
    let mut servers = Sentinels::start(&server, word);
    let gateway = sentinel(&servers, &password(base64));
    gateway.write("s:1", "1");
    eventually("the replica has it", || {
        (servers.servers[1].cli(&["EXISTS", "portcullis:s:1"]) == "1").then_some(())
    });
    servers.servers[0].kill();
    let start = Instant::now();
    assert!(gateway.read("s:1").starts_with("error"));
    assert!(start.elapsed() < Duration::from_secs(3));
    servers.wait_for_master(1);
    // Known to all Sentinels or not yet, the one that was asked names it soon.
    gateway.eventually_reads("s:1", "[a=1]");
    gateway.write("s:2", "2");
    // What was the master comes back and thinks that it is one still. Nobody is led there.
    servers.servers[0].start_again();
    gateway.write("s:3", "3");
    assert_eq!(servers.servers[1].cli(&["EXISTS", "portcullis:s:3"]), "1");
}

#[test]
fn a_master_that_hangs_is_replaced_as_one_that_is_gone() {
    if !redis::is_here() {
        return;
    }
    let servers = Sentinels::start(&[], "");
    let gateway = sentinel(&servers, r#", "connectTimeout": "500 ms", "timeout": "500 ms""#);
    gateway.write("s:1", "1");
    eventually("the replica has it", || {
        (servers.servers[1].cli(&["EXISTS", "portcullis:s:1"]) == "1").then_some(())
    });
    servers.servers[0].freeze();
    let (failure, time) = gateway.failure(servers.servers[0].port);
    assert!(failure.starts_with("error"), "{failure}");
    assert!(time < Duration::from_millis(1500), "{time:?}");
    servers.wait_for_master(1);
    gateway.eventually_reads("s:1", "[a=1]");
    // It wakes up and thinks that it is the master still; nobody asks it.
    servers.servers[0].thaw();
    gateway.write("s:2", "2");
    assert_eq!(servers.servers[1].cli(&["EXISTS", "portcullis:s:2"]), "1");
}

#[test]
fn a_write_whose_answer_is_lost_is_made_once_and_known_to_be() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let cutter = Cutter::start(server.port);
    let gateway = Gateway::start(&config_of(&[format!("127.0.0.1:{}", cutter.port)], ""));
    gateway.write("s:1", "1");
    cutter.cut_next.store(true, Ordering::SeqCst);
    // Sent again, it meets the record that it has made itself.
    gateway.write("s:2", "2");
    assert!(!cutter.cut_next.load(Ordering::SeqCst), "the answer was cut off");
    assert_eq!(gateway.read("s:2"), "[a=2]");
    let again = change(Onto::New, &[("a", "3")], LONG);
    assert!(!gateway.on_worker(async move |store| store.write("s:2", again).await).unwrap());
}

#[test]
fn a_removal_whose_answer_is_lost_does_not_claim_that_nothing_was_there() {
    if !redis::is_here() {
        return;
    }
    let server = Redis::start(&[]);
    let cutter = Cutter::start(server.port);
    let gateway = Gateway::start(&config_of(&[format!("127.0.0.1:{}", cutter.port)], ""));
    gateway.write("s:1", "1");
    cutter.cut_next.store(true, Ordering::SeqCst);
    let remove = || gateway.on_worker(async |store| store.remove("s:1").await).unwrap();
    assert_eq!(remove(), Removed::Unknown);
    assert!(!cutter.cut_next.load(Ordering::SeqCst), "the answer was cut off");
    assert_eq!(remove(), Removed::No);
}

/// Stands between a store and its server, and cuts a connection off where the answer to a write should pass.
struct Cutter {
    port: u16,
    cut_next: Arc<AtomicBool>,
}

impl Cutter {
    fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, cut_next) = (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::new(false)));
        let is_cut = cut_next.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (answers, is_cut) =
                    ((server.try_clone().unwrap(), client.try_clone().unwrap()), is_cut.clone());
                std::thread::spawn(move || std::io::copy(&mut &client, &mut &server));
                std::thread::spawn(move || pass(answers.0, answers.1, &is_cut));
            }
        });
        Self { port, cut_next }
    }
}

/// Passes answers on until one is to be cut: `:1`, which only a write of the test gets.
fn pass(mut server: TcpStream, mut client: TcpStream, is_cut: &AtomicBool) {
    let mut block = [0; 4096];
    while let Ok(length @ 1..) = server.read(&mut block) {
        if block[..length].starts_with(b":1") && is_cut.swap(false, Ordering::SeqCst) {
            break;
        }
        if client.write_all(&block[..length]).is_err() {
            break;
        }
    }
    let _ = (server.shutdown(Shutdown::Both), client.shutdown(Shutdown::Both));
}

#[test]
fn a_sentinel_that_is_not_there_or_knows_nothing_is_passed_over() {
    if !redis::is_here() {
        return;
    }
    let mut servers = Sentinels::start(&[], "");
    servers.sentinels[0].kill();
    servers.sentinels[1].cli(&["SENTINEL", "REMOVE", MASTER_NAME]);
    let gateway = sentinel(&servers, "");
    assert_eq!(gateway.read("s:1"), "none");
}

#[test]
fn a_slot_of_a_cluster_moves() {
    if !redis::is_here() {
        return;
    }
    let cluster = Cluster::start(&[]);
    let gateway = Gateway::start(&config_of(&cluster.addresses(), r#", "deployment": "CLUSTER""#));
    for at in 0..30 {
        gateway.write(&format!("s:{at}"), "1");
    }
    let key = "portcullis:s:7";
    let from = cluster.owner(key);
    let to = (from + 1) % 3;
    cluster.move_slot(key, from, to);
    assert_eq!(gateway.read("s:7"), "[a=1]");
    assert_eq!(cluster.owner(key), to);
    assert_eq!(gateway.on_worker(async |store| all_keys(store, "s:", 5).await).len(), 30);
}

#[test]
fn a_slot_of_a_cluster_is_on_its_way() {
    if !redis::is_here() {
        return;
    }
    let cluster = Cluster::start(&[]);
    let gateway = Gateway::start(&config_of(&cluster.addresses(), r#", "deployment": "CLUSTER""#));
    gateway.write("{tag}:1", "1");
    let key = "portcullis:{tag}:1";
    let from = cluster.owner(key);
    cluster.begin_move(key, from, (from + 1) % 3);
    // What has not moved yet is still here, and what is new is made over there.
    assert_eq!(gateway.read("{tag}:1"), "[a=1]");
    gateway.write("{tag}:2", "2");
    assert_eq!(gateway.read("{tag}:2"), "[a=2]");
}

#[test]
fn a_node_of_a_cluster_is_lost_for_its_keys_only() {
    if !redis::is_here() {
        return;
    }
    let mut cluster = Cluster::start(&["--cluster-require-full-coverage", "no"]);
    let gateway = Gateway::start(&config_of(&cluster.addresses(), r#", "deployment": "CLUSTER""#));
    for at in 0..30 {
        gateway.write(&format!("s:{at}"), "1");
    }
    let lost = cluster.owner("portcullis:s:1");
    let other = (0..30).find(|at| cluster.owner(&format!("portcullis:s:{at}")) != lost).unwrap();
    cluster.0[lost].kill();
    assert!(gateway.read("s:1").starts_with("error"));
    gateway.eventually_reads(&format!("s:{other}"), "[a=1]");
}

#[test]
fn a_replica_of_a_cluster_takes_over() {
    if !redis::is_here() {
        return;
    }
    let mut cluster = Cluster::start_with(1, &[]);
    let gateway = Gateway::start(&config_of(&cluster.addresses()[..1], r#", "deployment": "CLUSTER""#));
    gateway.write("s:1", "1");
    let lost = cluster.owner("portcullis:s:1");
    // A replica lags behind by a moment, and what has not reached it goes with its master.
    let replica = cluster.replica(lost);
    eventually("the replica has it", || (cluster.0[replica].cli(&["DBSIZE"]) == "1").then_some(()));
    cluster.0[lost].kill();
    assert!(gateway.read("s:1").starts_with("error"));
    gateway.eventually_reads("s:1", "[a=1]");
    // What was a master comes back as a replica and sends everybody on.
    cluster.0[lost].start_again();
    eventually("it follows", || cluster.0[lost].cli(&["ROLE"]).starts_with("slave").then_some(()));
    assert_eq!(gateway.read("s:1"), "[a=1]");
    gateway.write("s:2", "2");
}

#[test]
fn another_key_of_the_gateway_makes_new_connections() {
    if !redis::is_here() {
        return;
    }
    let folder = Folder::new();
    redis::write_certificates(&folder);
    let server = Redis::start_tls(folder.path(), true);
    let gateway = standalone(&server, &tls(&folder, &format!("{TRUST}, {KEY}")));
    assert_eq!(gateway.read("s:1"), "none");
    redis::write_certificates(&folder);
    // Another authority, which the server does not know: the gateway is not let in any more.
    eventually("the new key counts", || gateway.read("s:1").starts_with("error").then_some(()));
}

#[track_caller]
fn check_refused(config: &str, expected: Expect) {
    let store = format!(r#"{{"name": "s", "type": "ValkeyStore", "config": {config}}}"#);
    expected.assert_eq(&brief(&format!(r#"{{"heap": [{store}], "handler": {{"type": "Origin"}}}}"#)));
}

#[test]
fn mistakes_are_found_at_load() {
    check_refused(
        r#"{"addresses": []}"#,
        expect![[r#"
        config.json:1:20: error[PC0313]: addresses must name 1 to 100 servers, as `host:port`
    "#]],
    );
    check_refused(
        r#"{"addresses": ["localhost"]}"#,
        expect![[r#"
        config.json:1:73: error[PC0313]: an address is `host:port`, with the host of IPv6 in brackets
    "#]],
    );
    check_refused(
        r#"{"addresses": ["redis://a:6379"]}"#,
        expect![[r#"
        config.json:1:73: error[PC0313]: an address is `host:port`, with the host of IPv6 in brackets
    "#]],
    );
    check_refused(
        r#"{"addresses": ["a:1", "b:1"]}"#,
        expect![[r#"
        config.json:1:80: error[PC0313]: STANDALONE is one server; several need `deployment`: SENTINEL or CLUSTER
    "#]],
    );
    check_refused(
        r#"{"addresses": ["a:1"], "deployment": "SENTINEL"}"#,
        expect![[r#"
        config.json:1:20: error[PC0313]: SENTINEL needs `masterName`: what the Sentinels call the master
    "#]],
    );
    check_refused(
        r#"{"addresses": ["a:1"], "masterName": "m"}"#,
        expect![[r#"
        config.json:1:95: error[PC0313]: this is for `deployment`: SENTINEL only
    "#]],
    );
    check_refused(
        r#"{"addresses": ["a:1"], "deployment": "CLUSTER", "database": 1}"#,
        expect![[r#"
        config.json:1:118: error[PC0313]: a cluster has no database but 0
    "#]],
    );
    check_refused(
        r#"{"addresses": ["a:1"], "username": "u"}"#,
        expect![[r#"
        config.json:1:93: error[PC0313]: a user needs a password: `passwordSecretId`
    "#]],
    );
    check_refused(r#"{"addresses": ["[::1]:1"]}"#, expect![[r#""#]]);
}
