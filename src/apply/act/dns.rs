//! One question to a resolver, and what it answered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(2);

/// The largest answer that servers send without being asked for more (RFC 1035, 4.2.1), and more.
const LARGEST: usize = 4096;

/// What a resolver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Addresses, and names that stand for the name, without their last dot.
    pub(super) values: Vec<String>,
    /// How long it may keep that.
    pub(super) ttl: Duration,
}

/// Asks once.
///
/// # Errors
/// Why nothing is known, for people.
pub(super) async fn ask(
    server: SocketAddr,
    (name, kind): (&str, &str),
    id: u16,
) -> Result<Answer, String> {
    let query = question(name, kind, id).map_err(|error| error.to_string())?;
    let exchange = async {
        let ours: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((ours, 0)).await?;
        // From now on only what this server sends is received.
        socket.connect(server).await?;
        socket.send(&query).await?;
        let mut buffer = vec![0; LARGEST];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Some(read) = buffer.get(..length).and_then(|bytes| read(bytes, name, id)) {
                return Ok::<_, std::io::Error>(read);
            }
        }
    };
    match timeout(ANSWER, exchange).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_late) => Err(format!("no answer within {} s", ANSWER.as_secs())),
    }
}

fn question(name: &str, kind: &str, id: u16) -> simple_dns::Result<Vec<u8>> {
    let kind = match kind {
        "AAAA" => TYPE::AAAA,
        "CNAME" => TYPE::CNAME,
        _ => TYPE::A,
    };
    let mut query = Packet::new_query(id);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    query.questions.push(Question::new(Name::new(name)?, kind.into(), CLASS::IN.into(), false));
    query.build_bytes_vec()
}

/// What a datagram says; nothing where it answers another question.
fn read(bytes: &[u8], name: &str, id: u16) -> Option<Result<Answer, String>> {
    let packet = Packet::parse(bytes).ok()?;
    let asked = |name: &Name<'_>| canonical(&name.to_string());
    let ours = packet.questions.iter().any(|question| asked(&question.qname) == canonical(name));
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !ours {
        return None;
    }
    if packet.rcode() != RCODE::NoError {
        return Some(Err(format!("it answered {}", code(packet.rcode()))));
    }
    let values = packet.answers.iter().filter_map(|record| match &record.rdata {
        RData::A(a) => Some(Ipv4Addr::from(a.address).to_string()),
        RData::AAAA(aaaa) => Some(Ipv6Addr::from(aaaa.address).to_string()),
        RData::CNAME(to) => Some(asked(&to.0)),
        _ => None,
    });
    let values: Vec<String> = values.collect();
    // What other names of a chain may be kept for says nothing of this one.
    let own = packet.answers.iter().filter(|record| asked(&record.name) == canonical(name));
    let ttl = own.map(|record| record.ttl).min().unwrap_or_default();
    if values.is_empty() {
        return Some(Err("it answered with no address".to_owned()));
    }
    Some(Ok(Answer { values, ttl: Duration::from_secs(ttl.into()) }))
}

fn code(code: RCODE) -> &'static str {
    match code {
        RCODE::NameError => "that there is no such name (NXDOMAIN)",
        RCODE::ServerFailure => "that it failed (SERVFAIL)",
        RCODE::Refused => "that it refuses (REFUSED)",
        _ => "with an error",
    }
}

/// An address or a name in the form in which it is compared.
pub(super) fn canonical(text: &str) -> String {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    text.parse::<IpAddr>().map_or(text, |ip| ip.to_string())
}
