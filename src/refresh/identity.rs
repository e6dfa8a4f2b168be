//! Who we are: asks every given region at once, and believes the first that answers.
//!
//! An account may be proven by any reachable region, so that losing one does not make the
//! others' identity unknown. Only a contradiction refuses a plan.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lifeboat_sdk::{Class, Ctx, Failure, Name};
use tokio::time::{Instant, timeout_at};

use crate::registry::{Instance, Providers};

/// How long all answers together may take; a location's own budget is usually shorter.
const PATIENCE: Duration = Duration::from_secs(10);

/// The built-in provider, which works in no account.
const BUILT_IN: &str = "terraform";

/// What is known of the account that a provider works in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It is this account.
    Verified(Name),
    /// No region answered; why.
    Unverified(String),
    /// It is another account than it must be.
    Contradicted {
        /// The accounts that it may be: from the `provider` block, or as pinned in state.
        expected: Vec<Name>,
        /// The account that it is.
        found: Name,
    },
}

/// Asks who we are for each provider instance, in its default region and all of `regions`.
/// `pins` are the accounts that state was bound to, by provider instance.
pub async fn identify(
    providers: &Providers,
    ctx: &Ctx,
    regions: &[Name],
    pins: &BTreeMap<Name, Name>,
) -> BTreeMap<Name, Identity> {
    let until = Instant::now() + PATIENCE;
    let asked = providers.0.values().filter(|instance| &*instance.name != BUILT_IN);
    let mut answers: FuturesUnordered<_> = asked
        .map(|instance| async move {
            let answer = ask(instance, ctx, regions, until).await;
            (instance.name.clone(), judge(instance, answer, pins.get(&instance.name)))
        })
        .collect();
    let mut found = BTreeMap::new();
    while let Some((name, identity)) = answers.next().await {
        found.insert(name, identity);
    }
    found
}

/// Whether each provider instance's credentials are good for `region`, asked there and nowhere else.
pub async fn proven(
    providers: &Providers,
    ctx: &Ctx,
    region: &str,
) -> BTreeMap<Name, Result<(), Failure>> {
    let asked = providers.0.values().filter(|instance| &*instance.name != BUILT_IN);
    let asked = asked.map(|instance| async move {
        let call = tokio::time::timeout(PATIENCE, instance.configured.identity(ctx, region));
        let answer = call.await.unwrap_or_else(|_| Err(no_answer(region)));
        (instance.name.clone(), answer.map(drop))
    });
    asked.collect::<FuturesUnordered<_>>().collect().await
}

fn no_answer(region: &str) -> Failure {
    let text = format!("no answer from {region} within {} s", PATIENCE.as_secs());
    Failure::new(Class::Unreachable, text)
}

/// The first account that any region answers, or why none did.
async fn ask(
    instance: &Instance,
    ctx: &Ctx,
    regions: &[Name],
    until: Instant,
) -> Result<Name, String> {
    let mut all: Vec<Name> = instance.configured.default_region().into_iter().collect();
    all.extend(regions.iter().cloned());
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|region| seen.insert(region.clone()));
    let mut calls: FuturesUnordered<_> = all
        .iter()
        .map(|region| async move {
            let call = instance.configured.identity(ctx, region);
            match timeout_at(until, call).await {
                Ok(answer) => (region, answer),
                Err(_) => (region, Err(no_answer(region))),
            }
        })
        .collect();
    let mut failures: BTreeMap<&Name, Failure> = BTreeMap::new();
    while let Some((region, answer)) = calls.next().await {
        match answer {
            Ok(account) => return Ok(account),
            Err(failure) => drop(failures.insert(region, failure)),
        }
    }
    Err(why(&failures))
}

/// The failure that says most: credentials that are refused explain more than a dead region.
fn why(failures: &BTreeMap<&Name, Failure>) -> String {
    let refused = |f: &&Failure| matches!(f.class, Class::Credentials | Class::Denied);
    match failures.values().find(refused).or_else(|| failures.values().next()) {
        Some(failure) => failure.to_string(),
        None => "no region is known to ask in: set `region` in the `provider` block".to_owned(),
    }
}

fn judge(instance: &Instance, answer: Result<Name, String>, pin: Option<&Name>) -> Identity {
    let found = match answer {
        Ok(account) => account,
        Err(why) => return Identity::Unverified(why),
    };
    let allowed = instance.configured.allowed_accounts();
    if !allowed.is_empty() && !allowed.contains(&found) {
        return Identity::Contradicted { expected: allowed, found };
    }
    match pin {
        Some(pin) if *pin != found => Identity::Contradicted { expected: vec![pin.clone()], found },
        _ => Identity::Verified(found),
    }
}
