//! Java patterns: any pattern compiles or is refused, and matching any subject ends within its budget.
#![no_main]

use expression::Pattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (pattern, subject) = input;
    if let Ok(pattern) = Pattern::compile(pattern) {
        pattern.find(subject);
        pattern.matches_whole(subject);
        pattern.groups(subject);
        pattern.split(subject);
    }
});
