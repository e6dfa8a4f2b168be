//! `lifeboat simulate` on states that real applies left: what is told is what the engine then does, in
//! virtual time, and how much work it is does not depend on what hangs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lifeboat::builtin::Builtin;
use lifeboat::engine::context::Contexts;
use lifeboat::engine::files::Files;
use lifeboat::engine::simulate::{
    Ending, Error, Fate, Given, Scene, Simulation, Source, Standing, StepRun, Times, play,
};
use lifeboat::engine::{Settings, load};
use lifeboat::plan::promotion::Mode;
use lifeboat::plan::{Phase, Promotion};
use lifeboat::registry::Catalogue;
use lifeboat_sdk::provider::Provider;
use lifeboat_sdk::{Interrupt, RegionName};
use lifeboat_sim::{SimCloud, SimProvider};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::durations::Durations;
use lifeboat_state::model::State;
use lifeboat_state::store::MemoryDisk;
use tokio::sync::watch;

use super::STACK;
use super::process::{Command, Fatality, Verb, backend};

pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "us-west-2";

/// The state that an apply of these files leaves.
fn applied(text: &str, provider: Arc<dyn Provider>, cloud: &SimCloud) -> State {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let disk = MemoryDisk::new();
        let approve = |_: &Promotion| None;
        let (seed, number, verb) = (1, 1, Verb::Apply);
        let command = Command {
            cloud,
            disk: &disk,
            provider,
            seed,
            number,
            begun: None,
            verb,
            text,
            approve,
            rehearsal: None,
        };
        let ended = command.process(Fatality::default()).await.unwrap();
        assert!(ended.is_done(), "{ended:?}");
        backend(&disk).await.unwrap().load().await.unwrap().unwrap().state
    })
}

/// What is tried, and with what.
pub(super) struct Trial {
    text: String,
    provider: Arc<dyn Provider>,
    state: State,
    pub(super) mode: Mode,
    pub(super) global: bool,
    pub(super) fail: Option<&'static str>,
    pub(super) declared: Vec<(&'static str, u64)>,
    pub(super) measured: Durations,
}

impl Trial {
    /// The loss of the first region on the state after an apply of these files.
    pub(super) fn of(text: &str, over: impl Fn(&SimCloud) -> Arc<dyn Provider>) -> Self {
        let cloud = SimCloud::new(1);
        let provider = over(&cloud);
        let state = on_a_deep_stack(|| applied(text, Arc::clone(&provider), &cloud));
        Self {
            text: text.to_owned(),
            provider,
            state,
            mode: Mode::Ungraceful,
            global: false,
            fail: None,
            declared: Vec::new(),
            measured: Durations::default(),
        }
    }

    /// Plays it.
    pub(super) fn plays(&self) -> Result<Simulation, Error> {
        on_a_deep_stack(|| play(self.given()))
    }

    #[track_caller]
    pub(super) fn played(&self) -> Simulation {
        self.plays().unwrap()
    }

    fn given(&self) -> Given {
        let text = ["primary = ", "primary  = "].iter().fold(self.text.clone(), |text, name| {
            text.replace(&format!("{name}\"{EAST}\""), &format!("{name}\"{WEST}\""))
        });
        let root = PathBuf::from("simulated");
        let files = BTreeMap::from([("main.dr.hcl".to_owned(), text.into_bytes())]);
        let now = jiff::Timestamp::UNIX_EPOCH;
        let files = Arc::new(Files::stored(files, &root));
        let contexts = Contexts { files, now, settled: false, seed: 3 };
        let settings = Settings {
            root,
            variables: Vec::new(),
            environment: BTreeMap::new(),
            now,
            assume_down: Vec::new(),
            parallelism: 64,
            seed: 3,
        };
        let catalogue = Catalogue::of(vec![Arc::new(Builtin), Arc::clone(&self.provider)]);
        let (loaded, found) =
            contexts.with(|context| load::load(&settings, catalogue, &*contexts.files, context));
        assert!(!found.has_errors(), "{found:?}");
        let declared = self.declared.iter();
        let declared = declared.map(|(name, s)| ((*name).to_owned(), Duration::from_secs(*s)));
        let last = self.state.promotions.last.as_ref();
        let times = Times::new(declared.collect(), self.measured.clone(), last, &loaded.catalogue);
        Given {
            loaded,
            contexts,
            settings,
            state: self.state.clone(),
            in_doubt: BTreeMap::new(),
            positions: Default::default(),
            scene: Scene {
                lose: EAST.into(),
                cloud_region: RegionName::from(EAST),
                mode: self.mode,
                global: self.global,
                fail: self.fail.map(str::to_owned),
            },
            times,
            interrupt: watch::channel(Interrupt::None).1,
        }
    }
}

/// As the threads of the program have it.
fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap();
        thread.join().unwrap()
    })
}

/// The steps of a phase.
#[track_caller]
pub(super) fn steps(simulation: &Simulation, phase: Phase) -> Vec<StepRun> {
    let course = simulation.course.as_ref().unwrap_or_else(|| panic!("{simulation:?}"));
    let run = course.phases.iter().find(|run| run.phase == phase);
    run.map(|run| run.steps.clone()).unwrap_or_default()
}

/// Hooks in two phases, beside as many stores as are asked for, half of them in each region.
fn hooked(stores: usize) -> String {
    format!(
        "provider \"sim\" {{}}\n\
         topology \"t\" {{\n  strategy = \"warm_standby\"\n  regions = [\"{EAST}\", \"{WEST}\"]\n  \
         primary = \"{EAST}\"\n  objective {{ rto = \"5m\" }}\n}}\n\
         region \"{EAST}\" {{}}\nregion \"{WEST}\" {{}}\n\
         hook \"drain\" {{\n  phase = \"fence\"\n  when = \"before\"\n  \
         command = [\"/this/is/never/run\"]\n  timeout = \"40s\"\n}}\n\
         hook \"vpn\" {{\n  phase = \"switch\"\n  \
         webhook {{ url = \"https://nobody.invalid/\" }}\n  timeout = \"2m\"\n}}\n\
         resource \"sim_store\" \"all\" {{\n  count = {stores}\n  name = \"s${{count.index}}\"\n  \
         region = count.index % 2 == 0 ? \"{EAST}\" : \"{WEST}\"\n  size = 1\n}}\n"
    )
}

fn sim(cloud: &SimCloud) -> Arc<dyn Provider> {
    Arc::new(SimProvider::new(cloud))
}

#[test]
fn hooks_are_not_run_and_take_what_they_may_what_is_declared_or_what_was_measured() {
    let mut trial = Trial::of(&hooked(2), sim);
    trial.mode = Mode::Graceful;
    let seconds = |played: &Simulation| {
        let course = played.course.as_ref().unwrap();
        (course.took.as_secs(), played.known_by(Source::Limit).as_secs())
    };
    let played = trial.played();
    assert_eq!(played.course.as_ref().unwrap().ending, Ending::Promoted, "{played:?}");
    assert_eq!(seconds(&played), (160, 160));
    assert_eq!(played.keeps_objective(), Some(true));
    trial.declared = vec![("hook.vpn", 15)];
    let played = trial.played();
    assert_eq!(seconds(&played), (55, 40));
    let path = &played.course.as_ref().unwrap().path;
    let told: Vec<&str> = path.iter().map(|link| &*link.what).collect();
    assert_eq!(told, ["hook hook.drain", "hook hook.vpn"]);
    let sum: Duration = path.iter().map(|link| link.adds).sum();
    assert_eq!(sum, played.course.as_ref().unwrap().took, "the path is all of it");
    // What takes longer than it may fails.
    trial.declared = vec![("hook.drain", 41)];
    let played = trial.played();
    assert_eq!(played.course.as_ref().unwrap().ending, Ending::Stopped(Standing::Unclaimed));
}

#[test]
fn what_is_behind_a_step_that_fails_is_blocked_and_the_standing_has_a_name() {
    let mut trial = Trial::of(&hooked(2), sim);
    trial.fail = Some("hook.drain");
    let played = trial.played();
    let ending = |played: &Simulation| played.course.as_ref().unwrap().ending;
    assert_eq!(ending(&played), Ending::Stopped(Standing::Unclaimed));
    assert!(matches!(steps(&played, Phase::Fence)[0].fate, Fate::Fails(_)), "{played:?}");
    assert_eq!(steps(&played, Phase::Switch)[0].fate, Fate::Blocked);
    assert_eq!(played.rto(), None);
    trial.fail = Some("hook.vpn");
    assert_eq!(ending(&trial.played()), Ending::Stopped(Standing::Switched));
    // Names that are not there are told, with what comes near.
    trial.fail = Some("hook.vnp");
    let Err(Error::Option(told)) = trial.plays() else { panic!("there is no such step") };
    assert_eq!(told.code, "simulate::step");
    assert!(told.help.as_deref().is_some_and(|help| help.contains("hook.vpn")), "{told:?}");
    trial.fail = None;
    trial.declared = vec![("sim_stor", 3)];
    let Err(Error::Option(told)) = trial.plays() else { panic!("nothing has that name") };
    assert_eq!(told.code, "simulate::duration");
}

#[test]
fn a_thousand_objects_cost_a_call_each_and_a_lost_region_a_fixed_number() {
    let mut trial = Trial::of(&hooked(1000), sim);
    trial.declared = vec![("call", 0)];
    let calls = |mode| {
        trial.mode = mode;
        let played = trial.played();
        assert!(played.course.is_some(), "{played:?}");
        (played.calls, played.calls_there)
    };
    let all: Vec<(u64, usize)> = [Mode::Graceful, Mode::Ungraceful].map(calls).into();
    // Who we are is asked in a region or two; a silent region is given up after a few calls.
    assert!((1000..1010).contains(&all[0].0), "{all:?}");
    assert!((500..530).contains(&all[1].0), "{all:?}");
    assert_eq!(all[1].1, 0, "after planning nobody calls there");
}

#[test]
fn a_simulation_plays_the_same_twice() {
    let trial = Trial::of(&hooked(20), sim);
    let told = || format!("{:?}", trial.played());
    assert_eq!(told(), told());
}
