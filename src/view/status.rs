//! The status page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lifeboat_state::lock::Holder;
use lifeboat_state::model::{Alone, Backfill, Lone, ObjectStatus, Owed, Passage};
use lifeboat_state::positions::Position;
use lifeboat_state::request::Request;

use super::escape::line;
use super::live::Live;
use super::promotion::{diverged, evacuated, fenced, returns_writable, unfilled, unprotected};
use super::report::{resolvers, rto};
use crate::apply::Known;
use crate::apply::request::Taken;
use crate::approval::Policy;
use crate::engine::alone::count;
use crate::engine::approvers;
use crate::engine::measured::{Measured, Standing, measure};
use crate::engine::retiring::kept;
use crate::plan::{Kept, Promotion};
use crate::topology::Topology;
use crate::topology::objective::Objective;

/// How many objects of a sort are named to people.
const SHOWN: usize = 10;

/// What the page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The topology's name.
    pub topology: Option<String>,
    /// The primary.
    pub primary: Option<String>,
    /// Counts promotions.
    pub epoch: u64,
    /// A promotion that is not over: the region that is left, and the new primary.
    pub promoting: Option<(String, String)>,
    /// The request by which it is paused.
    pub paused: Option<Taken>,
    /// Requests to it that no run has taken yet, by their numbers.
    pub requests: Vec<(u64, Request)>,
    /// The last promotion, or the open one, and whether it is open.
    pub last: Option<(Passage, bool)>,
    /// The strictest objective that the files declare.
    pub objective: Objective,
    /// Since when the primary's data has no copy that is kept up to date.
    pub unprotected: Option<String>,
    /// Since when it has one again after a promotion, RFC 3339.
    pub protected: Option<String>,
    /// What is live, where that was looked at.
    pub live: Option<Live>,
    /// Up to when copies were seen to have all.
    pub copies: Vec<Position>,
    /// Fences that are owed, by the address of their object.
    pub owed: BTreeMap<String, Owed>,
    /// What is still to be copied that replication does not bring by itself.
    pub backfills: BTreeMap<String, BTreeMap<String, Backfill>>,
    /// What regions hold alone that were left without a fence.
    pub alone: BTreeMap<String, Alone>,
    /// Regions that are fenced by hand, and since when.
    pub fenced: BTreeMap<String, String>,
    /// Regions that are evacuated, and since when.
    pub evacuated: BTreeMap<String, String>,
    /// What is kept that promotions left.
    pub retired: Vec<Kept>,
    /// How many must approve a promotion, and who may, where it needs signatures.
    pub approvals: Option<Policy>,
    /// Regions that owe a fence, and whose files declare no guard.
    pub unguarded: BTreeSet<String>,
    /// Counts states.
    pub serial: u64,
    /// The state's lineage.
    pub lineage: Option<String>,
    /// Accounts by provider.
    pub accounts: BTreeMap<String, String>,
    /// Objects by location.
    pub objects: BTreeMap<String, usize>,
    /// Objects that the last run could not read, and why.
    pub unread: BTreeMap<String, String>,
    /// Half made objects.
    pub incomplete: Vec<String>,
    /// Objects of which it is not known what happened, and why.
    pub in_doubt: BTreeMap<String, String>,
    /// Who holds the lock.
    pub locked_by: Option<String>,
    /// Whose lock is there although its run has ended.
    pub left_by: Option<String>,
}

impl Page {
    /// Of a state, and of what the files declare: objectives, and which regions ask a guard before
    /// they write.
    pub fn of(
        known: &Known,
        declared: Option<&Topology>,
        (holder, ended): (Option<&Holder>, bool),
    ) -> Self {
        let regions = declared.iter().flat_map(|topology| &topology.regions);
        let guards = regions.filter(|region| region.guard);
        let guarded: BTreeSet<String> = guards.map(|region| region.name.to_string()).collect();
        let in_doubt = &known.in_doubt;
        let who = holder.map(|h| format!("{} since {}", h.info.who, h.info.created));
        let (left_by, locked_by) = if ended { (who, None) } else { (None, who) };
        let mut page = Self {
            in_doubt: in_doubt.iter().map(|(a, why)| (a.to_string(), why.clone())).collect(),
            locked_by,
            left_by,
            ..Self::default()
        };
        let names = |p: &Promotion| (p.from.to_string(), p.to.to_string());
        page.promoting = known.promotion.as_ref().map(names);
        page.paused.clone_from(&known.controls.paused);
        page.objective = declared.map(Topology::strictest).unwrap_or_default();
        let last = measure(known, None);
        page.last = last.map(|it| (it.passage.clone(), it.standing == Standing::Open));
        let Some(state) = &known.state else { return page };
        page.unprotected.clone_from(&state.promotions.unprotected);
        page.protected.clone_from(&state.promotions.protected);
        page.owed.clone_from(&state.promotions.owed);
        page.fenced.clone_from(&state.promotions.fenced);
        page.evacuated.clone_from(&state.promotions.evacuated);
        page.retired = kept(Some(state), declared);
        page.alone.clone_from(&state.promotions.alone);
        page.backfills.clone_from(&state.promotions.backfills);
        page.approvals = approvers::bound(Some(state)).ok().filter(|policy| policy.needed > 0);
        let owing = page.owed.values().map(|owed| owed.region.clone());
        page.unguarded = owing.filter(|region| !guarded.contains(region)).collect();
        page.topology.clone_from(&state.topology);
        page.primary.clone_from(&state.primary);
        page.epoch = state.epoch;
        page.serial = state.serial;
        page.lineage = Some(state.lineage.clone());
        page.accounts.clone_from(&state.identities);
        for (address, object) in &state.objects {
            let place = &object.scope.location;
            let place = if place.is_empty() { "local".to_owned() } else { place.clone() };
            *page.objects.entry(place).or_default() += 1;
            if let Some(why) = &object.stale {
                page.unread.insert(address.clone(), why.clone());
            }
            if object.status == ObjectStatus::Incomplete {
                page.incomplete.push(address.clone());
            }
        }
        page
    }

    /// What was measured of the last promotion.
    pub fn measured(&self) -> Option<Measured<'_>> {
        let (passage, open) = self.last.as_ref()?;
        Some(Measured::of(passage, *open))
    }
}

/// The last promotion, and what was measured of it.
fn last(measured: &Measured<'_>, objective: &Objective, out: &mut String) {
    let Passage { from, to, epoch, mode, .. } = measured.passage;
    let begun = line(measured.begun().unwrap_or_default());
    let when = match (measured.standing, measured.ended()) {
        (Standing::Open, _) => {
            let stage = measured.stage(None, None).word();
            format!("begun {begun} and {stage}")
        }
        (Standing::GivenUp, _) => format!("begun {begun} and given up"),
        (Standing::Over, ended) => format!("{begun} to {}", line(ended.unwrap_or_default())),
    };
    let (from, to, mode) = (line(from), line(to), line(mode));
    let _ok =
        writeln!(out, "Last promotion: {to} in place of {from}, epoch {epoch}, {mode}, {when}");
    match measured.by_hand() {
        Some("adopted") => out.push_str("Made by hand, and adopted: nothing was measured\n"),
        Some(_) => out.push_str("Begun by hand, and continued: nothing was measured\n"),
        None => {}
    }
    if let Some(rto) = rto(measured, objective) {
        let _ok = writeln!(out, "Measured RTO: {rto}");
    }
    for seen in &measured.seen {
        let (about, told) = (line(seen.about), line(&resolvers(seen, measured.passage)));
        let _ok = writeln!(out, "{about} at {}: {told}", line(seen.at));
    }
}

/// What operators ask of the open promotion.
fn controls(page: &Page, out: &mut String) {
    let because = |reason: &str| match reason {
        "" => String::new(),
        reason => format!(" ({})", line(reason)),
    };
    if let Some(paused) = &page.paused {
        let (who, since) = (line(&paused.who), line(&paused.at));
        let _ok = writeln!(
            out,
            "Paused by {who} since {since}{}. `lifeboat promote -resume` goes on.",
            because(&paused.reason)
        );
    }
    for (number, request) in &page.requests {
        let step = request.step.iter().map(|step| format!(" {step}")).collect::<String>();
        let (what, who) = (request.what.word(), line(&request.who));
        let _ok = writeln!(
            out,
            "Request {number} of {who} at {}, not taken yet: {what}{}{}",
            line(&request.at),
            line(&step),
            because(&request.reason)
        );
    }
}

/// What is not as it should be since a promotion, or since somebody fenced by hand.
fn open(page: &Page, out: &mut String) {
    if let Some(since) = &page.unprotected {
        let _ok = writeln!(out, "{}", unprotected(since));
    }
    for Position { about, from, to, until, .. } in &page.copies {
        let Ok(until) = jiff::Timestamp::from_second(*until) else { continue };
        let (about, from, to) = (line(about), line(from), line(to));
        let _ok = writeln!(out, "{about}: {to} had all that {from} took until {until}.");
    }
    for (region, of) in &page.alone {
        alone(region, of, out);
    }
    for (address, regions) in &page.backfills {
        for (region, Backfill { since, .. }) in regions {
            let _ok = writeln!(out, "{}", unfilled(address, region, since));
        }
    }
    for (region, since) in &page.fenced {
        let _ok = writeln!(out, "{}", fenced(region, since));
    }
    for (region, since) in &page.evacuated {
        let _ok = writeln!(out, "{}", evacuated(region, since));
    }
    some(out, page.retired.iter().map(super::kept::kept));
    let owed = page.owed.iter();
    some(
        out,
        owed.map(|(at, Owed { region, since, .. })| {
            format!("Owed by {} since {}: the fence {}", line(region), line(since), line(at))
        }),
    );
}

/// What a region holds alone.
fn alone(region: &str, of: &Alone, out: &mut String) {
    let all = count(of);
    if all == 0 {
        return;
    }
    let _ok = writeln!(out, "{}", diverged(region, all));
    let each = of.found.values().flat_map(|found| &found.first);
    for Lone { key, size, differs, deleted, .. } in each.take(SHOWN) {
        if *deleted {
            let _ok = writeln!(out, "  {} (deleted there, and not in the primary)", line(key));
            continue;
        }
        let but = if *differs { ", another content than in the primary" } else { "" };
        let _ok = writeln!(out, "  {} ({size} bytes{but})", line(key));
    }
    let shown = u64::try_from(SHOWN).unwrap_or(u64::MAX);
    if all > shown {
        let _ok = writeln!(out, "  … and {} more: `lifeboat status -json` has more", all - shown);
    }
}

/// The page for people.
pub fn text(page: &Page) -> String {
    let Some(lineage) = &page.lineage else {
        return "There is no state yet: nothing has been applied.\n".to_owned();
    };
    let mut out = String::new();
    if let (Some(topology), Some(primary)) = (&page.topology, &page.primary) {
        let _ok = writeln!(
            out,
            "Topology {}: primary {} (epoch {})",
            line(topology),
            line(primary),
            page.epoch
        );
    }
    if let Some((from, to)) = &page.promoting {
        let _ok = writeln!(
            out,
            "A promotion is open: {} in place of {}. `lifeboat apply` goes on with it.",
            line(to),
            line(from)
        );
    }
    controls(page, &mut out);
    if let Some(measured) = page.measured() {
        last(&measured, &page.objective, &mut out);
    }
    out.push_str(&page.live.as_ref().map(Live::text).unwrap_or_default());
    open(page, &mut out);
    if let Some(policy) = &page.approvals {
        let (needed, of) = (policy.needed, policy.approvers().len());
        let names = line(&policy.names());
        let _ok = writeln!(out, "Approvals of a promotion: {needed} of {of} ({names})");
    }
    some(&mut out, page.unguarded.iter().map(|region| returns_writable(region)));
    let _ok = writeln!(out, "State: serial {}, lineage {}", page.serial, line(lineage));
    for (provider, account) in &page.accounts {
        let _ok = writeln!(out, "Account of {}: {}", line(provider), line(account));
    }
    out.push_str("Objects:\n");
    for (place, count) in &page.objects {
        let _ok = writeln!(out, "  {}: {count}", line(place));
    }
    for (why, count) in counted(&page.unread) {
        let noun = if count == 1 { "object" } else { "objects" };
        let _ok = writeln!(out, "Not read by the last run: {count} {noun}: {}", line(why));
    }
    let half = page.incomplete.iter().map(|address| format!("Half made: {}", line(address)));
    some(&mut out, half);
    let doubt = page.in_doubt.iter();
    some(&mut out, doubt.map(|(at, why)| format!("In doubt: {}: {}", line(at), line(why))));
    if let Some(who) = &page.locked_by {
        let _ok = writeln!(out, "Locked by {}", line(who));
    }
    if let Some(who) = &page.left_by {
        let _ok = writeln!(
            out,
            "There is a lock of a run that has ended ({}): the next apply takes it over.",
            line(who)
        );
    }
    out
}

/// How many have each reason.
fn counted(reasons: &BTreeMap<String, String>) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for why in reasons.values() {
        *counts.entry(why.as_str()).or_default() += 1;
    }
    counts
}

/// The first of many lines, and how many more there are.
fn some(out: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(SHOWN);
    for line in lines.take(SHOWN) {
        let _ok = writeln!(out, "{line}");
    }
    if more > 0 {
        let _ok = writeln!(out, "… and {more} more: `lifeboat status -json` has all");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_in_doubt_the_first_are_shown() {
        let doubt = |n: usize| (format!("terraform_data.web[{n}]"), "no reply".to_owned());
        let page = |count: usize| Page {
            lineage: Some("l".to_owned()),
            in_doubt: (0..count).map(doubt).collect(),
            incomplete: (0..count).map(|n| format!("terraform_data.web[{n}]")).collect(),
            ..Page::default()
        };
        let count = |text: &str, word: &str| text.lines().filter(|l| l.starts_with(word)).count();
        let few = text(&page(SHOWN));
        assert_eq!((count(&few, "In doubt"), count(&few, "…")), (SHOWN, 0));
        let many = text(&page(SHOWN + 7));
        assert_eq!((count(&many, "In doubt"), count(&many, "Half made")), (SHOWN, SHOWN));
        assert_eq!(count(&many, "… and 7 more"), 2);
    }
}
