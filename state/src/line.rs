//! The one-line envelope of journal frames, plan files and the lock record:
//! `crc32c length sequence previous JSON\n`.
//!
//! The checksum covers everything after itself; `previous` is the [`link`] of the line before.

use crate::digest::Digest;

/// One line, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number; the first of a file is 0, a lock record's is its term.
    pub sequence: u64,
    /// The link of the line before.
    pub previous: Digest,
    /// The payload.
    pub json: &'a str,
}

/// Why some bytes are no whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No line feed: it was cut off.
    #[error("the line is cut off")]
    Cut,
    /// The bytes are not those that were written.
    #[error("the checksum does not match")]
    Checksum,
    /// The checksum matches but the fields do not make sense.
    #[error("the line has the wrong fields")]
    Malformed,
}

/// Writes a line. `json` is one JSON text; line breaks between its tokens become spaces.
pub fn encode(sequence: u64, previous: Digest, json: &str) -> String {
    let flat;
    let json = if json.contains(['\n', '\r']) {
        flat = json.replace(['\n', '\r'], " ");
        &flat
    } else {
        json
    };
    let body = format!("{} {sequence} {previous} {json}", json.len());
    format!("{:08x} {body}\n", crc32c::crc32c(body.as_bytes()))
}

/// Reads the first line of `bytes` and says how many bytes it takes.
///
/// # Errors
/// Says why the bytes do not start with a whole, undamaged line.
pub fn parse(bytes: &[u8]) -> Result<(Line<'_>, usize), LineError> {
    let end = bytes.iter().position(|&byte| byte == b'\n').ok_or(LineError::Cut)?;
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| LineError::Checksum)?;
    let (checksum, body) = text.split_once(' ').ok_or(LineError::Checksum)?;
    if checksum != format!("{:08x}", crc32c::crc32c(body.as_bytes())) {
        return Err(LineError::Checksum);
    }
    let line = fields(body).ok_or(LineError::Malformed)?;
    Ok((line, end + 1))
}

fn fields(body: &str) -> Option<Line<'_>> {
    let mut parts = body.splitn(4, ' ');
    let length: usize = parts.next()?.parse().ok()?;
    let sequence = parts.next()?.parse().ok()?;
    let previous = parts.next()?.parse().ok()?;
    let json = parts.next()?;
    (json.len() == length).then_some(Line { sequence, previous, json })
}

/// The link that the next line carries: the hash of this whole line, line feed included.
pub fn link(line: &str) -> Digest {
    Digest::of(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        let text = encode(7, Digest::of(b"before"), r#"{"a": "b c"}"#);
        let line = Line { sequence: 7, previous: Digest::of(b"before"), json: r#"{"a": "b c"}"# };
        assert_eq!(parse(text.as_bytes()), Ok((line, text.len())));
    }

    #[test]
    fn line_breaks_of_the_payload_stay_out_of_the_line() {
        let text = encode(0, Digest::ZERO, "{\n\"a\":\r\n1}");
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(parse(text.as_bytes()).unwrap().0.json, "{ \"a\":  1}");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let text = encode(3, Digest::of(b"x"), r#"{"step":"a","n":[1,2,3]}"#);
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&bytes).is_err(), "bit {bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(parse(&text.as_bytes()[..cut]), Err(LineError::Cut), "cut {cut}");
        }
    }
}
