//! How each scope answered, in the order of scopes.

use std::collections::BTreeMap;

use lifeboat_sdk::{Cause, Observation, Scope, Value};

use super::{Request, RequestKey};

/// How a scope answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeStatus {
    /// The scope.
    pub scope: Scope,
    /// `None`: it was read; else what went wrong.
    pub trouble: Option<(Cause, String)>,
    /// Objects asked for.
    pub objects: usize,
    /// Objects that could not be read.
    pub unread: usize,
}

/// Where each object is asked for: taken before the requests are handed to [`super::read`].
pub fn scopes(requests: &[Request]) -> BTreeMap<RequestKey, Scope> {
    requests.iter().map(|r| (r.key.clone(), r.scope.clone())).collect()
}

/// One status per scope that was asked. Of several troubles the one that says most about the
/// scope is kept: the least cause (a dead scope before a denied object), then the first object.
pub fn status(
    scopes: &BTreeMap<RequestKey, Scope>,
    observations: &BTreeMap<RequestKey, Observation<Value>>,
) -> Vec<ScopeStatus> {
    let mut all: BTreeMap<&Scope, ScopeStatus> = BTreeMap::new();
    for (key, observation) in observations {
        let Some(scope) = scopes.get(key) else { continue };
        let status = all.entry(scope).or_insert_with(|| ScopeStatus {
            scope: scope.clone(),
            trouble: None,
            objects: 0,
            unread: 0,
        });
        status.objects += 1;
        if let Observation::Unreadable(unreadable) = observation {
            status.unread += 1;
            let worse = status.trouble.as_ref().is_none_or(|(cause, _)| unreadable.cause < *cause);
            if worse {
                status.trouble = Some((unreadable.cause.clone(), unreadable.message.clone()));
            }
        }
    }
    all.into_values().collect()
}
