//! `-assume-down` and `-exclude-region`: a region that nothing is in was not meant.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics, Location, Name, Service};

use super::asked::Asked;
use super::load::{Loaded, Settings};
use crate::address::{Address, Mode};
use crate::config::Module;
use crate::config::eval::constant;
use crate::config::suggest::nearest;
use crate::plan::Plan;
use crate::plan::resolve::Previous;
use crate::registry::Providers;

/// The regions of a run, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Regions {
    names: BTreeSet<Name>,
    /// Those in which control planes of global services are at home.
    homes: BTreeSet<Name>,
    /// Objects may be planned elsewhere too: an expression says where.
    open: bool,
}

impl Regions {
    /// Of the files, the state and the providers, before anything is planned.
    pub(super) fn of(
        loaded: &Loaded,
        previous: &BTreeMap<Address, Previous>,
        providers: &Providers,
    ) -> Self {
        let mut regions = Self::default();
        for scope in previous.values().filter_map(|p| p.scope.as_ref()) {
            match &scope.location {
                Location::Region(region) => regions.names.insert(region.0.clone()),
                Location::Global { home } => regions.homes.insert(home.0.clone()),
            };
        }
        regions.names.extend(loaded.topology.iter().flat_map(|t| t.cloud_regions()));
        let instances = providers.0.values();
        regions.names.extend(instances.filter_map(|i| i.configured.default_region()));
        for synthetic in &loaded.desired.synthetics {
            if let Some((_, kind)) = loaded.catalogue.kinds.get(&*synthetic.address.kind) {
                regions.home(kind.service());
            }
        }
        regions.declared(loaded, &loaded.config.root);
        regions
    }

    /// Where a service is that has one home for all regions.
    fn home(&mut self, service: Service) {
        self.homes.extend(service.home.map(Name::from));
    }

    /// Those of regional objects, as far as the files name them before they are planned.
    pub(super) fn of_objects(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    fn declared(&mut self, loaded: &Loaded, module: &Module) {
        for (key, resource) in &module.resources {
            let service = match key.mode {
                Mode::Managed => loaded.catalogue.kinds.get(&*key.kind).map(|(_, k)| k.service()),
                Mode::Data => loaded.catalogue.data.get(&*key.kind).map(|(_, d)| d.service()),
            };
            if let Some(service) = service {
                self.home(service);
            }
            if let Some(region) = resource.body.attribute("region") {
                let name = constant(&region.expr, &mut Diagnostics::new());
                let name = name.as_ref().and_then(|name| name.as_str()).map(Name::from);
                self.open |= name.is_none();
                self.names.extend(name);
            }
        }
        for child in module.children.values() {
            self.declared(loaded, child);
        }
    }

    /// With the regions of what has been planned: these are all.
    #[must_use]
    pub(super) fn planned(mut self, plan: &Plan) -> Self {
        let scopes = plan.changes.iter().filter_map(|c| c.scope.as_ref());
        let scopes = scopes.chain(plan.scopes.iter().map(|s| &s.scope));
        self.names.extend(scopes.map(|s| s.location.region().0.clone()));
        self.open = false;
        self
    }

    /// Names that were typed and are no region of the run; none while that cannot be told.
    pub(super) fn unknown(&self, settings: &Settings, asked: &Asked) -> Diagnostics {
        let down = settings.assume_down.iter().map(|down| ("-assume-down", &down.region));
        let excluded = asked.exclude_regions.iter().map(|name| ("-exclude-region", name));
        let typed = down.chain(excluded).filter(|_| !self.open);
        let unknown = typed.filter(|(_, name)| {
            !self.names.contains(name.as_str()) && !self.homes.contains(name.as_str())
        });
        Diagnostics(unknown.map(|(option, name)| self.problem(option, name)).collect())
    }

    fn problem(&self, option: &str, name: &str) -> Diagnostic {
        let all: Vec<&str> = self.names.union(&self.homes).map(|n| &**n).collect();
        let help = match (nearest(name, all.iter().copied()), all.is_empty()) {
            (Some(near), _) => format!("Did you mean {near:?}? There are: {}.", all.join(", ")),
            (None, false) => format!("There are: {}.", all.join(", ")),
            (None, true) => "There is nothing remote in the files and the state.".to_owned(),
        };
        Diagnostic::error(
            "engine::region_unknown",
            "An option names a region in which nothing is",
            format!("{option}={name}: neither the files nor the state have a region {name:?}."),
        )
        .help(help)
    }
}
