//! Where an instance lives and what the process was started with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use heap::{Environment, InstancePaths, ProcessSettings, Services};
use indexmap::IndexMap;
use source::{Diagnostic, Tokens};

use crate::{dialects, env_config};

/// The instance directory: the argument, else `IG_INSTANCE_DIR`, else `$HOME/.openig`.
///
/// An absolute path, so that nothing depends on the folder the process was started in.
pub(crate) fn directory(argument: Option<PathBuf>) -> PathBuf {
    let from_environment = || std::env::var_os("IG_INSTANCE_DIR").filter(|value| !value.is_empty());
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".openig");
    let directory = argument.or_else(|| from_environment().map(PathBuf::from)).unwrap_or_else(home);
    std::path::absolute(&directory).unwrap_or(directory)
}

/// Environment variables, system properties from the `-D` options of `JAVA_OPTS` and `IG_OPTS`, and the files
/// of `IG_ENVCONFIG_DIRS`, with what is wrong with those. `profile` is the one the command line names.
pub(crate) fn process_settings(instance: &Path, profile: Option<&str>) -> (ProcessSettings, Vec<Diagnostic>) {
    let env: IndexMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    settings(env, instance, profile)
}

fn settings(
    env: IndexMap<String, String>,
    instance: &Path,
    profile: Option<&str>,
) -> (ProcessSettings, Vec<Diagnostic>) {
    let mut system = IndexMap::from([
        ("ig.instance.dir".to_owned(), instance.display().to_string()),
        ("ig.instance.url".to_owned(), url_of(instance)),
        ("user.home".to_owned(), env.get("HOME").cloned().unwrap_or_default()),
        ("java.io.tmpdir".to_owned(), std::env::temp_dir().display().to_string()),
    ]);
    let mut ignored = Vec::new();
    for variable in ["JAVA_OPTS", "IG_OPTS"] {
        for option in words(env.get(variable).map(String::as_str).unwrap_or_default()) {
            match option.strip_prefix("-D") {
                Some(property) => {
                    let (name, value) = property.split_once('=').unwrap_or((property, ""));
                    system.insert(name.to_owned(), value.to_owned());
                }
                // What stands behind the name may be a password.
                None => ignored.push(option.split(['=', ':']).next().unwrap_or_default().to_owned()),
            }
        }
    }
    // Only the command line chooses a profile: `stop` could not find the process otherwise.
    system.shift_remove(dialects::PROFILE);
    system.extend(profile.map(|profile| (dialects::PROFILE.to_owned(), profile.to_owned())));
    if !ignored.is_empty() {
        tracing::info!(options = ignored.join(" "), "JVM options other than -D have no meaning here.");
    }
    let mut process = ProcessSettings { env, system, env_config: IndexMap::new() };
    let mut diagnostics = Vec::new();
    if let Some(directories) = process.get("ig.envconfig.dirs") {
        process.env_config = env_config::read(&directories, &mut diagnostics);
    }
    dialects::settle(instance, &mut process, &mut diagnostics);
    (process, diagnostics)
}

/// The `file:` URL of a folder, with a slash at its end.
fn url_of(folder: &Path) -> String {
    let escaped = percent_encoding::utf8_percent_encode(&folder.to_string_lossy(), IN_PATHS).to_string();
    format!("file://{}/", escaped.trim_end_matches('/'))
}

/// What does not stand for itself in the path of a URL.
const IN_PATHS: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The words of an options variable as a shell splits them: quotes of either kind keep spaces together, a
/// backslash keeps what follows as it is, except between single quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quote) {
            (character, Some(open)) if character == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            // Between double quotes only these two are escaped, so that Windows paths survive.
            ('\\', Some('"')) if !matches!(characters.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().push('\\');
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(characters.next()),
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (character, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_words(text: &str, expected: &[&str]) {
        assert_eq!(words(text), expected, "{text}");
    }

    #[test]
    fn options_are_split_as_a_shell_does() {
        check_words("", &[]);
        check_words("  -Xmx1g\t-Da=b\n", &["-Xmx1g", "-Da=b"]);
        check_words(r#"-Da="b c" '-Dd=e "f"'"#, &["-Da=b c", r#"-Dd=e "f""#]);
        check_words(r#""-Da=\"q\" C:\dir\\" -Db=x\ y"#, &[r#"-Da="q" C:\dir\"#, "-Db=x y"]);
        check_words(r#"-Da='' """#, &["-Da=", ""]);
        check_words("-Da='open b", &["-Da=open b"]);
        check_words("end\\", &["end"]);
    }

    #[track_caller]
    fn check(env: &[(&str, &str)], token: &str, expected: Option<&str>) {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (settings, diagnostics) = settings(env, Path::new("/instance"), None);
        assert!(diagnostics.is_empty());
        assert_eq!(settings.get(token).as_deref(), expected);
    }

    #[test]
    fn system_properties_come_from_two_variables() {
        check(&[("JAVA_OPTS", "-Da.b=1"), ("IG_OPTS", "-Xss1m -Da.b=2")], "a.b", Some("2"));
        check(&[("JAVA_OPTS", "-Da.b=1")], "a.b", Some("1"));
        check(&[("IG_OPTS", "-Da.b=x=y")], "a.b", Some("x=y"));
        check(&[("IG_OPTS", "\"-Da.b=two words\"")], "a.b", Some("two words"));
        check(&[("IG_OPTS", "-Da.b")], "a.b", Some(""));
        check(&[("IG_OPTS", "-Da.b=1"), ("A_B", "environment")], "a.b", Some("environment"));
        check(&[("IG_OPTS", "a.b=1")], "a.b", None);
    }

    #[test]
    fn some_are_built_in() {
        check(&[], "ig.instance.dir", Some("/instance"));
        check(&[], "ig.instance.url", Some("file:///instance/"));
        let (settings, _) = settings(IndexMap::new(), Path::new("/a b/c%/é/"), None);
        assert_eq!(settings.get("ig.instance.url").as_deref(), Some("file:///a%20b/c%25/%C3%A9/"));
        check(&[("HOME", "/home/ig")], "user.home", Some("/home/ig"));
    }
}
