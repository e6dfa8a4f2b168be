//! Parsing of terms: literals, names, calls, tuples, objects and `for`.

use lifeboat_sdk::Value;

use super::cursor::Parser;
use super::expression::traversal;
use super::token::{Kind, Token};
use crate::config::ast::{Call, Expr, ExprKind, For, Item, UnaryOp};
use crate::config::codes;

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Expr {
        let token = self.peek();
        let span = self.span(token);
        match token.kind {
            Kind::OpenParen => self.parenthesised(),
            Kind::Number => {
                self.read();
                let (value, odd) = self.number(token);
                let kind = if odd {
                    ExprKind::OddNumber(Box::new(value))
                } else {
                    ExprKind::Literal(value)
                };
                Expr { kind, span }
            }
            Kind::Ident => {
                self.read();
                if matches!(self.peek().kind, Kind::OpenParen | Kind::DoubleColon) {
                    return self.call(token);
                }
                let literal = match self.text_of(token) {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    "null" => Value::null(),
                    name => return traversal(self.names.get(name), span, Vec::new(), span),
                };
                Expr { kind: ExprKind::Literal(literal), span }
            }
            Kind::OpenQuote | Kind::OpenHeredoc => self.template(),
            Kind::Minus => self.unary(UnaryOp::Negate),
            Kind::Bang => self.unary(UnaryOp::Not),
            Kind::OpenBracket => self.tuple(),
            Kind::OpenBrace => self.object(),
            kind => {
                let detail = match kind {
                    Kind::End => "Here an expression must stand, but the file ends.",
                    _ => "Here an expression must stand.",
                };
                self.error(&codes::EXPECTED_EXPRESSION, span, detail);
                self.invalid(token)
            }
        }
    }

    fn unary(&mut self, op: UnaryOp) -> Expr {
        let symbol = self.read();
        if !self.descend() {
            return self.invalid(symbol);
        }
        let operand = self.term_with_steps();
        self.ascend();
        let mut span = self.span(symbol);
        span.end = operand.span.end;
        Expr { kind: ExprKind::Unary(op, Box::new(operand)), span }
    }

    fn parenthesised(&mut self) -> Expr {
        let open = self.read();
        self.push_newlines(false);
        let inner = self.expression();
        let close = self.peek();
        if self.recovering {
            self.recover(Kind::OpenParen);
        } else if close.kind == Kind::CloseParen {
            self.read();
        } else {
            let span = self.span(close);
            self.error(&codes::EXPECTED_CLOSE, span, "The parentheses are not closed by a \")\".");
        }
        self.pop_newlines();
        let span = self.between(open, self.previous());
        Expr { kind: ExprKind::Paren(Box::new(inner)), span }
    }

    /// `f(a, b...)`; the name was read.
    fn call(&mut self, first: Token) -> Expr {
        let mut last = first;
        let mut open = self.read();
        while open.kind == Kind::DoubleColon {
            last = self.read();
            if last.kind != Kind::Ident {
                return self.broken_call(first, last, "After \"::\" a name must follow.");
            }
            open = self.read();
        }
        if open.kind != Kind::OpenParen {
            let detail = "After the name of a function in a namespace \"(\" must follow.";
            return self.broken_call(first, open, detail);
        }
        self.push_newlines(false);
        let (args, expand) = self.args(first);
        self.pop_newlines();
        let close = self.previous();
        let name_span = self.between(first, last);
        let name: String = self
            .text
            .get(super::cursor::byte(first.start)..super::cursor::byte(last.end))
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        let call =
            Call { name: self.names.get(&name), name_span, args, expand, close: self.span(close) };
        Expr { kind: ExprKind::Call(Box::new(call)), span: self.between(first, close) }
    }

    fn broken_call(&mut self, first: Token, at: Token, detail: &'static str) -> Expr {
        let span = self.span(at);
        self.error(&codes::EXPECTED_CALL, span, detail);
        Expr { kind: ExprKind::Invalid, span: self.span(first) }
    }

    /// The arguments up to the closing parenthesis, and whether the last is expanded.
    fn args(&mut self, name: Token) -> (Vec<Expr>, bool) {
        let mut args = Vec::new();
        while !self.at(Kind::CloseParen) {
            args.push(self.expression());
            if self.recovering {
                self.recover(Kind::OpenParen);
                return (args, false);
            }
            let separator = self.read();
            let span = self.span(separator);
            match separator.kind {
                Kind::CloseParen => return (args, false),
                Kind::Comma => {}
                Kind::Ellipsis => {
                    if !self.at(Kind::CloseParen) {
                        let detail = "After the expanded argument (`...`) a \")\" must follow.";
                        self.error(&codes::EXPECTED_CLOSE, span, detail);
                        self.recover(Kind::OpenParen);
                        return (args, true);
                    }
                    self.read();
                    return (args, true);
                }
                Kind::End => {
                    let span = self.between(name, separator);
                    let detail = "The function call is not closed by a \")\".";
                    self.error(&codes::EXPECTED_CLOSE, span, detail);
                    return (args, false);
                }
                _ => {
                    let detail = "Arguments of a function are separated by commas.";
                    self.error(&codes::EXPECTED_SEPARATOR, span, detail);
                    self.recover(Kind::OpenParen);
                    return (args, false);
                }
            }
        }
        self.read();
        (args, false)
    }

    fn tuple(&mut self) -> Expr {
        let open = self.read();
        self.push_newlines(false);
        if self.at_word("for") {
            let expr = self.for_expr(open);
            self.pop_newlines();
            return expr;
        }
        let mut items = Vec::new();
        while !self.at(Kind::CloseBracket) && !self.recovering {
            items.push(self.expression());
            if self.recovering {
                break;
            }
            let next = self.peek();
            match next.kind {
                Kind::CloseBracket => {}
                Kind::Comma => {
                    self.read();
                }
                kind => {
                    let place = if kind == Kind::End { open } else { next };
                    let span = self.span(place);
                    let detail = "The elements of a tuple are separated by commas and closed by \
                                  a \"]\".";
                    self.error(&codes::EXPECTED_SEPARATOR, span, detail);
                }
            }
        }
        if self.recovering {
            self.recover(Kind::OpenBracket);
        } else {
            self.read();
        }
        self.pop_newlines();
        Expr { kind: ExprKind::Tuple(items.into()), span: self.between(open, self.previous()) }
    }

    fn object(&mut self) -> Expr {
        let open = self.read();
        self.push_newlines(false);
        let is_for = self.at_word("for");
        if is_for {
            let expr = self.for_expr(open);
            self.pop_newlines();
            return expr;
        }
        self.pop_newlines();
        self.push_newlines(true);
        let mut items = Vec::new();
        while !self.at(Kind::CloseBrace) && !self.recovering {
            if self.at_newline() {
                self.read();
            } else {
                self.object_item(open, &mut items);
            }
        }
        if self.recovering {
            self.recover(Kind::OpenBrace);
        } else {
            self.read();
        }
        self.pop_newlines();
        Expr { kind: ExprKind::Object(items.into()), span: self.between(open, self.previous()) }
    }

    /// `key = value` with what separates it from the next.
    fn object_item(&mut self, open: Token, items: &mut Vec<Item>) {
        let first = self.peek();
        let key = self.expression();
        if self.recovering {
            return;
        }
        let separator = self.peek();
        if !matches!(separator.kind, Kind::Equal | Kind::Colon) {
            let place = if separator.kind == Kind::End { open } else { separator };
            let span = self.span(place);
            let detail = "After a key \"=\" or \":\" and its value must follow.";
            self.error(&codes::EXPECTED_VALUE, span, detail);
            return;
        }
        self.read();
        let value = self.expression();
        if self.recovering {
            return;
        }
        let key = if first.kind == Kind::OpenParen { key } else { self.object_key(key) };
        items.push(Item { key, value });
        let next = self.peek();
        if self.at_newline() || next.kind == Kind::Comma {
            self.read();
        } else if next.kind != Kind::CloseBrace {
            let place = if next.kind == Kind::End { open } else { next };
            let span = self.span(place);
            let detail = "The items of an object are separated by commas or newlines and closed \
                          by a \"}\".";
            self.error(&codes::EXPECTED_SEPARATOR, span, detail);
        }
    }

    /// A bare word as a key is its own text.
    fn object_key(&mut self, key: Expr) -> Expr {
        let text = match &key.kind {
            ExprKind::Traversal(t) if t.steps.is_empty() => Value::nfc(&t.root),
            ExprKind::Literal(Value::Bool(b)) => Value::string(b.to_string()),
            ExprKind::Literal(Value::Null(_)) => Value::string("null"),
            ExprKind::Traversal(_) => {
                let span = key.span;
                self.note(
                    &codes::AMBIGUOUS_KEY,
                    span,
                    "Put the key into parentheses where it refers to something, into quotes \
                     where it is a text with dots.",
                );
                return Expr { kind: ExprKind::Invalid, span };
            }
            _ => return key,
        };
        Expr { kind: ExprKind::Literal(text), span: key.span }
    }

    /// `for k, v in c : …` up to the closing bracket; `open` was read.
    fn for_expr(&mut self, open: Token) -> Expr {
        let is_object = open.kind == Kind::OpenBrace;
        let parsed = self.for_parts(is_object);
        if parsed.is_none() || self.recovering {
            self.recover(open.kind);
        } else {
            self.read();
        }
        let span = self.between(open, self.previous());
        let kind = parsed.map_or(ExprKind::Invalid, |parts| ExprKind::For(Box::new(parts)));
        Expr { kind, span }
    }

    fn for_parts(&mut self, is_object: bool) -> Option<For> {
        self.read();
        let mut value_name = self.for_name()?;
        let mut key_name = None;
        if self.at(Kind::Comma) {
            self.read();
            key_name = Some(std::mem::replace(&mut value_name, self.for_name()?));
        }
        if !self.at_word("in") {
            return self.for_error("After the names the word `in` must follow.");
        }
        self.read();
        let collection = self.sub_expression()?;
        if !self.at(Kind::Colon) {
            return self.for_error("After the collection \":\" must follow.");
        }
        self.read();
        let mut value = self.sub_expression()?;
        let mut key = None;
        if self.at(Kind::FatArrow) {
            self.read();
            key = Some(std::mem::replace(&mut value, self.sub_expression()?));
        }
        let ellipsis = self.at(Kind::Ellipsis).then(|| self.read());
        let condition = if self.at_word("if") {
            self.read();
            Some(self.sub_expression()?)
        } else {
            None
        };
        let close = if is_object { Kind::CloseBrace } else { Kind::CloseBracket };
        if !self.at(close) {
            return self.for_error("The expression must end here with its closing bracket.");
        }
        self.check_for_shape(is_object, key.as_ref(), &value, ellipsis);
        let group = ellipsis.is_some();
        Some(For { key_name, value_name, collection, key, value, condition, group })
    }

    fn check_for_shape(
        &mut self,
        is_object: bool,
        key: Option<&Expr>,
        value: &Expr,
        ellipsis: Option<Token>,
    ) {
        match (is_object, key) {
            (false, Some(key)) => {
                let span = key.span;
                self.note(&codes::FOR_SYNTAX, span, "A tuple has no keys; use `{for …}`.");
            }
            (true, None) => {
                let span = value.span;
                self.note(&codes::FOR_SYNTAX, span, "An object needs keys: `key => value`.");
            }
            _ => {}
        }
        if let Some(token) = ellipsis.filter(|_| !is_object) {
            let span = self.span(token);
            self.note(&codes::FOR_SYNTAX, span, "Only values of an object are gathered by `...`.");
        }
    }

    fn for_name(&mut self) -> Option<lifeboat_sdk::Name> {
        let token = self.peek();
        if token.kind != Kind::Ident {
            return self.for_error("After `for` the names of the elements must follow.");
        }
        self.read();
        let text = self.text_of(token);
        Some(self.names.get(text))
    }

    fn for_error<T>(&mut self, detail: &'static str) -> Option<T> {
        let span = self.span(self.peek());
        self.error(&codes::FOR_SYNTAX, span, detail);
        None
    }

    /// An expression, nothing after an error.
    fn sub_expression(&mut self) -> Option<Expr> {
        let expr = self.expression();
        (!self.recovering).then_some(expr)
    }
}
