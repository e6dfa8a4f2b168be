//! Parsing of templates: texts in quotes, heredocs and template files.

use lifeboat_sdk::{Name, Span, Value};
use unicode_segmentation::UnicodeSegmentation;

use super::cursor::Parser;
use super::token::{Kind, Token};
use crate::config::ast::{Expr, ExprKind, ForPart, IfPart, Part};
use crate::config::codes;

/// A template before its directives are matched.
enum Piece {
    Text { text: String, span: Span },
    Interpolation(Expr),
    If { condition: Expr, span: Span },
    For { key: Option<Name>, value: Name, collection: Expr, span: Span },
    Word { word: Word, span: Span },
}

/// The directives that end or divide another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Else,
    EndIf,
    EndFor,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::Else => "else",
            Self::EndIf => "endif",
            Self::EndFor => "endfor",
        }
    }
}

impl Parser<'_> {
    /// A text in quotes or a heredoc.
    pub(super) fn template(&mut self) -> Expr {
        let open = self.read();
        let flush = open.kind == Kind::OpenHeredoc && self.text_of(open).starts_with("<<-");
        let close =
            if open.kind == Kind::OpenQuote { Kind::CloseQuote } else { Kind::CloseHeredoc };
        let mut pieces = self.pieces(close);
        let end = self.span(self.previous());
        if flush {
            unindent(&mut pieces);
        }
        let span = Span { end: end.end, ..self.span(open) };
        self.assemble(pieces, span, end)
    }

    /// A whole file as a template.
    pub(super) fn template_file(&mut self) -> Expr {
        let first = self.peek();
        let pieces = self.pieces(Kind::End);
        let end = self.span(self.previous());
        let span = self.between(first, self.previous());
        self.assemble(pieces, span, end)
    }

    fn assemble(&mut self, pieces: Vec<Piece>, span: Span, end: Span) -> Expr {
        let lone = matches!(pieces.as_slice(), [Piece::Interpolation(_)]);
        let mut pieces = pieces.into_iter().peekable();
        let parts = self.parts(&mut pieces, None, end);
        let kind = match (lone, parts.len()) {
            (true, 1) => match parts.into_iter().next() {
                Some(Part::Interpolation(expr)) => ExprKind::Wrap(Box::new(expr)),
                _ => ExprKind::Invalid,
            },
            (_, 0) => ExprKind::Literal(Value::string("")),
            _ => literal(parts),
        };
        Expr { kind, span }
    }

    /// Everything up to the closing token, stripped where `~` says so.
    fn pieces(&mut self, close: Kind) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut strip_next = false;
        loop {
            let token = self.read();
            let strip = std::mem::take(&mut strip_next);
            match token.kind {
                kind if kind == close => return pieces,
                Kind::QuotedText | Kind::Text => {
                    let text = self.unescape(token, token.kind == Kind::QuotedText);
                    let text = if strip { text.trim_start().to_owned() } else { text };
                    pieces.push(Piece::Text { text, span: self.span(token) });
                }
                Kind::Interpolation | Kind::Directive => {
                    if self.text_of(token).ends_with('~') {
                        strip_last(&mut pieces);
                    }
                    self.push_newlines(false);
                    let piece = if token.kind == Kind::Interpolation {
                        Some(Piece::Interpolation(self.expression()))
                    } else {
                        self.directive(token)
                    };
                    strip_next = self.close_sequence(token, close);
                    self.pop_newlines();
                    let end = self.previous().end;
                    pieces.extend(piece.map(|p| p.until(end)));
                }
                Kind::QuotedNewline => {
                    let detail = "A text in quotes ends on its line; `\\n` stands for a newline, \
                                  and a heredoc (`<<EOT`) holds several lines.";
                    let span = self.span(token);
                    self.error(&codes::UNCLOSED_TEXT, span, detail);
                    return pieces;
                }
                _ => {
                    let (code, detail) = match close {
                        Kind::CloseQuote => (&codes::UNCLOSED_TEXT, "The text is not closed."),
                        _ => {
                            (&codes::UNCLOSED_HEREDOC, "The line that ends the heredoc is missing.")
                        }
                    };
                    let span = self.span(token);
                    self.error(code, span, detail);
                    return pieces;
                }
            }
        }
    }

    /// Reads the end of `${…` or `%{…`; whether it strips what follows.
    fn close_sequence(&mut self, open: Token, close: Kind) -> bool {
        let token = self.peek();
        if token.kind == Kind::CloseSequence && !self.recovering {
            self.read();
            return self.text_of(token).starts_with('~');
        }
        let quote = matches!(token.kind, Kind::CloseQuote | Kind::OpenQuote);
        let unclosed = token.kind == Kind::End
            || token.kind == Kind::QuotedNewline
            || (quote && close == Kind::CloseQuote);
        let (place, detail) = if unclosed {
            (open, "The template sequence is not closed by a \"}\".")
        } else {
            (token, "The template sequence must end here with \"}\".")
        };
        let span = self.span(place);
        self.error(&codes::TEMPLATE_SYNTAX, span, detail);
        self.recover(Kind::Interpolation);
        false
    }

    /// What stands between `%{` and `}`.
    fn directive(&mut self, open: Token) -> Option<Piece> {
        let word = self.peek();
        let span = self.span(open);
        if word.kind != Kind::Ident {
            return self
                .directive_error(word, "After `%{` a word such as `if` or `for` must follow.");
        }
        self.read();
        match self.text_of(word) {
            "if" => Some(Piece::If { condition: self.expression(), span }),
            "for" => {
                let (key, value) = self.directive_names()?;
                if !self.at_word("in") {
                    return self.directive_error(self.peek(), "After the names `in` must follow.");
                }
                self.read();
                Some(Piece::For { key, value, collection: self.expression(), span })
            }
            "else" => Some(Piece::Word { word: Word::Else, span }),
            "endif" => Some(Piece::Word { word: Word::EndIf, span }),
            "endfor" => Some(Piece::Word { word: Word::EndFor, span }),
            _ => self.directive_error(word, "The directives are if, else, endif, for and endfor."),
        }
    }

    fn directive_names(&mut self) -> Option<(Option<Name>, Name)> {
        let mut names = Vec::new();
        loop {
            let token = self.peek();
            if token.kind != Kind::Ident {
                return self.directive_error(token, "Here the name of an element must stand.");
            }
            self.read();
            let text = self.text_of(token);
            names.push(self.names.get(text));
            if names.len() == 2 || !self.at(Kind::Comma) {
                break;
            }
            self.read();
        }
        let value = names.pop()?;
        Some((names.pop(), value))
    }

    fn directive_error<T>(&mut self, at: Token, detail: &'static str) -> Option<T> {
        let span = self.span(at);
        self.error(&codes::TEMPLATE_SYNTAX, span, detail);
        None
    }

    /// The parts up to the directive that ends `block`, or to the end.
    fn parts(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        block: Option<Block>,
        end: Span,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut text: Option<(String, Span)> = None;
        while let Some(piece) =
            pieces.next_if(|p| block.is_none() || !matches!(p, Piece::Word { .. }))
        {
            if let Piece::Text { text: more, span } = piece {
                let (all, place) = text.get_or_insert_with(|| (String::new(), span));
                all.push_str(&more);
                place.end = span.end;
                continue;
            }
            parts.extend(text.take().map(|(text, span)| Part::Text(text.into(), span)));
            match piece {
                Piece::Text { .. } => {}
                Piece::Interpolation(expr) => parts.push(Part::Interpolation(expr)),
                Piece::Word { word, span } => self.unexpected(word, span),
                Piece::If { condition, span } => {
                    let part = self.if_part(pieces, condition, span, end);
                    parts.push(part);
                }
                Piece::For { key, value, collection, span } => {
                    let content = self.nested(pieces, Block::For, end).into();
                    let last = self.expect(pieces, Word::EndFor, end);
                    let span = Span { end: last.end, ..span };
                    let part = ForPart { key, value, collection, content, span };
                    parts.push(Part::For(Box::new(part)));
                }
            }
        }
        parts.extend(text.map(|(text, span)| Part::Text(text.into(), span)));
        parts
    }

    fn nested(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        block: Block,
        end: Span,
    ) -> Vec<Part> {
        if !self.descend() {
            return Vec::new();
        }
        let parts = self.parts(pieces, Some(block), end);
        self.ascend();
        parts
    }

    fn if_part(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        condition: Expr,
        span: Span,
        end: Span,
    ) -> Part {
        let then = self.nested(pieces, Block::If, end).into();
        let has_else =
            pieces.next_if(|p| matches!(p, Piece::Word { word: Word::Else, .. })).is_some();
        let otherwise: Box<[Part]> =
            if has_else { self.nested(pieces, Block::If, end).into() } else { Box::default() };
        let last = self.expect(pieces, Word::EndIf, end);
        let span = Span { end: last.end, ..span };
        Part::If(Box::new(IfPart { condition, then, otherwise, span }))
    }

    /// Takes the directive that must come now; its place.
    fn expect(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        want: Word,
        end: Span,
    ) -> Span {
        match pieces.next() {
            Some(Piece::Word { word, span }) if word == want => span,
            Some(Piece::Word { word, span }) => {
                self.unexpected(word, span);
                span
            }
            _ => {
                let detail = format!("The directive `{}` is missing.", want.text());
                self.error(&codes::TEMPLATE_SYNTAX, end, detail);
                end
            }
        }
    }

    fn unexpected(&mut self, word: Word, span: Span) {
        let detail = format!("There is nothing here that `{}` could belong to.", word.text());
        self.error(&codes::TEMPLATE_SYNTAX, span, detail);
    }
}

/// What kind of directive the parts lie in.
#[derive(Clone, Copy)]
enum Block {
    If,
    For,
}

impl Piece {
    /// The same with its place extended to the end of its sequence.
    fn until(mut self, end: u32) -> Self {
        match &mut self {
            Self::If { span, .. } | Self::For { span, .. } | Self::Word { span, .. } => {
                span.end = end.max(span.end);
            }
            Self::Text { .. } | Self::Interpolation(_) => {}
        }
        self
    }
}

/// A template of one text is a literal.
fn literal(parts: Vec<Part>) -> ExprKind {
    match parts.as_slice() {
        [Part::Text(text, _)] => ExprKind::Literal(Value::nfc(text)),
        _ => ExprKind::Template(parts.into()),
    }
}

fn strip_last(pieces: &mut [Piece]) {
    if let Some(Piece::Text { text, .. }) = pieces.last_mut() {
        text.truncate(text.trim_end().len());
    }
}

/// Takes the indentation that all lines have away from each.
fn unindent(pieces: &mut [Piece]) {
    let mut smallest = usize::MAX;
    let mut starts = Vec::new();
    let mut line_start = true;
    for (i, piece) in pieces.iter().enumerate() {
        if std::mem::take(&mut line_start) {
            smallest = smallest.min(match piece {
                Piece::Text { text, .. } => {
                    let trimmed = text.trim_start();
                    if trimmed.is_empty() && text.ends_with('\n') {
                        usize::MAX
                    } else {
                        starts.push(i);
                        let blank = text.len() - trimmed.len();
                        text.get(..blank).unwrap_or_default().graphemes(true).count()
                    }
                }
                _ => 0,
            });
        }
        line_start |= matches!(piece, Piece::Text { text, .. } if text.ends_with('\n'));
    }
    for i in starts {
        if let Some(Piece::Text { text, .. }) = pieces.get_mut(i) {
            let cut: usize = text.graphemes(true).take(smallest).map(str::len).sum();
            text.drain(..cut);
        }
    }
}
