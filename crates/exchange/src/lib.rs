//! The vocabulary of a request in flight: what a handler receives, what it returns, and how filters
//! stand between the two.
//!
//! This crate knows neither sockets nor JSON configuration, so a filter can be written and tested with
//! nothing but the types below. The contract is in [`handler`]; read that file first.

mod assign;
mod beans;
mod body;
mod chain;
mod context;
mod contexts;
mod fault;
mod fields;
pub mod handler;
mod headers;
mod message;
pub mod metrics;
mod path;
mod prepare;
mod roots;
mod scope;
mod session;
mod storage;
mod throttling;
mod transaction;
mod upgrade;
mod uri;

pub use beans::Attributes;
pub use body::{Body, BodyError, BodyStream};
pub use bytes::Bytes;
pub use chain::Chain;
pub use context::{ClientInfo, Context, RouterContext};
pub use expression::{Certificate, CertificateError};
pub use fault::{Fault, FaultKind, Origin, Repeat};
pub use handler::{BoxFuture, Edit, Filter, FilterRef, Handler, HandlerRef, Next, Outcome};
pub use headers::Headers;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
pub use message::{Request, Response};
pub use path::{PathFinding, canonical_path, inspect_path};
pub use prepare::Prepare;
pub use roots::ROOTS;
pub use scope::{Exchange, ExchangeMut};
pub use session::{
    FrozenEntries, HeaderBudget, SESSION_ENTRIES_MAX, SESSION_PAGE_MAX, Session, SessionAdministration,
    SessionCookies, SessionDirectory, SessionEntries, SessionManager, SessionManagerRef, SessionPage,
    SessionQuery, SessionSlot, SessionSummary, SessionValueError,
};
pub use storage::{StorageLimits, TemporaryStorage};
pub use throttling::{ThrottlingPolicy, ThrottlingPolicyRef, ThrottlingRate};
pub use transaction::TransactionId;
pub use upgrade::{EndSignal, Tunnel, Upgrade};
pub use uri::{BaseUri, Scheme, Uri, UriError};
