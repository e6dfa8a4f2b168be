//! The codes of this stage: each with its summary and a source that causes it.

pub use crate::config::codes::Code;

macro_rules! codes {
    ($($name:ident = $code:literal, $summary:literal, $example:literal;)*) => {
        $(#[doc = $summary] pub const $name: Code =
            Code { code: $code, summary: $summary, example: $example };)*
        /// All of them.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    // The topology as a whole.
    MISSING = "topology::missing", "A topology block is missing", r#"bucket "a" {}"#;
    SEVERAL = "topology::several", "More than one topology", r#"topology "a" {} topology "b" {}"#;
    UNSUPPORTED = "topology::unsupported", "Not supported in this version", r#"backup "nightly" {}"#;
    REPETITION = "topology::repetition", "A block that stands once",
        r#"region "us-east-1" { count = 2 }"#;
    NOT_STATIC = "topology::not_static", "The value must be known before planning",
        r#"primary = timestamp()"#;
    PRIMARY_SOURCE = "topology::primary_source", "The primary cannot be edited",
        r#"primary = lower("US-EAST-1")"#;
    // Values.
    SENSITIVE = "topology::sensitive", "A sensitive value would be shown",
        "name = sensitive(…)";
    LITERAL_SECRET = "topology::literal_secret", "A secret in the files",
        r#"headers = { Authorization = "Bearer …" }"#;
    CLEAR_TOKEN = "topology::clear_token", "A token in clear",
        r#"webhook { url = "http://…" token_file = "token" }"#;
    DURATION = "topology::duration", "Invalid duration", r#"ttl = "60""#;
    CHOICE = "topology::choice", "Unknown choice", r#"strategy = "warm""#;
    NUMBER = "topology::number", "Number out of range", "failure_threshold = 11";
    ODD_NUMBER = "topology::odd_number", "Identifier written as a number",
        "account = 012345678901";
    ACCOUNT = "topology::account", "Invalid account", r#"account = "1234""#;
    REFERENCE = "topology::reference", "A reference to a block is expected",
        r#"bucket = "exports""#;
    NO_INSTANCE = "topology::no_instance", "No such instance of a block",
        r#"bucket = bucket.exports["nope"]"#;
    LABEL = "topology::label", "Wrong label of a nested block", r#"tier {}"#;
    DYNAMIC = "topology::dynamic", "Blocks with labels cannot be dynamic",
        r#"dynamic "endpoint" {}"#;
    PER_REGION = "topology::per_region", "Values per region are incomplete",
        r#"name = { us-east-1 = "a" }"#;
    PER_ROLE = "topology::per_role", "Values by role are incomplete",
        "weight = { primary = 1 }";
    CONFLICT = "topology::conflict", "Arguments exclude each other",
        "adopt = true, force_destroy = true";
    NEEDED = "topology::needed", "An argument or block is missing", r#"policy = "failover""#;
    // Regions and roles.
    REGION_MISSING = "topology::region_missing", "A region has no block",
        r#"regions = ["us-east-1"]"#;
    REGION_TWICE = "topology::region_twice", "Region named twice",
        r#"regions = ["us-east-1", "us-east-1"]"#;
    REGION_RESERVED = "topology::region_reserved", "Reserved name of a region",
        r#"region "primary" {}"#;
    REGION_UNUSED = "topology::region_unused", "Region without a role", r#"region "eu-west-1" {}"#;
    UNKNOWN_REGION = "topology::unknown_region", "Unknown region", r#"primary = "us-est-1""#;
    ACCOUNTS = "topology::accounts", "Regions in different accounts",
        r#"region "b" { account = "…" }"#;
    AUTOMATIC = "topology::automatic", "Promotions are not automatic", r#"trigger = "automatic""#;
    ROLL_BACK = "topology::roll_back", "It cannot be rolled back",
        r#"on_unhealthy = "roll_back" over a database"#;
    APPROVER = "topology::approver", "Invalid approver", r#"approvers = ["alice"]"#;
    APPROVALS = "topology::approvals", "Approvals do not fit the approvers",
        "approvals = 2 without approvers";
    // Buckets.
    BUCKET_NAME = "topology::bucket_name", "Invalid bucket name", r#"name = "My_Bucket""#;
    BUCKET_NAME_TWICE = "topology::bucket_name_twice", "Bucket name used twice",
        r#"name = { a = "x", b = "x" }"#;
    NO_ACCOUNT = "topology::no_account", "A name needs the account", r#"bucket "exports" {}"#;
    OBJECT_LOCK = "topology::object_lock", "Invalid retention of locked objects",
        r#"object_lock { keep = "12h" }"#;
    // Databases.
    DATABASE_NAME = "topology::database_name", "Invalid name of a database",
        r#"identifier = "Orders_DB""#;
    DATABASE_NAME_TWICE = "topology::database_name_twice", "Identifier of a database used twice",
        r#"database "a" { identifier = "x" } database "b" { identifier = "x" }"#;
    // Secrets.
    SECRET_NAME = "topology::secret_name", "Invalid name of a secret",
        r#"name = "orders password""#;
    // Services.
    INSTANCE_ID = "topology::instance_id", "Invalid id of an instance",
        r#"instances = { us-east-1 = ["api-1"] }"#;
    SECURITY_GROUP_ID = "topology::security_group_id", "Invalid id of a security group",
        r#"security_groups = { us-east-1 = ["api"] }"#;
    STANDBY_LARGER = "topology::standby_larger", "A standby is larger than the primary",
        "capacity = { primary = 1, standby = 2 }";
    // Replication.
    ONE_REGION = "topology::one_region", "Nothing to replicate to", r#"replication "a" {}"#;
    REPLICATED_TWICE = "topology::replicated_twice", "Bucket replicated twice",
        r#"replication "a" {} replication "b" {}"#;
    TIME_CONTROL = "topology::time_control", "Replication time is 15 minutes",
        r#"time_control = "5m""#;
    TWO_WAY = "topology::two_way", "Incomplete two-way replication",
        "two_way = true, delete_markers = false";
    CANARY = "topology::canary", "A canary that would arrive nowhere", r#"canary = "logs""#;
    TAGGED_MARKERS = "topology::tagged_markers", "Delete markers have no tags",
        "tags = { a = \"b\" }, delete_markers = true";
    // Retention.
    NO_TIERS = "topology::no_tiers", "Retention without a tier", r#"retention "a" {}"#;
    KEEP_HOURS = "topology::keep_hours", "S3 counts days, not hours", r#"keep = "24h""#;
    KEEP_NOTHING = "topology::keep_nothing", "Objects must be kept for a day at least",
        r#"keep = "0d""#;
    OVERLAP = "topology::overlap", "Tiers with overlapping prefixes",
        r#"prefix = "a/", prefix = "a/b/""#;
    IA_EARLY = "topology::ia_early", "Transition comes too early",
        r#"storage_class = "STANDARD_IA""#;
    MOVE_AFTER_END = "topology::move_after_end", "Transition comes after the end",
        r#"keep = "30d", transition_after = "60d""#;
    SHORT_STAY = "topology::short_stay", "Storage class billed for longer than it is used",
        r#"keep = "30d", storage_class = "DEEP_ARCHIVE""#;
    WATERFALL = "topology::waterfall", "Transition against the direction of storage classes",
        r#"transition { storage_class = "STANDARD_IA" }"#;
    GAP = "topology::gap", "Transitions follow each other too soon",
        r#"STANDARD_IA after "30d", GLACIER after "40d""#;
    LOCKED_LONGER = "topology::locked_longer", "Objects are locked for longer than they are kept",
        r#"keep = "30d" with object_lock { keep = "1y" }"#;
    SMALL_OBJECTS = "topology::small_objects", "Small objects stay where they are",
        r#"storage_class = "GLACIER" without small_objects"#;
    KEPT_ON = "topology::kept_on", "Deleted objects are stored on",
        r#"keep = "30d" without noncurrent_keep"#;
    SLOW_RESTORE = "topology::slow_restore", "Storage class too slow for the objective",
        r#"rto = "1h", storage_class = "DEEP_ARCHIVE""#;
    // DNS.
    ZONE_NAME = "topology::zone_name", "The zone must be an id", r#"zone = "example.com""#;
    ENDPOINTS = "topology::endpoints", "Endpoints do not fit the regions",
        r#"endpoint "us-east-1" {}"#;
    ADDRESS = "topology::address", "Invalid address of an endpoint", r#"address = "a b""#;
    RESOLVER = "topology::resolver", "Invalid address of a resolver",
        r#"resolvers = ["dns.example.com"]"#;
    CIRCULAR = "topology::circular", "An endpoint is the name that fails over",
        r#"name = "a.example.com", address = "a.example.com""#;
    RECORD_TYPE = "topology::record_type", "The record type is not clear",
        r#"address = "192.0.2.1", address = "2001:db8::1""#;
    ALIAS_HEALTH = "topology::alias_health", "The alias never fails over",
        "evaluate_target_health = false";
    ALIAS_MOVES = "topology::alias_moves", "The alias moves traffic by itself",
        r#"switch = "operator", alias { evaluate_target_health = true }"#;
    PRIVATE_ADDRESS = "topology::private_address", "Health checks cannot reach the endpoint",
        r#"health_check {}, address = "10.0.0.1""#;
    SAME_ADDRESS = "topology::same_address", "Regions share an address",
        r#"address = "203.0.113.10" twice"#;
    ZERO_WEIGHTS = "topology::zero_weights", "All weights are zero",
        "weights = { primary = 0, standby = 0 }";
    RECORD_TWICE = "topology::record_twice", "Record declared twice",
        r#"dns_failover "a" {} dns_failover "b" {}"#;
    TTL_LONG = "topology::ttl_long", "Clients follow late", r#"ttl = "5m""#;
    ONE_WRITER = "topology::one_writer", "Traffic would move without a fence",
        r#"switch = "health""#;
    STANDBY_TRAFFIC = "topology::standby_traffic", "Traffic would go where nothing is written",
        "weights = { primary = 90, standby = 10 }";
    GATE_IN_PRIMARY = "topology::gate_in_primary", "The gate is lost with the primary",
        r#"https = "gate.us-east-1.example.com""#;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_of_this_stage() {
        let mut all: Vec<&str> = ALL.iter().map(|c| c.code).collect();
        assert!(all.iter().all(|code| code.starts_with("topology::")));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), ALL.len());
        assert!(ALL.iter().all(|c| !c.summary.ends_with('.') && !c.example.is_empty()));
    }

    /// Every code has a file that causes it, and nothing else that is an error.
    #[test]
    fn every_code_has_an_example_file() {
        let here = std::path::Path::new(file!());
        let folder = here.ancestors().nth(3).expect("src/topology/codes.rs");
        let mut wrong = Vec::new();
        for code in ALL {
            let name = format!("tests/diagnostics/{}.hcl", code.code.replace("::", "_"));
            let text = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            let read = crate::topology::testing::read(&text);
            let found = read.found.0.iter().any(|d| d.code == code.code && d.span.is_some());
            let helped = read.found.0.iter().all(|d| d.help.is_some());
            let others: Vec<&str> =
                read.found.0.iter().map(|d| d.code).filter(|c| *c != code.code).collect();
            if !found || !helped || !others.is_empty() {
                wrong.push(format!("{name}: {:#?}", read.problems()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
