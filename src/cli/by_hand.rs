//! The approval of what is done to a region by hand: fences, and its traffic.

use super::approval::{Asking, What};
use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::plan::{Plan, Wish};

/// Whether a region takes writes, or gets traffic, is nothing that is approved in passing: its name is typed.
pub(super) async fn by_hand(
    workspace: &Workspace,
    args: &args::Apply,
    plan: &Plan,
    region: &str,
) -> Result<(), Exit> {
    if args.consent.auto_approve {
        return Ok(());
    }
    let asks = args.planning.telling.can_ask();
    let asks = asks && !workspace.output.json;
    let fence = Asking { workspace, asks, what: What::Fence };
    let traffic = Asking { workspace, asks, what: What::Evacuation };
    let wish = plan.fencing.as_ref().map(|fencing| &fencing.wish);
    let (asking, does, would) = match wish {
        Some(Wish::Close(_)) => (
            fence,
            "stop all writes in",
            "take no more writes, and no other region would take its place",
        ),
        Some(Wish::Leave(_)) => {
            (traffic, "take the traffic away from", "get no more traffic, while the primary stays")
        }
        Some(Wish::Return(_)) => {
            (traffic, "give its traffic again to", "get the traffic again that the files give it")
        }
        Some(Wish::Open(_) | Wish::Owed | Wish::Back) | None => {
            (fence, "take the fence away from", "take writes again, as its role lets it")
        }
    };
    let question = format!(
        "\nDo you want to {does} {region}?\n  Only the name of the region will be accepted to \
         approve.\n\n  Enter the region: "
    );
    let refusal = format!(
        "{region} would {would}, and there is no terminal to ask.\nIf that is meant: \
         -auto-approve"
    );
    asking.exactly(&question, region, &refusal).await
}
