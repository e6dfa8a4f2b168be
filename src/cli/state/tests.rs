//! Disks that fail while the state is changed: it is what it was or what it shall be, never half.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lifeboat_sdk::Interrupt;
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::model::{
    Document, Mode, ObjectRecord, ObjectStatus, Ownership, RecordScope, State,
};
use lifeboat_state::secret::{FixedKey, Key};
use lifeboat_state::store::MemoryDisk;
use lifeboat_state::store::memory::Fault;
use tokio::sync::watch;

use super::options::{Change, Mv, Restore, Rm};
use super::{mv, restore, rm};
use crate::apply::document;
use crate::cli::args::Locking;
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::registry::Catalogue;
use crate::view::output::{Form, Output};

/// A command that changes the state.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Command {
    Mv,
    Rm,
    Restore,
}

const OLD: [&str; 2] = ["terraform_data.one", "terraform_data.two"];
const FIRST: [&str; 1] = ["terraform_data.one"];

impl Command {
    /// The addresses in the state after it.
    fn after(self) -> BTreeSet<String> {
        let all: &[&str] = match self {
            Self::Mv => &["terraform_data.one", "terraform_data.three"],
            Self::Rm => &["terraform_data.two"],
            Self::Restore => &FIRST,
        };
        all.iter().map(ToString::to_string).collect()
    }

    async fn run(self, workspace: &Workspace, backend: &StoreBackend) -> Result<Exit, Exit> {
        let locking = Locking { lock_timeout: "0s".to_owned() };
        let change = Change { dry_run: false, locking: locking.clone(), json: false };
        match self {
            Self::Mv => {
                let (source, destination) = (OLD[1].to_owned(), "terraform_data.three".to_owned());
                mv::run(workspace, backend, &Mv { change, source, destination }).await
            }
            Self::Rm => {
                let addresses = vec![OLD[0].to_owned()];
                rm::run(workspace, backend, &Rm { change, addresses }).await
            }
            Self::Restore => {
                let args = Restore { locking, json: false, serial: 1 };
                restore::run(workspace, backend, &args).await
            }
        }
    }
}

fn workspace() -> Workspace {
    let sink = || Box::new(std::io::sink());
    let now = || "2026-11-21T00:00:00Z".to_owned();
    Workspace {
        output: Arc::new(Output::new(sink(), sink(), Form::Text, now)),
        root: PathBuf::from("nowhere"),
        environment: BTreeMap::new(),
        now: jiff::Timestamp::UNIX_EPOCH,
        interrupt: watch::channel(Interrupt::None).1,
        applying: AtomicBool::new(false),
        catalogue: Catalogue::default(),
        given: Vec::new(),
        waiting: AtomicBool::new(false),
        asks: false,
    }
}

async fn backend(disk: &MemoryDisk) -> StoreBackend {
    let keys = FixedKey::new(Key::new([7; 32]), "the test's key");
    StoreBackend::memory(disk, Arc::new(keys)).await.unwrap()
}

fn object(address: &str) -> ObjectRecord {
    let document: Document = document::store(&lifeboat_sdk::Value::string(address)).unwrap();
    let name = address.rsplit('.').next().unwrap();
    ObjectRecord {
        address: address.to_owned(),
        module: String::new(),
        mode: Mode::Managed,
        kind: "terraform_data".to_owned(),
        name: name.to_owned(),
        index: None,
        provider: "terraform".to_owned(),
        schema_version: 0,
        status: ObjectStatus::Ok,
        document,
        identity: Some(address.to_owned()),
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        scope: RecordScope {
            provider: "terraform".to_owned(),
            account: String::new(),
            location: String::new(),
            service: "terraform".to_owned(),
        },
        stale: None,
        deposed: Vec::new(),
        ownership: Ownership::StateOnly,
        secret_hashes: BTreeMap::new(),
    }
}

/// Two generations: one object, then two.
async fn disk(workspace: &Workspace) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let backend = backend(&disk).await;
    let guard = backend.lock(workspace.lock_info("test"), std::time::Duration::ZERO).await.unwrap();
    let (mut state, mut head) = (State::new("lineage", "0"), None);
    for all in [&FIRST[..], &OLD[..]] {
        state.objects = all.iter().map(|at| (at.to_string(), object(at))).collect();
        let token = format!("made-{}", all.len());
        head = Some(backend.commit(&guard, head.as_ref(), &token, &state).await.unwrap());
        state.serial += 1;
    }
    backend.unlock(guard).await.unwrap();
    disk
}

/// The addresses in the newest state, which must be whole, as must be all that came before.
async fn addresses(disk: &MemoryDisk, what: &str) -> BTreeSet<String> {
    let backend = backend(disk).await;
    for serial in backend.serials().await.unwrap() {
        backend.at(serial).await.unwrap_or_else(|error| panic!("{what}: {serial}: {error}"));
    }
    let loaded = backend.load().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    loaded.unwrap().state.objects.into_keys().collect()
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_leaves_the_old_state_or_the_new_one() {
    let old: BTreeSet<String> = OLD.iter().map(ToString::to_string).collect();
    let (mut kept, mut changed, mut refused) = (0, 0, 0);
    for command in [Command::Mv, Command::Rm, Command::Restore] {
        for fault in [Fault::NoSpace, Fault::Io, Fault::LostReply] {
            for lasting in [false, true] {
                for nth in 1.. {
                    let what = format!("{command:?}, {fault:?} at {nth}, lasting: {lasting}");
                    let workspace = workspace();
                    let disk = disk(&workspace).await;
                    let store = backend(&disk).await;
                    let before = disk.calls();
                    disk.fail(nth, fault, lasting);
                    let ended = command.run(&workspace, &store).await;
                    let reached = disk.calls() - before >= nth;
                    disk.heal();
                    // As the next process finds it, and after a loss of power.
                    for after in [disk.clone(), disk.crash(|_| 0), disk.crash(|u| u.units)] {
                        let is = addresses(&after, &what).await;
                        let new = is == command.after();
                        assert!(new || is == old, "{what}: {is:?}");
                        assert!(new || ended.is_err(), "{what}: told done, and it is not");
                        kept += usize::from(!new);
                        changed += usize::from(new);
                    }
                    refused += usize::from(ended.is_err());
                    if !reached {
                        assert_eq!(ended, Ok(Exit::Done), "{what}");
                        break;
                    }
                }
            }
        }
    }
    assert!(kept > 50 && changed > 50 && refused > 50, "{kept} {changed} {refused}");
}
