//! Each rule, on a small tree: what it lets pass and what it reports.

use super::*;
use expect_test::{Expect, expect};

/// Reads `files` as a tree and compares what `rule` reports about it.
#[track_caller]
fn check(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)], expected: &Expect) {
    let files = files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() });
    let findings = rule(&Tree { files: files.collect() });
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn crates_import_downhill() {
    let heap = "[dependencies]\nsource.workspace = true\nserde = \"1\"\n[dev-dependencies]\ntestbed.workspace = true";
    check(imports::findings, &[("crates/heap/Cargo.toml", heap)], &expect![[""]]);
}

#[test]
fn a_step_uphill_is_reported() {
    let source =
        "[dependencies]\n# comment\nheap = { path = \"../heap\" }\n[dependencies.expression]\npath = \"x\"";
    let heap = "[dependencies]\ntestbed.workspace = true\n[dev-dependencies]\nobjects.workspace = true";
    check(
        imports::findings,
        &[("crates/source/Cargo.toml", source), ("crates/heap/Cargo.toml", heap)],
        &expect![[r#"
            crates/source/Cargo.toml:3: `source` may not import `heap`
            crates/source/Cargo.toml:4: `source` may not import `expression`
            crates/heap/Cargo.toml:2: `heap` may not import `testbed`
            crates/heap/Cargo.toml:4: `heap` may not import `objects`"#]],
    );
}

#[test]
fn engines_have_one_door() {
    let manifest = "[dependencies]\nhyper-util = \"0.1\"\nhyperlocal = \"1\"\nrustls.workspace = true";
    check(
        imports::findings,
        &[("crates/objects/Cargo.toml", manifest), ("crates/transport/Cargo.toml", manifest)],
        &expect![[r#"
            crates/objects/Cargo.toml:2: only transport may name `hyper`, not `objects`
            crates/objects/Cargo.toml:4: only transport, crypto may name `rustls`, not `objects`"#]],
    );
}

#[test]
fn some_things_are_for_some_crates() {
    let text = "//! X.\n// tokio::spawn\ntokio::spawn(x);\nstd::fs::read(x);\n#[cfg(test)]\nmod tests { tokio::spawn(x) }";
    check(
        doors::findings,
        &[
            ("crates/objects/src/filters/x.rs", text),
            ("crates/transport/src/x.rs", text),
            ("crates/source/src/x.rs", "std::fs::read(x);\nstd::env::var(x);"),
            ("crates/source/src/tests/x.rs", text),
            ("crates/source/tests/x.rs", text),
        ],
        &expect![[r#"
            crates/objects/src/filters/x.rs:3: `objects` may not use `tokio::spawn`: hand the work to `Builder::background`, which starts it late and stops it in time
            crates/source/src/x.rs:1: `source` may not use `std::fs`: `source` works on text that is handed in
            crates/source/src/x.rs:2: `source` may not use `env::var`: the program reads the environment once and hands it down"#]],
    );
}

#[test]
fn a_new_crate_needs_a_row() {
    let manifests = [("crates/extra/Cargo.toml", ""), ("fuzz/Cargo.toml", ""), ("Cargo.toml", "")];
    check(
        imports::findings,
        &manifests,
        &expect![[r#"
            crates/extra/Cargo.toml: `extra` is not in the import table of xtask/src/tidy/imports.rs: add its row"#]],
    );
}

#[test]
fn long_files_are_reported() {
    let files = [
        ("a.rs", "//!\n".repeat(400)),
        ("b.rs", "//!\n".repeat(401)),
        ("c.md", "\n".repeat(801)),
        ("d/tests.rs", "//!\n".repeat(800)),
        ("d/tests/it/e.rs", "//!\n".repeat(801)),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    check(
        lengths::findings,
        &files,
        &expect![[r#"
            b.rs: 401 lines, more than 400: split it into a folder of the same name, or move its tests to tests.rs
            d/tests/it/e.rs: 801 lines, more than 800: split it into a folder of the same name, or move its tests to tests.rs"#]],
    );
}

#[test]
fn files_open_with_their_purpose_and_are_compiled() {
    check(
        modules::findings,
        &[
            ("crates/a/src/lib.rs", "//! A.\nmod one;\npub(crate) mod two;\n// mod dead;\n"),
            ("crates/a/src/one.rs", "//! One.\nmod inner;"),
            ("crates/a/src/one/inner.rs", "//! Inner."),
            ("crates/a/src/two/mod.rs", "//! Two.\n#[cfg(test)]\nmod tests;"),
            ("crates/a/src/two/tests.rs", "use super::*;"),
            ("crates/a/src/dead.rs", "//! Dead."),
            ("crates/a/src/dead_folder/mod.rs", "//! Dead."),
            ("crates/a/tests/it/main.rs", "//! It.\n#[test]\n    #[ignore = \"slow\"]\nfn x() {}"),
        ],
        &expect![[r#"
            crates/a/src/two/tests.rs:1: must begin with `//!`: what the file is for, and why it is so
            crates/a/src/dead.rs: is never compiled: no `mod dead;` in the module above it
            crates/a/src/dead_folder/mod.rs: is never compiled: no `mod dead_folder;` in the module above it
            crates/a/tests/it/main.rs:3: no test is ignored: assert today's answer and say in a comment what is wrong with it"#]],
    );
}

#[test]
fn buffering_serde_features_are_reported() {
    let text = "//! X.\n#[serde(rename_all = \"camelCase\", flatten)]\n#[serde(\n    tag = \"type\",\n)]\n\
                #[serde(tag = \"t\", content = \"c\")]\n#[serde(untagged)]\n#[serde(rename = \"x\")]";
    check(
        serde::findings,
        &[("crates/objects/src/filters/x.rs", text), ("crates/heap/src/x.rs", text)],
        &expect![[r#"
            crates/objects/src/filters/x.rs:2: serde's `flatten` loses where a value stands in its file
            crates/objects/src/filters/x.rs:3: serde's `tag` loses where a value stands in its file
            crates/objects/src/filters/x.rs:7: serde's `untagged` loses where a value stands in its file"#]],
    );
}

/// A file of the objects crate that declares one type.
fn object(name: &str) -> String {
    format!("//! X.\nimpl ObjectConfig for {name} {{\n    const TYPE: &'static str = \"{name}\";\n}}")
}

#[test]
fn objects_are_registered_in_order_under_their_own_name() {
    let registry = "//! F.\npub const TYPES: &[ObjectType] = &[\n    ObjectType::of::<b::BarFilter>(),\n    \
                    ObjectType::of::<AarFilter>(),\n    // ObjectType::of::<FooFilter>(),\n];";
    check(
        registration::findings,
        &[
            ("crates/objects/src/filters/mod.rs", registry),
            ("crates/objects/src/filters/bar_filter.rs", &object("BarFilter")),
            ("crates/objects/src/filters/aar_filter/mod.rs", &object("AarFilter")),
            ("crates/objects/src/filters/foo_filter.rs", &object("FooFilter")),
            ("crates/objects/src/handlers/misc.rs", &object("BarFilter")),
            ("crates/objects/src/testing.rs", &object("Origin")),
            ("crates/objects/src/filters/bar_filter/tests.rs", &object("Probe")),
        ],
        &expect![[r#"
            crates/objects/src/filters/mod.rs:4: `AarFilter` is out of order: the list is sorted by name
            crates/objects/src/filters/foo_filter.rs:3: `FooFilter` is not registered: add `ObjectType::of::<FooFilter>(…),` to the mod.rs of its folder
            crates/objects/src/handlers/misc.rs:3: `BarFilter` is not registered: add `ObjectType::of::<BarFilter>(…),` to the mod.rs of its folder
            crates/objects/src/handlers/misc.rs:3: is called after none of its types: `BarFilter` belongs in a file of that name"#]],
    );
}

#[test]
fn objects_have_an_example() {
    let documented =
        format!("/// ```json\n/// {{ \"type\": \"DocFilter\" }}\n/// ```\n{}", object("DocFilter"));
    let merely_named =
        format!("/// \"BareFilter\"\n/// ```text\n/// \"BareFilter\"\n/// ```\n{}", object("BareFilter"));
    check(
        examples::findings,
        &[
            ("crates/objects/src/filters/doc_filter.rs", &documented),
            ("crates/objects/src/filters/bare_filter.rs", &merely_named),
            ("crates/objects/src/filters/used_filter.rs", &object("UsedFilter")),
            ("examples/used/config/routes/used.json", "{ \"type\": \"UsedFilter\" }"),
            ("examples/used/README.md", "\"BareFilter\""),
        ],
        &expect![[r#"
            crates/objects/src/filters/bare_filter.rs:7: `BareFilter` has no example: show one as fenced `json` in its comment"#]],
    );
}

#[test]
fn forbidden_words_are_reported_in_every_file() {
    check(
        words::findings,
        &[("docs/a.md", concat!("ok\nsee Sub", "Agent")), ("b.sh", "cd work/x")],
        &expect!["docs/a.md:2: `sub\u{61}gent` is talk about how the text was made"],
    );
}

#[test]
fn links_lead_somewhere() {
    let page = "[a](../STYLE.md) [b](b.md#top) [c](#here) [d](https://example.org/x) [e](sub)\n\
                [f](gone.md) [g](../../out.md)\n```\n[h](code.md)\n```";
    check(
        links::findings,
        &[
            ("STYLE.md", "[a](docs/a.md) [b](/docs/)"),
            ("docs/a.md", page),
            ("docs/b.md", ""),
            ("docs/sub/c.md", ""),
        ],
        &expect![[r#"
            docs/a.md:2: the link to `gone.md` leads nowhere
            docs/a.md:2: the link to `../../out.md` leads nowhere"#]],
    );
}

#[test]
fn changelog_fragments_have_a_kind() {
    let names = ["README.md", "added-house.md", "news.md", "added-.md", "fixed-x.txt"];
    let paths = names.map(|name| format!("changelog.d/{name}"));
    let files = paths.each_ref().map(|path| (path.as_str(), ""));
    let message = "must be called KIND-WORDS.md, with a kind out of added, changed, deprecated, fixed, removed, security";
    let findings = changelog::findings;
    let expected =
        ["news.md", "added-.md", "fixed-x.txt"].map(|name| format!("changelog.d/{name}: {message}"));
    let found = findings(&Tree {
        files: files.map(|(path, text)| File { path: path.to_owned(), text: text.to_owned() }).into(),
    });
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}

#[test]
fn every_code_is_shown_by_a_test() {
    let table = "macro_rules! codes { }\ncodes! {\n    A = 300, \"a\", \"a.md\";\n    B = 7 \"b\" means \"x\";\n    C = 301, \"c\", \"c.md\";\n}\n";
    let calls = "const D: Code = Code::new(400, \"d\", \"\");\nconst E: Code = Code::new(\n    401,\n    \"e\",\n);\nconst N: u8 = 9;\n#[cfg(test)]\nmod tests { PC0400 }";
    check(
        codes::findings,
        &[
            ("crates/heap/src/errors.rs", table),
            ("crates/objects/src/x.rs", calls),
            ("crates/heap/tests/diagnostics/a.txt", "error[PC0300]: told"),
            ("crates/source/src/tests.rs", "PC0007"),
            ("docs/reference/x.md", "PC0301 PC0401"),
        ],
        &expect![[r#"
            crates/heap/src/errors.rs:5: no test shows PC0301 (c): add the expected text of one
            crates/objects/src/x.rs:2: no test shows PC0401 (e): add the expected text of one"#]],
    );
}
