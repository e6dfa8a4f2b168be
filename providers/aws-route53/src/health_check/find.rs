//! Finding health checks: one by one, or all of them in pages, by id or by owner.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{HealthCheck as Live, TagResourceType};
use futures_util::future::join_all;
use lifeboat_aws_core::tags::split;
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Class, CompleteListing, Failure, Inventory, Listing, Observation, Target};

use super::{GET, GONE, HealthCheck, LIST};
use crate::hook::text;
use crate::{Api, reference, tags};

/// Checks in one page (API reference, `ListHealthChecks`).
const PAGE: i32 = 1000;
/// Up to so many checks are asked for one by one; one page and its tags are two calls.
const FEW: usize = 2;

/// A check that is there, or what is known instead.
pub(super) type Found = Result<Live, Observation<HealthCheck>>;

/// Looks for all targets with the fewest calls.
pub(super) async fn all(api: Api<'_>, targets: &[Target]) -> Vec<Found> {
    let known = targets.iter().filter(|target| target.id.is_some()).count();
    if known == targets.len() && known <= FEW {
        return join_all(targets.iter().map(|t| single(api, t))).await;
    }
    let checks = match listed(api).await {
        Ok(checks) => checks,
        Err(f) => {
            return targets.iter().map(|_| Err(Observation::unreadable(api.scope, &f))).collect();
        }
    };
    let by_id: BTreeMap<&str, &Live> =
        checks.checks.items().iter().map(|check| (check.id.as_str(), check)).collect();
    let found = targets.iter().map(|target| async {
        match &target.id {
            Some(id) => match by_id.get(&**id) {
                Some(check) => Ok((*check).clone()),
                None if checks.proves => {
                    Err(Observation::Absent(checks.checks.proof("health checks")))
                }
                None => single(api, target).await,
            },
            None => search(api, &checks, target).await,
        }
    });
    join_all(found).await
}

async fn single(api: Api<'_>, target: &Target) -> Found {
    let id = target.id.as_deref().unwrap_or_default();
    let check = get(api, id).await;
    check.map_err(|failure| Observation::from_failure(api.scope, failure))
}

/// A check by its id.
pub(super) async fn get(api: Api<'_>, id: &str) -> Result<Live, Failure> {
    let call = || async {
        let answer = api.client.get_health_check().health_check_id(id).send().await;
        let answer = answer.map_err(|e| failure(e).not_found(GONE))?;
        let whole = |check: &Live| check.id == id && check.health_check_config.is_some();
        answer
            .health_check
            .filter(whole)
            .ok_or_else(|| Failure::new(Class::Garbled, format!("the answer says nothing of {id}")))
    };
    api.ctx.call(&GET, api.scope, call).await
}

/// The checks of the account.
pub(super) struct Listed {
    checks: CompleteListing<Live>,
    /// Whether what is missing is proven to be: an empty answer that lacks the fields that every
    /// answer has could be anything.
    proves: bool,
}

/// Why a listing proves nothing.
fn says_nothing(api: Api<'_>) -> Failure {
    let text = "an empty list of health checks that does not say how long it may be";
    Failure::new(Class::Garbled, text).of(&LIST, api.scope)
}

async fn listed(api: Api<'_>) -> Result<std::sync::Arc<Listed>, Failure> {
    api.ctx.shared(api.scope, "health_checks", || pages(api)).await
}

async fn pages(api: Api<'_>) -> Result<Listed, Failure> {
    let endless = || {
        Failure::new(Class::Garbled, "the pages of health checks do not end").of(&LIST, api.scope)
    };
    let mut listing = Listing::default();
    let mut seen = BTreeSet::new();
    let mut marker: Option<String> = None;
    loop {
        let call = || async {
            let input = api.client.list_health_checks().max_items(PAGE).set_marker(marker.clone());
            input.send().await.map_err(failure)
        };
        let page = api.ctx.call(&LIST, api.scope, call).await?;
        let fresh: Vec<Live> =
            page.health_checks.into_iter().filter(|check| seen.insert(check.id.clone())).collect();
        if page.is_truncated && (fresh.is_empty() || page.next_marker.is_none()) {
            return Err(endless());
        }
        listing.page(fresh, page.is_truncated);
        if !page.is_truncated {
            let proves = page.max_items > 0 || !seen.is_empty();
            return Ok(Listed { checks: listing.complete().ok_or_else(endless)?, proves });
        }
        marker = page.next_marker;
    }
}

/// All checks of the account, by their owner tags.
pub(super) async fn inventory(api: Api<'_>) -> Result<Inventory, Failure> {
    let all = listed(api).await?;
    if !all.proves {
        return Err(says_nothing(api));
    }
    let ids: Vec<String> = all.checks.items().iter().map(|check| check.id.clone()).collect();
    Ok(tags::inventory(api, &TagResourceType::Healthcheck, &ids).await)
}

/// A check whose id is not known: that whose tags name this address as owner, or that whose
/// creation this address asked for and whose tags were never written.
async fn search(api: Api<'_>, all: &Listed, target: &Target) -> Found {
    let unreadable = |failure: &Failure| Observation::unreadable(api.scope, failure);
    let kind = text(&target.hint, "type").map(str::to_ascii_uppercase);
    let of_kind = |check: &&Live| {
        let found = check.health_check_config.as_ref().map(|config| config.r#type.as_str());
        kind.as_deref().is_none_or(|kind| found == Some(kind))
    };
    let candidates: Vec<&Live> = all.checks.items().iter().filter(of_kind).collect();
    let ids: Vec<String> = candidates.iter().map(|check| check.id.clone()).collect();
    let mut live = tags::read(api, &TagResourceType::Healthcheck, &ids).await;
    let (mut ours, mut untagged) = (Vec::new(), Vec::new());
    for check in candidates {
        let live = match live.remove(&check.id).unwrap_or_else(|| Ok(tags::Tags::new())) {
            // It went between the two looks.
            Err(failure) if failure.class == Class::NotFound => continue,
            live => live.map_err(|f| unreadable(&f))?,
        };
        let owner = split(live, &target.address).1;
        match owner {
            Some(owner) if owner.address == target.address => ours.push(check),
            None if reference::made_for(&check.caller_reference, &target.address) => {
                untagged.push(check);
            }
            _ => {}
        }
    }
    let ours = if ours.is_empty() { untagged } else { ours };
    match ours.as_slice() {
        [check] => Ok((*check).clone()),
        [] if all.proves => Err(Observation::Absent(all.checks.proof("health checks"))),
        [] => Err(unreadable(&says_nothing(api))),
        several => {
            let ids: Vec<&str> = several.iter().map(|check| check.id.as_str()).collect();
            let ids = ids.join(", ");
            let text = format!("several health checks belong to {}: {ids}", target.address);
            Err(unreadable(&Failure::new(Class::Other, text)))
        }
    }
}
