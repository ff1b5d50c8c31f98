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

/// The codes of this crate.
pub(crate) const CODES: &[&Code] =
    &[&PID_FILE, &CANNOT_LISTEN, &CONNECTOR, &INSTANCE_DIRECTORY, &NOT_RUNNING, &ENV_CONFIG];

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

pub(crate) fn not_running(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(&NOT_RUNNING, message)
}
