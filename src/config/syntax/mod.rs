//! From text to the syntax tree.

mod body;
mod chunk;
mod cursor;
mod escape;
mod expression;
mod lexer;
mod template;
mod term;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeSet;

use lifeboat_sdk::{Diagnostics, FileId, Name, Span};

use super::ast::{Body, Expr};
use super::codes;
use body::Items;
use chunk::Chunks;
use cursor::Parser;
pub use lexer::is_name;
use lexer::{CODE, Lexer, Mode};
pub use token::{Kind, Token};

/// Names, each kept once.
#[derive(Debug, Default)]
pub struct Interner(BTreeSet<Name>);

impl Interner {
    /// The shared form of a name.
    pub fn get(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        let name: Name = text.into();
        self.0.insert(name.clone());
        name
    }
}

/// A file of arguments and blocks.
pub fn parse_body(
    file: FileId,
    text: &str,
    names: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Body {
    parse_file(file, text, names, diagnostics).0
}

/// The same, with the places of the top-level blocks that have syntax errors.
pub(super) fn parse_file(
    file: FileId,
    text: &str,
    names: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> (Body, Vec<Span>) {
    let mut items = Items::default();
    let mut broken = Vec::new();
    let mut start = 0;
    for chunk in Chunks::new(text) {
        let before = diagnostics.0.len();
        report_invalid(file, text, &chunk.tokens, diagnostics);
        Parser::new(file, text, &chunk.tokens, names, diagnostics).top_level(&mut items);
        let end = u32::try_from(chunk.end).unwrap_or(u32::MAX);
        if diagnostics.0.len() > before {
            broken.push(Span { file, start, end });
        }
        start = end;
    }
    let body = Body {
        attributes: items.attributes,
        blocks: items.blocks,
        missing: Span { file, start: 0, end: 0 },
        span: Span { file, start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) },
    };
    (body, broken)
}

/// A text that is one expression: the value of `-var`, a line of the console.
pub fn parse_expression(
    file: FileId,
    text: &str,
    names: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Expr {
    let tokens = lex(text, CODE);
    report_invalid(file, text, &tokens, diagnostics);
    let mut parser = Parser::new(file, text, &tokens, names, diagnostics);
    parser.push_newlines(false);
    let expr = parser.expression();
    let next = parser.peek();
    if next.kind != Kind::End && !parser.recovering {
        let span = parser.span(next);
        parser.error(&codes::EXPECTED_NEWLINE, span, "The expression must end here.");
    }
    expr
}

/// A text that is a template: a file for `templatefile`.
pub fn parse_template(
    file: FileId,
    text: &str,
    names: &mut Interner,
    diagnostics: &mut Diagnostics,
) -> Expr {
    let tokens = lex(text, Mode::Template);
    report_invalid(file, text, &tokens, diagnostics);
    Parser::new(file, text, &tokens, names, diagnostics).template_file()
}

/// The tokens of a file with its comments, for the formatter; the last is [`Kind::End`].
pub fn tokens(text: &str) -> Vec<Token> {
    lex(text, CODE)
}

/// Whether an expression goes on after this text: a bracket, a template, a heredoc or a comment is
/// open. A text in quotes never does.
pub fn goes_on(text: &str) -> bool {
    let mut open = 0_usize;
    for token in tokens(text) {
        match token.kind {
            Kind::UnclosedComment => return true,
            Kind::OpenQuote | Kind::CloseQuote => {}
            kind if kind.closer().is_some() => open += 1,
            kind if kind.closes() => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open > 0
}

/// Whether there is anything but blanks and comments.
pub fn says_something(text: &str) -> bool {
    let silent = [Kind::Newline, Kind::LineComment, Kind::BlockComment, Kind::End];
    tokens(text).iter().any(|token| !silent.contains(&token.kind))
}

fn lex(text: &str, mode: Mode) -> Vec<Token> {
    let mut lexer = Lexer::new(text, 0, text.len(), mode);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next();
        tokens.push(token);
        if token.kind == Kind::End {
            return tokens;
        }
    }
}

/// Reports characters that mean nothing.
fn report_invalid(file: FileId, text: &str, tokens: &[Token], diagnostics: &mut Diagnostics) {
    for token in tokens {
        let (code, detail) = match token.kind {
            Kind::Invalid => {
                let range = cursor::byte(token.start)..cursor::byte(token.end);
                (&codes::INVALID_CHARACTER, character(text.get(range).unwrap_or_default()))
            }
            Kind::UnclosedComment => {
                (&codes::UNCLOSED_COMMENT, "The comment is not closed by \"*/\".".to_owned())
            }
            _ => continue,
        };
        let span = Span { file, start: token.start, end: token.end };
        diagnostics.push(code.error(detail).at(span));
    }
}

/// What to say of a character.
fn character(c: &str) -> String {
    let hint = match c {
        "'" | "`" | "\u{2018}" | "\u{2019}" | "\u{201c}" | "\u{201d}" => {
            "Texts stand in double quotes (\")."
        }
        ";" => "Arguments and blocks are separated by newlines.",
        "&" => "The logical operator is \"&&\".",
        "|" => "The logical operator is \"||\".",
        "^" => "`pow(a, b)` raises to a power.",
        "~" => "There are no operators on bits.",
        _ => "The language does not use it.",
    };
    let shown: String = c.chars().map(|c| c.escape_unicode().to_string()).collect();
    let name = if c.chars().all(|c| c.is_ascii_graphic()) { c.to_owned() } else { shown };
    format!("The character {name} means nothing here. {hint}")
}
