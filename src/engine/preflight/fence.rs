//! Whether the region that is left can be kept from writing, and whether the target is.

use super::{Facts, Finding};
use crate::address::Address;
use crate::desired::Part;
use crate::engine::drifted::Seen;
use crate::plan::promotion::region_of;

/// Each block of data with one writer has a fence in the region that is left.
///
/// The fence of a bucket is its policy. Each request to S3 is judged by it, so there are no sessions
/// that it would let go on: it is as strong as `failover { fence { require } }` can ask for.
pub(super) fn places(facts: &Facts<'_>) -> Vec<Finding> {
    let one_writer = facts.topology.buckets.iter().filter(|bucket| bucket.one_writer);
    let buckets = one_writer.map(|bucket| {
        let block = format!("bucket.{}", bucket.name);
        of(facts, &block).about(block).at(bucket.span)
    });
    let tables = facts.topology.databases.iter().filter(|database| !database.one_writer());
    let tables = tables.map(|table| {
        let (from, to) = (&facts.from.name, &facts.to.name);
        let text = format!(
            "It is not fenced: all its replicas write, and what is written in {from} arrives in {to}. What \
             must not write there any more is stopped by a service block or a hook."
        );
        Finding::pass(text).about(format!("database.{}", table.name)).at(table.span)
    });
    buckets.chain(tables).chain(weak(facts)).collect()
}

/// What a fence does to those who write already, strongest first, as `require` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Advisory,
    BlocksNew,
    CutsSessions,
}

impl Strength {
    const ALL: [Self; 3] = [Self::Advisory, Self::BlocksNew, Self::CutsSessions];

    fn word(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::BlocksNew => "blocks_new",
            Self::CutsSessions => "cuts_sessions",
        }
    }

    /// Of a fence: what is stopped or emptied is waited for until nothing of it is left, a database until
    /// it has no sessions, and S3 judges each request by the policy. What is triggered no more may still
    /// run to its end, and connections that are open when nobody is let in any more stay open.
    fn of(part: Part) -> Self {
        let goes_on = matches!(part, Part::Triggers { .. } | Part::Reach);
        if goes_on { Self::BlocksNew } else { Self::CutsSessions }
    }
}

/// The fences of the region that is left that are weaker than the files ask for.
fn weak(facts: &Facts<'_>) -> Vec<Finding> {
    let required = facts.topology.declaration.failover.fence.as_deref();
    let Some(required) = Strength::ALL.into_iter().find(|s| required == Some(s.word())) else {
        return Vec::new();
    };
    let from = &facts.from.name;
    let there = |at: &Address| region_of(at) == Some(&**from);
    let fences = facts.parts.iter().filter(|(at, part)| part.fences() && there(at));
    let weak = fences.filter(|(_, part)| Strength::of(**part) < required);
    let told = weak.map(|(at, part)| {
        let (is, wanted) = (Strength::of(*part).word(), required.word());
        let text = format!(
            "The fence of {from} is {is}: what runs there already may go on until it ends, and \
             failover {{ fence {{ require }} }} asks for {wanted}."
        );
        let fix = format!(
            "Write require = {is:?}, or stop what runs there with a hook of the phase fence and ignore this \
             check."
        );
        Finding::fail(text, fix).about(at.to_string())
    });
    told.collect()
}

fn of(facts: &Facts<'_>, block: &str) -> Finding {
    let from = &facts.from.name;
    let Some(fence) = facts.at_primary(Part::Writers, block) else {
        let text = format!(
            "It has one writer, and nothing keeps {from} from writing on when another region is the \
             primary."
        );
        return Finding::fail(text, "Run `lifeboat apply`.");
    };
    if !facts.objects.contains_key(fence) {
        return Finding::fail(format!("{fence} has not been made."), "Run `lifeboat apply`.");
    }
    let owed = format!("{fence} cannot be changed now, so that the fence will be owed");
    let fix = format!(
        "A promotion needs somebody who attests that {from} cannot write; the fence is placed first \
         when it answers."
    );
    match facts.looked.get(fence) {
        Some(Seen::Read) => Finding::pass(format!("{fence} can be changed to refuse all writes.")),
        Some(Seen::Unread(_, why)) if facts.graceful() => {
            Finding::fail(format!("{owed}, and the mode is graceful: {why}."), fix)
        }
        Some(Seen::Unread(_, why)) => Finding::unknown(format!("{owed}: {why}."), fix),
        Some(Seen::Left) | None => {
            Finding::unknown(format!("{fence} was not looked at."), "See what keeps the plan.")
        }
    }
}

/// The target owes no fence: it holds nothing that no other region has.
pub(super) fn owed(facts: &Facts<'_>) -> Vec<Finding> {
    let to = &facts.to.name;
    let owed = facts.state.promotions.owed.iter().filter(|(_, owed)| owed.region == **to);
    let found: Vec<Finding> = owed
        .map(|(address, owed)| {
            let text = format!(
                "{to} owes this fence since {}: until it is placed it may take writes that no other \
                 region has.",
                owed.since
            );
            let fix = format!("Run `lifeboat apply`, which fences {to} when it answers.");
            Finding::fail(text, fix).about(address)
        })
        .collect();
    if found.is_empty() { vec![Finding::pass(format!("{to} owes no fence."))] } else { found }
}
