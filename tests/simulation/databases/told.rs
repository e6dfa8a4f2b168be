//! Stories of databases in promotions, from the first apply to the end that has a name: nothing to do.

use std::thread;
use std::time::Duration;

use lifeboat_sdk::{Access, Location, Value};
use lifeboat_sim::Entry;

use super::{LAG, Told, database, named, play};
use crate::simulation::STACK;
use crate::simulation::process::Verb;
use crate::simulation::simulate::{EAST, WEST};

/// On a stack as the program has it.
pub(super) fn told<T: Send>(story: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK);
        builder.spawn_scoped(scope, story).unwrap().join().unwrap()
    })
}

/// The east hangs and is left: what was called for that.
pub(super) async fn leaves_what_hangs(told: &mut Told) -> Vec<Entry> {
    told.lose(EAST);
    let before = told.cloud.ledger().len();
    let ended = told.does(Verb::Promote, WEST).await;
    assert!(ended.promotion, "{ended:#?}");
    let calls = told.cloud.ledger().split_off(before);
    let there = Location::Region(EAST.into());
    let writes = calls.iter().filter(|c| c.location == there && c.access == Access::Write);
    assert_eq!(writes.count(), 0, "nobody waits for what is lost");
    calls
}

/// The east returns: its fence comes before anything else there. How many applies that took.
pub(super) async fn is_fenced_first(told: &mut Told, fence: &str) -> usize {
    told.restore(EAST);
    told.cloud.take_ledger();
    told.types(Verb::Apply, WEST).await;
    let calls = told.cloud.take_ledger();
    let there = Location::Region(EAST.into());
    let first = calls.iter().find(|c| c.location == there && c.had_effect()).unwrap();
    assert_eq!(&*first.sent[0].address, fence);
    assert_eq!(told.attribute(&told.at(EAST), "fenced"), Value::Bool(true));
    let both = told.seen(|seen| seen.both);
    let applied = told.settles(WEST).await;
    told.is_well(WEST);
    assert_eq!(told.seen(|seen| seen.both), both, "from the fence on there is one");
    applied
}

/// The kinds of the objects that calls changed in a region, in order.
fn changed<'c>(calls: &'c [Entry], region: &str) -> Vec<&'c str> {
    let there = Location::Region(region.into());
    let calls = calls.iter().filter(|call| call.location == there && call.had_effect());
    calls.map(|call| &*call.kind).collect()
}

#[test]
fn a_graceful_promotion_loses_no_commit_and_the_database_that_is_left_follows_under_its_name() {
    let story = || async {
        let mut told = Told::new(1, LAG);
        told.does(Verb::Apply, EAST).await;
        assert_eq!(told.settles(EAST).await, 0);
        told.is_well(EAST);
        assert!(told.seen(|seen| seen.committed[0].len()) > 10, "clients commit meanwhile");
        let ended = told.does(Verb::Promote, WEST).await;
        assert!(ended.promotion, "{ended:#?}");
        assert_eq!(told.lost(EAST, &database(WEST)), 0);
        // The one that was left still is what it was, and takes nothing.
        assert_eq!(told.attribute(&database(EAST), "fenced"), Value::Bool(true));
        assert_eq!(told.endpoint(EAST), told.endpoint(WEST), "both regions know the new host");
        // One apply protects it again.
        assert_eq!(told.settles(WEST).await, 1);
        told.is_well(WEST);
        assert_eq!(told.kept(), [format!("{EAST} orders-orders-retired-e2")]);
        let kept = named(EAST, "orders-orders-retired-e2");
        assert_eq!(told.lost(EAST, &kept), 0, "what was left is kept with all that it held");
        assert_eq!(told.attribute(&kept, "fenced"), Value::Bool(true));
        // And back, in the same way.
        told.does(Verb::Promote, EAST).await;
        assert_eq!(told.lost(WEST, &database(EAST)), 0);
        assert_eq!(told.settles(EAST).await, 1);
        told.is_well(EAST);
        let both = [
            format!("{EAST} orders-orders-retired-e2"),
            format!("{WEST} orders-orders-retired-e3"),
        ];
        assert_eq!(told.kept(), both);
        assert_eq!(told.seen(|seen| seen.both), 0, "never two at once");
    };
    told(|| play(story()));
}

#[test]
fn what_events_start_goes_off_before_the_database_is_fenced_and_on_when_the_other_takes_writes() {
    let story = || async {
        let mut told = Told::new(4, LAG);
        told.does(Verb::Apply, EAST).await;
        for (from, to) in [(EAST, WEST), (WEST, EAST)] {
            told.cloud.take_ledger();
            told.does(Verb::Promote, to).await;
            let calls = told.cloud.take_ledger();
            let (left, taken) = (changed(&calls, from), changed(&calls, to));
            assert_eq!(left[2], "aws_db_instance", "{left:?}");
            assert_eq!(taken[0], "aws_db_instance", "{taken:?}");
            assert_eq!((told.started(from), told.started(to)), ([false; 2], [true; 2]));
            told.settles(to).await;
            told.is_well(to);
        }
    };
    told(|| play(story()));
}

#[test]
fn a_primary_that_hangs_is_left_with_an_attestation_and_fenced_first_when_it_returns() {
    let story = || async {
        let mut told = Told::new(2, LAG);
        told.does(Verb::Apply, EAST).await;
        leaves_what_hangs(&mut told).await;
        // What its clients committed last is not in the new primary, and no loss was promised not to be.
        assert!(told.lost(EAST, &database(WEST)) > 0);
        assert!(
            told.seen(|seen| seen.both) > 0,
            "a person said that it cannot write, and was wrong"
        );
        let planned = told.types(Verb::Plan, WEST).await;
        assert!(planned.put_off(), "{planned:#?}");
        let lines = planned.changes.unwrap();
        assert!(lines.iter().all(|line| line.starts_with("deferred")), "{lines:#?}");
        let fence = "database.orders.aws_db_instance[\"us-east-1\"]";
        assert!(is_fenced_first(&mut told, fence).await > 0);
        // What only it held is kept, and merged by nobody.
        let kept = named(EAST, "orders-orders-retired-e2");
        assert_eq!(told.kept(), [format!("{EAST} orders-orders-retired-e2")]);
        assert_eq!(told.lost(EAST, &kept), 0);
        assert!(told.lost(EAST, &database(WEST)) > 0);
        told.does(Verb::Promote, EAST).await;
        assert_eq!(told.settles(EAST).await, 1);
        told.is_well(EAST);
    };
    told(|| play(story()));
}

#[test]
fn a_replica_that_is_too_far_behind_is_not_promoted() {
    let story = || async {
        let mut told = Told::new(3, Duration::from_secs(3600));
        told.does(Verb::Apply, EAST).await;
        let ended = told.types(Verb::Promote, WEST).await;
        assert!(!ended.is_done(), "{ended:#?}");
        let why = ended.told.iter().any(|line| line.contains("are not in orders-orders"));
        assert!(why, "{ended:#?}");
        assert!(!told.attribute(&database(WEST), "replicate_source_db").is_null());
        assert_eq!(told.seen(|seen| seen.both), 0);
        // It goes on when all has arrived.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        told.does(Verb::Apply, WEST).await;
        assert_eq!(told.lost(EAST, &database(WEST)), 0);
        assert_eq!(told.settles(WEST).await, 1);
        told.is_well(WEST);
    };
    told(|| play(story()));
}
