//! `service` -> what others made of it in each region, with the capacity of the region's role.

use lifeboat_sdk::{Name, Value};

use super::build::{Made, address, planned, text, value};
use crate::address::Address;
use crate::desired::{Part, Planned, Template};
use crate::topology::Topology;
use crate::topology::region::Region;
use crate::topology::service::Service;

/// The size of a group that has none.
const NONE: i64 = 0;

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, service: &Service) {
    for region in &topology.regions {
        let primary = region.name == topology.primary;
        for id in service.instances.get(&region.name).into_iter().flatten() {
            let key = format!("{}/{id}", region.name);
            made.add(
                at(service, "aws_ec2_instance_state", &key),
                machine(service, region, id, primary),
            );
        }
        for uuid in service.event_sources.get(&region.name).into_iter().flatten() {
            let key = format!("{}/{uuid}", region.name);
            let mapping = event_source(service, region, uuid, primary);
            made.add(at(service, "aws_lambda_event_source_mapping", &key), mapping);
        }
        for name in service.schedules.get(&region.name).into_iter().flatten() {
            let key = format!("{}/{name}", region.name);
            let schedule = schedule(service, region, name, primary);
            made.add(at(service, "aws_scheduler_schedule", &key), schedule);
        }
        for id in service.security_groups.get(&region.name).into_iter().flatten() {
            let key = format!("{}/{id}", region.name);
            let ingress = ingress(service, region, id, primary);
            made.add(at(service, "aws_security_group_ingress", &key), ingress);
        }
        if let Some(name) = service.groups.get(&region.name) {
            let group = group(service, region, name, primary);
            made.add(at(service, "aws_autoscaling_group", &region.name), group);
        }
    }
}

fn at(service: &Service, kind: &str, key: &str) -> Address {
    address("service", &service.name, kind, key)
}

/// A machine runs where there is any capacity.
fn machine(service: &Service, region: &Region, id: &Name, primary: bool) -> Planned {
    let state = |runs: bool| value(text(if runs { "running" } else { "stopped" }));
    let runs = service.capacity.of(primary) > 0;
    let mut planned = planned(
        service.span,
        [
            ("instance_id", value(text(id))),
            ("state", state(runs)),
            ("region", value(text(&region.aws))),
        ],
    );
    operate(&mut planned, service, vec![("state".into(), state(false))]);
    planned
}

/// A function takes what is in a queue where there is any capacity.
fn event_source(service: &Service, region: &Region, uuid: &Name, primary: bool) -> Planned {
    let enabled = |is: bool| value(Value::Bool(is));
    let mut planned = planned(
        service.span,
        [
            ("uuid", value(text(uuid))),
            ("enabled", enabled(service.capacity.of(primary) > 0)),
            ("region", value(text(&region.aws))),
        ],
    );
    operate(&mut planned, service, vec![("enabled".into(), enabled(false))]);
    planned.part = Some(Part::Triggers { fences: service.one_writer });
    planned
}

/// A schedule starts something where there is any capacity.
fn schedule(service: &Service, region: &Region, name: &Name, primary: bool) -> Planned {
    let state = |on: bool| value(text(if on { "ENABLED" } else { "DISABLED" }));
    let (group, name) = name.split_once('/').unwrap_or(("default", name));
    let mut planned = planned(
        service.span,
        [
            ("name", value(text(name))),
            ("group_name", value(text(group))),
            ("state", state(service.capacity.of(primary) > 0)),
            ("region", value(text(&region.aws))),
        ],
    );
    operate(&mut planned, service, vec![("state".into(), state(false))]);
    planned.part = Some(Part::Triggers { fences: service.one_writer });
    planned
}

/// Where one region writes, a security group lets in what may reach it where that is the primary, and
/// nowhere else, however much runs there.
fn ingress(service: &Service, region: &Region, id: &Name, primary: bool) -> Planned {
    let state = |open: bool| value(text(if open { "open" } else { "closed" }));
    let mut planned = planned(
        service.span,
        [
            ("security_group_id", value(text(id))),
            ("state", state(primary)),
            ("region", value(text(&region.aws))),
        ],
    );
    operate(&mut planned, service, vec![("state".into(), state(false))]);
    planned.part = Some(Part::Reach);
    planned
}

/// A group has as many instances as its role says.
fn group(service: &Service, region: &Region, name: &Name, primary: bool) -> Planned {
    let number = |n: i64| value(Value::int(n));
    let mut planned = planned(
        service.span,
        [
            ("name", value(text(name))),
            ("desired_capacity", number(service.capacity.of(primary))),
            ("region", value(text(&region.aws))),
        ],
    );
    let mut none = vec![("desired_capacity".into(), number(NONE))];
    if let Some(size) = service.min_size {
        planned.document.push(("min_size".into(), number(size.of(primary))));
        none.push(("min_size".into(), number(NONE)));
    }
    if let Some(size) = service.max_size {
        planned.document.push(("max_size".into(), number(size.of(primary))));
    }
    operate(&mut planned, service, none);
    planned
}

/// It is somebody else's, and its capacity is the role's; where one region writes, the region that
/// is left has none of it until it is fenced.
fn operate(planned: &mut Planned, service: &Service, none: Vec<(Name, Template)>) {
    planned.operated = true;
    planned.part = Some(Part::Capacity { fences: service.one_writer });
    if service.one_writer {
        planned.leaving = none;
    }
}
