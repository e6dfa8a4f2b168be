//! Parsing of expressions: operators, conditionals and what follows a term.

use std::sync::Arc;

use lifeboat_sdk::{Name, Span, Value};

use super::cursor::Parser;
use super::token::{Kind, Token};
use crate::config::ast::{
    Access, BinaryOp, Chain, Conditional, Expr, ExprKind, Step, StepKind, Traversal,
};
use crate::config::codes;
use crate::config::reference;

/// The binary operators by precedence, loosest first.
const LEVELS: [&[(Kind, BinaryOp)]; 6] = [
    &[(Kind::OrOr, BinaryOp::Or)],
    &[(Kind::AndAnd, BinaryOp::And)],
    &[(Kind::EqualEqual, BinaryOp::Equal), (Kind::NotEqual, BinaryOp::NotEqual)],
    &[
        (Kind::Less, BinaryOp::Less),
        (Kind::LessEqual, BinaryOp::LessEqual),
        (Kind::Greater, BinaryOp::Greater),
        (Kind::GreaterEqual, BinaryOp::GreaterEqual),
    ],
    &[(Kind::Plus, BinaryOp::Add), (Kind::Minus, BinaryOp::Subtract)],
    &[
        (Kind::Star, BinaryOp::Multiply),
        (Kind::Slash, BinaryOp::Divide),
        (Kind::Percent, BinaryOp::Modulo),
    ],
];

impl Parser<'_> {
    /// An expression; after an error in it nothing more of it is read.
    pub(super) fn expression(&mut self) -> Expr {
        if !self.descend() {
            return self.invalid(self.peek());
        }
        let expr = self.conditional();
        self.ascend();
        expr
    }

    fn conditional(&mut self) -> Expr {
        let condition = self.binary(0);
        if self.recovering || !self.at(Kind::Question) {
            return condition;
        }
        self.read();
        let then = self.expression();
        if self.recovering {
            return condition;
        }
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            let span = self.span(colon);
            self.error(
                &codes::EXPECTED_COLON,
                span,
                "After the value for true, \":\" and the value for false must follow.",
            );
            return condition;
        }
        self.read();
        let otherwise = self.expression();
        let span = Span { end: otherwise.span.end, ..condition.span };
        let parts = Conditional { condition, then, otherwise };
        Expr { kind: ExprKind::Conditional(Box::new(parts)), span }
    }

    fn binary(&mut self, level: usize) -> Expr {
        let Some(operators) = LEVELS.get(level) else { return self.term_with_steps() };
        let first = self.binary(level + 1);
        let mut rest = Vec::new();
        while !self.recovering {
            let kind = self.peek().kind;
            let Some((_, op)) = operators.iter().find(|(k, _)| *k == kind) else { break };
            self.read();
            rest.push((*op, self.binary(level + 1)));
        }
        let Some((_, last)) = rest.last() else { return first };
        let span = Span { end: last.span.end, ..first.span };
        Expr { kind: ExprKind::Binary(Box::new(Chain { first, rest })), span }
    }

    /// A term with `.a`, `[0]`, `[*]` and so on behind it.
    pub(super) fn term_with_steps(&mut self) -> Expr {
        let term = self.term();
        if self.recovering {
            return term;
        }
        let mut steps = Vec::new();
        self.steps(&mut steps);
        let Some(last) = steps.last() else { return term };
        let span = Span { end: splat_end(last), ..term.span };
        match term.kind {
            ExprKind::Traversal(t) if t.steps.is_empty() => {
                traversal(t.root, t.root_span, steps, span)
            }
            _ => {
                let access = Access { source: term, steps };
                Expr { kind: ExprKind::Access(Box::new(access)), span }
            }
        }
    }

    fn steps(&mut self, steps: &mut Vec<Step>) {
        while !self.recovering {
            match self.peek().kind {
                Kind::Dot => self.dot(steps),
                Kind::OpenBracket => {
                    let open = self.read();
                    if self.at(Kind::Star) {
                        self.full_splat(open, steps);
                        return;
                    }
                    self.index(open, steps);
                }
                _ => return,
            }
        }
    }

    fn dot(&mut self, steps: &mut Vec<Step>) {
        let dot = self.read();
        let token = self.peek();
        match token.kind {
            Kind::Ident => {
                self.read();
                steps.push(self.attr(dot, token));
            }
            Kind::Number => {
                self.read();
                let step = self.legacy_index(dot, token);
                steps.push(step);
            }
            Kind::Star => {
                self.read();
                self.attr_splat(dot, token, steps);
            }
            _ => self.expected_attribute(token),
        }
    }

    fn expected_attribute(&mut self, token: Token) {
        let span = self.span(token);
        let detail = "After a dot the name of an attribute must follow.";
        self.error(&codes::EXPECTED_ATTRIBUTE, span, detail);
    }

    fn attr(&mut self, dot: Token, name: Token) -> Step {
        let text = self.text_of(name);
        Step { kind: StepKind::Attr(self.names.get(text)), span: self.between(dot, name) }
    }

    /// `.0`, as old configurations write `[0]`.
    fn legacy_index(&mut self, dot: Token, number: Token) -> Step {
        if let Some((first, second)) = self.text_of(number).split_once('.') {
            let detail =
                format!("`.{first}.{second}` could be a fraction. Write `[{first}][{second}]`.");
            let span = self.span(number);
            self.note(&codes::LEGACY_INDEX, span, detail);
        }
        let (value, _) = self.number(number);
        Step { kind: StepKind::Key(value), span: self.between(dot, number) }
    }

    fn attr_splat(&mut self, dot: Token, star: Token, steps: &mut Vec<Step>) {
        let mut each = Vec::new();
        while self.at(Kind::Dot) && !self.recovering {
            let dot = self.read();
            let token = self.peek();
            match token.kind {
                Kind::Ident => {
                    self.read();
                    each.push(self.attr(dot, token));
                }
                Kind::Number => {
                    self.read();
                    let step = self.legacy_index(dot, token);
                    each.push(step);
                }
                Kind::Star => {
                    let span = self.span(token);
                    let detail = "After `.*` only attributes may follow; use `[*]`.";
                    self.error(&codes::NESTED_SPLAT, span, detail);
                }
                _ => self.expected_attribute(star),
            }
        }
        let span = self.between(dot, star);
        steps.push(Step { kind: StepKind::Splat(each.into()), span });
    }

    fn full_splat(&mut self, open: Token, steps: &mut Vec<Step>) {
        self.read();
        let close = self.read();
        if close.kind != Kind::CloseBracket {
            let span = self.span(close);
            self.error(&codes::EXPECTED_CLOSE, span, "After `[*` a \"]\" must follow.");
            self.recover(Kind::OpenBracket);
            return;
        }
        let mut each = Vec::new();
        if self.descend() {
            self.steps(&mut each);
            self.ascend();
        }
        let span = self.between(open, close);
        steps.push(Step { kind: StepKind::Splat(each.into()), span });
    }

    fn index(&mut self, open: Token, steps: &mut Vec<Step>) {
        self.push_newlines(false);
        let key = self.expression();
        let mut close = self.peek();
        if self.recovering {
            close = self.recover(Kind::OpenBracket);
        } else if close.kind == Kind::CloseBracket {
            self.read();
        } else {
            // Reported where the search for it ends.
            self.read();
            close = self.recover(Kind::OpenBracket);
            self.recovering = false;
            let span = self.span(close);
            self.error(&codes::EXPECTED_CLOSE, span, "The index is not closed by a \"]\".");
        }
        self.pop_newlines();
        let kind = match key.kind {
            ExprKind::Literal(value) => StepKind::Key(value),
            ExprKind::OddNumber(value) => StepKind::Key(*value),
            kind => StepKind::Index(Box::new(Expr { kind, span: key.span })),
        };
        steps.push(Step { kind, span: self.between(open, close) });
    }

    /// The value of a number and whether its spelling is odd for an identifier.
    pub(super) fn number(&mut self, token: Token) -> (Value, bool) {
        let text = self.text_of(token);
        let Some(number) = lifeboat_sdk::Number::parse(&text.replace(".e", "e").replace(".E", "e"))
        else {
            let span = self.span(token);
            self.note(&codes::INVALID_NUMBER, span, "The number is out of range.");
            return (Value::Number(lifeboat_sdk::Number::ZERO), false);
        };
        let leading_zero = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
        let exact = number.as_i64().is_some_and(|n| n.unsigned_abs() <= 1 << 53);
        let odd = leading_zero || (number.is_integer() && !exact);
        (Value::Number(number), odd)
    }
}

/// Where a step ends, splats with what they apply to each element.
fn splat_end(step: &Step) -> u32 {
    match &step.kind {
        StepKind::Splat(each) => each.last().map_or(step.span.end, splat_end),
        _ => step.span.end,
    }
}

/// `root.a[0]…`
pub(super) fn traversal(root: Name, root_span: Span, steps: Vec<Step>, span: Span) -> Expr {
    let steps: Arc<[Step]> = steps.into();
    let reference = reference::parse(&root, root_span, &steps).ok();
    let traversal = Traversal { root, root_span, steps, reference };
    Expr { kind: ExprKind::Traversal(Box::new(traversal)), span }
}
