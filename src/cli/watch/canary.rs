//! The canary of a watch: written in each round, looked for until it is in the standby.

use jiff::Timestamp;
use lifeboat_sdk::{Ctx, Purpose, Session};
use tokio::time::Instant;

use super::PATIENCE;
use crate::cli::env;
use crate::cli::workspace::Workspace;
use crate::engine::canary::{Canary, Flight, Unwritten, with_canary};
use crate::engine::shelves::Shelves;
use crate::engine::watch::Sight;
use crate::topology::Topology;
use crate::view::watch as view;

/// Between two looks at the standby.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// The canary, where the files declare one, and what was seen of it.
pub(super) struct Keeper<'a> {
    workspace: &'a Workspace,
    shelves: &'a Shelves,
    canary: Option<Canary>,
    /// The last one that arrived, and where.
    last: Option<(Flight, String)>,
    /// The last one that was told to be late.
    late: Option<Timestamp>,
    /// Why it could not be written, as it was told last.
    told: Option<String>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(workspace: &'a Workspace, shelves: &'a Shelves, topology: &Topology) -> Self {
        let canary = Canary::declared(topology);
        Self { workspace, shelves, canary, last: None, late: None, told: None }
    }

    /// Another region is watched now.
    pub(super) fn begin_anew(&mut self) {
        self.last = None;
        if let Some(canary) = &mut self.canary {
            canary.begin_anew();
        }
    }

    /// Writes one where the primary answers; what is seen of it with that.
    pub(super) async fn send(&mut self, primary: &str, sight: Sight) -> Sight {
        let (Some(canary), Sight::Answers) = (&mut self.canary, &sight) else { return sight };
        let session = Session::interruptible(Purpose::Refresh, self.workspace.interrupt.clone());
        let ctx = self.shelves.writing(PATIENCE, session);
        let written = canary.send(self.shelves, &ctx, primary, env::now()).await;
        let unknown = match &written {
            Err(Unwritten::Unknown(why)) => Some(why.clone()),
            _ => None,
        };
        if let Some(why) = unknown.as_ref().filter(|why| self.told.as_ref() != Some(why)) {
            view::not_sent(&self.workspace.output, env::now(), &canary.about, why);
        }
        self.told = unknown;
        with_canary(sight, Some(&written))
    }

    /// Looks for the one under way, once or until the next round; tells what is seen.
    ///
    /// # Errors
    /// The watch is interrupted.
    pub(super) async fn follow(
        &mut self,
        ctx: &Ctx,
        standby: Option<&str>,
        round: Option<std::time::Duration>,
    ) -> Result<(), lifeboat_sdk::Failure> {
        let until = round.map(|round| Instant::now() + round);
        let mut late = None;
        loop {
            if let (Some(canary), Some(standby)) = (&mut self.canary, standby)
                && canary.is_under_way()
            {
                late = match canary.look(self.shelves, ctx, standby, env::now).await {
                    Ok(Some(flight)) if flight.arrived => {
                        let (output, now) = (&self.workspace.output, env::now());
                        view::flight(output, now, (&canary.about, standby), &flight);
                        self.last = Some((flight, standby.to_owned()));
                        None
                    }
                    Ok(flight) => flight.map(|flight| (flight, standby)),
                    // That the standby does not answer is no news of the primary.
                    Err(_) => late,
                };
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let Some(left) = left.filter(|left| !left.is_zero()) else { break };
            let under_way = self.canary.as_ref().is_some_and(Canary::is_under_way);
            ctx.wait(if under_way { left.min(PAUSE) } else { left }).await?;
        }
        let late = late.filter(|(flight, _)| self.late != Some(flight.sent));
        if let (Some(canary), Some((flight, standby))) = (&self.canary, late) {
            self.late = Some(flight.sent);
            view::flight(&self.workspace.output, env::now(), (&canary.about, standby), &flight);
        }
        Ok(())
    }

    /// What is told of the last one that arrived.
    pub(super) fn said(&self) -> Option<String> {
        let (flight, standby) = self.last.as_ref()?;
        Some(format!(
            "The last canary that arrived was sent at {:.0} and was in {standby} after {} s; what was \
             written with it may not be.",
            flight.sent,
            flight.seconds()
        ))
    }
}
