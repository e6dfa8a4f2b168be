//! What answers in a region: an HTTP server that takes a request only while its region takes writes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use lifeboat_testbed::Aws;

use crate::scenarios::stage::Stage;
use crate::scenarios::web::{BUCKET, COPY, EAST, WEST};

/// A region that nobody promotes, and the bucket there.
pub(super) const THIRD: &str = "eu-west-1";
pub(super) const THIRD_COPY: &str = "web-exports-eu";

/// A server; dropped or stopped, it is gone, and connections to it are refused.
#[derive(Debug)]
pub(super) struct Endpoint {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Endpoint {
    /// One for each region, on addresses of their own and with one port. Where they write into the
    /// bucket of their region, they ask its policy at each request.
    pub(super) fn pair(stage: &Stage, writing: bool) -> [Self; 2] {
        let [first, second, _] = Self::trio(stage, writing);
        [first, second]
    }

    /// The same for a third region.
    pub(super) fn trio(stage: &Stage, writing: bool) -> [Self; 3] {
        let at = |last, port| TcpListener::bind((Ipv4Addr::new(127, 0, 0, last), port));
        // The second may find the port of the first taken.
        let found = (0..20).find_map(|_| {
            let first = at(2, 0).unwrap();
            let port = first.local_addr().unwrap().port();
            Some([first, at(3, port).ok()?, at(4, port).ok()?])
        });
        let [first, second, third] = found.unwrap();
        let bucket = |name| writing.then_some(name);
        [
            Self::start(first, EAST, bucket(BUCKET), stage.bed.aws()),
            Self::start(second, WEST, bucket(COPY), stage.bed.aws()),
            Self::start(third, THIRD, bucket(THIRD_COPY), stage.bed.aws()),
        ]
    }

    fn start(
        listener: TcpListener,
        region: &'static str,
        bucket: Option<&'static str>,
        aws: Aws,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&over);
        let serve = move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let takes = || bucket.is_none_or(|bucket| !is_fenced(&aws, region, bucket));
                // Who hangs up is the business of the tests.
                drop(stream.and_then(|stream| answer(stream, region, takes)));
            }
        };
        let thread = Mutex::new(Some(std::thread::spawn(serve)));
        Self { address, over, thread }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn stop(&self) {
        self.over.store(true, Ordering::SeqCst);
        // Only an accepted connection lets it see that.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.lock().unwrap().take() {
            drop(thread.join());
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if self.thread.lock().is_ok_and(|thread| thread.is_some()) {
            self.stop();
        }
    }
}

/// Whether the policy of a bucket keeps writes out.
fn is_fenced(aws: &Aws, region: &str, bucket: &str) -> bool {
    let policy = aws.raw("s3", region, "GET", &format!("/{bucket}?policy")).send();
    policy.is_ok_and(|policy| policy.text().contains("LifeboatFence"))
}

/// Answers one request by the name of the region, and hangs up. It is well while it answers at all.
fn answer(stream: TcpStream, region: &str, takes: impl Fn() -> bool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let status = match line.starts_with("GET /health ") || takes() {
        true => "200 OK",
        false => "503 Service Unavailable",
    };
    let length = region.len();
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{region}"
    )?;
    stream.flush()
}

/// Whom an address belongs to.
pub(super) fn region_at(ip: IpAddr) -> &'static str {
    let last = |last| IpAddr::from([127, 0, 0, last]);
    match ip {
        ip if ip == last(2) => EAST,
        ip if ip == last(4) => THIRD,
        _ => WEST,
    }
}
