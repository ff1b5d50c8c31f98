//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::{boot, check, demo, pid, reference, sample_app};

/// An identity gateway that runs the configuration of ForgeRock / Ping Identity Gateway.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the gateway of an instance directory.
    Start {
        /// The instance directory, which holds `config/`. Default: IG_INSTANCE_DIR, else $HOME/.openig.
        directory: Option<PathBuf>,
    },
    /// Stop the gateway of an instance directory.
    Stop {
        /// The instance directory. Default: IG_INSTANCE_DIR, else $HOME/.openig.
        directory: Option<PathBuf>,
        /// Seconds to wait for a graceful end before the process is killed; 0 never kills.
        #[arg(default_value_t = 30)]
        timeout: u64,
    },
    /// Report every mistake of a configuration without starting anything.
    Check {
        /// The instance directory. Default: IG_INSTANCE_DIR, else $HOME/.openig.
        directory: Option<PathBuf>,
        /// How to print what was found.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// Treat warnings as errors.
        #[arg(long)]
        strict: bool,
    },
    /// Show the gateway at work: a sample application behind the bundled example configuration.
    Demo {
        /// Directory to write the example instance into. Default: a new folder for temporary files.
        directory: Option<PathBuf>,
    },
    /// Run the sample application that the examples protect.
    SampleApp {
        /// Port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 8081)]
        http: u16,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1")]
        host: std::net::IpAddr,
    },
    /// Write the reference pages and the JSON Schema of every object type.
    Reference {
        /// The folder to write into; `reference/` and `schema/` are made in it.
        directory: PathBuf,
    },
}

/// How diagnostics are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the line, a caret, what to do.
    Human,
    /// One JSON object per line.
    Json,
}

impl Arguments {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Start { directory } => boot::start(directory),
            Command::Stop { directory, timeout } => pid::stop(directory, timeout),
            Command::Check { directory, format, strict } => check::check(directory, format, strict),
            Command::Demo { directory } => demo::demo(directory),
            Command::SampleApp { http, host } => sample_app::run(host, http),
            Command::Reference { directory } => reference::write(&directory),
        }
    }
}
