//! What others have made: lifeboat says how much of it runs, and makes none of it.

use lifeboat_aws::Aws;
use lifeboat_sdk::provider::Provider as _;
use lifeboat_sdk::{Name, Value};
use lifeboat_sim::{Key, SimCloud};

use super::topology::{ACCOUNT, group, machine};

/// A machine in each region, which runs, behind a security group that lets anybody in.
pub(super) fn service(cloud: &SimCloud, regions: &[&str]) {
    for region in regions {
        let (machine, group) = (machine(region), group(region));
        for (kind, id, name, state) in [
            ("aws_ec2_instance_state", machine, "instance_id", "running"),
            ("aws_security_group_ingress", group, "security_group_id", "open"),
        ] {
            let known = [(name, Value::string(&*id)), ("state", Value::string(state))];
            made(cloud, kind, region, &id, &known);
        }
    }
}

/// Puts an object there, of which this is known.
pub(super) fn made(cloud: &SimCloud, kind: &str, region: &str, id: &str, known: &[(&str, Value)]) {
    let kinds = Aws.kinds();
    let schema = kinds.iter().find(|one| one.name() == kind).unwrap().schema();
    let value = |name: &str| match name {
        "region" => Some(Value::string(region)),
        "id" => Some(Value::string(id)),
        "force" => Some(Value::Bool(false)),
        "arn" => Some(Value::string(format!("arn:aws:test:{region}::{id}"))),
        _ => known.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone()),
    };
    let attributes = schema
        .attributes
        .iter()
        .map(|a| (Name::from(a.name), value(a.name).unwrap_or_else(|| Value::Null(a.shape.ty()))));
    let key = Key::regional(ACCOUNT, region, kind, id);
    cloud.put(key, Value::object(attributes), None);
}
