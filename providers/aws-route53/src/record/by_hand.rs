//! Changes of records as the AWS CLI takes them.

use aws_sdk_route53::types::ResourceRecordSet;
use lifeboat_aws_core::aws;
use lifeboat_aws_core::command::dense;
use lifeboat_sdk::command::variable;
use lifeboat_sdk::{Change, ChangeAction, Line, Scope};
use serde_json::{Value as Json, json};

use super::convert::to_api;
use super::write::{put, replaced};
use super::{Record, name};

/// The variable of the shell that keeps the change until all servers know it.
const CHANGE: &str = "CHANGE";

/// One request of all changes of a zone, as writing makes it, and the wait for all servers.
pub(super) fn lines(scope: &Scope, changes: &[Change<Record>]) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let (mut gone, mut made) = (Vec::new(), Vec::new());
    let mut zone = None;
    for change in changes {
        let record = match &change.action {
            ChangeAction::Create { after } => after,
            ChangeAction::Update { before, .. } | ChangeAction::Delete { before, .. } => before,
        };
        zone.get_or_insert_with(|| name::zone_id(&record.zone_id).to_owned());
        let fqdn = name::canonical(record.fqdn.as_deref().unwrap_or(&record.name));
        if record.fqdn.is_none() {
            lines.push(Line::Note(format!(
                "{fqdn} is taken for a whole name: where it is not, write that of the zone behind it."
            )));
        }
        if let Some(going) = replaced(&change.action) {
            gone.push(edit("DELETE", &to_api(going, &fqdn).ok()?));
        }
        if let Some((action, set)) = put(&change.action, &fqdn).ok()? {
            made.push(edit(action.as_str(), &set));
        }
    }
    gone.append(&mut made);
    let batch = json!({ "Changes": gone }).to_string();
    let changed = aws(scope, "route53", "change-resource-record-sets")
        .option("--hosted-zone-id", zone?)
        .option("--change-batch", batch)
        .option("--query", "ChangeInfo.Id")
        .option("--output", "text");
    lines.push(changed.keep(CHANGE).into());
    let wait = aws(scope, "route53", "wait").word("resource-record-sets-changed");
    lines.push(wait.option("--id", variable(CHANGE)).into());
    Some(lines)
}

fn edit(action: &str, set: &ResourceRecordSet) -> Json {
    let place = set.geo_location.as_ref().map(|place| {
        json!({
            "ContinentCode": place.continent_code,
            "CountryCode": place.country_code,
            "SubdivisionCode": place.subdivision_code,
        })
    });
    let alias = set.alias_target.as_ref().map(|target| {
        json!({
            "HostedZoneId": target.hosted_zone_id,
            "DNSName": target.dns_name,
            "EvaluateTargetHealth": target.evaluate_target_health,
        })
    });
    let values = set.resource_records.as_ref().map(|values| {
        values.iter().map(|record| json!({ "Value": record.value })).collect::<Vec<Json>>()
    });
    dense(json!({
        "Action": action,
        "ResourceRecordSet": {
            "Name": set.name,
            "Type": set.r#type.as_str(),
            "SetIdentifier": set.set_identifier,
            "Weight": set.weight,
            "Region": set.region.as_ref().map(|region| region.as_str()),
            "GeoLocation": place,
            "Failover": set.failover.as_ref().map(|part| part.as_str()),
            "MultiValueAnswer": set.multi_value_answer,
            "TTL": set.ttl,
            "ResourceRecords": values,
            "AliasTarget": alias,
            "HealthCheckId": set.health_check_id,
        },
    }))
}
