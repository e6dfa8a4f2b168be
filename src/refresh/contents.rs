//! Whether objects that are to be removed hold anything: asked late and of few, because it is a
//! call for each.

use futures_util::future::join_all;
use lifeboat_sdk::{Ctx, Name, Scope};

use crate::registry::Providers;

/// An object that may hold data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The provider instance.
    pub provider: Name,
    /// Its kind.
    pub kind: Name,
    /// Where it lives.
    pub scope: Scope,
    /// Its id.
    pub id: Name,
}

/// For each object whether it was seen to be empty, or not to be; `None` where that cannot be
/// told.
pub async fn seen_empty(providers: &Providers, ctx: &Ctx, holders: &[Holder]) -> Vec<Option<bool>> {
    let looks = holders.iter().map(|holder| async move {
        let kind = providers.kind(&holder.provider, &holder.kind)?;
        kind.is_empty(ctx, &holder.scope, &holder.id).await.ok().flatten()
    });
    join_all(looks).await
}
