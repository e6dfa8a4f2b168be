//! The lexer: cuts text into tokens. It never fails; what means nothing is a token too.

use super::token::{Kind, Token};

/// Where the lexer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Code; `braces` are open inside a template sequence, of which `}` beyond is the end.
    Code { sequence: bool, braces: u32 },
    /// Between quotes.
    Quoted,
    /// In a heredoc with the marker at these bytes.
    Heredoc { marker: (usize, usize), line_start: bool },
    /// The text of a template that is a file.
    Template,
}

/// What it starts in.
pub(crate) const CODE: Mode = Mode::Code { sequence: false, braces: 0 };

/// Cuts `text` from `pos` to `end`.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    end: usize,
    modes: Vec<Mode>,
}

/// Whether a character may begin an identifier.
pub(crate) fn begins_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether a character may go on in an identifier.
pub(crate) fn continues_name(c: char) -> bool {
    c == '-'
        || c == '_'
        || c.is_alphanumeric()
        || (!c.is_ascii() && unicode_normalization::char::is_combining_mark(c))
}

/// Whether the text is an identifier.
pub fn is_name(text: &str) -> bool {
    text.starts_with(begins_name) && text.chars().all(continues_name)
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, pos: usize, end: usize, mode: Mode) -> Self {
        let bom = pos == 0 && text.starts_with('\u{feff}') && mode == CODE;
        Self { text, pos: if bom { 3 } else { pos }, end, modes: vec![mode] }
    }

    /// Whether it stands in code outside of any template.
    pub(crate) fn in_base(&self) -> bool {
        self.modes.len() == 1
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.pos..self.end).unwrap_or_default()
    }

    fn token(&mut self, kind: Kind, len: usize) -> Token {
        let start = self.pos;
        self.pos = (start + len).min(self.end);
        Token { kind, start: offset(start), end: offset(self.pos) }
    }

    /// The next token; at the end it is `End` for ever.
    pub(crate) fn next(&mut self) -> Token {
        if self.pos >= self.end {
            return self.token(Kind::End, 0);
        }
        match self.modes.last().copied().unwrap_or(CODE) {
            Mode::Code { sequence, braces } => self.code(sequence, braces),
            Mode::Quoted => self.quoted(),
            Mode::Heredoc { marker, line_start } => self.heredoc(marker, line_start),
            Mode::Template => match self.sequence() {
                Some(token) => token,
                None => {
                    let len = literal_len(self.rest(), |_| false);
                    self.token(Kind::Text, len)
                }
            },
        }
    }

    fn code(&mut self, sequence: bool, braces: u32) -> Token {
        let blank = self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.pos += blank;
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return self.token(Kind::End, 0) };
        if begins_name(c) {
            let len = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            return self.token(Kind::Ident, len);
        }
        if c.is_ascii_digit() {
            return self.token(Kind::Number, number_len(rest));
        }
        match c {
            '"' => {
                self.modes.push(Mode::Quoted);
                self.token(Kind::OpenQuote, 1)
            }
            '{' => {
                self.set(Mode::Code { sequence, braces: braces + 1 });
                self.token(Kind::OpenBrace, 1)
            }
            '}' | '~' if sequence && braces == 0 && (c == '}' || rest.starts_with("~}")) => {
                self.modes.pop();
                self.token(Kind::CloseSequence, if c == '}' { 1 } else { 2 })
            }
            '}' => {
                self.set(Mode::Code { sequence, braces: braces.saturating_sub(1) });
                self.token(Kind::CloseBrace, 1)
            }
            '#' => self.line_comment(rest),
            '/' if rest.starts_with("//") => self.line_comment(rest),
            '/' if rest.starts_with("/*") => match rest.get(2..).and_then(|r| r.find("*/")) {
                Some(len) => self.token(Kind::BlockComment, len + 4),
                None => self.token(Kind::UnclosedComment, rest.len()),
            },
            '<' if rest.starts_with("<<") => self.open_heredoc(rest),
            _ => self.symbol(rest, c),
        }
    }

    fn set(&mut self, mode: Mode) {
        if let Some(last) = self.modes.last_mut() {
            *last = mode;
        }
    }

    fn line_comment(&mut self, rest: &str) -> Token {
        let len = rest.find('\n').map_or(rest.len(), |i| i + 1);
        self.token(Kind::LineComment, len)
    }

    fn open_heredoc(&mut self, rest: &str) -> Token {
        let dash = usize::from(rest.starts_with("<<-"));
        let name = rest.get(2 + dash..).unwrap_or_default();
        let len = name.find(|c| !continues_name(c)).unwrap_or(name.len());
        let after = name.get(len..).unwrap_or_default();
        let newline = match after {
            _ if after.starts_with('\n') => 1,
            _ if after.starts_with("\r\n") => 2,
            _ => 0,
        };
        if newline == 0 || !name.starts_with(begins_name) {
            return self.symbol(rest, '<');
        }
        let start = self.pos + 2 + dash;
        self.modes.push(Mode::Heredoc { marker: (start, start + len), line_start: true });
        self.token(Kind::OpenHeredoc, 2 + dash + len + newline)
    }

    fn symbol(&mut self, rest: &str, c: char) -> Token {
        const LONG: &[(&str, Kind)] = &[
            ("...", Kind::Ellipsis),
            ("\r\n", Kind::Newline),
            ("==", Kind::EqualEqual),
            ("=>", Kind::FatArrow),
            ("!=", Kind::NotEqual),
            ("<=", Kind::LessEqual),
            (">=", Kind::GreaterEqual),
            ("&&", Kind::AndAnd),
            ("||", Kind::OrOr),
            ("::", Kind::DoubleColon),
        ];
        if let Some((text, kind)) = LONG.iter().find(|(text, _)| rest.starts_with(text)) {
            return self.token(*kind, text.len());
        }
        let kind = match c {
            '\n' => Kind::Newline,
            '[' => Kind::OpenBracket,
            ']' => Kind::CloseBracket,
            '(' => Kind::OpenParen,
            ')' => Kind::CloseParen,
            '=' => Kind::Equal,
            '<' => Kind::Less,
            '>' => Kind::Greater,
            '!' => Kind::Bang,
            '+' => Kind::Plus,
            '-' => Kind::Minus,
            '*' => Kind::Star,
            '/' => Kind::Slash,
            '%' => Kind::Percent,
            '?' => Kind::Question,
            ':' => Kind::Colon,
            '.' => Kind::Dot,
            ',' => Kind::Comma,
            _ => Kind::Invalid,
        };
        self.token(kind, c.len_utf8())
    }

    /// `${` or `%{`, with a `~`.
    fn sequence(&mut self) -> Option<Token> {
        let rest = self.rest();
        let kind = match rest {
            _ if rest.starts_with("${") => Kind::Interpolation,
            _ if rest.starts_with("%{") => Kind::Directive,
            _ => return None,
        };
        self.modes.push(Mode::Code { sequence: true, braces: 0 });
        let strip = rest.get(2..).is_some_and(|r| r.starts_with('~'));
        Some(self.token(kind, if strip { 3 } else { 2 }))
    }

    fn quoted(&mut self) -> Token {
        if let Some(token) = self.sequence() {
            return token;
        }
        let rest = self.rest();
        if rest.starts_with('"') {
            self.modes.pop();
            return self.token(Kind::CloseQuote, 1);
        }
        if rest.starts_with('\n') || rest.starts_with("\r\n") {
            let len = if rest.starts_with('\n') { 1 } else { 2 };
            let token = self.token(Kind::QuotedNewline, len);
            self.pos -= len;
            self.leave_quotes();
            return token;
        }
        let len = literal_len(rest, |r| r.starts_with(['"', '\n']) || r.starts_with("\r\n"));
        self.token(Kind::QuotedText, len)
    }

    /// Text in quotes ends with its line: goes back to the code around the outermost quotes.
    fn leave_quotes(&mut self) {
        let inner = |mode: &Mode| matches!(mode, Mode::Heredoc { .. } | Mode::Template);
        let floor = self.modes.iter().rposition(inner).map_or(0, |i| i + 1);
        let quoted = self.modes.iter().skip(floor).position(|m| *m == Mode::Quoted);
        if let Some(outermost) = quoted {
            self.modes.truncate(floor + outermost);
        }
    }

    fn heredoc(&mut self, marker: (usize, usize), line_start: bool) -> Token {
        let rest = self.rest();
        if line_start {
            let line = rest.find('\n').map_or(rest, |i| rest.get(..i).unwrap_or_default());
            let word = line.trim();
            if !word.is_empty() && self.text.get(marker.0..marker.1) == Some(word) {
                self.modes.pop();
                return self.token(Kind::CloseHeredoc, line.trim_end_matches('\r').len());
            }
        }
        if let Some(token) = self.sequence() {
            let below = self.modes.len().saturating_sub(2);
            if let Some(mode) = self.modes.get_mut(below) {
                *mode = Mode::Heredoc { marker, line_start: false };
            }
            return token;
        }
        let mut len = literal_len(rest, |r| r.starts_with('\n'));
        let whole = rest.get(len..).is_some_and(|r| r.starts_with('\n'));
        len += usize::from(whole);
        self.set(Mode::Heredoc { marker, line_start: whole });
        self.token(Kind::Text, len)
    }
}

fn offset(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The length of text before `${`, `%{` or where `ends` says so; at least one character.
fn literal_len(rest: &str, ends: impl Fn(&str) -> bool) -> usize {
    let mut len = 0;
    while let Some(r) = rest.get(len..).filter(|r| !r.is_empty()) {
        if r.starts_with("$${") || r.starts_with("%%{") {
            len += 3;
        } else if r.starts_with("${") || r.starts_with("%{") || ends(r) {
            break;
        } else if r.starts_with('\\') && ends("\"") {
            // In quotes: the escaped character belongs to it, a quote too.
            let escaped = r.chars().nth(1).filter(|c| !matches!(c, '\n' | '\r'));
            len += 1 + escaped.map_or(0, char::len_utf8);
        } else {
            len += r.chars().next().map_or(1, char::len_utf8);
        }
    }
    len
}

/// The length of a number: digits, a fraction, an exponent; `1.e3` too, but not `1.`.
fn number_len(rest: &str) -> usize {
    let byte = |at: usize| rest.as_bytes().get(at).copied();
    let digits = |from: usize| rest.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let exponent = |from: usize| {
        if !matches!(byte(from), Some(b'e' | b'E')) {
            return 0;
        }
        let sign = usize::from(matches!(byte(from + 1), Some(b'+' | b'-')));
        match digits(from + 1 + sign) {
            0 => 0,
            n => 1 + sign + n,
        }
    };
    let mut len = digits(0);
    if byte(len) == Some(b'.') && (digits(len + 1) > 0 || exponent(len + 1) > 0) {
        len += 1 + digits(len + 1);
    }
    len + exponent(len)
}
