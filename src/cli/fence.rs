//! `lifeboat fence`, `lifeboat unfence` and `lifeboat evacuate`: an apply of fences alone, or of traffic.
//! Nobody becomes the primary.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use tokio::time::Instant;

use super::exit::Exit;
use super::guard::of_files;
use super::workspace::Workspace;
use super::{apply, args};
use crate::engine::guard::{Said, ask};
use crate::engine::shelves::{Shelves, Unreadable};
use crate::plan::Wish;
use crate::registry::Providers;
use crate::topology::duration;
use crate::view::escape::line;

/// Between two looks whether a region answers.
const PAUSE: Duration = Duration::from_secs(5);

/// How long one read may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long is waited where nothing is said.
const WAIT: &str = "1h";

/// `fence`
#[derive(Clone, Debug, Args)]
pub struct Fence {
    /// The region that takes no more writes
    #[arg(value_name = "REGION", required_unless_present = "owed")]
    pub region: Option<String>,
    /// Place only the fences that are owed, where their regions answer
    #[arg(long, conflicts_with = "region")]
    pub owed: bool,
    /// Wait until all regions answer that owe a fence, at most so long [default: 1h]
    #[arg(long, value_name = "DURATION", requires = "owed", conflicts_with = "region", num_args = 0..=1,
        default_missing_value = WAIT, require_equals = true, value_parser = limit)]
    pub wait: Option<Duration>,
    /// How.
    #[command(flatten)]
    pub how: How,
}

/// `unfence`
#[derive(Clone, Debug, Args)]
pub struct Unfence {
    /// The region that is fenced by hand
    #[arg(value_name = "REGION")]
    pub region: String,
    /// How.
    #[command(flatten)]
    pub how: How,
}

/// `evacuate`
#[derive(Clone, Debug, Args)]
pub struct Evacuate {
    /// The region that gets no more traffic
    #[arg(value_name = "REGION")]
    pub region: String,
    /// Give it again the traffic that the files give it
    #[arg(long)]
    pub end: bool,
    /// How.
    #[command(flatten)]
    pub how: How,
}

/// How it is done.
#[derive(Clone, Debug, Args)]
pub struct How {
    /// Values of variables.
    #[command(flatten)]
    pub values: args::Values,
    /// Do it without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Treat a region as unreachable without asking it; may be repeated
    #[arg(long, value_name = "REGION")]
    pub assume_down: Vec<String>,
    /// How it is told.
    #[command(flatten)]
    pub telling: args::Telling,
    /// The lock.
    #[command(flatten)]
    pub locking: args::Locking,
}

impl How {
    fn wishing(self, wish: Wish) -> args::Apply {
        let Self { values, auto_approve, assume_down, telling, locking } = self;
        let parallelism = args::PARALLELISM;
        let planning = args::Planning {
            values,
            assume_down,
            telling,
            parallelism,
            ..args::Planning::default()
        };
        let consent = args::Consent { auto_approve, ..args::Consent::default() };
        let fencing = Some(wish);
        args::Apply { planning, consent, locking, fencing, ..args::Apply::default() }
    }
}

/// Runs `fence`.
pub async fn run(workspace: &Workspace, args: Fence) -> Exit {
    let Fence { region, owed: _, wait, how } = args;
    let Some(region) = region else { return owed(workspace, wait, &how).await };
    apply::run(workspace, how.wishing(Wish::Close(region.into()))).await
}

/// Runs `unfence`.
pub async fn open(workspace: &Workspace, args: Unfence) -> Exit {
    let Unfence { region, how } = args;
    apply::run(workspace, how.wishing(Wish::Open(region.into()))).await
}

/// Runs `evacuate`.
pub async fn evacuate(workspace: &Workspace, args: Evacuate) -> Exit {
    let Evacuate { region, end, how } = args;
    let wish = if end { Wish::Return(region.into()) } else { Wish::Leave(region.into()) };
    apply::run(workspace, how.wishing(wish)).await
}

/// Places what is owed: now, or when the regions answer that owe it.
async fn owed(workspace: &Workspace, wait: Option<Duration>, how: &How) -> Exit {
    match wait {
        None => apply::run(workspace, how.clone().wishing(Wish::Owed)).await,
        Some(limit) => match waiting(workspace, limit, how).await {
            Ok(exit) | Err(exit) => exit,
        },
    }
}

async fn waiting(workspace: &Workspace, limit: Duration, how: &How) -> Result<Exit, Exit> {
    let patience = Patience { limit, until: Instant::now() + limit };
    let (shelves, _) = of_files(workspace)?;
    loop {
        patience.answers(workspace, &shelves).await?;
        let exit = apply::run(workspace, how.clone().wishing(Wish::Owed)).await;
        // What answers may do so in part.
        if exit != Exit::Done || owing(workspace).await?.is_empty() {
            return Ok(exit);
        }
        patience.pause(workspace, &shelves).await?;
    }
}

/// The regions that owe a fence.
async fn owing(workspace: &Workspace) -> Result<BTreeSet<String>, Exit> {
    let backend = workspace.backend().await?;
    let known = workspace.known(&backend, &Providers::default()).await?;
    let owed = known.state.iter().flat_map(|state| state.promotions.owed.values());
    Ok(owed.map(|owed| owed.region.clone()).collect())
}

/// How long it is waited.
struct Patience {
    limit: Duration,
    until: Instant,
}

impl Patience {
    /// Comes back when one of the regions answers that owe a fence, or none owes any.
    async fn answers(&self, workspace: &Workspace, shelves: &Shelves) -> Result<(), Exit> {
        let mut told = false;
        loop {
            let owing = owing(workspace).await?;
            let mine = shelves.spots.iter().filter(|spot| owing.contains(&*spot.region));
            let mine = shelves.with(mine.cloned().collect());
            let said = ask(&mine, &mine.reading(PATIENCE, workspace.interrupt.clone())).await;
            let silent = |said: &Said| matches!(said.record, Err(Unreadable::Failed(_)));
            // What keeps no record is asked by planning itself.
            if said.len() < owing.len() || said.is_empty() || !said.iter().all(silent) {
                return Ok(());
            }
            if !told {
                let regions = owing.into_iter().collect::<Vec<_>>().join(", ");
                let (regions, limit) = (line(&regions), self.limit.as_secs());
                let text = format!("Waiting for {regions} to answer, at most {limit} s...\n");
                workspace.output.note(&text);
                told = true;
            }
            self.pause(workspace, shelves).await?;
        }
    }

    /// Waits a little.
    ///
    /// # Errors
    /// There is no time left, or an interrupt came; that has been told.
    async fn pause(&self, workspace: &Workspace, shelves: &Shelves) -> Result<(), Exit> {
        if Instant::now() + PAUSE > self.until {
            let text = format!(
                "Its region does not answer, after {} s.\nRun it again, or let `lifeboat apply` \
                 place it.",
                self.limit.as_secs()
            );
            workspace.output.error("A fence is still owed", &text);
            return Err(Exit::Unread);
        }
        workspace.waiting.store(true, Ordering::SeqCst);
        let ctx = shelves.reading(PATIENCE, workspace.interrupt.clone());
        let waited = ctx.wait(PAUSE).await;
        workspace.waiting.store(false, Ordering::SeqCst);
        waited.map_err(|_| workspace.stopped())
    }
}

fn limit(text: &str) -> Result<Duration, String> {
    let parsed = duration::Duration::parse(text).map_err(|error| error.to_string())?;
    Ok(Duration::from_secs(parsed.seconds))
}
