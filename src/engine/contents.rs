//! Looking into what is to be removed: whether it holds something.

use lifeboat_sdk::{Ctx, Diagnostic, Diagnostics, Value};

use crate::plan::ObjectChange;
use crate::refresh::{self, Holder};
use crate::registry::Providers;

/// What is to be removed and was seen to be empty holds no data; what was seen not to be, and
/// is not emptied either, is refused before its protection is taken away.
pub(super) async fn look_inside(
    changes: &mut [ObjectChange],
    providers: &Providers,
    ctx: &Ctx,
) -> Diagnostics {
    let mut which = Vec::new();
    let mut holders = Vec::new();
    for (i, change) in changes.iter().enumerate().filter(|(_, c)| c.holds_data) {
        let (Some(scope), Some(id), None) = (&change.scope, &change.id, &change.deferred) else {
            continue;
        };
        let (provider, kind) = (change.provider.clone(), change.address.kind.clone());
        holders.push(Holder { provider, kind, scope: scope.clone(), id: id.clone() });
        which.push(i);
    }
    let empty = refresh::seen_empty(providers, ctx, &holders).await;
    let mut found = Diagnostics::new();
    for (i, empty) in which.into_iter().zip(empty) {
        changes[i].holds_data = empty != Some(true);
        let before = changes[i].before.as_ref();
        let emptied = before.and_then(|b| b.get("force_destroy")).and_then(Value::as_bool);
        if empty == Some(false) && emptied != Some(true) {
            found.push(not_empty(&changes[i]));
        }
    }
    found
}

fn not_empty(change: &ObjectChange) -> Diagnostic {
    let id = change.id.as_deref().unwrap_or_default();
    let detail = format!(
        "{} ({id}) would be deleted, but it holds objects or former versions of them.",
        change.address
    );
    Diagnostic::error("plan::not_empty", "A bucket that is not empty cannot be deleted", detail)
        .about(&change.address)
        .help(
            "Empty it first. To have lifeboat empty it, set `force_destroy = true` and apply that \
             before.",
        )
}
