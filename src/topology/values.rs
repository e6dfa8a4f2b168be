//! What expressions see of topology blocks.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Name, Type, Value};

use super::Topology;
use super::naming;
use super::region::Region;

/// The bucket that is made for the record of a region.
pub fn record_bucket(topology: &str, account: &str, region: &str) -> String {
    /// The longest name of a bucket (S3 user guide, "Bucket naming rules").
    const LONGEST: usize = 63;
    let parts = ["lifeboat", topology, account, region];
    // Dots in names of buckets do not go with certificates.
    naming::within(&parts, LONGEST).replace('.', "-")
}

impl Topology {
    /// The AWS regions, for identity probes.
    pub fn cloud_regions(&self) -> Vec<Name> {
        let all: BTreeSet<&Name> = self.regions.iter().map(|r| &r.aws).collect();
        all.into_iter().cloned().collect()
    }

    /// The account that the region blocks name, if it is one.
    pub fn account(&self) -> Option<Name> {
        let all: BTreeSet<&Name> = self.regions.iter().filter_map(|r| r.account.as_ref()).collect();
        match all.len() {
            1 => all.into_iter().next().cloned(),
            _ => None,
        }
    }

    /// A region of the topology.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|r| &*r.name == name)
    }

    /// The regions that keep a role record: those of the topology and the witness, where there is
    /// more than one, and something that the roles decide.
    pub fn recording(&self) -> impl Iterator<Item = &Region> {
        let runs =
            !self.services.is_empty() || !self.databases.is_empty() || !self.secrets.is_empty();
        let decides = runs || !self.buckets.is_empty() || !self.dns.is_empty();
        let witness = self.declaration.witness.as_ref();
        let witness = self.others.iter().filter(move |other| Some(&other.name) == witness);
        let all = self.regions.len() + witness.clone().count();
        self.regions.iter().chain(witness).filter(move |_| decides && all > 1)
    }

    /// The bucket that is made for the record of a region; nothing where its account is not known.
    pub fn record_bucket(&self, region: &Region) -> Option<String> {
        Some(record_bucket(&self.name, region.account.as_ref()?, &region.name))
    }

    /// The standbys by preference.
    pub fn standbys(&self) -> Vec<Name> {
        let names = self.regions.iter().map(|r| r.name.clone());
        names.filter(|name| *name != self.primary).collect()
    }

    /// What blocks are to expressions, by `kind.name`. An instance stands under its own name and
    /// under its key in the whole block.
    pub fn values(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for region in self.regions.iter().chain(&self.others) {
            all.insert(format!("region.{}", region.name), self.region_value(region));
        }
        all.insert(format!("topology.{}", self.name), self.value());
        for bucket in &self.buckets {
            let names = bucket.names.iter().map(|(region, name)| (region.clone(), text(name)));
            let value = Value::object([("name".into(), Value::object(names))]);
            add(&mut all, "bucket", &bucket.name, value);
        }
        let plain = || Value::object([]);
        for service in &self.services {
            add(&mut all, "service", &service.name, plain());
        }
        for database in &self.databases {
            let value = Value::object([
                ("identifier".into(), text(&database.identifier)),
                ("endpoint_parameter".into(), maybe(database.endpoint.as_ref())),
            ]);
            add(&mut all, "database", &database.name, value);
        }
        for secret in &self.secrets {
            let value = Value::object([("name".into(), text(&secret.secret))]);
            add(&mut all, "secret", &secret.name, value);
        }
        for replication in &self.replications {
            add(&mut all, "replication", &replication.name, plain());
        }
        for name in self.retentions.iter().flat_map(|r| &r.blocks) {
            add(&mut all, "retention", name, plain());
        }
        for dns in &self.dns {
            let value = Value::object([("name".into(), text(&dns.record))]);
            add(&mut all, "dns_failover", &dns.name, value);
        }
        all
    }

    fn region_value(&self, region: &Region) -> Value {
        let role = if region.name == self.primary {
            text("primary")
        } else if self.region(&region.name).is_some() {
            text("standby")
        } else {
            Value::Null(Type::String)
        };
        Value::object([
            ("name".into(), text(&region.name)),
            ("role".into(), role),
            ("account".into(), maybe(region.account.as_ref())),
            ("aws_region".into(), text(&region.aws)),
        ])
    }

    fn value(&self) -> Value {
        let list = |names: Vec<Name>| {
            Value::list(Type::String, names.iter().map(|name| text(name)).collect())
        };
        Value::object([
            ("name".into(), text(&self.name)),
            ("strategy".into(), text(self.declaration.strategy.name())),
            ("primary".into(), text(&self.primary)),
            ("standbys".into(), list(self.standbys())),
            ("regions".into(), list(self.regions.iter().map(|r| r.name.clone()).collect())),
            ("home".into(), maybe(self.declaration.home.as_ref())),
            ("witness".into(), maybe(self.declaration.witness.as_ref())),
        ])
    }
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn maybe(name: Option<&Name>) -> Value {
    name.map_or_else(|| Value::Null(Type::String), |n| text(n))
}

/// Adds an instance; one with a key also as a part of its block.
fn add(all: &mut BTreeMap<String, Value>, kind: &str, name: &Name, value: Value) {
    if let Some((block, key)) = name.split_once('[') {
        let key = key.trim_end_matches(']').trim_matches('"');
        let whole = all.entry(format!("{kind}.{block}")).or_insert_with(|| Value::object([]));
        *whole = whole.with(key, value.clone());
    }
    all.insert(format!("{kind}.{name}"), value);
}
