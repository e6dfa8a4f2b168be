//! Stories that seeds told first: each was a defect of the engine, and is kept small here.

use lifeboat_sdk::{Location, RegionName};
use lifeboat_sim::{Blackout, Entry};
use lifeboat_state::backend::StateBackend as _;
use tokio::runtime::Builder;

use super::checkers::Checkers;
use super::process::{Ended, Fatality, Verb};
use super::world::World;

const HEAD: &str = "provider \"sim\" {\n  region = \"us-east-1\"\n}\n";

/// A world in which commands are typed in good weather.
struct Told {
    world: World,
    checkers: Checkers,
}

impl Told {
    async fn types(&mut self, verb: Verb, text: &str) -> Ended {
        self.checkers.begin(&self.world.disk, verb != Verb::Plan);
        let text = format!("{HEAD}{text}");
        let ended = self.world.process(verb, &text, Fatality::default()).await.unwrap();
        self.checkers.end(&self.world.disk);
        let found = self.checkers.found();
        assert!(found.is_empty(), "{found:#?}\n{ended:#?}");
        ended
    }

    /// Applies to the end; nothing is left to do then. Gives the calls that changed something.
    async fn applies(&mut self, text: &str) -> Vec<String> {
        self.world.cloud.take_ledger();
        let ended = self.types(Verb::Apply, text).await;
        assert!(ended.is_done(), "{ended:#?}");
        let changed = |call: &Entry| call.had_effect();
        let calls = self.world.cloud.take_ledger();
        let calls = calls.iter().filter(|call| changed(call)).map(|call| {
            let sent: Vec<String> = call.sent.iter().map(|s| s.address.to_string()).collect();
            format!("{} {}", call.operation, sent.join(" "))
        });
        let calls: Vec<String> = calls.collect();
        let again = self.types(Verb::Plan, text).await;
        assert_eq!(again.changes, Some(Vec::new()), "{calls:?}");
        calls
    }

    fn lose(&self, region: &str) {
        self.world.cloud.blackout(Location::Region(RegionName::from(region)), Blackout::Refuse);
    }

    fn restore(&self, region: &str) {
        self.world.cloud.restore(&Location::Region(RegionName::from(region)));
    }

    fn ids(&self, kind: &str) -> Vec<String> {
        let objects = self.world.cloud.objects();
        let of = objects.iter().filter(|object| *object.key.kind == *kind);
        of.map(|object| format!("{} {}", object.key.location, object.key.id)).collect()
    }
}

fn tell<F: Future<Output = ()>>(story: impl FnOnce(Told) -> F) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::new(1);
        let checkers = Checkers::new(&world.cloud);
        story(Told { world, checkers }).await;
    });
}

#[test]
fn a_predecessor_in_another_region_is_removed_although_its_successor_has_its_id() {
    tell(async |mut told| {
        let in_region = |region: &str| {
            format!(
                "resource \"sim_store\" \"a\" {{\n  name = \"a\"\n  region = \"{region}\"\n  \
                 lifecycle {{\n    create_before_destroy = true\n  }}\n}}\n"
            )
        };
        told.applies(&in_region("us-east-1")).await;
        let calls = told.applies(&in_region("us-west-2")).await;
        assert_eq!(calls, ["Create sim_store.a", "Delete sim_store.a"]);
        assert_eq!(told.ids("sim_store"), ["us-west-2 a"]);
    });
}

/// The plan says what the others are made of; while they are made the instance is still there.
#[test]
fn an_instance_that_goes_is_in_nothing_that_is_made_meanwhile() {
    tell(async |mut told| {
        let with = |keys: &str| {
            format!(
                "resource \"sim_store\" \"a\" {{\n  for_each = toset([{keys}])\n  \
                 name = each.key\n}}\n\
                 resource \"sim_store\" \"b\" {{\n  name = \"b\"\n  \
                 readers = values(sim_store.a)[*].id\n}}\n"
            )
        };
        told.applies(&with("\"x\", \"y\"")).await;
        let calls = told.applies(&with("\"x\"")).await;
        assert_eq!(calls, ["Update sim_store.b", "Delete sim_store.a[\"y\"]"]);
    });
}

#[test]
fn a_resource_without_instances_is_empty_while_applying_too() {
    tell(async |mut told| {
        let text = "resource \"sim_store\" \"a\" {\n  for_each = toset([])\n  name = each.key\n}\n\
                    resource \"sim_store\" \"b\" {\n  count = 0\n  name = \"b\"\n}\n\
                    resource \"terraform_data\" \"c\" {\n  \
                    input = concat(values(sim_store.a)[*].id, sim_store.b[*].id)\n}\n";
        told.applies(text).await;
    });
}

#[test]
fn two_elements_of_a_set_that_are_not_known_yet_stay_two() {
    tell(async |mut told| {
        let variable = "variable \"s\" {\n  default = \"hush\"\n  sensitive = true\n}\n";
        let secret = |name: &str| {
            format!(
                "resource \"sim_secret\" \"{name}\" {{\n  name = \"{name}\"\n  value = var.s\n}}\n"
            )
        };
        let text = format!(
            "{variable}{}{}resource \"sim_store\" \"c\" {{\n  name = \"c\"\n  \
             readers = [sim_secret.a.id, sim_secret.b.id]\n}}\n",
            secret("a"),
            secret("b")
        );
        told.applies(&text).await;
    });
}

/// Secrets of a `for_each` that are replaced, successors first, and a store that uses them.
fn used(region: &str) -> String {
    format!(
        "variable \"s\" {{\n  default = \"hush\"\n  sensitive = true\n}}\n\
         resource \"sim_secret\" \"a\" {{\n  for_each = toset([\"x\", \"y\"])\n  \
         name = each.key\n  value = var.s\n  region = \"{region}\"\n  \
         lifecycle {{\n    create_before_destroy = true\n  }}\n}}\n\
         resource \"sim_store\" \"b\" {{\n  name = \"b\"\n  region = \"us-west-2\"\n  \
         readers = values(sim_secret.a)[*].id\n}}\n"
    )
}

#[test]
fn predecessors_of_a_for_each_go_after_what_used_them_was_changed() {
    tell(async |mut told| {
        told.applies(&used("us-east-1")).await;
        let calls = told.applies(&used("eu-central-1")).await;
        assert_eq!(calls[2], "Update sim_store.b", "{calls:?}");
        assert_eq!(calls.len(), 5, "{calls:?}");
    });
}

#[test]
fn what_an_object_in_a_lost_region_still_uses_stays_until_it_is_changed() {
    tell(async |mut told| {
        told.applies(&used("us-east-1")).await;
        told.lose("us-west-2");
        let ended = told.types(Verb::Apply, &used("eu-central-1")).await;
        assert!(ended.is_done(), "{ended:#?}");
        let says = |code: &str| ended.told.iter().any(|line| line.contains(code));
        assert!(says("plan::predecessor_stays"), "{ended:#?}");
        assert_eq!(told.ids("sim_secret").len(), 4, "both generations are there");
        told.restore("us-west-2");
        told.applies(&used("eu-central-1")).await;
        assert_eq!(told.ids("sim_secret").len(), 2);
    });
}

#[test]
fn what_an_object_in_a_lost_region_still_uses_is_not_deleted() {
    tell(async |mut told| {
        let a = "resource \"sim_store\" \"a\" {\n  name = \"a\"\n}\n";
        let b = |needs: &str| {
            format!(
                "resource \"sim_store\" \"b\" {{\n  name = \"b\"\n  region = \"us-west-2\"\n  \
                 readers = [{needs}]\n}}\n"
            )
        };
        told.applies(&format!("{a}{}", b("sim_store.a.id"))).await;
        told.lose("us-west-2");
        let ended = told.types(Verb::Apply, &b("")).await;
        assert!(ended.is_done(), "{ended:#?}");
        assert_eq!(told.ids("sim_store").len(), 2);
        told.restore("us-west-2");
        let calls = told.applies(&b("")).await;
        assert_eq!(calls, ["Update sim_store.b", "Delete sim_store.a"]);
    });
}

#[test]
fn state_tells_that_an_object_was_read_again_although_nothing_else_is_to_do() {
    tell(async |mut told| {
        let text = "resource \"sim_store\" \"a\" {\n  name = \"a\"\n  region = \"us-west-2\"\n}\n";
        let more = format!("{text}resource \"terraform_data\" \"b\" {{\n}}\n");
        told.applies(text).await;
        told.lose("us-west-2");
        assert!(told.types(Verb::Apply, &more).await.is_done());
        let stale = async |told: &Told| {
            let backend = told.world.backend().await.unwrap();
            let state = backend.load().await.unwrap().unwrap().state;
            state.objects["sim_store.a"].stale.is_some()
        };
        assert!(stale(&told).await);
        told.restore("us-west-2");
        told.applies(&more).await;
        assert!(!stale(&told).await);
    });
}

#[test]
fn what_moved_is_still_needed_under_its_old_name_until_its_user_is_changed() {
    tell(async |mut told| {
        let a = |name: &str| format!("resource \"sim_store\" \"{name}\" {{\n  name = \"a\"\n}}\n");
        let b = |needs: &str| {
            format!("resource \"sim_store\" \"b\" {{\n  name = \"b\"\n  readers = [{needs}]\n}}\n")
        };
        told.applies(&format!("{}{}", a("x"), b("sim_store.x.id"))).await;
        let moved = "moved {\n  from = sim_store.x\n  to = sim_store.y\n}\n";
        let calls = told.applies(&format!("{moved}{}", b(""))).await;
        assert_eq!(calls, ["Update sim_store.b", "Delete sim_store.y"]);
    });
}

#[test]
fn an_object_that_is_gone_and_moved_and_not_declared_leaves_the_state() {
    tell(async |mut told| {
        let a = "resource \"sim_store\" \"a\" {\n  name = \"a\"\n}\n";
        told.applies(a).await;
        let key = told.world.cloud.objects()[0].key.clone();
        told.world.cloud.remove(&key);
        let moved = "moved {\n  from = sim_store.a\n  to = sim_store.b\n}\n";
        assert!(told.applies(moved).await.is_empty());
    });
}

/// The watcher of the checkers sees a call before it has an effect.
#[test]
fn the_checkers_see_a_call_without_an_intent() {
    tell(async |mut told| {
        let text = "resource \"sim_store\" \"a\" {\n  name = \"a\"\n}\n";
        // The checkers look at another disk than the one that is written to.
        told.checkers.begin(&lifeboat_state::store::MemoryDisk::new(), true);
        let text = format!("{HEAD}{text}");
        let ended = told.world.process(Verb::Apply, &text, Fatality::default()).await;
        assert!(ended.unwrap().is_done());
        let found = told.checkers.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("intent first"), "{found:?}");
    });
}
