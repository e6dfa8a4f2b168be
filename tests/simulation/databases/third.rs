//! Stories of instances of RDS in three regions: what followed the one that is left is built anew as a replica of
//! the new primary, one region after the other.

use std::time::Duration;

use lifeboat_sdk::{Access, Location, Value};
use lifeboat_sim::{Entry, Fault, Key, Rule};

use super::told::{is_fenced_first, leaves_what_hangs, told};
use super::{LAG, Sample, THIRD, Told, named, play};
use crate::simulation::process::Verb;
use crate::simulation::simulate::{EAST, WEST};

/// How long an instance takes to be built anew.
const TAKES: Duration = Duration::from_secs(240);

/// Which instances were built anew, and when that began.
fn rebuilt(calls: &[Entry]) -> Vec<(Location, Duration)> {
    let writes = calls.iter().filter(|call| call.access == Access::Write && call.had_effect());
    let instances = writes.filter(|call| *call.kind == *"aws_db_instance");
    instances.map(|call| (call.location.clone(), call.at)).collect()
}

/// What a plan tells people of an instance that is built anew.
fn says_so(region: &str) -> String {
    format!(
        "# database.orders.aws_db_instance[{region:?}] will be built anew, to follow another one\n  # (rebuild: it \
         answers no reads until it has been built; rebuilds go one region at a time)\n"
    )
}

fn in_region(region: &str) -> Location {
    Location::Region(region.into())
}

/// Three instances that are applied, and of which nothing is to do.
async fn applied(seed: u64) -> Told {
    let mut told = Told::of(Sample::Trio, seed, LAG);
    told.does(Verb::Apply, EAST).await;
    assert_eq!(told.settles(EAST).await, 0);
    tokio::time::sleep(LAG).await;
    told
}

/// The third region copies the primary and holds all that the clients of a region committed.
async fn third_follows(told: &Told, primary: &str, clients: &str) {
    let third = told.at(THIRD);
    let arn = told.attribute(&told.at(primary), "arn");
    assert_eq!(told.attribute(&third, "replicate_source_db"), arn);
    tokio::time::sleep(LAG).await;
    assert_eq!(told.lost(clients, &third), 0);
    assert!(told.cloud.commit(&third).is_none(), "it takes no writes");
}

fn source(told: &Told, of: &Key) -> Value {
    told.attribute(of, "replicate_source_db")
}

#[test]
fn a_third_region_is_built_anew_after_the_one_that_was_left_and_no_commit_is_lost() {
    let story = || async {
        let mut told = applied(21).await;
        for (from, to, epoch) in [(EAST, WEST, 2), (WEST, EAST, 3)] {
            tokio::time::sleep(LAG).await;
            let ended = told.does(Verb::Promote, to).await;
            assert!(ended.promotion, "{ended:#?}");
            assert_eq!(told.lost(from, &told.at(to)), 0);
            let third = told.at(THIRD);
            assert_eq!(source(&told, &third), told.attribute(&told.at(from), "arn"));
            let planned = told.types(Verb::Plan, to).await;
            for region in [from, THIRD] {
                assert!(planned.text.contains(&says_so(region)), "{}", planned.text);
            }
            told.cloud.take_ledger();
            assert_eq!(told.settles(to).await, 1);
            let all = rebuilt(&told.cloud.take_ledger());
            let [(first, begun), (second, later)] = &*all else { panic!("{all:?}") };
            assert_eq!((first, second), (&in_region(from), &in_region(THIRD)));
            assert!(*later >= *begun + TAKES, "the second began when the first was done: {all:?}");
            told.is_well(to);
            third_follows(&told, to, from).await;
            let kept = named(from, &format!("orders-orders-retired-e{epoch}"));
            assert_eq!(told.lost(from, &kept), 0);
        }
        assert_eq!(told.seen(|seen| seen.both), 0, "never two at once");
        assert_eq!(told.settles(EAST).await, 0);
    };
    told(|| play(story()));
}

/// What a third region has is old, and the only copy until there is another.
#[test]
fn a_third_region_keeps_its_old_copy_until_another_region_has_a_fresh_one() {
    let story = || async {
        let mut told = applied(22).await;
        told.does(Verb::Promote, WEST).await;
        let (first, third) = (told.at(EAST), told.at(THIRD));
        let held = told.cloud.commits(&third);
        assert!(!held.is_empty());
        told.cloud.inject(
            Rule::new(Fault::Denied).region(EAST).kind("aws_db_instance").operation("Update"),
        );
        let ended = told.types(Verb::Apply, WEST).await;
        assert!(!ended.is_done(), "{ended:#?}");
        told.cloud.clear_rules();
        assert_eq!(source(&told, &third), told.attribute(&first, "arn"), "it was not begun");
        assert!(told.cloud.commits(&third).starts_with(&held));
        // The next apply goes on in the same order.
        told.cloud.take_ledger();
        assert_eq!(told.settles(WEST).await, 1);
        let regions: Vec<Location> =
            rebuilt(&told.cloud.take_ledger()).into_iter().map(|(region, _)| region).collect();
        assert_eq!(regions, [in_region(EAST), in_region(THIRD)]);
        told.is_well(WEST);
        third_follows(&told, WEST, EAST).await;
    };
    told(|| play(story()));
}

#[test]
fn a_third_region_does_not_wait_for_the_one_that_is_silent_and_is_left_alone_when_that_returns() {
    let story = || async {
        let mut told = applied(23).await;
        leaves_what_hangs(&mut told).await;
        told.cloud.take_ledger();
        told.types(Verb::Apply, WEST).await;
        let all = rebuilt(&told.cloud.take_ledger());
        assert!(matches!(&*all, [(region, _)] if *region == in_region(THIRD)), "{all:?}");
        third_follows(&told, WEST, WEST).await;
        let planned = told.types(Verb::Plan, WEST).await;
        let lines = planned.changes.unwrap();
        assert!(lines.iter().all(|line| line.starts_with("deferred")), "{lines:#?}");
        let third = told.cloud.get(&told.at(THIRD));
        let fence = "database.orders.aws_db_instance[\"us-east-1\"]";
        assert!(is_fenced_first(&mut told, fence).await > 0);
        assert_eq!(told.cloud.get(&told.at(THIRD)), third, "it follows already");
        assert_eq!(told.lost(EAST, &named(EAST, "orders-orders-retired-e2")), 0);
        third_follows(&told, WEST, WEST).await;
        // And back.
        told.does(Verb::Promote, EAST).await;
        assert_eq!(told.lost(WEST, &told.at(EAST)), 0);
        assert_eq!(told.settles(EAST).await, 1);
        told.is_well(EAST);
        third_follows(&told, EAST, WEST).await;
        assert_eq!(told.settles(EAST).await, 0);
    };
    told(|| play(story()));
}

#[test]
fn wherever_the_role_goes_the_region_that_it_left_is_the_first_that_is_built_anew() {
    let story = || async {
        let mut told = applied(24).await;
        for (from, to, other) in [(EAST, WEST, THIRD), (WEST, THIRD, EAST), (THIRD, EAST, WEST)] {
            tokio::time::sleep(LAG).await;
            let number = told.cloud.commit(&told.at(from)).unwrap();
            told.does(Verb::Promote, to).await;
            assert!(told.cloud.commits(&told.at(to)).contains(&number));
            told.cloud.take_ledger();
            assert_eq!(told.settles(to).await, 1);
            let regions: Vec<Location> =
                rebuilt(&told.cloud.take_ledger()).into_iter().map(|(region, _)| region).collect();
            assert_eq!(regions, [in_region(from), in_region(other)]);
            let arn = told.attribute(&told.at(to), "arn");
            for standby in [from, other] {
                assert_eq!(source(&told, &told.at(standby)), arn, "{standby} follows {to}");
                assert!(told.cloud.commit(&told.at(standby)).is_none());
            }
            let all = [EAST, WEST, THIRD].map(|region| told.endpoint(region));
            assert!(all.iter().all(|host| *host == all[0]), "{all:?}");
        }
        told.is_well(EAST);
        assert_eq!(told.kept().len(), 3);
    };
    told(|| play(story()));
}

/// The addresses of what calls removed, in order.
fn removed(calls: &[Entry]) -> Vec<&str> {
    let calls = calls.iter().filter(|call| call.had_effect());
    let sent = calls.flat_map(|call| call.sent.iter().filter(|sent| sent.removes));
    sent.map(|sent| &*sent.address).collect()
}

#[test]
fn standbys_are_destroyed_before_the_primary_and_role_records_after_all() {
    let story = || async {
        for primary in [EAST, WEST] {
            let mut told = applied(25).await;
            if primary == WEST {
                told.does(Verb::Promote, WEST).await;
                told.settles(WEST).await;
            }
            told.cloud.take_ledger();
            told.does(Verb::Destroy, primary).await;
            let calls = told.cloud.take_ledger();
            let all = removed(&calls);
            let (records, others): (Vec<&str>, Vec<&str>) =
                all.iter().partition(|address| address.starts_with("region."));
            assert_eq!(all, [others.clone(), records].concat(), "role records are the last");
            let of_primary = |address: &&str| address.contains(&format!("[\"{primary}\"]"));
            let (last, first): (Vec<&str>, Vec<&str>) =
                others.iter().partition(|it| of_primary(it));
            assert!(last.len() == 2 && first.len() >= 4, "{all:?}");
            assert_eq!(others, [first, last].concat(), "the primary is the last that holds data");
            let left = told.cloud.objects();
            assert!(left.iter().all(|it| *it.key.kind != *"aws_db_instance"), "{left:#?}");
        }
    };
    told(|| play(story()));
}

#[test]
fn the_primary_stays_where_a_standby_cannot_be_destroyed() {
    let story = || async {
        let mut told = applied(26).await;
        let refuses = Rule::new(Fault::Denied).region(THIRD).kind("aws_ssm_parameter");
        told.cloud.inject(refuses.operation("Delete"));
        let ended = told.types(Verb::Destroy, EAST).await;
        assert!(!ended.is_done(), "{ended:#?}");
        assert!(told.cloud.commit(&told.at(EAST)).is_some(), "it still takes writes");
        assert!(!told.endpoint(EAST).is_null());
        assert!(
            told.cloud.get(&told.at(WEST)).is_none() && told.cloud.get(&told.at(THIRD)).is_none()
        );
        told.cloud.clear_rules();
        told.does(Verb::Destroy, EAST).await;
        assert!(told.cloud.get(&told.at(EAST)).is_none());
    };
    told(|| play(story()));
}
