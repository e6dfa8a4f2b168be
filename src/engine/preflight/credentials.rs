//! Whether we may work when the region that is left is gone, and for how long.

use super::{Facts, Finding};

/// Credentials resolve without the region that is left, and the target takes them.
pub(super) fn places(facts: &Facts<'_>) -> Vec<Finding> {
    let (from, to) = (facts.from, &facts.to.name);
    let judged = facts.credentials.iter().map(|(provider, needs, proven)| {
        let lost = needs.places.iter().find(|(_, region)| *region == from.aws);
        let finding = match (lost, proven) {
            (Some((what, region)), _) => {
                let text =
                    format!("They need {what} which is in {region}: gone with {}.", from.name);
                let fix = format!(
                    "Have another profile for that day, whose login is not in {region}; let the \
                     endpoint of STS hold {{region}}, or name none."
                );
                Finding::fail(text, fix)
            }
            (None, Ok(())) => Finding::pass(format!("{to} takes the credentials.")),
            (None, Err(why)) => {
                let fix = "See that the credentials are good, and that STS of that region answers.";
                Finding::fail(format!("They could not be proven in {to}: {why}."), fix)
            }
        };
        finding.about(provider)
    });
    judged.collect()
}

/// Credentials last longer than the promotion.
pub(super) fn session(facts: &Facts<'_>) -> Vec<Finding> {
    let judged = facts.credentials.iter().map(|(provider, needs, _)| {
        let finding = match needs.ends {
            None => Finding::pass("They do not end by themselves."),
            Some(why) => {
                let fix = "Begin a promotion with a fresh session that lasts longer than the RTO.";
                Finding::unknown(why, fix)
            }
        };
        finding.about(provider)
    });
    judged.collect()
}
