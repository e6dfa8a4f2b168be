//! HTTP/1.1 exchanges with the servers: whole requests, whole answers.

use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::{Error, Result, lock};

/// A request whose body is at hand.
pub(crate) type Whole = Request<Full<Bytes>>;

/// Headers that concern one connection, not the message.
const HOP_BY_HOP: [header::HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
];

/// Removes the headers that concern one connection only.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

/// One request on a connection of its own.
pub(crate) async fn once(addr: SocketAddr, request: Whole) -> Result<Response<Bytes>> {
    let stream = TcpStream::connect(addr).await.map_err(|e| failed(addr, &e))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(addr, &e))?;
    let talk = async move {
        let answer = sender.send_request(request).await.map_err(|e| failed(addr, &e))?;
        collect(addr, answer).await
    };
    let (answer, _closed) = tokio::join!(talk, connection);
    answer
}

/// A server with the connections to it that wait for the next request.
#[derive(Debug)]
pub(crate) struct Upstream {
    addr: SocketAddr,
    /// Whether the server keeps connections open at all: moto closes each after one answer.
    keeps_alive: bool,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    drivers: Mutex<JoinSet<()>>,
}

impl Upstream {
    /// A server without any connection yet.
    pub(crate) fn new(addr: SocketAddr, keeps_alive: bool) -> Self {
        Self {
            addr,
            keeps_alive,
            idle: Mutex::new(Vec::new()),
            drivers: Mutex::new(JoinSet::new()),
        }
    }

    /// Sends a request and waits for the whole answer. It is sent once: only a request that
    /// never left (its idle connection was closed meanwhile) is tried on another connection.
    pub(crate) async fn exchange(&self, mut request: Whole) -> Result<Response<Bytes>> {
        if !self.keeps_alive {
            return once(self.addr, request).await;
        }
        loop {
            let idle = lock(&self.idle).pop();
            let fresh = idle.is_none();
            let mut sender = match idle {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            if sender.ready().await.is_err() && !fresh {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    let answer = collect(self.addr, answer).await?;
                    lock(&self.idle).push(sender);
                    return Ok(answer);
                }
                Err(mut unsent) => match unsent.take_message() {
                    Some(message) if !fresh => request = message,
                    _ => return Err(failed(self.addr, unsent.error())),
                },
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.addr).await.map_err(|e| failed(self.addr, &e))?;
        stream.set_nodelay(true).map_err(|e| failed(self.addr, &e))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(self.addr, &e))?;
        let mut drivers = lock(&self.drivers);
        while drivers.try_join_next().is_some() {}
        drivers.spawn(async move {
            // Its error is reported to whoever waits for an answer on it.
            connection.await.ok();
        });
        Ok(sender)
    }
}

async fn collect(addr: SocketAddr, answer: Response<Incoming>) -> Result<Response<Bytes>> {
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|e| failed(addr, &e))?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

fn failed(addr: SocketAddr, error: &dyn std::error::Error) -> Error {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    Error::Exchange { peer: addr.to_string(), why }
}
