//! `aws_security_group_ingress`: whether anything is let into a security group of somebody else's.
//!
//! What is revoked exists nowhere at AWS any more, so the rules are kept here: as they were read for
//! the plan they are in it, and in the journal, before the first of them is revoked.

mod by_hand;
mod live;
#[cfg(test)]
mod tests;

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, validate};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Change, ChangeAction, Class, Ctx, Failure, Finding, Kind, Line, Name, Observation, Outcome,
    Ownership, Path, Present, Scope, Service, Target, Value, WriteFailure, counted,
};
use lifeboat_sdk_derive::Kind;

use crate::find::{self, Found};
use crate::security_group::rules::{Singles, blocks, from_api, singles};
use crate::security_group::write::{allow_in, lacking, revoke_in};
use crate::security_group::{LIST, Rule, SecurityGroupKind};
use crate::{Api, EC2};

use live::{Known, Seen};

/// The states that can be asked for.
const STATES: &[&str] = &[OPEN, CLOSED];
const OPEN: &str = "open";
const CLOSED: &str = "closed";
/// Rules are there, and not all that were revoked.
const MIXED: &str = "mixed";

/// Whether the rules of a security group let anything in. Closed, it has none of them: they are kept
/// in state, and come back when it is opened. Connections that are open stay so: EC2 lets what it
/// tracks go on, and nothing new in.
///
/// It is *operated*: the group is not made with this, and stays as it is when this goes.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Ingress {
    /// The group.
    #[kind(required, forces_replacement, identity)]
    pub security_group_id: String,
    /// `open` or `closed`; `mixed` is read where a closed group has rules that are not all that were
    /// revoked.
    #[kind(required)]
    pub state: String,
    /// The rules that it has while it is open. Closed: those that were revoked, and come back.
    #[kind(computed, volatile, kept, set)]
    pub rules: Vec<Rule>,
    /// What is there although it is closed, or not all is back: added by others.
    #[kind(computed, volatile, set)]
    pub added: Vec<Rule>,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The group.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The kind `aws_security_group_ingress`.
#[derive(Clone, Debug)]
pub struct IngressKind(pub Clients);

impl Kind for IngressKind {
    type Object = Ingress;
    const NAME: &'static str = "aws_security_group_ingress";
    const SERVICE: Service = EC2;
    const OWNERSHIP: Ownership = Ownership::Operated;
    // All rules of such a group are its own: one that is closed here would be opened there.
    const WITHIN: &'static str = SecurityGroupKind::NAME;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("security_group_id").and_then(Value::as_str).map(Into::into)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let states = validate::one_of(document, &["state"], STATES);
        validate::region(document, &self.0).into_iter().chain(states).collect()
    }

    fn doubts(&self, live: &Value, planned: &Value) -> Vec<Finding> {
        let id = self.id_of(live).unwrap_or_default();
        let closed = planned.get("state").and_then(Value::as_str) == Some(CLOSED);
        let warn = |summary, detail, help: &str| Finding {
            path: Path::attr("security_group_id"),
            summary,
            detail,
            help: help.to_owned(),
            warning: true,
        };
        match Known::of(live).filter(|_| closed) {
            Some(known) if known.closed && known.rules.is_empty() => vec![warn(
                "a security group with nothing to open",
                format!(
                    "{id} has no rules for what comes in, and none were revoked: a promotion to its \
                     region would open nothing, and nobody would be let in."
                ),
                "Add the rules that it needs when its region is the primary, and apply: they are kept, \
                 and revoked until then.",
            )],
            Some(known) if !known.closed && !known.rules.is_empty() => vec![warn(
                "a fence that cuts no connection",
                format!(
                    "{id} loses its {} for what comes in, kept in state until it is opened again. That \
                     blocks what is new: connections that are open stay open until they end.",
                    counted(known.rules.len(), "rule")
                ),
                "End them with a hook, or by stopping what runs there, where somebody may still write.",
            )],
            _ => Vec::new(),
        }
    }

    fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
        let known = before.filter(|_| after.is_none()).and_then(Known::of)?;
        (known.closed && !known.rules.is_empty()).then(|| {
            format!(
                "{} for what comes in were revoked, are kept in state alone, and would not come back.",
                counted(known.rules.len(), "rule")
            )
        })
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Ingress>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let named = find::named(targets, |hint| self.id_of(hint));
        let found = find::find::<sdk::SecurityGroup>(api, &named).await;
        let observe = |(target, found): (&Target, Found<sdk::SecurityGroup>)| {
            found.observe(api, |live| {
                let id = live.group_id.clone().unwrap_or_default();
                let asked = target.hint.get("state").and_then(Value::as_str);
                let known = Known::of(&target.hint);
                let seen = live::judge(asked, known.as_ref(), &rules_of(&live));
                Present::new(id.clone(), object(api, &id, seen))
            })
        };
        targets.iter().zip(found).map(observe).collect()
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Ingress>>,
    ) -> Vec<Outcome<Ingress>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }

    fn commands(&self, scope: &Scope, changes: &[Change<Ingress>]) -> Option<Vec<Line>> {
        Some(changes.iter().flat_map(|change| by_hand::lines(scope, &change.action)).collect())
    }
}

// Writing

async fn write(api: Api<'_>, change: Change<Ingress>) -> Outcome<Ingress> {
    let (before, after) = match change.action {
        ChangeAction::Create { after } => (None, after),
        ChangeAction::Update { before, after, .. } => (Some(before), after),
        // It is somebody else's, and stays as it is.
        ChangeAction::Delete { .. } => return Ok(None),
    };
    let id = &*after.security_group_id;
    let live = there(api, id).await?;
    let revoked = before.as_ref().filter(|before| before.state != OPEN);
    let done = |state: &str, rules| {
        let seen = Seen { state: state.to_owned(), rules, added: Singles::new() };
        Ok(Some(Present::new(id, object(api, id, seen))))
    };
    if after.state == OPEN {
        let kept = revoked.map(|before| singles(&before.rules)).unwrap_or_default();
        return match allow_in(api, id, &lacking(&kept, &live)).await {
            Ok(()) => done(OPEN, live.into_iter().chain(kept).collect()),
            Err(failure) => partly(api, id, kept, failure).await,
        };
    }
    let kept = match (revoked, &before) {
        // What others added since does not come back.
        (Some(before), _) => singles(&before.rules),
        // An earlier attempt has revoked them.
        (None, Some(before)) if live.is_empty() => singles(&before.rules),
        // What is revoked now, also where that is not what it was when it was planned.
        (None, _) => live.clone(),
    };
    // Rules that came after the plan are in no document but this one.
    let planned = before.is_some_and(|before| singles(&before.rules) == kept);
    match revoke_in(api, id, &live).await {
        Ok(true) => done(CLOSED, kept),
        // Where one was not known, others may have taken its place.
        Ok(false) => match there(api, id).await {
            Ok(left) if left.is_empty() => done(CLOSED, kept),
            Ok(left) => {
                let text = format!("{} could not be revoked", counted(left.len(), "rule"));
                Err(halfway(api, id, (&kept, &left), Failure::new(Class::Other, text)))
            }
            Err(failure) => Err(halfway(api, id, (&kept, &Singles::new()), failure)),
        },
        Err(failure) if failure.in_doubt() && !planned => match there(api, id).await {
            Ok(left) if left.is_empty() => done(CLOSED, kept),
            Ok(left) if left != live => Err(halfway(api, id, (&kept, &left), failure)),
            _ => Err(failure.into()),
        },
        Err(failure) => partly(api, id, kept, failure).await,
    }
}

/// What was revoked, and what is left of it, where not all went as it should.
fn halfway(
    api: Api<'_>,
    id: &str,
    (kept, left): (&Singles, &Singles),
    failure: Failure,
) -> WriteFailure<Ingress> {
    let known = Known { closed: true, rules: kept.clone() };
    let half_made = Present::new(id, object(api, id, live::judge(None, Some(&known), left)));
    WriteFailure { failure, half_made: Some(half_made) }
}

/// What a call left that failed: perhaps a part of it was done.
async fn partly(api: Api<'_>, id: &str, kept: Singles, failure: Failure) -> Outcome<Ingress> {
    if failure.in_doubt() {
        // It is read when that can be told, with the rules that were planned.
        return Err(failure.into());
    }
    match there(api, id).await {
        Ok(live) => Err(halfway(api, id, (&kept, &live), failure)),
        Err(_) => Err(WriteFailure { failure, half_made: None }),
    }
}

/// The rules for what comes in of the group, which must exist.
async fn there(api: Api<'_>, id: &str) -> Result<Singles, Failure> {
    let found = find::get::<sdk::SecurityGroup>(api, id).await?;
    found.as_ref().map(rules_of).ok_or_else(|| {
        let text = format!("there is no security group {id}");
        Failure::new(Class::NotFound, text).of(&LIST, api.scope)
    })
}

// Conversion

fn rules_of(live: &sdk::SecurityGroup) -> Singles {
    let id = live.group_id.as_deref().unwrap_or_default();
    from_api(live.ip_permissions(), id, live.owner_id.as_deref())
}

fn object(api: Api<'_>, id: &str, seen: Seen) -> Ingress {
    Ingress {
        security_group_id: id.to_owned(),
        state: seen.state,
        rules: blocks(&seen.rules),
        added: blocks(&seen.added),
        region: Some(api.region().to_owned()),
        id: Some(id.to_owned()),
    }
}
