//! The files of `IG_ENVCONFIG_DIRS`: values for property tokens, one set per environment.
//!
//! The variable (or `-Dig.envconfig.dirs`) names folders, separated by commas. Their `.json` and `.properties`
//! files are read once, at start. The folders count in the order given, the files of a folder in the order of
//! their names, and the first value of a name stays. Folders within them are not read.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use source::{Diagnostic, Node, Source, Value};

use crate::errors;

/// A file larger than this is refused.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Reads every file of these folders; what cannot be read is a complaint.
pub(crate) fn read(directories: &str, diagnostics: &mut Vec<Diagnostic>) -> IndexMap<String, String> {
    let mut found = IndexMap::new();
    for directory in directories.split(',').map(str::trim).filter(|directory| !directory.is_empty()) {
        match files(Path::new(directory)) {
            Ok(files) => files.iter().for_each(|file| read_file(file, &mut found, diagnostics)),
            Err(error) => diagnostics.push(errors::env_config(Path::new(directory), &error.to_string())),
        }
    }
    found
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_wanted = path.extension().is_some_and(|ending| ending == "json" || ending == "properties");
        if is_wanted && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_file(path: &Path, found: &mut IndexMap<String, String>, diagnostics: &mut Vec<Diagnostic>) {
    let bytes = match read_limited(path) {
        Ok(bytes) => bytes,
        Err(error) => return diagnostics.push(errors::env_config(path, &error.to_string())),
    };
    if path.extension().is_some_and(|ending| ending == "json") {
        read_json(path, &bytes, found, diagnostics);
        return;
    }
    match entries(bytes) {
        Ok(entries) => {
            // Within a file the last value of a name counts, as in Java.
            let own: IndexMap<String, String> = entries.into_iter().collect();
            for (name, value) in own {
                found.entry(name).or_insert(value);
            }
        }
        Err(complaint) => diagnostics.push(errors::env_config(path, &complaint)),
    }
}

/// The entries of a `.properties` file in their order, or what is wrong with it.
pub(crate) fn properties(path: &Path) -> Result<Vec<(String, String)>, String> {
    entries(read_limited(path).map_err(|error| error.to_string())?)
}

fn entries(bytes: Vec<u8>) -> Result<Vec<(String, String)>, String> {
    expression::parse_properties(&decoded(bytes)).map_err(|error| error.to_string())
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn read_json(
    path: &Path,
    bytes: &[u8],
    found: &mut IndexMap<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let source = match Source::decode(path.display().to_string(), bytes) {
        Ok(source) => source,
        Err(diagnostic) => return diagnostics.push(diagnostic),
    };
    let mut parsed = source::parse(&source);
    diagnostics.append(&mut parsed.diagnostics);
    let Some(root) = parsed.root else { return };
    if root.as_object().is_none() {
        return diagnostics.push(errors::env_config(path, "it does not hold a JSON object"));
    }
    flatten(&root, String::new(), found);
}

/// Every text, number and truth value under its path, dotted; elements of a list under their positions.
/// The reader limits how deep JSON nests.
fn flatten(node: &Node, name: String, found: &mut IndexMap<String, String>) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match &node.value {
        Value::Null => {}
        Value::Bool(value) => insert(found, name, value.to_string()),
        Value::Number(source::Number::Integer(value)) => insert(found, name, value.to_string()),
        Value::Number(source::Number::Decimal(value)) => insert(found, name, value.to_string()),
        Value::String(text) => insert(found, name, text.as_str().to_owned()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(item, below(&at.to_string()), found);
            }
        }
        Value::Object(entries) => {
            for entry in entries.iter() {
                flatten(&entry.value, below(&entry.key), found);
            }
        }
    }
}

fn insert(found: &mut IndexMap<String, String>, name: String, value: String) {
    found.entry(name).or_insert(value);
}

/// UTF-8 as of release 2026.3; what is not UTF-8 is read as Latin-1, as before it.
fn decoded(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Reads files (`folder/name`, text) and shows entries and complaints; folders in the order given.
    #[track_caller]
    fn check(directories: &[&str], files: &[(&str, &[u8])], expected: Expect) {
        let root = testbed::Folder::new();
        let mut folders = Vec::new();
        for directory in directories {
            folders.push(root.path().join(directory).display().to_string());
        }
        for (name, bytes) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut diagnostics = Vec::new();
        let found = read(&folders.join(" , "), &mut diagnostics);
        let mut shown: String = found.iter().map(|(name, value)| format!("{name}={value:?}\n")).collect();
        for diagnostic in diagnostics {
            shown.push_str(&format!("{diagnostic}\n"));
        }
        expected.assert_eq(&shown.replace(&root.path().display().to_string(), "ROOT"));
    }

    #[test]
    fn json_is_flattened_with_dots() {
        check(
            &["a"],
            &[(
                "a/x.json",
                br#"{"listen": {"port": 8080, "tls": true}, "a.b": "c", "l": ["x", 1.5], "n": null}"#,
            )],
            expect![[r#"
                listen.port="8080"
                listen.tls="true"
                a.b="c"
                l.0="x"
                l.1="1.5"
            "#]],
        );
    }

    #[test]
    fn properties_are_read_as_java_does() {
        let text = b"# no\n ! no\na.b = c d \nx:1\ny 2\nempty\nlong=one \\\n   two\nodd\\ name=\\u00e9\\t\\\\\nlast=\\";
        check(
            &["a"],
            &[("a/x.properties", text)],
            expect![[r#"
                a.b="c d "
                x="1"
                y="2"
                empty=""
                long="one two"
                odd name="é\t\\"
                last=""
            "#]],
        );
        check(
            &["a"],
            &[("a/1.properties", "utf=é".as_bytes()), ("a/2.properties", b"latin=\xe9")],
            expect![[r#"
                utf="é"
                latin="é"
            "#]],
        );
    }

    #[test]
    fn the_first_value_of_a_name_stays() {
        check(
            &["b", "a"],
            &[
                ("a/1.json", br#"{"x": "a1", "only": "a1"}"#),
                ("b/2.json", br#"{"x": "b2", "y": "b2"}"#),
                ("b/1.properties", b"y=overwritten\ny=b1"),
                ("b/ignored.txt", b"z=1"),
                ("b/folder.json/deeper.json", b"{\"z\": 1}"),
            ],
            expect![[r#"
                y="b1"
                x="b2"
                only="a1"
            "#]],
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        check(
            &["missing", "a"],
            &[
                ("a/1.json", b"{\"x\": }"),
                ("a/2.json", b"[]"),
                ("a/3.properties", b"a=1\nb=\\u12g4"),
                ("a/4.properties", b"kept=1"),
            ],
            expect![[r#"
                kept="1"
                error[PC0505]: IG_ENVCONFIG_DIRS: `ROOT/missing`: No such file or directory (os error 2)
                ROOT/a/1.json:1:7: error[PC0001]: expected a value, found `}`
                error[PC0505]: IG_ENVCONFIG_DIRS: `ROOT/a/2.json`: it does not hold a JSON object
                error[PC0505]: IG_ENVCONFIG_DIRS: `ROOT/a/3.properties`: line 2: `\u` is not followed by four hexadecimal digits
            "#]],
        );
    }
}
