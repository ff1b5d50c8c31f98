//! Every complaint of the program itself, one constructor each. Codes 500 to 599.

use std::io;
use std::path::Path;

use source::{Code, Diagnostic, Span};
use transport::server::BindError;

const PID_FILE: Code = Code::new(
    500,
    "pid-file",
    "The instance directory holds a PID file, so the instance may be running already.\n\n\
     Stop the running instance with `portcullis stop DIR`. If none is running, remove the file, or allow the \
     start with `\"pidFileMode\": \"override\"` in `admin.json`, `IG_PID_FILE_MODE=override` in the environment, \
     or `IG_OPTS=-Dig.pid.file.mode=override`.\n",
);
const CANNOT_LISTEN: Code = Code::new(
    501,
    "cannot-listen",
    "A port of a connector cannot be opened: another process listens on it, the address is not one of this \
     machine, or the account may not open ports below 1024.\n\nNothing has been started. Change `port` or `host` \
     of the connector in `admin.json`, or stop the other process.\n",
);
const CONNECTOR: Code = Code::new(
    502,
    "connector",
    "A connector in `admin.json` asks for what cannot be done, or not safely.\n\nThe message says what to change.\n",
);
const INSTANCE_DIRECTORY: Code = Code::new(
    503,
    "instance-directory",
    "The instance directory or something in it cannot be used.\n\nThe message names the path and the reason.\n",
);
const NOT_RUNNING: Code = Code::new(
    504,
    "not-running",
    "There is no PID file in the instance directory, or the process it names is gone, so there is nothing to stop.\n",
);
const ENV_CONFIG: Code = Code::new(
    505,
    "envconfig",
    "A folder of `IG_ENVCONFIG_DIRS` (or `-Dig.envconfig.dirs`), or a `.json` or `.properties` file in one, cannot \
     be read.\n\nCorrect the file, or name existing folders, separated by commas.\n",
);

const LISTENER: Code = Code::new(
    510,
    "listener",
    "A file in the words of PingIDM (`conf/webserver.listener-*.json`, `conf/servletfilter-payload.json`, \
     `resolver/boot.properties`) asks for what cannot be done, or not safely.\n\n\
     An error keeps the instance from starting: a listener is never opened with less protection than its file asks \
     for. The message says what to change.\n",
);

const WEB_SERVER: Code = Code::new(
    511,
    "web-server",
    "A property in the words of Airlock IAM (`iam.web-server.*` in `application.properties` or a profile's \
     `application-NAME.properties`) asks for what cannot be done, or not safely.\n\n\
     An error keeps the instance from starting: a listener is never opened with less protection than is asked for. \
     The message says what to change.\n",
);

/// The codes of this crate.
pub(crate) const CODES: &[&Code] = &[
    &PID_FILE,
    &CANNOT_LISTEN,
    &CONNECTOR,
    &INSTANCE_DIRECTORY,
    &NOT_RUNNING,
    &ENV_CONFIG,
    &LISTENER,
    &WEB_SERVER,
];

pub(crate) fn pid_file_exists(path: &Path, process: Option<u32>, is_alive: bool) -> Diagnostic {
    let state = match (process, is_alive) {
        (Some(process), true) => format!("process {process} is running"),
        (Some(process), false) => format!("process {process} is not running any more"),
        (None, _) => "it does not hold a process number".to_owned(),
    };
    Diagnostic::error(&PID_FILE, format!("the PID file `{}` exists; {state}", path.display())).help(
        "stop that process, or allow the start with pidFileMode `override` (admin.json, IG_PID_FILE_MODE, or \
         -Dig.pid.file.mode in IG_OPTS)",
    )
}

pub(crate) fn pid_file_mode(text: &str, place: &str) -> Diagnostic {
    Diagnostic::error(&PID_FILE, format!("{place}: `{text}` is not one of `fail`, `override`"))
}

pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(&INSTANCE_DIRECTORY, format!("`{}` cannot be written: {error}", path.display()))
}

pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(&INSTANCE_DIRECTORY, format!("`{}` cannot be read: {error}", path.display()))
}

/// The program could not get what it needs to run.
pub(crate) fn cannot_run(error: &io::Error) -> Diagnostic {
    Diagnostic::error(
        &INSTANCE_DIRECTORY,
        format!("the system gives no threads or descriptors to run with: {error}"),
    )
    .help("raise the limits of the account on processes and open files")
}

pub(crate) fn env_config(path: &Path, complaint: &str) -> Diagnostic {
    Diagnostic::error(&ENV_CONFIG, format!("IG_ENVCONFIG_DIRS: `{}`: {complaint}", path.display()))
}

pub(crate) fn cannot_listen(error: &BindError, span: Option<&Span>) -> Diagnostic {
    let help = match error {
        BindError::Listen { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "the account may not open this port; choose one above 1023"
        }
        BindError::Listen { .. } | BindError::InUse { .. } => "nothing has been started",
        BindError::Host { .. } | BindError::NoPort { .. } => "check `host` and `port` of the connector",
    };
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Diagnostic::error(&CANNOT_LISTEN, format!("{error}{cause}")).at(span).help(help)
}

pub(crate) fn connector(message: impl Into<String>, span: Option<&Span>) -> Diagnostic {
    Diagnostic::error(&CONNECTOR, message).at(span)
}

pub(crate) fn everybody_trusted(span: &Span) -> Diagnostic {
    let message = "this network is everybody, so that every client can claim any address";
    Diagnostic::warning(&CONNECTOR, message).at(Some(span)).help("list the addresses of your own proxies")
}

pub(crate) fn not_running(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(&NOT_RUNNING, message)
}

pub(crate) fn listener(message: impl Into<String>, span: Option<&Span>) -> Diagnostic {
    Diagnostic::error(&LISTENER, message).at(span)
}

pub(crate) fn no_listener(folder: &str) -> Diagnostic {
    listener(
        format!("every `webserver.listener-*.json` in `{folder}` is disabled, so nothing would listen"),
        None,
    )
    .help("enable a listener, or list `connectors` in admin.json")
}

/// A client certificate is asked for where none can be shown.
pub(crate) fn clear_text(field: &str, span: &Span) -> Diagnostic {
    listener(format!("`{field}` needs TLS, and `secure` is not true"), Some(span))
        .help("set `secure` to true, and `sslCertAlias` to the alias of the certificate to present")
}

pub(crate) fn nobody_trusted(property: &str, span: &Span) -> Diagnostic {
    let message = "no load balancer is listed, so what is said about earlier hops is not believed";
    Diagnostic::warning(&LISTENER, message).at(Some(span)).help(format!(
        "list the addresses of the load balancers in `trustedProxies` here, or in `{property}` of boot.properties"
    ))
}

pub(crate) fn without_load_balancer(field: &str, span: &Span) -> Diagnostic {
    let message = format!("`{field}` has no effect without `proxyLoadBalancerConnection`");
    Diagnostic::warning(&LISTENER, message).at(Some(span)).help("set `proxyLoadBalancerConnection` to true")
}

pub(crate) fn no_servlet_filter(class: &str, span: &Span) -> Diagnostic {
    let message = format!("`{class}` cannot be run here; the limit of this file applies all the same");
    Diagnostic::warning(&LISTENER, message).at(Some(span))
}

pub(crate) fn url_pattern(pattern: &str, span: &Span) -> Diagnostic {
    let message = format!("the limit holds for every path, not for `{pattern}` alone");
    Diagnostic::warning(&LISTENER, message).at(Some(span)).help("write `/*`")
}

pub(crate) fn initial_password(property: &str, span: &Span) -> Diagnostic {
    let message = format!("`{property}` is still the password that every fresh installation has");
    Diagnostic::warning(&LISTENER, message).at(Some(span)).help(
        "change it with `keytool -storepasswd`, and set the property in boot.properties or the environment",
    )
}

pub(crate) fn obfuscated_password(property: &str, span: &Span) -> Diagnostic {
    listener(format!("`{property}` is obfuscated, which cannot be read here"), Some(span))
        .help("write the password itself, best into an environment variable")
}

pub(crate) fn two_protections(property: &str, span: &Span) -> Diagnostic {
    listener(format!("both `protectionFilter` and `{property}` would guard all requests"), Some(span))
        .help("add a CsrfFilter to the filters of admin.json, or remove the property")
}

pub(crate) fn boot_properties(path: &Path, complaint: &str) -> Diagnostic {
    listener(format!("`{}`: {complaint}", path.display()), None)
}

pub(crate) fn boot_property(name: &str, complaint: &str) -> Diagnostic {
    listener(format!("boot.properties: `{name}`: {complaint}"), None)
}

pub(crate) fn web_server(message: impl Into<String>, span: &Span) -> Diagnostic {
    Diagnostic::error(&WEB_SERVER, message).at(Some(span))
}

pub(crate) fn unknown_property(name: &str, nearest: Option<&str>, span: &Span) -> Diagnostic {
    let hint = nearest.map(|known| format!("did you mean `{known}`?"));
    // What it asks for may be protection.
    let message = format!("`{name}` is not a property of the web server that is offered");
    Diagnostic::error(&WEB_SERVER, message).at(Some(span)).maybe_help(hint)
}

pub(crate) fn unreadable_properties(path: &Path, complaint: &str) -> Diagnostic {
    Diagnostic::error(&WEB_SERVER, format!("`{}`: {complaint}", path.display()))
}

pub(crate) fn no_profile(name: &str, files: &[String]) -> Diagnostic {
    let message = format!("there is no profile `{name}`: the instance has neither {}", files.join(" nor "));
    Diagnostic::error(&WEB_SERVER, message)
}
