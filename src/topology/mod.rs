//! Stage 2, config -> topology: blocks to the typed disaster-recovery model, with all lints.
//!
//! A pure stage: it reads blocks, evaluates what must be known before planning, and reports all
//! problems in one run. What the model stands for is made by [`crate::desired::blocks`].

pub mod bucket;
pub mod codes;
pub mod database;
pub mod declaration;
pub mod dns;
pub mod duration;
pub mod failover;
pub mod hook;
mod names;
pub mod naming;
pub mod objective;
mod read;
pub mod region;
pub mod replication;
pub mod retention;
mod say;
pub mod secret;
pub mod service;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod values;

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostics, Name};

use crate::config::module::TopologyBlock;
use crate::config::{Config, ResourceKey, Target};
use crate::evaluation::Environment;
use bucket::Bucket;
use database::Database;
use declaration::{Declaration, Strategy};
use dns::DnsFailover;
use hook::Hook;
use objective::Objective;
pub use read::Open;
use read::Reader;
use region::Region;
use replication::Replication;
use retention::Retention;
use secret::Secret;
use service::Service;

/// A disaster-recovery topology.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Its name.
    pub name: Name,
    /// The primary region.
    pub primary: Name,
    /// What its block says.
    pub declaration: Declaration,
    /// The regions by preference.
    pub regions: Vec<Region>,
    /// Further regions that have a block.
    pub others: Vec<Region>,
    /// `service` blocks.
    pub services: Vec<Service>,
    /// `database` blocks.
    pub databases: Vec<Database>,
    /// `bucket` blocks.
    pub buckets: Vec<Bucket>,
    /// `replication` blocks.
    pub replications: Vec<Replication>,
    /// `retention` blocks, merged by bucket.
    pub retentions: Vec<Retention>,
    /// `secret` blocks.
    pub secrets: Vec<Secret>,
    /// `dns_failover` blocks.
    pub dns: Vec<DnsFailover>,
    /// `hook` blocks.
    pub hooks: Vec<Hook>,
}

impl Topology {
    /// Whether all regions may write whatever is declared: there is nothing that only the primary writes.
    pub fn all_write(&self) -> bool {
        let buckets = self.buckets.iter().map(|bucket| bucket.one_writer);
        let mut declared = buckets.chain(self.services.iter().map(|service| service.one_writer));
        let none = self.buckets.is_empty() && self.services.is_empty() && self.databases.is_empty();
        let data = self.databases.iter().any(Database::one_writer);
        let all = !declared.any(|one_writer| one_writer) && !data;
        // Of what is declared nowhere the strategy tells.
        all && (!none || self.declaration.strategy == declaration::Strategy::ActiveActive)
    }
}

/// What `depends_on` of a block names.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Other blocks: `bucket.exports`.
    pub blocks: BTreeSet<Name>,
    /// Resources.
    pub resources: BTreeSet<ResourceKey>,
}

impl Needs {
    fn of(block: &TopologyBlock) -> Self {
        let mut needs = Self::default();
        for reference in &block.depends_on {
            match &reference.target {
                Target::Block { kind, name } => {
                    needs.blocks.insert(format!("{kind}.{name}").into());
                }
                Target::Resource(key) => {
                    needs.resources.insert(key.clone());
                }
                _ => {}
            }
        }
        needs
    }
}

/// What the blocks of a topology stand on.
struct Ground<'t> {
    topology: Name,
    strategy: Strategy,
    primary: Name,
    regions: Vec<&'t Region>,
    tiers: &'t BTreeMap<Name, Objective>,
}

impl Ground<'_> {
    /// The regions by preference.
    fn names(&self) -> Vec<Name> {
        self.regions.iter().map(|r| r.name.clone()).collect()
    }
}

/// Blocks that are known and have no effect yet.
const LATER: [&str; 8] =
    ["backup", "key", "image", "network", "alarm", "compliance", "drill", "notify"];

/// The topology of the root module, where it declares one.
pub fn build(config: &Config, environment: &Environment<'_>) -> (Option<Topology>, Diagnostics) {
    let mut reader = Reader::new(config, environment);
    later(config, &mut reader);
    let all = region::read(&mut reader);
    let Some(declaration) = declaration::read(&mut reader, &all) else {
        missing(config, &mut reader);
        return (None, reader.found);
    };
    let regions: Vec<Region> = declaration
        .regions
        .iter()
        .filter_map(|name| all.iter().find(|r| r.name == *name).cloned())
        .collect();
    let others = all.into_iter().filter(|r| !declaration.regions.contains(&r.name)).collect();
    accounts(&mut reader, &regions);
    let ground = Ground {
        topology: declaration.name.clone(),
        strategy: declaration.strategy,
        primary: declaration.primary.clone(),
        regions: regions.iter().collect(),
        tiers: &declaration.tiers,
    };
    let services = service::read(&mut reader, &ground);
    let databases = database::read(&mut reader, &ground);
    let secrets = secret::read(&mut reader, &ground);
    let buckets = bucket::read(&mut reader, &ground);
    let replications = replication::read(&mut reader, &ground, &buckets);
    let retentions = retention::read(&mut reader, &ground, &buckets, &replications);
    let data = (&*buckets, &*services, &*databases);
    let dns = dns::read(&mut reader, &ground, data);
    let hooks = hook::read(&mut reader, &ground);
    let topology = Topology {
        name: declaration.name.clone(),
        primary: declaration.primary.clone(),
        declaration,
        regions,
        others,
        services,
        databases,
        buckets,
        replications,
        retentions,
        secrets,
        dns,
        hooks,
    };
    failover::rolled_back(&mut reader, &topology);
    failover::canaried(&mut reader, &topology);
    (Some(topology), reader.found)
}

/// Refuses blocks that have no effect yet (design.md, section 12).
fn later(config: &Config, reader: &mut Reader<'_, '_>) {
    for block in &config.root.blocks {
        let kind = block.kind();
        if LATER.contains(&&**kind) {
            let help = "Remove the block.";
            reader.unsupported(&format!("A {kind:?} block"), block.block.header, help);
        }
    }
    for (name, module) in &config.root.children {
        inside(name, module, reader);
    }
}

/// Refuses topology blocks of called modules.
fn inside(name: &Name, module: &crate::config::Module, reader: &mut Reader<'_, '_>) {
    for block in &module.blocks {
        let what = format!("A {:?} block in the module {name:?}", block.kind());
        let help = "Move the block to the root module.";
        reader.unsupported(&what, block.block.header, help);
    }
    for (name, child) in &module.children {
        inside(name, child, reader);
    }
}

/// Says that blocks need a topology.
fn missing(config: &Config, reader: &mut Reader<'_, '_>) {
    let blocks = &config.root.blocks;
    if blocks.iter().any(|b| &**b.kind() == "topology") {
        return;
    }
    let first = blocks.iter().find(|b| !LATER.contains(&&**b.kind()));
    if let Some(first) = first {
        let detail = format!(
            "A {:?} block stands in the regions of a topology, and none is declared.",
            first.kind()
        );
        let help = "Add topology \"NAME\" { strategy = … regions = [ … ] primary = … }.";
        reader.found.push(codes::MISSING.error(detail).at(first.block.header).help(help));
    }
}

/// One account for all regions: across accounts buckets need policies and translated owners.
fn accounts(reader: &mut Reader<'_, '_>, regions: &[Region]) {
    let mut named = regions.iter().filter(|r| r.account.is_some());
    let Some(first) = named.next() else { return };
    for other in named.filter(|r| r.account != first.account) {
        let detail = format!(
            "{:?} and {:?} are in different accounts, which is not supported in this version.",
            first.name, other.name
        );
        let help = "Give both regions the same account.";
        let diagnostic = codes::ACCOUNTS.error(detail).at(other.span).help(help);
        reader.found.push(diagnostic.label(first.span, "the first account is here"));
    }
}
