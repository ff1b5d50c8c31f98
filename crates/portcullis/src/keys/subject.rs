//! The subject of a certificate as keytool and openssl are given it.

use crypto::generate::SubjectPart;
use source::Diagnostic;

use super::errors;

/// Reads `CN=ig.example.com, O=Example, C=FR` or `/C=FR/O=Example/CN=ig.example.com`. The first form begins with
/// the most particular part and the second with the most general one, which is the order in certificates; a
/// certificate of each has the parts as its tool writes them.
pub(super) fn parse(text: &str) -> Result<Vec<(SubjectPart, String)>, Diagnostic> {
    let (separator, rest) = match text.strip_prefix('/') {
        Some(rest) => ('/', rest),
        None => (',', text),
    };
    let mut parts = Vec::new();
    for piece in split(rest, separator) {
        let part = part(&piece).ok_or_else(|| errors::subject(text, &piece))?;
        if parts.iter().any(|(existing, _)| *existing == part.0) {
            return Err(errors::subject(text, &piece));
        }
        parts.push(part);
    }
    if separator == ',' {
        parts.reverse();
    }
    Ok(parts)
}

/// The common name.
pub(super) fn common_name(parts: &[(SubjectPart, String)]) -> Option<&str> {
    parts.iter().find(|(part, _)| *part == SubjectPart::CommonName).map(|(_, name)| name.as_str())
}

fn part(piece: &str) -> Option<(SubjectPart, String)> {
    let (name, value) = piece.split_once('=')?;
    let value = value.trim();
    let part = match name.trim().to_ascii_uppercase().as_str() {
        "CN" => SubjectPart::CommonName,
        "OU" => SubjectPart::OrganizationalUnit,
        "O" => SubjectPart::Organization,
        "L" => SubjectPart::Locality,
        "ST" | "S" => SubjectPart::State,
        "C" => SubjectPart::Country,
        _ => return None,
    };
    (!value.is_empty()).then(|| (part, value.to_owned()))
}

/// The pieces between separators; one behind a backslash or between quotes does not separate.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let Some(piece) = pieces.last_mut() else { break };
        match character {
            '\\' => piece.extend(characters.next()),
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => pieces.push(String::new()),
            _ => piece.push(character),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match parse(text) {
            Ok(parts) => {
                parts.iter().map(|(part, value)| format!("{part:?}={value}")).collect::<Vec<_>>().join("; ")
            }
            Err(error) => error.message.to_string(),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn both_ways_of_writing_a_subject_are_read() {
        check(
            "CN=ig.example.com,O=Example Corp,C=FR",
            "Country=FR; Organization=Example Corp; CommonName=ig.example.com",
        );
        check("cn = a , s = b", "State=b; CommonName=a");
        check(
            "/CN=*.example.com/OU=example/C=fr",
            "CommonName=*.example.com; OrganizationalUnit=example; Country=fr",
        );
        check(r#"CN="Doe, Jane",O=A\, B"#, "Organization=A, B; CommonName=Doe, Jane");
        check(r"/O=A\/B/CN=c", "Organization=A/B; CommonName=c");
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for (text, piece) in [
            ("", ""),
            ("ig.example.com", "ig.example.com"),
            ("CN=", "CN="),
            ("CN=a,CN=b", "CN=b"),
            ("UID=a", "UID=a"),
            ("/CN=a/", ""),
        ] {
            check(text, &format!("the subject `{text}` cannot be used: `{piece}`"));
        }
    }
}
