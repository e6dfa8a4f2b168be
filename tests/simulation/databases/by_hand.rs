//! Promotions of databases that people make by hand: what a twin's promotion leaves is put into the
//! cloud, object by object, behind lifeboat's back.

use lifeboat_sdk::{Location, Value};
use lifeboat_sim::{Entry, Key, SimObject};

use super::{LAG, Sample, Told, database, play};
use crate::simulation::process::{Ended, Verb};
use crate::simulation::simulate::{EAST, WEST};

/// An object that people change by hand: no record of lifeboat's.
fn is_theirs(object: &SimObject) -> bool {
    &*object.key.kind != "aws_s3_object"
}

/// A cloud with the example applied.
async fn applied(sample: Sample) -> Told {
    let mut told = Told::of(sample, 1, LAG);
    told.does(Verb::Apply, EAST).await;
    assert_eq!(told.settles(EAST).await, 0);
    told
}

/// What differs after a promotion to the west.
async fn promoted(sample: Sample) -> Vec<SimObject> {
    let mut twin = applied(sample).await;
    let before = twin.cloud.objects();
    twin.does(Verb::Promote, WEST).await;
    let was = |object: &SimObject| {
        before.iter().any(|it| it.key == object.key && it.document == object.document)
    };
    twin.cloud.objects().into_iter().filter(|object| is_theirs(object) && !was(object)).collect()
}

/// The same by hand, as far as it is wanted.
fn by_hand(told: &Told, all: &[SimObject], wanted: impl Fn(&Key) -> bool) -> usize {
    let wanted = all.iter().filter(|object| wanted(&object.key));
    wanted.filter(|object| told.cloud.edit(&object.key, |_| object.document.clone())).count()
}

fn says(ended: &Ended, text: &str) -> bool {
    ended.told.iter().any(|line| line.contains(text))
}

/// The kinds of what a command changed.
fn changed(told: &Told) -> Vec<String> {
    let calls = told.cloud.take_ledger();
    calls.iter().filter(|call| Entry::had_effect(call)).map(|call| call.kind.to_string()).collect()
}

const BOTH: [Sample; 2] = [Sample::Pair, Sample::Global];

#[test]
fn a_database_that_people_promoted_is_role_drift_and_is_adopted_without_a_change_of_it() {
    play(async {
        for sample in BOTH {
            let all = promoted(sample).await;
            assert!(all.len() >= 4, "databases, parameters, what starts by itself: {all:#?}");
            let mut told = applied(sample).await;
            let early = told.types(Verb::Continue, WEST).await;
            assert!(says(&early, "promotion::nothing_by_hand"), "{early:#?}");
            assert_eq!(by_hand(&told, &all, |_| true), all.len());
            let planned = told.types(Verb::Plan, EAST).await;
            assert!(says(&planned, "promotion::role_drift"), "{planned:#?}");
            told.cloud.take_ledger();
            let ended = told.does(Verb::Adopt, WEST).await;
            assert!(ended.promotion, "{ended:#?}");
            let changed = changed(&told);
            assert!(changed.iter().all(|kind| kind == "aws_s3_object"), "{changed:?}");
            assert!(told.settles(WEST).await <= 2);
            told.is_well(WEST);
        }
    });
}

#[test]
fn what_people_left_undone_is_not_adopted_and_is_done_by_going_on() {
    play(async {
        for sample in BOTH {
            let all = promoted(sample).await;
            // Whatever is missing: one kind in one region after the other.
            for missing in &all {
                let mut told = applied(sample).await;
                let done = by_hand(&told, &all, |key| *key != missing.key);
                assert_eq!(done + 1, all.len());
                told.cloud.take_ledger();
                let ended = told.types(Verb::Adopt, WEST).await;
                // A cluster that is not fenced follows by itself: nothing is undone.
                if sample == Sample::Global && *missing.key.kind == *"aws_rds_cluster" {
                    assert!(ended.is_done(), "{ended:#?}");
                } else {
                    assert!(says(&ended, "promotion::incomplete"), "{:?}: {ended:#?}", missing.key);
                    assert_eq!(changed(&told), Vec::<String>::new());
                    let ended = told.does(Verb::Continue, WEST).await;
                    assert!(ended.promotion, "{ended:#?}");
                }
                told.settles(WEST).await;
                told.is_well(WEST);
            }
        }
    });
}

/// The region is gone, and so is what it shows of the one object that all share: another shows it.
#[test]
fn a_writer_that_people_moved_while_the_old_region_is_silent_is_seen_from_the_new_one() {
    play(async {
        let all = promoted(Sample::Global).await;
        let mut told = applied(Sample::Global).await;
        told.lose(EAST);
        let here = |key: &Key| key.location != Location::Region(EAST.into());
        let done = by_hand(&told, &all, here);
        assert_eq!(done, 3, "the whole, and what the west has: a parameter and a secret");
        let ended = told.does(Verb::Adopt, WEST).await;
        assert!(ended.promotion, "{ended:#?}");
        told.restore(EAST);
        told.settles(WEST).await;
        told.is_well(WEST);
    });
}

/// A database that was fenced and replaced by hand, with nothing else.
#[test]
fn a_database_that_alone_changed_its_role_is_told_and_nothing_is_adopted() {
    play(async {
        let all = promoted(Sample::Pair).await;
        let mut told = applied(Sample::Pair).await;
        let done = by_hand(&told, &all, |key| &*key.kind == "aws_db_instance");
        assert_eq!(done, 2);
        let planned = told.types(Verb::Plan, EAST).await;
        assert!(says(&planned, "promotion::role_drift"), "{planned:#?}");
        let ended = told.types(Verb::Adopt, WEST).await;
        assert!(says(&ended, "promotion::incomplete"), "{ended:#?}");
        assert_eq!(told.attribute(&database(EAST), "fenced"), Value::Bool(true));
        told.does(Verb::Continue, WEST).await;
        told.settles(WEST).await;
        told.is_well(WEST);
    });
}
