//! What Route 53 would answer, from a real name server.
//!
//! No emulated server checks endpoints or answers DNS. [`Bridge`] does what lies between: it reads the
//! record sets of a zone and the health checks from the server, as anybody may; asks what the checks
//! ask (`checker.rs`), decides by the rules of Route 53 which sets are answered (`route53.rs`), and
//! hands the zone to gdnsd. So what a tool writes into Route 53 is seen by the clients of a name.
//!
//! Not Route 53's: one checker in place of some in each of several regions, and no time until a change
//! has reached all name servers.

mod checker;
mod route53;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use checker::Checker;
use route53::{HealthCheck, RecordSet};

use crate::error::Doing as _;
use crate::{Aws, NameServer, Result, Zone, lock};

/// How often the zone is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A name server that answers as Route 53 would; dropped, it ends.
#[derive(Debug)]
pub struct Bridge {
    addr: SocketAddr,
    over: Arc<AtomicBool>,
    failed: Arc<Mutex<Option<String>>>,
    served: Arc<Mutex<Option<Zone>>>,
    thread: Option<JoinHandle<()>>,
}

impl Bridge {
    /// Serves the zone of this name as it is now and as it will be. `hurry` divides the seconds of
    /// the checks, not those of TTLs. Nothing where there is no name server for this machine.
    pub fn start(aws: Aws, zone: &str, hurry: u32) -> Result<Option<Self>> {
        let mut world = World { aws, zone: zone.to_owned(), hurry, checkers: BTreeMap::new() };
        let mut last = world.look()?;
        let Some(server) = NameServer::start(zone, &last)? else { return Ok(None) };
        let addr = server.addr();
        let (over, failed) =
            (Arc::<AtomicBool>::default(), Arc::<Mutex<Option<String>>>::default());
        let served = Arc::new(Mutex::new(Some(last.clone())));
        let (ends, fails, serves) = (Arc::clone(&over), Arc::clone(&failed), Arc::clone(&served));
        let follow = move || {
            while !ends.load(Ordering::SeqCst) {
                let followed = world.look().and_then(|zone| {
                    if zone != last {
                        *lock(&serves) = None;
                        server.serve(&zone)?;
                        *lock(&serves) = Some(zone.clone());
                        last = zone;
                    }
                    Ok(())
                });
                if let Err(error) = followed {
                    lock(&fails).get_or_insert_with(|| error.to_string());
                }
                thread::park_timeout(LOOK);
            }
        };
        let thread = thread::Builder::new().name("testbed-dns".to_owned()).spawn(follow);
        let thread = Some(thread.doing("start a thread for the test bed")?);
        Ok(Some(Self { addr, over, failed, served, thread }))
    }

    /// Where the name server answers.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// By what it answers; nothing while that changes.
    pub fn served(&self) -> Option<Zone> {
        lock(&self.served).clone()
    }

    /// The first thing that went wrong here, if anything has.
    pub fn failed(&self) -> Option<String> {
        lock(&self.failed).clone()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic over there has been printed; a second one here would abort.
            drop(thread.join());
        }
    }
}

/// What is known of Route 53.
struct World {
    aws: Aws,
    zone: String,
    hurry: u32,
    /// By the ids of the checks.
    checkers: BTreeMap<String, Checker>,
}

impl World {
    /// Reads records and checks, lets the checks run that there are, and tells the zone.
    fn look(&mut self) -> Result<Zone> {
        let checks = HealthCheck::all(&self.aws)?;
        self.checkers.retain(|id, checker| checks.get(id) == Some(checker.check()));
        for (id, check) in checks {
            if !self.checkers.contains_key(&id) {
                self.checkers.insert(id, Checker::start(check, self.hurry)?);
            }
        }
        let sets = RecordSet::all(&self.aws, &self.zone)?;
        // A check that does not exist is one that knows nothing: Route 53 counts it as healthy.
        let healthy = |id: &str| self.checkers.get(id).is_none_or(Checker::is_healthy);
        route53::zone(&self.zone, &sets, healthy)
    }
}
