//! The program as its users meet it: a process with a folder, over real sockets, on free ports.
//!
//! One binary for all of it, so that the program is linked against its tests once. A module whose name begins
//! with `ch_` follows a chapter of the product's installation guide, a test per promise.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod admin_sessions;
mod airlock;
mod bad_input;
mod browser;
mod ch_base_location;
mod ch_pid_file;
mod ch_scan_interval;
mod ch_start_ig;
mod ch_stop_ig;
mod check_command;
mod check_reports;
mod demo;
mod examples;
mod explain_command;
mod guides;
mod hostile_files;
mod http2;
mod in_memory_sessions;
mod jwt_session;
mod kept_for_browsers;
mod key_tools;
mod keys_command;
mod live_sessions;
mod load_balancer;
mod mistakes;
mod older_names;
mod ping_idm;
mod ping_idm_tls;
mod printed_steps;
mod proxying;
mod reload;
mod sample_app;
mod schema_command;
mod scripts;
mod sending_again;
mod session_cookies;
mod sessions_guide;
mod shared_sessions;
mod static_resources;
mod stores;
mod streaming;
mod three_instances;
mod throttling;
mod tls;
mod tools;
mod transcript;

use testbed::GatewayBuilder;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// A gateway with an empty instance folder and free ports.
fn gateway() -> GatewayBuilder {
    testbed::gateway(PROGRAM)
}

/// A route that sends everything to an origin.
fn proxy_route(origin: &str) -> String {
    format!(r#"{{ "baseURI": "{origin}", "handler": "ReverseProxyHandler" }}"#)
}

/// A route that sends everything to an origin, WebSockets too.
fn websocket_route(origin: &str) -> String {
    format!(
        r#"{{ "baseURI": "{origin}",
              "handler": {{ "type": "ReverseProxyHandler", "config": {{ "websocket": {{ "enabled": true }} }} }} }}"#
    )
}

/// A route that answers each request with a text.
fn answer_route(text: &str) -> String {
    format!(
        r#"{{ "handler": {{ "type": "StaticResponseHandler", "config": {{ "status": 200, "entity": "{text}" }} }} }}"#
    )
}
