//! Drift of real objects while a region is away, told to CI in every format by one look.

use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::folder::Folder;
use super::stage::{APPLY, Stage};
use super::web;

const BLOCK: &str = r#"bucket.exports.aws_s3_bucket_public_access_block["us-east-1"]"#;
const RECORD: &str = r#"dns_failover.web.aws_route53_record["us-east-1"]"#;

#[test]
fn one_look_tells_ci_what_changed_and_what_could_not_be_read() {
    let stage = Stage::new(Folder::example(web::EXAMPLE));
    stage.expect(APPLY, 0);
    let aws = stage.bed.aws();
    web::raise_ttl(&aws);
    web::open_bucket(&aws);
    let dark = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(web::WEST).regional());
    let drift = stage.expect(
        &[
            "drift",
            "-input=false",
            "-format=json",
            "-format=junit=drift.xml",
            "-format=github=drift.txt",
            "-format=markdown=drift.md",
            "-format=sarif=drift.sarif",
        ],
        2,
    );
    stage.same(drift.mutating(), 0, "drift makes no mutating call");
    let read = |name: &str| std::fs::read_to_string(stage.folder.path().join(name)).unwrap();
    let json: Json = serde_json::from_str(&drift.stdout).unwrap();
    let of = |status: &str| -> Vec<&str> {
        let all = json["objects"].as_array().unwrap().iter();
        all.filter(|o| o["status"] == status).filter_map(|o| o["address"].as_str()).collect()
    };
    stage.same(of("changed"), vec![RECORD], "the record has another TTL");
    stage.same(of("deleted"), vec![BLOCK], "the block of public access is gone");
    let unread = of("unread");
    let west = unread.iter().all(|address| address.contains(web::WEST));
    stage.check(west && unread.len() > 3, format_args!("the other region is unread: {unread:?}"));
    stage.same(&json["incomplete"], &Json::Bool(true), "the report is incomplete");
    let line = files_line(&stage, "bucket \"exports\"");
    let junit = read("drift.xml");
    let document = roxmltree::Document::parse(&junit).unwrap();
    let count = |name: &str| document.root_element().attribute(name).unwrap_or_default().to_owned();
    stage.same(count("failures"), "2".to_owned(), "JUnit has both failures");
    stage.same(count("errors"), unread.len().to_string(), "JUnit has what is unread as errors");
    let here = format!("file=main.dr.hcl,line={line},");
    let commands = read("drift.txt");
    let beside = commands.lines().any(|l| l.contains(&here) && l.contains("deleted outside"));
    stage.check(beside, format_args!("no command at {here}\n{commands}"));
    let sarif: Json = serde_json::from_str(&read("drift.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap().len();
    stage.same(results, 2 + unread.len(), "SARIF has a result for each");
    let page = read("drift.md");
    stage.check(page.contains("**Incomplete:**") && page.contains("ttl"), &page);
    stage.bed.proxy.remove(dark);
    stage.expect(APPLY, 0);
    stage.expect(&["drift", "-format=github"], 0);
}

/// The line of the file on which this is.
fn files_line(stage: &Stage, text: &str) -> usize {
    let file = std::fs::read_to_string(stage.folder.path().join(web::FILE)).unwrap();
    file.lines().position(|line| line.starts_with(text)).unwrap() + 1
}
