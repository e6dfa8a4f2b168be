//! `Parser`: walks over the tokens of a chunk, with or without newlines, and recovers.

use lifeboat_sdk::{Diagnostics, FileId, Span};

use super::Interner;
use super::token::{Kind, Token};
use crate::config::ast::{Expr, ExprKind};
use crate::config::codes::{self, Code};

/// So many levels of blocks and expressions may lie in each other.
pub(crate) const MAX_DEPTH: u32 = 200;

/// The state of parsing one chunk.
pub(crate) struct Parser<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    tokens: &'a [Token],
    pos: usize,
    previous: Token,
    /// Whether newlines count, innermost last.
    newlines: Vec<bool>,
    /// After a syntax error further ones of this argument or block are its consequence.
    pub(super) recovering: bool,
    pub(super) depth: u32,
    pub(super) names: &'a mut Interner,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        file: FileId,
        text: &'a str,
        tokens: &'a [Token],
        names: &'a mut Interner,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let previous = Token { kind: Kind::Newline, start: 0, end: 0 };
        Self {
            file,
            text,
            tokens,
            pos: 0,
            previous,
            newlines: vec![true],
            recovering: false,
            depth: 0,
            names,
            diagnostics,
        }
    }

    /// The next token that counts.
    pub(super) fn peek(&self) -> Token {
        self.tokens.get(self.ahead()).copied().unwrap_or_else(|| self.end())
    }

    fn end(&self) -> Token {
        let end = self.tokens.last().map_or(0, |t| t.end);
        Token { kind: Kind::End, start: end, end }
    }

    /// Where the next token that counts is.
    fn ahead(&self) -> usize {
        let newlines = self.newlines.last().copied().unwrap_or(true);
        let mut pos = self.pos;
        while let Some(token) = self.tokens.get(pos) {
            match token.kind {
                Kind::BlockComment => {}
                Kind::Newline | Kind::LineComment if !newlines => {}
                _ => break,
            }
            pos += 1;
        }
        pos
    }

    /// The next token that counts; it is gone then. A comment up to the newline is a newline.
    pub(super) fn read(&mut self) -> Token {
        let token = self.peek();
        self.pos = self.ahead() + usize::from(token.kind != Kind::End);
        self.previous = token;
        token
    }

    /// The token read last.
    pub(super) fn previous(&self) -> Token {
        self.previous
    }

    /// Whether the next token is of that kind.
    pub(super) fn at(&self, kind: Kind) -> bool {
        self.peek().kind == kind
    }

    /// Whether the next token ends a line.
    pub(super) fn at_newline(&self) -> bool {
        matches!(self.peek().kind, Kind::Newline | Kind::LineComment)
    }

    /// Whether the next token is that word.
    pub(super) fn at_word(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Ident && self.text_of(token) == word
    }

    pub(super) fn text_of(&self, token: Token) -> &'a str {
        self.text.get(byte(token.start)..byte(token.end)).unwrap_or_default()
    }

    pub(super) fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }

    /// From the start of one token to the end of another.
    pub(super) fn between(&self, from: Token, to: Token) -> Span {
        Span { file: self.file, start: from.start, end: to.end.max(from.end) }
    }

    /// What stands in the place of an error, of no width before `token`.
    pub(super) fn invalid(&self, token: Token) -> Expr {
        let span = Span { file: self.file, start: token.start, end: token.start };
        Expr { kind: ExprKind::Invalid, span }
    }

    /// From here on newlines count, or not.
    pub(super) fn push_newlines(&mut self, count: bool) {
        self.newlines.push(count);
    }

    pub(super) fn pop_newlines(&mut self) {
        self.newlines.pop();
    }

    /// Reports a syntax error, unless one was reported already.
    pub(super) fn error(&mut self, code: &Code, span: Span, detail: impl Into<String>) {
        if !self.recovering {
            self.diagnostics.push(code.error(detail).at(span));
        }
        self.recovering = true;
    }

    /// Reports what does not confuse the parser.
    pub(super) fn note(&mut self, code: &Code, span: Span, detail: impl Into<String>) {
        self.diagnostics.push(code.error(detail).at(span));
    }

    /// One level deeper; `false`, with an error and nothing left to read, where it is too deep.
    pub(super) fn descend(&mut self) -> bool {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            return true;
        }
        let here = self.span(self.peek());
        self.error(
            &codes::TOO_DEEP,
            here,
            format!("Blocks and expressions may lie in each other {MAX_DEPTH} levels deep."),
        );
        self.pos = self.tokens.len();
        false
    }

    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Skips to after the token that closes what `open` opened before; returns it or the end.
    pub(super) fn recover(&mut self, open: Kind) -> Token {
        self.recovering = true;
        let Some(close) = open.closer() else { return self.previous };
        let mut depth = 0_u32;
        loop {
            let token = self.read();
            match token.kind {
                Kind::End => return token,
                kind if kind == close && depth == 0 => return token,
                kind if kind == close => depth -= 1,
                kind if kind.closer() == Some(close) => depth += 1,
                // Quotes end with their line.
                Kind::QuotedNewline if close == Kind::CloseQuote => return token,
                _ => {}
            }
        }
    }

    /// Skips to after the newline that ends this argument or block.
    pub(super) fn recover_line(&mut self) {
        self.recovering = true;
        self.push_newlines(true);
        let mut open: Vec<Kind> = Vec::new();
        loop {
            let token = self.read();
            match token.kind {
                Kind::End => break,
                Kind::Newline | Kind::LineComment if open.is_empty() => break,
                Kind::QuotedNewline => open.retain(|k| *k != Kind::CloseQuote),
                kind if kind.closes() => {
                    if let Some(i) = open.iter().rposition(|closer| *closer == kind) {
                        open.truncate(i);
                    }
                }
                kind => open.extend(kind.closer()),
            }
        }
        self.pop_newlines();
    }
}

pub(super) fn byte(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
