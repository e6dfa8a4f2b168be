//! `data "aws_route53_zone"`: a zone that exists already, by name or by id.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{HostedZone, TagResourceType};
use lifeboat_aws_core::tags::{Tags, split};
use lifeboat_aws_core::{Clients, failure};
use lifeboat_sdk::{Call, Class, Ctx, DataSource, Failure, Scope, Service};
use lifeboat_sdk_derive::Kind;

use crate::record::name::{canonical, wire, zone_id};
use crate::{Api, ROUTE53, tags, zone};

/// Lists zones in the order of their names, from one on.
pub(crate) const LIST_BY_NAME: Call =
    Call::read("route53", "ListHostedZonesByName", "route53:ListHostedZonesByName").global();

/// A zone that exists already.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct ZoneQuery {
    /// The domain's name; this or `zone_id` is needed.
    #[kind(optional_computed)]
    pub name: Option<String>,
    /// The zone's id; this or `name` is needed.
    #[kind(optional_computed)]
    pub zone_id: Option<String>,
    /// Whether the zone is private; zones by name are public ones unless this is set.
    #[kind(optional_computed)]
    pub private_zone: Option<bool>,
    /// Tags of the zone.
    #[kind(computed)]
    pub tags: Tags,
    /// What the zone is for.
    #[kind(computed)]
    pub comment: Option<String>,
    /// The reference that its creation named.
    #[kind(computed)]
    pub caller_reference: Option<String>,
    /// How many record sets it holds.
    #[kind(computed)]
    pub resource_record_set_count: Option<i64>,
    /// Its name servers, sorted.
    #[kind(computed)]
    pub name_servers: Vec<String>,
    /// The ARN.
    #[kind(computed)]
    pub arn: Option<String>,
    /// The id.
    #[kind(computed)]
    pub id: Option<String>,
}

/// `data "aws_route53_zone"`
#[derive(Clone, Debug)]
pub struct ZoneData(pub Clients);

impl DataSource for ZoneData {
    type Object = ZoneQuery;
    const NAME: &'static str = "aws_route53_zone";
    const SERVICE: Service = ROUTE53;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        document: ZoneQuery,
    ) -> Result<ZoneQuery, Failure> {
        let client = crate::client(&self.0, scope).await?;
        let api = Api { client: &client, ctx, scope };
        let id = match (&document.zone_id, &document.name) {
            (Some(id), None) => zone_id(id).to_owned(),
            (None, Some(name)) => {
                let private = document.private_zone.unwrap_or_default();
                by_name(api, &canonical(name), private).await?
            }
            _ => {
                let text = "a zone is looked for by its name or by its zone_id: set one of them";
                return Err(Failure::new(Class::Invalid, text));
            }
        };
        let answer = zone::get(api, &id).await?;
        let kind = TagResourceType::Hostedzone;
        let live = tags::read(api, &kind, std::slice::from_ref(&id)).await;
        let live = live.into_values().next().unwrap_or_else(|| Ok(Tags::new()))?;
        let Some(zone) = &answer.hosted_zone else {
            return Err(Failure::new(Class::Garbled, "the answer holds no zone"));
        };
        let config = zone.config.as_ref();
        Ok(ZoneQuery {
            name: Some(canonical(&zone.name)),
            zone_id: Some(id.clone()),
            private_zone: Some(config.is_some_and(|c| c.private_zone)),
            tags: split(live, "").0,
            comment: config.and_then(|c| c.comment.clone()),
            caller_reference: Some(zone.caller_reference.clone()),
            resource_record_set_count: zone.resource_record_set_count,
            name_servers: zone::name_servers(answer.delegation_set.as_ref()),
            arn: Some(zone::arn(&id)),
            id: Some(id),
        })
    }
}

/// The id of the one zone of this name. Answers begin with that name, in the order of names.
async fn by_name(api: Api<'_>, name: &str, private: bool) -> Result<String, Failure> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next: Option<(String, Option<String>)> = Some((wire(name), None));
    while let Some((from, id)) = next.take() {
        let call = || async {
            let input = api.client.list_hosted_zones_by_name().dns_name(&from);
            input.set_hosted_zone_id(id.clone()).send().await.map_err(failure)
        };
        let page = api.ctx.call(&LIST_BY_NAME, api.scope, call).await?;
        let fresh: Vec<HostedZone> =
            page.hosted_zones.into_iter().filter(|zone| seen.insert(zone.id.clone())).collect();
        let beyond = fresh.iter().any(|zone| canonical(&zone.name) != name);
        if page.is_truncated && !beyond {
            let Some(name) = page.next_dns_name.filter(|_| !fresh.is_empty()) else {
                let text = "the pages of zones do not end";
                return Err(Failure::new(Class::Garbled, text).of(&LIST_BY_NAME, api.scope));
            };
            next = Some((name, page.next_hosted_zone_id));
        }
        let is_private = |zone: &HostedZone| zone.config.as_ref().is_some_and(|c| c.private_zone);
        found.extend(
            fresh.into_iter().filter(|z| canonical(&z.name) == name && is_private(z) == private),
        );
    }
    let kind = if private { "private" } else { "public" };
    match found.as_slice() {
        [zone] => Ok(zone_id(&zone.id).to_owned()),
        [] => Err(Failure::new(Class::NotFound, format!("there is no {kind} zone {name}"))),
        several => {
            let ids: Vec<&str> = several.iter().map(|zone| zone_id(&zone.id)).collect();
            let ids = ids.join(", ");
            let text = format!("several {kind} zones are named {name}: {ids}; name one by zone_id");
            Err(Failure::new(Class::Other, text))
        }
    }
}
