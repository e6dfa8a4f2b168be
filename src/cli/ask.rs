//! Questions to people: a line of standard input, or the interrupt that comes instead of it.

use std::io::BufRead as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lifeboat_sdk::{Diagnostics, Interrupt, Name};
use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::lock::{LockError, LockGuard};
use tokio::sync::oneshot;

use super::exit::Exit;
use super::workspace::Workspace;
use crate::config::Config;
use crate::config::variable::Given;
use crate::view::escape;

impl Workspace {
    /// Asks, and gives back the line that was typed: an empty one where the input is closed.
    ///
    /// # Errors
    /// An interrupt came first, and that has been told.
    pub async fn ask(&self, question: &str) -> Result<String, Exit> {
        self.output.note(question);
        Ok(self.input(line_of_input).await?.unwrap_or_default())
    }

    /// What a read of the standard input gives; nothing where it cannot be begun.
    ///
    /// # Errors
    /// An interrupt came first, and that has been told.
    pub async fn input<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Exit> {
        self.waiting.store(true, Ordering::SeqCst);
        let (sender, given) = oneshot::channel();
        // A read of the input cannot be taken back. Nothing waits for the thread: it goes with the
        // process.
        let reader = std::thread::Builder::new().spawn(move || drop(sender.send(read())));
        let read = tokio::select! {
            biased;
            () = self.interrupted() => None,
            given = given => Some(given.ok()),
        };
        drop(reader);
        self.waiting.store(false, Ordering::SeqCst);
        read.ok_or_else(|| self.stopped())
    }

    /// Asks for the variables that have no value, as Terraform does; an empty answer is a value.
    ///
    /// # Errors
    /// An interrupt came first, and that has been told.
    pub async fn ask_for(&self, missing: &[(Name, Option<String>)]) -> Result<Vec<Given>, Exit> {
        let mut given = Vec::new();
        for (name, description) in missing {
            let about = description.as_deref().map(|d| format!("  {}\n\n", escape::lines(d)));
            let about = about.unwrap_or_default();
            let value = self.ask(&format!("var.{name}\n{about}  Enter a value: ")).await?;
            self.output.note("\n");
            given.push(Given::Assignment(format!("{name}={value}")));
        }
        Ok(given)
    }

    /// Takes the lock, unless an interrupt comes first. Who waits is told for whom.
    ///
    /// # Errors
    /// Another run holds it, or an interrupt came; that has been told.
    pub async fn lock(
        &self,
        backend: &StoreBackend,
        operation: &str,
        timeout: Duration,
    ) -> Result<LockGuard, Exit> {
        let info = self.lock_info(operation);
        let mut taken = backend.lock(info.clone(), Duration::ZERO).await;
        if let Err(BackendError::Lock(LockError::Held(holder))) = &taken
            && !timeout.is_zero()
        {
            self.waiting.store(true, Ordering::SeqCst);
            let who = escape::line(&holder.info.who);
            self.output.note(&format!("Waiting for the state lock, which {who} holds...\n"));
            taken = tokio::select! {
                biased;
                taken = backend.lock(info, timeout) => taken,
                // What the attempt may just have taken is a dead process's a moment later.
                () = self.interrupted() => return Err(self.stopped()),
            };
            self.waiting.store(false, Ordering::SeqCst);
        }
        taken.map_err(|error| super::force_unlock::locked(self, &error))
    }

    /// Comes back when somebody interrupts, at once where that has happened.
    pub async fn interrupted(&self) {
        let mut interrupt = self.interrupt.clone();
        let seen = interrupt.wait_for(|how| *how != Interrupt::None).await;
        if seen.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells that an interrupt ended the run before it changed anything.
    pub fn stopped(&self) -> Exit {
        if self.output.is_text() {
            self.output.note("\n\nInterrupted: nothing was changed.\n");
        } else {
            self.output.error("Interrupted: nothing was changed", "");
        }
        Exit::Error
    }
}

/// The root module's variables that have no value, with what they say of themselves.
pub fn missing(config: &Config, found: &Diagnostics) -> Vec<(Name, Option<String>)> {
    let lacks = |span| found.0.iter().any(|d| d.code == "config::no_value" && d.span == Some(span));
    let missing = config.root.variables.values().filter(|variable| lacks(variable.span));
    missing.map(|variable| (variable.name.clone(), variable.description.clone())).collect()
}

/// One line of standard input; nothing when it is closed.
fn line_of_input() -> String {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() { line.trim().to_owned() } else { String::new() }
}
