//! What must hold of a command that met a fault.

use std::collections::BTreeSet;
use std::time::Duration;

use super::cell::Cell;
use super::{Struck, Verb};
use crate::scenarios::ran::Ran;
use crate::scenarios::stage::Stage;

/// How much longer a command may take than without the fault.
const MORE: Duration = Duration::from_secs(10);

/// How much longer than that an apply may take: its writes meet the fault after its plan has.
const WRITING: Duration = Duration::from_secs(10);

/// It ends in time.
#[track_caller]
pub(super) fn in_time(stage: &Stage, cell: &Cell, ran: &Ran, well: Duration) {
    let more = if cell.verb == Verb::Apply { MORE + WRITING } else { MORE };
    let late = ran.took > well + more;
    stage.check(
        !late,
        format_args!("{:?} with the fault, {well:?} without:\n{}", ran.took, ran.timeline()),
    );
}

/// What was not read and is not changed: code 6, the scopes named, nothing deferred.
#[track_caller]
pub(super) fn unread(stage: &Stage, cell: &Cell, ran: &Ran) {
    let unread = ran.incomplete();
    let code = if unread { 6 } else { 0 };
    stage.same(ran.code, Some(code), "6 if something is unread, else 0");
    stage.check(unread || cell.row.partial, "a dead region cannot be read");
    stage.same(ran.changes("deferred_change"), Vec::new(), "nothing changes, so nothing waits");
    stage.same(ran.changes("planned_change"), Vec::new(), "nothing is planned");
    stage.same(ran.changes("resource_drift"), Vec::new(), "what is unread has not drifted");
    if unread {
        shown(stage, cell.struck, ran);
    }
}

/// The scopes that are dead are shown as that, and no other is.
#[track_caller]
fn shown(stage: &Stage, struck: &Struck, ran: &Ran) {
    let scopes: Vec<(String, bool)> = ran.scopes();
    let dead = |location: &str| {
        location == struck.region || (struck.global && location.starts_with("global@"))
    };
    stage.check(!scopes.is_empty(), "the regions are shown, each with how it answered");
    for (location, read) in &scopes {
        stage.check(*read || dead(location), format_args!("{location} was not read: {scopes:?}"));
    }
    let named = scopes.iter().any(|(location, read)| location == struck.region && !read);
    stage.check(named, format_args!("{} is shown as unread: {scopes:?}", struck.region));
}

/// Nothing that exists is to be made, replaced or removed, and nothing is taken for gone.
#[track_caller]
pub(super) fn nothing_misread(stage: &Stage, ran: &Ran, existing: &BTreeSet<String>) {
    let all = ["planned_change", "deferred_change", "resource_drift"];
    for (action, address) in all.iter().flat_map(|kind| ran.changes(kind)) {
        let harmless = matches!(action.as_str(), "update" | "noop" | "read");
        let exists = existing.contains(&address);
        stage.check(harmless || !exists, format_args!("{address} exists, and is to {action}"));
    }
}

/// What answers is not deferred, and nothing is planned where nobody answers.
#[track_caller]
pub(super) fn the_rest(stage: &Stage, cell: &Cell, ran: &Ran) {
    // Records and health checks of a region are objects of a global service.
    let global =
        |address: &str| ["aws_route53_", "aws_iam_"].iter().any(|kind| address.contains(kind));
    for (action, address) in ran.changes("deferred_change") {
        let elsewhere = if global(&address) {
            !cell.struck.global
        } else {
            is_in(&address, cell.struck.other())
        };
        stage.check(!elsewhere, format_args!("{address} answers, and its {action} is deferred"));
    }
    if cell.row.partial || cell.writes_only() {
        return;
    }
    for (action, address) in ran.changes("planned_change") {
        let dead =
            if global(&address) { cell.struck.global } else { is_in(&address, cell.struck.region) };
        stage.check(!dead, format_args!("{address} does not answer, and is to {action}"));
    }
}

/// Whether an address of the matrix' files is that of an object in the region.
fn is_in(address: &str, region: &str) -> bool {
    let of = |kind: &str| address.contains(&format!("{kind}.{}[", place(region)));
    address.contains(region) || of("aws_s3_bucket") || of("aws_security_group")
}

/// `east` of `us-east-1`.
fn place(region: &str) -> &str {
    region.split('-').nth(1).unwrap_or_default()
}

/// What an apply could reach has been done, whatever became of the rest.
#[track_caller]
pub(super) fn the_rest_is_there(stage: &Stage, cell: &Cell) {
    let left = stage.left();
    let here = place(cell.struck.other());
    let mut should =
        vec![format!("bucket matrix-{here}-two"), format!("security group matrix-{here}-two")];
    if !cell.struck.global {
        should.push("role matrix-two".to_owned());
    }
    for object in should {
        stage.check(left.contains(&object), format_args!("there is {object}: {left:?}"));
    }
}
