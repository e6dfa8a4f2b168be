//! What can go wrong in the test bed, as sentences that say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A failure of the test bed itself, never of the code under test.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No Python on this machine, or an old one.
    #[error(
        "the test servers need Python 3.10 or later as `python3`, and {found}: \
         install it (Debian, Ubuntu: apt install python3 python3-venv)"
    )]
    Python {
        /// What was found in its place.
        found: String,
    },
    /// Python without `venv` or `ensurepip`.
    #[error(
        "the test servers need Python's modules venv and ensurepip, and `python3` lacks them: \
         install them (Debian, Ubuntu: apt install python3-venv)"
    )]
    Venv,
    /// The packages could not be installed.
    #[error(
        "installing the test server {server} failed; pip needs a package index (PyPI or a mirror, \
         see `pip config list`) or a filled `{}`:\n{log}", cache.display()
    )]
    Install {
        /// The server.
        server: &'static str,
        /// Where installed servers are kept.
        cache: PathBuf,
        /// What pip said last.
        log: String,
    },
    /// The packages of a server could not be fetched.
    #[error(
        "fetching the packages of {server} failed; apt-get needs a Debian mirror that has the \
         versions of tests/testbed/requirements/{server}.txt (see `apt-cache policy {server}`) or a \
         filled `{}`:\n{log}", cache.display()
    )]
    Packages {
        /// The server.
        server: &'static str,
        /// Where unpacked servers are kept.
        cache: PathBuf,
        /// What was said last.
        log: String,
    },
    /// A program in Go could not be built.
    #[error(
        "building {program} failed; go needs a module proxy (see `go env GOPROXY`) or a filled \
         `{}`:\n{log}", cache.display()
    )]
    Build {
        /// The program.
        program: &'static str,
        /// Where built programs are kept.
        cache: PathBuf,
        /// What go said last.
        log: String,
    },
    /// No folder for what is downloaded.
    #[error("no cache folder: set LIFEBOAT_CACHE, XDG_CACHE_HOME or HOME")]
    NoCache,
    /// A server ended, or did not answer, before it was ready.
    #[error("the test server {server} did not become ready: {why}\n{log}")]
    NotReady {
        /// The server.
        server: &'static str,
        /// What was seen.
        why: String,
        /// The end of what it wrote.
        log: String,
    },
    /// All pairs of servers stayed leased.
    #[error(
        "no pair of test servers became free in {waited:?}: a test holds more than one, or never \
         drops it (LIFEBOAT_TESTBED_PAIRS raises the limit of {limit})"
    )]
    NoneFree {
        /// How long the caller waited.
        waited: Duration,
        /// How many pairs there may be.
        limit: usize,
    },
    /// An HTTP exchange with a server failed.
    #[error("the exchange with {peer} failed: {why}")]
    Exchange {
        /// The other side.
        peer: String,
        /// What happened.
        why: String,
    },
    /// A server answered otherwise than the helper needs.
    #[error("{request} was answered {status}: {body}")]
    Answer {
        /// Method, service and path.
        request: String,
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// A task of the test bed panicked; its message is on standard error.
    #[error("a task of the test bed panicked")]
    Background,
    /// The operating system said no.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// The refusal.
        #[source]
        source: io::Error,
    },
}

/// As its sentence, because tests show errors by `unwrap`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Gives an I/O error the words for what was tried.
pub(crate) trait Doing<T> {
    /// Wraps the error; `doing` reads like `open the lock file`.
    fn doing(self, doing: impl Into<String>) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { doing: doing.into(), source })
    }
}
