//! [`Node`]: one server, and the connection to it that all requests share.
//!
//! The connection lives on the runtime of background work, because a worker may end while others still use it. What
//! requests hold is a handle, which is cheap and works from every thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crypto::tls::ClientTls;
use crypto::{Purpose, SecretId, SecretStoreRef};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, Value};
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::time::timeout;

use super::address::Address;
use super::failure::{Failure, Kind};

/// How servers are reached, for all nodes of a store.
pub(super) struct Access {
    /// Where connections live; set when background work starts.
    pub(super) runtime: SetOnce<Handle>,
    pub(super) tls: Option<Arc<ClientTls>>,
    pub(super) connect_timeout: Duration,
    /// For one answer.
    pub(super) timeout: Duration,
}

impl Access {
    fn tls_generation(&self) -> u64 {
        self.tls.as_ref().map_or(0, |tls| tls.generation())
    }
}

/// As whom servers are addressed.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    /// The id of the password, and who has it. Asked for at each connect, so that a new one counts.
    pub(super) password: Option<(SecretId, SecretStoreRef)>,
    pub(super) database: i64,
}

/// A server.
pub(super) struct Node {
    pub(super) address: Address,
    login: Arc<Login>,
    access: Arc<Access>,
    state: Mutex<State>,
    /// Held while connecting, so that requests that come together connect once.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// Counts connections, so that whoever gives one up does not give up its successor.
    count: u64,
    /// The last attempt to connect that failed, and when.
    failure: Option<(Instant, Failure)>,
}

/// A connection.
#[derive(Clone)]
struct Connection {
    number: u64,
    /// The state of keys and trust that it was made with; one of before is not used again.
    tls_generation: u64,
    handle: MultiplexedConnection,
}

impl Node {
    pub(super) fn new(address: Address, login: Arc<Login>, access: Arc<Access>) -> Arc<Self> {
        let (state, connecting) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { address, login, access, state, connecting })
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn send(&self, command: &Cmd) -> Result<Value, Failure> {
        let answer = self.answer(async |connection| {
            connection.req_packed_command(command).await.and_then(Value::extract_error)
        });
        answer.await
    }

    /// The same for a key that the cluster is moving here.
    pub(super) async fn send_asking(&self, command: &Cmd) -> Result<Value, Failure> {
        let mut both = Pipeline::new();
        both.cmd("ASKING").add_command(command.clone());
        let answers = self.send_all(&both, 2).await?;
        let answer = answers.into_iter().next_back().unwrap_or_default();
        answer.extract_error().map_err(|error| Failure::of(&self.address, &error))
    }

    /// Sends several commands at once. Among the answers may be errors.
    pub(super) async fn send_all(&self, commands: &Pipeline, count: usize) -> Result<Vec<Value>, Failure> {
        self.answer(async |connection| connection.req_packed_commands(commands, 0, count).await).await
    }

    async fn answer<T>(
        &self,
        ask: impl AsyncFnOnce(&mut MultiplexedConnection) -> Result<T, redis::RedisError>,
    ) -> Result<T, Failure> {
        let Connection { number, mut handle, .. } = self.connection().await?;
        let failure = match timeout(self.access.timeout, ask(&mut handle)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Failure::of(&self.address, &error),
            Err(_) => {
                let message = format!("{}: no answer within {:?}", self.address, self.access.timeout);
                Failure::new(Kind::Silent, message)
            }
        };
        if failure.breaks_connection() {
            self.give_up(number);
        }
        Err(failure)
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        self.current().is_some()
    }

    /// The connection, made when there is none.
    async fn connection(&self) -> Result<Connection, Failure> {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let asked = Instant::now();
        let _turn = self.connecting.lock().await;
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        // Whoever has waited for an attempt shares its outcome, so that no request waits for many.
        if let Some((_, failure)) = self.state().failure.as_ref().filter(|(when, _)| *when >= asked) {
            return Err(failure.clone());
        }
        let tls_generation = self.access.tls_generation();
        let connected = self.connect().await;
        let mut state = self.state();
        match connected {
            Ok(handle) => {
                state.count += 1;
                let connection = Connection { number: state.count, tls_generation, handle };
                state.connection = Some(connection.clone());
                Ok(connection)
            }
            Err(failure) => {
                state.failure = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    fn current(&self) -> Option<Connection> {
        let generation = self.access.tls_generation();
        self.state().connection.clone().filter(|connection| connection.tls_generation == generation)
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Failure> {
        let unreachable =
            |reason: String| Failure::new(Kind::Unreachable, format!("{}: {reason}", self.address));
        // Background work starts as the first requests come; they wait as for a connection.
        let runtime = self.access.runtime.wait().await;
        let (address, login, access) = (self.address.clone(), self.login.clone(), self.access.clone());
        let limit = access.connect_timeout;
        let connecting = async move { timeout(limit, connect(&address, &login, &access)).await };
        match runtime.spawn(connecting).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(unreachable(format!("no connection within {limit:?}"))),
            Err(_) => Err(unreachable("the gateway is ending".to_owned())),
        }
    }

    fn give_up(&self, number: u64) {
        let mut state = self.state();
        if state.connection.as_ref().is_some_and(|current| current.number == number) {
            state.connection = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(
    address: &Address,
    login: &Login,
    access: &Access,
) -> Result<MultiplexedConnection, Failure> {
    let failure = |kind, reason: String| Failure::new(kind, format!("{address}: {reason}"));
    let info = login.info().await.map_err(|reason| failure(Kind::Final, reason))?;
    let stream = transport::client::stream::connect(&address.host, address.port, access.tls.as_deref()).await;
    let stream = stream.map_err(|error| failure(Kind::Unreachable, error.to_string()))?;
    // Answers are waited for by whoever asks.
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let connected = MultiplexedConnection::new_with_config(&info, stream, config).await;
    let (connection, driver) = connected.map_err(|error| {
        let user = login.username.as_deref().unwrap_or("default");
        match Failure::of(address, &error).kind {
            Kind::NotLetIn => failure(Kind::Final, format!("the user `{user}` is not let in: {error}")),
            Kind::Busy => failure(Kind::Busy, error.to_string()),
            _ => failure(Kind::Unreachable, error.to_string()),
        }
    })?;
    // On the runtime of background work, where this runs. Ends when the server ends the connection, or when nobody
    // holds it any more, as after the end of its generation.
    Handle::current().spawn(driver);
    Ok(connection)
}

impl Login {
    async fn info(&self) -> Result<RedisConnectionInfo, String> {
        let mut info = RedisConnectionInfo::default().set_db(self.database).set_skip_set_lib_name();
        if let Some(username) = &self.username {
            info = info.set_username(username);
        }
        if let Some((id, secrets)) = &self.password {
            let secret = secrets.active(id, Purpose::Password).await;
            let secret = secret.map_err(|error| format!("there is no password: {}", told(&error)))?;
            let password = secret.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
            let password =
                password.ok_or_else(|| format!("the secret `{id}` is no text, and so no password"))?;
            info = info.set_password(password);
        }
        Ok(info)
    }
}

/// An error with all that it is because of.
fn told(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", told(cause)))
}
