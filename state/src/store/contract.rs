//! The suite that every store passes: tests run it, and `init` runs it as a probe of a backend.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::{CasStore, Name, PutNew, StoreError, Swap, Version};

const CONTENDERS: usize = 32;

/// What a store did that a store must not do.
#[derive(Debug, thiserror::Error)]
pub enum Breach {
    /// A rule of the contract does not hold.
    #[error(
        "this store cannot keep state safely, because {rule} (found: {found}); use a store with \
         conditional writes"
    )]
    Rule {
        /// The rule that does not hold.
        rule: &'static str,
        /// What was seen instead.
        found: String,
    },
    /// The store could not be asked.
    #[error("the store could not be tried out")]
    Store(#[from] StoreError),
}

fn hold(holds: bool, rule: &'static str, found: &impl std::fmt::Debug) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach::Rule { rule, found: format!("{found:?}") }) }
}

/// Tries every promise of [`CasStore`] under the folder `within`, which must be empty and is left
/// empty.
///
/// # Errors
/// [`Breach`] names the first rule that does not hold.
pub async fn contract(store: Arc<dyn CasStore>, within: &Name) -> Result<(), Breach> {
    absent(&*store, within).await?;
    created_once(&*store, within).await?;
    swapped_from_the_expected(&*store, within).await?;
    listed_and_removed(&*store, within).await?;
    one_creator(&store, within).await?;
    no_lost_update(&store, within).await
}

async fn absent(store: &dyn CasStore, within: &Name) -> Result<(), Breach> {
    let name = within.join("absent")?;
    let found = store.get(&name).await?;
    hold(found.is_none(), "what was never written must be absent", &found)?;
    let swap = store.swap(&name, &Version::of(b""), Bytes::from_static(b"x")).await?;
    hold(swap == Swap::Refused, "a swap of what is absent must be refused", &swap)?;
    store.remove(&name).await?;
    Ok(())
}

async fn created_once(store: &dyn CasStore, within: &Name) -> Result<(), Breach> {
    let name = within.join("once")?;
    let first = store.put_new(&name, Bytes::from_static(b"first")).await?;
    let PutNew::Created(version) = first else {
        return hold(false, "a new name must be created", &first);
    };
    let again = store.put_new(&name, Bytes::from_static(b"second")).await?;
    hold(again == PutNew::Exists, "a name must not be created twice", &again)?;
    let found = store.get(&name).await?;
    let kept = found.as_ref().is_some_and(|s| s.bytes == "first" && s.version == version);
    hold(kept, "a refused creation must change nothing", &found)?;
    store.remove(&name).await?;
    Ok(())
}

async fn swapped_from_the_expected(store: &dyn CasStore, within: &Name) -> Result<(), Breach> {
    let name = within.join("swapped")?;
    let first = store.put_new(&name, Bytes::from_static(b"one")).await?;
    let PutNew::Created(one) = first else {
        return hold(false, "a new name must be created", &first);
    };
    let swap = store.swap(&name, &one, Bytes::from_static(b"two")).await?;
    let Swap::Swapped(two) = swap else {
        return hold(false, "a swap from the current version must succeed", &swap);
    };
    let late = store.swap(&name, &one, Bytes::from_static(b"three")).await?;
    hold(late == Swap::Refused, "a swap from an old version must be refused", &late)?;
    let found = store.get(&name).await?;
    let kept = found.as_ref().is_some_and(|s| s.bytes == "two" && s.version == two);
    hold(kept, "a refused swap must change nothing", &found)?;
    let empty = store.swap(&name, &two, Bytes::new()).await?;
    hold(matches!(empty, Swap::Swapped(_)), "an empty value must be possible", &empty)?;
    store.remove(&name).await?;
    Ok(())
}

async fn listed_and_removed(store: &dyn CasStore, within: &Name) -> Result<(), Breach> {
    let folder = within.join("listed")?;
    let names = [folder.join("a")?, folder.join("b")?, folder.join("c")?];
    let none = store.list(&folder).await?;
    hold(none.is_empty(), "a folder without values must be empty", &none)?;
    for name in [&names[2], &names[0], &names[1]] {
        store.put_new(name, Bytes::from_static(b"x")).await?;
    }
    let deeper = folder.join("d")?.join("deeper")?;
    store.put_new(&deeper, Bytes::from_static(b"x")).await?;
    let found = store.list(&folder).await?;
    hold(found == names, "a list must hold exactly the direct members, sorted", &found)?;
    for name in names.iter().chain([&deeper]) {
        store.remove(name).await?;
    }
    let found = store.list(&folder).await?;
    hold(found.is_empty(), "what was removed must be gone", &found)?;
    let again = store.put_new(&names[0], Bytes::from_static(b"y")).await?;
    hold(matches!(again, PutNew::Created(_)), "a removed name must be free again", &again)?;
    store.remove(&names[0]).await?;
    Ok(())
}

async fn one_creator(store: &Arc<dyn CasStore>, within: &Name) -> Result<(), Breach> {
    let name = within.join("race")?;
    let mut tasks = JoinSet::new();
    for number in 0..CONTENDERS {
        let (store, name) = (Arc::clone(store), name.clone());
        tasks.spawn(async move { (number, store.put_new(&name, text(number)).await) });
    }
    let mut winners = Vec::new();
    for (number, outcome) in tasks.join_all().await {
        if let PutNew::Created(_) = outcome? {
            winners.push(number);
        }
    }
    let found = store.get(&name).await?;
    let kept = found.is_some_and(|stored| winners.iter().any(|&n| stored.bytes == text(n)));
    hold(
        winners.len() == 1 && kept,
        "of creators at the same time exactly one must win",
        &winners,
    )?;
    store.remove(&name).await?;
    Ok(())
}

async fn no_lost_update(store: &Arc<dyn CasStore>, within: &Name) -> Result<(), Breach> {
    let name = within.join("count")?;
    store.put_new(&name, text(0)).await?;
    let mut tasks = JoinSet::new();
    for _ in 0..CONTENDERS / 2 {
        let (store, name) = (Arc::clone(store), name.clone());
        tasks.spawn(async move { add_one(&*store, &name).await });
    }
    for outcome in tasks.join_all().await {
        outcome?;
    }
    let found = store.get(&name).await?;
    let all = found.as_ref().is_some_and(|stored| stored.bytes == text(CONTENDERS / 2));
    hold(all, "no update of concurrent swaps may be lost", &found)?;
    store.remove(&name).await?;
    Ok(())
}

async fn add_one(store: &dyn CasStore, name: &Name) -> Result<(), Breach> {
    for _ in 0..10_000 {
        let Some(stored) = store.get(name).await? else {
            return hold(false, "a value that is swapped must not be absent", &name);
        };
        let number = std::str::from_utf8(&stored.bytes).ok().and_then(|text| text.parse().ok());
        let Some(number) = number else {
            return hold(false, "a value must be seen whole", &stored);
        };
        let next: usize = number;
        if let Swap::Swapped(_) = store.swap(name, &stored.version, text(next + 1)).await? {
            return Ok(());
        }
    }
    hold(false, "a swap must succeed in the end", &name)
}

fn text(number: usize) -> Bytes {
    Bytes::from(number.to_string())
}
