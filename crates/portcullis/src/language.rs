//! The reference of the expression language: its functions, and what expressions may look into. Both pages are
//! written from the tables that the language itself uses.

use std::fmt::Write;

use expression::{Bean, FUNCTIONS, Function, Type};

/// `functions.md`.
pub(crate) fn functions() -> String {
    let mut text = String::from(
        "# Functions\n\nWhat can be called within `${…}`. Names are case-sensitive and have no overloads. A function \
         that fails makes the whole expression null, and a condition that is null does not hold. The examples \
         are evaluated by a test.\n",
    );
    for (chapter, functions) in FUNCTIONS {
        let _ = write!(text, "\n## {chapter}\n");
        for function in *functions {
            describe(&mut text, function);
        }
    }
    text
}

fn describe(text: &mut String, function: &Function) {
    let _ = write!(
        text,
        "\n### {}\n\n`{}` yields {}.\n\n",
        function.name,
        function.signature(),
        type_name(function.returns)
    );
    if let Some(instead) = function.instead {
        let _ = write!(text, "A name of old: write {instead}.\n\n");
    }
    let _ = write!(text, "{}\n\nNull or unusable: {}.\n\n", function.about, function.otherwise);
    text.push_str("| expression | result |\n| --- | --- |\n");
    for (example, result) in function.examples {
        let _ = writeln!(text, "| `${{{}}}` | `{}` |", cell(example), cell(result));
    }
}

/// `scope.md`.
pub(crate) fn scope() -> String {
    let mut text = String::from(
        "# What expressions see\n\nThe names with which a path in `${…}` begins, and the properties of what they \
         stand for. A property that does not exist is null; `portcullis check` warns of it where it can be seen. \
         The `properties` of a file and of those above it are names, too.\n\n## Roots\n\n\
         | name | type | meaning |\n| --- | --- | --- |\n",
    );
    let mut beans: Vec<&'static Bean> = Vec::new();
    for root in exchange::ROOTS {
        let old = root.instead.map(|instead| format!(" A name of old: write {instead}.")).unwrap_or_default();
        let _ =
            writeln!(text, "| `{}` | {} | {}{old} |", root.root.name(), type_name(root.of), cell(root.about));
        gather(root.of, &mut beans);
    }
    for bean in beans {
        let _ = write!(text, "\n## {}\n\n{}\n\n", bean.name, bean.about);
        if let Some(others) = bean.others {
            let _ = write!(text, "Any other name: {}.\n\n", type_name(others));
        }
        if !bean.properties.is_empty() {
            text.push_str("| property | type | meaning |\n| --- | --- | --- |\n");
        }
        for property in bean.properties {
            let old =
                property.instead.map(|instead| format!("; of old: write {instead}")).unwrap_or_default();
            let (name, of) = (property.name, type_name(property.of));
            let _ = writeln!(text, "| `{name}` | {of} | {}{old} |", cell(property.about));
        }
        if !bean.methods.is_empty() {
            let methods: Vec<String> =
                bean.methods.iter().map(|(name, of)| format!("`{name}(…)` ({})", type_name(*of))).collect();
            let _ = write!(text, "\nMethods: {}.\n", methods.join(", "));
        }
    }
    text
}

/// The objects that can be reached from a type, each once, in the order in which a reader meets them.
fn gather(of: Type, beans: &mut Vec<&'static Bean>) {
    match of {
        Type::List(of) | Type::Map(of) => gather(*of, beans),
        Type::Object(bean) if !beans.iter().any(|known| std::ptr::eq(*known, bean)) => {
            beans.push(bean);
            let properties = bean.properties.iter().map(|property| property.of);
            properties.chain(bean.others).for_each(|of| gather(of, beans));
        }
        _ => {}
    }
}

fn type_name(of: Type) -> String {
    match of {
        Type::Any => "any value".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Text => "text".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::List(of) => format!("list of {}", type_name(*of)),
        Type::Map(of) => format!("map to {}", type_name(*of)),
        Type::Object(bean) => format!("[{}](#{})", bean.name, anchor(bean.name)),
    }
}

/// As GitHub makes it of a heading.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|each| *each != '.')
        .map(|each| if each == ' ' { '-' } else { each })
        .collect()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
