//! `aws_route53_record`: the record sets of a zone, simple, alias, failover, weighted, by latency.

mod batch;
mod by_hand;
mod convert;
mod hooks;
mod lookup;
pub(crate) mod name;
mod text;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Batch, Call, Change, Class, Ctx, Failure, Finding, Kind, Line, Name, Observation, Outcome,
    Ownership, Present, Proof, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use crate::{Api, ROUTE53, hook, zone};
use name::RecordId;

pub(crate) use write::purge;

/// Changes records of a zone, all or none.
pub(crate) const CHANGE: Call =
    Call::write("route53", "ChangeResourceRecordSets", "route53:ChangeResourceRecordSets").global();
/// Lists records of a zone.
pub(crate) const LIST: Call =
    Call::read("route53", "ListResourceRecordSets", "route53:ListResourceRecordSets").global();

/// A DNS record set: the records of one name and type, or one member of a group of record sets
/// that a routing policy chooses from.
///
/// All changes of one zone go to Route 53 as one batch, which is made as a whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Record {
    /// The zone that holds the record.
    #[kind(required, forces_replacement, identity)]
    pub zone_id: String,
    /// The name: whole, or relative to the zone; empty for the zone's own name.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The type: `A`, `AAAA`, `CAA`, `CNAME`, `DS`, `HTTPS`, `MX`, `NAPTR`, `NS`, `PTR`, `SOA`,
    /// `SPF`, `SRV`, `SSHFP`, `SVCB`, `TLSA` or `TXT`.
    #[kind(required)]
    pub r#type: String,
    /// How long resolvers keep an answer, in seconds. 60 where there are `records` and this is
    /// not set, because a change of traffic takes at least as long. An alias has none.
    #[kind(optional)]
    pub ttl: Option<i64>,
    /// The values. Those of `TXT` are written without quotes; `" "` joins strings of at most 255
    /// bytes.
    #[kind(optional)]
    pub records: BTreeSet<String>,
    /// Answers with the addresses of an AWS resource or of another record of the zone.
    #[kind(block(max = 1))]
    pub alias: Vec<Alias>,
    /// Tells the members of a group of records with one name and type apart.
    #[kind(optional)]
    pub set_identifier: Option<String>,
    /// Answers with the primary record while it is healthy, else with the secondary one.
    #[kind(block(max = 1))]
    pub failover_routing_policy: Vec<FailoverPolicy>,
    /// Answers with each record in proportion to its weight.
    #[kind(block(max = 1))]
    pub weighted_routing_policy: Vec<WeightedPolicy>,
    /// Answers with the record of the region that is nearest to the client.
    #[kind(block(max = 1))]
    pub latency_routing_policy: Vec<LatencyPolicy>,
    /// Answers by where the client is.
    #[kind(block(max = 1))]
    pub geolocation_routing_policy: Vec<GeolocationPolicy>,
    /// Answers with up to eight healthy records chosen at random.
    #[kind(optional)]
    pub multivalue_answer_routing_policy: Option<bool>,
    /// The health check that decides whether the record is answered.
    #[kind(optional)]
    pub health_check_id: Option<String>,
    /// Whether creating may overwrite a record that exists already.
    #[kind(default = "false")]
    pub allow_overwrite: bool,
    /// The whole name, without a trailing dot.
    #[kind(computed)]
    pub fqdn: Option<String>,
    /// `ZONE_NAME_TYPE`, followed by `_SET` in a group.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The target of an alias.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Alias {
    /// The target's domain name.
    #[kind(required)]
    pub name: String,
    /// The zone of the target: that of the load balancer's region, of CloudFront, or this zone.
    #[kind(required)]
    pub zone_id: String,
    /// Whether the alias counts as healthy only while its target does.
    #[kind(required)]
    pub evaluate_target_health: bool,
}

/// The part of a record in a failover pair.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct FailoverPolicy {
    /// `PRIMARY` or `SECONDARY`.
    #[kind(required)]
    pub r#type: String,
}

/// The share of a record in a weighted group.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct WeightedPolicy {
    /// From 0 to 255, in proportion to the sum of the group. 0 is answered only if all are 0.
    #[kind(required)]
    pub weight: i64,
}

/// The region of a record in a group by latency.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct LatencyPolicy {
    /// The AWS region of what the record leads to.
    #[kind(required)]
    pub region: String,
}

/// The place of a record in a group by geolocation.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct GeolocationPolicy {
    /// Two letters; excludes a country.
    #[kind(optional)]
    pub continent: Option<String>,
    /// Two letters; `*` is the record for all who match no other.
    #[kind(optional)]
    pub country: Option<String>,
    /// A state of the United States or of Ukraine.
    #[kind(optional)]
    pub subdivision: Option<String>,
}

/// `aws_route53_record`
#[derive(Clone, Debug)]
pub struct RecordKind(pub Clients);

impl Kind for RecordKind {
    type Object = Record;
    const NAME: &'static str = "aws_route53_record";
    const SERVICE: Service = ROUTE53;
    const OWNERSHIP: Ownership = Ownership::Name;
    /// A request takes 1,000 values, those of an UPSERT twice (Developer Guide, "Quotas"). Where
    /// records have many or long values, writing makes more requests of one batch.
    const BATCH: Option<Batch> = Some(Batch {
        key: "zone_id",
        parent: "aws_route53_zone",
        limit: 1000,
        weight: 1,
        update_weight: 2,
    });

    fn id_of(&self, desired: &Value) -> Option<Name> {
        hooks::id_of(desired)
    }

    fn normalise(&self, document: &Value) -> Value {
        hooks::normalise(document)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        hooks::validate(document)
    }

    fn takes_over(&self, desired: &Value) -> bool {
        hook::truth(desired, "allow_overwrite")
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Record>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let ids: Vec<Option<RecordId>> = targets.iter().map(id_of_target).collect();
        let mut zones: BTreeMap<&str, Vec<&RecordId>> = BTreeMap::new();
        for id in ids.iter().flatten() {
            zones.entry(&id.zone).or_default().push(id);
        }
        let read = zones
            .into_iter()
            .map(|(zone, ids)| async move { (zone, read_zone(api, zone, &ids).await) });
        let zones: BTreeMap<&str, Zone> = join_all(read).await.into_iter().collect();
        let observe = |(target, id): (&Target, &Option<RecordId>)| {
            let Some(id) = id else {
                let text = format!("{} has no id of a record", target.address);
                return Observation::unreadable(scope, &Failure::new(Class::Invalid, text));
            };
            match zones.get(&*id.zone) {
                Some(zone) => zone.observe(scope, target, id),
                None => {
                    let failure = Failure::new(Class::Other, "the zone was not read");
                    Observation::unreadable(scope, &failure)
                }
            }
        };
        targets.iter().zip(&ids).map(observe).collect()
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Record>>,
    ) -> Vec<Outcome<Record>> {
        match crate::client(&self.0, scope).await {
            Ok(client) => write::write(Api { client: &client, ctx, scope }, &changes).await,
            Err(failure) => all_failed(&changes, &failure),
        }
    }

    fn commands(&self, scope: &Scope, changes: &[Change<Record>]) -> Option<Vec<Line>> {
        by_hand::lines(scope, changes)
    }
}

// Reading

fn id_of_target(target: &Target) -> Option<RecordId> {
    match &target.id {
        Some(id) => RecordId::parse(id),
        None => RecordId::parse(&hooks::id_of(&target.hint)?),
    }
}

/// What is known of a zone's records.
enum Zone {
    /// The zone's name and what was seen in it.
    Read(String, lookup::Seen),
    /// Why nothing is known, or the proof that the zone is not there, as an observation.
    Not(Box<Observation<Record>>),
}

async fn read_zone(api: Api<'_>, zone: &str, ids: &[&RecordId]) -> Zone {
    let (name, count) = match zone::name_and_count(api, zone).await {
        Ok(found) => found,
        Err(failure) => {
            return Zone::Not(Box::new(match Observation::from_failure(api.scope, failure) {
                // What lives in a zone that is not there is not there.
                Observation::Absent(proof) => Observation::Absent(Proof::from_parent(&proof)),
                other => other,
            }));
        }
    };
    let keys: BTreeSet<name::Key> = ids.iter().map(|id| id.key(&name)).collect();
    match lookup::read(api, (zone, count), &keys).await {
        Ok(seen) => Zone::Read(name, seen),
        Err(failure) => Zone::Not(Box::new(Observation::from_failure(api.scope, failure))),
    }
}

impl Zone {
    fn observe(&self, scope: &Scope, target: &Target, id: &RecordId) -> Observation<Record> {
        let (name, seen) = match self {
            Self::Read(name, seen) => (name, seen),
            Self::Not(observation) => return (**observation).clone(),
        };
        let allow_overwrite = hook::truth(&target.hint, "allow_overwrite");
        match seen.find(&id.key(name)) {
            Ok(Ok(set)) => match convert::from_api(set, id, allow_overwrite) {
                Ok(record) => Observation::Present(Present::new(id.to_string(), record)),
                Err(failure) => Observation::unreadable(scope, &failure),
            },
            Ok(Err(proof)) => Observation::Absent(proof),
            Err(failure) => Observation::from_failure(scope, failure),
        }
    }
}

#[cfg(test)]
mod tests;
