//! The standing plan beside the state: two values that are written without the lock, because nothing
//! is decided by them. `standing/plan` is the plan file, `standing/commands` what a person types.

use bytes::Bytes;

use crate::bundle::Standing;
use crate::store::{CasStore, Name, PutNew, StoreError, Swap};

/// How often a value is written where somebody else writes it, too.
const ATTEMPTS: usize = 8;

/// The plan file.
const PLAN: &str = "standing/plan";

/// What a person types in its place.
const COMMANDS: &str = "standing/commands";

/// The standing plan, where there is one.
pub(super) async fn read(store: &dyn CasStore) -> Result<Option<Standing>, StoreError> {
    let Some(plan) = store.get(&Name::new(PLAN)?).await? else { return Ok(None) };
    let commands = store.get(&Name::new(COMMANDS)?).await?;
    let commands = commands.map(|stored| String::from_utf8_lossy(&stored.bytes).into_owned());
    Ok(Some(Standing { plan: plan.bytes, commands: commands.unwrap_or_default() }))
}

/// Writes it in the place of the one before; the plan last, by which it is known to be there.
pub(super) async fn write(store: &dyn CasStore, standing: &Standing) -> Result<(), StoreError> {
    put(store, &Name::new(COMMANDS)?, standing.commands.clone().into()).await?;
    put(store, &Name::new(PLAN)?, standing.plan.clone()).await
}

/// Writes a value whatever is there: of two who do, one is the last.
async fn put(store: &dyn CasStore, name: &Name, bytes: Bytes) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS {
        let written = match store.get(name).await? {
            Some(there) if there.bytes == bytes => true,
            Some(there) => match store.swap(name, &there.version, bytes.clone()).await? {
                Swap::Swapped(_) => true,
                Swap::Refused => false,
            },
            None => match store.put_new(name, bytes.clone()).await? {
                PutNew::Created(_) => true,
                PutNew::Exists => false,
            },
        };
        if written {
            return Ok(());
        }
    }
    let name = name.as_str().to_owned();
    Err(StoreError::NoReply { action: "write", name })
}
