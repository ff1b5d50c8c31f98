//! The few character sets a configuration may name beside UTF-8: those every Java runtime must have.

/// How characters become bytes.
#[derive(Clone, Copy)]
pub(crate) enum Charset {
    Utf8,
    Ascii,
    Latin1,
    Utf16BigEndian,
    Utf16LittleEndian,
}

impl Charset {
    /// The character set of a name, in any case; the usual aliases are known.
    pub(crate) fn named(name: &str) -> Option<Charset> {
        Some(match name.trim().to_ascii_uppercase().as_str() {
            "UTF-8" | "UTF8" => Charset::Utf8,
            "US-ASCII" | "ASCII" => Charset::Ascii,
            "ISO-8859-1" | "ISO8859_1" | "LATIN1" => Charset::Latin1,
            "UTF-16BE" => Charset::Utf16BigEndian,
            "UTF-16LE" => Charset::Utf16LittleEndian,
            _ => return None,
        })
    }

    /// The text of bytes, or nothing when they are not text in this set.
    pub(crate) fn decode(self, bytes: Vec<u8>) -> Option<String> {
        match self {
            Charset::Utf8 => String::from_utf8(bytes).ok(),
            Charset::Ascii => bytes.is_ascii().then(|| bytes.into_iter().map(char::from).collect()),
            Charset::Latin1 => Some(bytes.into_iter().map(char::from).collect()),
            Charset::Utf16BigEndian => utf16(&bytes, u16::from_be_bytes),
            Charset::Utf16LittleEndian => utf16(&bytes, u16::from_le_bytes),
        }
    }

    /// The bytes of a text, or nothing when this set lacks one of its characters.
    pub(crate) fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Charset::Utf8 => Some(text.as_bytes().to_vec()),
            Charset::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Charset::Latin1 => text.chars().map(|character| u8::try_from(character).ok()).collect(),
            Charset::Utf16BigEndian => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Charset::Utf16LittleEndian => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}
