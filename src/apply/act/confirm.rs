//! The last look at a role record before the first of them is moved: each is moved by
//! compare-and-swap, but whoever has lost should find that out before it has moved one that the
//! winner could not reach.

use lifeboat_sdk::{Class, Ctx, Failure, Observation, Value};

use super::Deed;

/// Reads the object again, and compares what its kind swaps by.
pub(super) async fn look(deed: &Deed, ctx: &Ctx) -> Result<Value, Failure> {
    let (kind, on) = deed.operand()?;
    let now = match deed.read(ctx).await? {
        Observation::Present(present) => present.object,
        Observation::Absent(_) => return Err(changed("is gone")),
        Observation::Unreadable(unread) => {
            return Err(Failure::new(Class::Unreachable, unread.message));
        }
    };
    let mut swapped_by = kind.schema().attributes.iter().filter(|attribute| attribute.compared);
    if swapped_by.any(|attribute| now.get(attribute.name) != on.document.get(attribute.name)) {
        return Err(changed("was written by somebody else since the plan was made"));
    }
    Ok(Value::object([("how".into(), Value::string("as it was planned from"))]))
}

fn changed(what: &str) -> Failure {
    Failure::new(Class::Conflict, format!("it {what}"))
}
