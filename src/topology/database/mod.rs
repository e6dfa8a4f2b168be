//! `database` blocks: an RDS instance that writes in the primary, and replicas of it in the standbys; a
//! global database of Aurora; or a global table of DynamoDB, whose replicas all write.

mod form;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::objective::{self, Objective};
use super::read::{Open, Reader, Source};
use super::{Ground, Needs, bucket, codes, naming, region};

pub use form::Form;
pub use table::TableKeys;

impl Database {
    /// Whether one region writes, and must be kept from it when another one shall.
    pub fn one_writer(&self) -> bool {
        !matches!(self.form, Form::Table(_))
    }
}

/// A database in each region: writable in the primary, a replica of that in the others.
#[derive(Clone, Debug)]
pub struct Database {
    /// The block's name with its key.
    pub name: Name,
    /// The identifier, the same in each region.
    pub identifier: Name,
    /// The engine.
    pub engine: Name,
    /// Its version.
    pub engine_version: Option<Name>,
    /// The size of the instances; empty of a table.
    pub instance_class: Name,
    /// What it consists of, by its engine.
    pub form: Form,
    /// The name of the main user.
    pub username: Name,
    /// Subnets by region.
    pub subnets: BTreeMap<Name, Name>,
    /// Parameters by region.
    pub parameters: BTreeMap<Name, Name>,
    /// Keys by region.
    pub keys: BTreeMap<Name, Name>,
    /// Security groups by region.
    pub groups: BTreeMap<Name, BTreeSet<Name>>,
    /// The security groups of the fence by region.
    pub closed: BTreeMap<Name, BTreeSet<Name>>,
    /// How many days automatic backups are kept.
    pub backups: i64,
    /// The parameter that names the host of the writable one, in each region.
    pub endpoint: Option<Name>,
    /// For how many seconds one is kept that a promotion left.
    pub keep_retired: u64,
    /// Tags.
    pub tags: Option<Open>,
    /// Whether destroying it is refused.
    pub prevent_destroy: bool,
    /// The objective, where it is not the topology's.
    pub objective: Option<Objective>,
    /// What it must come after.
    pub needs: Needs,
    /// The block's header.
    pub span: Span,
}

/// A database of RDS in each region, of which the standbys' are replicas, or a global database of Aurora.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct DatabaseBlock {
    /// `postgres`, `mysql` or `mariadb`: an instance of RDS and replicas of it. `aurora-postgresql` or
    /// `aurora-mysql`: a global database of Aurora, with a cluster in each region. `dynamodb`: a table
    /// with a replica in each region, all of which write.
    #[kind(required)]
    pub engine: String,
    /// The version of the engine.
    #[kind(optional)]
    pub engine_version: Option<String>,
    /// The size of the instances: `db.r6g.large`. The same in each region, so that a standby can do
    /// what the primary does. A table has none.
    #[kind(optional)]
    pub instance_class: Option<String>,
    /// The storage in GiB; that of Aurora grows by itself.
    #[kind(optional)]
    pub allocated_storage: Option<i64>,
    /// The attribute by which a table of DynamoDB divides its items.
    #[kind(optional)]
    pub hash_key: Option<String>,
    /// The attribute by which it sorts them.
    #[kind(optional)]
    pub range_key: Option<String>,
    /// The types of both, `S`, `N` or `B`: `S` where nothing is written.
    #[kind(optional)]
    pub attribute_types: BTreeMap<String, String>,
    /// The identifier, the same in each region; made of topology and block where none is given.
    #[kind(optional)]
    pub identifier: Option<String>,
    /// The name of the main user.
    #[kind(default = "\"lifeboat\"")]
    pub username: Option<String>,
    /// The name of the secret of Secrets Manager, the same in each region, that the password of the main
    /// user of a global database is read from. Of RDS Secrets Manager keeps it by itself.
    #[kind(optional)]
    pub password_secret: Option<String>,
    /// The subnet group by region.
    #[kind(optional)]
    pub db_subnet_group_name: BTreeMap<String, String>,
    /// The parameter group by region.
    #[kind(optional)]
    pub parameter_group_name: BTreeMap<String, String>,
    /// The ARN of the key by region.
    #[kind(optional)]
    pub kms_key_id: BTreeMap<String, String>,
    /// The security groups by region.
    #[kind(optional)]
    pub vpc_security_group_ids: BTreeMap<String, BTreeSet<String>>,
    /// The security groups of the fence by region, which let nobody in.
    #[kind(optional)]
    pub fence_security_group_ids: BTreeMap<String, BTreeSet<String>>,
    /// Whether a second instance stands by in another zone of each region.
    #[kind(optional)]
    pub multi_az: Option<bool>,
    /// How many instances a cluster of Aurora has in each region: 1 where this is not written.
    #[kind(optional)]
    pub instances: Option<i64>,
    /// For how many days automatic backups are kept.
    #[kind(default = "7")]
    pub backup_retention_period: Option<i64>,
    /// The name of a parameter that is made in each region, with the host of the writable database.
    #[kind(optional)]
    pub endpoint_parameter: Option<String>,
    /// For how long the database is kept that a promotion left, before `retire` deletes it: `7d` by default.
    #[kind(optional)]
    pub keep_retired: Option<String>,
    /// Tags of the instances.
    #[kind(optional)]
    pub tags: Option<lifeboat_sdk::Value>,
    /// Whether destroying the databases is refused.
    #[kind(default = "false")]
    pub prevent_destroy: Option<bool>,
    /// Who writes: `primary`, or of a table of DynamoDB `all`.
    #[kind(optional)]
    pub writers: Option<String>,
}

/// For how many seconds a database is kept that a promotion left, where nothing is said: a week.
pub const KEEP_RETIRED: u64 = 7 * 24 * 3600;

/// For how many days RDS keeps automatic backups; replicas need them (RDS API reference,
/// `CreateDBInstance`).
const BACKUPS: std::ops::RangeInclusive<i64> = 1..=35;

/// The longest identifier: 63 characters (RDS API reference, `CreateDBInstance`), less what
/// `-retired-eN` adds when one is kept.
const LONGEST: usize = 44;

/// Reads all `database` blocks.
pub(super) fn read(reader: &mut Reader<'_, '_>, ground: &Ground<'_>) -> Vec<Database> {
    let sources = reader.sources("database");
    let all: Vec<Database> = sources.iter().filter_map(|s| one(reader, ground, s)).collect();
    let identifiers = all.iter().map(|database| (&database.identifier, database.span));
    naming::unique(reader, identifiers, |identifier| {
        let detail = format!("{identifier:?} is the identifier of two databases.");
        let help = "Give each an identifier of its own.";
        codes::DATABASE_NAME_TWICE.error(detail).help(help)
    });
    all
}

fn one(reader: &mut Reader<'_, '_>, ground: &Ground<'_>, source: &Source<'_>) -> Option<Database> {
    let mut body = source.body.clone();
    let objective = objective::of_component(reader, source, &mut body, ground.tiers);
    let tags = reader.open(source, &mut body, "tags");
    let given = reader.decode::<DatabaseBlock>(source, &body)?;
    let before = reader.found.0.len();
    bucket::tags_fit(reader, tags.as_ref(), source.at("tags"));
    let form = form::read(reader, &given, source);
    if given.engine == form::TABLE {
        if let Some(writers) = &given.writers {
            reader.choice("writers", writers, &["all"], source.at("writers"));
        }
    } else if given.writers.as_deref() == Some("all") {
        let detail = "Of a database of RDS or Aurora one region is writable, the others follow it.";
        let help = "Remove writers: one region writes.";
        reader.conflict(detail, source.at("writers"), help);
    } else if let Some(writers) = &given.writers {
        reader.choice("writers", writers, &["primary"], source.at("writers"));
    }
    let backups = given.backup_retention_period.unwrap_or(7);
    let at = source.at("backup_retention_period");
    reader.in_range("backup_retention_period", backups, BACKUPS, at);
    let keep = reader.maybe_duration(given.keep_retired.as_ref(), source.at("keep_retired"));
    let identifier = identifier(reader, ground, &given, source);
    if let Some(name) = &given.endpoint_parameter {
        parameter(reader, name, source.at("endpoint_parameter"));
    }
    let mut texts = |what, given| region::some_texts(reader, ground, (what, given), source);
    let subnets = texts("db_subnet_group_name", &given.db_subnet_group_name);
    let parameters = texts("parameter_group_name", &given.parameter_group_name);
    let keys = texts("kms_key_id", &given.kms_key_id);
    let mut sets = |what, given| region::some_sets(reader, ground, (what, given), source);
    let groups = sets("vpc_security_group_ids", &given.vpc_security_group_ids);
    let closed = sets("fence_security_group_ids", &given.fence_security_group_ids);
    if given.engine != form::TABLE {
        fenced(reader, ground, &closed, source);
    }
    let form = form.filter(|_| reader.found.0.len() == before)?;
    Some(Database {
        name: source.name.clone(),
        identifier,
        engine: given.engine.into(),
        engine_version: given.engine_version.map(Into::into),
        instance_class: given.instance_class.unwrap_or_default().into(),
        form,
        username: given.username.unwrap_or_default().into(),
        subnets,
        parameters,
        keys,
        groups,
        closed,
        backups,
        endpoint: given.endpoint_parameter.map(Into::into),
        keep_retired: keep.map_or(KEEP_RETIRED, |keep| keep.seconds),
        tags,
        prevent_destroy: given.prevent_destroy.unwrap_or(false),
        objective,
        needs: Needs::of(source.block),
        span: source.span,
    })
}

/// The identifier: given, or made of topology and block.
fn identifier(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    given: &DatabaseBlock,
    source: &Source<'_>,
) -> Name {
    let Some(name) = &given.identifier else {
        return naming::within(&[&ground.topology, &source.name], LONGEST).replace('.', "-").into();
    };
    if let Some(why) = misnamed(name) {
        let detail = format!("RDS does not take {name:?} as an identifier: {why}.");
        let help = format!(
            "Write at most {LONGEST} letters, digits and hyphens; what is kept after a promotion has \
             \"-retired-eN\" behind it."
        );
        let at = source.at("identifier");
        reader.found.push(codes::DATABASE_NAME.error(detail).at(at).help(help));
    }
    name.as_str().into()
}

/// Why RDS does not take an identifier (RDS API reference, `CreateDBInstance`).
fn misnamed(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.is_empty() || name.len() > LONGEST {
        return Some("it has no or too many characters");
    }
    if !name.chars().all(|c| plain(c) || c == '-') {
        return Some("it has other characters than lower case letters, digits and hyphens");
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it does not begin with a letter");
    }
    (name.ends_with('-') || name.contains("--")).then_some("a hyphen stands where none may")
}

/// The name of a parameter (Systems Manager API reference, `PutParameter`).
fn parameter(reader: &mut Reader<'_, '_>, name: &str, span: Span) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !name.starts_with('/') || name.ends_with('/') || !name.chars().all(plain) {
        let detail = format!("{name:?} is no full name of a parameter.");
        let help =
            "Write a path of letters, digits, dots, hyphens and underscores: /orders/writer.";
        reader.found.push(codes::DATABASE_NAME.error(detail).at(span).help(help));
    }
}

/// What has several regions needs a fence in each: any of them may be left.
fn fenced(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    closed: &BTreeMap<Name, BTreeSet<Name>>,
    source: &Source<'_>,
) {
    let names = ground.names();
    let open = |region: &&Name| closed.get(*region).is_none_or(BTreeSet::is_empty);
    let missing: Vec<String> = names.iter().filter(open).map(|r| format!("{r:?}")).collect();
    if names.len() < 2 || missing.is_empty() {
        return;
    }
    let detail = format!(
        "Before another region takes over, the sessions of the database that is left are cut: it gets \
         security groups that let nobody in, and is rebooted. There are none for {}.",
        missing.join(", ")
    );
    let help = "Write fence_security_group_ids = { REGION = [\"sg-…\"] }, with a group without any \
                ingress rule.";
    let at = source.at("fence_security_group_ids");
    reader.found.push(codes::PER_REGION.error(detail).at(at).help(help));
}
