//! What re-protects data after a promotion, and the hooks that operators have in the phase `reprotect`: when
//! they are run. Pure.

use lifeboat_sdk::Name;
use lifeboat_state::model::State;

use super::load::Loaded;
use super::roles;
use super::tasks::{Passing, of_hook};
use crate::address::{Address, Mode};
use crate::plan::reprotect::{Around, around};
use crate::plan::{ObjectChange, Plan, Step};
use crate::topology::hook::REPROTECT;

/// The promotion after which the data is not protected yet, as state has it.
pub(super) fn after(state: &State) -> Option<Passing> {
    state.promotions.unprotected.as_ref()?;
    let last = state.promotions.last.as_ref();
    let name = |text: Option<&str>| Name::from(text.unwrap_or_default());
    Some(Passing {
        from: name(state.promotions.left.as_deref()),
        to: name(state.primary.as_deref()),
        epoch: state.epoch,
        mode: name(last.map(|last| &*last.mode)),
    })
}

/// What a plan would change that does not follow from the roles, in words: who approved a promotion approved
/// none of it.
pub fn besides(loaded: &Loaded, plan: &Plan) -> Vec<String> {
    let parts = roles::parts(loaded);
    // A copy goes the other way by an object of the same kind elsewhere.
    let follows = |change: &&ObjectChange| {
        let of = |part: &Address| {
            (&part.name, &part.kind) == (&change.address.name, &change.address.kind)
        };
        change.address.is_of_lifeboat() || parts.keys().any(of)
    };
    let others = plan.pending().filter(|change| change.address.mode == Mode::Managed);
    let others = others.filter(|change| !follows(change));
    let others = others.map(|change| change.address.to_string());
    others.chain(plan.approvers.iter().map(|_| "who approves promotions".to_owned())).collect()
}

/// Whether the files have such hooks.
pub(super) fn declared(loaded: &Loaded) -> bool {
    let hooks = loaded.topology.iter().flat_map(|topology| &topology.hooks);
    hooks.into_iter().any(|hook| *hook.phase == *REPROTECT)
}

/// Puts the hooks around what protects the data again: only where all that is declared is planned and
/// answers, because only then is it protected when the plan is carried out.
pub(super) fn hooks(
    loaded: &Loaded,
    passing: Option<&Passing>,
    plan: &Plan,
    steps: Vec<Step>,
) -> Vec<Step> {
    let (Some(topology), Some(passing)) = (&loaded.topology, passing) else { return steps };
    if !plan.is_whole() {
        return steps;
    }
    let mut hooks = Around::default();
    for hook in topology.hooks.iter().filter(|hook| *hook.phase == *REPROTECT) {
        let task = of_hook(hook, topology, passing);
        if hook.after { hooks.after.push(task) } else { hooks.before.push(task) }
    }
    around(steps, hooks)
}
