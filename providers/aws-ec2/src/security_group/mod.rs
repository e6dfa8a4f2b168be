//! `aws_security_group`: who may reach what is in the group, and whom it may reach.

mod hooks;
pub(crate) mod rules;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;
use lifeboat_aws_core::tags::{Tags, split};
use lifeboat_aws_core::{Clients, region};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, Ctx, Failure, Finding, Inventory, Kind, Observation, Outcome, Ownership, Present,
    Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use crate::find::{self, Found, listed};
use crate::{Api, EC2, tags};

/// Lists groups with their rules.
pub(crate) const LIST: Call =
    Call::read("ec2", "DescribeSecurityGroups", "ec2:DescribeSecurityGroups");
/// Makes a group. With tags EC2 also asks for `ec2:CreateTags`.
pub(crate) const CREATE: Call =
    Call::write("ec2", "CreateSecurityGroup", "ec2:CreateSecurityGroup");
/// Removes a group.
pub(crate) const DELETE: Call =
    Call::write("ec2", "DeleteSecurityGroup", "ec2:DeleteSecurityGroup");
/// Adds rules for what comes in.
pub(crate) const ALLOW_IN: Call =
    Call::write("ec2", "AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress");
/// Adds rules for what goes out.
pub(crate) const ALLOW_OUT: Call =
    Call::write("ec2", "AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupEgress");
/// Removes rules for what comes in.
pub(crate) const REVOKE_IN: Call =
    Call::write("ec2", "RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress");
/// Removes rules for what goes out.
pub(crate) const REVOKE_OUT: Call =
    Call::write("ec2", "RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress");
/// Changes what rules for what comes in are for.
pub(crate) const DESCRIBE_IN: Call = Call::write(
    "ec2",
    "UpdateSecurityGroupRuleDescriptionsIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
);
/// Changes what rules for what goes out are for.
pub(crate) const DESCRIBE_OUT: Call = Call::write(
    "ec2",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
);

/// The codes that say that there is no such group.
const GONE: &[&str] = &["InvalidGroup.NotFound"];

/// Groups in one page (EC2 API reference, `DescribeSecurityGroups`).
const PAGE: i32 = 1000;

/// Who may reach what is in the group, and whom it may reach.
///
/// All rules of the group belong to it: one that no block declares is removed. So is the rule that
/// EC2 gives every new group, to let everything out: without an `egress` block nothing goes out.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct SecurityGroup {
    /// Its name, unique in the VPC; made up if it is not set.
    #[kind(optional_computed, forces_replacement)]
    pub name: Option<String>,
    /// How a name that is made up begins.
    #[kind(optional, forces_replacement)]
    pub name_prefix: Option<String>,
    /// What it is for; EC2 never changes it. `Managed by lifeboat` if it is not set.
    #[kind(optional_computed, forces_replacement)]
    pub description: Option<String>,
    /// Its VPC; else the region's default VPC.
    #[kind(optional_computed, forces_replacement)]
    pub vpc_id: Option<String>,
    /// Who may reach it.
    #[kind(block, set)]
    pub ingress: Vec<Rule>,
    /// Whom it may reach.
    #[kind(block, set)]
    pub egress: Vec<Rule>,
    /// Whether its rules are removed before it is deleted: two groups that name each other cannot
    /// be deleted otherwise.
    #[kind(default = "false")]
    pub revoke_rules_on_delete: bool,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Its tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Its tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// The account that owns it.
    #[kind(computed)]
    pub owner_id: Option<String>,
    /// Its ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Its id, made up by EC2.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// What is allowed, and for whom: at least one of `cidr_blocks`, `ipv6_cidr_blocks`,
/// `prefix_list_ids`, `security_groups` and `self`.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol's number, or `-1` for all.
    #[kind(required)]
    pub protocol: String,
    /// The first port, or the type of ICMP; 0 where a protocol has no ports.
    #[kind(required)]
    pub from_port: i64,
    /// The last port, or the code of ICMP.
    #[kind(required)]
    pub to_port: i64,
    /// What it is for.
    #[kind(optional)]
    pub description: Option<String>,
    /// Ranges of IPv4 addresses, in any order.
    #[kind(optional)]
    pub cidr_blocks: Vec<String>,
    /// Ranges of IPv6 addresses, in any order.
    #[kind(optional)]
    pub ipv6_cidr_blocks: Vec<String>,
    /// Lists of ranges, in any order.
    #[kind(optional)]
    pub prefix_list_ids: Vec<String>,
    /// Other groups; of another account `ACCOUNT/sg-…`.
    #[kind(optional)]
    pub security_groups: BTreeSet<String>,
    /// The group itself.
    #[kind(default = "false", rename = "self")]
    pub itself: bool,
}

/// The kind `aws_security_group`.
#[derive(Clone, Debug)]
pub struct SecurityGroupKind(pub Clients);

impl Kind for SecurityGroupKind {
    type Object = SecurityGroup;
    const NAME: &'static str = "aws_security_group";
    const SERVICE: Service = EC2;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn normalise(&self, document: &Value) -> Value {
        hooks::normalise(document)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        hooks::validate(document, &self.0)
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<SecurityGroup>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let found = find::find::<sdk::SecurityGroup>(api, targets).await;
        let observe = |(target, found): (&Target, Found<sdk::SecurityGroup>)| {
            found.observe(api, |live| {
                let (tags, owner) = split(tags::of(live.tags()), &target.address);
                let id = live.group_id.clone().unwrap_or_default();
                let object = from_api(api, &live, &asked(&target.hint), tags);
                Present { owner, ..Present::new(id, object) }
            })
        };
        targets.iter().zip(found).map(observe).collect()
    }

    async fn inventory(&self, ctx: &Ctx, scope: &Scope) -> Result<Option<Inventory>, Failure> {
        let client = crate::client(&self.0, scope).await?;
        let api = Api { client: &client, ctx, scope };
        find::inventory::<sdk::SecurityGroup>(api, Self::NAME).await.map(Some)
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<SecurityGroup>>,
    ) -> Vec<Outcome<SecurityGroup>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write::write(api, change))).await
    }
}

listed!(
    sdk::SecurityGroup, "security groups", "group-id" by group_id, LIST,
    |client| client.describe_security_groups().max_results(PAGE), |answer| answer.security_groups
);

// Conversion

/// What EC2 does not keep of a group, as state or configuration has it.
fn asked(hint: &Value) -> SecurityGroup {
    let prefix = hint.get("name_prefix").and_then(Value::as_str).map(str::to_owned);
    let revoke = hint.get("revoke_rules_on_delete").and_then(Value::as_bool).unwrap_or_default();
    SecurityGroup {
        name_prefix: prefix,
        revoke_rules_on_delete: revoke,
        ..SecurityGroup::default()
    }
}

fn from_api(
    api: Api<'_>,
    live: &sdk::SecurityGroup,
    asked: &SecurityGroup,
    tags: Tags,
) -> SecurityGroup {
    let (id, owner) = (live.group_id.as_deref().unwrap_or_default(), live.owner_id.as_deref());
    let rules = |permissions| rules::blocks(&rules::from_api(permissions, id, owner));
    SecurityGroup {
        name: live.group_name.clone(),
        name_prefix: asked.name_prefix.clone(),
        description: live.description.clone(),
        vpc_id: live.vpc_id.clone(),
        ingress: rules(live.ip_permissions()),
        egress: rules(live.ip_permissions_egress()),
        revoke_rules_on_delete: asked.revoke_rules_on_delete,
        region: Some(api.region().to_owned()),
        tags_all: tags.clone(),
        tags,
        owner_id: live.owner_id.clone(),
        arn: Some(arn(api.region(), owner.unwrap_or_default(), id)),
        id: live.group_id.clone(),
    }
}

/// The ARN of a group (Service Authorization Reference, "Amazon EC2").
fn arn(here: &str, owner: &str, id: &str) -> String {
    format!("arn:{}:ec2:{here}:{owner}:security-group/{id}", region::partition(here))
}
