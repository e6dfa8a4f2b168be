//! Leases of server pairs: each test has MiniStack and moto to itself, empty.
//!
//! The pool lives in the test process, and so do its servers' lives: a server that several
//! processes share needs an owner that outlives each of them, and then nobody kills it after the
//! last one was killed. cargo runs test binaries one after the other, so a pool per process costs
//! two starts of about a second per binary. A pair is reset whole when it is handed out (moto is one
//! world: account ids do not isolate its tests), so a test that dies leaves nothing to the next.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::servers::{Server, ServerKind};
use crate::{Error, Result, lock};

/// How long a lease waits for a pair: longer than any test may take.
const WAIT: Duration = Duration::from_secs(600);

/// How many pairs a core serves unless `LIFEBOAT_TESTBED_PAIRS` says otherwise: tests wait most of the
/// time, and with three a core is busy for half of it.
const PER_CORE: usize = 3;

/// The most pairs by default: a pair takes 150 to 400 MB.
const MOST: usize = 6;

static POOL: Mutex<Pool> = Mutex::new(Pool { idle: Vec::new(), leased: 0 });
static RETURNED: Condvar = Condvar::new();

struct Pool {
    idle: Vec<Servers>,
    leased: usize,
}

#[derive(Debug)]
struct Servers {
    ministack: Server,
    moto: Server,
}

/// A MiniStack and a moto that nobody else uses; they return to the pool when this is dropped.
#[derive(Debug)]
pub struct Pair {
    /// Always present until the drop.
    servers: Option<Servers>,
    ministack: std::net::SocketAddr,
    moto: std::net::SocketAddr,
}

impl Pair {
    /// Waits for a free pair, starts it if it never ran, and empties it.
    pub fn lease() -> Result<Self> {
        let idle = take(limit())?;
        // From here on a pair counts as leased: every way out returns it or gives it up.
        let emptied = idle.filter(|servers| servers.reset().is_ok());
        let servers = match emptied {
            Some(servers) => servers,
            None => Servers::start().inspect_err(|_error| give_back(None))?,
        };
        let (ministack, moto) = (servers.ministack.addr(), servers.moto.addr());
        Ok(Self { servers: Some(servers), ministack, moto })
    }

    /// Where MiniStack listens.
    pub fn ministack(&self) -> std::net::SocketAddr {
        self.ministack
    }

    /// Where moto listens.
    pub fn moto(&self) -> std::net::SocketAddr {
        self.moto
    }

    /// The two servers.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().flat_map(|servers| [&servers.ministack, &servers.moto])
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        give_back(self.servers.take());
    }
}

impl Servers {
    fn start() -> Result<Self> {
        let (ministack, moto) = thread::scope(|scope| {
            let ministack = scope.spawn(|| Server::start(ServerKind::MiniStack));
            let moto = Server::start(ServerKind::Moto);
            (ministack.join().unwrap_or(Err(Error::Background)), moto)
        });
        Ok(Self { ministack: ministack?, moto: moto? })
    }

    fn reset(&self) -> Result<()> {
        self.ministack.reset()?;
        self.moto.reset()
    }
}

/// Takes an idle pair, or the right to start one.
fn take(limit: usize) -> Result<Option<Servers>> {
    let begun = Instant::now();
    let mut pool = lock(&POOL);
    loop {
        let idle = pool.idle.pop();
        if idle.is_some() || pool.leased < limit {
            pool.leased += 1;
            return Ok(idle);
        }
        let Some(left) = WAIT.checked_sub(begun.elapsed()) else {
            return Err(Error::NoneFree { waited: WAIT, limit });
        };
        pool = wait(pool, left);
    }
}

fn wait(pool: MutexGuard<'static, Pool>, most: Duration) -> MutexGuard<'static, Pool> {
    RETURNED.wait_timeout(pool, most).unwrap_or_else(PoisonError::into_inner).0
}

fn give_back(servers: Option<Servers>) {
    let mut pool = lock(&POOL);
    pool.leased = pool.leased.saturating_sub(1);
    pool.idle.extend(servers);
    RETURNED.notify_one();
}

fn limit() -> usize {
    let asked = env::var("LIFEBOAT_TESTBED_PAIRS").ok().and_then(|pairs| pairs.parse().ok());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or((threads * PER_CORE).min(MOST)).max(1)
}
