//! The backend as the engine uses it, in memory and in a folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::generation::GenerationError;
use crate::journal::{Frame, Intent, Outcome, RunEnd, RunStatus, StepResult, StepStatus};
use crate::lock::LockError;
use crate::model::{Document, Index, Output};
use crate::secret::{FixedKey, Key, KeyFile, KeySource as _, SecretError};
use crate::store::MemoryDisk;
use crate::store::memory::Fault;
use crate::testing::{Folder, LINEAGE, info, object, state_with};

const AT: &str = "2026-11-20T13:00:00Z";
const CANARY: &str = "correct-horse-battery";

async fn memory(disk: &MemoryDisk) -> StoreBackend {
    let keys = Arc::new(FixedKey::new(Key::new([7; 32]), "the test's key"));
    StoreBackend::memory(disk, keys).await.unwrap()
}

fn secret_document() -> String {
    format!(r#"{{"type":"string","value":{{"p":"{CANARY}"}},"unknown":[],"sensitive":[["p"]]}}"#)
}

/// A state that uses every field, with secrets in every kind of document.
fn full_state() -> State {
    let mut state = state_with(&[("aws_s3_bucket.a", r#"{"value":1.10,"sensitive":[]}"#)]);
    let mut record = object("module.m[0].aws_db_instance.b[\"us-east-1\"]", &secret_document());
    record.module = "module.m[0]".to_owned();
    record.index = Some(Index::Text("us-east-1".to_owned()));
    record.stale = Some("us-east-1 is unreachable".to_owned());
    record.deposed.push(crate::model::Deposed {
        key: "00000001".to_owned(),
        provider: record.provider.clone(),
        schema_version: 2,
        document: Document::from_text(&secret_document()).unwrap(),
        identity: Some("db-1".to_owned()),
        depends_on: vec!["aws_s3_bucket.a".to_owned()],
        scope: record.scope.clone(),
        retired: None,
    });
    state.objects.insert(record.address.clone(), record);
    let document = Document::from_text(&secret_document()).unwrap();
    state.outputs.insert("o".to_owned(), Output { document, sensitive: true });
    state.note_consumed("d1");
    state
}

fn begin(run: &str, plan: &str, term: u64) -> RunBegin {
    RunBegin {
        run: RunId::new(run).unwrap(),
        command: "apply".to_owned(),
        plan_digest: plan.to_owned(),
        plan: Bytes::from_static(b"plan"),
        base_serial: 0,
        lineage: LINEAGE.to_owned(),
        epoch: 1,
        term,
        tool_version: "0.1.0".to_owned(),
        at: AT.to_owned(),
    }
}

fn intent(step: &str) -> Frame {
    let members = vec!["aws_s3_bucket.a".to_owned()];
    Frame::Intent(Intent { step: step.into(), token: "t".to_owned(), members })
}

/// One apply: lock, journal, commit, unlock.
async fn apply(backend: &StoreBackend, state: &State, run: &str) -> Head {
    let guard = backend.lock(info(run), Duration::ZERO).await.unwrap();
    let base = backend.load().await.unwrap().map(|loaded| loaded.head);
    let begin = begin(run, &format!("plan-{run}"), guard.term());
    let mut journal = backend.journal_begin(&guard, begin).await.unwrap();
    journal.append(&[intent("s1")]).await.unwrap();
    let document = Some(Document::from_text(&secret_document()).unwrap());
    let member = "aws_s3_bucket.a".to_owned();
    let result = StepResult::Done { document };
    journal.append(&[Frame::Outcome(Outcome { step: "s1".into(), member, result })]).await.unwrap();
    let head = backend.commit(&guard, base.as_ref(), run, state).await.unwrap();
    let end = RunEnd { status: RunStatus::Done, serial: head.serial, at: AT.to_owned() };
    journal.append(&[Frame::RunEnd(end)]).await.unwrap();
    backend.unlock(guard).await.unwrap();
    head
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

#[tokio::test]
async fn two_applies_in_a_folder_and_no_secret_in_any_file() {
    let folder = Folder::new();
    let root = folder.path().join(".lifeboat");
    let backend = LocalState::open(&root).await.unwrap();
    assert_eq!(backend.load().await.unwrap(), None);
    assert!(!root.exists(), "reading creates nothing");

    let state = full_state();
    apply(&backend, &state, "run-1").await;
    let again = LocalState::open(&root).await.unwrap();
    let loaded = again.load().await.unwrap().unwrap();
    assert_eq!((loaded.state.serial, loaded.state.term), (1, 1));
    assert_eq!(State { serial: 0, term: 0, ..loaded.state.clone() }, state);
    let head = apply(&again, &loaded.state, "run-2").await;
    assert_eq!(again.serials().await.unwrap(), [1, 2]);
    assert_eq!(again.at(1).await.unwrap().state.term, 1);
    let newest = again.load().await.unwrap().unwrap();
    assert_eq!((newest.head, newest.commit.as_str()), (head, "run-2"));
    assert!(again.open_runs().await.unwrap().is_empty());
    assert_eq!(again.holder().await.unwrap(), None);

    let all = files(&root);
    let paths: Vec<_> = all.iter().map(|(path, _)| path.as_str()).collect();
    for expected in ["/key", "/state/lock", "/state/generations/00000000000000000002"] {
        assert!(paths.iter().any(|path| path.ends_with(expected)), "{paths:?}");
    }
    for (path, bytes) in &all {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(CANARY), "{path}");
    }
}

#[tokio::test]
async fn an_unread_object_stays_byte_for_byte() {
    let disk = MemoryDisk::new();
    let backend = memory(&disk).await;
    apply(&backend, &full_state(), "run-1").await;
    let mut loaded = backend.load().await.unwrap().unwrap().state;
    loaded.objects.get_mut("aws_s3_bucket.a").unwrap().identity = Some("changed".to_owned());
    apply(&backend, &loaded, "run-2").await;
    let object = |serial: u64| {
        let bytes = disk.peek(&format!("generations/{serial:020}")).unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let from = text.find(r#""module.m[0].aws_db"#).unwrap();
        text[from..].to_owned()
    };
    assert_eq!(object(1), object(2));
    assert!(object(1).contains(r#"{"p":{"sealed":""#));
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_told_and_never_replaced() {
    let folder = Folder::new();
    let key = folder.path().join("key");
    let backend = LocalState::open(folder.path()).await.unwrap();
    apply(&backend, &full_state(), "run-1").await;
    let right = std::fs::read(&key).unwrap();

    std::fs::remove_file(&key).unwrap();
    let backend = LocalState::open(folder.path()).await.unwrap();
    let error = backend.load().await.unwrap_err();
    let BackendError::Generation(GenerationError::Secret(error)) = error else { panic!("{error}") };
    assert!(matches!(error, SecretError::MissingKey { .. }), "{error}");
    let guard = backend.lock(info("x"), Duration::ZERO).await.unwrap();
    assert!(!key.exists(), "a new key would hide what is missing");
    backend.unlock(guard).await.unwrap();

    KeyFile::new(&key).create().await.unwrap();
    let backend = LocalState::open(folder.path()).await.unwrap();
    let error = backend.load().await.unwrap_err();
    let BackendError::Generation(GenerationError::Secret(error)) = error else { panic!("{error}") };
    assert!(matches!(error, SecretError::WrongKey { .. }), "{error}");

    std::fs::write(&key, right).unwrap();
    let backend = LocalState::open(folder.path()).await.unwrap();
    assert!(backend.load().await.unwrap().is_some());
}

#[tokio::test]
async fn a_state_without_secrets_needs_no_old_key() {
    let folder = Folder::new();
    let backend = LocalState::open(folder.path()).await.unwrap();
    let guard = backend.lock(info("run-1"), Duration::ZERO).await.unwrap();
    let plain = state_with(&[("a.b", r#"{"value":1,"sensitive":[]}"#)]);
    backend.commit(&guard, None, "c1", &plain).await.unwrap();
    backend.unlock(guard).await.unwrap();
    std::fs::remove_file(folder.path().join("key")).unwrap();
    let backend = LocalState::open(folder.path()).await.unwrap();
    assert!(backend.load().await.unwrap().is_some());
    apply(&backend, &full_state(), "run-2").await;
}

#[tokio::test]
async fn a_plan_is_consumed_once() {
    let disk = MemoryDisk::new();
    let backend = memory(&disk).await;
    let guard = backend.lock(info("x"), Duration::ZERO).await.unwrap();
    backend.journal_begin(&guard, begin("run-1", "plan", 1)).await.unwrap();
    let second = backend.journal_begin(&guard, begin("run-2", "plan", 1)).await;
    let Err(BackendError::PlanConsumed { run, .. }) = second else { panic!("{second:?}") };
    assert_eq!(run, "run-1");
    let open = backend.open_runs().await.unwrap();
    assert_eq!(open.len(), 1, "a refused run is over");

    let run = RunId::new("run-1").unwrap();
    backend.consume_plan("plan", &run).await.unwrap();
    let (_, resumed) = backend.journal_resume(&guard, &run, AT).await.unwrap();
    assert_eq!(resumed.begin.plan, "plan");
    assert_eq!(backend.journal_read(&run).await.unwrap().frames.len(), 2);
}

#[tokio::test]
async fn a_run_whose_plan_was_not_consumed_yet_consumes_it_when_resumed() {
    let disk = MemoryDisk::new();
    let backend = memory(&disk).await;
    let guard = backend.lock(info("x"), Duration::ZERO).await.unwrap();
    backend.journals().begin(begin("run-1", "plan", 1)).await.unwrap();
    let run = RunId::new("run-1").unwrap();
    backend.journal_resume(&guard, &run, AT).await.unwrap();
    let other = RunId::new("run-2").unwrap();
    let refused = backend.consume_plan("plan", &other).await;
    assert!(matches!(refused, Err(BackendError::PlanConsumed { .. })));
    disk.fail(2, Fault::LostReply, false);
    backend.consume_plan("plan-2", &other).await.unwrap();
}

#[tokio::test]
async fn nothing_begins_or_goes_on_without_the_lock() {
    let disk = MemoryDisk::new();
    let backend = memory(&disk).await;
    let guard = backend.lock(info("x"), Duration::ZERO).await.unwrap();
    backend.journal_begin(&guard, begin("run-1", "plan-1", 1)).await.unwrap();
    backend.force_unlock("x", "bob", "why").await.unwrap();
    let begun = backend.journal_begin(&guard, begin("run-2", "plan-2", 1)).await;
    assert!(matches!(begun, Err(BackendError::Lock(LockError::Lost { .. }))));
    let run = RunId::new("run-1").unwrap();
    let resumed = backend.journal_resume(&guard, &run, AT).await;
    assert!(matches!(resumed, Err(BackendError::Lock(LockError::Lost { .. }))));
    assert!(backend.verify(&guard).await.is_err());
}

/// The whole story of a crash: at every primitive call of an apply the power goes; after the boot
/// the lock is taken over, an open run is found and ended, and state is the old or the new one.
#[tokio::test]
async fn a_power_cut_at_any_call_of_an_apply_can_be_recovered_from() {
    for keep in [0, usize::MAX] {
        for nth in 1.. {
            let disk = MemoryDisk::new();
            let backend = memory(&disk).await;
            apply(&backend, &full_state(), "run-1").await;
            disk.fail(nth, Fault::Io, true);
            let calls = disk.calls();
            let result = try_apply(&backend).await;
            let finished = disk.calls() - calls < nth;
            let disk = disk.crash(|unsynced| unsynced.units.min(keep));
            let backend = memory(&disk).await;
            recover(&backend).await;
            let serial = backend.load().await.unwrap().unwrap().state.serial;
            assert!(serial == 2 || (result.is_err() && serial == 1), "call {nth}: {serial}");
            apply(&backend, &full_state(), "run-3").await;
            if finished {
                break;
            }
        }
    }
}

async fn try_apply(backend: &StoreBackend) -> Result<(), BackendError> {
    let guard = backend.lock(info("run-2"), Duration::ZERO).await?;
    let base = backend.load().await?.map(|loaded| loaded.head);
    let mut journal = backend.journal_begin(&guard, begin("run-2", "plan-2", 2)).await?;
    journal.append(&[intent("s1")]).await?;
    let head = backend.commit(&guard, base.as_ref(), "run-2", &full_state()).await?;
    let end = RunEnd { status: RunStatus::Done, serial: head.serial, at: AT.to_owned() };
    journal.append(&[Frame::RunEnd(end)]).await?;
    backend.unlock(guard).await
}

async fn recover(backend: &StoreBackend) {
    let guard = backend.lock(info("recover"), Duration::ZERO).await.unwrap();
    for open in backend.open_runs().await.unwrap() {
        let run = open.run.unwrap();
        let status = run.status(&"s1".into(), "aws_s3_bucket.a");
        assert!(matches!(status, StepStatus::NeverStarted | StepStatus::InDoubt));
        let (mut journal, _) = backend.journal_resume(&guard, &open.id, AT).await.unwrap();
        let end = RunEnd { status: RunStatus::Folded, serial: 1, at: AT.to_owned() };
        journal.append(&[Frame::RunEnd(end)]).await.unwrap();
    }
    assert!(backend.open_runs().await.unwrap().is_empty());
    backend.unlock(guard).await.unwrap();
}

#[tokio::test]
async fn restoring_through_the_backend_brings_the_old_state_back() {
    let disk = MemoryDisk::new();
    let backend = memory(&disk).await;
    apply(&backend, &full_state(), "run-1").await;
    let empty = State::new(LINEAGE, "0.1.0");
    apply(&backend, &empty, "run-2").await;
    let guard = backend.lock(info("x"), Duration::ZERO).await.unwrap();
    backend.restore(&guard, 1, "restore").await.unwrap();
    let loaded = backend.load().await.unwrap().unwrap();
    assert_eq!((loaded.state.serial, loaded.state.objects.len()), (3, 2));
    let place = crate::secret::Place { lineage: LINEAGE, address: "a", path: "[]" };
    assert!(backend.sealer().keyed_hash(place, "1").is_ok());
}

#[tokio::test]
async fn the_key_can_be_made_before_the_first_lock() {
    let folder = Folder::new();
    let backend = LocalState::open(folder.path()).await.unwrap();
    assert!(!backend.sealer().has_key());
    backend.prepare_key().await.unwrap();
    assert!(backend.sealer().has_key());
    let place = crate::secret::Place { lineage: LINEAGE, address: "a", path: "[]" };
    let sealed = backend.sealer().seal(place, "1").unwrap();
    let again = LocalState::open(folder.path()).await.unwrap();
    assert_eq!(again.sealer().open(place, &sealed).unwrap(), "1");
}

#[tokio::test]
async fn what_is_never_sealed_is_told_without_the_key() {
    let disk = MemoryDisk::new();
    apply(&memory(&disk).await, &full_state(), "run-1").await;
    let none = Arc::new(KeyFile::new("nowhere/key"));
    let backend = StoreBackend::memory(&disk, none).await.unwrap();
    let run = RunId::new("run-1").unwrap();
    let headlines = backend.headlines().await.unwrap();
    assert_eq!(headlines[&run].begin.command, "apply");
    assert_eq!(headlines[&run].end.as_ref().map(|end| end.status), Some(RunStatus::Done));
    assert!(matches!(backend.journal_read(&run).await, Err(BackendError::Journal(_))));
    assert_eq!(backend.runs().await.unwrap(), std::slice::from_ref(&run));
    let applied = Applied { digest: "plan-run-1".to_owned(), run: Some(run) };
    assert_eq!(backend.applied_plans().await.unwrap(), [applied]);
    let survey = backend.survey().await.unwrap();
    let generation = survey.whole().next().unwrap();
    let sealed = generation.sealed().unwrap();
    assert_eq!(sealed.objects.len(), 2);
    assert!(sealed.objects.values().all(|object| !object.document.text().contains(CANARY)));
    assert!(matches!(generation.state(&backend.sealer()), Err(GenerationError::Secret(_))));
}

#[tokio::test]
async fn state_whose_key_is_damaged_can_be_looked_at() {
    let folder = Folder::new();
    let backend = LocalState::open(folder.path()).await.unwrap();
    apply(&backend, &full_state(), "run-1").await;
    let found = LocalState::inspect(folder.path()).await.unwrap();
    assert!(found.key.is_ok() && !found.exposed && found.backend.sealer().has_key());
    let key = folder.path().join("key");
    std::fs::write(&key, "no key").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    assert!(LocalState::open(folder.path()).await.is_err());
    let found = LocalState::inspect(folder.path()).await.unwrap();
    assert!(matches!(found.key, Err(SecretError::BadKey { .. })));
    assert!(found.exposed == cfg!(unix) && !found.backend.sealer().has_key());
    assert_eq!(found.backend.survey().await.unwrap().whole().count(), 1);
}
