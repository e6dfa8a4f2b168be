//! The lock record: the term, who holds the lock, and the fence that late writers run into.
//!
//! One line in the envelope of [`crate::line`], whose sequence is the term. It is created once and
//! from then on only swapped; nothing deletes it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::line;
use crate::lock::LockInfo;
use crate::store::{CasStore, Name, PutNew, StoreError, Swap, Version};

const VERSION: u32 = 1;

/// The record as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) term: u64,
    pub(crate) holder: Option<LockInfo>,
    pub(crate) fence: Fence,
    pub(crate) broken: Option<Broken>,
}

/// Which generations count: those up to `serial`, and above it those of a term from `term` on.
///
/// It moves when a term begins and after each commit. A holder whose lock was taken and whose last
/// write arrives after that writes above the fence with an older term: nobody reads it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fence {
    pub(crate) serial: u64,
    pub(crate) term: u64,
    /// Of the generation `serial`; none if that one was damaged when the fence moved.
    pub(crate) digest: Option<Digest>,
}

impl Fence {
    pub(crate) fn counts(&self, serial: u64, term: u64) -> bool {
        serial <= self.serial || term >= self.term
    }

    /// Whether the fence was moved to exactly this generation.
    pub(crate) fn vouches(&self, serial: u64, digest: Digest) -> bool {
        serial == self.serial && self.digest == Some(digest)
    }
}

/// The last time that the lock was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) id: String,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// Why the record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes are not those that were written.
    #[error(
        "the lock record `{name}` is damaged: make sure that no lifeboat works on this state, then \
         put a new one in its place with `lifeboat force-unlock`"
    )]
    Damaged {
        /// The record.
        name: String,
    },
    /// A newer lifeboat wrote it.
    #[error(
        "the lock record has format {found}, this lifeboat knows formats up to {supported}: use \
         the version of lifeboat that wrote it, or a newer one"
    )]
    Newer {
        /// The format found.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
    /// The store failed.
    #[error("the lock record could not be read or written")]
    Store(#[from] StoreError),
}

pub(crate) fn name() -> Result<Name, StoreError> {
    Name::new("lock")
}

/// The record and the version that a swap must name.
pub(crate) async fn read(store: &dyn CasStore) -> Result<Option<(Record, Version)>, RecordError> {
    let name = name()?;
    let Some(stored) = store.get(&name).await? else {
        return Ok(None);
    };
    let record = decode(&stored.bytes)?;
    Ok(Some((record, stored.version)))
}

/// Writes the record if it is still as it was read; says whether it was.
pub(crate) async fn write(
    store: &dyn CasStore,
    expected: Option<&Version>,
    record: &Record,
) -> Result<Option<Version>, RecordError> {
    let (name, bytes) = (name()?, encode(record)?);
    Ok(match expected {
        None => match store.put_new(&name, bytes).await? {
            PutNew::Created(version) => Some(version),
            PutNew::Exists => None,
        },
        Some(expected) => match store.swap(&name, expected, bytes).await? {
            Swap::Swapped(version) => Some(version),
            Swap::Refused => None,
        },
    })
}

fn damaged() -> RecordError {
    RecordError::Damaged { name: "lock".to_owned() }
}

fn encode(record: &Record) -> Result<Bytes, RecordError> {
    let json = serde_json::to_string(&v1::Record::from(record)).map_err(|_| damaged())?;
    Ok(Bytes::from(line::encode(record.term, Digest::ZERO, &json)))
}

#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
    let (line, length) = line::parse(bytes).map_err(|_| damaged())?;
    if length != bytes.len() {
        return Err(damaged());
    }
    let AnyVersion { version } = serde_json::from_str(line.json).map_err(|_| damaged())?;
    if version != VERSION {
        return Err(RecordError::Newer { found: version, supported: VERSION });
    }
    let record: v1::Record = serde_json::from_str(line.json).map_err(|_| damaged())?;
    record.model(line.sequence).ok_or_else(damaged)
}

/// The frozen form of version 1, with Terraform's names for the holder's fields.
mod v1 {
    use super::{Broken, Deserialize, Fence, LockInfo, Serialize, VERSION};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Record {
        version: u32,
        holder: Option<Holder>,
        fence_serial: u64,
        fence_term: u64,
        fence_digest: Option<String>,
        broken: Option<BrokenLock>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "PascalCase")]
    struct Holder {
        #[serde(rename = "ID")]
        id: String,
        operation: String,
        info: String,
        who: String,
        version: String,
        created: String,
        path: String,
        host: String,
        pid: u32,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct BrokenLock {
        id: String,
        by: String,
        reason: String,
    }

    impl From<&super::Record> for Record {
        fn from(record: &super::Record) -> Self {
            Self {
                version: VERSION,
                holder: record.holder.clone().map(Holder::from),
                fence_serial: record.fence.serial,
                fence_term: record.fence.term,
                fence_digest: record.fence.digest.map(|digest| digest.to_string()),
                broken: record.broken.clone().map(|Broken { id, by, reason }| BrokenLock {
                    id,
                    by,
                    reason,
                }),
            }
        }
    }

    impl Record {
        pub(super) fn model(self, term: u64) -> Option<super::Record> {
            let digest = self.fence_digest.map(|text| text.parse()).transpose().ok()?;
            Some(super::Record {
                term,
                holder: self.holder.map(LockInfo::from),
                fence: Fence { serial: self.fence_serial, term: self.fence_term, digest },
                broken: self.broken.map(|BrokenLock { id, by, reason }| Broken { id, by, reason }),
            })
        }
    }

    impl From<LockInfo> for Holder {
        fn from(info: LockInfo) -> Self {
            let LockInfo { id, operation, info, who, version, created, path, host, pid } = info;
            Self { id, operation, info, who, version, created, path, host, pid }
        }
    }

    impl From<Holder> for LockInfo {
        fn from(holder: Holder) -> Self {
            let Holder { id, operation, info, who, version, created, path, host, pid } = holder;
            Self { id, operation, info, who, version, created, path, host, pid }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            term: 7,
            holder: Some(LockInfo {
                id: "11111111-2222-3333-4444-555555555555".to_owned(),
                operation: "OperationTypeApply".to_owned(),
                info: String::new(),
                who: "alice@ci".to_owned(),
                version: "0.1.0".to_owned(),
                created: "2026-11-20 13:00:00 UTC".to_owned(),
                path: ".lifeboat/state".to_owned(),
                host: "ci".to_owned(),
                pid: 42,
            }),
            fence: Fence { serial: 5, term: 7, digest: Some(Digest::of(b"5")) },
            broken: Some(Broken {
                id: "0".to_owned(),
                by: "bob".to_owned(),
                reason: "gone".to_owned(),
            }),
        }
    }

    #[test]
    fn a_record_reads_back() {
        let bytes = encode(&record()).unwrap();
        assert_eq!(decode(&bytes).unwrap(), record());
        let empty = Record::default();
        assert_eq!(decode(&encode(&empty).unwrap()).unwrap(), empty);
        assert!(std::str::from_utf8(&bytes).unwrap().contains(r#""Who":"alice@ci""#));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = encode(&record()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes).is_err(), "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut {cut}");
        }
    }

    #[test]
    fn a_newer_record_names_both_versions() {
        let text = line::encode(1, Digest::ZERO, r#"{"version":2,"more":true}"#);
        let error = decode(text.as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Newer { found: 2, supported: 1 }));
        assert!(error.to_string().contains("format 2"), "{error}");
    }

    #[test]
    fn above_the_fence_only_its_term_and_later_ones_count() {
        let fence = Fence { serial: 5, term: 7, digest: None };
        assert!(fence.counts(5, 1));
        assert!(!fence.counts(6, 6));
        assert!(fence.counts(6, 7));
        assert!(fence.counts(6, 8));
    }
}
