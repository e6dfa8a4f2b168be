//! `shift`: traffic that moves in steps, each of which is watched.

use lifeboat_sdk::Span;
use lifeboat_sdk_derive::Kind;

use super::lint::OneWriter;
use super::{DnsFailover, Policy, inside};
use crate::config::ast::Body;
use crate::topology::codes;
use crate::topology::read::Reader;

/// How traffic moves in steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// How much of the way it has come after each step but the last, in percent, rising.
    pub steps: Vec<i64>,
    /// How long what gets the traffic is watched after each of them, in seconds.
    pub watch: u64,
    /// Where the block is.
    pub span: Span,
}

/// How traffic moves in steps, where the policy is weighted.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ShiftBlock {
    /// How much of the way the weights have come after each step, in percent: `[10, 50]`. The last step
    /// goes all the way, written or not.
    #[kind(required)]
    pub steps: Vec<i64>,
    /// How long what gets the traffic is watched after each step, before the next.
    #[kind(default = "\"2m\"")]
    pub watch: Option<String>,
}

/// How long is watched where nothing is said, in seconds.
const WATCH: u64 = 120;

/// Reads the block.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    given: &[ShiftBlock],
    body: &Body,
) -> Result<Option<Shift>, ()> {
    let (Some(given), Some(block)) = (given.first(), body.blocks_of("shift").next()) else {
        return Ok(None);
    };
    let at = inside(body, "shift", "steps");
    let mut fits = true;
    let mut before = 0;
    for step in &given.steps {
        fits &= reader.in_range("steps", *step, (before + 1).min(100)..=100, at);
        before = *step;
    }
    let steps: Vec<i64> = given.steps.iter().copied().filter(|step| *step < 100).collect();
    if fits && steps.is_empty() {
        let detail =
            "There is no step before the last, which goes all the way: traffic moves at once.";
        reader.conflict(detail, at, "Write steps = [10, 50], or remove the block.");
        fits = false;
    }
    let watch = match &given.watch {
        None => Some(WATCH),
        Some(text) => {
            reader.duration(text, inside(body, "shift", "watch")).map(|watch| watch.seconds)
        }
    };
    let shift = watch.map(|watch| Shift { steps, watch, span: block.header });
    shift.filter(|_| fits).map(Some).ok_or(())
}

/// What a shift needs so that it may be.
pub(super) fn check(reader: &mut Reader<'_, '_>, writers: &[OneWriter], dns: &DnsFailover) {
    let Some(shift) = &dns.shift else { return };
    if dns.policy != Policy::Weighted {
        let detail = "Traffic moves in steps by its weights, and this policy has none.";
        reader.conflict(detail, shift.span, "Write policy = \"weighted\", or remove the shift.");
    } else if let Some(one) = writers.first() {
        let detail = format!(
            "{} has one writer: the region that is left takes no writes any more when its traffic moves, \
             so what stays there for a while is lost.",
            one.block
        );
        let help = "Remove the shift: all traffic moves at once. Or write writers = \"all\" there if all \
                    regions may write.";
        let diagnostic = codes::STANDBY_TRAFFIC.error(detail).at(shift.span).help(help);
        reader.found.push(diagnostic.label(one.span, "has one writer"));
    }
    if dns.check.is_none() {
        let detail = "What gets the traffic is watched by the health check, and there is none.";
        let help = "Add health_check { type = \"HTTPS\" path = \"/health\" }.";
        reader.found.push(codes::NEEDED.error(detail).at(shift.span).help(help));
    }
}
