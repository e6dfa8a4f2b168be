//! `Weather`: what goes wrong while one process runs.

use std::time::Duration;

use lifeboat_sdk::{Interrupt, Location, RegionName};
use lifeboat_sim::{Blackout, Fault, Nth, Rule, SimCloud};
use lifeboat_state::store::MemoryDisk;
use lifeboat_state::store::memory::Fault as DiskFault;

use super::chance::Chance;
use super::process::Fatality;
use super::program::REGIONS;

/// What goes wrong with calls.
pub(super) const CALLS: [Fault; 9] = [
    Fault::DropAnswer,
    Fault::Reset,
    Fault::Throttle,
    Fault::Status500,
    Fault::Status503,
    Fault::Refuse,
    Fault::BlackHole,
    Fault::CutAnswer,
    Fault::Slow(Duration::from_secs(30)),
];

/// What is left of what was written and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All: the process was killed.
    All,
    /// Nothing: the power failed.
    Nothing,
    /// Some of each.
    Some,
}

/// What goes wrong while one process runs.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) fatality: Fatality,
    calls: Vec<(Fault, u8)>,
    dark: Vec<(Location, Blackout)>,
    disk: Option<(u64, DiskFault, bool)>,
    latency: Duration,
    pub(super) keep: Keep,
}

impl Weather {
    pub(super) fn new(chance: &mut Chance) -> Self {
        let mut calls = Vec::new();
        if chance.percent(60) {
            for _ in 0..=chance.below(3) {
                let percent = *chance.pick(&[1, 3, 10, 30]);
                calls.push((chance.pick(&CALLS).clone(), percent));
            }
        }
        let mut dark = Vec::new();
        if chance.percent(20) {
            let how = *chance.pick(&[Blackout::Refuse, Blackout::Hang, Blackout::Unavailable]);
            let region = *chance.pick(&REGIONS);
            if chance.percent(70) {
                dark.push((Location::Region(RegionName::from(region)), how));
            }
            if region == "us-east-1" {
                dark.push((Location::Global { home: RegionName::from(region) }, how));
            }
        }
        let disk = chance.percent(20).then(|| {
            let nth = 1 + chance.below(60) as u64;
            let fault = *chance.pick(&[DiskFault::NoSpace, DiskFault::Io, DiskFault::LostReply]);
            (nth, fault, chance.percent(50))
        });
        let latency = *chance.pick(&[0, 0, 5, 50]);
        let keep = *chance.pick(&[Keep::All, Keep::Nothing, Keep::Some]);
        Self {
            fatality: fatality(chance),
            calls,
            dark,
            disk,
            latency: Duration::from_millis(latency),
            keep,
        }
    }

    /// It breaks out.
    pub(super) fn begin(&self, cloud: &SimCloud, disk: &MemoryDisk) {
        cloud.set_latency(self.latency);
        for (fault, percent) in &self.calls {
            cloud.inject(Rule::new(fault.clone()).nth(Nth::Chance(*percent)));
        }
        for (location, how) in &self.dark {
            cloud.blackout(location.clone(), *how);
        }
        if let Some((nth, fault, sticky)) = self.disk {
            disk.fail(nth, fault, sticky);
        }
    }

    /// It passes.
    pub(super) fn end(&self, cloud: &SimCloud, disk: &MemoryDisk) {
        cloud.clear_rules();
        for (location, _) in &self.dark {
            cloud.restore(location);
        }
        disk.heal();
    }
}

/// Most processes die: at any poll, the first ones more often than the last.
fn fatality(chance: &mut Chance) -> Fatality {
    let reach = *chance.pick(&[30, 300, 1500]);
    let at = 1 + chance.below(reach) as u64;
    match chance.below(10) {
        0..6 => Fatality { dies: Some(at), interrupted: None },
        6 => Fatality { dies: None, interrupted: Some((at, Interrupt::Finish)) },
        7 => Fatality { dies: None, interrupted: Some((at, Interrupt::Stop)) },
        _ => Fatality::default(),
    }
}
