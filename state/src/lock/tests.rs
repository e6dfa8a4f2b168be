//! Locks: one holder, waiting, taking over from the dead, breaking, lost replies.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;
use crate::store::memory::Fault;
use crate::store::{LocalStore, MemoryDisk};
use crate::testing::{Folder, chain, disk_with, info, locks, new_generation};

fn local(folder: &Folder) -> Locks {
    let store = Arc::new(LocalStore::new(folder.path().join("state")));
    Locks::new(store, Arc::new(LockFiles::new(folder.path().join("state/live"))))
}

fn held_by(error: &LockError) -> &str {
    let LockError::Held(holder) = error else { panic!("{error:?}") };
    &holder.info.id
}

async fn one_of_sixteen(locks: Locks) {
    for round in 0..4 {
        let mut tasks = JoinSet::new();
        for number in 0..16 {
            let locks = locks.clone();
            let id = format!("{round}-{number}");
            tasks.spawn(async move { locks.lock(info(&id), Duration::ZERO).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            tasks.join_all().await.into_iter().partition(Result::is_ok);
        let winner = won.into_iter().next().unwrap().unwrap();
        assert_eq!(lost.len(), 15);
        for error in lost {
            assert_eq!(held_by(&error.unwrap_err()), winner.info().id);
        }
        assert_eq!(winner.term(), round + 1);
        locks.release(winner).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixteen_that_want_it_one_has_it_in_memory() {
    one_of_sixteen(locks(&MemoryDisk::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixteen_that_want_it_one_has_it_in_a_folder() {
    let folder = Folder::new();
    one_of_sixteen(local(&folder)).await;
}

#[tokio::test(start_paused = true)]
async fn waiters_get_it_one_after_the_other() {
    let locks = locks(&MemoryDisk::new());
    let mut tasks = JoinSet::new();
    let inside = Arc::new(std::sync::atomic::AtomicU32::new(0));
    for number in 0..16 {
        let (locks, inside) = (locks.clone(), Arc::clone(&inside));
        tasks.spawn(async move {
            use std::sync::atomic::Ordering::SeqCst;
            let guard =
                locks.lock(info(&number.to_string()), Duration::from_secs(600)).await.unwrap();
            assert_eq!(inside.fetch_add(1, SeqCst), 0);
            sleep(Duration::from_secs(1)).await;
            assert_eq!(inside.fetch_sub(1, SeqCst), 1);
            let term = guard.term();
            locks.release(guard).await.unwrap();
            term
        });
    }
    let mut terms = tasks.join_all().await;
    terms.sort_unstable();
    assert_eq!(terms, (1..=16).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_at_the_timeout_and_names_the_holder() {
    let locks = locks(&MemoryDisk::new());
    let _held = locks.lock(info("alice"), Duration::ZERO).await.unwrap();
    let begun = Instant::now();
    let error = locks.lock(info("bob"), Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(
        error.to_string(),
        "the state is locked by alice@host (OperationTypeApply, since 2026-11-20 13:00:00 UTC, term \
         1): wait for it with `-lock-timeout`, or, if you know that it is dead, break the lock with \
         `lifeboat force-unlock alice`"
    );
    let forever =
        tokio::time::timeout(Duration::from_secs(3600), locks.lock(info("carol"), Duration::MAX));
    assert!(forever.await.is_err());
}

#[tokio::test]
async fn the_lock_of_a_dead_process_is_taken_over_at_once_on_the_same_machine_only() {
    let folder = Folder::new();
    let (disk, files) = (MemoryDisk::new(), local(&folder));
    for locks in [locks(&disk), files] {
        let alive = locks.lock(info("first"), Duration::ZERO).await.unwrap();
        assert_eq!(held_by(&locks.lock(info("x"), Duration::ZERO).await.unwrap_err()), "first");
        drop(alive);
        let elsewhere = LockInfo { host: "other".to_owned(), ..info("y") };
        assert_eq!(held_by(&locks.lock(elsewhere, Duration::ZERO).await.unwrap_err()), "first");
        let nowhere = LockInfo { host: String::new(), ..info("z") };
        assert_eq!(held_by(&locks.lock(nowhere, Duration::ZERO).await.unwrap_err()), "first");
        let second = locks.lock(info("second"), Duration::ZERO).await.unwrap();
        assert_eq!(second.term(), 2);
        let dead = second.took_over().unwrap();
        assert_eq!((dead.info.id.as_str(), dead.term), ("first", 1));
        locks.release(second).await.unwrap();
        assert_eq!(locks.holder().await.unwrap(), None);
    }
    let left = std::fs::read_dir(folder.path().join("state/live")).unwrap().count();
    assert_eq!(left, 0, "no file of a lock that is over is left");
}

#[tokio::test]
async fn without_liveness_only_breaking_helps() {
    let disk = Arc::new(MemoryDisk::new());
    let locks = Locks::new(disk, Arc::new(NoLiveness));
    drop(locks.lock(info("first"), Duration::ZERO).await.unwrap());
    assert_eq!(held_by(&locks.lock(info("x"), Duration::ZERO).await.unwrap_err()), "first");
    locks.force_unlock("first", "bob", "it is dead").await.unwrap();
    assert_eq!(locks.lock(info("x"), Duration::ZERO).await.unwrap().term(), 3);
}

#[tokio::test]
async fn breaking_names_the_lock_and_raises_the_term() {
    let disk = MemoryDisk::new();
    let locks = locks(&disk);
    let none = locks.force_unlock("first", "bob", "why").await;
    assert!(matches!(none, Err(LockError::NotLocked { .. })));
    let first = locks.lock(info("first"), Duration::ZERO).await.unwrap();
    let error = locks.force_unlock("second", "bob", "why").await.unwrap_err();
    assert!(matches!(&error, LockError::OtherHolder { holder, .. } if holder.info.id == "first"));
    let was = locks.force_unlock("first", "bob", "why").await.unwrap();
    assert_eq!((was.info.id.as_str(), was.term), ("first", 1));
    assert!(matches!(locks.verify(&first).await, Err(LockError::Lost { term: 1, now: 2 })));
    let second = locks.lock(info("second"), Duration::ZERO).await.unwrap();
    assert!(matches!(locks.release(first).await, Err(LockError::Lost { term: 1, now: 3 })));
    locks.verify(&second).await.unwrap();
    let again = locks.force_unlock("first", "bob", "why").await;
    assert!(matches!(again, Err(LockError::OtherHolder { .. })));
    assert!(disk.peek("lock").is_some());
}

#[tokio::test]
async fn a_broken_lock_leaves_its_reason_in_the_record() {
    let disk = MemoryDisk::new();
    let _first = locks(&disk).lock(info("first"), Duration::ZERO).await.unwrap();
    locks(&disk).force_unlock("first", "bob", "laptop lost").await.unwrap();
    let record = String::from_utf8(disk.peek("lock").unwrap().to_vec()).unwrap();
    let broken = r#""broken":{"id":"first","by":"bob","reason":"laptop lost"}"#;
    assert!(record.contains(broken), "{record}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_at_any_call_leaves_neither_two_holders_nor_a_lock_that_nobody_holds() {
    for nth in 1.. {
        let (disk, guard, _) = disk_with(1).await;
        let calls = disk.calls();
        let locks = locks(&disk);
        disk.fail(nth, Fault::LostReply, false);
        locks.release(guard).await.unwrap();
        let guard = locks.lock(info("second"), Duration::ZERO).await.unwrap();
        assert_eq!(guard.term(), 2, "call {nth}");
        assert_eq!(guard.took_over(), None);
        locks.verify(&guard).await.unwrap();
        locks.force_unlock("second", "bob", "why").await.unwrap();
        assert_eq!(locks.holder().await.unwrap(), None);
        if disk.calls() - calls < nth {
            break;
        }
    }
}

#[tokio::test]
async fn after_a_fault_at_any_call_and_a_crash_the_lock_can_be_taken() {
    for sticky in [false, true] {
        for nth in 1.. {
            let (disk, guard, _) = disk_with(1).await;
            let before = disk.calls();
            disk.fail(nth, Fault::Io, sticky);
            let released = locks(&disk).release(guard).await;
            let taken = locks(&disk).lock(info("second"), Duration::ZERO).await;
            if released.is_ok() && taken.is_ok() && disk.calls() - before < nth {
                break;
            }
            let after = disk.crash(|unsynced| nth as usize % 2 * unsynced.units);
            let guard = locks(&after).lock(info("third"), Duration::ZERO).await.unwrap();
            assert!(guard.term() > 1);
        }
    }
}

#[tokio::test]
async fn a_lost_lock_record_does_not_bring_old_terms_back() {
    let (disk, guard, _) = disk_with(2).await;
    locks(&disk).release(guard).await.unwrap();
    for _ in 0..5 {
        let guard = locks(&disk).lock(info("x"), Duration::ZERO).await.unwrap();
        locks(&disk).release(guard).await.unwrap();
    }
    let guard = locks(&disk).lock(info("last"), Duration::ZERO).await.unwrap();
    let head = crate::testing::chain(&disk).load().await.unwrap().unwrap().head();
    let new = crate::testing::new_generation("last");
    crate::testing::chain(&disk).commit(&guard.permit(), Some(&head), new).await.unwrap();
    disk.tamper("lock", None);
    let next = locks(&disk).lock(info("next"), Duration::ZERO).await.unwrap();
    assert!(next.term() > guard.term());
    assert!(locks(&disk).verify(&guard).await.is_err());
}

#[tokio::test]
async fn a_damaged_record_says_how_to_go_on() {
    let (disk, guard, _) = disk_with(1).await;
    disk.tamper("lock", Some(b"nonsense"));
    let error = locks(&disk).release(guard).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("`lifeboat force-unlock`"), "{source}");
}

#[tokio::test]
async fn a_damaged_record_is_replaced_and_who_held_it_writes_no_more() {
    let (disk, guard, head) = disk_with(2).await;
    let locks = locks(&disk);
    assert!(!locks.replace_damaged("bob", "why").await.unwrap());
    assert_eq!(locks.damaged().await.unwrap(), None);
    disk.tamper("lock", Some(b"nonsense"));
    assert_eq!(locks.damaged().await.unwrap().unwrap(), "nonsense");
    assert!(locks.replace_damaged("bob", "why").await.unwrap());
    assert_eq!(locks.holder().await.unwrap(), None);
    assert!(matches!(locks.verify(&guard).await, Err(LockError::Lost { .. })));
    // However many terms went by without a generation, the next holder is above them.
    let next = locks.lock(info("next"), Duration::ZERO).await.unwrap();
    assert!(next.term() > guard.term() + 1_000_000);
    let new = new_generation("next");
    let committed = chain(&disk).commit(&next.permit(), head.as_ref(), new).await;
    assert_eq!(committed.unwrap().serial, 3);
}

#[tokio::test]
async fn an_id_is_used_by_one_living_process() {
    let folder = Folder::new();
    for locks in [locks(&MemoryDisk::new()), local(&folder)] {
        let first = locks.lock(info("same"), Duration::ZERO).await.unwrap();
        let second = locks.lock(info("same"), Duration::ZERO).await;
        assert!(matches!(second, Err(LockError::IdInUse { .. })), "{second:?}");
        locks.verify(&first).await.unwrap();
    }
    let bad = local(&folder).lock(info("../../x"), Duration::ZERO).await;
    assert!(matches!(bad, Err(LockError::Store(_))));
}

#[tokio::test]
async fn who_looks_at_the_dead_is_not_taken_for_the_living() {
    let folder = Folder::new();
    let files = LockFiles::new(folder.path());
    drop(files.claim("dead").await.unwrap());
    let looker = std::fs::File::open(folder.path().join("dead")).unwrap();
    looker.lock_shared().unwrap();
    assert!(files.is_dead("dead").await.unwrap());
    assert!(files.is_dead("never-was").await.unwrap());
    let _alive = files.claim("alive").await.unwrap();
    assert!(!files.is_dead("alive").await.unwrap());
}
