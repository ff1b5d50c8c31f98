//! Java's `.properties` files: `name = value`, `#` and `!` for comments, a backslash to go on or to escape.

/// The entries of a `.properties` file in the order of the file, by the rules of Java; nothing is malformed.
/// A later one of the same name wins when they become a map.
pub fn parse(text: &str) -> Vec<(String, String)> {
    logical_lines(text).iter().map(|line| entry(line)).collect()
}

/// Lines without comments and blank lines, with continuations joined.
fn logical_lines(text: &str) -> Vec<String> {
    let mut logical: Vec<String> = Vec::new();
    let mut continues = false;
    for line in text.split(['\n', '\r']) {
        let line = line.trim_start_matches([' ', '\t', '\x0c']);
        if !continues && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        // An even number of backslashes at the end are escaped ones.
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let goes_on = backslashes % 2 == 1;
        let content = if goes_on { &line[..line.len() - 1] } else { line };
        match logical.last_mut() {
            Some(before) if continues => before.push_str(content),
            _ => logical.push(content.to_owned()),
        }
        continues = goes_on;
    }
    logical
}

fn entry(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line
        .find(|character: char| {
            let ends = !escaped && matches!(character, '=' | ':' | ' ' | '\t' | '\x0c');
            escaped = character == '\\' && !escaped;
            ends
        })
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let blank = [' ', '\t', '\x0c'];
    let rest = rest.trim_start_matches(blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank);
    (unescape(name), unescape(rest))
}

fn unescape(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    let mut buffer = [0; 2];
    while let Some(character) = characters.next() {
        let meant = match character {
            '\\' => match characters.next() {
                Some('u') => match hexadecimal(characters.as_str()) {
                    Some(unit) => {
                        characters = characters.as_str()[4..].chars();
                        units.push(unit);
                        continue;
                    }
                    None => 'u',
                },
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\x0c',
                Some(other) => other,
                None => continue,
            },
            plain => plain,
        };
        units.extend_from_slice(meant.encode_utf16(&mut buffer));
    }
    String::from_utf16_lossy(&units)
}

fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}
