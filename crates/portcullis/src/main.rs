//! Portcullis: an identity gateway that runs the configuration folders of ForgeRock / Ping Identity Gateway.
//!
//! This crate is the program around the parts: it reads the command line, boots an instance, swaps
//! generations, and answers on the admin endpoints.

mod admin;
mod boot;
mod check;
mod commands;
mod demo;
mod dialects;
mod env_config;
mod errors;
mod explain;
mod gateway;
mod instance;
mod keys;
mod language;
mod logging;
mod pid;
mod reference;
mod reload;
mod sample_app;
mod schema;
mod server_config;
mod shutdown;
mod table;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    commands::Arguments::parse().run()
}
