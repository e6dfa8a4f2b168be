//! `Journals`: the journals in a store: beginning, resuming, finding open ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::frame::{Frame, RunBegin, RunEnd, RunId, RunResumed};
use super::read::{self, Headline, Lines, Recorded};
use super::status::Progress;
use super::{Journal, JournalError, Run, genesis, replay};
use crate::digest::Digest;
use crate::secret::{self, Sealer};
use crate::store::{Name, Segments, StoreError};

/// How many finished runs are kept.
pub const KEEP: usize = 30;

/// Longer than any [`RunEnd`] frame.
const TAIL: usize = 4096;

/// The journals in a store.
#[derive(Debug, Clone)]
pub struct Journals {
    segments: Arc<dyn Segments>,
    sealer: Arc<Sealer>,
}

/// A run without an end: its process died, or still works.
#[derive(Debug)]
pub struct OpenRun {
    /// Its name.
    pub id: RunId,
    /// Where it stands, or why that cannot be told.
    pub run: Result<Run, JournalError>,
}

impl Journals {
    /// The journals in `segments`; sensitive values are sealed with `sealer`.
    pub fn new(segments: Arc<dyn Segments>, sealer: Arc<Sealer>) -> Self {
        Self { segments, sealer }
    }

    /// Begins a run: its first frame, with the whole plan, is durable when this returns.
    ///
    /// # Errors
    /// There is a run of that name, or the store failed. The run called nothing yet.
    pub async fn begin(&self, begin: RunBegin) -> Result<Journal, JournalError> {
        let (run, lineage) = (begin.run.clone(), begin.lineage.clone());
        let previous = genesis(&run);
        let mut journal = self.part(run, lineage, 1, (0, previous), Progress::default()).await?;
        journal.append(&[Frame::RunBegin(begin)]).await?;
        Ok(journal)
    }

    /// Goes on with a run whose process died, in a part of its own.
    ///
    /// If [`Run::dropped_tail`] holds, the caller records [`Frame::Doubted`] for every step whose
    /// needs were met and that is not done, before it settles them.
    ///
    /// # Errors
    /// The run is over, damaged, or never began.
    pub async fn resume(
        &self,
        id: &RunId,
        term: u64,
        at: &str,
    ) -> Result<(Journal, Run), JournalError> {
        let parts = self.parts().await?.remove(id).unwrap_or_default();
        // What the new part follows must not be lost behind it.
        for number in &parts {
            self.segments.settle(&name(id, *number)?).await?;
        }
        let recorded = self.read_parts(id, &parts).await?;
        let run = stand(id, &recorded)?;
        if run.ended.is_some() {
            return Err(JournalError::Ended { run: id.clone() });
        }
        let mut progress = Progress::default();
        for frame in &recorded.frames {
            progress
                .apply(frame)
                .map_err(|source| JournalError::Illegal { run: id.clone(), source })?;
        }
        let number = parts.last().map_or(1, |number| number + 1);
        let place = (recorded.frames.len() as u64, recorded.last);
        let lineage = run.begin.lineage.clone();
        let mut journal = self.part(id.clone(), lineage, number, place, progress).await?;
        let dropped_tail = run.dropped_tail;
        let resumed = RunResumed { term, dropped_tail, at: at.to_owned() };
        journal.append(&[Frame::RunResumed(resumed)]).await?;
        Ok((journal, Run { term, ..run }))
    }

    /// All that a run recorded.
    ///
    /// # Errors
    /// There is no such run, or a frame in its middle is damaged.
    pub async fn read(&self, id: &RunId) -> Result<Recorded, JournalError> {
        let parts = self.parts().await?.remove(id).unwrap_or_default();
        self.read_parts(id, &parts).await
    }

    /// The runs that have a journal, by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        Ok(self.parts().await?.into_keys().collect())
    }

    /// How each run began and ended, as far as that can be read; needs no key.
    ///
    /// # Errors
    /// The store failed.
    pub async fn headlines(&self) -> Result<BTreeMap<RunId, Headline>, JournalError> {
        let mut found = BTreeMap::new();
        for (id, parts) in self.parts().await? {
            match self.lines(&id, &parts).await {
                Ok(lines) => {
                    found.extend(lines.headline(&id, &self.sealer).map(|headline| (id, headline)));
                }
                Err(JournalError::Store(error)) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// The runs without an end, by name. One that cannot be read is among them, with the reason; one
    /// that never began is not, since it called nothing.
    ///
    /// # Errors
    /// The store failed.
    pub async fn open_runs(&self) -> Result<Vec<OpenRun>, JournalError> {
        let mut open = Vec::new();
        for (id, parts) in self.parts().await? {
            if self.end(&id, &parts).await?.is_some() {
                continue;
            }
            let read = self.read_parts(&id, &parts).await;
            match read.and_then(|recorded| stand(&id, &recorded)) {
                Ok(run) if run.ended.is_some() => {}
                Err(JournalError::NeverBegan { .. }) => {}
                Err(JournalError::Store(error)) => return Err(error.into()),
                run => open.push(OpenRun { id, run }),
            }
        }
        Ok(open)
    }

    /// Makes durable how the runs ended, as far as they did: what a process left that died, or whose
    /// sync failed, is read as the end of its run, and what comes after it builds on that.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn settle(&self) -> Result<(), JournalError> {
        for (id, parts) in self.parts().await? {
            if let Some(&last) = parts.last() {
                self.segments.settle(&name(&id, last)?).await?;
            }
        }
        Ok(())
    }

    /// Removes finished runs but the newest [`KEEP`].
    ///
    /// # Errors
    /// The store failed; a later call removes what this one did not.
    pub async fn prune(&self) -> Result<(), JournalError> {
        let mut finished = Vec::new();
        for (id, parts) in self.parts().await? {
            if let Some(end) = self.end(&id, &parts).await? {
                finished.push((end.serial, id, parts));
            }
        }
        finished.sort();
        let excess = finished.len().saturating_sub(KEEP);
        for (_, id, parts) in &finished[..excess] {
            // The part with the end goes last: what is left over still counts as finished.
            for number in parts {
                self.segments.remove_segment(&name(id, *number)?).await?;
            }
        }
        Ok(())
    }

    /// Whether an open run holds a sealed value, so that the key is needed. Errs on the side of yes.
    pub(crate) async fn is_sealed(&self) -> Result<bool, JournalError> {
        Ok(self.open_parts().await?.values().any(|bytes| is_sealed(bytes)))
    }

    /// The parts of the runs without an end, as they are stored, by name.
    pub(crate) async fn open_parts(&self) -> Result<BTreeMap<String, Bytes>, JournalError> {
        let mut open = BTreeMap::new();
        for (id, parts) in self.parts().await? {
            if self.end(&id, &parts).await?.is_some() {
                continue;
            }
            for number in parts {
                let name = name(&id, number)?;
                let bytes = self.segments.read(&name).await?.unwrap_or_default();
                open.insert(name.last().to_owned(), bytes);
            }
        }
        Ok(open)
    }

    /// Puts a part of a run where there is none of that name; says whether it did.
    pub(crate) async fn put_part(&self, name: &str, bytes: Bytes) -> Result<bool, JournalError> {
        let Some(mut segment) = self.segments.create(&folder()?.join(name)?).await? else {
            return Ok(false);
        };
        segment.append(bytes).await?;
        Ok(true)
    }

    async fn part(
        &self,
        run: RunId,
        lineage: String,
        number: u32,
        (sequence, previous): (u64, Digest),
        progress: Progress,
    ) -> Result<Journal, JournalError> {
        let Some(segment) = self.segments.create(&name(&run, number)?).await? else {
            return Err(JournalError::Exists { run });
        };
        let sealer = Arc::clone(&self.sealer);
        let poisoned = false;
        Ok(Journal { run, lineage, segment, sealer, sequence, previous, progress, poisoned })
    }

    async fn read_parts(&self, id: &RunId, parts: &[u32]) -> Result<Recorded, JournalError> {
        if parts.is_empty() {
            return Err(JournalError::NotFound { run: id.clone() });
        }
        self.lines(id, parts).await?.open(id, &self.sealer)
    }

    async fn lines(&self, id: &RunId, parts: &[u32]) -> Result<Lines, JournalError> {
        let mut lines = Lines::default();
        for &number in parts {
            let bytes = self.segments.read(&name(id, number)?).await?.unwrap_or_default();
            lines.add_part(id, number, &bytes)?;
        }
        Ok(lines)
    }

    /// How the run ended, from the end of its last part.
    async fn end(&self, id: &RunId, parts: &[u32]) -> Result<Option<RunEnd>, JournalError> {
        let Some(&last) = parts.last() else {
            return Ok(None);
        };
        let tail = self.segments.tail(&name(id, last)?, TAIL).await?.unwrap_or_default();
        Ok(read::end(id, &tail))
    }

    /// The numbers of the parts of each run, ascending.
    async fn parts(&self) -> Result<BTreeMap<RunId, Vec<u32>>, JournalError> {
        let mut runs: BTreeMap<RunId, Vec<u32>> = BTreeMap::new();
        for name in self.segments.segments(&folder()?).await? {
            let (id, number) = match name.last().split_once('+') {
                None => (name.last(), Some(1)),
                Some((id, number)) => (id, number.parse().ok()),
            };
            if let (Ok(id), Some(number)) = (RunId::new(id), number) {
                runs.entry(id).or_default().push(number);
            }
        }
        runs.values_mut().for_each(|parts| parts.sort_unstable());
        Ok(runs)
    }
}

fn stand(id: &RunId, recorded: &Recorded) -> Result<Run, JournalError> {
    if recorded.frames.is_empty() {
        return Err(JournalError::NeverBegan { run: id.clone() });
    }
    let mut run = replay(&recorded.frames)
        .map_err(|source| JournalError::Illegal { run: id.clone(), source })?;
    run.dropped_tail |= recorded.dropped_tail || recorded.superseded > 0;
    Ok(run)
}

/// Whether a part of a journal holds a sealed value, in its frames or in the plan that the first one
/// carries. Errs on the side of yes.
pub(crate) fn is_sealed(part: &[u8]) -> bool {
    let text = String::from_utf8_lossy(part);
    let plans = text.split(r#""plan":""#).skip(1);
    let mut plans = plans.filter_map(|rest| STANDARD.decode(rest.split('"').next()?).ok());
    secret::is_sealed(part) || plans.any(|plan| secret::is_sealed(&plan))
}

fn folder() -> Result<Name, StoreError> {
    Name::new("journal")
}

fn name(id: &RunId, number: u32) -> Result<Name, StoreError> {
    let suffix = if number == 1 { String::new() } else { format!("+{number}") };
    folder()?.join(&format!("{id}{suffix}"))
}
