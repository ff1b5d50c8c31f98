//! Every complaint of this crate, one constructor each. Codes 300 to 399.

use source::{Code, Diagnostic, Node, Span, nearest};

use crate::failure::{Failure, FailureKind};
use crate::object::Catalogue;
use crate::old_names::OldField;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $slug:literal, $page:literal;)*) => {
        $($(#[$doc])* const $name: Code = Code::new($number, $slug, include_str!(concat!("pages/", $page)));)*
        /// The codes of this crate, in order.
        pub const CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    UNREADABLE = 300, "unreadable-file", "unreadable-file.md";
    NOT_AN_OBJECT = 301, "not-an-object", "not-an-object.md";
    INVALID_VALUE = 302, "invalid-value", "invalid-value.md";
    MISSING_FIELD = 303, "missing-field", "missing-field.md";
    UNKNOWN_FIELD = 304, "unknown-field", "unknown-field.md";
    UNKNOWN_TYPE = 305, "unknown-type", "unknown-type.md";
    UNKNOWN_REFERENCE = 306, "unknown-reference", "unknown-reference.md";
    WRONG_ROLE = 307, "wrong-role", "wrong-role.md";
    DUPLICATE_NAME = 308, "duplicate-name", "duplicate-name.md";
    CYCLE = 309, "reference-cycle", "reference-cycle.md";
    NOT_AT_LOAD = 310, "not-known-at-load", "not-known-at-load.md";
    RENAMED = 311, "renamed-type", "renamed-type.md";
    NOT_DECORATED = 312, "not-decorated", "not-decorated.md";
    CANNOT_BUILD = 313, "cannot-build", "cannot-build.md";
    OLD_FIELD = 314, "older-name", "older-name.md";
    SECRET_ID_SLASH = 315, "secret-id-slash", "secret-id-slash.md";
    VALUES_TOO_LARGE = 316, "values-too-large", "values-too-large.md";
}

pub(crate) fn unreadable(path: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(&UNREADABLE, format!("`{path}` cannot be read: {error}"))
        .help("check that it exists and that the account of this process may read it")
}

pub(crate) fn too_large(path: &str, bytes_max: u64) -> Diagnostic {
    Diagnostic::error(&UNREADABLE, format!("`{path}` is larger than {bytes_max} bytes"))
        .help("a configuration file is text written by people; is this the right file?")
}

pub(crate) fn location(message: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error(&INVALID_VALUE, format!("no properties can be read from this location: {message}"))
}

pub(crate) fn values_too_large(bytes_max: usize, span: &Span) -> Diagnostic {
    let message = format!("the values up to this one are larger than {bytes_max} bytes, or too deep");
    Diagnostic::error(&VALUES_TOO_LARGE, message).at(span)
}

pub(crate) fn not_an_object(found: &str, span: &Span, wanted: &str) -> Diagnostic {
    Diagnostic::error(&NOT_AN_OBJECT, format!("{wanted} is needed here, found {found}")).at(span)
}

/// What the reader of a configuration struct complains about.
pub(crate) fn failure(failure: Failure, what: &str, fallback: &Span) -> Diagnostic {
    let span = failure.span.clone().unwrap_or_else(|| fallback.clone());
    match &failure.kind {
        FailureKind::Missing(field) => {
            let owner = failure.owner.as_deref().unwrap_or(what);
            Diagnostic::error(&MISSING_FIELD, format!("{owner} needs the field `{field}`")).at(span)
        }
        FailureKind::Told => Diagnostic::error(&INVALID_VALUE, format!("{what} has a mistake")).at(span),
        FailureKind::Other(message) => {
            let diagnostic = Diagnostic::error(&INVALID_VALUE, format!("{what}: {message}")).at(span);
            diagnostic.maybe_help(failure.help)
        }
    }
}

pub(crate) fn unknown_field(what: &str, field: &str, span: &Span, known: &[&str]) -> Diagnostic {
    let hint = nearest(field, known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
    Diagnostic::warning(&UNKNOWN_FIELD, format!("{what} has no field `{field}`; it is ignored"))
        .at(span)
        .maybe_help(hint)
}

pub(crate) fn unknown_type(name: &str, span: &Span, catalogue: &Catalogue) -> Diagnostic {
    if let Some((_, class)) = name.rsplit_once('.') {
        return java_class(name, class, span, catalogue);
    }
    let hint = nearest(name, catalogue.names()).map(|name| format!("did you mean `{name}`?"));
    Diagnostic::error(&UNKNOWN_TYPE, format!("there is no object type `{name}`")).at(span).maybe_help(hint)
}

/// A `type` that names a class: one of the product's own, which has a short name, or somebody's extension.
fn java_class(name: &str, class: &str, span: &Span, catalogue: &Catalogue) -> Diagnostic {
    // `org.example.Filter$Heaplet` is how a class within a class is written.
    let class = class.split('$').next().unwrap_or(class);
    let is_known = catalogue.get(class).is_some();
    let help = match nearest(class, catalogue.names()) {
        _ if is_known => format!("write `{class}`"),
        _ if catalogue.not_offered.contains(&class) => {
            format!("its object type `{class}` is not offered by this version")
        }
        Some(short) => format!("is it an extension like `{short}`? an object type has to take its place"),
        None => "an object type of the reference has to take its place".to_owned(),
    };
    Diagnostic::error(&UNKNOWN_TYPE, format!("`{name}` is a Java class, and Java classes cannot be loaded"))
        .at(span)
        .help(help)
}

/// `today` is what takes the place of a type of an older release.
pub(crate) fn not_offered(name: &str, today: Option<&str>, span: &Span) -> Diagnostic {
    let help = match today {
        Some(today) => format!("it is of an older release: write {today}; what uses it stays closed"),
        None => "what uses it stays closed; remove it or wait for a version that offers it".to_owned(),
    };
    let message = format!("the object type `{name}` is not offered by this version");
    Diagnostic::error(&UNKNOWN_TYPE, message).at(span).help(help)
}

pub(crate) fn no_type(span: &Span) -> Diagnostic {
    Diagnostic::error(&MISSING_FIELD, "an object needs the field `type`").at(span)
}

pub(crate) fn no_name(span: &Span) -> Diagnostic {
    Diagnostic::error(
        &MISSING_FIELD,
        "an object in a heap needs the field `name`, or nothing can refer to it",
    )
    .at(span)
}

pub(crate) fn unknown_reference(name: &str, role: &str, span: &Span, known: &[&str]) -> Diagnostic {
    let hint = nearest(name, known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
    Diagnostic::error(&UNKNOWN_REFERENCE, format!("no object is named `{name}`"))
        .at(span)
        .label(format!("a {role} is needed here"))
        .maybe_help(hint)
}

pub(crate) fn wrong_role(name: &str, is: &str, type_name: &str, wanted: &str, span: &Span) -> Diagnostic {
    let kind = if is == type_name { String::new() } else { format!(" ({type_name})") };
    Diagnostic::error(&WRONG_ROLE, format!("`{name}` is a {is}{kind}, but a {wanted} is needed here"))
        .at(span)
}

pub(crate) fn duplicate_name(name: &str, span: &Span, first: &Span) -> Diagnostic {
    Diagnostic::error(&DUPLICATE_NAME, format!("two objects of this heap are named `{name}`"))
        .at(span)
        .also(first, "the first one is here")
        .help("rename one of them; an inner heap may use a name of an outer one, the same heap may not")
}

pub(crate) fn cycle(names: &[String], span: &Span) -> Diagnostic {
    Diagnostic::error(
        &CYCLE,
        format!("these objects refer to one another in a circle: {}", names.join(" → ")),
    )
    .at(span)
    .help("one of the references has to go")
}

pub(crate) fn too_deep(references_max: usize, span: &Span) -> Diagnostic {
    let message = format!("the references that start at this object are more than {references_max} deep");
    Diagnostic::error(&CANNOT_BUILD, message).at(span)
}

pub(crate) fn not_at_load(span: Span, root: &str) -> Diagnostic {
    Diagnostic::error(&NOT_AT_LOAD, format!("{root} is not known while the configuration is read"))
        .at(span)
        .help("this field is evaluated once, at load; use env, system, openig or properties")
}

pub(crate) fn evaluation(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(&INVALID_VALUE, format!("the expression cannot be evaluated: {message}")).at(span)
}

pub(crate) fn renamed(old: &str, new: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(&RENAMED, format!("`{old}` is an older name of `{new}`")).at(span)
}

pub(crate) fn old_type(name: &str, today: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(&RENAMED, format!("`{name}` is an object type of older releases; write {today}"))
        .at(span)
}

pub(crate) fn old_field(what: &str, old: &OldField, span: &Span) -> Diagnostic {
    let OldField { name, today, is_ignored, .. } = old;
    let message = match is_ignored {
        true => format!("`{name}` of {what} is a name of older releases and is ignored: {today}"),
        false => format!("`{name}` of {what} is a name of older releases; write {today}"),
    };
    Diagnostic::warning(&OLD_FIELD, message).at(span)
}

/// An object that was found by its name, where a field names it today.
pub fn named_in_heap(field: &str, name: &Node) -> Diagnostic {
    let old = name.as_str().unwrap_or_default();
    let message = format!("`{old}` is found by its name as in older releases; write `{field}` with its name");
    Diagnostic::warning(&OLD_FIELD, message).at(&name.span)
}

/// `"heap": {"objects": […]}`, as it was before release 3.1.
pub(crate) fn heap_of_objects(span: &Span) -> Diagnostic {
    Diagnostic::warning(
        &OLD_FIELD,
        "`objects` of a heap is a name of older releases; write the array as `heap`",
    )
    .at(span)
}

/// A level's own provider, as it was declared before release 7.2.
pub(crate) fn level_secrets(span: &Span) -> Diagnostic {
    Diagnostic::warning(&OLD_FIELD, "`secrets` of a file is a field of older releases")
        .at(span)
        .help("declare a `SecretsProvider` in the heap and name it in the field `secretsProvider` of objects")
}

pub(crate) fn slash_in_secret_id(id: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(
        &SECRET_ID_SLASH,
        format!("the secret id `{id}` begins with a slash, which is left out"),
    )
    .at(span)
}

pub(crate) fn not_decorated(field: &str, role: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(
        &NOT_DECORATED,
        format!("`{field}` decorates handlers and filters; a {role} ignores it"),
    )
    .at(span)
}

/// For `build`: what only shows once the object is put together.
pub(crate) fn cannot_build(message: impl Into<String>, span: &Span) -> Diagnostic {
    Diagnostic::error(&CANNOT_BUILD, message).at(span)
}

/// For loading: what the system does not give.
pub(crate) fn cannot_load(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(&CANNOT_BUILD, format!("the system gives no thread to load keys with: {error}"))
}
