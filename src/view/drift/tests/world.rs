//! A cloud in which things have happened since lifeboat last looked, with names and values that
//! break what does not escape them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lifeboat_sdk::kind::{DynData, DynKind};
use lifeboat_sdk::provider::{Configured, Environment, Provider};
use lifeboat_sdk::{Call, Class, Failure, Interrupt, KnownDoc, Owner, Schema, Type, Value};
use lifeboat_state::model::{Mode, ObjectRecord, ObjectStatus, Ownership, RecordScope, State};
use tokio::sync::watch;

use crate::apply::document;
use crate::builtin::Builtin;
use crate::engine::files::Files;
use crate::engine::{Asked, Contexts, Loaded, Made, Settings, load, planning};
use crate::event::Silent;
use crate::plan::PlanMode;
use crate::refresh::fake::{Cloud, Fault, Live, THING};
use crate::registry::Catalogue;
use crate::view::drift::{Found, Report};
use crate::view::paint::Paint;
use crate::view::plan::PlanView;

/// The root module; lines are counted in the tests.
const MAIN: &str = r#"resource "a_thing" "same" {
  name   = "same"
  region = "east"
}

  resource "a_thing" "changed" {
  for_each = toset(["a\"b|c`d<b>"])
  name     = "changed"
  region   = "east"
}
resource "a_thing" "away" {
  name   = "away"
  region = "west"
}
resource "terraform_data" "here" {
}
module "m" {
  source = "../m, %1:2"
}
"#;
const CHILD: &str = "resource \"a_thing\" \"in\" {\n  name   = \"in\"\n  region = \"east\"\n}\n";

/// What somebody wrote into an attribute.
pub(super) const NASTY: &str = "a`b```|c\\|d</summary></details><script>x</script>]](http://e) @me \
                                %0A::error::y\r\n::error file=z::y\u{1b}[31m\u{202e}\u{fffe}\u{0}&amp;";
pub(super) const CHANGED: &str = "a_thing.changed[\"a\\\"b|c`d<b>\"]";
const SECRET: &str = "hunter2";

/// The fake cloud as a provider that the catalogue has.
struct Fake(Cloud);

static SCHEMA: Schema = Schema { version: 0, doc: "", attributes: &[] };

impl Provider for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }
    fn source(&self) -> &'static str {
        "test/fake"
    }
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        Configured::kinds(&self.0)
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Configured::data_sources(&self.0)
    }
    fn calls(&self) -> &'static [&'static Call] {
        &[]
    }
    fn configure(
        &self,
        _config: &KnownDoc,
        _environment: &Environment,
    ) -> Result<Arc<dyn Configured>, Failure> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// The cloud, and what state remembers of it.
pub(super) struct World {
    pub(super) cloud: Cloud,
    state: State,
    /// `-assume-down`
    pub(super) down: Vec<String>,
    /// `-exclude`
    pub(super) excludes: Vec<String>,
    /// `-unmanaged`
    pub(super) unmanaged: bool,
}

impl World {
    /// Nothing has happened yet to things of these addresses.
    pub(super) fn new() -> Self {
        let cloud = Cloud::default();
        cloud.account("east", "1");
        let state = State::new("lineage", "0");
        let (down, excludes) = (Vec::new(), Vec::new());
        let mut world = Self { cloud, state, down, excludes, unmanaged: false };
        world.thing("a_thing.same", "same", "east");
        world.thing(CHANGED, "changed", "east");
        world.thing("a_thing.away", "away", "west");
        world.thing("a_thing.forgotten", "forgotten", "east");
        world.thing("module.m.a_thing.in", "in", "east");
        world
    }

    fn thing(&mut self, address: &str, name: &str, region: &str) {
        let id = format!("id-{name}");
        let live = Value::object([
            ("id".into(), Value::string(&*id)),
            ("name".into(), Value::string(name)),
            ("region".into(), Value::string(region)),
            ("input".into(), Value::string(SECRET)),
            ("zone".into(), Value::string("old")),
        ]);
        let stored = live.clone().with("input", Value::string(SECRET).sensitive());
        let at = crate::address::Address::parse(address).unwrap();
        assert_eq!(at.to_string(), address);
        self.state.objects.insert(
            address.to_owned(),
            ObjectRecord {
                address: address.to_owned(),
                module: at.module.to_string(),
                mode: Mode::Managed,
                kind: THING.to_owned(),
                name: at.name.to_string(),
                index: None,
                provider: "fake".to_owned(),
                schema_version: 3,
                status: ObjectStatus::Ok,
                document: document::store(&full(&stored)).unwrap(),
                identity: Some(id.clone()),
                depends_on: Vec::new(),
                create_before_destroy: false,
                prevent_destroy: false,
                scope: RecordScope {
                    provider: "fake".to_owned(),
                    account: "1".to_owned(),
                    location: region.to_owned(),
                    service: "fake".to_owned(),
                },
                stale: None,
                deposed: Vec::new(),
                ownership: Ownership::Tags,
                secret_hashes: BTreeMap::new(),
            },
        );
        let live = Live { document: full(&live), owner: None };
        self.cloud.lock().objects.insert((THING, id), live);
    }

    /// Somebody changes the thing of that name.
    pub(super) fn change(&self, name: &str, attribute: &str, value: &str) {
        let mut inner = self.cloud.lock();
        let live = inner.objects.get_mut(&(THING, format!("id-{name}"))).unwrap();
        live.document = live.document.clone().with(attribute, Value::string(value));
    }

    /// Somebody deletes it.
    pub(super) fn delete(&self, name: &str) {
        self.cloud.lock().objects.remove(&(THING, format!("id-{name}"))).unwrap();
    }

    /// Something of everything: changed, a secret too, gone, and a region that is away.
    pub(super) fn eventful() -> Self {
        let mut world = Self::new();
        world.change("changed", "zone", NASTY);
        world.change("in", "input", "hunter2-new");
        world.delete("forgotten");
        world.down.push("west".to_owned());
        world
    }

    /// Nobody has made it yet.
    pub(super) fn unmade(&mut self, address: &str) {
        self.state.objects.remove(address).unwrap();
    }

    /// Something is there that no state knows, with these tags.
    pub(super) fn stray(&self, id: &str, region: &str, topology: &str, address: &str) {
        let live = Value::object([
            ("id".into(), Value::string(id)),
            ("region".into(), Value::string(region)),
        ]);
        let owner = Owner { topology: topology.into(), address: address.into() };
        let live = Live { document: full(&live), owner: Some(owner) };
        self.cloud.lock().objects.insert((THING, id.to_owned()), live);
    }

    /// What `drift` says to people.
    pub(super) async fn text(&self) -> String {
        let (made, loaded) = self.look(PlanMode::RefreshOnly).await;
        let catalogue = &loaded.catalogue;
        let view = PlanView { catalogue, paint: Paint::default(), compact: false };
        crate::view::drift::text(&made, &view)
    }

    /// The permission to read a thing is missing.
    pub(super) fn deny(&self, address: &str) {
        self.cloud.fail(&format!("read {address}"), Fault::Answer(Class::Denied));
    }

    /// What a plan for a pull request says.
    pub(super) async fn page(&self) -> String {
        let (made, loaded) = self.look(PlanMode::Normal).await;
        assert!(!made.diagnostics.has_errors(), "{:?}", made.diagnostics);
        let catalogue = &loaded.catalogue;
        let view = PlanView { catalogue, paint: Paint::default(), compact: false };
        crate::view::markdown::plan::page(&made.plan, &view)
    }

    /// A promotion left the data without copies.
    pub(super) fn unprotect(&mut self, since: &str) {
        self.state.promotions.unprotected = Some(since.to_owned());
    }

    /// What a plan says to people.
    pub(super) async fn planned(&self) -> String {
        let (made, loaded) = self.look(PlanMode::Normal).await;
        let catalogue = &loaded.catalogue;
        PlanView { catalogue, paint: Paint::default(), compact: false }.text(&made.plan)
    }

    /// What `drift` reports.
    pub(super) async fn report(&self) -> Report {
        let (made, loaded) = self.look(PlanMode::RefreshOnly).await;
        let sources = &loaded.config.sources;
        let found = made.diagnostics.0.iter().map(|d| Found::of(d, sources)).collect();
        let catalogue = &loaded.catalogue;
        let view = PlanView { catalogue, paint: Paint::default(), compact: false };
        Report::of(&made, &loaded, &view, found, Path::new("./infra/web"))
    }

    async fn look(&self, mode: PlanMode) -> (Made, Loaded) {
        let folder = PathBuf::from("nowhere");
        let files = [("main.dr.hcl", MAIN), ("../m, %1:2/main.dr.hcl", CHILD)];
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        let files = Arc::new(Files::stored(files.into(), &folder));
        let now = jiff::Timestamp::UNIX_EPOCH;
        let contexts = Contexts { files, now, settled: false, seed: 0 };
        let settings = Settings {
            root: folder,
            variables: Vec::new(),
            environment: BTreeMap::new(),
            now,
            assume_down: self.down.iter().map(lifeboat_sdk::Down::whole).collect(),
            parallelism: 1,
            seed: 0,
        };
        let catalogue = Catalogue::of(vec![Arc::new(Builtin), Arc::new(Fake(self.cloud.clone()))]);
        let (loaded, problems) =
            contexts.with(|context| load::load(&settings, catalogue, &*contexts.files, context));
        assert!(!problems.has_errors(), "{problems:?}");
        let (_run, interrupt) = watch::channel(Interrupt::default());
        let (excludes, unmanaged) = (self.excludes.clone(), self.unmanaged);
        let asked = Asked { mode, excludes, unmanaged, ..Asked::default() };
        let state = Some(&self.state);
        let made =
            planning::plan(&loaded, &settings, &contexts, state, &asked, &Silent, interrupt).await;
        (made, loaded)
    }
}

/// With nulls for what is not set, as a kind answers.
fn full(document: &Value) -> Value {
    let names = ["id", "name", "region", "size", "zone", "input", "policy", "etag", "writable"];
    Value::object(names.map(|name| {
        let ty = match name {
            "size" => Type::Number,
            "writable" => Type::Bool,
            _ => Type::String,
        };
        (name.into(), document.get(name).cloned().unwrap_or(Value::Null(ty)))
    }))
}
