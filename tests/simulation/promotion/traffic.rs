//! Topologies whose regions all take writes: a promotion moves the role and weights, and traffic is taken
//! from a region by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lifeboat::apply::Rehearsal;
use lifeboat::plan::{Act, Promotion, Task};
use lifeboat_aws::Aws;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Failure, Location, RegionName, Value};
use lifeboat_sim::{Blackout, Entry, Key, SimCloud, SimProvider};
use lifeboat_state::store::MemoryDisk;
use tokio::runtime::Builder;

use super::topology::ACCOUNT;
use crate::simulation::each;
use crate::simulation::process::{Approve, Command, Ended, Fatality, Verb};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

/// Nobody attests anything: a promotion that needs it is refused.
fn trusts(promotion: &Promotion) -> Option<Value> {
    let by = Value::object([("by".into(), Value::string("operator@simulation"))]);
    (!promotion.needs_attestation()).then_some(by)
}

/// A bucket that both regions write, and a name by weights.
fn files(primary: &str, weights: &str, more: &str) -> String {
    format!(
        r#"topology "t" {{
  strategy = "active_active"
  regions  = ["{EAST}", "{WEST}"]
  primary  = "{primary}"
}}
region "{EAST}" {{ account = "{ACCOUNT}" }}
region "{WEST}" {{ account = "{ACCOUNT}" }}
bucket "data" {{
  name = {{ {EAST} = "data-{EAST}", {WEST} = "data-{WEST}" }}
}}
replication "data" {{
  bucket  = bucket.data
  two_way = true
}}
resource "aws_route53_zone" "main" {{
  name = "example.com"
}}
dns_failover "web" {{
  zone   = aws_route53_zone.main.zone_id
  name   = "www.example.com"
  switch = "record"
  policy = "weighted"
  {weights}
  endpoint "{EAST}" {{ address = "203.0.113.10" }}
  endpoint "{WEST}" {{ address = "203.0.113.20" }}
{more}}}
"#
    )
}

const BY_ROLE: &str = "weights = { primary = 100, standby = 20 }";

struct Told {
    cloud: SimCloud,
    disk: MemoryDisk,
    approve: Approve,
    watching: Watching,
    commands: u64,
}

/// What was looked at, and the weights then.
type Looks = Vec<(String, [i64; 2])>;

/// What is looked at while weights move, and how the weights are then.
#[derive(Clone)]
struct Watching {
    cloud: SimCloud,
    seen: Arc<Mutex<Looks>>,
    ill: Arc<Mutex<Option<&'static str>>>,
}

impl Rehearsal for Watching {
    fn play<'a>(&'a self, act: Act, task: &'a Task) -> BoxFuture<'a, Result<(), Failure>> {
        if act == Act::Probe {
            let weights = weights(&self.cloud);
            let both = [EAST, WEST].map(|region| weights[region]);
            self.seen.lock().unwrap().push((task.about.to_string(), both));
        }
        let ill = act == Act::Probe && *self.ill.lock().unwrap() == Some(&*task.about);
        let answer = if ill { Err(Failure::new(Class::Other, "it is ill")) } else { Ok(()) };
        Box::pin(std::future::ready(answer))
    }
}

/// The weight of each region.
fn weights(cloud: &SimCloud) -> BTreeMap<String, i64> {
    let all = cloud.objects();
    let records = all.iter().filter(|object| *object.key.kind == *"aws_route53_record");
    let weight = |document: &Value| {
        let policy = document.get("weighted_routing_policy")?.items()?.first()?;
        policy.get("weight")?.as_i64()
    };
    let region = |document: &Value| Some(document.get("set_identifier")?.as_str()?.to_owned());
    let of = |document: &Value| Some((region(document)?, weight(document)?));
    records.filter_map(|object| of(&object.document)).collect()
}

impl Told {
    fn new() -> Self {
        let (cloud, disk) = (SimCloud::new(1), MemoryDisk::new());
        let (seen, ill) = (Arc::default(), Arc::default());
        let watching = Watching { cloud: cloud.clone(), seen, ill };
        Self { cloud, disk, approve: trusts, watching, commands: 0 }
    }

    async fn dies(&mut self, verb: Verb, text: &str, fatality: Fatality) -> Option<Ended> {
        self.commands += 1;
        let command = Command {
            cloud: &self.cloud,
            disk: &self.disk,
            provider: Arc::new(SimProvider::over(&self.cloud, Arc::new(Aws))),
            seed: 1,
            begun: None,
            number: self.commands,
            verb,
            text,
            approve: self.approve,
            rehearsal: Some(Arc::new(self.watching.clone())),
        };
        command.process(fatality).await
    }

    async fn types(&mut self, verb: Verb, text: &str) -> Ended {
        self.cloud.take_ledger();
        self.dies(verb, text, Fatality::default()).await.unwrap()
    }

    /// A command that does all that it was asked for; what it changed.
    async fn does(&mut self, verb: Verb, text: &str) -> Vec<String> {
        let ended = self.types(verb, text).await;
        assert!(ended.is_done(), "{ended:#?}");
        let calls = self.cloud.take_ledger();
        let changed = calls.iter().filter(|call| Entry::had_effect(call));
        changed.flat_map(|call| &call.sent).map(|sent| sent.address.to_string()).collect()
    }

    /// A command that is refused with this code and changes nothing.
    async fn refused(&mut self, verb: Verb, text: &str, code: &str) {
        let ended = self.types(verb, text).await;
        assert!(ended.told.iter().any(|told| told.contains(code)), "{code}: {ended:#?}");
        assert!(!self.cloud.take_ledger().iter().any(Entry::had_effect), "{code}");
    }

    /// Applies until nothing is left to do; what was told last.
    async fn settles(&mut self, text: &str) -> Ended {
        for _ in 0..3 {
            let ended = self.types(Verb::Apply, text).await;
            if ended.changes == Some(Vec::new()) && ended.ending.is_none() {
                return ended;
            }
        }
        panic!("something is always left to do");
    }

    /// What was looked at since it was asked last, with the weights in the east and in the west.
    fn looked(&self) -> Looks {
        std::mem::take(&mut *self.watching.seen.lock().unwrap())
    }

    /// Where this is looked at, it is ill.
    fn ails(&self, about: Option<&'static str>) {
        *self.watching.ill.lock().unwrap() = about;
    }

    #[track_caller]
    fn weigh(&self, east: i64, west: i64) {
        let wanted = [(EAST.to_owned(), east), (WEST.to_owned(), west)];
        assert_eq!(weights(&self.cloud), wanted.into());
    }
}

fn tell<F: Future<Output = ()>>(story: impl FnOnce(Told) -> F) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(story(Told::new()));
}

fn record(region: &str) -> String {
    format!("dns_failover.web.aws_route53_record[\"{region}\"]")
}

#[test]
fn where_all_regions_write_a_promotion_moves_the_role_and_the_weights() {
    tell(async |mut told| {
        told.settles(&files(EAST, BY_ROLE, "")).await;
        told.weigh(100, 20);
        let mut changed = told.does(Verb::Promote, &files(WEST, BY_ROLE, "")).await;
        changed.sort();
        let role = |region: &str| format!("region.{region}.aws_s3_object[\"{region}\"]");
        assert_eq!(changed, [record(EAST), record(WEST), role(EAST), role(WEST)]);
        told.weigh(20, 100);
        let ended = told.settles(&files(WEST, BY_ROLE, "")).await;
        assert!(!ended.told.iter().any(|told| told.contains("split_brain")), "{ended:#?}");
    });
}

/// Nobody attests that the region is down: nothing there keeps another from writing.
#[test]
fn a_region_that_is_lost_is_left_without_attestation_where_all_write() {
    tell(async |mut told| {
        told.settles(&files(EAST, BY_ROLE, "")).await;
        let lost = Location::Region(RegionName::from(EAST));
        told.cloud.blackout(lost.clone(), Blackout::Hang);
        told.does(Verb::Promote, &files(WEST, BY_ROLE, "")).await;
        told.weigh(20, 100);
        told.cloud.restore(&lost);
        told.settles(&files(WEST, BY_ROLE, "")).await;
    });
}

#[test]
fn two_regions_that_take_writes_to_data_with_one_writer_are_told() {
    tell(async |mut told| {
        let one = |text: String| {
            let text = text.replace("active_active", "warm_standby");
            text.replace("  two_way = true\n", "").replace("standby = 20", "standby = 0")
        };
        let text = one(files(EAST, BY_ROLE, ""));
        told.settles(&text).await;
        let policy = |region: &str| {
            Key::regional(ACCOUNT, region, "aws_s3_bucket_policy", &format!("data-{region}"))
        };
        assert!(told.cloud.remove(&policy(WEST)));
        let ended = told.types(Verb::Plan, &text).await;
        let said = ended.told.iter().find(|told| told.contains("promotion::split_brain"));
        let said = said.unwrap_or_else(|| panic!("{ended:#?}"));
        for evidence in ["Split brain suspected", EAST, WEST, "bucket.data"] {
            assert!(said.contains(evidence), "{evidence}: {said}");
        }
        // The policy of the primary has no fence in any case.
        told.settles(&text).await;
        assert!(told.cloud.remove(&policy(EAST)));
        let ended = told.types(Verb::Plan, &text).await;
        assert!(!ended.told.iter().any(|told| told.contains("split_brain")), "{ended:#?}");
    });
}

#[test]
fn traffic_is_taken_from_a_region_and_given_back() {
    tell(async |mut told| {
        let text = files(EAST, "weights = { primary = 60, standby = 40 }", "");
        told.settles(&text).await;
        // The primary, too: the role stays.
        for (region, without) in [(EAST, (0, 40)), (WEST, (60, 0))] {
            assert_eq!(told.does(Verb::Leave(region), &text).await, [record(region)]);
            told.weigh(without.0, without.1);
            let ended = told.settles(&text).await;
            assert_eq!(ended.told, Vec::<String>::new());
            told.weigh(without.0, without.1);
            // Another run asks for nothing more.
            assert_eq!(told.does(Verb::Leave(region), &text).await, Vec::<String>::new());
            let other = if region == EAST { WEST } else { EAST };
            told.refused(Verb::Leave(other), &text, "evacuate::nowhere").await;
            told.refused(Verb::Return(other), &text, "evacuate::not_evacuated").await;
            assert_eq!(told.does(Verb::Return(region), &text).await, [record(region)]);
            told.weigh(60, 40);
            told.settles(&text).await;
        }
    });
}

#[test]
fn an_evacuated_region_is_no_target_and_may_be_left() {
    tell(async |mut told| {
        let (east, west) = (files(EAST, BY_ROLE, ""), files(WEST, BY_ROLE, ""));
        told.settles(&east).await;
        told.does(Verb::Leave(WEST), &east).await;
        told.refused(Verb::Promote, &west, "promotion::target_evacuated").await;
        told.does(Verb::Return(WEST), &east).await;
        told.does(Verb::Leave(EAST), &east).await;
        told.weigh(0, 20);
        told.does(Verb::Promote, &west).await;
        told.weigh(0, 100);
        told.settles(&west).await;
        told.weigh(0, 100);
        // Files by which nobody would answer are told.
        let none = west.replace("primary = 100, standby = 20", "primary = 0, standby = 20");
        told.refused(Verb::Apply, &none, "evacuate::nowhere").await;
    });
}

#[test]
fn the_primary_of_data_with_one_writer_keeps_its_traffic() {
    tell(async |mut told| {
        let text = files(EAST, "weights = { primary = 100, standby = 0 }", "");
        let text = text.replace("active_active", "warm_standby").replace("  two_way = true\n", "");
        told.settles(&text).await;
        let ended = told.types(Verb::Leave(EAST), &text).await;
        let refused = ended.told.iter().any(|told| told.contains("evacuate::primary"));
        assert!(refused, "{ended:#?}");
        // A standby that gets none is marked: nobody promotes it.
        assert_eq!(told.does(Verb::Leave(WEST), &text).await, Vec::<String>::new());
        let west = text.replace(&format!("= \"{EAST}\"\n}}"), &format!("= \"{WEST}\"\n}}"));
        assert_ne!(west, text);
        told.refused(Verb::Promote, &west, "promotion::target_evacuated").await;
    });
}

#[test]
fn a_policy_without_weights_is_not_evacuated() {
    tell(async |mut told| {
        let text = files(EAST, "", "").replace("policy = \"weighted\"", "policy = \"latency\"");
        told.settles(&text).await;
        told.refused(Verb::Leave(WEST), &text, "evacuate::policy").await;
    });
}

#[test]
fn traffic_that_cannot_be_moved_now_stays_as_a_whole() {
    tell(async |mut told| {
        let text = files(EAST, BY_ROLE, "");
        told.settles(&text).await;
        told.cloud.blackout(Location::Global { home: RegionName::from(EAST) }, Blackout::Refuse);
        told.refused(Verb::Leave(WEST), &text, "evacuate::unreachable").await;
        told.cloud.restore(&Location::Global { home: RegionName::from(EAST) });
        told.settles(&text).await;
        told.weigh(100, 20);
    });
}

/// Whoever dies while it takes traffic away has begun to: the next apply does the rest.
#[test]
fn an_evacuation_that_dies_is_finished_by_the_next_apply() {
    let outcomes = each(0..40, |at| {
        let mut left = (0, 0);
        tell(async |mut told| {
            let text = files(EAST, BY_ROLE, "");
            told.settles(&text).await;
            let fatality = Fatality { dies: Some(at * 12), interrupted: None };
            let lived = told.dies(Verb::Leave(WEST), &text, fatality).await.is_some();
            told.settles(&text).await;
            let weight = weights(&told.cloud)[WEST];
            assert!(weight == 0 || (weight == 20 && !lived), "{at}: {weight}");
            left = (usize::from(!lived), usize::from(weight == 0));
        });
        left
    });
    let (died, moved) = outcomes.iter().fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1));
    println!("{died} of {} died, {moved} moved the traffic", outcomes.len());
    assert!(died > 5 && moved > 0, "{died} died, {moved} moved");
}

const ALL: &str = "weights = { primary = 100, standby = 0 }";

const SHIFT: &str = "  health_check {\n    type = \"TCP\"\n    port = 443\n  }\n  shift {\n    \
                     steps = [10, 50, 100]\n    watch = \"2m\"\n  }\n";

fn looks(about: &[(&str, [i64; 2])]) -> Looks {
    about.iter().map(|(about, weights)| ((*about).to_owned(), *weights)).collect()
}

#[test]
fn weights_move_in_steps_and_what_gets_the_traffic_is_watched_before_the_next() {
    tell(async |mut told| {
        told.settles(&files(EAST, ALL, SHIFT)).await;
        assert_eq!(told.looked(), looks(&[]));
        told.does(Verb::Promote, &files(WEST, ALL, SHIFT)).await;
        told.weigh(0, 100);
        let seen =
            [("shift.web.0", [100, 0]), ("shift.web.10", [90, 10]), ("shift.web.50", [50, 50])];
        assert_eq!(told.looked(), looks(&seen));
        told.settles(&files(WEST, ALL, SHIFT)).await;
        assert_eq!(told.looked(), looks(&[]));
    });
}

#[test]
fn a_promotion_is_held_where_what_gets_the_traffic_is_ill_and_goes_on_from_there() {
    tell(async |mut told| {
        told.settles(&files(EAST, ALL, SHIFT)).await;
        told.ails(Some("shift.web.10"));
        let ended = told.types(Verb::Promote, &files(WEST, ALL, SHIFT)).await;
        assert!(ended.promotion && !ended.is_done(), "{ended:#?}");
        assert!(ended.told.iter().any(|told| told.contains("apply::shift")), "{ended:#?}");
        told.weigh(90, 10);
        told.looked();
        // Still ill: nothing more is written.
        let ended = told.types(Verb::Apply, &files(WEST, ALL, SHIFT)).await;
        assert!(ended.promotion && !ended.is_done(), "{ended:#?}");
        told.weigh(90, 10);
        assert_eq!(told.looked(), looks(&[("shift.web.10", [90, 10])]));
        told.ails(None);
        let changed = told.does(Verb::Apply, &files(WEST, ALL, SHIFT)).await;
        let records = changed.iter().filter(|address| address.contains("aws_route53_record"));
        assert_eq!(records.count(), 4, "{changed:?}");
        let seen = [("shift.web.10", [90, 10]), ("shift.web.50", [50, 50])];
        assert_eq!(told.looked(), looks(&seen));
        told.weigh(0, 100);
        told.settles(&files(WEST, ALL, SHIFT)).await;
    });
}

/// Who is left to a region that does not answer waits for nothing.
#[test]
fn traffic_leaves_a_lost_region_at_once() {
    tell(async |mut told| {
        told.settles(&files(EAST, ALL, SHIFT)).await;
        told.cloud.blackout(Location::Region(RegionName::from(EAST)), Blackout::Hang);
        told.does(Verb::Promote, &files(WEST, ALL, SHIFT)).await;
        assert_eq!(told.looked(), looks(&[]));
        told.weigh(0, 100);
    });
}

#[test]
fn traffic_is_taken_away_in_steps_and_stays_where_what_gets_it_is_ill() {
    tell(async |mut told| {
        let text = files(EAST, "weights = { primary = 100, standby = 100 }", SHIFT);
        told.settles(&text).await;
        told.ails(Some("shift.web.50"));
        let ended = told.types(Verb::Leave(EAST), &text).await;
        assert!(!ended.is_done(), "{ended:#?}");
        told.weigh(50, 100);
        let seen =
            [("shift.web.0", [100, 100]), ("shift.web.10", [90, 100]), ("shift.web.50", [50, 100])];
        assert_eq!(told.looked(), looks(&seen));
        told.ails(None);
        // From where it is.
        told.does(Verb::Apply, &text).await;
        told.weigh(0, 100);
        let seen =
            [("shift.web.0", [50, 100]), ("shift.web.10", [45, 100]), ("shift.web.50", [25, 100])];
        assert_eq!(told.looked(), looks(&seen));
        told.settles(&text).await;
        told.does(Verb::Return(EAST), &text).await;
        told.weigh(100, 100);
        assert_eq!(told.looked().len(), 3);
        told.settles(&text).await;
    });
}

/// The new primary's share never falls, whenever the process dies, and what is written last is as planned.
#[test]
fn a_shift_that_dies_goes_on_from_where_it_was() {
    let every =
        if std::env::var("LIFEBOAT_MATRIX").is_ok_and(|asked| asked == "full") { 1 } else { 9 };
    let outcomes = each(0..540 / every, |at| {
        let mut died = 0;
        tell(async |mut told| {
            told.settles(&files(EAST, ALL, SHIFT)).await;
            let (cloud, shares) = (told.cloud.clone(), Arc::new(Mutex::new(Vec::new())));
            let seen = Arc::clone(&shares);
            told.cloud.watch_answers(move |_| seen.lock().unwrap().push(weights(&cloud)[WEST]));
            let west = files(WEST, ALL, SHIFT);
            let fatality = Fatality { dies: Some(at * every), interrupted: None };
            died = usize::from(told.dies(Verb::Promote, &west, fatality).await.is_none());
            for _ in 0..2 {
                told.dies(Verb::Promote, &west, Fatality::default()).await;
            }
            told.settles(&west).await;
            told.cloud.unwatch();
            told.weigh(0, 100);
            let mut shares = std::mem::take(&mut *shares.lock().unwrap());
            assert!(shares.is_sorted(), "{at}: {shares:?}");
            shares.dedup();
            assert_eq!(shares, [0, 10, 50, 100], "{at}");
        });
        died
    });
    let died: usize = outcomes.iter().sum();
    println!("{died} of {} died", outcomes.len());
    assert!(died > 20, "{died}");
}
