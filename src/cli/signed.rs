//! Approvals by signature: the text that a plan and the options make, and who signed it.

use std::fs;

use lifeboat_sdk::Value;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::approval::{Approver, Loss, Policy, Statement};
use crate::plan::{Plan, Promotion, file};
use crate::topology::duration::Duration;
use crate::view::escape::line;
use crate::view::promotion::attest_options;

/// The text that approvers of a plan sign.
///
/// # Errors
/// The plan needs no signature, or the terms do not fit it: as a text for people.
pub fn statement(plan: &Plan, bytes: &[u8], terms: &args::Terms) -> Result<Statement, String> {
    let Some(promotion) = &plan.promotion else {
        return Err("The plan makes no other region the primary: nobody signs it.".to_owned());
    };
    let Promotion { from, to, epoch, approvals, .. } = promotion;
    if *approvals == 0 {
        return Err("No approvers were bound when the plan was made: the name of the region \
                    approves it.\nThe first apply after `failover { approvals = … }` was written \
                    binds them."
            .to_owned());
    }
    let silent: Vec<&str> = promotion.attest.iter().map(|region| &**region).collect();
    let mut attested = terms.attest.clone();
    attested.sort();
    attested.dedup();
    let other = |region: &&String| **region != **from && !silent.contains(&&***region);
    if let Some(region) = attested.iter().find(other) {
        return Err(format!("-attest names {region}, and the plan leaves {from}."));
    }
    if let Some(missing) = silent.iter().find(|region| attested.iter().all(|one| one != *region)) {
        return Err(format!(
            "{missing} does not answer, so that it cannot be fenced: approvers must attest that it \
             cannot write.\nIf that is so:{} -accept-loss=unknown",
            attest_options(promotion)
        ));
    }
    let accept_loss = match terms.accept_loss.as_deref() {
        None => Loss::None,
        Some("unknown") => Loss::Unknown,
        Some(text) => Duration::parse(text)
            .map(|duration| Loss::Seconds(duration.seconds))
            .map_err(|error| format!("-accept-loss={text}: {error}. It is 5m, or `unknown`."))?,
    };
    let until = plan.expires.parse::<jiff::Timestamp>();
    let expires = match (terms.approval_expires, until) {
        (None, _) => plan.expires.clone(),
        (Some(at), Ok(until)) if at <= until => at.to_string(),
        (Some(at), _) => {
            let until = &plan.expires;
            return Err(format!("The plan expires at {until}, before its approval ({at})."));
        }
    };
    Ok(Statement {
        topology: plan.inputs.topology.as_deref().unwrap_or_default().to_owned(),
        lineage: plan.inputs.lineage.clone().unwrap_or_default(),
        from: from.to_string(),
        to: to.to_string(),
        from_epoch: *epoch,
        mode: promotion.mode().word(),
        plan: file::digest(bytes),
        accept_loss,
        attested,
        expires,
    })
}

/// Those who signed this plan under these options, each once.
///
/// # Errors
/// A signature approves nothing; that has been told.
pub fn signers<'p>(
    workspace: &Workspace,
    args: &args::Apply,
    plan: &Plan,
    bytes: &[u8],
    policy: &'p Policy,
) -> Result<Vec<&'p Approver>, Exit> {
    let args::Consent { approval, approval_expires, word, .. } = &args.consent;
    let refused = |text: String| {
        workspace.output.error("The approval does not hold", &text);
        Exit::Refused
    };
    let mut signers: Vec<&Approver> = Vec::new();
    if approval.is_empty() {
        return Ok(signers);
    }
    if args.plan.is_none() {
        return Err(refused(format!("What is signed is a saved plan.\n{}", how(plan, None))));
    }
    let terms = args::Terms {
        attest: word.attest.clone(),
        accept_loss: word.accept_loss.clone(),
        approval_expires: *approval_expires,
    };
    let statement = statement(plan, bytes, &terms).map_err(refused)?;
    let until = statement.expires.parse::<jiff::Timestamp>();
    if until.is_ok_and(|until| workspace.now > until) {
        return Err(refused(format!("It could be used until {}.", statement.expires)));
    }
    let text = statement.to_string();
    for path in approval {
        let name = line(&path.display().to_string());
        let armoured = fs::read(path).map_err(|error| refused(format!("{name}: {error}.")))?;
        let signer = policy.signer(&text, &armoured).map_err(|error| {
            refused(format!(
                "{name}: {}.\nThe text is what `lifeboat show -approval` prints of this very plan, \
                 with the same -attest,\n-accept-loss and -approval-expires. Those may sign it whom \
                 the last apply bound: {}.",
                line(&error.to_string()),
                line(&policy.names())
            ))
        })?;
        if !signers.contains(&signer) {
            signers.push(signer);
        }
    }
    Ok(signers)
}

/// How approvals are got, as commands to type.
pub fn how(plan: &Plan, path: Option<&str>) -> String {
    let Some(Promotion { to, epoch, .. }) = &plan.promotion else { return String::new() };
    let word = plan.promotion.as_ref().map(attest_options).unwrap_or_default();
    let needs = !word.is_empty();
    let terms = if needs { format!("{word} -accept-loss=unknown") } else { String::new() };
    let reason = if needs { " -reason=TEXT" } else { "" };
    let first = match path {
        Some(_) => String::new(),
        None => format!(
            "  lifeboat plan -promote={to} -from-epoch={epoch} -out=PLAN   # primary = \"{to}\" in the \
             files\n"
        ),
    };
    let path = path.unwrap_or("PLAN");
    format!(
        "{first}  lifeboat show -approval{terms} {path} > approval.txt\n  ssh-keygen -Y sign -n \
         lifeboat -f KEY approval.txt   # each approver\n  lifeboat apply{terms}{reason} \
         -approval=approval.txt.sig {path}   # one -approval for each"
    )
}

/// A signer as kept with the promotion.
pub(super) fn signer(approver: &Approver) -> Value {
    let text = |text: &str| Value::string(text);
    Value::object([
        ("name".into(), text(approver.name())),
        ("fingerprint".into(), text(&approver.fingerprint())),
    ])
}
