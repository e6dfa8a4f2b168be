//! A resolver that was asked just before each change: it keeps what it was told last for all of its TTL.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, ResourceRecord};

use super::client::{first, question};

/// How often it looks for a change, and how long it waits for the name server.
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(5);

/// Dropped, it ends.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Answers for one name what this name server answers.
    pub(super) fn start(server: SocketAddr, name: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(LOOK)).unwrap();
        let address = socket.local_addr().unwrap();
        let over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&over);
        let serve = move || {
            let (mut ip, ttl) = asked(server, name);
            let mut until = Instant::now() + ttl;
            while !ends.load(Ordering::SeqCst) {
                let (now, (last, ttl)) = (Instant::now(), asked(server, name));
                if last == ip || until <= now {
                    (ip, until) = (last, now + ttl);
                }
                answer(&socket, ip, until);
            }
        };
        Self { address, over, thread: Some(std::thread::spawn(serve)) }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the name server answers now.
fn asked(server: SocketAddr, name: &str) -> (IpAddr, Duration) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server).unwrap();
    socket.send(&question(name).unwrap()).unwrap();
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).unwrap();
    first(&answer[..length]).unwrap().unwrap()
}

/// Answers whoever asks within the next moment.
fn answer(socket: &UdpSocket, ip: IpAddr, until: Instant) {
    let mut buffer = [0; 512];
    let (length, from) = match socket.recv_from(&mut buffer) {
        Ok(received) => received,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
        Err(error) => panic!("{error}"),
    };
    let query = Packet::parse(&buffer[..length]).unwrap();
    let mut reply = Packet::new_reply(query.id());
    let left = until.saturating_duration_since(Instant::now()).as_secs_f64().ceil();
    let IpAddr::V4(ip) = ip else { panic!("{ip}") };
    for question in query.questions {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
        let (name, ttl) = (question.qname.clone(), left as u32);
        let data = RData::A(A { address: ip.into() });
        reply.answers.push(ResourceRecord::new(name, CLASS::IN, ttl, data));
        reply.questions.push(question);
    }
    socket.send_to(&reply.build_bytes_vec().unwrap(), from).unwrap();
}
