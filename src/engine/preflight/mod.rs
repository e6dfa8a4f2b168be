//! Preflight: what a promotion would need, in separate checks, each with a code (docs/preflight.md).
//!
//! [`facts()`] gathers what the checks judge by; the checks are pure. Nothing that could not be found
//! out is taken for well: it is `unknown` (design.md, section 9; domain.md C3.16).

mod credentials;
mod data;
mod dns;
mod facts;
mod fence;
mod gate;
mod reach;
mod record;
mod run;
mod time;

use lifeboat_sdk::{Name, Span};

pub use facts::{Facts, Given, Held, facts};
pub use gate::{Asked, Position};

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is as the promotion needs it.
    Pass,
    /// It could not be found out.
    Unknown,
    /// The promotion would fail by it, or miss its objective.
    Fail,
}

impl Verdict {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }
}

/// A check that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `preflight::what`
    pub code: &'static str,
    /// The block, object or provider that it is about, where there are several.
    pub about: Option<String>,
    /// Where that is declared.
    pub span: Option<Span>,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found, as sentences.
    pub message: String,
    /// What to do.
    pub fix: Option<String>,
}

/// What a check found, of one thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    about: Option<String>,
    span: Option<Span>,
    verdict: Verdict,
    message: String,
    fix: Option<String>,
}

impl Finding {
    fn pass(message: impl Into<String>) -> Self {
        Self { about: None, span: None, verdict: Verdict::Pass, message: message.into(), fix: None }
    }

    fn unknown(message: impl Into<String>, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into()).filter(|fix| !fix.is_empty());
        Self { verdict: Verdict::Unknown, fix, ..Self::pass(message) }
    }

    fn fail(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::unknown(message, fix) }
    }

    fn about(self, what: impl ToString) -> Self {
        Self { about: Some(what.to_string()), ..self }
    }

    fn at(self, span: impl Into<Option<Span>>) -> Self {
        Self { span: span.into(), ..self }
    }
}

/// A check: what it finds of each thing that it is about; of none where it does not apply.
pub(super) type Judge = fn(&Facts<'_>) -> Vec<Finding>;

/// All checks by their codes, in the order in which they are told.
pub(super) const CHECKS: [(&str, Judge); 21] = [
    (PLAN, run::plan),
    ("preflight::files_current", run::files_current),
    ("preflight::primary_editable", run::primary_editable),
    ("preflight::lock_free", run::lock_free),
    ("preflight::no_open_run", run::no_open_run),
    ("preflight::state_current", record::state_current),
    ("preflight::role_records", record::role_records),
    (PRIMARY, reach::primary),
    (TARGET, reach::target),
    ("preflight::steps", reach::steps),
    ("preflight::credentials", credentials::places),
    ("preflight::session", credentials::session),
    (FENCE, fence::places),
    ("preflight::target_owes_nothing", fence::owed),
    (RULE, data::rule),
    (LAG, data::lag),
    ("preflight::target_drift", data::drift),
    (TTL, dns::ttl),
    ("preflight::dns_switch", dns::switch),
    ("preflight::gate", gate::stands),
    ("preflight::time", time::predicted),
];

const PRIMARY: &str = "preflight::primary_reachable";
/// The check whether the promotion can be planned.
pub const PLAN: &str = "preflight::plan";
/// The check whether the region that would take over answers.
pub const TARGET: &str = "preflight::target_reachable";
const FENCE: &str = "preflight::fence";
const RULE: &str = "preflight::replication_rule";
/// The check how far the target is behind.
pub const LAG: &str = "preflight::replication_lag";
const TTL: &str = "preflight::dns_ttl";

/// The checks that a graceful promotion must pass: it is there to lose nothing. The others are about
/// the day on which the primary is gone, or are refused by planning itself.
pub const GATES: [&str; 6] = [PRIMARY, TARGET, FENCE, RULE, LAG, TTL];

/// The checks of what copies to the target, by which a promotion that was begun by hand does not go.
pub const COPIES: [&str; 2] = [RULE, LAG];

/// What came of a preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// When, RFC 3339.
    pub created: String,
    /// The primary.
    pub from: Name,
    /// The region that would become it.
    pub to: Name,
    /// The epoch that it would leave.
    pub epoch: u64,
    /// All checks that apply.
    pub checks: Vec<Check>,
}

/// Makes all checks.
pub fn preflight(facts: &Facts<'_>) -> Preflight {
    let made = |(code, judge): (&'static str, Judge)| {
        judge(facts).into_iter().map(move |found| {
            let Finding { about, span, verdict, message, fix } = found;
            Check { code, about, span, verdict, message, fix }
        })
    };
    Preflight {
        created: facts.plan.created.clone(),
        from: facts.from.name.clone(),
        to: facts.to.name.clone(),
        epoch: facts.state.epoch,
        checks: CHECKS.into_iter().flat_map(made).collect(),
    }
}

impl Preflight {
    /// How many checks came to this.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    /// The worst that any check came to.
    pub fn worst(&self) -> Verdict {
        self.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Pass)
    }

    /// What keeps a graceful promotion from being begun (design.md, section 9: what is unknown does,
    /// too), but for checks that the operator says to ignore, by their names or as `all`.
    pub fn stops(&self, ignored: &[String]) -> Vec<&Check> {
        let ignores = |check: &Check| {
            let name = check.code.trim_start_matches("preflight::");
            ignored.iter().any(|i| i == "all" || i == name || *i == check.code)
        };
        let stops = |check: &&Check| {
            let gate = GATES.contains(&check.code) && !ignores(check);
            gate && check.verdict != Verdict::Pass
        };
        self.checks.iter().filter(stops).collect()
    }

    /// `17 passed, 1 failed, 2 unknown`
    pub fn counts(&self) -> String {
        let [passed, failed, unknown] =
            [Verdict::Pass, Verdict::Fail, Verdict::Unknown].map(|verdict| self.count(verdict));
        format!("{passed} passed, {failed} failed, {unknown} unknown")
    }
}
