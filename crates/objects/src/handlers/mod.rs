//! Handlers: they answer a request.

mod chain;
mod client;
mod dispatch_handler;
mod dispatch_servlet;
mod handler_servlet;
mod resource_handler;
pub mod router;
mod sequence_handler;
mod static_response_handler;
mod welcome_handler;

pub use chain::Chain;
pub use client::{ClientHandler, ReverseProxyHandler};
pub use dispatch_handler::DispatchHandler;
pub use dispatch_servlet::DispatchServlet;
pub use handler_servlet::HandlerServlet;
pub use resource_handler::ResourceHandler;
pub use router::Router;
pub use sequence_handler::SequenceHandler;
pub use static_response_handler::StaticResponseHandler;
pub use welcome_handler::WelcomeHandler;

use heap::ObjectType;

/// The handlers, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<Chain>(),
    ObjectType::of::<ClientHandler>(),
    ObjectType::of::<DispatchHandler>(),
    ObjectType::of::<DispatchServlet>(),
    ObjectType::of::<HandlerServlet>(),
    ObjectType::of::<ResourceHandler>(),
    ObjectType::of::<ReverseProxyHandler>(),
    ObjectType::of::<Router>(),
    ObjectType::of::<SequenceHandler>(),
    ObjectType::of::<StaticResponseHandler>(),
    ObjectType::of::<WelcomeHandler>(),
];
