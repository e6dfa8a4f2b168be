//! How long the promotion will take, against the objectives.

use super::{Facts, Finding};

/// The steps take no longer than the strictest RTO.
pub(super) fn predicted(facts: &Facts<'_>) -> Vec<Finding> {
    let strictest = facts.topology.strictest().rto;
    let Some(rto) = strictest.filter(|_| facts.plan.promotion.is_some()) else {
        return Vec::new();
    };
    let Some(expected) = facts.expected else {
        let text = "Not every step was ever measured, so how long they take is not known.";
        let fix = "Runs measure what they do: after a promotion it is known.";
        return vec![Finding::unknown(text, fix)];
    };
    // What is begun is not over.
    let seconds = expected.as_secs() + u64::from(expected.subsec_nanos() > 0);
    let text = format!("The steps took {seconds} s in earlier runs");
    vec![if seconds > rto.seconds {
        let fix = "Declare an RTO that can be kept, or look at what takes long: `lifeboat plan`.";
        Finding::fail(format!("{text}: more than the RTO of {}.", rto.text), fix)
    } else {
        Finding::pass(format!("{text}, of an RTO of {}.", rto.text))
    }]
}
