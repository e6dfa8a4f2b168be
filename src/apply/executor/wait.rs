//! What the event loop does while nothing begins: it waits for what runs, tells how far it is, and hears that
//! it is interrupted.

use lifeboat_sdk::Interrupt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Executor, Halt, PROGRESS};
use crate::event::Event;

impl Executor<'_> {
    /// Waits until something happened, and takes all that has happened by then.
    pub(super) async fn wait(&mut self) {
        let tell = self.running.values().map(|r| r.tell).min();
        let tell = tell.unwrap_or_else(|| Instant::now() + PROGRESS);
        let tell = self.next_look().map_or(tell, |look| look.min(tell));
        let interrupt = self.interrupt.as_mut();
        tokio::select! {
            biased;
            open = changed(interrupt) => {
                if open { self.interrupted() } else { self.interrupt = None }
            }
            told = self.told.recv() => {
                if let Some(told) = told { self.identified(told) }
            }
            said = self.said.recv() => {
                if let Some(said) = said { self.run.events.event(said) }
            }
            joined = self.tasks.join_next_with_id() => {
                if let Some(joined) = joined { self.joined(joined) }
            }
            () = sleep_until(tell) => self.progress(),
        }
        while let Ok(told) = self.told.try_recv() {
            self.identified(told);
        }
        while let Some(joined) = self.tasks.try_join_next_with_id() {
            self.joined(joined);
        }
    }

    /// Looks how far an interrupt went.
    pub(super) fn interrupted(&mut self) {
        let level = self.interrupt.as_mut().map(|i| *i.borrow_and_update()).unwrap_or_default();
        let now = Halt::Interrupted(level);
        let news = level > Interrupt::None && self.halt.as_ref() != Some(&now);
        let over = matches!(self.halt, Some(Halt::Unrecorded(_) | Halt::Asked(_)));
        if news && !over {
            self.run.events.event(Event::Interrupted(level == Interrupt::Stop));
            self.halt = Some(now);
        }
    }

    pub(super) fn stopped(&self) -> bool {
        let level = self.interrupt.as_ref().map(|i| *i.borrow()).unwrap_or_default();
        level == Interrupt::Stop
    }

    pub(super) fn progress(&mut self) {
        let now = Instant::now();
        for running in self.running.values_mut().filter(|r| r.tell <= now) {
            running.tell = now + PROGRESS;
            for item in &running.items {
                self.run.events.event(Event::ApplyProgress {
                    address: item.address.clone(),
                    operation: item.member.operation,
                    elapsed: running.since.elapsed(),
                });
            }
        }
    }
}

/// Waits for a change of the interrupt; `false` when there will be none any more.
pub(super) async fn changed(interrupt: Option<&mut watch::Receiver<Interrupt>>) -> bool {
    match interrupt {
        Some(interrupt) => interrupt.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}
