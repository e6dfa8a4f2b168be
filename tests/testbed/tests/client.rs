//! A client with nothing between the test and the socket.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The longest that a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A request as it goes over the wire, signed for service and region.
pub(crate) fn request(
    [service, region, method, path]: [&str; 4],
    headers: &str,
    body: &str,
) -> Vec<u8> {
    let form = if matches!(service, "iam" | "sts") {
        "content-type: application/x-www-form-urlencoded\r\n"
    } else {
        ""
    };
    let length = if body.is_empty() && method != "PUT" && method != "POST" {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=test/20260101/{region}/{service}/aws4_request, SignedHeaders=host, \
         Signature=00\r\n{headers}{form}{length}\r\n{body}"
    )
    .into_bytes()
}

/// Where an endpoint such as `http://127.0.0.1:80` listens.
pub(crate) fn addr(endpoint: &str) -> SocketAddr {
    endpoint.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap()
}

/// Sends bytes on a new connection.
pub(crate) fn send(endpoint: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(addr(endpoint)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// An answer as far as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line =
            self.head.lines().find(|l| l.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }
}

/// Reads one answer: its body up to the promised length, or up to the end of the connection.
pub(crate) fn receive(stream: &mut TcpStream, bodiless: bool) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(byte);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { status, head, body: String::new() };
    let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = Vec::new();
    while !bodiless && body.len() < length && stream.read(&mut byte)? == 1 {
        body.extend(byte);
    }
    answer.body = String::from_utf8_lossy(&body).into_owned();
    Ok(answer)
}

/// One whole exchange.
pub(crate) fn exchange(endpoint: &str, what: [&str; 4], body: &str) -> io::Result<Answer> {
    receive(&mut send(endpoint, &request(what, "", body)), what[2] == "HEAD")
}

/// Waits for a condition, and fails at the deadline.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
