//! How much may be lost with a region that does not answer: told, accepted up to a ceiling, and kept.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::case::Ran;
use super::{Case, ONE, TOPOLOGY};

const WORD: [&str; 4] =
    ["-promote=us-west-2", "-from-epoch=1", "-attest=us-east-1", "-reason=the status page"];

/// A saved plan that leaves us-east-1 as if it did not answer, with what may be lost there. Without
/// servers there are no data: what was seen of copies is written into the plan.
fn leaving(losses: &Json, since: Option<Timestamp>) -> Case {
    let files = format!("{TOPOLOGY}{ONE}");
    let case = Case::of(&files);
    case.ok(&["apply", "-auto-approve"]);
    let other = files.replace("primary  = \"us-east-1\"", "primary  = \"us-west-2\"");
    case.write("main.dr.hcl", other);
    case.ok(&["plan", "-out=p.plan"]);
    super::stored::plan(&case, |plan| {
        let promotion = &mut plan["promotion"];
        promotion["owed"] = json!(["bucket.exports.aws_s3_bucket_policy[\"us-east-1\"]"]);
        promotion["attest"] = json!(["us-east-1"]);
        promotion["losses"] = losses.clone();
        if let Some(since) = since {
            promotion["since"] = json!(since.to_string());
        }
    });
    case
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::now().checked_sub(SignedDuration::from_mins(minutes)).unwrap()
}

/// A copy that had all until so many minutes ago.
fn seen(minutes: i64) -> Json {
    let at = ago(minutes).to_string();
    let proven = json!({"until": at, "at": at, "how": "7 objects compared once"});
    json!({"about": "replication.exports", "copied": true, "proven": proven})
}

fn unseen(about: &str, copied: bool) -> Json {
    json!({"about": about, "copied": copied})
}

fn apply(case: &Case, options: &[&str]) -> Ran {
    case.run(&[&["apply", "-input=false"], &WORD[..], options, &["p.plan"]].concat())
}

fn stays(case: &Case) {
    case.run(&["status"]).says(0, &["primary us-east-1 (epoch 1)"]);
}

#[test]
fn a_loss_above_the_ceiling_promotes_nothing() {
    let case = leaving(&json!([seen(20)]), None);
    let bound = "replication.exports: at most 20m";
    let why =
        ["promotion::loss_above_ceiling", "at most 5m is accepted", bound, "-accept-loss=22m"];
    apply(&case, &["-accept-loss=5m"]).says(5, &why);
    apply(&case, &["-accept-loss=20m"]).says(5, &["promotion::loss_above_ceiling"]);
    // It is not accepted in passing, either.
    apply(&case, &[]).says(5, &[bound, "-accept-loss=22m, or -accept-loss=unknown"]);
    apply(&case, &["-accept-loss=soon"]).says(1, &["-accept-loss=soon"]);
    stays(&case);
    case.run(&["show", "p.plan"]).says(0, &["lost replication.exports: at most"]);
    apply(&case, &["-accept-loss=22m"]).says(0, &["us-west-2 is the primary"]);
    let ran = case.run(&["report", "-json"]);
    let report: Json = serde_json::from_str(&ran.stdout).unwrap();
    let rpo = &report["promotion"]["rpo"];
    let most = rpo["at_most_seconds"].as_u64().unwrap();
    assert!((1200..1320).contains(&most), "{rpo}");
    assert_eq!(rpo["accepted"], "22m");
    case.run(&["report"]).says(0, &["at most 20m", "was left did not answer"]);
}

#[test]
fn a_ceiling_is_above_nothing_that_is_unknown() {
    let why = ["promotion::loss_unknown", "database.orders: unknown", "-accept-loss=unknown"];
    let case = leaving(&json!([seen(1), unseen("database.orders", true)]), None);
    apply(&case, &["-accept-loss=10y"]).says(5, &why);
    let case = leaving(&json!([seen(1), unseen("bucket.logs", false)]), None);
    let why = ["promotion::loss_unknown", "bucket.logs: all of it, because nothing copies it"];
    apply(&case, &["-accept-loss=10y"]).says(5, &why);
    apply(&case, &[]).says(5, &["bucket.logs: all of it", "-accept-loss=unknown"]);
    stays(&case);
    apply(&case, &["-accept-loss=unknown"]).says(0, &["us-west-2 is the primary"]);
    case.run(&["report"]).says(0, &["nobody can tell what it took last"]);
}

#[test]
fn who_knows_the_impact_bounds_the_loss_by_it() {
    // An hour passed since all was seen, and the region took writes for three minutes of it.
    let case = leaving(&json!([seen(60)]), Some(ago(57)));
    apply(&case, &["-accept-loss=2m"]).says(5, &["replication.exports: at most 3m"]);
    let since = ["-accept-loss=5m", "-since=57m"];
    apply(&case, &since).says(1, &["-since decides what is planned"]);
    apply(&case, &["-accept-loss=5m"]).says(0, &["us-west-2 is the primary"]);
    case.run(&["report"]).says(0, &["no writes since"]);
}

#[test]
fn an_impact_that_lies_ahead_is_refused() {
    let case = Case::of(TOPOLOGY);
    let ahead = ["plan", "-since=2999-01-01T00:00:00Z"];
    case.run(&ahead).says(1, &["engine::since", "The impact cannot lie ahead"]);
    case.run(&["plan", "-since=yesterday"]).says(1, &["it is no time such as"]);
}

#[test]
fn the_best_standby_is_proposed_and_never_taken_without_its_name() {
    let files = format!("{TOPOLOGY}{ONE}");
    let three = files
        .replace("\"us-west-2\"]", "\"us-west-2\", \"eu-west-1\"]")
        .replace("region \"us-west-2\" {", "region \"eu-west-1\" {}\nregion \"us-west-2\" {");
    let case = Case::of(&three);
    let auto = ["promote", "-to=auto", "-input=false"];
    case.run(&auto).says(1, &["There is nothing to promote", "has been applied yet"]);
    case.ok(&["apply", "-auto-approve"]);
    let typed = "lifeboat promote us-west-2 -from-epoch=1";
    let ran = case.run(&auto);
    ran.says(5, &["A person must name the region", "chooses nothing", typed]);
    let place = |region: &str| ran.stdout.find(&format!("\n  {region}")).unwrap();
    assert!(place("us-west-2") < place("eu-west-1"), "{ran:?}");
    let ran = case.run(&["promote", "-to=auto", "-input=false", "-json"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let line = ran.stdout.lines().find(|line| line.contains("\"candidates\"")).unwrap();
    let line: Json = serde_json::from_str(line).unwrap();
    assert_eq!(line["candidates"][0]["region"], "us-west-2");
    assert_eq!(line["candidates"][0]["can_be_promoted"], true);
    stays(&case);
    case.run(&["promote", "us-west-2", "-to=auto"]).says(1, &["cannot be used with"]);
    let named = ["promote", "-to=eu-west-1", "-from-epoch=1", "-input=false"];
    case.run(&named).says(0, &["eu-west-1 is the primary"]);
    // A region that was left does not come back by itself, either.
    case.run(&auto).says(5, &["-from-epoch=2"]);
}
