//! What is spelt anew: labels without quotes, `"${x}"` for `x`, types as Terraform 0.11 had them.

use std::collections::BTreeMap;

use lifeboat_sdk::Span;

use super::Piece;
use super::layout::bracket;
use crate::config::ast::Body;
use crate::config::syntax::{Kind, Token};

/// What stands in the place of some tokens.
struct Edit<'a> {
    /// After their last byte.
    end: u32,
    pieces: Vec<Piece<'a>>,
}

struct Rewriter<'a, 't> {
    text: &'a str,
    tokens: &'t [Token],
    /// By the first byte of what they replace.
    edits: BTreeMap<u32, Edit<'a>>,
}

/// The text of a token.
pub(super) fn text_of(text: &str, token: Token) -> &str {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    text.get(at(token.start)..at(token.end)).unwrap_or_default()
}

/// The tokens of a file, spelt as they should be.
pub(super) fn pieces<'a>(text: &'a str, tokens: &[Token], body: &Body) -> Vec<Piece<'a>> {
    let mut rewriter = Rewriter { text, tokens, edits: BTreeMap::new() };
    rewriter.body(body, &[]);
    let mut edits = rewriter.edits;
    let mut pieces = Vec::with_capacity(tokens.len());
    let mut done = 0;
    for token in tokens.iter().filter(|token| token.kind != Kind::End) {
        if token.start < done {
            continue;
        }
        match edits.remove(&token.start) {
            Some(edit) => {
                done = edit.end;
                pieces.extend(edit.pieces);
            }
            None => pieces.push(Piece::new(token.kind, text_of(text, *token))),
        }
    }
    pieces
}

impl<'a, 't> Rewriter<'a, 't> {
    /// A body, and what kind of blocks are around it, outermost first.
    fn body(&mut self, body: &Body, around: &[&str]) {
        for attribute in &body.attributes {
            let span = attribute.expr.span;
            let tokens = self.within(span);
            let pieces = if around == ["variable"] && &*attribute.name == "type" {
                self.type_anew(tokens)
            } else {
                self.value_anew(tokens)
            };
            self.replace(span, pieces);
        }
        for block in &body.blocks {
            for label in &block.labels {
                let pieces = self.label_anew(self.within(label.span));
                self.replace(label.span, pieces);
            }
            self.body(&block.body, &[around, &[&*block.ident]].concat());
        }
    }

    fn replace(&mut self, span: Span, pieces: Option<Vec<Piece<'a>>>) {
        if let Some(pieces) = pieces {
            self.edits.insert(span.start, Edit { end: span.end, pieces });
        }
    }

    fn within(&self, span: Span) -> &'t [Token] {
        let from = self.tokens.partition_point(|token| token.start < span.start);
        let to = self.tokens.partition_point(|token| token.start < span.end);
        self.tokens.get(from..to).unwrap_or_default()
    }

    fn spelt(&self, token: Token) -> &'a str {
        text_of(self.text, token)
    }

    /// `resource web "a"`: labels have quotes.
    fn label_anew(&self, tokens: &[Token]) -> Option<Vec<Piece<'a>>> {
        match tokens {
            [name] if name.kind == Kind::Ident => Some(vec![
                Piece::new(Kind::OpenQuote, "\""),
                Piece::new(Kind::QuotedText, self.spelt(*name)),
                Piece::new(Kind::CloseQuote, "\""),
            ]),
            _ => None,
        }
    }

    /// `list`, `"list"`, `"string"`: collections say of what, and nothing has quotes. The elements
    /// of those in quotes were texts, whatever they were given.
    fn type_anew(&self, tokens: &[Token]) -> Option<Vec<Piece<'a>>> {
        let (name, of) = match tokens {
            [name] if name.kind == Kind::Ident => (*name, "any"),
            [_, name, _] if name.kind == Kind::QuotedText => (*name, "string"),
            _ => return None,
        };
        let bare = name.kind == Kind::Ident;
        let name = Piece::new(Kind::Ident, self.spelt(name));
        match name.text {
            "string" if !bare => Some(vec![name]),
            "set" if !bare => None,
            "list" | "map" | "set" => Some(vec![
                name,
                Piece::new(Kind::OpenParen, "("),
                Piece::new(Kind::Ident, of),
                Piece::new(Kind::CloseParen, ")"),
            ]),
            _ => None,
        }
    }

    /// `"${x}"`: `x`, however often it is wrapped.
    fn value_anew(&self, tokens: &[Token]) -> Option<Vec<Piece<'a>>> {
        let mut inner = unwrapped(tokens)?;
        while let Some(next) = unwrapped(inner) {
            inner = next;
        }
        let piece = |token: &Token| Piece::new(token.kind, self.spelt(*token));
        let mut pieces: Vec<Piece<'a>> = inner.iter().map(piece).collect();
        if must_be_held(inner) {
            pieces.insert(0, Piece::new(Kind::OpenParen, "("));
            pieces.push(Piece::new(Kind::CloseParen, ")"));
        }
        Some(pieces)
    }
}

/// The tokens of `x` in `"${x}"`, without the newlines around them.
///
/// What ends with a heredoc stays as it is: behind the line that ends one nothing may stand.
fn unwrapped(tokens: &[Token]) -> Option<&[Token]> {
    let [open, begin, inside @ .., end, close] = tokens else { return None };
    let around = [open, begin, end, close].map(|token| token.kind);
    if around != [Kind::OpenQuote, Kind::Interpolation, Kind::CloseSequence, Kind::CloseQuote] {
        return None;
    }
    let mut quotes = 0_usize;
    for token in inside {
        match token.kind {
            Kind::OpenQuote => quotes += 1,
            Kind::CloseQuote => quotes = quotes.checked_sub(1)?,
            // `"${a}${b}"`, `"${a} b"`
            Kind::Interpolation | Kind::CloseSequence | Kind::QuotedText if quotes == 0 => {
                return None;
            }
            _ => {}
        }
    }
    let is_newline = |token: &Token| token.kind == Kind::Newline;
    let from = inside.iter().position(|token| !is_newline(token))?;
    let to = inside.iter().rposition(|token| !is_newline(token))?;
    let heredoc = inside.get(to).is_some_and(|last| last.kind == Kind::CloseHeredoc);
    inside.get(from..=to).filter(|_| !heredoc)
}

/// Whether an expression needs parentheses around it where newlines count.
fn must_be_held(tokens: &[Token]) -> bool {
    let mut depth = 0;
    let mut several = false;
    for token in tokens {
        depth += bracket(token.kind);
        several |= token.kind == Kind::Newline;
        if depth == 0 && matches!(token.kind, Kind::Newline | Kind::LineComment) {
            return true;
        }
    }
    let kind = |token: Option<&Token>| token.map(|token| token.kind);
    let held = kind(tokens.first()) == Some(Kind::OpenParen)
        && kind(tokens.last()) == Some(Kind::CloseParen);
    several && !held
}
