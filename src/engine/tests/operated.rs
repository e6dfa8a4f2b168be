//! Kinds whose objects are somebody else's: taken over as they are, never made, replaced or removed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lifeboat_sdk::{
    Call, Change, Class, Ctx, Failure, Kind, Name, Observation, Outcome, Ownership, Present, Scope,
    Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;
use lifeboat_state::model::{Mode, ObjectStatus, State};

use super::{Asked, Only, planned_by};
use crate::address::Address;
use crate::apply::{document, record};
use crate::diff::Action;
use crate::engine::planning::Made;
use crate::plan::{Deferral, ObjectChange, PlanMode};
use crate::registry::Catalogue;

static READ: Call = Call::read("dials", "ReadDial", "dials:ReadDial");

/// Dials of others by region and name, and how far each is turned.
type Dials = Arc<Mutex<BTreeMap<(String, String), i64>>>;

/// `a_dial`: something that others make and we turn.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Dial {
    /// Its name.
    #[kind(required, forces_replacement, identity)]
    name: String,
    /// Its region.
    #[kind(optional_computed, forces_replacement, identity)]
    region: Option<String>,
    /// How far it is turned.
    #[kind(optional_computed)]
    turn: Option<i64>,
    /// Its name.
    #[kind(computed, identity)]
    id: Option<String>,
}

#[derive(Clone)]
struct DialKind(Dials);

impl Kind for DialKind {
    type Object = Dial;
    const NAME: &'static str = "a_dial";
    const SERVICE: Service = Service { name: "dials", home: None };
    const OWNERSHIP: Ownership = Ownership::Operated;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("name").and_then(Value::as_str).map(Into::into)
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Dial>> {
        let mut found = Vec::new();
        for target in targets {
            let id = target.id.clone().or_else(|| self.id_of(&target.hint)).unwrap_or_default();
            let key = (scope.location.region().to_string(), id.to_string());
            let turn = self.0.lock().unwrap().get(&key).copied();
            let gone = || Failure::new(Class::NotFound, "no such dial").code("NoSuchDial");
            let answer = || std::future::ready(turn.ok_or_else(gone));
            found.push(match ctx.call(&READ, scope, answer).await {
                Ok(turn) => {
                    let (region, name) = key;
                    let (turn, id) = (Some(turn), Some(name.clone()));
                    let dial = Dial { region: Some(region), turn, id, name };
                    Observation::Present(Present::new(&*dial.name.clone(), dial))
                }
                Err(failure) => Observation::from_failure(scope, failure),
            });
        }
        found
    }

    async fn write(&self, _: &Ctx, _: &Scope, changes: Vec<Change<Dial>>) -> Vec<Outcome<Dial>> {
        let refused = || Failure::new(Class::Other, "these tests only plan");
        changes.iter().map(|_| Err(refused().into())).collect()
    }
}

/// Dials that others have made, all in us-east-1 but those that name their region.
fn dials(turns: &[(&str, i64)]) -> Dials {
    let key = |name: &str| match name.split_once('/') {
        Some((region, name)) => (region.to_owned(), name.to_owned()),
        None => ("us-east-1".to_owned(), name.to_owned()),
    };
    Arc::new(Mutex::new(turns.iter().map(|(name, turn)| (key(name), *turn)).collect()))
}

async fn plan(dials: &Dials, text: &str, state: Option<&State>, asked: &Asked) -> Made {
    plan_without(dials, text, state, asked, &[]).await
}

async fn plan_without(
    dials: &Dials,
    text: &str,
    state: Option<&State>,
    asked: &Asked,
    down: &[&str],
) -> Made {
    let catalogue = Catalogue::of(vec![Arc::new(Only::of("a", DialKind(dials.clone())))]);
    planned_by(catalogue, text, state, asked, down).await
}

/// The state after a plan that only takes over what is there.
fn kept(made: &Made) -> State {
    let mut state = State::new("6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11", "0.1.0");
    for change in &made.plan.changes {
        let stored = document::store(change.before.as_ref().unwrap()).unwrap();
        let id = change.id.as_ref().map(ToString::to_string);
        let object = record::record(change, &made.providers, stored, id, ObjectStatus::Ok);
        assert_eq!(object.mode, Mode::Operated);
        state.objects.insert(object.address.clone(), object);
    }
    state
}

/// The one change of a plan without errors.
#[track_caller]
fn only(made: &Made) -> &ObjectChange {
    assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
    match &made.plan.changes[..] {
        [change] => change,
        several => panic!("{} changes", several.len()),
    }
}

#[track_caller]
fn turns(change: &ObjectChange) -> [Option<i64>; 2] {
    let turn = |document: &Option<Value>| document.as_ref()?.get("turn")?.as_i64();
    [turn(&change.before), turn(&change.after)]
}

fn dial(name: &str, rest: &str) -> String {
    format!("resource \"a_dial\" \"it\" {{\n  name = \"{name}\"\n  {rest}\n}}\n")
}

#[tokio::test]
async fn what_is_there_is_taken_over_and_turned() {
    let dials = dials(&[("volume", 3)]);
    let made = plan(&dials, &dial("volume", "turn = 7"), None, &Asked::default()).await;
    let change = only(&made);
    assert_eq!((change.action, change.operated), (Action::Update, true));
    assert_eq!(change.importing.as_deref(), Some("volume"));
    assert_eq!(turns(change), [Some(3), Some(7)]);
    // What the files do not say stays as others have it.
    let made = plan(&dials, &dial("volume", ""), None, &Asked::default()).await;
    let change = only(&made);
    assert_eq!((change.action, turns(change)), (Action::NoOp, [Some(3), Some(3)]));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_is_not_made() {
    let made = plan(&dials(&[]), &dial("volume", "turn = 7"), None, &Asked::default()).await;
    let codes: Vec<&str> = made.diagnostics.0.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["plan::operated_missing"]);
    assert!(made.diagnostics.0[0].span.is_some());
    assert!(made.plan.changes.is_empty());
    // Nor where it went away.
    let there = dials(&[("volume", 3)]);
    let state = kept(&plan(&there, &dial("volume", ""), None, &Asked::default()).await);
    there.lock().unwrap().clear();
    let made = plan(&there, &dial("volume", ""), Some(&state), &Asked::default()).await;
    let codes: Vec<&str> = made.diagnostics.0.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["plan::operated_missing"]);
}

#[tokio::test]
async fn what_is_no_longer_declared_is_let_go() {
    let dials = dials(&[("volume", 3)]);
    let state = kept(&plan(&dials, &dial("volume", ""), None, &Asked::default()).await);
    let removed = "removed {\n  from = a_dial.it\n  lifecycle { destroy = true }\n}\n";
    let destroy = Asked { mode: PlanMode::Destroy, ..Asked::default() };
    let declared = dial("volume", "");
    for (text, asked) in
        [("", &Asked::default()), (removed, &Asked::default()), (&declared, &destroy)]
    {
        let made = plan(&dials, text, Some(&state), asked).await;
        assert_eq!(only(&made).action, Action::Forget, "{text}");
    }
}

#[tokio::test]
async fn another_name_or_region_takes_over_another_and_replaces_nothing() {
    let dials = dials(&[("volume", 3), ("tone", 4), ("us-west-2/volume", 5)]);
    let state = kept(&plan(&dials, &dial("volume", ""), None, &Asked::default()).await);
    let cases = [
        (dial("tone", "turn = 9"), "tone", [Some(4), Some(9)]),
        (dial("volume", "turn = 9\n  region = \"us-west-2\""), "volume", [Some(5), Some(9)]),
    ];
    for (text, id, turned) in cases {
        let made = plan(&dials, &text, Some(&state), &Asked::default()).await;
        let change = only(&made);
        assert_eq!((change.action, turns(change)), (Action::Update, turned), "{text}");
        assert_eq!(change.id.as_deref(), Some(id));
    }
    let replace = Asked { replace: vec![Address::parse("a_dial.it").unwrap()], ..Asked::default() };
    let made = plan(&dials, &dial("volume", "turn = 9"), Some(&state), &replace).await;
    assert_eq!(only(&made).action, Action::Update);
}

#[tokio::test]
async fn what_cannot_be_reached_is_deferred_and_not_called_missing() {
    let dials = dials(&[("volume", 3)]);
    let text = dial("volume", "turn = 7");
    let made = plan_without(&dials, &text, None, &Asked::default(), &["us-east-1"]).await;
    let change = only(&made);
    assert!(matches!(change.deferred, Some(Deferral::Unreachable { .. })), "{change:?}");
    let state = kept(&plan(&dials, &dial("volume", ""), None, &Asked::default()).await);
    let made = plan_without(&dials, &text, Some(&state), &Asked::default(), &["us-east-1"]).await;
    let change = only(&made);
    assert_eq!(change.action, Action::Update);
    assert!(change.deferred.is_some(), "{change:?}");
}
