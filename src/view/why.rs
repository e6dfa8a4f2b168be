//! Why an object changes, in words.

use super::escape::line;
use crate::desired::Follows;
use crate::plan::{ObjectChange, Reason};

/// What becomes of a copy that follows another object than so far, in words.
pub fn follows(change: &ObjectChange) -> Option<String> {
    let what = match change.follows? {
        Follows::Repoint => "it follows another one from now on, and is there all the time",
        Follows::Rebuild => {
            "it answers no reads until it has been built; rebuilds go one region at a time"
        }
    };
    Some(format!("{}: {what}", change.follows?.word()))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::diff::Action;
    use crate::view::json;

    #[test]
    fn beside_a_copy_that_follows_another_is_what_becomes_of_it() {
        let address = Address::parse("secret.s.aws_secretsmanager_secret[\"us-east-1\"]").unwrap();
        let mut change = ObjectChange::new(address, Action::Update);
        assert_eq!(follows(&change), None);
        for (how, says) in [
            (
                Follows::Repoint,
                "repoint: it follows another one from now on, and is there all the time",
            ),
            (
                Follows::Rebuild,
                "rebuild: it answers no reads until it has been built; rebuilds go one region at",
            ),
        ] {
            change.follows = Some(how);
            let said = follows(&change).unwrap();
            assert!(said.starts_with(says), "{said}");
            let json = json::change(&change).unwrap();
            assert!(json.get().contains(&format!("\"follows\":{:?}", how.word())), "{json}");
        }
    }
}
