//! Making, changing and removing groups and their rules.

use std::time::Duration;

use aws_sdk_ec2::types::{self as sdk, IpPermission, ResourceType};
use lifeboat_aws_core::tags::{digest, join};
use lifeboat_aws_core::{Codes as _, failure, wait};
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Failure, Outcome, Owner, Present, WriteFailure,
};

use super::rules::{Single, Singles, blocks, from_api as singles_of, singles, to_api};
use super::{
    ALLOW_IN, ALLOW_OUT, CREATE, DELETE, DESCRIBE_IN, DESCRIBE_OUT, GONE, LIST, REVOKE_IN,
    REVOKE_OUT, SecurityGroup, from_api,
};
use crate::{Api, find, tags};

/// How a name that is made up begins where the configuration names no prefix.
const PREFIX: &str = "lifeboat-";
/// What a group is for whose configuration does not say it: EC2 wants a text.
const DESCRIPTION: &str = "Managed by lifeboat";

/// How long it may take until EC2 lists a new group.
const LISTED: Duration = Duration::from_secs(10);

/// Makes one change.
pub(super) async fn write(api: Api<'_>, change: Change<SecurityGroup>) -> Outcome<SecurityGroup> {
    let Change { address, token, owner, action } = change;
    let (id, told, before, after) = match action {
        ChangeAction::Create { after } => {
            let id = make(api, &after, owner.as_ref(), &token).await?;
            let told = api.ctx.identified(&address, &id).await;
            (id, told, None, after)
        }
        ChangeAction::Update { id, before, after } => (id.to_string(), Ok(()), Some(before), after),
        ChangeAction::Delete { id, before } => {
            remove(api, &id, &before).await?;
            return Ok(None);
        }
    };
    let done = async {
        told?;
        if let Some(before) = &before {
            let all = join(&after.tags, owner.as_ref());
            tags::write(api, &id, &before.tags, &all, GONE).await?;
        }
        let live = there(api, &id).await?;
        bring(api, &live, &after).await?;
        Ok(live)
    };
    match done.await {
        Ok(live) => {
            let tags = after.tags.clone();
            let made = from_api(api, &live, &after, tags);
            let ingress = blocks(&singles(&after.ingress));
            let egress = blocks(&singles(&after.egress));
            let object = SecurityGroup { ingress, egress, ..made };
            Ok(Some(Present { owner, ..Present::new(id, object) }))
        }
        Err(failure) => {
            let object = SecurityGroup { id: Some(id.clone()), ..after };
            let half_made = Some(Present { owner, ..Present::new(id, object) });
            Err(WriteFailure { failure, half_made })
        }
    }
}

/// Makes the group, or finds that an attempt of this step whose answer was lost has made it. A
/// name is unique in a VPC, and one that is made up is the same in every attempt.
async fn make(
    api: Api<'_>,
    after: &SecurityGroup,
    owner: Option<&Owner>,
    token: &str,
) -> Result<String, Failure> {
    let made_up = || {
        let prefix = after.name_prefix.as_deref().unwrap_or(PREFIX);
        format!("{prefix}{:016x}", digest(token))
    };
    let name = after.name.clone().unwrap_or_else(made_up);
    let description = after.description.as_deref().unwrap_or(DESCRIPTION);
    let with = tags::made_with(ResourceType::SecurityGroup, &after.tags, owner, token);
    let call = || async {
        let input = api.client.create_security_group().group_name(&name).description(description);
        let input = input.set_vpc_id(after.vpc_id.clone()).tag_specifications(with.clone());
        input.send().await.map_err(failure)
    };
    let id = match api.ctx.call(&CREATE, api.scope, call).await {
        Ok(answer) => answer.group_id,
        Err(exists) if exists.class == Class::Exists => {
            let found = find::made_by::<sdk::SecurityGroup>(api, token).await?;
            found.ok_or(exists)?.group_id
        }
        Err(failure) => return Err(failure),
    };
    id.filter(|id| !id.is_empty()).ok_or_else(|| {
        Failure::new(Class::Garbled, "the answer names no group").of(&CREATE, api.scope)
    })
}

/// The group, which must exist; a new one may not be listed at once.
async fn there(api: Api<'_>, id: &str) -> Result<sdk::SecurityGroup, Failure> {
    let look = || find::get::<sdk::SecurityGroup>(api, id);
    let found = wait::until(api.ctx, LISTED, "the group is listed", look).await;
    found.map_err(|failure| match failure.call {
        Some(_) => failure,
        None => {
            let text = format!("there is no security group {id}");
            Failure::new(Class::NotFound, text).of(&LIST, api.scope)
        }
    })
}

/// Which rules.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// Brings the rules to what is wanted: what is new is allowed before what is old is revoked, so
/// that no connection is cut which both allow.
async fn bring(
    api: Api<'_>,
    live: &sdk::SecurityGroup,
    after: &SecurityGroup,
) -> Result<(), Failure> {
    let (id, owner) = (live.group_id.as_deref().unwrap_or_default(), live.owner_id.as_deref());
    let ways = [
        (Way::In, singles_of(live.ip_permissions(), id, owner), singles(&after.ingress)),
        (Way::Out, singles_of(live.ip_permissions_egress(), id, owner), singles(&after.egress)),
    ];
    for (way, old, new) in &ways {
        let Difference { add, describe, remove } = difference(old, new);
        for (act, rules) in [(Act::Allow, add), (Act::Describe, describe), (Act::Revoke, remove)] {
            change(api, id, (act, *way), to_api(&rules, id)?).await?;
        }
    }
    Ok(())
}

/// The rules that others do not have.
pub(crate) fn lacking(from: &Singles, other: &Singles) -> Singles {
    let lacks = from.iter().filter(|(single, _)| !other.contains_key(single));
    lacks.map(|(single, text)| (single.clone(), text.clone())).collect()
}

/// How one set of rules becomes another.
pub(super) struct Difference {
    pub(super) add: Singles,
    pub(super) describe: Singles,
    pub(super) remove: Singles,
}

pub(super) fn difference(old: &Singles, new: &Singles) -> Difference {
    let own = |(single, text): (&Single, &Option<String>)| (single.clone(), text.clone());
    let differs = |(single, text): &(&Single, &Option<String>)| {
        old.get(*single).is_some_and(|before| before != *text)
    };
    Difference {
        add: lacking(new, old),
        describe: new.iter().filter(differs).map(own).collect(),
        remove: lacking(old, new),
    }
}

/// What is done to rules.
#[derive(Clone, Copy)]
enum Act {
    Allow,
    /// What they are for is changed.
    Describe,
    Revoke,
}

/// Adds rules for what comes in: all in one call, and where that is refused each alone. One for a group
/// or a list that is gone is left out: nobody can come from there.
///
/// # Errors
/// The failed call; of several the first.
pub(crate) async fn allow_in(api: Api<'_>, id: &str, rules: &Singles) -> Result<(), Failure> {
    all_or_each(api, id, Act::Allow, rules, "InvalidPermission.Duplicate").await.map(drop)
}

/// Removes rules for what comes in, in the same way. Whether all were known, and are gone by that.
///
/// # Errors
/// The failed call; of several the first.
pub(crate) async fn revoke_in(api: Api<'_>, id: &str, rules: &Singles) -> Result<bool, Failure> {
    all_or_each(api, id, Act::Revoke, rules, UNKNOWN).await
}

/// The code for a rule that is not there.
const UNKNOWN: &str = "InvalidPermission.NotFound";

/// Makes one change of all rules; `done` is the code that says that one is as it shall be. Whether one call
/// did it.
async fn all_or_each(
    api: Api<'_>,
    id: &str,
    act: Act,
    rules: &Singles,
    done: &str,
) -> Result<bool, Failure> {
    let refused = match change(api, id, (act, Way::In), to_api(rules, id)?).await {
        Err(refused) if !refused.in_doubt() => refused,
        ended => return ended.map(|()| true),
    };
    let of_a_rule =
        matches!(refused.class, Class::NotFound | Class::Exists | Class::Invalid | Class::Other);
    if !of_a_rule {
        return Err(refused);
    }
    let mut first = Ok(());
    for rule in to_api(rules, id)? {
        let peers = peers(&rule);
        match change(api, id, (act, Way::In), vec![rule]).await {
            Err(failure) if failure.code.as_deref() == Some(done) => {}
            Err(failure) if matches!(act, Act::Allow) && from_nowhere(&failure, &peers, id) => {}
            Err(failure) if failure.in_doubt() => return Err(failure),
            ended => first = first.and(ended),
        }
    }
    first.map(|()| false)
}

/// The groups and lists of ranges that a rule names.
fn peers(rule: &IpPermission) -> Vec<String> {
    let groups = rule.user_id_group_pairs().iter().filter_map(|pair| pair.group_id.clone());
    groups.chain(rule.prefix_list_ids().iter().filter_map(|l| l.prefix_list_id.clone())).collect()
}

/// Whether a refusal says that what a rule names is gone. The group `id` itself was there just now.
fn from_nowhere(failure: &Failure, peers: &[String], id: &str) -> bool {
    let gone = failure.code.as_deref().is_some_and(|code| code.ends_with(".NotFound"));
    gone && peers.iter().any(|peer| peer != id)
}

/// Changes rules of one way, in one call that takes effect whole or not at all.
async fn change(
    api: Api<'_>,
    id: &str,
    (act, way): (Act, Way),
    rules: Vec<IpPermission>,
) -> Result<(), Failure> {
    if rules.is_empty() {
        return Ok(());
    }
    let call: &'static Call = match (act, way) {
        (Act::Allow, Way::In) => &ALLOW_IN,
        (Act::Allow, Way::Out) => &ALLOW_OUT,
        (Act::Describe, Way::In) => &DESCRIBE_IN,
        (Act::Describe, Way::Out) => &DESCRIBE_OUT,
        (Act::Revoke, Way::In) => &REVOKE_IN,
        (Act::Revoke, Way::Out) => &REVOKE_OUT,
    };
    let make = || async {
        let (client, rules) = (api.client, Some(rules.clone()));
        let answer = match (act, way) {
            (Act::Allow, Way::In) => {
                let input = client.authorize_security_group_ingress().group_id(id);
                input.set_ip_permissions(rules).send().await.map(drop).map_err(failure)
            }
            (Act::Allow, Way::Out) => {
                let input = client.authorize_security_group_egress().group_id(id);
                input.set_ip_permissions(rules).send().await.map(drop).map_err(failure)
            }
            (Act::Describe, Way::In) => {
                let input = client.update_security_group_rule_descriptions_ingress().group_id(id);
                input.set_ip_permissions(rules).send().await.map(drop).map_err(failure)
            }
            (Act::Describe, Way::Out) => {
                let input = client.update_security_group_rule_descriptions_egress().group_id(id);
                input.set_ip_permissions(rules).send().await.map(drop).map_err(failure)
            }
            (Act::Revoke, Way::In) => {
                let input = client.revoke_security_group_ingress().group_id(id);
                let answer = input.set_ip_permissions(rules).send().await.map_err(failure);
                answer.and_then(|answer| known(answer.unknown_ip_permissions()))
            }
            (Act::Revoke, Way::Out) => {
                let input = client.revoke_security_group_egress().group_id(id);
                let answer = input.set_ip_permissions(rules).send().await.map_err(failure);
                answer.and_then(|answer| known(answer.unknown_ip_permissions()))
            }
        };
        answer.map_err(|failure| failure.not_found(GONE))
    };
    api.ctx.call(call, api.scope, make).await
}

/// In a default VPC it is no error that a rule is unknown: the answer tells which stay (EC2 API reference,
/// `RevokeSecurityGroupIngress`).
fn known(unknown: &[IpPermission]) -> Result<(), Failure> {
    if unknown.is_empty() {
        return Ok(());
    }
    let text = format!("EC2 does not know {} of the rules", unknown.len());
    Err(Failure::new(Class::Other, text).code(UNKNOWN))
}

/// Removes the group; a missing one is no matter. While something is in it EC2 refuses: what goes
/// at the same time may be gone in a moment.
async fn remove(api: Api<'_>, id: &str, before: &SecurityGroup) -> Result<(), Failure> {
    if before.revoke_rules_on_delete
        && let Some(live) = find::get::<sdk::SecurityGroup>(api, id).await?
    {
        bring(api, &live, &SecurityGroup::default()).await?;
    }
    let call = || async {
        let answer = api.client.delete_security_group().group_id(id).send().await;
        answer.map_err(|e| failure(e).not_found(GONE).conflict(&["DependencyViolation"]))
    };
    match api.ctx.call(&DELETE, api.scope, call).await {
        Err(failure) if failure.class != Class::NotFound => Err(failure),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_default_vpc_does_not_revoke_is_as_if_it_was_refused() {
        assert!(known(&[]).is_ok());
        let refused = known(&[IpPermission::builder().build()]).unwrap_err();
        assert_eq!(refused.code.as_deref(), Some(UNKNOWN));
        assert_eq!(refused.class, Class::Other, "it is no doubt, and each rule is tried alone");
    }
}
