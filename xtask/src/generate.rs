//! `gen`: the pages and the schema that come from the source.
//!
//! The program writes them itself (`portcullis reference FOLDER`), because only it knows every object type.
//! They are committed, so that a reader needs no build; `--check` keeps them honest.

use crate::{tool, workspace};
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What the program writes below its output folder. Everything else in `docs/` is written by hand.
const GENERATED: &[&str] = &["reference", "schema"];

/// Writes the generated files into the tree. What the program no longer writes is removed.
pub(crate) fn write() -> Result<()> {
    let fresh = generate()?;
    let docs = workspace::root().join("docs");
    let stale = differences(fresh.path(), &docs)?;
    for path in &stale {
        let (from, to) = (fresh.path().join(path), docs.join(path));
        if from.exists() {
            workspace::write(&to, fs::read(from)?)?;
        } else {
            fs::remove_file(&to)?;
        }
        println!("gen: docs/{}", path.display());
    }
    println!("gen: {} files changed", stale.len());
    Ok(())
}

/// Compares the tree with what would be written.
pub(crate) fn check() -> Result<()> {
    let fresh = generate()?;
    let stale = differences(fresh.path(), &workspace::root().join("docs"))?;
    for path in &stale {
        println!("gen: docs/{} is stale", path.display());
    }
    if !stale.is_empty() {
        bail!("{} generated files are stale; run `cargo xtask gen` and commit the result", stale.len());
    }
    println!("gen: generated files are up to date");
    Ok(())
}

fn generate() -> Result<workspace::Scratch> {
    let scratch = workspace::Scratch::new("gen")?;
    let mut command = tool::cargo(&["run", "--quiet", "--package", "portcullis", "--", "reference"]);
    tool::run(command.arg(scratch.path()))?;
    let written = workspace::files(scratch.path())?;
    if written.is_empty() {
        bail!("`portcullis reference` wrote nothing");
    }
    for file in written {
        let path = file.strip_prefix(scratch.path())?;
        if !GENERATED.iter().any(|folder| path.starts_with(folder)) {
            bail!("`portcullis reference` wrote {}, outside {}", path.display(), GENERATED.join(" and "));
        }
    }
    Ok(scratch)
}

/// The generated files whose text differs, relative to both folders.
fn differences(fresh: &Path, docs: &Path) -> Result<Vec<PathBuf>> {
    let mut names = BTreeSet::new();
    for folder in GENERATED {
        for base in [fresh, docs] {
            for file in workspace::files(&base.join(folder))? {
                names.insert(file.strip_prefix(base)?.to_path_buf());
            }
        }
    }
    let differs = |name: &PathBuf| fs::read(fresh.join(name)).ok() != fs::read(docs.join(name)).ok();
    Ok(names.into_iter().filter(differs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Scratch;

    #[test]
    fn changed_missing_and_surplus_files_differ_and_hand_written_ones_do_not() {
        let fresh = Scratch::new("fresh").unwrap();
        let docs = Scratch::new("docs").unwrap();
        for (name, new, old) in [
            ("reference/same.md", Some("a"), Some("a")),
            ("reference/changed.md", Some("a"), Some("b")),
            ("reference/added.md", Some("a"), None),
            ("schema/removed.json", None, Some("a")),
            ("guide/by-hand.md", None, Some("a")),
        ] {
            new.map(|text| fresh.write(name, text).unwrap());
            old.map(|text| docs.write(name, text).unwrap());
        }
        let found = differences(fresh.path(), docs.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(names, ["reference/added.md", "reference/changed.md", "schema/removed.json"]);
    }
}
