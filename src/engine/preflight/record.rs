//! The role records: whether enough of them can be moved, and whether the state is up to date.

use lifeboat_sdk::{Value, counted};

use super::{Facts, Finding};
use crate::address::Address;
use crate::desired::Part;
use crate::plan::ObjectChange;
use crate::refresh::record::RoleRecord;

/// What a role record said.
enum Said {
    /// Its region does not answer.
    Silent,
    /// There is none.
    Missing,
    /// It is none that can be read: why.
    Garbled(String),
    /// Its epoch.
    Epoch(u64),
}

/// All role records, as far as the promotion could be planned.
fn records<'f>(facts: &'f Facts<'_>) -> Vec<(&'f Address, Said)> {
    let said = |change: &ObjectChange| {
        if change.deferred.is_some() || change.unread.is_some() {
            return Said::Silent;
        }
        let content = change.before.as_ref().and_then(|before| before.get("content"));
        match content.and_then(Value::as_str).map(RoleRecord::parse) {
            None => Said::Missing,
            Some(Ok(record)) => Said::Epoch(record.epoch),
            Some(Err(why)) => Said::Garbled(why),
        }
    };
    let of = |change: &&ObjectChange| facts.parts.get(&change.address) == Some(&Part::Record);
    let planned = facts.plan.promotion.as_ref().map(|_| facts.plan.changes.iter().filter(of));
    planned.into_iter().flatten().map(|change| (&change.address, said(change))).collect()
}

/// No record is ahead of the state.
pub(super) fn state_current(facts: &Facts<'_>) -> Vec<Finding> {
    if let Some(behind) = facts.problems.0.iter().find(|p| p.code == "promotion::behind") {
        return vec![Finding::fail(behind.detail.clone(), behind.help.clone().unwrap_or_default())];
    }
    let records = records(facts);
    let any = facts.parts.values().any(|part| *part == Part::Record);
    let read = records.iter().any(|(_, said)| matches!(said, Said::Epoch(_)));
    let (serial, epoch) = (facts.state.serial, facts.state.epoch);
    vec![match (any, read) {
        (false, _) => return Vec::new(),
        (true, true) => Finding::pass(format!(
            "The state (serial {serial}, epoch {epoch}) is not behind any role record that was read."
        )),
        (true, false) => Finding::unknown(
            format!(
                "No role record could be read, so that nobody says whether epoch {epoch} holds."
            ),
            "Run this again when a region answers.",
        ),
    }]
}

/// A majority of the records can be moved, and they are at the epoch of the state.
pub(super) fn role_records(facts: &Facts<'_>) -> Vec<Finding> {
    let (records, epoch) = (records(facts), facts.state.epoch);
    if records.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut readable = 0;
    for (address, said) in &records {
        let text = match said {
            Said::Silent => continue,
            Said::Epoch(at) if *at == epoch => {
                readable += 1;
                continue;
            }
            Said::Epoch(at) => format!("It says epoch {at}, and the state is at epoch {epoch}."),
            Said::Missing => "There is none.".to_owned(),
            Said::Garbled(why) => format!("It cannot be read: {why}."),
        };
        let fix = "Run `lifeboat apply`, which writes it.";
        found.push(Finding::fail(text, fix).about(address));
    }
    let all = counted(records.len(), "role record");
    let fix = "A promotion then needs somebody who attests that the others cannot write. A witness \
               region in the topology holds one record more.";
    let short = format!("{readable} of {all} can be read at epoch {epoch}: that is no majority.");
    found.push(if readable * 2 > records.len() {
        Finding::pass(format!("{readable} of {all} can be read, at epoch {epoch}."))
    } else if facts.graceful() {
        Finding::fail(short, fix)
    } else {
        Finding::unknown(short, fix)
    });
    found
}
