//! Who asks: resolves the name as often as its TTL wants, and makes a request every 100 ms.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, Question, TYPE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// From one request to the next; none waits for those before it.
pub(super) const EVERY: Duration = Duration::from_millis(100);

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long an answer of the name server is waited for, and how often it is asked, as resolvers do.
const ANSWER: Duration = Duration::from_millis(500);
const TRIES: usize = 3;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done by this region.
    Answered(String),
    /// This region was reached, and does not take it.
    Refused(String),
    /// Nobody answered, or no address was found.
    Failed(String),
}

impl Outcome {
    pub(super) fn is_answer_of(&self, region: &str) -> bool {
        matches!(self, Self::Answered(by) if by == region)
    }
}

/// A request: when it was made, since the client began, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) at: Duration,
    pub(super) outcome: Outcome,
}

/// Requests go out until this is dropped.
#[derive(Debug)]
pub(super) struct Client {
    begun: Instant,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Asks this name server for the name.
    pub(super) fn start(server: SocketAddr, name: &'static str, port: u16) -> Self {
        let resolver = Arc::new(Resolver { server, name, kept: Mutex::default() });
        let begun = Instant::now();
        let seen = Arc::<Mutex<Vec<Request>>>::default();
        let (stop, mut stopped) = oneshot::channel::<()>();
        let enters = Arc::clone(&seen);
        let work = async move {
            let mut ticks = tokio::time::interval(EVERY);
            loop {
                tokio::select! {
                    biased;
                    // The sender says it by going.
                    _gone = &mut stopped => return,
                    _tick = ticks.tick() => {}
                }
                let (resolver, seen, at) =
                    (Arc::clone(&resolver), Arc::clone(&enters), begun.elapsed());
                tokio::spawn(async move {
                    let asked = timeout(DEADLINE, request(&resolver, port));
                    let outcome = match asked.await {
                        Ok(Ok(outcome)) => outcome,
                        Ok(Err(why)) => Outcome::Failed(why),
                        Err(_late) => Outcome::Failed(format!("nothing within {DEADLINE:?}")),
                    };
                    seen.lock().unwrap().push(Request { at, outcome });
                });
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let thread = Some(std::thread::spawn(move || runtime.block_on(work)));
        Self { begun, seen, stop: Some(stop), thread }
    }

    /// The time on its clock.
    pub(super) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// What came of all requests that are over, in the order in which they were made.
    pub(super) fn seen(&self) -> Vec<Request> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_by_key(|request| request.at);
        seen
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Keeps an answer for its TTL, and no longer.
#[derive(Debug)]
struct Resolver {
    server: SocketAddr,
    name: &'static str,
    /// The address, and until when it is kept.
    kept: Mutex<Option<(IpAddr, Instant)>>,
}

impl Resolver {
    async fn address(&self) -> Result<IpAddr, String> {
        let kept = *self.kept.lock().unwrap();
        if let Some((address, until)) = kept
            && Instant::now() < until
        {
            return Ok(address);
        }
        let mut asked = Err(String::new());
        for _ in 0..TRIES {
            asked = match timeout(ANSWER, self.ask()).await {
                Ok(asked) => asked,
                Err(_late) => Err(format!("the name server did not answer within {ANSWER:?}")),
            };
            if asked.is_ok() {
                break;
            }
        }
        let (address, ttl) = asked?;
        *self.kept.lock().unwrap() = Some((address, Instant::now() + ttl));
        Ok(address)
    }

    /// Asks once: the address and its TTL.
    async fn ask(&self) -> Result<(IpAddr, Duration), String> {
        let told = |error: &dyn std::fmt::Display| format!("resolving {}: {error}", self.name);
        let query = question(self.name).map_err(|e| told(&e))?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| told(&e))?;
        socket.connect(self.server).await.map_err(|e| told(&e))?;
        socket.send(&query).await.map_err(|e| told(&e))?;
        let mut answer = [0; 1232];
        let length = socket.recv(&mut answer).await.map_err(|e| told(&e))?;
        let found = first(&answer[..length]).map_err(|e| told(&e))?;
        found.ok_or_else(|| told(&"no address"))
    }
}

/// What a name server is asked for the address of a name.
pub(super) fn question(name: &str) -> simple_dns::Result<Vec<u8>> {
    let mut query = Packet::new_query(1);
    let name = Name::new(name)?;
    query.questions.push(Question::new(name, TYPE::A.into(), CLASS::IN.into(), false));
    query.build_bytes_vec()
}

/// The first address of an answer, and for how long it may be kept.
pub(super) fn first(answer: &[u8]) -> simple_dns::Result<Option<(IpAddr, Duration)>> {
    let answer = Packet::parse(answer)?;
    Ok(answer.answers.iter().find_map(|record| match &record.rdata {
        RData::A(a) => {
            let ttl = Duration::from_secs(record.ttl.into());
            Some((Ipv4Addr::from(a.address).into(), ttl))
        }
        _ => None,
    }))
}

/// One request, on a connection of its own.
async fn request(resolver: &Resolver, port: u16) -> Result<Outcome, String> {
    let told = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    let ip = resolver.address().await?;
    let region = super::endpoint::region_at(ip).to_owned();
    let stream = TcpStream::connect((ip, port)).await;
    let mut stream = stream.map_err(|e| told(&format!("connecting to {region}"), &e))?;
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", resolver.name);
    stream.write_all(request.as_bytes()).await.map_err(|e| told("asking", &e))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|e| told("reading", &e))?;
    match answer.split(' ').nth(1) {
        Some("200") if answer.ends_with(&region) => Ok(Outcome::Answered(region)),
        Some("503") => Ok(Outcome::Refused(region)),
        _ => Err(format!("{region} answered {answer:?}")),
    }
}
