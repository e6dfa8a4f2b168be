//! Each reference: whether there is such a thing, and whether it may be used there.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Name, Span};

use super::{Around, Checker};
use crate::config::ast::{Body, Expr, Step, StepKind, Traversal};
use crate::config::codes;
use crate::config::reference::{self, Reference, ResourceKey, Target};
use crate::config::{suggest, walk};

/// The checks of references.
pub(super) trait Uses {
    /// All references of an expression.
    fn expr(&mut self, expr: &Expr, around: &Around);
    /// All references of a body and its blocks.
    fn body(&mut self, body: &Body, around: &Around);
    /// References that are written as such.
    fn depends(&mut self, references: &[Reference], around: &Around);
}

/// The problem of a reference to an instance where there is none.
pub(crate) fn outside(reference: &Reference) -> Option<Diagnostic> {
    let (detail, help) = match reference.target {
        Target::Each => (
            "`each` has a value only in blocks with `for_each`.",
            "Add `for_each` to the block, or leave `each` out.",
        ),
        Target::Count => (
            "`count` has a value only in blocks with `count`.",
            "Add `count` to the block, or leave `count` out.",
        ),
        Target::This => (
            "`self` stands for the object itself, in postconditions only.",
            "Write the object's address, or move the condition into a postcondition.",
        ),
        _ => return None,
    };
    Some(codes::OUTSIDE.error(detail).at(reference.span).help(help))
}

impl Uses for Checker<'_> {
    fn expr(&mut self, expr: &Expr, around: &Around) {
        walk::traversals(expr, &mut |t| self.traversal(t, around));
    }

    fn body(&mut self, body: &Body, around: &Around) {
        walk::body(body, &mut Vec::new(), &mut |node| {
            if let walk::Node::Traversal(t) = node {
                self.traversal(t, around);
            }
        });
    }

    fn depends(&mut self, references: &[Reference], around: &Around) {
        for reference in references {
            self.reference(reference, around);
        }
    }
}

impl Checker<'_> {
    fn traversal(&mut self, traversal: &Traversal, around: &Around) {
        match &traversal.reference {
            Some(reference) => self.reference(reference, around),
            None => {
                let Traversal { root, root_span, steps, .. } = traversal;
                if let Err(diagnostic) = reference::parse(root, *root_span, steps) {
                    self.diagnostics.push(*diagnostic);
                }
            }
        }
    }

    fn reference(&mut self, reference: &Reference, around: &Around) {
        let (target, span) = (&reference.target, reference.span);
        if is_own(target, around) {
            let label = target.label();
            let detail = format!("`{label}` cannot refer to itself.");
            let diagnostic = codes::SELF_REFERENCE.error(detail).at(span);
            match target {
                // Terraform's `validate` lets it pass.
                Target::Resource(_) => self.planning.push(diagnostic),
                _ => self.diagnostics.push(diagnostic),
            }
            return;
        }
        let module = self.module;
        let problem = match target {
            Target::Variable(name) => undeclared("variable", "var", name, span, &module.variables),
            Target::Local(name) => undeclared("local value", "local", name, span, &module.locals),
            Target::Resource(key) => self.resource_use(key, reference, around),
            Target::Module { name, .. } => {
                let problem = undeclared("module", "module", name, span, &module.calls);
                problem.or_else(|| self.output_use(name, reference))
            }
            Target::Block { kind, name } => self.block_use(kind, name, span),
            Target::Each if !around.each => outside(reference),
            Target::Count if !around.count => outside(reference),
            Target::This if !around.this => outside(reference),
            Target::Each | Target::Count | Target::Path | Target::Terraform | Target::This => None,
        };
        self.diagnostics.0.extend(problem);
    }

    fn resource_use(
        &self,
        key: &ResourceKey,
        reference: &Reference,
        around: &Around,
    ) -> Option<Diagnostic> {
        if around.data.as_ref() == Some(key) {
            return None;
        }
        let Some(resource) = self.module.resources.get(key) else {
            let detail = format!("No resource `{key}` is declared in this module.");
            let diagnostic = codes::UNDECLARED.error(detail).at(reference.span);
            let all = self.module.resources.keys().filter(|k| k.mode == key.mode);
            let labels: Vec<String> = all.map(ToString::to_string).collect();
            let near = suggest::nearest(&key.to_string(), labels.iter().map(String::as_str));
            return Some(suggest::with(diagnostic, near.map(str::to_owned).as_deref()));
        };
        let first = reference.rest().first().map(|s| &s.kind);
        let detail = match (resource.count.is_some(), resource.for_each.is_some(), first) {
            (true, _, Some(StepKind::Attr(name))) => format!(
                "`{key}` has `count`: an instance is chosen as in `{key}[0].{name}`, all are \
                 `{key}[*].{name}`."
            ),
            (_, true, Some(StepKind::Attr(name))) => format!(
                "`{key}` has `for_each`: an instance is chosen as in `{key}[\"key\"].{name}`."
            ),
            (false, false, Some(StepKind::Key(_))) => format!(
                "`{key}` has neither `count` nor `for_each`, so there is one object and no key."
            ),
            _ => return None,
        };
        Some(codes::INSTANCE_KEY.error(detail).at(reference.span))
    }

    /// Whether the module has the output that is used.
    fn output_use(&self, name: &Name, reference: &Reference) -> Option<Diagnostic> {
        let call = self.module.calls.get(name)?;
        let child = self.module.children.get(name)?;
        let single = call.count.is_none() && call.for_each.is_none();
        let mut rest = reference.rest();
        if !single {
            let (Step { kind: StepKind::Key(_) | StepKind::Index(_), .. }, after) =
                rest.split_first()?
            else {
                return None;
            };
            rest = after;
        }
        let Some(Step { kind: StepKind::Attr(output), span }) = rest.first() else { return None };
        if child.outputs.contains_key(output) {
            return None;
        }
        let detail = format!("The module `{name}` has no output {output:?}.");
        let diagnostic = codes::UNDECLARED.error(detail).at(*span);
        let near = suggest::nearest(output, child.outputs.keys().map(|n| &**n));
        Some(suggest::with(diagnostic, near))
    }

    fn block_use(&self, kind: &Name, name: &Name, span: Span) -> Option<Diagnostic> {
        if self.blocks.contains(&(&**kind, &**name)) {
            return None;
        }
        let detail = format!("No `{kind}` block {name:?} is declared in this module.");
        let diagnostic = codes::UNDECLARED.error(detail).at(span);
        let names = self.blocks.iter().filter(|(k, _)| *k == &**kind).map(|(_, n)| *n);
        Some(suggest::with(diagnostic, suggest::nearest(name, names)))
    }
}

fn is_own(target: &Target, around: &Around) -> bool {
    match (target, &around.own) {
        (Target::Module { name, .. }, Some(Target::Module { name: own, .. })) => name == own,
        (target, Some(own)) => target == own,
        (_, None) => false,
    }
}

fn undeclared<T>(
    what: &str,
    root: &str,
    name: &Name,
    span: Span,
    declared: &BTreeMap<Name, T>,
) -> Option<Diagnostic> {
    if declared.contains_key(name) {
        return None;
    }
    let detail = format!("No {what} {name:?} is declared in this module.");
    let diagnostic = codes::UNDECLARED.error(detail).at(span);
    let near = suggest::nearest(name, declared.keys().map(|n| &**n));
    Some(suggest::with(diagnostic, near.map(|n| format!("{root}.{n}")).as_deref()))
}
