//! Every provider of this build: the only place that names them.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::kind::{DynData, DynKind};
use lifeboat_sdk::provider::{Configured, Provider};
use lifeboat_sdk::{Location, Name, RegionName, Scope, Value};

pub use lifeboat_sim as sim;

/// The providers of this build.
pub fn providers() -> Vec<Arc<dyn Provider>> {
    vec![
        Arc::new(crate::builtin::Builtin),
        #[cfg(feature = "aws")]
        Arc::new(lifeboat_aws::Aws),
    ]
}

/// The kinds of a catalogue in a simulated cloud: their names, schemas and hooks, and none of their
/// calls; and the kinds that their providers do not have yet. What works in no cloud stays as it is.
pub fn simulated(catalogue: &Catalogue, cloud: &sim::SimCloud) -> Catalogue {
    let over = |provider: &Arc<dyn Provider>| -> Arc<dyn Provider> {
        if provider.name() == crate::builtin::NAME {
            return Arc::clone(provider);
        }
        let simulated = sim::SimProvider::over(cloud, Arc::clone(provider));
        Arc::new(simulated.for_any_account().with_shelf())
    };
    let mut providers: Vec<Arc<dyn Provider>> = catalogue.providers.values().map(over).collect();
    let ahead = sim::SimProvider::ahead(cloud).for_any_account();
    if !catalogue.providers.contains_key(ahead.name()) {
        providers.push(Arc::new(ahead));
    }
    Catalogue::of(providers)
}

/// The kinds of a catalogue that only the simulated cloud knows: their provider does not have them yet.
pub fn ahead(catalogue: &Catalogue) -> Vec<Arc<dyn DynKind>> {
    let mut kinds = sim::ahead::kinds();
    kinds.retain(|kind| !catalogue.kinds.contains_key(kind.name()));
    kinds
}

/// Schemas and pure hooks of everything, before any configuration.
#[derive(Clone, Default)]
pub struct Catalogue {
    /// Providers by name.
    pub providers: BTreeMap<&'static str, Arc<dyn Provider>>,
    /// Kinds by name, with their provider's name.
    pub kinds: BTreeMap<&'static str, (&'static str, Arc<dyn DynKind>)>,
    /// Data sources by name, with their provider's name.
    pub data: BTreeMap<&'static str, (&'static str, Arc<dyn DynData>)>,
}

impl Catalogue {
    /// Of the given providers.
    pub fn of(providers: Vec<Arc<dyn Provider>>) -> Self {
        let mut all = Self::default();
        for provider in providers {
            let name = provider.name();
            all.kinds.extend(provider.kinds().into_iter().map(|k| (k.name(), (name, k))));
            all.data.extend(provider.data_sources().into_iter().map(|d| (d.name(), (name, d))));
            all.providers.insert(name, provider);
        }
        all
    }

    /// The address that Terraform's provider of that name has.
    pub fn source(&self, provider: &str) -> &'static str {
        let base = provider.split('.').next().unwrap_or(provider);
        self.providers.get(base).map_or("terraform.io/builtin/terraform", |p| p.source())
    }
}

/// A configured provider block: `aws`, or `aws.dr` for an alias.
#[derive(Clone)]
pub struct Instance {
    /// Name and alias.
    pub name: Name,
    /// The address that Terraform's provider of that name has.
    pub source: &'static str,
    /// The provider, able to make calls.
    pub configured: Arc<dyn Configured>,
    /// Its kinds, able to make calls.
    pub kinds: BTreeMap<&'static str, Arc<dyn DynKind>>,
    /// Its data sources, able to make calls.
    pub data: BTreeMap<&'static str, Arc<dyn DynData>>,
    /// The account it works in: verified, pinned by the configuration or by state.
    pub account: Option<Name>,
}

/// All configured provider blocks of a run.
#[derive(Clone, Default)]
pub struct Providers(pub BTreeMap<Name, Instance>);

impl Instance {
    /// A configured provider.
    pub fn new(name: Name, source: &'static str, configured: Arc<dyn Configured>) -> Self {
        let kinds = configured.kinds().into_iter().map(|k| (k.name(), k)).collect();
        let data = configured.data_sources().into_iter().map(|d| (d.name(), d)).collect();
        Self { name, source, configured, kinds, data, account: None }
    }

    /// The scope of an object of a service, by its `region` attribute or the default region.
    pub fn scope(&self, service: lifeboat_sdk::Service, document: &Value) -> Option<Scope> {
        let location = match service.home {
            Some(home) => Location::Global { home: RegionName::from(home) },
            None => {
                let region = document.get("region").and_then(Value::as_str);
                let region = region.map(Name::from).or_else(|| self.configured.default_region())?;
                Location::Region(RegionName(region))
            }
        };
        Some(Scope {
            provider: self.name.clone(),
            account: self.account.clone().unwrap_or_else(|| "unverified".into()),
            location,
            service: service.name.into(),
        })
    }
}

impl Providers {
    /// A kind of a provider instance, able to make calls.
    pub fn kind(&self, provider: &str, kind: &str) -> Option<&Arc<dyn DynKind>> {
        self.0.get(provider)?.kinds.get(kind)
    }

    /// A data source of a provider instance, able to make calls.
    pub fn data(&self, provider: &str, kind: &str) -> Option<&Arc<dyn DynData>> {
        self.0.get(provider)?.data.get(kind)
    }
}
