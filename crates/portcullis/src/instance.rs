//! Where an instance lives and what the process was started with.

use std::path::PathBuf;
use std::sync::Arc;

use heap::{Environment, InstancePaths, ProcessSettings, Services};
use indexmap::IndexMap;

/// The instance directory: the argument, else `IG_INSTANCE_DIR`, else `$HOME/.openig`.
///
/// An absolute path, so that nothing depends on the folder the process was started in.
pub(crate) fn directory(argument: Option<PathBuf>) -> PathBuf {
    let from_environment = || std::env::var_os("IG_INSTANCE_DIR").filter(|value| !value.is_empty());
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".openig");
    let directory = argument.or_else(|| from_environment().map(PathBuf::from)).unwrap_or_else(home);
    std::path::absolute(&directory).unwrap_or(directory)
}

/// Environment variables, and system properties from the `-D` options of `JAVA_OPTS` and `IG_OPTS`.
pub(crate) fn process_settings(instance: &std::path::Path) -> ProcessSettings {
    let env: IndexMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut system = IndexMap::from([
        ("ig.instance.dir".to_owned(), instance.display().to_string()),
        ("user.home".to_owned(), env.get("HOME").cloned().unwrap_or_default()),
        ("java.io.tmpdir".to_owned(), std::env::temp_dir().display().to_string()),
    ]);
    for variable in ["JAVA_OPTS", "IG_OPTS"] {
        for option in env.get(variable).map(String::as_str).unwrap_or_default().split_whitespace() {
            match option.strip_prefix("-D").and_then(|property| property.split_once('=')) {
                Some((name, value)) => {
                    system.insert(name.to_owned(), value.to_owned());
                }
                None => tracing::info!(variable, option, "A JVM option has no meaning here and is ignored."),
            }
        }
    }
    ProcessSettings { env, system, env_config: IndexMap::new() }
}

/// The environment of an instance. `runtime` is where background work runs; `None` for a check.
pub(crate) fn environment(
    paths: InstancePaths,
    process: ProcessSettings,
    services: Services,
    runtime: Option<tokio::runtime::Handle>,
) -> Arc<Environment> {
    let mut environment = Environment::new(objects::catalogue(), paths, process);
    environment.services = services;
    environment.runtime = runtime;
    Arc::new(environment)
}
