//! Why an object changes, in words.

use super::escape::line;
use crate::plan::{ObjectChange, Reason};

/// Why it happens, in words.
pub fn why(change: &ObjectChange) -> Option<String> {
    let address = line(&change.address.whole().to_string());
    let key = change.address.key.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(match change.reason.as_ref()? {
        Reason::NoResourceConfig => format!("because {address} is not in configuration"),
        Reason::NoModule => format!("because {} is not in configuration", change.address.module),
        Reason::NoMoveTarget => {
            let from = change.previous_address.as_ref().map(ToString::to_string);
            let from = line(&from.unwrap_or_default());
            format!("because {from} was moved to {address}, which is not in configuration")
        }
        Reason::WrongRepetition => {
            "because the resource uses another kind of repetition".to_owned()
        }
        Reason::CountIndex => format!("because index {} is out of range for count", line(&key)),
        Reason::EachKey => format!("because key {} is not in for_each map", line(&key)),
        Reason::ConfigUnknown => "config refers to values not yet known".to_owned(),
        Reason::DependencyPending => {
            "depends on a resource or a module with changes pending".to_owned()
        }
        Reason::Retired => "after a final snapshot, where its kind has snapshots".to_owned(),
        Reason::Tainted | Reason::Requested | Reason::TriggeredBy | Reason::CannotUpdate => {
            return None;
        }
    })
}
