//! Whether the gates that a promotion would turn answer now, and whether they could be turned.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use lifeboat_sdk::Name;
use lifeboat_state::model::Gate as Opened;

use super::{Facts, Finding};
use crate::apply::gates;
use crate::topology::Topology;
use crate::topology::dns::{DnsFailover, Target};

/// How long a gate may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// What was found out of the gate of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The gate of the region that would be left, and the entry of the target where it has one.
    pub positions: Vec<Position>,
    /// Whether the file with the token can be read, where there is one.
    pub token: Option<Result<(), String>>,
}

/// How a gate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Where it was asked.
    pub url: String,
    /// Whether a promotion left it open.
    pub open: bool,
    /// Whether it answered as one that is open; or why nobody answered.
    pub seen: Result<bool, String>,
}

/// Asks the gates of all blocks, each once.
pub(super) async fn ask(
    topology: &Topology,
    [from, to]: [&str; 2],
    open: &BTreeMap<String, Opened>,
    root: &Path,
) -> BTreeMap<Name, Asked> {
    let all = topology.dns.iter().map(|dns| async move {
        let gate = dns.gate.as_ref()?;
        let block = format!("dns_failover.{}", dns.name);
        let entry = gate.targets.get(to).filter(|_| dns.has_entries()).map(Target::entry);
        let left = open.get(&block).is_some_and(|gate| gate.region == *from);
        let entered = open.contains_key(&format!("{block}/{to}"));
        let both = [(gate.targets.get(from).cloned(), left), (entry, entered)];
        let looks = both.into_iter().filter_map(|(target, open)| Some((target?.url(), open)));
        let positions = join_all(looks.map(|(url, open)| position(url, open))).await;
        let token = gate
            .token_file
            .as_deref()
            .map(|file| gates::token(root, file).map_err(|failure| failure.to_string()));
        Some((dns.name.clone(), Asked { positions, token }))
    });
    join_all(all).await.into_iter().flatten().collect()
}

async fn position(url: String, open: bool) -> Position {
    let seen = match tokio::time::timeout(ANSWER, gates::position(&url)).await {
        Ok(seen) => seen.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("{url}: no answer within {} s", ANSWER.as_secs())),
    };
    Position { url, open, seen }
}

/// The gates stand as they should, and their server answers.
pub(super) fn stands(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for dns in &facts.topology.dns {
        let Some((asked, gate)) = facts.gates.get(&dns.name).zip(dns.gate.as_ref()) else {
            continue;
        };
        let told = asked.positions.iter().map(|position| told(position, gate.by_hand));
        let token = asked.token.as_ref().map(token);
        found.extend(told.chain(token).map(|one| one.about(block(dns)).at(dns.span)));
    }
    found
}

fn block(dns: &DnsFailover) -> String {
    format!("dns_failover.{}", dns.name)
}

fn told(position: &Position, by_hand: bool) -> Finding {
    let Position { url, open, seen } = position;
    match (seen, open) {
        (Ok(true), true) => Finding::pass(format!("{url} is open, as a promotion left it.")),
        (Ok(false), false) => Finding::pass(format!("{url} answers, and is shut.")),
        (Ok(true), false) => Finding::fail(
            format!(
                "{url} is open, and no promotion has opened it: Route 53 may answer otherwise by it."
            ),
            "Shut it: by DELETE, or by hand.",
        ),
        (Ok(false), true) => Finding::fail(
            format!(
                "{url} is shut, and a promotion left it open: the traffic follows the records again."
            ),
            "Open it, by PUT or by hand, or run `lifeboat apply`, which rewrites the records.",
        ),
        (Err(why), false) if by_hand => {
            Finding::pass(format!("Nobody answers, so that it is shut; a person opens it: {why}."))
        }
        (Err(why), _) => Finding::unknown(
            format!("Whether it could be turned is not known: {why}."),
            "See whether its server runs, and whether this machine reaches and trusts it.",
        ),
    }
}

fn token(token: &Result<(), String>) -> Finding {
    match token {
        Ok(()) => Finding::pass("The file with the token of the gate can be read."),
        Err(why) => Finding::fail(
            format!("The file with the token of the gate cannot be read: {why}."),
            "Put it where token_file says, readable for who promotes.",
        ),
    }
}
