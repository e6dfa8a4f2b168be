//! Drift: what changed outside, previous against prior.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Path, Value};

use super::compare::{attribute_at, disagreements};

/// What happened to an object outside of lifeboat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// It is gone.
    Gone,
    /// It differs.
    Changed {
        /// Ordinary attributes.
        paths: Vec<Path>,
        /// Attributes that the region's role decides: role drift.
        roles: Vec<Path>,
    },
}

/// Compares the previous document with the prior one (`None`: proven absent), by meaning.
/// Attributes that any update may change are no drift of their own.
pub fn drift(kind: &dyn DynKind, previous: &Value, prior: Option<&Value>) -> Option<Drift> {
    let Some(prior) = prior else { return Some(Drift::Gone) };
    if previous == prior {
        return None;
    }
    let attributes = kind.schema().attributes;
    let (before, now) = (kind.normalise(previous), kind.normalise(prior));
    let all = disagreements(attributes, &before, &now);
    let (roles, mut paths): (Vec<Path>, Vec<Path>) =
        all.into_iter().partition(|path| is(attributes, path, |a| a.role));
    paths.retain(|path| !is(attributes, path, |a| a.volatile));
    let any = !roles.is_empty() || !paths.is_empty();
    any.then_some(Drift::Changed { paths, roles })
}

fn is(
    attributes: &[lifeboat_sdk::Attribute],
    path: &Path,
    mark: impl Fn(&lifeboat_sdk::Attribute) -> bool,
) -> bool {
    let top = path.first_attr().map(Path::attr).unwrap_or_default();
    [top, path.clone()].iter().any(|p| attribute_at(attributes, p).is_some_and(&mark))
}
