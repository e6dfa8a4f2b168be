//! What stands between a plan and its apply: options that fit it, guards, and a person's approval.

use std::io::IsTerminal as _;
use std::path::Path;

use lifeboat_sdk::{Name, Value};

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::apply::OpenPromotion;
use crate::plan::guard::{Consent, guards};
use crate::plan::{Plan, PlanMode, Promotion};

/// Refuses, with summary and detail, the options that a saved plan has answered already.
pub fn as_saved(
    path: &Path,
    args: &args::Apply,
    workspace: &Workspace,
) -> Result<(), (&'static str, String)> {
    let path = path.display();
    if !workspace.given.is_empty() {
        let text = format!(
            "{path} holds the values that its variables had when it was made, so -var and\n\
             -var-file have no say in it. Leave them away, or make another plan with them:\n  \
             lifeboat plan -var=... -out={path}"
        );
        return Err(("Can't set variables when applying a saved plan", text));
    }
    let planning = &args.planning;
    let typed: Vec<&str> = [
        ("-target", !planning.target.is_empty()),
        ("-exclude", !planning.exclude.is_empty()),
        ("-exclude-region", !planning.exclude_region.is_empty()),
        ("-replace", !planning.replace.is_empty()),
        ("-destroy", args.destroy),
        ("-refresh-only", planning.refresh_only),
        ("-refresh", planning.refresh.is_some()),
        ("-assume-down", !planning.assume_down.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    let Some(first) = typed.first() else { return Ok(()) };
    let text = format!(
        "{} decides what is planned, and {path} has been planned already.\n\
         Leave it away, or make another plan with it:\n  lifeboat plan {first} ... -out={path}",
        typed.join(", ")
    );
    Err(("Can't set planning options when applying a saved plan", text))
}

/// Guards and approval; of a promotion what is to be kept of it.
///
/// # Errors
/// A guard refuses, nobody approves, or an interrupt came; that has been told.
pub async fn consent(
    workspace: &Workspace,
    args: &args::Apply,
    plan: &Plan,
) -> Result<Option<Value>, Exit> {
    let mut consent = Consent {
        allow_destroy: args.consent.allow_destroy,
        one_way: args.consent.confirm_one_way.clone(),
    };
    if std::io::stdin().is_terminal() && !workspace.output.json {
        for change in plan.pending().filter(|c| c.one_way.is_some()) {
            let address = change.address.to_string();
            if !consent.one_way.contains(&address) {
                let question = format!(
                    "\n{address} can never be taken back.\n  Type its address to confirm: "
                );
                consent.one_way.push(workspace.ask(&question).await?);
            }
        }
    }
    let refused = guards(plan, &consent);
    workspace.tell(&refused);
    if refused.has_errors() {
        return Err(Exit::Refused);
    }
    if let Some(promotion) = &plan.promotion {
        return promote(workspace, args, promotion).await.map(Some);
    }
    if args.plan.is_none() && !args.consent.auto_approve {
        approve(workspace, args, plan.mode == PlanMode::Destroy).await?;
    }
    Ok(None)
}

/// That another region becomes the primary is never approved in passing: its name is typed, or
/// given with the epoch; and so is what nobody can measure.
async fn promote(
    workspace: &Workspace,
    args: &args::Apply,
    promotion: &Promotion,
) -> Result<Value, Exit> {
    let Promotion { from, to, epoch, .. } = promotion;
    let (consent, output) = (&args.consent, &workspace.output);
    let asks = std::io::stdin().is_terminal() && args.planning.input != Some(false);
    let asking = Asking { workspace, asks: asks && !output.json };
    let option = match &args.edit {
        Some(_) => format!("-from-epoch={epoch}"),
        None => format!("-promote={to} -from-epoch={epoch}"),
    };
    if let (Some(region), Some(given)) = (&consent.promote, consent.from_epoch) {
        if **region != **to || given != *epoch {
            return Err(asking.refused(&format!(
                "What was given approves that {region} becomes the primary and epoch {given} is \
                 left. This plan makes {to} the primary in place of {from} and leaves epoch \
                 {epoch}.\nIf that is meant: {option}"
            )));
        }
    } else {
        let question = format!(
            "\nDo you want to make {to} the primary in place of {from}?\n  Only the name of the \
             region will be accepted to approve.\n\n  Enter the region: "
        );
        let refusal = format!(
            "{to} would become the primary in place of {from}. -auto-approve does not approve that, \
             and there is no terminal to ask.\nIf that is meant: {option}"
        );
        asking.exactly(&question, to, &refusal).await?;
    }
    let mut approval = Value::object([("by".into(), Value::string(workspace.lock_info("").who))]);
    if !promotion.needs_attestation() {
        return Ok(approval);
    }
    let reason = match (&consent.word.attest, &consent.word.reason) {
        (Some(region), Some(reason)) if **region == **from => reason.clone(),
        _ => {
            let said = format!("{from} is down and cannot write");
            let question = format!(
                "\n{from} does not answer, so that it cannot be fenced: if it still takes writes, they \
                 are lost, or have to be merged by hand.\n  Type what you know to be so: {said}\n\n  "
            );
            let refusal = format!(
                "{from} does not answer, so that it cannot be fenced. A person must attest that it \
                 cannot write.\nIf that is so: -attest={from} -reason=TEXT"
            );
            asking.exactly(&question, &said, &refusal).await?;
            workspace.ask("  How is that known? ").await?
        }
    };
    if consent.word.accept_loss.as_deref() != Some("unknown") {
        let question = "\nHow much of what was written last is lost is not known.\n  Type 'unknown' \
                        to accept that: ";
        let refusal = format!(
            "{from} does not answer, so that nobody can tell how much of what was written there last \
             is lost.\nIf that is accepted: -accept-loss=unknown"
        );
        asking.exactly(question, "unknown", &refusal).await?;
    }
    for (name, text) in [("attested", &**from), ("reason", &*reason), ("accepted_loss", "unknown")]
    {
        approval = approval.with(name, Value::string(text));
    }
    Ok(approval)
}

/// Questions whose answer is one text, where somebody can be asked.
struct Asking<'a> {
    workspace: &'a Workspace,
    asks: bool,
}

impl Asking<'_> {
    fn refused(&self, why: &str) -> Exit {
        self.workspace.output.error("The promotion needs an approval of its own", why);
        Exit::Refused
    }

    /// Asks for exactly this text.
    ///
    /// # Errors
    /// It was not typed, or there is nobody to ask.
    async fn exactly(&self, question: &str, text: &str, refusal: &str) -> Result<(), Exit> {
        if !self.asks {
            return Err(self.refused(refusal));
        }
        let output = &self.workspace.output;
        if self.workspace.ask(question).await? == text {
            return Ok(());
        }
        output.note("\nPromotion cancelled.\n");
        Err(Exit::Error)
    }
}

/// Whether the files want the promotion that is open, and not another one.
///
/// # Errors
/// They name a third region, or `promote` does another than this one; that has been told.
pub fn goes_on(
    workspace: &Workspace,
    open: &OpenPromotion,
    promotion: &Promotion,
    primary: Option<&Name>,
    typed: bool,
) -> Result<(), Exit> {
    let Promotion { from, to, .. } = promotion;
    // Files may be as they were before it: they are written on the way, or elsewhere.
    let fits = |primary: &Name| primary == to || (primary == from && !typed);
    let Some(primary) = primary.filter(|primary| !fits(primary)) else { return Ok(()) };
    let text = format!(
        "Run {} makes {to} the primary in place of {from} and is not over: {primary} can be promoted \
         after it.\nRun `lifeboat apply` with files that name {to}, which goes on with it.",
        open.run
    );
    workspace.output.error("Another promotion is open", &text);
    Err(Exit::Refused)
}

async fn approve(workspace: &Workspace, args: &args::Apply, destroy: bool) -> Result<(), Exit> {
    let output = &workspace.output;
    if args.planning.input == Some(false) {
        let text = "-input=false asks nothing: add -auto-approve, or apply a saved plan.";
        output.error("The plan needs an approval", text);
        return Err(Exit::Error);
    }
    let question = if destroy {
        "\nDo you really want to destroy all resources?\n  lifeboat will destroy all your managed infrastructure, as shown above.\n  There is no undo. Only 'yes' will be accepted to confirm.\n\n  Enter a value: "
    } else {
        "\nDo you want to perform these actions?\n  lifeboat will perform the actions described above.\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: "
    };
    if workspace.ask(question).await? == "yes" {
        output.note("\n");
        return Ok(());
    }
    let what = if destroy { "Destroy cancelled" } else { "Apply cancelled" };
    if output.json {
        output.error(what, "Nobody typed 'yes'. -auto-approve does not ask.");
    } else {
        output.note(&format!("\n{what}.\n"));
    }
    Err(Exit::Error)
}
