//! The files: a topology of two or three regions whose data has one writer.

use std::fmt::Write as _;

use crate::simulation::chance::Chance;
use crate::simulation::program::REGIONS;

/// Who owns everything.
pub(super) const ACCOUNT: &str = "123456789012";

/// What the files say, but for the primary.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) regions: Vec<&'static str>,
    /// Whether a third region holds a record of the roles and nothing else.
    witness: Option<&'static str>,
    /// Whether a name is switched with the roles.
    name: bool,
    /// Whether machines of others' run in the primary alone, behind a security group.
    pub(super) service: bool,
}

/// The bucket of the data in a region.
pub(super) fn bucket(region: &str) -> String {
    format!("data-{region}")
}

/// The machine of the service in a region.
pub(super) fn machine(region: &str) -> String {
    format!("i-{:017x}", number(region))
}

/// The security group of the service in a region.
pub(super) fn group(region: &str) -> String {
    format!("sg-{:017x}", number(region))
}

fn number(region: &str) -> usize {
    REGIONS.iter().position(|one| *one == region).map_or(0, |at| at + 1)
}

impl Files {
    pub(super) fn new(chance: &mut Chance) -> Self {
        let mut regions = REGIONS.to_vec();
        let last = chance.below(regions.len());
        regions.rotate_left(last);
        let third = if chance.percent(50) { None } else { regions.pop() };
        let witness = third.filter(|_| chance.percent(50));
        Self { regions, witness, name: chance.percent(60), service: false }
    }

    /// The data alone, in these regions.
    pub(super) fn plain<const N: usize>(regions: [&'static str; N]) -> Self {
        Self { regions: regions.to_vec(), witness: None, name: false, service: false }
    }

    /// The regions but one.
    pub(super) fn others(&self, than: &str) -> Vec<&'static str> {
        self.regions.iter().copied().filter(|region| *region != than).collect()
    }

    pub(super) fn text(&self, primary: &str) -> String {
        let regions: Vec<String> = self.regions.iter().map(|r| format!("\"{r}\"")).collect();
        let names: Vec<String> =
            self.regions.iter().map(|r| format!("{r} = \"{}\"", bucket(r))).collect();
        let witness = self.witness.map(|r| format!("  witness = \"{r}\"\n")).unwrap_or_default();
        let mut text = format!(
            "topology \"t\" {{\n  strategy = \"warm_standby\"\n  regions = [{}]\n  \
             primary = \"{primary}\"\n{witness}}}\n\
             bucket \"data\" {{\n  name = {{ {} }}\n}}\n\
             replication \"data\" {{\n  bucket = bucket.data\n}}\n",
            regions.join(", "),
            names.join(", ")
        );
        for region in self.regions.iter().chain(&self.witness) {
            writeln!(text, "region \"{region}\" {{ account = \"{ACCOUNT}\" }}").unwrap();
        }
        if self.service {
            self.machines(&mut text);
        }
        if self.name {
            self.names(&mut text);
        }
        text
    }

    fn machines(&self, text: &mut String) {
        let of = |name: fn(&str) -> String| {
            let all =
                self.regions.iter().map(|region| format!("{region} = [\"{}\"]", name(region)));
            all.collect::<Vec<_>>().join(", ")
        };
        write!(
            text,
            "service \"web\" {{\n  instances = {{ {} }}\n  security_groups = {{ {} }}\n  \
             capacity = {{ primary = 1, standby = 0 }}\n}}\n",
            of(machine),
            of(group)
        )
        .unwrap();
    }

    fn names(&self, text: &mut String) {
        let policy = match self.regions.len() {
            2 => "",
            _ => "  policy = \"weighted\"\n  weights = { primary = 100, standby = 0 }\n",
        };
        write!(
            text,
            "resource \"aws_route53_zone\" \"main\" {{\n  name = \"example.com\"\n}}\n\
             dns_failover \"web\" {{\n  zone = aws_route53_zone.main.zone_id\n  \
             name = \"www.example.com\"\n  ttl = \"60s\"\n  switch = \"record\"\n{policy}"
        )
        .unwrap();
        if self.regions.len() == 2 {
            // A pair of records takes a check.
            text.push_str("  health_check {\n    type = \"TCP\"\n    port = 443\n  }\n");
        }
        for (at, region) in self.regions.iter().enumerate() {
            writeln!(text, "  endpoint \"{region}\" {{ address = \"203.0.113.{at}\" }}").unwrap();
        }
        text.push_str("}\n");
    }
}
