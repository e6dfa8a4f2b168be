//! Chunks: the borders of the top-level blocks and arguments of a file.
//!
//! Each is parsed on its own, so that a syntax error in one does not hide those of others. Where
//! one is never closed it ends before the next line that looks like a top-level block.

use super::lexer::{CODE, Lexer, continues_name};
use super::token::{Kind, Token};

/// The tokens of one top-level block or argument, with what stands before it.
pub(crate) struct Chunk {
    pub(crate) tokens: Vec<Token>,
    /// Its last byte's successor.
    pub(crate) end: usize,
}

/// So many chunks are cut short before the rest of a file is taken for one.
const MAX_CUTS: usize = 64;

/// Goes through a file chunk by chunk.
pub(crate) struct Chunks<'a> {
    text: &'a str,
    pos: usize,
    cuts: usize,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, pos: 0, cuts: 0 }
    }
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        if self.pos >= self.text.len() {
            return None;
        }
        let mut scan = scan(self.text, self.pos, self.text.len());
        if scan.open
            && self.cuts < MAX_CUTS
            && let Some(cut) = next_header(self.text, &scan.chunk)
        {
            self.cuts += 1;
            scan = self::scan(self.text, self.pos, cut);
            scan.chunk.end = cut;
        }
        self.pos = scan.chunk.end;
        Some(scan.chunk)
    }
}

struct Scan {
    chunk: Chunk,
    /// Whether the text ended before the chunk.
    open: bool,
}

fn scan(text: &str, start: usize, end: usize) -> Scan {
    let mut lexer = Lexer::new(text, start, end, CODE);
    let mut tokens = Vec::new();
    let mut open: Vec<Kind> = Vec::new();
    let mut begun = false;
    loop {
        let token = lexer.next();
        let line_ends = matches!(token.kind, Kind::Newline | Kind::LineComment);
        tokens.push(token);
        if token.kind == Kind::End {
            let open = !open.is_empty() || !lexer.in_base();
            return Scan { chunk: Chunk { tokens, end }, open };
        }
        if !lexer.in_base() || matches!(token.kind, Kind::CloseSequence) {
            continue;
        }
        if line_ends && begun && open.is_empty() {
            tokens.push(Token { kind: Kind::End, start: token.end, end: token.end });
            return Scan { chunk: Chunk { tokens, end: at(token.end) }, open: false };
        }
        begun |= !line_ends && token.kind != Kind::BlockComment;
        balance(&mut open, token.kind);
    }
}

/// Opens or closes a bracket; what was left open inside is forgotten.
fn balance(open: &mut Vec<Kind>, kind: Kind) {
    match kind {
        Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen => open.extend(kind.closer()),
        Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen => {
            if let Some(i) = open.iter().rposition(|closer| *closer == kind) {
                open.truncate(i);
            }
        }
        _ => {}
    }
}

/// Where the next line after the first begins that looks like the header of a top-level block.
///
/// In an unclosed block lines inside of heredocs do not count.
fn next_header(text: &str, chunk: &Chunk) -> Option<usize> {
    let unclosed = chunk.tokens.iter().rev().find(|t| t.kind == Kind::OpenHeredoc);
    let closed = chunk.tokens.iter().rev().find(|t| t.kind == Kind::CloseHeredoc);
    if let Some(heredoc) = unclosed.filter(|h| closed.is_none_or(|c| c.start < h.start)) {
        let body = text.get(at(heredoc.end)..chunk.end)?;
        let mut pos = at(heredoc.end);
        for line in body.split_inclusive('\n') {
            if is_header(line) {
                return Some(pos);
            }
            pos += line.len();
        }
        return None;
    }
    let lines = chunk.tokens.iter().filter(|t| matches!(t.kind, Kind::Newline | Kind::LineComment));
    let significant =
        |t: &&Token| !matches!(t.kind, Kind::Newline | Kind::LineComment | Kind::BlockComment);
    let first = chunk.tokens.iter().find(significant)?.start;
    let starts = lines.map(|t| t.end).filter(|end| *end > first);
    starts.map(at).find(|pos| text.get(*pos..).is_some_and(is_header))
}

/// `resource "a" "b" {`, at the very start of the line, for a known kind of block.
fn is_header(line: &str) -> bool {
    let line = line.split('\n').next().unwrap_or_default();
    let after = |text: &'_ str, n: usize| text.get(n..).map(|rest| rest.trim_start().to_owned());
    let word = |text: &str| text.find(|c: char| !continues_name(c)).unwrap_or(text.len());
    let len = word(line);
    if !line.get(..len).is_some_and(crate::config::top_level::is_known) {
        return false;
    }
    let mut rest = after(line, len);
    while let Some(text) = rest {
        rest = match text.strip_prefix('"') {
            _ if text.starts_with('{') => return true,
            Some(label) => label.find('"').and_then(|end| after(label, end + 1)),
            None => Some(word(&text)).filter(|n| *n > 0).and_then(|n| after(&text, n)),
        };
    }
    false
}

fn at(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
