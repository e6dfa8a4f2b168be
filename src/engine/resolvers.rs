//! Which resolvers a promotion asks what they still answer, and by what the regions are told apart. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use lifeboat_sdk::{Name, Value};

use crate::desired::Part;
use crate::desired::blocks::dns::{alias, weight};
use crate::plan::promotion::{Parts, region_of, ttl};
use crate::plan::{Act, ObjectChange, Phase, Placed, Promotion, Task, When};
use crate::topology::dns::{DnsFailover, Policy};

/// How much longer than they may keep the old answer: until all name servers of Route 53 know a change
/// ("generally within 60 seconds", Route 53 developer guide), and until they were asked once more.
const MARGIN: u64 = 70;

/// How long the answer of an alias is kept that has no TTL of its own (developer guide, "Choosing between alias
/// and non-alias records": that of the target; a load balancer's is 60 s).
const ALIAS: u64 = 60;

/// Asks the resolvers that a block names, once its traffic was switched. The promotion is over when they have
/// moved, or could have; nothing else waits for it.
pub(super) fn asked(
    changes: &[ObjectChange],
    parts: &Parts,
    promotion: &Promotion,
    dns: &DnsFailover,
) -> Option<Placed> {
    let name = format!("dns_failover.{}", dns.name);
    let records: Vec<&ObjectChange> = changes
        .iter()
        .filter(|it| *it.address.name == *name && parts.get(&it.address) == Some(&Part::Traffic))
        .collect();
    if dns.resolvers.is_empty() || !leaves(dns, &records, &promotion.from) {
        return None;
    }
    let answers: Vec<(Name, By)> =
        records.iter().filter_map(|it| Some((region_of(&it.address)?.into(), by(it)?))).collect();
    if !are_told_apart(&answers, [&promotion.from, &promotion.to]) {
        return None;
    }
    let record = records.first()?.before.as_ref()?;
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let asked = text("fqdn").or_else(|| text("name"))?.trim_end_matches('.').to_owned();
    let kept = records.iter().filter_map(|it| ttl(it)).max().unwrap_or(ALIAS);
    let arguments = Value::object([
        ("name".into(), Value::string(format!("{asked}."))),
        ("type".into(), Value::string(&*dns.kind)),
        ("from".into(), Value::string(&*promotion.from)),
        ("to".into(), Value::string(&*promotion.to)),
        (
            "resolvers".into(),
            Value::tuple(dns.resolvers.iter().map(|at| Value::string(at.to_string())).collect()),
        ),
        ("answers".into(), Value::object(answers.into_iter().map(|(name, by)| (name, by.told())))),
    ]);
    let task = Task {
        about: format!("resolvers.{}", dns.name).into(),
        arguments,
        limit: Duration::from_secs(kept + detected(dns) + MARGIN),
        optional: true,
        on: None,
    };
    Some(Placed { phase: Phase::Commit, when: When::Before, act: Act::Resolve, task })
}

/// Whether a name is not answered with a region any more that was answered before.
fn leaves(dns: &DnsFailover, records: &[&ObjectChange], from: &str) -> bool {
    match dns.policy {
        Policy::Failover => true,
        Policy::Weighted => {
            let left = records.iter().find(|it| region_of(&it.address) == Some(from));
            left.is_some_and(|it| {
                let of = |document: &Option<Value>| document.as_ref().and_then(weight);
                let moved = it.deferred.is_none() || dns.gate.is_some();
                of(&it.before) > Some(0) && of(&it.after) == Some(0) && moved
            })
        }
        // The nearest region answers, whoever is the primary.
        Policy::Latency => false,
    }
}

/// What a name is answered by for a region: values, or the addresses of another name.
enum By {
    Values(BTreeSet<String>),
    Alias(String),
}

impl By {
    fn told(self) -> Value {
        match self {
            Self::Values(values) => {
                let values = values.into_iter().map(Value::string).collect();
                Value::object([("values".into(), Value::tuple(values))])
            }
            Self::Alias(name) => Value::object([("alias".into(), Value::string(name))]),
        }
    }
}

fn by(record: &ObjectChange) -> Option<By> {
    let document = record.before.as_ref()?;
    if let Some(alias) = alias(document) {
        return Some(By::Alias(alias.to_owned()));
    }
    let values = document.get("records").and_then(Value::items)?;
    Some(By::Values(values.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()))
}

/// Whether both regions are there, and no answer could be of both.
fn are_told_apart(answers: &[(Name, By)], [from, to]: [&Name; 2]) -> bool {
    let of = |region: &Name| answers.iter().find(|(name, _)| name == region).map(|(_, by)| by);
    match (of(from), of(to)) {
        (Some(By::Values(old)), Some(By::Values(new))) => {
            !old.is_empty() && !new.is_empty() && old.is_disjoint(new)
        }
        (Some(By::Alias(old)), Some(By::Alias(new))) => old != new,
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

/// How long it takes until Route 53 sees that a gate is open, or a region ill, in seconds.
fn detected(dns: &DnsFailover) -> u64 {
    let gate = dns.gate.as_ref().map(|gate| gate.interval * (gate.threshold + 1));
    let check = dns.check.as_ref().map(|check| check.interval * (check.threshold + 1));
    gate.or(check).and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::diff::Action;
    use crate::plan::Deferral;
    use crate::topology::testing::two;

    const EAST: &str = "us-east-1";
    const WEST: &str = "us-west-2";

    /// A block of this policy, whose resolver is asked.
    fn block(more: &str, resolvers: &str) -> DnsFailover {
        let text = format!(
            "dns_failover \"web\" {{\n  zone = \"Z0123456789ABC\"\n  name = \"www\"\n  ttl = \"60s\"\n  \
             resolvers = {resolvers}\n  {more}\n  health_check {{ interval = \"10s\" }}\n  \
             endpoint \"us-east-1\" {{ address = \"203.0.113.10\" }}\n  \
             endpoint \"us-west-2\" {{ address = \"203.0.113.20\" }}\n}}\n"
        );
        let read = two(&text);
        let topology = read.topology.unwrap_or_else(|| panic!("{:?}", read.found));
        topology.dns.into_iter().next().unwrap_or_else(|| panic!("{:?}", read.found))
    }

    fn values(address: &str) -> (&'static str, Value) {
        ("records", Value::tuple(vec![Value::string(address)]))
    }

    fn alias(name: &str) -> (&'static str, Value) {
        let alias = Value::object([("name".into(), Value::string(name))]);
        ("alias", Value::tuple(vec![alias]))
    }

    fn record(region: &str, by: (&'static str, Value)) -> ObjectChange {
        let text = format!("dns_failover.web.aws_route53_record[\"{region}\"]");
        let document = Value::object([
            ("fqdn".into(), Value::string("www.example.com")),
            ("ttl".into(), Value::int(45)),
            (by.0.into(), by.1),
        ]);
        ObjectChange {
            before: Some(document.clone()),
            after: Some(document),
            ..ObjectChange::new(Address::parse(&text).unwrap(), Action::Update)
        }
    }

    /// The records of both regions, by these weights before and after.
    fn weighted([east, west]: [[i64; 2]; 2]) -> [ObjectChange; 2] {
        let of = |mut record: ObjectChange, weights: [i64; 2]| {
            let with = |document: &Value, weight: i64| {
                let weight = Value::object([("weight".into(), Value::int(weight))]);
                document.with("weighted_routing_policy", Value::tuple(vec![weight]))
            };
            record.after = record.before.as_ref().map(|it| with(it, weights[1]));
            record.before = record.before.as_ref().map(|it| with(it, weights[0]));
            record
        };
        [
            of(record(EAST, values("203.0.113.10")), east),
            of(record(WEST, values("203.0.113.20")), west),
        ]
    }

    fn placed(dns: &DnsFailover, records: &[ObjectChange]) -> Option<Placed> {
        let parts = records.iter().map(|it| (it.address.clone(), Part::Traffic)).collect();
        asked(records, &parts, &Promotion::new(&EAST.into(), &WEST.into(), 1), dns)
    }

    fn pair() -> [ObjectChange; 2] {
        [record(EAST, values("203.0.113.10")), record(WEST, values("203.0.113.20"))]
    }

    #[test]
    fn resolvers_are_asked_for_the_whole_name_after_the_switch_for_as_long_as_they_may_keep_it() {
        let dns =
            block("switch = \"record\"", "[\"9.9.9.9\", \"9.9.9.9:53\", \"[2620:fe::fe]:5353\"]");
        let Placed { phase, act, task, .. } = placed(&dns, &pair()).unwrap();
        assert_eq!((phase, act, &*task.about), (Phase::Commit, Act::Resolve, "resolvers.web"));
        assert!(task.optional, "it fails nothing");
        // The live TTL, four checks, and the margin.
        assert_eq!(task.limit.as_secs(), 45 + 40 + MARGIN);
        let text = |name: &str| task.arguments.get(name).and_then(Value::as_str);
        assert_eq!((text("name"), text("type")), (Some("www.example.com."), Some("A")));
        assert_eq!((text("from"), text("to")), (Some(EAST), Some(WEST)));
        let resolvers = task.arguments.get("resolvers").and_then(Value::items).unwrap();
        let resolvers: Vec<_> = resolvers.iter().filter_map(Value::as_str).collect();
        assert_eq!(resolvers, ["9.9.9.9:53", "[2620:fe::fe]:5353"], "each once");
        let silent =
            pair().map(|it| ObjectChange { deferred: Some(Deferral::UnknownInstances), ..it });
        assert!(placed(&dns, &silent).is_some(), "a gate moves what is not written");
    }

    #[test]
    fn a_gate_moves_weights_that_are_not_written() {
        let silent = weighted([[100, 0], [0, 100]])
            .map(|it| ObjectChange { deferred: Some(Deferral::UnknownInstances), ..it });
        let dns = |more: &str| block(more, "[\"9.9.9.9\"]");
        let gated = dns("policy = \"weighted\"\n  gate { https = \"gate.example.com/switch\" }");
        assert!(placed(&gated, &silent).is_some());
        let record = dns("switch = \"record\"\n  policy = \"weighted\"");
        assert!(placed(&record, &silent).is_none());
    }

    #[test]
    fn nobody_is_asked_where_nothing_could_be_told() {
        let dns = |more: &str| block(more, "[\"9.9.9.9\"]");
        let record_switch = dns("switch = \"record\"");
        assert!(placed(&block("switch = \"record\"", "[]"), &pair()).is_none(), "none is named");
        assert!(placed(&record_switch, &pair()[..1]).is_none(), "one record");
        let same = [EAST, WEST].map(|region| record(region, values("203.0.113.10")));
        assert!(placed(&record_switch, &same).is_none(), "both regions are one address");
        let unread = pair().map(|it| ObjectChange { before: None, ..it });
        assert!(placed(&record_switch, &unread).is_none(), "nothing is known of them");
        let weights = dns("switch = \"record\"\n  policy = \"weighted\"");
        for (moves, asked) in [
            ([[100, 0], [0, 100]], true),
            // It goes on being answered, or was not before.
            ([[80, 20], [20, 80]], false),
            ([[0, 0], [100, 100]], false),
        ] {
            assert_eq!(placed(&weights, &weighted(moves)).is_some(), asked, "{moves:?}");
        }
        let latency = DnsFailover { policy: Policy::Latency, ..record_switch };
        assert!(placed(&latency, &pair()).is_none(), "the nearest answers");
    }

    #[test]
    fn an_alias_is_told_by_its_name() {
        let dns = block("switch = \"record\"", "[\"9.9.9.9\"]");
        let of = |name: &str| [record(EAST, alias("a.elb.example.net")), record(WEST, alias(name))];
        assert!(placed(&dns, &of("a.elb.example.net")).is_none());
        let task = placed(&dns, &of("b.elb.example.net")).unwrap().task;
        let west = task.arguments.get("answers").and_then(|all| all.get(WEST)).unwrap();
        assert_eq!(west.get("alias").and_then(Value::as_str), Some("b.elb.example.net"));
    }
}
