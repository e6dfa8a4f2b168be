//! `aws_iam_role`: who may act with which permissions.

mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_iam::operation::RequestId as _;
use aws_sdk_iam::types as sdk;
use aws_smithy_types::date_time::Format;
use futures_util::future::join_all;
use lifeboat_aws_core::tags::split;
use lifeboat_aws_core::{Clients, Codes as _, failure, normalise, policy};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, Class, CompleteListing, Ctx, Failure, Finding, Inventory, Kind, Listing, Name,
    Object as _, Observation, Outcome, Ownership, Path, Present, Scope, Service, Target, Type,
    Value,
};
use lifeboat_sdk_derive::Kind;

use crate::role_policy::not_a_policy;
use crate::{Api, GONE, IAM, document};

/// Makes a role.
pub(crate) const CREATE: Call = Call::write("iam", "CreateRole", "iam:CreateRole").global();
/// Removes a role.
pub(crate) const DELETE: Call = Call::write("iam", "DeleteRole", "iam:DeleteRole").global();
/// Takes a role's boundary away.
pub(crate) const DELETE_BOUNDARY: Call =
    Call::write("iam", "DeleteRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary")
        .global();
/// Detaches a managed policy.
pub(crate) const DETACH: Call =
    Call::write("iam", "DetachRolePolicy", "iam:DetachRolePolicy").global();
/// Reads a role with its tags.
pub(crate) const GET: Call = Call::read("iam", "GetRole", "iam:GetRole").global();
/// Lists roles under a path.
pub(crate) const LIST: Call = Call::read("iam", "ListRoles", "iam:ListRoles").global();
/// Lists the managed policies of a role.
pub(crate) const LIST_ATTACHED: Call =
    Call::read("iam", "ListAttachedRolePolicies", "iam:ListAttachedRolePolicies").global();
/// Lists the inline policies of a role.
pub(crate) const LIST_INLINE: Call =
    Call::read("iam", "ListRolePolicies", "iam:ListRolePolicies").global();
/// Lists the instance profiles that hold a role.
pub(crate) const LIST_PROFILES: Call =
    Call::read("iam", "ListInstanceProfilesForRole", "iam:ListInstanceProfilesForRole").global();
/// Gives a role a boundary.
pub(crate) const PUT_BOUNDARY: Call =
    Call::write("iam", "PutRolePermissionsBoundary", "iam:PutRolePermissionsBoundary").global();
/// Sets tags.
pub(crate) const TAG: Call = Call::write("iam", "TagRole", "iam:TagRole").global();
/// Removes tags.
pub(crate) const UNTAG: Call = Call::write("iam", "UntagRole", "iam:UntagRole").global();
/// Changes the length of sessions.
pub(crate) const UPDATE: Call = Call::write("iam", "UpdateRole", "iam:UpdateRole").global();
/// Changes the description. `UpdateRole` could too, but not every server lets it be emptied so.
pub(crate) const UPDATE_DESCRIPTION: Call =
    Call::write("iam", "UpdateRoleDescription", "iam:UpdateRoleDescription").global();
/// Changes who may assume a role.
pub(crate) const UPDATE_TRUST: Call =
    Call::write("iam", "UpdateAssumeRolePolicy", "iam:UpdateAssumeRolePolicy").global();

/// How the name of a role begins whose configuration names neither name nor prefix.
const PREFIX: &str = "lifeboat-";

/// A role: permissions that somebody may assume.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Role {
    /// The name, unique in the account; made up if it is not set.
    #[kind(optional_computed, forces_replacement, identity)]
    pub name: Option<String>,
    /// How a name that is made up begins.
    #[kind(optional, forces_replacement)]
    pub name_prefix: Option<String>,
    /// The path in the ARN.
    #[kind(default = "\"/\"", forces_replacement)]
    pub path: String,
    /// What the role is for.
    #[kind(optional)]
    pub description: Option<String>,
    /// Who may assume the role, as JSON.
    #[kind(required, json)]
    pub assume_role_policy: String,
    /// The longest session, in seconds, from 3600 to 43200.
    #[kind(default = "3600")]
    pub max_session_duration: i64,
    /// The ARN of the policy that bounds the role's permissions.
    #[kind(optional)]
    pub permissions_boundary: Option<String>,
    /// Whether deleting the role takes away the policies that others gave it.
    #[kind(default = "false")]
    pub force_detach_policies: bool,
    /// Tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// The id that no later role of this name has.
    #[kind(computed)]
    pub unique_id: Option<String>,
    /// When it was made.
    #[kind(computed)]
    pub create_date: Option<String>,
    /// The name.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// `aws_iam_role`
#[derive(Clone, Debug)]
pub struct RoleKind(pub Clients);

impl Kind for RoleKind {
    type Object = Role;
    const NAME: &'static str = "aws_iam_role";
    const SERVICE: Service = IAM;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("name").and_then(Value::as_str).map(Into::into)
    }

    fn normalise(&self, document: &Value) -> Value {
        let doc = normalise::containers(Role::SCHEMA.attributes, document);
        let doc = normalise::policy(&doc, "assume_role_policy");
        let doc = normalise::follow(&doc, "tags", "tags_all");
        let doc =
            ["description", "permissions_boundary", "name_prefix"].iter().fold(doc, |doc, n| {
                match doc.get(n).and_then(Value::as_str) {
                    Some("") => doc.with(n, Value::Null(Type::String)),
                    _ => doc,
                }
            });
        match self.id_of(&doc) {
            Some(name) => doc.with("id", Value::String(name)),
            None => doc,
        }
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        validate(document)
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Role>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let read = targets.iter().map(|target| async {
            match target.id.clone().or_else(|| self.id_of(&target.hint)) {
                Some(name) => match get(api, &name).await {
                    Ok(role) => Observation::Present(present(&role, target)),
                    Err(failure) => Observation::from_failure(scope, failure),
                },
                None => search(api, target).await,
            }
        });
        join_all(read).await
    }

    async fn inventory(&self, ctx: &Ctx, scope: &Scope) -> Result<Option<Inventory>, Failure> {
        let client = crate::client(&self.0, scope).await?;
        inventory(Api { client: &client, ctx, scope }).await.map(Some)
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Role>>,
    ) -> Vec<Outcome<Role>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|c| write::write(api, c))).await
    }
}

// Reading

async fn get(api: Api<'_>, name: &str) -> Result<sdk::Role, Failure> {
    let call = || async {
        let answer = api.client.get_role().role_name(name).send().await;
        let role = answer.map_err(|e| failure(e).not_found(GONE))?.role;
        role.filter(|role| role.role_name == name && !role.arn.is_empty()).ok_or_else(|| {
            Failure::new(Class::Garbled, format!("the answer says nothing of the role {name}"))
        })
    };
    api.ctx.call(&GET, api.scope, call).await
}

/// All roles by their owner tags, which a listing does not tell.
async fn inventory(api: Api<'_>) -> Result<Inventory, Failure> {
    let all = listed(api, "/").await?;
    let looks = all.items().iter().map(|name| async move {
        let role = get(api, name).await;
        (name.as_str().into(), role.map(|role| split(tags(&role), "").1))
    });
    Ok(Inventory::of(join_all(looks).await))
}

/// A role whose name was made up and is not known: that with the prefix whose tags name this
/// address as owner.
async fn search(api: Api<'_>, target: &Target) -> Observation<Role> {
    let path = text(&target.hint, "path").unwrap_or("/");
    let prefix = text(&target.hint, "name_prefix").unwrap_or(PREFIX);
    let all = match listed(api, path).await {
        Ok(all) => all,
        Err(failure) => return Observation::unreadable(api.scope, &failure),
    };
    let named = all.items().iter().filter(|name| name.starts_with(prefix));
    for role in join_all(named.map(|name| get(api, name))).await {
        match role {
            Ok(role) => {
                let found = present(&role, target);
                if found.owner.as_ref().is_some_and(|owner| owner.address == target.address) {
                    return Observation::Present(found);
                }
            }
            // It went between the two looks.
            Err(failure) if failure.class == Class::NotFound => {}
            Err(failure) => return Observation::unreadable(api.scope, &failure),
        }
    }
    Observation::Absent(all.proof(&format!("roles under {path}")))
}

/// The names of the roles under a path, listed once for all who ask while refreshing.
async fn listed(api: Api<'_>, path: &str) -> Result<Arc<CompleteListing<String>>, Failure> {
    api.ctx.shared(api.scope, &format!("roles:{path}"), || list(api, path)).await
}

/// The names of the roles under a path.
async fn list(api: Api<'_>, path: &str) -> Result<CompleteListing<String>, Failure> {
    let endless =
        || Failure::new(Class::Garbled, "the pages of roles do not end").of(&LIST, api.scope);
    let mut listing = Listing::default();
    let mut seen = BTreeSet::new();
    let mut marker: Option<String> = None;
    loop {
        let call = || async {
            let input = api.client.list_roles().path_prefix(path).max_items(1000);
            input.set_marker(marker.clone()).send().await.map_err(failure)
        };
        let page = api.ctx.call(&LIST, api.scope, call).await?;
        if page.roles.is_empty() && page.request_id().is_none() {
            let text = "an empty list of roles that names no request";
            return Err(Failure::new(Class::Garbled, text).of(&LIST, api.scope));
        }
        let names = page.roles.into_iter().map(|role| role.role_name);
        let fresh: Vec<String> = names.filter(|name| seen.insert(name.clone())).collect();
        if page.is_truncated && (fresh.is_empty() || page.marker.is_none()) {
            return Err(endless());
        }
        listing.page(fresh, page.is_truncated);
        if !page.is_truncated {
            return listing.complete().ok_or_else(endless);
        }
        marker = page.marker;
    }
}

// Hooks

fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    document.get(name).and_then(Value::as_str)
}

/// Rules are those of the IAM API reference, `CreateRole`.
fn validate(document: &Value) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        not_a_policy(document, "assume_role_policy").into_iter().collect();
    let mut error = |at: &str, summary, detail: &str, help: &str| {
        let (detail, help) = (detail.to_owned(), help.to_owned());
        findings.push(Finding { path: Path::attr(at), summary, detail, help, warning: false });
    };
    if text(document, "name").is_some() && text(document, "name_prefix").is_some() {
        error(
            "name_prefix",
            "a name and a prefix",
            "A prefix is for names that are made up; this role has a name.",
            "Keep name or name_prefix.",
        );
    }
    for (attribute, most) in [("name", 64), ("name_prefix", 38)] {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let fits = |name: &str| (1..=most).contains(&name.len()) && name.chars().all(plain);
        if text(document, attribute).is_some_and(|name| !fits(name)) {
            error(
                attribute,
                "a name that IAM does not take",
                &format!("It has from 1 to {most} letters, digits or any of _+=,.@-."),
                "Write another name.",
            );
        }
    }
    let path = text(document, "path");
    if path.is_some_and(|path| !path.starts_with('/') || !path.ends_with('/')) {
        error(
            "path",
            "a path without slashes around it",
            "A path begins and ends with a slash.",
            "Write it as /path/.",
        );
    }
    let session = document.get("max_session_duration").and_then(Value::as_i64);
    if session.is_some_and(|seconds| !(3600..=43_200).contains(&seconds)) {
        error(
            "max_session_duration",
            "a session length out of range",
            "Sessions last from 1 to 12 hours.",
            "Write a number of seconds from 3600 to 43200.",
        );
    }
    findings
}

// Conversion

fn tags(role: &sdk::Role) -> impl Iterator<Item = (String, String)> + '_ {
    role.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone()))
}

/// A role as it was read.
fn present(role: &sdk::Role, target: &Target) -> Present<Role> {
    let (tags, owner) = split(tags(role), &target.address);
    let kept = Role {
        name_prefix: text(&target.hint, "name_prefix").map(str::to_owned),
        force_detach_policies: target.hint.get("force_detach_policies").and_then(Value::as_bool)
            == Some(true),
        ..Role::default()
    };
    Present { owner, ..Present::new(role.role_name.as_str(), from_api(role, kept, tags)) }
}

/// A role as it was answered; `kept` holds what only the configuration knows.
fn from_api(role: &sdk::Role, kept: Role, tags: BTreeMap<String, String>) -> Role {
    let filled = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
    let trust = document(role.assume_role_policy_document().unwrap_or_default());
    let boundary = role.permissions_boundary.as_ref();
    Role {
        name: Some(role.role_name.clone()),
        name_prefix: kept.name_prefix,
        path: role.path.clone(),
        description: filled(role.description.as_ref()),
        assume_role_policy: policy::canonical(&trust).unwrap_or(trust),
        max_session_duration: role.max_session_duration.map_or(3600, i64::from),
        permissions_boundary: filled(boundary.and_then(|b| b.permissions_boundary_arn.as_ref())),
        force_detach_policies: kept.force_detach_policies,
        tags_all: tags.clone(),
        tags,
        arn: Some(role.arn.clone()),
        unique_id: Some(role.role_id.clone()),
        create_date: role.create_date.fmt(Format::DateTime).ok(),
        id: Some(role.role_name.clone()),
    }
}

#[cfg(test)]
mod tests;
