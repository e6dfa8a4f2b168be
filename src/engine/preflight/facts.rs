//! What the checks of a preflight judge by.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use lifeboat_sdk::provider::Credentials;
use lifeboat_sdk::{
    CopyOf, Ctx, Diagnostic, Diagnostics, Interrupt, KnownDoc, Location, Name, Purpose, Scope,
    Session, Synced,
};
use lifeboat_state::durations::Durations;
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::gate::{self, Asked};
use crate::address::Address;
use crate::apply::Known;
use crate::desired::Part;
use crate::engine::drifted::{Looked, Seen};
use crate::engine::edit::Edit;
use crate::engine::expected::Expected;
use crate::engine::load::{Loaded, Settings};
use crate::engine::planning::Made;
use crate::engine::{losses, roles, stored, tasks};
use crate::plan::promotion::{Parts, region_of};
use crate::plan::resolve::Previous;
use crate::plan::{Plan, Promotion};
use crate::refresh;
use crate::registry::Instance;
use crate::topology::Topology;
use crate::topology::region::Region;

/// Who holds the lock of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nobody.
    Free,
    /// A run that has ended without giving it back.
    Left(String),
    /// A run.
    By(String),
}

/// What a command found out before its preflight.
pub struct Given<'a> {
    /// The files, with the region as the primary where they can be edited.
    pub loaded: &'a Loaded,
    /// The promotion, planned and not saved.
    pub made: &'a Made,
    /// The state and the runs that have no end.
    pub known: &'a Known,
    /// The primary that the files name as they are.
    pub named: Name,
    /// The edit that a promotion would make; nothing where the files name the region already.
    pub edit: Result<Option<Edit>, Box<Diagnostic>>,
    /// The lock.
    pub held: Held,
    /// How long changes took.
    pub durations: &'a Durations,
    /// The settings of the run.
    pub settings: &'a Settings,
}

/// What the checks judge by.
pub struct Facts<'a> {
    /// The topology, with the region as the primary.
    pub topology: &'a Topology,
    /// The primary.
    pub from: &'a Region,
    /// The region that would become it.
    pub to: &'a Region,
    /// The state.
    pub state: &'a State,
    /// Its objects.
    pub objects: BTreeMap<Address, Previous>,
    /// The promotion.
    pub plan: &'a Plan,
    /// How each object was seen; none where the promotion could not be planned.
    pub looked: BTreeMap<&'a Address, &'a Seen>,
    /// What keeps it from being planned, and warnings.
    pub problems: &'a Diagnostics,
    /// What objects do in a promotion.
    pub parts: Parts,
    /// The primary that the files name as they are.
    pub named: Name,
    /// The edit that the promotion would make.
    pub edit: Result<Option<Edit>, Box<Diagnostic>>,
    /// The lock.
    pub held: Held,
    /// A promotion that is not over.
    pub promoting: Option<&'a Promotion>,
    /// Objects of which it is not known what an earlier run did, and why.
    pub in_doubt: &'a BTreeMap<Address, String>,
    /// What the credentials of each provider need, and whether they are good for the region.
    pub credentials: Vec<(Name, Credentials, Result<(), String>)>,
    /// How the copies in the region compare with their sources, by block; nothing of those that
    /// were not looked at, because their source does not answer.
    pub copies: BTreeMap<Name, Result<Synced, String>>,
    /// How the gates stand that the promotion would turn, by block.
    pub gates: BTreeMap<Name, Asked>,
    /// The home of the control plane of DNS.
    pub dns_home: Option<&'static str>,
    /// How long the promotion will take, where that was measured.
    pub expected: Option<Duration>,
}

impl Facts<'_> {
    /// Whether the files want the primary to be alive.
    pub fn graceful(&self) -> bool {
        self.topology.declaration.failover.mode.as_deref() == Some("graceful")
    }

    /// How many seconds the copies are behind, or what is lost of them at most where their source does
    /// not answer; nothing where that is unknown of one.
    pub fn behind(&self) -> Option<u64> {
        let begun: Timestamp = self.plan.created.parse().ok()?;
        let losses = self.plan.promotion.as_ref().map(|promotion| &promotion.losses);
        let lag = |synced: &Synced| losses::lag(synced, begun);
        let compared = self.copies.values().map(|it| it.as_ref().ok().and_then(lag));
        let lost = losses.iter().flat_map(|losses| {
            losses.of.iter().map(|one| losses.bound_of(one, begun)).collect::<Vec<_>>()
        });
        let all: Option<Vec<u64>> = compared.chain(lost).collect();
        Some(all?.into_iter().max().unwrap_or(0))
    }

    /// What may be lost of a copy whose source does not answer, as far as that is known: a sentence
    /// after a blank.
    pub fn bound(&self, about: &str) -> String {
        let losses = self.plan.promotion.as_ref().map(|promotion| &promotion.losses);
        let one = losses.and_then(|losses| losses.of.iter().find(|one| *one.about == *about));
        let now = self.plan.created.parse().ok();
        let known = losses.zip(one).zip(now).and_then(|((losses, one), now)| {
            Some((losses.bound_of(one, now)?, one.proven.as_ref()?))
        });
        let Some((most, proven)) = known else { return String::new() };
        let to = &self.to.name;
        format!(" {to} had all that was written until {}: at most {most} s are lost.", proven.until)
    }

    /// The object of a block that has this part where the primary is.
    pub fn at_primary(&self, part: Part, block: &str) -> Option<&Address> {
        let here = |(address, its): &(&Address, &Part)| {
            **its == part && &*address.name == block && region_of(address) == Some(&self.from.name)
        };
        self.parts.iter().find(here).map(|(address, _)| address)
    }
}

/// Gathers what the checks judge by; asks who we are where the promotion would lead, and nowhere
/// else. Nothing where there is no topology or no state, or no such regions.
///
/// # Errors
/// The state cannot be read.
pub async fn facts<'a>(
    given: Given<'a>,
    to: &str,
    interrupt: watch::Receiver<Interrupt>,
) -> Result<Option<Facts<'a>>, Box<Diagnostic>> {
    let Given { loaded, made, known, named, edit, held, durations, settings } = given;
    let (Some(topology), Some(state)) = (&loaded.topology, &known.state) else { return Ok(None) };
    let from = state.primary.as_deref().and_then(|from| topology.region(from));
    let (Some(from), Some(to)) = (from, topology.region(to)) else { return Ok(None) };
    let record = loaded.catalogue.kinds.get("aws_route53_record");
    let looked = |one: &'a Looked| (&one.address, &one.seen);
    let session = Session::interruptible(Purpose::Refresh, interrupt);
    let session = session.assume_down(settings.assume_down.clone());
    for instance in made.providers.0.values() {
        session.limit(&instance.name, instance.configured.limits());
    }
    let ctx = Ctx::read_only(Arc::new(session));
    let mut facts = Facts {
        topology,
        from,
        to,
        state,
        objects: stored::previous(state)?,
        plan: &made.plan,
        looked: made.looked.iter().map(looked).collect(),
        problems: &made.diagnostics,
        parts: roles::parts(loaded),
        named,
        edit,
        held,
        promoting: known.promotion.as_ref(),
        in_doubt: &known.in_doubt,
        credentials: credentials(made, to, &ctx).await,
        copies: BTreeMap::new(),
        gates: BTreeMap::new(),
        dns_home: record.and_then(|(_, kind)| kind.service().home),
        expected: Expected::of(&made.plan, durations, settings.parallelism)
            .remaining(&Default::default(), &Default::default()),
    };
    let (regions, open) = ([&*from.name, &*to.name], &state.promotions.gates);
    let asked = gate::ask(topology, regions, open, &settings.root);
    (facts.copies, facts.gates) = join(copies(&facts, made, &ctx), asked).await;
    Ok(Some(facts))
}

/// How long a comparison of a copy with its source may take: what holds too much for it is told as
/// unknown.
const COMPARING: Duration = Duration::from_secs(10);

/// How the copies in the region compare with their sources.
async fn copies(
    facts: &Facts<'_>,
    made: &Made,
    ctx: &Ctx,
) -> BTreeMap<Name, Result<Synced, String>> {
    let replications = facts.topology.replications.iter();
    let replications = replications.map(|one| (format!("replication.{}", one.name), Part::Copies));
    let databases = facts.topology.databases.iter();
    let databases = databases.map(|one| {
        let part = if one.one_writer() { Part::Database } else { Part::Replica };
        (format!("database.{}", one.name), part)
    });
    let all = replications.chain(databases).map(|(block, part)| async move {
        let block = Name::from(block);
        let address = facts.at_primary(part, &block)?;
        if facts.looked.get(address) != Some(&&Seen::Read) {
            return None;
        }
        let copying = facts.objects.get(address)?;
        let (name, region) = tasks::copy_of(facts.topology, address, &facts.to.name)?;
        let kind = made.providers.kind(&copying.provider, &address.kind)?;
        let source = copying.scope.as_ref()?;
        let scope = Scope { location: Location::Region(region.into()), ..source.clone() };
        let document = copying.document.unmark_deep();
        let Ok(object) = KnownDoc::new(&document) else { return None };
        let copy = CopyOf { scope: &scope, name, wait: None, name_first: 0 };
        let compared = tokio::time::timeout(COMPARING, kind.sync(ctx, source, object, copy)).await;
        let compared = match compared {
            Ok(compared) => compared.map_err(|failure| failure.to_string()),
            Err(_) => Err(format!("that takes longer than {} s", COMPARING.as_secs())),
        };
        Some((block, compared))
    });
    join_all(all).await.into_iter().flatten().collect()
}

/// What the credentials of each provider need, and whether they are good for the region.
async fn credentials(
    made: &Made,
    to: &Region,
    ctx: &Ctx,
) -> Vec<(Name, Credentials, Result<(), String>)> {
    let mut proven = refresh::proven(&made.providers, ctx, &to.aws).await;
    let of = |one: &Instance| {
        let answer = proven.remove(&one.name)?.map_err(|failure| failure.to_string());
        Some((one.name.clone(), one.configured.credentials(), answer))
    };
    made.providers.0.values().filter_map(of).collect()
}
