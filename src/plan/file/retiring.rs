//! What plans say of what promotions left, in its stored form and back.

use lifeboat_sdk::Name;

use super::{PlanFileError, damaged, v2};
use crate::address::Address;
use crate::plan::{Kept, Retiring};

impl From<&Retiring> for v2::Retiring {
    fn from(Retiring { early, reason, waiting }: &Retiring) -> Self {
        let early = early.iter().map(ToString::to_string).collect();
        Self { early, reason: reason.clone(), waiting: *waiting }
    }
}

impl From<v2::Retiring> for Retiring {
    fn from(v2::Retiring { early, reason, waiting }: v2::Retiring) -> Self {
        Self { early: early.into_iter().map(Name::from).collect(), reason, waiting }
    }
}

impl From<&Kept> for v2::Kept {
    fn from(kept: &Kept) -> Self {
        Self {
            address: kept.address.to_string(),
            name: kept.name.to_string(),
            region: kept.region.clone(),
            epoch: kept.epoch,
            since: kept.since.clone(),
            until: kept.until.clone(),
        }
    }
}

/// What is kept, as it was stored.
///
/// # Errors
/// Its address is none.
pub(super) fn kept(stored: v2::Kept) -> Result<Kept, PlanFileError> {
    let v2::Kept { address, name, region, epoch, since, until } = stored;
    let known = Address::parse(&address);
    let address = known.ok_or_else(|| damaged(format!("{address:?} is no address")))?;
    Ok(Kept { address, name: name.into(), region, epoch, since, until })
}
