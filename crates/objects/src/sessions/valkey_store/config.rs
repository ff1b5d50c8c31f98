//! The configuration of a `ValkeyStore`, and how the store is made of it.

use std::sync::Arc;
use std::time::Duration;

use heap::{Builder, ObjectConfig, PositiveDuration, Ref, Spanned, Stop};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use tokio::runtime::Handle;
use tokio::sync::SetOnce;

use super::super::shared_store::{Noticed, Outage, SharedStoreRef};
use super::Store;
use super::address::Address;
use super::client::Client;
use super::node::{Access, Login, Node};
use super::topology::{Cluster, Sentinel, Topology};
use crate::secrets::{SecretsProviderField, provider_of};
use crate::tls::ClientTlsRef;

const DEFAULT_PREFIX: &str = "portcullis:";
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);

/// A longer list is something else than the addresses of servers to begin with.
const ADDRESSES_MAX: usize = 100;

/// A prefix is a few letters.
const PREFIX_BYTES_MAX: usize = 256;

/// Time between two looks at the servers.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps sessions in Valkey or Redis, so that several gateways share them. An addition of Portcullis.
///
/// Every Valkey, and Redis from version 6 on, has what is needed; the tests run against Redis 7. There may be one
/// server, a master that Sentinel names, or a cluster. What is kept is encrypted by whoever keeps it, not by the
/// store; the passwords of the servers and the names of records are not, so use `tls` unless the network is yours.
///
/// A store that does not answer is an error of the request (503, with `Retry-After`), never a session that is not
/// there. A request waits at most `connectTimeout` and `timeout` together. A connection that has died meanwhile, a
/// master that has become a replica, or a key that has moved to another node of the cluster is not the request's
/// trouble: the command is sent once more to whoever is in charge now. While there is no master, requests fail at
/// once.
///
/// When the store cannot be used at start, the log says so and the gateway starts: the store may come later. When it
/// fails or comes back later, the log says that, too.
///
/// Passwords are asked for at each connect, so that a new one counts from the next connection on. Access lists need
/// to allow
/// `~portcullis:* +@connection +@scripting +@hash +@set +pexpire +pttl +del +scan +ping`,
/// for Sentinel `+role`, and for a cluster `+cluster|slots`.
///
/// The master must not evict sessions (`maxmemory-policy noeviction`), and replication takes a moment: what was
/// written just before a master died may be lost.
///
/// ```json
/// {
///   "name": "Store",
///   "type": "ValkeyStore",
///   "config": {
///     "addresses": ["sentinel-1.example.com:26379", "sentinel-2.example.com:26379", "sentinel-3.example.com:26379"],
///     "deployment": "SENTINEL",
///     "masterName": "sessions",
///     "username": "portcullis",
///     "passwordSecretId": "valkey.password",
///     "secretsProvider": { "type": "SystemAndEnvSecretStore" },
///     "tls": { "type": "ClientTlsOptions" }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValkeyStore {
    /// `host:port` of the server; of the Sentinels; of some nodes of the cluster, which know the others.
    addresses: Vec<Spanned<String>>,
    /// `STANDALONE` (the default), `SENTINEL` or `CLUSTER`.
    deployment: Option<Deployment>,
    /// What Sentinel calls the master. Needed with `SENTINEL`, and only there.
    master_name: Option<Spanned<String>>,
    /// The number of the database: 0 by default, which is the only one of a cluster.
    database: Option<Spanned<u32>>,
    /// The user of the access list: `default` by default. Needs a password.
    username: Option<Spanned<String>>,
    /// The password of the servers.
    password_secret_id: Option<Spanned<heap::SecretId>>,
    /// The user at the Sentinels, where they have access lists of their own.
    sentinel_username: Option<Spanned<String>>,
    /// The password of the Sentinels: none by default.
    sentinel_password_secret_id: Option<Spanned<heap::SecretId>>,
    /// Where the passwords come from.
    secrets_provider: Option<SecretsProviderField>,
    /// How servers and Sentinels are called over TLS: [ClientTlsOptions](ClientTlsOptions.md), by name or in place.
    /// Without it there is no TLS. Certificates have to be for the hosts of `addresses`, and for those that Sentinel or the
    /// cluster name.
    tls: Option<Ref<ClientTlsRef>>,
    /// Stands before every name in the store: `portcullis:` by default. Gateways with the same prefix share
    /// sessions.
    key_prefix: Option<Spanned<String>>,
    /// How long connecting takes at most, with TLS and password: 2 seconds by default.
    connect_timeout: Option<PositiveDuration>,
    /// How long an answer takes at most: 1 second by default.
    timeout: Option<PositiveDuration>,
}

/// What kind of servers there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Deployment {
    /// One server.
    #[default]
    Standalone,
    /// A master and replicas, watched by Sentinels.
    Sentinel,
    /// Nodes that share the keys.
    Cluster,
}

impl ObjectConfig for ValkeyStore {
    const TYPE: &'static str = "ValkeyStore";
    const ALIASES: &'static [&'static str] = &["RedisStore"];
    const STATUS: heap::Status = heap::Status::Addition;
    type Object = SharedStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SharedStoreRef, Diagnostic> {
        let addresses = self.addresses(b)?;
        self.check_fields(addresses.len(), b)?;
        let prefix =
            self.key_prefix.as_ref().map_or_else(|| DEFAULT_PREFIX.to_owned(), |prefix| (**prefix).clone());
        let access = Arc::new(Access {
            runtime: SetOnce::new(),
            tls: self.tls.as_ref().map(|tls| b.get(tls).tls),
            connect_timeout: self.connect_timeout.map_or(DEFAULT_CONNECT_TIMEOUT, |limit| limit.0),
            timeout: self.timeout.map_or(DEFAULT_TIMEOUT, |limit| limit.0),
        });
        let provider = provider_of(self.secrets_provider.as_ref(), b);
        let login = |username: Option<&Spanned<String>>, id: Option<&Spanned<heap::SecretId>>, database| {
            let username = username.map(|name| (**name).clone());
            let password = id.map(|id| (id.0.clone(), provider.clone()));
            Arc::new(Login { username, password, database })
        };
        let database = self.database.as_ref().map_or(0, |database| i64::from(**database));
        let servers = login(self.username.as_ref(), self.password_secret_id.as_ref(), database);
        let sentinels = login(self.sentinel_username.as_ref(), self.sentinel_password_secret_id.as_ref(), 0);
        let deployment = self.deployment.unwrap_or_default();
        let asked = if deployment == Deployment::Sentinel { &sentinels } else { &servers };
        let mut nodes: Vec<Arc<Node>> =
            addresses.into_iter().map(|address| Node::new(address, asked.clone(), access.clone())).collect();
        let topology = match deployment {
            Deployment::Standalone => Topology::Standalone(nodes.remove(0)),
            Deployment::Cluster => Topology::Cluster(Cluster::new(nodes, servers, access.clone())),
            Deployment::Sentinel => {
                let name = self.master_name.map(Spanned::into_inner).unwrap_or_default();
                Topology::Sentinel(Sentinel::new(name, nodes, servers, access.clone()))
            }
        };
        let client = Arc::new(Client { access, topology, outage: Outage::default() });
        let (watched, name) = (client.clone(), b.name().to_owned());
        b.background("connections", move |stop| watch(watched, name, stop));
        Ok(SharedStoreRef(Arc::new(Store { client, prefix })))
    }
}

impl ValkeyStore {
    fn addresses(&self, b: &Builder<'_>) -> Result<Vec<Address>, Diagnostic> {
        if self.addresses.is_empty() || self.addresses.len() > ADDRESSES_MAX {
            let message = format!("addresses must name 1 to {ADDRESSES_MAX} servers, as `host:port`");
            return Err(b.error(message, self.addresses.first().map(Spanned::span)));
        }
        let read = |text: &Spanned<String>| {
            Address::parse(text).ok_or_else(|| {
                b.error("an address is `host:port`, with the host of IPv6 in brackets", Some(text.span()))
            })
        };
        self.addresses.iter().map(read).collect()
    }

    /// Fields that need or exclude one another.
    fn check_fields(&self, addresses: usize, b: &Builder<'_>) -> Result<(), Diagnostic> {
        let deployment = self.deployment.unwrap_or_default();
        let is_sentinel = deployment == Deployment::Sentinel;
        let second = self.addresses.get(1).filter(|_| deployment == Deployment::Standalone && addresses > 1);
        let sentinel_words = [self.master_name.as_ref(), self.sentinel_username.as_ref()];
        let sentinel_word = sentinel_words.into_iter().flatten().map(Spanned::span).next();
        let sentinel_word = sentinel_word.or(self.sentinel_password_secret_id.as_ref().map(Spanned::span));
        let long = self.key_prefix.as_ref().filter(|prefix| prefix.len() > PREFIX_BYTES_MAX);
        let (message, span) = if let Some(second) = second {
            ("STANDALONE is one server; several need `deployment`: SENTINEL or CLUSTER", Some(second.span()))
        } else if is_sentinel && self.master_name.as_ref().is_none_or(|name| name.is_empty()) {
            ("SENTINEL needs `masterName`: what the Sentinels call the master", None)
        } else if let Some(word) = sentinel_word.filter(|_| !is_sentinel) {
            ("this is for `deployment`: SENTINEL only", Some(word))
        } else if let Some(database) =
            self.database.as_ref().filter(|database| deployment == Deployment::Cluster && ***database != 0)
        {
            ("a cluster has no database but 0", Some(database.span()))
        } else if let Some(name) = self.username.as_ref().filter(|_| self.password_secret_id.is_none()) {
            ("a user needs a password: `passwordSecretId`", Some(name.span()))
        } else if let Some(name) =
            self.sentinel_username.as_ref().filter(|_| self.sentinel_password_secret_id.is_none())
        {
            ("a user needs a password: `sentinelPasswordSecretId`", Some(name.span()))
        } else if let Some(prefix) = long {
            ("a prefix has at most 256 bytes", Some(prefix.span()))
        } else {
            return Ok(());
        };
        Err(b.error(message, span))
    }
}

/// Lends connections a place to live, keeps up with Sentinel, and tells when servers go and come.
async fn watch(client: Arc<Client>, object: String, mut stop: Stop) {
    // Connections end with the runtime of who makes them; this one ends with the process.
    let _ = client.access.runtime.set(Handle::current());
    loop {
        let look = async {
            if let Topology::Sentinel(sentinel) = &client.topology {
                sentinel.look().await;
            }
            client.ping().await
        };
        let looked = tokio::select! {
            () = stop.stopped() => return,
            looked = look => looked,
        };
        match looked {
            Err(error) if client.outage.begins(Noticed::Itself) => tracing::error!(
                object, %error,
                "A shared store cannot be used; requests that need it fail until it can be used again."
            ),
            Ok(()) if client.outage.ends(Noticed::Itself) => {
                tracing::info!(object, "A shared store can be used again.")
            }
            _ => {}
        }
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}
