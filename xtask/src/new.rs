//! `new`: a new object type from a template, registered, with an example and one test that fails.
//!
//! The failing test is the point: it names the file to open and what to do there, and it cannot be forgotten.

use crate::workspace;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// Longer names do not fit a line of the reference.
const NAME_LENGTH_MAX: usize = 60;

/// What can be written from a template.
struct Kind {
    /// The word on the command line.
    word: &'static str,
    /// How names of this kind end.
    suffix: &'static str,
    folder: &'static str,
    object: &'static str,
    route: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        word: "filter",
        suffix: "Filter",
        folder: "crates/objects/src/filters",
        object: include_str!("../templates/filter.rs.in"),
        route: include_str!("../templates/filter_route.json.in"),
    },
    Kind {
        word: "handler",
        suffix: "Handler",
        folder: "crates/objects/src/handlers",
        object: include_str!("../templates/handler.rs.in"),
        route: include_str!("../templates/handler_route.json.in"),
    },
];

const EXAMPLE_README: &str = include_str!("../templates/example.md.in");
const EXAMPLE_ADMIN: &str = include_str!("../templates/example_admin.json.in");
const EXAMPLE_TRANSCRIPT: &str = include_str!("../templates/example_transcript.md.in");

/// Writes a new object type and says what to do next.
pub(crate) fn run(word: &str, name: &str) -> Result<()> {
    let kind = KINDS.iter().find(|kind| kind.word == word);
    let kind = kind.with_context(|| format!("cannot write a `{word}`, only a filter or a handler"))?;
    ensure_name(kind, name)?;

    let root = workspace::root();
    let (snake, kebab) = (snake_case(name), snake_case(name).replace('_', "-"));
    let object = root.join(kind.folder).join(format!("{snake}.rs"));
    let example = root.join("examples").join(&kebab);
    let registry = root.join(kind.folder).join("mod.rs");
    ensure!(!object.exists(), "{} exists already", object.display());
    ensure!(!example.exists(), "{} exists already", example.display());
    let registered = register(&workspace::read(&registry)?, &snake, name)?;

    let fill = |template: &str| {
        template.replace("{{Name}}", name).replace("{{name}}", &snake).replace("{{na-me}}", &kebab)
    };
    let written: [(PathBuf, String); 6] = [
        (object, fill(kind.object)),
        (registry, registered),
        (example.join("README.md"), fill(EXAMPLE_README)),
        (example.join("transcript.md"), fill(EXAMPLE_TRANSCRIPT)),
        (example.join("config/admin.json"), fill(EXAMPLE_ADMIN)),
        (example.join(format!("config/routes/{kebab}.json")), fill(kind.route)),
    ];
    for (path, text) in &written {
        workspace::write(path, text)?;
        println!("new: {}", path.strip_prefix(&root).unwrap_or(path).display());
    }
    println!("new: run `cargo test -p objects {snake}`, read what fails, and make it pass");
    Ok(())
}

fn ensure_name(kind: &Kind, name: &str) -> Result<()> {
    let is_word =
        name.chars().all(|c| c.is_ascii_alphanumeric()) && name.starts_with(|c: char| c.is_ascii_uppercase());
    ensure!(is_word, "`{name}` is not a type name such as Greeting{}", kind.suffix);
    let is_suffixed = name.len() > kind.suffix.len() && name.ends_with(kind.suffix);
    ensure!(
        is_suffixed,
        "the name of a {} ends in `{}`, as in Greeting{}",
        kind.word,
        kind.suffix,
        kind.suffix
    );
    ensure!(name.len() <= NAME_LENGTH_MAX, "`{name}` is longer than {NAME_LENGTH_MAX} characters");
    Ok(())
}

/// `UriPathRewriteFilter` becomes `uri_path_rewrite_filter`; `OAuth` counts as one word.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.replace("OAuth", "Oauth").chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_small = index > 0 && !letters[index - 1].is_ascii_uppercase();
        let before_small = index > 0 && letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (after_small || before_small) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Adds the lines of a type to a folder's `mod.rs`, each where its sorted list wants it.
fn register(text: &str, snake: &str, name: &str) -> Result<String> {
    let mut text = insert(text, snake, module, |line, old| line.replace(old, snake))?;
    for list in [exported, registration] {
        let like = |line: &str, old: &str| line.replace(old, name).replace(&snake_case(old), snake);
        text = insert(&text, name, list, like)?;
    }
    Ok(text)
}

/// The module a line declares. A module of tests stands apart from the list.
fn module(line: &str) -> Option<&str> {
    let (visibility, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
    (name != "tests" && (visibility.is_empty() || visibility.starts_with("pub"))).then_some(name)
}

/// The type a line makes visible: `pub use greeting_filter::GreetingFilter;`.
fn exported(line: &str) -> Option<&str> {
    let (_, name) = line.strip_prefix("pub use ")?.strip_suffix(';')?.split_once("::")?;
    name.chars().all(char::is_alphanumeric).then_some(name)
}

/// The type a line registers.
fn registration(line: &str) -> Option<&str> {
    let path = line.trim().strip_prefix("ObjectType::of::<")?.split('>').next()?;
    Some(path.rsplit("::").next().unwrap_or(path))
}

/// Adds a line for `name` to the list of those lines to which `key` gives a name, before the first greater
/// one. The new line is made after the last of the list, so that it looks like its neighbours.
fn insert(
    text: &str,
    name: &str,
    key: fn(&str) -> Option<&str>,
    like: impl Fn(&str, &str) -> String,
) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let listed: Vec<(usize, &str)> =
        lines.iter().enumerate().filter_map(|(index, line)| Some((index, key(line)?))).collect();
    ensure!(listed.iter().all(|(_, other)| *other != name), "`{name}` is registered already");
    let (last, neighbour) =
        listed.last().with_context(|| format!("mod.rs has no list that `{name}` can join"))?;
    let place = listed.iter().find(|(_, other)| *other > name).map_or(last + 1, |(index, _)| *index);
    let line = like(lines[*last], neighbour);
    lines.insert(place, &line);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const REGISTRY: &str = "//! Filters.\n\nmod b_filter;\nmod d_filter;\n#[cfg(test)]\nmod tests;\n\n\
        pub use b_filter::BFilter;\npub use d_filter::DFilter;\n\n\
        pub const TYPES: &[ObjectType] = &[\n    ObjectType::of::<b_filter::BFilter>(\"b_filter.rs\"),\n    ObjectType::of::<d_filter::DFilter>(\"d_filter.rs\"),\n];\n";

    #[track_caller]
    fn check(name: &str, expected: &Expect) {
        let found = register(REGISTRY, &snake_case(name), name).unwrap_or_else(|error| error.to_string());
        expected.assert_eq(&found);
    }

    #[test]
    fn a_type_in_the_middle_stands_between_its_neighbours() {
        check(
            "CFilter",
            &expect![[r#"
                //! Filters.

                mod b_filter;
                mod c_filter;
                mod d_filter;
                #[cfg(test)]
                mod tests;

                pub use b_filter::BFilter;
                pub use c_filter::CFilter;
                pub use d_filter::DFilter;

                pub const TYPES: &[ObjectType] = &[
                    ObjectType::of::<b_filter::BFilter>("b_filter.rs"),
                    ObjectType::of::<c_filter::CFilter>("c_filter.rs"),
                    ObjectType::of::<d_filter::DFilter>("d_filter.rs"),
                ];
            "#]],
        );
    }

    #[test]
    fn the_last_type_comes_before_what_is_no_type() {
        check(
            "EFilter",
            &expect![[r#"
                //! Filters.

                mod b_filter;
                mod d_filter;
                mod e_filter;
                #[cfg(test)]
                mod tests;

                pub use b_filter::BFilter;
                pub use d_filter::DFilter;
                pub use e_filter::EFilter;

                pub const TYPES: &[ObjectType] = &[
                    ObjectType::of::<b_filter::BFilter>("b_filter.rs"),
                    ObjectType::of::<d_filter::DFilter>("d_filter.rs"),
                    ObjectType::of::<e_filter::EFilter>("e_filter.rs"),
                ];
            "#]],
        );
    }

    #[test]
    fn a_type_is_registered_once() {
        check("BFilter", &expect!["`b_filter` is registered already"]);
    }

    #[test]
    fn names_become_file_names() {
        for (name, snake) in [
            ("FooFilter", "foo_filter"),
            ("UriPathRewriteFilter", "uri_path_rewrite_filter"),
            ("OAuth2ClientFilter", "oauth2_client_filter"),
            ("JWTFilter", "jwt_filter"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn a_name_is_a_type_name_of_its_kind() {
        let complaint = |name| {
            ensure_name(&KINDS[0], name).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
        };
        assert_eq!(complaint("FooFilter"), "fine");
        assert_eq!(complaint("../FooFilter"), "`../FooFilter` is not a type name such as GreetingFilter");
        assert_eq!(complaint("fooFilter"), "`fooFilter` is not a type name such as GreetingFilter");
        assert_eq!(complaint("Filter"), "the name of a filter ends in `Filter`, as in GreetingFilter");
        assert_eq!(complaint("FooHandler"), "the name of a filter ends in `Filter`, as in GreetingFilter");
    }
}
