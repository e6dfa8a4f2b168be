//! Both stores pass the contract; the simulated disk forgets and fails as told.

use std::sync::Arc;
use std::time::Duration;

use super::memory::Fault;
use super::*;
use crate::testing::Folder;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_store_passes_the_contract() {
    let disk = MemoryDisk::new();
    contract::contract(Arc::new(disk.clone()), &name("probe")).await.unwrap();
    assert_eq!(disk.names(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_store_passes_the_contract() {
    let folder = Folder::new();
    let store = Arc::new(LocalStore::new(folder.path().join("state")));
    contract::contract(store, &name("probe")).await.unwrap();
}

/// A store without conditional writes, as some "S3 compatible" servers are.
#[derive(Debug)]
struct Unconditional(MemoryDisk);

impl CasStore for Unconditional {
    fn get<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        self.0.get(name)
    }

    fn put_new<'a>(
        &'a self,
        name: &'a Name,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        self.0.tamper(name.as_str(), Some(&bytes));
        Box::pin(async move { Ok(PutNew::Created(Version::of(&bytes))) })
    }

    fn swap<'a>(
        &'a self,
        name: &'a Name,
        expected: &'a Version,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Swap, StoreError>> {
        self.0.swap(name, expected, bytes)
    }

    fn list<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>> {
        self.0.list(folder)
    }

    fn remove<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.remove(name)
    }
}

#[tokio::test]
async fn the_contract_refuses_a_store_without_conditional_writes() {
    let store = Arc::new(Unconditional(MemoryDisk::new()));
    let breach = contract::contract(store, &name("probe")).await.unwrap_err();
    assert!(breach.to_string().contains("a name must not be created twice"), "{breach}");
}

#[tokio::test]
async fn a_local_store_creates_nothing_before_the_first_write() {
    let folder = Folder::new();
    let root = folder.path().join("a/b");
    let store = LocalStore::new(&root);
    assert_eq!(store.get(&name("x")).await.unwrap(), None);
    assert_eq!(store.list(&name("x")).await.unwrap(), []);
    let swap = store.swap(&name("x"), &Version::of(b""), Bytes::new()).await.unwrap();
    assert_eq!(swap, Swap::Refused);
    assert!(!folder.path().join("a").exists());
    store.put_new(&name("c/d"), Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(std::fs::read(root.join("c/d")).unwrap(), b"1");
}

#[tokio::test]
async fn drafts_of_dead_processes_are_swept_and_those_of_living_ones_kept() {
    let folder = Folder::new();
    let store = LocalStore::new(folder.path());
    let (dead, alive) = (folder.path().join(".tmp-dead"), folder.path().join(".tmp-alive"));
    std::fs::write(&dead, "half").unwrap();
    let held = std::fs::File::create(&alive).unwrap();
    held.lock().unwrap();
    store.put_new(&name("x"), Bytes::from_static(b"1")).await.unwrap();
    assert!(!dead.exists());
    assert!(alive.exists());
    assert_eq!(file::list(folder.path()).unwrap(), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_process_in_the_guard_does_not_stop_us_for_ever() {
    let folder = Folder::new();
    let store = LocalStore::new(folder.path());
    store.put_new(&name("x"), Bytes::from_static(b"1")).await.unwrap();
    let guard = std::fs::File::create(folder.path().join(".guard")).unwrap();
    guard.lock().unwrap();
    let begun = tokio::time::Instant::now();
    let error = store.swap(&name("x"), &Version::of(b"1"), Bytes::new()).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy { seconds: 10, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(11));
    guard.unlock().unwrap();
    let swap = store.swap(&name("x"), &Version::of(b"1"), Bytes::new()).await.unwrap();
    assert!(matches!(swap, Swap::Swapped(_)));
}

#[tokio::test]
async fn a_local_segment_appends_and_is_created_once() {
    let folder = Folder::new();
    let store = LocalStore::new(folder.path());
    let name = name("journal/run");
    let mut segment = Segments::create(&store, &name).await.unwrap().unwrap();
    segment.append(Bytes::from_static(b"one\n")).await.unwrap();
    segment.append(Bytes::from_static(b"two\n")).await.unwrap();
    assert!(Segments::create(&store, &name).await.unwrap().is_none());
    assert_eq!(Segments::read(&store, &name).await.unwrap().unwrap(), "one\ntwo\n");
    assert_eq!(store.tail(&name, 4).await.unwrap().unwrap(), "two\n");
    assert_eq!(store.tail(&name, 400).await.unwrap().unwrap(), "one\ntwo\n");
    assert_eq!(
        store.segments(&Name::new("journal").unwrap()).await.unwrap(),
        std::slice::from_ref(&name)
    );
    store.remove_segment(&name).await.unwrap();
    assert_eq!(Segments::read(&store, &name).await.unwrap(), None);
    assert_eq!(store.tail(&name, 4).await.unwrap(), None);
}

#[tokio::test]
async fn what_succeeded_survives_a_power_cut_and_what_did_not_may_be_lost() {
    let disk = MemoryDisk::new();
    disk.put_new(&name("kept"), Bytes::from_static(b"1")).await.unwrap();
    disk.fail(3, Fault::Io, false);
    disk.put_new(&name("unsynced"), Bytes::from_static(b"2")).await.unwrap_err();
    let mut segment = Segments::create(&disk, &name("s")).await.unwrap().unwrap();
    segment.append(Bytes::from_static(b"abc")).await.unwrap();
    disk.fail(2, Fault::Io, false);
    segment.append(Bytes::from_static(b"def")).await.unwrap_err();

    let lost = disk.crash(|_| 0);
    assert_eq!(lost.names(), ["kept", "s"]);
    assert_eq!(lost.peek("s").unwrap(), "abc");
    let torn = disk.crash(|unsynced| unsynced.units.min(2));
    assert_eq!(torn.peek("unsynced").unwrap(), "2");
    assert_eq!(torn.peek("s").unwrap(), "abcde");
}

#[tokio::test]
async fn a_full_disk_leaves_half_an_append_and_a_lost_reply_happens() {
    let disk = MemoryDisk::new();
    let mut segment = Segments::create(&disk, &name("s")).await.unwrap().unwrap();
    disk.fail(1, Fault::NoSpace, true);
    let error = segment.append(Bytes::from_static(b"abcd")).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(disk.peek("s").unwrap(), "ab");
    disk.fail(2, Fault::LostReply, false);
    let error = disk.put_new(&name("x"), Bytes::from_static(b"1")).await.unwrap_err();
    assert!(matches!(error, StoreError::NoReply { .. }));
    assert_eq!(disk.peek("x").unwrap(), "1");
}
