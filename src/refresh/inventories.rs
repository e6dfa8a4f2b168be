//! What carries owner tags in each scope, kind by kind: all scopes at once, each by its own guards.

use futures_util::future::join_all;
use lifeboat_sdk::{Ctx, Failure, Inventory, Name, Scope};

use crate::registry::Providers;

/// A kind in a scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    /// Where.
    pub scope: Scope,
    /// What.
    pub kind: Name,
}

/// The inventory of each; `None` of a kind that cannot be listed by its tags.
pub async fn inventories(
    providers: &Providers,
    ctx: &Ctx,
    shelves: Vec<Shelf>,
) -> Vec<(Shelf, Result<Option<Inventory>, Failure>)> {
    let looks = shelves.into_iter().map(|shelf| async move {
        let found = match providers.kind(&shelf.scope.provider, &shelf.kind) {
            Some(kind) => kind.inventory(ctx, &shelf.scope).await,
            None => Ok(None),
        };
        (shelf, found)
    });
    join_all(looks).await
}
