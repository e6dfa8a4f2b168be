//! A report is whole in both formats, and nothing from outside leaves its place.

use lifeboat_state::model::{Evidence, Owed, Passage, Promotions, State};
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::*;
use crate::plan::Phase;
use crate::topology::duration::Duration as Declared;

const BEGAN: &str = "2026-11-20T13:00:00Z";

fn evidence(act: &str, phase: &str, at: &str) -> Evidence {
    Evidence { act: act.into(), phase: phase.into(), at: at.into(), ..Evidence::default() }
}

/// A promotion that took 90.5 seconds, with a proof and a hook.
fn passage() -> Passage {
    let reached = [
        (Phase::Approve, BEGAN),
        (Phase::Prepare, "2026-11-20T13:00:10Z"),
        (Phase::Fence, "2026-11-20T13:00:20Z"),
        (Phase::Sync, "2026-11-20T13:00:30.5Z"),
        (Phase::Claim, "2026-11-20T13:00:31Z"),
        (Phase::Promote, "2026-11-20T13:01:00Z"),
        (Phase::Switch, "2026-11-20T13:01:30.5Z"),
    ];
    let copy = r#"replication.x.aws_s3_bucket_replication_configuration["us-east-1"]"#;
    let proof =
        Evidence { compared: Some(17), ..evidence("sync", "final_sync", "2026-11-20T13:00:30Z") };
    let hook = Evidence {
        output: Some("</summary> | `x` [a](http://b)\n```\nlast".to_owned()),
        failed: true,
        ..evidence("hook", "switch", "2026-11-20T13:01:30Z")
    };
    let gate = evidence("open", "switch", "2026-11-20T13:01:10Z");
    let line = |text: &str| text.to_owned();
    Passage {
        from: "us-east-1".to_owned(),
        to: "us-west-2".to_owned(),
        epoch: 2,
        approval: [(line("by"), line("ops@host")), (line("reason"), line("<b>|a\n#"))].into(),
        reached: reached.map(|(phase, at)| (phase.word().to_owned(), at.to_owned())).into(),
        told: [
            (line(copy), line("the mark arrived")),
            (line("hook.vpn"), line("exit code 1")),
            (line("dns_failover.api open"), line("open: turned")),
        ]
        .into(),
        mode: "graceful".to_owned(),
        evidence: [
            (line(copy), proof),
            (line("hook.vpn"), hook),
            (line("dns_failover.api open"), gate),
        ]
        .into(),
        ..Passage::default()
    }
}

fn known(last: Option<Passage>) -> Known {
    let mut state = State::new("a-lineage", "0.1.0");
    let owed = Owed { region: "us-east-1".into(), epoch: 2, since: BEGAN.into() };
    state.promotions = Promotions {
        unprotected: Some(BEGAN.to_owned()),
        owed: [("bucket.x.aws_s3_bucket_policy[\"us-east-1\"]".to_owned(), owed)].into(),
        last,
        ..Promotions::default()
    };
    Known { state: Some(state), ..Known::default() }
}

fn within(rto: &str) -> Objective {
    Objective { rpo: Declared::parse("30m").ok(), rto: Declared::parse(rto).ok() }
}

#[test]
fn what_was_measured_is_held_against_what_is_declared() {
    let known = known(Some(passage()));
    let page = |rto: &str| Format::Markdown.render(&Report::of(&known, within(rto), None));
    let kept = page("15m");
    let says = [
        "✅",
        "1m30s from the approval to the switch, within the objective of 15m",
        "the copy was proven to hold all of it, within the objective of 30m",
        "| without writes | at most 50.0 s |",
        "`sync` `replication.x.aws_s3_bucket_replication_configuration[\"us-east-1\"]`: `the mark \
         arrived`, 17 compared",
        "`hook` `hook.vpn`: **failed** `exit code 1`",
        "`open` `dns_failover.api`: `open: turned`",
        "**Unprotected since `2026-11-20T13:00:00Z`:**",
        "| fence that is owed | by | since |",
    ];
    for says in says {
        assert!(kept.contains(says), "{says}: {kept}");
    }
    // The proof came before the phase that it ends, though its text sorts after it.
    let (proof, phase) = (kept.find("17 compared").unwrap(), kept.find("**final_sync**").unwrap());
    assert!(proof < phase, "{kept}");
    assert!(page("1m").contains("❌") && page("1m").contains("longer than the objective of 1m"));
}

#[test]
fn the_document_has_numbers_for_programs() {
    let known = known(Some(passage()));
    let text = Format::Json.render(&Report::of(&known, within("1m"), None));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let promotion = &document["promotion"];
    assert_eq!(promotion["standing"], "over");
    assert_eq!(promotion["rto"]["measured_seconds"], 90.5);
    assert_eq!(promotion["rto"]["objective_seconds"], 60);
    assert_eq!(promotion["rto"]["kept"], false);
    assert_eq!(promotion["rpo"]["proven_copies"], 1);
    assert_eq!(promotion["rpo"]["measured_seconds"], 0);
    assert_eq!(promotion["phases"][3]["seconds"], 10.5);
    assert_eq!(promotion["evidence"][0]["compared"], 17);
    assert_eq!(document["owed"][0]["region"], "us-east-1");
    assert_eq!(document["unprotected"], BEGAN);
}

#[test]
fn an_earlier_promotion_is_told_by_its_epoch_as_the_last_one_was() {
    let second = passage();
    let (from, to) = (second.to.clone(), second.from.clone());
    let reached = [("claim".to_owned(), BEGAN.to_owned())].into();
    let third = Passage { from, to, epoch: 3, reached, ..Passage::default() };
    let mut known = known(Some(third));
    let state = known.state.as_mut().unwrap();
    state.promotions.earlier = vec![second.clone()];
    let known = known;
    let of = |epoch| Report::of(&known, within("15m"), epoch);
    assert_eq!(of(Some(2)).promotion.map(|it| it.passage.clone()), Some(second));
    assert_eq!(of(Some(3)), of(None));
    assert_eq!(of(Some(9)).promotion, None);
    let page = Format::Markdown.render(&of(Some(2)));
    assert!(page.contains("1m30s from the approval to the switch"), "{page}");
    assert!(page.contains("`lifeboat report -epoch=3`"), "{page}");
    // What is left to do now is left by the last one.
    assert!(!page.contains("Unprotected") && !page.contains("fence that is owed"), "{page}");
    let document = json::document(&of(Some(2)));
    assert_eq!(document["promotion"]["epoch"], 2);
    assert_eq!(document["promotion"]["stage"], "committed");
    assert_eq!(document["others"][0]["epoch"], 3);
    let last = Format::Markdown.render(&of(None));
    assert!(last.contains("Unprotected") && last.contains("`lifeboat report -epoch=2`"), "{last}");
    // One that was given up has changed nothing.
    let mut known = known.clone();
    let last = known.state.as_mut().unwrap().promotions.last.as_mut().unwrap();
    last.reached.clear();
    let document = json::document(&Report::of(&known, within("15m"), Some(2)));
    assert_eq!(document["promotion"]["stage"], "unprotected");
}

#[test]
fn what_was_not_proven_is_never_told_as_nothing_lost() {
    let of = |change: fn(&mut Passage)| {
        let mut passage = passage();
        change(&mut passage);
        let known = known(Some(passage));
        loss(Report::of(&known, Objective::default(), None).promotion.as_ref().unwrap())
    };
    assert!(of(|_| ()).starts_with("nothing that is copied was lost"));
    let silent = of(|p| p.mode = "ungraceful".to_owned());
    let none = of(|p| drop((std::mem::take(&mut p.told), std::mem::take(&mut p.evidence))));
    let early = of(|p| drop(p.reached.remove(Phase::Sync.word())));
    let failed = of(|p| p.evidence.values_mut().for_each(|it| it.failed = true));
    for text in [silent, none, early, failed] {
        assert!(text.starts_with("not measured: "), "{text}");
    }
}

#[test]
fn one_that_was_given_up_is_not_told_as_done() {
    let mut given_up = passage();
    given_up.reached.retain(|phase, _| phase == "approve" || phase == "fence");
    let known = known(Some(given_up));
    let report = Report::of(&known, within("15m"), None);
    let page = Format::Markdown.render(&report);
    assert!(page.contains("was given up") && page.contains("traffic was not switched"), "{page}");
    assert_eq!(
        json::document(&report)["promotion"]["rto"]["measured_seconds"],
        serde_json::Value::Null
    );
}

#[test]
fn nothing_from_outside_is_read_as_markdown_or_html() {
    let known = known(Some(passage()));
    let page = Format::Markdown.render(&Report::of(&known, Objective::default(), None));
    let mut html = String::new();
    let mut cells = 0;
    for event in Parser::new_ext(&page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("{page}"),
            Event::Start(Tag::TableCell) => cells += 1,
            Event::Html(text) | Event::InlineHtml(text) => html.push_str(&text),
            _ => {}
        }
    }
    assert_eq!(html, "", "{page}");
    // Four columns for each moment: none is split by what it holds.
    assert!(cells > 40, "{page}");
}

#[test]
fn where_nothing_was_promoted_that_is_said() {
    let none = known(None);
    let page = Format::Markdown.render(&Report::of(&none, Objective::default(), None));
    assert!(page.contains("nothing has been promoted yet"), "{page}");
    let known = Known::default();
    let document = json::document(&Report::of(&known, Objective::default(), None));
    assert_eq!(document["promotion"], serde_json::Value::Null);
}
