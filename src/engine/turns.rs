//! Which region has its turn first, where not all may be changed at once. Pure.

use std::collections::BTreeMap;

use super::load::Loaded;
use super::roles::Roles;
use crate::address::Address;
use crate::desired::Follows;
use crate::diff::Action;
use crate::plan::order::Needs;
use crate::plan::promotion::region_of;
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
        let rebuilt = change.follows == Some(Follows::Rebuild) && change.action != Action::NoOp;
        // One that is gone is made first: then there is a fresh one.
        if rebuilt || change.action == Action::Create {
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
    use crate::plan::Deferral;

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
        let all = [anew("orders", "us-west-2"), made];
        let first = "database.orders eu-west-1 < database.orders us-west-2";
        assert_eq!(waits(&all, Some("us-east-1")), [first]);
    }
}
