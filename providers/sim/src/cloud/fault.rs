//! Faults as data: which calls fail, which of those, and how.

use std::time::Duration;

use lifeboat_sdk::{Class, Failure, Location};

use super::ledger::Sent;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection is made.
    Refuse,
    /// The connection breaks before the call has an effect.
    Reset,
    /// 500
    Status500,
    /// 503
    Status503,
    /// The caller is too fast.
    Throttle,
    /// The caller may not.
    Denied,
    /// The caller's credentials have expired.
    Expired,
    /// The call is accepted and never answered, without effect.
    BlackHole,
    /// The call has its effect, then the connection breaks.
    DropAnswer,
    /// The call has its effect, then only a part of the answer comes.
    CutAnswer,
    /// The call has its effect, then the answer cannot be read.
    GarbleAnswer,
    /// The call has its effect and is answered this much later.
    Slow(Duration),
    /// The call is answered as done and has no effect: what objects were before it they are again. For
    /// kinds whose changes change documents only, and for one change by call.
    Vain,
}

impl Fault {
    /// Whether the call is carried out all the same.
    pub fn after_effect(&self) -> bool {
        let answered = matches!(self, Self::Slow(_) | Self::Vain);
        answered || matches!(self, Self::DropAnswer | Self::CutAnswer | Self::GarbleAnswer)
    }

    /// What the caller is told; `None` where nothing, or no failure.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let (class, code, text) = match self {
            Self::Refuse => (Class::Refused, None, "connection refused"),
            Self::Reset => (Class::Unreachable, None, "connection reset"),
            Self::Status500 => {
                (Class::Unreachable, Some("InternalError"), "the service failed (500)")
            }
            Self::Status503 => {
                (Class::Unreachable, Some("ServiceUnavailable"), "the service is down (503)")
            }
            Self::Throttle => (Class::Throttled, Some("Throttling"), "rate exceeded"),
            Self::Denied => (Class::Denied, Some("AccessDenied"), "access denied"),
            Self::Expired => (Class::Credentials, Some("ExpiredToken"), "the token has expired"),
            Self::DropAnswer => (Class::Unreachable, None, "connection reset before the answer"),
            Self::CutAnswer => (Class::Unreachable, None, "the answer ended too early"),
            Self::GarbleAnswer => (Class::Garbled, None, "the answer cannot be read"),
            Self::BlackHole | Self::Slow(_) | Self::Vain => return None,
        };
        let failure = Failure::new(class, text);
        Some(match code {
            Some(code) => failure.code(code),
            None => failure,
        })
    }
}

/// Which of the calls that a rule fits it strikes, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nth {
    /// Each.
    All,
    /// This one only.
    Exactly(u64),
    /// This many.
    First(u64),
    /// All but this many.
    After(u64),
    /// Each with this chance in a hundred, by the cloud's seed.
    Chance(u8),
}

/// A fault and the calls it is for; what is not said fits every call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    location: Option<Location>,
    service: Option<String>,
    operation: Option<String>,
    kind: Option<String>,
    id: Option<String>,
    address: Option<String>,
    nth: Nth,
    pub(crate) fault: Fault,
}

/// A call as rules see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) location: &'a Location,
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) id: Option<&'a str>,
    pub(crate) sent: &'a [Sent],
}

impl Rule {
    /// A rule for all calls.
    pub fn new(fault: Fault) -> Self {
        Self {
            location: None,
            service: None,
            operation: None,
            kind: None,
            id: None,
            address: None,
            nth: Nth::All,
            fault,
        }
    }

    /// Only calls to regional services of this region.
    #[must_use]
    pub fn region(self, region: &str) -> Self {
        Self { location: Some(Location::Region(region.into())), ..self }
    }

    /// Only calls to global services with this home.
    #[must_use]
    pub fn global(self, home: &str) -> Self {
        Self { location: Some(Location::Global { home: home.into() }), ..self }
    }

    /// Only this service.
    #[must_use]
    pub fn service(self, service: &str) -> Self {
        Self { service: Some(service.to_owned()), ..self }
    }

    /// Only this operation: `Read, List, Create, Update, Delete, Change, Identity`.
    #[must_use]
    pub fn operation(self, operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), ..self }
    }

    /// Only calls about objects of this kind.
    #[must_use]
    pub fn kind(self, kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..self }
    }

    /// Only calls about this object.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    /// Only calls that change the object of this address, with all that goes with it in one call.
    #[must_use]
    pub fn address(self, address: &str) -> Self {
        Self { address: Some(address.to_owned()), ..self }
    }

    /// Only some of these calls.
    #[must_use]
    pub fn nth(self, nth: Nth) -> Self {
        Self { nth, ..self }
    }

    fn fits(&self, call: &Asked<'_>) -> bool {
        let is = |want: &Option<String>, is: &str| want.as_deref().is_none_or(|want| want == is);
        self.location.as_ref().is_none_or(|location| location == call.location)
            && is(&self.service, call.service)
            && is(&self.operation, call.operation)
            && is(&self.kind, call.kind)
            && self.id.as_deref().is_none_or(|id| call.id == Some(id))
            && self
                .address
                .as_deref()
                .is_none_or(|address| call.sent.iter().any(|sent| *sent.address == *address))
    }
}

/// Names an injected rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(u64);

/// The rules in force, in the order in which they were injected.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    last: u64,
    rules: Vec<(RuleId, Rule, Count)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    met: u64,
    struck: u64,
}

impl InForce {
    pub(crate) fn inject(&mut self, rule: Rule) -> RuleId {
        self.last += 1;
        let id = RuleId(self.last);
        self.rules.push((id, rule, Count::default()));
        id
    }

    /// Removes a rule; how many calls it struck.
    pub(crate) fn remove(&mut self, id: RuleId) -> u64 {
        let struck = self.rules.iter().find(|(i, ..)| *i == id).map_or(0, |(.., c)| c.struck);
        self.rules.retain(|(i, ..)| *i != id);
        struck
    }

    /// Removes all rules; how many calls they struck.
    pub(crate) fn clear(&mut self) -> u64 {
        self.rules.drain(..).map(|(.., count)| count.struck).sum()
    }

    /// The fault of the first rule that strikes; every rule that fits counts the call.
    pub(crate) fn strike(
        &mut self,
        call: &Asked<'_>,
        mut chance: impl FnMut() -> u64,
    ) -> Option<Fault> {
        let mut fault = None;
        for (_, rule, count) in &mut self.rules {
            if !rule.fits(call) {
                continue;
            }
            count.met += 1;
            let strikes = match rule.nth {
                Nth::All => true,
                Nth::Exactly(n) => count.met == n,
                Nth::First(n) => count.met <= n,
                Nth::After(n) => count.met > n,
                Nth::Chance(percent) => chance() % 100 < u64::from(percent),
            };
            if strikes && fault.is_none() {
                count.struck += 1;
                fault = Some(rule.fault.clone());
            }
        }
        fault
    }
}

/// How a location that is lost answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blackout {
    /// It refuses connections.
    Refuse,
    /// It accepts calls and never answers.
    Hang,
    /// It answers 503.
    Unavailable,
}

impl Blackout {
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Refuse => Fault::Refuse,
            Self::Hang => Fault::BlackHole,
            Self::Unavailable => Fault::Status503,
        }
    }
}
