//! Going on with a promotion that an earlier process began: only while it is the newest.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::{Ctx, Diagnostic, Interrupt, Observation, Purpose, Value};
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::load::{Loaded, Settings};
use super::records::newest_of;
use super::{planning, roles, stored};
use crate::address::Address;
use crate::desired::Part;
use crate::desired::blocks::is_open;
use crate::diff::Action;
use crate::event::Silent;
use crate::plan::promotion::{Parts, region_of};
use crate::plan::resolve::Previous;
use crate::plan::{Plan, Promotion};
use crate::refresh::record::RoleRecord;
use crate::refresh::{self, RequestKey};
use crate::registry::Providers;

/// Objects as they were read.
type Found = BTreeMap<RequestKey, Observation<Value>>;

/// Looks at the role records before a promotion is gone on with: what is left of it would let its
/// region take writes, and somebody may have promoted another one since. The plan takes over how those
/// are now that it did not move yet: a run of an earlier epoch may have written one after all.
///
/// # Errors
/// A record has a later epoch than the promotion opens, or that of its region cannot be read; or another
/// promotion opened the same epoch, and this one moved no record before it, or fewer, or the region of the
/// other may take writes.
pub async fn is_newest(
    plan: &mut Plan,
    loaded: &Loaded,
    settings: &Settings,
    state: Option<&State>,
    providers: &Providers,
    interrupt: watch::Receiver<Interrupt>,
) -> Result<(), Box<Diagnostic>> {
    let (Some(promotion), Some(state)) = (&plan.promotion, state) else { return Ok(()) };
    let down = settings.assume_down.clone();
    let session = refresh::session(providers, Purpose::Refresh, interrupt, down);
    let ctx = Ctx::read_only(Arc::new(session));
    let (parts, previous) = (roles::parts(loaded), stored::previous(state)?);
    let eyes = Eyes { parts: &parts, previous: &previous, providers, ctx: &ctx };
    let found = eyes.look(|_, part| part == Part::Record).await;
    let claims = Claims::told(promotion, &found)?;
    // Of two claims at once the one that most records name goes on; the other's are put right by it. The
    // other may have let its region take writes all the same, by what somebody attested.
    for (address, record) in &claims.others {
        let most = claims.own > 0 && claims.others.len() * 2 < found.len();
        if !most || !eyes.closed(&record.primary).await {
            return Err(overtaken(promotion, address, record));
        }
    }
    for (address, now) in claims.behind {
        let mut changes = plan.changes.iter_mut();
        let change = changes.find(|it| it.address == address && it.action == Action::Update);
        if let Some(change) = change {
            change.before = Some(now);
        }
    }
    Ok(())
}

/// What reads objects of the topology as they are now.
struct Eyes<'a> {
    parts: &'a Parts,
    previous: &'a BTreeMap<Address, Previous>,
    providers: &'a Providers,
    ctx: &'a Ctx,
}

impl Eyes<'_> {
    async fn look(&self, wanted: impl Fn(&Address, Part) -> bool) -> Found {
        let of = |at: &&Address| self.parts.get(*at).is_some_and(|part| wanted(at, *part));
        let all = self.previous.iter().filter(|(at, _)| of(at));
        let requests = all.map(|(at, record)| planning::request(at, record, self.providers));
        refresh::read(self.providers, self.ctx, requests.collect(), &Silent).await
    }

    /// Whether nothing of a region takes writes, as far as everything there can be read.
    async fn closed(&self, region: &str) -> bool {
        let found = self.look(|at, part| part.fences() && region_of(at) == Some(region)).await;
        found.iter().all(|(RequestKey { address, .. }, seen)| {
            let live = match seen {
                Observation::Present(present) => Some(&present.object),
                Observation::Absent(_) => None,
                Observation::Unreadable(_) => return false,
            };
            self.parts.get(address).is_none_or(|part| is_open(*part, live) != Some(true))
        })
    }
}

/// What the role records say of the epoch that a promotion opens.
#[derive(Default)]
struct Claims {
    /// How many of them it has moved.
    own: usize,
    /// Those that name another region in it.
    others: Vec<(Address, RoleRecord)>,
    /// How those are that it has not moved.
    behind: Vec<(Address, Value)>,
}

impl Claims {
    /// # Errors
    /// One has a later epoch, or that of the new primary cannot be read.
    fn told(promotion: &Promotion, found: &Found) -> Result<Self, Box<Diagnostic>> {
        let (mut claims, opens) = (Self::default(), promotion.epoch + 1);
        for (RequestKey { address, .. }, seen) in found {
            let Some(record) = record(promotion, address, seen)? else { continue };
            if record.epoch > opens {
                return Err(overtaken(promotion, address, &record));
            }
            if record.epoch == opens && *record.primary == *promotion.to {
                claims.own += 1;
                continue;
            }
            if let Observation::Present(present) = seen {
                claims.behind.push((address.clone(), present.object.clone()));
            }
            if record.epoch == opens {
                claims.others.push((address.clone(), record));
            }
        }
        Ok(claims)
    }
}

/// What the record of a region says.
///
/// # Errors
/// That of the new primary cannot be read.
fn record(
    promotion: &Promotion,
    address: &Address,
    seen: &Observation<Value>,
) -> Result<Option<RoleRecord>, Box<Diagnostic>> {
    match seen {
        Observation::Present(present) => {
            let text = present.object.get("content").and_then(Value::as_str);
            Ok(text.and_then(|text| RoleRecord::parse(text).ok()))
        }
        Observation::Unreadable(unread) if region_of(address) == Some(&*promotion.to) => {
            let detail = format!(
                "Whether another region was promoted since is not known: {address} cannot be read: {}.",
                unread.message
            );
            let summary = "The promotion needs what does not answer";
            let help = "Run it again when it answers.";
            let unknown = Diagnostic::error("promotion::unreachable", summary, detail);
            Err(Box::new(unknown.about(address).help(help)))
        }
        Observation::Unreadable(_) | Observation::Absent(_) => Ok(None),
    }
}

/// Somebody promoted another region meanwhile.
fn overtaken(promotion: &Promotion, address: &Address, record: &RoleRecord) -> Box<Diagnostic> {
    let Promotion { from, to, epoch, .. } = promotion;
    let detail = format!(
        "The promotion of {to} in place of {from} opens epoch {}. The role record {address} says that \
         {} is the primary since epoch {}: somebody promoted it from elsewhere, and what is left of \
         this promotion would let {to} take writes beside it.",
        epoch + 1,
        record.primary,
        record.epoch
    );
    let summary = "Another promotion came after the one that is open";
    let help = newest_of(&record.primary, None, None);
    let overtaken = Diagnostic::error("promotion::overtaken", summary, detail);
    Box::new(overtaken.about(address).help(help))
}
