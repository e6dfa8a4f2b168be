//! One health check at work: a request each interval, and a status that changes after so many.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::route53::HealthCheck;
use crate::Result;
use crate::error::Doing as _;

/// How long Route 53 waits for a connection (developer guide, "How Amazon Route 53 determines whether
/// a health check is healthy"); it waits two seconds more for the answer.
const CONNECT: Duration = Duration::from_secs(4);
const ANSWER: Duration = Duration::from_secs(2);

/// A check that runs until this is dropped.
#[derive(Debug)]
pub(super) struct Checker {
    check: HealthCheck,
    answers: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checker {
    /// Begins. What is not known yet counts as healthy (the same page), and inverted as unhealthy.
    pub(super) fn start(check: HealthCheck, hurry: u32) -> Result<Self> {
        let (answers, over) = (Arc::new(AtomicBool::new(true)), Arc::<AtomicBool>::default());
        let (tells, ends, asked) = (Arc::clone(&answers), Arc::clone(&over), check.clone());
        let interval = Duration::from_secs(asked.interval.into()) / hurry.max(1);
        let work = move || {
            let mut others = 0;
            while !ends.load(Ordering::SeqCst) {
                let seen = asked.answers().unwrap_or(false);
                others = if seen == tells.load(Ordering::SeqCst) { 0 } else { others + 1 };
                if others >= asked.threshold {
                    tells.store(seen, Ordering::SeqCst);
                    others = 0;
                }
                thread::park_timeout(interval);
            }
        };
        let thread = thread::Builder::new().name("testbed-checker".to_owned()).spawn(work);
        let thread = Some(thread.doing("start a thread for the test bed")?);
        Ok(Self { check, answers, over, thread })
    }

    pub(super) fn check(&self) -> &HealthCheck {
        &self.check
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.answers.load(Ordering::SeqCst) != self.check.inverted
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic over there has been printed; a second one here would abort.
            drop(thread.join());
        }
    }
}

impl HealthCheck {
    /// Asks once: whether a status of 200 to 399 comes in time.
    fn answers(&self) -> std::io::Result<bool> {
        let mut addresses = (self.host.as_str(), self.port).to_socket_addrs()?;
        let address = addresses.next().ok_or(std::io::ErrorKind::NotFound)?;
        let stream = TcpStream::connect_timeout(&address, CONNECT)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        if self.tls {
            let name = ServerName::try_from(self.name.clone()).map_err(std::io::Error::other)?;
            let connection =
                ClientConnection::new(anybody()?, name).map_err(std::io::Error::other)?;
            self.ask(StreamOwned::new(connection, stream))
        } else {
            self.ask(stream)
        }
    }

    fn ask(&self, mut stream: impl Read + Write) -> std::io::Result<bool> {
        let Self { name, port, path, .. } = self;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {name}:{port}\r\nconnection: close\r\n\r\n")?;
        stream.flush()?;
        // `HTTP/1.1 200`
        let mut line = [0; 12];
        stream.read_exact(&mut line)?;
        Ok(matches!(line[9], b'2' | b'3'))
    }
}

/// TLS that trusts anybody: "HTTPS health checks don't validate SSL/TLS certificates" (developer
/// guide, "Values that you specify when you create or update health checks").
fn anybody() -> std::io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
