//! Making, changing and removing roles.

use aws_sdk_iam::types::{self as sdk, Tag};
use lifeboat_aws_core::tags::{Tags, digest, join, split};
use lifeboat_aws_core::{Codes as _, failure, policy};
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Failure, Outcome, Owner, Present, Scope, WriteFailure,
};

use super::{
    CREATE, DELETE, DELETE_BOUNDARY, DETACH, LIST_ATTACHED, LIST_INLINE, LIST_PROFILES, PREFIX,
    PUT_BOUNDARY, Role, TAG, UNTAG, UPDATE, UPDATE_DESCRIPTION, UPDATE_TRUST, from_api, get,
};
use crate::{Api, GONE, role_policy};

/// Makes one change.
pub(super) async fn write(api: Api<'_>, change: Change<Role>) -> Outcome<Role> {
    let Change { address, token, owner, action } = change;
    match action {
        ChangeAction::Create { after } => {
            let name = after.name.clone().unwrap_or_else(|| made_up(&after, &token));
            let tags = join(&after.tags, owner.as_ref());
            match create(api, &name, &after, &tags).await {
                Ok(role) => {
                    let present = written(&role, after, owner);
                    match api.ctx.identified(&address, &name).await {
                        Ok(()) => Ok(Some(present)),
                        Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
                    }
                }
                Err(exists) if exists.class == Class::Exists => {
                    recover(api, &name, after, owner, exists).await
                }
                Err(failure) => Err(failure.into()),
            }
        }
        ChangeAction::Update { id, before, after } => {
            update(api, &id, &before, &after, owner.as_ref()).await?;
            let object = Role {
                name: before.name,
                tags_all: after.tags.clone(),
                arn: before.arn,
                unique_id: before.unique_id,
                create_date: before.create_date,
                id: before.id,
                ..after
            };
            Ok(Some(Present { owner, ..Present::new(id, object) }))
        }
        ChangeAction::Delete { id, before } => {
            if before.force_detach_policies {
                match strip(api, &id).await {
                    Err(failure) if failure.class == Class::NotFound => return Ok(None),
                    stripped => stripped?,
                }
            }
            delete(api, &id).await?;
            Ok(None)
        }
    }
}

/// The name of a role whose configuration names none: the same in every attempt of one step.
fn made_up(role: &Role, token: &str) -> String {
    let prefix = role.name_prefix.as_deref().unwrap_or(PREFIX);
    format!("{prefix}{:016x}", digest(token))
}

async fn create(api: Api<'_>, name: &str, after: &Role, tags: &Tags) -> Result<sdk::Role, Failure> {
    let length = seconds(after)?;
    let tags = tag_list(tags)?;
    let call = || async {
        let input = api
            .client
            .create_role()
            .role_name(name)
            .path(&after.path)
            .assume_role_policy_document(&after.assume_role_policy)
            .max_session_duration(length)
            .set_description(after.description.clone())
            .set_permissions_boundary(after.permissions_boundary.clone())
            .set_tags((!tags.is_empty()).then(|| tags.clone()));
        input.send().await.map_err(|e| young(failure(e)))
    };
    let answer = api.ctx.call(&CREATE, api.scope, call).await?;
    answer.role.filter(|role| role.role_name == name && !role.arn.is_empty()).ok_or_else(|| {
        Failure::new(Class::Garbled, "the answer holds no role").of(&CREATE, api.scope)
    })
}

/// A role of that name exists. If its tags name this very object as owner, an earlier attempt
/// made it and its reply was lost: it is brought to what was wanted.
async fn recover(
    api: Api<'_>,
    name: &str,
    after: Role,
    owner: Option<Owner>,
    exists: Failure,
) -> Outcome<Role> {
    let role = get(api, name).await?;
    let live = role.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone()));
    let address = owner.as_ref().map(|owner| &*owner.address).unwrap_or_default();
    let (tags, found) = split(live, address);
    if owner.is_none() || found != owner || role.path != after.path {
        return Err(exists.into());
    }
    let before = from_api(&role, after.clone(), tags);
    api.ctx.identified(address, name).await?;
    update(api, name, &before, &after, owner.as_ref()).await?;
    let object = Role {
        name: before.name,
        tags_all: after.tags.clone(),
        arn: before.arn,
        unique_id: before.unique_id,
        create_date: before.create_date,
        id: before.id,
        ..after
    };
    Ok(Some(Present { owner, ..Present::new(name, object) }))
}

/// Changes what differs.
async fn update(
    api: Api<'_>,
    name: &str,
    before: &Role,
    after: &Role,
    owner: Option<&Owner>,
) -> Result<(), Failure> {
    if !policy::equivalent(&before.assume_role_policy, &after.assume_role_policy) {
        let trust = &after.assume_role_policy;
        let call = || async {
            let input =
                api.client.update_assume_role_policy().role_name(name).policy_document(trust);
            input.send().await.map_err(|e| young(failure(e)).not_found(GONE))
        };
        api.ctx.call(&UPDATE_TRUST, api.scope, call).await?;
    }
    if before.description != after.description {
        let description = after.description.as_deref().unwrap_or_default();
        let call = || async {
            let input = api.client.update_role_description().role_name(name);
            let answer = input.description(description).send().await;
            answer.map_err(|e| failure(e).not_found(GONE))
        };
        api.ctx.call(&UPDATE_DESCRIPTION, api.scope, call).await?;
    }
    if before.max_session_duration != after.max_session_duration {
        let length = seconds(after)?;
        let call = || async {
            let input = api.client.update_role().role_name(name).max_session_duration(length);
            input.send().await.map_err(|e| failure(e).not_found(GONE))
        };
        api.ctx.call(&UPDATE, api.scope, call).await?;
    }
    if before.permissions_boundary != after.permissions_boundary {
        bound(api, name, after.permissions_boundary.as_deref()).await?;
    }
    tag(api, name, &before.tags, &join(&after.tags, owner)).await
}

async fn bound(api: Api<'_>, name: &str, boundary: Option<&str>) -> Result<(), Failure> {
    let Some(arn) = boundary else {
        let call = || async {
            let answer = api.client.delete_role_permissions_boundary().role_name(name).send().await;
            answer.map_err(|e| failure(e).not_found(GONE))
        };
        return api.ctx.call(&DELETE_BOUNDARY, api.scope, call).await.map(drop);
    };
    let call = || async {
        let input = api.client.put_role_permissions_boundary().role_name(name);
        let answer = input.permissions_boundary(arn).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    api.ctx.call(&PUT_BOUNDARY, api.scope, call).await.map(drop)
}

async fn tag(api: Api<'_>, name: &str, before: &Tags, after: &Tags) -> Result<(), Failure> {
    let differs = |(key, value): &(&String, &String)| before.get(*key) != Some(*value);
    let add: Tags =
        after.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
    if !add.is_empty() {
        let add = tag_list(&add)?;
        let call = || async {
            let answer =
                api.client.tag_role().role_name(name).set_tags(Some(add.clone())).send().await;
            answer.map_err(|e| failure(e).not_found(GONE))
        };
        api.ctx.call(&TAG, api.scope, call).await?;
    }
    let gone: Vec<String> =
        before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
    if !gone.is_empty() {
        let call = || async {
            let input = api.client.untag_role().role_name(name).set_tag_keys(Some(gone.clone()));
            input.send().await.map_err(|e| failure(e).not_found(GONE))
        };
        api.ctx.call(&UNTAG, api.scope, call).await?;
    }
    Ok(())
}

/// Removes the role; one that is not there is removed. What others gave it is left, and named.
async fn delete(api: Api<'_>, name: &str) -> Result<(), Failure> {
    let call = || async {
        let answer = api.client.delete_role().role_name(name).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    match api.ctx.call(&DELETE, api.scope, call).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.class == Class::NotFound => Ok(()),
        Err(mut failure) if failure.code.as_deref() == Some("DeleteConflict") => {
            if let Ok(held) = held(api, name).await
                && !held.is_empty()
            {
                failure.message = format!(
                    "the role {name} is not deleted because it still has {}, which lifeboat did \
                     not give it; take them away, or set force_detach_policies = true for the \
                     policies",
                    held.join(", ")
                );
            }
            Err(failure)
        }
        Err(failure) => Err(failure),
    }
}

/// What keeps a role from being deleted, in words.
async fn held(api: Api<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let mut held = Vec::new();
    for arn in attached(api, name).await? {
        held.push(format!("the policy {arn}"));
    }
    for policy in inline(api, name).await? {
        held.push(format!("the inline policy {policy}"));
    }
    let call = || async {
        let answer = api.client.list_instance_profiles_for_role().role_name(name).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    let answer = api.ctx.call(&LIST_PROFILES, api.scope, call).await?;
    let profiles = answer.instance_profiles.into_iter();
    held.extend(profiles.map(|p| format!("the instance profile {}", p.instance_profile_name)));
    Ok(held)
}

/// Takes away the policies of a role, whoever gave them.
async fn strip(api: Api<'_>, name: &str) -> Result<(), Failure> {
    for arn in attached(api, name).await? {
        let call = || async {
            let answer =
                api.client.detach_role_policy().role_name(name).policy_arn(&arn).send().await;
            answer.map_err(|e| failure(e).not_found(GONE))
        };
        missing_is_fine(api.ctx.call(&DETACH, api.scope, call).await.map(drop))?;
    }
    for policy in inline(api, name).await? {
        missing_is_fine(role_policy::remove(api, name, &policy).await)?;
    }
    Ok(())
}

fn missing_is_fine(result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(failure) if failure.class == Class::NotFound => Ok(()),
        other => other,
    }
}

/// The ARNs of the managed policies of a role.
async fn attached(api: Api<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let call = || async {
            let input = api.client.list_attached_role_policies().role_name(name);
            let answer = input.set_marker(marker.clone()).send().await;
            answer.map_err(|e| failure(e).not_found(GONE))
        };
        let page = api.ctx.call(&LIST_ATTACHED, api.scope, call).await?;
        let policies = page.attached_policies.unwrap_or_default();
        found.extend(policies.into_iter().filter_map(|policy| policy.policy_arn));
        marker = next(&LIST_ATTACHED, api.scope, page.is_truncated, page.marker, marker)?;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// The names of the inline policies of a role.
async fn inline(api: Api<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let call = || async {
            let input = api.client.list_role_policies().role_name(name);
            let answer = input.set_marker(marker.clone()).send().await;
            answer.map_err(|e| failure(e).not_found(GONE))
        };
        let page = api.ctx.call(&LIST_INLINE, api.scope, call).await?;
        found.extend(page.policy_names);
        marker = next(&LIST_INLINE, api.scope, page.is_truncated, page.marker, marker)?;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// The marker of the next page; one that does not advance would go on for ever.
fn next(
    call: &'static Call,
    scope: &Scope,
    more: bool,
    next: Option<String>,
    last: Option<String>,
) -> Result<Option<String>, Failure> {
    match next {
        _ if !more => Ok(None),
        Some(next) if Some(&next) != last.as_ref() => Ok(Some(next)),
        _ => Err(Failure::new(Class::Garbled, "the pages do not end").of(call, scope)),
    }
}

/// A principal that was just made is not known everywhere at once: a later attempt may work (IAM
/// User Guide, "Changes that I make are not always immediately visible").
fn young(failure: Failure) -> Failure {
    let unknown = failure.code.as_deref() == Some("MalformedPolicyDocument")
        && failure.message.contains("Invalid principal");
    if unknown { Failure { class: Class::Conflict, ..failure } } else { failure }
}

fn seconds(role: &Role) -> Result<i32, Failure> {
    i32::try_from(role.max_session_duration)
        .map_err(|_| Failure::new(Class::Invalid, "max_session_duration is too large"))
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let build = |(key, value): (&String, &String)| {
        let tag = Tag::builder().key(key).value(value).build();
        tag.map_err(|e| Failure::new(Class::Invalid, e.to_string()))
    };
    tags.iter().map(build).collect()
}

/// A role as it was made. The answer to its creation has no tags on every server.
fn written(role: &sdk::Role, after: Role, owner: Option<Owner>) -> Present<Role> {
    let made = from_api(role, Role::default(), Tags::new());
    let object = Role {
        name: made.name,
        tags_all: after.tags.clone(),
        arn: made.arn,
        unique_id: made.unique_id,
        create_date: made.create_date,
        id: made.id,
        ..after
    };
    Present { owner, ..Present::new(role.role_name.as_str(), object) }
}
