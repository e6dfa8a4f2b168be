//! Stories of a global table: its replicas all write, a promotion changes nothing of it and asks whether they
//! are well, and what a silent region had not copied arrives when it returns.

use std::time::Duration;

use lifeboat_sdk::Value;
use lifeboat_sim::{Entry, Key};
use tokio::time::sleep;

use super::told::told;
use super::{ACCOUNT, LAG, Sample, Told, each, judged, play, violations, waits};
use crate::simulation::process::Verb;
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
            let [died, promoted] = told.promotes_in_trouble(to, 10 + seed * 13 % 200).await;
            deaths += usize::from(died);
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
        let alone = |told: &Told| told.lost(EAST, &table(WEST)) > 0;
        let alone = told.promotes_while_lost(seed % 60, alone).await;
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
