//! Options by which people consent: to what guards refuse, to promotions, and to what nobody can
//! measure.

use std::path::PathBuf;

use clap::Args;

use super::apply::Applying;
use super::args::{Apply, whole};
use super::exit::Exit;
use super::workspace::asked;
use crate::engine::Asked;

/// Consent to what guards refuse.
#[derive(Clone, Debug, Default, Args)]
pub struct Consent {
    /// Apply without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Allow exactly so many deletions and replacements
    #[arg(long, value_name = "COUNT", value_parser = whole::<usize>)]
    pub allow_destroy: Option<usize>,
    /// Allow a change that can never be taken back; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub confirm_one_way: Vec<String>,
    /// Which promotion is meant.
    #[command(flatten)]
    pub naming: Naming,
    /// A signature over what `lifeboat show -approval PLAN` prints, as `ssh-keygen -Y sign -n
    /// lifeboat` makes it; may be repeated
    #[arg(long, value_name = "FILE.sig")]
    pub approval: Vec<PathBuf>,
    /// Until when the signed approval may be used, as `show -approval` was told
    #[arg(long, value_name = "TIME", requires = "approval")]
    pub approval_expires: Option<jiff::Timestamp>,
    /// After a promotion, leave the data without copies until the next apply
    #[arg(long)]
    pub no_reprotect: bool,
    /// What a person says of what nobody can measure.
    #[command(flatten)]
    pub word: Word,
}

/// Which promotion is meant: files of before the last one are none by themselves.
#[derive(Clone, Debug, Default, Args)]
pub struct Naming {
    /// Approve that this region becomes the primary; `plan` only makes the plan of it
    #[arg(long, value_name = "REGION", requires = "from_epoch")]
    pub promote: Option<String>,
    /// The epoch that the promotion leaves, as `lifeboat status` tells it
    #[arg(long, value_name = "EPOCH", requires = "promote", value_parser = whole::<u64>)]
    pub from_epoch: Option<u64>,
}

impl Naming {
    /// Whether the epoch that is now is named: who does that does not go by files of before.
    pub fn is_of(&self, epoch: Option<u64>) -> bool {
        self.promote.is_some() && self.from_epoch == epoch
    }
}

/// What a person says of what nobody can measure, or nobody else will say in time.
#[derive(Clone, Debug, Default, Args)]
#[command(group = clap::ArgGroup::new("reasoned").multiple(true))]
pub struct Word {
    /// Attest that this region is down and cannot write; may be repeated
    #[arg(
        long,
        value_name = "REGION",
        value_delimiter = ',',
        requires = "reason",
        group = "reasoned"
    )]
    pub attest: Vec<String>,
    /// Promote without the approvers who are missing; it is kept with the promotion, and told
    #[arg(long, requires = "reason", group = "reasoned")]
    pub break_glass: bool,
    /// How that is known, or why it must be; it is kept with the promotion
    #[arg(long, value_name = "TEXT", requires = "reasoned")]
    pub reason: Option<String>,
    /// Accept the loss of so much, as 5m, or `unknown`
    #[arg(long, value_name = "DURATION")]
    pub accept_loss: Option<String>,
    /// Go on with an open promotion without this step of it, as hook.vpn; it is kept with the promotion;
    /// may be repeated
    #[arg(long, value_name = "STEP", requires = "reason", group = "reasoned")]
    pub skip: Vec<String>,
    /// Begin a graceful promotion although this check of `lifeboat preflight` does not pass, as
    /// replication_lag, or `all`; may be repeated
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub ignore_preflight_errors: Vec<String>,
}

/// What the text of an approval says besides the plan.
#[derive(Clone, Debug, Default, Args)]
pub struct Terms {
    /// With -approval: attest that this region is down and cannot write; may be repeated
    #[arg(long, value_name = "REGION", value_delimiter = ',', requires = "approval")]
    pub attest: Vec<String>,
    /// With -approval: accept the loss of so much, as 5m, or `unknown`
    #[arg(long, value_name = "DURATION", requires = "approval")]
    pub accept_loss: Option<String>,
    /// With -approval: until when it may be used, as 2026-11-21T18:00:00Z [default: as long as the
    /// plan]
    #[arg(long, value_name = "TIME", requires = "approval")]
    pub approval_expires: Option<jiff::Timestamp>,
}

impl Apply {
    /// Whether it is about something else than the files as they are, so that it goes on with nothing.
    pub(super) fn is_of_its_own(&self) -> bool {
        let saved = self.plan.is_some();
        let alone = self.fencing.is_some() || self.adopt.is_some() || self.retire.is_some();
        self.destroy || self.import.is_some() || saved || alone
    }

    /// What planning is asked for besides.
    fn wishes(&self, asked: Asked) -> Asked {
        let (fencing, discards) = (self.fencing.clone(), self.discard_diverged.clone());
        let copies = self.copy_diverged.clone();
        let (by_hand, acting) = (self.by_hand, self.by_hand.is_some());
        let retire = self.retire.as_ref().map(|wanted| wanted.retire.clone());
        let kept = self.edit.as_ref().filter(|editing| editing.keep);
        let edit = kept.map(|editing| editing.edit.clone());
        Asked { fencing, retire, discards, copies, by_hand, acting, edit, ..asked }
    }
}

impl Applying<'_> {
    /// What planning is asked for.
    ///
    /// # Errors
    /// Options that exclude each other; that has been told.
    pub(super) fn asked(&self) -> Result<Asked, Exit> {
        let asked = match &self.args.import {
            Some((at, id)) => Ok(Asked::import(at.clone(), id.clone())),
            None => asked(&self.args.planning, self.args.destroy, self.workspace.now)
                .map(|it| self.args.wishes(it)),
        };
        asked.map_err(|text| {
            self.workspace.output.error("The options cannot be used", &text);
            Exit::Error
        })
    }
}
