//! What state says. Not `Serialize`: the file format is in [`crate::generation`], frozen by version.

use std::collections::BTreeMap;

mod document;

pub use document::{Document, DocumentError};

/// How many digests of consumed plans state remembers.
pub const CONSUMED_PLANS: usize = 100;

/// How many promotions before the last one state remembers.
pub const EARLIER: usize = 10;

/// The state of one root module.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Which state this is: the text of a uuid, made once.
    pub lineage: String,
    /// Which generation this is; 0 before the first.
    pub serial: u64,
    /// The term of the lock's holder that wrote it.
    pub term: u64,
    /// How many promotions there were; the first apply opens epoch 1.
    pub epoch: u64,
    /// The topology's name.
    pub topology: Option<String>,
    /// The region that is primary.
    pub primary: Option<String>,
    /// What promotions left behind, and what the next one needs.
    pub promotions: Promotions,
    /// Which account each scope was bound to: scope text to account id or cluster uid.
    pub identities: BTreeMap<String, String>,
    /// All objects by address.
    pub objects: BTreeMap<String, ObjectRecord>,
    /// All outputs of the root module by name.
    pub outputs: BTreeMap<String, Output>,
    /// The digests of the last plans that were applied, oldest first.
    pub consumed_plans: Vec<String>,
    /// The version of lifeboat that wrote it.
    pub tool_version: String,
}

impl State {
    /// A state before its first generation.
    pub fn new(lineage: impl Into<String>, tool_version: impl Into<String>) -> Self {
        Self {
            lineage: lineage.into(),
            serial: 0,
            term: 0,
            epoch: 0,
            topology: None,
            primary: None,
            promotions: Promotions::default(),
            identities: BTreeMap::new(),
            objects: BTreeMap::new(),
            outputs: BTreeMap::new(),
            consumed_plans: Vec::new(),
            tool_version: tool_version.into(),
        }
    }

    /// Adds the digest of a plan, and forgets the oldest beyond [`CONSUMED_PLANS`].
    pub fn note_consumed(&mut self, digest: &str) {
        if !self.has_consumed(digest) {
            self.consumed_plans.push(digest.to_owned());
        }
        let excess = self.consumed_plans.len().saturating_sub(CONSUMED_PLANS);
        self.consumed_plans.drain(..excess);
    }

    /// Whether a plan is among the last that were applied.
    pub fn has_consumed(&self, digest: &str) -> bool {
        self.consumed_plans.iter().any(|known| known == digest)
    }
}

/// What promotions left behind, and what the next one needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Promotions {
    /// The region that was the primary before the last promotion: files that still name it are
    /// stale, and no wish to go back.
    pub left: Option<String>,
    /// Since when (RFC 3339) the data of the primary has no healthy copy.
    pub unprotected: Option<String>,
    /// Since when (RFC 3339) it has had one again, after the last promotion.
    pub protected: Option<String>,
    /// What could not be done in a region that did not answer and must be done there before
    /// anything else, by the address of its object.
    pub owed: BTreeMap<String, Owed>,
    /// What regions may hold alone that were left without a fence, by region.
    pub alone: BTreeMap<String, Alone>,
    /// What is still to be copied that replication does not bring by itself: by the address of
    /// what copies, and by the region that has it not.
    pub backfills: BTreeMap<String, BTreeMap<String, Backfill>>,
    /// Regions that are fenced by hand, and since when (RFC 3339).
    pub fenced: BTreeMap<String, String>,
    /// Regions that traffic is taken from by hand, and since when (RFC 3339).
    pub evacuated: BTreeMap<String, String>,
    /// Gates that are open because a region was left, by the block that has them.
    pub gates: BTreeMap<String, Gate>,
    /// The last promotion, or the one that is open.
    pub last: Option<Passage>,
    /// Promotions before it that claimed their epoch, the oldest first: at most [`EARLIER`].
    pub earlier: Vec<Passage>,
    /// How many must approve the next.
    pub approvals: u32,
    /// Who may approve the next: public keys as OpenSSH writes them, with names.
    pub approvers: Vec<String>,
}

impl Promotions {
    /// A promotion begins. The one before is kept if it came to a claim: what was given up changed nothing,
    /// and its epoch is that of the next.
    pub fn begin(&mut self, passage: Passage) {
        let before = self.last.replace(passage);
        let epoch = self.last.as_ref().map_or(0, |last| last.epoch);
        self.earlier.extend(before.filter(|it| it.has_claimed() && it.epoch < epoch));
        let excess = self.earlier.len().saturating_sub(EARLIER);
        self.earlier.drain(..excess);
    }

    /// The promotion that opened an epoch, or is on its way to it.
    pub fn of(&self, epoch: u64) -> Option<&Passage> {
        self.all().find(|passage| passage.epoch == epoch)
    }

    /// Those that are remembered, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &Passage> {
        self.last.iter().chain(self.earlier.iter().rev())
    }
}

/// What a region may hold alone that was left without a fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alone {
    /// The epoch that began without it.
    pub epoch: u64,
    /// Since when, RFC 3339.
    pub since: String,
    /// What was found there, by what had copied it; what is not in it has not been looked at.
    pub found: BTreeMap<String, Unmerged>,
}

/// Objects that are still to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Since when, RFC 3339.
    pub since: String,
    /// Whether what differs in the region was given up, so that it is replaced.
    pub given_up: bool,
}

/// Objects that no other region has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// When it was looked, RFC 3339.
    pub at: String,
    /// How many objects were compared.
    pub compared: u64,
    /// How many of them the new primary has not, or not with this content.
    pub count: u64,
    /// The first of those.
    pub first: Vec<Lone>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lone {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: Option<String>,
    /// What its content is called.
    pub tag: String,
    /// How large it is, in bytes.
    pub size: u64,
    /// When it was written, in seconds since 1970.
    pub written: Option<i64>,
    /// Whether the new primary has another content under its key.
    pub differs: bool,
    /// Whether it is a deletion: the new primary has the key still.
    pub deleted: bool,
}

/// A gate that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The region that is left through it.
    pub region: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// What is known of a promotion: who wanted it, and when it came how far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passage {
    /// The region that was left.
    pub from: String,
    /// The new primary.
    pub to: String,
    /// The epoch that it opened.
    pub epoch: u64,
    /// Who approved it, and what they attested and accepted, by name.
    pub approval: BTreeMap<String, String>,
    /// When each phase was over, RFC 3339, by its name.
    pub reached: BTreeMap<String, String>,
    /// What steps without objects told: proofs that nothing is lost, how hooks ended, and gates.
    pub told: BTreeMap<String, String>,
    /// Whether the region that was left took part: `graceful`, `ungraceful`.
    pub mode: String,
    /// Fences that could not be placed when it was planned, by the address of their object.
    pub owed: Vec<String>,
    /// Hooks that were left out, because they need the region that was left.
    pub left_out: Vec<String>,
    /// More of what was told, by the same names.
    pub evidence: BTreeMap<String, Evidence>,
}

impl Passage {
    /// Whether it opened its epoch.
    pub fn has_claimed(&self) -> bool {
        self.reached.contains_key("claim")
    }
}

/// What is known of a step without objects, besides what it told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// What it did: `edit`, `hook`, `sync`, `open`, `close`, `resolve`.
    pub act: String,
    /// Its phase.
    pub phase: String,
    /// When it was over, RFC 3339.
    pub at: String,
    /// Whether it failed, and the promotion went on without it.
    pub failed: bool,
    /// The end of what a command wrote.
    pub output: Option<String>,
    /// How many objects of a copy were compared.
    pub compared: Option<u64>,
    /// What resolvers were seen to answer with after the traffic was switched.
    pub resolvers: Vec<Resolver>,
}

/// What a resolver was seen to answer with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolver {
    /// Its address and port.
    pub at: String,
    /// The region that it answered with last; nothing where nothing is known.
    pub region: Option<String>,
    /// Since when (RFC 3339) it does not answer with the region that was left.
    pub moved: Option<String>,
    /// Until when (RFC 3339) it may answer with the region that was left.
    pub until: Option<String>,
    /// Why nothing is known of it.
    pub unknown: Option<String>,
}

/// A fence that could not be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The region that owes it.
    pub region: String,
    /// The epoch that the promotion opened.
    pub epoch: u64,
    /// Since when, RFC 3339.
    pub since: String,
}

/// What lifeboat keeps about one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectRecord {
    /// The whole address: `[module.NAME…].TYPE.NAME[KEY]`.
    pub address: String,
    /// The module's path with its keys; empty for the root.
    pub module: String,
    /// How far it is ours.
    pub mode: Mode,
    /// The kind: `aws_s3_bucket`.
    pub kind: String,
    /// The name within the module: `exports`, `bucket.exports`.
    pub name: String,
    /// The key of the instance.
    pub index: Option<Index>,
    /// The address of the provider's configuration.
    pub provider: String,
    /// The version of the kind's schema that the document follows.
    pub schema_version: u64,
    /// Whether it is whole.
    pub status: ObjectStatus,
    /// The object as last read or written, in wire form; with the value null if only deposed
    /// predecessors are left.
    pub document: Document,
    /// The id that the provider's API gave it.
    pub identity: Option<String>,
    /// The addresses that it needs; they are destroyed after it.
    pub depends_on: Vec<String>,
    /// Whether a replacement is made before it goes.
    pub create_before_destroy: bool,
    /// Whether a plan that destroys it is refused.
    pub prevent_destroy: bool,
    /// Where it lives.
    pub scope: RecordScope,
    /// Why the document is older than the state: the object could not be read.
    pub stale: Option<String>,
    /// Predecessors that are replaced but not yet gone.
    pub deposed: Vec<Deposed>,
    /// How one tells that it is ours.
    pub ownership: Ownership,
    /// Keyed hashes of write-only values and secret references by path, to notice their change.
    pub secret_hashes: BTreeMap<String, String>,
}

/// How far an object is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Made or imported by lifeboat: all of it is ours.
    Managed,
    /// Read only.
    Data,
    /// Somebody else's: only some attributes are ours.
    Operated,
}

/// The key of an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Index {
    /// Of `count`.
    Number(u64),
    /// Of `for_each`, or a region.
    Text(String),
}

/// Whether an object is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectStatus {
    /// As planned.
    Ok,
    /// Half made: the next plan finishes or replaces it.
    Incomplete,
    /// Takes no writes because of a fence of ours.
    Fenced,
    /// To be replaced.
    Tainted,
}

/// Where an object lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordScope {
    /// The provider's name and alias.
    pub provider: String,
    /// The account id or cluster.
    pub account: String,
    /// The region, or `global@HOME`.
    pub location: String,
    /// The service.
    pub service: String,
}

/// A predecessor that is replaced but not yet gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Deposed {
    /// What tells it from others of the same address.
    pub key: String,
    /// As [`ObjectRecord::provider`].
    pub provider: String,
    /// As [`ObjectRecord::schema_version`].
    pub schema_version: u64,
    /// As [`ObjectRecord::document`].
    pub document: Document,
    /// As [`ObjectRecord::identity`].
    pub identity: Option<String>,
    /// As [`ObjectRecord::depends_on`].
    pub depends_on: Vec<String>,
    /// Where it lives: perhaps elsewhere than its successor.
    pub scope: RecordScope,
    /// Where it is kept on purpose: what a promotion left, and what could not follow again.
    pub retired: Option<Retired>,
}

/// Since when something is kept that a promotion left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// The epoch in which it was left.
    pub epoch: u64,
    /// Since when it has the name under which it is kept, RFC 3339.
    pub since: String,
}

/// How one tells that an object is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ownership {
    /// It carries ownership tags.
    Tags,
    /// It is a part of another object.
    Parent,
    /// Its name is unique.
    Name,
    /// Nothing outside state knows it.
    StateOnly,
}

/// An output of the root module.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The value in wire form.
    pub document: Document,
    /// Whether it is declared sensitive.
    pub sensitive: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_promotions_that_claimed_their_epoch_are_remembered() {
        let begun = |epoch: u64| Passage { epoch, ..Passage::default() };
        let mut promotions = Promotions::default();
        let last = EARLIER as u64 + 5;
        for epoch in 2..=last {
            // Each is tried twice: the first time it is given up.
            promotions.begin(begun(epoch));
            promotions.begin(begun(epoch));
            let reached = &mut promotions.last.as_mut().unwrap().reached;
            reached.insert("claim".to_owned(), "2026-11-20T13:00:00Z".to_owned());
        }
        let epochs: Vec<u64> = promotions.all().map(|passage| passage.epoch).collect();
        assert_eq!(epochs, (last - EARLIER as u64..=last).rev().collect::<Vec<_>>());
        assert_eq!(promotions.of(last).map(|of| of.epoch), Some(last));
        assert_eq!(promotions.of(2), None);
        // What is begun again from a journal is not kept twice.
        let before = promotions.earlier.clone();
        promotions.begin(begun(last));
        assert_eq!(promotions.earlier, before);
    }

    #[test]
    fn only_the_last_consumed_plans_are_remembered() {
        let mut state = State::new("lineage", "0.1.0");
        for number in 0..=CONSUMED_PLANS {
            state.note_consumed(&number.to_string());
            state.note_consumed(&number.to_string());
        }
        assert_eq!(state.consumed_plans.len(), CONSUMED_PLANS);
        assert!(!state.has_consumed("0"));
        assert!(state.has_consumed("1"));
        assert!(state.has_consumed(&CONSUMED_PLANS.to_string()));
    }
}
