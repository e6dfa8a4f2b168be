//! The emulated AWS servers as processes: started on free loopback ports, ready when `start` returns, gone when dropped.
//!
//! Invariant: no server outlives the process that started it, however that one ends. The server
//! watches its standard input, whose other end only its owner holds, and kills its own process
//! group at the end of it (`serve.py`); nothing depends on a destructor.

mod debs;
mod gdnsd;
pub(crate) mod install;

use std::collections::VecDeque;
use std::env;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;

pub use debs::{Debs, GDNSD};
pub use gdnsd::{NameServer, Zone};
pub use install::{Requirements, Venv};

use crate::background::Background;
use crate::error::Doing as _;
use crate::{Error, Result, lock, wire};

/// What every server runs; the argument after it names the server.
const SERVE: &str = include_str!("serve.py");

/// How long a server may take from its start to its first answer, on a machine that is busy.
const START_DEADLINE: Duration = Duration::from_secs(90);

/// How long a server may take to forget everything.
const RESET_DEADLINE: Duration = Duration::from_secs(30);

/// How long a server whose owner let go may take to end, before it is killed outright.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// How much of a server's output is kept for error messages.
const LOG_BYTES: usize = 16 * 1024;

/// The servers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerKind {
    /// S3 with real replication, IAM, STS, DynamoDB, CloudWatch, Route 53 zones and records.
    MiniStack,
    /// Route 53 health checks, EC2, RDS, EKS, Auto Scaling, Secrets Manager.
    Moto,
}

impl ServerKind {
    /// Its name, as `serve.py`, the requirements file and messages have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MiniStack => "ministack",
            Self::Moto => "moto",
        }
    }

    /// Whether it keeps a connection open after an answer.
    pub(crate) fn keeps_alive(self) -> bool {
        self == Self::MiniStack
    }

    fn health_path(self) -> &'static str {
        match self {
            Self::MiniStack => "/_ministack/health",
            Self::Moto => "/moto-api/data.json",
        }
    }

    fn reset_path(self) -> &'static str {
        match self {
            Self::MiniStack => "/_ministack/reset",
            Self::Moto => "/moto-api/reset",
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    kind: ServerKind,
    addr: SocketAddr,
    child: Child,
    lifeline: Option<ChildStdin>,
    ended: Mutex<mpsc::Receiver<()>>,
    log: Arc<Mutex<VecDeque<u8>>>,
}

impl Server {
    /// Installs the server where it is missing, starts it, and waits for its first answer.
    pub fn start(kind: ServerKind) -> Result<Self> {
        let venv = Venv::ensure(&Requirements::of(kind))?;
        let mut child = command(kind, &venv).spawn().doing(format!(
            "start {} with {}",
            kind.name(),
            venv.python().display()
        ))?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (end, ended) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            keep_tail(stderr, Arc::clone(&log), end)?;
        }
        let port = announced_port(&mut child)?;
        let lifeline = child.stdin.take();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Self { kind, addr, child, lifeline, ended: Mutex::new(ended), log };
        match port.recv_timeout(START_DEADLINE) {
            Ok(port) => server.addr.set_port(port),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                return Err(server.not_ready(format!("no port within {START_DEADLINE:?}")));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(server.not_ready("it ended at once".to_owned()));
            }
        }
        // The port is bound before it is announced, so the request waits in its backlog until
        // the server is ready: nothing to poll.
        let get = server.control(&Method::GET, kind.health_path(), START_DEADLINE);
        get.map_err(|error| server.not_ready(error.to_string()))?;
        Ok(server)
    }

    /// Which server it is.
    pub fn kind(&self) -> ServerKind {
        self.kind
    }

    /// Where it listens: a free port of 127.0.0.1.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process id, which is also the id of the server's process group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes the server forget all buckets, zones, roles and whatever else it holds.
    pub fn reset(&self) -> Result<()> {
        self.control(&Method::POST, self.kind.reset_path(), RESET_DEADLINE)
    }

    /// The end of what the server wrote on standard error.
    pub fn log(&self) -> String {
        let log: Vec<u8> = lock(&self.log).iter().copied().collect();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn control(&self, method: &Method, path: &'static str, deadline: Duration) -> Result<()> {
        let addr = self.addr;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", addr.to_string())
            .body(Full::new(Bytes::new()))
            .map_err(|e| Error::Exchange { peer: addr.to_string(), why: e.to_string() })?;
        let answer = Background::start("testbed-control")?
            .run(async move { tokio::time::timeout(deadline, wire::once(addr, request)).await })?;
        let answer = answer.map_err(|_late| Error::Exchange {
            peer: addr.to_string(),
            why: format!("no answer to {path} within {deadline:?}"),
        })??;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(Error::Answer {
            request: format!("{} {path}", self.kind.name()),
            status: answer.status().as_u16(),
            body: String::from_utf8_lossy(answer.body()).into_owned(),
        })
    }

    fn not_ready(&self, why: String) -> Error {
        // What it said last arrives when its standard error closes; a live server keeps it open.
        lock(&self.ended).recv_timeout(Duration::from_millis(200)).ok();
        Error::NotReady { server: self.kind.name(), why, log: self.log() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Standard error closes when the last process of the group has ended.
        if lock(&self.ended).recv_timeout(STOP_DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// The command that runs a server, with nothing of the caller's environment but the search path.
fn command(kind: ServerKind, venv: &Venv) -> Command {
    let mut command = Command::new(venv.python());
    // -I: no user site, no PYTHON* variables, no current folder on the module path.
    command.args(["-I", "-c", SERVE, kind.name()]);
    command.env_clear();
    for name in ["PATH", "TMPDIR", "LANG"] {
        command.envs(env::var_os(name).map(|value| (name, value)));
    }
    command.envs([
        ("HOME", "/nonexistent"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        // MiniStack: its defaults are all interfaces, account 000000000000, MQTT on 0.0.0.0:8883.
        ("BIND_HOST", "127.0.0.1"),
        ("MINISTACK_ACCOUNT_ID", crate::ACCOUNT),
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
        ("LOG_LEVEL", "WARNING"),
        // Neither server is to find a Docker daemon of this machine and tidy up its containers.
        ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
    ]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0);
    command
}

/// Reads the port that the server announces; the channel closes when the server ends without.
fn announced_port(child: &mut Child) -> Result<mpsc::Receiver<u16>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::Builder::new()
            .name("testbed-port".to_owned())
            .spawn(move || {
                let mut line = String::new();
                let read = BufReader::new(stdout).read_line(&mut line);
                if let (Ok(_), Ok(port)) = (read, line.trim().parse()) {
                    // The receiver may have stopped waiting.
                    sender.send(port).ok();
                }
            })
            .doing("start a thread for the test bed")?;
    }
    Ok(receiver)
}

/// Keeps the end of a stream until it closes, then closes `end`.
fn keep_tail(
    mut stream: impl Read + Send + 'static,
    log: Arc<Mutex<VecDeque<u8>>>,
    end: mpsc::Sender<()>,
) -> Result<()> {
    let thread = thread::Builder::new().name("testbed-log".to_owned());
    let reading = thread.spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            let mut log = lock(&log);
            log.extend(&buffer[..length]);
            let excess = log.len().saturating_sub(LOG_BYTES);
            log.drain(..excess);
        }
        drop(end);
    });
    reading.doing("start a thread for the test bed")?;
    Ok(())
}
