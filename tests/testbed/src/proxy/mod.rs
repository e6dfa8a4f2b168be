//! The fault proxy: a reverse proxy on loopback between a program and the emulated servers.
//!
//! It reads service and region from the request's signature, picks the server, enters the call in
//! the ledger, and fails those calls that a rule names. All calls of this type block.

mod answer;
mod call;
mod fault;
mod ledger;
mod listen;
mod operations;
mod rewrite;
mod route;
mod serve;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

pub use call::Plane;
pub use fault::{Fault, Nth, Rule, RuleId};
pub use ledger::{Entry, Ledger, Outcome};
pub use rewrite::{Correction, Paging, Part};
pub use route::{Route, Routes};

use crate::background::Background;
use crate::error::Doing as _;
use crate::servers::ServerKind;
use crate::wire::Upstream;
use crate::{Result, lock};
use fault::Rules;
use listen::Listener;

/// Where the servers behind the proxy listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstreams {
    /// MiniStack.
    pub ministack: SocketAddr,
    /// moto.
    pub moto: SocketAddr,
}

/// What the connections of a proxy have in common.
#[derive(Debug)]
struct Shared {
    ledger: Ledger,
    rules: Mutex<Rules>,
    routes: Mutex<Routes>,
    paging: Mutex<Vec<Paging>>,
    corrections: Mutex<Vec<Correction>>,
    ministack: Upstream,
    moto: Upstream,
}

impl Shared {
    fn upstream(&self, server: ServerKind) -> &Upstream {
        match server {
            ServerKind::MiniStack => &self.ministack,
            ServerKind::Moto => &self.moto,
        }
    }
}

/// A running proxy; it and its connections end when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    /// The addresses of regions, by region; the lock is held while they open and close.
    regions: Arc<tokio::sync::Mutex<BTreeMap<String, Listener>>>,
    main: SocketAddr,
    /// Last, so that nothing of the above is missing while its tasks still run.
    background: Background,
}

impl Proxy {
    /// Starts a proxy on a free port of 127.0.0.1.
    pub fn start(upstreams: Upstreams, routes: Routes) -> Result<Self> {
        let keeps = ServerKind::keeps_alive;
        let shared = Arc::new(Shared {
            ledger: Ledger::new(),
            rules: Mutex::default(),
            routes: Mutex::new(routes),
            paging: Mutex::default(),
            corrections: Mutex::new(rewrite::CORRECTIONS.to_vec()),
            ministack: Upstream::new(upstreams.ministack, keeps(ServerKind::MiniStack)),
            moto: Upstream::new(upstreams.moto, keeps(ServerKind::Moto)),
        });
        let background = Background::start("testbed-proxy")?;
        let listening = Arc::clone(&shared);
        let main = background.run(async move { Listener::shared(&listening) })?;
        let main = main.doing("listen on 127.0.0.1")?.addr();
        Ok(Self { shared, regions: Arc::default(), main, background })
    }

    /// The address that serves all regions and services: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.main)
    }

    /// An endpoint whose `{region}` the caller replaces: `http://127.0.0.1:PORT/@{region}`. The
    /// proxy takes the prefix off and refuses calls that are signed for another region. It is one
    /// address, so a region's connections can be reset there but not refused: for that there is
    /// [`Proxy::endpoint_for`].
    pub fn endpoint_template(&self) -> String {
        format!("{}/@{{region}}", self.endpoint())
    }

    /// A region's own address, made when first asked for: `http://127.0.0.2:PORT` and so on.
    /// Regional calls that are signed for another region are refused there, as AWS does.
    pub fn endpoint_for(&self, region: &str) -> Result<String> {
        let (shared, regions) = (Arc::clone(&self.shared), Arc::clone(&self.regions));
        let (region, port) = (region.to_owned(), self.main.port());
        let addr = self.background.run(async move {
            let mut regions = regions.lock().await;
            if let Some(listener) = regions.get(&region) {
                return Ok(listener.addr());
            }
            let nth = u8::try_from(regions.len()).unwrap_or(u8::MAX);
            let mut listener = Listener::of_region(&region, nth, port)?;
            let addr = listener.addr();
            settle(&shared, &mut listener).await?;
            regions.insert(region, listener);
            std::io::Result::Ok(addr)
        })?;
        Ok(format!("http://{}", addr.doing("listen on a region's own address")?))
    }

    /// The calls so far.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Puts a rule in force: it is by the time this returns.
    pub fn inject(&self, rule: Rule) -> RuleId {
        let id = lock(&self.shared.rules).inject(rule);
        self.settle_regions();
        id
    }

    /// Takes a rule out of force. Calls that it holds in a black hole stay there.
    pub fn remove(&self, id: RuleId) {
        lock(&self.shared.rules).remove(id);
        self.settle_regions();
    }

    /// Takes all rules out of force.
    pub fn clear(&self) {
        lock(&self.shared.rules).clear();
        self.settle_regions();
    }

    /// How many calls a rule in force has struck.
    pub fn struck(&self, id: RuleId) -> u64 {
        lock(&self.shared.rules).struck(id)
    }

    /// Replaces the table of which server answers what.
    pub fn route(&self, routes: Routes) {
        *lock(&self.shared.routes) = routes;
    }

    /// Replaces the rules for small pages; none are in force at the start.
    pub fn page(&self, rules: Vec<Paging>) {
        *lock(&self.shared.paging) = rules;
    }

    /// Replaces the corrections of servers' defects; an empty list turns them off.
    pub fn correct(&self, corrections: Vec<Correction>) {
        *lock(&self.shared.corrections) = corrections;
    }

    /// Opens and closes the addresses of regions as the rules say.
    fn settle_regions(&self) {
        let (shared, regions) = (Arc::clone(&self.shared), Arc::clone(&self.regions));
        let settled = self.background.run(async move {
            for listener in regions.lock().await.values_mut() {
                // A port that cannot be had again stays refused, which the caller will see.
                settle(&shared, listener).await.ok();
            }
        });
        // It fails only if the task panicked, which has been printed.
        settled.ok();
    }
}

async fn settle(shared: &Arc<Shared>, listener: &mut Listener) -> std::io::Result<()> {
    let closed = listener.place().is_some_and(|region| lock(&shared.rules).closed(region));
    match (closed, listener.is_open()) {
        (true, true) => listener.close().await,
        (false, false) => listener.open(shared),
        _ => Ok(()),
    }
}
