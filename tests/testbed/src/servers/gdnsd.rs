//! gdnsd, an authoritative name server, as a process: zones in, answers out, gone when dropped.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::debs::GDNSD;
use super::install::{run, tail};
use super::{SERVE, STOP_DEADLINE, keep_tail};
use crate::error::Doing as _;
use crate::{Error, Result, lock};

/// How long it may take from its start to its first answer, on a machine that is busy.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks whether it has started or ended.
const LOOK: Duration = Duration::from_millis(20);

/// How often a free port is looked for: another program may take it before gdnsd does.
const TRIES: usize = 5;

/// What a name server answers by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// The zone as a file.
    pub text: String,
    /// Resources of gdnsd's plugin `weighted`, of which `DYNA weighted!NAME` in the file answers.
    pub weighted: String,
}

impl From<String> for Zone {
    fn from(text: String) -> Self {
        Self { text, weighted: String::new() }
    }
}

/// A running name server with one zone.
#[derive(Debug)]
pub struct NameServer {
    addr: SocketAddr,
    root: PathBuf,
    folder: PathBuf,
    zone: String,
    daemon: Mutex<Daemon>,
}

/// A process of it, and by which weights it answers.
#[derive(Debug)]
struct Daemon {
    child: Child,
    lifeline: Option<ChildStdin>,
    ended: mpsc::Receiver<()>,
    log: Arc<Mutex<VecDeque<u8>>>,
    weighted: String,
}

impl NameServer {
    /// Fetches it where it is missing, and starts it with this zone; nothing where there are no such
    /// packages ([`super::Debs::ensure`]).
    pub fn start(name: &str, zone: &Zone) -> Result<Option<Self>> {
        let Some(root) = GDNSD.ensure()? else { return Ok(None) };
        let mut tried = Self::once(&root, name, zone);
        for _ in 1..TRIES {
            if tried.is_ok() {
                break;
            }
            tried = Self::once(&root, name, zone);
        }
        tried.map(Some)
    }

    fn once(root: &Path, name: &str, zone: &Zone) -> Result<Self> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let folder =
            env::temp_dir().join(format!("lifeboat-gdnsd-{}-{number}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder).doing(format!("remove {}", folder.display()))?;
        }
        for part in ["zones", "run", "state"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).doing(format!("create {}", part.display()))?;
        }
        let addr = free()?;
        write(&folder, name, &zone.text)?;
        configure(&folder, addr, &zone.weighted)?;
        let daemon = Daemon::start(root, &folder, &zone.weighted, &["start"])?;
        let (root, name) = (root.to_owned(), name.to_owned());
        let server = Self { addr, root, folder, zone: name, daemon: Mutex::new(daemon) };
        server.ready(&lock(&server.daemon))?;
        Ok(server)
    }

    /// Where it answers, by UDP and by TCP.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process id, which is also the id of its process group. It is another one with other weights.
    pub fn pid(&self) -> u32 {
        lock(&self.daemon).child.id()
    }

    /// Answers by this zone from now on, and by the one before until then.
    pub fn serve(&self, zone: &Zone) -> Result<()> {
        write(&self.folder, &self.zone, &zone.text)?;
        let mut daemon = lock(&self.daemon);
        if daemon.weighted == zone.weighted {
            return self.control("reload-zones").map_err(|why| daemon.not_ready(why));
        }
        // Weights are read at the start only: another process takes the sockets over, and the old one
        // ends. No question is lost (gdnsd(8), `-R`).
        configure(&self.folder, self.addr, &zone.weighted)?;
        let mut next = self.taken_over(&daemon, &zone.weighted);
        for _ in 1..TRIES {
            // It is refused while an attempt before it, which failed, is not cleared away.
            if next.is_ok() {
                break;
            }
            next = self.taken_over(&daemon, &zone.weighted);
        }
        match next {
            Ok(next) => {
                self.ready(&next)?;
                *daemon = next;
                Ok(())
            }
            Err(error) => {
                configure(&self.folder, self.addr, &daemon.weighted)?;
                Err(error)
            }
        }
    }

    /// A process with these weights in place of another, which has ended.
    fn taken_over(&self, old: &Daemon, weighted: &str) -> Result<Daemon> {
        let next = Daemon::start(&self.root, &self.folder, weighted, &["-R", "start"])?;
        let begun = Instant::now();
        while !old.has_ended() {
            if next.has_ended() || begun.elapsed() > START_DEADLINE {
                return Err(next.not_ready("it did not take over".to_owned()));
            }
            thread::park_timeout(LOOK);
        }
        Ok(next)
    }

    /// Waits until its control socket answers, which it does once its zones are loaded.
    fn ready(&self, daemon: &Daemon) -> Result<()> {
        let begun = Instant::now();
        loop {
            let Err(why) = self.control("status") else { return Ok(()) };
            if daemon.has_ended() || begun.elapsed() > START_DEADLINE {
                return Err(daemon.not_ready(why));
            }
            thread::park_timeout(LOOK);
        }
    }

    /// Tells it something, and what it says if it does not.
    fn control(&self, action: &str) -> Result<(), String> {
        let mut command = Command::new(self.root.join("usr/bin/gdnsdctl"));
        command.arg("-c").arg(&self.folder).arg(action);
        command.env("LD_LIBRARY_PATH", libraries(&self.root));
        let output = run(&mut command).map_err(|error| error.to_string())?;
        if output.status.success() { Ok(()) } else { Err(tail(&output)) }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        lock(&self.daemon).stop();
        // What cannot be removed stays in the system's temporary folder.
        fs::remove_dir_all(&self.folder).ok();
    }
}

impl Daemon {
    fn start(root: &Path, folder: &Path, weighted: &str, action: &[&str]) -> Result<Self> {
        let mut command = Command::new("python3");
        command.args(["-I", "-c", SERVE, "program"]).arg(root.join("usr/sbin/gdnsd"));
        command.arg("-c").arg(folder).arg("-D").args(action).process_group(0);
        command.env("LD_LIBRARY_PATH", libraries(root));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().doing("start gdnsd with python3")?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (end, ended) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            keep_tail(stderr, Arc::clone(&log), end)?;
        }
        let lifeline = child.stdin.take();
        Ok(Self { child, lifeline, ended, log, weighted: weighted.to_owned() })
    }

    /// Whether the last process of its group has ended, by which standard error closes.
    fn has_ended(&self) -> bool {
        self.ended.try_recv() == Err(mpsc::TryRecvError::Disconnected)
    }

    fn not_ready(&self, why: String) -> Error {
        let log: Vec<u8> = lock(&self.log).iter().copied().collect();
        let log = String::from_utf8_lossy(&log).into_owned();
        Error::NotReady { server: GDNSD.name, why, log }
    }

    fn stop(&mut self) {
        drop(self.lifeline.take());
        if self.ended.recv_timeout(STOP_DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells gdnsd where to answer, and by which weights.
fn configure(folder: &Path, addr: SocketAddr, weighted: &str) -> Result<()> {
    // Without a lower limit of its own a TTL of a second is five.
    let mut config = format!(
        "options => {{\n listen => {addr}\n run_dir => {run}\n state_dir => {state}\n \
         min_ttl => 1\n udp_threads => 1\n tcp_threads => 1\n}}\n",
        run = folder.join("run").display(),
        state = folder.join("state").display(),
    );
    if !weighted.is_empty() {
        config += &format!("plugins => {{ weighted => {{\n{weighted}}} }}\n");
    }
    fs::write(folder.join("config"), config).doing("write the name server's configuration")
}

/// Puts a zone into its place at once, so that no half of it is ever read.
fn write(folder: &Path, zone: &str, text: &str) -> Result<()> {
    let name = zone.trim_end_matches('.');
    let (new, path) = (folder.join("new"), folder.join("zones").join(name));
    fs::write(&new, text).doing(format!("write the zone {name}"))?;
    fs::rename(&new, &path).doing(format!("rename to {}", path.display()))
}

/// Where the packages' libraries are.
fn libraries(root: &Path) -> String {
    let folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    folders.map(|folder| root.join(folder).display().to_string()).join(":")
}

/// A port of 127.0.0.1 that is free for both protocols.
fn free() -> Result<SocketAddr> {
    let mut taken = Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    for _ in 0..TRIES {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|tcp| tcp.local_addr());
        taken = tcp.and_then(|addr| UdpSocket::bind(addr).map(|_| addr));
        if taken.is_ok() {
            break;
        }
    }
    taken.doing("find a free port")
}
