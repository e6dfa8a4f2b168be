//! Tags of zones and health checks, which Route 53 keeps apart from the objects.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{ResourceTagSet, Tag, TagResourceType};
use futures_util::future::join_all;
pub(crate) use lifeboat_aws_core::tags::Tags;
use lifeboat_aws_core::tags::split;
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Call, Class, Failure, Inventory};

use crate::Api;

/// Reads the tags of up to ten objects.
pub(crate) const LIST: Call =
    Call::read("route53", "ListTagsForResources", "route53:ListTagsForResources").global();
/// Reads the tags of one object.
pub(crate) const LIST_ONE: Call =
    Call::read("route53", "ListTagsForResource", "route53:ListTagsForResource").global();
/// Sets and removes tags.
pub(crate) const CHANGE: Call =
    Call::write("route53", "ChangeTagsForResource", "route53:ChangeTagsForResource").global();

/// Objects in one call, and tags in one change (API reference, `ListTagsForResources`,
/// `ChangeTagsForResource`).
const BATCH: usize = 10;
/// Codes for an object that is not there.
const GONE: &[&str] = &["NoSuchHealthCheck", "NoSuchHostedZone"];

/// The tags of each object, as they are live.
pub(crate) type Found = BTreeMap<String, Result<Tags, Failure>>;

/// Reads the tags of objects that exist, ten in a call.
pub(crate) async fn read(api: Api<'_>, kind: &TagResourceType, ids: &[String]) -> Found {
    let batches = ids.chunks(BATCH).map(|batch| async move {
        if let [id] = batch {
            return Found::from([(id.clone(), one(api, kind, id).await)]);
        }
        match many(api, kind, batch).await {
            Ok(found) => found,
            // One of them is gone, or the server knows only the other call: each for itself.
            Err(failure) if matches!(failure.class, Class::NotFound | Class::Invalid) => {
                let each =
                    batch.iter().map(|id| async move { (id.clone(), one(api, kind, id).await) });
                join_all(each).await.into_iter().collect()
            }
            Err(failure) => batch.iter().map(|id| (id.clone(), Err(failure.clone()))).collect(),
        }
    });
    join_all(batches).await.into_iter().flatten().collect()
}

/// Objects that exist, by their owner tags.
pub(crate) async fn inventory(api: Api<'_>, kind: &TagResourceType, ids: &[String]) -> Inventory {
    let found = read(api, kind, ids).await;
    Inventory::of(found.into_iter().map(|(id, live)| (id.into(), live.map(|t| split(t, "").1))))
}

async fn many(api: Api<'_>, kind: &TagResourceType, ids: &[String]) -> Result<Found, Failure> {
    let call = || async {
        let input = api.client.list_tags_for_resources().resource_type(kind.clone());
        let answer = input.set_resource_ids(Some(ids.to_vec())).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    let answer = api.ctx.call(&LIST, api.scope, call).await?;
    let of = |id: &String| {
        let set = answer.resource_tag_sets.iter().find(|set| set.resource_id.as_ref() == Some(id));
        set.map(tags).ok_or_else(|| nothing_said(id).of(&LIST, api.scope))
    };
    Ok(ids.iter().map(|id| (id.clone(), of(id))).collect())
}

async fn one(api: Api<'_>, kind: &TagResourceType, id: &str) -> Result<Tags, Failure> {
    let call = || async {
        let input = api.client.list_tags_for_resource().resource_type(kind.clone()).resource_id(id);
        input.send().await.map_err(|e| failure(e).not_found(GONE))
    };
    let answer = api.ctx.call(&LIST_ONE, api.scope, call).await?;
    let set = answer.resource_tag_set.filter(|set| set.resource_id.as_deref() == Some(id));
    set.as_ref().map(tags).ok_or_else(|| nothing_said(id).of(&LIST_ONE, api.scope))
}

fn nothing_said(id: &str) -> Failure {
    Failure::new(Class::Garbled, format!("the answer says nothing of {id}"))
}

fn tags(set: &ResourceTagSet) -> Tags {
    let pair = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    set.tags().iter().filter_map(pair).collect()
}

/// Makes the tags of an object `after`; those of `before` that are not in it go, others that it
/// may have stay.
pub(crate) async fn write(
    api: Api<'_>,
    object: (&TagResourceType, &str),
    before: &Tags,
    after: &Tags,
) -> Result<(), Failure> {
    let (kind, id) = object;
    let add: Vec<Tag> = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value))
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let remove: Vec<String> = gone.cloned().collect();
    for n in 0..add.len().div_ceil(BATCH).max(remove.len().div_ceil(BATCH)) {
        let some = |range: &[Tag]| (!range.is_empty()).then(|| range.to_vec());
        let add = add.chunks(BATCH).nth(n).and_then(some);
        let remove = remove.chunks(BATCH).nth(n).map(<[String]>::to_vec);
        let call = || async {
            let input = api.client.change_tags_for_resource().resource_type(kind.clone());
            let input = input.resource_id(id).set_add_tags(add.clone());
            let input = input.set_remove_tag_keys(remove.clone());
            crate::silent(input.send().await.map_err(failure))
        };
        api.ctx.call(&CHANGE, api.scope, call).await?;
    }
    Ok(())
}
