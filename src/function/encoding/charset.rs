//! Character encodings by their IANA names.

use encoding_rs::{DecoderResult, EncoderResult, Encoding};

/// A character encoding.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    /// UTF-8.
    Utf8,
    /// UTF-16, the first character telling the byte order; big-endian if it does not.
    Utf16,
    /// UTF-16, big-endian.
    Utf16Be,
    /// UTF-16, little-endian.
    Utf16Le,
    /// The first 128 (US-ASCII) or 256 (ISO 8859-1) characters of Unicode.
    First(u32),
    /// Anything else.
    Other(&'static Encoding),
}

/// Finds an encoding; upper and lower case are alike.
pub(super) fn find(name: &str) -> Option<Charset> {
    let name = name.to_ascii_lowercase();
    Some(match &*name {
        "utf-8" | "utf8" | "csutf8" => Charset::Utf8,
        "utf-16" | "csutf16" => Charset::Utf16,
        "utf-16be" | "csutf16be" => Charset::Utf16Be,
        "utf-16le" | "csutf16le" => Charset::Utf16Le,
        "us-ascii" | "ascii" | "iso-ir-6" | "ansi_x3.4-1968" | "ansi_x3.4-1986"
        | "iso_646.irv:1991" | "iso646-us" | "us" | "ibm367" | "cp367" | "csascii" => {
            Charset::First(0x80)
        }
        "iso-8859-1" | "iso_8859-1" | "iso_8859-1:1987" | "iso-ir-100" | "latin1" | "l1"
        | "ibm819" | "cp819" | "csisolatin1" => Charset::First(0x100),
        name => Charset::Other(Encoding::for_label_no_replacement(name.as_bytes())?),
    })
}

/// The text in bytes; `None` if it has a character that the encoding lacks.
pub(super) fn encode(charset: Charset, text: &str) -> Option<Vec<u8>> {
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
    match charset {
        Charset::Utf8 => Some(text.as_bytes().to_vec()),
        Charset::Utf16 => {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            Some(units.flat_map(u16::to_be_bytes).collect())
        }
        Charset::Utf16Be => Some(wide(u16::to_be_bytes)),
        Charset::Utf16Le => Some(wide(u16::to_le_bytes)),
        Charset::First(limit) => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok().filter(|b| u32::from(*b) < limit))
            .collect(),
        Charset::Other(encoding) => {
            let mut encoder = encoding.new_encoder();
            let longest = encoder.max_buffer_length_from_utf8_without_replacement(text.len())?;
            let mut bytes = Vec::with_capacity(longest);
            let (result, _) =
                encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
            matches!(result, EncoderResult::InputEmpty).then_some(bytes)
        }
    }
}

/// The text that bytes stand for; `None` if some stand for nothing.
pub(super) fn decode(charset: Charset, bytes: &[u8]) -> Option<String> {
    match charset {
        Charset::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
        Charset::Utf16 => match bytes {
            [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
            all => wide(all, u16::from_be_bytes),
        },
        Charset::Utf16Be => wide(bytes, u16::from_be_bytes),
        Charset::Utf16Le => wide(bytes, u16::from_le_bytes),
        Charset::First(limit) => bytes
            .iter()
            .map(|b| if u32::from(*b) < limit { Some(char::from(*b)) } else { None })
            .collect(),
        Charset::Other(encoding) => {
            let mut decoder = encoding.new_decoder_without_bom_handling();
            let longest = decoder.max_utf8_buffer_length_without_replacement(bytes.len())?;
            let mut text = String::with_capacity(longest);
            let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
            matches!(result, DecoderResult::InputEmpty).then_some(text)
        }
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}
