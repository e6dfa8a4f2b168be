//! References that are written as such: `depends_on`, `provider`, addresses.

use std::sync::Arc;

use lifeboat_sdk::{Diagnostics, Name, Span, Value};

use crate::address::{Key, Mode};
use crate::config::ast::{Expr, ExprKind, Step, StepKind, Traversal};
use crate::config::codes;
use crate::config::module::{Endpoint, ProviderRef};
use crate::config::reference::{self, Reference, ResourceKey, Target};
use crate::config::syntax::{Interner, parse_expression};

/// `[aws_s3_bucket.a, module.b]`
pub(super) fn depends_on(expr: &Expr, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    let ExprKind::Tuple(items) = &expr.kind else {
        if !matches!(expr.kind, ExprKind::Invalid) {
            let detail = "Here a list of references in brackets must stand.";
            diagnostics.push(codes::EXPECTED_LIST.error(detail).at(expr.span));
        }
        return Vec::new();
    };
    items.iter().filter_map(|item| dependency(item, diagnostics)).collect()
}

fn dependency(item: &Expr, diagnostics: &mut Diagnostics) -> Option<Reference> {
    let unquoted = unquote(item, diagnostics);
    let item = unquoted.as_ref().unwrap_or(item);
    let ExprKind::Traversal(traversal) = &item.kind else {
        let detail = "Here a reference such as `aws_s3_bucket.a` or `module.b` must stand.";
        diagnostics.push(codes::EXPECTED_REFERENCE.error(detail).at(item.span));
        return None;
    };
    match reference::parse(&traversal.root, traversal.root_span, &traversal.steps) {
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
        Ok(reference) => {
            let whole = reference.rest().iter().all(|s| matches!(s.kind, StepKind::Key(_)));
            let fits = matches!(
                reference.target,
                Target::Resource(_) | Target::Module { .. } | Target::Block { .. }
            );
            if !whole && fits {
                let detail = "What is depended on is a whole object, not an attribute of it.";
                diagnostics.push(codes::EXPECTED_REFERENCE.error(detail).at(item.span));
                return None;
            }
            Some(reference)
        }
    }
}

/// The expression inside of quotes, as old configurations write references.
pub(super) fn unquote(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let text = expr.literal_text()?;
    let detail = "References stand without quotes.";
    diagnostics.push(codes::QUOTED_REFERENCE.warning(detail).at(expr.span));
    let mut found = Diagnostics::new();
    let mut inner = parse_expression(expr.span.file, text, &mut Interner::default(), &mut found);
    for mut diagnostic in found.0 {
        diagnostic.span = Some(expr.span);
        diagnostics.push(diagnostic);
    }
    place(&mut inner, expr.span);
    Some(inner)
}

/// Gives a traversal and all its parts one place.
fn place(expr: &mut Expr, span: Span) {
    expr.span = span;
    if let ExprKind::Traversal(t) = &mut expr.kind {
        let steps: Arc<[Step]> =
            t.steps.iter().map(|s| Step { kind: s.kind.clone(), span }).collect();
        let reference = reference::parse(&t.root, span, &steps).ok();
        **t = Traversal { root: t.root.clone(), root_span: span, steps, reference };
    }
}

/// `aws`, `aws.west`
pub(super) fn provider(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<ProviderRef> {
    let unquoted = unquote(expr, diagnostics);
    let expr = unquoted.as_ref().unwrap_or(expr);
    let found = match &expr.kind {
        ExprKind::Traversal(t) => match &*t.steps {
            [] => Some((t.root.clone(), None)),
            [Step { kind: StepKind::Attr(alias), .. }] => {
                Some((t.root.clone(), Some(alias.clone())))
            }
            _ => None,
        },
        _ => None,
    };
    if found.is_none() && !matches!(expr.kind, ExprKind::Invalid) {
        let detail = "Here a provider must stand: its name, or `name.alias`.";
        diagnostics.push(codes::EXPECTED_REFERENCE.error(detail).at(expr.span));
    }
    found.map(|(name, alias)| ProviderRef { name, alias, span: expr.span })
}

/// An address as it is read: keys may be expressions.
pub(super) struct Address {
    pub(super) modules: Vec<(Name, Option<Expr>)>,
    pub(super) resource: Option<(ResourceKey, Option<Expr>)>,
}

/// `module.a["k"].terraform_data.x[0]`
pub(super) fn address(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Address> {
    let read = match &expr.kind {
        ExprKind::Traversal(t) => read_address(t),
        ExprKind::Invalid => return None,
        _ => None,
    };
    if read.is_none() {
        let detail = "An address is expected here, such as `aws_s3_bucket.a[\"key\"]` or \
                      `module.b.aws_s3_bucket.a`.";
        diagnostics.push(codes::INVALID_ADDRESS.error(detail).at(expr.span));
    }
    read
}

fn read_address(t: &Traversal) -> Option<Address> {
    let root = StepKind::Attr(t.root.clone());
    let mut steps = std::iter::once((&root, t.root_span))
        .chain(t.steps.iter().map(|s| (&s.kind, s.span)))
        .peekable();
    let mut modules = Vec::new();
    loop {
        let Some((StepKind::Attr(name), _)) = steps.next() else {
            return steps.next().is_none().then_some(Address { modules, resource: None });
        };
        let (mode, kind) = match &**name {
            "module" => {
                let (StepKind::Attr(name), _) = steps.next()? else { return None };
                let key = key_step(&mut steps);
                modules.push((name.clone(), key));
                if steps.peek().is_none() {
                    return Some(Address { modules, resource: None });
                }
                continue;
            }
            "data" | "resource" => {
                let (StepKind::Attr(kind), _) = steps.next()? else { return None };
                let data = &**name == "data";
                (if data { Mode::Data } else { Mode::Managed }, kind)
            }
            _ => (Mode::Managed, name),
        };
        let (StepKind::Attr(name), _) = steps.next()? else { return None };
        let resource = ResourceKey { mode, kind: kind.clone(), name: name.clone() };
        let key = key_step(&mut steps);
        if steps.peek().is_none() {
            return Some(Address { modules, resource: Some((resource, key)) });
        }
        return of_block(&resource, key.as_ref(), &mut steps)
            .map(|object| Address { modules, resource: Some(object) });
    }
}

/// `bucket.exports.aws_s3_bucket["us-east-1"]`: what comes after the block.
fn of_block<'s>(
    block: &ResourceKey,
    key: Option<&Expr>,
    steps: &mut std::iter::Peekable<impl Iterator<Item = (&'s StepKind, Span)>>,
) -> Option<(ResourceKey, Option<Expr>)> {
    let key = match key {
        Some(key) => literal_key(key)?.to_string(),
        None => String::new(),
    };
    let (StepKind::Attr(kind), _) = steps.next()? else { return None };
    let name = format!("{}.{}{key}", block.kind, block.name).into();
    let object = ResourceKey { mode: Mode::Managed, kind: kind.clone(), name };
    let instance = key_step(steps);
    steps.next().is_none().then_some((object, instance))
}

/// `[…]`, if that is what comes.
fn key_step<'s>(
    steps: &mut std::iter::Peekable<impl Iterator<Item = (&'s StepKind, Span)>>,
) -> Option<Expr> {
    let (kind, span) =
        steps.next_if(|(kind, _)| matches!(kind, StepKind::Key(_) | StepKind::Index(_)))?;
    match kind {
        StepKind::Key(value) => Some(Expr { kind: ExprKind::Literal(value.clone()), span }),
        StepKind::Index(expr) => Some((**expr).clone()),
        StepKind::Attr(_) | StepKind::Splat(_) => None,
    }
}

/// An address in which all keys are literals.
pub(super) fn endpoint(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Endpoint> {
    let address = address(expr, diagnostics)?;
    let keyed = |key: Option<Expr>| match key {
        None => Some(None),
        Some(expr) => literal_key(&expr).map(Some),
    };
    let modules: Option<Vec<_>> =
        address.modules.into_iter().map(|(name, key)| Some((name, keyed(key)?))).collect();
    let resource = match address.resource {
        None => Some(None),
        Some((resource, key)) => keyed(key).map(|key| Some((resource, key))),
    };
    match (modules, resource) {
        (Some(modules), Some(resource)) => Some(Endpoint { modules, resource, span: expr.span }),
        _ => {
            let detail = "The keys of an address are literals here, such as `[0]` or `[\"a\"]`.";
            diagnostics.push(codes::INVALID_ADDRESS.error(detail).at(expr.span));
            None
        }
    }
}

/// The key that a literal is.
pub(super) fn literal_key(expr: &Expr) -> Option<Key> {
    match &expr.kind {
        ExprKind::Literal(Value::String(text)) => Some(Key::Text(text.clone())),
        ExprKind::Literal(Value::Number(n)) => n.as_u64().map(Key::Index),
        _ => None,
    }
}
