//! Outcomes of rules, and their table.

use std::fmt::Write as _;

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held in all cases.
    Held,
    /// It did not; the case and what was seen.
    Failed(String),
    /// It did not, for a reason that is the server's; why, and what was seen.
    Gap(String),
    /// There was nothing to try; why.
    NotApplicable(String),
}

/// A rule that a server is known to break for a kind: data, with the reason.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The kind.
    pub kind: &'static str,
    /// The server.
    pub server: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// What the server does wrong, as a sentence.
    pub why: &'static str,
    /// What the failure must say, so that no other failure hides behind the gap.
    pub says: &'static str,
    /// What the gap makes the suite leave on the server; empty for nothing.
    pub leaves: &'static str,
}

/// The outcomes of one kind on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The kind.
    pub kind: &'static str,
    /// The server.
    pub server: String,
    /// The rules in their order, and what came of each.
    pub rows: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// One line for each rule that did not hold.
    pub fn failures(&self) -> Vec<String> {
        let failed = |(rule, outcome): &(&str, Outcome)| match outcome {
            Outcome::Failed(text) => {
                Some(format!("{} on {}: {rule}: {text}", self.kind, self.server))
            }
            Outcome::Held | Outcome::Gap(_) | Outcome::NotApplicable(_) => None,
        };
        self.rows.iter().filter_map(failed).collect()
    }

    /// Turns failures that are a server's known gaps into gaps; a gap that is none any more fails.
    pub fn excuse(&mut self, gaps: &[Gap]) {
        let (kind, server) = (self.kind, self.server.clone());
        let known = |rule| {
            let fits = |gap: &&Gap| gap.kind == kind && gap.server == server && gap.rule == rule;
            gaps.iter().find(fits)
        };
        for (rule, outcome) in &mut self.rows {
            let Some(gap) = known(*rule) else { continue };
            match outcome {
                Outcome::Failed(text) if text.contains(gap.says) => {
                    *outcome = Outcome::Gap(format!("{} ({text})", gap.why));
                }
                Outcome::Failed(_) => {}
                Outcome::Held | Outcome::Gap(_) | Outcome::NotApplicable(_) => {
                    let text = format!("it is listed as a gap, but holds: {}", gap.why);
                    *outcome = Outcome::Failed(text);
                }
            }
        }
    }
}

/// Kinds × rules × servers: the rules by number, a row for each report; below, what failed and
/// why the rest did not apply.
pub fn table(reports: &[Report]) -> String {
    let rules: Vec<&str> =
        reports.first().map(|r| r.rows.iter().map(|(rule, _)| *rule).collect()).unwrap_or_default();
    let heads: Vec<String> = reports.iter().map(|r| format!("{} {}", r.kind, r.server)).collect();
    let first = heads.iter().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (i, rule) in rules.iter().enumerate() {
        let _infallible = writeln!(text, "{:2} {rule}", i + 1);
    }
    let _infallible = write!(text, "{:first$}", "");
    for i in 1..=rules.len() {
        let _infallible = write!(text, " {i:>6}");
    }
    text.push('\n');
    for (report, head) in reports.iter().zip(&heads) {
        let _infallible = write!(text, "{head:first$}");
        for (_, outcome) in &report.rows {
            let word = match outcome {
                Outcome::Held => "held",
                Outcome::Failed(_) => "FAILED",
                Outcome::Gap(_) => "gap",
                Outcome::NotApplicable(_) => "-",
            };
            let _infallible = write!(text, " {word:>6}");
        }
        text.push('\n');
    }
    for report in reports {
        for (rule, outcome) in &report.rows {
            let (word, why) = match outcome {
                Outcome::Held => continue,
                Outcome::Failed(why) => ("FAILED", why),
                Outcome::Gap(why) => ("gap", why),
                Outcome::NotApplicable(why) => ("-", why),
            };
            let _infallible =
                writeln!(text, "{word} {} {}: {rule}: {why}", report.kind, report.server);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome) -> Report {
        Report { kind: "k", server: "s".into(), rows: vec![("r", outcome)] }
    }

    #[test]
    fn a_gap_excuses_what_it_says_and_nothing_else() {
        let gap =
            Gap { kind: "k", server: "s", rule: "r", why: "it forgets", says: "gone", leaves: "" };
        let excused = |outcome| {
            let mut report = report(outcome);
            report.excuse(&[gap]);
            report
        };
        let known = excused(Outcome::Failed("it is gone".into()));
        assert_eq!(known.rows[0].1, Outcome::Gap("it forgets (it is gone)".into()));
        assert!(table(&[known]).contains("gap k s: r: it forgets (it is gone)"));
        assert_eq!(excused(Outcome::Failed("it is late".into())).failures().len(), 1);
        assert_eq!(excused(Outcome::Held).failures().len(), 1, "a gap that is none any more");
    }
}
