//! `aws_iam_role_policy`: a policy that is a part of a role.

use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, Codes as _, failure, normalise, policy};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Finding, Kind, Name, Observation, Outcome,
    Ownership, Path, Present, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use crate::{Api, GONE, IAM, document};

/// Reads a policy.
pub(crate) const GET: Call = Call::read("iam", "GetRolePolicy", "iam:GetRolePolicy").global();
/// Makes a policy or replaces its content.
pub(crate) const PUT: Call = Call::write("iam", "PutRolePolicy", "iam:PutRolePolicy").global();
/// Removes a policy.
pub(crate) const DELETE: Call =
    Call::write("iam", "DeleteRolePolicy", "iam:DeleteRolePolicy").global();

/// A policy that is a part of a role and goes with it.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct RolePolicy {
    /// The policy's name.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The role's name.
    #[kind(required, forces_replacement, identity)]
    pub role: String,
    /// What it allows, as JSON.
    #[kind(required, json)]
    pub policy: String,
    /// `ROLE:NAME`
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// `aws_iam_role_policy`
#[derive(Clone, Debug)]
pub struct RolePolicyKind(pub Clients);

impl Kind for RolePolicyKind {
    type Object = RolePolicy;
    const NAME: &'static str = "aws_iam_role_policy";
    const SERVICE: Service = IAM;
    const OWNERSHIP: Ownership = Ownership::Parent;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        let text = |name| desired.get(name).and_then(Value::as_str);
        Some(format!("{}:{}", text("role")?, text("name")?).into())
    }

    fn normalise(&self, document: &Value) -> Value {
        let document = normalise::policy(document, "policy");
        match self.id_of(&document) {
            Some(id) => document.with("id", Value::String(id)),
            None => document,
        }
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        not_a_policy(document, "policy").into_iter().collect()
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<RolePolicy>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let read = targets.iter().map(|target| async {
            let id = target.id.clone().or_else(|| self.id_of(&target.hint));
            match get(api, id.as_deref().unwrap_or_default()).await {
                Ok(present) => Observation::Present(present),
                Err(failure) => Observation::from_failure(scope, failure),
            }
        });
        join_all(read).await
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<RolePolicy>>,
    ) -> Vec<Outcome<RolePolicy>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }
}

// Reading

async fn get(api: Api<'_>, id: &str) -> Result<Present<RolePolicy>, Failure> {
    let Some((role, name)) = id.split_once(':') else {
        let text = format!("{id:?} is not the id of a role's policy, ROLE:NAME");
        return Err(Failure::new(Class::Invalid, text));
    };
    let call = || async {
        let answer = api.client.get_role_policy().role_name(role).policy_name(name).send().await;
        let answer = answer.map_err(|e| failure(e).not_found(GONE))?;
        let same = answer.role_name == role && answer.policy_name == name;
        if same && !answer.policy_document.is_empty() {
            Ok(answer)
        } else {
            Err(Failure::new(Class::Garbled, format!("the answer says nothing of {id}")))
        }
    };
    let answer = api.ctx.call(&GET, api.scope, call).await?;
    Ok(present(role, name, document(&answer.policy_document)))
}

// Writing

async fn write(api: Api<'_>, change: Change<RolePolicy>) -> Outcome<RolePolicy> {
    match change.action {
        ChangeAction::Create { after } | ChangeAction::Update { after, .. } => {
            let call = || async {
                let input = api.client.put_role_policy().role_name(&after.role);
                let input = input.policy_name(&after.name).policy_document(&after.policy);
                input.send().await.map_err(|e| failure(e).not_found(GONE))
            };
            api.ctx.call(&PUT, api.scope, call).await?;
            Ok(Some(present(&after.role, &after.name, after.policy.clone())))
        }
        ChangeAction::Delete { before, .. } => {
            match remove(api, &before.role, &before.name).await {
                Err(failure) if failure.class != Class::NotFound => Err(failure.into()),
                _ => Ok(None),
            }
        }
    }
}

/// Removes a policy of a role.
pub(crate) async fn remove(api: Api<'_>, role: &str, name: &str) -> Result<(), Failure> {
    let call = || async {
        let answer = api.client.delete_role_policy().role_name(role).policy_name(name).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    api.ctx.call(&DELETE, api.scope, call).await.map(drop)
}

// Hooks

/// The finding for a text that should be a policy and is not.
pub(crate) fn not_a_policy(document: &Value, name: &str) -> Option<Finding> {
    let text = document.get(name)?.as_str()?;
    policy::canonical(text).is_none().then(|| Finding {
        path: Path::attr(name),
        summary: "not a policy",
        detail: "A policy is the text of a JSON object.".to_owned(),
        help: "Write it with jsonencode({ … }).".to_owned(),
        warning: false,
    })
}

// Conversion

fn present(role: &str, name: &str, document: String) -> Present<RolePolicy> {
    let id = format!("{role}:{name}");
    let policy = policy::canonical(&document).unwrap_or(document);
    let (name, role) = (name.to_owned(), role.to_owned());
    Present::new(id.as_str(), RolePolicy { name, role, policy, id: Some(id.clone()) })
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::{Object as _, Type};

    use super::*;

    #[test]
    fn policies_are_compared_by_meaning() {
        let kind = RolePolicyKind(Clients::unconfigured());
        let written = RolePolicy {
            name: "p".into(),
            role: "r".into(),
            policy: r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#.into(),
            id: None,
        };
        let answered = "%7B%22Version%22%3A%222008-10-17%22%2C%22Statement%22%3A%5B%7B%22Action%22\
                        %3A%5B%22s3%3A%2A%22%5D%2C%22Resource%22%3A%22%2A%22%2C%22Effect%22%3A\
                        %22Allow%22%7D%5D%7D";
        let read = present("r", "p", document(answered)).object.encode();
        assert_eq!(kind.normalise(&written.encode()), kind.normalise(&read));
        assert_eq!(kind.normalise(&read), read);
        let unknown = read.with("policy", Value::unknown(Type::String));
        assert!(kind.normalise(&unknown).get("policy").is_some_and(Value::is_unknown));
        assert!(kind.validate(&unknown).is_empty());
        assert_eq!(kind.validate(&read.with("policy", Value::string("allow"))).len(), 1);
    }
}
