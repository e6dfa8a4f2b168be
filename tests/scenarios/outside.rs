//! `Outside`: a server of the operators, outside all regions: their gate, and what takes requests of
//! hooks. With TLS, by a certificate of its own.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server has been told.
#[derive(Debug, Default)]
struct Told {
    /// Paths that answer: `PUT` opens one, `DELETE` closes it.
    open: BTreeSet<String>,
    /// Requests in their order: method, path, authorization, body.
    requests: Vec<[String; 4]>,
}

/// A server on loopback; dropped, it ends.
#[derive(Debug)]
pub(super) struct Outside {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The certificate, for those who are to trust the server.
    roots: PathBuf,
}

impl Outside {
    /// A server; its certificate is written into the folder.
    pub(super) fn start(folder: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let roots = folder.join("outside.pem");
        std::fs::write(&roots, made.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (told, over) = (Arc::<Mutex<Told>>::default(), Arc::<AtomicBool>::default());
        let (ours, config) = ((Arc::clone(&told), Arc::clone(&over)), Arc::new(config));
        let serve = move || {
            for stream in listener.incoming() {
                if ours.1.load(Ordering::SeqCst) {
                    return;
                }
                // Who hangs up, or trusts another certificate, is the business of the tests.
                drop(stream.and_then(|stream| answer(stream, &config, &ours.0)));
            }
        };
        let thread = Some(std::thread::spawn(serve));
        Self { address, told, over, thread, roots }
    }

    /// Its address with host and port.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// What a program needs in its environment to trust it.
    pub(super) fn trusted(&self) -> (&'static str, &str) {
        ("SSL_CERT_FILE", self.roots.to_str().unwrap())
    }

    /// Opens or closes a path by hand.
    pub(super) fn set(&self, path: &str, open: bool) {
        let mut told = self.told.lock().unwrap();
        if open {
            told.open.insert(path.to_owned())
        } else {
            told.open.remove(path)
        };
    }

    /// Whether a path answers.
    pub(super) fn is_open(&self, path: &str) -> bool {
        self.told.lock().unwrap().open.contains(path)
    }

    /// The requests of a method: path, authorization and body.
    pub(super) fn requests(&self, method: &str) -> Vec<[String; 3]> {
        let told = self.told.lock().unwrap();
        let of = told.requests.iter().filter(|[m, ..]| m == method);
        of.map(|[_, path, token, body]| [path.clone(), token.clone(), body.clone()]).collect()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Answers one request and hangs up.
fn answer(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    told: &Mutex<Told>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut length, mut token) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => value.trim().clone_into(&mut token),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let status = {
        let mut told = told.lock().unwrap();
        let status = match &*method {
            "PUT" => {
                told.open.insert(path.clone());
                "204 No Content"
            }
            "DELETE" if told.open.remove(&path) => "204 No Content",
            "GET" if told.open.contains(&path) => "200 OK",
            "POST" => "202 Accepted",
            _ => "404 Not Found",
        };
        told.requests.push([method, path, token, body]);
        status
    };
    let mut stream = reader.into_inner();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    stream.conn.send_close_notify();
    stream.flush()
}
