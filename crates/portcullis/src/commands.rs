//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::check::Format;
use crate::keys::{KeysCommand, build_trust_store};
use crate::sample_app::Ports;
use crate::schema::SchemaRole;
use crate::{boot, check, demo, explain, keys, pid, reference, sample_app, schema};

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
        /// One of several sets of listeners of the instance: that of `application-NAME.properties`.
        #[arg(long, value_name = "NAME", value_parser = profile_name)]
        profile: Option<String>,
    },
    /// Stop the gateway of an instance directory.
    Stop {
        /// The instance directory. Default: IG_INSTANCE_DIR, else $HOME/.openig.
        directory: Option<PathBuf>,
        /// Seconds to wait for a graceful end before the process is killed; 0 never kills.
        #[arg(default_value_t = 30)]
        timeout: u64,
        /// The profile it was started with.
        #[arg(long, value_name = "NAME", value_parser = profile_name)]
        profile: Option<String>,
    },
    /// Report every mistake of a configuration, and what its routes do, without starting anything.
    #[command(after_help = CHECK_EXIT_CODES)]
    Check {
        /// The instance directory. Default: IG_INSTANCE_DIR, else $HOME/.openig.
        directory: Option<PathBuf>,
        /// The profile to start with.
        #[arg(long, value_name = "NAME", value_parser = profile_name)]
        profile: Option<String>,
        /// How to print what was found.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// Treat warnings as errors.
        #[arg(long)]
        strict: bool,
        /// Print the page of a code, such as PC0306, and check nothing.
        #[arg(long, value_name = "CODE", conflicts_with_all = ["directory", "profile", "format", "strict"])]
        explain: Option<String>,
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
        /// Port to listen on over TLS, with a certificate that is made at the start; 0 takes a free one.
        #[arg(long, value_name = "PORT", default_value_t = 8444)]
        https: u16,
        /// Port to listen on over TLS for clients that show a certificate, any; 0 takes a free one. Without it
        /// there is none.
        #[arg(long, value_name = "PORT")]
        client_auth: Option<u16>,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1")]
        host: std::net::IpAddr,
    },
    /// Show which way a request would take, and why, without sending anything.
    ///
    /// The request is looked at as the client would send it: what filters on the way would change in it is not known.
    #[command(after_help = EXPLAIN_EXAMPLE)]
    Explain {
        /// The instance directory. Default: IG_INSTANCE_DIR, else $HOME/.openig.
        #[arg(short, long)]
        directory: Option<PathBuf>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t = explain::Format::Human)]
        format: explain::Format,
        /// The request in the words of curl: a method, a URL, -H 'Name: value', -d BODY.
        #[arg(last = true, required = true)]
        request: Vec<String>,
    },
    /// Make, show, import, export and convert keys and certificates, without keytool and openssl.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Make a trust store of certificates that Java programs can read too.
    BuildTrustStore(build_trust_store::Arguments),
    /// Print the JSON Schema of the files of an instance, so that an editor completes and checks them.
    Schema {
        /// The kind of file. Default: config.json and routes alike.
        #[arg(long, value_enum)]
        role: Option<SchemaRole>,
    },
    /// Write the reference pages and the JSON Schema of every object type.
    Reference {
        /// The folder to write into; `reference/` and `schema/` are made in it.
        directory: PathBuf,
    },
}

const CHECK_EXIT_CODES: &str = "\
Exit codes: 0 nothing keeps the instance from starting; 1 there are errors (or, with --strict, warnings); 2 the \
command line is wrong or the directory cannot be read, so nothing was checked.";

const EXPLAIN_EXAMPLE: &str = "\
Example: portcullis explain -d /path/to/instance -- GET https://www.example.com/app -H 'Accept: text/html'

Exit codes: 0 the way is shown; 1 config.json has mistakes; 2 the request cannot be read, or the directory is not there.";

/// The name of a profile is part of the names of files.
fn profile_name(text: &str) -> Result<String, String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    match !text.is_empty() && text.chars().all(is_name) {
        true => Ok(text.to_owned()),
        false => Err("a profile is called by letters, digits, `-` and `_`".to_owned()),
    }
}

impl Arguments {
    pub(crate) fn run(self) -> ExitCode {
        match self.command {
            Command::Start { directory, profile } => boot::start(directory, profile),
            Command::Stop { directory, timeout, profile } => {
                pid::stop(directory, profile.as_deref(), timeout)
            }
            Command::Check { explain: Some(code), .. } => check::explain(&code),
            Command::Check { directory, profile, format, strict, explain: None } => {
                check::check(directory, profile, format, strict)
            }
            Command::Demo { directory } => demo::demo(directory),
            Command::SampleApp { http, https, client_auth, host } => {
                sample_app::run(host, Ports { http, https: Some(https), client_auth })
            }
            Command::Explain { directory, format, request } => explain::explain(directory, format, &request),
            Command::Keys { command } => command.run(),
            Command::BuildTrustStore(arguments) => keys::finish(build_trust_store::run(&arguments)),
            Command::Schema { role } => schema::print(role),
            Command::Reference { directory } => reference::write(&directory),
        }
    }
}
