//! The names in a body: unknown, missing, computed, too many; also in `ignore_changes` and
//! after references.

use lifeboat_sdk::{Attribute, Diagnostic, Diagnostics, Presence, Shape, Span, Syntax};

use super::Positions;
use super::block::is_dynamic;
use crate::config::ast::{Block, Body, Expr, ExprKind, Part, Step, StepKind};
use crate::config::module::{Ignore, Lifecycle};
use crate::config::reference::Reference;
use crate::config::{codes, suggest};

/// The names in a body, without evaluating: unknown, missing, computed, too many.
pub fn check_static(body: &Body, schema: &[Attribute], diagnostics: &mut Diagnostics) {
    let positions = Positions::of(schema);
    let find = |name: &str| positions.find(name).and_then(|at| schema.get(at));
    for attribute in &body.attributes {
        match find(&attribute.name) {
            Some(known) if known.syntax == Syntax::Attribute => {
                check_attribute(attribute, known, diagnostics);
            }
            known => {
                let name = &attribute.name;
                let detail = format!("There is no argument {name:?} here.");
                let diagnostic = codes::UNKNOWN_ARGUMENT.error(detail).at(attribute.name_span);
                diagnostics.push(match known {
                    Some(_) => diagnostic
                        .help(format!("It is a block: `{name} {{ … }}`, without an equals sign.")),
                    None => nearest(diagnostic, name, schema),
                });
            }
        }
    }
    for block in &body.blocks {
        if &*block.ident == "dynamic" {
            check_dynamic(block, &find, schema, diagnostics);
        } else {
            let named = Named { name: &block.ident, at: block.ident_span, body: &block.body };
            if let Some(label) = block.labels.first().filter(|_| find(named.name).is_some()) {
                let detail = format!("{:?} blocks have no label.", named.name);
                diagnostics.push(codes::EXTRA_LABEL.error(detail).at(label.span));
            }
            check_block(&named, find(named.name), schema, diagnostics);
        }
    }
    check_missing(body, schema, diagnostics);
}

fn nearest(diagnostic: Diagnostic, name: &str, schema: &[Attribute]) -> Diagnostic {
    let names = schema.iter().filter(|a| a.presence.configurable()).map(|a| a.name);
    suggest::with(diagnostic, suggest::nearest(name, names))
}

fn check_attribute(
    attribute: &crate::config::ast::Attribute,
    schema: &Attribute,
    diagnostics: &mut Diagnostics,
) {
    let name = schema.name;
    if !schema.presence.configurable() {
        let detail = format!("{name:?} is told by the provider and cannot be set.");
        diagnostics.push(codes::READ_ONLY.error(detail).at(attribute.name_span));
    } else if schema.sensitive && is_literal(&attribute.expr) {
        let detail = format!(
            "{name:?} is a secret, and secrets do not stand in files: refer to a sensitive \
             variable or to a `secret` block."
        );
        diagnostics.push(codes::SECRET_LITERAL.error(detail).at(attribute.expr.span));
    }
}

/// Whether a text is written out.
fn is_literal(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Literal(value) => value.as_str().is_some_and(|text| !text.is_empty()),
        ExprKind::Template(parts) => parts.iter().all(|p| matches!(p, Part::Text(..))),
        _ => false,
    }
}

/// A block as it is named, or as a `dynamic` block names it.
struct Named<'a> {
    name: &'a str,
    at: Span,
    body: &'a Body,
}

fn check_block(
    block: &Named<'_>,
    known: Option<&Attribute>,
    schema: &[Attribute],
    diagnostics: &mut Diagnostics,
) {
    let Named { name, at, body } = *block;
    let inner = known
        .filter(|k| matches!(k.syntax, Syntax::Block { .. }))
        .and_then(|k| k.shape.attributes());
    let Some(inner) = inner else {
        let detail = format!("There are no {name:?} blocks here.");
        let diagnostic = codes::UNKNOWN_BLOCK.error(detail).at(at);
        diagnostics.push(match known {
            Some(_) => diagnostic.help(format!("It is an argument: `{name} = …`.")),
            None => nearest(diagnostic, name, schema),
        });
        return;
    };
    check_static(body, inner, diagnostics);
}

fn check_dynamic<'s>(
    block: &Block,
    find: &dyn Fn(&str) -> Option<&'s Attribute>,
    schema: &[Attribute],
    diagnostics: &mut Diagnostics,
) {
    let [label] = block.labels.as_slice() else {
        let detail = "A dynamic block has one label, the kind of the blocks it yields.";
        diagnostics.push(codes::INVALID_DYNAMIC.error(detail).at(block.header));
        return;
    };
    let mut wrong = |at: Span, detail: String| {
        diagnostics.push(codes::INVALID_DYNAMIC.error(detail).at(at));
    };
    for attribute in &block.body.attributes {
        match &*attribute.name {
            "for_each" => {}
            "iterator" if attribute.expr.keyword().is_some() => {}
            "iterator" => wrong(attribute.expr.span, "The iterator is a name.".into()),
            "labels" => wrong(attribute.name_span, "These blocks have no labels.".into()),
            name => wrong(
                attribute.name_span,
                format!("A dynamic block has no argument {name:?}; put it into `content`."),
            ),
        }
    }
    if block.body.attribute("for_each").is_none() {
        wrong(block.body.missing, "A dynamic block needs `for_each`.".into());
    }
    for other in block.body.blocks.iter().filter(|b| &*b.ident != "content") {
        wrong(other.ident_span, "A dynamic block holds a `content` block only.".into());
    }
    let mut contents = block.body.blocks.iter().filter(|b| &*b.ident == "content");
    let Some(content) = contents.next() else {
        wrong(block.body.missing, "A dynamic block needs a `content` block.".into());
        return;
    };
    if let Some(second) = contents.next() {
        wrong(second.header, "A dynamic block has one `content` block.".into());
    }
    let known = find(&label.text);
    let named = Named { name: &label.text, at: label.span, body: &content.body };
    check_block(&named, known, schema, diagnostics);
}

fn check_missing(body: &Body, schema: &[Attribute], diagnostics: &mut Diagnostics) {
    for attribute in schema {
        let name = attribute.name;
        match attribute.syntax {
            Syntax::Attribute => {
                let given =
                    attribute.presence != Presence::Required || body.attribute(name).is_some();
                if !given {
                    let detail = format!("The argument {name:?} is required.");
                    diagnostics.push(codes::MISSING_ARGUMENT.error(detail).at(body.missing));
                }
            }
            Syntax::Block { min, max } => {
                let dynamic = body.blocks.iter().any(|b| is_dynamic(b, name));
                let count = body.blocks.iter().filter(|b| &*b.ident == name).count();
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                if (count < min && !dynamic) || (max > 0 && count > max) {
                    diagnostics.push(count_error(name, count, min, max, body));
                }
            }
        }
    }
}

/// Too few or too many blocks.
pub(super) fn count_error(name: &str, count: u32, min: u32, max: u32, body: &Body) -> Diagnostic {
    if count < min {
        let detail = match min {
            1 => format!("A {name:?} block is required."),
            _ => format!("At least {min} {name:?} blocks are required; there are {count}."),
        };
        return codes::MISSING_BLOCK.error(detail).at(body.missing);
    }
    let detail = match max {
        1 => format!("Only one {name:?} block may stand here."),
        _ => format!("At most {max} {name:?} blocks may stand here; there are {count}."),
    };
    let over = usize::try_from(max).unwrap_or(usize::MAX);
    let extra = body.blocks.iter().filter(|b| &*b.ident == name).nth(over);
    codes::TOO_MANY_BLOCKS.error(detail).at(extra.map_or(body.missing, |b| b.header))
}

/// The attributes that `ignore_changes` names.
pub fn check_ignored(lifecycle: &Lifecycle, schema: &[Attribute], diagnostics: &mut Diagnostics) {
    let Ignore::Paths(paths) = &lifecycle.ignore_changes else { return };
    for path in paths {
        diagnostics.0.extend(follow(&path.steps, schema));
    }
}

/// The attributes that a reference to a resource or data source goes on to; `schema` is its.
pub fn check_reference(reference: &Reference, schema: &[Attribute]) -> Option<Diagnostic> {
    let mut rest = reference.rest();
    while let Some((Step { kind: StepKind::Key(_) | StepKind::Index(_), .. }, after)) =
        rest.split_first()
    {
        rest = after;
    }
    match rest.first().map(|s| &s.kind) {
        Some(StepKind::Splat(each)) => follow(each, schema),
        _ => follow(rest, schema),
    }
}

/// Follows steps into the shape of an object up to where it is open or a step is not literal.
fn follow(steps: &[Step], schema: &[Attribute]) -> Option<Diagnostic> {
    let mut shape = None;
    let mut attributes = schema;
    for step in steps {
        match (&step.kind, shape) {
            (StepKind::Attr(name), None | Some(Shape::Object(_))) => {
                let Some(found) = attributes.iter().find(|a| a.name == &**name) else {
                    let detail = format!("There is no attribute {name:?}.");
                    let diagnostic = codes::UNKNOWN_ATTRIBUTE.error(detail).at(step.span);
                    let near = suggest::nearest(name, attributes.iter().map(|a| a.name));
                    return Some(suggest::with(diagnostic, near));
                };
                shape = Some(found.shape);
            }
            (StepKind::Attr(_) | StepKind::Key(_), Some(Shape::Map(inner)))
            | (StepKind::Key(_) | StepKind::Index(_), Some(Shape::List(inner))) => {
                shape = Some(*inner);
            }
            _ => return None,
        }
        if let Some(Shape::Object(inner)) = shape {
            attributes = inner;
        }
    }
    None
}
