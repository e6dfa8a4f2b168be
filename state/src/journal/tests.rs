//! Journals: any prefix replays, damage is told from a torn end, nothing follows a failed append.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::Document;
use crate::store::memory::Fault;
use crate::store::{MemoryDisk, Name, Segments};
use crate::testing::{LINEAGE, sealer};

const AT: &str = "2026-11-20T13:00:00Z";

fn journals(disk: &MemoryDisk) -> Journals {
    Journals::new(Arc::new(disk.clone()), Arc::new(sealer()))
}

fn run_id(text: &str) -> RunId {
    RunId::new(text).unwrap()
}

fn begin(run: &str) -> RunBegin {
    RunBegin {
        run: run_id(run),
        command: "apply".to_owned(),
        plan_digest: "d".repeat(64),
        plan: Bytes::from_static(b"the whole plan\n\xff"),
        base_serial: 3,
        lineage: LINEAGE.to_owned(),
        epoch: 1,
        term: 5,
        tool_version: "0.1.0".to_owned(),
        at: AT.to_owned(),
    }
}

fn document(text: &str) -> Document {
    Document::from_text(text).unwrap()
}

fn intent(step: &str) -> Frame {
    let members = vec![format!("{step}.a"), format!("{step}.b")];
    Frame::Intent(Intent { step: step.into(), token: format!("token-{step}"), members })
}

fn identified(step: &str, member: &str) -> Frame {
    let (step, member) = (step.into(), format!("{step}.{member}"));
    Frame::Identified(Identified { step, member, id: "i-1".to_owned() })
}

fn outcome(step: &str, member: &str, result: StepResult) -> Frame {
    Frame::Outcome(Outcome { step: step.into(), member: format!("{step}.{member}"), result })
}

fn done() -> StepResult {
    StepResult::Done { document: Some(document(r#"{"type":"string","value":"x","sensitive":[]}"#)) }
}

fn settled(step: &str, member: &str, verdict: Verdict) -> Frame {
    Frame::Settled(Settled { step: step.into(), member: format!("{step}.{member}"), verdict })
}

fn end(serial: u64) -> Frame {
    Frame::RunEnd(RunEnd { status: RunStatus::Done, serial, at: AT.to_owned() })
}

/// A run in four appends.
fn appends() -> [Vec<Frame>; 4] {
    let failed = StepResult::Failed {
        class: "throttled".to_owned(),
        message: "slow down".to_owned(),
        half_made: Some(document(r#"{"value":1}"#)),
    };
    [
        vec![intent("s1"), intent("s2")],
        vec![identified("s1", "a"), outcome("s1", "a", done()), outcome("s1", "b", failed)],
        vec![
            outcome("s2", "a", StepResult::InDoubt { message: "deadline".to_owned() }),
            settled("s2", "a", Verdict::Done { document: None }),
            settled("s2", "b", Verdict::NotDone),
            intent("s3"),
        ],
        vec![Frame::StateCommitted(StateCommitted { serial: 4, digest: "e".repeat(64) })],
    ]
}

async fn written(disk: &MemoryDisk) -> Journal {
    let mut journal = journals(disk).begin(begin("r")).await.unwrap();
    for frames in appends() {
        journal.append(&frames).await.unwrap();
    }
    journal
}

async fn read(disk: &MemoryDisk) -> Result<Recorded, JournalError> {
    journals(disk).read(&run_id("r")).await
}

fn bytes_of(disk: &MemoryDisk) -> Vec<u8> {
    disk.peek("journal/r").unwrap().to_vec()
}

#[tokio::test]
async fn what_is_written_reads_back_and_replays() {
    let disk = MemoryDisk::new();
    written(&disk).await;
    let recorded = read(&disk).await.unwrap();
    let expected = std::iter::once(Frame::RunBegin(begin("r")));
    let expected: Vec<Frame> = expected.chain(appends().concat()).collect();
    assert_eq!(recorded.frames, expected);
    assert_eq!((recorded.dropped_tail, recorded.superseded), (false, 0));

    let run = replay(&recorded.frames).unwrap();
    assert_eq!(run.begin, begin("r"));
    assert_eq!(run.committed.len(), 1);
    assert_eq!(run.status(&"s1".into(), "s1.a"), StepStatus::Done);
    assert_eq!(run.status(&"s1".into(), "s1.b"), StepStatus::Failed);
    assert_eq!(run.status(&"s2".into(), "s2.b"), StepStatus::NotDone);
    assert_eq!(run.status(&"s9".into(), "s9.a"), StepStatus::NeverStarted);
    let doubted: Vec<_> = run.in_doubt().map(|(step, _)| step.0.as_str()).collect();
    assert_eq!(doubted, ["s3"]);
    let first = &run.steps[&"s1".into()];
    assert_eq!((first.token.as_str(), first.status()), ("token-s1", StepStatus::Failed));
    assert_eq!(first.members["s1.a"].ids, ["i-1"]);
    assert_eq!(first.members["s1.b"].failure.as_ref().unwrap().message, "slow down");
    assert_eq!(first.members["s1.b"].document, Some(document(r#"{"value":1}"#)));
    assert_eq!(run.steps[&"s2".into()].members["s2.a"].failure, None);
}

#[tokio::test]
async fn every_append_is_one_write_and_one_sync() {
    let disk = MemoryDisk::new();
    let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
    for frames in appends() {
        let before = disk.calls();
        journal.append(&frames).await.unwrap();
        assert_eq!(disk.calls() - before, 2);
    }
    let before = disk.calls();
    journal.append(&[]).await.unwrap();
    assert_eq!(disk.calls(), before);
}

#[tokio::test]
async fn any_cut_replays_to_a_prefix_and_a_torn_end_is_told() {
    let disk = MemoryDisk::new();
    written(&disk).await;
    let all = read(&disk).await.unwrap().frames;
    let whole = bytes_of(&disk);
    for cut in 0..whole.len() {
        disk.tamper("journal/r", Some(&whole[..cut]));
        let recorded = read(&disk).await.unwrap();
        assert_eq!(recorded.frames, all[..recorded.frames.len()], "cut {cut}");
        let at_a_border = cut == 0 || whole[cut - 1] == b'\n';
        assert_eq!(recorded.dropped_tail, !at_a_border, "cut {cut}");
        let run = replay(&recorded.frames);
        assert_eq!(run.is_ok(), !recorded.frames.is_empty(), "cut {cut}");
    }
}

#[tokio::test]
async fn a_flipped_bit_is_a_damaged_middle_or_in_the_last_append_a_torn_end() {
    let disk = MemoryDisk::new();
    written(&disk).await;
    let whole = bytes_of(&disk);
    let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap();
    // One bit of each byte, all of the last bytes of each line.
    let lines = (0..whole.len()).filter(|&byte| byte == 0 || whole[byte - 1] == b'\n');
    let near = lines.flat_map(|line| line.saturating_sub(2) * 8..(line + 2) * 8);
    for bit in (0..whole.len()).map(|byte| byte * 8 + byte % 8).chain(near) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        disk.tamper("journal/r", Some(&bytes));
        let sequence = whole[..bit / 8].iter().filter(|&&byte| byte == b'\n').count() as u64;
        match read(&disk).await {
            Err(JournalError::Damaged { sequence: named, .. }) => {
                assert!(bit / 8 <= last, "bit {bit}");
                assert_eq!(named, sequence, "bit {bit}");
            }
            Ok(recorded) => assert!(recorded.dropped_tail && bit / 8 > last, "bit {bit}"),
            Err(error) => panic!("bit {bit}: {error}"),
        }
    }
}

#[tokio::test]
async fn lines_that_were_moved_removed_or_replaced_are_damage() {
    let disk = MemoryDisk::new();
    written(&disk).await;
    let whole = String::from_utf8(bytes_of(&disk)).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let mut without = lines.clone();
    without.remove(2);
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    let mut twice = lines.clone();
    twice.insert(3, lines[2]);
    for text in [without.concat(), swapped.concat(), twice.concat()] {
        disk.tamper("journal/r", Some(text.as_bytes()));
        assert!(matches!(read(&disk).await, Err(JournalError::Damaged { .. })), "{text}");
    }
    disk.tamper("journal/r", Some(whole.as_bytes()));
    Segments::create(&disk, &Name::new("journal/other").unwrap()).await.unwrap();
    disk.tamper("journal/other", Some(whole.as_bytes()));
    let other = journals(&disk).read(&run_id("other")).await;
    assert!(matches!(other, Err(JournalError::Damaged { sequence: 0, .. })));
}

/// A power cut may keep the end of an append and lose its beginning.
#[tokio::test]
async fn an_append_with_a_hole_is_a_torn_end() {
    let disk = MemoryDisk::new();
    let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
    journal.append(&appends()[0]).await.unwrap();
    let before = bytes_of(&disk).len();
    journal.append(&appends()[1]).await.unwrap();
    for hole in [1, 40, 300] {
        let mut bytes = bytes_of(&disk);
        bytes[before..before + hole].fill(0);
        disk.tamper("journal/r", Some(&bytes));
        let recorded = read(&disk).await.unwrap();
        assert_eq!((recorded.frames.len(), recorded.dropped_tail), (3, true));
    }
}

#[tokio::test]
async fn after_a_failed_append_nothing_is_written() {
    for (nth, fault) in [
        (1, Fault::NoSpace),
        (1, Fault::Io),
        (2, Fault::Io),
        (2, Fault::NoSpace),
        (2, Fault::LostReply),
    ] {
        let disk = MemoryDisk::new();
        let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
        disk.fail(nth, fault, false);
        let failed = journal.append(&[intent("s1")]).await;
        assert!(matches!(failed, Err(JournalError::Store(_))), "{failed:?}");
        let (calls, bytes) = (disk.calls(), bytes_of(&disk));
        let after = journal.append(&[intent("s2")]).await;
        assert!(matches!(after, Err(JournalError::Poisoned { .. })), "{after:?}");
        assert_eq!((disk.calls(), bytes_of(&disk)), (calls, bytes));
        for keep in [0, 7, usize::MAX] {
            let rebooted = disk.crash(|unsynced| unsynced.units.min(keep));
            let (_, run) = journals(&rebooted).resume(&run_id("r"), 6, AT).await.unwrap();
            assert!(run.steps.len() <= 1);
        }
    }
}

#[tokio::test]
async fn an_append_that_was_given_up_poisons_the_journal() {
    let disk = MemoryDisk::new();
    let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
    {
        let frames = [intent("s1")];
        let mut append: std::pin::Pin<Box<dyn Future<Output = _> + '_>> =
            Box::pin(journal.append(&frames));
        assert!(crate::testing::poll_times(&mut append, 1).await.is_none());
    }
    let after = journal.append(&[intent("s1")]).await;
    assert!(matches!(after, Err(JournalError::Poisoned { .. })));
}

#[tokio::test]
async fn what_cannot_follow_is_refused_before_it_is_written() {
    let disk = MemoryDisk::new();
    let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
    let calls = disk.calls();
    let illegal = [
        vec![outcome("s1", "a", done())],
        vec![intent("s1"), intent("s1")],
        vec![intent("s1"), outcome("s1", "c", done())],
        vec![Frame::RunBegin(begin("r"))],
        vec![end(3), intent("s1")],
        vec![intent("s1"), outcome("s1", "a", done()), identified("s1", "a")],
    ];
    for frames in illegal {
        let refused = journal.append(&frames).await;
        assert!(matches!(refused, Err(JournalError::Illegal { .. })), "{frames:?}");
    }
    assert_eq!(disk.calls(), calls);
    journal.append(&[intent("s1")]).await.unwrap();
    assert_eq!(journal.status(&"s1".into(), "s1.a"), StepStatus::InDoubt);
}

#[tokio::test]
async fn a_step_without_objects_is_its_own_member() {
    let disk = MemoryDisk::new();
    let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
    let intent = Intent { step: "gate".into(), token: "t".to_owned(), members: Vec::new() };
    journal.append(&[Frame::Intent(intent)]).await.unwrap();
    let result = StepResult::Done { document: None };
    let outcome = Outcome { step: "gate".into(), member: "gate".to_owned(), result };
    journal.append(&[Frame::Outcome(outcome)]).await.unwrap();
    assert_eq!(journal.status(&"gate".into(), "gate"), StepStatus::Done);
}

#[tokio::test]
async fn a_run_goes_on_in_a_part_of_its_own() {
    let disk = MemoryDisk::new();
    let mut first = journals(&disk).begin(begin("r")).await.unwrap();
    first.append(&[intent("s1")]).await.unwrap();
    let before = bytes_of(&disk);

    let (mut second, run) = journals(&disk).resume(&run_id("r"), 6, AT).await.unwrap();
    assert_eq!((run.term, run.dropped_tail), (6, false));
    assert_eq!(run.in_doubt().count(), 1);
    second.append(&[settled("s1", "a", Verdict::NotDone)]).await.unwrap();
    let repeated = second.append(&[intent("s1")]).await;
    assert!(matches!(repeated, Err(JournalError::Illegal { .. })), "s1.b is still in doubt");
    assert_eq!(bytes_of(&disk), before);

    let (mut third, run) = journals(&disk).resume(&run_id("r"), 7, AT).await.unwrap();
    assert_eq!(run.status(&"s1".into(), "s1.a"), StepStatus::NotDone);
    third.append(&[end(3)]).await.unwrap();
    assert_eq!(disk.names(), ["journal/r", "journal/r+2", "journal/r+3"]);
    let ended = journals(&disk).resume(&run_id("r"), 8, AT).await;
    assert!(matches!(ended, Err(JournalError::Ended { .. })));
}

#[tokio::test]
async fn a_torn_end_stays_known_however_often_the_run_is_resumed() {
    let disk = MemoryDisk::new();
    let mut first = journals(&disk).begin(begin("r")).await.unwrap();
    disk.fail(1, Fault::NoSpace, false);
    first.append(&[intent("s1")]).await.unwrap_err();
    for term in 6..9 {
        let (mut journal, run) = journals(&disk).resume(&run_id("r"), term, AT).await.unwrap();
        assert!(run.dropped_tail, "{term}");
        let Frame::Intent(intent) = intent("s1") else { unreachable!() };
        journal.append(&[Frame::Doubted(intent)]).await.unwrap();
    }
    let (_, run) = journals(&disk).resume(&run_id("r"), 9, AT).await.unwrap();
    assert_eq!(run.in_doubt().count(), 1);
}

#[tokio::test]
async fn what_a_late_process_appends_is_recognised() {
    let disk = MemoryDisk::new();
    let mut asleep = journals(&disk).begin(begin("r")).await.unwrap();
    let (mut second, _) = journals(&disk).resume(&run_id("r"), 6, AT).await.unwrap();
    asleep.append(&[intent("s1")]).await.unwrap();
    second.append(&[intent("s2")]).await.unwrap();
    let recorded = read(&disk).await.unwrap();
    assert_eq!(recorded.superseded, 1);
    assert_eq!(recorded.frames.len(), 3);
    assert_eq!(recorded.frames[2], intent("s2"));
    let (_, run) = journals(&disk).resume(&run_id("r"), 7, AT).await.unwrap();
    assert!(run.dropped_tail, "what the late process called is not known");
}

#[tokio::test]
async fn a_part_that_never_began_is_passed_over() {
    let disk = MemoryDisk::new();
    let mut first = journals(&disk).begin(begin("r")).await.unwrap();
    first.append(&[intent("s1")]).await.unwrap();
    for nth in 2..=4 {
        disk.fail(nth + 2, Fault::NoSpace, false);
        let failed = journals(&disk).resume(&run_id("r"), 6, AT).await;
        disk.heal();
        drop(failed);
        let crashed = disk.crash(|unsynced| unsynced.units / 2);
        let (mut journal, run) = journals(&crashed).resume(&run_id("r"), 7, AT).await.unwrap();
        assert_eq!(run.in_doubt().count(), 1);
        journal.append(&[settled("s1", "a", Verdict::NotDone)]).await.unwrap();
        journals(&crashed).read(&run_id("r")).await.unwrap();
    }
}

#[tokio::test]
async fn open_runs_are_those_without_an_end() {
    let disk = MemoryDisk::new();
    assert!(journals(&disk).open_runs().await.unwrap().is_empty());
    written(&disk).await;
    let mut ended = journals(&disk).begin(begin("ended")).await.unwrap();
    ended.append(&[intent("s1"), end(4)]).await.unwrap();
    disk.fail(4, Fault::Io, false);
    journals(&disk).begin(begin("never-began")).await.unwrap_err();
    let mut bad = journals(&disk).begin(begin("bad")).await.unwrap();
    bad.append(&[intent("s1")]).await.unwrap();
    let mut bytes = disk.peek("journal/bad").unwrap().to_vec();
    bytes[20] ^= 1;
    disk.tamper("journal/bad", Some(&bytes));

    let disk = disk.crash(|_| 3);
    let open = journals(&disk).open_runs().await.unwrap();
    let ids: Vec<_> = open.iter().map(|open| open.id.as_str()).collect();
    assert_eq!(ids, ["bad", "r"]);
    assert!(matches!(open[0].run, Err(JournalError::Damaged { sequence: 0, .. })));
    assert_eq!(open[1].run.as_ref().unwrap().begin.plan, begin("r").plan);
    let never = journals(&disk).resume(&run_id("never-began"), 6, AT).await;
    assert!(matches!(never, Err(JournalError::NeverBegan { .. })));
    let none = journals(&disk).read(&run_id("none")).await;
    assert!(matches!(none, Err(JournalError::NotFound { .. })));
    let twice = journals(&disk).begin(begin("r")).await;
    assert!(matches!(twice, Err(JournalError::Exists { .. })));
}

#[tokio::test]
async fn the_newest_finished_runs_are_kept_and_open_ones_always() {
    let disk = MemoryDisk::new();
    journals(&disk).begin(begin("open")).await.unwrap();
    for number in 0..KEEP as u64 + 3 {
        let id = format!("run-{}", 900 - number);
        journals(&disk).begin(begin(&id)).await.unwrap();
        let (mut second, _) = journals(&disk).resume(&run_id(&id), 6, AT).await.unwrap();
        second.append(&[end(number)]).await.unwrap();
    }
    journals(&disk).prune().await.unwrap();
    let names = disk.names();
    assert_eq!(names.len(), 1 + 2 * KEEP);
    assert!(names.contains(&"journal/open".to_owned()));
    assert!(!names.contains(&"journal/run-898".to_owned()));
    assert!(names.contains(&"journal/run-897+2".to_owned()));
    // Interrupted while removing: what is left still counts as finished.
    disk.tamper("journal/run-897", None);
    assert_eq!(journals(&disk).open_runs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn sensitive_values_are_sealed_in_the_journal() {
    let disk = MemoryDisk::new();
    let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
    let secret = document(r#"{"value":{"p":"hunter2"},"sensitive":[["p"]]}"#);
    let result = StepResult::Done { document: Some(secret.clone()) };
    let failed = StepResult::Failed {
        class: String::new(),
        message: String::new(),
        half_made: Some(secret.clone()),
    };
    journal.append(&[intent("s1"), intent("s2"), intent("s3")]).await.unwrap();
    let settled = settled("s2", "a", Verdict::Done { document: Some(secret.clone()) });
    let frames = [outcome("s1", "a", result), settled, outcome("s3", "a", failed)];
    journal.append(&frames).await.unwrap();
    let text = String::from_utf8(bytes_of(&disk)).unwrap();
    assert!(!text.contains("hunter2"));
    assert_eq!(text.matches(r#"{"p":{"sealed":""#).count(), 3);
    assert!(journals(&disk).is_sealed().await.unwrap());
    assert_eq!(read(&disk).await.unwrap().frames[4..], frames);

    let without = Journals::new(Arc::new(disk.clone()), Arc::new(Sealer::without_key("key")));
    assert!(matches!(without.read(&run_id("r")).await, Err(JournalError::Secret(_))));
    let mut journal = without.begin(begin("r2")).await.unwrap();
    journal.append(&[intent("s1")]).await.unwrap();
    let result = StepResult::Done { document: Some(secret) };
    let refused = journal.append(&[outcome("s1", "a", result)]).await;
    assert!(matches!(refused, Err(JournalError::Secret(_))));
}

#[tokio::test]
async fn a_newer_format_names_both_versions() {
    let disk = MemoryDisk::new();
    journals(&disk).begin(begin("r")).await.unwrap();
    let mut bytes = bytes_of(&disk);
    let newer = line::encode(1, Digest::of(&bytes), r#"{"v":2,"batch":1,"new":true}"#);
    bytes.extend_from_slice(newer.as_bytes());
    disk.tamper("journal/r", Some(&bytes));
    let error = read(&disk).await.unwrap_err();
    assert!(matches!(error, JournalError::Newer { found: 2, supported: 1, .. }), "{error:?}");
}

/// Frames that may follow one another, chosen by numbers.
fn history(choices: &[(u8, u8)]) -> Vec<Frame> {
    let mut progress = Progress::default();
    let mut frames = vec![Frame::RunBegin(begin("r"))];
    progress.apply(&frames[0]).unwrap();
    for (step, what) in choices {
        let step = format!("s{}", step % 4);
        let failed = StepResult::Failed {
            class: "c".to_owned(),
            message: "\u{1b}[31m\n".to_owned(),
            half_made: None,
        };
        let frame = match what % 8 {
            0 => intent(&step),
            1 => identified(&step, "a"),
            2 => outcome(&step, "a", done()),
            3 => outcome(&step, "b", failed),
            4 => settled(&step, "b", Verdict::NotDone),
            5 => settled(&step, "a", Verdict::Done { document: None }),
            6 => Frame::StateCommitted(StateCommitted { serial: 1, digest: String::new() }),
            _ => outcome(&step, "b", StepResult::InDoubt { message: String::new() }),
        };
        if progress.apply(&frame).is_ok() {
            frames.push(frame);
        }
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..Default::default() })]

    #[test]
    fn any_prefix_of_any_journal_replays_and_goes_on(
        choices in prop::collection::vec((any::<u8>(), any::<u8>()), 0..40),
        sizes in prop::collection::vec(1usize..5, 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let frames = history(&choices);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let disk = MemoryDisk::new();
            let mut journal = journals(&disk).begin(begin("r")).await.unwrap();
            let mut rest = &frames[1..];
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*size).min(rest.len()));
                journal.append(now).await.unwrap();
                rest = later;
            }
            let bytes = bytes_of(&disk);
            disk.tamper("journal/r", Some(&bytes[..cut.index(bytes.len() + 1)]));
            let recorded = read(&disk).await.unwrap();
            assert_eq!(recorded.frames, frames[..recorded.frames.len()]);
            if recorded.frames.is_empty() {
                return;
            }
            let run = replay(&recorded.frames).unwrap();
            let (mut journal, resumed) = journals(&disk).resume(&run_id("r"), 9, AT).await.unwrap();
            assert_eq!(resumed.steps, run.steps);
            journal.append(&[end(1)]).await.unwrap();
            let last = read(&disk).await.unwrap();
            assert_eq!(last.frames.len(), recorded.frames.len() + 2);
            assert!(journals(&disk).open_runs().await.unwrap().is_empty());
        });
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut lines = read::Lines::default();
        if lines.add_part(&run_id("r"), 1, &bytes).is_ok() {
            prop_assert!(lines.open(&run_id("r"), &sealer()).unwrap().frames.is_empty());
        }
        prop_assert_eq!(read::end(&run_id("r"), &bytes), None);
    }
}
