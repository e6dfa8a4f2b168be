//! `World`: a cloud, a disk and the commands that run between them.

use std::sync::Arc;

use lifeboat_sim::{SimCloud, SimProvider};
use lifeboat_state::backend::StoreBackend;
use lifeboat_state::store::MemoryDisk;

use super::process::{self, Command, Ended, Fatality, Verb};

/// What outlives processes.
pub(super) struct World {
    seed: u64,
    pub(super) cloud: SimCloud,
    pub(super) disk: MemoryDisk,
    /// How many commands were typed.
    commands: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let (cloud, disk) = (SimCloud::new(seed), MemoryDisk::new());
        Self { seed, cloud, disk, commands: 0 }
    }

    pub(super) async fn backend(&self) -> Result<StoreBackend, String> {
        process::backend(&self.disk).await
    }

    /// A command as a process: `None` if it died.
    pub(super) async fn process(
        &mut self,
        verb: Verb,
        text: &str,
        fatality: Fatality,
    ) -> Option<Ended> {
        self.commands += 1;
        let command = Command {
            cloud: &self.cloud,
            disk: &self.disk,
            provider: Arc::new(SimProvider::new(&self.cloud)),
            seed: self.seed,
            number: self.commands,
            begun: None,
            verb,
            text,
            approve: |_| None,
            rehearsal: None,
        };
        command.process(fatality).await
    }

    /// What is left of the disk when the process died: of what was not synced as much as `keep`.
    pub(super) fn reboot(&mut self, mut keep: impl FnMut(usize) -> usize) {
        self.disk = self.disk.crash(|unsynced| keep(unsynced.units));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The checkers hold the cloud that holds them.
        self.cloud.unwatch();
    }
}
