//! Guards: what a plan would lose or could never take back, and what must be said to let it.
//! Pure; one function per code.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, counted};

use super::{Deferral, ObjectChange, Plan, PlanMode};
use crate::address::Mode;
use crate::diff::Action;

/// What the operator said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// `-allow-destroy=COUNT`
    pub allow_destroy: Option<usize>,
    /// `-confirm-one-way=ADDRESS`, or typed at the prompt.
    pub one_way: Vec<String>,
}

/// From how many objects of a kind the share matters.
const SHARE_FROM: usize = 10;
/// The share of a kind's objects, in percent, that needs to be allowed.
const SHARE_MAX: usize = 30;

/// Everything that `plan` must not do without consent; as errors of `apply` (exit 5).
pub fn guards(plan: &Plan, consent: &Consent) -> Diagnostics {
    let mut found = Diagnostics::new();
    destroys(plan, consent, &mut found);
    one_way_doors(plan, consent, &mut found);
    unreachable(plan, &mut found);
    found
}

/// Not everything can be destroyed while a region is away: what is left would come back as new.
fn unreachable(plan: &Plan, found: &mut Diagnostics) {
    if plan.mode != PlanMode::Destroy {
        return;
    }
    let mut regions: BTreeMap<Name, usize> = BTreeMap::new();
    for change in &plan.changes {
        if let Some(Deferral::Unreachable { scope, .. }) = &change.deferred {
            *regions.entry(scope.location.to_string().into()).or_default() += 1;
        }
    }
    for (region, count) in regions {
        let noun = if count == 1 { "object" } else { "objects" };
        found.push(
            Diagnostic::error(
                "plan::destroy_unreachable",
                "A region does not answer",
                format!(
                    "{count} {noun} in {region} cannot be destroyed, because nobody \
                     answers there."
                ),
            )
            .help(format!(
                "Destroy when {region} answers. To destroy the rest and keep that region in \
                 state, add -exclude-region={region}."
            )),
        );
    }
}

fn removals(plan: &Plan) -> impl Iterator<Item = &ObjectChange> {
    plan.changes
        .iter()
        .filter(|c| c.deferred.is_none() && matches!(c.action, Action::Delete | Action::Replace))
}

/// How many objects go: what `-allow-destroy` must say.
pub fn removed(plan: &Plan) -> usize {
    removals(plan).count()
}

/// `-allow-destroy`: data, or a large share of a kind.
fn destroys(plan: &Plan, consent: &Consent, found: &mut Diagnostics) {
    let count = removals(plan).count();
    if consent.allow_destroy == Some(count) {
        return;
    }
    let data: Vec<String> =
        removals(plan).filter(|c| c.holds_data).map(|c| c.address.to_string()).collect();
    let destroy = plan.mode == PlanMode::Destroy;
    let share = if destroy { Vec::new() } else { shares(plan) };
    let nothing_left = !destroy && nothing_left(plan);
    if data.is_empty() && share.is_empty() && !nothing_left {
        if let Some(said) = consent.allow_destroy {
            found.push(wrong_count(said, count));
        }
        return;
    }
    let mut why = Vec::new();
    if nothing_left {
        why.push(
            "Nothing would be left, but an empty configuration never means that everything \
                  shall go."
                .to_owned(),
        );
    }
    if !data.is_empty() {
        why.push(format!("These hold data: {}.", data.join(", ")));
    }
    for (kind, gone, all) in share {
        why.push(format!("{gone} of {all} objects of {kind} would go."));
    }
    if let Some(said) = consent.allow_destroy {
        why.push(format!("-allow-destroy={said} was given, but the plan removes {count}."));
    }
    found.push(
        Diagnostic::error(
            "plan::destroys_data",
            "The plan removes more than may go without being asked",
            format!("The plan deletes or replaces {}. {}", counted(count, "object"), why.join(" ")),
        )
        .help(format!(
            "Read the plan; if that is meant, add -allow-destroy={count}{}.",
            if nothing_left { ", or run `lifeboat destroy`" } else { "" }
        )),
    );
}

fn wrong_count(said: usize, count: usize) -> Diagnostic {
    Diagnostic::error(
        "plan::allow_destroy_count",
        "-allow-destroy names another number than the plan removes",
        format!("-allow-destroy={said} was given, but the plan deletes or replaces {count}."),
    )
    .help(match count {
        0 => "Nothing has to be allowed here: remove -allow-destroy.".to_owned(),
        _ => format!("Read the plan; if that is meant, give -allow-destroy={count}."),
    })
}

/// Whether every object with a remote side goes: files that were lost, a wrong folder.
fn nothing_left(plan: &Plan) -> bool {
    let managed = |c: &&ObjectChange| {
        c.address.mode == Mode::Managed && c.deposed.is_none() && c.scope.is_some()
    };
    let goes = |c: &ObjectChange| c.action == Action::Delete && c.deferred.is_none();
    let mut remote = plan.changes.iter().filter(managed).peekable();
    remote.peek().is_some() && remote.all(goes)
}

/// Kinds with a remote side of which more than the share goes.
fn shares(plan: &Plan) -> Vec<(Name, usize, usize)> {
    let mut kinds: BTreeMap<Name, (usize, usize)> = BTreeMap::new();
    for change in plan.changes.iter().filter(|c| c.before.is_some() && c.scope.is_some()) {
        let (gone, all) = kinds.entry(change.address.kind.clone()).or_default();
        *all += 1;
        let goes = matches!(change.action, Action::Delete | Action::Replace);
        *gone += usize::from(goes && change.deferred.is_none());
    }
    kinds
        .into_iter()
        .filter(|(_, (gone, all))| *all >= SHARE_FROM && gone * 100 > all * SHARE_MAX)
        .map(|(kind, (gone, all))| (kind, gone, all))
        .collect()
}

/// What can never be taken back needs its address.
fn one_way_doors(plan: &Plan, consent: &Consent, found: &mut Diagnostics) {
    for change in plan.pending() {
        let Some(why) = &change.one_way else { continue };
        let address = change.address.to_string();
        if consent.one_way.contains(&address) {
            continue;
        }
        found.push(
            Diagnostic::error(
                "plan::one_way_door",
                "The change can never be taken back",
                format!("{address}: {why}"),
            )
            .about(&address)
            .help(format!("If that is meant, type the address when asked, or add -confirm-one-way='{address}'.")),
        );
    }
}
