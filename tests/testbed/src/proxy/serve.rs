//! One connection of a client, one call after the other: judge, pass on, spoil the answer.

use std::convert::Infallible;
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::Shared;
use super::answer::Refusal;
use super::call::Call;
use super::fault::Fault;
use super::ledger::{Outcome, Running};
use super::rewrite::{self, Part};
use crate::{Result, lock, wire};

/// The largest body that is passed on.
const MOST_BODY: usize = 64 * 1024 * 1024;

/// Between two bytes of a trickle.
const TRICKLE: Duration = Duration::from_millis(200);

/// How a connection ends when a fault has struck.
#[derive(Debug)]
enum Parting {
    /// With a reset.
    Reset,
    /// With these bytes at once, these slowly, and an orderly close.
    Bytes { at_once: Bytes, slowly: Bytes },
}

/// Ends hyper's part of a connection; what happens to the socket is in the parting.
#[derive(Debug, thiserror::Error)]
#[error("the fault proxy takes the connection over")]
struct TakeOver;

type Served = std::result::Result<Response<Full<Bytes>>, TakeOver>;

/// Serves a connection until either side closes it. `place` is the region whose address it came to.
pub(super) async fn connection(shared: Arc<Shared>, place: Option<String>, stream: TcpStream) {
    shared.ledger.connected();
    stream.set_nodelay(true).ok();
    let parting: Arc<Mutex<Option<Parting>>> = Arc::default();
    let service = {
        let parting = Arc::clone(&parting);
        service_fn(move |request| {
            let (shared, place) = (Arc::clone(&shared), place.clone());
            let parting = Arc::clone(&parting);
            let served = async move {
                let served = serve(&shared, place.as_deref(), request).await;
                served.map_err(|how| {
                    *lock(&parting) = Some(how);
                    TakeOver
                })
            };
            Box::pin(served) as Pin<Box<dyn Future<Output = Served> + Send>>
        })
    };
    let mut connection = http1::Builder::new()
        // No timer: idle connections stay open, as a test's clients may be slow on purpose.
        .header_read_timeout(None)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    // Its errors are those of clients that hang up, and ours.
    future::poll_fn(|context| connection.poll_without_shutdown(context)).await.ok();
    let stream = connection.into_parts().io.into_inner();
    let parting = lock(&parting).take();
    if let Some(parting) = parting {
        part(stream, parting).await;
    }
}

async fn part(mut stream: TcpStream, parting: Parting) {
    match parting {
        // A socket that is closed with no time to linger sends a reset.
        Parting::Reset => stream.set_zero_linger().unwrap_or_default(),
        Parting::Bytes { at_once, slowly } => {
            // The client may hang up at any time, which ends this too.
            if stream.write_all(&at_once).await.is_err() {
                return;
            }
            let mut ticks = tokio::time::interval(TRICKLE);
            for byte in slowly {
                ticks.tick().await;
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
            stream.shutdown().await.ok();
        }
    }
}

/// Answers a request, or says how its connection is to end.
async fn serve(
    shared: &Shared,
    place: Option<&str>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Parting> {
    let arrived = tokio::time::Instant::now();
    let (mut parts, body) = request.into_parts();
    let place = strip_region(&mut parts).or(place.map(str::to_owned));
    let body = Limited::new(body, MOST_BODY).collect().await.map(|body| body.to_bytes());
    let call = Call::read(&parts, body.as_deref().unwrap_or_default(), place.as_deref());
    let target = parts.uri.to_string();
    let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let said = [parts.method.as_str(), &target, agent.unwrap_or_default()];
    let running = shared.ledger.begin(&call, said);
    let head = parts.method == Method::HEAD;
    let verdict = lock(&shared.rules).judge(&call);
    if let Some(fault) = &verdict.fault {
        running.struck(format!("{fault:?}"));
    } else if verdict.latency > Duration::ZERO {
        running.struck(format!("Latency({:?})", verdict.latency));
    }
    // A sleep of nothing takes a millisecond.
    if verdict.latency > Duration::ZERO {
        tokio::time::sleep(verdict.latency).await;
    }
    let early = match &verdict.fault {
        Some(Fault::BlackHole) => never(future::pending().await),
        Some(Fault::Refuse | Fault::Reset) => {
            running.end(Outcome::Broken);
            return Err(Parting::Reset);
        }
        Some(Fault::Status503) => Some(Refusal::Unavailable),
        Some(Fault::Status500) => Some(Refusal::Failed),
        Some(Fault::Throttle) => Some(Refusal::Throttled),
        Some(Fault::Denied403) => Some(Refusal::Denied),
        Some(Fault::Expired) => Some(Refusal::Expired),
        _ if call.misdirected.is_some() => Some(Refusal::Misdirected),
        _ => None,
    };
    let answer = match (early, body) {
        (Some(refusal), _) => refusal.answer(&call),
        (None, Err(_)) => Refusal::TooLarge.answer(&call),
        (None, Ok(body)) => match forward(shared, &call, &running, parts, body).await {
            Ok(answer) => answer,
            Err(error) => {
                running.struck(error.to_string());
                Refusal::NoServer.answer(&call)
            }
        },
    };
    if let Some(Fault::Least(time)) = &verdict.fault {
        tokio::time::sleep_until(arrived + *time).await;
    }
    deliver(verdict.fault.as_ref(), running, answer, head).await
}

/// Hands the answer over, spoilt as the fault says.
async fn deliver(
    fault: Option<&Fault>,
    running: Running,
    answer: Response<Bytes>,
    head: bool,
) -> std::result::Result<Response<Full<Bytes>>, Parting> {
    let status = answer.status().as_u16();
    let answer = match fault {
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(*time).await;
            answer
        }
        Some(Fault::DropAnswer) => {
            running.end(Outcome::Broken);
            return Err(Parting::Reset);
        }
        Some(Fault::CutBody) => {
            running.end(Outcome::Broken);
            let (head, body) = plain(&answer, answer.body().len().max(2));
            let half = body.slice(..body.len() / 2);
            return Err(Parting::Bytes {
                at_once: [head, half].concat().into(),
                slowly: Bytes::new(),
            });
        }
        Some(Fault::TrickleBody) if !head => {
            running.end(Outcome::Answered(status));
            let (at_once, slowly) = plain(&answer, answer.body().len());
            return Err(Parting::Bytes { at_once, slowly });
        }
        Some(Fault::GarbleBody) if !head => {
            running.end(Outcome::Answered(200));
            return Ok(garbled(answer).map(Full::new));
        }
        _ => answer,
    };
    running.end(Outcome::Answered(status));
    Ok(answer.map(Full::new))
}

/// Passes the call to its server and returns the answer, both corrected.
async fn forward(
    shared: &Shared,
    call: &Call,
    running: &Running,
    mut parts: http::request::Parts,
    body: Bytes,
) -> Result<Response<Bytes>> {
    let server = lock(&shared.routes).server(&call.service, parts.uri.path());
    let paging = lock(&shared.paging).clone();
    let corrections = lock(&shared.corrections).clone();
    let length = body.len();
    let body = rewrite::page(&paging, call, &mut parts, body);
    let (body, used) = rewrite::correct(&corrections, call, server, Part::Request, body);
    used.into_iter().for_each(|reference| shared.ledger.corrected(reference));
    wire::strip_hop_by_hop(&mut parts.headers);
    if body.len() != length {
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    }
    running.passed_to(server);
    let request = Request::from_parts(parts, Full::new(body));
    let answer = shared.upstream(server).exchange(request).await?;
    running.upstream_answered(answer.status().as_u16());
    let (mut parts, body) = answer.into_parts();
    wire::strip_hop_by_hop(&mut parts.headers);
    let length = body.len();
    let (body, used) = rewrite::correct(&corrections, call, server, Part::Response, body);
    used.into_iter().for_each(|reference| shared.ledger.corrected(reference));
    if body.len() != length {
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    }
    Ok(Response::from_parts(parts, body))
}

/// Takes `/@REGION` from the front of the path: there is one address for all regions, and the
/// caller's endpoint template names the region.
fn strip_region(parts: &mut http::request::Parts) -> Option<String> {
    let target = parts.uri.path_and_query()?.as_str().strip_prefix("/@")?.to_owned();
    let end = target.find(['/', '?']).unwrap_or(target.len());
    let (region, rest) = target.split_at(end);
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    parts.uri = rest.parse().ok()?;
    Some(region.to_owned())
}

/// The answer with a body that breaks off inside a tag, of the right length and with status 200.
fn garbled(answer: Response<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = answer.into_parts();
    let half = String::from_utf8_lossy(&body[..body.len() / 2]).into_owned();
    let start = if half.is_empty() { "<?xml version=\"1.0\"?>" } else { &half };
    let body = Bytes::from(format!("{start}<Broken attribute=\"<&\0"));
    parts.status = http::StatusCode::OK;
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    Response::from_parts(parts, body)
}

/// The answer as bytes, promising `length` of a body: head and body apart.
fn plain(answer: &Response<Bytes>, length: usize) -> (Bytes, Bytes) {
    let status = answer.status();
    let reason = status.canonical_reason().unwrap_or("");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in answer.headers() {
        if name != header::CONTENT_LENGTH {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
    }
    head.extend(format!("content-length: {length}\r\nconnection: close\r\n\r\n").into_bytes());
    (Bytes::from(head), answer.body().clone())
}

fn never<T>(forever: Infallible) -> T {
    match forever {}
}
