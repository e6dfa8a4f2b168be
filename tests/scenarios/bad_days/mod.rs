//! Bad days: answers that say no, names that are taken, replies that are lost, runs that are cut short.

mod answers;
mod cut_short;
mod in_doubt;
mod lost_replies;
mod missing;
mod taken;
mod together;

use super::folder::Folder;
use super::stage::{APPLY, Stage};

/// Objects whose names are given by the server: made twice, they would be there twice.
const UNNAMED: &str = r#"
resource "aws_route53_health_check" "unnamed" {
  count = 4
  type  = "HTTPS"
  fqdn  = "n${count.index}.example.com"
  port  = 443
}
"#;

/// What is on the servers when all of it is applied.
const WHOLE: [(&str, usize); 5] =
    [("bucket", 2), ("health check", 4), ("record", 0), ("role", 1), ("zone", 0)];

/// The plain resources of the examples, and some whose names are given by the server.
fn stage() -> Stage {
    let stage = Stage::new(Folder::example("resources-only"));
    stage.folder.write("unnamed.dr.hcl", UNNAMED);
    stage
}

/// One apply does what is left to do; then a plan is empty and every object is there once.
#[track_caller]
fn completed(stage: &Stage) {
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let left = stage.left();
    let count = |sort: &str| left.iter().filter(|line| line.starts_with(sort)).count();
    let counted = WHOLE.map(|(sort, _)| (sort, count(sort)));
    stage.same(counted, WHOLE, &format!("each object once: {left:#?}"));
}
