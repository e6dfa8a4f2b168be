//! Which objects a rule is about: the part that lifecycle and replication rules share.
//!
//! S3 has several spellings of one meaning: no filter, an empty one and an empty prefix are the
//! same; so are a single condition and an `and` of it.

use std::collections::BTreeMap;

use aws_sdk_s3::types::Tag as ApiTag;
use lifeboat_sdk::codec::Codec as _;
use lifeboat_sdk::{Class, Failure, Object, Value};
use lifeboat_sdk_derive::Kind;

/// One tag.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// All conditions of a filter, in no spelling.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    pub(crate) prefix: Option<String>,
    pub(crate) greater_than: Option<i64>,
    pub(crate) less_than: Option<i64>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A filter in one of its spellings.
pub(crate) trait Filter: Object {
    /// What it means.
    fn conditions(&self) -> Conditions;

    /// The one spelling of a meaning.
    fn canonical(conditions: Conditions) -> Self;
}

impl Conditions {
    /// An empty prefix is none.
    pub(crate) fn add_prefix(&mut self, prefix: Option<&String>) {
        if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
            self.prefix = Some(prefix.clone());
        }
    }

    pub(crate) fn add_tags(&mut self, tags: impl IntoIterator<Item = (String, String)>) {
        self.tags.extend(tags);
    }

    /// Whether they must be written in an `and`.
    pub(crate) fn several(&self) -> bool {
        let others = [self.greater_than.is_some(), self.less_than.is_some()];
        let count = usize::from(self.prefix.is_some())
            + others.into_iter().filter(|set| *set).count()
            + self.tags.len();
        count > 1
    }

    /// The tag, where there is one.
    pub(crate) fn tag(self) -> Vec<Tag> {
        self.tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
    }
}

/// Brings `prefix` and `filter` of a rule, both known, to the canonical spelling: one `filter`.
pub(crate) fn normalise<F: Filter>(rule: &Value) -> Value {
    let (Some(prefix), Some(filter)) = (rule.get("prefix"), rule.get("filter")) else {
        return rule.clone();
    };
    if !prefix.is_wholly_known() || !filter.is_wholly_known() {
        return rule.clone();
    }
    let Ok(filters) = Vec::<F>::decode(filter.unmark_deep().bare()) else { return rule.clone() };
    let mut conditions = filters.first().map(F::conditions).unwrap_or_default();
    conditions.add_prefix(prefix.as_str().map(str::to_owned).as_ref());
    let canonical = vec![F::canonical(conditions)].encode().mark(filter.marks_deep());
    rule.with("prefix", Value::Null(lifeboat_sdk::Type::String)).with("filter", canonical)
}

/// A tag of the API.
pub(crate) fn api_tag(key: &str, value: &str) -> Result<ApiTag, Failure> {
    ApiTag::builder().key(key).value(value).build().map_err(|e| invalid(&e))
}

/// A document that the SDK cannot build.
pub(crate) fn invalid(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Class::Invalid, error.to_string())
}

/// A number of the API; its limits are S3's to refuse.
pub(crate) fn int(n: Option<u32>) -> Option<i32> {
    n.map(|n| i32::try_from(n).unwrap_or(i32::MAX))
}

/// A number from the API.
pub(crate) fn count(n: Option<i32>) -> Option<u32> {
    n.and_then(|n| u32::try_from(n).ok())
}
