//! The canary: a small object that a watcher writes into the primary's bucket in each round, to see that
//! it takes writes, and when they arrive at the standby. That one arrived proves nothing of others: S3
//! copies in no order.

use jiff::{SignedDuration, Timestamp};
use lifeboat_sdk::sync::{CANARY, OURS};
use lifeboat_sdk::{Class, Ctx, Failure, Kept, Name, Over};

use super::shelves::{Shelves, Spot};
use super::watch::Sight;
use crate::topology::Topology;

/// Where a canary flies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// What copies it: `replication.exports`.
    pub about: String,
    /// The bucket of each region.
    spots: Vec<Spot>,
    key: String,
    /// When the last one was sent.
    sent: Option<Timestamp>,
    /// The last one that was seen to arrive.
    arrived: Option<Timestamp>,
}

/// What became of a canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// When it was sent.
    pub sent: Timestamp,
    /// How long until it was seen in the standby; so far, where it was not.
    pub took: SignedDuration,
    /// Whether it was seen there.
    pub arrived: bool,
}

impl Flight {
    /// How long it took, in seconds and tenths.
    pub fn seconds(&self) -> f64 {
        (self.took.as_secs_f64().max(0.0) * 10.0).round() / 10.0
    }
}

/// Why a canary was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// The primary took no write: it did not answer, or not well.
    Refused(String),
    /// It is not known what the primary would have done; why.
    Unknown(String),
}

impl Canary {
    /// That of the files, if they declare one.
    pub fn declared(topology: &Topology) -> Option<Self> {
        let wanted = topology.declaration.failover.canary.as_deref()?;
        let bucket = topology.buckets.iter().find(|bucket| *bucket.name == *wanted)?;
        let copies = topology.replications.iter().find(|copies| copies.bucket == bucket.name)?;
        let spot = |region: &crate::topology::region::Region| {
            Some(Spot {
                region: region.name.clone(),
                aws: region.aws.clone(),
                account: region.account.clone(),
                bucket: bucket.names.get(&region.name)?.clone(),
                prefix: Name::from(""),
            })
        };
        let prefix = copies.prefix.as_deref().unwrap_or_default();
        Some(Self {
            about: format!("replication.{}", copies.name),
            spots: topology.regions.iter().filter_map(spot).collect(),
            key: format!("{prefix}{OURS}{CANARY}"),
            sent: None,
            arrived: None,
        })
    }

    /// Another region takes the writes: what was sent before says nothing of it.
    pub fn begin_anew(&mut self) {
        (self.sent, self.arrived) = (None, None);
    }

    fn spot(&self, region: &str) -> Option<&Spot> {
        self.spots.iter().find(|spot| *spot.region == *region)
    }

    /// Writes one into the primary's bucket.
    ///
    /// # Errors
    /// It was not written.
    pub async fn send(
        &mut self,
        shelves: &Shelves,
        ctx: &Ctx,
        primary: &str,
        now: Timestamp,
    ) -> Result<(), Unwritten> {
        let Some(spot) = self.spot(primary) else {
            return Err(Unwritten::Unknown(format!("{primary} has no bucket for it")));
        };
        let old = shelves.fetch(ctx, spot, &self.key).await.map_err(unwritten)?;
        let over = match &old {
            Some(old) => Over::This(&old.version),
            None => Over::Nothing,
        };
        let text = now.to_string();
        match shelves.store(ctx, spot, &self.key, text.into_bytes(), over).await {
            Ok(()) => {
                self.sent = Some(now);
                Ok(())
            }
            // Another watcher was faster: the primary takes writes.
            Err(failure) if failure.class == Class::Conflict => Ok(()),
            Err(failure) => Err(unwritten(failure)),
        }
    }

    /// Whether one is under way that was not seen to arrive.
    pub fn is_under_way(&self) -> bool {
        self.sent.is_some() && self.sent != self.arrived
    }

    /// Looks whether it is in the standby by now.
    ///
    /// # Errors
    /// The standby could not be asked.
    pub async fn look(
        &mut self,
        shelves: &Shelves,
        ctx: &Ctx,
        standby: &str,
        clock: fn() -> Timestamp,
    ) -> Result<Option<Flight>, Failure> {
        let (Some(sent), Some(spot)) = (self.sent, self.spot(standby)) else { return Ok(None) };
        let found = shelves.fetch(ctx, spot, &self.key).await?;
        Ok(Some(self.judge(sent, found.as_ref(), clock())))
    }

    /// What that says of the one that was sent last.
    fn judge(&mut self, sent: Timestamp, found: Option<&Kept>, now: Timestamp) -> Flight {
        let text = found.and_then(|found| std::str::from_utf8(&found.bytes).ok());
        let seen = text.and_then(|text| text.trim().parse::<Timestamp>().ok());
        // A later one is of another watcher: it came after this one was sent.
        let arrived = seen.is_some_and(|seen| seen >= sent);
        if arrived {
            self.arrived = Some(sent);
        }
        Flight { sent, took: now.duration_since(sent), arrived }
    }
}

/// Whether it is the primary that takes no writes, as far as a failure tells. That it refuses us by a
/// permission, or knows no such bucket, is an answer.
fn unwritten(failure: Failure) -> Unwritten {
    let text = failure.to_string();
    match failure.class {
        Class::Refused
        | Class::Unreachable
        | Class::NotTried
        | Class::TooSlow
        | Class::Garbled
        | Class::Throttled => Unwritten::Refused(text),
        Class::Credentials
        | Class::Interrupted
        | Class::NotFound
        | Class::Exists
        | Class::Conflict
        | Class::Denied
        | Class::Invalid
        | Class::Other => Unwritten::Unknown(text),
    }
}

/// What a look saw of the primary, and its canary with it: who answers and takes no writes is silent to
/// those who write.
pub fn with_canary(sight: Sight, written: Option<&Result<(), Unwritten>>) -> Sight {
    match (sight, written) {
        (Sight::Answers, Some(Err(Unwritten::Refused(why)))) => Sight::Silent(format!(
            "it answers, and takes no writes: the canary was not written: {why}"
        )),
        (sight, _) => sight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary() -> Canary {
        Canary {
            about: "replication.a".to_owned(),
            spots: Vec::new(),
            key: CANARY.to_owned(),
            sent: None,
            arrived: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn only_what_was_sent_last_or_later_has_arrived() {
        let mut canary = canary();
        canary.sent = Some(at(100));
        let found =
            |second: i64| Kept { bytes: at(second).to_string().into_bytes(), version: "v".into() };
        let flight = canary.judge(at(100), Some(&found(70)), at(105));
        assert!(!flight.arrived && canary.is_under_way());
        assert!(!canary.judge(at(100), None, at(105)).arrived);
        let garbled = Kept { bytes: vec![0xff], version: "v".into() };
        assert!(!canary.judge(at(100), Some(&garbled), at(105)).arrived);
        let flight = canary.judge(at(100), Some(&found(100)), at(107));
        assert!(flight.arrived && !canary.is_under_way());
        assert!((flight.seconds() - 7.0).abs() < f64::EPSILON);
        canary.begin_anew();
        assert!(!canary.is_under_way());
    }

    #[test]
    fn who_answers_and_takes_no_writes_is_silent_and_a_permission_says_nothing() {
        let of = |class| unwritten(Failure::new(class, "why"));
        let seen = |class| with_canary(Sight::Answers, Some(&Err(of(class))));
        for class in [Class::Unreachable, Class::Refused, Class::TooSlow, Class::Throttled] {
            assert!(matches!(seen(class), Sight::Silent(_)), "{class:?}");
        }
        for class in [Class::Denied, Class::Credentials, Class::NotFound, Class::Invalid] {
            assert_eq!(seen(class), Sight::Answers, "{class:?}");
        }
        assert_eq!(with_canary(Sight::Answers, Some(&Ok(()))), Sight::Answers);
        assert_eq!(with_canary(Sight::Answers, None), Sight::Answers);
        let blind = Sight::Blind("why".to_owned());
        assert_eq!(with_canary(blind.clone(), Some(&Err(of(Class::Unreachable)))), blind);
    }
}
