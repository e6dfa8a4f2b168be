//! What the suite asks of a server: a name, a fresh start, and faults if it can make them.

use std::time::Duration;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::session::Limits;
use lifeboat_sdk::{Cause, Class};

/// A server that kinds are tried on.
pub trait Server: Send + Sync {
    /// Its name in tables.
    fn name(&self) -> &str;

    /// Removes everything from it. Without this the suite removes what it made.
    fn reset(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Its faults; without them the rules about faults do not apply.
    fn faults(&self) -> Option<&dyn Faults> {
        None
    }

    /// For how long reads may be stale: a write in doubt is settled only after that.
    fn stale(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether every fault strikes at every call; else each at the first and at some of the rest.
    fn thorough(&self) -> bool {
        true
    }

    /// Deadlines: short ones where time is real.
    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// Faults between a kind and its server.
pub trait Faults: Send + Sync {
    /// Makes calls fail from now on, counted from here.
    fn inject(&self, fault: Fault, on: On);

    /// Ends all faults; how many calls they struck.
    fn clear(&self) -> u64;
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No connection is made.
    Refuse,
    /// The connection is reset before the server sees the call.
    Reset,
    /// 500
    Status500,
    /// 503
    Status503,
    /// The caller is too fast.
    Throttle,
    /// 403: the caller may not.
    Denied,
    /// The call is accepted and never answered.
    BlackHole,
    /// The call has its effect, then the connection is reset.
    DropAnswer,
    /// The answer ends after half of it.
    CutBody,
    /// The answer cannot be read.
    GarbleBody,
}

/// Which calls a fault strikes, counted from 1 at the injection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// This one only.
    Nth(u64),
    /// This one and all later ones.
    From(u64),
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Refuse,
        Self::Reset,
        Self::Status500,
        Self::Status503,
        Self::Throttle,
        Self::Denied,
        Self::BlackHole,
        Self::DropAnswer,
        Self::CutBody,
        Self::GarbleBody,
    ];

    /// Whether the server never sees the call, or says that it did nothing.
    pub fn without_effect(self) -> bool {
        matches!(
            self,
            Self::Refuse
                | Self::Reset
                | Self::Status500
                | Self::Status503
                | Self::Throttle
                | Self::Denied
                | Self::BlackHole
        )
    }

    /// Whether a failure of this class tells this fault. Guards may have spoken first.
    pub(crate) fn tells(self, class: Class) -> bool {
        let guard = matches!(class, Class::NotTried | Class::TooSlow);
        match self {
            Self::Throttle => guard || class == Class::Throttled,
            Self::Denied => class == Class::Denied,
            Self::GarbleBody => class == Class::Garbled,
            Self::CutBody => guard || matches!(class, Class::Unreachable | Class::Garbled),
            Self::Refuse
            | Self::Reset
            | Self::Status500
            | Self::Status503
            | Self::BlackHole
            | Self::DropAnswer => guard || matches!(class, Class::Refused | Class::Unreachable),
        }
    }

    /// Whether an unreadable object with this cause tells this fault.
    pub(crate) fn causes(self, cause: &Cause) -> bool {
        let guard = matches!(cause, Cause::Unreachable | Cause::TooSlow);
        match self {
            Self::Throttle => guard || *cause == Cause::Throttled,
            Self::Denied => matches!(cause, Cause::Denied { action } if !action.is_empty()),
            Self::GarbleBody => *cause == Cause::Garbled,
            Self::CutBody => guard || *cause == Cause::Garbled,
            Self::Refuse
            | Self::Reset
            | Self::Status500
            | Self::Status503
            | Self::BlackHole
            | Self::DropAnswer => guard,
        }
    }
}
