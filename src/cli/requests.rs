//! `lifeboat promote -pause` and its like: requests to the run that carries out the open promotion, made
//! from any terminal or machine that reaches the state.

use std::time::Duration;

use clap::Args;
use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::journal::Run as Journalled;
use lifeboat_state::request::{Answer, Request, What};
use lifeboat_state::store::StoreError;
use serde_json::json;

use super::abort::GivesUp;
use super::exit::Exit;
use super::promote::How;
use super::workspace::Workspace;
use super::{approval, args, loss};
use crate::apply::fold::promotes;
use crate::apply::request::Taken;
use crate::engine::losses;
use crate::plan::promotion::Mode;
use crate::plan::{Plan, Promotion, file};
use crate::registry::Providers;
use crate::view::escape::line;

/// How often it is looked whether a request has an answer.
const LOOK: Duration = Duration::from_millis(200);

/// What is asked of the promotion that is open.
#[derive(Clone, Debug, Default, Args)]
pub struct Control {
    /// Give up the promotion that is open, before the other region is claimed
    #[arg(long, group = "control")]
    pub abort: bool,
    /// Begin no more steps of the open promotion; those that run end
    #[arg(long, groups = ["control", "reasoned"])]
    pub pause: bool,
    /// Go on with a promotion that is paused
    #[arg(long, groups = ["control", "reasoned"])]
    pub resume: bool,
    /// Run again at once what failed in the open promotion, or this step of it
    #[arg(long, value_name = "STEP", num_args = 0..=1, require_equals = true, groups = ["control", "reasoned"])]
    pub retry: Option<Option<String>>,
    /// Go on with the open promotion without the region that is left, before the other one is claimed;
    /// wants -attest, -reason and -accept-loss
    #[arg(long, requires = "reason", groups = ["control", "reasoned"])]
    pub ungraceful: bool,
    /// How long it is waited until the run takes a request, as 30s
    #[arg(long, value_name = "DURATION", default_value = "1m", conflicts_with = "region")]
    pub wait: String,
}

impl Control {
    /// The requests that were typed, each with the step that it is about.
    pub fn asked(&self, word: &args::Word) -> Vec<(What, Option<String>)> {
        let whole = [
            (self.abort, What::Abort),
            (self.pause, What::Pause),
            (self.resume, What::Resume),
            (self.ungraceful, What::Ungraceful),
        ];
        let whole = whole.into_iter().filter(|(typed, _)| *typed).map(|(_, what)| (what, None));
        let retry = self.retry.iter().map(|step| (What::Retry, step.clone()));
        let skips = word.skip.iter().map(|step| (What::Skip, Some(step.clone())));
        whole.chain(retry).chain(skips).collect()
    }
}

/// The promotion that is open.
struct Open {
    run: Journalled,
    plan: Plan,
    promotion: Promotion,
}

/// What came of requests.
pub enum Asked {
    /// That is told.
    Told(Exit),
    /// No run is under way, and it needs none: the command gives the promotion up itself.
    ToDo(GivesUp),
}

/// Makes requests, and waits until the run that is under way takes them.
pub async fn run(
    workspace: &Workspace,
    control: &Control,
    how: &How,
    asked: Vec<(What, Option<String>)>,
) -> Asked {
    make(workspace, control, how, asked).await.unwrap_or_else(Asked::Told)
}

async fn make(
    workspace: &Workspace,
    control: &Control,
    how: &How,
    asked: Vec<(What, Option<String>)>,
) -> Result<Asked, Exit> {
    let output = &workspace.output;
    let limit = super::workspace::time("-wait", &control.wait).map_err(|text| {
        output.error("The options cannot be used", &text);
        Exit::Error
    })?;
    let backend = workspace.backend().await?;
    let alive = alive(workspace, &backend).await?;
    let aborts = asked.iter().any(|(what, _)| *what == What::Abort);
    if aborts && !alive {
        return Ok(Asked::ToDo(GivesUp::Ends { edit: !how.no_edit }));
    }
    let Some(open) = open(workspace, &backend).await? else {
        let text = if aborts {
            "There is nothing to give up. `lifeboat status` says which region is the primary."
        } else {
            "There is nothing to ask of it. `lifeboat status` says which region is the primary."
        };
        output.error("No promotion is open", text);
        return Err(Exit::Error);
    };
    if !alive && asked.iter().any(|(what, _)| *what == What::Retry) {
        let text =
            "Run `lifeboat apply`, which goes on with the promotion and runs again what failed.";
        output.error("No run is under way", text);
        return Err(Exit::Error);
    }
    approval::skips(workspace, &how.word, &open.plan)?;
    let mut loss_bound = None;
    if control.ungraceful {
        attested(workspace, &how.word, &open.promotion)?;
        loss_bound = bound(workspace, &backend, how, &open).await?;
        if !alive {
            let (now, told) = (super::env::now_text(), "No run is under way.".to_owned());
            let request = request(workspace, how, &open, (What::Ungraceful, None));
            let taken = Taken::new(0, Request { loss_bound, ..request }, now, told);
            return Ok(Asked::ToDo(GivesUp::Without(Box::new(taken))));
        }
    }
    let (requests, mut exit) = (backend.requests(), Exit::Done);
    for (nth, (what, step)) in asked.into_iter().enumerate() {
        let mut request = request(workspace, how, &open, (what, step));
        request.id = format!("{}-{nth}", request.id);
        request.loss_bound = loss_bound.filter(|_| request.what == What::Ungraceful);
        let number = requests.append(&request).await.map_err(|error| unusable(workspace, error))?;
        let answered = match alive {
            true => wait(workspace, &backend, number, limit).await?,
            false => Waited::Nobody,
        };
        let told = tell(workspace, number, &request, &answered, &control.wait);
        exit = if exit == Exit::Done { told } else { exit };
    }
    Ok(Asked::Told(exit))
}

/// The log cannot be read or written.
fn unusable(workspace: &Workspace, error: StoreError) -> Exit {
    workspace.failed(&BackendError::from(error))
}

/// Whether a run holds the lock that is not known to have ended.
async fn alive(workspace: &Workspace, backend: &StoreBackend) -> Result<bool, Exit> {
    let holder = backend.holder().await.map_err(|error| workspace.failed(&error))?;
    let Some(holder) = holder else { return Ok(false) };
    let host = workspace.lock_info("").host;
    Ok(!backend.has_ended(&holder, &host).await.unwrap_or(false))
}

/// The open promotion as its journal tells it.
async fn open(workspace: &Workspace, backend: &StoreBackend) -> Result<Option<Open>, Exit> {
    let runs = backend.open_runs().await.map_err(|error| workspace.failed(&error))?;
    for run in runs.into_iter().filter_map(|open| open.run.ok()) {
        let plan = file::read(&run.begin.plan, &backend.sealer());
        let plan = plan.map_err(|error| workspace.failed(&error))?;
        if let Some(promotion) = plan.promotion.clone().filter(|_| promotes(&plan, &run)) {
            return Ok(Some(Open { run, plan, promotion }));
        }
    }
    Ok(None)
}

/// Whether it is attested that the region that is left cannot write, and its loss is accepted: as where a
/// promotion begins without it.
fn attested(workspace: &Workspace, word: &args::Word, promotion: &Promotion) -> Result<(), Exit> {
    let Promotion { from, to, .. } = promotion;
    let refused = |text: &str| {
        workspace.output.error("The promotion cannot go on without the region that is left", text);
        Err(Exit::Refused)
    };
    if promotion.mode() == Mode::Ungraceful {
        return refused(&format!("It goes on without {} already.", line(from)));
    }
    let attests = word.attest.iter().any(|region| **region == **from) && word.reason.is_some();
    if !attests || word.accept_loss.is_none() {
        return refused(&format!(
            "A person must attest that {from} is down and cannot write, and accept how much of what was \
             written there last is lost: {to} takes over without it.\nIf that is so: -attest={from} \
             -reason=TEXT -accept-loss=unknown, or a ceiling such as -accept-loss=5m",
            from = line(from),
            to = line(to),
        ));
    }
    if promotion.approvals > 0 {
        return refused(&format!(
            "{} approvers must sign the plan that goes on without {from}. Run `lifeboat promote -abort`, \
             then plan it with -assume-down={from} and have that plan signed.",
            promotion.approvals,
            from = line(from),
        ));
    }
    Ok(())
}

/// How many seconds may be lost at most, were it to go on without the region that is left now; checked
/// against the ceiling.
///
/// # Errors
/// More than is accepted may be lost, or nobody knows how much; that has been told.
async fn bound(
    workspace: &Workspace,
    backend: &StoreBackend,
    how: &How,
    open: &Open,
) -> Result<Option<u64>, Exit> {
    let (loaded, _) = workspace.load_plan(&open.plan).map_err(|found| {
        workspace.tell(&found);
        Exit::Error
    })?;
    let known = workspace.known(backend, &Providers::default()).await?;
    let positions = backend.copies().known().await.unwrap_or_default();
    let since = how.planning.since.as_ref().map(|since| since.at(workspace.now));
    let Promotion { from, to, .. } = &open.promotion;
    let of = known.state.as_ref().zip(loaded.topology.as_ref());
    let losses =
        of.map(|(state, topology)| losses::known(topology, state, [from, to], &positions, since));
    let promotion = Promotion { losses: losses.unwrap_or_default(), ..open.promotion.clone() };
    loss::within(workspace, &how.word, &promotion)
}

fn request(
    workspace: &Workspace,
    how: &How,
    open: &Open,
    (what, step): (What, Option<String>),
) -> Request {
    let info = workspace.lock_info("");
    let ungraceful = what == What::Ungraceful;
    let since = how.planning.since.as_ref();
    Request {
        id: info.id,
        lineage: open.run.begin.lineage.clone(),
        run: open.run.begin.run.clone(),
        epoch: open.promotion.epoch,
        what,
        step,
        attested: how.word.attest.iter().filter(|_| ungraceful).cloned().collect(),
        accepted_loss: how.word.accept_loss.clone().filter(|_| ungraceful),
        loss_bound: None,
        since: since.filter(|_| ungraceful).map(|since| since.at(workspace.now).to_string()),
        no_edit: how.no_edit,
        reason: how.word.reason.clone().unwrap_or_default(),
        who: info.who,
        at: super::env::now_text(),
    }
}

/// What waiting for an answer came to.
enum Waited {
    /// The run told what became of it.
    Answer(Answer),
    /// It did not in time.
    Silence,
    /// No run is under way.
    Nobody,
}

async fn wait(
    workspace: &Workspace,
    backend: &StoreBackend,
    number: u64,
    limit: Duration,
) -> Result<Waited, Exit> {
    let requests = backend.requests();
    let answered = async {
        loop {
            // Before the look, so that what a run answered at its end is seen.
            let alive = alive(workspace, backend).await?;
            let answered = requests.answered(number).await;
            match answered.map_err(|error| unusable(workspace, error))? {
                Some(Ok(answer)) => return Ok(Waited::Answer(answer)),
                Some(Err(why)) => {
                    let text = format!("The answer to request {number} cannot be read: {why}.");
                    workspace.output.error("It is not known what became of the request", &text);
                    return Err(Exit::Error);
                }
                None if !alive => return Ok(Waited::Nobody),
                None => tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::select! {
        biased;
        answered = answered => answered,
        () = workspace.interrupted() => Ok(Waited::Silence),
        () = tokio::time::sleep(limit) => Ok(Waited::Silence),
    }
}

/// Tells what became of a request.
fn tell(
    workspace: &Workspace,
    number: u64,
    request: &Request,
    waited: &Waited,
    limit: &str,
) -> Exit {
    let output = &workspace.output;
    let asked = match &request.step {
        Some(step) => format!("{} {}", request.what.word(), line(step)),
        None => request.what.word().to_owned(),
    };
    let (taken, how, exit) = match waited {
        Waited::Answer(answer) => {
            let exit = if answer.taken { Exit::Done } else { Exit::Refused };
            (Some(answer.taken), line(&answer.how), exit)
        }
        Waited::Silence => {
            let how = format!(
                "The run has not taken it within {}; it will where it comes to it.",
                line(limit)
            );
            (None, how, if limit.starts_with('0') { Exit::Done } else { Exit::Error })
        }
        Waited::Nobody => {
            let how = "No run is under way: the next `lifeboat apply` takes it.".to_owned();
            (None, how, Exit::Done)
        }
    };
    if output.json {
        let body = json!({ "request": {
            "number": number,
            "what": request.what.word(),
            "step": request.step,
            "run": request.run.as_str(),
            "taken": taken,
            "how": how,
        } });
        output.event("request", "info", &format!("Request {number} ({asked}): {how}"), body);
    } else if exit == Exit::Refused {
        output.error(&format!("Request {number} ({asked}) is refused"), &how);
    } else {
        output.result(&format!("Request {number} ({asked}): {how}\n"));
    }
    exit
}
