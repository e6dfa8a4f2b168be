//! `retire`: what of what promotions left may be deleted, and when. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lifeboat_sdk::{Diagnostic, Diagnostics, Name};
use lifeboat_state::model::{Deposed, Retired, State};

use super::asked::Asked;
use super::load::Loaded;
use crate::address::Address;
use crate::plan::{Deferral, Kept, ObjectChange, Plan, PlanMode, Retiring, retires};
use crate::topology::Topology;
use crate::topology::database::KEEP_RETIRED;

/// What is wanted of what promotions left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retire {
    /// Of which addresses; of all where none is given.
    pub addresses: Vec<String>,
    /// Names of what is deleted before its time.
    pub early: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// The time by which it is judged.
    pub now: Timestamp,
}

/// What is kept that promotions left, by address and name.
pub fn kept(state: Option<&State>, topology: Option<&Topology>) -> Vec<Kept> {
    let objects = state.into_iter().flat_map(|state| &state.objects);
    let mut all = Vec::new();
    for (text, object) in objects {
        let Some(address) = Address::parse(text) else { continue };
        for Deposed { key, scope, retired, .. } in &object.deposed {
            let Some(Retired { epoch, since }) = retired else { continue };
            all.push(Kept {
                until: until(since, keeps(topology, &address)),
                address: address.clone(),
                name: key.as_str().into(),
                region: scope.location.clone(),
                epoch: *epoch,
                since: since.clone(),
            });
        }
    }
    all
}

/// For how many seconds what a block left is kept.
fn keeps(topology: Option<&Topology>, address: &Address) -> u64 {
    let databases = topology.into_iter().flat_map(|topology| &topology.databases);
    let mut own =
        databases.filter(|own| address.name.strip_prefix("database.") == Some(&*own.name));
    own.next().map_or(KEEP_RETIRED, |database| database.keep_retired)
}

fn until(since: &str, seconds: u64) -> Option<String> {
    let since: Timestamp = since.parse().ok()?;
    let keep = SignedDuration::from_secs(i64::try_from(seconds).ok()?);
    Some(since.checked_add(keep).ok()?.to_string())
}

/// Whether its time is over. What has no time that can be read is kept.
fn is_due(kept: &Kept, now: Timestamp) -> bool {
    let until = kept.until.as_deref().and_then(|until| until.parse::<Timestamp>().ok());
    until.is_some_and(|until| until <= now)
}

/// What is deleted by a plan, by address and key: all of it where everything is destroyed.
///
/// # Errors
/// It is not kept, or not for long enough; or the data has no other copy.
pub(super) fn chosen(
    loaded: &Loaded,
    state: Option<&State>,
    asked: &Asked,
) -> Result<BTreeSet<(Address, Name)>, Box<Diagnostic>> {
    let all = kept(state, loaded.topology.as_ref());
    let key = |kept: &Kept| (kept.address.clone(), kept.name.clone());
    if asked.mode == PlanMode::Destroy {
        return Ok(all.iter().map(key).collect());
    }
    let Some(retire) = &asked.retire else { return Ok(BTreeSet::new()) };
    if let Some(since) = state.and_then(|state| state.promotions.unprotected.as_deref()) {
        let detail = format!(
            "The primary's data has no copy since {since}. What a promotion left is the only other one, \
             until the replica in its place is there and follows."
        );
        let help = "Run `lifeboat apply`, which protects the data again; then retire.";
        return Err(refused("retire::unprotected", "The data is not protected", detail, help));
    }
    let early = |kept: &Kept| retire.early.iter().any(|name| **name == *kept.name);
    let mut chosen = BTreeSet::new();
    for text in &retire.addresses {
        let of: Vec<&Kept> = all.iter().filter(|kept| is_of(&kept.address, text)).collect();
        if of.is_empty() {
            return Err(not_retired(text, &all));
        }
        let due: Vec<&Kept> =
            of.iter().copied().filter(|kept| is_due(kept, retire.now) || early(kept)).collect();
        if let Some(first) = of.first().filter(|_| due.is_empty()) {
            return Err(too_early(first));
        }
        chosen.extend(due.into_iter().map(key));
    }
    for name in &retire.early {
        let mut named = all.iter().filter(|kept| *kept.name == **name).peekable();
        if named.peek().is_none() {
            return Err(not_retired(name, &all));
        }
        chosen.extend(named.map(key));
    }
    if retire.addresses.is_empty() && retire.early.is_empty() {
        chosen.extend(all.iter().filter(|kept| is_due(kept, retire.now)).map(key));
    }
    Ok(chosen)
}

/// Whether what is typed means an address: itself, its resource, or its block.
fn is_of(address: &Address, text: &str) -> bool {
    address.to_string() == text || address.whole().to_string() == text || *address.name == *text
}

fn not_retired(text: &str, all: &[Kept]) -> Box<Diagnostic> {
    let detail = format!("{text} names nothing that a promotion left: only that is retired.");
    let known: Vec<String> =
        all.iter().map(|kept| format!("{} ({})", kept.address, kept.name)).collect();
    let help = match known.is_empty() {
        true => "Nothing is kept that a promotion left.".to_owned(),
        false => format!("What is kept: {}.", known.join(", ")),
    };
    refused("retire::not_retired", NOT_RETIRED, detail, help)
}

const NOT_RETIRED: &str = "It is not retired";

fn too_early(kept: &Kept) -> Box<Diagnostic> {
    let Kept { address, name, since, until, .. } = kept;
    let until = until.as_deref().unwrap_or("an unknown time");
    let detail = format!(
        "{name}, in whose place {address} is, is kept since {since}, and until {until} by keep_retired."
    );
    let help = format!("Wait until then. Where that cannot be: -early={name} -reason=TEXT.");
    refused("retire::too_early", "It is kept for some time yet", detail, help)
}

fn refused(
    code: &'static str,
    summary: &'static str,
    detail: String,
    help: impl Into<String>,
) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(code, summary, detail).help(help))
}

/// Leaves of a plan what is retired: what has its place must be as it shall be.
pub(super) fn only(retire: &Retire, plan: &mut Plan) -> (Retiring, Diagnostics) {
    let mut found = Diagnostics::new();
    let going: BTreeSet<Address> =
        plan.changes.iter().filter(|c| retires(c)).map(|c| c.address.clone()).collect();
    let places = plan.changes.iter().filter(|c| c.deposed.is_none() && going.contains(&c.address));
    let mut waits: BTreeMap<&Address, String> = BTreeMap::new();
    for place in places {
        if let Some(why) = unsettled(place) {
            waits.insert(&place.address, why);
        }
    }
    for (address, why) in waits {
        let detail = format!(
            "{address} is not as it shall be: {why}. What a promotion left in its place is kept until then."
        );
        let help = "Run `lifeboat apply` first; then retire.";
        let summary = "What has its place is not there yet";
        found.push(
            Diagnostic::error("retire::not_replaced", summary, detail).about(address).help(help),
        );
    }
    plan.approvers = None;
    let waiting = Retiring::keep(&mut plan.changes);
    let early = retire.early.iter().map(|name| name.as_str().into()).collect();
    (Retiring { early, reason: retire.reason.clone(), waiting }, found)
}

/// Why an object is not as it shall be.
fn unsettled(change: &ObjectChange) -> Option<String> {
    let away = |why: &Deferral| format!("it cannot be read ({why})");
    match (&change.unread, &change.deferred) {
        (Some(why), _) | (None, Some(why)) => Some(away(why)),
        (None, None) if change.action != crate::diff::Action::NoOp => {
            Some("`lifeboat apply` would change it".to_owned())
        }
        (None, None) => None,
    }
}
