//! `lifeboat watch [REGION]`: looks at the primary from a standby, and tells people when it is silent,
//! with what a preflight finds and what to type. Takes no lock, changes nothing but its canary, where the
//! files declare one, and never promotes.

mod canary;
mod notify;
pub mod options;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use lifeboat_sdk::Interrupt;
use lifeboat_state::backend::StateBackend as _;

use self::canary::Keeper;
use self::notify::Errand;
use super::exit::Exit;
use super::guard::of_files;
use super::preflight::{Preflight, look};
use super::workspace::Workspace;
use super::{args, env};
use crate::config::variable::Given;
use crate::engine::guard::ask;
use crate::engine::losses;
use crate::engine::preflight::Verdict;
use crate::engine::watch::{BACK, Change, Judged, Notice, SILENT, Sight, Watch, primary, sight};
use crate::registry::Providers;
use crate::topology::Topology;
use crate::topology::hook::in_clear;
use crate::view::output::{Form, Output};
use crate::view::preflight::summary;
use crate::view::watch::{self as view, Watched};

/// How long one read may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs `watch` until it is interrupted, which ends it well.
pub async fn run(workspace: &Workspace, args: &args::Watch) -> Exit {
    // Nothing runs that an interrupt would have to let finish.
    workspace.waiting.store(true, Ordering::SeqCst);
    let mut interrupt = workspace.interrupt.clone();
    tokio::select! {
        biased;
        Ok(_) = interrupt.wait_for(|now| *now != Interrupt::None) => Exit::Done,
        ended = watching(workspace, args) => match ended {
            Ok(exit) | Err(exit) => exit,
        },
    }
}

async fn watching(workspace: &Workspace, args: &args::Watch) -> Result<Exit, Exit> {
    if args.notify_token_file.is_some() && args.notify_url.as_deref().is_some_and(in_clear) {
        let text = "-notify-token-file needs an https address in -notify-url: who sees the request on its \
                    way has the token. On this machine itself http will do.";
        workspace.output.error("The options cannot be used", text);
        return Err(Exit::Error);
    }
    let (shelves, topology) = of_files(workspace)?;
    let target = target(workspace, args, &topology)?;
    let mut watched = Watched { primary: topology.primary.to_string(), epoch: 0 };
    let mut watch = Watch::new(args.patience());
    let mut errands: Vec<Errand> = Vec::new();
    let mut compared: Option<Timestamp> = None;
    let mut keeper = Keeper::new(workspace, &shelves, &topology);
    loop {
        let ctx = shelves.reading(PATIENCE, workspace.interrupt.clone());
        let said = ask(&shelves, &ctx).await;
        let at = env::now();
        if let Some((primary, epoch)) = primary(&said) {
            if epoch > watched.epoch && *primary != *watched.primary {
                watched.primary = primary.to_owned();
                watch = Watch::new(args.patience());
                keeper.begin_anew();
                view::promoted(&workspace.output, at, &Watched { epoch, ..watched.clone() });
            }
            watched.epoch = watched.epoch.max(epoch);
        }
        let sight = keeper.send(&watched.primary, sight(&watched.primary, &said)).await;
        let turn =
            Turn { workspace, args, topology: &topology, watched: &watched, canary: keeper.said() };
        if let Some(change) = watch.see(at, &sight) {
            view::change(&workspace.output, at, &watched, &change);
            if let Some(notice) = turn.notice(target.as_deref(), change).await {
                view::notice(&workspace.output, env::now(), &notice);
                errands.push(Errand::new(notice, args));
            }
        }
        let due = args.compare.is_some_and(|every| is_due(compared, at, every));
        if let (Sight::Answers, true) = (&sight, due) {
            compared = Some(at);
            turn.compare(target.as_deref()).await;
        }
        let mut left = Vec::new();
        for mut errand in errands {
            if !errand.run(workspace, &ctx).await {
                left.push(errand);
            }
        }
        errands = left;
        let standby = turn.standby(target.as_deref()).map(str::to_owned);
        let round = (!args.once).then_some(args.interval);
        if keeper.follow(&ctx, standby.as_deref(), round).await.is_err() {
            return Ok(Exit::Done);
        }
        if args.once {
            return Ok(if sight == Sight::Answers { Exit::Done } else { Exit::Unread });
        }
    }
}

/// Whether it is time to compare again.
fn is_due(last: Option<Timestamp>, now: Timestamp, every: Duration) -> bool {
    last.is_none_or(|last| now.duration_since(last).unsigned_abs() >= every)
}

/// The standby that was named.
fn target(
    workspace: &Workspace,
    args: &args::Watch,
    topology: &Topology,
) -> Result<Option<String>, Exit> {
    let Some(named) = &args.region else { return Ok(None) };
    if topology.region(named).is_some() {
        return Ok(Some(named.clone()));
    }
    let known: Vec<&str> = topology.regions.iter().map(|region| &*region.name).collect();
    let near = crate::config::suggest::nearest(named, known.iter().copied());
    let hint = near.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
    let text = format!("{named:?} is none of the regions: {}.{hint}", known.join(", "));
    workspace.output.error("Unknown region", &text);
    Err(Exit::Error)
}

/// What a notice is made of.
struct Turn<'a> {
    workspace: &'a Workspace,
    args: &'a args::Watch,
    topology: &'a Topology,
    watched: &'a Watched,
    /// What was seen of the last canary.
    canary: Option<String>,
}

impl Turn<'_> {
    /// The standby that would take over.
    fn standby<'t>(&'t self, named: Option<&'t str>) -> Option<&'t str> {
        let regions = self.topology.regions.iter().map(|region| &*region.name);
        let mut standbys = regions.filter(|name| *name != self.watched.primary);
        named.filter(|name| *name != self.watched.primary).or_else(|| standbys.next())
    }

    /// Compares the copies in the standby with their sources, which keeps up to when they had all; tells
    /// those that are too far behind, and that it could not be done.
    async fn compare(&self, named: Option<&str>) {
        let Some(target) = self.standby(named) else { return };
        let quiet = quiet(self.workspace);
        let preflight = Preflight {
            region: Some(target.to_owned()),
            values: self.args.values.clone(),
            assume_down: Vec::new(),
            junit: None,
            json: false,
            input: Some(false),
        };
        let (output, now) = (&self.workspace.output, env::now());
        match look(&quiet, &preflight).await {
            Ok((found, _)) => view::compared(output, now, &found),
            Err(_) => {
                let why = quiet.output.found().into_iter().next();
                let why = why.map(|found| found.summary);
                view::not_compared(output, now, why.as_deref().unwrap_or("it is not known why"));
            }
        }
    }

    /// What people are told elsewhere; that nobody can tell is no news of the primary.
    async fn notice(&self, named: Option<&str>, change: Change) -> Option<Notice> {
        let target = self.standby(named)?;
        let notice = |event, since: Timestamp| Notice {
            event,
            topology: self.topology.name.to_string(),
            region: self.watched.primary.clone(),
            epoch: self.watched.epoch,
            since,
            target: target.to_owned(),
            why: None,
            canary: self.canary.clone(),
            preflight: None,
            command: None,
        };
        match change {
            Change::Answers | Change::Blind { .. } => None,
            Change::Back { since } => Some(notice(BACK, since)),
            Change::Silent { since, why } => Some(Notice {
                why: Some(why),
                preflight: Some(self.judged(target).await),
                command: Some(self.command(target).await),
                ..notice(SILENT, since)
            }),
        }
    }

    /// What a preflight finds now, without asking the region that is silent.
    async fn judged(&self, target: &str) -> Judged {
        let quiet = quiet(self.workspace);
        let preflight = Preflight {
            region: Some(target.to_owned()),
            values: self.args.values.clone(),
            assume_down: vec![self.watched.primary.clone()],
            junit: None,
            json: false,
            input: Some(false),
        };
        match look(&quiet, &preflight).await {
            Ok((found, _)) => {
                let not_passed = found.checks.iter().filter(|it| it.verdict != Verdict::Pass);
                Judged {
                    verdict: found.worst().word(),
                    summary: summary(&found),
                    not_passed: not_passed.map(|check| check.code.to_owned()).collect(),
                }
            }
            Err(_) => {
                let why = quiet.output.found().into_iter().next();
                let why = why.map(|found| format!(": {}", found.summary)).unwrap_or_default();
                let summary = format!("It could not be made{why}.");
                Judged { verdict: "none", summary, not_passed: Vec::new() }
            }
        }
    }

    /// What to type, with words in capitals for what only a person knows. Values of variables may be secrets,
    /// so that they are not told. The region is not assumed to be down: the promotion finds out by itself,
    /// and services that are at home there may answer.
    async fn command(&self, target: &str) -> String {
        let Watched { primary, epoch } = self.watched;
        let mut words = vec!["lifeboat".to_owned()];
        if let Ok(root) = std::path::absolute(&self.workspace.root) {
            words.push(format!("-chdir={}", quoted(&root.to_string_lossy())));
        }
        if self.topology.declaration.failover.approvals.needed > 0 {
            // What is signed is a saved plan; it tells what to type next.
            words.push(format!("plan -standing={target} -out=PLAN"));
        } else {
            let loss = if self.is_bounded(target).await { "DURATION" } else { "unknown" };
            words.push(format!("promote {target} -from-epoch={epoch}"));
            // Who sees that it is down says so: without a terminal nothing else would do.
            words.push(format!("-attest={primary} -reason=TEXT -accept-loss={loss}"));
        }
        for given in &self.workspace.given {
            words.push(match given {
                Given::File(file) => format!("-var-file={}", quoted(file)),
                Given::Assignment(text) => {
                    let name = text.split('=').next().unwrap_or_default();
                    format!("-var={}", quoted(&format!("{name}=…")))
                }
            });
        }
        words.join(" ")
    }

    /// Whether it is known how much may be lost at most, so that a ceiling can be accepted.
    async fn is_bounded(&self, target: &str) -> bool {
        let quiet = quiet(self.workspace);
        let Ok(backend) = quiet.backend().await else { return false };
        let Ok(known) = quiet.known(&backend, &Providers::default()).await else { return false };
        let Some(state) = &known.state else { return false };
        let positions = backend.copies().known().await.unwrap_or_default();
        let regions = [&*self.watched.primary, target];
        let losses = losses::known(self.topology, state, regions, &positions, None);
        losses.bound(env::now()).is_some()
    }
}

/// A word as shells read it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:@%+,".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The same folder with nobody who reads, at the instant that it is now.
pub(super) fn quiet(workspace: &Workspace) -> Workspace {
    let (out, err) = (Box::new(std::io::sink()), Box::new(std::io::sink()));
    Workspace {
        output: Arc::new(Output::new(out, err, Form::Text, env::now_text)),
        root: workspace.root.clone(),
        environment: workspace.environment.clone(),
        now: env::now(),
        interrupt: workspace.interrupt.clone(),
        applying: AtomicBool::new(false),
        catalogue: workspace.catalogue.clone(),
        given: workspace.given.clone(),
        waiting: AtomicBool::new(true),
        asks: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_typed_is_read_by_shells_as_it_is_meant() {
        assert_eq!(quoted("/srv/dr-web_1"), "/srv/dr-web_1");
        assert_eq!(quoted("/srv/it's here"), r"'/srv/it'\''s here'");
        assert_eq!(quoted("a;b"), "'a;b'");
    }
}
