//! Services in promotions: what is raised before the fence, what is lowered as one, and what is owed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lifeboat_sdk::{
    Call, Change, Class, Ctx, Failure, Kind, Name, Observation, Outcome, Ownership, Present, Scope,
    Service, Severity, Target, Value,
};
use lifeboat_sdk_derive::Kind;
use lifeboat_state::model::{ObjectStatus, Owed, State};

use super::{Asked, Only, planned_by};
use crate::apply::{document, record};
use crate::diff::Action;
use crate::engine::planning::Made;
use crate::plan::{Act, ObjectChange, Phase};
use crate::registry::Catalogue;

static READ: Call = Call::read("groups", "ReadGroup", "groups:ReadGroup");

/// How many instances the groups of others shall have, by region.
type Groups = Arc<Mutex<BTreeMap<String, i64>>>;

/// A group as far as services set it.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Group {
    /// Its name.
    #[kind(required, forces_replacement, identity)]
    name: String,
    /// Its region.
    #[kind(optional_computed, forces_replacement, identity)]
    region: Option<String>,
    /// The least number of instances.
    #[kind(optional)]
    min_size: Option<i64>,
    /// How many there shall be.
    #[kind(optional)]
    desired_capacity: Option<i64>,
    /// Its name.
    #[kind(computed, identity)]
    id: Option<String>,
}

#[derive(Clone)]
struct GroupKind(Groups);

impl Kind for GroupKind {
    type Object = Group;
    const NAME: &'static str = "aws_autoscaling_group";
    const SERVICE: Service = Service { name: "autoscaling", home: None };
    const OWNERSHIP: Ownership = Ownership::Operated;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("name").and_then(Value::as_str).map(Into::into)
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Group>> {
        let region = scope.location.region().to_string();
        let mut found = Vec::new();
        for target in targets {
            let name = target.id.clone().or_else(|| self.id_of(&target.hint)).unwrap_or_default();
            let capacity = self.0.lock().unwrap().get(&region).copied();
            let gone = || Failure::new(Class::NotFound, "no such group").code("NoSuchGroup");
            let answer = || std::future::ready(capacity.ok_or_else(gone));
            found.push(match ctx.call(&READ, scope, answer).await {
                Ok(capacity) => {
                    let group = Group {
                        name: name.to_string(),
                        region: Some(region.clone()),
                        min_size: Some(0),
                        desired_capacity: Some(capacity),
                        id: Some(name.to_string()),
                    };
                    Observation::Present(Present::new(name, group))
                }
                Err(failure) => Observation::from_failure(scope, failure),
            });
        }
        found
    }

    async fn write(&self, _: &Ctx, _: &Scope, changes: Vec<Change<Group>>) -> Vec<Outcome<Group>> {
        let refused = || Failure::new(Class::Other, "these tests only plan");
        changes.iter().map(|_| Err(refused().into())).collect()
    }
}

/// A topology of three regions with this one as the primary, and a service.
fn files(primary: &str, more: &str) -> String {
    format!(
        r#"
topology "web" {{
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2", "eu-west-1"]
  primary  = "{primary}"
}}
region "us-east-1" {{}}
region "us-west-2" {{}}
region "eu-west-1" {{}}
service "api" {{
  autoscaling_group = {{ us-east-1 = "api", us-west-2 = "api", eu-west-1 = "api" }}
  capacity          = {{ primary = 6, standby = 2 }}
  min_size          = {{ primary = 0, standby = 0 }}
  {more}
}}
"#
    )
}

const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// The groups in the regions of [`REGIONS`].
fn groups(capacities: [i64; 3]) -> Groups {
    let all = REGIONS.iter().map(|region| (*region).to_owned()).zip(capacities);
    Arc::new(Mutex::new(all.collect()))
}

async fn plan(groups: &Groups, text: &str, state: Option<&State>, down: &[&str]) -> Made {
    let only = Only::of("aws", GroupKind(groups.clone()));
    let catalogue = Catalogue::of(vec![Arc::new(only)]);
    planned_by(catalogue, text, state, &Asked::default(), down).await
}

/// The state in which us-east-1 is the primary, and what is live is what the files say.
async fn applied(groups: &Groups, text: &str) -> State {
    let made = plan(groups, text, None, &[]).await;
    assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
    let mut state = State::new("6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11", "0.1.0");
    (state.epoch, state.primary) = (1, Some("us-east-1".to_owned()));
    for change in &made.plan.changes {
        assert_eq!(change.action, Action::NoOp, "{}", change.address);
        let stored = document::store(change.before.as_ref().unwrap()).unwrap();
        let id = change.id.as_ref().map(ToString::to_string);
        let object = record::record(change, &made.providers, stored, id, ObjectStatus::Ok);
        state.objects.insert(object.address.clone(), object);
    }
    state
}

fn address(region: &str) -> String {
    format!("service.api.aws_autoscaling_group[\"{region}\"]")
}

fn change<'m>(made: &'m Made, region: &str) -> Option<&'m ObjectChange> {
    made.plan.changes.iter().find(|change| change.address.to_string() == address(region))
}

/// What a plan does in a region: the phase, and the capacity before and after.
fn does(made: &Made, region: &str) -> Option<(Phase, i64, i64)> {
    let change = change(made, region).filter(|change| change.action != Action::NoOp)?;
    let of = |document: &Option<Value>| document.as_ref()?.get("desired_capacity")?.as_i64();
    let member = |change: usize| made.plan.changes[change].address.to_string();
    let mut steps = made.plan.steps.iter();
    let step = steps.find(|s| s.members.iter().any(|m| member(m.change) == address(region)))?;
    Some((step.phase, of(&change.before)?, of(&change.after)?))
}

#[tokio::test]
async fn the_new_primary_is_raised_before_the_old_one_is_emptied_and_a_third_region_stays() {
    let groups = groups([6, 2, 2]);
    let state = applied(&groups, &files("us-east-1", "")).await;
    let made = plan(&groups, &files("us-west-2", ""), Some(&state), &[]).await;
    assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
    assert_eq!(does(&made, "us-west-2"), Some((Phase::Prepare, 2, 6)));
    // Nothing at all, although the standby has some: what writes there must end.
    assert_eq!(does(&made, "us-east-1"), Some((Phase::Fence, 6, 0)));
    assert_eq!(does(&made, "eu-west-1"), None);
    assert!(!made.plan.promotion.as_ref().unwrap().needs_attestation());
    // After the claim it is looked at once more; where it is gone, nothing is made in its place.
    let looks: Vec<_> = made.plan.tasks(Act::Hold).collect();
    let [look] = &*looks else { panic!("{looks:?}") };
    assert_eq!(*look.about, *address("us-east-1"));
    assert_eq!(look.arguments.get("keeps_out"), Some(&Value::Bool(false)));
}

#[tokio::test]
async fn the_plan_after_it_gives_the_old_primary_what_a_standby_has() {
    let groups = groups([6, 2, 2]);
    let mut state = applied(&groups, &files("us-east-1", "")).await;
    (state.epoch, state.primary) = (2, Some("us-west-2".to_owned()));
    state.promotions.left = Some("us-east-1".to_owned());
    groups.lock().unwrap().extend([("us-east-1".to_owned(), 0), ("us-west-2".to_owned(), 6)]);
    let made = plan(&groups, &files("us-west-2", ""), Some(&state), &[]).await;
    assert_eq!(does(&made, "us-east-1"), Some((Phase::Change, 0, 2)));
    assert_eq!(does(&made, "us-west-2"), None);
}

#[tokio::test]
async fn what_all_regions_write_is_only_raised() {
    let groups = groups([6, 2, 2]);
    let all = "writers = \"all\"";
    let state = applied(&groups, &files("us-east-1", all)).await;
    let made = plan(&groups, &files("us-west-2", all), Some(&state), &[]).await;
    assert_eq!(does(&made, "us-west-2"), Some((Phase::Prepare, 2, 6)));
    assert_eq!(change(&made, "us-east-1").map(|change| change.action), None);
    assert_eq!(made.plan.promotion.map(|promotion| promotion.waiting), Some(1));
}

#[tokio::test]
async fn a_region_that_does_not_answer_owes_that_it_is_emptied_and_does_so_first() {
    let groups = groups([6, 2, 2]);
    let mut state = applied(&groups, &files("us-east-1", "")).await;
    let made = plan(&groups, &files("us-west-2", ""), Some(&state), &["us-east-1"]).await;
    assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
    assert_eq!(made.plan.returns_writable, ["us-east-1".into()]);
    let text = crate::view::promotion::exposed(&made.plan, crate::view::paint::Paint::default());
    let returns = "us-east-1 returns writable until the owed fence is placed.";
    assert!(text.contains(returns), "{text}");
    let guarded = files("us-west-2", "")
        .replace("region \"us-east-1\" {}", "region \"us-east-1\" {\n  guard = true\n}");
    let guarded = plan(&groups, &guarded, Some(&state), &["us-east-1"]).await;
    assert!(guarded.plan.returns_writable.is_empty(), "{:?}", guarded.diagnostics);
    let promotion = made.plan.promotion.unwrap();
    let owed: Vec<String> = promotion.owed.iter().map(ToString::to_string).collect();
    assert_eq!(owed, [address("us-east-1")]);
    assert!(promotion.needs_attestation());

    (state.epoch, state.primary) = (2, Some("us-west-2".to_owned()));
    let since = "2026-11-20T13:00:00Z".to_owned();
    let owed = Owed { region: "us-east-1".to_owned(), epoch: 2, since };
    state.promotions.owed.insert(address("us-east-1"), owed);
    groups.lock().unwrap().insert("us-west-2".to_owned(), 6);
    let away = plan(&groups, &files("us-west-2", ""), Some(&state), &["us-east-1"]).await;
    assert_eq!(away.plan.returns_writable, ["us-east-1".into()], "an ordinary plan says it, too");
    // It returns with all that it had: nothing of it may run before it is a standby.
    let made = plan(&groups, &files("us-west-2", ""), Some(&state), &[]).await;
    assert_eq!(does(&made, "us-east-1"), Some((Phase::Change, 6, 0)));
    assert!(made.plan.returns_writable.is_empty(), "this plan places it");
}

#[tokio::test]
async fn several_fences_of_one_region_do_not_wait_for_each_other() {
    let groups = groups([6, 2, 2]);
    let second = |primary: &str| {
        let text = files(primary, "");
        let (head, service) = text.split_once("service").unwrap();
        let other = service.replace("\"api\"", "\"jobs\"");
        format!("{head}service{service}\nservice{other}")
    };
    let mut state = applied(&groups, &second("us-east-1")).await;
    (state.epoch, state.primary) = (2, Some("us-west-2".to_owned()));
    for name in ["api", "jobs"] {
        let since = "2026-11-20T13:00:00Z".to_owned();
        let owed = Owed { region: "us-east-1".to_owned(), epoch: 2, since };
        state.promotions.owed.insert(address("us-east-1").replace("api", name), owed);
    }
    let made = plan(&groups, &second("us-west-2"), Some(&state), &[]).await;
    assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
    assert_eq!(does(&made, "us-east-1"), Some((Phase::Change, 6, 0)));
}

#[tokio::test]
async fn what_is_gone_from_the_region_that_is_left_hinders_nobody() {
    let groups = groups([6, 2, 2]);
    let state = applied(&groups, &files("us-east-1", "")).await;
    groups.lock().unwrap().remove("us-east-1");
    let made = plan(&groups, &files("us-west-2", ""), Some(&state), &[]).await;
    let missing = made.diagnostics.0.iter().find(|found| found.code == "plan::operated_missing");
    assert_eq!(missing.map(|found| found.severity), Some(Severity::Warning));
    assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
    assert_eq!(does(&made, "us-west-2"), Some((Phase::Prepare, 2, 6)));
    // In the new primary it is needed.
    groups.lock().unwrap().remove("us-west-2");
    let made = plan(&groups, &files("us-west-2", ""), Some(&state), &[]).await;
    assert!(made.diagnostics.has_errors());
}
