//! The kinds of top-level blocks and how many labels they carry.

/// A kind of top-level block.
#[derive(Clone, Copy, Debug)]
pub struct TopLevel {
    /// Its identifier.
    pub kind: &'static str,
    /// What its labels are.
    pub labels: &'static [&'static str],
    /// Who makes sense of it.
    pub role: Role,
}

/// Who makes sense of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This stage.
    Language,
    /// The topology; the block is kept as it stands.
    Topology,
    /// A block that Terraform has and lifeboat does not.
    Foreign,
}

const fn language(kind: &'static str, labels: &'static [&'static str]) -> TopLevel {
    TopLevel { kind, labels, role: Role::Language }
}

const fn topology(kind: &'static str, labels: &'static [&'static str]) -> TopLevel {
    TopLevel { kind, labels, role: Role::Topology }
}

const fn foreign(kind: &'static str, labels: &'static [&'static str]) -> TopLevel {
    TopLevel { kind, labels, role: Role::Foreign }
}

/// All kinds.
pub const ALL: &[TopLevel] = &[
    language("lifeboat", &[]),
    language("variable", &["name"]),
    language("locals", &[]),
    language("output", &["name"]),
    language("module", &["name"]),
    language("resource", &["type", "name"]),
    language("data", &["type", "name"]),
    language("provider", &["name"]),
    language("import", &[]),
    language("moved", &[]),
    language("removed", &[]),
    language("check", &["name"]),
    topology("topology", &["name"]),
    topology("region", &["name"]),
    topology("service", &["name"]),
    topology("database", &["name"]),
    topology("bucket", &["name"]),
    topology("replication", &["name"]),
    topology("backup", &["name"]),
    topology("retention", &["name"]),
    topology("dns_failover", &["name"]),
    topology("hook", &["name"]),
    topology("key", &["name"]),
    topology("secret", &["name"]),
    topology("image", &["name"]),
    topology("network", &["name"]),
    topology("alarm", &["name"]),
    topology("compliance", &["name"]),
    topology("drill", &["name"]),
    topology("notify", &["name"]),
    foreign("terraform", &[]),
    foreign("ephemeral", &["type", "name"]),
];

/// The kind of that identifier.
pub fn find(kind: &str) -> Option<&'static TopLevel> {
    ALL.iter().find(|t| t.kind == kind)
}

/// Whether there is such a kind.
pub fn is_known(kind: &str) -> bool {
    find(kind).is_some()
}

/// Whether blocks of that kind are referred to as `kind.name`.
pub fn is_topology(kind: &str) -> bool {
    find(kind).is_some_and(|t| t.role == Role::Topology)
}
