//! Parts of blocks that are names: references to other blocks, labels, the primary.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};

use super::codes;
use super::read::{Reader, Source, take};
use crate::address::Key;
use crate::config::Target;
use crate::config::ast::{Block, Body, Expr, ExprKind, StepKind};

/// A block inside a block, with its label.
pub(super) struct Labelled {
    /// The label.
    pub(super) label: Name,
    /// Where it is.
    pub(super) label_span: Span,
    /// The block.
    pub(super) block: Block,
}

impl Reader<'_, '_> {
    /// Where the primary can be edited in the files: a literal, or a variable that one variables
    /// file sets (design.md, section 3).
    pub(super) fn editable(&mut self, expr: &Expr) -> Option<Span> {
        let help = "Write primary = \"us-east-1\", or a variable that one variables file sets.";
        let variable = match &expr.unwrapped().kind {
            ExprKind::Literal(_) => return Some(expr.span),
            ExprKind::Invalid => return None,
            ExprKind::Traversal(t) => t.reference.as_ref().and_then(|r| match &r.target {
                Target::Variable(name) if r.rest().is_empty() => Some(name),
                _ => None,
            }),
            _ => None,
        };
        let Some(name) = variable else {
            let detail = "A promotion changes the primary in the files, and cannot change the \
                          result of an expression.";
            self.found.push(codes::PRIMARY_SOURCE.error(detail).at(expr.span).help(help));
            return None;
        };
        let places = self.config.assigned.get(name).map(Vec::as_slice).unwrap_or_default();
        let diagnostic = match places {
            [only] => return Some(*only),
            [] => {
                let detail = format!(
                    "No variables file sets {name:?}, so a promotion cannot change it there and \
                     prints what to change."
                );
                codes::PRIMARY_SOURCE.warning(detail)
            }
            [first, ..] => {
                let detail = format!("{name:?} is set in several places; a promotion changes one.");
                codes::PRIMARY_SOURCE.error(detail).label(*first, "one of them")
            }
        };
        self.found.push(diagnostic.at(expr.span).help(help));
        None
    }

    /// The block of kind `kind` that an argument refers to: its name with its key.
    pub(super) fn reference(
        &mut self,
        source: &Source<'_>,
        body: &mut Body,
        name: &'static str,
        kind: &'static str,
    ) -> Option<(Name, Span)> {
        let expr = take(body, name)?;
        let expr = expr.unwrapped();
        if let ExprKind::Traversal(traversal) = &expr.kind
            && let Some(reference) = &traversal.reference
            && let Target::Block { kind: found, name: block } = &reference.target
            && &**found == kind
        {
            let key = match reference.rest() {
                [] => return Some((block.clone(), expr.span)),
                [step] => match &step.kind {
                    StepKind::Key(value) => Some(value.clone()),
                    StepKind::Index(index) => Some(self.known(source, index)?),
                    _ => None,
                },
                _ => None,
            };
            let key = key.and_then(|key| match (key.as_str(), key.as_number()) {
                (Some(text), _) => Some(Key::Text(text.into())),
                (None, Some(n)) => n.as_u64().map(Key::Index),
                (None, None) => None,
            });
            if let Some(key) = key {
                return Some((format!("{block}{key}").into(), expr.span));
            }
        }
        if matches!(expr.kind, ExprKind::Invalid) {
            return None;
        }
        let detail = format!("{name:?} names a block, and a block is named by a reference.");
        let given = expr.literal_text().filter(|t| {
            !t.is_empty() && t.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        });
        let help = match given {
            Some(text) => format!("Write {name} = {kind}.{text}, without quotes."),
            None => format!("Write {name} = {kind}.NAME."),
        };
        self.found.push(codes::REFERENCE.error(detail).at(expr.span).help(help));
        None
    }

    /// Takes the nested blocks `ident`, each with one label, out of a body.
    pub(super) fn labelled(&mut self, body: &mut Body, ident: &str, what: &str) -> Vec<Labelled> {
        let (mine, rest): (Vec<Block>, Vec<Block>) = std::mem::take(&mut body.blocks)
            .into_iter()
            .partition(|b| &*b.ident == ident || is_dynamic(b, ident));
        body.blocks = rest;
        let mut seen: BTreeMap<Name, Span> = BTreeMap::new();
        let mut all = Vec::new();
        for block in mine {
            if is_dynamic(&block, ident) {
                let detail =
                    format!("A {ident:?} block has a label, which `dynamic` cannot write.");
                let help = format!(
                    "Write the {ident:?} blocks out, or repeat the block around them with `for_each`."
                );
                self.found.push(codes::DYNAMIC.error(detail).at(block.header).help(help));
                continue;
            }
            let [label] = block.labels.as_slice() else {
                let detail = format!("A {ident:?} block has one label, {what}.");
                let help = format!("Write {ident} \"NAME\" {{ … }}.");
                self.found.push(codes::LABEL.error(detail).at(block.header).help(help));
                continue;
            };
            let (label, label_span) = (label.text.clone(), label.span);
            if let Some(first) = seen.get(&label) {
                let detail = format!("There is a {ident:?} block {label:?} already.");
                let help = "Merge the two, or give one of them another label.";
                let diagnostic = codes::LABEL.error(detail).at(label_span).help(help);
                self.found.push(diagnostic.label(*first, "the first is here"));
                continue;
            }
            seen.insert(label.clone(), label_span);
            all.push(Labelled { label, label_span, block });
        }
        all
    }
}

fn is_dynamic(block: &Block, ident: &str) -> bool {
    &*block.ident == "dynamic" && block.labels.first().is_some_and(|l| &*l.text == ident)
}
