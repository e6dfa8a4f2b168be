//! The rules of a group as the AWS CLI revokes and adds them.

use aws_sdk_ec2::types::IpPermission;
use lifeboat_aws_core::aws;
use lifeboat_aws_core::command::dense;
use lifeboat_sdk::{ChangeAction, Line, Scope};
use serde_json::{Value as Json, json};

use super::{CLOSED, Ingress, OPEN};
use crate::security_group::Rule;
use crate::security_group::rules::{singles, to_api};

/// What a person types: all rules in one call, as they were when it was planned.
pub(super) fn lines(scope: &Scope, action: &ChangeAction<Ingress>) -> Vec<Line> {
    let (before, after) = match action {
        ChangeAction::Create { after } => (None, after),
        ChangeAction::Update { before, after, .. } => (Some(before), after),
        ChangeAction::Delete { .. } => {
            return vec![note("It is somebody else's, and stays as it is.")];
        }
    };
    let id = &*after.security_group_id;
    let look = |query: &str| {
        let look = aws(scope, "ec2", "describe-security-groups").option("--group-ids", id);
        look.option("--query", query)
    };
    let change = |operation: &str, rules: &[Rule]| {
        let rules = permissions(rules, id)?;
        let call = aws(scope, "ec2", operation).option("--group-id", id);
        Some(Line::from(call.option("--ip-permissions", rules)))
    };
    let Some(before) = before else {
        let text = "Revoke what this tells, and keep it: it is told nowhere else.";
        return vec![note(text), look("SecurityGroups[0].IpPermissions").into()];
    };
    let lines: Vec<Line> = if after.state == OPEN {
        change("authorize-security-group-ingress", &before.rules).into_iter().collect()
    } else {
        let live = if before.state == OPEN { &before.rules } else { &before.added };
        let revoke = change("revoke-security-group-ingress", live).into_iter();
        // Rules may have been added since.
        let empty = look("length(SecurityGroups[0].IpPermissions)").option("--output", "text");
        let again = (before.state == CLOSED).then(|| note("Where rules are left, revoke them."));
        revoke.chain(again).chain([Line::from(empty.until("0"))]).collect()
    };
    if lines.is_empty() { vec![note("No rules of it were revoked.")] } else { lines }
}

fn note(text: &str) -> Line {
    Line::Note(text.to_owned())
}

/// The document of `--ip-permissions`; nothing where there are no rules.
fn permissions(rules: &[Rule], id: &str) -> Option<String> {
    let all = to_api(&singles(rules), id).ok().filter(|all| !all.is_empty())?;
    Some(dense(all.iter().map(permission).collect()).to_string())
}

fn permission(rule: &IpPermission) -> Json {
    let some = |list: Vec<Json>| (!list.is_empty()).then_some(list);
    let v4 = rule.ip_ranges().iter();
    let v6 = rule.ipv6_ranges().iter();
    let lists = rule.prefix_list_ids().iter();
    let groups = rule.user_id_group_pairs().iter();
    json!({
        "IpProtocol": rule.ip_protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "IpRanges": some(v4.map(|it| {
            json!({ "CidrIp": it.cidr_ip, "Description": it.description })
        }).collect()),
        "Ipv6Ranges": some(v6.map(|it| {
            json!({ "CidrIpv6": it.cidr_ipv6, "Description": it.description })
        }).collect()),
        "PrefixListIds": some(lists.map(|it| {
            json!({ "PrefixListId": it.prefix_list_id, "Description": it.description })
        }).collect()),
        "UserIdGroupPairs": some(groups.map(|it| {
            json!({ "UserId": it.user_id, "GroupId": it.group_id, "Description": it.description })
        }).collect()),
    })
}
