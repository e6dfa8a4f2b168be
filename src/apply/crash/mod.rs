//! Named points at which a build with the feature `crash-points` aborts when it is told to.
//!
//! The one exception to "no feature that only tests reach"; in every other build all of this is
//! empty.

#[cfg(feature = "crash-points")]
mod torn;

#[cfg(feature = "crash-points")]
use std::fs::OpenOptions;
#[cfg(feature = "crash-points")]
use std::io::Write as _;
#[cfg(feature = "crash-points")]
use std::path::PathBuf;
#[cfg(feature = "crash-points")]
use std::sync::Arc;
#[cfg(feature = "crash-points")]
use std::sync::atomic::{AtomicU64, Ordering};

use lifeboat_state::backend::Parts;

/// A place in the life of a step at which a process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Before the intents of a wave are appended.
    BeforeIntent,
    /// An append to the journal is written, and the machine dies before it is synced: half of it
    /// is on the disk.
    BeforeSync,
    /// When they are durable, before the calls.
    AfterIntent,
    /// The API has told an id, and the journal does not know it.
    BeforeIdentified,
    /// The journal knows the id.
    AfterIdentified,
    /// A step has ended, and the journal does not know it.
    BeforeOutcome,
    /// The journal knows how it ended.
    AfterOutcome,
    /// Before the new generation.
    BeforeCommit,
    /// The generation is there, and the journal does not know it.
    AfterCommit,
    /// The run is over, and the lock is held.
    BeforeRelease,
}

impl CrashPoint {
    /// All of them, in the order in which a run comes by.
    pub const ALL: [Self; 10] = [
        Self::BeforeIntent,
        Self::BeforeSync,
        Self::AfterIntent,
        Self::BeforeIdentified,
        Self::AfterIdentified,
        Self::BeforeOutcome,
        Self::AfterOutcome,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforeRelease,
    ];

    /// Its name, as the environment variable has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeIntent => "before-intent",
            Self::BeforeSync => "before-sync",
            Self::AfterIntent => "after-intent",
            Self::BeforeIdentified => "before-identified",
            Self::AfterIdentified => "after-identified",
            Self::BeforeOutcome => "before-outcome",
            Self::AfterOutcome => "after-outcome",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforeRelease => "before-release",
        }
    }
}

/// Where to abort, and where to write down which points were passed; nowhere unless told.
#[derive(Clone, Debug, Default)]
pub struct Crash {
    #[cfg(feature = "crash-points")]
    at: Option<Arc<(String, AtomicU64)>>,
    #[cfg(feature = "crash-points")]
    trace: Option<PathBuf>,
}

impl Crash {
    /// From the texts of the environment variables: `NAME` or `NAME:COUNT`, the COUNT-th time,
    /// and the file into which the name of each point is written that the run comes by.
    #[cfg(feature = "crash-points")]
    pub fn parse(at: Option<&str>, trace: Option<&str>) -> Self {
        let at = at.map(|text| {
            let (name, count) = text.split_once(':').unwrap_or((text, "1"));
            Arc::new((name.to_owned(), AtomicU64::new(count.parse().unwrap_or(1))))
        });
        Self { at, trace: trace.map(PathBuf::from) }
    }

    /// Writes down that the run comes by; whether this is where it is to die.
    #[cfg(feature = "crash-points")]
    fn arrives(&self, point: CrashPoint) -> bool {
        if let Some(trace) = &self.trace {
            let file = OpenOptions::new().create(true).append(true).open(trace);
            // A trace that cannot be written is one that the reader finds too short.
            file.and_then(|mut file| writeln!(file, "{}", point.name())).ok();
        }
        let Some(at) = &self.at else { return false };
        at.0 == point.name() && at.1.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Aborts the process if this is the place.
    #[cfg(feature = "crash-points")]
    pub fn point(&self, point: CrashPoint) {
        if self.arrives(point) {
            std::process::abort();
        }
    }

    /// Does nothing in this build.
    #[cfg(not(feature = "crash-points"))]
    pub fn point(&self, _point: CrashPoint) {}

    /// The parts of a state, with journals that are torn at [`CrashPoint::BeforeSync`].
    #[cfg(feature = "crash-points")]
    #[must_use]
    pub fn tear(&self, parts: Parts) -> Parts {
        let segments = Arc::new(torn::Torn { inner: parts.segments, crash: self.clone() });
        Parts { segments, ..parts }
    }

    /// The parts as they are, in this build.
    #[cfg(not(feature = "crash-points"))]
    #[must_use]
    pub fn tear(&self, parts: Parts) -> Parts {
        parts
    }
}
