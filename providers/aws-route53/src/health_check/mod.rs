//! `aws_route53_health_check`: what decides whether Route 53 answers with a record.

mod convert;
mod find;
mod hooks;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{self as sdk, TagResourceType};
use futures_util::future::join_all;
use lifeboat_aws_core::tags::{Tags, join, split};
use lifeboat_aws_core::{Clients, Codes as _, failure};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Finding, Inventory, Kind, Observation,
    Outcome, Owner, Ownership, Present, Scope, Service, Target, Value, WriteFailure,
};
use lifeboat_sdk_derive::Kind;

use crate::{Api, ROUTE53, hook, reference, tags};

/// Makes a health check.
pub(crate) const CREATE: Call =
    Call::write("route53", "CreateHealthCheck", "route53:CreateHealthCheck").global();
/// Changes one.
pub(crate) const UPDATE: Call =
    Call::write("route53", "UpdateHealthCheck", "route53:UpdateHealthCheck").global();
/// Removes one.
pub(crate) const DELETE: Call =
    Call::write("route53", "DeleteHealthCheck", "route53:DeleteHealthCheck").global();
/// Reads one.
pub(crate) const GET: Call =
    Call::read("route53", "GetHealthCheck", "route53:GetHealthCheck").global();
/// Lists those of the account.
pub(crate) const LIST: Call =
    Call::read("route53", "ListHealthChecks", "route53:ListHealthChecks").global();

/// The code that proves that a health check does not exist.
const GONE: &[&str] = &["NoSuchHealthCheck"];

/// A health check of Route 53: of an endpoint, of a CloudWatch alarm, of a routing control, or
/// calculated from other checks.
///
/// Health checks are a data plane: they go on and fail over while the control plane of Route 53
/// is down.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct HealthCheck {
    /// `HTTP`, `HTTPS`, `HTTP_STR_MATCH`, `HTTPS_STR_MATCH`, `TCP`, `CALCULATED`,
    /// `CLOUDWATCH_METRIC` or `RECOVERY_CONTROL`.
    #[kind(required, forces_replacement)]
    pub r#type: String,
    /// The domain name of the endpoint, and the `Host` header. It should be the endpoint's own
    /// name and not the one that fails over.
    #[kind(optional)]
    pub fqdn: Option<String>,
    /// The address of the endpoint; without it `fqdn` is resolved.
    #[kind(optional)]
    pub ip_address: Option<String>,
    /// The port of the endpoint.
    #[kind(optional_computed)]
    pub port: Option<i64>,
    /// The path that is requested.
    #[kind(optional)]
    pub resource_path: Option<String>,
    /// Seconds between two requests of one checker: 10 or 30.
    #[kind(optional_computed, forces_replacement)]
    pub request_interval: Option<i64>,
    /// How many requests in a row change the status, from 1 to 10.
    #[kind(optional_computed)]
    pub failure_threshold: Option<i64>,
    /// What the first 5,120 bytes of the answer must hold, for the `STR_MATCH` types.
    #[kind(optional)]
    pub search_string: Option<String>,
    /// Whether latency is measured and shown in CloudWatch.
    #[kind(default = "false", forces_replacement)]
    pub measure_latency: bool,
    /// Whether healthy counts as unhealthy and the other way round.
    #[kind(default = "false")]
    pub invert_healthcheck: bool,
    /// Whether nothing is checked and the status is always healthy.
    #[kind(default = "false")]
    pub disabled: bool,
    /// Whether the domain name is sent in the TLS handshake.
    #[kind(optional_computed)]
    pub enable_sni: Option<bool>,
    /// The regions of the checkers, at least three; all of them if none is named.
    #[kind(optional)]
    pub regions: BTreeSet<String>,
    /// The checks that a `CALCULATED` check counts.
    #[kind(optional)]
    pub child_healthchecks: BTreeSet<String>,
    /// How many children must be healthy.
    #[kind(optional)]
    pub child_health_threshold: Option<i64>,
    /// The CloudWatch alarm that a `CLOUDWATCH_METRIC` check follows.
    #[kind(optional)]
    pub cloudwatch_alarm_name: Option<String>,
    /// The region of that alarm.
    #[kind(optional)]
    pub cloudwatch_alarm_region: Option<String>,
    /// The status while the alarm has no data: `Healthy`, `Unhealthy` or `LastKnownStatus`.
    #[kind(optional_computed)]
    pub insufficient_data_health_status: Option<String>,
    /// The routing control that a `RECOVERY_CONTROL` check follows.
    #[kind(optional, forces_replacement)]
    pub routing_control_arn: Option<String>,
    /// Begins the caller reference that Route 53 keeps; at most 27 characters.
    #[kind(optional, forces_replacement)]
    pub reference_name: Option<String>,
    /// Tags. `Name` is what the console shows.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// The id, made up by Route 53.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// `aws_route53_health_check`
#[derive(Clone, Debug)]
pub struct HealthCheckKind(pub Clients);

impl Kind for HealthCheckKind {
    type Object = HealthCheck;
    const NAME: &'static str = "aws_route53_health_check";
    const SERVICE: Service = ROUTE53;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn normalise(&self, document: &Value) -> Value {
        hooks::normalise(document)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        hooks::validate(document)
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<HealthCheck>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let found = find::all(api, targets).await;
        let ids: Vec<String> = found.iter().flatten().map(|check| check.id.clone()).collect();
        let live = tags::read(api, &TagResourceType::Healthcheck, &ids).await;
        let observe = |(target, check): (&Target, find::Found)| {
            let check = match check {
                Ok(check) => check,
                Err(observation) => return observation,
            };
            let tags = live
                .get(&check.id)
                .cloned()
                .unwrap_or_else(|| Err(Failure::new(Class::Garbled, "the tags were not answered")));
            match tags.and_then(|tags| present(&check, target, tags)) {
                Ok(present) => Observation::Present(present),
                // That it is gone by now would need a proof of its own.
                Err(failure) => Observation::unreadable(scope, &failure),
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
        changes: Vec<Change<HealthCheck>>,
    ) -> Vec<Outcome<HealthCheck>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }
}

// Writing

async fn write(api: Api<'_>, change: Change<HealthCheck>) -> Outcome<HealthCheck> {
    let Change { address, token, owner, action } = change;
    let kind = &TagResourceType::Healthcheck;
    match action {
        ChangeAction::Create { after } => {
            let reference = reference::make(after.reference_name.as_deref(), &address, &token);
            let made = create(api, &after, &reference).await?;
            let told = api.ctx.identified(&address, &made.id).await;
            let present = written(&made, &after.tags, owner.as_ref())?;
            let tags = join(&after.tags, owner.as_ref());
            let rest = async {
                told?;
                tags::write(api, (kind, &made.id), &Tags::new(), &tags).await
            };
            finish(rest.await, present)
        }
        ChangeAction::Update { id, before, after } => {
            let made = update(api, &id, &before, &after).await?;
            let present = written(&made, &after.tags, owner.as_ref())?;
            let tags = join(&after.tags, owner.as_ref());
            let rest = tags::write(api, (kind, &id), &before.tags, &tags).await;
            finish(rest, present)
        }
        ChangeAction::Delete { id, .. } => {
            let call = || async {
                let answer = api.client.delete_health_check().health_check_id(&*id).send().await;
                crate::silent(answer.map_err(|e| failure(e).not_found(GONE)))
            };
            match api.ctx.call(&DELETE, api.scope, call).await {
                Err(failure) if failure.class != Class::NotFound => Err(failure.into()),
                _ => Ok(None),
            }
        }
    }
}

/// The outcome of what exists already and of what then followed.
fn finish(rest: Result<(), Failure>, present: Present<HealthCheck>) -> Outcome<HealthCheck> {
    match rest {
        Ok(()) => Ok(Some(present)),
        Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
    }
}

/// Makes the check; at AWS an attempt with a reference that was used answers what it made then.
async fn create(
    api: Api<'_>,
    after: &HealthCheck,
    reference: &str,
) -> Result<sdk::HealthCheck, Failure> {
    let config = convert::to_api(after)?;
    let call = || async {
        let input = api.client.create_health_check().caller_reference(reference);
        input.health_check_config(config.clone()).send().await.map_err(failure)
    };
    let answer = api.ctx.call(&CREATE, api.scope, call).await?;
    let whole = |check: &sdk::HealthCheck| !check.id.is_empty();
    answer.health_check.filter(whole).ok_or_else(|| {
        Failure::new(Class::Garbled, "the answer holds no health check").of(&CREATE, api.scope)
    })
}

/// Changes what differs; somebody else's change between reading and writing is not overwritten.
async fn update(
    api: Api<'_>,
    id: &str,
    before: &HealthCheck,
    after: &HealthCheck,
) -> Result<sdk::HealthCheck, Failure> {
    let input = convert::update(before, after, api.client.update_health_check())?;
    let live = find::get(api, id).await?;
    if convert::same_config(before, after) {
        return Ok(live);
    }
    let version = Some(live.health_check_version).filter(|version| *version > 0);
    let call = || async {
        let input = input.clone().health_check_id(id).set_health_check_version(version);
        let answer = input.send().await;
        answer.map_err(|e| stale(failure(e).not_found(GONE)))
    };
    let answer = api.ctx.call(&UPDATE, api.scope, call).await?;
    answer.health_check.ok_or_else(|| {
        Failure::new(Class::Garbled, "the answer holds no health check").of(&UPDATE, api.scope)
    })
}

/// With the version that was read the same attempt can never work: it must be planned again.
fn stale(failure: Failure) -> Failure {
    if failure.code.as_deref() == Some("HealthCheckVersionMismatch") {
        Failure { class: Class::Other, ..failure }
    } else {
        failure
    }
}

// Conversion

/// The ARN of a health check (Service Authorization Reference, "Amazon Route 53", resource
/// types).
fn arn(id: &str) -> String {
    format!("arn:aws:route53:::healthcheck/{id}")
}

/// A check as it was read. Without an id only what was made for this address is found.
fn present(
    check: &sdk::HealthCheck,
    target: &Target,
    live: Tags,
) -> Result<Present<HealthCheck>, Failure> {
    let (tags, owner) = split(live, &target.address);
    let begun = target.id.is_none() && owner.is_none();
    let mut object = convert::from_api(check, arn(&check.id), tags)?;
    // A reference that was made elsewhere, as by Terraform, begins with its name too.
    let named = hook::text(&target.hint, "reference_name");
    if let Some(name) = named.filter(|name| check.caller_reference.starts_with(*name)) {
        object.reference_name = Some(name.to_owned());
    }
    Ok(Present { owner, begun, ..Present::new(check.id.as_str(), object) })
}

/// A check as it was written.
fn written(
    check: &sdk::HealthCheck,
    tags: &Tags,
    owner: Option<&Owner>,
) -> Result<Present<HealthCheck>, Failure> {
    let object = convert::from_api(check, arn(&check.id), tags.clone())?;
    Ok(Present { owner: owner.cloned(), ..Present::new(check.id.as_str(), object) })
}

#[cfg(test)]
mod tests;
