//! Where writers are let in, and where two are by what somebody attested.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::Location;
use lifeboat_sim::Key;

use crate::simulation::disk::Run;

/// Who is the primary, as a role record says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Role {
    pub(super) epoch: u64,
    pub(super) primary: String,
}

/// What role records said, and which promotions are over.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) records: BTreeMap<Key, Role>,
    /// What any record said at any time.
    claimed: BTreeSet<Role>,
    /// Plans whose runs are over.
    ended: BTreeSet<String>,
}

impl Claims {
    /// A record says this; returns what it said before.
    pub(super) fn say(&mut self, at: &Key, role: &Role) -> Option<Role> {
        self.claimed.insert(role.clone());
        self.records.insert(at.clone(), role.clone())
    }

    /// Takes note of the runs that are over.
    pub(super) fn note<'a>(&mut self, runs: impl Iterator<Item = &'a Run>) {
        let over = runs.filter(|run| run.frames.iter().any(|(frame, _)| frame == "run_end"));
        self.ended.extend(over.filter_map(plan));
    }

    /// The region that more than half of all records name as the primary of an epoch.
    pub(super) fn named(&self, epoch: u64) -> Option<String> {
        let of_epoch = || self.records.values().filter(|role| role.epoch == epoch);
        let names = |primary: &str| of_epoch().filter(|role| role.primary == primary).count();
        let holds = of_epoch().find(|role| names(&role.primary) * 2 > self.records.len());
        holds.map(|role| role.primary.clone())
    }

    /// The primary that the newest of all records names.
    pub(super) fn primary(&self) -> Option<String> {
        let newest = self.records.values().max()?;
        // While it is being claimed fewer than half may name it.
        Some(self.named(newest.epoch).unwrap_or_else(|| newest.primary.clone()))
    }

    /// What the record of a region says.
    pub(super) fn of(&self, region: &str) -> Option<&Role> {
        let mut all = self.records.iter();
        let at = |key: &Key| matches!(&key.location, Location::Region(at) if *at.0 == *region);
        all.find(|(key, _)| at(key)).map(|(_, role)| role)
    }
}

/// What somebody attested for a promotion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Attested {
    /// The region that cannot write, they say.
    region: String,
    plan: String,
    /// The region that takes over by it, and the epoch that it opens.
    to: String,
    epoch: u64,
}

impl Attested {
    /// All that was attested for a run.
    pub(super) fn of(run: &Run) -> Vec<Self> {
        let told = run.frames.iter().filter(|(name, _)| name == "outcome");
        let mut approval = told.map(|(_, body)| &body["result"]["done"]["document"]["value"]);
        let regions = approval.find_map(|approval| approval["attested"].as_str());
        let promotion = &run.plan["promotion"];
        let of = |region: &str| {
            let (region, to) = (region.to_owned(), promotion["to"].as_str()?.to_owned());
            Some(Self { region, plan: plan(run)?, to, epoch: promotion["epoch"].as_u64()? + 1 })
        };
        regions.into_iter().flat_map(|all| all.split(", ")).filter_map(of).collect()
    }
}

/// One way in which writers are let in, which is that of one region alone. What opens a second one is
/// an attestation, and each way is closed on its own.
#[derive(Default)]
pub(super) struct Writers {
    /// The regions where it is open.
    pub(super) open: BTreeSet<&'static str>,
    /// What was attested, and whether the region was open when that was seen.
    attested: BTreeMap<Attested, bool>,
    /// What opens no region any more.
    over: BTreeSet<Attested>,
}

impl Writers {
    /// Takes note of what was attested.
    pub(super) fn note(&mut self, told: &[Attested], claims: &Claims) {
        for one in told {
            let open = self.open.contains(&*one.region);
            self.attested.entry(one.clone()).or_insert(open);
        }
        let over = self.attested.iter().filter(|(one, took)| self.is_over(one, **took, claims));
        let over: Vec<Attested> = over.map(|(one, _)| one.clone()).collect();
        self.over.extend(over);
    }

    /// What is attested of a region: that it cannot write, and that is not over.
    fn attested(&self, region: &str) -> impl Iterator<Item = &Attested> {
        let of = self.attested.keys().filter(move |attested| attested.region == region);
        of.filter(|attested| !self.over.contains(attested))
    }

    pub(super) fn attests(&self, region: &str) -> bool {
        self.attested(region).next().is_some()
    }

    /// The pairs of these regions that no attestation excuses.
    pub(super) fn unexplained(&self, takes: &[&str], claims: &Claims) -> Vec<String> {
        let pairs = takes
            .iter()
            .enumerate()
            .flat_map(|(at, one)| takes[..at].iter().map(move |other| (*one, *other)));
        let excused = |one: &str, other: &str| self.excused(one, other, claims);
        let left = pairs.filter(|(one, other)| !excused(one, other) && !excused(other, one));
        left.map(|(one, other)| format!("{other} and {one}")).collect()
    }

    /// Whether by an attestation one region may be open beside another that claimed by it, or later.
    fn excused(&self, region: &str, beside: &str, claims: &Claims) -> bool {
        self.attested(region).any(|attested| {
            let of = |role: &Role| role.primary == beside && role.epoch >= attested.epoch;
            claims.claimed.iter().any(of)
        })
    }

    /// Whether what was attested opens no region any more. What took writes was fenced since. A standby was
    /// told who is the primary, and knows it until another claim; or who took over lost to another. And who
    /// gave up without a claim never takes over.
    fn is_over(&self, attested: &Attested, took_writes: bool, claims: &Claims) -> bool {
        let Attested { region, to, epoch, plan } = attested;
        let claim = Role { epoch: *epoch, primary: to.clone() };
        if claims.ended.contains(plan) && !claims.claimed.contains(&claim) {
            return true;
        }
        let told = || {
            let role = claims.of(region);
            role.is_some_and(|it| it.epoch > *epoch || it.epoch == *epoch && it.primary == *to)
        };
        let beaten = |it: &Role| it.epoch > *epoch || it.epoch == *epoch && it.primary != *to;
        match self.open.contains(&**region) {
            open if took_writes => !open,
            open => claims.of(to).is_some_and(beaten) || !open && told(),
        }
    }
}

/// The id of a run's plan.
pub(super) fn plan(run: &Run) -> Option<String> {
    run.plan["id"].as_str().map(str::to_owned)
}
