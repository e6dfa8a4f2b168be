//! Parsing of arguments, blocks and bodies.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};

use super::cursor::Parser;
use super::token::{Kind, Token};
use crate::config::ast::{Attribute, Block, Body, Expr, Label};
use crate::config::codes;

/// What a body is gathered in.
#[derive(Default)]
pub(super) struct Items {
    pub(super) attributes: Vec<Attribute>,
    pub(super) blocks: Vec<Block>,
    seen: BTreeMap<Name, Span>,
}

impl Parser<'_> {
    /// All items up to the end of the tokens.
    pub(super) fn top_level(&mut self, items: &mut Items) {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return,
                Kind::Newline | Kind::LineComment => {
                    self.read();
                }
                Kind::Ident => self.item(items),
                _ => {
                    self.unexpected_item(token);
                    self.recover_line();
                }
            }
        }
    }

    /// The content of a block; the opening brace was read.
    fn body(&mut self) -> Body {
        let open = self.previous();
        let missing = self.span(open);
        let mut items = Items::default();
        if !self.descend() {
            return self.finish_body(items, open);
        }
        loop {
            let token = self.peek();
            match token.kind {
                Kind::CloseBrace => {
                    self.read();
                    break;
                }
                Kind::Newline | Kind::LineComment => {
                    self.read();
                }
                Kind::Ident => self.item(&mut items),
                Kind::End => {
                    let detail = "This block is never closed: there is no \"}\" for it.";
                    self.error(&codes::UNCLOSED_BLOCK, missing, detail);
                    break;
                }
                _ => {
                    self.unexpected_item(token);
                    self.recover(Kind::OpenBrace);
                    break;
                }
            }
        }
        self.ascend();
        self.finish_body(items, open)
    }

    fn finish_body(&self, mut items: Items, open: Token) -> Body {
        items.attributes.shrink_to_fit();
        items.blocks.shrink_to_fit();
        Body {
            attributes: items.attributes,
            blocks: items.blocks,
            missing: self.span(open),
            span: self.between(open, self.previous()),
        }
    }

    fn unexpected_item(&mut self, token: Token) {
        let span = self.span(token);
        match token.kind {
            Kind::OpenQuote => {
                self.error(&codes::QUOTED_NAME, span, "Names of arguments have no quotes.");
            }
            // These were reported as characters already, but nothing else is here.
            _ => self.error(
                &codes::EXPECTED_ITEM,
                span,
                "Here an argument (`name = value`) or a block (`name { … }`) must stand.",
            ),
        }
    }

    /// An argument or block.
    fn item(&mut self, items: &mut Items) {
        self.recovering = false;
        let name = self.read();
        match self.peek().kind {
            Kind::Equal => {
                let attribute = self.attribute(name, false);
                self.keep(items, attribute);
            }
            Kind::OpenQuote | Kind::OpenBrace | Kind::Ident => {
                let block = self.block(name);
                items.blocks.push(block);
            }
            _ => {
                let span = self.span(name);
                self.error(
                    &codes::EXPECTED_ITEM,
                    span,
                    format!(
                        "After {:?} an equals sign must follow, which makes it an argument, or \
                         \"{{\", which makes it a block.",
                        self.text_of(name)
                    ),
                );
                self.recover_line();
            }
        }
    }

    /// Adds an argument unless there is one of that name.
    fn keep(&mut self, items: &mut Items, attribute: Attribute) {
        if let Some(first) = items.seen.get(&attribute.name) {
            let diagnostic = codes::DUPLICATE_ARGUMENT
                .error(format!("The argument {:?} was set before.", attribute.name))
                .at(attribute.name_span)
                .label(*first, "set here first");
            self.diagnostics.push(diagnostic);
            return;
        }
        items.seen.insert(attribute.name.clone(), attribute.name_span);
        items.attributes.push(attribute);
    }

    /// `= expression` and the end of the line; the name was read.
    fn attribute(&mut self, name: Token, one_line: bool) -> Attribute {
        self.read();
        let expr = self.expression();
        let last = self.previous();
        if self.recovering {
            self.recover_line_from_here();
        } else if !one_line {
            self.end_of_line();
        }
        self.make_attribute(name, expr, last)
    }

    fn make_attribute(&mut self, name: Token, expr: Expr, last: Token) -> Attribute {
        let name_span = self.span(name);
        let end = last.end.max(expr.span.end);
        let text = self.text_of(name);
        Attribute { name: self.names.get(text), name_span, expr, span: Span { end, ..name_span } }
    }

    /// Goes on after this line; where the error was the newline itself, that is done.
    fn recover_line_from_here(&mut self) {
        if matches!(self.previous().kind, Kind::Newline | Kind::LineComment) {
            return;
        }
        self.recover_line();
    }

    fn end_of_line(&mut self) {
        let token = self.peek();
        if self.at_newline() || token.kind == Kind::End {
            self.read();
            return;
        }
        let detail = match token.kind {
            Kind::Comma => "Arguments stand on lines of their own, without commas.",
            _ => "After the value of an argument its line must end.",
        };
        let span = self.span(token);
        self.error(&codes::EXPECTED_NEWLINE, span, detail);
        self.recover_line();
    }

    /// Labels and body of a block; its identifier was read.
    fn block(&mut self, ident: Token) -> Block {
        let mut labels = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::OpenBrace => {
                    self.read();
                    break;
                }
                Kind::OpenQuote => {
                    let label = self.label();
                    labels.push(label);
                }
                Kind::Ident => {
                    self.read();
                    let text = self.text_of(token);
                    labels.push(Label { text: self.names.get(text), span: self.span(token) });
                }
                _ => return self.broken_block(ident, labels, token),
            }
        }
        let open = self.previous();
        let one_line = !self.at_newline() && !self.at(Kind::CloseBrace) && !self.at(Kind::End);
        let body = if one_line { self.one_line_body(open) } else { self.body() };
        let last = self.previous();
        self.end_of_block();
        self.make_block(ident, labels, body, last)
    }

    fn make_block(&mut self, ident: Token, labels: Vec<Label>, body: Body, last: Token) -> Block {
        let ident_span = self.span(ident);
        let header = Span { end: labels.last().map_or(ident.end, |l| l.span.end), ..ident_span };
        let text = self.text_of(ident);
        Block {
            ident: self.names.get(text),
            ident_span,
            labels,
            body,
            header,
            span: self.between(ident, last),
        }
    }

    fn broken_block(&mut self, ident: Token, labels: Vec<Label>, token: Token) -> Block {
        let detail = match token.kind {
            Kind::Equal => "A block has no equals sign; only an argument has one.",
            Kind::Newline | Kind::LineComment => {
                "The \"{\" of a block stands on the line of its header."
            }
            _ => "Here a label of the block or \"{\" must stand.",
        };
        let span = self.span(token);
        self.error(&codes::EXPECTED_BLOCK, span, detail);
        self.recover_line_from_here();
        let body = Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            missing: self.span(ident),
            span: self.span(ident),
        };
        self.make_block(ident, labels, body, token)
    }

    /// `name = value }` on the line of the header.
    fn one_line_body(&mut self, open: Token) -> Body {
        let mut items = Items::default();
        let name = self.peek();
        if name.kind == Kind::Ident {
            self.read();
            if self.at(Kind::Equal) {
                let attribute = self.attribute(name, true);
                self.keep(&mut items, attribute);
            } else {
                self.recovering_item(name);
            }
        } else {
            self.unexpected_item(name);
        }
        let token = self.peek();
        if token.kind == Kind::CloseBrace {
            self.read();
        } else {
            let span = self.span(token);
            self.error(
                &codes::ONE_LINE_BLOCK,
                span,
                "A block on one line holds one argument, and its \"}\" stands on the same line.",
            );
            self.recover(Kind::OpenBrace);
        }
        self.finish_body(items, open)
    }

    fn recovering_item(&mut self, name: Token) {
        let span = self.span(name);
        self.error(
            &codes::EXPECTED_ITEM,
            span,
            "A block on one line holds one argument: `name = value`.",
        );
    }

    fn end_of_block(&mut self) {
        let token = self.peek();
        if self.at_newline() || token.kind == Kind::End {
            self.read();
            return;
        }
        let span = self.span(token);
        self.error(&codes::EXPECTED_NEWLINE, span, "After the \"}\" of a block its line must end.");
        self.recover_line();
    }

    /// A label in quotes: text without templates.
    fn label(&mut self) -> Label {
        let open = self.read();
        let mut text = String::new();
        loop {
            let token = self.read();
            let span = self.span(token);
            match token.kind {
                Kind::CloseQuote => break,
                Kind::QuotedText => {
                    let part = self.unescape(token, true);
                    text.push_str(&part);
                }
                Kind::Interpolation | Kind::Directive => {
                    self.error(
                        &codes::INVALID_LABEL,
                        span,
                        "Labels hold no templates; `$${` and `%%{` stand for the characters.",
                    );
                    self.recover(Kind::OpenQuote);
                    break;
                }
                _ => {
                    self.error(&codes::UNCLOSED_TEXT, span, "The label is not closed on its line.");
                    break;
                }
            }
        }
        Label { text: self.names.get(&text), span: self.between(open, self.previous()) }
    }
}
