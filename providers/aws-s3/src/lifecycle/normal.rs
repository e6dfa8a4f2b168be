//! The canonical form of lifecycle documents, and what is wrong with some.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lifeboat_aws_core::{normalise, validate};
use lifeboat_sdk::value::Path;
use lifeboat_sdk::{Finding, Object as _, Value};

use super::{And, Filter, Lifecycle};
use crate::filter::{self, Conditions};

/// The document in the form in which equal meaning is equal content.
pub(super) fn document(document: &Value) -> Value {
    let document = normalise::containers(Lifecycle::SCHEMA.attributes, document);
    normalise::blocks(&document, "rule", &rule)
}

fn rule(rule: &Value) -> Value {
    let rule = filter::normalise::<Filter>(rule);
    let rule = normalise::blocks(&rule, "transition", &date);
    let rule = normalise::blocks(&rule, "expiration", &|block| {
        let block = without(&date(block), "days", |v| v.as_i64() == Some(0));
        without(&block, "expired_object_delete_marker", |v| v.as_bool() == Some(false))
    });
    drop_empty(&rule, "expiration")
}

/// `2030-01-01T00:00:00.000Z` is `2030-01-01T00:00:00Z`.
fn date(block: &Value) -> Value {
    let text = block.get("date").and_then(Value::as_str);
    let date = text.and_then(|t| DateTime::from_str(t, Format::DateTimeWithOffset).ok());
    match date.and_then(|d| d.fmt(Format::DateTime).ok()) {
        Some(text) => block.with("date", Value::string(text)),
        None => block.clone(),
    }
}

/// An attribute that says nothing becomes null.
fn without(block: &Value, name: &str, blank: impl FnOnce(&Value) -> bool) -> Value {
    match block.get(name) {
        Some(value) if blank(value) => block.with(name, Value::Null(value.ty())),
        _ => block.clone(),
    }
}

/// A block in which nothing is set is no block.
fn drop_empty(rule: &Value, name: &str) -> Value {
    let Some(value) = rule.get(name) else { return rule.clone() };
    let Value::List(list) = value.bare() else { return rule.clone() };
    let full = list.items.iter().filter(|item| item.children().any(|v| !v.is_null()));
    let kept = Value::list(list.element.clone(), full.cloned().collect());
    rule.with(name, kept.mark(value.unmark().1))
}

impl filter::Filter for Filter {
    fn conditions(&self) -> Conditions {
        let Self { prefix, object_size_greater_than, object_size_less_than, tag, and } = self;
        let mut all = Conditions {
            greater_than: *object_size_greater_than,
            less_than: *object_size_less_than,
            ..Conditions::default()
        };
        all.add_prefix(prefix.as_ref());
        all.add_tags(tag.iter().map(|tag| (tag.key.clone(), tag.value.clone())));
        for and in and {
            all.add_prefix(and.prefix.as_ref());
            all.add_tags(and.tags.clone());
            all.greater_than = and.object_size_greater_than.or(all.greater_than);
            all.less_than = and.object_size_less_than.or(all.less_than);
        }
        all
    }

    fn canonical(all: Conditions) -> Self {
        if all.several() {
            let and = And {
                prefix: all.prefix,
                object_size_greater_than: all.greater_than,
                object_size_less_than: all.less_than,
                tags: all.tags,
            };
            return Self { and: vec![and], ..Self::default() };
        }
        Self {
            prefix: all.prefix.clone(),
            object_size_greater_than: all.greater_than,
            object_size_less_than: all.less_than,
            tag: all.tag(),
            and: Vec::new(),
        }
    }
}

/// What S3 refuses only when the document is sent (S3 user guide, "Lifecycle configuration
/// elements" and "Constraints").
pub(super) fn findings(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, days) in validate::at(document, &["rule", "transition", "days"]) {
        let class = sibling(document, &path, "storage_class");
        let early = days.as_i64().is_some_and(|days| days < 30);
        if early && matches!(class, Some("STANDARD_IA" | "ONEZONE_IA")) {
            findings.push(Finding {
                path,
                summary: "Transition comes too early",
                detail: "S3 moves objects to STANDARD_IA and ONEZONE_IA after 30 days at the \
                         earliest."
                    .to_owned(),
                help: "Write days = 30 or more.".to_owned(),
                warning: false,
            });
        }
    }
    findings.extend(repeated_ids(document));
    findings
}

fn sibling<'v>(document: &'v Value, path: &Path, name: &str) -> Option<&'v str> {
    let mut parent = path.clone();
    parent.0.pop();
    document.at(&parent)?.get(name)?.as_str()
}

fn repeated_ids(document: &Value) -> Vec<Finding> {
    let mut seen = std::collections::BTreeSet::new();
    let ids = validate::at(document, &["rule", "id"]);
    let again = ids.into_iter().filter(|(_, id)| id.as_str().is_some_and(|id| !seen.insert(id)));
    again
        .map(|(path, id)| Finding {
            path,
            summary: "Rule id used twice",
            detail: format!("{id:?} names more than one rule of the bucket."),
            help: "Give each rule an id of its own.".to_owned(),
            warning: false,
        })
        .collect()
}
