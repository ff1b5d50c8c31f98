//! [`Failure`]: why a server did not do what it was asked, and whether another try is worth it.

use std::fmt;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::super::shared_store::StoreError;
use super::address::Address;
use super::scripts::REFUSED;

/// Why a server did not do what it was asked.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    message: String,
}

/// What has to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is no connection and none was to be had.
    Unreachable,
    /// The connection broke; whether the command was done is not known.
    Broken,
    /// No answer in time.
    Silent,
    /// The server is not the one to ask any more: it was a master, or has not become one.
    Demoted,
    /// Not now: it is loading, or the cluster is being rearranged.
    Busy,
    /// Another node of the cluster has the key.
    Moved(Address),
    /// Another node of the cluster has the key, for this once.
    Ask(Address),
    /// The server does not know the script.
    UnknownScript,
    /// The server lets us in no more, or not yet.
    NotLetIn,
    /// The server works, and does not take this.
    Refused,
    /// It would be the same the next time.
    Final,
}

impl Failure {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What a server at this address has answered, or what became of the connection.
    pub(super) fn of(address: &Address, error: &RedisError) -> Self {
        let kind = match error.kind() {
            ErrorKind::Io | ErrorKind::Parse => Kind::Broken,
            ErrorKind::AuthenticationFailed => Kind::NotLetIn,
            ErrorKind::Server(ServerErrorKind::Moved) => {
                moved(address, error).map_or(Kind::Busy, Kind::Moved)
            }
            ErrorKind::Server(ServerErrorKind::Ask) => moved(address, error).map_or(Kind::Busy, Kind::Ask),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => Kind::Demoted,
            ErrorKind::Server(
                ServerErrorKind::BusyLoading | ServerErrorKind::ClusterDown | ServerErrorKind::TryAgain,
            ) => Kind::Busy,
            ErrorKind::Server(ServerErrorKind::NoScript) => Kind::UnknownScript,
            _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => Kind::NotLetIn,
            _ if matches!(error.code(), Some(REFUSED | "WRONGTYPE")) => Kind::Refused,
            _ if error.is_connection_dropped() => Kind::Broken,
            _ => Kind::Final,
        };
        Self::new(kind, format!("{address}: {error}"))
    }

    /// Whether the connection is not to be used again.
    pub(super) fn breaks_connection(&self) -> bool {
        matches!(self.kind, Kind::Broken | Kind::Silent | Kind::Demoted | Kind::NotLetIn)
    }

    /// Whether the same command may have another outcome right now. A server that was silent is not asked again: the
    /// request has waited long enough.
    pub(super) fn is_worth_another_try(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::Broken | Kind::Demoted | Kind::Busy | Kind::NotLetIn)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            Kind::Refused => Self::Refused(failure.message),
            _ => Self::Unavailable(failure.message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Where the key is; on the same host when the server does not say.
fn moved(address: &Address, error: &RedisError) -> Option<Address> {
    let (target, _) = error.redirect_node()?;
    match target.strip_prefix(':') {
        Some(port) => Some(Address { host: address.host.clone(), port: port.parse().ok()? }),
        None => Address::parse(target),
    }
}
