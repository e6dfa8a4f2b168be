//! `Ground`: what planning stands on: providers, verified accounts, the previous state with
//! moves, and what takes part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lifeboat_sdk::{Ctx, Diagnostic, Diagnostics, Name, Purpose, Session, Span};
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::asked::Asked;
use super::load::{Loaded, Settings};
use super::regions::Regions;
use super::targets::Selection;
use super::{ahead, providers, stored};
use crate::address::Address;
use crate::function::Context;
use crate::plan::PlanMode;
use crate::plan::resolve::{Previous, moves};
use crate::refresh::{self, Identity};
use crate::registry::Providers;

/// What planning has found out before it resolves.
pub(super) struct Ground {
    pub previous: BTreeMap<Address, Previous>,
    pub selection: Selection,
    pub providers: Providers,
    pub identities: BTreeMap<String, String>,
    pub regions: Regions,
}

/// Configured providers with verified accounts, for recovery before a plan is made.
///
/// # Errors
/// A provider cannot be configured, or the credentials belong to another account.
pub async fn connect(
    loaded: &Loaded,
    settings: &Settings,
    context: &Context<'_>,
    state: Option<&State>,
    interrupt: watch::Receiver<lifeboat_sdk::Interrupt>,
) -> Result<Providers, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let session = Session::interruptible(Purpose::Refresh, interrupt);
    let session = session.assume_down(settings.assume_down.clone());
    let ctx = Ctx::read_only(Arc::new(session));
    let asked = Asked::default();
    let ground = ground(loaded, settings, context, state, &asked, &ctx, &mut diagnostics).await;
    ground.map(|g| g.providers).ok_or(diagnostics)
}

/// Providers, identities, the previous state with moves, and what takes part.
pub(super) async fn ground(
    loaded: &Loaded,
    settings: &Settings,
    context: &Context<'_>,
    state: Option<&State>,
    asked: &Asked,
    ctx: &Ctx,
    diagnostics: &mut Diagnostics,
) -> Option<Ground> {
    let simulated = ahead::refused(loaded);
    if simulated.has_errors() {
        diagnostics.extend(simulated);
        return None;
    }
    let previous = match state.map(stored::previous).transpose() {
        Ok(previous) => previous.unwrap_or_default(),
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return None;
        }
    };
    let (previous, found) = moves::carry_out(&loaded.config, previous);
    diagnostics.extend(found);
    let in_state: BTreeSet<Name> = previous.values().map(|p| p.provider.clone()).collect();
    let (mut providers, found) = providers::configure(loaded, settings, context, &in_state);
    let failed = found.has_errors();
    diagnostics.extend(found);
    if failed {
        return None;
    }
    for instance in providers.0.values() {
        ctx.session().limit(&instance.name, instance.configured.limits());
    }
    let regions = Regions::of(loaded, &previous, &providers);
    let found = regions.unknown(settings, asked);
    let failed = found.has_errors();
    diagnostics.extend(found);
    if failed {
        return None;
    }
    let identities = identities(loaded, state, &previous, &mut providers, ctx, diagnostics).await?;
    let in_state: Vec<String> = previous.keys().map(ToString::to_string).collect();
    let destroy = asked.mode == PlanMode::Destroy;
    let (selection, found) =
        Selection::new(&loaded.desired, &asked.targets, &asked.excludes, &in_state, destroy);
    // Whether what is to be imported is declared is told with the block to write.
    if asked.mode != PlanMode::Import {
        diagnostics.extend(found);
    }
    Some(Ground { previous, selection, providers, identities, regions })
}

/// Asks who we are, where something remote is at stake.
async fn identities(
    loaded: &Loaded,
    state: Option<&State>,
    previous: &BTreeMap<Address, Previous>,
    providers: &mut Providers,
    ctx: &Ctx,
    diagnostics: &mut Diagnostics,
) -> Option<BTreeMap<String, String>> {
    let mut regions: BTreeSet<Name> = previous
        .values()
        .filter_map(|p| p.scope.as_ref())
        .map(|s| s.location.region().0.clone())
        .collect();
    regions.extend(loaded.topology.iter().flat_map(|t| t.cloud_regions()));
    let regions: Vec<Name> = regions.into_iter().collect();
    let pins: BTreeMap<Name, Name> = state
        .iter()
        .flat_map(|s| &s.identities)
        .map(|(k, v)| (k.as_str().into(), v.as_str().into()))
        .collect();
    let found = refresh::identify(providers, ctx, &regions, &pins).await;
    let mut known = BTreeMap::new();
    let mut wrong = false;
    for (name, identity) in found {
        let pinned = pins.get(&name).cloned();
        let account = match identity {
            Identity::Verified(account) => {
                let declared = account_of_regions(loaded, &name);
                if let Some((other, span)) = declared.filter(|(declared, _)| *declared != account) {
                    wrong = true;
                    diagnostics.push(wrong_account(&name, &[other], &account).at(span));
                }
                known.insert(name.to_string(), account.to_string());
                Some(account)
            }
            Identity::Unverified(_) => pinned.or_else(|| declared(loaded, providers, &name)),
            Identity::Contradicted { expected, found } => {
                wrong = true;
                diagnostics.push(wrong_account(&name, &expected, &found));
                Some(found)
            }
        };
        if let Some(instance) = providers.0.get_mut(&name) {
            instance.account = account;
        }
    }
    (!wrong).then_some(known)
}

/// The account that the files name, where nobody answers.
fn declared(loaded: &Loaded, providers: &Providers, name: &Name) -> Option<Name> {
    let allowed = providers.0.get(name).map(|i| i.configured.allowed_accounts());
    let of_regions = || account_of_regions(loaded, name).map(|(account, _)| account);
    allowed.and_then(|all| all.into_iter().next()).or_else(of_regions)
}

/// The account that the `region` blocks name, and where; it is that of the provider without an
/// alias, in which the topology's objects are.
fn account_of_regions(loaded: &Loaded, provider: &Name) -> Option<(Name, Span)> {
    let topology = loaded.topology.as_ref().filter(|_| !provider.contains('.'))?;
    topology.regions.iter().find_map(|region| Some((region.account.clone()?, region.span)))
}

fn wrong_account(name: &Name, expected: &[Name], found: &Name) -> Diagnostic {
    let expected = expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    Diagnostic::error(
        "engine::wrong_account",
        "The credentials belong to another account",
        format!("The provider {name} works in account {found}, but {expected} is expected."),
    )
    .help("Use the credentials of that account, or correct the account where the files name it.")
}
