//! Things that only some crates may do: each has one door, so that it can be found, bounded and tested.

use super::{File, Finding, Tree};

/// A piece of code, the crates that may contain it, and what others do instead.
struct Door {
    code: &'static str,
    crates: &'static [&'static str],
    instead: &'static str,
}

const DOORS: &[Door] = &[
    Door {
        code: "tokio::spawn",
        crates: &["transport", "heap"],
        instead: "hand the work to `Builder::background`, which starts it late and stops it in time",
    },
    Door {
        code: "env::var",
        crates: &["portcullis", "testbed"],
        instead: "the program reads the environment once and hands it down",
    },
    Door {
        code: "SystemTime::now",
        crates: &["exchange", "transport", "objects", "portcullis", "testbed"],
        instead: "pure stages take the time as an argument",
    },
    Door {
        code: "std::net::Tcp",
        crates: &["transport", "testbed"],
        instead: "`transport` owns the sockets",
    },
    Door {
        code: "std::fs",
        crates: &["expression", "exchange", "transport", "heap", "objects", "portcullis", "testbed"],
        instead: "`source` works on text that is handed in",
    },
];

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let files = tree.rust_files().filter_map(|file| Some((own_crate(file)?, file)));
    files.flat_map(|(name, file)| check(name, file)).collect()
}

/// The crate whose program this file is part of; tests may do what they like.
fn own_crate(file: &File) -> Option<&str> {
    let (name, inside) = file.path.strip_prefix("crates/")?.split_once("/src/")?;
    let is_test = inside.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs"));
    (!is_test).then_some(name)
}

fn check(name: &str, file: &File) -> Vec<Finding> {
    // Tests stand at the bottom of a file.
    let program = file.lines().take_while(|(_, text)| *text != "#[cfg(test)]");
    let lines = program.filter(|(_, text)| !text.trim_start().starts_with("//"));
    let found = lines.flat_map(|(line, text)| {
        let shut = DOORS.iter().filter(move |door| text.contains(door.code) && !door.crates.contains(&name));
        shut.map(move |door| {
            file.finding(line, format!("`{name}` may not use `{}`: {}", door.code, door.instead))
        })
    });
    found.collect()
}
