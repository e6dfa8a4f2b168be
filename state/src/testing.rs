//! What the tests of several modules need: sample states, disks, a folder that goes away.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::generation::{Chain, Head, NewGeneration};
use crate::lock::{LockGuard, LockInfo, Locks};
use crate::model::{Document, Mode, ObjectRecord, ObjectStatus, Ownership, RecordScope, State};
use crate::secret::{Key, Sealer};
use crate::store::MemoryDisk;

pub(crate) const LINEAGE: &str = "6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11";

/// A folder that is removed when dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("lifeboat-state-{:016x}", getrandom::u64().unwrap());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

pub(crate) fn sealer() -> Sealer {
    Sealer::new(Key::new([7; 32]), "the test's key")
}

pub(crate) fn info(id: &str) -> LockInfo {
    LockInfo {
        id: id.to_owned(),
        operation: "OperationTypeApply".to_owned(),
        info: String::new(),
        who: format!("{id}@host"),
        version: "0.1.0".to_owned(),
        created: "2026-11-20 13:00:00 UTC".to_owned(),
        path: ".lifeboat/state".to_owned(),
        host: "host".to_owned(),
        pid: 1,
    }
}

pub(crate) fn object(address: &str, document: &str) -> ObjectRecord {
    ObjectRecord {
        address: address.to_owned(),
        module: String::new(),
        mode: Mode::Managed,
        kind: "aws_s3_bucket".to_owned(),
        name: "exports".to_owned(),
        index: None,
        provider: "provider.aws".to_owned(),
        schema_version: 0,
        status: ObjectStatus::Ok,
        document: Document::from_text(document).unwrap(),
        identity: None,
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        scope: RecordScope {
            provider: "aws".to_owned(),
            account: "123456789012".to_owned(),
            location: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        },
        stale: None,
        deposed: Vec::new(),
        ownership: Ownership::Tags,
        secret_hashes: Default::default(),
    }
}

pub(crate) fn state_with(documents: &[(&str, &str)]) -> State {
    let mut state = State::new(LINEAGE, "0.1.0");
    for (address, document) in documents {
        state.objects.insert((*address).to_owned(), object(address, document));
    }
    state
}

pub(crate) fn locks(disk: &MemoryDisk) -> Locks {
    Locks::new(Arc::new(disk.clone()), Arc::new(disk.clone()))
}

pub(crate) fn chain(disk: &MemoryDisk) -> Chain {
    Chain::new(Arc::new(disk.clone()))
}

pub(crate) fn new_generation(commit: &str) -> NewGeneration {
    let document = format!(r#"{{"type":"string","value":"{commit}","sensitive":[]}}"#);
    let state = state_with(&[("terraform_data.a", &document)]);
    let payload = crate::generation::payload(&state, &sealer()).unwrap();
    NewGeneration { lineage: state.lineage, epoch: 1, commit: commit.to_owned(), payload }
}

/// A disk with `count` generations, whose commits are named `c1`, `c2`, …, and the lock that wrote
/// them.
pub(crate) async fn disk_with(count: u64) -> (MemoryDisk, LockGuard, Option<Head>) {
    let disk = MemoryDisk::new();
    let guard = locks(&disk).lock(info("writer"), std::time::Duration::ZERO).await.unwrap();
    let mut head = None;
    for number in 1..=count {
        let new = new_generation(&format!("c{number}"));
        head = Some(chain(&disk).commit(&guard.permit(), head.as_ref(), new).await.unwrap());
    }
    (disk, guard, head)
}

/// Lets a future run up to its `count`-th point of suspension; its result if it got that far.
pub(crate) async fn poll_times<T>(
    future: &mut Pin<Box<dyn Future<Output = T> + '_>>,
    count: usize,
) -> Option<T> {
    for _ in 0..count {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(value) = polled {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}
