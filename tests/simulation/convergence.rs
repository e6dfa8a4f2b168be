//! What must be true once faults have stopped and everything is applied: files, state and cloud
//! say the same.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::Value;
use lifeboat_sdk::value::wire::Wire;
use lifeboat_sim::SimObject;
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::model::{ObjectRecord, ObjectStatus, State};

use super::program::{Kind, Wanted};
use super::world::World;

/// What is not as it should be.
pub(super) async fn differences(world: &World, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    let state = match stored(world, &mut found).await {
        Ok(state) => state,
        Err(error) => return vec![error],
    };
    let objects = state.map(|state| state.objects).unwrap_or_default();
    let live = world.cloud.objects();
    let remote = wanted.iter().filter(|w| w.kind != Kind::Data).count();
    if live.len() != remote {
        let names: Vec<String> =
            live.iter().map(|o| format!("{} {}", o.key.kind, o.key.id)).collect();
        let names = names.join(", ");
        found.push(format!("orphans: {} objects live, {remote} wanted: {names}", live.len()));
    }
    for address in objects.keys().filter(|a| wanted.iter().all(|w| w.address != **a)) {
        found.push(format!("state: {address} is in state and not in the files"));
    }
    let ids: BTreeMap<&str, String> = objects
        .iter()
        .filter_map(|(address, record)| Some((&**address, record.identity.clone()?)))
        .collect();
    for want in wanted {
        match objects.get(&want.address) {
            None => found.push(format!("state: {} is missing", want.address)),
            Some(record) => one(want, record, &live, &ids, &mut found),
        }
    }
    found
}

/// The state; nobody holds the lock, and no run is open.
async fn stored(world: &World, found: &mut Vec<String>) -> Result<Option<State>, String> {
    let backend = world.backend().await?;
    let loaded = backend.load().await.map_err(|error| error.to_string())?;
    if let Some(holder) = backend.holder().await.map_err(|error| error.to_string())? {
        found.push(format!("lock: {} holds it", holder.info.id));
    }
    for open in backend.open_runs().await.map_err(|error| error.to_string())? {
        found.push(format!("journal: run {} is open", open.id));
    }
    Ok(loaded.map(|loaded| loaded.state))
}

/// The attributes in which two objects differ.
fn unequal<'a>(
    live: &'a Value,
    stored: &'a Value,
) -> Vec<(&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let names = |value: &'a Value| match value {
        Value::Object(entries) => entries.iter().map(|(name, _)| &**name).collect(),
        _ => Vec::new(),
    };
    let all: BTreeSet<&str> = names(live).into_iter().chain(names(stored)).collect();
    let both = all.into_iter().map(|name| (name, live.get(name), stored.get(name)));
    // What changes by itself or with each change may have done so since it was read.
    let told = ["status", "version", "version_id"];
    both.filter(|(name, live, stored)| live != stored && !told.contains(name)).collect()
}

fn one(
    want: &Wanted,
    record: &ObjectRecord,
    live: &[SimObject],
    ids: &BTreeMap<&str, String>,
    found: &mut Vec<String>,
) {
    let at = &want.address;
    if record.status != ObjectStatus::Ok || !record.deposed.is_empty() || record.stale.is_some() {
        found.push(format!("state: {at} is {:?}, {:?}", record.status, record.stale));
    }
    let stored = record.document.to_wire::<Wire>().map_err(|error| error.to_string());
    let stored = match stored.and_then(|wire| wire.to_value().map_err(|e| e.to_string())) {
        Ok(value) => value.unmark_deep(),
        Err(error) => return found.push(format!("state: {at}: {error}")),
    };
    let needs = want.needs.iter().filter_map(|need| ids.get(&**need));
    let mut needs: Vec<&str> = needs.map(|id| &**id).collect();
    if want.kind != Kind::Data {
        let id = record.identity.as_deref().unwrap_or_default();
        let same = |o: &&SimObject| {
            *o.key.kind == *want.kind.name()
                && *o.key.id == *id
                && o.key.location.to_string() == record.scope.location
        };
        match live.iter().find(same) {
            None => found.push(format!("live: {at}: {id} does not exist")),
            Some(object) if object.document != stored => {
                for (name, live, stored) in unequal(&object.document, &stored) {
                    found.push(format!("live: {at}: {name} is {live:?}, state has {stored:?}"));
                }
            }
            Some(_) => {}
        }
    }
    let number = |name: &str| stored.get(name).and_then(Value::as_i64);
    let text = |name: &str| stored.get(name).and_then(Value::as_str);
    let texts = |name: &str| -> Vec<&str> {
        let items = stored.get(name).and_then(Value::items).unwrap_or_default();
        items.iter().filter_map(Value::as_str).collect()
    };
    let size = i64::try_from(want.size).unwrap();
    let region = want.kind == Kind::Record || text("region") == Some(want.region);
    let as_wanted = match want.kind {
        Kind::Store => {
            needs.sort_unstable();
            text("name") == Some(&want.label)
                && number("size") == Some(size)
                && texts("readers") == needs
        }
        Kind::Secret => {
            let tag = stored.get("tags").and_then(|tags| tags.get("needs"));
            text("name") == Some(&want.label)
                && text("value") == Some(&*format!("hush-{size}"))
                && tag.and_then(Value::as_str) == Some(&*needs.join(","))
        }
        Kind::Record => {
            needs.push("v");
            needs.sort_unstable();
            text("name") == Some(&want.label)
                && number("ttl") == Some(size)
                && texts("values") == needs
        }
        Kind::Replica => number("streams") == Some(size),
        Kind::Slow => {
            needs.sort_unstable();
            text("name") == Some(&want.label)
                && number("delay") == Some(size)
                && texts("needs") == needs
        }
        Kind::Data => return,
    };
    if !as_wanted || !region {
        found.push(format!("files: {at} should be {want:?} with {needs:?}, is {stored:?}"));
    }
}
