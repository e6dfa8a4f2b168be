//! What may be lost with a region that does not answer: of each copy at most what was written after
//! all of it was last seen there. Pure.
//!
//! Nothing else bounds it. S3 copies in no order, so that the newest object of a copy says nothing of
//! the older ones; and who does not answer may have taken writes until this moment, so that the last
//! answer is no impact, unless a person knows when it was (docs/loss.md).

use jiff::Timestamp;
use lifeboat_sdk::Name;

/// What may be lost of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// What copies it, `replication.exports`; the bucket where nothing does.
    pub about: Name,
    /// Whether anything copies it to the new primary.
    pub copied: bool,
    /// Up to when the copy was seen to have all; nothing where that was never seen.
    pub proven: Option<Proven>,
}

/// Up to when a copy was seen to have all that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// All that was written up to this is in the copy.
    pub until: Timestamp,
    /// When it was compared: the region answered then.
    pub at: Timestamp,
    /// How it was seen, in a sentence.
    pub how: String,
}

/// What may be lost with the region that is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Since when it takes no writes, as a person knows it; without that, it may take them still.
    pub since: Option<Timestamp>,
    /// Each component that is known to have data there; none where the region answers, for then the
    /// loss is proven to be nothing.
    pub of: Vec<Exposure>,
}

impl Losses {
    /// How many seconds of writes may be lost of a component at most, as seen at this instant.
    pub fn bound_of(&self, exposure: &Exposure, now: Timestamp) -> Option<u64> {
        let Proven { until, at, .. } = exposure.proven.as_ref()?;
        // Where it answered it was not down, whatever is said.
        let impact = self.since.unwrap_or(now).max(*at);
        let spent = impact.duration_since(*until);
        let whole = u64::try_from(spent.as_secs()).unwrap_or(0);
        Some(if spent.subsec_nanos() > 0 { whole.saturating_add(1) } else { whole })
    }

    /// The same of all components; nothing where it is unknown of one, or none is known.
    pub fn bound(&self, now: Timestamp) -> Option<u64> {
        let all: Option<Vec<u64>> = self.of.iter().map(|one| self.bound_of(one, now)).collect();
        all?.into_iter().max()
    }
}

/// What a bound has grown to since it was computed; nothing where one of the times cannot be read.
pub fn grown(bound: u64, at: &str, now: &str) -> Option<u64> {
    let (at, now): (Timestamp, Timestamp) = (at.parse().ok()?, now.parse().ok()?);
    let spent = now.duration_since(at);
    let whole = u64::try_from(spent.as_secs()).unwrap_or(0);
    let more = if spent.subsec_nanos() > 0 { whole.saturating_add(1) } else { whole };
    Some(bound.saturating_add(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn exposure(proven: Option<(i64, i64)>) -> Exposure {
        let how = "7 objects compared once".to_owned();
        let proven = proven.map(|(until, t)| Proven { until: at(until), at: at(t), how });
        Exposure { about: "replication.exports".into(), copied: true, proven }
    }

    fn losses(since: Option<i64>, all: &[Option<(i64, i64)>]) -> Losses {
        Losses { since: since.map(at), of: all.iter().copied().map(exposure).collect() }
    }

    #[test]
    fn the_bound_reaches_from_what_was_seen_last_until_now() {
        assert_eq!(losses(None, &[Some((100, 100))]).bound(at(460)), Some(360));
        // Behind already when it was compared.
        assert_eq!(losses(None, &[Some((40, 100))]).bound(at(460)), Some(420));
        // The component of which most may be lost counts, and one of which nobody knows.
        assert_eq!(losses(None, &[Some((100, 100)), Some((300, 300))]).bound(at(460)), Some(360));
        assert_eq!(losses(None, &[Some((100, 100)), None]).bound(at(460)), None);
        assert_eq!(losses(None, &[]).bound(at(460)), None);
    }

    #[test]
    fn a_person_may_know_the_impact_but_not_against_what_was_seen() {
        assert_eq!(losses(Some(400), &[Some((100, 100))]).bound(at(9000)), Some(300));
        // It answered at 100: whoever says that it was gone at 50 is mistaken.
        assert_eq!(losses(Some(50), &[Some((40, 100))]).bound(at(9000)), Some(60));
    }

    #[test]
    fn a_bound_grows_until_it_is_taken() {
        let at = "2026-11-21T18:00:00Z";
        assert_eq!(grown(60, at, at), Some(60));
        assert_eq!(grown(60, at, "2026-11-21T18:01:00.5Z"), Some(121));
        assert_eq!(grown(60, at, "2026-11-21T17:00:00Z"), Some(60));
        assert_eq!(grown(60, at, "soon"), None);
    }

    #[test]
    fn a_part_of_a_second_counts_as_one() {
        let now = Timestamp::new(460, 1).unwrap();
        assert_eq!(losses(None, &[Some((100, 100))]).bound(now), Some(361));
        // A clock that was set back makes no loss of it.
        assert_eq!(losses(None, &[Some((100, 100))]).bound(at(90)), Some(0));
    }
}
