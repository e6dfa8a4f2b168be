//! `Bundles`: the region bundles of a run, written beside every role record that answers.
//!
//! Nothing depends on them: what cannot be written never fails a run, and is told at its end. They
//! need no intent in the journal, because nothing is planned by them and they hold the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Ctx, Diagnostic, Interrupt, Name, Over, Purpose, Session};
use lifeboat_state::backend::StateBackend;
use lifeboat_state::bundle::{self, About, Bundle, Measured, Move};
use lifeboat_state::journal::RunId;
use lifeboat_state::model::State;
use lifeboat_state::positions::Positions;
use tokio::sync::watch;

use super::load::{Loaded, Settings};
use super::roles;
use super::shelves::{self, Shelves, Spot};
use crate::address::Address;
use crate::apply::{Copies, Outcome, RunEnding, TAKEN_OVER, chain};
use crate::desired::Part;
use crate::plan::promotion::region_of;
use crate::plan::{Plan, PlanMode};
use crate::registry::Providers;

/// How long a region may keep a promotion from its next step: once, then it is not asked again.
const STEP: Duration = Duration::from_secs(4);

/// The same of the region that is left: it may be lost in the midst of that.
const LEFT: Duration = Duration::from_millis(1500);

/// How long it may take to write one when the run is over.
const END: Duration = Duration::from_secs(30);

/// What became of the bundle of a region.
#[derive(Clone, Debug)]
enum Told {
    /// It was written, and has this version.
    Written(Name),
    /// It was as it should be.
    Current,
    /// It was not, and is not tried again.
    Left(String),
    /// The one that is there is of a later state, or knows of more of the same run.
    Ahead(Box<About>),
}

/// A bundle as it is to be written.
struct Packed {
    about: About,
    state: bundle::Packed,
    bytes: Vec<u8>,
}

/// The region bundles of one run.
pub(super) struct Bundles<'a> {
    backend: &'a dyn StateBackend,
    shelves: Shelves,
    /// The addresses of the role records by region.
    records: BTreeMap<Name, Address>,
    /// Regions whose record is in the state with which the run begins.
    recorded: BTreeSet<Name>,
    files: BTreeMap<String, Vec<u8>>,
    about: About,
    /// The run that writes them; where nothing else is done there is none.
    run: Option<RunId>,
    session: Box<dyn Fn() -> Session + Send + Sync + 'a>,
    now: &'a (dyn Fn() -> String + Sync),
    told: Mutex<BTreeMap<Name, Told>>,
}

impl<'a> Bundles<'a> {
    /// Of a run that begins with this state; `None` where there are no records to lie beside.
    pub(super) fn of(
        backend: &'a dyn StateBackend,
        (loaded, providers): (&Loaded, &Providers),
        (plan, state, run): (&Plan, &State, Option<&RunId>),
        (settings, interrupt): (&'a Settings, watch::Receiver<Interrupt>),
        now: &'a (dyn Fn() -> String + Sync),
    ) -> Option<Self> {
        if plan.mode == PlanMode::Destroy {
            return None;
        }
        let topology = loaded.topology.as_ref()?;
        let shelves = Shelves::over(providers, shelves::declared(topology))?;
        let parts = roles::parts(loaded);
        let records = parts.into_iter().filter(|(_, part)| *part == Part::Record);
        let by_region = |(address, _): (Address, Part)| {
            let region = Name::from(region_of(&address)?);
            Some((region, address))
        };
        let records: BTreeMap<Name, Address> = records.filter_map(by_region).collect();
        // Nobody answers there: that was found out when it was planned.
        let silent = |address: &Address| {
            let mut changes = plan.changes.iter().filter(|change| change.address == *address);
            let why = changes.find_map(|change| {
                change.unread.as_ref().or(change.deferred.as_ref()).map(ToString::to_string)
            });
            why.map(Told::Left)
        };
        let told = records.iter().filter_map(|(r, address)| Some((r.clone(), silent(address)?)));
        let told = Mutex::new(told.collect());
        let recorded = recorded(&records, state);
        let promotion = plan.promotion.as_ref().map(|promotion| Move {
            from: promotion.from.to_string(),
            to: promotion.to.to_string(),
            epoch: promotion.epoch + 1,
        });
        let files = plan.inputs.files.clone();
        let about = About {
            topology: topology.name.to_string(),
            primary: state.primary.clone().unwrap_or_default(),
            promotion,
            identities: state.identities.clone(),
            folder: folder(&settings.root, files.keys()),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..About::default()
        };
        let session = Box::new(move || {
            let session = Session::interruptible(Purpose::Apply, interrupt.clone());
            session.assume_down(settings.assume_down.clone())
        });
        let run = run.cloned();
        Some(Self { backend, shelves, records, recorded, files, about, run, session, now, told })
    }

    /// Writes them when a run is over, and tells which could not be.
    pub(super) async fn finish(&self, outcome: &Outcome) -> Option<Diagnostic> {
        let serial = outcome.head.as_ref()?.serial;
        let open = outcome.ending != RunEnding::Done;
        let left = self.end(&outcome.state, open, Now::Changed).await;
        (!left.is_empty()).then(|| behind(serial, &left))
    }

    /// Writes them when a promotion is given up: another machine finds none that is open.
    pub(super) async fn given_up(&self, state: &State) {
        let left = self.end(state, false, Now::Changed).await;
        tracing::info!(?left, "bundles of a promotion that was given up");
    }

    /// Writes those that are not of this state, where nothing else is to be done.
    pub(super) async fn catch_up(&self, state: &State) -> Option<Diagnostic> {
        let left = self.end(state, false, Now::Idle).await;
        (!left.is_empty()).then(|| behind(state.serial, &left))
    }

    /// The regions that were asked and whose bundle could not be written, with the reason.
    async fn end(&self, state: &State, open: bool, now: Now) -> Vec<String> {
        let recorded = recorded(&self.records, state);
        let about = About {
            primary: state.primary.clone().unwrap_or_default(),
            promotion: self.about.promotion.clone().filter(|_| open),
            identities: state.identities.clone(),
            ..self.about.clone()
        };
        let told = || self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever was silent before anything was done may have the right one.
        let silent: BTreeSet<Name> = match now {
            Now::Idle => told().keys().cloned().collect(),
            Now::Changed => BTreeSet::new(),
        };
        let [ctx, left] = [END, LEFT].map(|limit| self.shelves.writing(limit, (self.session)()));
        self.keep(about, &recorded, ([&ctx, &left], now)).await;
        let told = told();
        let left = told.iter().filter_map(|(region, told)| match told {
            Told::Left(why) if recorded.contains(region) && !silent.contains(region) => {
                Some(format!("{region}: {why}"))
            }
            Told::Ahead(there) => Some(format!("{region}: {}", elsewhere(there))),
            Told::Left(_) | Told::Written(_) | Told::Current => None,
        });
        left.collect()
    }

    /// Writes them, the one in the region that is left with a context of its own.
    async fn keep(
        &self,
        about: About,
        recorded: &BTreeSet<Name>,
        ([ctx, left], now): ([&Ctx; 2], Now),
    ) {
        let bundle = match self.bundle(about).await {
            Ok(bundle) => bundle,
            Err(why) => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                let left = |region: &Name| (region.clone(), Told::Left(why.clone()));
                told.extend(recorded.iter().map(left));
                return;
            }
        };
        let spots = self.shelves.spots.iter().filter(|spot| recorded.contains(&spot.region));
        let leaves = self.about.promotion.as_ref().map(|promotion| &*promotion.from);
        let of = |region: &str| if leaves == Some(region) { left } else { ctx };
        join_all(spots.map(|spot| self.keep_at(spot, &bundle, (of(&spot.region), now)))).await;
    }

    /// The bundle as state is now, and its bytes.
    async fn bundle(&self, about: About) -> Result<Packed, String> {
        let packed = self.backend.packed().await.map_err(|error| chain(&error))?;
        let state = packed.ok_or("there is no state yet")?;
        let header = state.generation().map_err(|error| chain(&error))?.header;
        let (lineage, epoch, serial) = (header.lineage, header.epoch, header.serial);
        let about = About { lineage, epoch, serial, at: (self.now)(), ..about };
        let bundle = Bundle { about, files: self.files.clone(), state };
        let bytes = bundle.encode().map_err(|error| chain(&error))?;
        Ok(Packed { about: bundle.about, state: bundle.state, bytes: bytes.to_vec() })
    }

    async fn keep_at(&self, spot: &Spot, packed: &Packed, (ctx, now): (&Ctx, Now)) {
        let known = {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.get(&spot.region).cloned()
        };
        let mut there = match known {
            Some(Told::Left(_) | Told::Current | Told::Ahead(_)) => return,
            Some(Told::Written(version)) => Ok(There::Older(version)),
            None => self.look(spot, packed, ctx).await,
        };
        let mut looks = true;
        let told = loop {
            let over = match there {
                Err(why) => break Told::Left(why),
                Ok(There::Ahead(about)) => break Told::Ahead(about),
                Ok(There::Same(_)) if now == Now::Idle => break Told::Current,
                Ok(There::Older(version) | There::Same(version)) => Some(version),
                Ok(There::None) => None,
            };
            let over = over.as_ref().map_or(Over::Nothing, |version| Over::This(version));
            match self.shelves.keep(ctx, spot, &packed.bytes, over).await {
                Ok(version) => break Told::Written(version),
                // Another machine wrote it since, or this one, whose answer was lost.
                Err(failure) if failure.class == Class::Conflict && std::mem::take(&mut looks) => {
                    there = self.look(spot, packed, ctx).await;
                }
                Err(failure) => break Told::Left(failure.to_string()),
            }
        };
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(spot.region.clone(), told);
    }

    /// The bundle that is there; one that is ahead of this run's is not replaced.
    async fn look(&self, spot: &Spot, packed: &Packed, ctx: &Ctx) -> Result<There, String> {
        let about = &packed.about;
        let kept = self.shelves.bundle(ctx, spot).await.map_err(|failure| failure.to_string())?;
        let Some(kept) = kept else { return Ok(There::None) };
        // One that cannot be read is of no use to anybody.
        let Ok(Bundle { about: there, state, .. }) = Bundle::decode(&kept.bytes) else {
            return Ok(There::Older(kept.version));
        };
        if there.lineage != about.lineage || there.place() < about.place() {
            return Ok(There::Older(kept.version));
        }
        let knows_more = |run| state.knows_more_of(run, &packed.state);
        if there.place() > about.place() || self.run.as_ref().is_some_and(knows_more) {
            return Ok(There::Ahead(Box::new(there)));
        }
        // A run that died may have left one whose promotion is over by now.
        // And another standing plan may have been made since, and copies be compared.
        let plan = |state: &bundle::Packed| state.standing.as_ref().map(|it| it.plan.clone());
        let same = there.promotion == about.promotion && plan(&state) == plan(&packed.state);
        let [ours, theirs] = [&packed.state, &state].map(|state| positions(&state.measured));
        Ok(match same && !ours.adds_to(&theirs) {
            true => There::Same(kept.version),
            false => There::Older(kept.version),
        })
    }
}

/// Whether the bundle of a region may be of this state already, so that it is not written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Now {
    /// Nothing was done.
    Idle,
    /// A run changed something.
    Changed,
}

/// What lies where a bundle is to be written.
enum There {
    /// Nothing.
    None,
    /// One of an earlier state, or of another.
    Older(Name),
    /// One of this state.
    Same(Name),
    /// One of a later state, or one that knows of more of the same run.
    Ahead(Box<About>),
}

impl Copies for Bundles<'_> {
    fn copy(&self) -> BoxFuture<'_, Result<(), Box<Diagnostic>>> {
        Box::pin(async {
            let [ctx, left] =
                [STEP, LEFT].map(|limit| self.shelves.writing(limit, (self.session)()));
            self.keep(self.about.clone(), &self.recorded, ([&ctx, &left], Now::Changed)).await;
            // Whoever goes on with a promotion writes here: it is the region that it needs.
            let to = self.about.promotion.as_ref().map(|promotion| &*promotion.to);
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            match to.and_then(|to| told.get_key_value(to)) {
                Some((to, Told::Ahead(there))) => Err(Box::new(taken_over(to, there))),
                _ => Ok(()),
            }
        })
    }
}

/// What is said of a bundle that is of a later state.
fn elsewhere(there: &About) -> String {
    format!(
        "the bundle is of serial {} (epoch {}), which another machine wrote at {}",
        there.serial,
        there.reaches(),
        there.at
    )
}

/// Of two machines with one promotion the one that wrote the bundle last goes on with it; and nobody promotes
/// with a state that is behind the bundle in the region that shall be the primary.
fn taken_over(to: &str, there: &About) -> Diagnostic {
    let detail = format!(
        "In {to}, {}. What it has done is not known here. Nothing is started any more; what was under way is in \
         doubt.",
        elsewhere(there)
    );
    let account = there.identities.values().next().map_or("ACCOUNT", String::as_str);
    let help = format!(
        "Follow the promotion there. To go on with it here, once that machine has ended, begin with what is \
         known in {to}, in an empty folder: `lifeboat init -from-region={to} -topology={} -account={account}`, \
         then `lifeboat apply`.",
        there.topology
    );
    let summary = "Another machine goes on with this topology";
    Diagnostic::error(TAKEN_OVER, summary, detail).help(help)
}

/// The regions whose records a state has.
fn recorded(records: &BTreeMap<Name, Address>, state: &State) -> BTreeSet<Name> {
    let has = |address: &Address| state.objects.contains_key(&address.to_string());
    records.iter().filter(|(_, address)| has(address)).map(|(region, _)| region.clone()).collect()
}

fn behind(serial: u64, left: &[String]) -> Diagnostic {
    let detail = format!(
        "What another machine would go on from is of an earlier state than serial {serial} there:\n  {}",
        left.join("\n  ")
    );
    Diagnostic::warning("engine::bundle", "A region bundle is not up to date", detail)
        .help("The next apply writes it, if the region answers then.")
}

/// Up to when copies were seen to have all, as a bundle says.
fn positions(measured: &Measured) -> Positions {
    measured.positions.as_deref().map(Positions::of_stored).unwrap_or_default()
}

/// The last names of the root module's path, as many as its files go up from it.
fn folder<'f>(root: &Path, files: impl Iterator<Item = &'f String>) -> String {
    let up = |name: &String| {
        let parts = Path::new(name).components();
        parts.take_while(|part| matches!(part, Component::ParentDir)).count()
    };
    let depth = files.map(up).max().unwrap_or_default();
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let names = root.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let names: Vec<&str> = names.collect();
    let names = &names[names.len().saturating_sub(depth)..];
    // Whatever stands above it there, the files are as deep below it.
    let missing = vec!["root"; depth - names.len()];
    [missing.as_slice(), names].concat().join("/")
}
