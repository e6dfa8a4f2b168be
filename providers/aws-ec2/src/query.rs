//! What the data sources of EC2 are asked with: filters and tags.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
use lifeboat_aws_core::Clients;
use lifeboat_aws_core::tags::Tags;
use lifeboat_sdk::{Ctx, Failure, Scope};
use lifeboat_sdk_derive::Kind;

use crate::find::{self, Listed, filter};
use crate::{Api, tags};

/// A filter of EC2: what has one of the values.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct FilterBlock {
    /// Its name, as the API reference of the call has it: `tag:Name`, `vpc-id`.
    pub name: String,
    /// The values; `*` and `?` stand for any characters and any one.
    #[kind(required)]
    pub values: BTreeSet<String>,
}

/// The filters of a query; all must fit.
pub(crate) fn filters(blocks: &[FilterBlock], tags: &Tags) -> Vec<Filter> {
    let own = blocks.iter().map(|block| filter(&block.name, block.values.iter().cloned()));
    let tagged = tags.iter().map(|(key, value)| filter(&format!("tag:{key}"), [value.clone()]));
    own.chain(tagged).collect()
}

/// All that fits, in the order of ids, so that two answers do not differ in theirs.
pub(crate) async fn ask<T: Listed>(
    clients: &Clients,
    ctx: &Ctx,
    scope: &Scope,
    filters: Vec<Filter>,
) -> Result<Vec<T>, Failure> {
    let client = crate::client(clients, scope).await?;
    let api = Api { client: &client, ctx, scope };
    let mut found = find::list::<T>(api, filters).await?.items().to_vec();
    found.sort_by(|a, b| a.id().cmp(&b.id()));
    Ok(found)
}

/// The ids of what was found.
pub(crate) fn ids<T: Listed>(found: &[T]) -> Vec<String> {
    found.iter().filter_map(|live| live.id()).map(str::to_owned).collect()
}

/// The tags of what was found, as people see them.
pub(crate) fn tags_of<T: Listed>(live: &T) -> Tags {
    lifeboat_aws_core::tags::split(tags::of(live.tags()), "").0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_tags_must_all_fit() {
        let block = FilterBlock { name: "vpc-id".into(), values: ["vpc-1".to_owned()].into() };
        let tags = Tags::from([("Name".to_owned(), "web".to_owned())]);
        let filters = filters(&[block], &tags);
        let told: Vec<_> = filters.iter().map(|f| (f.name().unwrap(), f.values())).collect();
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].0, told[1].0), ("vpc-id", "tag:Name"));
        assert_eq!(told[1].1, ["web"]);
    }
}
