//! `aws_db_instance`: a database instance of RDS, writable or a replica of one in another region.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Failure, Finding, Path, Value};
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;
use super::{Change, Left, refused, text};
use crate::cloud::store::{Key, Stored};
use crate::cloud::world::World;

/// The kind's name.
pub(super) const NAME: &str = "aws_db_instance";

/// What its snapshots are in the cloud. No block stands for them.
const SNAPSHOT: &str = "aws_db_snapshot";

/// A database instance of RDS.
///
/// `replicate_source_db` says what it is. Taken away, it is promoted: it is writable and follows nobody
/// any more, which cannot be taken back (RDS user guide, "Promoting a read replica to be a standalone
/// DB instance"). Given to one that was writable, that one is renamed to `retire_as`, kept, and a new
/// replica has its identifier.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct DbInstance {
    /// Its identifier, unique in account and region.
    #[kind(required, forces_replacement, identity)]
    pub identifier: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// `postgres`, `mysql` or `mariadb`.
    #[kind(optional_computed, forces_replacement)]
    pub engine: Option<String>,
    /// The version of the engine.
    #[kind(optional_computed)]
    pub engine_version: Option<String>,
    /// Its size: `db.r6g.large`.
    #[kind(required)]
    pub instance_class: String,
    /// The storage in GiB; a replica has that of its source.
    #[kind(optional_computed)]
    pub allocated_storage: Option<i64>,
    /// Whether the storage is encrypted.
    #[kind(default = "true", forces_replacement)]
    pub storage_encrypted: Option<bool>,
    /// The ARN of the key, one of its region.
    #[kind(optional_computed, forces_replacement)]
    pub kms_key_id: Option<String>,
    /// The name of the main user; a replica has that of its source.
    #[kind(optional_computed, forces_replacement)]
    pub username: Option<String>,
    /// Whether Secrets Manager keeps the password; a replica has that of its source.
    pub manage_master_user_password: Option<bool>,
    /// The subnets that it is in.
    #[kind(optional_computed)]
    pub db_subnet_group_name: Option<String>,
    /// The parameters that it runs with.
    #[kind(optional_computed)]
    pub parameter_group_name: Option<String>,
    /// The security groups that it has while it takes sessions.
    #[kind(set)]
    pub vpc_security_group_ids: Vec<String>,
    /// Whether a second instance stands by in another zone of the region.
    #[kind(default = "false")]
    pub multi_az: Option<bool>,
    /// For how many days automatic backups are kept: at least 1, so that it can have replicas.
    #[kind(default = "7")]
    pub backup_retention_period: Option<i64>,
    /// Whether deleting it is refused.
    #[kind(default = "true")]
    pub deletion_protection: Option<bool>,
    /// The ARN of the instance that it copies; without it, it is writable.
    pub replicate_source_db: Option<String>,
    /// Whether it takes no sessions and has none: it has `fence_security_group_ids` alone, was
    /// rebooted after that, and its sessions were counted to none. A bypass of a setting is none: what
    /// is not let in cannot change it.
    #[kind(default = "false")]
    pub fenced: Option<bool>,
    /// The security groups that it has while it is fenced, which let nobody in.
    #[kind(set)]
    pub fence_security_group_ids: Vec<String>,
    /// What it is renamed to, and kept as, when it must be built anew as a replica.
    pub retire_as: Option<String>,
    /// The name of the snapshot that is taken when it is deleted; without it, none is.
    pub final_snapshot_identifier: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the identifier.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// The name of its host.
    #[kind(computed)]
    pub address: Option<String>,
}

impl Ahead for DbInstance {
    const NAME: &'static str = NAME;
    const SERVICE: &'static str = "rds";
    const NAMED_BY: &'static str = "identifier";
    /// As long as Terraform waits until a new instance can be used.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(2400));
    const HOLDS_DATA: bool = true;

    fn validate(document: &Value) -> Vec<Finding> {
        unfit_backups(
            document,
            "RDS keeps automatic backups for 1 to 35 days, and makes replicas only of an instance that \
             has them (RDS API reference, CreateDBInstanceReadReplica)",
        )
    }
}

/// Backups that RDS does not keep for so many days, by what it does.
pub(super) fn unfit_backups(document: &Value, does: &str) -> Vec<Finding> {
    let kept = document.get("backup_retention_period").and_then(Value::as_i64);
    let unfit = kept.filter(|days| !(1..=35).contains(days)).map(|days| Finding {
        path: Path::attr("backup_retention_period"),
        summary: "Backups are not kept",
        detail: format!("{days} days: {does}."),
        help: "Write a number from 1 to 35.".into(),
        warning: false,
    });
    unfit.into_iter().collect()
}

/// The instance that a replica follows.
pub(super) fn source(world: &World, key: &Key) -> Option<Key> {
    let stored = world.store.get(key)?;
    world.instance(text(&stored.document, "replicate_source_db")?).cloned()
}

/// Whether it is writable: a replica is not, whatever became of its source.
pub(super) fn writes(world: &World, key: &Key) -> bool {
    let stored = world.store.get(key);
    stored.is_some_and(|stored| text(&stored.document, "replicate_source_db").is_none())
}

/// What a change does: a replica begins with what its source has, a promoted one stops to follow, and
/// one that must follow again is renamed and built anew.
pub(super) fn effect(world: &mut World, key: &Key, change: &Change<'_>) -> Result<(), Failure> {
    world.ship();
    let source = |document: &Value| text(document, "replicate_source_db").map(str::to_owned);
    let (before, after) = (change.before.and_then(source), source(change.after));
    match (change.before, after) {
        // A promotion, or a change of something else.
        (_, None) => Ok(()),
        (Some(_), after) if before == after => Ok(()),
        (None, Some(source)) => follow(world, key, &source),
        (Some(live), Some(source)) => {
            if before.is_none() {
                retire(world, key, live, change.after)?;
            }
            follow(world, key, &source)
        }
    }
}

/// Lets an instance begin with what its source has.
fn follow(world: &mut World, key: &Key, source: &str) -> Result<(), Failure> {
    let Some(source) = world.instance(source).cloned() else {
        return Err(refused("DBInstanceNotFound", "there is no instance of that ARN to copy"));
    };
    let follows = world.store.get(&source).and_then(|s| text(&s.document, "replicate_source_db"));
    if follows.is_some() || source == *key {
        return Err(refused("InvalidDBInstanceState", "what is copied must be writable"));
    }
    let logged = world.logs.get(&source).cloned().unwrap_or_default();
    world.logs.insert(key.clone(), logged);
    Ok(())
}

/// Renames what was writable and keeps it: only what is fenced, so that nobody writes on to it.
fn retire(world: &mut World, key: &Key, live: &Value, after: &Value) -> Result<(), Failure> {
    if live.get("fenced").and_then(Value::as_bool) != Some(true) {
        let text = "it takes sessions: it must be fenced before a replica takes its place";
        return Err(refused("InvalidDBInstanceState", text));
    }
    let Some(name) = text(after, "retire_as") else {
        let text = "it was writable and can follow nobody: retire_as says what it is kept as";
        return Err(refused("InvalidParameterCombination", text));
    };
    let kept = Key { id: name.into(), ..key.clone() };
    let owner = world.store.get(key).and_then(|stored| stored.owner.clone());
    if world.store.get(&kept).is_some() {
        return Err(refused("DBInstanceAlreadyExists", "retire_as is taken"));
    }
    let document = ["identifier", "id"]
        .into_iter()
        .fold(live.clone(), |document, name_of| document.with(name_of, Value::string(name)));
    let arn = text(live, "arn").unwrap_or_default().replace(&*key.id, name);
    // Replicas stay with what is renamed (RDS user guide, "Renaming a DB instance").
    let was = live.get("arn").cloned().unwrap_or_else(Value::null);
    let stays = |stored: &Stored| stored.document.get("replicate_source_db") == Some(&was);
    let all = world.store.all().filter(|(other, stored)| *other.kind == *NAME && stays(stored));
    let replicas: Vec<(Key, Stored)> =
        all.map(|(other, stored)| (other.clone(), stored.clone())).collect();
    for (replica, stored) in replicas {
        let document = stored.document.with("replicate_source_db", Value::string(&*arn));
        world.store.put(replica, Stored { document, ..stored });
    }
    let document = document.with("arn", Value::string(arn));
    world.store.put(kept.clone(), Stored::plain(document, owner));
    if let Some(log) = world.logs.remove(key) {
        world.logs.insert(kept, log);
    }
    Ok(())
}

/// The snapshot that is taken when an instance is deleted, where its document names one.
pub(super) fn last(world: &World, key: &Key, document: &Value) -> Result<Option<Left>, Failure> {
    let Some(name) = text(document, "final_snapshot_identifier") else { return Ok(None) };
    let Some(live) = world.store.get(key) else { return Ok(None) };
    let snapshot = Key { kind: SNAPSHOT.into(), id: name.into(), ..key.clone() };
    if world.store.get(&snapshot).is_some() {
        return Err(refused("DBSnapshotAlreadyExists", "the final snapshot's name is taken"));
    }
    let of = live.document.get("arn").cloned().unwrap_or_else(Value::null);
    let document = Value::object([
        ("db_snapshot_identifier".into(), Value::string(name)),
        ("db_snapshot_arn".into(), of),
    ]);
    let stored = Stored::plain(document, live.owner.clone());
    let logged = world.logs.get(key).cloned().unwrap_or_default();
    Ok(Some(Left { key: snapshot, stored, logged }))
}
