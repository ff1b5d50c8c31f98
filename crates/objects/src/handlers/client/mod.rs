//! `ReverseProxyHandler` and `ClientHandler`: the two ways out of the gateway.
//!
//! Both send with `transport::client` and take the same properties, which [`properties`] reads; [`sender`] puts
//! retries and a circuit breaker around it. They differ in what a failure means: for the protected application
//! it is the origin's (502, 504), for a third-party service it is our own (500), because whoever asked the
//! gateway asked for something else.

mod client_handler;
mod properties;
mod retries;
mod reverse_proxy_handler;
mod sender;
#[cfg(test)]
mod tests;
mod vertx;

pub use client_handler::ClientHandler;
pub use reverse_proxy_handler::ReverseProxyHandler;

/// What is switched on unless somebody switches it off.
fn by_default() -> bool {
    true
}
