//! Walks over expressions and bodies: calls, and traversals that are no names of a `for`.

use lifeboat_sdk::Name;

use super::ast::{Access, Block, Body, Call, Expr, ExprKind, For, Part, Step, StepKind, Traversal};

/// What is visited.
#[derive(Clone, Copy)]
pub(super) enum Node<'e> {
    /// A traversal whose root is no name of a `for` or `dynamic` around it.
    Traversal(&'e Traversal),
    /// A call of a function.
    Call(&'e Call),
}

/// What is called for each.
type Visit<'v, 'e> = &'v mut dyn FnMut(Node<'e>);

/// Visits the traversals of an expression.
pub(super) fn traversals<'e>(e: &'e Expr, visit: &mut dyn FnMut(&'e Traversal)) {
    expr(e, &mut Vec::new(), &mut |node| {
        if let Node::Traversal(traversal) = node {
            visit(traversal);
        }
    });
}

/// Visits an expression in which the names `own` are taken.
pub(super) fn expr<'e>(e: &'e Expr, own: &mut Vec<Name>, visit: Visit<'_, 'e>) {
    match &e.kind {
        ExprKind::Literal(_) | ExprKind::OddNumber(_) | ExprKind::Invalid => {}
        ExprKind::Template(parts) => template(parts, own, visit),
        ExprKind::Wrap(x) | ExprKind::Paren(x) | ExprKind::Unary(_, x) => expr(x, own, visit),
        ExprKind::Traversal(t) => {
            if !own.contains(&t.root) {
                visit(Node::Traversal(t));
            }
            steps(&t.steps, own, visit);
        }
        ExprKind::Access(access) => {
            let Access { source, steps: into } = &**access;
            expr(source, own, visit);
            steps(into, own, visit);
        }
        ExprKind::Call(call) => {
            visit(Node::Call(call));
            call.args.iter().for_each(|x| expr(x, own, visit));
        }
        ExprKind::Binary(chain) => {
            expr(&chain.first, own, visit);
            chain.rest.iter().for_each(|(_, x)| expr(x, own, visit));
        }
        ExprKind::Conditional(c) => {
            for x in [&c.condition, &c.then, &c.otherwise] {
                expr(x, own, visit);
            }
        }
        ExprKind::Tuple(items) => items.iter().for_each(|x| expr(x, own, visit)),
        ExprKind::Object(items) => {
            for item in items {
                expr(&item.key, own, visit);
                expr(&item.value, own, visit);
            }
        }
        ExprKind::For(parts) => for_expr(parts, own, visit),
    }
}

fn for_expr<'e>(parts: &'e For, own: &mut Vec<Name>, visit: Visit<'_, 'e>) {
    expr(&parts.collection, own, visit);
    let before = own.len();
    own.extend(parts.key_name.clone());
    own.push(parts.value_name.clone());
    for x in [parts.key.as_ref(), Some(&parts.value), parts.condition.as_ref()] {
        x.into_iter().for_each(|x| expr(x, own, visit));
    }
    own.truncate(before);
}

fn steps<'e>(steps: &'e [Step], own: &mut Vec<Name>, visit: Visit<'_, 'e>) {
    for step in steps {
        match &step.kind {
            StepKind::Attr(_) | StepKind::Key(_) => {}
            StepKind::Index(x) => expr(x, own, visit),
            StepKind::Splat(each) => self::steps(each, own, visit),
        }
    }
}

fn template<'e>(parts: &'e [Part], own: &mut Vec<Name>, visit: Visit<'_, 'e>) {
    for part in parts {
        match part {
            Part::Text(..) => {}
            Part::Interpolation(x) => expr(x, own, visit),
            Part::If(part) => {
                expr(&part.condition, own, visit);
                template(&part.then, own, visit);
                template(&part.otherwise, own, visit);
            }
            Part::For(part) => {
                expr(&part.collection, own, visit);
                let before = own.len();
                own.extend(part.key.clone());
                own.push(part.value.clone());
                template(&part.content, own, visit);
                own.truncate(before);
            }
        }
    }
}

/// Visits a body in which the names `own` are taken.
pub(super) fn body<'e>(b: &'e Body, own: &mut Vec<Name>, visit: Visit<'_, 'e>) {
    for attribute in &b.attributes {
        expr(&attribute.expr, own, visit);
    }
    for block in &b.blocks {
        match iterator(block) {
            Some(name) => dynamic(block, name, own, visit),
            None => body(&block.body, own, visit),
        }
    }
}

fn dynamic<'e>(block: &'e Block, name: Name, own: &mut Vec<Name>, visit: Visit<'_, 'e>) {
    for attribute in &block.body.attributes {
        match &*attribute.name {
            "iterator" => {}
            "labels" => {
                own.push(name.clone());
                expr(&attribute.expr, own, visit);
                own.pop();
            }
            _ => expr(&attribute.expr, own, visit),
        }
    }
    own.push(name);
    for content in &block.body.blocks {
        body(&content.body, own, visit);
    }
    own.pop();
}

/// The name of the element that a `dynamic` block gives to its content.
pub(super) fn iterator(block: &Block) -> Option<Name> {
    if &*block.ident != "dynamic" {
        return None;
    }
    let given = block.body.attribute("iterator").and_then(|a| a.expr.keyword());
    given.or_else(|| block.labels.first().map(|l| &l.text)).cloned()
}
