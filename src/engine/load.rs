//! Files -> config -> topology -> desired, with all problems of all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lifeboat_sdk::{Diagnostic, Diagnostics, Down, Name, Value};

use crate::address::{Address, ModulePath};
use crate::config::{self, Config, ResourceKey, variable};
use crate::desired::Desired;
use crate::evaluation::Environment;
use crate::evaluation::Resources;
use crate::function::Context;
use crate::registry::Catalogue;
use crate::topology::{self, Topology};

/// What a run starts from; everything from outside comes in here.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root module's folder.
    pub root: PathBuf,
    /// `-var` and `-var-file`, in order.
    pub variables: Vec<variable::Given>,
    /// The environment of the process.
    pub environment: BTreeMap<String, String>,
    /// The instant of the run.
    pub now: jiff::Timestamp,
    /// `-assume-down`, and a region that a promotion goes on without.
    pub assume_down: Vec<Down>,
    /// Steps at once.
    pub parallelism: usize,
    /// What makes ids; the same seed makes the same ids.
    pub seed: u64,
}

/// Everything that the files say, ready to be planned.
pub struct Loaded {
    /// The files.
    pub config: Config,
    /// Variables of the root module.
    pub variables: BTreeMap<Name, Value>,
    /// The topology, where the files declare one.
    pub topology: Option<Topology>,
    /// Blocks in dependency order.
    pub desired: Desired,
    /// Schemas and hooks.
    pub catalogue: Catalogue,
}

/// While files are loaded no object exists: what needs one cannot decide the topology.
pub(super) struct NoObjects;

fn too_early(what: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "topology::not_static",
            "The value must be known before planning",
            format!("{what} is known only when objects have been planned."),
        )
        .help("Let it depend on variables and locals only."),
    )
}

impl Resources for NoObjects {
    fn resource(&self, _module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        Err(too_early(&format!("{}.{}", key.kind, key.name)))
    }
    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>> {
        Err(too_early(&format!("{kind}.{name}")))
    }
    fn object(&self, _address: &Address) -> Option<Value> {
        None
    }
}

/// Loads the root module.
pub fn load(
    settings: &Settings,
    catalogue: Catalogue,
    files: &dyn config::files::Files,
    context: &Context<'_>,
) -> (Loaded, Diagnostics) {
    let (config, mut diagnostics) = config::load(files, std::path::Path::new(""));
    let (variables, config) = variable::resolve(
        config,
        files,
        &settings.variables,
        &settings.environment,
        &mut diagnostics,
    );
    let (topology, desired) = expand(&config, &variables, context, &mut diagnostics);
    let loaded = Loaded { config, variables, topology, desired, catalogue };
    super::version::check(&loaded, &mut diagnostics);
    (loaded, diagnostics)
}

/// Loads what a plan holds: its files with the values its variables had.
pub fn reload(
    plan: &crate::plan::Plan,
    catalogue: Catalogue,
    files: &dyn config::files::Files,
    context: &Context<'_>,
) -> (Loaded, Diagnostics) {
    let (config, mut diagnostics) = config::load(files, std::path::Path::new(""));
    let mut variables = plan.inputs.variables.clone();
    for (name, declared) in config.root.variables.iter().filter(|(_, v)| v.ephemeral) {
        // Nothing of it was stored, and nothing that lasts can depend on it.
        variables
            .entry(name.clone())
            .or_insert_with(|| declared.mark(Value::unknown(declared.ty.clone())));
    }
    let (topology, desired) = expand(&config, &variables, context, &mut diagnostics);
    (Loaded { config, variables, topology, desired, catalogue }, diagnostics)
}

/// Topology and blocks in dependency order.
fn expand(
    config: &Config,
    variables: &BTreeMap<Name, Value>,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> (Option<Topology>, Desired) {
    let environment = Environment::new(config, variables, context, &NoObjects);
    let (topology, found) = topology::build(config, &environment);
    diagnostics.extend(found);
    diagnostics.extend(environment.take());
    let mut synthetics = Vec::new();
    if let Some(topology) = &topology {
        let (all, found) = crate::desired::blocks::expand(topology);
        diagnostics.extend(found);
        synthetics = all;
    }
    let (desired, found) = Desired::of(config, synthetics);
    diagnostics.extend(found);
    (topology, desired)
}
