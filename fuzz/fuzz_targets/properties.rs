//! `.properties` files: any text yields entries, and what Java would write of them reads as the same entries.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(entries) = expression::parse_properties(text) else { return };
    let written: String =
        entries.iter().map(|(name, value)| format!("{}={}\n", escaped(name), escaped(value))).collect();
    assert_eq!(expression::parse_properties(&written).as_ref(), Ok(&entries));
});

/// Every character but letters and digits of ASCII as `\uXXXX`.
fn escaped(text: &str) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(unit).collect()
}
