//! Storage that fails in every way and at every place: what is damaged is found, what is whole is
//! offered, and what was interrupted can be gone on with.
//!
//! Each sweep prints what it did. `LIFEBOAT_MATRIX=full` takes every bit, cut and call; without it
//! a sample that is the same in each run.
#![allow(
    clippy::disallowed_methods,
    reason = "how much is swept is asked of the environment, as of every full matrix"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::backend::{BackendError, StateBackend as _, StoreBackend};
use crate::digest::Digest;
use crate::generation::{GenerationError, Kept, Standing};
use crate::journal::{Frame, Intent, JournalError, RunBegin, RunEnd, RunId, RunStatus, replay};
use crate::model::State;
use crate::secret::{FixedKey, Key};
use crate::store::MemoryDisk;
use crate::store::memory::Fault;
use crate::testing::{LINEAGE, info, object};

/// Each `sample`th, or all.
fn every(sample: usize) -> usize {
    let full = std::env::var("LIFEBOAT_MATRIX").is_ok_and(|asked| asked == "full");
    if full { 1 } else { sample }
}

fn name(serial: u64) -> String {
    format!("generations/{serial:020}")
}

async fn backend(disk: &MemoryDisk) -> StoreBackend {
    let keys = FixedKey::new(Key::new([7; 32]), "the test's key");
    StoreBackend::memory(disk, Arc::new(keys)).await.unwrap()
}

/// A state with so many objects; `number` tells it from others.
fn state(number: u64, objects: usize) -> State {
    let mut state = State::new(LINEAGE, "0.1.0");
    for i in 0..objects {
        let address = format!("aws_s3_bucket.b{i:03}");
        let value = Digest::of(format!("{number} {i}").as_bytes());
        let document = format!(r#"{{"type":"string","value":"{value}","sensitive":[]}}"#);
        state.objects.insert(address.clone(), object(&address, &document));
    }
    state
}

/// A state whose generation takes 64 KiB.
fn large(number: u64) -> State {
    state(number, 178)
}

/// A disk with so many generations of 64 KiB.
async fn disk_of(generations: u64) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let backend = backend(&disk).await;
    let guard = backend.lock(info("writer"), Duration::ZERO).await.unwrap();
    let mut head = None;
    for number in 1..=generations {
        let (commit, state) = (format!("c{number}"), large(number));
        head = Some(backend.commit(&guard, head.as_ref(), &commit, &state).await.unwrap());
    }
    backend.unlock(guard).await.unwrap();
    let size = disk.peek(&name(generations)).unwrap().len();
    assert!((65_536..70_000).contains(&size), "{size} bytes");
    disk
}

/// What a load tells: the state's serial, or which is damaged and which is offered.
async fn told(disk: &MemoryDisk) -> Result<u64, (u64, Option<u64>)> {
    match backend(disk).await.load().await {
        Ok(loaded) => Ok(loaded.unwrap().state.serial),
        Err(BackendError::Generation(GenerationError::Damaged { serial, offer, .. })) => {
            Err((serial, offer))
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn storage_every_flipped_bit_of_a_large_state_is_found_and_the_one_before_offered() {
    let disk = disk_of(2).await;
    let whole = disk.peek(&name(2)).unwrap();
    let (mut flips, mut undetected) = (0, 0);
    for bit in (0..65_536 * 8).step_by(every(251)) {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        disk.tamper(&name(2), Some(&bytes));
        flips += 1;
        match told(&disk).await {
            Ok(_) => undetected += 1,
            Err(found) => assert_eq!(found, (2, Some(1)), "bit {bit}"),
        }
    }
    println!("{flips} flips of a state of {} bytes, {undetected} undetected", whole.len());
    assert_eq!(undetected, 0);
    disk.tamper(&name(2), Some(&whole));
    assert_eq!(told(&disk).await, Ok(2));
}

#[tokio::test]
async fn storage_every_cut_of_a_large_state_is_found_and_the_one_before_offered() {
    let disk = disk_of(2).await;
    let whole = disk.peek(&name(2)).unwrap();
    let (mut cuts, mut undetected) = (0, 0);
    for cut in (0..whole.len()).step_by(every(61)) {
        disk.tamper(&name(2), Some(&whole[..cut]));
        cuts += 1;
        match told(&disk).await {
            Ok(_) => undetected += 1,
            Err(found) => assert_eq!(found, (2, Some(1)), "cut {cut}"),
        }
    }
    println!("{cuts} cuts of a state of {} bytes, {undetected} undetected", whole.len());
    assert_eq!(undetected, 0);
}

/// An older generation under a newer name, a newer one under an older name, one twice, two that
/// changed places, and one that is gone.
#[tokio::test]
async fn storage_generations_in_each_others_places_are_found() {
    const COUNT: u64 = 6;
    let disk = disk_of(COUNT).await;
    let all: Vec<_> = (1..=COUNT).map(|serial| disk.peek(&name(serial)).unwrap()).collect();
    let bytes = |serial: u64| &all[usize::try_from(serial - 1).unwrap()];
    let (mut swaps, mut undetected) = (0, 0);
    let mut judge = async |disk: &MemoryDisk, touched: &[u64], what: &str| {
        swaps += 1;
        let survey = backend(disk).await.survey().await.unwrap();
        let whole = |kept: &&Kept| matches!(kept.standing, Standing::Whole(_));
        let whole: Vec<u64> = survey.kept.iter().filter(whole).map(|kept| kept.serial).collect();
        undetected += touched.iter().filter(|serial| whole.contains(serial)).count();
        match told(disk).await {
            // Who reads the newest need not care for what is older.
            Ok(serial) => assert!(serial == COUNT && !touched.contains(&COUNT), "{what}"),
            Err((serial, offer)) => {
                assert!(touched.contains(&serial), "{what}: {serial} is whole");
                let best = (1..=COUNT).rev().find(|serial| !touched.contains(serial));
                assert_eq!(offer, best, "{what}");
            }
        }
    };
    for from in 1..=COUNT {
        for to in (1..=COUNT + 1).filter(|to| *to != from) {
            disk.tamper(&name(to), Some(bytes(from)));
            judge(&disk, &[to], &format!("{from} as {to}")).await;
            if to <= COUNT {
                disk.tamper(&name(from), Some(bytes(to)));
                judge(&disk, &[from, to], &format!("{from} and {to} swapped")).await;
                disk.tamper(&name(from), Some(bytes(from)));
            }
            disk.tamper(&name(to), (to <= COUNT).then(|| &bytes(to)[..]));
        }
    }
    println!("{swaps} replays and swaps of {COUNT} generations, {undetected} undetected");
    assert_eq!(undetected, 0);
    assert_eq!(told(&disk).await, Ok(COUNT));
}

fn begin(run: &str) -> RunBegin {
    RunBegin {
        run: RunId::new(run).unwrap(),
        command: "apply".to_owned(),
        plan_digest: format!("digest-{run}"),
        plan: "plan".into(),
        base_serial: 1,
        lineage: LINEAGE.to_owned(),
        epoch: 1,
        term: 1,
        tool_version: "0.1.0".to_owned(),
        at: String::new(),
    }
}

fn intent(step: &str) -> Frame {
    let members = vec![format!("aws_s3_bucket.{step}")];
    Frame::Intent(Intent { step: step.into(), token: format!("token-{step}"), members })
}

fn end(serial: u64) -> Frame {
    Frame::RunEnd(RunEnd { status: RunStatus::Folded, serial, at: String::new() })
}

/// Every cut and every flipped bit of a journal of several appends: what is left is what was
/// written first, or damage is told.
#[tokio::test]
async fn storage_every_cut_and_every_flipped_bit_of_a_journal_is_found() {
    let disk = MemoryDisk::new();
    let backend = backend(&disk).await;
    let guard = backend.lock(info("writer"), Duration::ZERO).await.unwrap();
    let mut journal = backend.journal_begin(&guard, begin("r")).await.unwrap();
    for wave in 0..4 {
        let intents: Vec<Frame> = (0..3).map(|i| intent(&format!("s{wave}{i}"))).collect();
        journal.append(&intents).await.unwrap();
    }
    let run = RunId::new("r").unwrap();
    let all = backend.journal_read(&run).await.unwrap().frames;
    let whole = disk.peek("journal/r").unwrap();
    let bits = whole.len() * 8;
    let cuts = (0..whole.len()).map(|cut| (cut, whole[..cut].to_vec()));
    let flips = (0..bits).step_by(every(13)).map(|bit| {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        (bit, bytes)
    });
    let (mut harmed, mut torn, mut damaged, mut undetected) = (0, 0, 0, 0);
    for (at, bytes) in cuts.chain(flips) {
        harmed += 1;
        let shorter = bytes.len() < whole.len();
        disk.tamper("journal/r", Some(&bytes));
        match backend.journal_read(&run).await {
            Ok(read) => {
                assert_eq!(read.frames, all[..read.frames.len()], "at {at}");
                let at_a_border = shorter && (at == 0 || whole[at - 1] == b'\n');
                torn += u32::from(read.dropped_tail);
                undetected += u32::from(!read.dropped_tail && !at_a_border);
                assert_eq!(replay(&read.frames).is_ok(), !read.frames.is_empty(), "at {at}");
            }
            Err(BackendError::Journal(JournalError::Damaged { .. })) => damaged += 1,
            Err(other) => panic!("at {at}: {other:?}"),
        }
    }
    println!(
        "{harmed} cuts and flips of a journal of {} bytes: {torn} torn, {damaged} damaged, \
         {undetected} undetected",
        whole.len()
    );
    assert_eq!(undetected, 0);
}

fn small(number: u64) -> State {
    state(number, 3)
}

/// What is done to state while its disk fails.
#[derive(Clone, Copy, Debug)]
enum Act {
    Lock,
    Unlock,
    Commit,
    Restore,
    Begin,
    Append,
}

/// Two generations and an open run; then the act, at whose n-th call the disk fails. Whether it
/// was struck, and whether it succeeded.
async fn act(act: Act, fault: Fault, nth: u64, lasting: bool) -> (MemoryDisk, bool, bool) {
    let disk = MemoryDisk::new();
    let backend = backend(&disk).await;
    let guard = backend.lock(info("before"), Duration::ZERO).await.unwrap();
    let one = backend.commit(&guard, None, "c1", &small(1)).await.unwrap();
    let two = backend.commit(&guard, Some(&one), "c2", &small(2)).await.unwrap();
    let mut journal = backend.journal_begin(&guard, begin("open")).await.unwrap();
    let mut guard = Some(guard);
    if matches!(act, Act::Lock) {
        backend.unlock(guard.take().unwrap()).await.unwrap();
    }
    disk.fail(nth, fault, lasting);
    let done = match (act, guard) {
        (Act::Unlock, Some(guard)) => backend.unlock(guard).await.is_ok(),
        (Act::Commit, Some(guard)) => {
            backend.commit(&guard, Some(&two), "c3", &small(3)).await.is_ok()
        }
        (Act::Restore, Some(guard)) => backend.restore(&guard, 1, "c3").await.is_ok(),
        (Act::Begin, Some(guard)) => backend.journal_begin(&guard, begin("new")).await.is_ok(),
        (Act::Append, _) => journal.append(&[intent("s1")]).await.is_ok(),
        (_, _) => backend.lock(info("during"), Duration::ZERO).await.is_ok(),
    };
    let struck = disk.struck() > 0;
    disk.heal();
    (disk, struck, done)
}

/// After the boot: state is whole and no older than what was told, the lock can be taken, every
/// open run can be read and ended, and the next commit follows.
async fn recovers(disk: &MemoryDisk, what: &str) -> u64 {
    let backend = backend(disk).await;
    let guard = backend.lock(info("after"), Duration::ZERO).await.unwrap();
    for open in backend.open_runs().await.unwrap() {
        assert!(open.run.is_ok(), "{what}: {:?}", open.run);
        let (mut journal, _) = backend.journal_resume(&guard, &open.id, "").await.unwrap();
        journal.append(&[end(2)]).await.unwrap();
    }
    let loaded = backend.load().await.unwrap().unwrap();
    let serial = loaded.state.serial;
    let next = backend.commit(&guard, Some(&loaded.head), "next", &small(9)).await.unwrap();
    assert_eq!(next.serial, serial + 1, "{what}");
    backend.unlock(guard).await.unwrap();
    serial
}

#[tokio::test]
async fn storage_after_a_fault_at_any_call_of_anything_state_can_be_gone_on_with() {
    let acts = [Act::Lock, Act::Unlock, Act::Commit, Act::Restore, Act::Begin, Act::Append];
    let faults = [Fault::NoSpace, Fault::Io, Fault::LostReply];
    let cases = acts.iter().flat_map(|a| faults.iter().map(move |f| (*a, *f)));
    for (what, fault) in cases.flat_map(|(a, f)| [(a, (f, false)), (a, (f, true))]) {
        let (fault, lasting) = fault;
        let mut injected = 0;
        let mut survived = 0;
        for nth in 1..200 {
            let (disk, struck, done) = act(what, fault, nth, lasting).await;
            for keep in [0, usize::MAX] {
                let text = format!("{what:?}, {fault:?} at {nth}, keeping {keep}");
                let after = disk.crash(|unsynced| unsynced.units.min(keep));
                let serial = recovers(&after, &text).await;
                let commits = matches!(what, Act::Commit | Act::Restore);
                let told = if done && commits { serial == 3 } else { serial == 2 || commits };
                assert!(told, "{text}: generation {serial}");
            }
            if !struck {
                assert!(done, "{what:?}: untouched, and failed");
                break;
            }
            (injected, survived) = (injected + 1, survived + u32::from(done));
        }
        println!(
            "{what:?}, {fault:?}, lasting {lasting}: {injected} faults, {survived} did no harm, 0 \
             states lost"
        );
        assert!(injected > 0, "{what:?} makes no call");
    }
}
