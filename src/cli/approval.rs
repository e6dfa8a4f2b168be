//! What stands between a plan and its apply: options that fit it, guards, and a person's approval.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::Path;

use lifeboat_sdk::{Diagnostic, Name, Value};

use super::args;
use super::by_hand::by_hand;
use super::exit::Exit;
use super::workspace::Workspace;
use super::{loss, signed};
use crate::apply::OpenPromotion;
use crate::approval::{Approver, Policy};
use crate::engine::applying::Ready;
use crate::plan::guard::{Consent, guards, removed};
use crate::plan::{Act, Plan, PlanMode, Promotion};
use crate::view::escape::line;
use crate::view::promotion::attest_options;

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
        ("-since", planning.since.is_some()),
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
    ready: &Ready,
    bound: &Policy,
) -> Result<Option<Value>, Exit> {
    let plan = &ready.plan;
    let mut consent = Consent {
        allow_destroy: args.consent.allow_destroy,
        one_way: args.consent.confirm_one_way.clone(),
    };
    if plan.retiring.is_some() {
        super::retire::confirm(workspace, args, plan).await?;
        // Each was confirmed by its name.
        consent.allow_destroy = Some(removed(plan));
    }
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
        return promote(workspace, args, promotion, ready, bound).await.map(Some);
    }
    if let Some(region) = plan.fencing.as_ref().and_then(|fencing| fencing.wish.region()) {
        return by_hand(workspace, args, plan, region).await.map(|()| None);
    }
    if plan.retiring.is_some() {
        return Ok(None);
    }
    if !args.consent.approval.is_empty() {
        let text = "The plan makes no other region the primary: -approval has no place here.";
        workspace.output.error("The options cannot be used", text);
        return Err(Exit::Error);
    }
    if args.plan.is_none() && !args.consent.auto_approve {
        approve(workspace, args, plan.mode == PlanMode::Destroy).await?;
    }
    Ok(None)
}

/// That another region becomes the primary is never approved in passing: approvers sign it where
/// there are any, else its name is typed, or given with the epoch; and so is what nobody can measure.
async fn promote(
    workspace: &Workspace,
    args: &args::Apply,
    promotion: &Promotion,
    ready: &Ready,
    bound: &Policy,
) -> Result<Value, Exit> {
    let Promotion { from, to, epoch, .. } = promotion;
    let consent = &args.consent;
    let asks = args.planning.telling.can_ask();
    let asks = asks && !workspace.output.json;
    let mut asking = Asking { workspace, asks, what: What::Promotion };
    let adopts = args.adopt.is_some();
    let option = match &args.edit {
        _ if adopts => format!("lifeboat adopt {to} -from-epoch={epoch}"),
        Some(_) if args.plan.is_none() => format!("-from-epoch={epoch}"),
        _ => format!("-promote={to} -from-epoch={epoch}"),
    };
    let named = consent.naming.promote.as_deref().zip(consent.naming.from_epoch);
    if let Some((region, given)) = named
        && (*region != **to || given != *epoch)
    {
        return Err(asking.refused(&format!(
            "What was given approves that {region} becomes the primary and epoch {given} is \
             left. This plan makes {to} the primary in place of {from} and leaves epoch \
             {epoch}.\nIf that is meant: {option}"
        )));
    }
    let (approval, without) = by(workspace, args, ready, bound)?;
    let signed = bound.needed > 0 && without.is_none();
    if named.is_none() && !signed {
        let does = if adopts { "adopt it that people made" } else { "make" };
        let question = format!(
            "\nDo you want to {does} {to} the primary in place of {from}?\n  Only the name of the \
             region will be accepted to approve.\n\n  Enter the region: "
        );
        let refusal = format!(
            "{to} would become the primary in place of {from}. -auto-approve does not approve that, \
             and there is no terminal to ask.\nIf that is meant: {option}"
        );
        asking.exactly(&question, to, &refusal).await?;
    }
    if let Some(without) = without {
        workspace.tell(&without.into());
    }
    // What approvers attest they have signed: nobody else is asked for it.
    asking.asks &= !signed;
    if promotion.needs_attestation() {
        return attest(&asking, &consent.word, promotion, approval).await;
    }
    loss::check(&asking, &consent.word, promotion)?;
    if promotion.unproven.is_empty() {
        return Ok(approval);
    }
    loss::unproven(&asking, &consent.word, promotion).await?;
    Ok(approval.with("accepted_loss", Value::string(loss::UNKNOWN)))
}

/// What nobody can measure of regions that do not answer, added to the approval.
async fn attest(
    asking: &Asking<'_>,
    word: &args::Word,
    promotion: &Promotion,
    mut approval: Value,
) -> Result<Value, Exit> {
    let regions = promotion.attest.join(" and ");
    let (does, it, is, takes) = match promotion.attest.len() {
        1 => ("does", "it", "is", "takes"),
        _ => ("do", "they", "are", "take"),
    };
    let known = |region: &Name| word.attest.iter().any(|attested| **attested == **region);
    let reason = match &word.reason {
        Some(reason) if promotion.attest.iter().all(known) => reason.clone(),
        _ => {
            let said = format!("{regions} {is} down and cannot write");
            let question = format!(
                "\n{regions} {does} not answer, so that {it} cannot be fenced: if {it} still {takes} writes, \
                 those are lost, or have to be merged by hand.\n  Type what you know to be so: {said}\n\n  "
            );
            let refusal = format!(
                "{regions} {does} not answer, so that {it} cannot be fenced. A person must attest that {it} \
                 cannot write.\nIf that is so:{} -reason=TEXT",
                attest_options(promotion)
            );
            asking.exactly(&question, &said, &refusal).await?;
            match &word.reason {
                Some(reason) => reason.clone(),
                None => asking.workspace.ask("  How is that known? ").await?,
            }
        }
    };

    let attested = promotion.attest.join(", ");
    for (name, text) in [("attested", &*attested), ("reason", &*reason)] {
        approval = approval.with(name, Value::string(text));
    }
    loss::accept(asking, word, promotion, approval).await
}

/// By whom a promotion is approved, as kept with it; and what is to be told where it goes on without
/// enough of its approvers.
///
/// # Errors
/// Too few signed it; that has been told.
fn by(
    workspace: &Workspace,
    args: &args::Apply,
    ready: &Ready,
    bound: &Policy,
) -> Result<(Value, Option<Diagnostic>), Exit> {
    let word = &args.consent.word;
    // Of a standing plan that is signed which was made ahead.
    let (plan, bytes) = match ready.signed.as_deref() {
        Some((plan, bytes)) => (plan, bytes),
        None => (&ready.plan, &ready.bytes),
    };
    let signed = signed::signers(workspace, args, plan, bytes, bound)?;
    let short = signed.len() < usize::try_from(bound.needed).unwrap_or(usize::MAX);
    if short && !word.break_glass {
        let text = too_few(args, ready, bound, &signed);
        workspace.output.error("The promotion needs an approval of its own", &text);
        return Err(Exit::Refused);
    }
    let mut approval = Value::object([("by".into(), Value::string(workspace.lock_info("").who))]);
    if !signed.is_empty() {
        let names: Vec<&str> = signed.iter().map(|approver| approver.name()).collect();
        workspace.output.note(&format!("Approved by {}.\n", line(&names.join(", "))));
        let signers =
            Value::tuple(signed.iter().map(|approver| signed::signer(approver)).collect());
        approval = approval.with("signers", signers);
    }
    if !short {
        return Ok((approval, None));
    }
    let reason = word.reason.as_deref().unwrap_or_default();
    approval = approval.with("break_glass", Value::Bool(true));
    approval = approval.with("reason", Value::string(reason));
    Ok((approval, Some(without_approvers(&ready.plan, bound, signed.len(), reason))))
}

/// That signatures lack, and how they are got.
fn too_few(args: &args::Apply, ready: &Ready, bound: &Policy, signed: &[&Approver]) -> String {
    let path = args.plan.as_ref().map(|path| path.display().to_string());
    let (needed, names) = (bound.needed, line(&bound.names()));
    let of = bound.approvers().len();
    let have = match (signed.len(), args.consent.approval.len()) {
        (0, _) => "Nobody has".to_owned(),
        (1, 1) => "1 has".to_owned(),
        (have, files) if have < files => format!("{have} of them made the {files} signatures"),
        (have, _) => format!("{have} have"),
    };
    let saved = if path.is_some() { "" } else { ", and what they sign is a saved plan" };
    format!(
        "{needed} of {of} approvers must sign it ({names}){saved}. {have}.\n{}\nWhere they cannot be \
         reached: -break-glass -reason=TEXT, which is kept and told.",
        signed::how(&ready.plan, path.as_deref().map(line).as_deref())
    )
}

/// What is told of a promotion that too few have signed.
fn without_approvers(plan: &Plan, bound: &Policy, signed: usize, reason: &str) -> Diagnostic {
    let told = match plan.tasks(Act::Hook).next() {
        Some(_) => {
            "The hooks of the promotion are told it (LIFEBOAT_BREAK_GLASS): see that they reach the approvers."
        }
        None => {
            "No hook could tell the approvers: tell them. A hook of the phase approve would be told it."
        }
    };
    let detail = format!(
        "{} of {} approvers must sign a promotion ({}), and {signed} did. -break-glass goes on \
         without them; the reason that is kept: {reason}",
        bound.needed,
        bound.approvers().len(),
        bound.names()
    );
    let summary = "The promotion goes on without its approvers";
    Diagnostic::warning("promotion::break_glass", summary, detail)
        .help(format!("{told} The journal keeps who did this, when and why."))
}

/// What is never approved in passing.
#[derive(Clone, Copy)]
pub(super) enum What {
    Promotion,
    Fence,
    Evacuation,
    Retirement,
}

/// Questions whose answer is one text, where somebody can be asked.
pub(super) struct Asking<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) asks: bool,
    pub(super) what: What,
}

impl Asking<'_> {
    fn refused(&self, why: &str) -> Exit {
        let summary = match self.what {
            What::Promotion => "The promotion needs an approval of its own",
            What::Fence => "The fence needs an approval of its own",
            What::Evacuation => "The evacuation needs an approval of its own",
            What::Retirement => "What is retired must be confirmed by its name",
        };
        self.workspace.output.error(summary, why);
        Exit::Refused
    }

    /// Asks for exactly this text.
    ///
    /// # Errors
    /// It was not typed, or there is nobody to ask.
    pub(super) async fn exactly(
        &self,
        question: &str,
        text: &str,
        refusal: &str,
    ) -> Result<(), Exit> {
        if !self.asks {
            return Err(self.refused(refusal));
        }
        let output = &self.workspace.output;
        if self.workspace.ask(question).await? == text {
            return Ok(());
        }
        output.note(match self.what {
            What::Promotion => "\nPromotion cancelled.\n",
            What::Fence => "\nFence cancelled.\n",
            What::Evacuation => "\nEvacuation cancelled.\n",
            What::Retirement => "\nRetirement cancelled.\n",
        });
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

/// What an open promotion goes on without, and why.
///
/// # Errors
/// It has no such step, or not without it; that has been told.
pub fn skips(
    workspace: &Workspace,
    word: &args::Word,
    plan: &Plan,
) -> Result<BTreeMap<String, String>, Exit> {
    let tasks = plan.steps.iter().filter_map(|step| step.act.zip(step.task.as_ref()));
    let may: BTreeSet<&str> =
        tasks.filter(|(act, _)| act.may_be_skipped()).map(|(_, task)| &*task.about).collect();
    let reason = word.reason.clone().unwrap_or_default();
    if let Some(unknown) = word.skip.iter().find(|name| !may.contains(name.as_str())) {
        let all = may.into_iter().collect::<Vec<_>>().join(", ");
        let text = match all.as_str() {
            "" => "The open promotion has no step that can be left out.".to_owned(),
            all => {
                format!("The open promotion cannot go on without {unknown:?}, but without: {all}.")
            }
        };
        workspace.output.error("The step cannot be skipped", &line(&text));
        return Err(Exit::Error);
    }
    Ok(word.skip.iter().map(|name| (name.clone(), reason.clone())).collect())
}

async fn approve(workspace: &Workspace, args: &args::Apply, destroy: bool) -> Result<(), Exit> {
    let output = &workspace.output;
    if !args.planning.telling.may_ask() {
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
