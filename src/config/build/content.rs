//! `Content`: the arguments and blocks of a body, taken out one by one; the rest is wrong.

use lifeboat_sdk::{Diagnostics, Name, Span, Type, Value};

use crate::config::ast::{Attribute, Block, Body, Expr, ExprKind};
use crate::config::eval::constant_as;
use crate::config::reference::Reference;
use crate::config::{codes, suggest};

/// A body that is being taken apart.
pub(super) struct Content<'d> {
    pub(super) body: Body,
    pub(super) diagnostics: &'d mut Diagnostics,
    /// Names asked for, for suggestions.
    arguments: Vec<&'static str>,
    blocks: Vec<&'static str>,
}

impl<'d> Content<'d> {
    pub(super) fn new(body: Body, diagnostics: &'d mut Diagnostics) -> Self {
        Self { body, diagnostics, arguments: Vec::new(), blocks: Vec::new() }
    }

    /// An argument, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Attribute> {
        self.arguments.push(name);
        let at = self.body.attributes.iter().position(|a| &*a.name == name)?;
        Some(self.body.attributes.remove(at))
    }

    /// The expression of an argument, if it is there.
    pub(super) fn expr(&mut self, name: &'static str) -> Option<Expr> {
        self.take(name).map(|a| a.expr)
    }

    /// An argument that must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Option<Attribute> {
        let found = self.take(name);
        if found.is_none() {
            let detail = format!("The argument {name:?} is required.");
            self.diagnostics.push(codes::MISSING_ARGUMENT.error(detail).at(self.body.missing));
        }
        found
    }

    /// A constant of a type; nothing where it is left out, null or wrong.
    fn constant(&mut self, name: &'static str, ty: &Type) -> Option<(Value, Span)> {
        let expr = self.expr(name)?;
        let value = constant_as(&expr, ty, self.diagnostics)?;
        (!value.is_null()).then_some((value, expr.span))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<(String, Span)> {
        let (value, span) = self.constant(name, &Type::String)?;
        Some((value.as_str()?.to_owned(), span))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.constant(name, &Type::Bool).and_then(|(value, _)| value.as_bool())
    }

    /// All blocks of a kind.
    pub(super) fn blocks(&mut self, ident: &'static str) -> Vec<Block> {
        self.blocks.push(ident);
        let (found, rest) =
            std::mem::take(&mut self.body.blocks).into_iter().partition(|b| &*b.ident == ident);
        self.body.blocks = rest;
        found
    }

    /// The one block of a kind; further ones are wrong.
    pub(super) fn block(&mut self, ident: &'static str) -> Option<Block> {
        let mut all = self.blocks(ident).into_iter();
        let first = all.next();
        for block in all {
            let detail = format!("Only one {ident:?} block may stand here.");
            self.diagnostics.push(codes::TOO_MANY_BLOCKS.error(detail).at(block.header));
        }
        first
    }

    /// `depends_on`
    pub(super) fn depends_on(&mut self) -> Vec<Reference> {
        let Some(expr) = self.expr("depends_on") else { return Vec::new() };
        super::depends::depends_on(&expr, self.diagnostics)
    }

    /// Takes a list of expressions apart.
    pub(super) fn list(&mut self, name: &'static str) -> Vec<Expr> {
        let Some(expr) = self.expr(name) else { return Vec::new() };
        match expr.kind {
            ExprKind::Tuple(items) => items.into_vec(),
            ExprKind::Invalid => Vec::new(),
            _ => {
                let detail = "Here a list in brackets must stand.";
                self.diagnostics.push(codes::EXPECTED_LIST.error(detail).at(expr.span));
                Vec::new()
            }
        }
    }

    /// What was not asked for is kept.
    pub(super) fn rest(self) -> Body {
        self.body
    }

    /// What was not asked for is reported.
    pub(super) fn finish(self) {
        for attribute in &self.body.attributes {
            let is_block = self.blocks.contains(&&*attribute.name);
            let (name, span) = (&attribute.name, attribute.name_span);
            let names = (self.arguments.iter(), self.blocks.iter());
            report_argument(name, span, is_block, names, self.diagnostics);
        }
        for block in &self.body.blocks {
            let is_argument = self.arguments.contains(&&*block.ident);
            let names = self.blocks.iter().copied();
            report_block(&block.ident, block.ident_span, is_argument, names, self.diagnostics);
        }
    }
}

/// An argument that has no place.
fn report_argument<'n>(
    name: &Name,
    span: Span,
    is_block: bool,
    (arguments, blocks): (
        impl Iterator<Item = &'n &'static str>,
        impl Iterator<Item = &'n &'static str>,
    ),
    diagnostics: &mut Diagnostics,
) {
    let detail = format!("There is no argument {name:?} here.");
    let diagnostic = codes::UNKNOWN_ARGUMENT.error(detail).at(span);
    diagnostics.push(if is_block {
        diagnostic.help(format!("It is a block: `{name} {{ … }}`, without an equals sign."))
    } else {
        let near = suggest::nearest(name, arguments.chain(blocks).copied());
        suggest::with(diagnostic, near)
    });
}

/// A block that has no place.
pub(super) fn report_block<'n>(
    name: &str,
    span: Span,
    is_argument: bool,
    names: impl Iterator<Item = &'n str>,
    diagnostics: &mut Diagnostics,
) {
    let detail = format!("There are no {name:?} blocks here.");
    let diagnostic = codes::UNKNOWN_BLOCK.error(detail).at(span);
    diagnostics.push(if is_argument {
        diagnostic.help(format!("It is an argument: `{name} = …`."))
    } else {
        suggest::with(diagnostic, suggest::nearest(name, names))
    });
}
