//! Objects that the files count on and that are not there, twice there, or somebody else's.

use lifeboat_testbed::ACCOUNT;

use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::EAST;

/// Plans these files; it must fail, write nothing and say this.
#[track_caller]
fn refused(stage: &Stage, files: &str, words: &[&str]) {
    stage.folder.write("main.dr.hcl", files);
    let plan = stage.expect(&["plan", "-input=false"], 1);
    stage.same(plan.mutating(), 0, "a plan makes no mutating call");
    for word in words {
        stage.check(plan.said().contains(word), format_args!("it says {word:?}"));
    }
}

const ONE: &str = "resource \"aws_s3_bucket\" \"one\" {\n  bucket = \"missing-logs\"\n}\n";
const TWO: &str = "resource \"aws_s3_bucket\" \"two\" {\n  bucket = \"missing-logs\"\n}\n";
const ZONE: &str = "data \"aws_route53_zone\" \"web\" {\n  name = \"example.org\"\n}\n\
                    output \"zone\" {\n  value = data.aws_route53_zone.web.zone_id\n}\n";

fn import(to: &str) -> String {
    format!("import {{\n  to = aws_s3_bucket.{to}\n  id = \"missing-logs\"\n}}\n")
}

fn topology(bucket: &str) -> String {
    format!(
        "topology \"web\" {{\n  strategy = \"warm_standby\"\n  regions  = [\"us-east-1\", \
         \"us-west-2\"]\n  primary  = \"us-east-1\"\n}}\n\
         region \"us-east-1\" {{ account = \"{ACCOUNT}\" }}\n\
         region \"us-west-2\" {{ account = \"{ACCOUNT}\" }}\n\
         bucket \"logs\" {{\n  name = {{ us-east-1 = \"missing-logs\", us-west-2 = \
         \"missing-logs-dr\" }}\n{bucket}}}\n"
    )
}

#[test]
fn what_is_not_there_is_neither_imported_nor_adopted_nor_found() {
    let stage = Stage::of("");
    let one = format!("{ONE}{}", import("one"));
    refused(
        &stage,
        &one,
        &["plan::import_missing", "main.dr.hcl:6:8", "missing-logs", "Correct the id"],
    );
    refused(&stage, ZONE, &["refresh::no_result", "data.aws_route53_zone.web", "example.org"]);
    let policy = "resource \"aws_iam_role_policy\" \"one\" {\n  name   = \"one\"\n  role   = \"one\"\n  policy = \
                  jsonencode({ Version = \"2012-10-17\", Statement = [] })\n}\n\
                  import {\n  to = aws_iam_role_policy.one\n  id = \"nonsense\"\n}\n";
    refused(&stage, policy, &["refresh::failed", "nonsense", "ROLE:NAME"]);
    let twice = format!("{one}{TWO}{}", import("two"));
    stage.bed.aws().create_bucket(EAST, "missing-logs").unwrap();
    refused(&stage, &twice, &["plan::declared_twice", "aws_s3_bucket.one", "aws_s3_bucket.two"]);
    let adopted = topology("  adopt = true\n");
    refused(&stage, &adopted, &["plan::adopt_missing", "missing-logs-dr", "adopt = true"]);
}

#[test]
fn a_plan_for_one_account_is_not_applied_to_another() {
    let stage = Stage::of(ONE);
    stage.expect(&["plan", "-input=false", "-out=p.plan"], 0);
    // The servers take a key of twelve digits for that account's.
    let other = &[("AWS_ACCESS_KEY_ID", "999999999999")];
    let apply = stage.start_as(&["apply", "-input=false", "p.plan"], other).finish();
    stage.same(apply.code, Some(1), "it is refused");
    stage.same(apply.mutating(), 0, "nothing is written");
    for word in ["plan::other_account", ACCOUNT, "999999999999"] {
        stage.check(apply.said().contains(word), format_args!("it says {word:?}"));
    }
}

#[test]
fn what_cannot_be_taken_back_needs_its_address() {
    let lock = "resource \"aws_s3_bucket_versioning\" \"one\" {\n  bucket = aws_s3_bucket.one.id\n  \
                versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n\
                resource \"aws_s3_bucket_object_lock_configuration\" \"one\" {\n  depends_on = \
                [aws_s3_bucket_versioning.one]\n  bucket = aws_s3_bucket.one.id\n  rule {\n    \
                default_retention {\n      mode = \"GOVERNANCE\"\n      days = 1\n    }\n  }\n}\n";
    let stage = Stage::of(&format!("{ONE}{lock}"));
    let plan = stage.run(&["plan", "-input=false"]);
    let needed =
        "Applying this needs -confirm-one-way='aws_s3_bucket_object_lock_configuration.one'";
    stage.check(plan.stdout.contains(needed), "the plan announces it");
    let refused = stage.expect(APPLY, 5);
    stage.same(refused.mutating(), 0, "nothing was begun");
    let address = "aws_s3_bucket_object_lock_configuration.one";
    for word in ["plan::one_way_door", &format!("-confirm-one-way='{address}'")] {
        stage.check(refused.said().contains(word), format_args!("it says {word:?}"));
    }
    let confirm = format!("-confirm-one-way={address}");
    stage.expect(&[APPLY, &[confirm.as_str()]].concat(), 0);
    stage.expect(PLAN, 0);
    stage.bed.aws().put_object(EAST, "missing-logs", "daily", "all is well").unwrap();
    let destroy = ["destroy", "-input=false", "-auto-approve"];
    let refused = stage.expect(&destroy, 5);
    stage.same(refused.mutating(), 0, "no protection is taken away before it is known to work");
    for word in ["plan::not_empty", "aws_s3_bucket.one", "force_destroy = true"] {
        stage.check(refused.said().contains(word), format_args!("it says {word:?}"));
    }
    stage.folder.edit("main.dr.hcl", "missing-logs\"", "missing-logs\"\n  force_destroy = true");
    stage.expect(APPLY, 0);
    let plan = stage.run(&["plan", "-input=false", "-destroy"]);
    let needed = "Applying this needs -allow-destroy=3: The plan deletes or replaces 3 objects.";
    stage.check(plan.stdout.contains(needed), "the plan announces it");
    let refused = stage.expect(&destroy, 5);
    stage.same(refused.mutating(), 0, "nothing was begun");
    for word in ["plan::destroys_data", "aws_s3_bucket.one", "-allow-destroy=3"] {
        stage.check(refused.said().contains(word), format_args!("it says {word:?}"));
    }
}
