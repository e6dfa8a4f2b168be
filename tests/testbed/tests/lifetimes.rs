//! Servers live as long as their owner and no longer; leases are empty; an install is all or nothing.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use lifeboat_testbed::{
    Bed, Error, Fault, NameServer, Pair, Requirements, Rule, Server, ServerKind, Venv, Zone,
};

use crate::client::{eventually, exchange};

/// Whether a process group has no members, and nobody answers at its port.
fn gone(pid: &str, addr: SocketAddr) -> bool {
    gone_group(pid) && TcpStream::connect(addr).is_err()
}

fn gone_group(pid: &str) -> bool {
    // Without `--` the group's number is taken for an option, and everything succeeds.
    let mut kill = Command::new("kill");
    let kill = kill.args(["-0", "--", &format!("-{pid}")]).stderr(Stdio::null()).status();
    !kill.unwrap().success()
}

#[test]
fn a_dropped_server_leaves_no_process() {
    for kind in [ServerKind::MiniStack, ServerKind::Moto] {
        let server = Server::start(kind).unwrap();
        let (pid, addr) = (server.pid().to_string(), server.addr());
        assert!(addr.ip().is_loopback() && !gone(&pid, addr));
        drop(server);
        assert!(gone(&pid, addr), "{kind:?} is still there");
    }
}

#[test]
fn a_name_server_answers_by_the_zone_it_is_given_last_and_leaves_no_process() {
    let zone = |ip: &str| {
        Zone::from(format!(
            "example.com. 60 SOA ns.example.com. root.example.com. 1 7200 900 1209600 60\n\
             example.com. 60 NS ns.example.com.\nwww.example.com. 1 {ip}\n"
        ))
    };
    // Left out where its packages are not those of the machine.
    let Some(server) = NameServer::start("example.com", &zone("A 192.0.2.1")).unwrap() else {
        return;
    };
    let (pid, addr) = (server.pid().to_string(), server.addr());
    assert_eq!(resolved(addr), [192, 0, 2, 1]);
    server.serve(&zone("A 192.0.2.2")).unwrap();
    assert_eq!(resolved(addr), [192, 0, 2, 2]);
    let broken = Zone::from("www.example.com. 60 A no address\n".to_owned());
    assert!(server.serve(&broken).is_err(), "a broken zone is told");
    assert_eq!(resolved(addr), [192, 0, 2, 2]);
    // Weights are another process, at the same place.
    let by = |weighted: &str| Zone { weighted: weighted.to_owned(), ..zone("DYNA weighted!www") };
    server.serve(&by("www => { a => [ 192.0.2.3, 1 ] }\n")).unwrap();
    assert_eq!(resolved(addr), [192, 0, 2, 3]);
    eventually("the process with other weights has ended", || gone_group(&pid));
    let broken = by("www => { a => [ 192.0.2.3, no weight ] }\n");
    assert!(server.serve(&broken).is_err(), "broken weights are told");
    assert_eq!(resolved(addr), [192, 0, 2, 3]);
    server.serve(&zone("A 192.0.2.4")).unwrap();
    assert_eq!(resolved(addr), [192, 0, 2, 4]);
    let pid = server.pid().to_string();
    drop(server);
    // Its last process is somebody else's child by now, who takes a moment to notice.
    eventually("the name server has ended", || gone(&pid, addr));
}

/// The address of www.example.com: the last four bytes of the answer.
fn resolved(server: SocketAddr) -> [u8; 4] {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let asked = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    socket.send_to(asked, server).unwrap();
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).unwrap();
    *answer[..length].last_chunk().unwrap()
}

#[test]
fn servers_do_not_outlive_a_parent_that_is_killed() {
    let mut parent = Command::new(env!("CARGO_BIN_EXE_testbed-hold"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let servers: Vec<(String, SocketAddr)> = lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (pid, addr) = line.split_once(' ').unwrap();
            (pid.to_owned(), addr.parse().unwrap())
        })
        .collect();
    assert_eq!(servers.len(), 2);
    assert!(servers.iter().all(|(pid, addr)| !gone(pid, *addr)));
    // Child::kill is SIGKILL: no destructor and no signal handler runs over there.
    parent.kill().unwrap();
    parent.wait().unwrap();
    for (pid, addr) in &servers {
        eventually("the server has ended", || gone(pid, *addr));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn servers_listen_on_loopback_only() {
    let pair = Pair::lease().unwrap();
    let own: Vec<u32> = pair.servers().map(Server::pid).collect();
    let sockets = |pid: &u32| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let links = open.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
        links.map(|link| link.display().to_string()).filter(|l| l.starts_with("socket:")).collect()
    };
    let inodes: Vec<String> = own.iter().flat_map(|pid| -> Vec<String> { sockets(pid) }).collect();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap()
        + &std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    let mut listening = 0;
    for row in table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>()) {
        let mine = row.len() > 9 && inodes.contains(&format!("socket:[{}]", row[9]));
        if mine && row[3] == "0A" {
            assert!(row[1].starts_with("0100007F:"), "listens on {}", row[1]);
            listening += 1;
        }
    }
    assert_eq!(listening, 2);
}

#[test]
fn a_lease_is_empty_whatever_the_last_one_left() {
    for _ in 0..3 {
        let bed = Bed::start().unwrap();
        assert_eq!(bed.aws().everything_left().unwrap(), Vec::<String>::new());
        bed.aws().create_bucket("us-east-1", "exports").unwrap();
        bed.aws().create_zone("example.com").unwrap();
        assert_eq!(bed.aws().everything_left().unwrap().len(), 2);
    }
}

#[test]
fn a_pair_whose_server_died_is_replaced() {
    let pair = Pair::lease().unwrap();
    let pid = pair.servers().next().unwrap().pid().to_string();
    let addr = pair.ministack();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    eventually("it is dead", || TcpStream::connect(addr).is_err());
    drop(pair);
    let beds = [Bed::start().unwrap()];
    assert_eq!(beds[0].aws().everything_left().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_bed_may_be_used_and_dropped_inside_an_async_test() {
    let bed = Bed::start().unwrap();
    let begun = std::time::Instant::now();
    let delay = std::time::Duration::from_millis(100);
    bed.proxy.inject(Rule::new(Fault::Latency(delay)));
    let list = ["s3", "us-east-1", "GET", "/"];
    assert_eq!(exchange(&bed.proxy.endpoint(), list, "").unwrap().status, 200);
    assert!(begun.elapsed() >= delay, "the proxy has a clock of its own");
}

/// A folder that is removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("testbed-{name}-{}", std::process::id())))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn installs_that_race_end_in_one_environment() {
    let scratch = Scratch::new("race");
    let nothing = Requirements { name: "nothing", text: "# no packages\n" };
    let pythons: Vec<PathBuf> = thread::scope(|scope| {
        let install = || Venv::ensure_in(scratch.path(), &nothing).unwrap().python();
        let both = [scope.spawn(install), scope.spawn(install)];
        both.map(|one| one.join().unwrap()).to_vec()
    });
    assert_eq!(pythons[0], pythons[1]);
    assert!(Command::new(&pythons[0]).args(["-c", ""]).status().unwrap().success());
}

#[test]
fn an_install_that_fails_leaves_nothing_that_looks_installed() {
    let scratch = Scratch::new("fail");
    let text = "absent @ file:///nonexistent/absent-1-py3-none-any.whl \
                --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n";
    let absent = Requirements { name: "absent", text };
    let error = Venv::ensure_in(scratch.path(), &absent).unwrap_err();
    assert!(matches!(error, Error::Install { server: "absent", .. }), "{error}");
    assert!(error.to_string().contains("No such file or directory"), "{error}");
    let left = std::fs::read_dir(scratch.path()).unwrap().map(|e| e.unwrap().file_name());
    let left: Vec<String> = left.map(|name| name.into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.starts_with("absent-")), "{left:?}");
}
