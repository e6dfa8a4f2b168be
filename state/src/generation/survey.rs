//! `Chain::survey`: every generation that is kept, judged by itself, by its neighbours and by the
//! fence.

use super::chain::{Chain, VOID, name};
use super::{Damage, Generation, GenerationError};
use crate::record::{self, Fence, RecordError};

/// A generation that is kept, or should be.
#[derive(Debug)]
pub struct Kept {
    /// Its serial.
    pub serial: u64,
    /// How many bytes it takes; 0 where it is gone.
    pub size: usize,
    /// What is to be thought of it.
    pub standing: Standing,
    /// The later generation that took an earlier one back over this one, which is damaged.
    pub overruled_by: Option<u64>,
}

/// What is to be thought of a generation.
#[derive(Debug)]
pub enum Standing {
    /// It is as it was written, and so is what it follows.
    Whole(Box<Generation>),
    /// It is as it was written, by a run that had lost its lock: it does not count.
    Late,
    /// The place of one that came too late to count.
    Void,
    /// It is not as it was written.
    Damaged(Damage),
}

/// All generations that are kept.
#[derive(Debug)]
pub struct Survey {
    /// Oldest first; with those that should be there.
    pub kept: Vec<Kept>,
    /// Whether there is a lock record, which vouches for the newest, or why it cannot be read.
    pub record: Result<bool, GenerationError>,
}

impl Survey {
    /// Those that are whole, oldest first.
    pub fn whole(&self) -> impl DoubleEndedIterator<Item = &Generation> {
        self.kept.iter().filter_map(|kept| match &kept.standing {
            Standing::Whole(generation) => Some(&**generation),
            Standing::Late | Standing::Void | Standing::Damaged(_) => None,
        })
    }
}

impl Chain {
    /// Looks at every generation that is kept. Writes nothing.
    ///
    /// # Errors
    /// The store failed; damage is no error here.
    pub async fn survey(&self) -> Result<Survey, GenerationError> {
        let (fence, record) = match record::read(&*self.store).await {
            Ok(Some((record, _))) => (record.fence, Ok(true)),
            Ok(None) => (Fence::default(), Ok(false)),
            Err(RecordError::Store(error)) => return Err(error.into()),
            Err(error) => (Fence::default(), Err(error.into())),
        };
        let mut kept = Vec::new();
        for serial in self.serials().await? {
            // None: pruned since it was listed.
            if let Some(stored) = self.store.get(&name(serial)?).await? {
                let standing = alone(serial, &stored.bytes, fence);
                let size = stored.bytes.len();
                kept.push(Kept { serial, size, standing, overruled_by: None });
            }
        }
        together(&mut kept, fence);
        Ok(Survey { kept, record })
    }
}

/// What can be said of the bytes without their neighbours.
fn alone(serial: u64, bytes: &[u8], fence: Fence) -> Standing {
    if bytes == VOID {
        return Standing::Void;
    }
    let generation = match Generation::decode(bytes) {
        Ok(generation) => generation,
        Err(why) => return Standing::Damaged(why),
    };
    let inside = generation.header.serial;
    if inside != serial {
        return Standing::Damaged(Damage::Serial { inside });
    }
    if let Err(why) = generation.sealed() {
        return Standing::Damaged(why);
    }
    if fence.counts(serial, generation.header.term) {
        Standing::Whole(Box::new(generation))
    } else {
        Standing::Late
    }
}

/// What the fence and the links say of them.
fn together(kept: &mut Vec<Kept>, fence: Fence) {
    let mut missing = Vec::new();
    match kept.iter().position(|it| it.serial == fence.serial) {
        Some(at) => {
            if let (Standing::Whole(found), Some(expected)) = (&kept[at].standing, fence.digest)
                && found.digest != expected
            {
                let found = found.digest;
                kept[at].standing = Standing::Damaged(Damage::Replaced { expected, found });
            }
        }
        None if fence.serial > 0 => missing.push(fence.serial),
        None => {}
    }
    for at in (0..kept.len()).rev() {
        let Standing::Whole(generation) = &kept[at].standing else { continue };
        let Some(link) = generation.header.previous else { continue };
        match kept.binary_search_by_key(&link.serial, |it| it.serial) {
            Ok(before) => {
                let Standing::Whole(found) = &kept[before].standing else { continue };
                let (expected, found) = (link.digest, found.digest);
                if found == expected {
                    continue;
                }
                if fence.vouches(link.serial, found) {
                    let why = Damage::Stranger { previous: link.serial };
                    kept[at].standing = Standing::Damaged(why);
                } else {
                    kept[before].standing = Standing::Damaged(Damage::Replaced { expected, found });
                }
            }
            // What is pruned is older than all that is kept.
            Err(place) if place > 0 => missing.push(link.serial),
            Err(_) => {}
        }
    }
    missing.sort_unstable();
    missing.dedup();
    kept.extend(missing.into_iter().map(|serial| Kept {
        serial,
        size: 0,
        standing: Standing::Damaged(Damage::Missing),
        overruled_by: None,
    }));
    kept.sort_by_key(|it| it.serial);
    overrule(kept);
}

/// A damaged generation over which an earlier one was taken back is read by nothing any more.
fn overrule(kept: &mut [Kept]) {
    let restored = |it: &Kept| match &it.standing {
        Standing::Whole(generation) => Some((generation.header.restored?, it.serial)),
        Standing::Late | Standing::Void | Standing::Damaged(_) => None,
    };
    let restores: Vec<(u64, u64)> = kept.iter().filter_map(restored).collect();
    for it in kept.iter_mut().filter(|it| matches!(it.standing, Standing::Damaged(_))) {
        let over = restores.iter().find(|(back, by)| *back < it.serial && it.serial < *by);
        it.overruled_by = over.map(|(_, by)| *by);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::store::{CasStore as _, MemoryDisk, Swap};
    use crate::testing::{chain, disk_with, new_generation};

    async fn overwrite(disk: &MemoryDisk, serial: u64, bytes: &[u8]) {
        let name = name(serial).unwrap();
        let version = disk.get(&name).await.unwrap().unwrap().version;
        let swapped = disk.swap(&name, &version, Bytes::copy_from_slice(bytes)).await.unwrap();
        assert!(matches!(swapped, Swap::Swapped(_)));
    }

    async fn bytes(disk: &MemoryDisk, serial: u64) -> Bytes {
        disk.get(&name(serial).unwrap()).await.unwrap().unwrap().bytes
    }

    /// `1 whole, 2 Checksum`
    async fn standings(disk: &MemoryDisk) -> String {
        let survey = chain(disk).survey().await.unwrap();
        let word = |kept: &Kept| match &kept.standing {
            Standing::Whole(_) => "whole".to_owned(),
            Standing::Late => "late".to_owned(),
            Standing::Void => "void".to_owned(),
            Standing::Damaged(why) => {
                let name = format!("{why:?}");
                let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
                let by = kept.overruled_by.map(|by| format!(" under {by}"));
                name[..end].to_owned() + &by.unwrap_or_default()
            }
        };
        let all: Vec<String> =
            survey.kept.iter().map(|kept| format!("{} {}", kept.serial, word(kept))).collect();
        all.join(", ")
    }

    #[tokio::test]
    async fn what_is_whole_is_whole() {
        let (disk, _guard, _) = disk_with(3).await;
        assert_eq!(standings(&disk).await, "1 whole, 2 whole, 3 whole");
        let survey = chain(&disk).survey().await.unwrap();
        assert!(survey.record.is_ok_and(|there| there));
        assert_eq!(chain(&MemoryDisk::new()).survey().await.unwrap().kept.len(), 0);
    }

    #[tokio::test]
    async fn a_flipped_bit_is_seen_in_every_generation() {
        let (disk, _guard, _) = disk_with(3).await;
        for serial in 1..=3 {
            let whole = bytes(&disk, serial).await;
            for bit in (0..whole.len() * 8).step_by(5) {
                let mut flipped = whole.to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                overwrite(&disk, serial, &flipped).await;
                let survey = chain(&disk).survey().await.unwrap();
                let damaged =
                    survey.kept.iter().filter(|it| matches!(it.standing, Standing::Damaged(_)));
                let damaged: Vec<u64> = damaged.map(|it| it.serial).collect();
                assert_eq!(damaged, [serial], "bit {bit}");
            }
            overwrite(&disk, serial, &whole).await;
        }
    }

    #[tokio::test]
    async fn a_replaced_a_missing_and_a_misplaced_one_are_told_apart() {
        let (disk, _guard, _) = disk_with(4).await;
        let (other, _other, _) = disk_with(2).await;
        let second = bytes(&disk, 2).await;
        let strange = bytes(&other, 1).await;
        overwrite(&disk, 2, &strange).await;
        assert_eq!(standings(&disk).await, "1 whole, 2 Serial, 3 whole, 4 whole");
        overwrite(&disk, 2, &second).await;
        disk.remove(&name(3).unwrap()).await.unwrap();
        assert_eq!(standings(&disk).await, "1 whole, 2 whole, 3 Missing, 4 whole");
        disk.remove(&name(4).unwrap()).await.unwrap();
        assert_eq!(standings(&disk).await, "1 whole, 2 whole, 4 Missing");
        disk.remove(&name(1).unwrap()).await.unwrap();
        // As if it were pruned.
        assert_eq!(standings(&disk).await, "2 whole, 4 Missing");
    }

    #[tokio::test]
    async fn what_was_overruled_by_a_restored_one_is_marked() {
        let (disk, guard, _) = disk_with(3).await;
        overwrite(&disk, 3, b"gone").await;
        chain(&disk).restore(&guard.permit(), 2, "back").await.unwrap();
        assert_eq!(standings(&disk).await, "1 whole, 2 whole, 3 NotAState under 4, 4 whole");
    }

    #[tokio::test]
    async fn a_whole_generation_of_another_chain_is_a_replaced_one() {
        let (disk, guard, head) = disk_with(2).await;
        let (other, theirs, before) = disk_with(1).await;
        let new = new_generation("other");
        chain(&other).commit(&theirs.permit(), before.as_ref(), new).await.unwrap();
        let strange = bytes(&other, 2).await;
        chain(&disk).commit(&guard.permit(), head.as_ref(), new_generation("c3")).await.unwrap();
        overwrite(&disk, 2, &strange).await;
        assert_eq!(standings(&disk).await, "1 whole, 2 Replaced, 3 whole");
        overwrite(&disk, 3, VOID).await;
        assert_eq!(standings(&disk).await, "1 whole, 2 whole, 3 void");
    }
}
