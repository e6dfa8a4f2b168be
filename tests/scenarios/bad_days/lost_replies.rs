//! A create that was carried out and not answered: it is not made again.

use lifeboat_testbed::{Fault, Nth, Rule};

use super::{completed, stage};
use crate::scenarios::stage::APPLY;

#[track_caller]
fn lost(operation: &str, nth: Nth) {
    let stage = stage();
    let rule = Rule::new(Fault::DropAnswer).operation(operation).nth(nth);
    stage.note(format_args!("the answer: {rule:?}"));
    let rule = stage.bed.proxy.inject(rule);
    let apply = stage.run(APPLY);
    stage.check(stage.bed.proxy.struck(rule) > 0, "the fault struck");
    stage.check(matches!(apply.code, Some(0 | 4)), "done, or done in part");
    stage.bed.proxy.clear();
    completed(&stage);
}

#[test]
fn a_bucket_whose_reply_is_lost_is_made_once() {
    lost("CreateBucket", Nth::First(1));
    lost("CreateBucket", Nth::All);
}

#[test]
fn a_health_check_whose_reply_is_lost_is_made_once() {
    lost("CreateHealthCheck", Nth::First(1));
    lost("CreateHealthCheck", Nth::All);
}

#[test]
fn a_role_whose_reply_is_lost_is_made_once() {
    lost("CreateRole", Nth::First(1));
    lost("CreateRole", Nth::All);
}
