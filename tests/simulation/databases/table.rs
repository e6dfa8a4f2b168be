//! Stories of a global table: its replicas all write, a promotion changes nothing of it and asks whether they
//! are well, and what a silent region had not copied arrives when it returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lifeboat_sdk::{Location, Value};
use lifeboat_sim::{Blackout, Entry, Key};
use tokio::time::sleep;

use super::told::told;
use super::{ACCOUNT, LAG, Sample, Told, each, judged, play, trouble, violations, waits};
use crate::simulation::process::{Fatality, Verb};
use crate::simulation::simulate::{EAST, WEST};

/// The table of a region.
pub(super) fn table(region: &str) -> Key {
    let kind = if region == EAST { "aws_dynamodb_table" } else { "aws_dynamodb_table_replica" };
    Key::regional(ACCOUNT, region, kind, "orders-orders")
}

/// How often something of the table was changed.
fn changes(calls: &[Entry]) -> usize {
    let of_table = |call: &&Entry| call.kind.starts_with("aws_dynamodb_") && call.had_effect();
    calls.iter().filter(of_table).count()
}

/// When all has arrived, both hold whatever either was told to be written.
async fn agree(told: &Told) -> Result<(), String> {
    sleep(LAG + Duration::from_secs(1)).await;
    for region in [EAST, WEST] {
        for holder in [EAST, WEST] {
            let lost = told.lost(region, &table(holder));
            if lost > 0 {
                return Err(format!("{lost} writes of {region} are not in {holder}"));
            }
        }
    }
    Ok(())
}

#[test]
fn a_promotion_changes_nothing_of_a_table_and_waits_for_what_was_written_before() {
    let story = || async {
        let mut told = Told::of(Sample::Table, 1, LAG);
        told.does(Verb::Apply, EAST).await;
        assert_eq!(told.settles(EAST).await, 0);
        told.is_well(EAST);
        for (from, to) in [(EAST, WEST), (WEST, EAST)] {
            told.cloud.take_ledger();
            let before = told.seen(|seen| seen.committed[usize::from(from == WEST)].clone());
            let ended = told.does(Verb::Promote, to).await;
            assert!(ended.promotion, "{ended:#?}");
            let held = told.cloud.commits(&table(to));
            assert!(before.iter().all(|number| held.contains(number)), "{from} -> {to}");
            told.settles(to).await;
            assert_eq!(changes(&told.cloud.take_ledger()), 0);
            told.is_well(to);
        }
        agree(&told).await.unwrap();
    };
    told(|| play(story()));
}

#[test]
fn a_replica_that_is_not_well_is_not_promoted_gracefully() {
    let story = || async {
        let mut told = Told::of(Sample::Table, 2, LAG);
        told.approve = waits;
        told.does(Verb::Apply, EAST).await;
        let ill = |document: Value| {
            let status = Value::string("INACCESSIBLE_ENCRYPTION_CREDENTIALS");
            document.with("replica_status", status)
        };
        assert!(told.cloud.edit(&table(WEST), ill));
        let ended = told.types(Verb::Promote, WEST).await;
        assert!(!ended.is_done(), "{ended:#?}");
        let says = ended.told.iter().any(|line| line.contains("INACCESSIBLE_ENCRYPTION"));
        assert!(says, "{ended:#?}");
        assert_eq!(told.started(WEST), [false; 2], "nothing was started there");
    };
    told(|| play(story()));
}

/// Whatever fails and whenever it dies, there and back.
fn whatever(seed: u64) -> Result<usize, String> {
    play(async {
        let mut told = Told::of(Sample::Table, seed, LAG);
        told.approve = waits;
        told.does(Verb::Apply, EAST).await;
        told.cloud.take_ledger();
        let mut deaths = 0;
        for to in [WEST, EAST] {
            trouble(&told.cloud, seed);
            let fatality = Fatality { dies: Some(10 + seed * 13 % 200), ..Fatality::default() };
            deaths += usize::from(told.dies(Verb::Promote, to, fatality).await.is_none());
            told.cloud.clear_rules();
            let mut promoted = false;
            for _ in 0..6 {
                promoted |= told.types(Verb::Promote, to).await.is_done();
            }
            told.settles(to).await;
            told.is_well(to);
            if !promoted {
                return Err(format!("{to} is not promoted"));
            }
        }
        agree(&told).await?;
        match changes(&told.cloud.take_ledger()) {
            0 => Ok(deaths),
            changes => Err(format!("{changes} changes of the table")),
        }
    })
}

/// A region that is lost at some call and returns: what it took alone arrives.
fn returns(seed: u64) -> Result<bool, String> {
    play(async {
        let mut told = Told::of(Sample::Table, seed, LAG);
        told.does(Verb::Apply, EAST).await;
        let (cloud, calls) = (told.cloud.clone(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&calls);
        let at = seed % 60;
        told.cloud.watch(move |_| {
            if counted.fetch_add(1, Ordering::Relaxed) == at {
                cloud.blackout(Location::Region(EAST.into()), Blackout::Hang);
            }
        });
        for _ in 0..3 {
            told.types(Verb::Promote, WEST).await;
        }
        let alone = told.lost(EAST, &table(WEST)) > 0;
        // It may never have come to that call.
        calls.store(1000, Ordering::Relaxed);
        told.restore(EAST);
        for _ in 0..4 {
            told.types(Verb::Promote, WEST).await;
        }
        told.settles(WEST).await;
        told.is_well(WEST);
        agree(&told).await?;
        Ok(alone)
    })
}

#[test]
fn whatever_fails_and_whenever_it_dies_the_replicas_of_a_table_agree() {
    let seeds = crate::simulation::seeds(crate::simulation::SAMPLE / 5 + 10, 400);
    let all = each(0..seeds, |seed| judged(seed, whatever));
    let wrong = violations(&all);
    assert!(wrong.is_empty(), "of {seeds} seeds:\n{}", wrong.join("\n"));
    let deaths: usize = all.into_iter().flatten().sum();
    println!("Table: {seeds} seeds, {deaths} deaths, 0 violations");
    assert!(deaths > 0, "some die");
}

#[test]
fn whatever_call_a_region_is_lost_at_what_its_table_took_alone_arrives_when_it_returns() {
    let all = each(0..60, |seed| judged(seed, returns));
    let wrong = violations(&all);
    assert!(wrong.is_empty(), "of {} regions lost:\n{}", all.len(), wrong.join("\n"));
    let alone = all.into_iter().flatten().filter(|alone| *alone).count();
    assert!(alone > 0, "some had something alone");
}
