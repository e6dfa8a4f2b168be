//! A process that holds the lock is killed: the next one takes over at once and finds its run.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use lifeboat_state::backend::{BackendError, LocalState, StateBackend};
use lifeboat_state::journal::{Frame, Intent, RunBegin, RunId, StepStatus};
use lifeboat_state::lock::{LockError, LockInfo};

const READY: &str = "the lock is held";

fn info(id: &str) -> LockInfo {
    LockInfo {
        id: id.to_owned(),
        operation: "OperationTypeApply".to_owned(),
        info: String::new(),
        who: "alice@host".to_owned(),
        version: "0.1.0".to_owned(),
        created: "2026-11-20 13:00:00 UTC".to_owned(),
        path: ".lifeboat/state".to_owned(),
        host: "host".to_owned(),
        pid: std::process::id(),
    }
}

fn begin(term: u64) -> RunBegin {
    RunBegin {
        run: RunId::new("killed").unwrap(),
        command: "apply".to_owned(),
        plan_digest: "plan".to_owned(),
        plan: Bytes::from_static(b"plan"),
        base_serial: 0,
        lineage: "lineage".to_owned(),
        epoch: 1,
        term,
        tool_version: "0.1.0".to_owned(),
        at: "2026-11-20T13:00:00Z".to_owned(),
    }
}

/// In the child: takes the lock, begins a run, announces a step, and waits to be killed. In the
/// parent, which sets no folder, it passes.
#[test]
fn in_the_child_hold_the_lock() {
    let Some(folder) = std::env::var_os("LIFEBOAT_TEST_HOLD") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let backend = LocalState::open(Path::new(&folder)).await.unwrap();
        let guard = backend.lock(info("first"), Duration::ZERO).await.unwrap();
        let mut journal = backend.journal_begin(&guard, begin(guard.term())).await.unwrap();
        let intent = Intent { step: "s1".into(), token: "t".to_owned(), members: Vec::new() };
        journal.append(&[Frame::Intent(intent)]).await.unwrap();
        println!("\n{READY}");
        std::future::pending::<()>().await;
    });
}

/// Kills the child however the test ends.
struct Holder(Child);

impl Holder {
    fn start(folder: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::in_the_child_hold_the_lock", "--nocapture"])
            .env("LIFEBOAT_TEST_HOLD", folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut holder = Self(child);
        let lines = BufReader::new(holder.0.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == READY), "the child gave up");
        holder
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.kill();
    }
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("killed").join("lifeboat");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    folder
}

#[test]
fn the_lock_of_a_killed_process_is_free_at_once_and_its_run_is_found() {
    let folder = folder();
    let mut holder = Holder::start(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let backend = LocalState::open(&folder).await.unwrap();
        let held = backend.lock(info("second"), Duration::ZERO).await;
        let Err(BackendError::Lock(LockError::Held(by))) = held else { panic!("{held:?}") };
        assert_eq!((by.info.id.as_str(), by.term), ("first", 1));

        holder.kill();
        let guard = backend.lock(info("second"), Duration::ZERO).await.unwrap();
        assert_eq!(guard.term(), 2);
        assert_eq!(guard.took_over().unwrap().info.id, "first");
        let open = backend.open_runs().await.unwrap();
        assert_eq!(open.len(), 1);
        let (_, run) = backend.journal_resume(&guard, &open[0].id, "later").await.unwrap();
        assert_eq!(run.status(&"s1".into(), "s1"), StepStatus::InDoubt);
        backend.unlock(guard).await.unwrap();
    });
}
