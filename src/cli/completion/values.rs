//! Values that a folder knows: addresses, regions, generations, plans, variables, outputs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, Command};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter,
};
use lifeboat_state::backend::StateBackend as _;

use super::command;
use crate::address::Address;
use crate::cli::workspace::Workspace;
use crate::desired::Item;
use crate::engine::{Loaded, retiring, stored};
use crate::plan::file;
use crate::registry::Providers;
use crate::view::drift::Format;

/// The command line, with the values that its folder knows.
///
/// What a value is, is known by the name that it has in the help of its option.
pub(super) async fn known(workspace: &Workspace, typed: &[OsString]) -> Command {
    let word = typed.last().map(|word| word.to_string_lossy()).unwrap_or_default();
    // Where a command or the name of an option is typed, nothing needs to be read.
    let names = typed.len() < 3 || (word.starts_with('-') && !word.contains('='));
    let values = if names { Values::default() } else { Values::read(workspace).await };
    with(command(), &values)
}

/// The command and those in it with values.
fn with(command: Command, values: &Values) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| values.add(&name, arg)).mut_subcommands(|inner| with(inner, values))
}

/// What a folder knows, by what it is.
#[derive(Default)]
struct Values {
    /// Objects of the state.
    objects: BTreeSet<String>,
    /// What the files declare and the state does not hold: it can be imported.
    missing: BTreeSet<String>,
    /// What the files declare, and what is around objects: resources, blocks, modules.
    declared: BTreeSet<String>,
    /// Names of what promotions left.
    retired: BTreeSet<String>,
    regions: BTreeSet<String>,
    serials: BTreeSet<String>,
    outputs: BTreeSet<String>,
    variables: BTreeSet<String>,
    lock: Option<String>,
}

impl Values {
    /// Reads files and state; what cannot be read is left out.
    async fn read(workspace: &Workspace) -> Self {
        let mut values = Self::default();
        let (loaded, _) =
            workspace.load_quietly(&workspace.settings(None), &workspace.contexts(false));
        values.files(&loaded);
        if let Ok(backend) = workspace.backend().await {
            values.serials(backend.serials().await.unwrap_or_default());
            let holder = backend.holder().await.ok().flatten();
            values.lock = holder.map(|holder| holder.info.id);
            let known = workspace.known(&backend, &Providers::default()).await.ok();
            if let Some(state) = known.and_then(|known| known.state) {
                let outputs = stored::outputs(&state).unwrap_or_default();
                values.outputs = outputs.into_keys().map(|name| name.to_string()).collect();
                let kept = retiring::kept(Some(&state), None);
                values.retired = kept.into_iter().map(|kept| kept.name.to_string()).collect();
                for (at, object) in stored::previous(&state).unwrap_or_default() {
                    values.object(&at);
                    let region = object.scope.map(|s| s.location.region().0.to_string());
                    values.regions.extend(region);
                }
            }
        }
        values
    }

    fn files(&mut self, loaded: &Loaded) {
        let declared = &loaded.config.root.variables;
        self.variables = declared.keys().map(|name| format!("{name}=")).collect();
        for (position, item) in loaded.desired.items.iter().enumerate() {
            if matches!(item, Item::Resource(..) | Item::Synthetic(_) | Item::Call(..)) {
                self.declared.insert(loaded.desired.label(position));
            }
        }
        self.missing
            .extend(self.declared.iter().filter(|at| Address::parse(at).is_some()).cloned());
        for synthetic in &loaded.desired.synthetics {
            let whole = &synthetic.address;
            self.declared.insert(whole.name.to_string());
            self.missing.remove(&whole.to_string());
            let keys = synthetic.instances.keys();
            self.missing.extend(keys.map(|key| whole.instance(Some(key.clone())).to_string()));
        }
        let topology = loaded.topology.iter();
        self.regions = topology.flat_map(|t| t.cloud_regions()).map(|r| r.to_string()).collect();
    }

    /// An object, and the resource and the modules that it is in.
    fn object(&mut self, at: &Address) {
        self.objects.insert(at.to_string());
        self.missing.remove(&at.to_string());
        self.declared.extend([at.to_string(), at.whole().to_string()]);
        for depth in 1..=at.module.0.len() {
            let around = crate::address::ModulePath(at.module.0[..depth].to_vec());
            self.declared.insert(around.to_string());
        }
    }

    fn serials(&mut self, serials: Vec<u64>) {
        self.serials = serials.iter().map(ToString::to_string).collect();
    }

    /// The argument with what may stand for it.
    fn add(&self, command: &str, arg: Arg) -> Arg {
        let name = arg.get_value_names().and_then(<[_]>::first).map(|name| name.to_string());
        let candidates = match (name.as_deref(), arg.get_id().as_str()) {
            (Some("ADDRESS"), _) if command == "import" => of(&self.missing),
            // What is replaced exists, and so does what is looked at; what is planned need not.
            (Some("ADDRESS"), "replace" | "address" | "confirm_one_way") => of(&self.objects),
            (Some("ADDRESS" | "SOURCE" | "DESTINATION"), _) => of(&self.declared),
            (Some("RETIRED"), _) => of(&self.retired),
            (Some("REGION"), _) => of(&self.regions),
            (Some("SERIAL" | "OLD" | "NEW"), _) => of(&self.serials),
            (Some("NAME"), _) => of(&self.outputs),
            (Some("NAME=VALUE"), _) => of(&self.variables),
            (Some("LOCK_ID"), _) => of(&self.lock),
            (Some("BOOL"), _) => of(["true", "false"]),
            (Some("FORMAT[=FILE]"), _) => of(Format::ALL.map(|(name, _)| name)),
            (Some("PLAN"), _) => {
                return arg.add(ArgValueCompleter::new(PathCompleter::file().filter(is_plan)));
            }
            _ => return arg,
        };
        arg.add(ArgValueCandidates::new(move || {
            candidates.iter().map(CompletionCandidate::new).collect()
        }))
    }
}

fn of(values: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

/// Whether a path leads to a plan, or on to one.
fn is_plan(path: &Path) -> bool {
    path.is_dir() || std::fs::read(path).is_ok_and(|bytes| file::is_plan(&bytes))
}
