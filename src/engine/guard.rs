//! What the role records say of a region that asks whether it may write. Pure but for the reads.

use futures_util::future::join_all;
use lifeboat_sdk::{Ctx, Name};

use super::shelves::{Shelves, Spot, Unreadable};
use crate::refresh::record::RoleRecord;
use crate::topology::region::Isolated;

/// The record of one region, or why it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The region.
    pub region: Name,
    /// What its record says.
    pub record: Result<RoleRecord, Unreadable>,
}

/// Whether a region may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The record of another region says that it is the primary, in the highest epoch.
    Primary {
        /// The epoch.
        epoch: u64,
        /// The region whose record says so.
        by: Name,
    },
    /// It is, and a person has fenced it.
    Fenced {
        /// Since when, RFC 3339.
        since: String,
        /// The epoch.
        epoch: u64,
        /// The region whose record says so.
        by: Name,
    },
    /// Another region is.
    Standby {
        /// The primary.
        primary: String,
        /// The epoch.
        epoch: u64,
        /// The region whose record says so.
        by: Name,
    },
    /// Only its own record says so, and those of others that can be read are older.
    Unconfirmed {
        /// The epoch of its own record.
        epoch: u64,
    },
    /// Records contradict each other: two primaries in one epoch, or two states.
    Contradicted {
        /// The regions whose records do.
        by: [Name; 2],
    },
    /// No record of another region can be read.
    Isolated(Isolated),
}

impl Verdict {
    /// Whether the region may write.
    pub fn may_write(&self) -> bool {
        match self {
            Self::Primary { .. } | Self::Isolated(Isolated::Run) => true,
            Self::Fenced { .. }
            | Self::Standby { .. }
            | Self::Unconfirmed { .. }
            | Self::Contradicted { .. }
            | Self::Isolated(Isolated::Stop) => false,
        }
    }

    /// Its word in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Primary { .. } => "primary",
            Self::Fenced { .. } => "fenced",
            Self::Standby { .. } => "standby",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Contradicted { .. } => "contradicted",
            Self::Isolated(_) => "isolated",
        }
    }
}

/// Reads all records at the same time.
pub async fn ask(shelves: &Shelves, ctx: &Ctx) -> Vec<Said> {
    let read = |spot: &'_ Spot| {
        let spot = spot.clone();
        async move {
            let record = shelves.record(ctx, &spot).await;
            Said { region: spot.region, record }
        }
    };
    join_all(shelves.spots.iter().map(read)).await
}

/// What the records say of a region. What only its own record says is no reason to write: it may be
/// the one that nobody could reach.
pub fn judge(region: &str, said: &[Said], on_isolated: Isolated) -> Verdict {
    let read = || {
        let read = said.iter().filter_map(|said| Some((&said.region, said.record.as_ref().ok()?)));
        read.collect::<Vec<_>>()
    };
    let records = read();
    let Some((by, newest)) = records.iter().max_by_key(|(_, record)| record.epoch) else {
        return Verdict::Isolated(on_isolated);
    };
    let epoch = newest.epoch;
    let of_epoch = || records.iter().filter(|(_, record)| record.epoch == epoch);
    let names = |primary: &str| of_epoch().filter(|(_, r)| r.primary == primary).count();
    // A claim that lost may have moved a record that the one that won could not reach.
    let most = of_epoch().find(|(_, record)| names(&record.primary) * 2 > said.len());
    let (by, primary) = most.map_or((*by, &newest.primary), |(by, record)| (*by, &record.primary));
    let against = |(_, record): &&(&Name, &RoleRecord)| {
        let contradicts = record.epoch == epoch && record.primary != *primary;
        record.lineage != newest.lineage || (contradicts && most.is_none())
    };
    if let Some((other, _)) = records.iter().find(against) {
        return Verdict::Contradicted { by: [(*other).clone(), by.clone()] };
    }
    if *primary != region {
        return Verdict::Standby { primary: primary.clone(), epoch, by: by.clone() };
    }
    // One record that tells it is enough: another may have been out of reach then.
    let closed = of_epoch().find_map(|(by, record)| {
        let fenced = record.fenced.iter().find(|fenced| fenced.region == region)?;
        Some((fenced.since.clone(), (*by).clone()))
    });
    if let Some((since, by)) = closed {
        return Verdict::Fenced { since, epoch, by };
    }
    let mut others = records.iter().filter(|(from, _)| ***from != *region).peekable();
    if others.peek().is_none() {
        return Verdict::Isolated(on_isolated);
    }
    match others.find(|(_, record)| record.epoch == epoch && record.primary == *region) {
        Some((by, _)) => Verdict::Primary { epoch, by: (*by).clone() },
        None => Verdict::Unconfirmed { epoch },
    }
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::{Class, Failure};

    use super::*;

    fn said(region: &str, epoch: u64, primary: &str) -> Said {
        let record = RoleRecord {
            version: 1,
            lineage: "a-lineage".to_owned(),
            epoch,
            primary: primary.to_owned(),
            fenced: Vec::new(),
        };
        Said { region: region.into(), record: Ok(record) }
    }

    fn silent(region: &str) -> Said {
        let failure = Failure::new(Class::Unreachable, "no answer");
        Said { region: region.into(), record: Err(Unreadable::Failed(failure)) }
    }

    #[test]
    fn a_region_that_a_person_fenced_does_not_write_whichever_record_tells_it() {
        let fenced = crate::refresh::record::Fenced {
            region: "a".to_owned(),
            since: "2026-11-20T13:00:00Z".to_owned(),
        };
        for teller in ["a", "b"] {
            let tells = |region: &str| {
                let mut said = said(region, 2, "a");
                if let (true, Ok(record)) = (region == teller, &mut said.record) {
                    record.fenced.push(fenced.clone());
                }
                said
            };
            let all = [tells("a"), tells("b")];
            let (since, by) = (fenced.since.clone(), Name::from(teller));
            let told = Verdict::Fenced { since, epoch: 2, by };
            assert_eq!(judge("a", &all, Isolated::Stop), told);
            assert!(!told.may_write());
            // It is told of that region alone, and an older record tells nothing.
            assert!(matches!(judge("b", &all, Isolated::Stop), Verdict::Standby { .. }));
            let later = [said("a", 3, "a"), said("b", 3, "a"), tells(teller)];
            assert!(judge("a", &later, Isolated::Stop).may_write());
        }
    }

    #[test]
    fn a_region_writes_only_where_another_confirms_it_in_the_highest_epoch() {
        let stop = Isolated::Stop;
        let of = |all: &[Said]| judge("a", all, stop);
        let by = |name: &str| Name::from(name);
        let both = [said("a", 1, "a"), said("b", 1, "a")];
        assert_eq!(of(&both), Verdict::Primary { epoch: 1, by: by("b") });
        // It was left while it was away: its own record is the older one.
        let left = [said("a", 1, "a"), said("b", 2, "b")];
        let standby = Verdict::Standby { primary: "b".to_owned(), epoch: 2, by: by("b") };
        assert_eq!(of(&left), standby);
        // A claim reached its own record only.
        let half = [said("a", 2, "a"), said("b", 1, "b")];
        assert_eq!(of(&half), Verdict::Unconfirmed { epoch: 2 });
        // The third knows.
        let third = [silent("b"), said("a", 2, "a"), said("c", 2, "a")];
        assert_eq!(of(&third), Verdict::Primary { epoch: 2, by: by("c") });
        for refused in [&left[..], &half] {
            assert!(!of(refused).may_write());
        }
    }

    #[test]
    fn a_region_that_reads_no_other_record_does_what_was_declared() {
        for all in [vec![silent("a"), silent("b")], vec![said("a", 1, "a"), silent("b")], vec![]] {
            assert!(!judge("a", &all, Isolated::Stop).may_write(), "{all:?}");
            assert!(judge("a", &all, Isolated::Run).may_write(), "{all:?}");
        }
        // Its own record is enough to know that it may not.
        let own = [said("a", 2, "b"), silent("b")];
        assert!(!judge("a", &own, Isolated::Run).may_write());
    }

    #[test]
    fn records_that_contradict_each_other_let_nobody_write() {
        let two = [said("a", 2, "a"), said("b", 2, "b")];
        assert_eq!(judge("a", &two, Isolated::Run).word(), "contradicted");
        let mut other = [said("a", 1, "a"), said("b", 1, "a")];
        if let Ok(record) = &mut other[1].record {
            record.lineage = "another".to_owned();
        }
        assert!(!judge("a", &other, Isolated::Run).may_write());
    }

    /// "c" could not be read by the one who claimed for "a", and by nobody else could "a".
    #[test]
    fn a_claim_that_lost_is_outvoted_by_more_than_half_of_all_records() {
        let all = [said("a", 3, "a"), said("b", 3, "a"), said("c", 3, "b")];
        assert_eq!(judge("a", &all, Isolated::Stop), Verdict::Primary { epoch: 3, by: "b".into() });
        let standby = Verdict::Standby { primary: "a".to_owned(), epoch: 3, by: "a".into() };
        assert_eq!(judge("b", &all, Isolated::Stop), standby);
        // Half of them is not more than half, whoever cannot be read.
        let half = [said("a", 3, "a"), silent("b"), said("c", 3, "b")];
        for region in ["a", "b"] {
            assert_eq!(judge(region, &half, Isolated::Run).word(), "contradicted");
        }
    }
}
