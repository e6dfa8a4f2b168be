//! Databases that a promotion left: kept under another name, and deleted by `retire` alone, when it is time.

use std::collections::BTreeSet;
use std::time::Duration;

use lifeboat_sim::Key;
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::model::Deposed;

use super::told::told;
use super::{LAG, Told, backend, database, named, play};
use crate::simulation::process::{Ended, Fatality, Verb};
use crate::simulation::simulate::{EAST, WEST};

const KEPT: &str = "orders-orders-retired-e2";

/// As the files have it.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The snapshot that is taken at last.
fn snapshot(region: &str, id: &str) -> Key {
    Key { kind: "aws_db_snapshot".into(), ..named(region, id) }
}

/// What state keeps of what promotions left.
async fn slots(told: &Told) -> Vec<Deposed> {
    let newest = backend(&told.disk).await.unwrap().load().await.unwrap().unwrap();
    let objects = newest.state.objects.into_values();
    objects.flat_map(|object| object.deposed).collect()
}

#[track_caller]
fn refused(ended: &Ended, code: &str) {
    assert!(ended.ending.is_none(), "{ended:#?}");
    assert!(ended.told.iter().any(|line| line.contains(code)), "{code}: {ended:#?}");
}

/// A promotion to the west, protected again.
async fn promoted(seed: u64) -> Told {
    let mut told = Told::new(seed, LAG);
    told.does(Verb::Apply, EAST).await;
    told.does(Verb::Promote, WEST).await;
    told.settles(WEST).await;
    told.is_well(WEST);
    told
}

#[test]
fn what_a_promotion_left_is_kept_in_state_and_deleted_after_its_time_with_a_last_snapshot() {
    let story = || async {
        let mut told = promoted(11).await;
        let held: BTreeSet<u64> = told.cloud.commits(&named(EAST, KEPT)).into_iter().collect();
        assert!(!held.is_empty());
        let slot = slots(&told).await;
        assert_eq!((slot.len(), slot[0].key.as_str()), (1, KEPT), "{slot:?}");
        let kept = slot[0].retired.as_ref().unwrap();
        assert_eq!(kept.epoch, 2);
        // Nothing takes it away before its time, and nobody asks for it by mistake.
        let ended = told.does(Verb::Retire, WEST).await;
        assert_eq!(ended.changes, Some(Vec::new()), "{ended:#?}");
        let address = "database.orders.aws_db_instance[\"us-east-1\"]";
        refused(&told.types(Verb::RetireOf(address), WEST).await, "retire::too_early");
        let other = "database.orders.aws_db_instance[\"us-west-2\"]";
        refused(&told.types(Verb::RetireOf(other), WEST).await, "retire::not_retired");
        refused(&told.types(Verb::RetireEarly("orders-orders"), WEST).await, "retire::not_retired");
        assert_eq!(told.settles(WEST).await, 0);
        tokio::time::sleep(WEEK).await;
        assert_eq!(told.settles(WEST).await, 0, "an ordinary apply never deletes it");
        assert_eq!(told.kept(), [format!("{EAST} {KEPT}")]);
        let ended = told.does(Verb::Retire, WEST).await;
        let changes = ended.changes.clone().unwrap();
        assert!(changes.iter().any(|line| line.ends_with("because Some(Retired)")), "{changes:?}");
        assert!(told.cloud.get(&named(EAST, KEPT)).is_none());
        let last = snapshot(EAST, "orders-orders-retired-e2-final");
        assert!(told.cloud.get(&last).is_some());
        let snapped: BTreeSet<u64> = told.cloud.commits(&last).into_iter().collect();
        assert_eq!(snapped, held, "the snapshot has all that it held");
        assert!(slots(&told).await.is_empty());
        assert_eq!(told.settles(WEST).await, 0);
        told.is_well(WEST);
        // The way back leaves the other one, and that is deleted before its time by its name alone.
        told.does(Verb::Promote, EAST).await;
        told.settles(EAST).await;
        told.is_well(EAST);
        let early = told.does(Verb::RetireEarly("orders-orders-retired-e3"), EAST).await;
        assert!(early.changes.is_some_and(|changes| changes.len() == 1));
        assert!(told.cloud.get(&named(WEST, "orders-orders-retired-e3")).is_none());
        told.is_well(EAST);
    };
    told(|| play(story()));
}

#[test]
fn nothing_is_retired_before_the_data_is_protected_again_or_while_a_promotion_is_open() {
    let story = || async {
        let mut told = promoted(12).await;
        tokio::time::sleep(WEEK).await;
        // A promotion that is over, and whose data has no copy yet.
        told.does(Verb::Promote, EAST).await;
        refused(&told.types(Verb::Retire, EAST).await, "retire::unprotected");
        assert!(told.cloud.get(&named(EAST, KEPT)).is_some());
        told.settles(EAST).await;
        // What has its place cannot be seen.
        told.lose(EAST);
        refused(&told.types(Verb::RetireOf("database.orders"), EAST).await, "retire::not_replaced");
        told.restore(EAST);
        // What has its place was changed by somebody.
        let replica = database(EAST);
        let live = told.cloud.get(&replica).unwrap();
        let other =
            live.document.with("instance_class", lifeboat_sdk::Value::string("db.t3.micro"));
        told.cloud.put(replica, other, live.owner.clone());
        refused(&told.types(Verb::Retire, EAST).await, "retire::not_replaced");
        told.settles(EAST).await;
        // Files that name another primary are a promotion, and that is planned by itself.
        refused(&told.types(Verb::Retire, WEST).await, "promotion::");
        told.does(Verb::Retire, EAST).await;
        assert!(told.cloud.get(&named(EAST, KEPT)).is_none());
    };
    told(|| play(story()));
}

#[test]
fn a_retirement_that_dies_at_any_call_is_finished_and_takes_one_snapshot() {
    let story = || async {
        for at in (10..400).step_by(30) {
            let mut told = promoted(13).await;
            tokio::time::sleep(WEEK).await;
            let fatality = Fatality { dies: Some(at), ..Fatality::default() };
            told.dies(Verb::Retire, WEST, fatality).await;
            told.types(Verb::Retire, WEST).await;
            told.does(Verb::Retire, WEST).await;
            assert!(told.cloud.get(&named(EAST, KEPT)).is_none(), "died at {at}");
            assert!(told.cloud.get(&snapshot(EAST, "orders-orders-retired-e2-final")).is_some());
            assert!(slots(&told).await.is_empty(), "died at {at}");
            told.settles(WEST).await;
            told.is_well(WEST);
        }
    };
    told(|| play(story()));
}
