//! Which region has its turn first, where not all may be changed at once. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Loaded;
use super::roles::Roles;
use crate::address::Address;
use crate::desired::{Follows, Part};
use crate::diff::Action;
use crate::plan::order::Needs;
use crate::plan::promotion::{Parts, region_of};
use crate::plan::{ObjectChange, PlanMode};

/// Lets regions wait for each other where they must.
pub(super) fn taken(
    loaded: &Loaded,
    mode: PlanMode,
    roles: &Roles,
    changes: &[ObjectChange],
    needs: &mut Needs,
) {
    let regions = loaded.topology.iter().flat_map(|topology| &topology.regions);
    let regions: Vec<&str> = regions.map(|region| &*region.name).collect();
    rebuilds(changes, &regions, roles.left.as_deref(), needs);
    if mode == PlanMode::Destroy {
        let primary = loaded.topology.as_ref().map(|topology| &*topology.primary);
        standbys_first(changes, &roles.parts, (&regions, primary), needs);
        records_last(changes, needs);
    }
}

/// Lets what is built anew to follow another be built in one region after the other, so that a copy that can be
/// read is left: first where the primary was, because what is there is kept under another name anyway, then in the
/// order of the topology. A region that does not answer has no turn; if one fails, the next does not begin.
///
/// `regions` are those of the topology, and `left` the one that the last promotion left.
fn rebuilds(changes: &[ObjectChange], regions: &[&str], left: Option<&str>, needs: &mut Needs) {
    let mut blocks: BTreeMap<Address, Vec<&ObjectChange>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.deferred.is_none()) {
        // One that is gone, or was not built to its end, is made first: then there is a fresh one.
        if matches!(change.action, Action::Create | Action::Update | Action::Replace) {
            blocks.entry(change.address.whole()).or_default().push(change);
        }
    }
    let turn = |change: &&ObjectChange| {
        let region = region_of(&change.address);
        let place = regions.iter().position(|it| Some(*it) == region);
        (region != left, place)
    };
    for copies in blocks.into_values() {
        let (mut anew, made): (Vec<&ObjectChange>, Vec<&ObjectChange>) =
            copies.into_iter().partition(|change| change.follows == Some(Follows::Rebuild));
        anew.sort_by_key(turn);
        let mut waits = |next: &ObjectChange, first: &ObjectChange| {
            needs.first.entry(next.address.clone()).or_default().push(first.address.clone());
        };
        for pair in anew.windows(2) {
            if let [first, next] = pair {
                waits(next, first);
            }
        }
        if let Some(first) = anew.first() {
            made.iter().for_each(|made| waits(first, made));
        }
    }
}

/// Lets what holds data or has a part in promotions be destroyed in the standbys first, and in the primary then, so
/// that what is left when it ends midway is the primary. What needs something goes before it all the same: of the
/// primary that comes earlier, or of a standby later.
fn standbys_first(
    changes: &[ObjectChange],
    parts: &Parts,
    (regions, primary): (&[&str], Option<&str>),
    needs: &mut Needs,
) {
    let counts = |change: &&ObjectChange| {
        let region = region_of(&change.address).is_some_and(|region| regions.contains(&region));
        // Names and their checks are of a global plane, and all records of a zone go at once.
        let part = parts
            .get(&change.address)
            .is_some_and(|part| !matches!(part, Part::Record | Part::Traffic | Part::Health));
        region && !change.address.is_of_lifeboat() && (part || change.holds_data)
    };
    let all = changes.iter().filter(counts).map(|change| change.address.clone());
    let (last, first): (BTreeSet<Address>, BTreeSet<Address>) =
        all.partition(|at| region_of(at) == primary);
    // Standbys' objects that outlive some of the primary, and the primary's that go before some of a standby.
    let known: BTreeSet<Address> = changes.iter().map(|change| change.address.clone()).collect();
    let (mut late, mut early) = (BTreeSet::new(), BTreeSet::new());
    for of in &last {
        let used: BTreeSet<Address> =
            outlive(of, &known, needs).intersection(&first).cloned().collect();
        if !used.is_empty() {
            early.insert(of.clone());
            late.extend(used);
        }
    }
    // No pair of these closes a circle, not even with all others.
    let without = |all: &BTreeSet<Address>, those: &BTreeSet<Address>| -> Vec<Address> {
        all.difference(those).cloned().collect()
    };
    let whole = |all: &BTreeSet<Address>| -> Vec<Address> { all.iter().cloned().collect() };
    needs.removals.push((whole(&first), without(&last, &early)));
    needs.removals.push((without(&first, &late), whole(&last)));
}

/// All that stays until an object is removed.
fn outlive(address: &Address, known: &BTreeSet<Address>, needs: &Needs) -> BTreeSet<Address> {
    let mut all = BTreeSet::new();
    let mut open = vec![address.clone()];
    while let Some(next) = open.pop() {
        for other in needs.stored.get(&next).into_iter().flatten() {
            // An address without a key stands for all instances.
            let of = known.range(other.clone()..);
            let of = of.take_while(|at| *at == other || at.whole() == *other);
            open.extend(of.filter(|at| all.insert((*at).clone())).cloned());
        }
    }
    all
}

/// Lets the role records be the last that is destroyed: until then they say who is the primary.
fn records_last(changes: &[ObjectChange], needs: &mut Needs) {
    let (records, others): (Vec<&ObjectChange>, Vec<&ObjectChange>) =
        changes.iter().partition(|change| change.address.is_of_lifeboat());
    for other in others {
        let stored = needs.stored.entry(other.address.clone()).or_default();
        stored.extend(records.iter().map(|record| record.address.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Template;
    use crate::plan::order::steps;
    use crate::plan::{Deferral, Step, StepId};
    use crate::topology::testing::read;

    const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-west-1", "ap-south-1"];

    fn at(block: &str, region: &str) -> Address {
        Address::parse(&format!("database.{block}.aws_db_instance[{region:?}]")).unwrap()
    }

    fn anew(block: &str, region: &str) -> ObjectChange {
        let follows = Some(Follows::Rebuild);
        ObjectChange { follows, ..ObjectChange::new(at(block, region), Action::Update) }
    }

    /// What waits for what, in words.
    fn waits(changes: &[ObjectChange], left: Option<&str>) -> Vec<String> {
        let mut needs = Needs::default();
        rebuilds(changes, &REGIONS, left, &mut needs);
        let pairs = needs.first.iter().flat_map(|(next, all)| all.iter().map(move |it| (it, next)));
        let word = |at: &Address| format!("{} {}", at.name, region_of(at).unwrap());
        pairs.map(|(first, next)| format!("{} < {}", word(first), word(next))).collect()
    }

    #[test]
    fn the_region_that_was_left_has_its_turn_first_and_the_others_follow_as_the_topology_has_them()
    {
        let all = ["ap-south-1", "eu-west-1", "us-west-2"].map(|region| anew("orders", region));
        assert_eq!(
            waits(&all, Some("us-west-2")),
            [
                "database.orders eu-west-1 < database.orders ap-south-1",
                "database.orders us-west-2 < database.orders eu-west-1"
            ]
        );
        assert_eq!(
            waits(&all, Some("ap-south-1")),
            [
                "database.orders us-west-2 < database.orders eu-west-1",
                "database.orders ap-south-1 < database.orders us-west-2"
            ]
        );
    }

    #[test]
    fn a_region_that_does_not_answer_and_another_block_hold_nothing_up() {
        let silent = ObjectChange {
            deferred: Some(Deferral::Needs("what does not answer".into())),
            ..anew("orders", "us-east-1")
        };
        let all = [silent, anew("orders", "us-west-2"), anew("carts", "eu-west-1")];
        assert_eq!(waits(&all, Some("us-east-1")), [""; 0]);
    }

    #[test]
    fn what_is_told_whom_to_follow_waits_for_nothing_and_what_is_gone_is_made_before() {
        let told =
            |region| ObjectChange { follows: Some(Follows::Repoint), ..anew("orders", region) };
        assert_eq!(waits(&REGIONS.map(told), None), [""; 0]);
        let made = ObjectChange::new(at("orders", "eu-west-1"), Action::Create);
        let first = "database.orders eu-west-1 < database.orders us-west-2";
        let half = ObjectChange { action: Action::Update, ..made.clone() };
        for made in [made, half] {
            let all = [anew("orders", "us-west-2"), made];
            assert_eq!(waits(&all, Some("us-east-1")), [first]);
        }
    }

    /// An object of a block by kind and region: `aws_s3_bucket us-east-1`; all of a kind without.
    fn object(text: &str) -> Address {
        let (kind, region) = text.split_once(' ').unwrap_or((text, ""));
        let key = if region.is_empty() { String::new() } else { format!("[{region:?}]") };
        Address::parse(&format!("bucket.b.{kind}{key}")).unwrap()
    }

    /// All steps that come before one.
    fn ancestors(steps: &[Step], id: StepId) -> BTreeSet<StepId> {
        let (mut open, mut seen) = (vec![id], BTreeSet::new());
        while let Some(id) = open.pop() {
            let step = steps.iter().find(|step| step.id == id).unwrap();
            open.extend(step.needs.iter().copied().filter(|id| seen.insert(*id)));
        }
        seen
    }

    /// What is removed before an object, of objects with what each needs.
    fn before(all: &[(&str, &[&str])], one: &str) -> Vec<String> {
        let mut needs = Needs::default();
        let gone = |(text, uses): &(&str, &[&str])| {
            let uses = uses.iter().map(|other| object(other)).collect();
            needs.stored.insert(object(text), uses);
            ObjectChange { holds_data: true, ..ObjectChange::new(object(text), Action::Delete) }
        };
        let changes: Vec<ObjectChange> = all.iter().map(gone).collect();
        let roles = (&REGIONS[..], Some("us-east-1"));
        standbys_first(&changes, &Parts::new(), roles, &mut needs);
        let (batches, kept) = Default::default();
        let steps = steps(&changes, &needs, &batches, &kept, PlanMode::Destroy).unwrap();
        let of = |step: &Step| step.members.first().map(|member| all[member.change].0);
        let wanted = steps.iter().find(|step| of(step) == Some(one)).unwrap();
        let seen = ancestors(&steps, wanted.id);
        let found = steps.iter().filter(|step| seen.contains(&step.id)).filter_map(of);
        let mut found: Vec<String> = found.map(str::to_owned).collect();
        found.sort();
        found
    }

    #[test]
    fn of_what_is_destroyed_the_primary_is_left_until_all_standbys_are_gone() {
        let all: [(&str, &[&str]); 4] = [
            ("data us-east-1", &[]),
            ("data us-west-2", &[]),
            ("other us-west-2", &[]),
            ("data elsewhere", &[]),
        ];
        assert_eq!(before(&all, "data us-east-1"), ["data us-west-2", "other us-west-2"]);
        for free in ["data us-west-2", "other us-west-2", "data elsewhere"] {
            assert_eq!(before(&all, free), [""; 0]);
        }
    }

    #[test]
    fn what_needs_something_goes_before_it_wherever_it_is() {
        // What copies out of the primary needs all buckets; a table is of the first region and not of the primary.
        let all: [(&str, &[&str]); 6] = [
            ("data us-east-1", &[]),
            ("data us-west-2", &[]),
            ("rules us-east-1", &["data"]),
            ("table us-west-2", &[]),
            ("replica us-east-1", &["table us-west-2"]),
            ("replica eu-west-1", &["table us-west-2"]),
        ];
        assert_eq!(before(&all, "data us-west-2"), ["replica eu-west-1", "rules us-east-1"]);
        assert_eq!(before(&all, "replica us-east-1"), ["replica eu-west-1"]);
        assert_eq!(before(&all, "rules us-east-1"), ["replica eu-west-1"]);
        let first = &all.map(|(text, _)| text)[1..];
        let mut first = first.to_vec();
        first.sort();
        assert_eq!(before(&all, "data us-east-1"), first);
    }

    /// What an example stands for with a region as the primary, as state has it: what each needs, and its part.
    fn stored(text: &str, primary: &str) -> (Needs, Parts) {
        let (mut needs, mut parts) = (Needs::default(), Parts::new());
        let was = text.lines().find(|line| line.starts_with("  primary ")).unwrap();
        let read = read(&text.replacen(was, &format!("  primary = {primary:?}"), 1));
        assert!(read.topology.is_some_and(|it| *it.primary == *primary), "{:?}", read.found);
        for synthetic in &read.synthetics {
            for (key, planned) in &synthetic.instances {
                let address = synthetic.address.instance(Some(key.clone()));
                let mut uses = planned.after.clone();
                for (_, template) in &planned.document {
                    template.visit(&mut |part| {
                        if let Template::Ref(at, _) = part {
                            uses.push(at.clone());
                        }
                    });
                }
                uses.retain(|other| *other != address);
                parts.extend(planned.part.map(|part| (address.clone(), part)));
                needs.stored.insert(address, uses);
            }
        }
        (needs, parts)
    }

    /// What holds data, of kinds none of which another region of the same block needs.
    const DATA: [&str; 3] = ["aws_s3_bucket", "aws_db_instance", "aws_rds_cluster"];

    #[test]
    fn each_example_is_destroyed_with_the_data_of_its_primary_behind_that_of_its_standbys() {
        let examples = [
            include_str!("../../examples/active-active/main.dr.hcl"),
            include_str!("../../examples/containers/main.dr.hcl"),
            include_str!("../../examples/global-database/main.dr.hcl"),
            include_str!("../../examples/global-table/main.dr.hcl"),
            include_str!("../../examples/pilot-light/main.dr.hcl"),
            include_str!("../../examples/retention-tiers/main.dr.hcl"),
            include_str!("../../examples/three-regions/main.dr.hcl"),
            include_str!("../../examples/two-region-web/main.dr.hcl"),
            include_str!("../../examples/warm-standby-postgres/main.dr.hcl"),
        ];
        let mut pairs = 0;
        for text in examples {
            let regions = read(text).topology.unwrap().regions;
            let regions: Vec<&str> = regions.iter().map(|region| &*region.name).collect();
            for primary in regions.iter().copied() {
                let (mut needs, parts) = stored(text, primary);
                let gone = |address: &Address| ObjectChange {
                    holds_data: DATA.contains(&&*address.kind),
                    ..ObjectChange::new(address.clone(), Action::Delete)
                };
                let changes: Vec<ObjectChange> = needs.stored.keys().map(gone).collect();
                standbys_first(&changes, &parts, (&regions, Some(primary)), &mut needs);
                records_last(&changes, &mut needs);
                let (batches, kept) = Default::default();
                let steps = steps(&changes, &needs, &batches, &kept, PlanMode::Destroy);
                let steps = steps.unwrap_or_else(|circle| panic!("{text}: {circle:?}"));
                let data = steps.iter().filter_map(|step| {
                    let change = changes.get(step.members.first()?.change)?;
                    let own = change.holds_data && !change.address.is_of_lifeboat();
                    own.then_some((&change.address, step.id))
                });
                let (last, first): (Vec<_>, Vec<_>) =
                    data.partition(|(at, _)| region_of(at) == Some(primary));
                for (mine, id) in &last {
                    let before = ancestors(&steps, *id);
                    for (theirs, other) in &first {
                        assert!(before.contains(other), "{primary}: {mine} before {theirs}");
                        pairs += 1;
                    }
                }
            }
        }
        assert!(pairs >= 20, "{pairs} pairs");
    }
}
