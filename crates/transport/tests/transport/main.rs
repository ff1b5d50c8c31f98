//! The transport over real sockets: raw bytes in, raw bytes out.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod client;
mod differential;
mod ending;
mod h2;
mod h2_client;
mod h2_frames;
mod hostile;
mod lifecycle;
mod pool;
mod proxy;
mod proxy_header;
mod responses;
mod server;
mod support;
mod tls;
mod tls_client;
mod tls_support;
mod upgrade;
