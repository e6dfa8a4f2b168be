//! Which region might take over: each standby, judged by what a preflight of it finds, the best first.
//! Nothing is chosen here: a person types the name. Pure.

use lifeboat_sdk::Name;

use super::preflight::{Facts, PLAN, Preflight, TARGET, Verdict};
use crate::plan::Phase;

/// A region that might take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The region.
    pub region: Name,
    /// Its place in the topology's order; the first is 0.
    pub place: usize,
    /// Why it cannot be promoted now; nothing where it can.
    pub barred: Vec<String>,
    /// How many seconds its copies are behind, or were when their source could be asked last; nothing
    /// where that is unknown of one.
    pub behind: Option<u64>,
    /// How many services must be raised there first.
    pub raises: usize,
    /// Codes of other checks that do not pass.
    pub not_passed: Vec<&'static str>,
}

impl Candidate {
    /// What a preflight found of a region.
    pub fn of(facts: &Facts<'_>, preflight: &Preflight) -> Self {
        let regions = &facts.topology.regions;
        let place = regions.iter().position(|region| region.name == facts.to.name);
        let bars = |code: &str| code == PLAN || code == TARGET;
        let wrong = || preflight.checks.iter().filter(|check| check.verdict != Verdict::Pass);
        let mut not_passed: Vec<&str> =
            wrong().map(|check| check.code).filter(|code| !bars(code)).collect();
        not_passed.dedup();
        let promotion = facts.plan.promotion.as_ref();
        let raised = facts.plan.steps.iter().filter(|step| step.phase == Phase::Prepare);
        let raised = raised.flat_map(|step| &step.members);
        let raised = raised.filter_map(|member| facts.plan.changes.get(member.change));
        let lowers = |address| promotion.is_some_and(|it| it.lowered.contains_key(address));
        Self {
            region: facts.to.name.clone(),
            place: place.unwrap_or(regions.len()),
            barred: wrong().filter(|c| bars(c.code)).map(|check| check.message.clone()).collect(),
            behind: facts.behind(),
            raises: raised.filter(|change| !lowers(&change.address)).count(),
            not_passed,
        }
    }
}

/// The best first: those that can be promoted, then by what would be lost, then by what they have to
/// raise, then in the topology's order. What is unknown comes after what is known.
pub fn ranked(mut all: Vec<Candidate>) -> Vec<Candidate> {
    all.sort_by_key(|one| {
        let unknown = one.behind.is_none();
        (!one.barred.is_empty(), unknown, one.behind, one.raises, one.place)
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(region: &str, place: usize, behind: Option<u64>, raises: usize) -> Candidate {
        let (barred, not_passed) = (Vec::new(), Vec::new());
        Candidate { region: region.into(), place, barred, behind, raises, not_passed }
    }

    fn order(all: Vec<Candidate>) -> Vec<String> {
        ranked(all).into_iter().map(|one| one.region.to_string()).collect()
    }

    #[test]
    fn the_one_that_loses_least_comes_first_then_the_one_that_is_ready_then_the_order() {
        let barred = Candidate {
            barred: vec!["it is fenced by hand".to_owned()],
            ..candidate("fenced", 0, Some(0), 0)
        };
        let all = vec![
            barred,
            candidate("unknown", 1, None, 0),
            candidate("late", 2, Some(90), 0),
            candidate("small", 3, Some(5), 2),
            candidate("last", 5, Some(5), 0),
            candidate("first", 4, Some(5), 0),
        ];
        assert_eq!(order(all), ["first", "last", "small", "late", "unknown", "fenced"]);
    }
}
