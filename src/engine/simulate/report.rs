//! What a simulation came to.

use std::time::Duration;

use lifeboat_sdk::{Diagnostics, Name};

use super::Scene;
use super::{Expected, Source};
use crate::engine::load::Loaded;
use crate::plan::promotion::Mode;
use crate::plan::{Phase, Promotion};
use crate::topology::duration::Duration as Declared;

/// What a simulation came to.
#[derive(Debug)]
pub struct Simulation {
    /// What was tried.
    pub scene: Scene,
    /// The region that takes over.
    pub to: Name,
    /// The epoch that would be left.
    pub epoch: u64,
    /// How long it takes to read what is live.
    pub reading: Duration,
    /// The promotion; `None` where it cannot be planned.
    pub course: Option<Course>,
    /// What becomes of the data.
    pub losses: Vec<(Name, Loss)>,
    /// The strictest RTO that the files declare.
    pub objective: Option<Declared>,
    /// How long resolvers keep the old answer, at most.
    pub ttl: Option<Duration>,
    /// How many calls there were in all.
    pub calls: u64,
    /// How many of the calls after planning went to the region that is left.
    pub calls_there: usize,
    /// Problems of planning and of the run.
    pub diagnostics: Diagnostics,
}

/// A promotion that was played.
#[derive(Debug)]
pub struct Course {
    /// The promotion as planned.
    pub promotion: Promotion,
    /// Its phases.
    pub phases: Vec<PhaseRun>,
    /// The steps that decide how long it takes, in their order.
    pub path: Vec<Link>,
    /// From its beginning until the traffic is there.
    pub took: Duration,
    /// How it ends.
    pub ending: Ending,
}

/// A phase that was played.
#[derive(Debug)]
pub struct PhaseRun {
    /// Which.
    pub phase: Phase,
    /// When it is over, since the beginning of the promotion; `None` where it never is.
    pub over: Option<Duration>,
    /// Its steps: a line for each object.
    pub steps: Vec<StepRun>,
}

/// One object or act of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRun {
    /// `update`, or what the act does.
    pub verb: &'static str,
    /// An address, or what the act is about.
    pub about: Name,
    /// What becomes of it.
    pub fate: Fate,
    /// How long it should take.
    pub expected: Expected,
    /// When it begins, since the beginning of the promotion; `None` where it does not.
    pub began: Option<Duration>,
    /// How long it took; `None` where it did not end.
    pub took: Option<Duration>,
}

/// What becomes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Runs,
    /// It cannot be done now and comes before all else when its region returns; why.
    Owed(String),
    /// It cannot be done now and is not needed now; why.
    Deferred(String),
    /// It fails; why.
    Fails(String),
    /// It waits for one that fails.
    Blocked,
}

impl Fate {
    /// Its name in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Owed(_) => "owed",
            Self::Deferred(_) => "deferred",
            Self::Fails(_) => "fails",
            Self::Blocked => "blocked",
        }
    }

    /// Why, where that is told.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Owed(why) | Self::Deferred(why) | Self::Fails(why) => Some(why),
            Self::Runs | Self::Blocked => None,
        }
    }
}

/// A step on the critical path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its phase.
    pub phase: Phase,
    /// What is done, to what.
    pub what: String,
    /// What it adds to the path: waiting for its turn is part of it.
    pub adds: Duration,
    /// How that is known.
    pub source: Source,
}

/// How a promotion ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The other region is the primary and takes the traffic.
    Promoted,
    /// It stops here.
    Stopped(Standing),
}

/// Where a promotion stands that stopped (design.md, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The epoch is not claimed: the region that is left is still the primary.
    Unclaimed,
    /// Another region is the primary, and does not take writes yet.
    Claimed,
    /// It takes writes in part, or all of them, and not the traffic.
    Promoting,
    /// It has the traffic, and is not seen to be well.
    Switched,
}

impl Standing {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::Claimed => "claimed",
            Self::Promoting => "promoting",
            Self::Switched => "switched",
        }
    }
}

/// What becomes of the data of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it was copied, and the final sync proves it.
    Nothing,
    /// At most so many seconds of what was written last, because the copy was seen to have all before.
    AtMost(u64),
    /// What was written last may not have been copied: nobody can tell how much.
    Unknown,
    /// Nothing copies it.
    NotCopied,
}

impl Loss {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::AtMost(_) => "at_most",
            Self::Unknown => "unknown",
            Self::NotCopied => "not copied",
        }
    }
}

impl Simulation {
    /// One of which only the beginning is known.
    pub(super) fn new(scene: Scene, loaded: &Loaded, epoch: u64, reading: Duration) -> Self {
        let topology = loaded.topology.as_ref();
        let dns = topology.iter().flat_map(|topology| &topology.dns);
        Self {
            scene,
            to: topology.map(|topology| topology.primary.clone()).unwrap_or_default(),
            epoch,
            reading,
            course: None,
            losses: Vec::new(),
            objective: topology.and_then(|topology| topology.strictest().rto),
            ttl: dns.map(|dns| Duration::from_secs(dns.ttl)).max(),
            calls: 0,
            calls_there: 0,
            diagnostics: Diagnostics::new(),
        }
    }

    /// How long it takes from the command until the other region has the traffic, but for the
    /// people; `None` where it does not come to that.
    pub fn rto(&self) -> Option<Duration> {
        let course = self.course.as_ref().filter(|course| course.ending == Ending::Promoted)?;
        Some(self.reading + course.took)
    }

    /// Whether the region does not answer and nobody notices: lifeboat has nothing there to ask.
    pub fn goes_unnoticed(&self) -> bool {
        let silent = self.course.as_ref().is_none_or(|course| course.promotion.is_silent());
        self.scene.mode == Mode::Ungraceful && !silent
    }

    /// Whether that is what the files want; `None` where one of the two is not known.
    pub fn keeps_objective(&self) -> Option<bool> {
        let rto = self.rto()?;
        Some(rto <= Duration::from_secs(self.objective.as_ref()?.seconds))
    }

    /// How much of the critical path is known in this way.
    pub fn known_by(&self, source: Source) -> Duration {
        let links = self.course.iter().flat_map(|course| &course.path);
        links.filter(|link| link.source == source).map(|link| link.adds).sum()
    }
}
