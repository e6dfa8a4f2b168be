//! Finding zones: by id, by owner tags, by caller reference; and listing them to the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::{HostedZone, TagResourceType};
use lifeboat_aws_core::tags::split;
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Class, CompleteListing, Failure, Inventory, Listing, Proof, Target};

use super::{GET, GONE, LIST};
use crate::hook::text;
use crate::record::name::{canonical, zone_id};
use crate::{Api, reference, tags};

/// Zones in one page.
const PAGE: i32 = 100;

/// A zone by its id, with its name servers; asked once in a refresh, for the zone itself and for
/// all its records.
pub(crate) async fn get(api: Api<'_>, id: &str) -> Result<Arc<GetHostedZoneOutput>, Failure> {
    let make = || async {
        let call = || async {
            let answer = api.client.get_hosted_zone().id(id).send().await;
            let answer = answer.map_err(|e| failure(e).not_found(GONE))?;
            let whole = |zone: &HostedZone| zone_id(&zone.id) == id && !zone.name.is_empty();
            if answer.hosted_zone.as_ref().is_some_and(whole) {
                Ok(answer)
            } else {
                Err(Failure::new(Class::Garbled, format!("the answer says nothing of {id}")))
            }
        };
        api.ctx.call(&GET, api.scope, call).await
    };
    api.ctx.shared(api.scope, &format!("zone:{id}"), make).await
}

/// A zone's canonical name and how many record sets it holds.
pub(crate) async fn name_and_count(
    api: Api<'_>,
    id: &str,
) -> Result<(String, Option<i64>), Failure> {
    let answer = get(api, id).await?;
    let zone = answer.hosted_zone.as_ref();
    let zone = zone.ok_or_else(|| Failure::new(Class::Garbled, "the answer holds no zone"))?;
    Ok((canonical(&zone.name), zone.resource_record_set_count))
}

/// All zones of the account.
pub(crate) async fn listed(api: Api<'_>) -> Result<Arc<CompleteListing<HostedZone>>, Failure> {
    api.ctx.shared(api.scope, "zones", || pages(api)).await
}

async fn pages(api: Api<'_>) -> Result<CompleteListing<HostedZone>, Failure> {
    let garbled = |why: &str| Failure::new(Class::Garbled, why).of(&LIST, api.scope);
    let mut listing = Listing::default();
    let mut seen = BTreeSet::new();
    let mut marker: Option<String> = None;
    loop {
        let call = || async {
            let input = api.client.list_hosted_zones().max_items(PAGE).set_marker(marker.clone());
            input.send().await.map_err(failure)
        };
        let page = api.ctx.call(&LIST, api.scope, call).await?;
        if page.max_items == 0 {
            return Err(garbled("a page of zones that does not say how long it may be"));
        }
        let fresh: Vec<_> =
            page.hosted_zones.into_iter().filter(|zone| seen.insert(zone.id.clone())).collect();
        if page.is_truncated && (fresh.is_empty() || page.next_marker.is_none()) {
            return Err(garbled("the pages of zones do not end"));
        }
        listing.page(fresh, page.is_truncated);
        if !page.is_truncated {
            return listing.complete().ok_or_else(|| garbled("the pages of zones do not end"));
        }
        marker = page.next_marker;
    }
}

/// All zones of the account, by their owner tags.
pub(super) async fn inventory(api: Api<'_>) -> Result<Inventory, Failure> {
    let all = listed(api).await?;
    let ids: Vec<String> = all.items().iter().map(|zone| zone_id(&zone.id).to_owned()).collect();
    Ok(tags::inventory(api, &TagResourceType::Hostedzone, &ids).await)
}

/// The id of a zone whose id is not known: that whose tags name this address as owner, or that
/// whose creation this address asked for and whose tags were never written. Else the proof that
/// there is none.
pub(super) async fn search(
    api: Api<'_>,
    target: &Target,
) -> Result<Result<String, Proof>, Failure> {
    let all = listed(api).await?;
    let name = text(&target.hint, "name").map(canonical);
    let named: Vec<&HostedZone> = all
        .items()
        .iter()
        .filter(|zone| name.as_ref().is_none_or(|name| canonical(&zone.name) == *name))
        .collect();
    let ids: Vec<String> = named.iter().map(|zone| zone_id(&zone.id).to_owned()).collect();
    let mut live = tags::read(api, &TagResourceType::Hostedzone, &ids).await;
    let (mut ours, mut untagged) = (Vec::new(), Vec::new());
    for (zone, id) in named.iter().zip(ids) {
        let live = match live.remove(&id).unwrap_or_else(|| Ok(tags::Tags::new())) {
            // It went between the two looks.
            Err(failure) if failure.class == Class::NotFound => continue,
            live => live?,
        };
        match split(live, &target.address).1 {
            Some(owner) if owner.address == target.address => ours.push(id),
            None if reference::made_for(&zone.caller_reference, &target.address) => {
                untagged.push(id);
            }
            _ => {}
        }
    }
    let mut ours = if ours.is_empty() { untagged } else { ours };
    match (ours.pop(), ours.is_empty()) {
        (Some(id), true) => Ok(Ok(id)),
        (Some(id), false) => {
            let others = ours.join(", ");
            let text = format!("several zones belong to {}: {id}, {others}", target.address);
            Err(Failure::new(Class::Other, text))
        }
        (None, _) => Ok(Err(all.proof("hosted zones"))),
    }
}
