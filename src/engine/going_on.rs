//! Going on with a promotion that an earlier process began: only while it is the newest.

use std::sync::Arc;

use lifeboat_sdk::{Ctx, Diagnostic, Interrupt, Observation, Purpose, Value};
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::load::{Loaded, Settings};
use super::{planning, roles, stored};
use crate::address::Address;
use crate::desired::Part;
use crate::diff::Action;
use crate::event::Silent;
use crate::plan::promotion::region_of;
use crate::plan::{Plan, Promotion};
use crate::refresh::record::RoleRecord;
use crate::refresh::{self, RequestKey};
use crate::registry::Providers;

/// Looks at the role records before a promotion is gone on with: what is left of it would let its
/// region take writes, and somebody may have promoted another one since. The plan takes over how those
/// are now that it did not move yet: a run of an earlier epoch may have written one after all.
///
/// # Errors
/// A record has a later epoch than the promotion opens, or that of its region cannot be read.
pub async fn is_newest(
    plan: &mut Plan,
    loaded: &Loaded,
    settings: &Settings,
    state: Option<&State>,
    providers: &Providers,
    interrupt: watch::Receiver<Interrupt>,
) -> Result<(), Box<Diagnostic>> {
    let (Some(promotion), Some(state)) = (&plan.promotion, state) else { return Ok(()) };
    let parts = roles::parts(loaded);
    let mut previous = stored::previous(state)?;
    previous.retain(|address, _| parts.get(address) == Some(&Part::Record));
    let requests = previous.iter().map(|(at, record)| planning::request(at, record, providers));
    let down = settings.assume_down.clone();
    let session = refresh::session(providers, Purpose::Refresh, interrupt, down);
    let ctx = Ctx::read_only(Arc::new(session));
    let found = refresh::read(providers, &ctx, requests.collect(), &Silent).await;
    let (mut others, mut moved) = (Vec::new(), Vec::new());
    for (RequestKey { address, .. }, seen) in &found {
        let Some(record) = record(promotion, address, seen)? else { continue };
        let opens = promotion.epoch + 1;
        if record.epoch > opens {
            return Err(overtaken(promotion, address, &record));
        }
        let own = record.epoch == opens && *record.primary == *promotion.to;
        if let Observation::Present(present) = seen
            && !own
        {
            moved.push((address.clone(), present.object.clone()));
        }
        if record.epoch == opens && !own {
            others.push((address, record));
        }
    }
    // Of two claims at once the one that most records name goes on; the other's are put right by it.
    if let Some((address, record)) = others.first()
        && others.len() * 2 >= found.len()
    {
        return Err(overtaken(promotion, address, record));
    }
    for (address, now) in moved {
        let mut changes = plan.changes.iter_mut();
        let change = changes.find(|it| it.address == address && it.action == Action::Update);
        if let Some(change) = change {
            change.before = Some(now);
        }
    }
    Ok(())
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
    let help = "Use the state with which that was done. Nothing can be changed from this one.";
    let overtaken = Diagnostic::error("promotion::overtaken", summary, detail);
    Box::new(overtaken.about(address).help(help))
}
