//! Faults as data: which calls fail, which of those, and how.

use std::time::Duration;

use super::call::{Call, Plane};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The request is accepted and never answered.
    BlackHole,
    /// The region's own address refuses connections while a rule of that region and nothing else
    /// has this fault. Where one address serves many regions, or the rule is narrower, a port
    /// cannot be closed for the call: its connection is reset before the server sees it.
    Refuse,
    /// The connection is reset before the server sees the call.
    Reset,
    /// The service is unavailable, in its own words.
    Status503,
    /// The service failed, in its own words.
    Status500,
    /// The caller is too fast: `SlowDown` from S3, `Throttling` from others.
    Throttle,
    /// The caller may not: `AccessDenied`.
    Denied403,
    /// The caller's credentials are no longer valid: `ExpiredToken`.
    Expired,
    /// The server gets the call at once; its answer is held back for this long.
    Slow(Duration),
    /// The server gets the call at once; nobody is answered before so long after it arrived.
    Least(Duration),
    /// The server gets the call this much later. Adds up with other rules and other faults.
    Latency(Duration),
    /// The server carries the call out; then the connection is reset instead of answered.
    DropAnswer,
    /// The answer promises its whole length and ends after half of it.
    CutBody,
    /// The answer is 200 with XML that breaks off, of the right length.
    GarbleBody,
    /// The answer comes one byte every 200 ms.
    TrickleBody,
}

/// Which of the calls that a rule is about it strikes, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nth {
    /// Each.
    All,
    /// This one only.
    Exactly(u64),
    /// The first, the third, the fifth…
    EveryOther,
    /// This many.
    First(u64),
    /// All but this many.
    After(u64),
    /// Each with this chance in a thousand; a seed always picks the same ones.
    Chance {
        /// In a thousand.
        in_1000: u64,
        /// Picks which.
        seed: u64,
    },
}

impl Nth {
    fn strikes(self, call: u64) -> bool {
        match self {
            Self::All => true,
            Self::Exactly(n) => call == n,
            Self::EveryOther => call % 2 == 1,
            Self::First(n) => call <= n,
            Self::After(n) => call > n,
            Self::Chance { in_1000, seed } => mixed(seed, call) % 1000 < in_1000,
        }
    }
}

/// A number that looks random, the same for the same pair.
fn mixed(seed: u64, call: u64) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..].copy_from_slice(&call.to_le_bytes());
    let digest = blake3::hash(&bytes);
    digest.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A fault and the calls it is for; what is `None` fits every call.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The region called. For a global service that is where its control plane is at home.
    pub region: Option<String>,
    /// The service as it signs (`cloudwatch` for `monitoring`).
    pub service: Option<String>,
    /// The operation's name, such as `PutBucketVersioning`.
    pub operation: Option<String>,
    /// The bucket, hosted zone or health check in the path.
    pub resource: Option<String>,
    /// Global control planes or those of regions.
    pub plane: Option<Plane>,
    /// Which of these calls.
    pub nth: Nth,
    /// What happens.
    pub fault: Fault,
}

impl Rule {
    /// A rule for all calls.
    pub fn new(fault: Fault) -> Self {
        Self {
            region: None,
            service: None,
            operation: None,
            resource: None,
            plane: None,
            nth: Nth::All,
            fault,
        }
    }

    /// Only calls to this region.
    #[must_use]
    pub fn region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Only calls to this service.
    #[must_use]
    pub fn service(self, service: &str) -> Self {
        Self { service: Some(service.to_owned()), ..self }
    }

    /// Only this operation.
    #[must_use]
    pub fn operation(self, operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), ..self }
    }

    /// Only this bucket, hosted zone or health check.
    #[must_use]
    pub fn resource(self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self }
    }

    /// Only services with a control plane per region.
    #[must_use]
    pub fn regional(self) -> Self {
        Self { plane: Some(Plane::Regional), ..self }
    }

    /// Only services with one control plane for all regions.
    #[must_use]
    pub fn global(self) -> Self {
        Self { plane: Some(Plane::Global), ..self }
    }

    /// Only some of these calls.
    #[must_use]
    pub fn nth(self, nth: Nth) -> Self {
        Self { nth, ..self }
    }

    fn fits(&self, call: &Call) -> bool {
        let is = |want: &Option<String>, is: &str| want.as_deref().is_none_or(|want| want == is);
        is(&self.region, &call.region)
            && is(&self.service, &call.service)
            && is(&self.operation, &call.operation)
            && is(&self.resource, &call.resource)
            && self.plane.is_none_or(|plane| plane == call.plane)
    }

    /// The region whose own address this rule closes.
    fn closes(&self) -> Option<&str> {
        let whole = self.service.is_none() && self.operation.is_none() && self.resource.is_none();
        let regional = self.plane != Some(Plane::Global);
        let refuses = self.fault == Fault::Refuse && self.nth == Nth::All;
        self.region.as_deref().filter(|_| whole && regional && refuses)
    }
}

/// Names an injected rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(u64);

/// The rules in force, in the order in which they were injected.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    last: u64,
    rules: Vec<Live>,
}

#[derive(Debug)]
struct Live {
    id: RuleId,
    rule: Rule,
    met: u64,
    struck: u64,
}

/// What the rules say about one call.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// How much later the server gets it.
    pub(crate) latency: Duration,
    /// What else happens: the first rule that strikes decides.
    pub(crate) fault: Option<Fault>,
}

impl Rules {
    pub(crate) fn inject(&mut self, rule: Rule) -> RuleId {
        self.last += 1;
        let id = RuleId(self.last);
        self.rules.push(Live { id, rule, met: 0, struck: 0 });
        id
    }

    pub(crate) fn remove(&mut self, id: RuleId) {
        self.rules.retain(|live| live.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn struck(&self, id: RuleId) -> u64 {
        self.rules.iter().find(|live| live.id == id).map_or(0, |live| live.struck)
    }

    /// Whether a region's own address refuses connections.
    pub(crate) fn closed(&self, region: &str) -> bool {
        self.rules.iter().any(|live| live.rule.closes() == Some(region))
    }

    /// Counts the call in every rule that it fits.
    pub(crate) fn judge(&mut self, call: &Call) -> Verdict {
        let mut verdict = Verdict::default();
        for live in self.rules.iter_mut().filter(|live| live.rule.fits(call)) {
            live.met += 1;
            if !live.rule.nth.strikes(live.met) {
                continue;
            }
            match live.rule.fault {
                Fault::Latency(time) => verdict.latency += time,
                _ if verdict.fault.is_some() => continue,
                ref fault => verdict.fault = Some(fault.clone()),
            }
            live.struck += 1;
        }
        verdict
    }
}
