//! `SimProvider`: the provider `sim`, or a real provider's kinds on the simulated cloud.

use std::sync::Arc;

use lifeboat_sdk::failure::Class;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{DecodeError, DynData, DynKind};
use lifeboat_sdk::provider::{Configured, Environment, Provider};
use lifeboat_sdk::session::Limits;
use lifeboat_sdk::shelf::Shelf;
use lifeboat_sdk::{
    Call, Ctx, Failure, KnownDoc, Location, Name, Object as _, RegionName, Schema, Scope,
};
use lifeboat_sdk_derive::Kind;

use crate::ahead;
use crate::calls::{IDENTITY, calls};
use crate::cloud::{SimCloud, Site};
use crate::kinds;
use crate::over::{Over, OverData};
use crate::shelf::SimShelf;

/// Who we are where the configuration does not say.
const ACCOUNT: &str = "123456789012";

/// `provider "sim"`: a cloud in memory.
#[derive(Clone, Debug, PartialEq, Kind)]
pub(crate) struct Config {
    /// The region of objects that name none.
    #[kind(default = "\"us-east-1\"")]
    pub(crate) region: Option<String>,
    /// The account that the credentials belong to.
    #[kind(default = "\"123456789012\"")]
    pub(crate) account: Option<String>,
    /// The accounts that it may work in; empty for any.
    #[kind(set)]
    pub(crate) allowed_account_ids: Vec<String>,
    /// Tags of every object that has any.
    pub(crate) default_tags: std::collections::BTreeMap<String, String>,
    /// Calls in flight in one scope.
    pub(crate) max_concurrency: Option<u32>,
}

/// A provider on a simulated cloud.
#[derive(Clone)]
pub struct SimProvider {
    cloud: SimCloud,
    kinds: Vec<Over>,
    data: Vec<OverData>,
    real: Option<Arc<dyn Provider>>,
    /// Its name where there is no real provider, and the address of Terraform's of that name.
    named: (&'static str, &'static str),
    /// Whether nobody can tell whose the credentials are, so that all accounts are theirs.
    anybody: bool,
    /// Whether there is a shelf where the real provider has one.
    keeps: bool,
}

impl SimProvider {
    /// The provider `sim` with its own kinds.
    pub fn new(cloud: &SimCloud) -> Self {
        Self::build(cloud, &kinds::templates(), &kinds::data_templates(), None, true)
    }

    /// A real provider on the cloud: its name, its kinds, its configuration, none of its calls; and
    /// the kinds that it does not have yet.
    pub fn over(cloud: &SimCloud, real: Arc<dyn Provider>) -> Self {
        let (mut kinds, data) = (real.kinds(), real.data_sources());
        let new = |later: &Arc<dyn DynKind>| kinds.iter().all(|kind| kind.name() != later.name());
        let later = ahead::kinds().into_iter().filter(|_| real.name() == ahead::PROVIDER);
        let later: Vec<Arc<dyn DynKind>> = later.filter(new).collect();
        kinds.extend(later);
        Self::build(cloud, &kinds, &data, Some(real), false)
    }

    /// Some kinds on the cloud, in a provider named `sim`.
    pub fn over_kinds(cloud: &SimCloud, kinds: &[Arc<dyn DynKind>]) -> Self {
        Self::build(cloud, kinds, &[], None, false)
    }

    /// The provider `aws` of a build that lacks it, with the kinds that it does not have anywhere yet.
    pub fn ahead(cloud: &SimCloud) -> Self {
        let named = (ahead::PROVIDER, "registry.terraform.io/hashicorp/aws");
        Self { named, ..Self::build(cloud, &ahead::kinds(), &[], None, false) }
    }

    fn build(
        cloud: &SimCloud,
        templates: &[Arc<dyn DynKind>],
        data: &[Arc<dyn DynData>],
        real: Option<Arc<dyn Provider>>,
        strict: bool,
    ) -> Self {
        let over = |kind: &Arc<dyn DynKind>| {
            Over::new(kind.clone(), cloud, templates, kinds::behaviour(kind.name()))
        };
        let over_data = |data: &Arc<dyn DynData>| OverData::new(data.clone(), cloud, strict);
        Self {
            cloud: cloud.clone(),
            kinds: templates.iter().map(over).collect(),
            data: data.iter().map(over_data).collect(),
            real,
            named: ("sim", "registry.terraform.io/lifeboat/sim"),
            anybody: false,
            keeps: false,
        }
    }

    /// The same with a shelf, where the real provider has one.
    #[must_use]
    pub fn with_shelf(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// The same, unable to tell whose its credentials are: what is pinned holds, and each call goes to
    /// the account that it names. For worlds made of what somebody has written down.
    #[must_use]
    pub fn for_any_account(self) -> Self {
        Self { anybody: true, ..self }
    }

    /// Its cloud.
    pub fn cloud(&self) -> &SimCloud {
        &self.cloud
    }

    /// A kind by its name, able to make calls.
    pub fn kind(&self, name: &str) -> Option<Arc<dyn DynKind>> {
        self.kinds().into_iter().find(|kind| kind.name() == name)
    }

    /// The same with the credentials of an account.
    fn of_account(&self, account: Option<Name>) -> Self {
        let kinds = self.kinds.iter().map(|kind| kind.of_account(account.clone())).collect();
        let data = self.data.iter().map(|data| data.of_account(account.clone())).collect();
        Self { kinds, data, ..self.clone() }
    }
}

impl std::fmt::Debug for SimProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SimProvider").field(&self.name()).finish()
    }
}

impl Provider for SimProvider {
    fn name(&self) -> &'static str {
        self.real.as_ref().map_or(self.named.0, |real| real.name())
    }

    fn source(&self) -> &'static str {
        self.real.as_ref().map_or(self.named.1, |real| real.source())
    }

    fn schema(&self) -> &'static Schema {
        self.real.as_ref().map_or(Config::SCHEMA, |real| real.schema())
    }

    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        self.kinds.iter().map(|kind| Arc::new(kind.clone()) as Arc<dyn DynKind>).collect()
    }

    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        self.data.iter().map(|data| Arc::new(data.clone()) as Arc<dyn DynData>).collect()
    }

    fn calls(&self) -> &'static [&'static Call] {
        calls()
    }

    fn configure(
        &self,
        config: &KnownDoc,
        environment: &Environment,
    ) -> Result<Arc<dyn Configured>, Failure> {
        let settings = match &self.real {
            // Configuring makes no call, so the real one may say what its configuration means.
            Some(real) => Settings::Real(real.configure(config, environment)?),
            None => Settings::Own(Config::decode(config.value()).map_err(refused)?),
        };
        let account = settings.account().filter(|_| !self.anybody);
        let real = match &settings {
            Settings::Real(real) if self.keeps => real.shelf(),
            Settings::Real(_) | Settings::Own(_) => None,
        };
        let shelf = real.map(|real| Arc::new(SimShelf::over(&self.cloud, real)));
        Ok(Arc::new(Running { provider: self.of_account(account), settings, shelf }))
    }
}

fn refused(error: DecodeError) -> Failure {
    Failure::new(Class::Invalid, error.to_string())
}

enum Settings {
    Own(Config),
    Real(Arc<dyn Configured>),
}

/// A configured provider.
struct Running {
    provider: SimProvider,
    settings: Settings,
    shelf: Option<Arc<SimShelf>>,
}

impl Settings {
    /// The account of the credentials, where the configuration tells it.
    fn account(&self) -> Option<Name> {
        match self {
            Self::Own(config) => Some(config.account.as_deref().unwrap_or(ACCOUNT).into()),
            Self::Real(real) => real.allowed_accounts().into_iter().next(),
        }
    }
}

impl Configured for Running {
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        self.provider.kinds()
    }

    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        self.provider.data_sources()
    }

    fn default_region(&self) -> Option<Name> {
        match &self.settings {
            Settings::Own(config) => config.region.as_deref().map(Into::into),
            Settings::Real(real) => real.default_region(),
        }
    }

    fn default_tags(&self) -> Vec<(Name, Name)> {
        match &self.settings {
            Settings::Own(config) => {
                let tags = config.default_tags.iter();
                tags.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect()
            }
            Settings::Real(real) => real.default_tags(),
        }
    }

    fn limits(&self) -> Limits {
        match &self.settings {
            Settings::Own(config) => {
                let plain = Limits::default();
                Limits { in_flight: config.max_concurrency.or(plain.in_flight), ..plain }
            }
            Settings::Real(real) => real.limits(),
        }
    }

    fn allowed_accounts(&self) -> Vec<Name> {
        match &self.settings {
            Settings::Own(config) => {
                config.allowed_account_ids.iter().map(|id| id.as_str().into()).collect()
            }
            Settings::Real(real) => real.allowed_accounts(),
        }
    }

    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        self.shelf.clone().map(|shelf| shelf as Arc<dyn Shelf>)
    }

    fn identity<'a>(
        &'a self,
        ctx: &'a Ctx,
        region: &'a str,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(async move {
            if self.provider.anybody {
                return Err(Failure::new(
                    Class::Other,
                    "nobody is asked whose the credentials are",
                ));
            }
            let account = self.settings.account().unwrap_or_else(|| ACCOUNT.into());
            let scope = Scope {
                provider: self.provider.name().into(),
                account: account.clone(),
                location: Location::Region(RegionName::from(region)),
                service: "sts".into(),
            };
            let site = Site { scope: &scope, call: &IDENTITY, kind: "", id: None, sent: &[] };
            let make = || self.provider.cloud.request(site, |_| Ok(account.clone()));
            ctx.call(&IDENTITY, &scope, make).await
        })
    }
}
