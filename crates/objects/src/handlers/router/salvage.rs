//! What can still be told of a route file that is not JSON as a whole: its condition.
//!
//! A route that is broken from the start answers 503 to the requests it would take, so that a missing filter never
//! leaves an application open to the routes behind it. For that its condition has to be found in spite of the
//! mistake.

/// The `condition` of the route itself; if none is found, because brackets are missing perhaps, the outermost one
/// there is; if a missing quote turns texts inside out, the first that looks like one.
pub(super) fn salvaged_condition(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    outermost(&text).or_else(|| first(&text))
}

fn first(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"condition\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    string(rest.strip_prefix('"')?, '"').map(|(condition, _)| condition)
}

fn outermost(text: &str) -> Option<String> {
    let mut rest = text;
    let mut depth = 0_usize;
    let mut deeper: Option<(usize, String)> = None;
    // The text before, and whether it was the key `condition` with its colon.
    let (mut last, mut is_wanted) = (None, false);
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        rest = behind;
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            '/' => {
                rest = behind_comment(behind);
                continue;
            }
            ':' => {
                is_wanted = last.take().is_some_and(|key: String| key == "condition");
                continue;
            }
            '"' | '\'' => {
                let Some((string, after)) = string(behind, character) else { break };
                rest = after;
                if !is_wanted {
                    last = Some(string);
                    continue;
                }
                if depth == 1 {
                    return Some(string);
                }
                if deeper.as_ref().is_none_or(|(found, _)| depth < *found) {
                    deeper = Some((depth, string));
                }
            }
            blank if blank.is_whitespace() => continue,
            _ => {}
        }
        (last, is_wanted) = (None, false);
    }
    deeper.map(|(_, condition)| condition)
}

/// What follows a comment; `text` begins behind its first slash.
fn behind_comment(text: &str) -> &str {
    let (body, end) = match text.chars().next() {
        Some('/') => (&text[1..], "\n"),
        Some('*') => (&text[1..], "*/"),
        _ => return text,
    };
    body.split_once(end).map_or("", |(_, rest)| rest)
}

/// A string without its quotes and what follows it; `None` if it has no end.
fn string(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            found if found == quote => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                'b' => value.push('\u{8}'),
                'f' => value.push('\u{c}'),
                'u' => {
                    let code =
                        text.get(at + 2..at + 6).and_then(|code| u32::from_str_radix(code, 16).ok())?;
                    value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    characters.nth(3)?;
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::salvaged_condition;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(salvaged_condition(text.as_bytes()).as_deref(), expected);
    }

    #[test]
    fn the_condition_is_found_in_spite_of_mistakes() {
        check(r#"{"condition": "${a == 'b'}", "handler": "#, Some("${a == 'b'}"));
        check(r#"{"handler": {"type": "x" "config": {}}, "condition" : "a" }"#, Some("a"));
        check("{ 'handler': x, 'condition': '${a == \"b\"}' ", Some("${a == \"b\"}"));
        check(r#"{"condition": "\"\u00e9\n\\", }, "#, Some("\"é\n\\"));
        check("{\"condition\": // why\n /* \"no\", */ \"a\nb\", x}", Some("a\nb"));
    }

    #[test]
    fn the_routes_own_condition_counts_before_those_within() {
        let inner = r#""handler": {"config": {"bindings": [{"condition": "inner", "handler": "h"}]}}"#;
        check(&format!(r#"{{{inner}, "condition": "own" oops}}"#), Some("own"));
        check(&format!(r#"{{"handler": {{{inner}, "condition": "own" }}"#), Some("own"));
        check(&format!(r#"{{{inner}"#), Some("inner"));
        check(
            r#"{"_condition": "no", "x": ["condition", "no"], // "condition": "no"
            oops}"#,
            None,
        );
    }

    #[test]
    fn a_missing_quote_does_not_hide_it() {
        check("{\"name\": \"x,\n\"condition\": \"${a}\",\n\"handler\": \"h\"}", Some("${a}"));
    }

    #[test]
    fn nothing_is_made_up() {
        check("", None);
        check("condition", None);
        check(r#"{"condition": true, "x": "no""#, None);
        check(r#"{"condition": "never ends"#, None);
        check(r#"{"condition": "\u12"#, None);
        check(r#"{"condition": "\uZZZZ""#, None);
        check("/", None);
    }
}
