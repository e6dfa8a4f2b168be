//! Events of refresh and apply as lines or NDJSON.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Failure, Name, counted};
use serde_json::{Value as Json, json};

use super::bar::{Bar, clock};
use super::escape::line;
use super::output::Output;
use crate::address::{Address, Key, Mode};
use crate::engine::expected::{Expected, Task};
use crate::event::{Act, Event, Events, Requested};
use crate::plan::Operation;

/// Tells events to people or programs.
pub struct Progress {
    /// Where to.
    pub output: Arc<Output>,
    /// Whether reads are told too.
    pub refreshing: bool,
    /// Whether each change is told, not only what failed.
    pub applying: bool,
    /// The live lines, where people watch an apply.
    pub bar: Option<Bar>,
    /// How long changes will take.
    pub expected: Arc<Expected>,
}

/// The words of an operation: while it runs, and when it is done.
fn words(operation: Operation) -> (&'static str, &'static str) {
    match operation {
        Operation::Create => ("Creating", "Creation"),
        Operation::Update => ("Modifying", "Modifications"),
        Operation::Delete | Operation::DeleteDeposed => ("Destroying", "Destruction"),
        Operation::Read => ("Reading", "Read"),
        Operation::Import => ("Importing", "Import"),
        Operation::Forget => ("Forgetting", "Forget"),
    }
}

/// Terraform's action of an operation.
pub(super) fn action(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete | Operation::DeleteDeposed => "delete",
        Operation::Read => "read",
        Operation::Import => "import",
        Operation::Forget => "remove",
    }
}

/// Terraform's `resource` object.
pub fn resource(address: &Address) -> Json {
    let key = match &address.key {
        Some(Key::Text(text)) => json!(&**text),
        Some(Key::Index(n)) => json!(n),
        None => Json::Null,
    };
    let implied = address.kind.split('_').next().unwrap_or_default();
    let local = address.local();
    json!({
        "addr": address.to_string(),
        "module": address.module.to_string(),
        "resource": local,
        "implied_provider": implied,
        "resource_type": &*address.kind,
        "resource_name": &*address.name,
        "resource_key": key,
    })
}

fn in_brackets(id: Option<&Name>) -> String {
    id.filter(|id| !id.is_empty()).map(|id| format!(" [id={}]", line(id))).unwrap_or_default()
}

impl Progress {
    /// Tells reads, and of changes only what failed.
    pub fn reading(output: Arc<Output>) -> Self {
        Self { output, refreshing: true, applying: false, bar: None, expected: Arc::default() }
    }

    fn tell(&self, kind: &str, message: &str, hook: Json) {
        if self.output.json {
            self.output.event(kind, "info", message, json!({ "hook": hook }));
            return;
        }
        let print = || self.output.say(&format!("{message}\n"));
        match &self.bar {
            Some(bar) => bar.above(print),
            None => print(),
        }
    }

    fn hook(address: &Address, id: Option<&Name>) -> Json {
        let mut hook = json!({ "resource": resource(address) });
        if let Some(id) = id {
            hook["id_key"] = json!("id");
            hook["id_value"] = json!(&**id);
        }
        hook
    }

    fn refresh(&self, address: &Address, id: Option<&Name>, done: Option<bool>) {
        if !self.refreshing {
            return;
        }
        let name = line(&address.to_string());
        let verb = if address.mode == Mode::Data { "Reading" } else { "Refreshing state" };
        match done {
            None => {
                let text = format!("{name}: {verb}...{}", in_brackets(id));
                self.tell("refresh_start", &text, Self::hook(address, id));
            }
            Some(true) if self.output.json => {
                let text = format!("{name}: Refresh complete{}", in_brackets(id));
                self.tell("refresh_complete", &text, Self::hook(address, id));
            }
            Some(true) => {}
            Some(false) => {
                let text = format!("{name}: Could not be read");
                self.tell("refresh_complete", &text, Self::hook(address, id));
            }
        }
    }
}

/// Changes.
impl Progress {
    fn begun(&self, task: Task, id: Option<&Name>) {
        let (address, operation) = &task;
        let name = line(&address.to_string());
        let text = format!("{name}: {}...{}", words(*operation).0, in_brackets(id));
        let mut hook = Self::hook(address, id);
        hook["action"] = json!(action(*operation));
        if let Some(takes) = self.expected.task(&task) {
            hook["expected_seconds"] = json!(takes.as_secs_f64());
        }
        self.tell("apply_start", &text, hook);
        if let Some(bar) = &self.bar {
            let verb = words(*operation).0;
            bar.begin(task, verb);
        }
    }

    fn goes_on(&self, task: &Task, elapsed: Duration) {
        let (address, operation) = task;
        let (seconds, verb) = (elapsed.as_secs(), words(*operation).0.to_lowercase());
        let mut hook = Self::hook(address, None);
        hook["action"] = json!(action(*operation));
        hook["elapsed_seconds"] = json!(seconds);
        let mut usually = String::new();
        if let Some(takes) = self.expected.task(task) {
            hook["expected_seconds"] = json!(takes.as_secs_f64());
            usually = format!(", usually {}", clock(takes));
        }
        let name = line(&address.to_string());
        let text = format!("{name}: Still {verb}... [{seconds}s elapsed{usually}]");
        self.tell("apply_progress", &text, hook);
    }

    fn complete(&self, task: Task, id: Option<&Name>, elapsed: Duration) {
        let (address, operation) = &task;
        let (seconds, noun) = (elapsed.as_secs(), words(*operation).1);
        let name = line(&address.to_string());
        let text = format!("{name}: {noun} complete after {seconds}s{}", in_brackets(id));
        let mut hook = Self::hook(address, id);
        hook["action"] = json!(action(*operation));
        hook["elapsed_seconds"] = json!(seconds);
        self.tell("apply_complete", &text, hook);
        if let Some(bar) = &self.bar {
            bar.done(task);
        }
    }

    fn errored(&self, task: &Task, failure: &Failure, elapsed: Duration) {
        let (address, operation) = task;
        let (seconds, noun) = (elapsed.as_secs(), words(*operation).1);
        let (name, why) = (line(&address.to_string()), line(&failure.to_string()));
        let text = format!("{name}: {noun} failed after {seconds}s: {why}");
        let mut hook = Self::hook(address, None);
        hook["action"] = json!(action(*operation));
        hook["elapsed_seconds"] = json!(seconds);
        self.tell("apply_errored", &text, hook);
        if let Some(bar) = &self.bar {
            bar.failed(task);
        }
    }
}

/// What operators ask.
impl Progress {
    fn requested(&self, Requested { number, request, taken, how }: &Requested) {
        let (what, who, reason) = match request {
            Some(request) => {
                let step = request.step.iter().map(|step| format!(" {step}")).collect::<String>();
                (format!("{}{step}", request.what.word()), &*request.who, &*request.reason)
            }
            None => ("unread".to_owned(), "somebody", ""),
        };
        let because = if reason.is_empty() { String::new() } else { format!(", {reason:?}") };
        let message = line(&format!("Request {number} of {who} ({what}{because}): {how}"));
        if !self.output.json {
            return self.output.note(&format!("{message}\n"));
        }
        let body = json!({ "request": {
            "number": number,
            "what": request.as_ref().map(|request| request.what.word()),
            "step": request.as_ref().and_then(|request| request.step.as_ref()),
            "who": request.as_ref().map(|request| &request.who),
            "reason": request.as_ref().map(|request| &request.reason),
            "taken": taken,
            "how": how,
        } });
        self.output.event("request", "info", &message, body);
    }

    fn paused(&self, (by, since, reason): (&str, &str, &str), running: usize) {
        let because = if reason.is_empty() { String::new() } else { format!(", {reason:?}") };
        let runs = match running {
            0 => String::new(),
            running => format!(" {} still running.", counted(running, "step")),
        };
        let message = line(&format!(
            "Paused by {by} since {since}{because}.{runs} `lifeboat promote -resume` goes on."
        ));
        if !self.output.json {
            return self.output.note(&format!("{message}\n"));
        }
        let body = json!({ "paused": {
            "by": by,
            "since": since,
            "reason": reason,
            "running": running,
        } });
        self.output.event("paused", "info", &message, body);
    }
}

/// What is told when an act begins that takes its time.
fn doing(act: Act) -> Option<&'static str> {
    Some(match act {
        Act::Hook => "Running",
        Act::Sync => "Waiting until all is copied",
        Act::Backfill => "Copying what replication does not bring",
        Act::Survey => "Listing what the region holds alone",
        Act::Probe => "Looking whether it answers as healthy",
        Act::Open => "Opening the gate",
        Act::Close => "Closing the gate",
        Act::Wait => "Waiting until resolvers know the lowered TTL",
        Act::Resolve => "Asking resolvers what they still answer",
        Act::Approve | Act::Claim | Act::Reach | Act::Edit | Act::Confirm | Act::Hold => {
            return None;
        }
    })
}

impl Events for Progress {
    fn event(&self, event: Event) {
        match event {
            Event::RefreshStart { address, id } => self.refresh(&address, id.as_ref(), None),
            Event::RefreshComplete { address, id, readable } => {
                self.refresh(&address, id.as_ref(), Some(readable));
            }
            Event::ApplyStart { address, operation, id } if self.applying => {
                // What is made has no id yet; one that is known is that of what it replaces.
                let id = id.filter(|_| operation != Operation::Create);
                self.begun((address, operation), id.as_ref());
            }
            Event::ApplyProgress { address, operation, elapsed } if self.applying => {
                self.goes_on(&(address, operation), elapsed);
            }
            Event::ApplyComplete { address, operation, id, elapsed } if self.applying => {
                self.complete((address, operation), id.as_ref(), elapsed);
            }
            Event::ApplyErrored { address, operation, failure, elapsed } => {
                self.errored(&(address, operation), &failure, elapsed);
            }
            Event::ActStart(act, about) => {
                if let Some(doing) = doing(act) {
                    self.output.note(&format!("{}: {doing}...\n", line(&about)));
                }
            }
            Event::ActTold(about, text) => {
                self.output.note(&format!("{}: {}\n", line(&about), line(&text)));
            }
            Event::Acted { act: Act::Claim, .. } => self.output.note("The epoch is claimed.\n"),
            Event::Acted { act: Act::Confirm | Act::Hold, .. } => {}
            Event::Acted { act: Act::Edit, how: Some(how), .. } => {
                self.output.note(&format!("{}\n", line(&how)));
            }
            Event::Acted { about: Some(about), elapsed, how, .. } => {
                let seconds = elapsed.as_secs();
                let how = how.map_or_else(String::new, |how| format!(": {}", line(&how)));
                self.output.note(&format!("{}: Done after {seconds}s{how}\n", line(&about)));
            }
            Event::Acted { .. } => {}
            Event::Recovering { run, in_doubt } => {
                let text = format!(
                    "An earlier run ({}) did not end: settling it by reading, {} in doubt.\n",
                    line(&run),
                    counted(in_doubt, "step")
                );
                self.output.note(&text);
            }
            Event::Requested(requested) => self.requested(&requested),
            Event::Paused { by, since, reason, running } => {
                self.paused((&by, &since, &reason), running);
            }
            Event::Interrupted(false) => self.output.note(
                "\nInterrupt received.\nFinishing what runs, starting nothing new. Interrupt again to stop at once.\n",
            ),
            Event::Interrupted(true) => self.output.note(
                "\nTwo interrupts received. Stopping now; the journal holds what is in doubt.\nRun `lifeboat apply` again: it settles that by reading.\n",
            ),
            Event::ApplyStart { .. }
            | Event::ApplyProgress { .. }
            | Event::ApplyComplete { .. } => {}
        }
    }
}
