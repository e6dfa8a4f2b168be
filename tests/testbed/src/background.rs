//! A thread with a runtime of its own, so that blocking callers and paused clocks do not matter to what runs on it.

use std::future::Future;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::Doing as _;
use crate::{Error, Result};

/// One thread that drives one runtime until this is dropped; its tasks end with it.
#[derive(Debug)]
pub(crate) struct Background {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts the thread.
    pub(crate) fn start(name: &str) -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .doing("start a runtime for the test bed")?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // The sender says it by going.
                runtime.block_on(stopped).ok();
            })
            .doing("start a thread for the test bed")?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Runs a future on the thread and blocks for its result.
    pub(crate) fn run<F>(&self, future: F) -> Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        drop(self.handle.spawn(async move {
            // The receiver waits below, so this cannot fail.
            sender.send(future.await).ok();
        }));
        receiver.recv().map_err(|_gone| Error::Background)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed; a second one here would abort.
            drop(thread.join());
        }
    }
}
