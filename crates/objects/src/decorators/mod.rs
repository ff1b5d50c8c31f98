//! Decorators: filters spliced around any handler or filter.

mod base_uri_decorator;
mod capture_decorator;
#[cfg(test)]
pub(crate) mod logged;
mod timer_decorator;

pub use base_uri_decorator::BaseUriDecorator;
pub(crate) use base_uri_decorator::parse_base_uri;
pub use capture_decorator::CaptureDecorator;
pub(crate) use capture_decorator::capture_filter;
pub use timer_decorator::TimerDecorator;

use heap::ObjectType;

/// The decorators, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<BaseUriDecorator>(),
    ObjectType::of::<CaptureDecorator>(),
    ObjectType::of::<TimerDecorator>(),
];

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, example_of};
    use expect_test::expect;

    #[test]
    fn the_example_of_every_decorator_loads_without_complaint() {
        for object_type in super::TYPES {
            let example = example_of(object_type).replacen('{', r#"{"name": "decorator", "#, 1);
            check_complaints(
                &format!(r#"{{"heap": [{example}], "handler": {{"type": "Origin"}}}}"#),
                expect![[""]],
            );
        }
    }
}
