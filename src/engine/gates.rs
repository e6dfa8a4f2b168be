//! The gates of `switch = "operator"`: which a promotion turns, and which are closed after it. Pure.
//!
//! Of a pair the PRIMARY record carries the inverted check of its gate, and the SECONDARY none. Of records
//! by weight (`weight` 1 for the primary A, 0 for the standbys B and C) that of A carries the inverted check
//! of A's gate, and those of B and C the checks of their entries. A promotion to B opens A's gate and B's
//! entry. What Route 53 answers at each moment (developer guide, "How Amazon Route 53 chooses records when
//! health checking is configured": first the healthy records above 0, then the healthy ones of 0, and where
//! none is healthy as if all were):
//!
//! | A's gate | B's entry | records | answered |
//! | --- | --- | --- | --- |
//! | shut | shut | before | A: healthy, and alone above 0 |
//! | shut | open | before | A: the same |
//! | open | shut | before | A: none is healthy |
//! | open | open | before | B: alone healthy |
//! | open or shut | open or shut | after | B: above 0, and healthy by its own gate, which is shut |
//!
//! So the two may be opened in any order, and one that cannot be opened leaves the traffic where it is. C
//! is never answered. After the records are rewritten no record carries A's gate or B's entry, so that they
//! may be closed in any order, too, but not before: the traffic would go back.
//!
//! With the gates of all other regions in place of the entry, C would be answered beside B for as long as
//! its gate is not seen to be open.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lifeboat_sdk::{Name, Value};
use lifeboat_state::model::Gate as Opened;

use super::load::Loaded;
use super::roles::Roles;
use super::tasks::{block, limit};
use crate::address::Address;
use crate::desired::Part;
use crate::desired::blocks::dns;
use crate::plan::promotion::{LEAVES, Parts, region_of};
use crate::plan::{Act, ObjectChange, Phase, Placed, Promotion, Step, StepId, Task, When};
use crate::topology::Topology;
use crate::topology::dns::DnsFailover;

/// How long a gate may take until it is seen to be turned where `timeouts` does not say.
const SWITCH: Duration = Duration::from_secs(300);

/// What is turned.
#[derive(Clone, Copy, Debug)]
enum Which<'a> {
    /// The gate by which a region is left.
    Gate(&'a str),
    /// The entry by which a region takes over from another.
    Entry(&'a str),
}

/// The blocks whose traffic a gate moves, so that their records can wait.
pub(super) fn gated(loaded: &Loaded) -> BTreeSet<Name> {
    let all = loaded.topology.iter().flat_map(|topology| &topology.dns);
    all.filter(|dns| dns.gate.is_some()).map(block).collect()
}

/// The gates of a block that a promotion turns; `open` are those that an earlier one left open.
///
/// The gate is that of the region whose record leads: where the records could not be rewritten since an earlier
/// promotion, that is not the region that is left.
pub(super) fn turned(
    topology: &Topology,
    dns: &DnsFailover,
    (changes, parts): (&[ObjectChange], &Parts),
    promotion: &Promotion,
    open: &BTreeMap<String, Opened>,
) -> Vec<Placed> {
    let (name, to) = (block(dns), &*promotion.to);
    let lead = answered(changes, parts, &name).unwrap_or(&promotion.from);
    let task = |which| task(topology, dns, which, (lead, &promotion.from));
    let place = |phase, when, act, task| Placed { phase, when, act, task };
    let before = open.get(&*name);
    let mut acts = Vec::new();
    let mut add = |phase, when, act, which| {
        acts.extend(task(which).map(|task| place(phase, when, act, task)));
    };
    let others = entries(&name, open).filter(|entry| lead == to || *entry != to);
    for entry in others {
        add(Phase::Switch, When::Last, Act::Close, Which::Entry(entry));
    }
    if lead == to {
        if before.is_some() {
            add(Phase::Switch, When::Before, Act::Close, Which::Gate(lead));
        }
        return acts;
    }
    if let Some(left) = before.filter(|gate| gate.region != *lead) {
        // No record carries it any more. It would lead away from a region that takes over.
        add(Phase::Prepare, When::Before, Act::Close, Which::Gate(&left.region));
    }
    let mut both = vec![Which::Gate(lead)];
    both.extend(dns.has_entries().then_some(Which::Entry(to)));
    for which in &both {
        add(Phase::Switch, When::Before, Act::Open, *which);
    }
    if rewritten(parts, changes, &name) {
        for which in both {
            add(Phase::Switch, When::After, Act::Close, which);
        }
    }
    acts
}

/// Gates that a promotion opened and left open, because the records could not be rewritten: closed
/// when they are.
pub(super) fn close(
    loaded: &Loaded,
    roles: &Roles,
    changes: &[ObjectChange],
    steps: &mut Vec<Step>,
) {
    let Some(topology) = &loaded.topology else { return };
    for dns in &topology.dns {
        let name = block(dns);
        if !rewritten(&roles.parts, changes, &name) {
            continue;
        }
        let of_block = |step: &&Step| {
            let mut members = step.members.iter().filter_map(|m| changes.get(m.change));
            members.any(|change| is_record(&roles.parts, &change.address, &name))
        };
        let needs: Vec<StepId> = steps.iter().filter(of_block).map(|step| step.id).collect();
        let gate = roles.gates.get(&*name).map(|gate| Which::Gate(&gate.region));
        let all = gate.into_iter().chain(entries(&name, &roles.gates).map(Which::Entry));
        for which in all {
            // While a region is the primary its own gate must stay as it is.
            if matches!(which, Which::Gate(region) if *topology.primary == *region) {
                continue;
            }
            let Some(task) = task(topology, dns, which, ("", "")) else { continue };
            let id = StepId(u32::try_from(steps.len()).unwrap_or(u32::MAX));
            let (act, task) = (Some(Act::Close), Some(task));
            steps.push(Step::without_objects(id, Phase::Change, act, task, needs.clone()));
        }
    }
}

/// The regions of a block whose entries are open.
fn entries<'g>(
    block: &'g str,
    open: &'g BTreeMap<String, Opened>,
) -> impl Iterator<Item = &'g str> {
    open.keys().filter_map(move |key| key.strip_prefix(block)?.strip_prefix('/'))
}

/// The region with which a block is answered by its records, while all are healthy.
fn answered<'c>(changes: &'c [ObjectChange], parts: &Parts, block: &str) -> Option<&'c str> {
    let leads = |change: &&ObjectChange| {
        let record = is_record(parts, &change.address, block);
        record && change.before.as_ref().is_some_and(dns::leads)
    };
    region_of(&changes.iter().find(leads)?.address)
}

/// Whether the records of a block will be as they are planned.
fn rewritten(parts: &Parts, changes: &[ObjectChange], block: &str) -> bool {
    let mut records = changes.iter().filter(|change| is_record(parts, &change.address, block));
    records.all(|record| record.deferred.is_none() && record.unread.is_none())
}

/// Whether an object sends the traffic of a block.
fn is_record(parts: &Parts, address: &Address, block: &str) -> bool {
    *address.name == *block && parts.get(address) == Some(&Part::Traffic)
}

/// What turns a gate; `leads` is whose record is left by it, where that is not the region that the promotion
/// leaves.
fn task(
    topology: &Topology,
    dns: &DnsFailover,
    which: Which<'_>,
    (leads, left): (&str, &str),
) -> Option<Task> {
    let gate = dns.gate.as_ref()?;
    let (about, url) = match which {
        Which::Gate(region) => (block(dns), gate.targets.get(region)?.url()),
        Which::Entry(region) => {
            (format!("{}/{region}", block(dns)).into(), gate.targets.get(region)?.entry().url())
        }
    };
    let opens = if gate.by_hand { "operator" } else { "lifeboat" };
    let mut arguments =
        Value::object([("url".into(), Value::string(url)), ("opens".into(), Value::string(opens))]);
    if let Some(file) = &gate.token_file {
        arguments = arguments.with("token_file", Value::string(file.as_str()));
    }
    if leads != left {
        arguments = arguments.with(LEAVES, Value::string(leads));
    }
    let limit = limit(topology, "switch", SWITCH);
    Some(Task { about, arguments, limit, optional: false, on: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Action;
    use crate::plan::Deferral;
    use crate::topology::testing::two;

    const A: &str = "us-east-1";
    const B: &str = "us-west-2";

    fn topology(policy: &str) -> Topology {
        let read = two(&format!(
            "dns_failover \"web\" {{\n zone = \"Z0123456789ABC\"\n name = \"www\"\n policy = {policy:?}\n \
             gate {{ https = \"gate.example.com/switch\" }}\n \
             endpoint {A:?} {{ address = \"203.0.113.10\" }}\n \
             endpoint {B:?} {{ address = \"203.0.113.20\" }}\n}}\n"
        ));
        read.topology.unwrap_or_else(|| panic!("{:?}", read.found))
    }

    /// The records, of which that of a region leads.
    fn records(lead: &str, deferred: bool) -> Vec<ObjectChange> {
        let of = |region: &str| {
            let at = format!("dns_failover.web.aws_route53_record[{region:?}]");
            let weight = Value::object([("weight".into(), Value::int(i64::from(region == lead)))]);
            let policy = ("weighted_routing_policy".into(), Value::tuple(vec![weight]));
            ObjectChange {
                before: Some(Value::object([policy])),
                deferred: deferred.then_some(Deferral::UnknownInstances),
                ..ObjectChange::new(Address::parse(&at).unwrap(), Action::Update)
            }
        };
        [A, B, "eu-west-1"].map(of).into()
    }

    fn opened(all: &[(&str, &str)]) -> BTreeMap<String, Opened> {
        let gate = |(key, region): &(&str, &str)| {
            let since = String::new();
            ((*key).to_owned(), Opened { region: (*region).to_owned(), since })
        };
        all.iter().map(gate).collect()
    }

    /// What a promotion turns: phase, place, act, and the last part of the URL.
    fn told(
        policy: &str,
        (lead, deferred): (&str, bool),
        [from, to]: [&str; 2],
        open: &[(&str, &str)],
    ) -> Vec<String> {
        let (topology, changes) = (topology(policy), records(lead, deferred));
        let parts = changes.iter().map(|it| (it.address.clone(), Part::Traffic)).collect();
        let promotion = Promotion::new(&from.into(), &to.into(), 1);
        let open = opened(open);
        let acts = turned(&topology, &topology.dns[0], (&changes, &parts), &promotion, &open);
        let told = |Placed { phase, when, act, task }: &Placed| {
            let url = task.arguments.get("url").and_then(Value::as_str).unwrap();
            let leaves = task.arguments.get(LEAVES).and_then(Value::as_str);
            let leaves = leaves.map(|region| format!(" of {region}")).unwrap_or_default();
            let last = url.rsplit('/').next().unwrap();
            format!("{} {when:?} {} {last}{leaves}", phase.word(), act.word())
        };
        acts.iter().map(told).collect()
    }

    #[test]
    fn of_a_pair_the_gate_of_the_region_that_is_left_is_opened_and_closed_behind_the_records() {
        let gate = ["switch Before open us-east-1", "switch After close us-east-1"];
        assert_eq!(told("failover", (A, false), [A, B], &[]), gate);
        assert_eq!(told("failover", (A, true), [A, B], &[]), gate[..1]);
    }

    #[test]
    fn by_weights_the_entry_of_the_target_goes_with_it() {
        let all = [
            "switch Before open us-east-1",
            "switch Before open us-west-2.entry",
            "switch After close us-east-1",
            "switch After close us-west-2.entry",
        ];
        assert_eq!(told("weighted", (A, false), [A, B], &[]), all);
        assert_eq!(told("weighted", (A, true), [A, B], &[]), all[..2]);
    }

    #[test]
    fn where_the_records_are_still_those_before_the_last_promotion_their_gate_counts() {
        let block = "dns_failover.web";
        let open = [(block, A), ("dns_failover.web/us-west-2", A)];
        // On to a third region: from B, while A's record leads.
        let third = told("weighted", (A, true), [B, "eu-west-1"], &open);
        let entry = "switch Last close us-west-2.entry of us-east-1";
        assert_eq!(third[..2], [entry, "switch Before open us-east-1 of us-east-1"]);
        // The test's files have two regions only, and so no entry of the third.
        assert_eq!(third.len(), 2);
        // Back to A: its record leads as soon as its gate is closed.
        let back = told("weighted", (A, true), [B, A], &open);
        let close = "of us-east-1";
        let gate = format!("switch Before close us-east-1 {close}");
        let entry = format!("switch Last close us-west-2.entry {close}");
        assert_eq!(back, [entry, gate]);
        assert_eq!(told("failover", (A, true), [B, A], &open[..1]), back[1..]);
        // The records were rewritten, and what was open stayed so.
        let left = told("failover", (B, false), [B, A], &open[..1]);
        let expected = [
            "prepare Before close us-east-1",
            "switch Before open us-west-2",
            "switch After close us-west-2",
        ];
        assert_eq!(left, expected);
    }
}
