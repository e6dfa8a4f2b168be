//! Finding groups by their names, a hundred in a call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use futures_util::future::join_all;
use lifeboat_aws_core::failure;
use lifeboat_sdk::{Call, Class, CompleteListing, Failure, Listing, Proof};

use crate::Api;

/// Lists groups.
pub(crate) const LIST: Call =
    Call::read("autoscaling", "DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingGroups");

/// Groups in one page, and so many names in one call (Auto Scaling API reference,
/// `DescribeAutoScalingGroups`).
const PAGE: i32 = 100;
const NAMES: usize = 100;

/// What was found of a name.
pub(crate) type Found = Result<Result<AutoScalingGroup, Proof>, Failure>;

/// Looks for groups by their names.
pub(crate) async fn find(api: Api<'_>, names: &[&str]) -> Vec<Found> {
    let asked: Vec<&str> = BTreeSet::from_iter(names).into_iter().copied().collect();
    let calls = asked.chunks(NAMES).map(|chunk| async move {
        let answer = Arc::new(list(api, chunk).await);
        chunk.iter().map(move |name| (*name, answer.clone())).collect::<Vec<_>>()
    });
    let answers: BTreeMap<&str, _> = join_all(calls).await.into_iter().flatten().collect();
    names.iter().map(|name| of(answers.get(name).map(|answer| &**answer), name)).collect()
}

fn of(answer: Option<&Result<CompleteListing<AutoScalingGroup>, Failure>>, name: &str) -> Found {
    let listing = match answer {
        Some(Ok(listing)) => listing,
        Some(Err(failure)) => return Err(failure.clone()),
        None => return Err(Failure::new(Class::Other, "it was not asked for")),
    };
    let is = |group: &&AutoScalingGroup| {
        let deleted = group.status.as_deref().is_some_and(|status| status.starts_with("Delete"));
        group.auto_scaling_group_name.as_deref() == Some(name) && !deleted
    };
    let found = listing.items().iter().find(is).cloned();
    Ok(found.ok_or_else(|| listing.proof(&format!("groups with the name {name}"))))
}

/// The groups of these names.
async fn list(api: Api<'_>, names: &[&str]) -> Result<CompleteListing<AutoScalingGroup>, Failure> {
    let garbled = |why: &str| {
        let text = format!("the answer about groups {why}");
        Failure::new(Class::Garbled, text).of(&LIST, api.scope)
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut listing = Listing::default();
    let mut tokens = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let call = || async {
            let input = api.client.describe_auto_scaling_groups().max_records(PAGE);
            let input = input.set_auto_scaling_group_names(Some(names.clone()));
            input.set_next_token(token.clone()).send().await.map_err(failure)
        };
        let page = api.ctx.call(&LIST, api.scope, call).await?;
        let Some(groups) = page.auto_scaling_groups else { return Err(garbled("holds no list")) };
        let next = page.next_token.filter(|next| !next.is_empty());
        listing.page(groups, next.is_some());
        match next {
            None => return listing.complete().ok_or_else(|| garbled("does not end")),
            Some(next) if tokens.insert(next.clone()) => token = Some(next),
            Some(_) => return Err(garbled("goes round in a circle")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(names: &[(&str, Option<&str>)]) -> CompleteListing<AutoScalingGroup> {
        let group = |(name, status): &(&str, Option<&str>)| {
            let status = status.map(str::to_owned);
            AutoScalingGroup::builder().auto_scaling_group_name(*name).set_status(status).build()
        };
        let mut listing = Listing::default();
        listing.page(names.iter().map(group), false);
        listing.complete().unwrap()
    }

    #[test]
    fn a_group_that_is_being_deleted_is_gone() {
        let all = Ok(listing(&[("web", None), ("old", Some("Delete in progress"))]));
        assert!(matches!(of(Some(&all), "web"), Ok(Ok(_))));
        for name in ["old", "we"] {
            assert!(matches!(of(Some(&all), name), Ok(Err(_))), "{name}");
        }
        let denied = Err(Failure::new(Class::Denied, "no"));
        assert!(matches!(of(Some(&denied), "web"), Err(f) if f.class == Class::Denied));
        assert!(of(None, "web").is_err());
    }
}
