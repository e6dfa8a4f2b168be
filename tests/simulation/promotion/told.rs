//! Stories that seeds told first: each was a defect of the engine, and is kept small here.

use std::sync::Arc;

use lifeboat_aws::Aws;
use lifeboat_sdk::Value;
use lifeboat_sim::{Blackout, Entry, Fault, Key, Nth, Rule, SimCloud, SimProvider};
use lifeboat_state::store::MemoryDisk;
use tokio::runtime::Builder;

use super::judge::Judge;
use super::others;
use super::sky::Sky;
use super::story::attests;
use super::topology::{ACCOUNT, Files, bucket};
use crate::simulation::process::{Command, Ended, Fatality, Verb};

const FIRST: &str = "us-east-1";
const SECOND: &str = "us-west-2";
const THIRD: &str = "eu-central-1";

/// Three regions, the first of them primary, in which commands are typed.
struct Told {
    cloud: SimCloud,
    disk: MemoryDisk,
    judge: Judge,
    sky: Sky,
    files: Files,
    commands: u64,
}

impl Told {
    /// A command; nothing that must not be is seen.
    async fn types(&mut self, verb: Verb, primary: &str) -> Ended {
        self.commands += 1;
        self.judge.begin(std::slice::from_ref(&self.disk));
        let text = self.files.text(primary);
        let command = Command {
            cloud: &self.cloud,
            disk: &self.disk,
            provider: Arc::new(SimProvider::over(&self.cloud, Arc::new(Aws))),
            seed: 1,
            number: self.commands,
            begun: None,
            verb,
            text: &text,
            approve: attests,
            rehearsal: None,
        };
        let ended = command.process(Fatality::default()).await.unwrap();
        let found = self.judge.found();
        assert!(found.is_empty(), "{found:#?}\n{ended:#?}");
        ended
    }

    /// The other region becomes the primary; the changes that were made, in order.
    async fn promotes(&mut self, primary: &str) -> Vec<String> {
        self.cloud.take_ledger();
        let ended = self.types(Verb::Promote, primary).await;
        assert!(ended.promotion && ended.is_done(), "{ended:#?}");
        self.changed()
    }

    fn changed(&self) -> Vec<String> {
        let calls = self.cloud.take_ledger();
        let changed = calls.iter().filter(|call| Entry::had_effect(call));
        changed.flat_map(|call| &call.sent).map(|sent| sent.address.to_string()).collect()
    }

    /// Applies until nothing is left to do.
    async fn settles(&mut self, primary: &str) {
        for _ in 0..3 {
            let ended = self.types(Verb::Apply, primary).await;
            if ended.changes == Some(Vec::new()) && ended.ending.is_none() {
                return;
            }
        }
        panic!("something is always left to do");
    }

    /// What the record of a region says.
    fn record(&self, region: &str) -> String {
        let id = format!("lifeboat-t-{ACCOUNT}-{region}/role.json");
        let object = self.cloud.find("aws_s3_object", &id).unwrap();
        object.document.get("content").and_then(Value::as_str).unwrap().to_owned()
    }
}

fn fence(region: &str) -> String {
    format!("bucket.data.aws_s3_bucket_policy[\"{region}\"]")
}

fn tell<F: Future<Output = ()>>(story: impl FnOnce(Told) -> F) {
    tell_of(Files::plain([FIRST, SECOND, THIRD]), story);
}

fn tell_of<F: Future<Output = ()>>(files: Files, story: impl FnOnce(Told) -> F) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (cloud, disk) = (SimCloud::new(1), MemoryDisk::new());
        if files.service {
            others::service(&cloud, &files.regions);
        }
        let judge = Judge::new(&cloud, &files.regions);
        let sky = Sky::new(&cloud, &judge);
        let all = cloud.clone();
        let mut told = Told { cloud, disk, judge, sky, files, commands: 0 };
        told.settles(FIRST).await;
        told.judge.arm();
        story(told).await;
        all.unwatch();
    });
}

/// Its fence alone cannot be read: everything else there could be changed.
#[test]
fn a_region_whose_fence_is_owed_keeps_its_record_until_it_is_fenced() {
    tell(async |mut told| {
        let rule = Rule::new(Fault::Status500).region(FIRST).kind("aws_s3_bucket_policy");
        told.cloud.inject(rule);
        let changed = told.promotes(SECOND).await;
        assert!(changed.iter().all(|address| !address.contains(FIRST)), "{changed:?}");
        assert!(told.record(FIRST).contains("\"epoch\":1"));
        assert!(told.record(THIRD).contains("\"epoch\":2"));
        told.cloud.clear_rules();
        told.types(Verb::Apply, SECOND).await;
        assert_eq!(told.changed().first(), Some(&fence(FIRST)));
        told.settles(SECOND).await;
    });
}

/// Its policy could not be read, and its service could: nobody answers any more when that is to be stopped.
#[test]
fn a_fence_that_nobody_answers_is_owed_where_it_was_attested_that_the_region_cannot_write() {
    let mut files = Files::plain([FIRST, SECOND, THIRD]);
    files.service = true;
    tell_of(files, async |mut told| {
        let rule = |fault: Fault, kind: &str| Rule::new(fault).region(FIRST).kind(kind);
        told.cloud.inject(rule(Fault::Status500, "aws_s3_bucket_policy"));
        let service = ["aws_ec2_instance_state", "aws_security_group_ingress"];
        for kind in service {
            told.cloud.inject(rule(Fault::Refuse, kind).operation("Update"));
        }
        told.cloud.take_ledger();
        let ended = told.types(Verb::Promote, SECOND).await;
        assert!(ended.promotion && ended.is_done(), "{ended:#?}");
        let owed = ended.told.iter().filter(|text| text.contains("apply::fence_owed"));
        assert_eq!(owed.count(), service.len(), "{ended:#?}");
        assert!(told.changed().iter().all(|address| !address.contains(FIRST)));
        let ended = told.types(Verb::Destroy, SECOND).await;
        assert!(ended.told.iter().any(|text| text.contains("promotion::owed")), "{ended:#?}");
        told.cloud.clear_rules();
        told.types(Verb::Apply, SECOND).await;
        let changed = told.changed();
        let first: Vec<&str> = changed.iter().take(3).map(String::as_str).collect();
        assert!(first.iter().all(|address| address.contains(FIRST)), "{changed:?}");
        assert!(service.iter().all(|kind| first.iter().any(|it| it.contains(kind))), "{changed:?}");
        assert_eq!(
            first.last(),
            Some(&&*fence(FIRST)),
            "what runs is stopped before its data is closed"
        );
        told.settles(SECOND).await;
    });
}

#[test]
fn a_promotion_first_places_the_fence_that_a_third_region_owes() {
    tell(async |mut told| {
        told.sky.lose(Some(FIRST), Blackout::Hang, false);
        told.promotes(SECOND).await;
        told.sky.give_back(Some(FIRST));
        let changed = told.promotes(THIRD).await;
        assert_eq!(changed.first(), Some(&fence(FIRST)), "{changed:?}");
        let (open, _) = told.judge.standing();
        assert_eq!(open.into_iter().collect::<Vec<_>>(), [THIRD]);
        told.settles(THIRD).await;
    });
}

/// It is away for that too: then it stays owed, and nobody is asked again.
#[test]
fn a_fence_that_a_third_region_owes_stays_owed_while_it_is_away() {
    tell(async |mut told| {
        told.sky.lose(Some(FIRST), Blackout::Refuse, true);
        told.promotes(SECOND).await;
        let changed = told.promotes(THIRD).await;
        assert!(changed.iter().all(|address| !address.contains(FIRST)), "{changed:?}");
        for region in [SECOND, THIRD] {
            assert!(told.record(region).contains(FIRST), "the records name what is owed");
        }
        told.sky.give_back(Some(FIRST));
        told.types(Verb::Apply, THIRD).await;
        assert_eq!(told.changed().first(), Some(&fence(FIRST)));
        told.settles(THIRD).await;
    });
}

#[test]
fn a_fence_that_somebody_else_placed_is_not_owed_any_more() {
    tell(async |mut told| {
        told.sky.lose(Some(FIRST), Blackout::Hang, true);
        told.promotes(SECOND).await;
        told.sky.give_back(Some(FIRST));
        let key =
            |region: &str| Key::regional(ACCOUNT, region, "aws_s3_bucket_policy", &bucket(region));
        let fenced = told.cloud.get(&key(THIRD)).unwrap().document;
        let policy = fenced.get("policy").and_then(Value::as_str).unwrap();
        let policy = policy.replace(&bucket(THIRD), &bucket(FIRST));
        assert!(told.cloud.edit(&key(FIRST), |it| it.with("policy", Value::string(policy))));
        told.settles(SECOND).await;
    });
}

/// A region that took writes while another was promoted has returned.
async fn returned(told: &mut Told) {
    told.sky.lose(Some(FIRST), Blackout::Hang, false);
    told.promotes(SECOND).await;
    told.sky.give_back(Some(FIRST));
}

/// The fence that the first region owes is the first thing that is changed, and then nothing is left.
async fn is_fenced_first(told: &mut Told) {
    told.cloud.take_ledger();
    told.types(Verb::Apply, SECOND).await;
    assert_eq!(told.changed().first(), Some(&fence(FIRST)));
    told.settles(SECOND).await;
}

#[test]
fn a_refresh_forgets_no_fence_that_is_owed() {
    tell(async |mut told| {
        returned(&mut told).await;
        let ended = told.types(Verb::Refresh, SECOND).await;
        assert!(ended.is_done(), "{ended:#?}");
        let owes = |ended: &Ended| ended.told.iter().any(|text| text.contains("promotion::owed"));
        let ended = told.types(Verb::Destroy, SECOND).await;
        assert!(owes(&ended), "{ended:#?}");
        is_fenced_first(&mut told).await;
    });
}

/// Who leaves the lost region out still lets nothing in that it may send on its own.
#[test]
fn what_owes_a_fence_and_is_left_out_sends_no_copies_to_the_primary() {
    tell(async |mut told| {
        told.sky.lose(Some(FIRST), Blackout::Hang, false);
        told.promotes(SECOND).await;
        let ended = told.types(Verb::Without(FIRST), SECOND).await;
        assert!(ended.is_done(), "{ended:#?}");
        let id = bucket(SECOND);
        let policy = told.cloud.find("aws_s3_bucket_policy", &id).unwrap().document;
        let policy = policy.get("policy").and_then(Value::as_str).unwrap();
        assert!(policy.contains("LifeboatInbound"), "{policy}");
        assert!(told.record(SECOND).contains(&format!("\"region\":\"{FIRST}\"")));
        told.sky.give_back(Some(FIRST));
        is_fenced_first(&mut told).await;
    });
}

/// Its policy was deleted while it was away, and could not be made when it was back.
#[test]
fn a_fence_that_is_gone_is_owed_until_it_is_made_again() {
    tell(async |mut told| {
        returned(&mut told).await;
        let policy = Key::regional(ACCOUNT, FIRST, "aws_s3_bucket_policy", &bucket(FIRST));
        assert!(told.cloud.remove(&policy));
        let refused = Rule::new(Fault::Refuse).region(FIRST).kind("aws_s3_bucket_policy");
        told.cloud.inject(refused.operation("Create"));
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(!ended.is_done(), "{ended:#?}");
        told.cloud.clear_rules();
        is_fenced_first(&mut told).await;
    });
}

/// The call says that the policy is set, and it is not. Nothing is claimed before the fence is seen, and
/// then all goes on: by then the region may be out of reach, so that no later look would find it.
#[test]
fn a_fence_that_was_answered_and_is_not_there_is_placed_again_before_the_claim() {
    tell(async |mut told| {
        let vain = Rule::new(Fault::Vain).region(FIRST).kind("aws_s3_bucket_policy");
        let rule = told.cloud.inject(vain.operation("Update").nth(Nth::First(1)));
        let changed = told.promotes(SECOND).await;
        // The last look comes after the claim, which moves records.
        assert_eq!(changed.first(), Some(&fence(FIRST)), "{changed:?}");
        assert_eq!(told.cloud.remove_rule(rule), 1);
        told.settles(SECOND).await;
    });
}

#[test]
fn nothing_is_claimed_while_a_fence_is_answered_and_never_seen() {
    tell(async |mut told| {
        let vain = Rule::new(Fault::Vain).region(FIRST).kind("aws_s3_bucket_policy");
        told.cloud.inject(vain.operation("Update"));
        told.cloud.take_ledger();
        let ended = told.types(Verb::Promote, SECOND).await;
        assert!(ended.promotion && !ended.is_done(), "{ended:#?}");
        assert!(ended.told.iter().any(|t| t.contains("apply::did_not_happen")), "{ended:#?}");
        for region in [FIRST, SECOND, THIRD] {
            assert!(told.record(region).contains("\"epoch\":1"), "{region}");
        }
        assert!(told.changed().is_empty());
        told.cloud.clear_rules();
        told.types(Verb::Apply, SECOND).await;
        assert_eq!(told.changed().first(), Some(&fence(FIRST)));
        told.settles(SECOND).await;
    });
}

/// A region that returns is fenced first, and nothing is done there before that is seen.
#[test]
fn an_owed_fence_that_was_answered_and_is_not_there_stays_owed() {
    tell(async |mut told| {
        returned(&mut told).await;
        let vain = Rule::new(Fault::Vain).region(FIRST).kind("aws_s3_bucket_policy");
        told.cloud.inject(vain.operation("Update"));
        told.cloud.take_ledger();
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(ended.told.iter().any(|t| t.contains("apply::did_not_happen")), "{ended:#?}");
        assert!(told.changed().is_empty());
        told.cloud.clear_rules();
        is_fenced_first(&mut told).await;
    });
}

/// A person deletes the policy between the fence and the claim, where the run was held up.
#[test]
fn a_policy_that_is_gone_after_the_claim_is_made_again_before_another_region_takes_writes() {
    tell(async |mut told| {
        let stuck = Rule::new(Fault::Refuse).kind("aws_s3_object").operation("Update");
        told.cloud.inject(stuck);
        told.cloud.take_ledger();
        let ended = told.types(Verb::Promote, SECOND).await;
        assert!(ended.promotion && !ended.is_done(), "{ended:#?}");
        assert_eq!(told.changed(), [fence(FIRST)]);
        told.cloud.clear_rules();
        let policy = Key::regional(ACCOUNT, FIRST, "aws_s3_bucket_policy", &bucket(FIRST));
        assert!(told.cloud.remove(&policy));
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(ended.promotion && ended.is_done(), "{ended:#?}");
        let changed = told.changed();
        let at = |address: String| changed.iter().position(|it| *it == address).unwrap();
        assert!(at(fence(FIRST)) < at(fence(SECOND)), "{changed:?}");
        told.settles(SECOND).await;
    });
}

/// The region dies while its record is moved: nobody knows whether it was, and whoever goes on waits for it.
#[test]
fn what_a_claim_left_in_doubt_is_waited_for_and_not_begun_again() {
    tell(async |mut told| {
        let record = |fault| Rule::new(fault).region(FIRST).kind("aws_s3_object");
        told.cloud.inject(record(Fault::DropAnswer).operation("Update"));
        // It is read by the plan, and before the claim.
        told.cloud.inject(record(Fault::Refuse).operation("Read").nth(Nth::After(2)));
        let doubted = |ended: &Ended| {
            let said = |code: &str| ended.told.iter().any(|text| text.contains(code));
            !ended.is_done() && said("apply::in_doubt") && !said("apply::unrecorded")
        };
        let ended = told.types(Verb::Promote, SECOND).await;
        assert!(ended.promotion && doubted(&ended), "{ended:#?}");
        told.cloud.take_ledger();
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(ended.promotion && doubted(&ended), "{ended:#?}");
        assert!(told.changed().is_empty());
        told.cloud.clear_rules();
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(ended.promotion && ended.is_done(), "{ended:#?}");
        told.settles(SECOND).await;
    });
}

/// A copy of the state knows of a promotion that is open, and nothing of what came after it.
#[test]
fn a_promotion_that_another_overtook_is_not_gone_on_with() {
    tell(async |mut told| {
        let stuck = Rule::new(Fault::Refuse).region(SECOND).kind("aws_s3_bucket_policy");
        told.cloud.inject(stuck.operation("Update"));
        let ended = told.types(Verb::Promote, SECOND).await;
        assert!(ended.promotion && !ended.is_done(), "{ended:#?}");
        told.cloud.clear_rules();
        let copy = told.disk.crash(|unsynced| unsynced.units);
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(ended.promotion && ended.is_done(), "{ended:#?}");
        told.promotes(THIRD).await;
        let newest = std::mem::replace(&mut told.disk, copy);
        told.cloud.take_ledger();
        let ended = told.types(Verb::Apply, SECOND).await;
        assert!(ended.told.iter().any(|t| t.contains("promotion::overtaken")), "{ended:#?}");
        assert!(told.changed().is_empty());
        told.disk = newest;
        told.settles(THIRD).await;
    });
}
