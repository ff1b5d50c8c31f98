//! [`Topology`]: which server is to be asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::Value;

use super::address::Address;
use super::failure::{Failure, Kind};
use super::node::{Access, Login, Node};
use super::slots::{SlotMap, slot};

/// After a look at the cluster, the next one waits for so long, unless nothing is known at all.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Which server is to be asked.
pub(super) enum Topology {
    /// The only one.
    Standalone(Arc<Node>),
    /// The one that Sentinel names.
    Sentinel(Sentinel),
    /// The one that has the key.
    Cluster(Cluster),
}

impl Topology {
    /// The server for a key.
    pub(super) async fn locate(&self, key: &[u8]) -> Result<Arc<Node>, Failure> {
        match self {
            Self::Standalone(node) => Ok(node.clone()),
            Self::Sentinel(sentinel) => sentinel.master().await,
            Self::Cluster(cluster) => cluster.locate(key).await,
        }
    }

    /// A node that another one has named.
    pub(super) fn named(&self, address: &Address) -> Option<Arc<Node>> {
        match self {
            Self::Cluster(cluster) => cluster.named(address),
            _ => None,
        }
    }

    /// All servers that have keys, in an order of their own.
    pub(super) async fn masters(&self) -> Result<Vec<Arc<Node>>, Failure> {
        match self {
            Self::Standalone(node) => Ok(vec![node.clone()]),
            Self::Sentinel(sentinel) => Ok(vec![sentinel.master().await?]),
            Self::Cluster(cluster) => cluster.masters().await,
        }
    }

    /// Takes into account that a server has failed like this.
    pub(super) fn note(&self, node: &Arc<Node>, failure: &Failure) {
        let is_elsewhere = match failure.kind {
            Kind::Ask(_) | Kind::Refused | Kind::Final | Kind::UnknownScript | Kind::NotLetIn => false,
            Kind::Unreachable | Kind::Broken | Kind::Silent | Kind::Demoted | Kind::Busy | Kind::Moved(_) => {
                true
            }
        };
        match self {
            Self::Sentinel(sentinel) if is_elsewhere => sentinel.forget(node),
            Self::Cluster(cluster) if is_elsewhere => cluster.is_stale.store(true, Ordering::Release),
            _ => {}
        }
    }
}

/// Those who know the master.
pub(super) struct Sentinel {
    master_name: String,
    /// The one that answered last is the first.
    sentinels: Mutex<Vec<Arc<Node>>>,
    login: Arc<Login>,
    access: Arc<Access>,
    master: Mutex<Option<Arc<Node>>>,
    /// Held while Sentinel is asked, so that requests that come together ask once.
    asking: tokio::sync::Mutex<Option<(Instant, Failure)>>,
}

impl Sentinel {
    pub(super) fn new(
        master_name: String,
        sentinels: Vec<Arc<Node>>,
        login: Arc<Login>,
        access: Arc<Access>,
    ) -> Self {
        let (sentinels, master) = (Mutex::new(sentinels), Mutex::default());
        Self { master_name, sentinels, login, access, master, asking: tokio::sync::Mutex::default() }
    }

    async fn master(&self) -> Result<Arc<Node>, Failure> {
        if let Some(master) = lock(&self.master).clone() {
            return Ok(master);
        }
        let asked = Instant::now();
        let mut last_failure = self.asking.lock().await;
        if let Some(master) = lock(&self.master).clone() {
            return Ok(master);
        }
        if let Some((_, failure)) = last_failure.as_ref().filter(|(when, _)| *when >= asked) {
            return Err(failure.clone());
        }
        let found = self.find(None).await;
        match &found {
            Ok(master) => *lock(&self.master) = Some(master.clone()),
            Err(failure) => *last_failure = Some((Instant::now(), failure.clone())),
        }
        found
    }

    /// Asks whether there is another master by now, and takes it.
    pub(super) async fn look(&self) {
        let current = lock(&self.master).clone();
        let Ok(found) = self.find(current.as_ref()).await else { return };
        let mut master = lock(&self.master);
        if let Some(before) = master.as_ref().filter(|before| before.address != found.address) {
            tracing::info!(before = %before.address, now = %found.address, "Sentinel names another master.");
        }
        *master = Some(found);
    }

    /// The master that Sentinel names, `known` if it is that one. Another one is asked whether it is a master.
    async fn find(&self, known: Option<&Arc<Node>>) -> Result<Arc<Node>, Failure> {
        let address = self.ask().await?;
        if let Some(known) = known.filter(|known| known.address == address) {
            return Ok(known.clone());
        }
        let node = Node::new(address, self.login.clone(), self.access.clone());
        let role = node.send(&redis::cmd("ROLE")).await?;
        // The second word is for servers that have dropped the first.
        let is_master = matches!(&role, Value::Array(parts)
            if matches!(parts.first(), Some(Value::BulkString(role)) if role == b"master" || role == b"primary"));
        if is_master {
            return Ok(node);
        }
        let message = format!("{}: Sentinel names it, but it is not a master yet", node.address);
        Err(Failure::new(Kind::Demoted, message))
    }

    async fn ask(&self) -> Result<Address, Failure> {
        let mut command = redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master_name);
        let sentinels = lock(&self.sentinels).clone();
        let mut last = Failure::new(Kind::Final, "no Sentinel is configured");
        for (at, sentinel) in sentinels.iter().enumerate() {
            last = match sentinel.send(&command).await {
                Ok(answer) => match master_address(&answer) {
                    Some(address) => {
                        lock(&self.sentinels).swap(0, at);
                        return Ok(address);
                    }
                    None => Failure::new(
                        Kind::Unreachable,
                        format!("{}: this Sentinel knows no master `{}`", sentinel.address, self.master_name),
                    ),
                },
                Err(failure) => failure,
            };
        }
        Err(last)
    }

    fn forget(&self, node: &Arc<Node>) {
        let mut master = lock(&self.master);
        if master.as_ref().is_some_and(|master| Arc::ptr_eq(master, node)) {
            *master = None;
        }
    }
}

fn master_address(answer: &Value) -> Option<Address> {
    let Value::Array(parts) = answer else { return None };
    let [Value::BulkString(host), Value::BulkString(port)] = parts.as_slice() else { return None };
    let [host, port] = [host, port].map(|part| std::str::from_utf8(part).ok());
    Some(Address { host: host?.to_owned(), port: port?.parse().ok()? })
}

/// Nodes that share the keys.
pub(super) struct Cluster {
    seeds: Vec<Arc<Node>>,
    login: Arc<Login>,
    access: Arc<Access>,
    known: Mutex<Known>,
    /// Whether somebody has had reason to doubt what is known.
    is_stale: AtomicBool,
    /// Held while the cluster is looked at. When that was last, and what came of it.
    looking: tokio::sync::Mutex<Option<(Instant, Result<(), Failure>)>>,
}

#[derive(Default)]
struct Known {
    map: SlotMap,
    nodes: HashMap<Address, Arc<Node>>,
}

impl Cluster {
    pub(super) fn new(seeds: Vec<Arc<Node>>, login: Arc<Login>, access: Arc<Access>) -> Self {
        let nodes = seeds.iter().map(|seed| (seed.address.clone(), seed.clone())).collect();
        let known = Mutex::new(Known { map: SlotMap::default(), nodes });
        let looking = tokio::sync::Mutex::default();
        Self { seeds, login, access, known, is_stale: AtomicBool::new(true), looking }
    }

    async fn locate(&self, key: &[u8]) -> Result<Arc<Node>, Failure> {
        self.look().await?;
        let slot = slot(key);
        let master = lock(&self.known).map.master(slot).cloned();
        let found = master.and_then(|address| self.named(&address));
        if found.is_none() {
            self.is_stale.store(true, Ordering::Release);
        }
        found.ok_or_else(|| Failure::new(Kind::Busy, format!("no node of the cluster has slot {slot}")))
    }

    async fn masters(&self) -> Result<Vec<Arc<Node>>, Failure> {
        self.look().await?;
        let masters: Vec<Address> = lock(&self.known).map.masters().into_iter().cloned().collect();
        Ok(masters.iter().filter_map(|address| self.named(address)).collect())
    }

    /// The node at an address. Some that a cluster names are not in the map yet.
    fn named(&self, address: &Address) -> Option<Arc<Node>> {
        let mut known = lock(&self.known);
        let make = || Node::new(address.clone(), self.login.clone(), self.access.clone());
        Some(known.nodes.entry(address.clone()).or_insert_with(make).clone())
    }

    /// Learns which node has which keys, if there is reason to.
    async fn look(&self) -> Result<(), Failure> {
        if !self.is_stale.load(Ordering::Acquire) {
            return Ok(());
        }
        let asked = Instant::now();
        let mut last = self.looking.lock().await;
        let is_known = !lock(&self.known).map.is_empty();
        match last.as_ref() {
            Some((when, outcome)) if *when >= asked => return outcome.clone(),
            Some((when, _)) if is_known && when.elapsed() < LOOK_INTERVAL => return Ok(()),
            _ => {}
        }
        self.is_stale.store(false, Ordering::Release);
        let outcome = self.learn().await;
        if outcome.is_err() {
            self.is_stale.store(true, Ordering::Release);
        }
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }

    async fn learn(&self) -> Result<(), Failure> {
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let mut candidates: Vec<Arc<Node>> = lock(&self.known).nodes.values().cloned().collect();
        candidates.extend(
            self.seeds
                .iter()
                .filter(|seed| !candidates.iter().any(|node| node.address == seed.address))
                .cloned()
                .collect::<Vec<_>>(),
        );
        // Those first to whom there is a connection: the others may be what has failed.
        candidates.sort_by_key(|node| !node.is_connected());
        let mut last = Failure::new(Kind::Final, "no node of the cluster is configured");
        for node in candidates {
            last = match node.send(&command).await {
                Ok(answer) => match SlotMap::read(&answer, &node.address) {
                    Some(map) if !map.is_empty() => {
                        self.take(map);
                        return Ok(());
                    }
                    _ => Failure::new(Kind::Busy, format!("{}: the cluster has no slots", node.address)),
                },
                Err(failure) => failure,
            };
        }
        Err(last)
    }

    fn take(&self, map: SlotMap) {
        let mut known = lock(&self.known);
        // What is not a master any more is let go, with its connection.
        let masters: Vec<Address> = map.masters().into_iter().cloned().collect();
        known.nodes.retain(|address, _| masters.contains(address));
        known.map = map;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
