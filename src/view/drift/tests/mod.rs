//! Every format of the same eventful day, read back by readers that others wrote.

mod readers;
mod unmanaged;
mod world;

use std::path::Path;

use serde_json::Value as Json;

use super::{Format, Found, Report, Status, Verdict, unplaced};
use world::{CHANGED, World};

/// Everything that any format says of a report.
fn all(report: &Report) -> Vec<(Format, String)> {
    Format::ALL[1..].iter().map(|(_, format)| (*format, format.render(report))).collect()
}

#[tokio::test]
async fn a_report_knows_every_object_and_its_place() {
    let report = World::eventful().report().await;
    assert_eq!(report.verdict, Verdict::Drift);
    assert!(report.incomplete);
    let place = |address: &str| {
        let object = report.objects.iter().find(|o| o.address == address).unwrap();
        let at = object.place.as_ref().map(|p| format!("{}:{}:{}", p.file, p.line, p.column));
        (at, object.location())
    };
    let main = |at: &str| Some(format!("infra/web/main.dr.hcl:{at}"));
    assert_eq!(place("a_thing.same"), (main("1:1"), "east".to_owned()));
    assert_eq!(place(CHANGED), (main("6:3"), "east".to_owned()));
    assert_eq!(place("a_thing.away"), (main("11:1"), "west".to_owned()));
    assert_eq!(place("a_thing.forgotten"), (None, "east".to_owned()));
    let child = Some("infra/m, %1:2/main.dr.hcl:1:1".to_owned());
    assert_eq!(place("module.m.a_thing.in"), (child, "east".to_owned()));
    assert_eq!(report.counts(), "5 objects: 2 changed, 1 deleted, 1 unread, 1 unchanged");
}

#[tokio::test]
async fn no_format_holds_a_secret_or_a_control_character() {
    let report = World::eventful().report().await;
    for (format, text) in all(&report) {
        assert!(!text.contains("hunter2"), "{format:?}:\n{text}");
        let control = |c: char| c.is_control() && c != '\n';
        let raw = text.chars().find(|c| control(*c) || matches!(c, '\u{202e}' | '\u{fffe}'));
        // JSON has escapes of its own for what it must not hold; the rest is data there.
        let raw = raw.filter(|c| !(format == Format::Json && *c >= ' '));
        assert_eq!(raw, None, "{format:?}:\n{text}");
    }
    let changed = report.objects.iter().find(|o| o.address == "module.m.a_thing.in").unwrap();
    let Status::Changed(lines) = &changed.status else { panic!("{changed:?}") };
    assert!(lines.iter().any(|line| line.contains("(sensitive value)")), "{lines:?}");
}

#[tokio::test]
async fn data_without_a_copy_is_told_by_plan_and_drift_until_it_has_one() {
    const SINCE: &str = "2026-11-20T13:00:00Z";
    let mut world = World::eventful();
    let texts = |world: World| async move {
        let report = world.report().await;
        let (json, markdown) = (Format::Json.render(&report), Format::Markdown.render(&report));
        let (text, plan, page) = (world.text().await, world.planned().await, world.page().await);
        ([text, plan, markdown, page], json)
    };
    world.unprotect(SINCE);
    let (told, json) = texts(world).await;
    for text in told {
        let line = text.lines().find(|line| line.contains("Unprotected since"));
        assert!(line.is_some_and(|line| line.contains(SINCE)), "{text}");
    }
    assert!(json.contains(&format!("\"unprotected\": \"{SINCE}\"")), "{json}");
    let (told, json) = texts(World::eventful()).await;
    assert!(told.iter().all(|text| !text.contains("Unprotected")) && !json.contains("unprotected"));
}

#[tokio::test]
async fn junit_has_a_suite_for_each_location_and_a_case_for_each_object() {
    let text = Format::Junit.render(&World::eventful().report().await);
    let cases = readers::junit(&text);
    let of = |name: &str| cases.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{text}"));
    let result = |name: &str| {
        let case = of(name);
        (&*case.suite, &*case.result, &*case.kind)
    };
    assert_eq!(cases.len(), 5, "{text}");
    assert_eq!(result("a_thing.same"), ("east", "passed", ""));
    assert_eq!(result(CHANGED), ("east", "failure", "changed"));
    assert_eq!(result("a_thing.forgotten"), ("east", "failure", "deleted"));
    assert_eq!(result("a_thing.away"), ("west", "error", "unreachable"));
    assert_eq!(of("a_thing.same").file.as_deref(), Some("infra/web/main.dr.hcl"));
    let difference = &of(CHANGED).text;
    assert!(difference.contains("</details><script>") && difference.contains("&amp;"), "{text}");
    assert!(difference.contains("\\u{fffe}") && difference.contains("\\u{0}"), "{text}");
}

#[tokio::test]
async fn what_the_options_leave_out_is_skipped() {
    let mut world = World::eventful();
    world.excludes.push("a_thing.same".to_owned());
    let report = world.report().await;
    let cases = readers::junit(&Format::Junit.render(&report));
    let left = cases.iter().find(|c| c.name == "a_thing.same").unwrap();
    assert_eq!(left.result, "skipped");
    assert!(report.counts().contains("1 not looked at"), "{}", report.counts());
}

#[tokio::test]
async fn sarif_is_what_its_schema_says_and_points_at_the_blocks() {
    let document = readers::sarif(&Format::Sarif.render(&World::eventful().report().await));
    let run = &document["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let results = run["results"].as_array().unwrap();
    let about = |address: &str| {
        let logical =
            |r: &&Json| r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == address;
        results.iter().find(logical).unwrap_or_else(|| panic!("{document:#}"))
    };
    let physical = |address: &str| {
        let at = &about(address)["locations"][0]["physicalLocation"];
        let (uri, region) = (at["artifactLocation"]["uri"].as_str().unwrap(), &at["region"]);
        (uri.to_owned(), region["startLine"].as_u64(), region["startColumn"].as_u64())
    };
    let main = "infra/web/main.dr.hcl".to_owned();
    assert_eq!(about(CHANGED)["ruleId"], "drift/changed");
    assert_eq!(physical(CHANGED), (main.clone(), Some(6), Some(3)));
    let child = "infra/m%2C%20%251%3A2/main.dr.hcl".to_owned();
    assert_eq!(physical("module.m.a_thing.in"), (child, Some(1), Some(1)));
    assert_eq!(about("a_thing.forgotten")["ruleId"], "drift/deleted");
    assert_eq!(physical("a_thing.forgotten"), (main, Some(1), None));
    assert_eq!(about("a_thing.away")["ruleId"], "drift/unread");
    assert_eq!(results.len(), 4, "{document:#}");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let prints = results.iter().map(|r| {
        let at = usize::try_from(r["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], r["ruleId"]);
        assert!(!r["message"]["text"].as_str().unwrap().contains("]("), "{document:#}");
        r["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap()
    });
    let different: std::collections::BTreeSet<&str> = prints.collect();
    assert_eq!(different.len(), 4, "each object is an alert of its own");
}

#[tokio::test]
async fn an_alert_stays_the_same_when_lines_move() {
    let mut report = World::eventful().report().await;
    let prints = |report: &Report| {
        let document = readers::sarif(&Format::Sarif.render(report));
        let results = document["runs"][0]["results"].as_array().unwrap().clone();
        results.into_iter().map(|r| r["partialFingerprints"].clone()).collect::<Vec<_>>()
    };
    let before = prints(&report);
    for place in report.objects.iter_mut().filter_map(|o| o.place.as_mut()) {
        place.line += 7;
        place.end_line += 7;
    }
    assert_eq!(prints(&report), before);
}

#[tokio::test]
async fn nothing_from_outside_is_markdown() {
    let text = Format::Markdown.render(&World::eventful().report().await);
    let page = readers::markdown(&text);
    assert!(page.plain.contains("lifeboat drift: 2 changed, 1 gone: incomplete"), "{text}");
    assert!(page.plain.contains("Incomplete:"), "{text}");
    let objects: Vec<_> = page.rows.iter().filter(|row| row.len() == 5).collect();
    // The head, and each that is told of.
    assert_eq!(objects.len(), 5, "{text}");
    let changed = objects.iter().find(|row| row[1].contains("changed[")).unwrap();
    assert_eq!(changed[1], CHANGED.replace('`', "\\u{60}").replace('|', "\\u{7c}"));
    assert_eq!(changed[4], "infra/web/main.dr.hcl:6");
    let block = page.blocks.iter().find(|b| b.contains("<script>")).unwrap();
    assert!(block.contains("a`b```|c"), "{text}");
    assert!(page.rows.iter().any(|row| row[0] == "west fake" && row[1] == "1 of 1"), "{text}");
}

#[tokio::test]
async fn github_shows_what_changed_beside_the_blocks() {
    let text = Format::Github.render(&World::eventful().report().await);
    let commands = readers::commands(&text);
    assert_eq!(commands.len(), 5, "{text}");
    assert_eq!(commands[0].name, "error");
    assert!(commands[0].message.contains("Drift: 2 changed, 1 gone: incomplete."), "{text}");
    let about = |name: &str| {
        let here = |c: &&readers::Command| c.property("title").starts_with(name);
        commands.iter().find(here).unwrap_or_else(|| panic!("{text}"))
    };
    let changed = about(CHANGED);
    assert_eq!(changed.name, "error");
    assert_eq!(changed.property("file"), "infra/web/main.dr.hcl");
    assert_eq!((changed.property("line"), changed.property("col")), ("6", "3"));
    assert!(changed.message.contains("%0A::error::y"), "{}", changed.message);
    assert_eq!(about("module.m").property("file"), "infra/m, %1:2/main.dr.hcl");
    assert_eq!(about("a_thing.away").name, "warning");
    assert_eq!(about("a_thing.forgotten").property("file"), "");
}

#[tokio::test]
async fn json_has_the_changes_in_terraforms_shape() {
    let text = Format::Json.render(&World::eventful().report().await);
    let document: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(document["verdict"], "drift");
    assert_eq!(document["incomplete"], true);
    let drift = document["resource_drift"].as_array().unwrap();
    assert_eq!(drift.len(), 3, "{text}");
    let secret = drift.iter().find(|d| d["address"] == "module.m.a_thing.in").unwrap();
    assert_eq!(secret["change"]["after_sensitive"]["input"], true, "{secret:#}");
    let away = document["objects"].as_array().unwrap().iter();
    let away = away.clone().find(|o| o["address"] == "a_thing.away").unwrap();
    assert_eq!((&away["status"], &away["cause"]), (&"unread".into(), &"unreachable".into()));
    assert_eq!(away["place"]["start"]["line"], 11);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_no_verdict_in_any_format() {
    let world = World::new();
    world.deny("a_thing.same");
    let report = world.report().await;
    assert_eq!(report.verdict, Verdict::Failed);
    failed(&report, "refresh::denied");
    let cases = readers::junit(&Format::Junit.render(&report));
    let case = cases.iter().find(|c| c.name == "a_thing.same").unwrap();
    assert_eq!((&*case.result, &*case.kind), ("error", "denied"));
    assert!(cases.iter().any(|c| c.suite == "lifeboat" && c.result == "error"), "{cases:?}");
}

#[test]
fn what_fails_before_anything_was_read_fails_in_every_format() {
    let found = vec![unplaced("There is no such folder", "a|b`c is not a folder.")];
    let report = Report::failure(found, Path::new(""));
    failed(&report, "There is no such folder");
}

/// Each format says that it failed, and why.
fn failed(report: &Report, why: &str) {
    let rendered = |format: Format| format.render(report);
    assert!(readers::junit(&rendered(Format::Junit)).iter().any(|c| c.result == "error"));
    let sarif = readers::sarif(&rendered(Format::Sarif));
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(readers::commands(&rendered(Format::Github))[0].name, "error");
    let page = readers::markdown(&rendered(Format::Markdown));
    assert!(page.plain.contains("It cannot be told whether there is drift"), "{page:?}");
    let json: Json = serde_json::from_str(&rendered(Format::Json)).unwrap();
    assert_eq!((&json["verdict"], &json["incomplete"]), (&"failed".into(), &true.into()));
    for (format, text) in all(report) {
        // A colon ends the properties of a workflow command.
        let text = text.replace("%3A", ":");
        assert!(text.contains(why), "{format:?}:\n{text}");
    }
}

#[tokio::test]
async fn where_nothing_happened_every_format_is_content() {
    let report = World::new().report().await;
    assert_eq!(report.verdict, Verdict::None);
    let cases = readers::junit(&Format::Junit.render(&report));
    assert!(cases.len() == 5 && cases.iter().all(|c| c.result == "passed"), "{cases:?}");
    let sarif = readers::sarif(&Format::Sarif.render(&report));
    assert_eq!(sarif["runs"][0]["results"], Json::Array(Vec::new()));
    let commands = readers::commands(&Format::Github.render(&report));
    assert!(commands.len() == 1 && commands[0].name == "notice", "{commands:?}");
    assert!(readers::markdown(&Format::Markdown.render(&report)).rows.is_empty());
}

#[tokio::test]
async fn a_page_ends_before_it_is_too_long_and_says_what_it_leaves_out() {
    let mut report = World::eventful().report().await;
    let changed = report.objects.iter().find(|o| o.address == CHANGED).unwrap().clone();
    let long = Status::Changed(vec!["~ policy = ".to_owned() + &"x".repeat(500); 200]);
    let many = (0..900).map(|i| super::Object {
        address: format!("a_thing.n[{i}]"),
        status: long.clone(),
        ..changed.clone()
    });
    report.objects.extend(many);
    let warning =
        Found { severity: lifeboat_sdk::Severity::Warning, ..unplaced("s", &"d\n".repeat(9)) };
    report.found.extend(vec![warning; 500]);
    let text = Format::Markdown.render(&report);
    assert!(text.len() < 65_000, "{}", text.len());
    let page = readers::markdown(&text);
    for what in ["more messages", "more objects", "more differences"] {
        assert!(page.plain.contains(what), "{what}: {text}");
    }
    assert!(page.blocks.iter().any(|block| block.contains("more lines")), "{text}");
    assert!(page.blocks.iter().any(|block| block.contains("more characters")), "{text}");
}

#[tokio::test]
async fn what_could_not_be_read_is_never_told_as_no_drift() {
    let mut world = World::new();
    world.down.push("west".to_owned());
    let report = world.report().await;
    assert_eq!(report.verdict, Verdict::Unread);
    let cases = readers::junit(&Format::Junit.render(&report));
    assert_eq!(cases.iter().filter(|c| c.result == "error").count(), 1, "{cases:?}");
    let sarif = readers::sarif(&Format::Sarif.render(&report));
    assert_eq!(sarif["runs"][0]["results"][0]["level"], "warning");
    let commands = readers::commands(&Format::Github.render(&report));
    assert!(commands.len() == 2 && commands.iter().all(|c| c.name == "warning"), "{commands:?}");
    let page = readers::markdown(&Format::Markdown.render(&report));
    assert!(page.plain.contains("No drift where it could be read: incomplete"), "{page:?}");
    let json: Json = serde_json::from_str(&Format::Json.render(&report)).unwrap();
    assert_eq!((&json["verdict"], &json["counts"]["unread"]), (&"unread".into(), &1.into()));
}

#[tokio::test]
async fn a_plan_for_a_pull_request_tells_what_waits_and_what_is_unread() {
    let text = World::eventful().page().await;
    let page = readers::markdown(&text);
    assert!(page.plain.contains("Incomplete:"), "{text}");
    let row = |first: &str, name: &str| {
        let found = page.rows.iter().find(|r| r[0] == first && r[1].contains(name));
        found.unwrap_or_else(|| panic!("{first} {name}: {text}")).clone()
    };
    assert!(row("~", "changed[")[3].contains("will be updated in-place"), "{text}");
    assert_eq!(row("+", "terraform_data.here")[2], "local", "{text}");
    assert!(row("~", "a_thing.away")[2].contains("west fake is unreachable"), "{text}");
    assert!(row("west fake", "1 of 1")[2].contains("unreachable"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

/// A name may be taken: that is looked for before an object is made.
#[tokio::test]
async fn what_is_declared_and_could_not_be_looked_for_is_told_by_its_place() {
    let mut world = World::new();
    world.unmade("a_thing.away");
    world.down.push("west".to_owned());
    let report = world.report().await;
    assert_eq!((report.verdict, report.objects.len()), (Verdict::Unread, 4));
    let cases = readers::junit(&Format::Junit.render(&report));
    let dark = cases.iter().find(|c| c.result == "error").unwrap();
    assert_eq!((&*dark.suite, &*dark.name, &*dark.kind), ("west", "west fake", "unreachable"));
    let sarif = readers::sarif(&Format::Sarif.render(&report));
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "drift/unread");
    let commands = readers::commands(&Format::Github.render(&report));
    assert_eq!(commands[1].property("title"), "west fake could not be read");
    let page = readers::markdown(&Format::Markdown.render(&report));
    assert!(page.rows.iter().any(|row| row[0] == "west fake"), "{page:?}");
    let json: Json = serde_json::from_str(&Format::Json.render(&report)).unwrap();
    assert_eq!(json["scopes"][1]["unread"], 1, "{json:#}");
}
