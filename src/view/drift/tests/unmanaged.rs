//! Objects of ours that no state knows, in every format, read back by readers that others wrote.

use lifeboat_sdk::Class;
use serde_json::Value as Json;

use super::super::{Format, Report, Verdict};
use super::world::{NASTY, World};
use super::{all, readers};
use crate::refresh::fake::Fault;

/// Nothing has drifted; these are there besides.
fn world() -> World {
    let mut world = World::new();
    world.unmanaged = true;
    world.stray("z-lost", "east", "lineage", "a_thing.lost");
    world.stray("z-twin", "west", "lineage", "a_thing.away");
    world.stray("z-theirs", "east", "another", "a_thing.theirs");
    world
}

async fn json(report: &Report) -> Json {
    serde_json::from_str(&Format::Json.render(report)).unwrap()
}

#[tokio::test]
async fn every_format_has_what_is_ours_and_in_no_state() {
    let mut world = world();
    // Forgotten, but still declared: its block takes it over.
    world.unmade("a_thing.same");
    world.stray("id-same", "east", "lineage", "a_thing.same");
    let report = world.report().await;
    assert_eq!((report.verdict, report.incomplete), (Verdict::Drift, false));
    assert_eq!(report.summary, "Drift: 0 changed, 0 gone, 3 unmanaged.");
    assert_eq!(report.counts(), "4 objects: 3 unmanaged, 4 unchanged");
    let json = json(&report).await;
    let objects = json["unmanaged"]["objects"].as_array().unwrap();
    let of = |id: &str| objects.iter().find(|o| o["id"] == id).unwrap();
    assert_eq!((&json["counts"]["unmanaged"], objects.len()), (&3.into(), 3), "{json:#}");
    assert_eq!(of("z-lost")["tagged_address"], "a_thing.lost");
    assert_eq!(of("z-twin")["address_in_state"], true);
    assert_eq!(of("id-same")["place"]["start"]["line"], 1);
    let junit = readers::junit(&Format::Junit.render(&report));
    let case = |name: &str| junit.iter().find(|c| c.name == name).unwrap();
    for (name, suite, what) in [
        ("a_thing z-lost", "east", "import it, or delete it"),
        ("a_thing z-twin", "west", "has another object"),
        ("a_thing id-same", "east", "next apply takes it"),
    ] {
        let case = case(name);
        assert_eq!((&*case.suite, &*case.result, &*case.kind), (suite, "failure", "unmanaged"));
        assert!(case.text.contains(what), "{}", case.text);
    }
    let sarif = readers::sarif(&Format::Sarif.render(&report));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{sarif:#}");
    assert!(results.iter().all(|r| r["ruleId"] == "drift/unmanaged" && r["level"] == "error"));
    let commands = readers::commands(&Format::Github.render(&report));
    let same = commands.iter().find(|c| c.property("title").starts_with("a_thing id-same"));
    let same = same.unwrap_or_else(|| panic!("{commands:?}"));
    assert_eq!((&*same.name, same.property("line")), ("error", "1"));
    let page = readers::markdown(&Format::Markdown.render(&report));
    let row = page.rows.iter().find(|row| row[0] == "a_thing z-lost").unwrap();
    assert_eq!((&*row[1], &*row[2]), ("east", "a_thing.lost"));
    let text = world.text().await;
    assert!(text.contains("\n  a_thing z-twin in west: tagged a_thing.away, where the"), "{text}");
    assert!(!text.contains("theirs"), "{text}");
}

#[tokio::test]
async fn what_could_not_be_listed_is_told_and_is_no_absence() {
    let mut world = world();
    world.down.push("west".to_owned());
    world.cloud.fail("tags id-same", Fault::Answer(Class::Denied));
    world.cloud.lock().objects.retain(|(_, id), _| id != "z-lost");
    let mut report = world.report().await;
    report.strays.as_mut().unwrap().blind.push("a_blind".to_owned());
    assert_eq!((report.verdict, report.incomplete), (Verdict::Unread, true));
    let json = json(&report).await;
    let not = json["unmanaged"]["not_listed"].as_array().unwrap();
    let of = |id: Json| not.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(not.len(), 2, "{json:#}");
    assert_eq!(of("id-same".into())["cause"], "denied");
    assert_eq!(of(Json::Null)["location"], "west");
    assert_eq!(json["unmanaged"]["types_without_listing"][0], "a_blind");
    let junit = readers::junit(&Format::Junit.render(&report));
    let case = |name: &str| junit.iter().find(|c| c.name == name).unwrap();
    assert_eq!(
        (&*case("a_thing in west").result, &*case("a_thing in west").suite),
        ("error", "west")
    );
    assert_eq!(&*case("a_thing id-same").kind, "denied");
    assert!(case("unmanaged objects").text.contains("a_blind"), "{junit:?}");
    let page = readers::markdown(&Format::Markdown.render(&report));
    assert!(page.rows.iter().any(|row| row[0] == "a_thing in west"), "{page:?}");
    let commands = readers::commands(&Format::Github.render(&report));
    assert!(
        commands
            .iter()
            .any(|c| c.property("title") == "a_thing in west could not be looked through")
    );
    for (format, text) in all(&report) {
        assert!(text.contains("a_blind"), "{format:?}: {text}");
    }
    world.cloud.fail("tags id-same", Fault::Answer(Class::Denied));
    let text = world.text().await;
    assert!(text.contains("a_thing in west: not read: all of them: unreachable"), "{text}");
    assert!(text.contains("nothing where it could be listed (1 listing read)"), "{text}");
}

#[tokio::test]
async fn names_of_strangers_break_no_format() {
    let world = world();
    world.stray(NASTY, "east", "lineage", NASTY);
    let report = world.report().await;
    for (format, text) in all(&report) {
        let control = |c: char| c.is_control() && c != '\n';
        let raw = text.chars().find(|c| control(*c) || matches!(c, '\u{202e}' | '\u{fffe}'));
        let raw = raw.filter(|c| !(format == Format::Json && *c >= ' '));
        assert_eq!(raw, None, "{format:?}:\n{text}");
    }
    assert_eq!(readers::commands(&Format::Github.render(&report)).len(), 4);
    assert_eq!(readers::junit(&Format::Junit.render(&report)).len(), 8);
    let page = readers::markdown(&Format::Markdown.render(&report));
    assert_eq!(page.rows.iter().filter(|row| row.len() == 4).count(), 4, "{page:?}");
    let text = world.text().await;
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
}

#[tokio::test]
async fn nothing_unmanaged_is_said_only_where_it_was_looked_for() {
    let mut world = World::new();
    let report = world.report().await;
    assert!(json(&report).await.get("unmanaged").is_none());
    assert_eq!(report.summary, "No drift.");
    world.unmanaged = true;
    let report = world.report().await;
    assert_eq!(report.verdict, Verdict::None);
    assert_eq!(report.summary, "No drift, and nothing unmanaged.");
    assert_eq!(json(&report).await["unmanaged"]["objects"], Json::Array(Vec::new()));
    assert!(world.text().await.contains("\n  nothing (2 listings read)\n"));
}
