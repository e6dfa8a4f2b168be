//! One request, and the status that it was answered with.

use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lifeboat_sdk::{Class, Failure};
use rustls::pki_types::ServerName;

use super::anyone;

pub(super) use hyper::Method;

/// Until a connection is there; as with calls of AWS (design.md, section 5).
const CONNECT: Duration = Duration::from_secs(2);
/// From the request to its answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How much of an answer is read before it is let go, in bytes.
const READ: usize = 64 * 1024;

/// What a server answered.
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// How its body begins; nothing where it could not be read.
    pub(super) body: Bytes,
}

/// Whom a request goes to.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// A server with a certificate for its name, from a root of the system.
    Roots,
    /// Whoever answers there. It is asked for this name.
    Anyone(Option<&'a str>),
}

/// Sends a request and gives the status of its answer. Redirects are not followed: what a header
/// authorises is meant for the one server.
///
/// # Errors
/// The URL is none, or there is no answer; the class *unreachable* where nobody answers.
pub(super) async fn send<'a>(
    method: Method,
    url: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: Option<String>,
) -> Result<u16, Failure> {
    Ok(ask(method, url, headers, body, Trust::Roots).await?.status)
}

/// [`send`] with the beginning of the answer.
///
/// # Errors
/// The same.
pub(super) async fn ask<'a>(
    method: Method,
    url: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: Option<String>,
    trust: Trust<'_>,
) -> Result<Answer, Failure> {
    let bad = |why: String| Failure::new(Class::Invalid, format!("{url}: {why}"));
    let gone = |why: String| Failure::new(Class::Unreachable, format!("{url}: {why}"));
    let mut request = hyper::Request::builder().method(method).uri(url);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let agent = concat!("lifeboat/", env!("CARGO_PKG_VERSION"));
    request = request.header("user-agent", agent);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(body.unwrap_or_default()));
    let request = request.body(body).map_err(|error| bad(error.to_string()))?;
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.enforce_http(false);
    let ring = rustls::crypto::ring::default_provider();
    let mut tls = match trust {
        Trust::Roots => HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring)
            .map_err(|error| bad(format!("no roots of trust: {error}")))?
            .https_or_http(),
        Trust::Anyone(_) => {
            let config = anyone::config(ring).map_err(|error| bad(error.to_string()))?;
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http()
        }
    };
    if let Trust::Anyone(Some(name)) = trust
        && let Ok(name) = ServerName::try_from(name.to_owned())
    {
        tls = tls.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let client =
        Client::builder(TokioExecutor::new()).build(tls.enable_http1().wrap_connector(connector));
    let answered = async {
        let answer = client.request(request).await.map_err(|error| gone(told(&error)))?;
        let status = answer.status().as_u16();
        // The server has done it when it has answered; what it says besides may be missing.
        let body = Limited::new(answer.into_body(), READ).collect().await;
        Ok(Answer { status, body: body.map(|body| body.to_bytes()).unwrap_or_default() })
    };
    let answered = tokio::time::timeout(ANSWER, answered).await;
    answered.unwrap_or_else(|_| Err(gone(format!("no answer within {} s", ANSWER.as_secs()))))
}

/// The header that authorises a request by the token in a file of this name; none without a name.
///
/// # Errors
/// The file cannot be read.
pub(super) fn bearer(root: &Path, file: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let token = std::fs::read_to_string(root.join(file)).map_err(|error| {
        Failure::new(Class::Other, format!("the token of {file:?} cannot be read: {error}"))
    })?;
    Ok(Some(format!("Bearer {}", token.trim())))
}

/// The innermost cause: the outer ones say only that a request failed.
fn told(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
