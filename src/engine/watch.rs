//! What is believed of the primary after many looks at it: with a threshold before it is called
//! silent, and with hysteresis before it is called back. Pure.

use jiff::Timestamp;
use lifeboat_sdk::{Class, Failure};

use super::guard::Said;
use super::shelves::Unreadable;

/// What one look saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The primary answers.
    Answers,
    /// It does not, and another region does; why.
    Silent(String),
    /// Nobody can tell: no region answers, so that it may be the one who looks that is cut off, or
    /// nothing could be asked; why.
    Blind(String),
}

/// How many looks it takes to change an opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Looks in a row that see the same, until the primary is called silent, or nobody can tell.
    pub threshold: u32,
    /// Looks in a row at which it answers, until one that was silent is called back.
    pub recovery: u32,
}

/// What is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Opinion {
    /// Nothing yet.
    #[default]
    None,
    /// The primary answers.
    Well,
    /// It does not, since then.
    Silent(Timestamp),
    /// Nobody can tell.
    Blind,
}

/// An opinion that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The primary answers: at first, or after nobody could tell.
    Answers,
    /// It is silent.
    Silent {
        /// Since the first look that saw so.
        since: Timestamp,
        /// What the last look saw.
        why: String,
    },
    /// It answers again.
    Back {
        /// Since when it was silent.
        since: Timestamp,
    },
    /// Nobody can tell.
    Blind {
        /// What the last look saw.
        why: String,
    },
}

/// What is believed of one primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    patience: Patience,
    opinion: Opinion,
    /// What the last looks saw in a row: how many, and when the first was.
    row: Option<(Row, u32, Timestamp)>,
}

/// What looks in a row have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Answers,
    Silent,
    Blind,
}

impl Watch {
    /// Before the first look.
    pub fn new(patience: Patience) -> Self {
        Self { patience, opinion: Opinion::None, row: None }
    }

    /// Takes in what a look saw; the opinion, where it changes by that.
    pub fn see(&mut self, at: Timestamp, sight: &Sight) -> Option<Change> {
        let seen = match sight {
            Sight::Answers => Row::Answers,
            Sight::Silent(_) => Row::Silent,
            Sight::Blind(_) => Row::Blind,
        };
        let (count, since) = match self.row {
            Some((row, count, since)) if row == seen => (count.saturating_add(1), since),
            _ => (1, at),
        };
        self.row = Some((seen, count, since));
        let Patience { threshold, recovery } = self.patience;
        let (opinion, change) = match (sight, self.opinion) {
            (Sight::Answers, Opinion::None | Opinion::Blind) => (Opinion::Well, Change::Answers),
            (Sight::Answers, Opinion::Silent(since)) if count >= recovery => {
                (Opinion::Well, Change::Back { since })
            }
            (Sight::Silent(why), Opinion::None | Opinion::Well | Opinion::Blind)
                if count >= threshold =>
            {
                (Opinion::Silent(since), Change::Silent { since, why: why.clone() })
            }
            // Who was seen to be silent is not seen to be back by those who see nothing.
            (Sight::Blind(why), Opinion::None | Opinion::Well) if count >= threshold => {
                (Opinion::Blind, Change::Blind { why: why.clone() })
            }
            _ => return None,
        };
        self.opinion = opinion;
        Some(change)
    }
}

/// The primary and the epoch that the records name which can be read: the highest epoch holds.
pub fn primary(said: &[Said]) -> Option<(&str, u64)> {
    let records = said.iter().filter_map(|said| said.record.as_ref().ok());
    records.max_by_key(|record| record.epoch).map(|record| (&*record.primary, record.epoch))
}

/// What one look at all records saw of a region.
pub fn sight(region: &str, said: &[Said]) -> Sight {
    let (mine, others): (Vec<&Said>, Vec<&Said>) =
        said.iter().partition(|said| *said.region == *region);
    let Some(mine) = mine.first() else {
        return Sight::Blind(format!("{region} holds no role record that could be read"));
    };
    let why = match answer(mine) {
        Answer::Given => return Sight::Answers,
        Answer::None(why) => why,
        Answer::NotAsked(why) => return Sight::Blind(why),
    };
    let heard = others.iter().any(|other| matches!(answer(other), Answer::Given));
    if heard { Sight::Silent(why) } else { Sight::Blind(format!("no region answers: {why}")) }
}

/// Whether a region answered.
enum Answer {
    /// With what was asked for, or with an error of its own.
    Given,
    /// No; why.
    None(String),
    /// It could not be asked; why.
    NotAsked(String),
}

fn answer(said: &Said) -> Answer {
    let failure: &Failure = match &said.record {
        Ok(_) | Err(Unreadable::Missing { .. } | Unreadable::NoRecord { .. }) => {
            return Answer::Given;
        }
        Err(Unreadable::Failed(failure)) => failure,
    };
    match failure.class {
        Class::Refused | Class::Unreachable | Class::NotTried | Class::TooSlow | Class::Garbled => {
            Answer::None(failure.to_string())
        }
        Class::Credentials | Class::Interrupted => Answer::NotAsked(failure.to_string()),
        Class::NotFound
        | Class::Exists
        | Class::Conflict
        | Class::Throttled
        | Class::Denied
        | Class::Invalid
        | Class::Other => Answer::Given,
    }
}

/// What people are told elsewhere, by a command or a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `silent`, `back`
    pub event: &'static str,
    /// The topology.
    pub topology: String,
    /// The region that is silent, or was.
    pub region: String,
    /// The epoch in which it is the primary.
    pub epoch: u64,
    /// Since when.
    pub since: Timestamp,
    /// The standby that would take over.
    pub target: String,
    /// What the last look saw.
    pub why: Option<String>,
    /// What was seen of the last canary, where there is one.
    pub canary: Option<String>,
    /// What a preflight found: its verdict, its counts, and the checks that did not pass.
    pub preflight: Option<Judged>,
    /// What to type.
    pub command: Option<String>,
}

/// What a preflight found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// `pass`, `fail`, `unknown`; `none` where it could not be made.
    pub verdict: &'static str,
    /// A sentence.
    pub summary: String,
    /// The codes of the checks that did not pass.
    pub not_passed: Vec<String>,
}

impl Notice {
    /// A sentence or two for people.
    pub fn message(&self) -> String {
        let Self { region, epoch, since, target, .. } = self;
        if self.event == BACK {
            return format!(
                "{region} answers again. It was silent since {since}, and is still the primary, in \
                 epoch {epoch}."
            );
        }
        let preflight = self.preflight.as_ref().map(|it| {
            let codes = it.not_passed.join(", ");
            let codes = if codes.is_empty() { codes } else { format!(" ({codes})") };
            format!(" Preflight of {target}: {}{codes}", it.summary)
        });
        let command = self.command.as_ref();
        let command = command.map(|command| format!(" To promote {target}: {command}"));
        let canary = self.canary.as_ref().map(|canary| format!(" {canary}"));
        format!(
            "{region} is silent since {since}.{}{}{}",
            canary.unwrap_or_default(),
            preflight.unwrap_or_default(),
            command.unwrap_or_default()
        )
    }

    /// All of it by name, for environments and bodies.
    pub fn facts(&self) -> impl Iterator<Item = (&'static str, String)> {
        let preflight = self.preflight.as_ref();
        let all = [
            ("event", Some(self.event.to_owned())),
            ("message", Some(self.message())),
            ("topology", Some(self.topology.clone())),
            ("region", Some(self.region.clone())),
            ("epoch", Some(self.epoch.to_string())),
            ("since", Some(self.since.to_string())),
            ("target", Some(self.target.clone())),
            ("why", self.why.clone()),
            ("canary", self.canary.clone()),
            ("verdict", preflight.map(|it| it.verdict.to_owned())),
            ("preflight", preflight.map(|it| it.summary.clone())),
            ("not_passed", preflight.map(|it| it.not_passed.join(","))),
            ("command", self.command.clone()),
        ];
        all.into_iter().filter_map(|(name, fact)| Some((name, fact?)))
    }
}

/// The event of a primary that does not answer.
pub const SILENT: &str = "silent";
/// The event of one that answers again.
pub const BACK: &str = "back";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh::record::RoleRecord;

    const PATIENCE: Patience = Patience { threshold: 3, recovery: 2 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// What changed at which look: `a` answers, `s` silent, `b` nobody can tell.
    fn watched(looks: &str) -> Vec<(i64, Change)> {
        let mut watch = Watch::new(PATIENCE);
        let see = |(second, look): (usize, char)| {
            let why = || "why".to_owned();
            let sight = match look {
                'a' => Sight::Answers,
                's' => Sight::Silent(why()),
                _ => Sight::Blind(why()),
            };
            let second = i64::try_from(second).unwrap();
            watch.see(at(second), &sight).map(|change| (second, change))
        };
        looks.chars().enumerate().filter_map(see).collect()
    }

    fn silent(since: i64) -> Change {
        Change::Silent { since: at(since), why: "why".to_owned() }
    }

    #[test]
    fn a_primary_is_silent_after_looks_in_a_row_and_back_after_looks_in_a_row() {
        let back = Change::Back { since: at(3) };
        //                  0123456789…
        let told = watched("aaasssasaaaaa");
        assert_eq!(told, [(0, Change::Answers), (5, silent(3)), (9, back)]);
    }

    #[test]
    fn a_look_now_and_then_changes_nothing() {
        assert_eq!(watched("assassasassa"), [(0, Change::Answers)]);
        // It is told once, however long it lasts, and does not come back by one answer.
        assert_eq!(watched("sssssasasassssss"), [(2, silent(0))]);
    }

    #[test]
    fn who_sees_nothing_blames_nobody() {
        let blind = Change::Blind { why: "why".to_owned() };
        assert_eq!(watched("abbbbb"), [(0, Change::Answers), (3, blind.clone())]);
        assert_eq!(watched("ssbssbss"), []);
        assert_eq!(watched("bbba"), [(2, blind.clone()), (3, Change::Answers)]);
        // What was seen is still believed, and those looks are none at which it answers.
        assert_eq!(watched("sssbbbaba"), [(2, silent(0))]);
        assert_eq!(watched("bbbsss"), [(2, blind), (5, silent(3))]);
    }

    fn said(region: &str, record: Result<u64, Class>) -> Said {
        let record = match record {
            Ok(epoch) => Ok(RoleRecord {
                version: 1,
                lineage: "a-lineage".to_owned(),
                epoch,
                fenced: Vec::new(),
                primary: if epoch == 1 { "a" } else { "b" }.to_owned(),
            }),
            Err(class) => Err(Unreadable::Failed(Failure::new(class, "no answer"))),
        };
        Said { region: region.into(), record }
    }

    #[test]
    fn a_region_is_silent_only_where_another_one_answers() {
        let of = |a, b| sight("a", &[said("a", a), said("b", b)]);
        assert_eq!(of(Ok(1), Err(Class::Unreachable)), Sight::Answers);
        assert_eq!(of(Err(Class::Denied), Err(Class::Unreachable)), Sight::Answers);
        assert_eq!(of(Err(Class::Throttled), Ok(1)), Sight::Answers);
        for class in [Class::Unreachable, Class::Refused, Class::TooSlow, Class::NotTried] {
            assert!(matches!(of(Err(class), Ok(1)), Sight::Silent(_)), "{class:?}");
            // That it refuses us is an answer, too.
            assert!(matches!(of(Err(class), Err(Class::Denied)), Sight::Silent(_)), "{class:?}");
            assert!(matches!(of(Err(class), Err(class)), Sight::Blind(_)), "{class:?}");
        }
        assert!(matches!(of(Err(Class::Credentials), Ok(1)), Sight::Blind(_)));
        assert!(matches!(sight("a", &[said("b", Ok(1))]), Sight::Blind(_)));
    }

    #[test]
    fn the_highest_epoch_names_the_primary() {
        let records = [said("a", Ok(1)), said("b", Ok(2)), said("c", Err(Class::Unreachable))];
        assert_eq!(primary(&records), Some(("b", 2)));
        assert_eq!(primary(&records[2..]), None);
    }
}
