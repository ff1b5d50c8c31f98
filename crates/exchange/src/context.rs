//! [`Context`]: what the gateway knows about a request beside the request itself.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use expression::{Certificate, Object};

use crate::{
    Attributes, Exchange, ExchangeMut, Request, SessionManagerRef, SessionSlot, TemporaryStorage,
    TransactionId, Uri,
};

/// Handlers and filters nest at most this deep; a deeper stack is a loop in the configuration.
const DEPTH_MAX: u32 = 256;

/// Who is connected: one per connection, shared by its requests.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The peer's address, or the one a trusted peer named.
    pub remote: SocketAddr,
    /// Who is connected: the client itself, or the last of the trusted proxies before it.
    pub peer: SocketAddr,
    /// The address the peer connected to.
    pub local: SocketAddr,
    /// Whether the connection is protected by TLS, or a trusted peer says that the one before it was.
    pub is_secure: bool,
    /// Whether something says that the request, or the connection, has come by way of others who do not tell, or
    /// are not believed, whose it is: it may be anybody's then, whatever `remote` is.
    pub is_passed_on: bool,
    /// The certificates that the client proved to own and that were verified, its own first; empty without any.
    pub certificates: Arc<[Certificate]>,
}

impl ClientInfo {
    /// A client that is connected without a proxy, in clear text.
    pub fn direct(remote: SocketAddr, local: SocketAddr) -> Self {
        Self {
            remote,
            peer: remote,
            local,
            is_secure: false,
            is_passed_on: false,
            certificates: Arc::default(),
        }
    }
}

/// Where the router stands with this request (`contexts.router`).
#[derive(Debug, Clone)]
pub struct RouterContext {
    /// The target as the client sent it.
    pub original_uri: Uri,
}

/// A request's surroundings: client, session, attributes, transaction, and what filters have learnt.
pub struct Context {
    /// Who is connected.
    pub client: Arc<ClientInfo>,
    /// The session, loaded on first use.
    pub session: SessionSlot,
    /// Values that filters hand to one another (`attributes`).
    pub attributes: Attributes,
    /// Set by the first router.
    pub router: Option<RouterContext>,
    /// Where entities are buffered.
    pub storage: TemporaryStorage,
    received: Instant,
    received_millis: OnceLock<i64>,
    transaction: OnceLock<TransactionId>,
    facts: Vec<(&'static str, Arc<dyn Object>)>,
    depth: u32,
}

/// What [`Context::leave`] needs to undo an [`Context::enter`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

impl Context {
    /// The context of a request that has just been received.
    pub fn new(client: Arc<ClientInfo>) -> Self {
        Self {
            client,
            session: SessionSlot::default(),
            attributes: Attributes::default(),
            router: None,
            storage: TemporaryStorage::default(),
            received: Instant::now(),
            received_millis: OnceLock::new(),
            transaction: OnceLock::new(),
            facts: Vec::new(),
            depth: 0,
        }
    }

    /// The transaction id; made on first use unless a trusted peer gave one.
    pub fn transaction(&self) -> &TransactionId {
        self.transaction.get_or_init(TransactionId::random)
    }

    /// Takes over the id of a trusted peer. No effect once an id is in use.
    pub fn adopt_transaction(&self, id: TransactionId) {
        // A second id would break the thread through the logs; the first stays.
        let _ = self.transaction.set(id);
    }

    /// When the head of the request had been read.
    pub fn received(&self) -> Instant {
        self.received
    }

    /// When the head of the request had been read, in milliseconds since 1970
    /// (`contexts.requestAudit.requestReceivedTime`). The same at every look.
    pub fn received_millis(&self) -> i64 {
        *self.received_millis.get_or_init(|| {
            let waited = i64::try_from(self.received.elapsed().as_millis()).unwrap_or(i64::MAX);
            self.now_millis().saturating_sub(waited)
        })
    }

    /// The time of this moment, in milliseconds since 1970: `now` in expressions.
    pub fn now_millis(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    /// Adds what a filter learnt, readable as `contexts.<name>` by what runs inside that filter.
    pub fn add(&mut self, name: &'static str, fact: Arc<dyn Object>) {
        self.facts.push((name, fact));
    }

    /// The nearest fact of a name.
    pub fn fact(&self, name: &str) -> Option<&Arc<dyn Object>> {
        self.facts.iter().rev().find(|(known, _)| *known == name).map(|(_, fact)| fact)
    }

    /// The names of all facts, nearest last.
    pub fn fact_names(&self) -> impl Iterator<Item = &'static str> {
        self.facts.iter().map(|(name, _)| *name)
    }

    /// What an expression sees before there is a response.
    pub fn scope<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Exchange::new(self, request)
    }

    /// What an assignment may change.
    pub fn scope_mut<'a>(&'a mut self, request: &'a mut Request) -> ExchangeMut<'a> {
        ExchangeMut::new(self, request)
    }

    /// Installs another session manager for what runs inside; returns the slot to put back.
    #[must_use]
    pub fn replace_session(&mut self, manager: SessionManagerRef) -> SessionSlot {
        let slot = self.session.beside(manager);
        std::mem::replace(&mut self.session, slot)
    }

    pub(crate) fn enter(&mut self) -> Mark {
        self.depth += 1;
        Mark(self.facts.len())
    }

    pub(crate) fn leave(&mut self, mark: Mark) {
        self.depth -= 1;
        self.facts.truncate(mark.0);
    }

    /// The number of facts now, to go back to with [`Context::forget`].
    pub(crate) fn facts(&self) -> usize {
        self.facts.len()
    }

    /// Forgets the facts that were added since there were this many.
    pub(crate) fn forget(&mut self, facts: usize) {
        self.facts.truncate(facts);
    }

    pub(crate) fn is_too_deep(&self) -> bool {
        self.depth > DEPTH_MAX
    }

    /// The client's address as text, without a zone or an IPv4 mapping.
    pub fn remote_address(&self) -> Cow<'static, str> {
        Cow::Owned(self.client.remote.ip().to_canonical().to_string())
    }
}
