//! Types that topology blocks stand for, and that their provider does not have yet: they are played by
//! `simulate`, whose cloud knows them, and refused by all else, before anybody is called.

use lifeboat_sdk::{Diagnostic, Diagnostics};

use super::load::Loaded;
use crate::desired::Synthetic;
use crate::registry;

/// That a block is of a type which only the simulated cloud knows; once of each.
pub(super) fn refused(loaded: &Loaded) -> Diagnostics {
    let ahead = registry::ahead(&loaded.catalogue);
    let mut found = Diagnostics::new();
    for Synthetic { address, provider, instances } in &loaded.desired.synthetics {
        let Some(kind) = ahead.iter().find(|kind| *kind.name() == *address.kind) else { continue };
        let text = format!(
            "{address} is of the type {}, which the provider {provider} does not have yet: in this version \
             it can be simulated, and not applied.",
            kind.name()
        );
        let summary = "The type can only be simulated in this version";
        let problem = Diagnostic::error("plan::kind_simulated", summary, text).help(
            "`lifeboat simulate -lose=REGION -as-applied` plays a promotion with it. Take the block out \
             to apply the rest.",
        );
        found.push(problem.at_opt(instances.values().next().map(|planned| planned.span)));
    }
    found
}
