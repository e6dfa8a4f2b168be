//! Objects that could not be read, as errors: one of each cause and place, however many objects it
//! keeps from being read.

use std::collections::BTreeMap;

use lifeboat_sdk::{Cause, Diagnostic, Scope, Span, Unreadable};

/// How many of the objects that have a cause in common are named.
const NAMED: usize = 5;

/// What keeps objects from being read. Credentials are a provider's, permissions a scope's; other
/// answers speak of one object.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Credentials { provider: String, message: String },
    Denied { scope: Scope, action: String },
    Object { address: String },
}

/// Objects with one trouble in common.
struct Group {
    first: Unreadable,
    span: Option<Span>,
    addresses: Vec<String>,
}

/// What could not be read, by what keeps it from being read.
#[derive(Default)]
pub(super) struct Unread(BTreeMap<Trouble, Group>);

impl Unread {
    /// Adds an object.
    pub(super) fn add(&mut self, address: &str, unread: &Unreadable, span: Option<Span>) {
        let trouble = match &unread.cause {
            Cause::Credentials => Trouble::Credentials {
                provider: unread.scope.provider.to_string(),
                message: unread.message.clone(),
            },
            Cause::Denied { action } => {
                Trouble::Denied { scope: unread.scope.clone(), action: action.clone() }
            }
            _ => Trouble::Object { address: address.to_owned() },
        };
        let new = || Group { first: unread.clone(), span, addresses: Vec::new() };
        self.0.entry(trouble).or_insert_with(new).addresses.push(address.to_owned());
    }

    /// One error of each.
    pub(super) fn errors(self) -> impl Iterator<Item = Diagnostic> {
        self.0.into_values().map(|group| group.error())
    }
}

impl Group {
    fn error(mut self) -> Diagnostic {
        let message = &self.first.message;
        let (code, summary, help) = match &self.first.cause {
            Cause::Denied { action } => (
                "refresh::denied",
                "A permission is missing to read an object",
                format!("Allow {action} to the credentials in use, then plan again."),
            ),
            Cause::Garbled => (
                "refresh::garbled",
                "An answer could not be read",
                "Nothing was concluded from it. Look for a proxy or a broken endpoint, then plan \
                 again."
                    .to_owned(),
            ),
            Cause::Credentials if message.ends_with("no credentials were found") => (
                "refresh::no_credentials",
                "There are no credentials",
                "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \
                 `aws sso login`. -vv logs where they were looked for."
                    .to_owned(),
            ),
            Cause::Credentials => (
                "refresh::credentials",
                "Credentials are not accepted",
                "Renew the credentials (for example `aws sso login`), then plan again.".to_owned(),
            ),
            _ => (
                "refresh::failed",
                "An object could not be read",
                "Nothing was concluded from it. See the message, then plan again.".to_owned(),
            ),
        };
        self.addresses.sort();
        self.addresses.dedup();
        let named = match self.addresses.len() {
            all if all > NAMED + 1 => {
                format!("{} and {} more", self.addresses[..NAMED].join(", "), all - NAMED)
            }
            _ => self.addresses.join(", "),
        };
        let detail = format!("{named} could not be read: {message}.");
        let error = Diagnostic::error(code, summary, detail).help(help).at_opt(self.span);
        match &*self.addresses {
            [address] => error.about(address),
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::{Class, Failure, Location};

    use super::*;

    fn scope(region: &str) -> Scope {
        let location = Location::Region(region.into());
        Scope { provider: "aws".into(), account: "1".into(), location, service: "s3".into() }
    }

    fn denied(action: &str) -> Cause {
        Cause::Denied { action: action.to_owned() }
    }

    #[test]
    fn one_cause_is_one_error_however_many_objects_it_hides() {
        let mut unread = Unread::default();
        for i in 10..30 {
            let failure = Failure::new(Class::Credentials, "no credentials were found");
            let found = Unreadable::from_failure(&scope(["west", "east"][i % 2]), &failure);
            unread.add(&format!("a.b[{i}]"), &found, None);
            for (action, region) in [("s3:Get", "west"), ("s3:Get", "east"), ("s3:List", "west")] {
                let found = Unreadable {
                    scope: scope(region),
                    cause: denied(action),
                    message: format!("{i}"),
                };
                unread.add("a.c", &found, None);
            }
        }
        let errors: Vec<Diagnostic> = unread.errors().collect();
        assert_eq!(errors.len(), 4);
        assert_eq!(errors[0].code, "refresh::no_credentials");
        assert!(errors[0].detail.starts_with("a.b[10], "), "{errors:?}");
        assert!(errors[0].detail.contains(" and 15 more could not be read: no credentials were"));
        assert!(errors[1].help.as_deref().is_some_and(|help| help.contains("s3:Get")));
        assert_eq!(errors[1].address.as_deref(), Some("a.c"));
    }
}
