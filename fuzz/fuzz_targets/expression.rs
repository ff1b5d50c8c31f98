//! Expressions: any text compiles or is refused, and what compiles evaluates within its limits.
#![no_main]

use expression::{Bindings, EmptyScope, LValue, Template};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let bindings = Bindings::default();
    if let Ok(template) = Template::compile(text, &bindings) {
        let _ = template.evaluate(&EmptyScope);
    }
    let _ = LValue::compile(text, &bindings);
});
