//! Standing plans: promotions that are planned ahead, and what makes one stale. Pure.
//!
//! One is bound to files, regions, epoch, identities and version, and to no serial and no measurement.
//! On its day it is planned once more, from what is live then, and applied only where that comes to
//! the same: so apply still decides nothing, and the gates measure that day.

use std::collections::BTreeMap;

use lifeboat_sdk::schema::Attribute;
use lifeboat_sdk::{Name, Value};

use super::{Act, ObjectChange, Phase, Plan, Promotion, Task};
use crate::address::Address;
use crate::diff::Action;

/// What a standing plan was made with, besides what every plan is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lasting {
    /// `-assume-down`
    pub assume_down: Vec<String>,
}

/// In what a standing plan differs from one that was made now, in words; nothing where applying either
/// does the same. What the standing plan would do and is done already is no difference.
pub fn differences<'s>(
    standing: &Plan,
    fresh: &Plan,
    attributes: &dyn Fn(&str) -> &'s [Attribute],
) -> Vec<String> {
    let mut found = Vec::new();
    match (&standing.promotion, &fresh.promotion) {
        (Some(then), Some(now)) => roles(then, now, &mut found),
        _ => return vec!["there is nothing to promote".to_owned()],
    }
    let all: BTreeMap<&Address, &ObjectChange> =
        fresh.changes.iter().map(|change| (&change.address, change)).collect();
    let does = |change: &&ObjectChange| change.action != Action::NoOp || change.deferred.is_some();
    let planned: BTreeMap<&Address, &ObjectChange> =
        standing.changes.iter().filter(does).map(|change| (&change.address, change)).collect();
    for (address, then) in &planned {
        let attributes = attributes(&address.kind);
        match all.get(address) {
            Some(now) => object(then, now, attributes, &mut found),
            None => found.push(format!("{address} is not declared any more")),
        }
    }
    for now in fresh.changes.iter().filter(does) {
        if !planned.contains_key(&now.address) {
            found.push(format!("{} would change, too", now.address));
        }
    }
    for address in planned.keys().filter(|at| standing.legs.get(at) != fresh.legs.get(at)) {
        // What is as it shall be already goes no way at all.
        if all.get(address).is_some_and(|now| now.action != Action::NoOp) {
            found.push(format!("{address} would get there by other steps"));
        }
    }
    acts(standing, fresh, &mut found);
    found
}

/// Who is left for whom, and what is known of those who do not answer.
fn roles(then: &Promotion, now: &Promotion, found: &mut Vec<String>) {
    // How many other changes wait is nothing that it does; what may be lost is measured, as durations are.
    let (waiting, losses, timings) = (then.waiting, then.losses.clone(), then.timings.clone());
    let now = Promotion { waiting, losses, timings, ..now.clone() };
    if *then == now {
        return;
    }
    let names = |names: &[Name]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let addresses =
        |all: &[Address]| names(&all.iter().map(|a| a.to_string().into()).collect::<Vec<Name>>());
    let pairs = [
        ("the region that is left", then.from.to_string(), now.from.to_string()),
        ("the new primary", then.to.to_string(), now.to.to_string()),
        ("the epoch", then.epoch.to_string(), now.epoch.to_string()),
        ("the mode", then.mode().word().to_owned(), now.mode().word().to_owned()),
        ("the fences that are owed", addresses(&then.owed), addresses(&now.owed)),
        ("the fences that nobody can see", addresses(&then.unseen), addresses(&now.unseen)),
        ("the regions that are silent", names(&then.silent), names(&now.silent)),
        ("the regions to attest", names(&then.attest), names(&now.attest)),
        ("the hooks that are left out", names(&then.left_out), names(&now.left_out)),
        ("the role records", then.records.to_string(), now.records.to_string()),
        ("the approvals", then.approvals.to_string(), now.approvals.to_string()),
    ];
    let before = found.len();
    for (what, then, now) in pairs.into_iter().filter(|(_, then, now)| then != now) {
        found.push(format!("{what}: was {then}, now {now}"));
    }
    if found.len() == before {
        found.push("other records would have a lower TTL meanwhile".to_owned());
    }
}

/// What becomes of one object.
fn object(
    then: &ObjectChange,
    now: &ObjectChange,
    attributes: &[Attribute],
    found: &mut Vec<String>,
) {
    let address = &then.address;
    let lasting = |document: &Option<Value>| document.as_ref().map(|it| steady(it, attributes));
    let (wanted, live) = (lasting(&then.after), lasting(&now.before));
    let still = now.action == Action::NoOp && now.deferred.is_none();
    if still && then.deferred.is_none() && wanted == live {
        // It is as it shall be already.
        return;
    }
    if then.deferred.is_some() != now.deferred.is_some() {
        let does =
            if now.deferred.is_some() { "cannot be changed now" } else { "can be changed now" };
        found.push(format!("{address} {does}"));
        return;
    }
    if then.action != now.action {
        found.push(format!("{address} would not be changed in the same way"));
        return;
    }
    let was = differ(lasting(&then.before).as_ref(), live.as_ref());
    if !was.is_empty() {
        found.push(format!("{address} is not as it was: {}", was.join(", ")));
    }
    let becomes = differ(wanted.as_ref(), lasting(&now.after).as_ref());
    if !becomes.is_empty() {
        found.push(format!("{address} would become another: {}", becomes.join(", ")));
    }
}

/// A document without what changes with every write.
fn steady(document: &Value, attributes: &[Attribute]) -> Value {
    let volatile = attributes.iter().filter(|a| a.volatile && document.get(a.name).is_some());
    volatile.fold(document.clone(), |document, a| document.with(a.name, Value::null()))
}

/// The attributes in which two documents differ: their names, no values.
fn differ(then: Option<&Value>, now: Option<&Value>) -> Vec<String> {
    let (Some(then), Some(now)) = (then, now) else {
        return if then == now { Vec::new() } else { vec!["whether there is one".to_owned()] };
    };
    let names = |document: &Value| {
        let entries = document.entries().unwrap_or_default();
        entries.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    let mut all = names(then);
    all.extend(names(now));
    all.sort();
    all.dedup();
    all.retain(|name| then.get(name) != now.get(name));
    if all.is_empty() && then != now {
        all.push("its whole".to_owned());
    }
    all
}

/// What is done besides changing objects.
fn acts(standing: &Plan, fresh: &Plan, found: &mut Vec<String>) {
    let (then, now) = (deeds(standing), deeds(fresh));
    // A last look at what is as it shall be already, and a wait for what was lowered, are not needed; what
    // the files are like by then is compared as a whole.
    let needless = |act: Act| matches!(act, Act::Confirm | Act::Wait | Act::Edit);
    for (phase, act, task) in &then {
        let same = now.iter().any(|other| is_same((*phase, *act, task), *other));
        if !same && !needless(*act) {
            let (phase, act) = (phase.word(), act.word());
            found.push(format!("{phase}: {act} {} would not be done so", task.about));
        }
    }
    for (phase, act, task) in &now {
        let same = then.iter().any(|other| is_same((*phase, *act, task), *other));
        if !same && *act != Act::Edit {
            let (phase, act) = (phase.word(), act.word());
            found.push(format!("{phase}: {act} {} would be done, too", task.about));
        }
    }
}

/// A step without objects.
type Deed<'p> = (Phase, Act, &'p Task);

fn deeds(plan: &Plan) -> Vec<Deed<'_>> {
    let all = plan.steps.iter();
    all.filter_map(|step| Some((step.phase, step.act?, step.task.as_ref()?))).collect()
}

/// Whether two do the same; what an object that they look at was like is measured, not planned.
fn is_same((phase, act, task): Deed<'_>, (other_phase, other_act, other): Deed<'_>) -> bool {
    let Task { about, arguments, limit, optional, on } = task;
    let place = |task: &Task| {
        task.on.as_ref().map(|on| (on.provider.clone(), on.kind.clone(), on.scope.clone()))
    };
    let measured = matches!(act, Act::Wait | Act::Resolve);
    phase == other_phase
        && act == other_act
        && *about == other.about
        && *arguments == other.arguments
        && (measured || *limit == other.limit)
        && *optional == other.optional
        && on.is_some() == other.on.is_some()
        && place(task) == place(other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Deferral;

    static ATTRIBUTES: &[Attribute] = &[
        Attribute { name: "policy", ..Attribute::PLAIN },
        Attribute { name: "etag", volatile: true, ..Attribute::PLAIN },
    ];

    fn document(policy: &str, etag: &str) -> Value {
        Value::object([
            ("etag".into(), Value::string(etag)),
            ("policy".into(), Value::string(policy)),
        ])
    }

    fn change(before: &str, after: &str, etag: &str) -> ObjectChange {
        let action = if before == after { Action::NoOp } else { Action::Update };
        ObjectChange {
            provider: "aws".into(),
            provider_source: "aws".into(),
            before: Some(document(before, etag)),
            after: Some(document(after, etag)),
            id: Some("a".into()),
            ..ObjectChange::new(Address::parse("aws_s3_bucket_policy.a").unwrap(), action)
        }
    }

    fn found(then: &ObjectChange, now: &ObjectChange) -> Vec<String> {
        let mut found = Vec::new();
        object(then, now, ATTRIBUTES, &mut found);
        found
    }

    #[test]
    fn an_object_is_as_it_was_or_as_it_shall_be() {
        let then = change("open", "closed", "1");
        // Written again since, with the same content.
        assert!(found(&then, &change("open", "closed", "2")).is_empty());
        assert!(found(&then, &change("closed", "closed", "3")).is_empty());
        let now = found(&then, &change("ajar", "closed", "1"));
        assert_eq!(now, ["aws_s3_bucket_policy.a is not as it was: policy"]);
        let now = found(&then, &change("open", "shut", "1"));
        assert_eq!(now, ["aws_s3_bucket_policy.a would become another: policy"]);
        let now = found(&then, &change("open", "open", "1"));
        assert_eq!(now, ["aws_s3_bucket_policy.a would not be changed in the same way"]);
    }

    #[test]
    fn what_cannot_be_changed_on_the_day_is_another_plan_and_so_is_what_can() {
        let away = Deferral::UnknownInstances;
        let then = change("open", "closed", "1");
        let owed = ObjectChange { deferred: Some(away), ..then.clone() };
        assert_eq!(found(&then, &owed), ["aws_s3_bucket_policy.a cannot be changed now"]);
        assert_eq!(found(&owed, &then), ["aws_s3_bucket_policy.a can be changed now"]);
        assert!(found(&owed, &owed).is_empty());
        // That it is placed already does not help who counts on its being owed.
        let placed = change("closed", "closed", "1");
        assert_eq!(found(&owed, &placed), ["aws_s3_bucket_policy.a can be changed now"]);
    }

    #[test]
    fn a_hook_with_another_word_is_another_step() {
        let task = |word: &str| Task {
            about: "hook.vpn".into(),
            arguments: Value::object([("command".into(), Value::string(word))]),
            limit: Duration::from_secs(30),
            optional: false,
            on: None,
        };
        let (then, now) = (task("up"), task("down"));
        let of = |task| (Phase::Switch, Act::Hook, task);
        assert!(is_same(of(&then), of(&then)));
        assert!(!is_same(of(&then), of(&now)));
        assert!(!is_same(of(&then), (Phase::Commit, Act::Hook, &then)));
    }
}
