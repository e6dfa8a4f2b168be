//! What operators ask of a run that is under way: taken between steps, and kept in its journal, so that
//! who goes on with the run knows it.

use std::collections::BTreeMap;

use lifeboat_sdk::Value;
use lifeboat_state::journal::{Frame, Intent, Outcome, StepId, StepResult};
use lifeboat_state::request::{Request, What};

use super::document::{load, store};

/// What the name of a request's step in the journal begins with.
const STEP: &str = "request-";

/// A request that a run took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its number in the log.
    pub number: u64,
    /// What was asked.
    pub what: What,
    /// The step that was meant.
    pub step: Option<String>,
    /// The regions of which it was attested that they cannot write.
    pub attested: Vec<String>,
    /// How much loss was accepted.
    pub accepted_loss: Option<String>,
    /// Since when the region that is left takes no writes, RFC 3339.
    pub since: Option<String>,
    /// Whether the files stay as they are.
    pub no_edit: bool,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub who: String,
    /// When it was taken, RFC 3339.
    pub at: String,
    /// What is done now, as a sentence.
    pub how: String,
}

impl Taken {
    /// A request that is taken now.
    pub fn new(number: u64, request: Request, at: String, how: String) -> Self {
        let Request { what, step, attested, accepted_loss, since, no_edit, reason, who, .. } =
            request;
        Self { number, what, step, attested, accepted_loss, since, no_edit, reason, who, at, how }
    }

    /// What is asked, with what it is about: `skip hook.vpn`.
    pub fn words(&self) -> String {
        match &self.step {
            Some(step) => format!("{} {step}", self.what.word()),
            None => self.what.word().to_owned(),
        }
    }

    /// What the journal keeps of it: a step of its own that is begun and ended at once.
    pub(super) fn frames(&self, token: String) -> [Frame; 2] {
        let step = StepId(format!("{STEP}{}", self.number));
        let texts = [
            ("what", Some(self.what.word())),
            ("step", self.step.as_deref()),
            ("accepted_loss", self.accepted_loss.as_deref()),
            ("since", self.since.as_deref()),
            ("reason", Some(&*self.reason)),
            ("who", Some(&*self.who)),
            ("at", Some(&*self.at)),
            ("how", Some(&*self.how)),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| text.map(|text| (name.into(), Value::string(text))));
        let attested = self.attested.iter().map(|region| Value::string(&**region)).collect();
        let told = Value::object(texts)
            .with("attested", Value::tuple(attested))
            .with("no_edit", Value::Bool(self.no_edit));
        let member = step.0.clone();
        let result = StepResult::Done { document: store(&told).ok() };
        let intent = Intent { step: step.clone(), token, members: Vec::new() };
        [Frame::Intent(intent), Frame::Outcome(Outcome { step, member, result })]
    }

    /// The request that a frame tells of.
    pub(super) fn of(frame: &Frame) -> Option<Self> {
        let Frame::Outcome(Outcome { step, result: StepResult::Done { document }, .. }) = frame
        else {
            return None;
        };
        let number = step.0.strip_prefix(STEP)?.parse().ok()?;
        let told = load(document.as_ref()?).ok()?;
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let attested = told.get("attested").and_then(Value::items).unwrap_or_default();
        let attested = attested.iter().filter_map(Value::as_str);
        Some(Self {
            number,
            what: What::of(&text("what")?)?,
            step: text("step"),
            attested: attested.map(str::to_owned).collect(),
            accepted_loss: text("accepted_loss"),
            since: text("since"),
            no_edit: told.get("no_edit").and_then(Value::as_bool).unwrap_or_default(),
            reason: text("reason").unwrap_or_default(),
            who: text("who").unwrap_or_default(),
            at: text("at").unwrap_or_default(),
            how: text("how").unwrap_or_default(),
        })
    }
}

/// What the requests that a run took amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    /// What is done about each, by its number.
    pub taken: BTreeMap<u64, String>,
    /// The request by which nothing more begins.
    pub paused: Option<Taken>,
    /// What the run goes on without, and why.
    pub skips: BTreeMap<String, String>,
    /// The request that ends the run.
    pub end: Option<Taken>,
}

impl Controls {
    /// As a journal tells it.
    pub fn replayed(frames: &[Frame]) -> Self {
        let mut controls = Self::default();
        for taken in frames.iter().filter_map(Taken::of) {
            controls.take(taken);
        }
        controls
    }

    /// Takes a request.
    pub(super) fn take(&mut self, taken: Taken) {
        self.taken.insert(taken.number, taken.how.clone());
        match taken.what {
            What::Pause => self.paused = Some(taken),
            What::Resume => self.paused = None,
            What::Skip => {
                self.skips.extend(taken.step.map(|step| (step, taken.reason)));
            }
            What::Retry => {}
            What::Abort | What::Ungraceful => self.end = Some(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use lifeboat_state::journal::RunId;

    use super::*;

    fn taken(number: u64, what: What, step: Option<&str>) -> Taken {
        let request = Request {
            id: "token".to_owned(),
            lineage: "lineage".to_owned(),
            run: RunId::new("run-1").unwrap(),
            epoch: 1,
            what,
            step: step.map(str::to_owned),
            attested: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
            accepted_loss: None,
            loss_bound: Some(60),
            since: Some("2026-11-20T12:00:00Z".to_owned()),
            no_edit: true,
            reason: "a \"reason\"\n".to_owned(),
            who: "ann@host".to_owned(),
            at: "2026-11-22T06:00:00Z".to_owned(),
        };
        Taken::new(number, request, "2026-11-22T06:00:01Z".to_owned(), "It is done.".to_owned())
    }

    fn replayed(all: &[Taken]) -> Controls {
        let frames = all.iter().flat_map(|taken| taken.frames("token".to_owned()));
        Controls::replayed(&frames.collect::<Vec<_>>())
    }

    #[test]
    fn the_journal_tells_each_request_as_it_was_taken() {
        for (number, what) in (1..).zip(What::ALL) {
            let taken = taken(number, what, (what == What::Skip).then_some("hook.vpn"));
            let frames = taken.frames("token".to_owned());
            assert_eq!(Taken::of(&frames[1]), Some(taken));
            assert_eq!(Taken::of(&frames[0]), None);
        }
    }

    #[test]
    fn who_goes_on_with_a_run_knows_what_was_asked_of_it() {
        let paused = taken(1, What::Pause, None);
        let skip = taken(2, What::Skip, Some("hook.vpn"));
        let controls = replayed(&[paused.clone(), skip.clone()]);
        assert_eq!(controls.paused, Some(paused.clone()));
        assert_eq!(controls.skips["hook.vpn"], skip.reason);
        assert_eq!(controls.end, None);
        let abort = taken(4, What::Abort, None);
        let controls = replayed(&[paused, skip, taken(3, What::Resume, None), abort.clone()]);
        assert_eq!((controls.paused, controls.end), (None, Some(abort)));
        assert_eq!(controls.taken.into_keys().collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}
