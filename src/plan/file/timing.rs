//! How long the steps of a promotion take, as plan files have it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::read::one_of;
use super::{PlanFileError, v2};
use crate::plan::outlook::{Expected, Source, Timing};
use crate::plan::{Phase, StepId};

fn ms(of: Duration) -> u64 {
    u64::try_from(of.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn write(timing: &Timing) -> v2::Timing {
    v2::Timing {
        takes_ms: ms(timing.expected.takes),
        source: timing.expected.source.word().to_owned(),
        deadline_ms: timing.deadline.map(ms),
    }
}

pub(super) fn read(
    stored: &BTreeMap<u32, v2::Timing>,
) -> Result<BTreeMap<StepId, Timing>, PlanFileError> {
    let timing = |(step, it): (&u32, &v2::Timing)| {
        let source = one_of(&Source::ALL, Source::word, &it.source)?;
        let takes = Duration::from_millis(it.takes_ms);
        let deadline = it.deadline_ms.map(Duration::from_millis);
        Ok((StepId(*step), Timing { expected: Expected { takes, source }, deadline }))
    };
    stored.iter().map(timing).collect()
}

pub(super) fn limits(limits: &BTreeMap<Phase, Duration>) -> BTreeMap<String, u64> {
    limits.iter().map(|(phase, limit)| (phase.word().to_owned(), ms(*limit))).collect()
}

pub(super) fn read_limits(
    stored: &BTreeMap<String, u64>,
) -> Result<BTreeMap<Phase, Duration>, PlanFileError> {
    let limit = |(phase, limit): (&String, &u64)| {
        Ok((one_of(&Phase::ALL, Phase::word, phase)?, Duration::from_millis(*limit)))
    };
    stored.iter().map(limit).collect()
}
