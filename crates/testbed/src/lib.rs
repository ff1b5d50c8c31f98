//! What integration tests stand on: an origin whose every byte is scripted, a gateway as a child process, and
//! a client that can misbehave.
//!
//! All of it is plain blocking code over the standard library and knows nothing of the gateway's own crates,
//! so a defect in those cannot hide itself. Whatever goes wrong in here panics: it is a failed test.
//!
//! ```no_run
//! let application = testbed::upstream().get("/", "hello").start();
//! let gateway = testbed::gateway("target/debug/portcullis")
//!     .route("all", &format!(r#"{{ "baseURI": "{}", "handler": "ReverseProxyHandler" }}"#, application.uri()))
//!     .start();
//! assert_eq!(gateway.get("/").text(), "hello");
//! ```

mod client;
mod folder;
mod gateway;
mod message;
pub mod redis;
mod upstream;
mod wait;
mod websocket;

pub use client::{Client, Connection};
pub use folder::Folder;
pub use gateway::{Ended, Gateway, GatewayBuilder, gateway};
pub use message::{Message, Reply};
pub use upstream::{Upstream, UpstreamBuilder, Wire, upstream};
pub use wait::{eventually, pause, until};
pub use websocket::WebSocket;
