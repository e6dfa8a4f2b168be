//! Stories of a global database: its writer moves by one call to the new one, and the one that is left
//! follows it under its name.

use lifeboat_sdk::{Access, Location, Value};
use lifeboat_sim::{Blackout, Entry, How, Key};

use super::told::{is_fenced_first, leaves_what_hangs, told};
use super::{ACCOUNT, LAG, Sample, Told, play};
use crate::simulation::process::Verb;
use crate::simulation::simulate::{EAST, WEST};

const GLOBAL: &str = "aws_rds_global_cluster";

/// The one object that says which region writes.
pub(super) fn whole() -> Key {
    Key::regional(ACCOUNT, EAST, GLOBAL, "orders-orders")
}

/// What Aurora keeps of a writer that was lost at the n-th change of the writer.
pub(super) fn kept(region: &str, n: usize) -> Key {
    let id = format!("rds:unplanned-global-failover-orders-orders-{n}");
    Key::regional(ACCOUNT, region, "aws_db_cluster_snapshot", &id)
}

/// The secret of a region.
pub(super) fn secret(region: &str) -> Key {
    Key::regional(ACCOUNT, region, "aws_secretsmanager_secret", "orders/password")
}

fn in_region(region: &str) -> Location {
    Location::Region(region.into())
}

/// Where the writer was asked to move, in the calls that had an effect.
fn moved(calls: &[Entry]) -> Vec<Location> {
    let moves = calls.iter().filter(|call| *call.kind == *GLOBAL && call.had_effect());
    moves.map(|call| call.location.clone()).collect()
}

#[test]
fn a_switchover_loses_no_commit_and_the_writer_that_is_left_follows_without_being_rebuilt() {
    let story = || async {
        let mut told = Told::of(Sample::Global, 1, LAG);
        told.does(Verb::Apply, EAST).await;
        assert_eq!(told.settles(EAST).await, 0);
        told.is_well(EAST);
        let before = told.cloud.objects().len();
        for (from, to, n) in [(EAST, WEST, 1), (WEST, EAST, 2)] {
            told.cloud.take_ledger();
            let ended = told.does(Verb::Promote, to).await;
            assert!(ended.promotion, "{ended:#?}");
            assert_eq!(moved(&told.cloud.take_ledger()), [in_region(to)], "the new one is asked");
            assert_eq!(told.lost(from, &told.at(to)), 0);
            assert_eq!(told.attribute(&told.at(from), "fenced"), Value::Bool(true));
            assert_eq!(told.endpoint(EAST), told.endpoint(WEST), "both regions know the new host");
            let switches = told.cloud.switches();
            assert_eq!(switches.len(), n);
            assert!(switches.iter().all(|switch| switch.how == How::Switchover), "{switches:?}");
            assert_eq!(told.settles(to).await, 1);
            told.is_well(to);
        }
        assert_eq!(told.cloud.objects().len(), before, "nothing is kept, and nothing made anew");
        assert_eq!(told.seen(|seen| seen.both), 0, "never two at once");
    };
    told(|| play(story()));
}

#[test]
fn a_writer_that_hangs_is_left_by_a_failover_and_fenced_first_when_it_returns() {
    let story = || async {
        let mut told = Told::of(Sample::Global, 2, LAG);
        told.does(Verb::Apply, EAST).await;
        let calls = leaves_what_hangs(&mut told).await;
        assert_eq!(moved(&calls), [in_region(WEST)]);
        assert_eq!(told.cloud.switches().pop().map(|switch| switch.how), Some(How::Failover));
        assert!(told.lost(EAST, &told.at(WEST)) > 0, "what had not arrived is lost");
        assert!(told.seen(|seen| seen.both) > 0, "a person said that it cannot write: wrongly");
        let planned = told.types(Verb::Plan, WEST).await;
        assert!(planned.put_off(), "{planned:#?}");
        let lines = planned.changes.unwrap();
        let waits = |line: &String| line.starts_with("deferred") || line.starts_with("unread");
        assert!(lines.iter().all(waits), "{lines:#?}");
        is_fenced_first(&mut told, "database.orders.aws_rds_cluster[\"us-east-1\"]").await;
        // What only it held is in the snapshot that Aurora keeps, and merged by nobody.
        assert_eq!(told.lost(EAST, &kept(EAST, 1)), 0);
        assert!(told.lost(EAST, &told.at(WEST)) > 0);
        told.does(Verb::Promote, EAST).await;
        assert_eq!(told.cloud.switches().pop().map(|switch| switch.how), Some(How::Switchover));
        told.settles(EAST).await;
        told.is_well(EAST);
    };
    told(|| play(story()));
}

/// When the role is claimed nobody can plan anew: what is left must do without the region.
#[test]
fn a_writer_that_is_lost_after_the_claim_is_left_by_a_failover_that_loses_nothing() {
    let story = || async {
        let mut told = Told::of(Sample::Global, 3, LAG);
        told.approve = super::waits;
        told.does(Verb::Apply, EAST).await;
        let cloud = told.cloud.clone();
        told.cloud.watch(move |call| {
            if *call.kind == *GLOBAL && call.access == Access::Write {
                cloud.blackout(in_region(EAST), Blackout::Hang);
            }
        });
        let ended = told.types(Verb::Promote, WEST).await;
        assert!(ended.promotion, "{ended:#?}");
        assert_eq!(told.cloud.switches().pop().map(|switch| switch.how), Some(How::Failover));
        assert_eq!(told.attribute(&whole(), "writer"), Value::string(WEST));
        assert_eq!(told.lost(EAST, &told.at(WEST)), 0, "the final sync had proven it");
        told.cloud.unwatch();
        told.serve();
        // It comes back behind its fence, and is let out when it knows that it follows.
        told.restore(EAST);
        told.does(Verb::Promote, WEST).await;
        told.settles(WEST).await;
        told.is_well(WEST);
        assert_eq!(told.lost(EAST, &kept(EAST, 1)), 0);
        assert_eq!(told.seen(|seen| seen.both), 0, "never two at once");
    };
    told(|| play(story()));
}

#[test]
fn a_secondary_that_has_not_come_back_yet_is_not_promoted_gracefully() {
    let story = || async {
        let mut told = Told::of(Sample::Global, 4, LAG);
        told.does(Verb::Apply, EAST).await;
        told.lose(EAST);
        told.does(Verb::Promote, WEST).await;
        told.restore(EAST);
        told.approve = super::waits;
        let ended = told.types(Verb::Promote, EAST).await;
        assert!(!ended.promotion || !ended.is_done(), "{ended:#?}");
        assert_eq!(told.attribute(&whole(), "writer"), Value::string(WEST));
        assert_eq!(told.cloud.switches().len(), 1);
    };
    told(|| play(story()));
}

#[test]
fn a_third_region_follows_the_new_writer_by_itself_and_all_of_it_can_be_destroyed() {
    let story = || async {
        let mut told = Told::of(Sample::Wide, 5, LAG);
        let third = told.at("eu-west-1");
        told.does(Verb::Apply, EAST).await;
        assert_eq!(told.settles(EAST).await, 0);
        for (from, to) in [(EAST, WEST), (WEST, EAST)] {
            told.cloud.take_ledger();
            told.does(Verb::Promote, to).await;
            let planned = told.types(Verb::Plan, to).await;
            let copy = "secret.password.aws_secretsmanager_secret[\"eu-west-1\"]";
            let repointed = format!("# {copy} will be updated in-place\n  # (repoint: it follows");
            assert!(planned.text.contains(&repointed), "{}", planned.text);
            assert_eq!(told.settles(to).await, 1);
            told.is_well(to);
            let calls = told.cloud.take_ledger();
            let there = |call: &&Entry| call.location == third.location && call.had_effect();
            let there: Vec<&Entry> = calls.iter().filter(there).collect();
            let names = |call: &&Entry| !call.kind.starts_with("aws_rds_") && !call.kind.is_empty();
            assert!(there.iter().all(names), "{there:#?}");
            tokio::time::sleep(LAG).await;
            assert_eq!(told.lost(from, &third), 0);
            assert!(told.cloud.commit(&third).is_none(), "it takes no writes");
        }
        told.does(Verb::Destroy, EAST).await;
        assert_eq!(told.cloud.objects(), []);
    };
    told(|| play(story()));
}

#[test]
fn a_secret_is_read_without_its_region_and_changed_in_the_new_primary_and_copied_back() {
    let story = || async {
        let mut told = Told::of(Sample::Global, 6, LAG);
        told.does(Verb::Apply, EAST).await;
        assert!(told.cloud.put_secret(&secret(EAST), "hunter2"));
        assert!(!told.cloud.put_secret(&secret(WEST), "mine"), "a replica takes no value");
        assert_eq!(told.cloud.secret(&secret(WEST)).as_deref(), Some("hunter2"));
        told.lose(EAST);
        assert_eq!(told.cloud.secret(&secret(WEST)).as_deref(), Some("hunter2"), "as it was");
        told.does(Verb::Promote, WEST).await;
        assert!(told.cloud.put_secret(&secret(WEST), "hunter3"), "it stands alone");
        assert_eq!(told.cloud.secret(&secret(EAST)).as_deref(), Some("hunter2"));
        told.restore(EAST);
        told.settles(WEST).await;
        told.is_well(WEST);
        assert_eq!(told.cloud.secret(&secret(EAST)).as_deref(), Some("hunter3"), "copied back");
        assert!(!told.cloud.put_secret(&secret(EAST), "mine"));
        // And back, while both answer.
        told.does(Verb::Promote, EAST).await;
        told.settles(EAST).await;
        told.is_well(EAST);
        assert_eq!(told.cloud.secret(&secret(EAST)).as_deref(), Some("hunter3"));
        let known = told.cloud.objects();
        let shown = known.iter().any(|object| format!("{:?}", object.document).contains("hunter"));
        assert!(!shown, "no document has the value");
    };
    told(|| play(story()));
}
