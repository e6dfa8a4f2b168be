//! Hooks that are given up: nothing that they started goes on beside what comes next.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Ctx, Purpose, Session, Value};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::apply::act::Deed;
use crate::plan::{Act, Task};

/// How long the hook may take, and long enough for anything but one that goes on.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    /// With a pipe that has a name.
    fn with_pipe() -> Self {
        let folder = std::env::temp_dir().join(format!("lifeboat-hook-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap();
        assert!(made.success());
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn hook(root: &Path, script: &str, limit: Duration) -> Deed {
    let words = ["sh", "-c", script].map(Value::string).to_vec();
    let arguments = Value::object([("command".into(), Value::tuple(words))]);
    let task = Task { about: "hook.a".into(), arguments, limit, optional: false, on: None };
    Deed { act: Act::Hook, task, kind: None, token: "token".into(), root: root.to_owned() }
}

/// Reads the pipe beside the test: its first line, then its end.
fn heard(pipe: PathBuf) -> [oneshot::Receiver<String>; 2] {
    let ((begins, first), (ends, last)) = (oneshot::channel(), oneshot::channel());
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(File::open(pipe).unwrap());
        let (mut line, mut rest) = (String::new(), String::new());
        pipe.read_line(&mut line).unwrap();
        begins.send(line).unwrap();
        pipe.read_to_string(&mut rest).unwrap();
        ends.send(rest).unwrap();
    });
    [first, last]
}

/// Who reads a pipe hears of its end when the last one that may write into it has ended.
#[tokio::test]
async fn a_hook_that_takes_too_long_is_ended_with_all_that_it_started() {
    let folder = Folder::with_pipe();
    let [first, last] = heard(folder.0.join("pipe"));
    let ctx = Ctx::read_only(Arc::new(Session::new(Purpose::Apply)));
    let deed = hook(&folder.0, "(echo it runs; exec sleep 600) > pipe & sleep 600", PATIENCE);
    let run = deed.perform(&ctx, None, &|_| {});
    let passes = async {
        assert_eq!(first.await.unwrap(), "it runs\n");
        tokio::time::pause();
        tokio::time::advance(PATIENCE).await;
    };
    let (ended, ()) = tokio::join!(run, passes);
    assert!(ended.unwrap_err().to_string().contains("longer than 60 s"));
    tokio::time::resume();
    let rest = timeout(PATIENCE, last).await.expect("what the hook started goes on");
    assert_eq!(rest.unwrap(), "");
}
