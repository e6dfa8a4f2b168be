//! Objects that topology blocks stand for.

use lifeboat_sdk::schema::{Attribute, Shape, Syntax};
use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Diagnostic, Name, Observation, Path, Span, Type, Value};

use super::instance::Wanted;
use super::{Resolver, managed, values};
use crate::address::{Address, Key};
use crate::desired::{Part, Planned, Synthetic, Template};
use crate::diff::Ignore;
use crate::evaluation::Environment;
use crate::plan::PlanMode;

impl Resolver<'_> {
    /// Plans all objects of one kind of a topology block.
    pub(super) fn synthetic(
        &mut self,
        index: usize,
        environment: &Environment<'_>,
        cell: &values::Shared,
    ) {
        let desired = self.input.desired;
        let synthetic = &desired.synthetics[index];
        let position = desired.position(&crate::desired::Item::Synthetic(index));
        let takes_part = position.is_none_or(|at| self.takes_part(at));
        for (key, planned) in in_order(synthetic) {
            let address = synthetic.address.instance(Some(key.clone()));
            if planned.only_primary && !self.is_primary(key) {
                // Absent by role: that it is missing here is no change. What a region that was the
                // primary still has goes with re-protection, not with the promotion.
                let known = self.input.previous.contains_key(&address);
                let gone =
                    matches!(self.input.observed.get(&address), Some(Observation::Absent(_)));
                if !known || (self.input.promoting && !gone) {
                    self.seen.insert(address);
                }
                continue;
            }
            let stored = self.input.previous.get(&address).map(|p| p.document.clone());
            let value = match stored {
                Some(document) if !takes_part => document,
                _ if !takes_part => continue,
                _ => self.planned(synthetic, &address, planned, environment),
            };
            cell.insert_single(&address, value);
        }
    }

    /// Whether the key's region is the primary.
    fn is_primary(&self, key: &Key) -> bool {
        let Key::Text(key) = key else { return true };
        let region = key.split('/').next().unwrap_or(key);
        self.input.primary.as_ref().is_none_or(|primary| *primary.0 == *region)
    }

    fn planned(
        &mut self,
        synthetic: &Synthetic,
        address: &Address,
        planned: &Planned,
        environment: &Environment<'_>,
    ) -> Value {
        self.seen.insert(address.clone());
        let unknown = Value::unknown(Type::Dynamic);
        let Some((_, kind)) = self.input.catalogue.kinds.get(&*address.kind).cloned() else {
            self.push(
                Diagnostic::error(
                    "plan::kind_missing",
                    "This build lacks a provider",
                    format!(
                        "{address} needs the type {}, which this build does not have.",
                        address.kind
                    ),
                )
                .at(planned.span)
                .help("Use a build with the provider's feature."),
            );
            return unknown;
        };
        let Some(instance) = self.input.providers.0.get(&synthetic.provider).cloned() else {
            return unknown;
        };
        let kind = instance.kinds.get(kind.name()).cloned().unwrap_or(kind);
        let attributes = kind.schema().attributes;
        let closed = self.input.closed && !planned.closed.is_empty();
        let closed = closed && address.key.as_ref().is_some_and(|key| self.is_primary(key));
        let document = match (closed, self.input.leaving.contains(address)) {
            (true, true) => instead(planned, &planned.sealed),
            (true, false) => instead(planned, &planned.closed),
            (false, true) => instead(planned, &planned.leaving),
            (false, false) => planned.document.clone(),
        };
        let config = match synthetic_document(attributes, &document, environment) {
            Ok(config) => managed::with_region(&kind, &instance, config),
            Err(text) => {
                let place = written(&planned.document, &text).unwrap_or(planned.span);
                let text = format!("{address} cannot take its {text}.");
                self.push(
                    Diagnostic::error("plan::block_value", "A value does not fit", text)
                        .about(address)
                        .at(place)
                        .help("Give a value of the expected type."),
                );
                return unknown;
            }
        };
        let span = planned.span;
        let depends_on = self.block_needs(address, planned, &document);
        let scope = self.scope_of(&instance, &kind, &config, span);
        let wanted = Wanted {
            address: address.clone(),
            provider: instance.name.clone(),
            source: instance.source,
            scope,
            config,
            ignore: Ignore::Nothing,
            create_before_destroy: false,
            prevent_destroy: planned.prevent_destroy,
            operated: planned.operated,
            adopt: planned.adopt || planned.operated,
            needs: depends_on.clone(),
            depends_on,
            importing: self.input.options.imports.get(address).cloned(),
            follows: planned.follows.as_ref(),
            triggered: false,
            span,
            place: &|_: &Path| span,
            kind,
        };
        debug_assert!(self.input.options.mode != PlanMode::Destroy);
        self.object(&wanted)
    }

    /// The objects that one of a block needs, exactly.
    fn block_needs(
        &self,
        address: &Address,
        planned: &Planned,
        document: &[(Name, Template)],
    ) -> Vec<Address> {
        // In a promotion the phases say what comes first, and what is fenced waits for nothing.
        let phased = planned.part.is_some_and(|part| part.runs() || part == Part::Database)
            && (self.input.promoting || self.input.leaving.contains(address));
        let mut needs = if phased { Vec::new() } else { planned.after.clone() };
        let mut through = std::collections::BTreeSet::new();
        for (_, template) in document {
            template.visit(&mut |part| match part {
                Template::Ref(at, _) => needs.push(at.clone()),
                Template::Expr(expr) => through.extend(self.expression_needs(expr)),
                _ => {}
            });
        }
        needs.extend(through);
        needs.sort();
        needs.dedup();
        needs.retain(|need| need != address);
        needs
    }

    /// Resources that an expression of the root module needs.
    fn expression_needs(&self, expr: &crate::config::ast::Expr) -> Vec<Address> {
        let desired = self.input.desired;
        desired
            .expression_reach(self.input.config, expr)
            .into_iter()
            .filter_map(|position| match &desired.items[position] {
                crate::desired::Item::Resource(path, key) if path.is_empty() => {
                    let root = crate::address::ModulePath::root();
                    Some(crate::evaluation::address(&root, key, None))
                }
                crate::desired::Item::Synthetic(i) => Some(desired.synthetics[*i].address.clone()),
                _ => None,
            })
            .collect()
    }
}

/// The objects of a block, those first that refer to none of the others: who is copied comes before
/// its copies.
fn in_order(synthetic: &Synthetic) -> Vec<(&Key, &Planned)> {
    let refers = |planned: &Planned| {
        let mut found = false;
        for (_, template) in &planned.document {
            template.visit(&mut |part| {
                if let Template::Ref(at, _) = part {
                    found |= at.whole() == synthetic.address;
                }
            });
        }
        found
    };
    let mut all: Vec<(&Key, &Planned)> = synthetic.instances.iter().collect();
    all.sort_by_key(|(_, planned)| refers(planned));
    all
}

/// The document with other values of some attributes.
fn instead(planned: &Planned, others: &[(Name, Template)]) -> Vec<(Name, Template)> {
    let other = |name: &Name| others.iter().find(|(n, _)| n == name);
    let document = planned.document.iter();
    document.map(|entry| other(&entry.0).unwrap_or(entry).clone()).collect()
}

/// Where the attribute is written that a text of [`complete`] begins with.
fn written(document: &[(Name, Template)], text: &str) -> Option<Span> {
    let (name, _) = text.split_once(':')?;
    let (_, template) = document.iter().find(|(attribute, _)| **attribute == *name)?;
    let mut span = None;
    template.visit(&mut |part| match part {
        Template::Expr(expr) if span.is_none() => span = Some(expr.span()),
        _ => {}
    });
    span
}

/// The document of templates in the schema's types; what is not set is null.
///
/// # Errors
/// A value that does not fit the schema; in words.
pub fn synthetic_document(
    attributes: &[Attribute],
    templates: &[(Name, Template)],
    environment: &Environment<'_>,
) -> Result<Value, String> {
    let value = Value::object(
        templates.iter().map(|(name, template)| (name.clone(), template.value(environment))),
    );
    complete(attributes, &value)
}

/// An object with all attributes of the schema, in its types.
///
/// # Errors
/// A value that does not fit the schema; in words.
pub fn complete(attributes: &[Attribute], value: &Value) -> Result<Value, String> {
    let mut entries = Vec::with_capacity(attributes.len());
    for a in attributes {
        let given = value.get(a.name).filter(|v| !v.is_null());
        let filled = match given {
            Some(given) => fit(&a.shape, given).map_err(|e| format!("{}: {e}", a.name))?,
            None if matches!(a.syntax, Syntax::Block { .. }) => empty(&a.shape),
            None => Value::Null(a.shape.ty()),
        };
        entries.push((a.name.into(), filled));
    }
    Ok(Value::object(entries))
}

fn empty(shape: &Shape) -> Value {
    match shape {
        Shape::List(inner) => Value::list(inner.ty(), Vec::new()),
        Shape::Set(inner) => Value::set(inner.ty(), Vec::new()),
        other => Value::Null(other.ty()),
    }
}

fn fit(shape: &Shape, value: &Value) -> Result<Value, String> {
    if value.is_unknown() {
        let why = value.why_unknown().unwrap_or(lifeboat_sdk::value::Why::AfterApply);
        return Ok(Value::unknown_because(shape.ty(), why));
    }
    let marks = value.unmark().1;
    let fitted = match shape {
        Shape::Object(attributes) => complete(attributes, value)?,
        Shape::List(inner) if inner.attributes().is_some() => {
            Value::list(inner.ty(), all(inner, value)?)
        }
        Shape::Set(inner) if inner.attributes().is_some() => {
            Value::set(inner.ty(), all(inner, value)?)
        }
        other => convert(value, &other.ty()).map_err(|e| e.to_string())?,
    };
    Ok(fitted.mark(marks))
}

fn all(inner: &Shape, value: &Value) -> Result<Vec<Value>, String> {
    value.items().unwrap_or_default().iter().map(|item| fit(inner, item)).collect()
}
