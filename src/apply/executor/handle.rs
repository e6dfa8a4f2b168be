//! What the event loop does when a task ended or told an id.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Attribute, Class, Diagnostic, Failure, Interrupt, Ownership, Present, Value};
use tokio::task::{Id, JoinError};
use tracing::Instrument as _;

use super::{Came, Executor, Halt, Running, Work, intent};
use crate::apply::ends::{End, diagnostic, record};
use crate::apply::mixed;
use crate::apply::outcome::Fate;
use crate::apply::prepare::{Item, Write, no_answer};
use crate::apply::ready::End as StepEnd;
use crate::apply::recorder::Told;
use crate::apply::settle::{Finding, Whole, whole};
use crate::apply::task::{Called, Patience, look, reading, silent};
use crate::event::Event;
use crate::plan::{Operation, Phase, StepId};

/// How often a step is tried whose call was lost and, as reading told, had no effect.
const ATTEMPTS: u32 = 3;
/// How often a scope is asked about what is in doubt there.
const ROUNDS: u32 = 2;
/// How long what is in doubt is looked for in the region that is left.
const HURRIED: Duration = Duration::from_secs(2);
/// Why a fence is in doubt whose call was answered.
const UNSEEN: &str = "the call was answered as done, and its effect is not seen";

impl Executor<'_> {
    /// An id that the API told: into the journal, and into what is known of the member.
    pub(super) fn identified(&mut self, told: Told) {
        let running = self.running.get_mut(&told.step);
        let known = |r: &&mut Running| r.items.iter().any(|item| item.name == told.member);
        // Nobody else's id is recorded; who told it hears that it is not.
        let Some(running) = running.filter(known) else { return };
        running.told.insert(told.member.clone(), told.id.clone());
        if matches!(self.halt, Some(Halt::Unrecorded(_))) {
            return;
        }
        self.recorder.identified(told);
    }

    pub(super) fn joined(&mut self, joined: Result<(Id, (StepId, Came)), JoinError>) {
        let cut = joined.as_ref().is_err_and(JoinError::is_cancelled);
        let (id, came) = match joined {
            Ok((id, (_, came))) => (id, Some(came)),
            Err(error) => (error.id(), None),
        };
        let Some(step) = self.owners.remove(&id) else { return };
        let Some(running) = self.running.remove(&step) else { return };
        self.looking.remove(&step);
        match (came, running.work.clone()) {
            (Some(Came::Wrote(called)), Work::Write(work)) => {
                self.wrote(step, &work, running, called);
            }
            (Some(Came::Looked(which, findings)), Work::Write(work)) => {
                self.looked(step, &work, running, &which, findings);
            }
            (Some(Came::Read(result)), _) => self.was_read(step, running, result),
            (Some(Came::Acted(result)), Work::Act(deed)) => {
                self.performed(step, &deed, &running, result);
            }
            // It only looked, and the run ends: who goes on looks again.
            (_, Work::Act(deed)) if cut && self.left_out(&deed).is_none() => {
                self.leave(step, running);
            }
            (_, Work::Act(deed)) => {
                let failure = no_answer("it ended without an answer");
                self.performed(step, &deed, &running, Err(failure));
            }
            // The task ended without an answer.
            (_, Work::Write(work)) if running.why.is_none() => {
                let text = format!("the call of {} ended without an answer", work.kind.name());
                let called =
                    running.items.iter().map(|_| Called::InDoubt(no_answer(&text))).collect();
                self.wrote(step, &work, running, called);
            }
            (_, Work::Write(_)) => self.leave(step, running),
            (_, Work::Read(_) | Work::Local) => {
                let failure = no_answer("the read ended without an answer");
                self.was_read(step, running, Err(failure));
            }
        }
    }

    fn was_read(&mut self, step: StepId, mut running: Running, result: Result<Value, Failure>) {
        running.ends = vec![Some(match result {
            Ok(value) => End::Done(Some(Present::new("", value))),
            Err(failure) => End::Failed { failure, half_made: None },
        })];
        self.conclude(step, running);
    }

    fn wrote(&mut self, step: StepId, work: &Arc<Write>, mut running: Running, all: Vec<Called>) {
        let fences = self.places_a_fence(step);
        for (i, called) in all.into_iter().enumerate() {
            let Some(item) = running.items.get(i) else { continue };
            if let Called::InDoubt(failure) = &called {
                running.why = Some(failure.clone());
            }
            running.ends[i] = End::of_call(&*work.kind, item, called);
            if fences && let Some(End::Done(Some(done))) = &running.ends[i] {
                running.answered.insert(i, done.object.clone());
                running.ends[i] = None;
                running.why.get_or_insert_with(|| Failure::new(Class::Other, UNSEEN));
            }
        }
        let doubtful: Vec<usize> =
            (0..running.ends.len()).filter(|i| running.ends[*i].is_none()).collect();
        if doubtful.is_empty() {
            self.conclude(step, running);
        } else if self.stopped() {
            self.leave(step, running);
        } else if work.kind.ownership() == Ownership::StateOnly {
            let findings = doubtful.iter().map(|_| Finding::NotDone).collect();
            self.looked(step, work, running, &doubtful, findings);
        } else {
            self.look(step, running, doubtful);
        }
    }

    /// Whether a step places a fence: in a promotion, by hand, or where it was owed. What it calls may say
    /// that it is done; it is done when it is seen, because nothing after it keeps writes out.
    fn places_a_fence(&self, step: StepId) -> bool {
        let Some(step) = self.step(step) else { return false };
        let mut changes = step.members.iter().filter_map(|m| self.run.plan.changes.get(m.change));
        let owed = &self.current.state.promotions.owed;
        step.phase == Phase::Fence || changes.any(|c| owed.contains_key(&c.address.to_string()))
    }

    /// Reads back what is in doubt.
    fn look(&mut self, step: StepId, running: Running, which: Vec<usize>) {
        let items: Vec<Item> = which
            .iter()
            .filter_map(|i| Some((i, running.items.get(*i)?)))
            .map(|(i, item)| {
                let mut item = item.clone();
                item.answered = running.answered.get(i).cloned();
                let told = running.told.get(&item.name);
                item.doubt.identified = told.map(|id| id.as_str().into());
                item
            })
            .collect();
        let (providers, interrupt) = (self.run.providers.clone(), self.run.session.interrupt());
        // A moment after a change was answered a read may still show what was there before.
        let late = !running.answered.is_empty();
        let patience = Patience { pause: self.run.confirm, rounds: ROUNDS, late };
        // Nobody waits long for a region that is left, and was silent just now.
        let hurried = items.iter().all(|item| self.run.session.hurries(&item.scope)) && !late;
        let task = async move {
            // With the budget of a refresh: a region that died meanwhile costs little more.
            let ctx = || reading(&providers, interrupt.clone(), Vec::new());
            let looks = look(&providers, &items, &ctx, patience);
            let findings = match hurried {
                true => tokio::time::timeout(HURRIED, looks).await,
                false => Ok(looks.await),
            };
            let silent = |_| items.iter().map(|item| silent(item, HURRIED)).collect();
            (step, Came::Looked(which, findings.unwrap_or_else(silent)))
        };
        let task = self.tasks.spawn(task.in_current_span());
        self.owners.insert(task.id(), step);
        self.running.insert(step, running);
    }

    fn looked(
        &mut self,
        step: StepId,
        work: &Arc<Write>,
        mut running: Running,
        which: &[usize],
        findings: Vec<Finding>,
    ) {
        let why = running.why.as_ref().map(ToString::to_string).unwrap_or_default();
        let known: Vec<Finding> = running
            .ends
            .iter()
            .filter(|end| matches!(end, Some(End::Done(_))))
            .map(|_| Finding::Done(None))
            .collect();
        let nothing =
            which.len() == running.items.len() && findings.iter().all(Finding::is_not_done);
        if whole(&findings.iter().chain(&known).collect::<Vec<_>>()) == Whole::Mixed {
            self.diagnostics.push((step, mixed(&running.items, &why)));
        }
        for (i, finding) in which.iter().zip(findings) {
            let Some(item) = running.items.get(*i) else { continue };
            running.ends[*i] = Some(match finding {
                Finding::Done(seen) if running.answered.contains_key(i) => End::Done(seen),
                finding => End::of_finding(&*work.kind, item, finding, &why),
            });
        }
        let interrupted = running.why.as_ref().is_some_and(|f| f.class == Class::Interrupted);
        let late = self.limit(step).is_some_and(|limit| running.since.elapsed() >= limit);
        if !nothing || interrupted || late || self.halt.is_some() || running.attempts >= ATTEMPTS {
            return self.conclude(step, running);
        }
        for (item, end) in running.items.iter().zip(&mut running.ends) {
            if let Some(end) = end.take() {
                self.recorder.add(record(step, item, &[], &end, None).frames);
            }
        }
        self.recorder.add([intent(self.env.plan, step, &running.items)]);
        running.attempts += 1;
        running.why = None;
        running.answered.clear();
        self.running.insert(step, running);
        self.again.push(step);
    }

    /// A step that is stopped: nothing is written, so the journal holds it in doubt.
    fn leave(&mut self, step: StepId, running: Running) {
        let why = running
            .why
            .as_ref()
            .map_or_else(|| "it was stopped while it ran".to_owned(), ToString::to_string);
        for (i, item) in running.items.iter().enumerate() {
            let end = running.ends[i].clone().unwrap_or_else(|| End::InDoubt(why.clone()));
            let fate = match end.fate() {
                // Not recorded, because the step as a whole is not.
                Fate::Done | Fate::NotTried(_) => Fate::InDoubt(why.clone()),
                fate @ (Fate::Failed(_) | Fate::InDoubt(_)) => fate,
            };
            let at = self.place(step, item);
            self.report.insert((step, at), (fate, running.since.elapsed()));
            self.tell(step, diagnostic(item, &End::InDoubt(why.clone())));
        }
        self.ready.finish(step, StepEnd::InDoubt);
    }

    /// A step ended: into the journal, into state, and on to what needs it.
    pub(super) fn conclude(&mut self, step: StepId, running: Running) {
        let elapsed = running.since.elapsed();
        let mut worst = StepEnd::Done;
        for (i, item) in running.items.iter().enumerate() {
            let Some(end) = running.ends.get(i).cloned().flatten() else { continue };
            let attributes = attributes(&running.work);
            let end = end.storable(item, attributes);
            let told = running.told.get(&item.name).map(String::as_str);
            let recorded = record(step, item, attributes, &end, told);
            self.recorder.add(recorded.frames);
            self.current.take(&item.member, recorded.id.as_deref(), &recorded.ended);
            let at = self.place(step, item);
            if end.step() == StepEnd::Done {
                self.made.entry(step).or_default().insert(at);
            }
            self.unsaved.push((step, at));
            self.report.insert((step, at), (end.fate(), elapsed));
            self.tell(step, diagnostic(item, &end));
            let (address, operation) = (item.address.clone(), item.member.operation);
            self.news.push(match end.failure() {
                None => Event::ApplyComplete { address, operation, id: recorded.id, elapsed },
                Some(failure) => Event::ApplyErrored { address, operation, failure, elapsed },
            });
            let kept = self.kept(step, item, &end);
            worst = match (worst, if kept { end.step() } else { StepEnd::Failed }) {
                (StepEnd::InDoubt, _) | (_, StepEnd::InDoubt) => StepEnd::InDoubt,
                (StepEnd::Failed, _) | (_, StepEnd::Failed) => StepEnd::Failed,
                (StepEnd::Done, StepEnd::Done) => StepEnd::Done,
            };
        }
        let left = worst != StepEnd::Done && self.leave_behind(step, &running);
        self.ready.finish(step, if left { StepEnd::Done } else { worst });
    }

    /// Whether a member that was made, changed or read meets its postconditions: what needs it is
    /// not tried otherwise.
    fn kept(&mut self, step: StepId, item: &Item, end: &End) -> bool {
        let operation = item.member.operation;
        let removes =
            matches!(operation, Operation::Delete | Operation::DeleteDeposed | Operation::Forget);
        if removes || end.step() != StepEnd::Done {
            return true;
        }
        let found = self.run.finalise.after(item.member.change, &self.current.objects);
        let kept = !found.has_errors();
        self.diagnostics.extend(found.0.into_iter().map(|told| (step, told)));
        kept
    }

    fn tell(&mut self, step: StepId, diagnostic: Option<Diagnostic>) {
        self.diagnostics.extend(diagnostic.map(|told| (step, told)));
    }

    /// The second interrupt: every task is dropped. What had ended by then is still recorded.
    pub(super) async fn abandon(&mut self) {
        self.halt = match self.halt.take() {
            Some(Halt::Unrecorded(why)) => Some(Halt::Unrecorded(why)),
            _ => Some(Halt::Interrupted(Interrupt::Stop)),
        };
        self.tasks.abort_all();
        while let Some(joined) = self.tasks.join_next_with_id().await {
            let stopped = joined.as_ref().is_err_and(JoinError::is_cancelled);
            if stopped && let Err(error) = joined {
                let step = self.owners.remove(&error.id());
                let running = step.and_then(|step| Some((step, self.running.remove(&step)?)));
                if let Some((step, running)) = running {
                    self.leave(step, running);
                }
                continue;
            }
            self.joined(joined);
        }
        for step in std::mem::take(&mut self.again) {
            if let Some(running) = self.running.remove(&step) {
                self.leave(step, running);
            }
        }
        self.record(false).await;
    }
}

fn attributes(work: &Work) -> &'static [Attribute] {
    match work {
        Work::Local | Work::Act(_) => &[],
        Work::Read(read) => read.source.schema().attributes,
        Work::Write(write) => write.kind.schema().attributes,
    }
}
