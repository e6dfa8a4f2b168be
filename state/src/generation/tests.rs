//! Chains: damage is found and named, commits follow what they saw, late writers do not count.

use std::time::Duration;

use super::*;
use crate::lock::LockError;
use crate::store::memory::Fault;
use crate::store::{MemoryDisk, StoreError};
use crate::testing::{
    LINEAGE, chain, disk_with, info, locks, new_generation, poll_times, sealer, state_with,
};

fn name(serial: u64) -> String {
    format!("generations/{serial:020}")
}

async fn newest(disk: &MemoryDisk) -> String {
    chain(disk).load().await.unwrap().unwrap().header.commit
}

/// The serial that a load names as damaged, and what it offers.
async fn damaged(disk: &MemoryDisk) -> (u64, Option<u64>) {
    match chain(disk).load().await {
        Err(GenerationError::Damaged { serial, offer, .. }) => (serial, offer),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_empty_store_has_no_state_and_the_first_serial_is_1() {
    assert_eq!(chain(&MemoryDisk::new()).load().await.unwrap(), None);
    let (disk, guard, head) = disk_with(1).await;
    assert_eq!(head.as_ref().unwrap().serial, 1);
    let loaded = chain(&disk).load().await.unwrap().unwrap();
    assert_eq!(loaded.head(), head.unwrap());
    assert_eq!((loaded.header.term, loaded.header.epoch), (guard.term(), 1));
    let state = loaded.state(&sealer()).unwrap();
    assert_eq!((state.lineage.as_str(), state.serial, state.term), (LINEAGE, 1, guard.term()));
    assert_eq!(
        state.objects,
        state_with(&[("terraform_data.a", r#"{"type":"string","value":"c1","sensitive":[]}"#,)])
            .objects
    );
}

#[tokio::test]
async fn every_flipped_bit_and_every_cut_is_found() {
    let (disk, _guard, _) = disk_with(2).await;
    let whole = disk.peek(&name(2)).unwrap();
    assert!(Generation::decode(&whole).is_ok());
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let damage = Generation::decode(&bytes).unwrap_err();
        assert!(!matches!(damage, Damage::Newer { .. }), "bit {bit}");
    }
    for cut in 0..whole.len() {
        assert!(Generation::decode(&whole[..cut]).is_err(), "cut {cut}");
    }
    assert!(Generation::decode(&[&whole[..], b"\n"].concat()).is_err());
}

#[tokio::test]
async fn damage_of_the_newest_offers_the_one_before_and_the_other_way_round() {
    let (disk, _guard, _) = disk_with(2).await;
    for (serial, offer) in [(2, 1), (1, 2)] {
        let whole = disk.peek(&name(serial)).unwrap();
        for byte in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[byte] ^= 1 << (byte % 8);
            disk.tamper(&name(serial), Some(&bytes));
            assert_eq!(damaged(&disk).await, (serial, Some(offer)), "byte {byte}");
        }
        disk.tamper(&name(serial), Some(&whole));
        assert_eq!(newest(&disk).await, "c2");
    }
}

#[tokio::test]
async fn swapped_and_replayed_generations_are_found() {
    let (disk, _guard, _) = disk_with(3).await;
    let [one, two, three] = [1, 2, 3].map(|serial| disk.peek(&name(serial)).unwrap());

    disk.tamper(&name(4), Some(&one));
    assert_eq!(damaged(&disk).await, (4, Some(3)));
    disk.tamper(&name(4), None);

    disk.tamper(&name(2), Some(&three));
    disk.tamper(&name(3), Some(&two));
    assert_eq!(damaged(&disk).await, (3, Some(1)));
    disk.tamper(&name(2), Some(&two));

    disk.tamper(&name(3), None);
    assert_eq!(damaged(&disk).await, (3, Some(2)));
    for serial in [1, 2] {
        disk.tamper(&name(serial), None);
    }
    assert_eq!(damaged(&disk).await, (3, None));
}

#[tokio::test]
async fn a_whole_generation_of_another_branch_is_found() {
    let (disk, _guard, _) = disk_with(3).await;
    let (other, guard, head) = disk_with(1).await;
    let permit = guard.permit();
    let two = chain(&other).commit(&permit, head.as_ref(), new_generation("x2")).await.unwrap();
    chain(&other).commit(&permit, Some(&two), new_generation("x3")).await.unwrap();

    let [two, three] = [2, 3].map(|serial| disk.peek(&name(serial)).unwrap());
    disk.tamper(&name(3), other.peek(&name(3)).as_deref());
    assert_eq!(damaged(&disk).await, (3, Some(2)));
    disk.tamper(&name(3), Some(&three));
    disk.tamper(&name(2), other.peek(&name(2)).as_deref());
    assert_eq!(damaged(&disk).await, (2, Some(3)));
    disk.tamper(&name(2), Some(&two));
    assert_eq!(newest(&disk).await, "c3");
}

#[tokio::test]
async fn a_damage_names_the_way_out() {
    let (disk, _guard, _) = disk_with(2).await;
    disk.tamper(&name(2), Some(b"nonsense"));
    let text = chain(&disk).load().await.unwrap_err().to_string();
    assert_eq!(
        text,
        "generation 2 of the state is damaged: it does not begin as a state does. Generation 1 is \
         whole: take it back with `lifeboat state restore 1`, then plan, which shows what has \
         changed since"
    );
}

#[tokio::test]
async fn restoring_writes_on_top_and_keeps_the_damaged_file_aside() {
    let (disk, guard, _) = disk_with(3).await;
    disk.tamper(&name(3), Some(b"nonsense"));
    let head = chain(&disk).restore(&guard.permit(), 2, "restore").await.unwrap();
    assert_eq!(head.serial, 4);
    let loaded = chain(&disk).load().await.unwrap().unwrap();
    assert_eq!(loaded.header.restored, Some(2));
    assert_eq!(loaded.payload(), chain(&disk).at(2).await.unwrap().payload());
    let aside: Vec<_> = disk.names().into_iter().filter(|n| n.starts_with("aside/")).collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(disk.peek(&aside[0]).unwrap(), "nonsense");

    let again = chain(&disk).restore(&guard.permit(), 2, "restore").await.unwrap();
    assert_eq!(again, head);
    let next = chain(&disk).commit(&guard.permit(), Some(&head), new_generation("c5")).await;
    assert_eq!(next.unwrap().serial, 5);
    assert_eq!(newest(&disk).await, "c5");
}

#[tokio::test]
async fn the_lock_can_be_taken_while_the_newest_is_damaged() {
    let (disk, guard, _) = disk_with(2).await;
    locks(&disk).release(guard).await.unwrap();
    disk.tamper(&name(2), Some(b"nonsense"));
    let guard = locks(&disk).lock(info("mender"), Duration::ZERO).await.unwrap();
    chain(&disk).restore(&guard.permit(), 1, "restore").await.unwrap();
    assert_eq!(newest(&disk).await, "restore");
}

#[tokio::test]
async fn a_lost_file_is_restored_above_its_serial() {
    let (disk, guard, _) = disk_with(2).await;
    disk.tamper(&name(2), None);
    let head = chain(&disk).restore(&guard.permit(), 1, "restore").await.unwrap();
    assert_eq!(head.serial, 3);
    assert_eq!(newest(&disk).await, "restore");
}

#[tokio::test]
async fn a_commit_after_an_old_generation_is_refused() {
    let (disk, guard, _) = disk_with(2).await;
    let old = chain(&disk).at(1).await.unwrap().head();
    for expected in [Some(&old), None] {
        let late = chain(&disk).commit(&guard.permit(), expected, new_generation("x")).await;
        assert!(matches!(late, Err(GenerationError::Conflict { found: 2 | 1, .. })), "{late:?}");
    }
    let foreign = NewGeneration { lineage: "other".to_owned(), ..new_generation("x") };
    let head = chain(&disk).load().await.unwrap().unwrap().head();
    let refused = chain(&disk).commit(&guard.permit(), Some(&head), foreign).await;
    assert!(matches!(refused, Err(GenerationError::Lineage { .. })));
    assert_eq!(newest(&disk).await, "c2");
}

#[tokio::test]
async fn a_commit_with_a_used_token_finds_the_first() {
    let (disk, guard, _) = disk_with(1).await;
    let base = chain(&disk).at(1).await.unwrap().head();
    let first =
        chain(&disk).commit(&guard.permit(), Some(&base), new_generation("x")).await.unwrap();
    let second = chain(&disk).commit(&guard.permit(), Some(&base), new_generation("x")).await;
    assert_eq!(second.unwrap(), first);
}

#[tokio::test]
async fn a_lost_reply_at_any_call_of_a_commit_is_recognised() {
    for nth in 1.. {
        let (disk, guard, head) = disk_with(1).await;
        let before = disk.calls();
        disk.fail(nth, Fault::LostReply, false);
        let committed =
            chain(&disk).commit(&guard.permit(), head.as_ref(), new_generation("x")).await.unwrap();
        assert_eq!(committed.serial, 2, "call {nth}");
        assert_eq!(newest(&disk).await, "x");
        assert_eq!(chain(&disk).serials().await.unwrap(), [1, 2]);
        if disk.calls() - before < nth {
            break;
        }
    }
}

/// A sync that failed leaves a generation that is there, but not for certain: who tries again
/// finds it and must not vouch for it as it is.
#[tokio::test]
async fn what_a_second_try_found_survives_a_loss_of_power() {
    let mut retried = 0;
    for fault in [Fault::Io, Fault::NoSpace] {
        for nth in 1.. {
            let (disk, guard, head) = disk_with(1).await;
            let before = disk.calls();
            disk.fail(nth, fault, false);
            let (chain, permit) = (chain(&disk), guard.permit());
            let first = chain.commit(&permit, head.as_ref(), new_generation("x")).await;
            if first.is_err() {
                retried += 1;
                chain.commit(&permit, head.as_ref(), new_generation("x")).await.unwrap();
            }
            assert_eq!(newest(&disk.crash(|_| 0)).await, "x", "{fault:?} at {nth}");
            if disk.calls() - before < nth {
                break;
            }
        }
    }
    assert!(retried > 8, "{retried}");
}

#[tokio::test]
async fn a_fault_at_any_call_of_a_commit_leaves_the_old_or_the_new_state() {
    for (fault, sticky) in
        [(Fault::Io, false), (Fault::Io, true), (Fault::NoSpace, true), (Fault::LostReply, true)]
    {
        for nth in 1.. {
            let (disk, guard, head) = disk_with(1).await;
            disk.fail(nth, fault, sticky);
            let new = new_generation("x");
            let result = chain(&disk).commit(&guard.permit(), head.as_ref(), new).await;
            let calls = disk.calls();
            disk.heal();
            for keep in [0, 1] {
                let after = disk.crash(|_| keep);
                let found = newest(&after).await;
                match &result {
                    Ok(_) => assert_eq!(found, "x", "{fault:?} at {nth}, keeping {keep}"),
                    Err(_) => assert!(found == "x" || found == "c1", "{found}"),
                }
            }
            if result.is_ok() && calls < nth {
                break;
            }
            assert!(nth < 100, "{fault:?} never passes");
        }
    }
}

#[tokio::test]
async fn the_newest_thirty_are_kept() {
    let (disk, guard, head) = disk_with(33).await;
    chain(&disk).prune().await.unwrap();
    assert_eq!(chain(&disk).serials().await.unwrap(), (4..=33).collect::<Vec<_>>());
    assert_eq!(newest(&disk).await, "c33");
    let oldest = chain(&disk).restore(&guard.permit(), 4, "restore").await.unwrap();
    assert_eq!(oldest.serial, head.unwrap().serial + 1);
    chain(&disk).prune().await.unwrap();
    assert_eq!(newest(&disk).await, "restore");
    let error = chain(&disk).at(4).await.unwrap_err();
    assert!(matches!(error, GenerationError::NotFound { serial: 4 }));
}

#[tokio::test]
async fn a_newer_format_names_both_versions() {
    let (disk, _guard, _) = disk_with(1).await;
    let (bytes, _) = envelope::encode(3, r#"{"new":true}"#, "{}");
    disk.tamper(&name(2), Some(&bytes));
    let error = chain(&disk).load().await.unwrap_err();
    assert!(
        matches!(error, GenerationError::Newer { serial: 2, found: 3, supported: 2 }),
        "{error:?}"
    );
    assert!(error.to_string().contains("format 3, this lifeboat knows formats up to 2"));
}

#[tokio::test]
async fn who_lost_the_lock_cannot_commit() {
    let (disk, first, head) = disk_with(1).await;
    locks(&disk).force_unlock("writer", "bob", "gone").await.unwrap();
    let commit = chain(&disk).commit(&first.permit(), head.as_ref(), new_generation("late")).await;
    assert!(matches!(commit, Err(GenerationError::LockLost { term: 1, now: 2 })), "{commit:?}");
    let restore = chain(&disk).restore(&first.permit(), 1, "late").await;
    assert!(matches!(restore, Err(GenerationError::LockLost { .. })));
    assert!(matches!(locks(&disk).verify(&first).await, Err(LockError::Lost { .. })));
    assert_eq!(newest(&disk).await, "c1");
}

/// What the second holder does while the first is asleep.
async fn take_over(disk: &MemoryDisk, commits: bool) -> (String, Option<Head>) {
    locks(disk).force_unlock("writer", "bob", "asleep").await.unwrap();
    let guard = locks(disk).lock(info("second"), Duration::ZERO).await.unwrap();
    let seen = chain(disk).load().await.unwrap().unwrap();
    let mut head = None;
    if commits {
        let new = new_generation("second");
        head = chain(disk).commit(&guard.permit(), Some(&seen.head()), new).await.ok();
    }
    locks(disk).release(guard).await.unwrap();
    (seen.header.commit, head)
}

/// A holder falls asleep at any point of its commit; its lock is broken and taken; it wakes. It
/// commits if and only if the new holder saw that, and is told which.
#[tokio::test]
async fn a_holder_that_wakes_late_never_overwrites() {
    for commits in [false, true] {
        let mut points = 0;
        for point in 0.. {
            let (disk, first, head) = disk_with(1).await;
            let (chain1, permit) = (chain(&disk), first.permit());
            let mut commit: std::pin::Pin<Box<dyn Future<Output = _> + '_>> =
                Box::pin(chain1.commit(&permit, head.as_ref(), new_generation("first")));
            if poll_times(&mut commit, point).await.is_some() {
                break;
            }
            let (seen, second) = take_over(&disk, commits).await;
            let woken = commit.await;
            let found = newest(&disk).await;
            let context = format!("asleep at {point}: saw {seen}, found {found}, {woken:?}");
            match (seen.as_str(), second) {
                ("first", Some(_)) => assert!(woken.is_ok() && found == "second", "{context}"),
                ("first", None) => assert!(woken.is_ok() && found == "first", "{context}"),
                ("c1", Some(_)) => assert!(woken.is_err() && found == "second", "{context}"),
                ("c1", None) => assert!(woken.is_err() && found == "c1", "{context}"),
                _ => panic!("{context}"),
            }
            let third = locks(&disk).lock(info("third"), Duration::ZERO).await.unwrap();
            let head = chain(&disk).load().await.unwrap().unwrap().head();
            let new = new_generation("third");
            chain(&disk).commit(&third.permit(), Some(&head), new).await.unwrap();
            assert_eq!(newest(&disk).await, "third", "{context}");
            points += 1;
        }
        assert!(points > 8, "only {points} points of suspension were tried");
    }
}

#[tokio::test]
async fn a_late_generation_is_never_offered() {
    for point in 0.. {
        let (disk, first, head) = disk_with(1).await;
        let (chain1, permit) = (chain(&disk), first.permit());
        let mut commit: std::pin::Pin<Box<dyn Future<Output = _> + '_>> =
            Box::pin(chain1.commit(&permit, head.as_ref(), new_generation("first")));
        if poll_times(&mut commit, point).await.is_some() {
            break;
        }
        locks(&disk).force_unlock("writer", "bob", "asleep").await.unwrap();
        let second = locks(&disk).lock(info("second"), Duration::ZERO).await.unwrap();
        let seen = chain(&disk).load().await.unwrap().unwrap();
        drop(commit.await);
        let new = new_generation("second");
        let head = chain(&disk).commit(&second.permit(), Some(&seen.head()), new).await.unwrap();
        disk.tamper(&name(head.serial), Some(b"nonsense"));
        assert_eq!(damaged(&disk).await, (head.serial, Some(seen.header.serial)), "{point}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_reported_as_such() {
    let (disk, _guard, _) = disk_with(1).await;
    disk.fail(1, Fault::Io, true);
    let error = chain(&disk).load().await.unwrap_err();
    assert!(matches!(error, GenerationError::Record(_)), "{error:?}");
    let error = chain(&disk).at(1).await.unwrap_err();
    assert!(matches!(error, GenerationError::Store(StoreError::Io { .. })), "{error:?}");
}

/// Both are suspended anywhere: the first in its commit, the second while it takes the lock.
#[tokio::test]
async fn who_is_told_that_it_committed_is_seen_by_the_next_holder() {
    let (mut first_point, mut second_point) = (0, 0);
    loop {
        let (disk, first, head) = disk_with(1).await;
        let (chain1, permit, locks2) = (chain(&disk), first.permit(), locks(&disk));
        let mut commit: std::pin::Pin<Box<dyn Future<Output = _> + '_>> =
            Box::pin(chain1.commit(&permit, head.as_ref(), new_generation("first")));
        if poll_times(&mut commit, first_point).await.is_some() {
            break;
        }
        let mut take: std::pin::Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(async {
            locks2.force_unlock("writer", "bob", "asleep").await.unwrap();
            locks2.lock(info("second"), Duration::ZERO).await.unwrap()
        });
        let early = poll_times(&mut take, second_point).await;
        let woken = commit.await;
        let context = format!("{first_point}, {second_point}: {woken:?}");
        // Through all points of the second, then on to the next of the first.
        second_point += 1;
        if early.is_some() {
            (first_point, second_point) = (first_point + 1, 0);
        }
        let second = match early {
            Some(guard) => guard,
            None => take.await,
        };
        let seen = chain(&disk).load().await.unwrap().unwrap();
        if woken.is_ok() {
            assert_eq!(seen.header.commit, "first", "{context}");
        }
        let new = new_generation("second");
        chain(&disk).commit(&second.permit(), Some(&seen.head()), new).await.unwrap();
        assert_eq!(newest(&disk).await, "second", "{context}");
        locks(&disk).release(second).await.unwrap();
        let third = locks(&disk).lock(info("third"), Duration::ZERO).await.unwrap();
        assert_eq!(newest(&disk).await, "second", "{context}");
        assert_eq!(third.term(), 4);
    }
    assert!(first_point > 8, "only {first_point} points of suspension were tried");
}

/// The first wakes after the second has the lock, puts its generation, falls asleep again while the
/// second commits, and wakes once more.
#[tokio::test]
async fn a_holder_that_wakes_twice_is_not_told_that_it_committed() {
    let (mut first_nap, mut second_nap, mut late) = (0, 0, 0);
    loop {
        let (disk, first, head) = disk_with(1).await;
        let (chain1, permit) = (chain(&disk), first.permit());
        let mut commit: std::pin::Pin<Box<dyn Future<Output = _> + '_>> =
            Box::pin(chain1.commit(&permit, head.as_ref(), new_generation("first")));
        if poll_times(&mut commit, first_nap).await.is_some() {
            break;
        }
        locks(&disk).force_unlock("writer", "bob", "asleep").await.unwrap();
        let second = locks(&disk).lock(info("second"), Duration::ZERO).await.unwrap();
        let seen = chain(&disk).load().await.unwrap().unwrap();
        let early = poll_times(&mut commit, second_nap).await;
        let new = new_generation("second");
        chain(&disk).commit(&second.permit(), Some(&seen.head()), new).await.unwrap();
        let context = format!("{first_nap}, {second_nap}: {early:?}");
        (first_nap, second_nap) =
            if early.is_some() { (first_nap + 1, 0) } else { (first_nap, second_nap + 1) };
        let woken = match early {
            Some(woken) => woken,
            None => commit.await,
        };
        assert_eq!(woken.is_ok(), seen.header.commit == "first", "{context}");
        assert_eq!(newest(&disk).await, "second", "{context}");
        late += u32::from(disk.names().iter().any(|name| name.starts_with("aside/")));
    }
    assert!(late > 8, "only {late} late generations were met");
}

#[tokio::test]
async fn a_permit_ends_with_its_term_even_if_nobody_else_came() {
    let (disk, guard, head) = disk_with(1).await;
    let permit = guard.permit();
    locks(&disk).release(guard).await.unwrap();
    let released = chain(&disk).commit(&permit, head.as_ref(), new_generation("x")).await;
    assert!(matches!(released, Err(GenerationError::LockLost { .. })), "{released:?}");
    let again = locks(&disk).lock(info("writer"), Duration::ZERO).await.unwrap();
    let old = chain(&disk).commit(&permit, head.as_ref(), new_generation("x")).await;
    assert!(matches!(old, Err(GenerationError::LockLost { .. })), "{old:?}");
    chain(&disk).commit(&again.permit(), head.as_ref(), new_generation("x")).await.unwrap();
}

#[test]
fn what_a_promotion_left_as_evidence_is_kept() {
    use crate::model::{Evidence, Passage, Promotions, Resolver};
    let at = || Some("2026-11-20T13:00:00Z".to_owned());
    let moved = Resolver {
        at: "192.0.2.53:53".to_owned(),
        region: Some("us-west-2".to_owned()),
        moved: at(),
        ..Resolver::default()
    };
    let old = Resolver { moved: None, until: at(), ..moved.clone() };
    let dead = Resolver { unknown: Some("no answer".to_owned()), ..Resolver::default() };
    let evidence = Evidence {
        act: "hook".to_owned(),
        phase: "promote".to_owned(),
        at: "2026-11-20T13:00:00Z".to_owned(),
        failed: true,
        output: Some("the tunnel is down".to_owned()),
        compared: Some(17),
        resolvers: vec![moved, old, dead],
    };
    let mut state = state_with(&[]);
    state.promotions.last = Some(Passage {
        mode: "ungraceful".to_owned(),
        owed: vec!["bucket.a.aws_s3_bucket_policy[\"us-east-1\"]".to_owned()],
        left_out: vec!["hook.vpn".to_owned()],
        evidence: [("hook.page".to_owned(), evidence)].into(),
        ..Passage::default()
    });
    let earlier = Passage { epoch: 2, ..state.promotions.last.clone().unwrap() };
    state.promotions.earlier = vec![earlier, Passage { epoch: 3, ..Passage::default() }];
    let text = payload(&state, &sealer()).unwrap();
    let stored: super::v2::Payload = serde_json::from_str(&text).unwrap();
    assert_eq!(Promotions::from(stored.promotions), state.promotions);
}

#[test]
fn fences_by_hand_and_what_a_region_holds_alone_are_kept() {
    use crate::model::{Alone, Backfill, Lone, Promotions, Unmerged};
    let lone = Lone {
        key: "late/one".to_owned(),
        version: Some("v1".to_owned()),
        tag: "\"abc\"".to_owned(),
        size: 27,
        written: Some(1_790_000_000),
        differs: true,
        deleted: true,
    };
    let at = "2026-11-20T13:00:00Z".to_owned();
    let found = Unmerged { at: at.clone(), compared: 17, count: 1, first: vec![lone] };
    let found = [("replication.a".to_owned(), found)].into();
    let mut state = state_with(&[]);
    state.promotions.fenced = [("us-west-2".to_owned(), at.clone())].into();
    state.promotions.evacuated = [("us-west-2".to_owned(), at.clone())].into();
    let missing = [("us-east-1".to_owned(), Backfill { since: at.clone(), given_up: true })];
    state.promotions.backfills = [("replication.a".to_owned(), missing.into())].into();
    state.promotions.alone =
        [("us-east-1".to_owned(), Alone { epoch: 2, since: at, found })].into();
    let text = payload(&state, &sealer()).unwrap();
    let stored: super::v2::Payload = serde_json::from_str(&text).unwrap();
    assert_eq!(Promotions::from(stored.promotions), state.promotions);
}

#[test]
fn since_when_something_is_kept_that_a_promotion_left_is_in_state() {
    use crate::model::{Deposed, Retired};
    let address = "database.a.aws_db_instance[\"us-east-1\"]";
    let mut state = state_with(&[(address, r#"{"value":1,"sensitive":[]}"#)]);
    let record = state.objects.get_mut(address).unwrap();
    let deposed = |key: &str, retired: Option<Retired>| Deposed {
        key: key.to_owned(),
        provider: record.provider.clone(),
        schema_version: 0,
        document: record.document.clone(),
        identity: Some(key.to_owned()),
        depends_on: Vec::new(),
        scope: record.scope.clone(),
        retired,
    };
    let since = "2026-11-20T13:00:00Z".to_owned();
    let kept = deposed("a-retired-e2", Some(Retired { epoch: 2, since }));
    let left = deposed("00000001", None);
    record.deposed = vec![kept, left];
    let text = payload(&state, &sealer()).unwrap();
    let stored: super::v2::Payload = serde_json::from_str(&text).unwrap();
    let header = Header {
        lineage: state.lineage.clone(),
        serial: state.serial,
        term: state.term,
        epoch: state.epoch,
        previous: None,
        commit: "c1".to_owned(),
        restored: None,
    };
    let opened = super::convert::from_payload(&header, stored, Some(&sealer())).unwrap();
    assert_eq!(opened.objects, state.objects);
    assert_eq!(opened.promotions, state.promotions);
}
