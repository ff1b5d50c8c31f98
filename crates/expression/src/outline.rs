//! What the log may show of a configuration string: its expressions, without quoted texts.
//!
//! Passwords reach configuration strings through property tokens, as literal text or quoted inside an
//! expression, so neither is shown.

/// The expressions of a text, with `…` for everything else.
pub(crate) fn outline(text: &str) -> Box<str> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    let mut inside = false;
    while let Some((at, character)) = characters.next() {
        if !inside {
            inside = matches!(character, '$' | '#') && text[at + 1..].starts_with('{');
            if inside {
                out.push(character);
            } else if !out.ends_with('…') {
                out.push('…');
            }
            continue;
        }
        out.push(character);
        match character {
            '}' => inside = false,
            '\'' | '"' => {
                let mut escaped = false;
                for (_, next) in characters.by_ref() {
                    if next == character && !escaped {
                        break;
                    }
                    escaped = next == '\\' && !escaped;
                }
                out.push('…');
                out.push(character);
            }
            _ => {}
        }
    }
    out.into()
}
