//! What goes into a bundle comes out of it, and nothing else does.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::backend::{BackendError, Parts, StateBackend as _, StoreBackend};
use crate::durations::Work;
use crate::journal::{RunBegin, RunId};
use crate::lock::LockInfo;
use crate::model::State;
use crate::positions::Position;
use crate::secret::{FixedKey, Key};
use crate::store::{MemoryDisk, Name};

fn parts(disk: &MemoryDisk) -> Parts {
    let store = Arc::new(disk.clone());
    let keys = Arc::new(FixedKey::new(Key::new([7; 32]), "the test's key"));
    Parts { store: store.clone(), segments: store.clone(), liveness: store, keys }
}

fn info(id: &str) -> LockInfo {
    let text = String::new;
    LockInfo {
        id: id.to_owned(),
        operation: text(),
        info: text(),
        who: text(),
        version: text(),
        created: text(),
        path: text(),
        host: text(),
        pid: 1,
    }
}

/// A state of one generation with a run that did not end.
async fn packed() -> Packed {
    packed_with("the plan").await
}

async fn packed_with(plan: &str) -> Packed {
    let backend = StoreBackend::open(parts(&MemoryDisk::new())).await.unwrap();
    let guard = backend.lock(info("first"), Duration::ZERO).await.unwrap();
    let mut state = State::new("a-lineage".to_owned(), "0.1.0".to_owned());
    state.epoch = 1;
    backend.commit(&guard, None, "a", &state).await.unwrap();
    let begin = RunBegin {
        run: RunId::new("run").unwrap(),
        command: "promote".to_owned(),
        plan_digest: "ab".to_owned(),
        plan: plan.to_owned().into(),
        base_serial: 1,
        lineage: state.lineage.clone(),
        epoch: 1,
        term: guard.term(),
        tool_version: "0.1.0".to_owned(),
        at: String::new(),
    };
    backend.journal_begin(&guard, begin).await.unwrap();
    backend.packed().await.unwrap().unwrap()
}

fn bundle(state: Packed) -> Bundle {
    let about = About {
        topology: "web".to_owned(),
        lineage: "a-lineage".to_owned(),
        epoch: 1,
        serial: 1,
        primary: "us-east-1".to_owned(),
        promotion: Some(Move { from: "us-east-1".into(), to: "us-west-2".into(), epoch: 2 }),
        ..About::default()
    };
    let files = [("main.dr.hcl", &b"text"[..]), ("logo", &[0xff, 0][..])];
    let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
    Bundle { about, files: files.into(), state }
}

#[tokio::test]
async fn what_is_packed_on_one_machine_is_gone_on_with_on_another() {
    let bundle = bundle(packed().await);
    let bytes = bundle.encode().unwrap();
    let read = Bundle::decode(&bytes).unwrap();
    assert_eq!(read, bundle);
    assert_eq!(read.about.reaches(), 2);
    assert!(!read.state.is_sealed());

    let there = parts(&MemoryDisk::new());
    StoreBackend::unpack(&there, &read.state).await.unwrap();
    let again = StoreBackend::unpack(&there, &read.state).await;
    assert!(matches!(again, Err(BackendError::Occupied)), "{again:?}");
    let backend = StoreBackend::open(there).await.unwrap();
    let loaded = backend.load().await.unwrap().unwrap();
    assert_eq!((loaded.head.serial, loaded.state.epoch), (1, 1));
    let open = backend.open_runs().await.unwrap();
    assert_eq!(open.len(), 1);
    // As long as it has only begun again, neither knows more than the other.
    let (id, before) = (&open[0].id, &read.state);
    assert!(!backend.packed().await.unwrap().unwrap().knows_more_of(id, before));
    // A later term than the first machine can have had, and the run goes on.
    let guard = backend.lock(info("second"), Duration::ZERO).await.unwrap();
    assert!(guard.term() > 1 << 32, "{}", guard.term());
    let (_, run) = backend.journal_resume(&guard, &open[0].id, "").await.unwrap();
    assert_eq!(&run.begin.plan[..], b"the plan");
    // Who goes on knows more of this run, and of no other.
    let after = backend.packed().await.unwrap().unwrap();
    assert!(after.knows_more_of(id, before) && !before.knows_more_of(id, &after));
    assert!(!after.knows_more_of(&RunId::new("another").unwrap(), before));
    backend.commit(&guard, Some(&loaded.head), "b", &loaded.state).await.unwrap();
    assert_eq!(backend.load().await.unwrap().unwrap().head.serial, 2);
}

#[tokio::test]
async fn what_was_measured_last_is_known_on_the_other_machine() {
    let here = parts(&MemoryDisk::new());
    let backend = StoreBackend::open(here.clone()).await.unwrap();
    let guard = backend.lock(info("first"), Duration::ZERO).await.unwrap();
    let mut state = State::new("a-lineage".to_owned(), "0.1.0".to_owned());
    state.epoch = 1;
    backend.commit(&guard, None, "a", &state).await.unwrap();
    let work = Work {
        kind: "aws_s3_bucket".to_owned(),
        operation: "update".to_owned(),
        location: "us-west-2".to_owned(),
    };
    let took = Duration::from_secs(7);
    backend.learn(&guard, [(work.clone(), vec![took])].into()).await.unwrap();
    let position = Position {
        about: "replication.exports".to_owned(),
        from: "us-east-1".to_owned(),
        to: "us-west-2".to_owned(),
        epoch: 1,
        until: 100,
        at: 105,
        how: "7 objects compared once".to_owned(),
    };
    backend.copies().note("a-lineage", std::slice::from_ref(&position)).await.unwrap();
    let bytes = bundle(backend.packed().await.unwrap().unwrap()).encode().unwrap();
    let read = Bundle::decode(&bytes).unwrap();

    let there = parts(&MemoryDisk::new());
    StoreBackend::unpack(&there, &read.state).await.unwrap();
    let other = StoreBackend::open(there).await.unwrap();
    assert_eq!(other.durations().await.unwrap().expected(&work), Some(took));
    let known = other.copies().known().await.unwrap();
    assert_eq!(known.all("a-lineage", 1).collect::<Vec<_>>(), [&position]);
    // Of another state, and of another epoch, it says nothing.
    assert_eq!(known.all("other", 1).count() + known.all("a-lineage", 2).count(), 0);

    // What is damaged is left behind, and the bundle is written all the same.
    for name in ["positions", "durations"] {
        let name = Name::new(name).unwrap();
        let version = here.store.get(&name).await.unwrap().unwrap().version;
        here.store.swap(&name, &version, "other".into()).await.unwrap();
    }
    assert_eq!(backend.packed().await.unwrap().unwrap().measured, Measured::default());
}

#[tokio::test]
async fn no_bit_of_a_bundle_can_flip_and_no_end_be_cut_unnoticed() {
    let bytes = bundle(packed().await).encode().unwrap().to_vec();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(Bundle::decode(&flipped).is_err(), "byte {at}");
        assert!(Bundle::decode(&bytes[..at]).is_err(), "cut at {at}");
    }
}

#[tokio::test]
async fn a_bundle_that_says_something_else_than_its_state_is_refused() {
    let mut bundle = bundle(packed().await);
    bundle.about.serial = 9;
    let told = Bundle::decode(&bundle.encode().unwrap()).unwrap_err().to_string();
    assert_eq!(told, "it says that it is of serial 9, and the state in it is of 1");
}

#[tokio::test]
async fn a_plan_with_something_sealed_needs_the_key() {
    let plan = r#"{"value":{"p":{"sealed":"AAAA"}}}"#;
    assert!(packed_with(plan).await.is_sealed());
}

#[test]
fn a_newer_form_is_refused_by_its_number() {
    let (bytes, _) = envelope::wrap(MAGIC, 2, &["{}\n"]);
    assert!(matches!(Bundle::decode(&bytes), Err(BundleError::Newer { found: 2, supported: 1 })));
    assert!(matches!(Bundle::decode(b"<html>\n"), Err(BundleError::NotABundle)));
}
