//! Listener, connections, the client and its pool: HTTP/1.1 and HTTP/2 on both sides of the gateway,
//! and TLS under them where it is asked for.
//!
//! Both sides share one codec, `h1`, which refuses whatever RFC 9112 lets two readers understand in two ways.
//! The public surface is small and not generic, so that other crates never recompile the codec.

#[cfg(fuzzing)]
pub mod fuzzing;
mod h1;
mod h2;
mod io;
mod timer;
mod tls;
mod tunnel;

pub mod client;
pub mod server;
