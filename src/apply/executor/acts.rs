//! What the event loop does with steps that change no object.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Ctx, Failure, Name, Severity, Value};
use lifeboat_state::journal::{Frame, Outcome, StepResult};
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::{Came, Executor, Running, Work, intent};
use crate::apply::act::Deed;
use crate::apply::document::store;
use crate::apply::ends::journal_step;
use crate::apply::ready::End as StepEnd;
use crate::apply::recorder::Sink;
use crate::event::Event;
use crate::plan::{Act, StepId, Task};

impl Executor<'_> {
    /// A step that changes no object and makes no call.
    pub(super) fn act(&mut self, id: StepId, act: Act) {
        let told = match act {
            Act::Approve => self.run.approval.clone().unwrap_or_else(|| Value::object([])),
            _ => Value::object([]),
        };
        self.passes(id, act, None, told);
    }

    /// What a hook is told besides: that approvers were missing, and why it was gone on without them. Hooks
    /// are how people elsewhere hear of a promotion.
    pub(super) fn telling(&self, deed: Arc<Deed>) -> Arc<Deed> {
        let last =
            self.run.plan.promotion.as_ref().and(self.current.state.promotions.last.as_ref());
        let approval = last.map(|last| &last.approval).filter(|it| it.contains_key("break_glass"));
        let facts = deed.task.arguments.get("facts").filter(|_| deed.act == Act::Hook);
        let Some((facts, approval)) = facts.zip(approval) else { return deed };
        let reason = Value::string(approval.get("reason").map_or("", String::as_str));
        let facts = facts.clone().with("break_glass", reason);
        let arguments = deed.task.arguments.clone().with("facts", facts);
        let task = Task { arguments, ..deed.task.clone() };
        Arc::new(Deed {
            task,
            kind: deed.kind.clone(),
            token: deed.token.clone(),
            root: deed.root.clone(),
            ..*deed
        })
    }

    /// Whether an operator goes on without this one; then it counts as done, and it is kept why.
    pub(super) fn skipped(&mut self, id: StepId, deed: &Deed) -> bool {
        let about = &deed.task.about;
        let Some(why) = self.left_out(deed) else { return false };
        let (told, said) = (skipped(why), format!("Left out: {why}"));
        self.news.push(Event::ActTold(about.clone(), said));
        self.passes(id, deed.act, None, told);
        true
    }

    /// Begun and ended in one append.
    fn passes(&mut self, id: StepId, act: Act, about: Option<Name>, told: Value) {
        let step = journal_step(id);
        let member = step.0.clone();
        let told = told.with("at", Value::string((self.run.now)()));
        let result = StepResult::Done { document: store(&told).ok() };
        self.recorder.add([intent(self.env.plan, id, &[])]);
        self.recorder.add([Frame::Outcome(Outcome { step, member, result })]);
        if let Some(step) = self.step(id) {
            self.current.act(step, &told);
        }
        self.news.push(Event::Acted { act, about, how: None, elapsed: Duration::ZERO });
        self.ready.finish(id, StepEnd::Done);
    }

    /// Begins a step that changes no object and takes its time.
    pub(super) fn perform(&mut self, step: StepId, deed: Arc<Deed>) -> AbortHandle {
        self.run.events.event(Event::ActStart(deed.act, deed.task.about.clone()));
        let sink = Sink::new(step, self.tell.clone(), self.run.crash.clone());
        let ctx = Ctx::writing(Arc::clone(&self.run.session), Arc::new(sink));
        let rehearsal = self.run.rehearsal.clone();
        let (about, says) = (deed.task.about.clone(), self.says.clone());
        let work = async move {
            // Nobody listens any more where the run has ended.
            let say = |text| drop(says.send(Event::ActTold(about.clone(), text)));
            let done = deed.perform(&ctx, rehearsal.as_deref(), &say).await;
            (step, Came::Acted(done))
        };
        self.tasks.spawn(work.in_current_span())
    }

    /// Who watches resolvers keeps nobody waiting where the promotion is held, or taken back.
    fn unwatched(&self) {
        for (step, running) in &self.running {
            if let Work::Act(deed) = &running.work
                && deed.act == Act::Resolve
                && let Some(task) = self.looking.get(step)
            {
                task.abort();
            }
        }
    }

    /// A step that changes no object ended. What may fail is told, and nothing waits for it.
    pub(super) fn performed(
        &mut self,
        step: StepId,
        deed: &Deed,
        running: &Running,
        result: Result<Value, Failure>,
    ) {
        let (act, about, elapsed) = (deed.act, &deed.task.about, running.since.elapsed());
        // An operator goes on without it, as it turned out while it ran.
        let result = result.or_else(|why| self.left_out(deed).map(skipped).ok_or(why));
        if let Err(why) = &result {
            let mut found = deed.failed(why);
            if deed.task.optional {
                found.severity = Severity::Warning;
            }
            self.diagnostics.push((step, found));
        }
        let ended = match result {
            Err(why) if deed.task.optional => {
                Ok(Value::object([("failed".into(), Value::string(why.to_string()))]))
            }
            other => other,
        };
        let (result, end) = match ended {
            Ok(told) => {
                let told = told.with("at", Value::string((self.run.now)()));
                if let Some(step) = self.step(step) {
                    self.current.act(step, &told);
                }
                let shown = matches!(act, Act::Edit | Act::Backfill | Act::Resolve);
                let how = shown.then(|| told.get("how")).flatten();
                let how = how.and_then(Value::as_str).map(str::to_owned);
                self.diagnostics.extend(deed.left(&told).map(|found| (step, found)));
                self.news.push(Event::Acted { act, about: Some(about.clone()), how, elapsed });
                (StepResult::Done { document: store(&told).ok() }, StepEnd::Done)
            }
            Err(why) => {
                self.unwatched();
                let (class, message) = (format!("{:?}", why.class), why.to_string());
                (StepResult::Failed { class, message, half_made: None }, StepEnd::Failed)
            }
        };
        let journalled = journal_step(step);
        let member = journalled.0.clone();
        self.recorder.add([Frame::Outcome(Outcome { step: journalled, member, result })]);
        self.ready.finish(step, end);
    }
}

/// What is kept of a step that an operator goes on without.
fn skipped(why: &str) -> Value {
    Value::object([("how".into(), Value::string(format!("skipped: {why}")))])
}
