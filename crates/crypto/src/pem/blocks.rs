//! From text to blocks: labels, headers, and the bytes behind the base64.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{PemError, TEXT_BYTES_MAX};

/// As many headers as encrypted blocks have, and some more.
const HEADERS_MAX: usize = 16;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands between a `BEGIN` and its `END`.
pub(super) struct Block {
    /// The line of `BEGIN`, from 1.
    pub(super) line: usize,
    pub(super) label: String,
    /// Names and values before the first empty line (RFC 1421).
    pub(super) headers: Vec<(String, String)>,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Block {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The blocks of a text. What stands before, between and after them is left out.
pub(super) fn split(text: &[u8]) -> Result<Vec<Block>, PemError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(error(1, format!("the text is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    let mut blocks = Vec::new();
    while let Some((line, number)) = lines.next() {
        if let Some(label) = label(line, b"-----BEGIN ") {
            blocks.push(block(label, number, &mut lines)?);
        }
    }
    Ok(blocks)
}

fn block<'t>(
    name: &str,
    begin: usize,
    lines: &mut impl Iterator<Item = (&'t [u8], usize)>,
) -> Result<Block, PemError> {
    let mut headers = Vec::new();
    let mut coded = Zeroizing::new(Vec::new());
    for (line, number) in lines {
        if let Some(ended) = label(line, b"-----END ") {
            if ended != name {
                return Err(error(number, format!("`END {ended}` for the `BEGIN {name}` of line {begin}")));
            }
            let bytes = BASE64.decode(&*coded).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| error(begin, format!("the `{name}` is not base64")))?;
            if bytes.is_empty() {
                return Err(error(begin, format!("the `{name}` is empty")));
            }
            return Ok(Block { line: begin, label: name.to_owned(), headers, bytes });
        }
        if line.starts_with(b"-----") {
            return Err(error(number, format!("the `BEGIN {name}` of line {begin} has no `END`")));
        }
        match line.iter().position(|byte| *byte == b':') {
            Some(colon) if coded.is_empty() && headers.len() < HEADERS_MAX => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
                headers.push((text(&line[..colon]), text(&line[colon + 1..])));
            }
            _ if line.iter().all(|byte| is_base64(*byte)) => coded.extend_from_slice(line),
            _ => return Err(error(number, "this is not base64".to_owned())),
        }
    }
    Err(error(begin, format!("the `BEGIN {name}` has no `END`")))
}

/// The label of a line that begins or ends a block.
fn label<'t>(line: &'t [u8], start: &[u8]) -> Option<&'t str> {
    let label = line.strip_prefix(start)?.strip_suffix(b"-----")?;
    std::str::from_utf8(label).ok().map(str::trim)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn error(line: usize, reason: String) -> PemError {
    PemError { line, reason }
}
