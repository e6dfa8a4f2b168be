//! Reading a journal: every frame verified, a torn end told from a damaged middle.
//!
//! A frame says where its append began. An append that a power cut tore leaves frames of that append
//! only, in any state; so an unreadable frame is a torn end unless a whole frame of a *later* append
//! follows, which was written only after the one before was durable.

use super::codec::{Seals, Unreadable};
use super::frame::{Frame, RunBegin, RunEnd, RunId};
use super::v1::{self, AnyVersion, FORMAT, Payload};
use super::{JournalError, genesis};
use crate::digest::Digest;
use crate::line::{self, Line};
use crate::secret::Sealer;

/// A journal as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The whole frames, in order.
    pub frames: Vec<Frame>,
    /// Whether the end of a part could not be read: since a flipped bit looks like that too, every
    /// step whose needs were met is then in doubt.
    pub dropped_tail: bool,
    /// How many frames a process appended after another one had gone on with the run.
    pub superseded: u64,
    pub(super) last: Digest,
}

/// How a run began and ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// How it began.
    pub begin: RunBegin,
    /// How it ended, if it did.
    pub end: Option<RunEnd>,
}

/// Lines that hold together, before their secrets are opened.
#[derive(Default)]
pub(super) struct Lines {
    frames: Vec<(v1::Frame, Digest)>,
    dropped_tail: bool,
    superseded: u64,
}

impl Lines {
    /// Takes over the next part, in the order of their numbers; the first has number 1.
    pub(super) fn add_part(
        &mut self,
        run: &RunId,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), JournalError> {
        if number > 1 {
            let Ok((first, _)) = line::parse(bytes) else {
                // Its first frame is synced by itself: if it is torn, the part never began.
                return if is_torn(bytes, 0) { Ok(()) } else { Err(damaged(run, self.length())) };
            };
            self.cut_at(run, first)?;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let expected = (self.length(), self.last(run));
            let parsed = line::parse(rest);
            let next = parsed.ok().filter(|(line, _)| (line.sequence, line.previous) == expected);
            let Some((line, length)) = next else {
                if !is_torn(rest, self.length()) {
                    return Err(damaged(run, self.length()));
                }
                self.dropped_tail = true;
                break;
            };
            let frame = decode(run, line)?;
            self.frames.push((frame, Digest::of(&rest[..length])));
            rest = &rest[length..];
        }
        Ok(())
    }

    /// A later part begins here: what the earlier ones hold beyond came too late.
    fn cut_at(&mut self, run: &RunId, first: Line<'_>) -> Result<(), JournalError> {
        let beyond = self.length().checked_sub(first.sequence);
        let before = first.sequence.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let link = before.and_then(|index| self.frames.get(index)).map(|(_, link)| *link);
        match (beyond, before) {
            (Some(beyond), Some(before)) if link == Some(first.previous) => {
                self.superseded += beyond;
                self.frames.truncate(before + 1);
                Ok(())
            }
            _ => Err(damaged(run, self.length())),
        }
    }

    fn length(&self) -> u64 {
        self.frames.len() as u64
    }

    fn last(&self, run: &RunId) -> Digest {
        self.frames.last().map_or_else(|| genesis(run), |(_, link)| *link)
    }

    /// How the run began and ended: what is never sealed.
    pub(super) fn headline(self, run: &RunId, sealer: &Sealer) -> Option<Headline> {
        let mut frames = self.frames.into_iter().map(|(frame, _)| frame);
        let seals = Seals { sealer, lineage: "" };
        let Frame::RunBegin(begin) = frames.next()?.into_model(seals).ok()? else { return None };
        let end = frames.next_back().and_then(v1::Frame::end);
        (begin.run == *run).then_some(Headline { begin, end })
    }

    pub(super) fn open(self, run: &RunId, sealer: &Sealer) -> Result<Recorded, JournalError> {
        let last = self.last(run);
        let lineage = self.frames.first().and_then(|(frame, _)| frame.lineage());
        let lineage = lineage.unwrap_or_default().to_owned();
        let seals = Seals { sealer, lineage: &lineage };
        let frames = self.frames.into_iter().zip(0..).map(|((frame, _), sequence)| {
            frame.into_model(seals).map_err(|error| match error {
                Unreadable::Secret(error) => error.into(),
                Unreadable::Content => damaged(run, sequence),
            })
        });
        Ok(Recorded {
            frames: frames.collect::<Result<_, JournalError>>()?,
            dropped_tail: self.dropped_tail,
            superseded: self.superseded,
            last,
        })
    }
}

/// The end of the run, if its last part ends with one: looks at the last line only. What cannot be
/// read is no end: reading all of it says why.
pub(super) fn end(run: &RunId, tail: &[u8]) -> Option<RunEnd> {
    let text = tail.strip_suffix(b"\n")?;
    let start = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |index| index + 1);
    let (line, _) = line::parse(&tail[start..]).ok()?;
    decode(run, line).ok()?.end()
}

fn decode(run: &RunId, line: Line<'_>) -> Result<v1::Frame, JournalError> {
    let any = serde_json::from_str(line.json).map_err(|_| damaged(run, line.sequence))?;
    let AnyVersion { v: found, .. } = any;
    if found != FORMAT {
        return Err(JournalError::Newer { run: run.clone(), found, supported: FORMAT });
    }
    let payload: Result<Payload, _> = serde_json::from_str(line.json);
    Ok(payload.map_err(|_| damaged(run, line.sequence))?.frame)
}

/// Whether what is left, which should begin with frame `sequence`, can be one torn append.
fn is_torn(rest: &[u8], sequence: u64) -> bool {
    // A line may begin anywhere: the line feed before it may be what is damaged.
    let starts = rest.windows(9).enumerate().filter(|(_, bytes)| looks_like_a_start(bytes));
    let mut batches = starts.filter_map(|(start, _)| {
        let (line, _) = line::parse(&rest[start..]).ok()?;
        let AnyVersion { batch, .. } = serde_json::from_str(line.json).ok()?;
        Some(batch)
    });
    batches.all(|batch| batch <= sequence)
}

fn looks_like_a_start(bytes: &[u8]) -> bool {
    let (checksum, space) = bytes.split_at(8);
    space == b" " && checksum.iter().all(u8::is_ascii_hexdigit)
}

fn damaged(run: &RunId, sequence: u64) -> JournalError {
    JournalError::Damaged { run: run.clone(), sequence }
}
