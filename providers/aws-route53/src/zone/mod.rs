//! `aws_route53_zone`: a public zone of Route 53.

mod find;

use std::collections::BTreeMap;

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::{
    ChangeInfo, DelegationSet, HostedZone, HostedZoneConfig, TagResourceType,
};
use futures_util::future::join_all;
use lifeboat_aws_core::tags::{Tags, join, split};
use lifeboat_aws_core::{Clients, Codes as _, failure, normalise};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Finding, Inventory, Kind, Object as _,
    Observation, Outcome, Owner, Ownership, Present, Scope, Service, Target, Value, WriteFailure,
};
use lifeboat_sdk_derive::Kind;

use crate::hook::{Findings, check_tags, edit_text, has, text, truth};
use crate::record::name::{canonical, wire, zone_id};
use crate::{Api, ROUTE53, change, record, reference, tags};

pub(crate) use find::{get, listed, name_and_count};

/// Makes a zone.
pub(crate) const CREATE: Call =
    Call::write("route53", "CreateHostedZone", "route53:CreateHostedZone").global();
/// Removes a zone.
pub(crate) const DELETE: Call =
    Call::write("route53", "DeleteHostedZone", "route53:DeleteHostedZone").global();
/// Reads a zone and its name servers.
pub(crate) const GET: Call =
    Call::read("route53", "GetHostedZone", "route53:GetHostedZone").global();
/// Lists the zones of the account.
pub(crate) const LIST: Call =
    Call::read("route53", "ListHostedZones", "route53:ListHostedZones").global();
/// Changes a zone's comment.
pub(crate) const UPDATE_COMMENT: Call =
    Call::write("route53", "UpdateHostedZoneComment", "route53:UpdateHostedZoneComment").global();

/// The code that proves that a zone does not exist.
pub(crate) const GONE: &[&str] = &["NoSuchHostedZone"];

/// A public zone: the records of a domain.
///
/// A zone that is made anew gets other name servers, so the domain's registration must follow.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Zone {
    /// The domain's name.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// What the zone is for; at most 256 characters.
    #[kind(default = "\"Managed by lifeboat\"")]
    pub comment: String,
    /// Whether deleting the zone deletes the records in it that are not of this configuration.
    #[kind(default = "false")]
    pub force_destroy: bool,
    /// Networks that see a private zone. Not supported in this version.
    #[kind(block, set)]
    pub vpc: Vec<Vpc>,
    /// Tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// The id, made up by Route 53.
    #[kind(computed, identity)]
    pub zone_id: Option<String>,
    /// The name servers of the zone, for the domain's registration; sorted.
    #[kind(computed)]
    pub name_servers: Vec<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// The id.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// A network that sees a private zone.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Vpc {
    /// The network.
    #[kind(required)]
    pub vpc_id: String,
    /// Its region.
    #[kind(optional)]
    pub vpc_region: Option<String>,
}

/// `aws_route53_zone`
#[derive(Clone, Debug)]
pub struct ZoneKind(pub Clients);

impl Kind for ZoneKind {
    type Object = Zone;
    const NAME: &'static str = "aws_route53_zone";
    const SERVICE: Service = ROUTE53;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn normalise(&self, document: &Value) -> Value {
        let doc = normalise::containers(Zone::SCHEMA.attributes, document);
        let doc = edit_text(&doc, "name", canonical);
        normalise::follow(&doc, "tags", "tags_all")
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        validate(document)
    }

    /// With `force_destroy` its records go with it, whoever made them.
    fn holds_data(&self, document: &Value) -> bool {
        truth(document, "force_destroy")
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Zone>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let found = join_all(targets.iter().map(|t| locate(api, t))).await;
        let ids: Vec<String> = found.iter().flatten().map(|zone| zone.id.clone()).collect();
        let live = tags::read(api, &TagResourceType::Hostedzone, &ids).await;
        let observe = |(target, zone): (&Target, Result<Found, Observation<Zone>>)| {
            let zone = match zone {
                Ok(zone) => zone,
                Err(observation) => return observation,
            };
            match live.get(&zone.id) {
                Some(Ok(tags)) => Observation::Present(present(zone, target, tags.clone())),
                Some(Err(failure)) => Observation::unreadable(scope, failure),
                None => {
                    let failure = Failure::new(Class::Garbled, "the tags were not answered");
                    Observation::unreadable(scope, &failure)
                }
            }
        };
        targets.iter().zip(found).map(observe).collect()
    }

    async fn inventory(&self, ctx: &Ctx, scope: &Scope) -> Result<Option<Inventory>, Failure> {
        let client = crate::client(&self.0, scope).await?;
        find::inventory(Api { client: &client, ctx, scope }).await.map(Some)
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Zone>>,
    ) -> Vec<Outcome<Zone>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }
}

// Reading

/// What is read of a zone besides its tags.
struct Found {
    id: String,
    zone: Zone,
    empty: Option<bool>,
}

async fn locate(api: Api<'_>, target: &Target) -> Result<Found, Observation<Zone>> {
    let id = match &target.id {
        Some(id) => zone_id(id).to_owned(),
        None => match find::search(api, target).await {
            Ok(Ok(id)) => id,
            Ok(Err(proof)) => return Err(Observation::Absent(proof)),
            Err(failure) => return Err(Observation::unreadable(api.scope, &failure)),
        },
    };
    let answer = get(api, &id).await;
    let answer = answer.map_err(|failure| Observation::from_failure(api.scope, failure))?;
    from_get(&answer).ok_or_else(|| {
        let failure = Failure::new(Class::Garbled, "the answer holds no zone").of(&GET, api.scope);
        Observation::unreadable(api.scope, &failure)
    })
}

// Writing

async fn write(api: Api<'_>, change: Change<Zone>) -> Outcome<Zone> {
    let Change { address, token, owner, action } = change;
    match action {
        ChangeAction::Create { after } => {
            let reference = reference::make(None, &address, &token);
            let (found, change) = create(api, &after, &reference).await?;
            let tags = join(&after.tags, owner.as_ref());
            let rest = async {
                api.ctx.identified(&address, &found.id).await?;
                let object = (&TagResourceType::Hostedzone, &*found.id);
                tags::write(api, object, &Tags::new(), &tags).await?;
                match &change {
                    Some(change) => change::in_sync(api, Some(change)).await,
                    None => Ok(()),
                }
            };
            finish(rest.await, written(found, after, owner))
        }
        ChangeAction::Update { id, before, after } => {
            let id = zone_id(&id).to_owned();
            if before.comment != after.comment {
                comment(api, &id, &after.comment).await?;
            }
            let object = (&TagResourceType::Hostedzone, &*id);
            let tags = join(&after.tags, owner.as_ref());
            let rest = tags::write(api, object, &before.tags, &tags).await;
            let found = Found {
                id: id.clone(),
                zone: Zone { comment: after.comment.clone(), ..before },
                empty: None,
            };
            finish(rest, written(found, after, owner))
        }
        ChangeAction::Delete { id, before } => {
            delete(api, zone_id(&id), &before).await?;
            Ok(None)
        }
    }
}

/// The outcome of what exists already and of what then followed.
fn finish(rest: Result<(), Failure>, present: Present<Zone>) -> Outcome<Zone> {
    match rest {
        Ok(()) => Ok(Some(present)),
        Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
    }
}

/// Makes the zone, or finds the one that an earlier attempt with this reference made.
async fn create(
    api: Api<'_>,
    after: &Zone,
    reference: &str,
) -> Result<(Found, Option<ChangeInfo>), Failure> {
    let config = HostedZoneConfig::builder().comment(&after.comment).private_zone(false).build();
    let call = || async {
        let input = api.client.create_hosted_zone().name(wire(&canonical(&after.name)));
        let input = input.caller_reference(reference).hosted_zone_config(config.clone());
        input.send().await.map_err(failure)
    };
    match api.ctx.call(&CREATE, api.scope, call).await {
        Ok(answer) => {
            let found = answer
                .hosted_zone
                .as_ref()
                .and_then(|zone| convert(zone, answer.delegation_set.as_ref(), Vec::new()));
            let garbled = || Failure::new(Class::Garbled, "the answer holds no zone");
            let found = found.ok_or_else(|| garbled().of(&CREATE, api.scope))?;
            Ok((found, answer.change_info))
        }
        Err(exists) if exists.class == Class::Exists => {
            let all = listed(api).await?;
            let ours = all.items().iter().find(|zone| zone.caller_reference == reference);
            let id = ours.map(|zone| zone_id(&zone.id).to_owned()).ok_or(exists)?;
            let answer = get(api, &id).await?;
            let garbled = || Failure::new(Class::Garbled, "the answer holds no zone");
            Ok((from_get(&answer).ok_or_else(|| garbled().of(&GET, api.scope))?, None))
        }
        Err(failure) => Err(failure),
    }
}

async fn comment(api: Api<'_>, id: &str, comment: &str) -> Result<(), Failure> {
    let call = || async {
        let answer = api.client.update_hosted_zone_comment().id(id).comment(comment).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    api.ctx.call(&UPDATE_COMMENT, api.scope, call).await.map(drop)
}

/// Removes the zone; with `force_destroy` the records in it first. A zone that is not there is
/// removed.
async fn delete(api: Api<'_>, id: &str, before: &Zone) -> Result<(), Failure> {
    if before.force_destroy {
        match record::purge(api, id).await {
            Err(failure) if failure.class == Class::NotFound => return Ok(()),
            purged => purged?,
        }
    }
    let call = || async {
        let answer = api.client.delete_hosted_zone().id(id).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    match api.ctx.call(&DELETE, api.scope, call).await {
        Err(failure) if failure.class == Class::NotFound => Ok(()),
        Err(mut failure) if failure.code.as_deref() == Some("HostedZoneNotEmpty") => {
            failure.message = format!(
                "the zone {} holds records that are not in the configuration; remove them, or set \
                 force_destroy = true, apply, and delete it then",
                before.name
            );
            Err(failure)
        }
        answer => answer.map(drop),
    }
}

// Hooks

fn validate(document: &Value) -> Vec<Finding> {
    let mut findings = Findings::default();
    check_tags(document, &mut findings);
    if has(document, "vpc") {
        findings.error(
            "vpc",
            "not supported in this version",
            "Private zones, which networks see instead of the internet, cannot be made yet.",
            "Remove the vpc blocks, or make the zone elsewhere and refer to it by data.",
        );
    }
    if text(document, "name").is_some_and(|name| canonical(name).is_empty()) {
        findings.error(
            "name",
            "a zone without a name",
            "A zone holds the records of a domain.",
            "Set name to the domain.",
        );
    }
    if text(document, "comment").is_some_and(|comment| comment.chars().count() > 256) {
        findings.error(
            "comment",
            "a comment that is too long",
            "Route 53 keeps 256 characters.",
            "Write a shorter one.",
        );
    }
    findings.0
}

// Conversion

/// The ARN of a zone (Service Authorization Reference, "Amazon Route 53", resource types).
pub(crate) fn arn(id: &str) -> String {
    format!("arn:aws:route53:::hostedzone/{id}")
}

/// The names of the zone's servers in one form, sorted.
pub(crate) fn name_servers(set: Option<&DelegationSet>) -> Vec<String> {
    let names = set.map(|set| set.name_servers.as_slice()).unwrap_or_default();
    let mut names: Vec<String> = names.iter().map(|name| canonical(name)).collect();
    names.sort();
    names
}

fn from_get(answer: &GetHostedZoneOutput) -> Option<Found> {
    let vpcs = answer.vpcs().iter().map(|vpc| Vpc {
        vpc_id: vpc.vpc_id.clone().unwrap_or_default(),
        vpc_region: vpc.vpc_region.as_ref().map(|region| region.as_str().to_owned()),
    });
    convert(answer.hosted_zone.as_ref()?, answer.delegation_set.as_ref(), vpcs.collect())
}

fn convert(zone: &HostedZone, set: Option<&DelegationSet>, vpc: Vec<Vpc>) -> Option<Found> {
    let id = zone_id(&zone.id).to_owned();
    if id.is_empty() || zone.name.is_empty() {
        return None;
    }
    let config = zone.config.as_ref();
    Some(Found {
        // A new zone holds its NS and SOA records.
        empty: zone.resource_record_set_count.map(|count| count <= 2),
        zone: Zone {
            name: canonical(&zone.name),
            comment: config.and_then(|c| c.comment.clone()).unwrap_or_default(),
            force_destroy: false,
            vpc,
            tags: Tags::new(),
            tags_all: Tags::new(),
            zone_id: Some(id.clone()),
            name_servers: name_servers(set),
            arn: Some(arn(&id)),
            id: Some(id.clone()),
        },
        id,
    })
}

/// A zone as it was read. Without an id only what was made for this address is found.
fn present(found: Found, target: &Target, live: Tags) -> Present<Zone> {
    let (tags, owner) = split(live, &target.address);
    let begun = target.id.is_none() && owner.is_none();
    let force_destroy = truth(&target.hint, "force_destroy");
    let zone = Zone { force_destroy, tags_all: tags.clone(), tags, ..found.zone };
    Present { owner, begun, empty: found.empty, ..Present::new(found.id, zone) }
}

/// A zone as it was written.
fn written(found: Found, after: Zone, owner: Option<Owner>) -> Present<Zone> {
    let zone = Zone {
        force_destroy: after.force_destroy,
        tags_all: after.tags.clone(),
        tags: after.tags,
        ..found.zone
    };
    Present { owner, empty: found.empty, ..Present::new(found.id, zone) }
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Type;

    use super::*;

    #[test]
    fn a_zone_is_read_as_it_is_compared() {
        let zone = HostedZone::builder().id("/hostedzone/Z1").name("Example.com.");
        let zone = zone.caller_reference("x").resource_record_set_count(2).build().unwrap();
        let set = DelegationSet::builder().name_servers("NS-2.a.").name_servers("ns-1.b");
        let found = convert(&zone, Some(&set.build().unwrap()), Vec::new()).unwrap();
        assert_eq!(found.zone.name, "example.com");
        assert_eq!(found.zone.name_servers, ["ns-1.b", "ns-2.a"]);
        assert_eq!((found.id.as_str(), found.empty), ("Z1", Some(true)));
        let kind = ZoneKind(Clients::unconfigured());
        let document = found.zone.encode();
        assert_eq!(kind.normalise(&document), document);
    }

    #[test]
    fn private_zones_are_refused() {
        let vpc = Vpc { vpc_id: "vpc-1".into(), vpc_region: None };
        let zone = Zone { name: "a.b".into(), vpc: vec![vpc], ..Zone::default() };
        let kind = ZoneKind(Clients::unconfigured());
        assert_eq!(kind.validate(&zone.encode())[0].path.to_string(), "vpc");
        let fine = Zone { name: "a.b".into(), ..Zone::default() }.encode();
        assert!(kind.validate(&fine).is_empty());
        let unknown = fine.with("name", Value::unknown(Type::String));
        assert!(kind.validate(&unknown).is_empty());
        assert!(kind.normalise(&unknown).get("name").is_some_and(Value::is_unknown));
    }
}
