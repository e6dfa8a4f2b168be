//! A stage: the servers of one test, a folder with files, and a transcript of what was run there.

use std::fmt::{self, Write as _};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lifeboat_testbed::{Bed, Entry, Ledger};

use super::folder::Folder;
use super::ran::Ran;

/// No command may take longer, whatever is broken: it is killed then, and the test fails.
const LIMIT: Duration = Duration::from_secs(150);

/// How long a run may take to get to the point that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Approved without a terminal.
pub(super) const APPLY: &[&str] = &["apply", "-input=false", "-auto-approve"];

/// 0: nothing to do, 2: changes, deferred ones included.
pub(super) const PLAN: &[&str] = &["plan", "-input=false", "-detailed-exitcode", "-json"];

/// What a test works on.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) bed: Bed,
    pub(super) folder: Folder,
    transcript: Mutex<String>,
    /// Whether promotions go on into re-protection, as they do where nothing is said. Other tests look at
    /// what is between both.
    pub(super) reprotects: bool,
}

impl Stage {
    /// Empty servers and this folder.
    pub(super) fn new(folder: Folder) -> Self {
        Self { bed: Bed::start().unwrap(), folder, transcript: Mutex::default(), reprotects: false }
    }

    /// Empty servers and a folder with one file.
    pub(super) fn of(files: &str) -> Self {
        let folder = Folder::new();
        folder.write("main.dr.hcl", files);
        Self::new(folder)
    }

    /// The same servers from another machine, with an empty folder; the first machine is lost with
    /// all that it had.
    pub(super) fn elsewhere(self) -> Self {
        self.note("another machine");
        Self { folder: Folder::new(), ..self }
    }

    /// The proxy's ledger.
    pub(super) fn ledger(&self) -> &Ledger {
        self.bed.proxy.ledger()
    }

    /// Runs the program to its end.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).finish()
    }

    /// Runs it; it must end with this code.
    #[track_caller]
    pub(super) fn expect(&self, arguments: &[&str], code: i32) -> Ran {
        self.expect_in(&self.folder, arguments, code)
    }

    /// Runs it on another machine, while the first one is still there; it must end with this code.
    #[track_caller]
    pub(super) fn expect_in(&self, folder: &Folder, arguments: &[&str], code: i32) -> Ran {
        let ran = self.start_in(folder, arguments, &[]).finish();
        self.check(ran.code == Some(code), format_args!("exit code {:?}, not {code}", ran.code));
        ran
    }

    /// Plans, and finds nothing to do.
    #[track_caller]
    pub(super) fn expect_nothing(&self) -> Ran {
        let ran = self.expect(PLAN, 0);
        self.check(ran.mutating() == 0, "a plan writes nothing");
        self.check(!ran.incomplete(), "a plan without faults reads everything");
        ran
    }

    /// Starts the program.
    #[track_caller]
    pub(super) fn start(&self, arguments: &[&str]) -> Running<'_> {
        self.start_as(arguments, &[])
    }

    /// Starts the program with more in its environment.
    #[track_caller]
    pub(super) fn start_as(&self, arguments: &[&str], more: &[(&str, &str)]) -> Running<'_> {
        self.start_in(&self.folder, arguments, more)
    }

    /// Starts the program on another machine, while the first one is still there.
    #[track_caller]
    pub(super) fn start_in(
        &self,
        folder: &Folder,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Running<'_> {
        let mut command = self.bed.command(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(arguments).current_dir(folder.path()).env("NO_COLOR", "1");
        let promotes = matches!(arguments, ["apply" | "promote" | "failback", ..]);
        if promotes && !self.reprotects {
            command.arg("-no-reprotect");
        }
        command.envs(more.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = Output::read(child.stdout.take().unwrap());
        let outputs = [stdout, Output::read(child.stderr.take().unwrap())];
        Running {
            stage: self,
            child,
            outputs,
            arguments: arguments.join(" "),
            begun: Instant::now(),
            last: self.ledger().entries().last().map_or(0, |entry| entry.seq),
        }
    }

    /// Enters a line of the test's own into the transcript.
    pub(super) fn note(&self, text: impl fmt::Display) {
        writeln!(self.transcript.lock().unwrap(), "# {text}").unwrap();
    }

    /// Fails with the transcript and the ledger unless the condition holds.
    #[track_caller]
    pub(super) fn check(&self, holds: bool, what: impl fmt::Display) {
        if !holds {
            self.fail(what);
        }
    }

    /// Fails unless both are equal.
    #[track_caller]
    pub(super) fn same<T: PartialEq + fmt::Debug>(&self, is: T, should: T, what: &str) {
        self.check(is == should, format_args!("{what}\n  is:     {is:?}\n  should: {should:?}"));
    }

    /// Fails with the transcript and the ledger.
    #[track_caller]
    pub(super) fn fail(&self, what: impl fmt::Display) -> ! {
        let transcript = self.transcript.lock().map(|text| text.clone()).unwrap_or_default();
        panic!("{what}\n\n{transcript}\nThe calls:\n{}", self.ledger().table());
    }

    /// What is on the servers, sorted.
    pub(super) fn left(&self) -> Vec<String> {
        let mut left = self.bed.aws().everything_left().unwrap();
        left.sort();
        left
    }
}

/// A run that goes on; dropped, it is killed.
#[derive(Debug)]
pub(super) struct Running<'a> {
    stage: &'a Stage,
    child: Child,
    outputs: [Output; 2],
    arguments: String,
    begun: Instant,
    last: u64,
}

impl Running<'_> {
    /// Waits until so many of its calls satisfy the condition.
    #[track_caller]
    pub(super) fn until(&mut self, count: usize, condition: impl Fn(&Entry) -> bool) {
        let (stage, last) = (self.stage, self.last);
        let met = || stage.ledger().count(|entry| entry.seq > last && condition(entry));
        self.wait_for(&format!("{count} calls"), |_| met() >= count);
    }

    /// Waits until it has said this.
    #[track_caller]
    pub(super) fn until_said(&mut self, text: &str) {
        self.wait_for(&format!("the words {text:?}"), |said| said.contains(text));
    }

    /// Kills it (SIGKILL) when it has made so many calls, unless it ends before; waits for its end.
    #[track_caller]
    pub(super) fn killed_after(mut self, calls: usize) -> Ran {
        let (stage, last) = (self.stage, self.last);
        let made = || stage.ledger().count(|entry| entry.seq > last);
        while made() < calls && self.child.try_wait().unwrap().is_none() {
            // A look every millisecond until then.
            thread::park_timeout(Duration::from_millis(1));
        }
        stage.note(format_args!("SIGKILL to `lifeboat {}` after {} calls", self.arguments, made()));
        // It may have ended by now.
        self.child.kill().ok();
        self.finish()
    }

    #[track_caller]
    fn wait_for(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            // Whether it has ended is asked first: what it said last is then seen all the same.
            let ended = self.child.try_wait().unwrap();
            let said = self.outputs.each_ref().map(Output::so_far).concat();
            if holds(&said) {
                return;
            }
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let waited = begun.elapsed();
                self.stage.fail(format_args!(
                    "waited {waited:.1?} for {what} of `lifeboat {}` ({ended:?}):\n{said}",
                    self.arguments
                ));
            }
            // A look every few milliseconds until then.
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Sends a signal by its name, such as `INT`.
    pub(super) fn signal(&self, name: &str) {
        self.stage.note(format_args!("SIG{name} to `lifeboat {}`", self.arguments));
        let mut kill = Command::new("kill");
        let sent = kill.arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success(), "kill -{name}: {sent}");
    }

    /// Waits for its end.
    #[track_caller]
    pub(super) fn finish(mut self) -> Ran {
        let timely = self.outputs.iter().all(|output| {
            let left = LIMIT.saturating_sub(self.begun.elapsed());
            output.ended.recv_timeout(left) != Err(RecvTimeoutError::Timeout)
        });
        if !timely {
            self.child.kill().unwrap();
        }
        let status = self.child.wait().unwrap();
        let took = self.begun.elapsed();
        let [stdout, stderr] = self.outputs.each_ref().map(Output::so_far);
        let mut calls = self.stage.ledger().entries();
        calls.retain(|entry| entry.seq > self.last);
        let arguments = std::mem::take(&mut self.arguments);
        let ran = Ran { arguments, code: status.code(), stdout, stderr, took, calls };
        write!(self.stage.transcript.lock().unwrap(), "{ran}").unwrap();
        self.stage.check(timely, format_args!("`lifeboat {}` did not end", ran.arguments));
        ran
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // After `finish` it has ended, and the system says so.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a stream of the program has brought, read by a thread of its own.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// Closed at the stream's end.
    ended: Receiver<()>,
}

impl Output {
    fn read(mut stream: impl Read + Send + 'static) -> Self {
        let (sender, ended) = mpsc::sync_channel::<()>(0);
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let filled = Arc::clone(&bytes);
        thread::spawn(move || {
            let _open = sender;
            let mut piece = [0; 8192];
            // An error is an end, too.
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                filled.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Self { bytes, ended }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}
