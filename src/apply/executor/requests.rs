//! What the event loop does with the requests of operators: it looks for them between steps.
//!
//! A look is one listing, and a read for each request that is new. There is one before each wave of steps
//! and one every few seconds while nothing may begin, in promotions only.

use std::collections::BTreeSet;
use std::time;

use lifeboat_state::request::{Answer, Open, Request, Unread, What};
use tokio::time::{Instant, sleep_until};

use super::wait::changed;
use super::{Executor, Halt, PROGRESS, Work, chain, unrecorded};
use crate::apply::act::Deed;
use crate::apply::ready::Status;
use crate::apply::request::Taken;
use crate::event::{Event, Requested};
use crate::plan::loss::grown;
use crate::plan::promotion::Mode;
use crate::plan::{Act, Promotion, Step, StepId};
use crate::topology::duration::Duration;

/// How often requests are looked for while no step begins.
const LOOK: time::Duration = time::Duration::from_secs(2);

/// What the event loop knows of requests.
#[derive(Default)]
pub(super) struct Known {
    /// When they were looked for last.
    listened: Option<Instant>,
    /// Those that are answered.
    answered: BTreeSet<u64>,
    /// When it was told last that the run is paused.
    told: Option<Instant>,
}

impl Executor<'_> {
    /// Whether nothing more begins, though nothing ended the run.
    pub(super) fn is_paused(&self) -> bool {
        self.controls.paused.is_some() && self.halt.is_none()
    }

    /// When requests are looked for, though nothing happens.
    pub(super) fn next_look(&self) -> Option<Instant> {
        // Those that come after the one that ends the run hear that it is too late.
        let over = self.halt.as_ref().is_some_and(|halt| !matches!(halt, Halt::Asked(_)));
        let listens = self.run.plan.promotion.is_some() && !over;
        listens.then(|| self.requests.listened.map_or_else(Instant::now, |at| at + LOOK))
    }

    /// Looks for requests where a step may begin, or it is time, and takes those that are for this run.
    /// That they cannot be read keeps nothing from being done.
    pub(super) async fn listen(&mut self) {
        let Some(next) = self.next_look() else { return };
        let begins =
            self.controls.paused.is_none() && self.halt.is_none() && self.ready.may_start();
        if !begins && Instant::now() < next {
            return;
        }
        self.requests.listened = Some(Instant::now());
        let requests = self.run.backend.requests();
        let open = match requests.open(&self.requests.answered).await {
            Ok(open) => open,
            Err(error) => {
                tracing::info!(error = chain(&error), "requests could not be read");
                return;
            }
        };
        let mut answers = Vec::new();
        for Open { number, request } in open {
            answers.push((number, self.answer(number, request)));
        }
        // Whoever waits for an answer hears of what is durable.
        if answers.is_empty() || !self.record(false).await {
            return;
        }
        // Another machine that goes on from here knows it, too.
        if answers.iter().any(|(_, it)| it.taken) && !self.copy().await {
            return;
        }
        for (number, answer) in answers {
            match requests.answer(number, &answer).await {
                Ok(()) => drop(self.requests.answered.insert(number)),
                Err(error) => tracing::info!(error = chain(&error), "an answer was not kept"),
            }
        }
        self.cut();
    }

    /// Waits while the run is paused: it holds the lock, and ends where that is lost.
    pub(super) async fn rest(&mut self) {
        let next = self.next_look().unwrap_or_else(|| Instant::now() + LOOK);
        tokio::select! {
            biased;
            open = changed(self.interrupt.as_mut()) => {
                if open { self.interrupted() } else { self.interrupt = None }
            }
            () = sleep_until(next) => {}
        }
        if self.halt.is_none()
            && let Err(error) = self.recorder.hold().await
        {
            self.unrecorded(Box::new(unrecorded(&self.run.id, &chain(&error))));
        }
    }

    /// Tells once in a while that the run is paused.
    pub(super) fn tell_paused(&mut self) {
        let Some(paused) = self.controls.paused.as_ref().filter(|_| self.halt.is_none()) else {
            self.requests.told = None;
            return;
        };
        if self.requests.told.is_some_and(|told| told.elapsed() < PROGRESS) {
            return;
        }
        self.requests.told = Some(Instant::now());
        self.run.events.event(Event::Paused {
            by: paused.who.clone(),
            since: paused.at.clone(),
            reason: paused.reason.clone(),
            running: self.running.len(),
        });
    }

    /// What becomes of a request.
    fn answer(&mut self, number: u64, request: Result<Request, Unread>) -> Answer {
        let at = (self.run.now)();
        if let Some(how) = self.controls.taken.get(&number) {
            // An earlier process of this run took it, and did not come to say so.
            return Answer { taken: true, how: how.clone(), at };
        }
        let request = match request {
            Ok(request) => request,
            Err(why) => {
                let how = format!("It is not taken: {why}.");
                self.news.push(Event::Requested(Requested {
                    number,
                    request: None,
                    taken: false,
                    how: how.clone(),
                }));
                return Answer { taken: false, how, at };
            }
        };
        let judged = self.is_for_us(&request).and_then(|()| self.judge(&request));
        let (taken, how) = match judged {
            Ok(how) => (true, how),
            Err(why) => (false, why),
        };
        if taken {
            let token = request.id.clone();
            let taken = Taken::new(number, request.clone(), at.clone(), how.clone());
            self.recorder.add(taken.frames(token));
            self.current.asked(&taken);
            self.controls.take(taken);
        }
        let request = Some(Box::new(request));
        self.news.push(Event::Requested(Requested { number, request, taken, how: how.clone() }));
        Answer { taken, how, at }
    }

    /// Whether a request was made for this run.
    fn is_for_us(&self, request: &Request) -> Result<(), String> {
        let (run, state) = (&self.run.id, &self.run.state);
        let epoch = self.run.plan.promotion.as_ref().map_or(state.epoch, |it| it.epoch);
        if request.run == *run && request.lineage == state.lineage && request.epoch == epoch {
            return Ok(());
        }
        Err(format!(
            "It is not taken: it was made for run {} in epoch {}, and this is run {run} in epoch {epoch}.",
            request.run, request.epoch
        ))
    }

    /// What is done about a request of this run, or why nothing is.
    fn judge(&mut self, request: &Request) -> Result<String, String> {
        let Some(promotion) = &self.run.plan.promotion else {
            return Err("It is not taken: this run makes no region the primary.".to_owned());
        };
        if let Some(end) = &self.controls.end {
            return Err(format!("It is too late: {} has ended the run.", end.words()));
        }
        match request.what {
            What::Pause => match &self.controls.paused {
                Some(by) => Err(format!("It is paused already, by {} at {}.", by.who, by.at)),
                None => Ok("Paused: what runs ends, and nothing more begins before \
                            `lifeboat promote -resume`."
                    .to_owned()),
            },
            What::Resume => match &self.controls.paused {
                Some(by) => Ok(format!("Goes on: it was paused by {} at {}.", by.who, by.at)),
                None => Err("It is not paused.".to_owned()),
            },
            What::Skip => match self.leaves(request, promotion) {
                Some(judged) => judged,
                None => self.skip(request.step.as_deref().unwrap_or_default()),
            },
            What::Retry => self.retry(request.step.as_deref()),
            What::Abort => self.early(promotion).map(|()| {
                format!("The run ends, and the promotion of {} is given up.", promotion.to)
            }),
            What::Ungraceful => {
                if promotion.mode() == Mode::Ungraceful {
                    return Err("It is ungraceful already.".to_owned());
                }
                self.early(promotion)?;
                if promotion.approvals > 0 {
                    return Err(
                        "It is not taken: nobody has signed a plan without that region.".to_owned()
                    );
                }
                if request.attested.iter().all(|region| **region != *promotion.from)
                    || request.accepted_loss.is_none()
                {
                    return Err(format!(
                        "It is not taken: nobody attests that {} cannot write, and accepts what is lost.",
                        promotion.from
                    ));
                }
                within(request, &(self.run.now)())?;
                Ok(format!(
                    "The run ends, and the promotion of {} is planned anew without {}.",
                    promotion.to, promotion.from
                ))
            }
        }
    }

    /// Whether there is a way back: the claim has not begun.
    fn early(&self, promotion: &Promotion) -> Result<(), String> {
        let begun = |step: &Step| {
            let waits = [Status::Waiting, Status::Ready];
            let status = self.ready.status(step.id);
            status.is_some_and(|s| !waits.contains(&s) && !matches!(s, Status::Blocked(_)))
        };
        if self.run.plan.final_steps().any(begun) {
            return Err(format!(
                "It is too late: the claim of {} has begun, and from there on there is only forward.",
                promotion.to
            ));
        }
        Ok(())
    }

    /// The steps that a name stands for: what they are about, or an object that they change.
    fn named(&self, name: &str) -> Vec<&Step> {
        let changes = &self.run.plan.changes;
        let is = |step: &&Step| {
            step.task.as_ref().is_some_and(|task| *task.about == *name)
                || step.members.iter().any(|member| {
                    changes.get(member.change).is_some_and(|it| it.address.to_string() == name)
                })
        };
        self.run.plan.steps.iter().filter(is).collect()
    }

    fn skip(&mut self, name: &str) -> Result<String, String> {
        let may = |step: &&Step| step.act.is_some_and(Act::may_be_skipped);
        let steps: Vec<StepId> = self.named(name).into_iter().filter(may).map(|s| s.id).collect();
        if steps.is_empty() {
            return Err(format!("The promotion cannot go on without {name:?}."));
        }
        if steps.iter().all(|step| self.ready.status(*step) == Some(Status::Done)) {
            return Err(format!("It is too late: {name} is done."));
        }
        for step in steps {
            self.again(step);
        }
        Ok(format!("The promotion goes on without {name}."))
    }

    fn retry(&mut self, name: Option<&str>) -> Result<String, String> {
        let failed = |step: &&Step| self.ready.status(step.id) == Some(Status::Failed);
        let steps: Vec<StepId> = match name {
            Some(name) => self.named(name).into_iter().filter(failed).map(|s| s.id).collect(),
            None => self.run.plan.steps.iter().filter(failed).map(|step| step.id).collect(),
        };
        if steps.is_empty() {
            return Err("Nothing that is meant has failed in this run.".to_owned());
        }
        for step in &steps {
            self.again(*step);
        }
        Ok(match self.controls.paused {
            Some(_) => "What failed runs again when the promotion is gone on with.".to_owned(),
            None => "What failed runs again.".to_owned(),
        })
    }

    /// Lets a step that failed begin once more, and forgets what was told of its failure.
    fn again(&mut self, step: StepId) {
        if self.ready.retry(step) {
            self.diagnostics.retain(|(of, _)| *of != step);
            self.report.retain(|(of, _), _| *of != step);
        }
    }

    /// Ends what only looks, where it is not waited for any more: a proof that cannot end would keep its
    /// own end from being taken.
    pub(super) fn cut(&mut self) {
        if self.controls.end.is_some() && self.halt.is_none() {
            self.halt = self.controls.end.clone().map(|end| Halt::Asked(Box::new(end)));
        }
        let ends = matches!(self.halt, Some(Halt::Asked(_)));
        for (step, running) in &self.running {
            let Work::Act(deed) = &running.work else { continue };
            if deed.act.only_looks()
                && (ends || self.left_out(deed).is_some())
                && let Some(task) = self.looking.get(step)
            {
                task.abort();
            }
        }
    }

    /// Why a step is left out that changes no object, where an operator says so.
    pub(super) fn left_out(&self, deed: &Deed) -> Option<&str> {
        let why = self.controls.skips.get(&*deed.task.about);
        why.filter(|_| deed.act.may_be_skipped()).map(String::as_str)
    }
}

/// Whether no more may be lost by now than was accepted.
fn within(request: &Request, now: &str) -> Result<(), String> {
    let Some(said) = request.accepted_loss.as_deref().filter(|said| *said != "unknown") else {
        return Ok(());
    };
    let most =
        Duration::parse(said).map_err(|error| format!("It is not taken: {said:?}: {error}."))?;
    let bound = match (&request.since, request.loss_bound) {
        (_, None) => None,
        // What was written after that is not lost with it.
        (Some(_), bound) => bound,
        (None, Some(bound)) => grown(bound, &request.at, now),
    };
    match bound {
        Some(bound) if bound <= most.seconds => Ok(()),
        Some(bound) => Err(format!(
            "It is not taken: up to {bound} s of writes may be lost by now, and at most {said} is accepted."
        )),
        None => Err(format!(
            "It is not taken: it is unknown how much may be lost, and at most {said} is accepted."
        )),
    }
}
