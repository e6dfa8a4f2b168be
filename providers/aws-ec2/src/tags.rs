//! Tags: written with the object, changed by calls of their own.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use lifeboat_aws_core::tags::{STEP, Tags, join, step};
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Call, Failure, Owner};

use crate::Api;

/// Sets tags.
pub(crate) const CREATE: Call = Call::write("ec2", "CreateTags", "ec2:CreateTags");
/// Removes tags.
pub(crate) const DELETE: Call = Call::write("ec2", "DeleteTags", "ec2:DeleteTags");

/// Tags as pairs.
pub(crate) fn of(tags: &[Tag]) -> impl Iterator<Item = (String, String)> {
    let pair = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    tags.iter().filter_map(pair)
}

/// The tags that an object is made with: the user's, the owner's, and the step that makes it.
pub(crate) fn made_with(
    kind: ResourceType,
    tags: &Tags,
    owner: Option<&Owner>,
    token: &str,
) -> TagSpecification {
    let mut all = join(tags, owner);
    all.insert(STEP.to_owned(), step(token));
    TagSpecification::builder().resource_type(kind).set_tags(Some(list(&all))).build()
}

/// Makes the tags of an object `after`; those of `before` that are not in it go, others that it
/// may have stay. `gone` are the codes that say that there is no such object.
pub(crate) async fn write(
    api: Api<'_>,
    id: &str,
    before: &Tags,
    after: &Tags,
    gone: &'static [&'static str],
) -> Result<(), Failure> {
    let differs = |(key, value): &(&String, &String)| before.get(*key) != Some(*value);
    let add: Tags = after.iter().filter(differs).map(|(k, v)| (k.clone(), v.clone())).collect();
    if !add.is_empty() {
        let add = list(&add);
        let call = || async {
            let input = api.client.create_tags().resources(id).set_tags(Some(add.clone()));
            input.send().await.map_err(|e| failure(e).not_found(gone))
        };
        api.ctx.call(&CREATE, api.scope, call).await?;
    }
    let extra = before.keys().filter(|key| !after.contains_key(*key));
    let extra: Vec<Tag> = extra.map(|key| Tag::builder().key(key).build()).collect();
    if !extra.is_empty() {
        let call = || async {
            let input = api.client.delete_tags().resources(id).set_tags(Some(extra.clone()));
            input.send().await.map_err(|e| failure(e).not_found(gone))
        };
        api.ctx.call(&DELETE, api.scope, call).await?;
    }
    Ok(())
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
