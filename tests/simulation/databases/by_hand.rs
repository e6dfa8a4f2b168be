//! Promotions of databases that people make by hand: what a twin's promotion leaves is put into the
//! cloud, object by object, behind lifeboat's back.

use lifeboat_sdk::Value;
use lifeboat_sim::{Entry, Key, SimObject};

use super::{LAG, Told, database, play};
use crate::simulation::process::{Ended, Verb};
use crate::simulation::simulate::{EAST, WEST};

/// An object that people change by hand: no record of lifeboat's.
fn is_theirs(object: &SimObject) -> bool {
    &*object.key.kind != "aws_s3_object"
}

/// A cloud with the example applied.
async fn applied() -> Told {
    let mut told = Told::new(1, LAG);
    told.does(Verb::Apply, EAST).await;
    assert_eq!(told.settles(EAST).await, 0);
    told
}

/// What differs after a promotion to the west.
async fn promoted() -> Vec<SimObject> {
    let mut twin = applied().await;
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

#[test]
fn a_database_that_people_promoted_is_role_drift_and_is_adopted_without_a_change_of_it() {
    play(async {
        let all = promoted().await;
        assert!(all.len() >= 6, "databases, parameters, consumers, schedules: {all:#?}");
        let mut told = applied().await;
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
    });
}

#[test]
fn what_people_left_undone_is_not_adopted_and_is_done_by_going_on() {
    play(async {
        let all = promoted().await;
        // Whatever is missing: one kind in one region after the other.
        for missing in &all {
            let mut told = applied().await;
            let done = by_hand(&told, &all, |key| *key != missing.key);
            assert_eq!(done + 1, all.len());
            told.cloud.take_ledger();
            let ended = told.types(Verb::Adopt, WEST).await;
            assert!(says(&ended, "promotion::incomplete"), "{:?}: {ended:#?}", missing.key);
            assert_eq!(changed(&told), Vec::<String>::new());
            let ended = told.does(Verb::Continue, WEST).await;
            assert!(ended.promotion, "{ended:#?}");
            told.settles(WEST).await;
            told.is_well(WEST);
        }
    });
}

/// A database that was fenced and replaced by hand, with nothing else.
#[test]
fn a_database_that_alone_changed_its_role_is_told_and_nothing_is_adopted() {
    play(async {
        let all = promoted().await;
        let mut told = applied().await;
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
