//! A folder of files and the real program in it: no variable of the caller's environment, no
//! colour, a fixed width; what differs from run to run has a name instead.

use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use regex::Regex;

/// A folder that goes when it is dropped, and what runs in it.
pub(crate) struct Case {
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exit code; -1 for a signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Case {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("case-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { folder, environment: Vec::new() }
    }

    /// A folder whose `main.dr.hcl` says this.
    pub(crate) fn of(text: &str) -> Self {
        Self::new().file("main.dr.hcl", text)
    }

    /// Writes a file.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file in the middle of a story.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Where a file is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The program in the folder, ready to run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(args).current_dir(&self.folder).env_clear();
        let fixed = [("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("COLUMNS", "100"), ("USER", "tester")];
        command.envs(fixed).env("HOSTNAME", "host").env("HOME", &self.folder);
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.ran(self.command(args).output().unwrap())
    }

    /// Runs a command of the program to its end and leaves every word of it as it is.
    pub(crate) fn exactly(command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the program with something to read.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let written = child.stdin.take().unwrap().write_all(input.as_bytes());
        drop(written);
        self.ran(child.wait_with_output().unwrap())
    }

    /// Runs the program, which must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:#?}");
        ran
    }

    /// Starts the program.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running(self.command(args).spawn().unwrap())
    }

    fn ran(&self, output: std::process::Output) -> Ran {
        let text = |bytes: &[u8]| self.normal(&String::from_utf8_lossy(bytes));
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Ids, times and paths by name.
    fn normal(&self, text: &str) -> String {
        static NAMES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
            let names = [
                (r"after \d+s", "after <n>s"),
                (r#""elapsed_seconds":\d+"#, r#""elapsed_seconds":"<n>""#),
                (r"\b(linux|darwin|windows)_\w+", "<platform>"),
                (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>"),
                (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
                (r"\bplan [0-9a-f]{64}\b", "plan <digest>"),
                (r"\b\d+(\.\d+)? ?(ms|s) ago\b", "<time> ago"),
                (r"\brun [0-9a-f]{8}\b", "run <run>"),
                // What was measured; what is declared has no fraction.
                (r"\b\d+\.\d s\b", "<n> s"),
                (r#"seconds": \d+\.\d+"#, r#"seconds": "<n>""#),
            ];
            names.map(|(pattern, name)| (Regex::new(pattern).unwrap(), name)).into()
        });
        let text = text.replace(&*self.folder.to_string_lossy(), "<folder>");
        let text = text.replace(env!("CARGO_PKG_VERSION"), "<version>");
        NAMES.iter().fold(text, |text, (regex, name)| regex.replace_all(&text, *name).into_owned())
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Ran {
    /// Fails unless the code is this one and both streams together hold the texts, in order.
    pub(crate) fn says(&self, code: i32, texts: &[&str]) -> &Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert!(!all.contains("panicked"), "{self:#?}");
        assert_eq!(self.code, code, "{self:#?}");
        let mut rest = &*all;
        for text in texts {
            let at = rest.find(text).unwrap_or_else(|| panic!("no {text:?} in {self:#?}"));
            rest = &rest[at + text.len()..];
        }
        self
    }

    /// Every line of the results as JSON.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{error}: {line:?}: {self:#?}"))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The results as one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Whether the results are one JSON document, or JSON line by line.
    pub(crate) fn lines_or_document(&self) -> bool {
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        json(&self.stdout) || self.stdout.lines().all(json)
    }

    /// Exit code, results and errors as a transcript has them.
    pub(crate) fn transcript(&self, args: &str) -> String {
        let part = |name: &str, text: &str| match text.trim_end() {
            "" => String::new(),
            text => format!("-- {name}\n{text}\n"),
        };
        let (out, err) = (part("stdout", &self.stdout), part("stderr", &self.stderr));
        let args = if args.is_empty() { String::new() } else { format!(" {args}") };
        format!("$ lifeboat{args}\n{out}{err}-- exit {}\n\n", self.code)
    }
}

/// A run that is going on; it is killed when it is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Reads what it prints until a text comes.
    pub(crate) fn until(&mut self, text: &str) -> String {
        read_until(self.0.stdout.as_mut().unwrap(), text)
    }

    /// Reads what it says beside its results until a text comes.
    pub(crate) fn until_said(&mut self, text: &str) -> String {
        read_until(self.0.stderr.as_mut().unwrap(), text)
    }

    /// Ctrl-C, and its end, which must come although its input stays open: the code and what was
    /// still said.
    pub(crate) fn interrupt(mut self) -> (i32, String) {
        let mut kill = Command::new("kill");
        assert!(kill.arg("-INT").arg(self.0.id().to_string()).status().unwrap().success());
        let looks = (0..6000).find_map(|_| {
            std::thread::park_timeout(Duration::from_millis(5));
            self.0.try_wait().unwrap()
        });
        let status = looks.expect("it goes on after an interrupt");
        let mut rest = Vec::new();
        self.0.stderr.take().unwrap().read_to_end(&mut rest).unwrap();
        (status.code().unwrap_or(-1), String::from_utf8_lossy(&rest).into_owned())
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn read_until(stream: &mut impl Read, text: &str) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).unwrap() == 1 {
        seen.push(byte[0]);
        if seen.ends_with(text.as_bytes()) {
            return String::from_utf8_lossy(&seen).into_owned();
        }
    }
    panic!("no {text:?} in {:?}", String::from_utf8_lossy(&seen));
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
