//! Escapes in texts.

use super::cursor::Parser;
use super::token::Token;
use crate::config::codes;
use lifeboat_sdk::Span;

impl Parser<'_> {
    /// The text of a token, in quotes with backslash escapes.
    pub(super) fn unescape(&mut self, token: Token, quoted: bool) -> String {
        let raw = self.text_of(token);
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(c) = rest.chars().next() {
            let len = match c {
                '\\' if quoted => match escape(rest) {
                    (len, Ok(c)) => {
                        out.push(c);
                        len
                    }
                    (len, Err(detail)) => {
                        let start = token.start + offset(raw.len() - rest.len());
                        let span = Span { file: self.file, start, end: start + offset(len) };
                        self.note(&codes::INVALID_ESCAPE, span, detail);
                        len
                    }
                },
                '$' | '%'
                    if rest.get(1..).is_some_and(|r| r.starts_with([c]))
                        && rest.get(2..).is_some_and(|r| r.starts_with('{')) =>
                {
                    out.push(c);
                    out.push('{');
                    3
                }
                c => {
                    out.push(c);
                    c.len_utf8()
                }
            };
            rest = rest.get(len..).unwrap_or_default();
        }
        out
    }
}

/// The escape at the start of `text`: its length and what it stands for.
fn escape(text: &str) -> (usize, Result<char, &'static str>) {
    let Some(c) = text.chars().nth(1) else {
        return (1, Err("A backslash must be followed by a character; `\\\\` is a backslash."));
    };
    let digits = match c {
        'n' => return (2, Ok('\n')),
        'r' => return (2, Ok('\r')),
        't' => return (2, Ok('\t')),
        '"' => return (2, Ok('"')),
        '\\' => return (2, Ok('\\')),
        'u' => 4,
        'U' => 8,
        _ => {
            let detail = "The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; \
                          `\\\\` is a backslash.";
            return (1 + c.len_utf8(), Err(detail));
        }
    };
    let hex: &str = text.get(2..).unwrap_or_default();
    let len = hex.bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
    let code = hex.get(..len).and_then(|h| u32::from_str_radix(h, 16).ok());
    let c = code.filter(|_| len == digits).and_then(char::from_u32);
    let detail = "After \\u four and after \\U eight hexadecimal digits must follow, which are a \
                  Unicode character (not half of a pair).";
    (2 + len, c.ok_or(detail))
}

fn offset(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
