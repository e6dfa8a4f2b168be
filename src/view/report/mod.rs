//! The report on the last promotion, the open one, or an earlier one: who wanted it, when it came how far,
//! what proves it, what it took and what it lost. Each format is a pure function of one report.

mod json;
mod markdown;
#[cfg(test)]
mod tests;

pub use json::seen;

use std::time::Duration;

use lifeboat_state::model::{Gate, Owed, Passage};

use super::bar::clock;
use super::loss::length;
use crate::apply::Known;
use crate::engine::measured::{Loss, Measured, Seen, Stage, Standing, Unmeasured, measure};
use crate::topology::objective::Objective;

/// The formats of `report`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For an incident's page, or a review.
    #[default]
    Markdown,
    /// One JSON document.
    Json,
}

impl Format {
    /// The report in this format.
    pub fn render(self, report: &Report<'_>) -> String {
        match self {
            Self::Markdown => markdown::page(report),
            Self::Json => format!("{:#}\n", json::document(report)),
        }
    }
}

/// What is told. Texts are as they came: each format escapes them as it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'k> {
    /// The topology's name.
    pub topology: Option<&'k str>,
    /// The primary.
    pub primary: Option<&'k str>,
    /// Counts promotions.
    pub epoch: u64,
    /// The promotion; nothing where there was none.
    pub promotion: Option<Measured<'k>>,
    /// Others that are kept, the newest first.
    pub others: Vec<&'k Passage>,
    /// Fences that are still owed, by the address of their object.
    pub owed: Vec<(&'k str, &'k Owed)>,
    /// Gates that are open, by their block.
    pub gates: Vec<(&'k str, &'k Gate)>,
    /// Since when the primary's data has no copy that is kept up to date.
    pub unprotected: Option<&'k str>,
    /// Since when it has one again after a promotion.
    pub protected: Option<&'k str>,
    /// The strictest objective that the files declare.
    pub objective: Objective,
}

impl<'k> Report<'k> {
    /// Of what state and open runs tell, and the objective of the files: on the promotion that opened this
    /// epoch, or else on the last one.
    pub fn of(known: &'k Known, objective: Objective, epoch: Option<u64>) -> Self {
        let state = known.state.as_ref();
        let promotions = state.map(|state| &state.promotions);
        let promotion = measure(known, epoch);
        let told = promotion.as_ref().map(|it| it.passage.epoch);
        let all = promotions.iter().flat_map(|it| it.all());
        let owed = promotions.iter().flat_map(|it| &it.owed);
        let gates = promotions.iter().flat_map(|it| &it.gates);
        Self {
            topology: state.and_then(|state| state.topology.as_deref()),
            primary: state.and_then(|state| state.primary.as_deref()),
            epoch: state.map_or(0, |state| state.epoch),
            promotion,
            others: all.filter(|passage| Some(passage.epoch) != told).collect(),
            owed: owed.map(|(address, owed)| (&**address, owed)).collect(),
            gates: gates.map(|(block, gate)| (&**block, gate)).collect(),
            unprotected: promotions.and_then(|it| it.unprotected.as_deref()),
            protected: promotions.and_then(|it| it.protected.as_deref()),
            objective,
        }
    }
}

impl Report<'_> {
    /// Where the promotion stands.
    fn stage(&self, measured: &Measured<'_>) -> Stage {
        if self.is_earlier() {
            return measured.stage(None, None);
        }
        measured.stage(self.unprotected, self.protected)
    }

    /// Whether another promotion has claimed after it: what is owed, open or without a copy now says nothing
    /// of it.
    fn is_earlier(&self) -> bool {
        let Some(epoch) = self.promotion.as_ref().map(|it| it.passage.epoch) else { return false };
        self.others.iter().any(|other| other.epoch > epoch && other.has_claimed())
    }
}

/// A length of time that was measured: `0.4 s`, `1m05s`.
pub fn spent(time: Duration) -> String {
    if time.as_secs() < 60 { format!("{:.1} s", time.as_secs_f64()) } else { clock(time) }
}

/// The same for programs: seconds, to the millisecond.
pub fn seconds(time: Duration) -> f64 {
    let exact = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(exact).as_secs_f64()
}

/// The RTO that was measured, against the declared one; nothing before the traffic was switched.
pub fn rto(measured: &Measured<'_>, objective: &Objective) -> Option<String> {
    let took = spent(measured.rto?);
    let against = match (&objective.rto, measured.in_time(objective)) {
        (Some(rto), Some(false)) => format!("longer than the objective of {}", rto.text),
        (Some(rto), _) => format!("within the objective of {}", rto.text),
        (None, _) => "no objective is declared".to_owned(),
    };
    Some(format!("{took} from the approval to the switch, {against}"))
}

/// What resolvers were seen to answer, as a sentence. Texts are as they came.
pub fn resolvers(seen: &Seen<'_>, passage: &Passage) -> String {
    let Seen { moved, old, unknown, .. } = *seen;
    let all = seen.resolvers.len();
    let mut told = format!("{moved} of {all} answered with {}", passage.to);
    if let Some(last) = seen.last {
        let after = seen.after.map(|after| format!(", {} after the approval", spent(after)));
        told += &format!(" (the last since {last}{})", after.unwrap_or_default());
    }
    if old > 0 {
        let until = seen.until.map(|until| format!(", and may until {until}"));
        told += &format!(", {old} still with {}{}", passage.from, until.unwrap_or_default());
    }
    let others = all - moved - old - unknown;
    if others > 0 {
        told += &format!(", {others} with another region");
    }
    if unknown > 0 {
        told += &format!(", of {unknown} it is not known");
    }
    told
}

/// What is known of what was lost, as a sentence.
pub fn loss(measured: &Measured<'_>) -> String {
    match measured.loss {
        Loss::Nothing { copies: 1 } => {
            "nothing that is copied was lost: the copy was proven to hold all of it".to_owned()
        }
        Loss::Nothing { copies } => {
            format!(
                "nothing that is copied was lost: each of {copies} copies was proven to hold all of it"
            )
        }
        Loss::AtMost(bound) => format!(
            "at most {} of what was written last: the region that was left did not answer",
            length(bound.as_secs())
        ),
        Loss::Unmeasured(why) => {
            let why = match (why, measured.standing) {
                (Unmeasured::NotReached, Standing::Open) => "the proofs are still to come",
                (Unmeasured::NotReached, _) => "it ended before the proofs",
                (Unmeasured::Silent, _) => {
                    "the region that was left did not answer, and nobody can tell what it took last"
                }
                (Unmeasured::NoCopies, _) => "there was no copy to compare",
                (Unmeasured::ByHand, _) => {
                    "people made it by hand, and nobody proved what was lost"
                }
            };
            format!("not measured: {why}")
        }
    }
}
