//! What may be wrong, and what the check of it must then say.

use std::time::Duration;

use lifeboat_sdk::Value;
use lifeboat_state::model::Owed;

use super::world::*;
use crate::diff::Action;
use crate::engine::preflight::{Held, Verdict};

/// With a gate in place of a control plane.
pub(super) const GATED: [(&str, &str); 2] = [
    ("switch = \"record\"", "switch = \"operator\""),
    ("health_check {}", "health_check {}\n  gate { https = \"127.0.0.1:9/switch\" }"),
];

/// With a gate that a person opens.
const BY_HAND: [(&str, &str); 2] = [
    GATED[0],
    (
        "health_check {}",
        "health_check {}\n  gate {\n    https = \"127.0.0.1:9/switch\"\n    opens = \"operator\"\n  }",
    ),
];

/// With a gate, and standbys by weight.
pub(super) const ENTERED: [(&str, &str); 3] = [
    GATED[0],
    GATED[1],
    ("name   = \"www.example.com\"", "name   = \"www.example.com\"\n  policy = \"weighted\""),
];

/// With a limit to what may be lost.
const RPO: [(&str, &str); 1] =
    [("{ rto = \"30m\" }", "{\n    rto = \"30m\"\n    rpo = \"5m\"\n  }")];

/// With a limit to how far a standby may be behind, which goes first.
const LAG: [(&str, &str); 2] =
    [RPO[0], ("primary  =", "failover {\n    max_lag = \"1m\"\n  }\n  primary  =")];

/// Files that differ, what differs besides, and what the check must then say, of what.
pub(super) struct Case {
    pub(super) edits: Vec<(&'static str, &'static str)>,
    pub(super) change: fn(&mut World),
    pub(super) code: &'static str,
    pub(super) about: Option<&'static str>,
    pub(super) verdict: Verdict,
}

fn case(
    change: fn(&mut World),
    code: &'static str,
    about: Option<&'static str>,
    verdict: Verdict,
) -> Case {
    Case { edits: Vec::new(), change, code, about, verdict }
}

impl Case {
    fn with(self, edits: &[(&'static str, &'static str)]) -> Self {
        Self { edits: edits.to_vec(), ..self }
    }
}

const SCHEDULE: &str = r#"service.jobs.aws_scheduler_schedule["us-west-2/nightly"]"#;

/// Something that a schedule starts.
const JOBS: (&str, &str) = (
    "dns_failover",
    "service \"jobs\" {\n  schedules = { us-east-1 = [\"nightly\"], us-west-2 = [\"nightly\"] }\n  \
     capacity = { primary = 1, standby = 0 }\n}\ndns_failover",
);

/// With a fence that is weaker than what is asked for.
const CUTS: [(&str, &str); 2] = [
    JOBS,
    ("primary  =", "failover {\n    fence { require = \"cuts_sessions\" }\n  }\n  primary  ="),
];

/// With fences that are as strong.
const BLOCKS: [(&str, &str); 2] =
    [JOBS, ("primary  =", "failover {\n    fence { require = \"blocks_new\" }\n  }\n  primary  =")];

const GRACEFUL: [(&str, &str); 1] =
    [("objective {", "failover { mode = \"graceful\" }\n  objective {")];

/// What may be wrong with beginning one, and with the regions.
pub(super) fn runs_and_regions() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let ours = Some("aws");
    vec![
        case(|w| w.fails("plan::cycle"), "preflight::plan", Some("plan::cycle"), Fail),
        case(|w| w.made.plan.promotion = None, "preflight::plan", None, Unknown),
        case(
            |w| {
                w.named = EAST;
                w.state().promotions.left = Some(EAST.to_owned());
            },
            "preflight::files_current",
            None,
            Fail,
        ),
        case(|_| (), "preflight::primary_editable", None, Fail).with(&[
            ("primary  = \"us-west-2\"", "primary  = var.primary"),
            (
                "topology \"web\"",
                "variable \"primary\" { default = \"us-west-2\" }\ntopology \"web\"",
            ),
        ]),
        case(|w| w.held = Held::By("a@b".into()), "preflight::lock_free", None, Fail),
        case(|w| w.held = Held::Left("a@b".into()), "preflight::lock_free", None, Pass),
        case(
            |w| w.known.promotion = w.made.plan.promotion.clone(),
            "preflight::no_open_run",
            None,
            Fail,
        ),
        case(
            |w| drop(w.known.in_doubt.insert(at(POLICY), "no reply".into())),
            "preflight::no_open_run",
            None,
            Unknown,
        ),
        case(|w| w.silence(EAST), "preflight::target_reachable", None, Fail),
        case(|w| w.made.plan.scopes.clear(), "preflight::target_reachable", None, Unknown),
        case(|w| w.silence(WEST), "preflight::primary_reachable", None, Unknown),
        case(|w| w.silence(WEST), "preflight::primary_reachable", None, Fail).with(&GRACEFUL),
        case(
            |w| {
                w.silence(WEST);
                w.made.plan.scopes[1].unread = 1;
            },
            "preflight::primary_reachable",
            None,
            Unknown,
        ),
        case(
            |w| w.change(OTHER).scope = Some(in_region(WEST, "s3")),
            "preflight::steps",
            Some(OTHER),
            Fail,
        ),
        case(
            |w| w.credentials.0.places.push(("the login".into(), WEST.into())),
            "preflight::credentials",
            ours,
            Fail,
        ),
        case(|w| w.credentials.1 = Err("expired".into()), "preflight::credentials", ours, Fail),
        case(|w| w.credentials.0.ends = Some("They end."), "preflight::session", ours, Unknown),
        case(|w| w.expected = Some(Duration::from_secs(1801)), "preflight::time", None, Fail),
        case(|w| w.expected = None, "preflight::time", None, Unknown),
    ]
}

/// How gates stand.
pub(super) fn gates() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let gate = |change: fn(&mut World), verdict| {
        case(change, "preflight::gate", Some("dns_failover.web"), verdict).with(&GATED)
    };
    vec![
        gate(|w| w.gate(false, Ok(false), None), Pass),
        gate(|w| w.gate(false, Ok(true), None), Fail),
        gate(|w| w.gate(true, Ok(true), None), Pass),
        gate(|w| w.gate(true, Ok(false), None), Fail),
        gate(|w| w.gate(false, Err("refused".into()), None), Unknown),
        gate(|w| w.gate(false, Err("refused".into()), None), Pass).with(&BY_HAND),
        gate(|w| w.gate(true, Err("refused".into()), None), Unknown).with(&BY_HAND),
        gate(|w| w.token(Ok(())), Pass),
        gate(|w| w.token(Err("no such file".into())), Fail),
    ]
}

/// How far the target is behind.
pub(super) fn copies() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let rule = Some("replication.exports");
    let lag =
        |change: fn(&mut World), verdict| case(change, "preflight::replication_lag", rule, verdict);
    vec![
        lag(|w| w.copy = None, Unknown),
        lag(|w| w.copy = Some(Err("no".into())), Unknown),
        lag(|w| w.copy = Some(Ok(compared(2, None))), Unknown),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-9000)))), Pass),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-300)))), Pass).with(&RPO),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-301)))), Fail).with(&RPO),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-61)))), Fail).with(&LAG),
    ]
}

/// What may be wrong with names, and with what moves them.
pub(super) fn traffic() -> Vec<Case> {
    use Verdict::{Fail, Pass};
    let dns = Some("dns_failover.web");
    vec![
        case(
            |w| w.change(RECORD).before = Some(Value::object([("ttl".into(), Value::int(61))])),
            "preflight::dns_ttl",
            dns,
            Fail,
        ),
        case(|w| w.lowers(300, 60), "preflight::dns_ttl", dns, Pass),
        case(|w| w.lowers(300, 61), "preflight::dns_ttl", dns, Fail),
        case(|_| (), "preflight::dns_ttl", dns, Fail).with(&[("\"30m\"", "\"2m\"")]),
        // What it is lowered to counts, and not what it is.
        case(|w| w.lowers(60, 30), "preflight::dns_ttl", dns, Pass).with(&[("\"30m\"", "\"2m\"")]),
        case(|w| w.lowers(60, 31), "preflight::dns_ttl", dns, Fail).with(&[("\"30m\"", "\"2m\"")]),
        case(|_| (), "preflight::dns_ttl", dns, Pass).with(&[("\"30m\"", "\"150s\"")]),
        case(|w| w.has(GATE, Value::null()), "preflight::dns_switch", dns, Pass).with(&GATED),
        case(|_| (), "preflight::dns_switch", dns, Fail).with(&GATED),
        case(|w| w.has(GATE, Value::null()), "preflight::dns_switch", dns, Fail).with(&ENTERED),
        case(
            |w| {
                w.has(GATE, Value::null());
                w.has(ENTRY, Value::null());
            },
            "preflight::dns_switch",
            dns,
            Pass,
        )
        .with(&ENTERED),
    ]
}

/// What may be wrong with records, fences and data.
pub(super) fn records_and_data() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let (bucket, rule) = (Some("bucket.exports"), Some("replication.exports"));
    vec![
        case(|w| w.fails("promotion::behind"), "preflight::state_current", None, Fail),
        case(
            |w| {
                w.silence(EAST);
                w.silence(WEST);
            },
            "preflight::state_current",
            None,
            Unknown,
        ),
        case(|w| w.silence(WEST), "preflight::role_records", None, Unknown),
        case(|w| w.silence(WEST), "preflight::role_records", None, Fail).with(&GRACEFUL),
        case(
            |w| {
                let older = Value::object([("content".into(), text(&record(2)))]);
                w.change(ROLE).before = Some(older);
            },
            "preflight::role_records",
            Some(ROLE),
            Fail,
        ),
        case(|w| w.change(ROLE).before = None, "preflight::role_records", Some(ROLE), Fail),
        case(|w| w.silence(WEST), "preflight::fence", bucket, Unknown),
        case(|w| w.silence(WEST), "preflight::fence", bucket, Fail).with(&GRACEFUL),
        case(|w| drop(w.objects.remove(&at(POLICY))), "preflight::fence", bucket, Fail),
        case(|_| (), "preflight::fence", Some(SCHEDULE), Fail).with(&CUTS),
        case(|_| (), "preflight::fence", bucket, Pass).with(&BLOCKS),
        case(|_| (), "preflight::replication_rule", bucket, Fail)
            .with(&[("replication \"exports\" { bucket = bucket.exports }", "")]),
        case(
            |w| {
                let owed = Owed { region: EAST.into(), epoch: 3, since: "then".into() };
                w.state().promotions.owed.insert("a_thing.fence".into(), owed);
            },
            "preflight::target_owes_nothing",
            Some("a_thing.fence"),
            Fail,
        ),
        case(|w| drop(w.objects.remove(&at(RULES))), "preflight::replication_rule", rule, Fail),
        case(|w| w.drifts(RULES, Action::Update), "preflight::replication_rule", rule, Fail),
        case(|w| w.has(RULES, rules("Disabled")), "preflight::replication_rule", rule, Fail),
        case(|w| w.silence(WEST), "preflight::replication_rule", rule, Unknown),
        case(
            |w| w.drifts(r#"bucket.exports.aws_s3_bucket["us-east-1"]"#, Action::Delete),
            "preflight::target_drift",
            Some(r#"bucket.exports.aws_s3_bucket["us-east-1"]"#),
            Fail,
        ),
        case(|w| w.silence(EAST), "preflight::target_drift", None, Unknown),
    ]
}
